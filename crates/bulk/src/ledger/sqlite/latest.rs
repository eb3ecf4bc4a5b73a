//! Who was answered last, for whoever watches a run: one small record, written with each group.

use std::collections::VecDeque;

use rusqlite::{Connection, OptionalExtension};

use super::sum::{SUM, Sum, Table};
use super::trouble::{Trouble, damaged};
use crate::ledger::{Answered, RecipientId, State, Time};

/// How many are kept.
pub const LATEST: usize = 100;
/// An answer: the recipient, the state, the time.
const WIDTH: usize = 8 + 1 + 8;

/// The answers that came last, oldest first.
pub(super) struct Latest(VecDeque<Answered>);

impl Latest {
    pub(super) fn read(connection: &Connection) -> Result<Self, Trouble> {
        let body: Option<Vec<u8>> = connection
            .prepare_cached("SELECT body FROM latest WHERE one = 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let body = body.unwrap_or_default();
        let bad = || damaged("the list of the latest answers is damaged", "最新应答的清单已损坏");
        if body.is_empty() {
            return Ok(Self(VecDeque::new()));
        }
        let (records, kept) = body.split_last_chunk::<SUM>().ok_or_else(bad)?;
        if sum(records) != *kept {
            return Err(bad());
        }
        Ok(Self(records.chunks_exact(WIDTH).map(read_one).collect::<Option<_>>().ok_or_else(bad)?))
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let mut body = Vec::with_capacity(self.0.len() * WIDTH + SUM);
        for answered in &self.0 {
            body.extend_from_slice(&answered.id.0.to_le_bytes());
            body.push(answered.state as u8);
            body.extend_from_slice(&answered.at.0.to_le_bytes());
        }
        body.extend_from_slice(&sum(&body));
        let sql = "INSERT OR REPLACE INTO latest(one, body) VALUES(1, ?)";
        connection.prepare_cached(sql)?.execute([body]).map(drop)
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

fn read_one(record: &[u8]) -> Option<Answered> {
    let (id, rest) = record.split_first_chunk()?;
    let (state, at) = rest.split_first()?;
    Some(Answered {
        id: RecipientId(i64::from_le_bytes(*id)),
        state: State::from_number(i64::from(*state))?,
        at: Time(i64::from_le_bytes(*at.first_chunk()?)),
    })
}

fn sum(records: &[u8]) -> [u8; SUM] {
    Sum::of(Table::Latest).octets(records).end()
}
