//! Connections to a ledger's file, and transactions over them.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::books::{Books, Memory};
use super::trouble::Trouble;

/// How long to wait for another process that is writing (pausing, resolving).
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Connections for reading that are kept open.
const IDLE: usize = 4;
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 40;

/// A connection to a ledger that is there.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Without the flag for URIs: a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // What is in the WAL goes into the file by the writer's decision only: whoever closes after a failed write must not
    // touch it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// Does something to the books, wholly or not at all; durable when this returns.
pub(super) fn transact<T>(
    connection: &Connection,
    recipients: i64,
    memory: &mut Memory,
    work: impl FnOnce(&mut Books<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = Books::open(connection, recipients, memory).and_then(|mut books| {
        let done = work(&mut books)?;
        books.write()?;
        Ok(done)
    });
    let committed = done.and_then(|done| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(done)
    });
    if committed.is_err() && !connection.is_autocommit() {
        // What failed is told already; without an end of the transaction nothing is changed either.
        let _ = connection.execute_batch("ROLLBACK");
    }
    committed
}

/// Connections that read, and write what does not need the right to run.
pub(super) struct Connections {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Connections {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::default() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads one state of the file.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.with(|connection| {
            connection.prepare_cached("BEGIN")?.execute([])?;
            let read = work(connection);
            connection.execute_batch("ROLLBACK")?;
            read
        })
    }

    /// Does something on a connection; it is kept where nothing went wrong.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Trouble> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| connect(&self.path), Ok)?;
        let done = work(&connection);
        if done.is_ok() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < IDLE {
                idle.push(connection);
            }
        }
        done
    }

    pub(super) fn close(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
