//! From the greeting to a session that takes messages: EHLO or HELO, STARTTLS, AUTH.
//!
//! Nothing that was said before TLS counts after it: the capabilities are asked for again. A refused
//! mechanism is followed by the next weaker one, because servers advertise what they cannot do; after
//! [`MAX_ATTEMPTS`] refusals, or [`MAX_WRONG`] that say the password is wrong, that stops, because servers
//! answer ever more slowly and accounts get locked.

use std::time::Instant;

use encodify::base64;

use super::{Client, Event, Phase, Tls};
use crate::machine::{Step, TlsInfo};
use crate::outbox::Outbox;
use crate::outcome::{Cause, Failure, Kind, Stage};
use crate::reply::{Reply, Severity};
use crate::sasl::{self, Channel, Exchange};
use crate::smtp::Capabilities;

/// Mechanisms that are tried before a login counts as refused.
const MAX_ATTEMPTS: usize = 4;
/// Replies of 535 (RFC 4954 §6: the credentials are invalid) after which a login counts as refused. The
/// first may only mean that the server keeps no such secret for that mechanism.
const MAX_WRONG: usize = 2;
/// The longest initial response in octets, so that its base64 fits the 512 octets of a command line.
const MAX_INITIAL: usize = 360;

/// Where in the opening a session is: what has just been written, or is to be written next.
#[derive(Debug)]
pub(super) enum Opening {
    /// The greeting is due.
    Greeting,
    /// EHLO is to be written.
    Hello,
    /// The reply to EHLO is due.
    Ehlo,
    /// The reply to HELO is due.
    Helo { write: bool },
    /// STARTTLS is to be written, or its reply is due.
    StartTls { write: bool },
    /// The handshake is to begin, or under way.
    Handshake { begin: bool },
    /// A login is to begin with the first of these mechanisms.
    Login(Login),
    /// AUTH was written, or a response; a challenge or the outcome is due. An initial response that was
    /// too long for the command line is held back for the first challenge.
    Auth(Login, Exchange, Option<Vec<u8>>),
    /// An exchange that made no sense was cancelled; the refusal is due.
    Cancelled(Login),
    /// A response is to be written.
    Respond(Login, Exchange, Response),
}

/// What answers a challenge.
#[derive(Debug)]
pub(super) enum Response {
    Data(Vec<u8>),
    Cancel,
}

/// The mechanisms still to try, and how the last one ended.
#[derive(Debug)]
pub(super) struct Login {
    mechanisms: std::vec::IntoIter<&'static str>,
    attempts: usize,
    /// Replies of 535.
    wrong: usize,
    refusal: Option<Failure>,
}

impl Login {
    /// The first refusal is the one to be told: it answers the strongest mechanism.
    fn refused(mut self, failure: Failure) -> Self {
        self.wrong += usize::from(failure.reply.as_ref().is_some_and(|reply| reply.code.get() == 535));
        self.refusal.get_or_insert(failure);
        self
    }
}

impl Opening {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Greeting => Stage::Greeting,
            Self::Hello | Self::Ehlo | Self::Helo { .. } => Stage::Hello,
            Self::StartTls { .. } | Self::Handshake { .. } => Stage::StartTls,
            Self::Login(_) | Self::Auth(..) | Self::Cancelled(_) | Self::Respond(..) => Stage::Auth,
        }
    }
}

impl Client {
    pub(super) fn poll_opening(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        let Phase::Opening(opening) = std::mem::replace(&mut self.phase, Phase::Open) else {
            return Step::Read;
        };
        let next = match opening {
            Opening::Hello => {
                self.patience(now);
                out.line(format_args!("EHLO {}", self.hello()));
                Opening::Ehlo
            }
            Opening::Helo { write: true } => {
                self.patience(now);
                out.line(format_args!("HELO {}", self.hello()));
                Opening::Helo { write: false }
            }
            Opening::StartTls { write: true } => {
                self.patience(now);
                out.line(format_args!("STARTTLS"));
                Opening::StartTls { write: false }
            }
            Opening::Handshake { begin: true } => {
                self.patience(now);
                self.phase = Phase::Opening(Opening::Handshake { begin: false });
                return Step::StartTls;
            }
            Opening::Login(login) => {
                self.patience(now);
                match self.begin_login(login, out) {
                    Some(next) => next,
                    None => return self.poll_opening_failed(),
                }
            }
            Opening::Respond(login, exchange, response) => {
                self.patience(now);
                match response {
                    Response::Data(data) => {
                        out.secret(base64::STANDARD.encode(data).as_bytes());
                        out.push(b"\r\n");
                        Opening::Auth(login, exchange, None)
                    }
                    Response::Cancel => {
                        out.line(format_args!("*"));
                        Opening::Cancelled(login)
                    }
                }
            }
            waiting => waiting,
        };
        self.phase = Phase::Opening(next);
        Step::Read
    }

    /// A failure in the opening has put events in line and ended the session.
    fn poll_opening_failed(&mut self) -> Step<Event> {
        self.events.pop_front().map_or(Step::Closed, Step::Event)
    }

    fn patience(&mut self, now: Instant) {
        self.deadline = Some(now + self.config.timeouts.command);
    }

    fn hello(&self) -> String {
        self.config.hello.chars().filter(char::is_ascii_graphic).collect()
    }

    fn channel(&self) -> Channel<'_> {
        Channel { tls: self.tls.as_ref(), host: &self.config.host, port: self.config.port }
    }

    pub(super) fn on_tls_up(&mut self, _now: Instant, info: TlsInfo) {
        // RFC 3207 §4.2: what the server offered in clear is forgotten.
        self.capabilities = Capabilities::default();
        self.collector = crate::reply::Collector::default();
        self.tls = Some(info);
        if matches!(self.phase, Phase::Opening(Opening::Handshake { begin: false })) {
            self.phase = Phase::Opening(Opening::Hello);
        }
    }

    pub(super) fn on_opening_reply(&mut self, now: Instant, opening: Opening, reply: Reply) {
        let stage = opening.stage();
        let next = match (opening, reply.code.severity()) {
            // `221 not ready` has been seen: only 220 is a greeting (RFC 5321 §4.2.3).
            (Opening::Greeting, _) if reply.code.get() == 220 => Opening::Hello,
            (Opening::Ehlo, Severity::Completion) => {
                self.capabilities = Capabilities::from_reply(&reply);
                return self.after_hello(now);
            }
            // A server from before 1993, or one that means to look like it.
            (Opening::Ehlo, Severity::Permanent) if matches!(reply.code.get(), 500..=504 | 550) => {
                Opening::Helo { write: true }
            }
            (Opening::Helo { write: false }, Severity::Completion) => {
                self.capabilities = Capabilities::from_reply(&Reply::new(
                    reply.code,
                    None,
                    reply.lines().next().unwrap_or(""),
                ));
                return self.after_hello(now);
            }
            (Opening::StartTls { write: false }, Severity::Completion) => Opening::Handshake { begin: true },
            (Opening::StartTls { write: false }, Severity::Transient | Severity::Permanent)
                if self.config.tls == Tls::IfOffered && reply.code.get() != 421 =>
            {
                return self.begin_auth();
            }
            (Opening::Auth(login, exchange, held), Severity::Intermediate) => {
                challenge(login, exchange, held, &reply)
            }
            (Opening::Auth(_, exchange, _), Severity::Completion) => {
                return self.logged_in(exchange, reply);
            }
            (Opening::Auth(login, exchange, _), Severity::Transient | Severity::Permanent)
                if reply.code.get() != 421 =>
            {
                let mut refused = Failure::refused(Stage::Auth, reply);
                if let Some(status) = exchange.token_status() {
                    refused.cause = Some(Cause::Text(format!("the token was not taken: {status}")));
                }
                Opening::Login(login.refused(refused))
            }
            (Opening::Cancelled(login), Severity::Transient | Severity::Permanent)
                if reply.code.get() != 421 =>
            {
                Opening::Login(login.refused(Failure::refused(Stage::Auth, reply)))
            }
            (_, Severity::Transient | Severity::Permanent) => {
                let mut failure = Failure::refused(stage, reply);
                if stage == Stage::StartTls {
                    failure.kind = Kind::Tls;
                }
                return self.die(failure, 0);
            }
            (_, _) => {
                let failure = Failure {
                    stage,
                    kind: Kind::Protocol,
                    cause: Some(Cause::Text(format!("{stage} cannot be answered with {}", reply.code))),
                    reply: Some(reply.into()),
                };
                return self.die(failure, 0);
            }
        };
        self.phase = Phase::Opening(next);
    }

    fn after_hello(&mut self, _now: Instant) {
        let offered = self.capabilities.start_tls;
        match self.config.tls {
            _ if self.tls.is_some() => self.begin_auth(),
            Tls::Required if !offered => {
                let cause = "the server does not offer STARTTLS, and TLS is required";
                self.die(Failure::new(Stage::StartTls, Kind::Capability, cause), 0);
            }
            Tls::Required | Tls::IfOffered if offered => {
                self.phase = Phase::Opening(Opening::StartTls { write: true });
            }
            _ => self.begin_auth(),
        }
    }

    fn begin_auth(&mut self) {
        let Some(credentials) = &self.config.credentials else {
            return self.open();
        };
        if self.capabilities.auth.is_empty() {
            let cause = "the server offers no login here (AUTH)";
            return self.die(Failure::new(Stage::Auth, Kind::Capability, cause), 0);
        }
        let mut mechanisms = sasl::mechanisms(&self.capabilities.auth, credentials, self.channel());
        if mechanisms.is_empty() {
            let cause = format!(
                "none of the server's ways to log in can be used: {}",
                self.capabilities.auth.join(" ")
            );
            return self.die(Failure::new(Stage::Auth, Kind::Capability, cause), 0);
        }
        if self.tls.is_none() && !self.config.plaintext_auth {
            mechanisms.retain(|mechanism| !sasl::is_plaintext(mechanism));
            if mechanisms.is_empty() {
                let cause = "the connection has no TLS: the password would be readable on the way";
                return self.die(Failure::new(Stage::Auth, Kind::Tls, cause), 0);
            }
        }
        let login = Login { mechanisms: mechanisms.into_iter(), attempts: 0, wrong: 0, refusal: None };
        self.phase = Phase::Opening(Opening::Login(login));
    }

    /// Writes AUTH with the next mechanism; `None` when there is none left and the session has failed.
    fn begin_login(&mut self, mut login: Login, out: &mut Outbox) -> Option<Opening> {
        while login.attempts < MAX_ATTEMPTS && login.wrong < MAX_WRONG {
            let (Some(mechanism), Some(credentials)) = (login.mechanisms.next(), &self.config.credentials)
            else {
                break;
            };
            login.attempts += 1;
            match Exchange::start(mechanism, &self.capabilities.auth, credentials, self.channel()) {
                Ok(exchange) => return Some(auth(mechanism, login, exchange, out)),
                Err(error) => {
                    login = login.refused(Failure::new(Stage::Auth, Kind::Auth, error.to_string()));
                }
            }
        }
        let nothing = || Failure::new(Stage::Auth, Kind::Auth, "no way to log in is left");
        self.die(login.refusal.unwrap_or_else(nothing), 0);
        None
    }

    fn logged_in(&mut self, mut exchange: Exchange, reply: Reply) {
        match exchange.finish() {
            Ok(()) => self.open(),
            Err(error) => {
                let cause = format!("{error}; the server said the login went well");
                let failure = Failure {
                    stage: Stage::Auth,
                    kind: Kind::Auth,
                    reply: Some(reply.into()),
                    cause: Some(Cause::Text(cause)),
                };
                self.die(failure, 0);
            }
        }
    }

    fn open(&mut self) {
        self.phase = Phase::Open;
        self.deadline = None;
        self.events.push_back(Event::Ready);
    }
}

/// Writes `AUTH MECHANISM [initial response]`.
fn auth(mechanism: &str, login: Login, mut exchange: Exchange, out: &mut Outbox) -> Opening {
    out.text(format_args!("AUTH {mechanism}"));
    let held = match exchange.initial() {
        // RFC 4954 §4: an empty initial response is written `=`.
        Some(data) if data.is_empty() => {
            out.push(b" =");
            None
        }
        Some(data) if data.len() <= MAX_INITIAL => {
            out.push(b" ");
            out.secret(base64::STANDARD.encode(data).as_bytes());
            None
        }
        held => held,
    };
    out.push(b"\r\n");
    Opening::Auth(login, exchange, held)
}

fn challenge(login: Login, mut exchange: Exchange, held: Option<Vec<u8>>, reply: &Reply) -> Opening {
    let response = held.or_else(|| {
        let text = reply.text.trim();
        let challenge = match base64::STANDARD.decode(text) {
            Ok(challenge) => challenge,
            // What LOGIN asks for does not matter, so neither does how: `334 Username:` has been seen.
            Err(_) if exchange.mechanism() == "LOGIN" => text.into(),
            Err(_) => return None,
        };
        exchange.respond(&challenge).ok()
    });
    Opening::Respond(login, exchange, response.map_or(Response::Cancel, Response::Data))
}
