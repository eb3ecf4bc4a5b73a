//! What a server is about to do, in order: replies as they are or as a fault spoils them, pauses,
//! content, events.
//!
//! Once the end of the connection stands in the queue, nothing more is put behind it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::faults::{Effect, Manner, Spoken};
use crate::machine::{Coding, Outgoing, Step};
use crate::outbox::Outbox;
use crate::reply::Reply;

/// An answer, as a server says it.
pub(crate) trait Sayable: Spoken {
    /// Appends it as it goes over the wire.
    fn write_to(&self, out: &mut Vec<u8>);

    /// The connection is closed behind it.
    fn ends(&self) -> bool;
}

impl Sayable for Reply {
    fn write_to(&self, out: &mut Vec<u8>) {
        Self::write_to(self, out);
    }

    fn ends(&self) -> bool {
        matches!(self.code.get(), 421 | 521)
    }
}

/// What one server says: answers `R`, events `E`.
#[derive(Debug)]
pub(crate) struct Speech<R, E> {
    queue: VecDeque<Todo<R, E>>,
    /// Late answers: they go before the next thing that is said after the client has spoken.
    withheld: Vec<Todo<R, E>>,
    closing: bool,
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Todo<R, E> {
    Say(R),
    Bytes(Vec<u8>),
    Drip { bytes: Vec<u8>, at: usize, gap: Duration },
    Pause(Duration),
    StartTls,
    Compress,
    Send(Outgoing),
    Receive(Coding),
    Take(usize),
    Event(E),
    Close,
}

impl<R, E> Default for Speech<R, E> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), withheld: Vec::new(), closing: false, scratch: Vec::new() }
    }
}

impl<R: Sayable, E> Speech<R, E> {
    pub(crate) fn say(&mut self, reply: R) {
        self.push(Todo::Say(reply));
    }

    pub(crate) fn pause(&mut self, delay: Duration) {
        if !delay.is_zero() {
            self.push(Todo::Pause(delay));
        }
    }

    pub(crate) fn start_tls(&mut self) {
        self.push(Todo::StartTls);
    }

    pub(crate) fn compress(&mut self) {
        self.push(Todo::Compress);
    }

    pub(crate) fn receive(&mut self, coding: Coding) {
        self.push(Todo::Receive(coding));
    }

    pub(crate) fn send(&mut self, outgoing: Outgoing) {
        self.push(Todo::Send(outgoing));
    }

    pub(crate) fn take(&mut self, octets: usize) {
        self.push(Todo::Take(octets));
    }

    /// Where octets can be put that go out as they are, behind all that waits.
    pub(crate) fn octets(&mut self) -> &mut Vec<u8> {
        if self.closing {
            // Nothing goes out any more: what is put here is dropped with the next.
            self.scratch.clear();
            return &mut self.scratch;
        }
        if !matches!(self.queue.back(), Some(Todo::Bytes(_))) {
            self.queue.push_back(Todo::Bytes(Vec::new()));
        }
        match self.queue.back_mut() {
            Some(Todo::Bytes(bytes)) => bytes,
            _ => &mut self.scratch,
        }
    }

    pub(crate) fn event(&mut self, event: E) {
        self.push(Todo::Event(event));
    }

    pub(crate) fn close(&mut self) {
        self.push(Todo::Close);
        self.closing = true;
    }

    /// The connection is gone: nothing of what waits can be said.
    pub(crate) fn forget(&mut self) {
        self.queue.retain(|todo| matches!(todo, Todo::Event(_)));
        self.closing = false;
        self.close();
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Says a reply the way that a fault wants it. One that says so ends the connection.
    pub(crate) fn answer(&mut self, effect: Effect<R>, reply: R) {
        let Effect { delay, manner, extra, late, .. } = effect;
        let cut = matches!(manner, Manner::Drop(_) | Manner::Truncate(_));
        let ends = cut || reply.ends();
        if late && !ends {
            self.withheld.push(spoilt(manner, reply));
            self.withheld.extend(extra.into_iter().map(Todo::Say));
            return;
        }
        self.pause(delay);
        self.push(spoilt(manner, reply));
        if !cut {
            extra.into_iter().for_each(|reply| self.say(reply));
        }
        if ends {
            self.close();
        }
    }

    /// The client spoke: what was held back goes now.
    pub(crate) fn release(&mut self) {
        for todo in std::mem::take(&mut self.withheld) {
            self.push(todo);
        }
    }

    fn push(&mut self, todo: Todo<R, E>) {
        if !self.closing {
            self.queue.push_back(todo);
        }
    }

    /// The next step, where one waits; the end of the connection is [`Step::Closed`].
    pub(crate) fn next(&mut self, now: Instant, out: &mut Outbox) -> Option<Step<E>> {
        while let Some(todo) = self.queue.pop_front() {
            match todo {
                Todo::Say(reply) => {
                    self.scratch.clear();
                    reply.write_to(&mut self.scratch);
                    out.push(&self.scratch);
                }
                Todo::Bytes(bytes) => out.push(&bytes),
                Todo::Drip { bytes, at, gap } => {
                    out.push(&bytes[at..=at]);
                    if at + 1 < bytes.len() {
                        self.queue.push_front(Todo::Drip { bytes, at: at + 1, gap });
                    }
                    return Some(Step::Pause(now + gap));
                }
                Todo::Pause(delay) => return Some(Step::Pause(now + delay)),
                Todo::StartTls => return Some(Step::StartTls),
                Todo::Compress => return Some(Step::Compress),
                Todo::Send(outgoing) => return Some(Step::Send(outgoing)),
                Todo::Take(octets) => return Some(Step::Take(octets)),
                Todo::Receive(coding) => return Some(Step::Receive(coding)),
                Todo::Event(event) => return Some(Step::Event(event)),
                Todo::Close => return Some(Step::Closed),
            }
        }
        None
    }
}

/// A reply as it goes out in this manner.
fn spoilt<R: Sayable, E>(manner: Manner, reply: R) -> Todo<R, E> {
    let octets = |reply: &R| {
        let mut bytes = Vec::new();
        reply.write_to(&mut bytes);
        bytes
    };
    match manner {
        Manner::Whole => Todo::Say(reply),
        Manner::Drop(_) => Todo::Bytes(Vec::new()),
        Manner::Truncate(most) => {
            let mut bytes = octets(&reply);
            bytes.truncate(most.unwrap_or(bytes.len() / 2));
            Todo::Bytes(bytes)
        }
        Manner::Garbage(bytes) => Todo::Bytes(bytes),
        Manner::Bytewise(gap) => Todo::Drip { bytes: octets(&reply), at: 0, gap },
    }
}
