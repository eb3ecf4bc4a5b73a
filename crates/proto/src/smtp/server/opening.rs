//! From the connection to the first MAIL: greeting, EHLO and HELO, STARTTLS.

use crate::machine::TlsInfo;

use super::faults::{Manner, Place};
use super::session::Session;
use super::{Refusal, Server, State, bare, hello};

impl Server {
    pub(super) fn enter_connected(&mut self, implicit_tls: bool) {
        let effect = self.strike(Place::Connect, "");
        self.speech.pause(effect.delay);
        if effect.manner != Manner::Whole {
            self.speech.close();
        } else if implicit_tls {
            self.speech.start_tls();
            self.state = State::Handshake { greeting: true };
        } else {
            self.enter_greeting();
        }
    }

    fn enter_greeting(&mut self) {
        let effect = self.strike(Place::Greeting, "");
        let greeting = bare(220, None, format!("{} ESMTP ready", self.config.name));
        self.state = if self.settle(effect, Ok(greeting)) { State::Ready } else { State::Unwelcome };
    }

    pub(super) fn on_hello(&mut self, name: &str, esmtp: bool) {
        let effect = self.strike(if esmtp { Place::Ehlo } else { Place::Helo }, name);
        let Session { tls, user, .. } = self.session.clone();
        let session = Session { helo: Some(name.to_string()), esmtp, tls, user };
        let offers = hello::offered(&self.config, &session);
        let text = if esmtp { hello::text(&offers) } else { self.config.name.clone() };
        if self.settle(effect, Ok(bare(250, None, text))) {
            // RFC 5321 §4.1.4: as if RSET had been said.
            self.abandon();
            (self.session, self.offers) = (session, offers);
        }
    }

    pub(super) fn on_start_tls(&mut self) {
        let effect = self.strike(Place::StartTls, "");
        let outcome = if self.session.tls.is_some() {
            Err(Refusal::sequence("TLS is up already"))
        } else if !self.config.offers.start_tls {
            Err(Refusal::new(502, 5, 1, "STARTTLS is not offered"))
        } else {
            Ok(self.positive(220, 0, 0, "go ahead"))
        };
        if self.settle(effect, outcome) {
            self.abandon();
            self.speech.start_tls();
            self.state = State::Handshake { greeting: false };
        }
    }

    /// RFC 3207 §4.2: whatever was said in clear has not been said. A message that had begun was given up
    /// when STARTTLS was agreed on.
    pub(super) fn on_tls_up(&mut self, info: TlsInfo) {
        let greeting = matches!(self.state, State::Handshake { greeting: true });
        self.session = Session { tls: Some(info), ..Session::default() };
        self.offers = hello::offered(&self.config, &self.session);
        self.state = State::Ready;
        if greeting {
            self.enter_greeting();
        }
    }
}
