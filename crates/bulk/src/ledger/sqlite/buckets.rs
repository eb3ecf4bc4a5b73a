//! The buckets that a run takes from: in memory, since only the run does, and on disk before what was taken is used.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use rusqlite::{Connection, params};

use super::meta;
use super::sum::{SUM, Sum, Table};
use super::trouble::{Trouble, damaged};
use crate::ledger::Time;
use crate::pace::{Bucket, Rate};

/// All buckets of a campaign, by their names.
pub(super) struct Buckets {
    known: HashMap<String, (i64, Bucket)>,
    /// Those that differ from what is on disk.
    changed: BTreeSet<String>,
    /// How many are on disk; they are numbered from 1.
    kept: i64,
}

fn sum(id: i64, name: &str, bucket: &Bucket) -> [u8; SUM] {
    Sum::of(Table::Bucket).number(id).text(name).number(bucket.level).number(bucket.at.0).end()
}

impl Buckets {
    /// As many as there must be: one that were not found would be a full one.
    pub(super) fn read(connection: &Connection) -> Result<Self, Trouble> {
        let kept = meta::count(connection, meta::BUCKETS)?;
        let mut select =
            connection.prepare_cached("SELECT id, name, level, at, sum FROM bucket ORDER BY id")?;
        let mut rows = select.query([])?;
        let mut known = HashMap::new();
        for expected in 1..=kept {
            let bad = || damaged("a record of what was sent when is damaged", "限速记录已损坏");
            let row = rows.next()?.ok_or_else(bad)?;
            let (id, name): (i64, String) = (row.get(0)?, row.get(1)?);
            let bucket = Bucket { level: row.get(2)?, at: Time(row.get(3)?) };
            if id != expected || *row.get_ref(4)?.as_blob()? != sum(id, &name, &bucket) {
                return Err(bad());
            }
            known.insert(name, (id, bucket));
        }
        Ok(Self { known, changed: BTreeSet::new(), kept })
    }

    /// All of them, by their names.
    pub(super) fn all(self) -> Vec<(String, Bucket)> {
        self.known.into_iter().map(|(name, (_, bucket))| (name, bucket)).collect()
    }

    pub(super) fn take(&mut self, name: &str, rate: Rate, want: u32, now: Time) -> (u32, Duration) {
        let next = self.known.len() as i64 + 1;
        let (_, bucket) = match self.known.get_mut(name) {
            Some(known) => known,
            None => self.known.entry(name.to_owned()).or_insert((next, Bucket::full(rate, now))),
        };
        let taken = bucket.take(rate, want, now);
        if !self.changed.contains(name) {
            self.changed.insert(name.to_owned());
        }
        taken
    }

    /// Gives about how many octets it wrote.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<usize> {
        let mut written = 0;
        let sql = "INSERT OR REPLACE INTO bucket(id, name, level, at, sum) VALUES(?, ?, ?, ?, ?)";
        let mut insert = connection.prepare_cached(sql)?;
        for name in std::mem::take(&mut self.changed) {
            if let Some((id, bucket)) = self.known.get(&name) {
                insert.execute(params![id, name, bucket.level, bucket.at.0, sum(*id, &name, bucket)])?;
                written += name.len();
            }
        }
        let count = self.known.len() as i64;
        if count != self.kept {
            meta::set(connection, meta::BUCKETS, &count.to_string())?;
            self.kept = count;
        }
        Ok(written)
    }
}
