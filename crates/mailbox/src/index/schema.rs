//! The layout of the index file, and what is done with a file of another layout.
//!
//! `words` holds no text, only where which word occurs (an FTS5 table without content); `mail` has what a list
//! shows. A write that a power failure cuts short is rolled back or, at worst, leaves a file that is made again.

use rusqlite::{Connection, TransactionBehavior};

/// `PRAGMA application_id`: "HYix".
const APPLICATION: i64 = 0x4859_6978;
/// The layout, `PRAGMA user_version`: one more whenever [`TABLES`] or what counts as a word changes.
pub(super) const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE folder (
    id INTEGER PRIMARY KEY,
    directory TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    stamp TEXT
);
CREATE TABLE mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder INTEGER NOT NULL,
    place INTEGER NOT NULL,
    file BLOB NOT NULL,
    flags INTEGER NOT NULL,
    size INTEGER NOT NULL,
    date INTEGER NOT NULL,
    zone INTEGER,
    subject TEXT,
    author TEXT,
    author_address TEXT,
    recipient TEXT,
    recipient_address TEXT,
    recipients INTEGER NOT NULL,
    attachments INTEGER NOT NULL,
    message_id TEXT,
    key INTEGER,
    thread INTEGER
);
CREATE INDEX mail_by_date ON mail (date, id);
CREATE INDEX mail_by_folder ON mail (folder, date, id);
CREATE INDEX mail_unread ON mail (folder, date, id) WHERE flags & 1 = 0;
CREATE INDEX mail_by_key ON mail (key);
CREATE INDEX mail_by_thread ON mail (thread);
CREATE VIRTUAL TABLE words USING fts5 (
    subject, author, recipient, copy, body, file, list,
    content = '', contentless_delete = 1, tokenize = 'ascii'
);
-- Pieces of the index are put together less often than by default: a fifth less work while mail comes in, and an
-- answer is looked up in some more pieces.
INSERT INTO words (words, rank) VALUES ('automerge', 16);
INSERT INTO words (words, rank) VALUES ('crisismerge', 64);
";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Ours, of this layout.
    Ready,
    /// Ours, of an older layout, which is made again.
    Older,
    /// Ours, of a newer layout.
    Newer(i64),
    /// Somebody else's database.
    Foreign,
}

/// Makes the file's tables where it is empty, and says what it is.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Found> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    match found(connection)? {
        None => {}
        Some(found) => return Ok(found),
    }
    // Readers go on while mail is added. This sticks to the file.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    if let Some(found) = found(&transaction)? {
        return Ok(found);
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(Found::Ready)
}

/// KiB of pages that are kept in memory.
const CACHE_KIB: i64 = 16 << 10;

/// What the file is; `None` where it is empty.
fn found(connection: &Connection) -> rusqlite::Result<Option<Found>> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    Ok(match (application, version) {
        (APPLICATION, VERSION) => Some(Found::Ready),
        (APPLICATION, version) if version > VERSION => Some(Found::Newer(version)),
        (APPLICATION, _) => Some(Found::Older),
        (0, 0) if number("schema_version")? == 0 => None,
        _ => Some(Found::Foreign),
    })
}

/// The highest number that was ever given to a mail, as far as the file can still tell.
pub(super) fn highest(connection: &Connection) -> i64 {
    let query = "SELECT seq FROM sqlite_sequence WHERE name = 'mail'";
    connection.query_row(query, [], |row| row.get(0)).unwrap_or(0)
}

/// Goes on behind a number that was given before, where that is higher than those given here.
pub(super) fn go_on_behind(connection: &Connection, highest: i64) -> rusqlite::Result<()> {
    if highest <= self::highest(connection) {
        return Ok(());
    }
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'mail'", [])?;
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('mail', ?1)", [highest]).map(|_| ())
}
