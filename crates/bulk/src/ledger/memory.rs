//! A ledger that is forgotten with the process: for letters to oneself, for trying things, and to measure what being
//! durable costs. Holds every letter in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{
    Answered, Attempt, Entry, Filter, FrozenFile, Ledger, LedgerError, Letter, LetterToLoad, Manifest,
    Opening, Outcome, Recipient, RecipientId, Resolution, Runner, SessionId, State, Tally, Time,
};
use crate::pace::{Bucket, Rate};

/// Nobody else can lease from memory.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A campaign's ledger in memory.
#[derive(Debug)]
pub struct Memory {
    manifest: Manifest,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    entries: Vec<Entry>,
    /// Which letter each entry belongs to: entries of one letter stand together.
    letters: Vec<usize>,
    pending: VecDeque<RecipientId>,
    waiting: BTreeSet<(Time, RecipientId)>,
    buckets: HashMap<String, Bucket>,
    sessions: Vec<Opening>,
    answered: Vec<Answered>,
    files: BTreeMap<String, FrozenFile>,
    paused: bool,
}

impl Memory {
    /// Of these letters.
    pub fn new(manifest: Manifest, letters: impl IntoIterator<Item = LetterToLoad>) -> Self {
        let mut held = Held { files: manifest.files.clone(), ..Held::default() };
        for (number, letter) in letters.into_iter().enumerate() {
            for (role, address) in letter.recipients {
                let id = RecipientId(held.entries.len() as i64 + 1);
                let (row, files) = (letter.row.clone(), letter.files.clone());
                let (state, due, attempts) = (State::Pending, None, Vec::new());
                held.entries.push(Entry { id, address, role, row, files, state, due, attempts });
                held.letters.push(number);
                held.pending.push_back(id);
            }
        }
        Self { manifest, held: Mutex::new(held) }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn entry(&mut self, id: RecipientId) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(id.0).ok()?.checked_sub(1)?)
    }

    /// Changes the state, and leaves no trace of it among those that wait.
    fn set(&mut self, id: RecipientId, state: State, due: Option<Time>) {
        let Some(entry) = self.entry(id) else { return };
        let old = entry.due.take();
        entry.state = state;
        entry.due = due;
        if let Some(old) = old {
            self.waiting.remove(&(old, id));
        }
        if let Some(due) = due {
            self.waiting.insert((due, id));
        }
    }

    fn next(&mut self, now: Time) -> Option<RecipientId> {
        while let Some(id) = self.pending.pop_front() {
            if self.entry(id).is_some_and(|entry| entry.state == State::Pending && entry.due.is_none()) {
                return Some(id);
            }
        }
        let (due, id) = *self.waiting.first()?;
        (due <= now).then_some(id)
    }

    fn letter(&mut self, first: RecipientId, now: Time) -> Letter {
        let at = (first.0 - 1) as usize;
        let number = self.letters[at];
        let end = self.letters[at..]
            .iter()
            .position(|other| *other != number)
            .map_or(self.letters.len(), |n| at + n);
        let begin = self.letters[..at].iter().rposition(|other| *other != number).map_or(0, |n| n + 1);
        let mut recipients = Vec::with_capacity(1);
        for index in begin..end {
            let entry = &self.entries[index];
            let is_due = match entry.state {
                State::Pending | State::Deferred => {
                    entry.due.map_or(entry.state == State::Pending, |due| due <= now)
                }
                _ => false,
            };
            if is_due {
                let attempt = entry.attempts.len() as u32 + 1;
                let (id, address, role) = (entry.id, entry.address.clone(), entry.role);
                recipients.push(Recipient { id, address, role, attempt });
            }
        }
        for recipient in &recipients {
            self.set(recipient.id, State::Leased, None);
        }
        let entry = &self.entries[at];
        Letter {
            row: entry.row.clone(),
            recipients,
            files: entry.files.clone(),
            until: Instant::now() + FOR_EVER,
        }
    }
}

impl Ledger for Memory {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn lease(&self, want: usize, now: Time) -> Result<Vec<Letter>, LedgerError> {
        let mut held = self.lock();
        let mut letters = Vec::new();
        while letters.len() < want {
            let Some(id) = held.next(now) else { break };
            letters.push(held.letter(id, now));
        }
        Ok(letters)
    }

    async fn begin(&self, ids: Vec<RecipientId>, _: Time) -> Result<Vec<RecipientId>, LedgerError> {
        let mut held = self.lock();
        let mut begun = ids;
        begun.retain(|id| held.entry(*id).is_some_and(|entry| entry.state == State::Leased));
        for id in &begun {
            held.set(*id, State::InData, None);
        }
        Ok(begun)
    }

    async fn settle(&self, outcomes: Vec<Outcome>) -> Result<(), LedgerError> {
        let mut held = self.lock();
        for Outcome { id, attempt, state, due, evidence } in outcomes {
            let Some(entry) = held.entry(id) else { continue };
            let at = evidence.ended;
            entry.attempts.push(Attempt { number: attempt, state, evidence });
            held.set(id, state, due);
            held.answered.push(Answered { id, state, at });
        }
        Ok(())
    }

    async fn release(&self, ids: Vec<RecipientId>, due: Time) -> Result<(), LedgerError> {
        let mut held = self.lock();
        for id in ids {
            held.set(id, State::Pending, Some(due));
        }
        Ok(())
    }

    async fn next_due(&self) -> Result<Option<Time>, LedgerError> {
        let held = self.lock();
        let pending = held.pending.iter().any(|id| held.entries[(id.0 - 1) as usize].state == State::Pending);
        Ok(if pending { Some(Time(0)) } else { held.waiting.first().map(|(due, _)| *due) })
    }

    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        want: u32,
        now: Time,
    ) -> Result<(u32, Duration), LedgerError> {
        let mut held = self.lock();
        let bucket = held.buckets.entry(bucket.to_owned()).or_insert_with(|| Bucket::full(rate, now));
        Ok(bucket.take(rate, want, now))
    }

    async fn session(
        &self,
        opened: Time,
        account: &str,
        transcript: String,
    ) -> Result<SessionId, LedgerError> {
        let mut held = self.lock();
        held.sessions.push(Opening { opened, account: account.to_owned(), transcript });
        Ok(SessionId(held.sessions.len() as i64))
    }

    async fn tally(&self) -> Result<Tally, LedgerError> {
        let mut tally = Tally::default();
        self.lock().entries.iter().for_each(|entry| tally.add(entry.state, 1));
        Ok(tally)
    }

    async fn page(
        &self,
        after: RecipientId,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<Entry>, LedgerError> {
        let held = self.lock();
        let wanted = |entry: &&Entry| {
            entry.id > after
                && filter.state.is_none_or(|state| entry.state == state)
                && filter.row.is_none_or(|row| entry.row.number == row)
        };
        Ok(held.entries.iter().filter(wanted).take(limit).cloned().collect())
    }

    async fn opening(&self, id: SessionId) -> Result<Option<Opening>, LedgerError> {
        let index = usize::try_from(id.0 - 1).ok();
        Ok(index.and_then(|index| self.lock().sessions.get(index).cloned()))
    }

    async fn latest(&self, limit: usize) -> Result<Vec<Answered>, LedgerError> {
        Ok(self.lock().answered.iter().rev().take(limit).copied().collect())
    }

    async fn frozen(&self, path: &str) -> Result<Option<FrozenFile>, LedgerError> {
        Ok(self.lock().files.get(path).cloned())
    }

    async fn runners(&self) -> Result<Vec<Runner>, LedgerError> {
        Ok(Vec::new())
    }

    async fn resolve(&self, ids: Vec<RecipientId>, how: Resolution, now: Time) -> Result<u64, LedgerError> {
        let mut held = self.lock();
        let mut changed = 0;
        for id in ids {
            let Some(entry) = held.entry(id) else { continue };
            let (state, due) = match (how, entry.state) {
                (Resolution::Found, State::InDoubt) => (State::Accepted, None),
                (Resolution::Skip, State::InDoubt) => (State::Skipped, None),
                (Resolution::Resend, State::InDoubt | State::Deferred | State::Rejected) => {
                    (State::Pending, Some(now))
                }
                _ => continue,
            };
            held.set(id, state, due);
            changed += 1;
        }
        Ok(changed)
    }

    async fn paused(&self) -> Result<bool, LedgerError> {
        Ok(self.lock().paused)
    }

    async fn pause(&self, paused: bool) -> Result<(), LedgerError> {
        self.lock().paused = paused;
        Ok(())
    }
}
