//! AUTHENTICATE and LOGIN (RFC 3501 §6.2.2, §6.2.3; RFC 4959 SASL-IR).
//!
//! A refused mechanism is followed by the next weaker one, because servers advertise what they cannot do; after
//! [`MAX_ATTEMPTS`] refusals, or [`MAX_WRONG`] that say the password is wrong, that stops, because accounts get
//! locked. A server that offers SASL-IR and refuses a command with an initial response, without saying that the
//! password is wrong, gets it once more in two steps (163 does so).

use std::collections::VecDeque;

use encodify::base64;

use super::Client;
use super::Phase;
use super::command::Pieces;
use super::opening::Opening;
use super::response::{Code, Condition, Words};
use super::writing::{Authenticating, Task};
use crate::outcome::{Failure, Kind, Stage};
use crate::sasl::{self, Channel, Exchange, Proof};

/// Attempts before a login counts as refused.
const MAX_ATTEMPTS: usize = 4;
/// Refusals that say the password is wrong after which a login counts as refused.
const MAX_WRONG: usize = 2;
/// The longest initial response in octets, so that its base64 fits a line of 1000 octets.
const MAX_INITIAL: usize = 700;

/// One way to log in.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// AUTHENTICATE with this mechanism, an initial response going along where that is offered.
    Sasl { mechanism: &'static str, initial: bool },
    /// LOGIN.
    Login,
}

/// The ways still to try, and how the last one ended.
#[derive(Debug)]
pub(super) struct Login {
    ways: VecDeque<Way>,
    attempts: usize,
    wrong: usize,
    refusal: Option<Failure>,
}

impl Login {
    /// The first refusal is the one to be told: it answers the strongest mechanism.
    fn refused(&mut self, words: &Words) {
        let wrong = matches!(&words.code, Some(Code::Named(code)) if code == "AUTHENTICATIONFAILED");
        self.wrong += usize::from(wrong);
        self.refusal.get_or_insert_with(|| Failure::said(Stage::Auth, words.text.clone()));
    }
}

impl Client {
    fn channel(&self) -> Channel<'_> {
        Channel { tls: self.tls.as_ref(), host: &self.config.host, port: self.config.port }
    }

    pub(super) fn begin_login(&mut self) {
        let Some(credentials) = &self.config.credentials else {
            let cause = "the server wants a login, and there is no name and password for it";
            return self.die(Failure::new(Stage::Auth, Kind::Local, cause));
        };
        let offered = self.capabilities.mechanisms();
        let initial = self.capabilities.has("SASL-IR");
        let mut ways: VecDeque<_> = sasl::mechanisms(&offered, credentials, self.channel())
            .into_iter()
            .map(|mechanism| Way::Sasl { mechanism, initial })
            .collect();
        if matches!(credentials.proof, Proof::Password(_)) && !self.capabilities.has("LOGINDISABLED") {
            ways.push_back(Way::Login);
        }
        if ways.is_empty() {
            let cause = match offered.is_empty() {
                true => "the server offers no login here (LOGINDISABLED)".to_owned(),
                false => format!("none of the server's ways to log in can be used: {}", offered.join(" ")),
            };
            let kind = if self.tls.is_none() && self.capabilities.has("STARTTLS") {
                Kind::Tls
            } else {
                Kind::Capability
            };
            return self.die(Failure::new(Stage::Auth, kind, cause));
        }
        if self.tls.is_none() && !self.config.plaintext_auth {
            ways.retain(|way| matches!(way, Way::Sasl { mechanism, .. } if !sasl::is_plaintext(mechanism)));
            if ways.is_empty() {
                let cause = "the connection has no TLS: the password would be readable on the way";
                return self.die(Failure::new(Stage::Auth, Kind::Tls, cause));
            }
        }
        self.try_next(Login { ways, attempts: 0, wrong: 0, refusal: None });
    }

    fn try_next(&mut self, mut login: Login) {
        self.capabilities_told = false;
        while login.attempts < MAX_ATTEMPTS && login.wrong < MAX_WRONG {
            let (Some(way), Some(credentials)) = (login.ways.pop_front(), &self.config.credentials) else {
                break;
            };
            login.attempts += 1;
            let Way::Sasl { mechanism, initial } = way else {
                return self.ask(Task::Login(login));
            };
            match Exchange::start(mechanism, &self.capabilities.mechanisms(), credentials, self.channel()) {
                Ok(exchange) => {
                    let task = Authenticating { login, exchange, initial, held: None, answered: false };
                    return self.ask(Task::Authenticate(Box::new(task)));
                }
                Err(error) => {
                    let failure = Failure::new(Stage::Auth, Kind::Auth, error.to_string());
                    login.refusal.get_or_insert(failure);
                }
            }
        }
        let nothing = || Failure::new(Stage::Auth, Kind::Auth, "no way to log in is left");
        self.die(login.refusal.unwrap_or_else(nothing));
    }

    pub(super) fn write_login(&self) -> Pieces {
        let mut out = Pieces::of("LOGIN ");
        if let Some(credentials) = &self.config.credentials {
            out.string(credentials.user.as_bytes(), false, false);
            out.text(" ");
            if let Proof::Password(password) = &credentials.proof {
                out.string(password.reveal().as_bytes(), false, true);
            }
        }
        out
    }

    /// Writes AUTHENTICATE; whether an initial response went along.
    pub(super) fn write_authenticate(&self, authenticating: &mut Authenticating) -> Pieces {
        let mut out = Pieces::of(format!("AUTHENTICATE {}", authenticating.exchange.mechanism()));
        if !std::mem::take(&mut authenticating.initial) {
            return out;
        }
        // Asked for only where it can be sent: else it answers the first challenge.
        let fits = |data: &Vec<u8>| data.len() <= MAX_INITIAL;
        if let Some(data) = authenticating.exchange.initial() {
            if fits(&data) {
                authenticating.initial = true;
                out.text(" ");
                out.secret(if data.is_empty() { "=".into() } else { base64::STANDARD.encode(data) });
            } else {
                authenticating.held = Some(data);
            }
        }
        out
    }

    /// The server's challenge.
    pub(super) fn on_challenge(&mut self, challenge: &[u8]) {
        let Some(Task::Authenticate(authenticating)) = self.running.front_mut().map(|job| &mut job.task)
        else {
            return;
        };
        let answer = authenticating.held.take().or_else(|| {
            let text = challenge.trim_ascii();
            let challenge = match base64::STANDARD.decode(text) {
                Ok(challenge) => challenge,
                // What LOGIN asks for does not matter, so neither does how.
                Err(_) if authenticating.exchange.mechanism() == "LOGIN" => text.to_vec(),
                // RFC 3501 §6.2.2 wants base64; before the client's first word, servers write anything.
                Err(_) if !authenticating.answered => Vec::new(),
                Err(_) => return None,
            };
            authenticating.exchange.respond(&challenge).ok()
        });
        authenticating.answered = true;
        self.unwritten.answer_is_secret = answer.is_some();
        self.unwritten.answer = Some(match answer {
            Some(data) => base64::STANDARD.encode(data).into_bytes(),
            // RFC 3501 §6.2.2: cancels the exchange; the server says no.
            None => b"*".to_vec(),
        });
    }

    pub(super) fn on_authenticate_answer(&mut self, mut authenticating: Authenticating, words: Words) {
        let mechanism = authenticating.exchange.mechanism();
        if words.condition == Condition::Ok {
            return match authenticating.exchange.finish() {
                Ok(()) => self.logged_in(),
                Err(error) => {
                    let text = format!("{error}; the server said the login went well");
                    self.die(Failure::new(Stage::Auth, Kind::Auth, text));
                }
            };
        }
        let mut login = authenticating.login;
        let once_more = authenticating.initial && !authenticating.answered && words.code.is_none();
        if once_more {
            // The refusal says nothing of the password, so it may have been the form that was not understood.
            for way in &mut login.ways {
                if let Way::Sasl { initial, .. } = way {
                    *initial = false;
                }
            }
            login.ways.push_front(Way::Sasl { mechanism, initial: false });
        }
        let mut words = words;
        if let Some(status) = authenticating.exchange.token_status() {
            words.text = format!("{} (token: {status})", words.text);
        }
        login.refused(&words);
        self.try_next(login);
    }

    pub(super) fn on_login_answer(&mut self, mut login: Login, words: Words) {
        if words.condition == Condition::Ok {
            return self.logged_in();
        }
        login.refused(&words);
        self.try_next(login);
    }

    fn logged_in(&mut self) {
        self.phase = Phase::Opening(Opening::Known);
    }
}
