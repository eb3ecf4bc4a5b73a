//! The AUTHORIZATION state (RFC 1939 §4): greeting, CAPA, STLS, UTF8, LANG, and the ways to log in.

use encodify::base64::STANDARD as BASE64;

use super::{Event, Maildrop, Refusal, Server, Session, State, is_refusal};
use crate::faults::{Effect, Manner, Pop3Place};
use crate::machine::TlsInfo;
use crate::pop3::Capabilities;
use crate::pop3::client::digest;
use crate::pop3::reply::ResponseCode;
use crate::sasl::{self, Accept, Acceptor, Channel, Reason, SaslError, is_plaintext, server_mechanisms};

impl Server {
    pub(super) fn enter_connected(&mut self, implicit_tls: bool) {
        let effect = self.strike(Pop3Place::Connect, "");
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
        let effect = self.strike(Pop3Place::Greeting, "");
        if self.config.apop && self.config.users.is_some() {
            self.timestamp = self.config.timestamp.clone().or_else(|| stamp(&self.config.name));
        }
        let greeting = match &self.timestamp {
            Some(timestamp) => format!("+OK {} POP3 ready {timestamp}", self.config.name),
            None => format!("+OK {} POP3 ready", self.config.name),
        };
        self.state = State::Authorization;
        if !self.settle(effect, Ok(greeting)) {
            self.speech.close();
        }
    }

    /// What is offered as things stand (RFC 2449 §5 lets a server offer less before TLS, and after the login).
    fn offered(&self) -> Capabilities {
        let mut offers = self.config.offers.clone();
        let secure = self.session.tls.is_some();
        let login = matches!(self.state, State::Authorization);
        let clear = self.config.clear_login || secure;
        let can = login && self.config.users.is_some() && (secure || !self.config.tls_required);
        offers.start_tls &= login && !secure && !self.session.utf8;
        offers.user &= can && clear;
        if offers.utf8.is_some() && !login {
            offers.utf8 = None;
        }
        let spoken = server_mechanisms(self.channel());
        offers.sasl.retain(|mechanism| {
            can && (clear || !is_plaintext(mechanism)) && spoken.contains(&mechanism.as_str())
        });
        offers
    }

    fn channel(&self) -> Channel<'_> {
        Channel { tls: self.session.tls.as_ref(), host: &self.config.name, ..Channel::default() }
    }

    pub(super) fn on_capa(&mut self) {
        let effect = self.strike(Pop3Place::Capa, "");
        let outcome = match self.config.offers.known {
            true => Ok(format!("+OK this is offered\n{}.", self.offered())),
            false => Err(Refusal::plain("this command is not known")),
        };
        self.settle(effect, outcome);
    }

    pub(super) fn on_lang(&mut self, tag: Option<&str>) {
        let effect = self.strike(Pop3Place::Lang, tag.unwrap_or_default());
        let languages = &self.config.languages;
        let outcome = match tag {
            _ if !self.config.offers.lang => Err(Refusal::plain("LANG is not offered")),
            None => {
                let list: String = languages.iter().map(|(tag, name)| format!("{tag} {name}\n")).collect();
                Ok(format!("+OK languages follow\n{list}."))
            }
            // `*` asks for what suits best (RFC 6856 §3.2).
            Some(tag) => {
                match languages.iter().find(|(known, _)| tag == "*" || known.eq_ignore_ascii_case(tag)) {
                    Some((tag, name)) => Ok(format!("+OK {tag} {name}")),
                    None => Err(Refusal::plain("this language is not spoken here")),
                }
            }
        };
        self.settle(effect, outcome);
    }

    pub(super) fn on_utf8(&mut self) {
        let effect = self.strike(Pop3Place::Utf8, "");
        let outcome = match self.config.offers.utf8 {
            Some(_) => Ok("+OK headers may come in UTF-8".to_string()),
            None => Err(Refusal::plain("UTF8 is not offered")),
        };
        self.session.utf8 |= self.settle(effect, outcome);
    }

    pub(super) fn on_early_quit(&mut self) {
        let effect = self.strike(Pop3Place::Quit, "");
        if self.settle(effect, Ok("+OK goodbye".into())) {
            self.speech.close();
        }
    }

    pub(super) fn on_stls(&mut self) {
        let effect = self.strike(Pop3Place::Stls, "");
        let outcome = if self.session.tls.is_some() {
            Err(Refusal::plain("TLS is up already"))
        } else if !self.config.offers.start_tls {
            Err(Refusal::plain("STLS is not offered"))
        } else if self.session.utf8 {
            // RFC 6856 §2.1.
            Err(Refusal::plain("STLS has its place before UTF8"))
        } else {
            Ok("+OK begin TLS negotiation".to_string())
        };
        if self.settle(effect, outcome) {
            self.speech.start_tls();
            self.state = State::Handshake { greeting: false };
        }
    }

    /// RFC 2595 §4: whatever was said in clear has not been said.
    pub(super) fn on_tls_up(&mut self, info: TlsInfo) {
        let greeting = matches!(self.state, State::Handshake { greeting: true });
        self.session = Session { tls: Some(info), ..Session::default() };
        self.name = None;
        self.state = State::Authorization;
        if greeting {
            self.enter_greeting();
        }
    }

    pub(super) fn on_user(&mut self, name: &str) {
        let effect = self.strike(Pop3Place::User, name);
        // Every name is taken, so that names cannot be probed.
        let outcome = self.check_clear().map(|()| "+OK name taken, say PASS".to_string());
        if self.settle(effect, outcome) {
            self.name = Some(name.to_string());
        }
    }

    pub(super) fn on_pass(&mut self, password: &str) {
        let name = self.name.take();
        let effect = self.strike(Pop3Place::Pass, name.as_deref().unwrap_or_default());
        let outcome = self.check_clear().and_then(|()| {
            let name = name.ok_or(Refusal::plain("say USER first"))?;
            let users = self.config.users.as_ref().ok_or_else(wrong)?;
            if users.accepts(&name, password) { Ok(name) } else { Err(wrong()) }
        });
        self.conclude(effect, outcome);
    }

    pub(super) fn on_apop(&mut self, name: &str, given: &str) {
        let effect = self.strike(Pop3Place::Apop, name);
        let outcome = self.check_login().and_then(|()| {
            let timestamp = self.timestamp.as_ref().ok_or(Refusal::plain("APOP is not offered"))?;
            let known = self.config.users.as_ref().and_then(|users| users.password(name));
            let password = known.as_ref().map_or("nobody", |secret| secret.reveal());
            let right =
                sasl::same(digest(timestamp, password).as_bytes(), given.to_ascii_lowercase().as_bytes());
            if known.is_some() & right { Ok(name.to_string()) } else { Err(wrong()) }
        });
        self.conclude(effect, outcome);
    }

    pub(super) fn on_auth_list(&mut self) {
        let mechanisms: String = self.offered().sasl.iter().map(|m| format!("{m}\n")).collect();
        self.settle(Effect::default(), Ok(format!("+OK mechanisms follow\n{mechanisms}.")));
    }

    pub(super) fn on_auth(&mut self, mechanism: &str, initial: Option<&str>) {
        let effect = self.strike(Pop3Place::Auth, mechanism);
        if effect.reply.as_ref().is_some_and(|reply| is_refusal(reply)) {
            return self.deny(effect, wrong());
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
        self.check_login()?;
        if is_plaintext(mechanism) {
            self.check_clear_channel()?;
        }
        let users = self.config.users.clone().ok_or(Refusal::plain("nobody can log in here"))?;
        let acceptor = Acceptor::new(mechanism, &self.offered().sasl, self.channel(), users)
            .map_err(|_| Refusal::plain("this mechanism is not offered"))?;
        let response = match initial {
            None => None,
            Some(_) if !acceptor.takes_initial() => {
                return Err(Refusal::plain("this mechanism takes no initial response"));
            }
            Some("=") => Some(Vec::new()),
            Some(text) => Some(decode(text.as_bytes())?),
        };
        Ok((acceptor, response))
    }

    pub(super) fn on_response(&mut self, acceptor: Acceptor, line: &[u8]) {
        let outcome = if line == b"*" { Err(Refusal::plain("login cancelled")) } else { decode(line) };
        match outcome {
            Ok(response) => self.step(Effect::default(), acceptor, &response),
            Err(refusal) => self.deny(Effect::default(), refusal),
        }
    }

    fn step(&mut self, effect: Effect<String>, mut acceptor: Acceptor, response: &[u8]) {
        match acceptor.step(response) {
            Accept::Challenge(challenge) => self.challenge(effect, acceptor, &challenge),
            Accept::Success { user } => self.conclude(effect, Ok(user)),
            Accept::Refused(error) => self.deny(effect, refused(&error)),
        }
    }

    fn challenge(&mut self, effect: Effect<String>, acceptor: Acceptor, challenge: &[u8]) {
        if self.settle(effect, Ok(format!("+ {}", BASE64.encode(challenge)))) {
            self.state = State::Login(acceptor);
        }
    }

    /// The proof was right, or not: the user opens the maildrop, and then the client is answered.
    fn conclude(&mut self, effect: Effect<String>, outcome: Result<String, Refusal>) {
        let forbidden = effect.reply.as_ref().is_some_and(|reply| is_refusal(reply));
        match outcome {
            Ok(user) if !forbidden => {
                self.session.user = Some(user.clone());
                self.speech.event(Event::Login { user });
                self.state = State::Opening { effect, maildrop: Err(Refusal::local()) };
            }
            Ok(_) => self.deny(effect, wrong()),
            Err(refusal) => self.deny(effect, refusal),
        }
    }

    pub(super) fn enter_maildrop(&mut self, effect: Effect<String>, maildrop: Result<Maildrop, Refusal>) {
        self.state = State::Authorization;
        let outcome = match &maildrop {
            Ok(maildrop) => {
                let (messages, octets) = maildrop.totals();
                Ok(format!("+OK the maildrop has {messages} messages ({octets} octets)"))
            }
            Err(refusal) => Err(refusal.clone()),
        };
        match (self.settle(effect, outcome), maildrop) {
            (true, Ok(maildrop)) => {
                self.maildrop = maildrop;
                self.state = State::Transaction;
            }
            _ => self.session.user = None,
        }
    }

    /// Whether anybody may log in here at all.
    fn check_login(&self) -> Result<(), Refusal> {
        if self.config.tls_required && self.session.tls.is_none() {
            return Err(Refusal::plain("log in under TLS only, say STLS first"));
        }
        Ok(())
    }

    fn check_clear_channel(&self) -> Result<(), Refusal> {
        if self.session.tls.is_none() && !self.config.clear_login {
            return Err(Refusal::plain("this way to log in needs TLS, say STLS first"));
        }
        Ok(())
    }

    /// USER and PASS.
    fn check_clear(&self) -> Result<(), Refusal> {
        self.check_login()?;
        self.check_clear_channel()?;
        if self.config.offers.user { Ok(()) } else { Err(Refusal::plain("USER is not offered")) }
    }
}

fn decode(line: &[u8]) -> Result<Vec<u8>, Refusal> {
    BASE64.decode(line).map_err(|_| Refusal::plain("this is not base64"))
}

/// What a stranger is told: no more than that it did not work.
fn wrong() -> Refusal {
    Refusal::new(Some(ResponseCode::Auth), "no such user or wrong password")
}

fn refused(error: &SaslError) -> Refusal {
    match error.reason {
        Reason::Malformed(_) | Reason::OutOfTurn => Refusal::plain("the response is malformed"),
        Reason::TooLong(_) => Refusal::plain("the response is too long"),
        Reason::NoRandomness => Refusal::local(),
        _ => wrong(),
    }
}

/// A timestamp that no other connection has (RFC 1939 §7); none where the system has no random numbers.
fn stamp(name: &str) -> Option<String> {
    let mut octets = [0; 16];
    getrandom::getrandom(&mut octets).ok()?;
    let number = u128::from_le_bytes(octets);
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).collect();
    let name = if name.is_empty() { "localhost" } else { &name };
    Some(format!("<{number:032x}@{name}>"))
}
