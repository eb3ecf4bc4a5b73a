//! A message on its way, and one attempt to get it across.
//!
//! A [`Job`] is a message with its verdicts so far; a [`Transaction`] is MAIL, RCPT and content for a
//! batch of its recipients. There is more than one transaction to a job where the server takes only so
//! many recipients at a time.

use std::sync::Arc;

use super::{Awaited, parameters};
use crate::machine::Ticket;
use crate::outbox::Outbox;
use crate::outcome::{Delivery, Verdict};
use crate::reply::{Reply, Severity};
use crate::smtp::{Capabilities, Envelope};

/// A submitted message.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) envelope: Envelope,
    /// One for each recipient, in the envelope's order.
    pub(super) verdicts: Vec<Option<Verdict>>,
    /// How often it was begun anew because the server had been left in the middle of something.
    pub(super) restarts: u8,
}

impl Job {
    pub(super) fn new(ticket: Ticket, envelope: Envelope) -> Self {
        let verdicts = envelope.to.iter().map(|_| None).collect();
        Self { ticket, envelope, verdicts, restarts: 0 }
    }

    /// The verdicts; those that are missing become `rest`.
    pub(super) fn delivery(self, rest: impl Fn() -> Verdict) -> Delivery {
        let addresses = self.envelope.to.into_iter().map(|recipient| recipient.address);
        let verdicts = self.verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(&rest));
        Delivery { each: addresses.zip(verdicts).collect() }
    }
}

/// How much of the content has been handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handed {
    /// Not its end.
    Partly,
    /// All, and its end mark stands at this stream position.
    Whole { end: u64 },
}

/// One attempt.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) job: Job,
    /// The recipients it is for, by place in the envelope.
    pub(super) batch: Vec<usize>,
    pub(super) mail: Option<Arc<Reply>>,
    /// The replies to RCPT, by place in the batch.
    pub(super) rcpt: Vec<Option<Arc<Reply>>>,
    /// The refusal of DATA or of a chunk that was not the last.
    pub(super) data: Option<Arc<Reply>>,
    /// The answer to the whole message.
    pub(super) end: Option<Arc<Reply>>,
    pub(super) handed: Handed,
    /// It goes by DATA, whose answer ends the transaction whatever it says.
    pub(super) dotted: bool,
    /// Replies that are to come.
    pub(super) outstanding: usize,
    /// Nothing more will be written for it.
    pub(super) written: bool,
}

impl Transaction {
    pub(super) fn new(job: Job, batch: Vec<usize>) -> Self {
        let rcpt = batch.iter().map(|_| None).collect();
        Self {
            job,
            batch,
            mail: None,
            rcpt,
            data: None,
            end: None,
            handed: Handed::Partly,
            dotted: false,
            outstanding: 0,
            written: false,
        }
    }

    /// Writes MAIL (0) or RCPT (1 to n); `None` behind the last. `scratch` saves an allocation.
    pub(super) fn write_command(
        &mut self,
        next: usize,
        server: &Capabilities,
        scratch: &mut String,
        out: &mut Outbox,
    ) -> Option<Awaited> {
        let (envelope, batch) = (&self.job.envelope, &self.batch);
        let utf8 = parameters::needs_utf8(envelope, batch);
        let awaited = if next == 0 {
            parameters::mail(envelope, server, utf8, scratch);
            let path = envelope.from.as_ref().map(|from| parameters::path(from, utf8));
            out.line(format_args!("MAIL FROM:<{}>{scratch}", path.as_deref().unwrap_or("")));
            Awaited::Mail
        } else {
            let recipient = batch.get(next - 1).and_then(|&i| envelope.to.get(i))?;
            parameters::rcpt(recipient, server, scratch);
            out.line(format_args!("RCPT TO:<{}>{scratch}", parameters::path(&recipient.address, utf8)));
            Awaited::Rcpt(next - 1)
        };
        self.outstanding += 1;
        Some(awaited)
    }

    /// A recipient was taken.
    pub(super) fn has_recipient(&self) -> bool {
        self.rcpt.iter().any(|reply| is(reply, Severity::Completion))
    }

    /// Every recipient was answered, and none taken.
    pub(super) fn has_no_recipient(&self) -> bool {
        !self.rcpt.iter().any(|reply| reply.is_none() || is(reply, Severity::Completion))
    }

    /// The server took the message.
    pub(super) fn is_taken(&self) -> bool {
        is(&self.end, Severity::Completion) && self.has_recipient()
    }

    /// MAIL was refused.
    pub(super) fn is_refused(&self) -> bool {
        is_no(&self.mail)
    }

    /// Its last octet may have left, given that the link took `written` octets.
    pub(super) fn left_whole(&self, written: u64) -> bool {
        matches!(self.handed, Handed::Whole { end } if end <= written)
    }
}

fn is(reply: &Option<Arc<Reply>>, severity: Severity) -> bool {
    reply.as_ref().is_some_and(|reply| reply.code.severity() == severity)
}

/// A reply that refuses.
pub(super) fn is_no(reply: &Option<Arc<Reply>>) -> bool {
    is(reply, Severity::Transient) || is(reply, Severity::Permanent)
}
