//! From verdicts to outcomes: what is tried again and when, and the one task that records them.

use std::sync::Arc;

use hongyan_proto::outcome::{Failure, Kind, Stage, Verdict};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::event::{Event, Tell};
use super::line::Settled;
use super::stop::{Stop, Why};
use super::{Compose, Shared};
use crate::ledger::{Evidence, Ledger, LedgerError, Outcome, Recipient, State, Time};

/// The most letters of a group.
const GROUP: usize = 1024;
/// How many groups may wait for the ledger.
const AT_ONCE: usize = 4;

/// Records what is settled, in groups, until nobody sends any more. While one group is made durable the next ones are
/// handed over already: the ledger makes them durable together.
pub(super) async fn settle<L: Ledger, H: Send + 'static>(
    ledger: Arc<L>,
    mut settled: mpsc::UnboundedReceiver<Settled<H>>,
    stop: Stop,
    tell: Tell,
) {
    let mut recording = JoinSet::new();
    let mut group = Vec::with_capacity(GROUP);
    loop {
        tokio::select! {
            Some(recorded) = recording.join_next(), if !recording.is_empty() => {
                let (group, recorded): (Vec<Settled<H>>, _) = match recorded {
                    Ok(done) => done,
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                };
                over(group, recorded, &stop, &tell);
            }
            taken = settled.recv_many(&mut group, GROUP), if recording.len() < AT_ONCE => {
                if taken == 0 {
                    break;
                }
                let (ledger, group) = (ledger.clone(), std::mem::take(&mut group));
                let outcomes = group.iter().flat_map(|one| one.outcomes.iter().map(|(outcome, _)| outcome.clone()));
                let outcomes = outcomes.collect();
                recording.spawn(async move {
                    let recorded = ledger.settle(outcomes).await;
                    (group, recorded)
                });
            }
        }
    }
    while let Some(recorded) = recording.join_next().await {
        match recorded {
            Ok((group, recorded)) => over(group, recorded, &stop, &tell),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// A group is recorded, or cannot be.
fn over<H>(group: Vec<Settled<H>>, recorded: Result<(), LedgerError>, stop: &Stop, tell: &Tell) {
    let failed = recorded.is_err();
    if let Err(error) = recorded {
        stop.failed(error);
    }
    for one in group {
        if !failed {
            tell_of(&one, tell);
        }
        if let Some(desk) = &one.desk {
            desk.settled(1);
        }
        one.line.done(1);
    }
}

fn tell_of<H>(one: &Settled<H>, tell: &Tell) {
    for (recipient, (outcome, failure)) in one.letter.recipients.iter().zip(&one.outcomes) {
        let evidence = &outcome.evidence;
        tell(Event::Settled {
            id: recipient.id,
            row: one.letter.row.number,
            attempt: recipient.attempt,
            address: &recipient.address,
            state: outcome.state,
            words: if evidence.reply.is_empty() { &evidence.cause } else { &evidence.reply },
            failure: failure.as_ref(),
            due: outcome.due,
        });
    }
}

impl<L: Ledger, C: Compose> Shared<L, C> {
    /// What a verdict means for a recipient, now.
    pub(super) fn outcome(
        &self,
        recipient: &Recipient,
        verdict: Verdict,
        mut evidence: Evidence,
    ) -> (Outcome, Option<Failure>) {
        let state = State::from(&verdict);
        let mut due = None;
        let failure = match verdict {
            Verdict::Accepted(reply) => {
                evidence.reply = one_line(&reply.to_string());
                self.watch.saw(false);
                None
            }
            Verdict::Deferred(failure) | Verdict::Rejected(failure) | Verdict::InDoubt(failure) => {
                evidence.reply =
                    failure.reply.as_ref().map(|reply| one_line(&reply.to_string())).unwrap_or_default();
                evidence.cause = match &failure.cause {
                    Some(cause) => one_line(&format!("{}: {cause}", failure.stage)),
                    None => failure.stage.to_string(),
                };
                due = self.due(recipient, state, &failure, evidence.ended);
                self.look(state, &failure);
                Some(failure)
            }
        };
        let outcome = Outcome { id: recipient.id, attempt: recipient.attempt, state, due, evidence };
        (outcome, failure)
    }

    /// When a deferred recipient is tried again. "Slow down" is none of the recipient's doing: it is always tried again; so
    /// it is, and at once, where the lease ended before anything was sent.
    fn due(&self, recipient: &Recipient, state: State, failure: &Failure, now: Time) -> Option<Time> {
        if state != State::Deferred {
            return None;
        }
        match failure.rate_limit() {
            Some(pause) => Some(now.after(pause)),
            None if (failure.stage, failure.kind) == (Stage::Prepare, Kind::Timeout) => Some(now),
            None => self.options.retry.after(recipient.attempt, recipient.id.0).map(|wait| now.after(wait)),
        }
    }

    fn look(&self, state: State, failure: &Failure) {
        if let Some((refused, of)) = self.watch.saw(state == State::Rejected) {
            self.stop.ask(Why::TooManyRefused { refused, of, last: Box::new(failure.clone()) });
        }
    }
}

/// Replies of several lines, and anything that could end a line, as one.
fn one_line(text: &str) -> String {
    if text.contains(['\r', '\n']) {
        text.split(['\r', '\n']).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" / ")
    } else {
        text.to_owned()
    }
}
