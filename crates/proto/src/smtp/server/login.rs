//! AUTH (RFC 4954): base64 lines around an exchange of [`crate::sasl`].

use encodify::base64::STANDARD as BASE64;

use crate::sasl::{Accept, Acceptor, Channel, Reason, SaslError, is_plaintext};

use super::faults::{Effect, Place};
use super::{Refusal, Server, State, bare, is_refusal};

impl Server {
    pub(super) fn on_auth(&mut self, mechanism: &str, initial: Option<&str>) {
        let effect = self.strike(Place::Auth, mechanism);
        if effect.reply.as_ref().is_some_and(is_refusal) {
            self.deny(effect, Refusal::new(535, 7, 8, "not logged in"));
            return;
        }
        match self.begin(mechanism, initial) {
            Err(refusal) => self.deny(effect, refusal),
            Ok((acceptor, None)) => {
                let first = acceptor.first();
                self.challenge(effect, acceptor, &first);
            }
            Ok((acceptor, Some(response))) => self.step(effect, acceptor, &response),
        }
    }

    /// An exchange, and the client's first word where it has been said.
    fn begin(&self, mechanism: &str, initial: Option<&str>) -> Result<(Acceptor, Option<Vec<u8>>), Refusal> {
        self.check_hello()?;
        if self.session.user.is_some() {
            return Err(Refusal::sequence("logged in already"));
        }
        if self.transaction.is_some() {
            return Err(Refusal::sequence("not in the middle of a message"));
        }
        let users = self.config.users.clone().ok_or(Refusal::new(502, 5, 1, "AUTH is not offered"))?;
        if self.session.tls.is_none() && !self.config.clear_login && is_plaintext(mechanism) {
            return Err(Refusal::new(538, 7, 11, "this mechanism needs TLS, say STARTTLS first"));
        }
        let tls = self.session.tls.as_ref();
        let channel = Channel { tls, host: &self.config.name, ..Channel::default() };
        let acceptor = Acceptor::new(mechanism, &self.offers.auth, channel, users)
            .map_err(|_| Refusal::new(504, 5, 4, "this mechanism is not offered"))?;
        let response = match initial {
            None => None,
            Some(_) if !acceptor.takes_initial() => {
                return Err(Refusal::new(501, 5, 4, "this mechanism takes no initial response"));
            }
            Some("=") => Some(Vec::new()),
            Some(text) => Some(decode(text.as_bytes())?),
        };
        Ok((acceptor, response))
    }

    pub(super) fn on_response(&mut self, acceptor: Acceptor, line: &[u8]) {
        let outcome =
            if line == b"*" { Err(Refusal::new(501, 7, 0, "login cancelled")) } else { decode(line) };
        match outcome {
            Ok(response) => self.step(Effect::default(), acceptor, &response),
            Err(refusal) => self.deny(Effect::default(), refusal),
        }
    }

    fn step(&mut self, effect: Effect, mut acceptor: Acceptor, response: &[u8]) {
        match acceptor.step(response) {
            Accept::Challenge(challenge) => self.challenge(effect, acceptor, &challenge),
            Accept::Success { user } => {
                let reply = self.positive(235, 7, 0, "logged in");
                if self.settle(effect, Ok(reply)) {
                    self.session.user = Some(user);
                    self.offers.auth.clear();
                }
            }
            Accept::Refused(error) => self.deny(effect, refused(&error)),
        }
    }

    fn challenge(&mut self, effect: Effect, acceptor: Acceptor, challenge: &[u8]) {
        if self.settle(effect, Ok(bare(334, None, BASE64.encode(challenge)))) {
            self.state = State::Login(acceptor);
        }
    }
}

fn decode(line: &[u8]) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(line).map_err(|_| Refusal::new(501, 5, 2, "this is not base64"))
}

/// What a stranger is told: no more than that it did not work.
fn refused(error: &SaslError) -> Refusal {
    match error.reason {
        Reason::Malformed(_) | Reason::OutOfTurn => Refusal::new(501, 5, 2, "the response is malformed"),
        Reason::TooLong(_) => Refusal::new(500, 5, 6, "the response is too long"),
        Reason::NoRandomness => Refusal::new(454, 7, 0, "not now"),
        _ => Refusal::new(535, 7, 8, "no such user or wrong password"),
    }
}
