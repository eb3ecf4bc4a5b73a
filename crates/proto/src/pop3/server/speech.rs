//! What a server is about to do, in order: replies as they are or as a fault spoils them, pauses, content,
//! events.
//!
//! Once the end of the connection stands in the queue, nothing more is put behind it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Event;
use crate::faults::{Effect, Manner};
use crate::machine::{Coding, Outgoing, Step};
use crate::outbox::Outbox;

#[derive(Debug, Default)]
pub(super) struct Speech {
    queue: VecDeque<Todo>,
    /// Late answers: they go before the next thing that is said after the client has spoken.
    withheld: Vec<Todo>,
    closing: bool,
}

#[derive(Debug)]
enum Todo {
    Bytes(Vec<u8>),
    Drip { bytes: Vec<u8>, at: usize, gap: Duration },
    Pause(Duration),
    StartTls,
    Send(Outgoing),
    Event(Event),
    Close,
}

impl Speech {
    pub(super) fn pause(&mut self, delay: Duration) {
        if !delay.is_zero() {
            self.push(Todo::Pause(delay));
        }
    }

    pub(super) fn start_tls(&mut self) {
        self.push(Todo::StartTls);
    }

    pub(super) fn event(&mut self, event: Event) {
        self.push(Todo::Event(event));
    }

    pub(super) fn close(&mut self) {
        self.push(Todo::Close);
        self.closing = true;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Says a reply, whole lines, and the content behind it, the way that a fault wants it. What is cut off ends
    /// the connection.
    pub(super) fn answer(&mut self, effect: Effect<String>, reply: Vec<u8>, content: Option<Outgoing>) {
        let Effect { delay, manner, extra, late, .. } = effect;
        let cut = matches!(manner, Manner::Drop(_) | Manner::Truncate(_));
        let whole = matches!(manner, Manner::Whole | Manner::Bytewise(_));
        let mut todos = vec![spoilt(manner, reply)];
        if whole && let Some(content) = content {
            todos.push(Todo::Send(content));
            if let Coding::Exact(_) = content.coding {
                // Without its end mark: it was cut off by a fault.
                todos.push(Todo::Close);
            }
        }
        if !cut {
            todos.extend(extra.into_iter().map(|line| Todo::Bytes(lines(&line))));
        }
        if late && !cut {
            self.withheld.extend(todos);
            return;
        }
        self.pause(delay);
        for todo in todos {
            let close = matches!(todo, Todo::Close);
            self.push(todo);
            self.closing |= close;
        }
        if cut {
            self.close();
        }
    }

    /// The client spoke: what was held back goes now.
    pub(super) fn release(&mut self) {
        for todo in std::mem::take(&mut self.withheld) {
            let close = matches!(todo, Todo::Close);
            self.push(todo);
            self.closing |= close;
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
                Todo::Send(outgoing) => return Some(Step::Send(outgoing)),
                Todo::Event(event) => return Some(Step::Event(event)),
                Todo::Close => return Some(Step::Closed),
            }
        }
        None
    }
}

/// Text as it stands on the wire: each line with its end.
pub(super) fn lines(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    for line in text.split('\n') {
        bytes.extend_from_slice(line.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

/// A reply as it goes out in this manner.
fn spoilt(manner: Manner, mut reply: Vec<u8>) -> Todo {
    match manner {
        Manner::Whole => Todo::Bytes(reply),
        Manner::Drop(_) => Todo::Bytes(Vec::new()),
        Manner::Truncate(most) => {
            reply.truncate(most.unwrap_or(reply.len() / 2));
            Todo::Bytes(reply)
        }
        Manner::Garbage(bytes) => Todo::Bytes(bytes),
        Manner::Bytewise(gap) => Todo::Drip { bytes: reply, at: 0, gap },
    }
}
