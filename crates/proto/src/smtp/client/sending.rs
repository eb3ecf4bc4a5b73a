//! Writing transactions: what may be in flight, and when content follows.
//!
//! Three ways, by what the server offers:
//! - CHUNKING with PIPELINING: MAIL, RCPT and BDAT LAST of many small messages in flight, up to a window;
//!   a large message waits for its envelope to be taken, then goes in chunks.
//! - PIPELINING: MAIL, RCPT, DATA in one flight, which follows the content of the message before it
//!   (RFC 2920 §3.1): one round trip a message.
//! - neither: a command at a time, and what a refusal makes pointless is not said.

use std::io;
use std::time::Instant;

use super::transaction::{Handed, Job, Transaction};
use super::{Awaited, Client, Event, Phase, parameters};
use crate::machine::{Coding, Outgoing, Step};
use crate::outbox::Outbox;
use crate::outcome::{Failure, Kind, Stage, Verdict};

/// Content up to this length, in octets, goes with its envelope before that is answered: less is lost
/// by sending it in vain than by waiting.
const EAGER: u64 = 64 * 1024;
/// The length of a BDAT chunk, in octets.
const CHUNK: u64 = 1024 * 1024;
/// Chunks that may be unanswered, so that a server that refuses a large message is heard.
const CHUNKS_IN_FLIGHT: usize = 4;

/// What is written next, of the last active transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// Another transaction can begin.
    Idle,
    /// MAIL (0), RCPT (1 to n), or what follows the envelope.
    Envelope { next: usize },
    /// DATA was written, and its reply is due.
    AwaitingGo,
    /// The replies to the envelope are due before the first chunk.
    AwaitingRcpt,
    /// The chunk at this offset can be written.
    Chunk { offset: u64 },
    /// DATA was answered with the go-ahead: the content can be written to its end mark.
    Dotted,
    /// The content up to `upto` is being streamed.
    Streaming { upto: u64, dotted: bool },
}

impl Client {
    fn pipelines(&self) -> bool {
        self.config.pipelining && self.capabilities.pipelining
    }

    fn chunks(&self) -> bool {
        self.config.chunking && self.capabilities.chunking
    }

    pub(super) fn poll_open(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        // A command at a time means: nothing is said before all that was said has been heard.
        if !self.pipelines() && !self.drained {
            return Step::Read;
        }
        loop {
            match self.sending {
                Sending::Idle => {
                    if !self.begin() {
                        return self.rest(now, out);
                    }
                }
                Sending::Envelope { next } => {
                    if !self.pipelines() && !self.awaiting.is_empty() {
                        return Step::Read;
                    }
                    if !self.write_envelope(now, next, out) {
                        return Step::Read;
                    }
                }
                Sending::AwaitingRcpt => {
                    let Some(transaction) = self.active.back().filter(|t| t.outstanding == 0) else {
                        return Step::Read;
                    };
                    if transaction.is_refused() || !transaction.has_recipient() {
                        self.finish_writing();
                    } else {
                        self.sending = Sending::Chunk { offset: 0 };
                    }
                }
                Sending::Chunk { offset } => {
                    let most = if self.pipelines() { CHUNKS_IN_FLIGHT } else { 1 };
                    if self.active.back().is_none_or(|transaction| transaction.data.is_some()) {
                        self.finish_writing();
                    } else if offset > 0 && self.active.back().is_some_and(|t| t.outstanding >= most) {
                        return Step::Read;
                    } else {
                        return self.write_chunk(offset, out);
                    }
                }
                Sending::Dotted => match self.write_dotted(now, out) {
                    Some(step) => return step,
                    None => continue,
                },
                Sending::AwaitingGo | Sending::Streaming { .. } => return Step::Read,
            }
        }
    }

    /// Nothing to write for now.
    fn rest(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        if self.spoilt {
            return Step::Read;
        }
        if self.queue.is_empty() && self.has_room() && !self.asked && !self.quitting {
            self.asked = true;
            return Step::Event(Event::Wanting);
        }
        let is_idle = self.queue.is_empty() && self.active.is_empty() && self.awaiting.is_empty();
        if is_idle && self.held.is_empty() {
            if self.quitting {
                out.line(format_args!("QUIT"));
                self.deadline = Some(now + self.config.timeouts.quit);
                self.phase = Phase::Closing;
            } else if self.checking {
                self.checking = false;
                out.line(format_args!("NOOP"));
                self.expect(now, Awaited::Noop);
            }
        }
        Step::Read
    }

    /// Whether another transaction may be in flight.
    fn has_room(&mut self) -> bool {
        let window = match (self.pipelines(), self.chunks()) {
            (true, true) => self.config.window.max(1),
            // The content of one, and the envelope of the next.
            (true, false) => 2,
            (false, _) => return self.active.is_empty() && self.awaiting.is_empty(),
        };
        // Filled to the brim, then drained by half: so that writes and replies both stay batched.
        if self.active.len() >= window {
            self.filling = false;
        } else if self.active.len() <= window / 2 {
            self.filling = true;
        }
        self.filling
    }

    /// Begins a transaction with the next message that can go; false when there is none or no room.
    fn begin(&mut self) -> bool {
        while !self.spoilt && self.has_room() {
            let Some(mut job) = self.queue.pop_front() else { return false };
            if self.capabilities.limits.mail_max.is_some_and(|max| self.begun >= max) {
                let cause = "the server takes no more transactions in this session";
                self.hand_back(job, &Failure::new(Stage::Mail, Kind::Refused, cause));
                continue;
            }
            if let Some(failure) =
                parameters::unmet(&job.envelope, &self.capabilities, self.chunks(), self.tls.is_some())
            {
                self.settle_job(job, &failure);
                continue;
            }
            let batch = self.next_batch(&mut job);
            if batch.is_empty() {
                let failure = Failure::new(Stage::Prepare, Kind::Local, "the message has no recipient");
                self.settle_job(job, &failure);
                continue;
            }
            self.begun += 1;
            self.active.push_back(Transaction::new(job, batch));
            self.sending = Sending::Envelope { next: 0 };
            return true;
        }
        false
    }

    /// As many of the pending recipients as the server takes at once. Those that cannot be named to it
    /// get their verdict here.
    fn next_batch(&self, job: &mut Job) -> Vec<usize> {
        let limits = self.capabilities.limits;
        let most = limits.rcpt_max.map_or(self.config.max_recipients, |n| n as usize).max(1);
        let most_domains = limits.rcpt_domain_max.map_or(usize::MAX, |n| n as usize);
        let mut batch = Vec::with_capacity(most.min(job.envelope.to.len()));
        let mut domains: Vec<&str> = Vec::new();
        for (i, recipient) in job.envelope.to.iter().enumerate() {
            if job.verdicts[i].is_some() || batch.len() == most {
                continue;
            }
            if let Some(failure) = parameters::unnameable(recipient, &self.capabilities) {
                job.verdicts[i] = Some(Verdict::failed(failure));
                continue;
            }
            if most_domains < usize::MAX {
                let domain = recipient.address.domain();
                if !domains.iter().any(|d| d.eq_ignore_ascii_case(domain)) {
                    if domains.len() == most_domains {
                        continue;
                    }
                    domains.push(domain);
                }
            }
            batch.push(i);
        }
        batch
    }

    /// Writes the next command of the envelope, or what follows it; false when replies are due first.
    fn write_envelope(&mut self, now: Instant, next: usize, out: &mut Outbox) -> bool {
        if next == 0 && self.reset_wanted {
            self.reset_wanted = false;
            out.line(format_args!("RSET"));
            self.expect(now, Awaited::Rset);
            if !self.pipelines() {
                return false;
            }
        }
        let Some(transaction) = self.active.back_mut() else {
            self.sending = Sending::Idle;
            return true;
        };
        // Known only where each command waits for its reply; then the rest would be said in vain.
        if transaction.is_refused() || transaction.has_no_recipient() {
            self.finish_writing();
            return true;
        }
        let Some(awaited) = transaction.write_command(next, &self.capabilities, &mut self.parameters, out)
        else {
            return self.write_go(now, out);
        };
        self.expect(now, awaited);
        self.sending = Sending::Envelope { next: next + 1 };
        true
    }

    /// What follows the envelope: DATA, or the first chunk.
    fn write_go(&mut self, now: Instant, out: &mut Outbox) -> bool {
        let size = self.active.back().map_or(0, |transaction| transaction.job.envelope.size);
        if self.chunks() {
            let eager = self.pipelines() && size <= EAGER;
            self.sending = if eager { Sending::Chunk { offset: 0 } } else { Sending::AwaitingRcpt };
            return true;
        }
        out.line(format_args!("DATA"));
        if let Some(transaction) = self.active.back_mut() {
            transaction.dotted = true;
            transaction.outstanding += 1;
        }
        self.expect(now, Awaited::Data);
        self.sending = Sending::AwaitingGo;
        false
    }

    fn write_chunk(&mut self, offset: u64, out: &mut Outbox) -> Step<Event> {
        let Some(transaction) = self.active.back() else { return Step::Read };
        let (ticket, size) = (transaction.job.ticket, transaction.job.envelope.size);
        let len = (size - offset).min(CHUNK);
        let upto = offset + len;
        out.line(format_args!("BDAT {len}{}", if upto == size { " LAST" } else { "" }));
        self.sending = Sending::Streaming { upto, dotted: false };
        Step::Send(Outgoing {
            ticket,
            offset,
            len,
            coding: Coding::Exact(len),
            stall: self.config.timeouts.block,
        })
    }

    /// Streams the content to its end mark. A server that says go ahead though it took no recipient gets an
    /// empty one (RFC 2920 §3.1).
    fn write_dotted(&mut self, now: Instant, out: &mut Outbox) -> Option<Step<Event>> {
        let transaction = self.active.back_mut()?;
        let (ticket, len) = (transaction.job.ticket, transaction.job.envelope.size);
        if transaction.has_recipient() {
            self.sending = Sending::Streaming { upto: len, dotted: true };
            let stall = self.config.timeouts.block;
            return Some(Step::Send(Outgoing { ticket, offset: 0, len, coding: Coding::Dot, stall }));
        }
        out.line(format_args!("."));
        transaction.outstanding += 1;
        transaction.written = true;
        self.sending = Sending::Idle;
        self.expect(now, Awaited::End);
        None
    }

    pub(super) fn on_sent(&mut self, now: Instant, end: u64) {
        let Sending::Streaming { upto, dotted } = self.sending else { return };
        let Some(transaction) = self.active.back_mut() else { return };
        let whole = upto == transaction.job.envelope.size;
        transaction.outstanding += 1;
        if whole {
            transaction.handed = Handed::Whole { end };
            transaction.written = true;
        }
        self.sending = if whole { Sending::Idle } else { Sending::Chunk { offset: upto } };
        self.expect(now, if dotted { Awaited::End } else { Awaited::Chunk { last: whole } });
    }

    /// The content could not be read. What has left of it cannot be taken back, so the connection is of no
    /// more use; the messages before it can still be answered.
    pub(super) fn on_send_failed(&mut self, error: io::Error) {
        self.sending = Sending::Idle;
        self.spoilt = true;
        if let Some(transaction) = self.active.pop_back() {
            let failure = Failure::io(Stage::Content, Kind::Local, error);
            self.abandon(transaction, &failure, false);
        }
        self.end_when_spoilt();
    }

    pub(super) fn end_when_spoilt(&mut self) {
        if self.spoilt && self.active.is_empty() {
            let cause =
                "the connection was given up because a message's content could not be read to its end";
            self.die(Failure::new(Stage::Content, Kind::Unreachable, cause), 0);
        }
    }

    /// Nothing more will be written for the last active transaction, whose content did not go.
    pub(super) fn finish_writing(&mut self) {
        self.sending = Sending::Idle;
        if let Some(transaction) = self.active.back_mut() {
            transaction.written = true;
            self.reset_wanted |= !transaction.is_refused();
        }
        self.settle_finished();
    }
}
