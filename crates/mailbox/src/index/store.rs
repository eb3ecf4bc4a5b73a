//! Writing the index: what a folder holds, mails that came, moved or went.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::index::Who;
use crate::index::document::{Document, key};
use crate::maildir::{Flags, Place};

/// Flags as the index has them, a bit each.
const BITS: [(Flags, i64); 6] = [
    (Flags::SEEN, 1),
    (Flags::REPLIED, 2),
    (Flags::FLAGGED, 4),
    (Flags::PASSED, 8),
    (Flags::DRAFT, 16),
    (Flags::TRASHED, 32),
];

/// The bit, or bits, of these flags.
pub(super) fn bits(flags: Flags) -> i64 {
    BITS.iter().filter(|(flag, _)| flags.contains(*flag)).map(|(_, bit)| bit).sum()
}

/// The flags that these bits stand for.
pub(super) fn flags(bits: i64) -> Flags {
    BITS.iter().filter(|(_, bit)| bits & bit != 0).fold(Flags::NONE, |flags, (flag, _)| flags | *flag)
}

/// `new` or `cur`, as the index has it.
pub(super) fn place_number(place: Place) -> i64 {
    match place {
        Place::New => 0,
        Place::Cur => 1,
    }
}

/// The folder's directory of that place.
pub(super) fn place(number: i64) -> &'static str {
    if number == place_number(Place::New) { "new" } else { "cur" }
}

/// What no program changes of a file's name.
pub(super) fn unique(file: &[u8]) -> &[u8] {
    &file[..memchr::memchr(b':', file).unwrap_or(file.len())]
}

/// A folder of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    pub(super) id: i64,
    /// When its directories were last changed, as far as that was seen through.
    pub(super) stamp: Option<String>,
}

/// All folders by their directories.
pub(super) fn folders(connection: &Connection) -> rusqlite::Result<HashMap<String, Folder>> {
    let mut query = connection.prepare_cached("SELECT directory, id, stamp FROM folder")?;
    let rows =
        query.query_map([], |row| Ok((row.get(0)?, Folder { id: row.get(1)?, stamp: row.get(2)? })))?;
    rows.collect()
}

/// Adds a folder.
pub(super) fn add_folder(connection: &Connection, directory: &str, name: &str) -> rusqlite::Result<Folder> {
    let sql = "INSERT INTO folder (directory, name) VALUES (?1, ?2) RETURNING id";
    let id = connection.query_row(sql, params![directory, name], |row| row.get(0))?;
    Ok(Folder { id, stamp: None })
}

/// Removes a folder that has no mails any more.
pub(super) fn remove_folder(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM folder WHERE id = ?1", [id]).map(|_| ())
}

/// Notes when a folder's directories were last changed; `None` where that is to be looked at again.
pub(super) fn set_stamp(connection: &Connection, id: i64, stamp: Option<&str>) -> rusqlite::Result<()> {
    connection.execute("UPDATE folder SET stamp = ?2 WHERE id = ?1", params![id, stamp]).map(|_| ())
}

/// A mail's file, as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) place: i64,
    pub(super) file: Vec<u8>,
}

/// The files of a folder.
pub(super) fn known(connection: &Connection, folder: i64) -> rusqlite::Result<Vec<Known>> {
    let mut query = connection.prepare_cached("SELECT id, place, file FROM mail WHERE folder = ?1")?;
    let rows = query
        .query_map([folder], |row| Ok(Known { id: row.get(0)?, place: row.get(1)?, file: row.get(2)? }))?;
    rows.collect()
}

/// Where a mail's file is.
pub(super) struct At<'a> {
    pub(super) folder: i64,
    pub(super) place: Place,
    pub(super) file: &'a [u8],
    pub(super) flags: Flags,
}

/// A mail has another name now, or is in another folder.
pub(super) fn rename(connection: &Connection, id: i64, at: &At<'_>) -> rusqlite::Result<()> {
    let sql = "UPDATE mail SET folder = ?2, place = ?3, file = ?4, flags = ?5 WHERE id = ?1";
    let mut update = connection.prepare_cached(sql)?;
    update.execute(params![id, at.folder, place_number(at.place), at.file, bits(at.flags)]).map(|_| ())
}

/// A mail is gone.
pub(super) fn remove(connection: &Connection, id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM mail WHERE id = ?1")?.execute([id]).map(|_| ())
}

/// Adds a mail.
pub(super) fn add(connection: &Connection, at: &At<'_>, mail: &Document) -> rusqlite::Result<()> {
    let sql = "INSERT INTO mail (folder, place, file, flags, size, date, zone, subject, author, author_address, \
               recipient, recipient_address, recipients, attachments, message_id, key, thread) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    let name = |who: &'_ Option<Who>| who.as_ref().and_then(|who| who.name.clone());
    let address = |who: &'_ Option<Who>| who.as_ref().map(|who| who.address.clone());
    let number = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    connection.prepare_cached(sql)?.execute(params![
        at.folder,
        place_number(at.place),
        at.file,
        bits(at.flags),
        i64::try_from(mail.size).unwrap_or(i64::MAX),
        mail.date,
        mail.zone,
        mail.subject,
        name(&mail.author),
        address(&mail.author),
        name(&mail.recipient),
        address(&mail.recipient),
        number(mail.recipients),
        number(mail.attachments),
        mail.message_id,
        mail.message_id.as_deref().map(key),
        mail.thread.as_deref().map(key),
    ])?;
    let id = connection.last_insert_rowid();
    let sql = "INSERT INTO words (rowid, subject, author, recipient, copy, body, file, list) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let words = &mail.words;
    connection
        .prepare_cached(sql)?
        .execute(params![
            id,
            words.subject,
            words.author,
            words.recipient,
            words.copy,
            words.body,
            words.file,
            words.list
        ])
        .map(|_| ())
}

/// The number of the mail with this Message-ID's key that `thread` goes by, where it is known.
pub(super) fn thread_of(connection: &Connection, id: &str) -> rusqlite::Result<i64> {
    let sql = "SELECT thread FROM mail WHERE key = ?1 AND message_id = ?2 AND thread IS NOT NULL LIMIT 1";
    let known = connection.query_row(sql, params![key(id), id], |row| row.get(0)).optional()?;
    Ok(known.unwrap_or_else(|| key(id)))
}
