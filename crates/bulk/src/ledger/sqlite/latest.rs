//! Who was answered last, for whoever watches a run: one small record, written with each group.

use std::collections::VecDeque;

use rusqlite::Connection;

use super::meta;
use super::trouble::{Trouble, damaged};
use crate::ledger::{Answered, RecipientId, State, Time};

/// How many are kept.
pub const LATEST: usize = 100;

/// The answers that came last, oldest first.
pub(super) struct Latest(VecDeque<Answered>);

impl Latest {
    pub(super) fn read(connection: &Connection) -> Result<Self, Trouble> {
        let kept = meta::get(connection, meta::LATEST)?;
        let bad = || damaged("the list of the latest answers is damaged", "最新应答的清单已损坏");
        let records: Vec<(i64, i64, i64)> = serde_json::from_str(&kept).map_err(|_| bad())?;
        let answered = |(id, state, at)| {
            Some(Answered { id: RecipientId(id), state: State::from_number(state)?, at: Time(at) })
        };
        records.into_iter().map(answered).collect::<Option<_>>().map(Self).ok_or_else(bad)
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let record = |answered: &Answered| (answered.id.0, answered.state as i64, answered.at.0);
        let records: Vec<(i64, i64, i64)> = self.0.iter().map(record).collect();
        // Numbers can always be written as JSON.
        meta::set(connection, meta::LATEST, &serde_json::to_string(&records).unwrap_or_default())
    }

    pub(super) fn add(&mut self, answered: Answered) {
        if self.0.len() == LATEST {
            self.0.pop_front();
        }
        self.0.push_back(answered);
    }

    /// Newest first.
    pub(super) fn take(&self, limit: usize) -> Vec<Answered> {
        self.0.iter().rev().take(limit).copied().collect()
    }
}
