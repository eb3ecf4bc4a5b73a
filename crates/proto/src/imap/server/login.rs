//! LOGIN and AUTHENTICATE (RFC 9051 §6.2.2, RFC 4959): base64 lines around an exchange of [`crate::sasl`].

use encodify::base64::STANDARD as BASE64;

use crate::faults::ImapPlace;
use crate::sasl::{Accept, Acceptor, Channel, MAX_MESSAGE, Reason, SaslError, is_plaintext};

use super::line::{Line, Outcome};
use super::mailboxes::{Mailboxes, No};
use super::{Effect, Event, Server, State};

/// The longest line of an exchange, in octets.
pub(super) const MAX_RESPONSE: usize = MAX_MESSAGE.div_ceil(3) * 4;

impl Server {
    pub(super) fn on_login(&mut self, tag: &str, user: &[u8], password: &[u8]) {
        let Some(effect) = self.begin(tag, ImapPlace::Login, "LOGIN") else { return };
        if let Err(outcome) = self.check_login() {
            self.settle(tag, effect, outcome);
            return;
        }
        if !self.config.takes_login(&self.session) {
            let no = No::new("PRIVACYREQUIRED", "a password needs TLS, say STARTTLS first");
            self.settle(tag, effect, no.into());
            return;
        }
        let user = std::str::from_utf8(user).ok().zip(std::str::from_utf8(password).ok());
        let known = user.filter(|(user, password)| {
            self.config.users.as_ref().is_some_and(|users| users.accepts(user, password))
        });
        match known {
            Some((user, _)) => self.announce(tag, effect, user.to_string()),
            None => self.turn_away(tag, effect),
        }
    }

    pub(super) fn on_authenticate(&mut self, tag: &str, mechanism: &str, initial: Option<&[u8]>) {
        let Some(effect) = self.begin(tag, ImapPlace::Login, mechanism) else { return };
        match self.accept(mechanism, initial) {
            Err(outcome) => {
                self.settle(tag, effect, outcome);
            }
            Ok(acceptor) => match initial {
                Some(response) => self.step(tag, effect, acceptor, response),
                None => {
                    let first = acceptor.first();
                    self.challenge(tag, acceptor, &first);
                }
            },
        }
    }

    fn check_login(&self) -> Result<(), Outcome> {
        if self.session.user.is_some() {
            return Err(Outcome::bad("you have logged in already"));
        }
        Ok(())
    }

    fn accept(&self, mechanism: &str, initial: Option<&[u8]>) -> Result<Acceptor, Outcome> {
        self.check_login()?;
        let users = self.config.users.clone().ok_or(Outcome::bad("nobody can log in here"))?;
        if self.session.tls.is_none() && !self.config.clear_login && is_plaintext(mechanism) {
            let no = No::new("PRIVACYREQUIRED", "this mechanism needs TLS, say STARTTLS first");
            return Err(no.into());
        }
        let offered = self.config.mechanisms(&self.session);
        let channel =
            Channel { tls: self.session.tls.as_ref(), host: &self.config.name, ..Channel::default() };
        let acceptor = Acceptor::new(mechanism, &offered, channel, users)
            .map_err(|_| Outcome::No(No::new("CANNOT", "this mechanism is not offered")))?;
        if initial.is_some() {
            if self.config.quirks.initial_response_refused || !self.config.offers("SASL-IR") {
                return Err(Outcome::bad("the response comes on a line of its own"));
            }
            if !acceptor.takes_initial() {
                return Err(Outcome::bad("this mechanism takes no initial response"));
            }
        }
        Ok(acceptor)
    }

    pub(super) fn on_response(&mut self, tag: String, acceptor: Acceptor, line: &[u8]) {
        if line == b"*" {
            self.settle(&tag, Effect::default(), Outcome::bad("login cancelled"));
            return;
        }
        match BASE64.decode(line) {
            Ok(response) => self.step(&tag, Effect::default(), acceptor, &response),
            Err(_) => {
                self.settle(&tag, Effect::default(), Outcome::bad("this is not base64"));
            }
        }
    }

    fn step(&mut self, tag: &str, effect: Effect, mut acceptor: Acceptor, response: &[u8]) {
        match acceptor.step(response) {
            Accept::Challenge(challenge) => self.challenge(tag, acceptor, &challenge),
            Accept::Success { user } => self.announce(tag, effect, user),
            Accept::Refused(error) => match refused(&error) {
                Some(outcome) => {
                    self.settle(tag, effect, outcome);
                }
                None => self.turn_away(tag, effect),
            },
        }
    }

    fn challenge(&mut self, tag: &str, acceptor: Acceptor, challenge: &[u8]) {
        self.speech.say(Line(format!("+ {}", BASE64.encode(challenge)).into_bytes()));
        self.state = State::Login { tag: tag.to_string(), acceptor };
    }

    /// Wrong passwords are mistakes, so that nobody can go on guessing.
    fn turn_away(&mut self, tag: &str, effect: Effect) {
        let no = No::new("AUTHENTICATIONFAILED", "no such user or wrong password");
        self.settle(tag, effect, no.into());
        self.count_mistake();
    }

    fn announce(&mut self, tag: &str, effect: Effect, user: String) {
        self.speech.event(Event::LoggedIn { user: user.clone() });
        self.state = State::Entering { tag: tag.to_string(), effect, user, verdict: Err(No::local()) };
    }

    pub(super) fn enter_logged_in(
        &mut self,
        tag: &str,
        effect: Effect,
        user: String,
        verdict: Result<Box<dyn Mailboxes>, No>,
    ) {
        self.state = State::Ready;
        match verdict {
            Err(no) => {
                self.settle(tag, effect, no.into());
            }
            Ok(mailboxes) => {
                self.errors = 0;
                self.session.user = Some(user);
                self.mailboxes = Some(mailboxes);
                let capabilities = self.config.capabilities(&self.session);
                let text = format!("[CAPABILITY {capabilities}] logged in");
                self.settle(tag, effect, Outcome::Done(text));
            }
        }
    }
}

/// What a stranger is told: no more than that it did not work (`None`), unless it is about form.
fn refused(error: &SaslError) -> Option<Outcome> {
    match error.reason {
        Reason::Malformed(_) | Reason::OutOfTurn => Some(Outcome::bad("the response is malformed")),
        Reason::TooLong(_) => Some(Outcome::bad("the response is too long")),
        Reason::NoRandomness => Some(No::new("UNAVAILABLE", "not now").into()),
        _ => None,
    }
}
