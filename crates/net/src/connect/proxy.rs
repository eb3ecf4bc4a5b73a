//! Proxies, as the user names them, and asking one for a connection.
//!
//! The answers are read octet by octet to their ends (SOCKS5 tells its lengths, HTTP ends a head by an
//! empty line), so that what the mail server says behind them is left in the link for whom it is meant.

use std::fmt;
use std::str::FromStr;

use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::sasl::Secret;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{http, socks5};

/// How to talk to a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    /// RFC 1928, with RFC 1929 where there is a login. The proxy looks up the host.
    Socks5,
    /// CONNECT (RFC 9110 §9.3.6), with Basic (RFC 7617) where there is a login.
    Http,
}

/// A proxy: `socks5://[user:password@]host[:port]` or `http://[user:password@]host[:port]`.
#[derive(Clone)]
pub struct Proxy {
    protocol: Protocol,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) login: Option<Login>,
}

#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: Secret,
}

/// Why a text names no proxy. Does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProxyError(&'static str);

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a proxy: {}", self.0)
    }
}

impl std::error::Error for ProxyError {}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let form = ProxyError("write it as socks5://host:port or http://host:port");
        let (scheme, rest) = text.split_once("://").ok_or(form)?;
        let (protocol, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "socks5" | "socks5h" => (Protocol::Socks5, 1080),
            "http" => (Protocol::Http, 8080),
            _ => return Err(ProxyError("only socks5:// and http:// are known")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, place) = match rest.rsplit_once('@') {
            None => (None, rest),
            Some((login, place)) => {
                let (user, password) = login.split_once(':').unwrap_or((login, ""));
                let decoded = (percent_decode(user), percent_decode(password));
                let (Some(user), Some(password)) = decoded else {
                    return Err(ProxyError("the login before the `@` is not rightly percent-encoded"));
                };
                // RFC 1929 §2 counts both in one octet; a colon in the name would move the border in Basic.
                if user.len() > 255 || password.len() > 255 || user.contains(':') {
                    return Err(ProxyError("its login cannot be sent: too long, or a colon in the name"));
                }
                (Some(Login { user, password: Secret::new(password) }), place)
            }
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(six) => {
                let (host, port) = six.split_once(']').ok_or(form)?;
                (host, port.strip_prefix(':').or_else(|| port.is_empty().then_some("")).ok_or(form)?)
            }
            None => place.split_once(':').unwrap_or((place, "")),
        };
        let port = if port.is_empty() { Ok(default_port) } else { port.parse() };
        match port {
            Ok(port) if !host.is_empty() && host.chars().all(|c| !c.is_control() && !"/?#".contains(c)) => {
                Ok(Self { protocol, host: host.to_owned(), port, login })
            }
            _ => Err(form),
        }
    }
}

/// Undoes %XX; `None` where it is not rightly written, or not UTF-8, or holds a control character.
fn percent_decode(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        octets.push(match byte {
            b'%' => (digit(bytes.next())? * 16 + digit(bytes.next())?) as u8,
            _ => byte,
        });
    }
    String::from_utf8(octets).ok().filter(|text| !text.chars().any(char::is_control))
}

/// Without the login.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protocol {
            Protocol::Socks5 => "socks5",
            Protocol::Http => "http",
        };
        write!(f, "{scheme}://{}", super::at(&self.host, self.port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a proxy gave no connection.
#[derive(Debug)]
pub(super) enum No {
    /// It wants a login, or another one.
    Login(String),
    /// It cannot or may not reach the host.
    Refused(String),
    /// It is no such proxy.
    Protocol(String),
    /// The connection to it failed.
    Io(std::io::Error),
}

impl From<std::io::Error> for No {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Proxy {
    /// Asks for a connection over a link to the proxy; afterwards the link leads to the host.
    pub(super) async fn ask(
        &self,
        link: &mut (impl AsyncRead + AsyncWrite + Unpin),
        host: &str,
        port: u16,
    ) -> Result<(), Failure> {
        let asked = match self.protocol {
            Protocol::Socks5 => socks5::ask(link, self.login.as_ref(), host, port).await,
            Protocol::Http => http::ask(link, self.login.as_ref(), host, port).await,
        };
        asked.map_err(|no| {
            let place = super::at(host, port);
            let (kind, text) = match no {
                No::Login(why) => (Kind::Auth, format!("the proxy {self} refused the login: {why}")),
                No::Refused(why) => {
                    (Kind::Unreachable, format!("the proxy {self} did not connect to {place}: {why}"))
                }
                No::Protocol(why) => {
                    (Kind::Protocol, format!("{self} does not answer as such a proxy does: {why}"))
                }
                No::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => (
                    Kind::Unreachable,
                    format!("the proxy {self} closed the connection instead of connecting to {place}"),
                ),
                No::Io(error) => (Kind::Unreachable, format!("the proxy {self}: {}", super::words(&error))),
            };
            Failure::new(Stage::Connect, kind, text)
        })
    }
}

#[cfg(test)]
mod tests;
