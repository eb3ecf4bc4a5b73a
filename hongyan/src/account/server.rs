//! A server, as a person writes it: `smtp://user@host:587`, `smtps://host`, `pop3s://host`, `imaps://host`; and what
//! follows from it for TLS.
//!
//! Policy: a password is no part of an address (it would stand in the process list and the shell's history).
//! `smtps` is TLS from the first octet. `smtp`, `pop3` and `imap` demand STARTTLS, except on this machine itself, where a
//! sandbox or a local relay may have none; there it is used when a CA is named. Only `tls = none`, said for
//! this one server, sends a password in clear over a network.

use std::net::IpAddr;

use crate::net::tls::Roots;
use crate::proto::smtp::client::Tls;
use crate::said::{Problem, said};

/// What is spoken with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Mail is handed in: `smtp://`, `smtps://`.
    Smtp,
    /// Mail is fetched: `pop3://`, `pop3s://`.
    Pop3,
    /// Mail is fetched, from many folders: `imap://`, `imaps://`.
    Imap,
}

impl Protocol {
    /// The scheme of its addresses in clear; with an `s` behind it, that of TLS from the first octet.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Pop3 => "pop3",
            Self::Imap => "imap",
        }
    }

    /// The registered port (RFC 8314 §7; 587 of RFC 6409 for SMTP in clear).
    pub fn port(self, implicit_tls: bool) -> u16 {
        match (self, implicit_tls) {
            (Self::Smtp, false) => 587,
            (Self::Smtp, true) => 465,
            (Self::Pop3, false) => 110,
            (Self::Pop3, true) => 995,
            (Self::Imap, false) => 143,
            (Self::Imap, true) => 993,
        }
    }
}

/// A server's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What is spoken with it.
    pub protocol: Protocol,
    /// TLS from the first octet: `smtps`.
    pub implicit_tls: bool,
    /// The login name, where one was given.
    pub user: Option<String>,
    /// A name in ASCII or an IP address, without brackets.
    pub host: String,
    /// The TCP port; [`Protocol::port`] where none was given.
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
    /// Reads `smtp://[user@]host[:port]` or `smtps://…`, with the schemes of the protocols that are `wanted`. The
    /// user may be percent-encoded, or an address as it is.
    ///
    /// # Errors
    /// [`Problem`], naming what is wrong; it never shows what could be a password.
    pub fn parse(text: &str, wanted: &[Protocol]) -> Result<Self, Problem> {
        Self::read(text, wanted).map_err(|why| match why {
            Wrong::Address(en, zh) => not_a_server(en, zh, wanted),
            Wrong::Password => password_in_it(wanted),
        })
    }

    fn read(text: &str, wanted: &[Protocol]) -> Result<Self, Wrong> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let scheme = scheme.to_ascii_lowercase();
        let spoken = |protocol: &Protocol| {
            Some((
                *protocol,
                match scheme.strip_prefix(protocol.scheme())? {
                    "" => false,
                    "s" => true,
                    _ => return None,
                },
            ))
        };
        let (protocol, implicit_tls) = wanted.iter().find_map(spoken).ok_or(Wrong::Address(
            "its beginning is not one of those wanted here",
            "开头的协议在这里不适用",
        ))?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(login(user)?), place),
            None => (None, rest),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(literal) => {
                literal.split_once(']').ok_or(Wrong::Address("the `[` is never closed", "缺少 `]`"))?
            }
            None => place.split_at(place.find(':').unwrap_or(place.len())),
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => protocol.port(implicit_tls),
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().ok().filter(|&port| port > 0).ok_or(BAD_PORT)?
            }
            _ => return Err(BAD_PORT),
        };
        Ok(Self { protocol, implicit_tls, user, host: host_name(host, place.starts_with('['))?, port })
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
                let (scheme, place) = (self.protocol.scheme(), self.place());
                return Err(Problem::new(
                    said(
                        format!("{scheme}s:// is TLS from the first octet, and TLS is to be `none`"),
                        format!("{scheme}s:// 从一开始就使用 TLS，却又要求 TLS 为 none"),
                    ),
                    said(
                        format!("write {scheme}://{place}, or leave out `none`"),
                        format!("请写成 {scheme}://{place}，或去掉 none"),
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
        write!(f, "{}{}://{}", self.protocol.scheme(), if self.implicit_tls { "s" } else { "" }, self.place())
    }
}

/// What is wrong with an address.
enum Wrong {
    /// In both languages.
    Address(&'static str, &'static str),
    /// A password stands in it.
    Password,
}

const BAD_PORT: Wrong =
    Wrong::Address("the port is not a number from 1 to 65535", "端口应为 1 到 65535 的数字");

/// The login name, decoded.
fn login(text: &str) -> Result<String, Wrong> {
    if text.contains(':') {
        return Err(Wrong::Password);
    }
    let bad = || Wrong::Address("the user before `@` cannot be read", "`@` 前的用户名无法识别");
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
fn host_name(text: &str, bracketed: bool) -> Result<String, Wrong> {
    let bad = || Wrong::Address("the host is not a name or an IP address", "主机名或 IP 地址无效");
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

fn password_in_it(wanted: &[Protocol]) -> Problem {
    let scheme = wanted.first().map_or("smtp", |protocol| protocol.scheme());
    Problem::new(
        said(
            "the server's address holds a password, which other users of this machine could read in the process list",
            "服务器地址里写有密码，本机的其他用户能在进程列表里看到它",
        ),
        said(
            format!(
                "leave it out ({scheme}://user@host) and give it by HONGYAN_PASSWORD, by the account's password_command, or when asked"
            ),
            format!(
                "请去掉密码（{scheme}://user@host），改用环境变量 HONGYAN_PASSWORD、账户的 password_command，或在提示时输入"
            ),
        ),
    )
}

fn not_a_server(en: &str, zh: &str, wanted: &[Protocol]) -> Problem {
    let forms: Vec<String> = wanted
        .iter()
        .flat_map(|p| [(p, false, ""), (p, true, "s")])
        .map(|(p, tls, s)| format!("{}{s}://user@host:{}", p.scheme(), p.port(tls)))
        .collect();
    Problem::new(
        said(format!("that is not the address of a server: {en}"), format!("服务器地址无效：{zh}")),
        said(format!("write {}", forms.join(" or ")), format!("请写成 {}", forms.join(" 或 "))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMTP: &[Protocol] = &[Protocol::Smtp];

    fn server(implicit_tls: bool, user: Option<&str>, host: &str, port: u16) -> Server {
        Server {
            protocol: Protocol::Smtp,
            implicit_tls,
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn a_server_to_fetch_from_has_schemes_and_ports_of_its_own() {
        let wanted = [Protocol::Imap, Protocol::Pop3];
        for (text, protocol, implicit_tls, port) in [
            ("pop3://h", Protocol::Pop3, false, 110),
            ("pop3s://h", Protocol::Pop3, true, 995),
            ("imap://h", Protocol::Imap, false, 143),
            ("IMAPS://h", Protocol::Imap, true, 993),
            ("imap://h:1143", Protocol::Imap, false, 1143),
        ] {
            let expected = Server { protocol, ..server(implicit_tls, None, "h", port) };
            assert_eq!(Server::parse(text, &wanted), Ok(expected.clone()), "{text}");
            assert_eq!(Server::parse(&expected.to_string(), &wanted), Ok(expected));
        }
        for text in ["smtp://h", "pop://h", "pop3ss://h", "imapx://h", "://h"] {
            let problem = Server::parse(text, &wanted).unwrap_err();
            assert!(problem.next.en.contains("imaps://user@host:993"), "{problem}");
        }
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
            assert_eq!(Server::parse(text, SMTP), Ok(expected), "{text}");
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
            let read = Server::parse(text, SMTP);
            assert!(read.is_err(), "{text:?}: {read:?}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let problem = Server::parse("smtp://wang:hunter2@h", SMTP).unwrap_err();
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
            let security = Server::parse(text, SMTP).unwrap().security(wish, &roots);
            assert_eq!(security, Ok(Security { start_tls, plaintext_auth }), "{text} {wish:?} {roots:?}");
        }
        let contradiction =
            Server::parse("smtps://h", SMTP).unwrap().security(Some(TlsWish::None), &Roots::Platform);
        assert!(contradiction.is_err());
    }
}
