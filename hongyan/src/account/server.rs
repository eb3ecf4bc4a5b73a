//! Where to send, as a person writes it: `smtp://user@host:587`, `smtps://host`; and what follows from it
//! for TLS.
//!
//! Policy: a password is no part of an address (it would stand in the process list and the shell's history).
//! `smtps` is TLS from the first octet. `smtp` demands STARTTLS, except on this machine itself, where a
//! sandbox or a local relay may have none; there it is used when a CA is named. Only `tls = none`, said for
//! this one server, sends a password in clear over a network.

use std::net::IpAddr;

use crate::net::tls::Roots;
use crate::proto::smtp::client::Tls;
use crate::said::{Problem, said};

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// TLS from the first octet: `smtps`.
    pub implicit_tls: bool,
    /// The login name, where one was given.
    pub user: Option<String>,
    /// A name in ASCII or an IP address, without brackets.
    pub host: String,
    /// The TCP port; 465 for `smtps` and 587 for `smtp` where none was given.
    pub port: u16,
}

/// What a person says about TLS with one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsWish {
    /// Not without TLS.
    Required,
    /// No TLS; the password may go in clear.
    None,
}

/// What a connection to a server demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// STARTTLS policy; without meaning where TLS is up from the start.
    pub start_tls: Tls,
    /// Whether a mechanism may be used without TLS that shows the password to whoever listens.
    pub plaintext_auth: bool,
}

impl Server {
    /// Reads `smtp://[user@]host[:port]` or `smtps://…`. The user may be percent-encoded, or an address as
    /// it is.
    ///
    /// # Errors
    /// [`Problem`], naming what is wrong; it never shows what could be a password.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let implicit_tls = match scheme.to_ascii_lowercase().as_str() {
            "smtp" => false,
            "smtps" => true,
            _ => {
                return Err(not_a_server(
                    "it begins with neither smtp:// nor smtps://",
                    "应以 smtp:// 或 smtps:// 开头",
                ));
            }
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(login(user)?), place),
            None => (None, rest),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(literal) => {
                literal.split_once(']').ok_or_else(|| not_a_server("the `[` is never closed", "缺少 `]`"))?
            }
            None => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => {
                if implicit_tls {
                    465
                } else {
                    587
                }
            }
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|&port| port > 0).ok_or_else(bad_port)?
            }
            _ => return Err(bad_port()),
        };
        Ok(Self { implicit_tls, user, host: host_name(host, place.starts_with('['))?, port })
    }

    /// True for this machine itself: `localhost`, 127.0.0.0/8, ::1.
    pub fn is_loopback(&self) -> bool {
        let name = self.host.strip_suffix('.').unwrap_or(&self.host);
        name.eq_ignore_ascii_case("localhost") || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// What a connection to this server demands; `roots` are the certificates that count for it.
    ///
    /// # Errors
    /// `none` for a server that speaks TLS from the first octet.
    pub fn security(&self, wish: Option<TlsWish>, roots: &Roots) -> Result<Security, Problem> {
        let ca_named = *roots != Roots::Platform;
        let start_tls = match wish {
            Some(TlsWish::None) if self.implicit_tls => {
                return Err(Problem::new(
                    said(
                        "smtps:// is TLS from the first octet, and TLS is to be `none`",
                        "smtps:// 从一开始就使用 TLS，却又要求 TLS 为 none",
                    ),
                    said(
                        format!("write smtp://{}, or leave out `none`", self.place()),
                        format!("请写成 smtp://{}，或去掉 none", self.place()),
                    ),
                ));
            }
            Some(TlsWish::None) => Tls::Never,
            Some(TlsWish::Required) => Tls::Required,
            None if self.is_loopback() && !ca_named => Tls::Never,
            None => Tls::Required,
        };
        Ok(Security { start_tls, plaintext_auth: wish == Some(TlsWish::None) || self.is_loopback() })
    }

    /// `host:port`, an IPv6 address in brackets.
    pub fn place(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// As a person would write it, without the user.
impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.implicit_tls { "smtps" } else { "smtp" }, self.place())
    }
}

/// The login name, decoded.
fn login(text: &str) -> Result<String, Problem> {
    if text.contains(':') {
        return Err(Problem::new(
            said(
                "the server's address holds a password, which other users of this machine could read in the process list",
                "服务器地址里写有密码，本机的其他用户能在进程列表里看到它",
            ),
            said(
                "leave it out (smtp://user@host) and give it by HONGYAN_PASSWORD, by the account's password_command, or when asked",
                "请去掉密码（smtp://user@host），改用环境变量 HONGYAN_PASSWORD、账户的 password_command，或在提示时输入",
            ),
        ));
    }
    let bad = || not_a_server("the user before `@` cannot be read", "`@` 前的用户名无法识别");
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        octets.push(match byte {
            b'%' => {
                let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit().ok_or_else(bad)?, digit().ok_or_else(bad)?);
                (high * 16 + low) as u8
            }
            byte => byte,
        });
    }
    let user = String::from_utf8(octets).map_err(|_| bad())?;
    if user.is_empty() || user.chars().any(char::is_control) {
        return Err(bad());
    }
    Ok(user)
}

/// The host in ASCII.
fn host_name(text: &str, bracketed: bool) -> Result<String, Problem> {
    let bad = || not_a_server("the host is not a name or an IP address", "主机名或 IP 地址无效");
    if bracketed {
        return text.parse::<std::net::Ipv6Addr>().map(|ip| ip.to_string()).map_err(|_| bad());
    }
    let name = idna::domain_to_ascii(text).map_err(|_| bad())?;
    let fits = name.len() <= 255
        && name.strip_suffix('.').unwrap_or(&name).split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        });
    if fits { Ok(name) } else { Err(bad()) }
}

fn bad_port() -> Problem {
    not_a_server("the port is not a number from 1 to 65535", "端口应为 1 到 65535 的数字")
}

fn not_a_server(en: &str, zh: &str) -> Problem {
    Problem::new(
        said(format!("that is not the address of a server: {en}"), format!("服务器地址无效：{zh}")),
        said(
            "write smtp://user@host:587 or smtps://user@host:465",
            "请写成 smtp://user@host:587 或 smtps://user@host:465",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(implicit_tls: bool, user: Option<&str>, host: &str, port: u16) -> Server {
        Server { implicit_tls, user: user.map(str::to_owned), host: host.to_owned(), port }
    }

    #[test]
    fn an_address_is_scheme_user_host_and_port() {
        for (text, expected) in [
            ("smtp://mail.example.org", server(false, None, "mail.example.org", 587)),
            ("smtps://mail.example.org", server(true, None, "mail.example.org", 465)),
            ("SMTP://h:25/", server(false, None, "h", 25)),
            ("smtp://wang@h:25", server(false, Some("wang"), "h", 25)),
            (
                "smtps://wang@example.org@smtp.example.org",
                server(true, Some("wang@example.org"), "smtp.example.org", 465),
            ),
            ("smtps://wang%40example.org@h", server(true, Some("wang@example.org"), "h", 465)),
            ("smtp://a%3Ab@h", server(false, Some("a:b"), "h", 587)),
            ("smtp://127.0.0.1:2525", server(false, None, "127.0.0.1", 2525)),
            ("smtp://[::1]:2525", server(false, None, "::1", 2525)),
            ("smtp://[::1]", server(false, None, "::1", 587)),
            ("smtp://bücher.example", server(false, None, "xn--bcher-kva.example", 587)),
        ] {
            assert_eq!(Server::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_server_is_refused() {
        for text in [
            "",
            "mail.example.org",
            "mail.example.org:25",
            "http://h",
            "smtp://",
            "smtp://@h",
            "smtp://h:",
            "smtp://h:0",
            "smtp://h:65536",
            "smtp://h:+25",
            "smtp://h:25:25",
            "smtp://h/path",
            "smtp://h?x",
            "smtp://[::1",
            "smtp://[h]",
            "smtp://::1",
            "smtp://a b",
            "smtp://h\r\nQUIT",
            "smtp://h\0",
            "smtp://u%0d@h",
            "smtp://u%zz@h",
            "smtp://u%@h",
            "smtp://-h",
            "smtp://h..x",
        ] {
            assert!(Server::parse(text).is_err(), "{text:?}: {:?}", Server::parse(text));
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let problem = Server::parse("smtp://wang:hunter2@h").unwrap_err();
        assert!(problem.what.en.contains("password"), "{problem}");
        assert!(!format!("{problem:?}").contains("hunter2"));
    }

    #[test]
    fn tls_is_demanded_except_on_this_machine_or_where_it_was_refused_by_name() {
        let ca = Roots::File("ca.pem".into());
        for (text, wish, roots, start_tls, plaintext_auth) in [
            ("smtp://mail.example.org", None, Roots::Platform, Tls::Required, false),
            ("smtp://mail.example.org", Some(TlsWish::None), Roots::Platform, Tls::Never, true),
            ("smtps://mail.example.org", None, Roots::Platform, Tls::Required, false),
            ("smtp://localhost:2525", None, Roots::Platform, Tls::Never, true),
            ("smtp://LOCALHOST.", None, Roots::Platform, Tls::Never, true),
            ("smtp://127.9.9.9", None, Roots::Platform, Tls::Never, true),
            ("smtp://[::1]", None, Roots::Platform, Tls::Never, true),
            ("smtp://127.0.0.1", None, ca.clone(), Tls::Required, true),
            ("smtp://127.0.0.1", Some(TlsWish::Required), Roots::Platform, Tls::Required, true),
            ("smtp://127.0.0.1", Some(TlsWish::None), ca, Tls::Never, true),
            ("smtp://localhost.example.org", None, Roots::Platform, Tls::Required, false),
        ] {
            let security = Server::parse(text).unwrap().security(wish, &roots);
            assert_eq!(security, Ok(Security { start_tls, plaintext_auth }), "{text} {wish:?} {roots:?}");
        }
        let contradiction =
            Server::parse("smtps://h").unwrap().security(Some(TlsWish::None), &Roots::Platform);
        assert!(contradiction.is_err());
    }
}
