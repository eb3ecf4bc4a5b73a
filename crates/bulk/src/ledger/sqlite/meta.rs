//! What there is one of, each under its name and guarded by a sum: the manifest, whether to pause, who runs, how many
//! rows some tables have.
//!
//! Each is there from the beginning, so that one that is not found is damage, never "no".

use rusqlite::Connection;

use super::sum::{Sum, Table};
use super::trouble::{Trouble, damaged};

/// The manifest, as JSON.
pub(super) const MANIFEST: &str = "manifest";
/// Whether somebody has asked to pause: [`YES`] or [`NO`].
pub(super) const PAUSED: &str = "paused";
/// The process that runs the campaign, also after a run that did not end by itself; else [`NO`].
pub(super) const RUNNING: &str = "running";
/// Which store somebody has moved the campaign to, or begun to; else [`NO`].
pub(super) const MOVED: &str = "moved";
/// Who was answered last, as JSON.
pub(super) const LATEST: &str = "latest";
/// How many rows' own files, connections and buckets there are.
pub(super) const FILES: &str = "files";
pub(super) const SESSIONS: &str = "sessions";
pub(super) const BUCKETS: &str = "buckets";

pub(super) const YES: &str = "yes";
pub(super) const NO: &str = "no";

/// Keeps them all, in a new ledger.
pub(super) fn insert_new(connection: &Connection, manifest: &str, files: i64) -> rusqlite::Result<()> {
    let files = files.to_string();
    let all = [
        (MANIFEST, manifest),
        (PAUSED, NO),
        (RUNNING, NO),
        (MOVED, NO),
        (LATEST, "[]"),
        (FILES, &files),
        (SESSIONS, "0"),
        (BUCKETS, "0"),
    ];
    all.into_iter().try_for_each(|(name, value)| set(connection, name, value))
}

pub(super) fn get(connection: &Connection, name: &str) -> Result<String, Trouble> {
    let mut select = connection.prepare_cached("SELECT value, sum FROM meta WHERE name = ?")?;
    let mut rows = select.query([name])?;
    let value = match rows.next()? {
        Some(row) => {
            let value: String = row.get(0)?;
            (*row.get_ref(1)?.as_blob()? == sum(name, &value)).then_some(value)
        }
        None => None,
    };
    value.ok_or_else(|| bad(name))
}

pub(super) fn count(connection: &Connection, name: &str) -> Result<i64, Trouble> {
    get(connection, name)?.parse().map_err(|_| bad(name))
}

pub(super) fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta(name, value, sum) VALUES(?, ?, ?)")?
        .execute((name, value, sum(name, value)))
        .map(drop)
}

fn sum(name: &str, value: &str) -> [u8; super::sum::SUM] {
    Sum::of(Table::Meta).text(name).text(value).end()
}

fn bad(name: &str) -> Trouble {
    damaged(format!("its record \"{name}\" is damaged"), format!("其中的“{name}”记录已损坏"))
}
