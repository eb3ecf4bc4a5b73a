//! From the greeting to an open session: CAPA, STLS, UTF8, LANG, the login.

use std::time::Instant;

use encodify::base64;

use super::login::{Login, challenge, pass, refused, timestamp};
use super::{Client, Event, Phase};
use crate::greeting;
use crate::machine::{Step, TlsInfo};
use crate::outbox::Outbox;
use crate::outcome::{Cause, Failure, Kind, Stage};
use crate::pop3::Capabilities;
use crate::pop3::capabilities::MAX_CAPABILITIES;
use crate::pop3::reply::{Indicator, Status};
use crate::sasl::{self, Exchange};
use crate::tls::Tls;

/// Where in the opening a session is: what has just been written, or is to be written next.
#[derive(Debug)]
pub(super) enum Opening {
    /// The greeting is due.
    Greeting,
    /// CAPA is to be written.
    AskCapabilities,
    /// The reply to CAPA is due, or more of it.
    Capabilities(Option<(Capabilities, usize)>),
    /// STLS is to be written, or its reply is due.
    StartTls { write: bool },
    /// The handshake is to begin, or under way.
    Handshake { begin: bool },
    /// UTF8 is to be written, or its reply is due.
    Utf8 { write: bool },
    /// LANG is to be written, or its reply is due.
    Language { write: bool },
    /// A login is to begin with the first of these ways.
    Login(Login),
    /// AUTH was written, or a response; a challenge or the outcome is due. An initial response that was
    /// too long for the command line is held back for the first challenge.
    Auth(Login, Exchange, Option<Vec<u8>>),
    /// An exchange that made no sense was cancelled; the refusal is due.
    Cancelled(Login),
    /// A response is to be written; without one, the exchange is cancelled.
    Respond(Login, Exchange, Option<Vec<u8>>),
    /// APOP was written.
    Apop(Login),
    /// USER was written, and PASS perhaps with it.
    User { login: Login, pass_written: bool },
    /// PASS is to be written, or its reply is due. The no to USER, where there was one.
    Pass { login: Login, write: bool, refused: Option<Failure> },
}

impl Opening {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Greeting => Stage::Greeting,
            Self::AskCapabilities | Self::Capabilities(_) | Self::Utf8 { .. } | Self::Language { .. } => {
                Stage::Capability
            }
            Self::StartTls { .. } | Self::Handshake { .. } => Stage::StartTls,
            Self::Login(_)
            | Self::Auth(..)
            | Self::Cancelled(_)
            | Self::Respond(..)
            | Self::Apop(_)
            | Self::User { .. }
            | Self::Pass { .. } => Stage::Auth,
        }
    }

    /// What has arrived in clear behind the agreement on TLS is for the driver to drop.
    pub(super) fn is_handshake(&self) -> bool {
        matches!(self, Self::Handshake { .. })
    }

    pub(super) fn has_several_in_flight(&self) -> bool {
        matches!(self, Self::User { pass_written: true, .. })
    }
}

impl Client {
    /// Writes what is next; `None` where that led to an event.
    pub(super) fn poll_opening(&mut self, now: Instant, out: &mut Outbox) -> Option<Step<Event>> {
        let Phase::Opening(opening) = std::mem::replace(&mut self.phase, Phase::Open) else {
            return None;
        };
        let mut say = |line: &str| {
            out.line(format_args!("{line}"));
            self.deadline = Some(now + self.config.timeouts.command);
        };
        let next = match opening {
            Opening::AskCapabilities => {
                say("CAPA");
                Opening::Capabilities(None)
            }
            Opening::StartTls { write: true } => {
                say("STLS");
                Opening::StartTls { write: false }
            }
            Opening::Handshake { begin: true } => {
                self.deadline = Some(now + self.config.timeouts.command);
                self.phase = Phase::Opening(Opening::Handshake { begin: false });
                return Some(Step::StartTls);
            }
            Opening::Utf8 { write: true } => {
                say("UTF8");
                Opening::Utf8 { write: false }
            }
            Opening::Language { write: true } => {
                let tag = self.config.language.as_deref().unwrap_or("*");
                let tag = tag.chars().filter(|c| c.is_ascii_alphanumeric() || "-*".contains(*c));
                out.line(format_args!("LANG {}", tag.take(40).collect::<String>()));
                self.deadline = Some(now + self.config.timeouts.command);
                Opening::Language { write: false }
            }
            Opening::Login(login) => {
                self.deadline = Some(now + self.config.timeouts.command);
                self.begin_way(login, out)?
            }
            Opening::Respond(login, exchange, response) => {
                self.deadline = Some(now + self.config.timeouts.command);
                match response {
                    Some(data) => {
                        out.secret(base64::STANDARD.encode(data).as_bytes());
                        out.push(b"\r\n");
                        Opening::Auth(login, exchange, None)
                    }
                    None => {
                        out.push(b"*\r\n");
                        Opening::Cancelled(login)
                    }
                }
            }
            Opening::Pass { login, write: true, refused } => {
                self.deadline = Some(now + self.config.timeouts.command);
                if let Some((_, password)) = self.password() {
                    pass(password, out);
                }
                Opening::Pass { login, write: false, refused }
            }
            waiting => waiting,
        };
        self.phase = Phase::Opening(next);
        Some(Step::Read)
    }

    pub(super) fn on_tls_up(&mut self, info: TlsInfo) {
        // RFC 2595 §4: what the server said in clear is forgotten.
        self.capabilities = Capabilities::default();
        self.timestamp = None;
        self.tls = Some(info);
        if matches!(self.phase, Phase::Opening(Opening::Handshake { begin: false })) {
            self.phase = Phase::Opening(Opening::AskCapabilities);
        }
    }

    /// A line while the session is being opened; the phase was taken out for it.
    pub(super) fn on_opening_line(&mut self, opening: Opening, line: &[u8]) {
        if let Opening::Capabilities(Some((found, lines))) = opening {
            return self.on_capability(found, lines, line);
        }
        let Some(status) = Status::parse(line) else {
            let stage = opening.stage();
            let what = match opening {
                Opening::Greeting => match greeting::whose(line) {
                    Some(protocol) => format!("what answers there is {protocol}, no POP3 server"),
                    None => "what answers there is no POP3 server".into(),
                },
                _ => "what the server said is no POP3 reply".into(),
            };
            self.phase = Phase::Opening(opening);
            return self.die(Failure::new(stage, Kind::Protocol, what));
        };
        let next = match (opening, status.indicator) {
            (Opening::Greeting, Indicator::Ok) => {
                self.timestamp = timestamp(status.text);
                self.greeting = status.words().into_owned();
                Opening::AskCapabilities
            }
            (Opening::Capabilities(_), Indicator::Ok) => {
                Opening::Capabilities(Some((Capabilities { known: true, ..Capabilities::default() }, 0)))
            }
            // A server from before 1998.
            (Opening::Capabilities(_), Indicator::Err) => return self.after_capabilities(),
            (Opening::StartTls { .. }, Indicator::Ok) => Opening::Handshake { begin: true },
            (Opening::StartTls { .. }, Indicator::Err) if self.config.tls == Tls::IfOffered => {
                return self.before_login();
            }
            (Opening::StartTls { .. }, Indicator::Err) => {
                let refused = Failure::said(Stage::StartTls, status.words());
                return self.die(Failure { kind: Kind::Tls, ..refused });
            }
            // Without UTF8, and in another language, the session goes on as well.
            (Opening::Utf8 { .. }, Indicator::Ok | Indicator::Err) => return self.after_utf8(),
            (Opening::Language { .. }, Indicator::Ok | Indicator::Err) => return self.begin_login(),
            (Opening::Auth(login, exchange, held), Indicator::More) => {
                challenge(login, exchange, held, status.text)
            }
            (Opening::Auth(_, exchange, _), Indicator::Ok) => return self.logged_in(exchange, status),
            (Opening::Auth(login, exchange, _), Indicator::Err) => {
                let mut refused = refused(status);
                if let Some(word) = exchange.token_status() {
                    let words = format!("{} ({word})", status.words());
                    refused.cause = Some(Cause::Said(words));
                }
                let shown = sasl::is_plaintext(exchange.mechanism());
                return self.on_refused(login, refused, status.code(), shown);
            }
            (Opening::Cancelled(login), Indicator::Err) => {
                return self.on_refused(login, refused(status), status.code(), false);
            }
            (Opening::Apop(_), Indicator::Ok) => return self.open(),
            (Opening::Apop(login), Indicator::Err) => {
                return self.on_refused(login, refused(status), status.code(), false);
            }
            (Opening::User { login, pass_written }, Indicator::Ok) => {
                Opening::Pass { login, write: !pass_written, refused: None }
            }
            (Opening::User { login, pass_written: true }, Indicator::Err) => {
                Opening::Pass { login, write: false, refused: Some(refused(status)) }
            }
            (Opening::User { login, .. }, Indicator::Err) => {
                return self.on_refused(login, refused(status), status.code(), false);
            }
            // A yes to PASS is a login, whatever USER was answered with.
            (Opening::Pass { .. }, Indicator::Ok) => return self.open(),
            (Opening::Pass { login, refused: before, .. }, Indicator::Err) => {
                let failure = before.unwrap_or_else(|| refused(status));
                return self.on_refused(login, failure, status.code(), true);
            }
            (Opening::Greeting, Indicator::Err) => {
                return self.die(Failure::said(Stage::Greeting, status.words()));
            }
            (opening, _) => {
                let what = format!("{} cannot be answered so", opening.stage());
                return self.die(Failure::new(opening.stage(), Kind::Protocol, what));
            }
        };
        self.phase = Phase::Opening(next);
    }

    fn on_capability(&mut self, mut found: Capabilities, lines: usize, line: &[u8]) {
        if line == b"." {
            self.capabilities = found;
            return self.after_capabilities();
        }
        if lines >= MAX_CAPABILITIES {
            let what = format!("the reply to CAPA has more than {MAX_CAPABILITIES} lines");
            return self.die(Failure::new(Stage::Capability, Kind::Protocol, what));
        }
        found.add(&crate::reply::decode(line));
        self.phase = Phase::Opening(Opening::Capabilities(Some((found, lines + 1))));
    }

    fn after_capabilities(&mut self) {
        let offered = self.capabilities.start_tls;
        match self.config.tls {
            _ if self.tls.is_some() => self.before_login(),
            Tls::Required if !offered && self.capabilities.known => {
                let cause = "the server does not offer STLS, and TLS is required";
                self.die(Failure::new(Stage::StartTls, Kind::Capability, cause));
            }
            // A server without CAPA may know STLS all the same (RFC 2595 §4 does not ask for CAPA).
            Tls::Required => self.phase = Phase::Opening(Opening::StartTls { write: true }),
            Tls::IfOffered if offered => self.phase = Phase::Opening(Opening::StartTls { write: true }),
            Tls::IfOffered | Tls::Never => self.before_login(),
        }
    }

    /// RFC 6856 §2: UTF8 has its place before the login.
    fn before_login(&mut self) {
        if self.config.utf8 && self.capabilities.utf8.is_some() {
            self.phase = Phase::Opening(Opening::Utf8 { write: true });
        } else {
            self.after_utf8();
        }
    }

    fn after_utf8(&mut self) {
        if self.config.language.is_some() && self.capabilities.lang {
            self.phase = Phase::Opening(Opening::Language { write: true });
        } else {
            self.begin_login();
        }
    }

    pub(super) fn open(&mut self) {
        self.phase = Phase::Open;
        self.deadline = None;
        self.events.push_back(Event::Ready);
    }
}
