//! The list as SQLite keeps it.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::SuppressionError;
use super::{Cause, Entry, key};
use crate::ledger::Time;

/// `HYsl`: what a file of ours begins with, for `file` and for us.
const APPLICATION: i32 = 0x4859_736c;
/// The version of the tables.
const VERSION: i32 = 1;
/// How long other processes are waited for.
const PATIENCE: Duration = Duration::from_secs(30);

const TABLES: &str = "
    CREATE TABLE suppressed (
        key TEXT PRIMARY KEY,
        address TEXT NOT NULL,
        cause TEXT NOT NULL,
        at INTEGER NOT NULL,
        until INTEGER,
        campaign TEXT NOT NULL,
        message_id TEXT NOT NULL,
        evidence TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE soft (
        key TEXT NOT NULL,
        letter TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (key, letter)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE seen (hash BLOB PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
";

/// Opens the file, or makes it.
pub(super) fn open(path: &Path) -> Result<Connection, SuppressionError> {
    let failed =
        |error: io::Error| SuppressionError::Failed { path: path.to_owned(), cause: error.to_string() };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    // SQLite would make it readable for everybody.
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(failed)?;
    let of = |error: rusqlite::Error| SuppressionError::of(path, &error);
    let mut connection = Connection::open(path).map_err(of)?;
    connection.busy_timeout(PATIENCE).map_err(of)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(of)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(of)?;
    prepare(&mut connection, path)?;
    Ok(connection)
}

/// Makes the tables of an empty file, and refuses one that is not ours.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), SuppressionError> {
    let of = |error: rusqlite::Error| SuppressionError::of(path, &error);
    let number = |connection: &Connection, name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(of)
    };
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(of)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(of)?;
    let (application, version) =
        (number(&transaction, "application_id")?, number(&transaction, "user_version")?);
    if tables == 0 && version == 0 {
        transaction.execute_batch(TABLES).map_err(of)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(of)?;
        transaction.pragma_update(None, "user_version", VERSION).map_err(of)?;
        return transaction.commit().map_err(of);
    }
    if application != APPLICATION {
        let cause = "another program's database".to_owned();
        return Err(SuppressionError::Damaged { path: path.to_owned(), cause });
    }
    if version > VERSION {
        return Err(SuppressionError::Newer { path: path.to_owned() });
    }
    transaction.commit().map_err(of)
}

const COLUMNS: &str = "address, cause, at, until, campaign, message_id, evidence";

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let cause: String = row.get(1)?;
    let unknown =
        || rusqlite::Error::FromSqlConversionFailure(1, Type::Text, "a cause that no version knows".into());
    Ok(Entry {
        address: row.get(0)?,
        cause: Cause::named(&cause).ok_or_else(unknown)?,
        at: Time(row.get(2)?),
        until: row.get::<_, Option<i64>>(3)?.map(Time),
        campaign: row.get(4)?,
        message_id: row.get(5)?,
        evidence: row.get(6)?,
    })
}

pub(super) fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM suppressed WHERE key = ?1");
    connection.prepare_cached(&sql)?.query_row([key], entry).optional()
}

/// Adds an entry, unless one that counts as much or more is there and lasts as long.
pub(super) fn add(connection: &Connection, new: &Entry) -> rusqlite::Result<bool> {
    let key = key(&new.address);
    if let Some(old) = find(connection, &key)? {
        let lasts = |entry: &Entry| entry.until.map_or(i64::MAX, |until| until.0);
        let replaces = new.cause.rank() > old.cause.rank() && lasts(new) >= lasts(&old)
            || new.cause.rank() == old.cause.rank() && lasts(new) > lasts(&old)
            || lasts(&old) <= new.at.0;
        if !replaces {
            return Ok(false);
        }
    }
    let sql =
        format!("INSERT OR REPLACE INTO suppressed (key, {COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    connection.prepare_cached(&sql)?.execute(params![
        key,
        new.address,
        new.cause.name(),
        new.at.0,
        new.until.map(|until| until.0),
        new.campaign,
        new.message_id,
        new.evidence,
    ])?;
    Ok(true)
}

pub(super) fn remove(connection: &Connection, key: &str) -> rusqlite::Result<bool> {
    connection.execute("DELETE FROM soft WHERE key = ?1", [key])?;
    Ok(connection.execute("DELETE FROM suppressed WHERE key = ?1", [key])? > 0)
}

/// Marks a mail as seen; gives whether it was not.
pub(super) fn see(connection: &Connection, hash: &[u8; 32], now: Time) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("INSERT OR IGNORE INTO seen (hash, at) VALUES (?1, ?2)")?;
    Ok(statement.execute(params![hash, now.0])? > 0)
}

pub(super) fn has_seen(connection: &Connection, hash: &[u8; 32]) -> rusqlite::Result<bool> {
    connection.prepare_cached("SELECT 1 FROM seen WHERE hash = ?1")?.exists(params![hash])
}

pub(super) fn page(connection: &Connection, after: &str, limit: usize) -> rusqlite::Result<Vec<Entry>> {
    let sql = format!("SELECT {COLUMNS} FROM suppressed WHERE key > ?1 ORDER BY key LIMIT ?2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(&sql)?.query_map(params![after, limit], entry)?.collect()
}

/// Counts a soft bounce of a letter, forgets those before `since`, and gives the times of all that count.
pub(super) fn count(
    connection: &Connection,
    key: &str,
    letter: &str,
    at: Time,
    since: Time,
) -> rusqlite::Result<Vec<Time>> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO soft (key, letter, at) VALUES (?1, ?2, ?3)")?
        .execute(params![key, letter, at.0])?;
    connection
        .prepare_cached("DELETE FROM soft WHERE key = ?1 AND at < ?2")?
        .execute(params![key, since.0])?;
    let mut statement = connection.prepare_cached("SELECT at FROM soft WHERE key = ?1 ORDER BY at")?;
    statement.query_map([key], |row| Ok(Time(row.get(0)?)))?.collect()
}
