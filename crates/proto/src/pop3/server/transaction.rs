//! The TRANSACTION and UPDATE states (RFC 1939 §5, §6).

use std::fmt::Write as _;
use std::time::Duration;

use super::command::Command;
use super::maildrop::Missing;
use super::speech::lines;
use super::{Event, Refusal, Server, State, is_refusal};
use crate::faults::{Effect, Manner, Pop3Place};
use crate::machine::{Coding, Outgoing, Ticket};

/// The longest time that a client may take nothing of a message.
const STALL: Duration = Duration::from_secs(3 * 60);

/// RFC 1939 §7: the longest unique-id, in octets.
const UID: usize = 70;

impl Server {
    pub(super) fn on_transaction(&mut self, command: Command<'_>) {
        match command {
            Command::Stat => {
                let effect = self.strike(Pop3Place::Stat, "");
                let (messages, octets) = self.maildrop.totals();
                self.settle(effect, Ok(format!("+OK {messages} {octets}")));
            }
            Command::List(number) => {
                let effect = self.strike(Pop3Place::List, &subject(number));
                let reply = match number {
                    Some(number) => self.existing(number).map(|()| self.sizes(Some(number))),
                    None => Ok(self.sizes(None)),
                };
                self.settle(effect, reply);
            }
            Command::Uidl(number) => {
                let effect = self.strike(Pop3Place::Uidl, &subject(number));
                let reply = match number {
                    _ if !self.config.offers.uidl => Err(Refusal::plain("UIDL is not offered")),
                    Some(number) => self.existing(number).map(|()| self.ids(Some(number))),
                    None => Ok(self.ids(None)),
                };
                self.settle(effect, reply);
            }
            Command::Retr(number) => self.on_content(Pop3Place::Retr, number, None),
            Command::Top(number, lines) => self.on_content(Pop3Place::Top, number, Some(lines)),
            Command::Dele(number) => {
                let effect = self.strike(Pop3Place::Dele, &number.to_string());
                let outcome = self.existing(number).map(|()| format!("+OK message {number} marked"));
                if self.settle(effect, outcome) {
                    self.maildrop.mark(number);
                }
            }
            Command::Rset => {
                let effect = self.strike(Pop3Place::Rset, "");
                if self.settle(effect, Ok("+OK no message is marked any more".into())) {
                    self.maildrop.unmark_all();
                }
            }
            Command::Noop => {
                let effect = self.strike(Pop3Place::Noop, "");
                self.settle(effect, Ok("+OK".into()));
            }
            Command::Quit => self.on_quit(),
            // Told apart before.
            Command::Capa
            | Command::Stls
            | Command::Auth(_)
            | Command::User(_)
            | Command::Pass(_)
            | Command::Apop(..)
            | Command::Utf8
            | Command::Lang(_) => self.deny(Effect::default(), Refusal::plain("not here")),
        }
    }

    fn existing(&self, number: u32) -> Result<(), Refusal> {
        match self.maildrop.get(number) {
            Ok(_) => Ok(()),
            Err(Missing::Number) => Err(Refusal::plain("there is no such message")),
            Err(Missing::Marked) => Err(Refusal::plain("the message is marked as deleted")),
        }
    }

    fn sizes(&self, only: Option<u32>) -> String {
        self.listing(only, |text, number, entry| {
            let _ = write!(text, "{number} {}", entry.size);
        })
    }

    fn ids(&self, only: Option<u32>) -> String {
        self.listing(only, |text, number, entry| {
            let _ = write!(text, "{number} ");
            text.extend(entry.uid.chars().filter(char::is_ascii_graphic).take(UID));
        })
    }

    /// One line, or all of them with what ends them.
    fn listing(&self, only: Option<u32>, line: impl Fn(&mut String, u32, &super::Entry)) -> String {
        let mut text = String::from("+OK ");
        if let Some(number) = only {
            if let Ok(entry) = self.maildrop.get(number) {
                line(&mut text, number, entry);
            }
            return text;
        }
        let (messages, octets) = self.maildrop.totals();
        let _ = writeln!(text, "{messages} messages ({octets} octets)");
        for (number, entry) in self.maildrop.iter() {
            line(&mut text, number, entry);
            text.push('\n');
        }
        text.push('.');
        text
    }

    fn on_content(&mut self, place: Pop3Place, number: u32, lines: Option<u32>) {
        let effect = self.strike(place, &number.to_string());
        let outcome = match lines {
            Some(_) if !self.config.offers.top => Err(Refusal::plain("TOP is not offered")),
            _ => self.existing(number),
        };
        match outcome {
            Err(refusal) => self.deny(effect, refusal),
            // The rule's answer is the whole answer.
            Ok(()) if effect.reply.is_some() => self.deny(effect, Refusal::local()),
            Ok(()) => {
                let ticket = Ticket(self.tickets);
                self.tickets += 1;
                self.speech.event(Event::Content { ticket, number, lines });
                self.state = State::Giving { effect, number, ticket, len: Err(Refusal::local()) };
            }
        }
    }

    pub(super) fn enter_content(
        &mut self,
        effect: Effect<String>,
        number: u32,
        ticket: Ticket,
        len: Result<u64, Refusal>,
    ) {
        self.state = State::Transaction;
        let len = match len {
            Ok(len) => len,
            Err(refusal) => return self.deny(effect, refusal),
        };
        let whole = Outgoing { ticket, offset: 0, len, coding: Coding::Dot, stall: STALL };
        let content = match self.strike(Pop3Place::Content, &number.to_string()).manner {
            Manner::Drop(octets) => {
                let len = octets.min(len);
                Outgoing { len, coding: Coding::Exact(len), ..whole }
            }
            _ => whole,
        };
        self.speech.answer(effect, lines(&format!("+OK {len} octets")), Some(content));
        self.count(false);
    }

    fn on_quit(&mut self) {
        let effect = self.strike(Pop3Place::Quit, "");
        if effect.reply.as_ref().is_some_and(|reply| is_refusal(reply)) {
            return self.deny(effect, Refusal::local());
        }
        let marked = self.maildrop.marked();
        let count = marked.len();
        self.speech.event(Event::Commit(marked));
        self.state = State::Committing { effect, marked: count, done: Err(Refusal::local()) };
    }

    /// RFC 1939 §6: whether or not all could be deleted, the session is over.
    pub(super) fn enter_update(&mut self, effect: Effect<String>, marked: usize, done: Result<(), Refusal>) {
        let outcome = done.map(|()| match marked {
            0 => "+OK goodbye".to_string(),
            _ => format!("+OK goodbye, {marked} messages deleted"),
        });
        self.settle(effect, outcome);
        self.speech.close();
    }
}

fn subject(number: Option<u32>) -> String {
    number.map_or_else(String::new, |number| number.to_string())
}
