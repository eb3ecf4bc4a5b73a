//! Waiting for news of the open mailbox: IDLE (RFC 2177), or NOOP from time to time where that is not offered.
//!
//! IDLE is renewed before servers end it. Once something was heard, and nothing more has arrived, it ends: the
//! caller learns of the changes and asks again.

use std::time::Instant;

use super::response::one_line;
use super::writing::Task;
use super::{Answer, Changes, Client, Event, Id};

/// What a wait is at.
#[derive(Debug)]
pub(super) struct Idle {
    id: Id,
    until: Instant,
    state: State,
    /// Another command waits.
    cut: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The next command is to be written.
    Due,
    /// It was written: IDLE's go-ahead is due, or NOOP's answer.
    Asked,
    /// The server will tell; until then, or until IDLE is to be renewed.
    Listening { renew: Instant },
    /// DONE was written, and IDLE's answer is due.
    Ending,
    /// Between two NOOPs.
    Resting { next: Instant },
}

impl Idle {
    /// `cut` where another command waits already.
    pub(super) fn new(id: Id, until: Instant, cut: bool) -> Self {
        Self { id, until, state: State::Due, cut }
    }

    /// When something is to be done; `None` while an answer is awaited.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Due | State::Asked | State::Ending => None,
            State::Listening { renew: at } | State::Resting { next: at } => Some(at.min(self.until)),
        }
    }

    /// Nobody waits any more.
    pub(super) fn cut(&mut self) {
        self.cut = true;
    }
}

impl Client {
    /// Goes on with what a wait is at.
    pub(super) fn poll_idle(&mut self, now: Instant) {
        let uses_idle = self.capabilities.has("IDLE");
        let Some(idle) = &mut self.idle else { return };
        let ends = idle.cut || now >= idle.until;
        let over = ends || !self.changes.is_empty();
        match idle.state {
            State::Due if over => self.end_idle(),
            State::Due => {
                idle.state = State::Asked;
                self.ask(Task::Waiting { idle: uses_idle });
            }
            State::Resting { next } if over || now >= next => {
                idle.state = State::Due;
                self.poll_idle(now);
            }
            State::Listening { renew } if ends || now >= renew => self.say_done(),
            _ => {}
        }
    }

    fn end_idle(&mut self) {
        if let Some(idle) = self.idle.take() {
            // Whoever gave up the wait learns of the changes elsewhere.
            let changes = if idle.cut { Changes::default() } else { self.take_changes() };
            self.deadline = None;
            self.events.push_back(Event::Done(idle.id, Ok(Answer::Changes(changes))));
        }
    }

    fn say_done(&mut self) {
        if let Some(idle) = &mut self.idle {
            idle.state = State::Ending;
            self.unwritten.answer = Some(b"DONE".to_vec());
            self.unwritten.answer_is_secret = false;
        }
    }

    /// Nothing more has arrived: what was heard is all for now.
    pub(super) fn on_drained(&mut self) {
        let heard = !self.changes.is_empty();
        if heard && matches!(&self.idle, Some(idle) if matches!(idle.state, State::Listening { .. })) {
            self.say_done();
        }
    }

    pub(super) fn on_idle_tick(&mut self, now: Instant) {
        self.poll_idle(now);
        self.await_answer(now);
    }

    /// The server's `+`.
    pub(super) fn on_go(&mut self, now: Instant, text: &[u8]) {
        if self.unwritten.awaits_go() {
            return self.unwritten.go();
        }
        match (self.running.front().map(|job| &job.task), &mut self.idle) {
            (Some(Task::Authenticate(_)), _) => self.on_challenge(text),
            (Some(Task::Waiting { idle: true }), Some(idle)) if idle.state == State::Asked => {
                idle.state = State::Listening { renew: now + self.config.timeouts.idle };
                self.deadline = idle.deadline();
            }
            _ => {
                let text =
                    format!("the server wants more, but there is no more: {}", one_line(text).escape_debug());
                self.die_of_protocol(text);
            }
        }
    }

    /// IDLE or NOOP was answered.
    pub(super) fn on_waiting_answer(&mut self, now: Instant, was_idle: bool, ok: bool) {
        let poll = self.config.timeouts.poll;
        let Some(idle) = &mut self.idle else { return };
        if was_idle && (!ok || idle.state == State::Asked) {
            // Offered, and refused: ask from time to time instead.
            self.capabilities.forget("IDLE");
        }
        idle.state = match idle.state {
            State::Ending => State::Due,
            // NOOP; or the server has ended IDLE itself, which is not to become a race.
            _ => State::Resting { next: now + poll },
        };
        self.deadline = idle.deadline();
    }
}
