//! What a server is about to do, in order: replies as they are or as a fault spoils them, pauses,
//! content, events.
//!
//! Once the end of the connection stands in the queue, nothing more is put behind it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::machine::{Coding, Step};
use crate::outbox::Outbox;
use crate::reply::Reply;

use super::Event;
use super::faults::{Effect, Manner};

#[derive(Debug, Default)]
pub(super) struct Speech {
    queue: VecDeque<Todo>,
    /// Late answers: they go before the next thing that is said after the client has spoken.
    withheld: Vec<Todo>,
    closing: bool,
    scratch: Vec<u8>,
}

#[derive(Debug)]
enum Todo {
    Say(Reply),
    Bytes(Vec<u8>),
    Drip { bytes: Vec<u8>, at: usize, gap: Duration },
    Pause(Duration),
    StartTls,
    Receive(Coding),
    Event(Event),
    Close,
}

impl Speech {
    pub(super) fn say(&mut self, reply: Reply) {
        self.push(Todo::Say(reply));
    }

    pub(super) fn pause(&mut self, delay: Duration) {
        if !delay.is_zero() {
            self.push(Todo::Pause(delay));
        }
    }

    pub(super) fn start_tls(&mut self) {
        self.push(Todo::StartTls);
    }

    pub(super) fn receive(&mut self, coding: Coding) {
        self.push(Todo::Receive(coding));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.push(Todo::Event(event));
    }

    pub(super) fn close(&mut self) {
        self.push(Todo::Close);
        self.closing = true;
    }

    /// The connection is gone: nothing of what waits can be said.
    pub(super) fn forget(&mut self) {
        self.queue.retain(|todo| matches!(todo, Todo::Event(_)));
        self.closing = false;
        self.close();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Says a reply the way that a fault wants it. 421 and 521 end the connection.
    pub(super) fn answer(&mut self, effect: Effect, reply: Reply) {
        let Effect { delay, manner, extra, late, .. } = effect;
        let cut = matches!(manner, Manner::Drop(_) | Manner::Truncate(_));
        let ends = cut || matches!(reply.code.get(), 421 | 521);
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
    pub(super) fn release(&mut self) {
        for todo in std::mem::take(&mut self.withheld) {
            self.push(todo);
        }
    }

    fn push(&mut self, todo: Todo) {
        if !self.closing {
            self.queue.push_back(todo);
        }
    }

    /// The next step, where one waits; the end of the connection is [`Step::Closed`].
    pub(super) fn next(&mut self, now: Instant, out: &mut Outbox) -> Option<Step<Event>> {
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
                Todo::Receive(coding) => return Some(Step::Receive(coding)),
                Todo::Event(event) => return Some(Step::Event(event)),
                Todo::Close => return Some(Step::Closed),
            }
        }
        None
    }
}

/// A reply as it goes out in this manner.
fn spoilt(manner: Manner, reply: Reply) -> Todo {
    let octets = |reply: &Reply| {
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
