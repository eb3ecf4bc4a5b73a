//! DATA and BDAT: from the go-ahead to the answer to the whole message.
//!
//! The octets of a chunk are taken off the wire whatever is thought of it, before it is answered: they
//! are content even if nobody wants it, and must never be read as commands (RFC 3030 §2).

use std::io;

use crate::machine::Coding;
use crate::smtp::Body;

use super::faults::{Effect, Manner, Place};
use super::{Event, Refusal, Server, State, bare, is_refusal};

/// The largest chunk that is taken off the wire only to be thrown away, in octets: 1 GiB. A larger one
/// ends the connection.
pub const MAX_DISCARDED: u64 = 1024 * 1024 * 1024;

/// A content that the user has been told of.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) refused: Option<Refusal>,
    coding: Coding,
    chunk: Chunk,
}

/// What comes.
#[derive(Debug)]
pub(super) struct Chunk {
    /// The message ends with it.
    last: bool,
    /// What befalls the answer to DATA, or to a chunk that is not the last.
    effect: Effect,
}

impl Server {
    pub(super) fn on_data(&mut self) {
        let effect = self.strike_addresses(Place::Data);
        let outcome = self.check_content().and_then(|()| match &self.transaction {
            Some(t) if t.chunked => Err(Refusal::sequence("the message has begun by BDAT")),
            Some(t) if t.params.body == Some(Body::Binary) => {
                Err(Refusal::sequence("binary content needs BDAT"))
            }
            _ => Ok(()),
        });
        let refused = effect.reply.as_ref().is_some_and(is_refusal);
        match outcome {
            Ok(()) if !refused => self.open(Coding::Dot, Chunk { last: true, effect }),
            Ok(()) => self.deny(effect, Refusal::local()),
            Err(refusal) => self.deny(effect, refusal),
        }
    }

    pub(super) fn on_bdat(&mut self, size: u64, last: bool) {
        let effect = if last { Effect::default() } else { self.strike_addresses(Place::Bdat) };
        let outcome = if effect.reply.as_ref().is_some_and(is_refusal) {
            Err(Refusal::local())
        } else {
            self.check_chunk(size)
        };
        let (coding, chunk) = (Coding::Exact(size), Chunk { last, effect });
        match outcome {
            Err(refusal) => self.discard(size, chunk.effect, refusal),
            Ok(()) if !self.open => self.open(coding, chunk),
            Ok(()) => self.receive(coding, chunk),
        }
    }

    /// DATA or BDAT in its place.
    fn check_content(&self) -> Result<(), Refusal> {
        self.check_hello()?;
        match &self.transaction {
            None => Err(Refusal::sequence("say MAIL and RCPT first")),
            // RFC 2920 §3.1 has DATA refused when no recipient was accepted.
            Some(t) if t.to.is_empty() => Err(Refusal::new(554, 5, 1, "no valid recipients")),
            Some(_) => Ok(()),
        }
    }

    fn check_chunk(&self, size: u64) -> Result<(), Refusal> {
        if !self.offers.chunking {
            return Err(Refusal::new(502, 5, 1, "CHUNKING is not offered"));
        }
        self.check_content()?;
        let before = self.transaction.as_ref().map_or(0, |t| t.octets);
        if before.saturating_add(size) > self.config.max_size { Err(Refusal::too_big()) } else { Ok(()) }
    }

    /// Tells the user, who may say no before [`enter_content`](Self::enter_content).
    fn open(&mut self, coding: Coding, chunk: Chunk) {
        let Some(transaction) = &mut self.transaction else { return };
        transaction.chunked = matches!(coding, Coding::Exact(_));
        let declared = match coding {
            Coding::Exact(size) if chunk.last => Some(size),
            _ => transaction.params.size,
        };
        self.open = true;
        self.speech.event(Event::Content { declared });
        self.state = State::Opening(Opening { refused: None, coding, chunk });
    }

    pub(super) fn enter_content(&mut self, opening: Opening) {
        let Opening { refused, coding, mut chunk } = opening;
        self.state = State::Ready;
        if let Some(refusal) = refused {
            self.open = false;
            self.transaction = None;
            match coding {
                Coding::Dot => self.deny(chunk.effect, refusal),
                Coding::Exact(size) => self.discard(size, chunk.effect, refusal),
            }
            return;
        }
        if coding == Coding::Dot {
            let effect = std::mem::take(&mut chunk.effect);
            self.settle(effect, Ok(bare(354, None, "end with a dot on a line of its own")));
        }
        self.receive(coding, chunk);
    }

    fn receive(&mut self, coding: Coding, chunk: Chunk) {
        if let Manner::Drop(octets) = self.strike_addresses(Place::Content).manner {
            self.state = State::Cutting;
            let most = if let Coding::Exact(size) = coding { size } else { u64::MAX };
            return self.take_off_the_wire(octets.min(most));
        }
        self.state = State::Receiving(chunk);
        match coding {
            Coding::Dot => self.speech.receive(coding),
            Coding::Exact(size) => self.take_off_the_wire(size),
        }
    }

    /// A chunk that nobody wants; the message that it belongs to is given up.
    fn discard(&mut self, size: u64, effect: Effect, refusal: Refusal) {
        self.abandon();
        if size > MAX_DISCARDED {
            self.deny(effect, refusal);
            return self.speech.close();
        }
        self.state = State::Discarding(effect, refusal);
        self.take_off_the_wire(size);
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
            State::Receiving(chunk) => self.on_chunk(chunk, taken),
            State::Discarding(effect, refusal) => self.deny(effect, refusal),
            State::Cutting => self.speech.close(),
            other => self.state = other,
        }
    }

    fn on_chunk(&mut self, chunk: Chunk, taken: io::Result<u64>) {
        let mut effect = chunk.effect;
        if chunk.last {
            effect = self.strike_addresses(Place::End);
        }
        let outcome = taken.map_err(|error| Refusal::from(&error)).and_then(|octets| self.add(octets));
        let outcome = match outcome {
            Ok(_) if effect.reply.as_ref().is_some_and(is_refusal) => Err(Refusal::local()),
            outcome => outcome,
        };
        match outcome {
            Err(refusal) => {
                self.abandon();
                self.deny(effect, refusal);
            }
            Ok(octets) if !chunk.last => {
                let reply = self.positive(250, 0, 0, format!("{octets} octets received"));
                self.settle(effect, Ok(reply));
            }
            Ok(_) => {
                self.open = false;
                if let Some(transaction) = self.transaction.take() {
                    self.speech.event(Event::Message(transaction));
                }
                self.state = State::Keeping(effect, Err(Refusal::local()));
            }
        }
    }

    /// Counts a chunk's octets to the message and returns them.
    fn add(&mut self, octets: u64) -> Result<u64, Refusal> {
        let transaction = self.transaction.as_mut().ok_or_else(Refusal::local)?;
        transaction.octets = transaction.octets.saturating_add(octets);
        if transaction.octets > self.config.max_size { Err(Refusal::too_big()) } else { Ok(octets) }
    }

    pub(super) fn enter_kept(&mut self, effect: Effect, verdict: Result<String, Refusal>) {
        self.state = State::Ready;
        let outcome = verdict.map(|text| self.positive(250, 0, 0, text));
        if outcome.is_ok() {
            self.errors = 0;
            self.messages += 1;
        }
        self.settle(effect, outcome);
    }
}
