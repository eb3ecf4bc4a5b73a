//! How a campaign stands: who runs it, how many are where, how fast it goes and what needs somebody.

use std::time::Duration;

use super::page::Entries;
use crate::ledger::{Entry, Filter, Ledger, LedgerError, RecipientId, Runner, State, Tally, Time};

/// How many of the last refusals, and of those in doubt, are shown.
pub const SHOWN: usize = 5;
/// So many of those answered last tell how fast it goes, and who was refused last.
const LATEST: usize = 2_000;
/// Where no more than this were deferred or rejected, all of them are looked at.
pub const LOOKED_AT: u64 = 5_000;
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
    /// When the next recipient becomes due, now or later; `None` where none ever will.
    pub next_due: Option<Time>,
    /// How many of those deferred are tried again; the others were given up.
    pub again: u64,
    /// When the first of them is; not known where more than [`LOOKED_AT`] are deferred.
    pub again_at: Option<Time>,
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
        let tally = ledger.tally().await?;
        let mut refusals = Vec::new();
        for one in latest.iter().filter(|one| refused(one.state)) {
            let found = ledger.page(RecipientId(one.id.0 - 1), 1, Filter::default()).await?;
            let known = |entry: &Entry| refusals.iter().any(|known: &Entry| known.id == entry.id);
            let found = found.into_iter().filter(|entry| entry.id == one.id && refused(entry.state));
            refusals.extend(found.filter(|entry| !known(entry)).collect::<Vec<_>>());
            if refusals.len() == SHOWN {
                break;
            }
        }
        if refusals.is_empty() {
            refusals = longer_ago(ledger, &tally).await?;
        }
        let mut doubt = Vec::new();
        let filter = Filter { state: Some(State::InDoubt), row: None };
        let mut entries = Entries::new(ledger, filter);
        while doubt.len() < SHOWN
            && let Some(entry) = entries.next().await?
        {
            doubt.push(entry);
        }
        let next_due = ledger.next_due().await?.map(|due| due.max(now));
        let (again, again_at) = match tally.of(State::Deferred) {
            // Nobody is due at all; or nobody knows how many of so many.
            deferred if next_due.is_none() || deferred > LOOKED_AT => {
                (if next_due.is_some() { deferred } else { 0 }, None)
            }
            _ => again(ledger).await?,
        };
        Ok(Self {
            tally,
            runners: ledger.runners().await?,
            paused: ledger.paused().await?,
            next_due,
            again,
            again_at,
            rate,
            refusals,
            doubt,
        })
    }

    /// How many are still to be sent to.
    pub fn open(&self) -> u64 {
        self.tally.of(State::Pending) + self.tally.of(State::Leased) + self.again
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

fn refused(state: State) -> bool {
    matches!(state, State::Rejected | State::Deferred)
}

/// Who was refused last, where that is a while ago.
async fn longer_ago(ledger: &impl Ledger, tally: &Tally) -> Result<Vec<Entry>, LedgerError> {
    let mut last: Vec<Entry> = Vec::new();
    let states = [State::Rejected, State::Deferred];
    if states.iter().map(|state| tally.of(*state)).sum::<u64>() > LOOKED_AT {
        return Ok(last);
    }
    let at = |entry: &Entry| entry.attempts.last().map(|last| last.evidence.ended);
    for state in states {
        let mut entries = Entries::new(ledger, Filter { state: Some(state), row: None });
        while let Some(entry) = entries.next().await? {
            last.push(entry);
            last.sort_by_key(|entry| std::cmp::Reverse(at(entry)));
            last.truncate(SHOWN);
        }
    }
    Ok(last)
}

/// How many are tried again, and when the first of them is.
async fn again(ledger: &impl Ledger) -> Result<(u64, Option<Time>), LedgerError> {
    let (mut count, mut first) = (0, None);
    let mut entries = Entries::new(ledger, Filter { state: Some(State::Deferred), row: None });
    while let Some(entry) = entries.next().await? {
        count += u64::from(entry.due.is_some());
        first = [first, entry.due].into_iter().flatten().min();
    }
    Ok((count, first))
}
