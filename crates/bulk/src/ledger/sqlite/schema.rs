//! The tables of a ledger, and what its file must be to be opened.
//!
//! What was loaded (`letter`, `recipient`, `file`) never changes. What changes is small and never grows (`standing`).
//! What became of an attempt is added at the end of `attempt`. So pages stay full and the file small.

use std::io::Read;
use std::path::Path;

use rusqlite::Connection;

use super::trouble::{Trouble, damaged, newer};

/// In the file's header: "HyBL".
pub(super) const APPLICATION: i32 = 0x4879_424c;
/// The version of the tables.
pub(super) const VERSION: i32 = 1;
/// Of the file, in octets.
pub(super) const PAGE: usize = 4096;

/// Each statement is kept by SQLite word for word, which [`check_tables`] makes use of.
const TABLES: [(&str, &str); 8] = [
    (
        "meta",
        "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL, sum BLOB NOT NULL) WITHOUT ROWID",
    ),
    (
        "file",
        "CREATE TABLE file(path TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, sum BLOB NOT NULL) \
         WITHOUT ROWID",
    ),
    (
        "letter",
        "CREATE TABLE letter(row INTEGER PRIMARY KEY, first INTEGER NOT NULL, recipients INTEGER NOT NULL, \
         cells TEXT NOT NULL, files TEXT, sum BLOB NOT NULL)",
    ),
    (
        "recipient",
        "CREATE TABLE recipient(id INTEGER PRIMARY KEY, row INTEGER NOT NULL, role INTEGER NOT NULL, \
         address TEXT NOT NULL, sum BLOB NOT NULL)",
    ),
    ("standing", "CREATE TABLE standing(chunk INTEGER PRIMARY KEY, body BLOB NOT NULL)"),
    (
        "attempt",
        "CREATE TABLE attempt(key INTEGER PRIMARY KEY, state INTEGER NOT NULL, begun INTEGER NOT NULL, \
         ended INTEGER NOT NULL, session INTEGER, reply TEXT NOT NULL, cause TEXT NOT NULL, \
         conversation TEXT NOT NULL, sha256 BLOB, size INTEGER, sum BLOB NOT NULL)",
    ),
    (
        "session",
        "CREATE TABLE session(id INTEGER PRIMARY KEY, opened INTEGER NOT NULL, account TEXT NOT NULL, \
         transcript TEXT NOT NULL, sum BLOB NOT NULL)",
    ),
    (
        "bucket",
        "CREATE TABLE bucket(id INTEGER PRIMARY KEY, name TEXT NOT NULL, level INTEGER NOT NULL, \
         at INTEGER NOT NULL, sum BLOB NOT NULL)",
    ),
];

/// Makes the tables in an empty file.
pub(super) fn make(connection: &Connection) -> rusqlite::Result<()> {
    for (_, statement) in TABLES {
        connection.execute_batch(statement)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", VERSION)
}

/// Looks at the file's header before SQLite does: what a flipped bit there can make of a file goes far, up to pages being
/// laid out otherwise, so each field that has only one value must have it.
pub(super) fn check_header(path: &Path) -> Result<(), Trouble> {
    let mut header = [0; 100];
    let mut file = std::fs::File::open(path)?;
    file.read_exact(&mut header).map_err(|_| damaged("its header is cut off", "文件头不完整"))?;
    let number = |at: usize| i32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    if &header[..16] != b"SQLite format 3\0" || number(68) != APPLICATION {
        return Err(damaged("it is not a ledger of Hongyan", "它不是鸿雁的账本"));
    }
    if number(60) > VERSION {
        return Err(newer(number(60)));
    }
    // File format (SQLite): page size, WAL for writing and reading, nothing reserved, three fractions; schema format 4,
    // no vacuum by itself, UTF-8, none step by step; zeros to be used some day.
    let fixed = header[16..24] == [16, 0, 2, 2, 0, 64, 32, 32]
        && number(44) == 4
        && number(52) == 0
        && number(56) == 1
        && number(60) == VERSION
        && number(64) == 0
        && header[72..92].iter().all(|&octet| octet == 0);
    if !fixed {
        return Err(damaged("its header is damaged", "文件头已损坏"));
    }
    Ok(())
}

/// Whether the tables are those of this version.
pub(super) fn check_tables(connection: &Connection) -> Result<(), Trouble> {
    let mut select =
        connection.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid")?;
    let mut rows = select.query([])?;
    for (name, statement) in TABLES {
        let row = rows.next()?.ok_or_else(|| damaged("a table is missing", "缺少一张表"))?;
        let same = row.get_ref(0)?.as_str()? == "table"
            && row.get_ref(1)?.as_str()? == name
            && row.get_ref(2)?.as_str()? == name
            && row.get_ref(3)?.as_str()? == statement;
        if !same {
            return Err(damaged("its list of tables is damaged", "表的清单已损坏"));
        }
    }
    match rows.next()? {
        None => Ok(()),
        Some(_) => Err(damaged("there is a table too many", "多出一张表")),
    }
}
