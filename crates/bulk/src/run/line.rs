//! What the parts of an account share: the letters that were leased for it, how its provider feels about it, and what
//! every part may do with a letter: settle it, or give it back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hongyan_proto::outcome::{Failure, Verdict};
use tokio::sync::{Notify, mpsc};

use super::Shared;
use super::desk::Desk;
use super::event::Event;
use super::plan::{Compose, Route};
use super::stop::Why;
use crate::ledger::{Evidence, Ledger, LedgerError, Letter, Outcome, RecipientId, Time};
use crate::pace::Slower;

/// What the connections of an account share.
pub(super) struct Line {
    letters: tokio::sync::Mutex<mpsc::Receiver<Letter>>,
    outstanding: Arc<Outstanding>,
    state: Mutex<Mood>,
}

/// Letters that are leased by this run and neither settled nor given back, over all accounts.
#[derive(Default)]
pub(super) struct Outstanding {
    pub(super) letters: AtomicUsize,
    pub(super) changed: Notify,
}

#[derive(Default)]
struct Mood {
    slower: Slower,
    dead: Option<Failure>,
    /// Somebody has paused the campaign.
    paused: bool,
}

impl Line {
    pub(super) fn new(letters: mpsc::Receiver<Letter>, outstanding: Arc<Outstanding>) -> Self {
        Self { letters: tokio::sync::Mutex::new(letters), outstanding, state: Mutex::default() }
    }

    /// Waits for letters, and takes up to `most`; 0 where there will be none any more.
    pub(super) async fn take(&self, into: &mut Vec<Letter>, most: usize) -> usize {
        self.letters.lock().await.recv_many(into, most).await
    }

    /// So many letters are settled or given back.
    pub(super) fn done(&self, letters: usize) {
        self.outstanding.letters.fetch_sub(letters, Ordering::AcqRel);
        self.outstanding.changed.notify_waiters();
    }

    pub(super) fn leased(&self, letters: usize) {
        self.outstanding.letters.fetch_add(letters, Ordering::AcqRel);
    }

    /// The provider has said "slow down".
    pub(super) fn slow_down(&self, now: Time, pause: Duration) {
        self.state().slower.said(now, pause);
    }

    /// A message was taken.
    pub(super) fn accepted(&self, now: Time) {
        self.state().slower.accepted(now);
    }

    /// Until when nothing is sent, because the provider has said "slow down".
    pub(super) fn cooling(&self, now: Time) -> Option<Time> {
        self.state().slower.cooling(now)
    }

    /// The account cannot be used any more.
    pub(super) fn give_up(&self, failure: Failure) {
        self.state().dead.get_or_insert(failure);
    }

    /// Whether somebody has paused the campaign.
    pub(super) fn pause(&self, paused: bool) {
        self.state().paused = paused;
    }

    fn is_paused(&self) -> bool {
        self.state().paused
    }

    pub(super) fn is_dead(&self) -> bool {
        self.state().dead.is_some()
    }

    /// Up to `want` letters after what the provider has said, and how long to wait where there are fewer.
    pub(super) fn slower(&self, want: u32, now: Time) -> (u32, Duration) {
        self.state().slower.take(want, now)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Mood> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A letter that is settled, or gives up its place.
pub(super) struct Settled<H> {
    pub(super) letter: Letter,
    /// One for each of the letter's recipients, in order.
    pub(super) outcomes: Vec<(Outcome, Option<Failure>)>,
    /// Where it lay, if it was begun.
    pub(super) desk: Option<Arc<Desk<H>>>,
    pub(super) line: Arc<Line>,
}

impl<L: Ledger, C: Compose> Shared<L, C> {
    /// Hands over what is to be recorded. The task that records lives as long as anybody can hand over anything.
    pub(super) fn record(&self, settled: Settled<C::Held>) {
        let _ = self.settling.send(settled);
    }

    /// Where nothing may be sent through an account now: when to try again what is given back.
    pub(super) fn barred(&self, line: &Line, now: Time) -> Option<Time> {
        if self.stop.is_asked() || line.is_dead() || line.is_paused() {
            return Some(now);
        }
        line.cooling(now)
    }

    /// The same verdict for all of a letter's recipients.
    pub(super) fn settle_all(
        &self,
        letter: Letter,
        verdict: Verdict,
        evidence: Evidence,
        desk: Option<Arc<Desk<C::Held>>>,
        line: &Arc<Line>,
    ) {
        let outcome = |recipient| self.outcome(recipient, verdict.clone(), evidence.clone());
        let outcomes = letter.recipients.iter().map(outcome).collect();
        self.record(Settled { letter, outcomes, desk, line: line.clone() });
    }

    /// The account is of no use any more; the last one takes the run with it.
    pub(super) fn give_up(&self, line: &Line, route: &Route, failure: Failure) {
        line.give_up(failure.clone());
        (self.tell)(Event::GivenUp { account: &route.name, failure: &failure });
        if self.accounts.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.stop.ask(Why::NoAccount { account: route.name.clone(), failure: Box::new(failure) });
        }
    }
}

/// Gives letters back that certainly did not leave.
pub(super) async fn give_back<L: Ledger, C: Compose>(
    shared: &Shared<L, C>,
    line: &Line,
    letters: Vec<Letter>,
    due: Time,
) -> Result<(), LedgerError> {
    if letters.is_empty() {
        return Ok(());
    }
    let ids: Vec<RecipientId> = letters.iter().flat_map(|one| one.recipients.iter().map(|r| r.id)).collect();
    let released = shared.ledger.release(ids, due).await;
    line.done(letters.len());
    released
}
