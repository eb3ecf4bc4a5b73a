//! How a campaign stands: who runs it, how many are where, how fast it goes and what needs somebody.

use std::time::Duration;

use super::page::Entries;
use crate::ledger::{Entry, Filter, Ledger, LedgerError, RecipientId, Runner, State, Tally, Time};

/// How many of the last refusals, and of those in doubt, are shown.
pub const SHOWN: usize = 5;
/// So many of those answered last tell how fast it goes, and who was refused last.
const LATEST: usize = 2_000;
/// What was answered longer ago says nothing of how fast it goes now.
const RECENT: Duration = Duration::from_secs(5 * 60);
/// No rate is told of a shorter time.
const SHORTEST: Duration = Duration::from_secs(1);

/// How fast it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// So many recipients were answered.
    pub answered: u64,
    /// In this time, until now.
    pub within: Duration,
}

impl Rate {
    /// In a minute.
    pub fn per_minute(self) -> f64 {
        self.answered as f64 * 60.0 / self.within.as_secs_f64()
    }
}

/// How a campaign stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// How many recipients are in each state.
    pub tally: Tally,
    /// Who runs it.
    pub runners: Vec<Runner>,
    /// Whether somebody asked to pause.
    pub paused: bool,
    /// When the next recipient becomes due.
    pub next_due: Option<Time>,
    /// How fast it went in the last minutes; `None` where nothing was answered in them.
    pub rate: Option<Rate>,
    /// Who was refused or put off last, newest first: up to [`SHOWN`].
    pub refusals: Vec<Entry>,
    /// Those in doubt: up to [`SHOWN`] of them.
    pub doubt: Vec<Entry>,
}

impl Status {
    /// How it stands `now`.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn of(ledger: &impl Ledger, now: Time) -> Result<Self, LedgerError> {
        let latest = ledger.latest(LATEST).await?;
        let since = |at: Time| now.since(at);
        let recent: Vec<Time> =
            latest.iter().map(|one| one.at).take_while(|at| since(*at) <= RECENT).collect();
        let rate = recent.last().map(|oldest| {
            // From the oldest of them on: before it there may have been a pause.
            Rate { answered: recent.len() as u64, within: since(*oldest).max(SHORTEST) }
        });
        let refused = |state: State| matches!(state, State::Rejected | State::Deferred);
        let mut refusals: Vec<Entry> = Vec::new();
        for one in latest.iter().filter(|one| refused(one.state)) {
            if refusals.len() == SHOWN {
                break;
            }
            if refusals.iter().any(|known| known.id == one.id) {
                continue;
            }
            let found = ledger.page(RecipientId(one.id.0 - 1), 1, Filter::default()).await?;
            refusals.extend(found.into_iter().filter(|entry| entry.id == one.id && refused(entry.state)));
        }
        let mut doubt = Vec::new();
        let filter = Filter { state: Some(State::InDoubt), row: None };
        let mut entries = Entries::new(ledger, filter);
        while doubt.len() < SHOWN
            && let Some(entry) = entries.next().await?
        {
            doubt.push(entry);
        }
        Ok(Self {
            tally: ledger.tally().await?,
            runners: ledger.runners().await?,
            paused: ledger.paused().await?,
            next_due: ledger.next_due().await?,
            rate,
            refusals,
            doubt,
        })
    }

    /// How many are still to be sent to.
    pub fn open(&self) -> u64 {
        let due = if self.next_due.is_some() { self.tally.of(State::Deferred) } else { 0 };
        self.tally.of(State::Pending) + self.tally.of(State::Leased) + due
    }

    /// How long the rest takes at this rate, while it runs.
    pub fn left(&self) -> Option<Duration> {
        let rate = self.rate.filter(|_| !self.runners.is_empty() && !self.paused)?;
        let seconds = self.open() as f64 * 60.0 / rate.per_minute();
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// How many were being sent when the program ended without a word: they become in doubt when it runs again.
    pub fn interrupted(&self) -> u64 {
        if self.runners.is_empty() { self.tally.of(State::InData) } else { 0 }
    }
}
