//! Names and their values, each guarded by a sum: the manifest, whether to pause, who runs.

use rusqlite::{Connection, OptionalExtension};

use super::sum::{SUM, Sum, Table};
use super::trouble::{Trouble, damaged};

pub(super) const MANIFEST: &str = "manifest";
pub(super) const PAUSED: &str = "paused";
/// There while somebody runs the campaign, and after a run that did not end by itself.
pub(super) const RUNNING: &str = "running";

fn sum(name: &str, value: &str) -> [u8; SUM] {
    Sum::of(Table::Meta).text(name).text(value).end()
}

pub(super) fn get(connection: &Connection, name: &str) -> Result<Option<String>, Trouble> {
    let found: Option<(String, [u8; SUM])> = connection
        .prepare_cached("SELECT value, sum FROM meta WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((value, kept)) if kept != sum(name, &value) => {
            Err(damaged(format!("its {name} is damaged"), format!("其中的 {name} 记录已损坏")))
        }
        found => Ok(found.map(|(value, _)| value)),
    }
}

pub(super) fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta(name, value, sum) VALUES(?, ?, ?)")?
        .execute((name, value, sum(name, value)))
        .map(drop)
}

pub(super) fn remove(connection: &Connection, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM meta WHERE name = ?")?.execute([name]).map(drop)
}
