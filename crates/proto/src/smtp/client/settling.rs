//! Turning replies into verdicts.
//!
//! A transaction is settled when nothing more will be written for it and nothing more is to come. Two
//! things are not verdicts and lead to another transaction: recipients past what the server takes at
//! once (RFC 5321 §4.5.3.1.10), as long as others got through, and a MAIL that was out of sequence
//! because the transaction before it had been left open.

use std::sync::Arc;

use super::sending::Sending;
use super::transaction::{Job, Transaction, is_no};
use super::{Awaited, Client, Event};
use crate::outcome::{Failure, Kind, Stage, Verdict};
use crate::reply::{Reply, Severity};

/// How often a message is begun anew after "bad sequence of commands".
const MAX_RESTARTS: u8 = 2;

impl Client {
    /// Notes a reply that came in its turn, and settles what it completes.
    pub(super) fn settle_reply(&mut self, awaited: Awaited, reply: Reply) {
        let no = matches!(reply.code.severity(), Severity::Transient | Severity::Permanent);
        match awaited {
            Awaited::Noop => return self.events.push_back(Event::Alive),
            Awaited::Rset if no => {
                // Not a refusal of any message: no reply goes along that could be taken for one.
                let cause = format!("the server would not forget a message that came to nothing: {reply}");
                return self.die(Failure::new(Stage::Idle, Kind::Protocol, cause), u64::MAX);
            }
            Awaited::Rset => return,
            Awaited::Chunk { .. } if matches!(reply.code.get(), 500 | 502) => {
                return self.on_bdat_unknown(&reply);
            }
            Awaited::Mail | Awaited::Rcpt(_) | Awaited::Data | Awaited::Chunk { .. } | Awaited::End => {}
        }
        // Replies come in order: this one belongs to the first transaction that expects any.
        let Some(transaction) = self.active.iter_mut().find(|transaction| transaction.outstanding > 0) else {
            return;
        };
        transaction.outstanding -= 1;
        match awaited {
            Awaited::Mail => transaction.mail = Some(Arc::new(reply)),
            Awaited::Rcpt(place) => transaction.rcpt[place] = Some(Arc::new(reply)),
            Awaited::Data if no => {
                transaction.data = Some(Arc::new(reply));
                self.finish_writing();
            }
            Awaited::Data => self.sending = Sending::Dotted,
            Awaited::Chunk { last: false } if no => {
                transaction.data.get_or_insert(Arc::new(reply));
            }
            Awaited::Chunk { last: false } | Awaited::Rset | Awaited::Noop => {}
            Awaited::Chunk { last: true } | Awaited::End => transaction.end = Some(Arc::new(reply)),
        }
        self.settle_finished();
    }

    /// A server that offers CHUNKING and does not know BDAT takes the content for commands: nothing that was
    /// sent by BDAT has been delivered, and nothing more may be said to it. So the messages are handed back.
    fn on_bdat_unknown(&mut self, reply: &Reply) {
        let cause = format!("the server offers CHUNKING but does not know BDAT (it said {reply})");
        let failure = Failure::new(Stage::Data, Kind::Capability, cause);
        let begun = std::mem::take(&mut self.active).into_iter().map(|transaction| transaction.job);
        for job in begun.chain(std::mem::take(&mut self.queue)) {
            self.hand_back(job, &failure);
        }
        self.die(failure, 0);
    }

    /// Gives a message back as it was submitted; settles it where some recipients have been served.
    pub(super) fn hand_back(&mut self, job: Job, failure: &Failure) {
        if job.verdicts.iter().all(Option::is_none) {
            self.events.push_back(Event::Unsent(job.ticket, Box::new(job.envelope)));
        } else {
            self.settle_job(job, failure);
        }
    }

    /// Settles the transactions at the head that have got all their replies.
    pub(super) fn settle_finished(&mut self) {
        while self.active.front().is_some_and(|t| t.written && t.outstanding == 0) {
            if let Some(transaction) = self.active.pop_front() {
                self.settle(transaction);
            }
        }
    }

    fn settle(&mut self, transaction: Transaction) {
        match &transaction.end {
            Some(end) if end.is_completion() || transaction.dotted => self.reset_wanted = false,
            // What a refused BDAT leaves behind differs from server to server.
            Some(_) if !transaction.is_refused() => self.reset_wanted = true,
            _ => {}
        }
        let taken = transaction.is_taken();
        let refusal = transaction.refusal();
        let out_of_sequence = transaction.mail.as_ref().is_some_and(|reply| reply.code.get() == 503);
        let Transaction { mut job, batch, mail, rcpt, end, .. } = transaction;
        if out_of_sequence && !taken && job.restarts < MAX_RESTARTS {
            job.restarts += 1;
            return self.queue.push_front(job);
        }
        for (&place, reply) in batch.iter().zip(&rcpt) {
            job.verdicts[place] = match (reply, &end) {
                // Had MAIL been refused, what RCPT was answered with only follows from that.
                _ if is_no(&mail) && !taken => refusal.clone().map(Verdict::failed),
                (Some(rcpt), _) if taken && is_too_many(rcpt) => None,
                (Some(rcpt), _) if !rcpt.is_completion() => {
                    Some(Verdict::failed(Failure::refused(Stage::Rcpt, rcpt.clone())))
                }
                (_, Some(end)) if end.is_completion() => Some(Verdict::Accepted(end.clone())),
                _ => refusal.clone().map(Verdict::failed),
            };
        }
        if job.verdicts.iter().all(Option::is_some) {
            return self
                .settle_job(job, &Failure::new(Stage::End, Kind::Protocol, "the server gave no answer"));
        }
        // What refused the message for this batch would refuse it for the next.
        match refusal.filter(|_| !taken) {
            Some(failure) => self.settle_job(job, &failure),
            None => self.queue.push_front(job),
        }
    }

    /// Settles a transaction whose connection has ended: what was answered counts, the rest fails.
    pub(super) fn abandon(&mut self, transaction: Transaction, failure: &Failure, doubt: bool) {
        let refusal = transaction.refusal();
        let Transaction { mut job, batch, rcpt, .. } = transaction;
        for (&place, reply) in batch.iter().zip(&rcpt) {
            job.verdicts[place] = match (&refusal, reply) {
                (Some(refusal), _) => Some(Verdict::failed(refusal.clone())),
                (None, Some(rcpt)) if !rcpt.is_completion() => {
                    Some(Verdict::failed(Failure::refused(Stage::Rcpt, rcpt.clone())))
                }
                _ => doubt.then(|| Verdict::InDoubt(failure.clone())),
            };
        }
        self.settle_job(job, failure);
    }

    /// Reports a message; recipients without a verdict get `failure`.
    pub(super) fn settle_job(&mut self, job: Job, failure: &Failure) {
        let ticket = job.ticket;
        let delivery = job.delivery(|| Verdict::failed(failure.clone()));
        self.held.push_back(Event::Settled(ticket, delivery));
    }
}

impl Transaction {
    /// What refused the message for all of its recipients. The answer to content that nobody was to get
    /// says nothing that the answers to RCPT have not said.
    fn refusal(&self) -> Option<Failure> {
        let content = !self.has_no_recipient();
        let steps = [
            (true, Stage::Mail, &self.mail),
            (content, Stage::Data, &self.data),
            (content, Stage::End, &self.end),
        ];
        steps
            .into_iter()
            .filter(|(counts, _, reply)| *counts && is_no(reply))
            .find_map(|(_, stage, reply)| reply.clone().map(|reply| Failure::refused(stage, reply)))
    }
}

/// "Too many recipients": 452, or 552 from older servers (RFC 5321 §4.5.3.1.10).
fn is_too_many(reply: &Reply) -> bool {
    match (reply.code.get(), reply.enhanced) {
        (452, Some(enhanced)) => (enhanced.subject, enhanced.detail) == (5, 3),
        (452 | 552, _) => reply.text.to_ascii_lowercase().contains("too many recipients"),
        _ => false,
    }
}
