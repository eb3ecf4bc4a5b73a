//! The standings while they are being changed: read as they are needed, written once at the end of a transaction.
//!
//! Nothing is kept from one transaction to the next but when the first of each chunk is due, and that only for as long as
//! nobody else has written to the file: another process may have resolved something meanwhile.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::Connection;

use super::buckets::Buckets;
use super::latest::Latest;
use super::schema::PAGE;
use super::standing::{Chunk, Soonest, Standing};
use super::trouble::{Trouble, damaged};
use crate::ledger::{Answered, Time};

/// What a row takes beside its texts, about, in octets.
const OF_A_ROW: usize = 100;

/// A ledger's standings inside a transaction.
pub(super) struct Books<'a> {
    pub(super) connection: &'a Connection,
    /// How many recipients there are.
    pub(super) recipients: i64,
    /// What outlives the transaction.
    pub(super) memory: &'a mut Memory,
    chunks: BTreeMap<i64, Open>,
    latest: Option<Latest>,
}

/// What a writer remembers from one transaction to the next.
#[derive(Default)]
pub(super) struct Memory {
    /// Of each chunk; empty where it must be found out.
    soonest: Vec<Soonest>,
    /// What SQLite says as long as no other connection has written.
    version: Option<i64>,
    buckets: Option<Buckets>,
    /// About how many octets were written since the last checkpoint.
    pub(super) written: usize,
}

struct Open {
    chunk: Chunk,
    /// Differs from what is in the file.
    changed: bool,
    /// Differs from what [`Memory::soonest`] says.
    stale: bool,
}

impl<'a> Books<'a> {
    /// At the beginning of a transaction that holds the right to write.
    pub(super) fn open(
        connection: &'a Connection,
        recipients: i64,
        memory: &'a mut Memory,
    ) -> Result<Self, Trouble> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if memory.version.replace(version) != Some(version) {
            memory.soonest.clear();
        }
        Ok(Self { connection, recipients, memory, chunks: BTreeMap::new(), latest: None })
    }

    /// Before the transaction is committed: writes what was changed.
    pub(super) fn write(&mut self) -> Result<(), Trouble> {
        self.refresh();
        let mut update = self.connection.prepare_cached("UPDATE standing SET body = ?2 WHERE chunk = ?1")?;
        for (number, open) in self.chunks.iter_mut().filter(|(_, open)| open.changed) {
            if update.execute((number, open.chunk.write()))? != 1 {
                return Err(damaged("a part of the standings is missing", "缺少一部分收件人状态"));
            }
            open.changed = false;
            self.memory.written += PAGE;
        }
        if let Some(buckets) = &mut self.memory.buckets {
            self.memory.written += buckets.write(self.connection)?;
        }
        if let Some(latest) = &self.latest {
            latest.write(self.connection)?;
            self.memory.written += PAGE;
        }
        Ok(())
    }

    /// Where a recipient stands; `None` where there is no such recipient.
    pub(super) fn standing(&mut self, id: i64) -> Result<Option<Standing>, Trouble> {
        if !(1..=self.recipients).contains(&id) {
            return Ok(None);
        }
        let (number, place) = Chunk::place(id);
        Ok(Some(self.chunk(number)?.chunk.get(place)))
    }

    /// Puts a recipient, which there must be, where it stands now.
    pub(super) fn set(&mut self, id: i64, standing: Standing) -> Result<(), Trouble> {
        let (number, place) = Chunk::place(id);
        let open = self.chunk(number)?;
        open.chunk.set(place, standing);
        (open.changed, open.stale) = (true, true);
        Ok(())
    }

    /// Those of a chunk, in the order of their ids.
    pub(super) fn of_chunk(&mut self, number: i64) -> Result<Vec<(i64, Standing)>, Trouble> {
        Ok(self.chunk(number)?.chunk.iter().collect())
    }

    pub(super) fn buckets(&mut self) -> Result<&mut Buckets, Trouble> {
        let buckets = match self.memory.buckets.take() {
            Some(buckets) => buckets,
            None => Buckets::read(self.connection)?,
        };
        Ok(self.memory.buckets.insert(buckets))
    }

    /// Notes who was answered.
    pub(super) fn answered(&mut self, answered: Answered) -> Result<(), Trouble> {
        let latest = match self.latest.take() {
            Some(latest) => latest,
            None => Latest::read(self.connection)?,
        };
        self.latest.insert(latest).add(answered);
        Ok(())
    }

    /// Counts what is added to a table, for [`Memory::written`].
    pub(super) fn added(&mut self, octets: usize) {
        self.memory.written += octets + OF_A_ROW;
    }

    /// Lets go of what was only read, where all chunks are gone through.
    pub(super) fn forget_unchanged(&mut self) {
        self.chunks.retain(|_, open| open.changed);
    }

    /// When the first of each chunk can be leased.
    pub(super) fn soonest(&mut self) -> Result<&[Soonest], Trouble> {
        if self.memory.soonest.is_empty() {
            let mut soonest = Vec::new();
            each_chunk(self.connection, self.recipients, 0, |chunk| {
                soonest.push(chunk.soonest());
                Ok(true)
            })?;
            self.memory.soonest = soonest;
            // What is open is newer than what was read just now.
            self.chunks.values_mut().for_each(|open| open.stale = true);
        }
        self.refresh();
        Ok(&self.memory.soonest)
    }

    fn refresh(&mut self) {
        for (number, open) in self.chunks.iter_mut().filter(|(_, open)| open.stale) {
            let known = usize::try_from(*number).ok().and_then(|number| self.memory.soonest.get_mut(number));
            if let Some(soonest) = known {
                *soonest = open.chunk.soonest();
                open.stale = false;
            }
        }
    }

    fn chunk(&mut self, number: i64) -> Result<&mut Open, Trouble> {
        match self.chunks.entry(number) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => {
                let mut select =
                    self.connection.prepare_cached("SELECT body FROM standing WHERE chunk = ?")?;
                let mut rows = select.query([number])?;
                let row = rows.next()?.ok_or_else(|| missing(number))?;
                let chunk = Chunk::read(number, self.recipients, row.get_ref(0)?.as_blob()?);
                let chunk = chunk.ok_or_else(|| bad(number))?;
                Ok(place.insert(Open { chunk, changed: false, stale: false }))
            }
        }
    }
}

/// Reads all chunks from this one on, for as long as `then` wants more: every one that must be there, and in its order.
pub(super) fn each_chunk(
    connection: &Connection,
    recipients: i64,
    from: i64,
    mut then: impl FnMut(Chunk) -> Result<bool, Trouble>,
) -> Result<(), Trouble> {
    let sql = "SELECT chunk, body FROM standing WHERE chunk >= ? ORDER BY chunk";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([from])?;
    for number in from..Chunk::needed(recipients) {
        let row = rows.next()?.ok_or_else(|| missing(number))?;
        if row.get::<_, i64>(0)? != number {
            return Err(missing(number));
        }
        let chunk = Chunk::read(number, recipients, row.get_ref(1)?.as_blob()?);
        if !then(chunk.ok_or_else(|| bad(number))?)? {
            break;
        }
    }
    Ok(())
}

/// When the next recipient becomes due, for whoever looks on beside a run.
pub(super) fn next_due(connection: &Connection, recipients: i64) -> Result<Option<Time>, Trouble> {
    let mut next = None;
    each_chunk(connection, recipients, 0, |chunk| {
        next = [next, chunk.soonest().due].into_iter().flatten().min();
        Ok(true)
    })?;
    Ok(next)
}

/// Keeps the chunks of a new ledger.
pub(super) fn insert_new(connection: &Connection, recipients: i64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("INSERT INTO standing(chunk, body) VALUES(?, ?)")?;
    for number in 0..Chunk::needed(recipients) {
        insert.execute((number, Chunk::new(number, recipients).write()))?;
    }
    Ok(())
}

fn missing(number: i64) -> Trouble {
    let first = number * super::standing::IN_CHUNK as i64 + 1;
    damaged(
        format!("the standings from recipient {first} on are missing"),
        format!("缺少从第 {first} 号收件人开始的状态"),
    )
}

fn bad(number: i64) -> Trouble {
    let first = number * super::standing::IN_CHUNK as i64 + 1;
    damaged(
        format!("the standings from recipient {first} on are damaged"),
        format!("从第 {first} 号收件人开始的状态已损坏"),
    )
}
