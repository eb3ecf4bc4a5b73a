//! APPEND (RFC 9051 §6.3.12): the message goes from the driver to whoever keeps it, and never through here.

use std::io;

use crate::faults::{ImapPlace, Manner};
use crate::imap::literal::Literal;
use crate::imap::{Date, Flags};
use crate::machine::Coding;

use super::command::Head;
use super::config::MAX_DISCARDED;
use super::line::Outcome;
use super::mailboxes::No;
use super::words::Words;
use super::{Effect, Event, Server, State};

/// A message on its way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where to.
    pub mailbox: String,
    /// Its octets.
    pub size: u64,
    /// Its flags.
    pub flags: Flags,
    /// Its internal date; the present time where none is given.
    pub date: Option<Date>,
}

/// What a message became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Of the mailbox.
    pub uid_validity: u32,
    /// Of the message.
    pub uid: u32,
}

/// What stands before the message.
#[derive(Debug)]
pub(super) enum AppendHead {
    /// The literal at the end is the mailbox's name.
    Name,
    /// It is the message.
    Message { mailbox: Vec<u8>, flags: Flags, date: Option<Date>, utf8: bool },
}

/// An APPEND that goes on.
#[derive(Debug)]
pub(super) struct Appending {
    pub(super) tag: String,
    effect: Effect,
    arrival: Arrival,
    /// The client waits for the go-ahead.
    sync: bool,
    /// A `)` follows the message (RFC 6855 §4).
    utf8: bool,
    pub(super) refused: Option<No>,
}

/// Reads an APPEND as far as it has come, a literal announced at its end.
pub(super) fn head(bytes: &[u8], head: &Head) -> Option<AppendHead> {
    let mut words = Words::new(&bytes[head.at..]);
    words.space()?;
    if is_announcement(words.rest) {
        return Some(AppendHead::Name);
    }
    let mailbox = words.astring()?.into_owned();
    words.space()?;
    let mut flags = Flags::default();
    if words.rest.first() == Some(&b'(') {
        // RFC 9051 §9: no other flags with a backslash than those that the standard names.
        for flag in words.list(|words| words.flag())? {
            flags.insert(flag);
        }
        flags.recent = false;
        flags.keywords.retain(|keyword| !keyword.starts_with('\\'));
        words.space()?;
    }
    let mut date = None;
    if words.rest.first() == Some(&b'"') {
        date = Some(Date::parse(&words.astring()?)?);
        words.space()?;
    }
    let utf8 = words.eat("UTF8 (");
    if words.rest.first() == Some(&b'~') {
        words.rest = &words.rest[1..];
    } else if utf8 {
        return None;
    }
    is_announcement(words.rest).then_some(AppendHead::Message { mailbox, flags, date, utf8 })
}

fn is_announcement(rest: &[u8]) -> bool {
    rest.first() == Some(&b'{') && rest.iter().position(|&b| b == b'\n') == Some(rest.len() - 1)
}

impl Server {
    /// The message of an APPEND is announced.
    pub(super) fn on_append(&mut self, head: &Head, read: Option<AppendHead>, literal: Literal) {
        let tag = head.tag.clone().unwrap_or_default();
        let refused = |server: &mut Self, outcome| {
            server.refuse_literal(&tag, Effect::default(), outcome, literal);
        };
        let Some(AppendHead::Message { mailbox, flags, date, utf8 }) = read else {
            return refused(self, Outcome::Bad(head.bad().text));
        };
        let name = match self.mailbox_name(&mailbox) {
            Ok(name) => name,
            Err(outcome) => return refused(self, outcome),
        };
        let effect = self.strike(ImapPlace::Append, &name);
        if utf8 && !self.session.utf8 {
            return refused(self, Outcome::bad("say ENABLE UTF8=ACCEPT first"));
        }
        if literal.len > self.config.max_size {
            return refused(self, No::too_big().into());
        }
        let there = self.with_mailboxes(|mailboxes| mailboxes.snapshot(&name).map(drop));
        if there.is_err() {
            return refused(self, No::try_create().into());
        }
        if let Some(outcome) = self.forced(&effect) {
            return self.refuse_literal(&tag, effect, outcome, literal);
        }
        let arrival = Arrival { mailbox: name, size: literal.len, flags, date };
        self.speech.event(Event::Append(arrival.clone()));
        let sync = !literal.non_sync;
        self.state = State::Opening(Appending { tag, effect, arrival, sync, utf8, refused: None });
    }

    /// The user was told of the message.
    pub(super) fn enter_append(&mut self, appending: Appending) {
        self.state = State::Ready;
        let octets = appending.arrival.size;
        if let Some(no) = appending.refused {
            let literal = Literal { len: octets, non_sync: !appending.sync, binary: false, at: 0 };
            return self.refuse_literal(&appending.tag, appending.effect, no.into(), literal);
        }
        if appending.sync {
            self.go_ahead();
        }
        self.state = State::Receiving(appending);
        self.take_off_the_wire(octets);
    }

    /// A literal that nobody wants: the client does not send it, or it is thrown away, or it is the end.
    pub(super) fn refuse_literal(&mut self, tag: &str, effect: Effect, outcome: Outcome, literal: Literal) {
        if !literal.non_sync {
            self.settle(tag, effect, outcome);
        } else if literal.len > self.config.max_size.min(MAX_DISCARDED) {
            self.settle(tag, effect, outcome);
            self.say_bye("[TOOBIG] that was announced without asking, closing");
        } else {
            self.state = State::Discarding { tag: tag.to_string(), effect, outcome };
            self.take_off_the_wire(literal.len);
        }
    }

    fn take_off_the_wire(&mut self, octets: u64) {
        if octets == 0 {
            self.on_received(Ok(0));
        } else {
            self.speech.receive(Coding::Exact(octets));
        }
    }

    pub(super) fn on_received(&mut self, taken: io::Result<u64>) {
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Receiving(mut appending) => {
                if let Err(error) = taken {
                    appending.refused = Some(No::from(&error));
                }
                self.state = State::Tail(appending);
            }
            State::Discarding { tag, effect, outcome } => {
                self.state = State::DiscardingRest { tag, effect, outcome };
            }
            other => self.state = other,
        }
    }

    /// What stands behind the message.
    pub(super) fn on_tail(&mut self, appending: Appending, line: &[u8]) {
        let expected: &[u8] = if appending.utf8 { b")" } else { b"" };
        if line != expected {
            self.speech.event(Event::Abandoned);
            let outcome = Outcome::bad("one message at a time: nothing can follow it");
            self.settle(&appending.tag, appending.effect, outcome);
        } else if let Some(no) = appending.refused {
            self.speech.event(Event::Abandoned);
            self.settle(&appending.tag, appending.effect, no.into());
        } else {
            self.speech.event(Event::Arrived(appending.arrival.clone()));
            self.state = State::Keeping(appending, Err(No::local()));
        }
    }

    pub(super) fn enter_kept(&mut self, appending: Appending, verdict: Result<Appended, No>) {
        self.state = State::Ready;
        let outcome = match verdict {
            Err(no) => no.into(),
            Ok(Appended { uid_validity, uid }) if self.config.offers("UIDPLUS") => {
                Outcome::Done(format!("[APPENDUID {uid_validity} {uid}] kept"))
            }
            Ok(_) => Outcome::done("kept"),
        };
        // RFC 9051 §6.3.12: the news come before the answer.
        self.catch_up_all();
        self.settle(&appending.tag, appending.effect, outcome);
    }

    /// After so many octets of a content that goes out, the connection is cut.
    pub(super) fn cut(&mut self, subject: &str) -> Option<u64> {
        match self.strike(ImapPlace::Content, subject).manner {
            Manner::Drop(octets) => Some(octets),
            _ => None,
        }
    }
}
