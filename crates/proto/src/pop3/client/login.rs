//! The ways to log in, strongest first: SASL mechanisms that do not show the password (RFC 5034), APOP on a
//! connection without TLS, SASL mechanisms that do, USER and PASS, and at last APOP under TLS, where it protects
//! nothing that TLS does not. A refused way is followed by the next, because servers offer what they cannot do;
//! after [`MAX_ATTEMPTS`] refusals, or [`MAX_WRONG`] that speak of the password, that stops, because servers answer
//! ever more slowly and accounts get locked.

use encodify::base64;
use md5::{Digest, Md5};

use super::asking::MAX_COMMAND;
use super::opening::Opening;
use super::{Client, Phase};
use crate::outbox::Outbox;
use crate::outcome::{Failure, Kind, Stage};
use crate::pop3::reply::{ResponseCode, Status};
use crate::sasl::{self, Channel, Credentials, Exchange, Proof};

/// Ways that are tried before a login counts as refused.
const MAX_ATTEMPTS: usize = 3;
/// Refusals after which the password counts as wrong: `[AUTH]` (RFC 3206), or any no to a way that showed the
/// password itself. The first may only mean that the server knows no such way.
const MAX_WRONG: usize = 2;

/// The ways still to try, and how the last ones ended.
#[derive(Debug)]
pub(super) struct Login {
    ways: std::vec::IntoIter<Way>,
    attempts: usize,
    wrong: usize,
    /// The first refusal is the one to be told: it answers the strongest way.
    refusal: Option<Failure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Sasl(&'static str),
    Apop,
    User,
}

impl Client {
    pub(super) fn begin_login(&mut self) {
        let Some(credentials) = &self.config.credentials else {
            return self.open();
        };
        let mut ways = self.ways(credentials);
        if ways.is_empty() {
            let offered = self.capabilities.sasl.join(" ");
            let cause = match offered.as_str() {
                "" => "the server offers no way to log in with these credentials".into(),
                _ => format!("none of the server's ways to log in can be used: {offered}"),
            };
            return self.die(Failure::new(Stage::Auth, Kind::Capability, cause));
        }
        if self.tls.is_none() && !self.config.plaintext_auth {
            ways.retain(|way| !way.shows_password());
            if ways.is_empty() {
                let cause = "the connection has no TLS: the password would be readable on the way";
                return self.die(Failure::new(Stage::Auth, Kind::Tls, cause));
            }
        }
        let login = Login { ways: ways.into_iter(), attempts: 0, wrong: 0, refusal: None };
        self.phase = Phase::Opening(Opening::Login(login));
    }

    /// The ways to log in, strongest first.
    fn ways(&self, credentials: &Credentials) -> Vec<Way> {
        let mechanisms = sasl::mechanisms(&self.capabilities.sasl, credentials, self.channel());
        let (shown, hidden): (Vec<_>, Vec<_>) = mechanisms.into_iter().partition(|m| sasl::is_plaintext(m));
        let mut ways: Vec<_> = hidden.into_iter().map(Way::Sasl).collect();
        let password = matches!(credentials.proof, Proof::Password(_));
        let apop = password && self.timestamp.is_some();
        if apop && self.tls.is_none() {
            ways.push(Way::Apop);
        }
        ways.extend(shown.into_iter().map(Way::Sasl));
        // Where nothing else is offered, USER is tried unasked: it came 14 years before CAPA.
        if password && (self.capabilities.user || !self.capabilities.known || ways.is_empty()) {
            ways.push(Way::User);
        }
        if apop && self.tls.is_some() {
            ways.push(Way::Apop);
        }
        ways
    }

    fn channel(&self) -> Channel<'_> {
        Channel { tls: self.tls.as_ref(), host: &self.config.host, port: self.config.port }
    }

    /// The name and password, where they are what logs in.
    pub(super) fn password(&self) -> Option<(&str, &str)> {
        match &self.config.credentials {
            Some(Credentials { user, proof: Proof::Password(password) }) => {
                Some((user.as_str(), password.reveal()))
            }
            _ => None,
        }
    }

    /// Writes the next way's first command; `None` when there is none left and the session has failed.
    pub(super) fn begin_way(&mut self, mut login: Login, out: &mut Outbox) -> Option<Opening> {
        while login.attempts < MAX_ATTEMPTS && login.wrong < MAX_WRONG {
            let (Some(way), Some(credentials)) = (login.ways.next(), &self.config.credentials) else { break };
            login.attempts += 1;
            let begun = match way {
                Way::Sasl(mechanism) => {
                    match Exchange::start(mechanism, &self.capabilities.sasl, credentials, self.channel()) {
                        Ok(exchange) => return Some(auth(login, exchange, out)),
                        Err(error) => Err(error.to_string()),
                    }
                }
                Way::Apop | Way::User => self.begin_plainly(way, out),
            };
            match begun {
                Ok(()) if way == Way::Apop => return Some(Opening::Apop(login)),
                Ok(()) => return Some(Opening::User { login, pass_written: self.is_pipelining() }),
                Err(why) => {
                    login.refusal.get_or_insert(Failure::new(Stage::Auth, Kind::Auth, why));
                }
            }
        }
        let nothing = || Failure::new(Stage::Auth, Kind::Auth, "no way to log in is left");
        self.die(login.refusal.unwrap_or_else(nothing));
        None
    }

    /// APOP (RFC 1939 §7), or USER and, where the server takes it, PASS behind it.
    fn begin_plainly(&self, way: Way, out: &mut Outbox) -> Result<(), String> {
        let (user, password) = self.password().ok_or("there is no password")?;
        for (what, text) in [("login name", user), ("password", password)] {
            if text.is_empty() {
                return Err(format!("the {what} is empty"));
            }
            if text.contains(['\r', '\n', '\0']) {
                return Err(format!("the {what} holds a line break or NUL"));
            }
            if text.len() > MAX_COMMAND - "USER \r\n".len() {
                return Err(format!("the {what} is longer than a command of POP3 can be"));
            }
        }
        match (way, &self.timestamp) {
            (Way::Apop, Some(_)) if user.contains(' ') => {
                return Err("APOP cannot carry a login name with a space".into());
            }
            (Way::Apop, Some(timestamp)) => {
                out.text(format_args!("APOP {user} "));
                out.secret(digest(timestamp, password).as_bytes());
                out.push(b"\r\n");
            }
            _ => {
                out.line(format_args!("USER {user}"));
                if self.is_pipelining() {
                    pass(password, out);
                }
            }
        }
        Ok(())
    }

    /// The server does not let us in this way; on to the next, unless its words say that this is of no use.
    pub(super) fn on_refused(
        &mut self,
        mut login: Login,
        failure: Failure,
        code: Option<ResponseCode>,
        shown: bool,
    ) {
        if failure.kind != Kind::Auth {
            return self.die(failure);
        }
        login.wrong += usize::from(shown || code == Some(ResponseCode::Auth));
        login.refusal.get_or_insert(failure);
        self.phase = Phase::Opening(Opening::Login(login));
    }

    pub(super) fn logged_in(&mut self, mut exchange: Exchange, status: Status<'_>) {
        // A server without initial responses may have been given none, and says yes all the same.
        match exchange.finish() {
            Ok(()) => self.open(),
            Err(error) => {
                let cause = format!("{error}; the server said {}", status.words());
                self.die(Failure::new(Stage::Auth, Kind::Auth, cause));
            }
        }
    }
}

impl Way {
    fn shows_password(self) -> bool {
        match self {
            Self::Sasl(mechanism) => sasl::is_plaintext(mechanism),
            Self::Apop => false,
            Self::User => true,
        }
    }
}

/// A no to a login. Where its code says that the account is good but cannot be used now, it is no failed login.
pub(super) fn refused(status: Status<'_>) -> Failure {
    let failure = Failure::said(Stage::Auth, status.words());
    match status.code() {
        Some(
            ResponseCode::InUse | ResponseCode::LoginDelay | ResponseCode::SysTemp | ResponseCode::SysPerm,
        ) => Failure { kind: Kind::Refused, ..failure },
        _ => failure,
    }
}

pub(super) fn pass(password: &str, out: &mut Outbox) {
    out.push(b"PASS ");
    out.secret(password.as_bytes());
    out.push(b"\r\n");
}

/// Writes `AUTH MECHANISM [initial response]` (RFC 5034 §4).
fn auth(login: Login, mut exchange: Exchange, out: &mut Outbox) -> Opening {
    let name = exchange.mechanism();
    out.text(format_args!("AUTH {name}"));
    let room = MAX_COMMAND - "AUTH  \r\n".len() - name.len();
    let held = match exchange.initial() {
        // An empty initial response is written `=`.
        Some(data) if data.is_empty() => {
            out.push(b" =");
            None
        }
        Some(data) if data.len().div_ceil(3) * 4 <= room => {
            out.push(b" ");
            out.secret(base64::STANDARD.encode(data).as_bytes());
            None
        }
        held => held,
    };
    out.push(b"\r\n");
    Opening::Auth(login, exchange, held)
}

pub(super) fn challenge(login: Login, mut exchange: Exchange, held: Option<Vec<u8>>, text: &[u8]) -> Opening {
    let response = held.or_else(|| {
        let text = text.trim_ascii();
        let challenge = match base64::STANDARD.decode(text) {
            Ok(challenge) => challenge,
            // What LOGIN asks for does not matter, so neither does how.
            Err(_) if exchange.mechanism() == "LOGIN" => text.into(),
            Err(_) => return None,
        };
        exchange.respond(&challenge).ok()
    });
    Opening::Respond(login, exchange, response)
}

/// The timestamp of a greeting (RFC 1939 §7). One that is no message-id is not used: with octets of its choice in
/// it, somebody in the middle could learn of the password (CVE-2007-1558).
pub(super) fn timestamp(text: &[u8]) -> Option<String> {
    let start = text.iter().position(|b| *b == b'<')?;
    let end = start + text[start..].iter().position(|b| *b == b'>')?;
    let stamp = std::str::from_utf8(&text[start..=end]).ok()?;
    let inner = &stamp[1..stamp.len() - 1];
    let (left, right) = inner.split_once('@')?;
    let sound = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'@' | b'<'))
    };
    (sound(left) && sound(right)).then(|| stamp.to_string())
}

/// APOP's digest of timestamp and password, in hexadecimal.
pub(in crate::pop3) fn digest(timestamp: &str, password: &str) -> String {
    let digest = Md5::new().chain_update(timestamp).chain_update(password).finalize();
    digest.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1939 §7.
    #[test]
    fn apop_digests_timestamp_and_password() {
        let stamp = timestamp(b"POP3 server ready <1896.697170952@dbc.mtview.ca.us>").expect("a timestamp");
        assert_eq!(digest(&stamp, "tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb");
    }

    /// CVE-2007-1558: who chooses the timestamp freely can work out a password letter by letter.
    #[test]
    fn what_is_no_message_id_is_no_timestamp() {
        for text in ["ready", "<>", "<a>", "<a@>", "<@b>", "<a b@c>", "<a@b", "a@b>", "<a@b@c>", "<\u{e9}@b>"]
        {
            assert_eq!(timestamp(text.as_bytes()), None, "{text}");
        }
        assert_eq!(timestamp(b"<a@b\x01>"), None);
        assert_eq!(timestamp(b"<\xff@b>"), None);
    }
}
