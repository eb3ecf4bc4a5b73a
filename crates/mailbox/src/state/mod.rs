//! Which messages of an account's folder have been fetched, and what they are recognised by.
//!
//! One file for each account and folder, in the Maildir's `hongyan/`: a text log of one record a line, each with a
//! checksum, appended and made safe in groups, rewritten when it is mostly past. A message is recorded before it is put
//! in place ([`State::prepare`]), and settled when [`Maildir::commit`](crate::Maildir::commit) said that it is safe, so:
//!
//! | what happens | what it costs |
//! |---|---|
//! | the program or the power stops before [`State::prepare`] is done | these messages are unknown, and not in place: they are fetched again |
//! | … between that and [`State::settle`] | [`State::unsettled`] names them: what is in place is known, the rest is fetched again |
//! | the file's end is torn | cut off; what it recorded is looked at again, and a second copy is possible |
//! | an octet in the middle is wrong | no identifier is trusted, as the record that took one back may be what is missing; every message on the server is looked at again, and what was fetched is recognised by [`State::alike`] |
//! | the file is gone | nothing is known; everything is fetched again |
//!
//! Never does a message count as known that is not safe on disk. Whoever writes holds the
//! [`Lock`]; reading the file needs none.

mod crc;
mod error;
mod line;
mod load;
mod table;
mod unsettled;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::Lock;
use crate::disk::Disk;
use crate::escape::escape;
use crate::fingerprint::Hash;
use line::Line;
use table::{Slot, Table, short};

pub use error::{Damage, StateError};
pub use line::{MAX_FILE, MAX_ID, MAX_KEY};

/// The version of the format that is written here.
pub const VERSION: u32 = 1;
/// A log is rewritten when more than half of it is past and it is larger than this, in octets.
pub const WORTHWHILE: u64 = 256 * 1024;
/// How much of the account's name goes into the file's name, in octets.
const MAX_READABLE: usize = 80;

/// Whose messages a state is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The account: whatever names one login at one server, always the same way.
    pub account: String,
    /// The folder's name as the server has it; for POP3 empty or `INBOX`, always the same.
    pub folder: String,
}

/// What a server calls a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Id {
    /// IMAP: a UID means something only with the UIDVALIDITY that it was seen under (RFC 9051 §2.3.1.1). So when the
    /// server changes that, no message is known by its identifier any more, as it must be.
    Uid {
        /// The folder's UIDVALIDITY.
        validity: u32,
        /// The message's UID.
        uid: u32,
    },
    /// POP3: the answer to UIDL (RFC 1939 §7).
    Uidl(String),
}

/// A fetched message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What the server calls it.
    pub id: Id,
    /// Octets.
    pub size: u64,
    /// SHA-256 of the head ([`crate::fingerprint`]).
    pub head: Hash,
    /// SHA-256 of all octets.
    pub hash: Hash,
    /// The unique name in the Maildir ([`Kept::unique`](crate::maildir::Kept)).
    pub file: String,
    /// When it was fetched, in seconds since 1970.
    pub when: u64,
    /// The server has confirmed that it deleted it.
    pub deleted: bool,
}

/// What is at hand of a fetched message without reading the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Octets.
    pub size: u64,
    /// When it was fetched, in seconds since 1970.
    pub when: u64,
    /// The server has confirmed that it deleted it.
    pub deleted: bool,
}

/// A change to the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A message has been fetched and is safe, or what is known of it has changed.
    Known(Known),
    /// The server has confirmed that it deleted this message. Nothing, where it is not known.
    Deleted(Id),
    /// Nothing is to be known of this identifier any more.
    Forget(Id),
    /// The folder's UIDVALIDITY.
    UidValidity(u32),
    /// All changes up to this MODSEQ have been seen (RFC 7162); with 0, that is no longer certain.
    HighestModSeq(u64),
    /// The sizes that the server lists are not always those of the messages.
    SizesDiffer,
}

/// The state of one account's folder, open for writing.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
    own: OwnedFd,
    disk: Arc<dyn Disk>,
    file: File,
    key: Key,
    table: Table,
    numbers: BTreeMap<String, u64>,
    /// The file's length, all of it whole records.
    length: u64,
    damage: Option<Damage>,
    /// What is in the file is not certain any more, so nothing may be added.
    broken: bool,
}

const UID_VALIDITY: &str = "uid-validity";
const HIGHEST_MOD_SEQ: &str = "highest-mod-seq";
const SIZES_DIFFER: &str = "sizes-differ";

impl State {
    /// Opens the state of an account's folder in the Maildir that is locked. Where there is none, it is empty and
    /// [`is_new`](Self::is_new). A damaged one is opened as far as it goes, the damaged file is kept beside it as
    /// `….damaged`, and [`damage`](Self::damage) says what was wrong.
    ///
    /// # Errors
    /// Where the file was written by a newer version or for another account or folder; else as the system says.
    pub fn open(lock: &Lock, key: &Key) -> Result<Self, StateError> {
        let maildir = lock.maildir();
        let path = maildir.own_path().join(file_name(key));
        match maildir.own() {
            Ok(own) => load::open(own, path, Arc::clone(maildir.disk()), key),
            Err(error) => Err(StateError::Io { path, error }),
        }
    }

    /// Whether nothing was ever recorded.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.table.all().next().is_none() && self.numbers.is_empty() && self.damage.is_none()
    }

    /// What was wrong with the file when it was opened, if something was.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose state it is.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// How many messages are known by their identifiers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no message is known by its identifier.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The UIDVALIDITY that was recorded last.
    #[must_use]
    pub fn uid_validity(&self) -> Option<u32> {
        self.numbers.get(UID_VALIDITY).and_then(|&value| u32::try_from(value).ok())
    }

    /// The highest MODSEQ that was recorded last; 0, which no mailbox has, takes it back.
    #[must_use]
    pub fn highest_mod_seq(&self) -> Option<u64> {
        self.numbers.get(HIGHEST_MOD_SEQ).copied().filter(|&value| value > 0)
    }

    /// Whether the sizes that the server lists are not always those of the messages, so that they tell nothing.
    #[must_use]
    pub fn sizes_differ(&self) -> bool {
        self.numbers.get(SIZES_DIFFER).is_some_and(|&value| value != 0)
    }

    /// What is at hand of a message, if it is known by this identifier.
    #[must_use]
    pub fn get(&self, id: &Id) -> Option<Seen> {
        self.slot(id).map(Slot::seen)
    }

    /// All that is recorded of a message, read from the file.
    ///
    /// # Errors
    /// As the system says, or where the record is no longer whole.
    pub fn known(&self, id: &Id) -> io::Result<Option<Known>> {
        self.slot(id).map(|slot| read(&self.file, slot)).transpose()
    }

    /// The messages of this size and this head, by whatever identifier: for a second look where a server's
    /// identifiers have changed. The one recorded last comes first.
    ///
    /// # Errors
    /// As [`known`](Self::known).
    pub fn alike(&mut self, size: u64, head: &Hash) -> io::Result<Vec<Known>> {
        let mut found = Vec::new();
        for slot in self.table.alike(size, short(head)) {
            found.push(read(&self.file, &slot)?);
        }
        found.retain(|known| known.head == *head);
        Ok(found)
    }

    /// The sizes of all messages recorded, by whatever identifier: what has none of these needs no second look.
    pub fn sizes(&self) -> impl Iterator<Item = u64> {
        self.table.all().map(|slot| slot.size)
    }

    /// All messages that are known by their identifiers, in the order in which they were recorded.
    pub fn iter(&self) -> impl Iterator<Item = (Id, Seen)> {
        let known = self.table.all().filter(|slot| slot.trusted());
        known.filter_map(|slot| Some((line::id_of(self.table.id(slot))?, slot.seen())))
    }

    /// Records messages; safe on disk when this returns. See [`append`](Self::append).
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn record(&mut self, known: Vec<Known>) -> io::Result<()> {
        let changes: Vec<Change> = known.into_iter().map(Change::Known).collect();
        self.append(&changes)
    }

    /// These identifiers are believed no more: their messages are only found by content ([`alike`](Self::alike)).
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn distrust(&mut self, ids: impl IntoIterator<Item = Id>) -> io::Result<()> {
        let mut text = String::new();
        for id in ids {
            if let Some(known) = self.known(&id)? {
                // In this order: where the write is torn in between, the message is still known by its content.
                line::write_message(&mut text, &known, false)?;
                line::write_about(&mut text, '-', &id)?;
            }
        }
        self.append_lines(&text)
    }

    /// Makes changes, all in one write; safe on disk when this returns. They take effect in order.
    ///
    /// # Errors
    /// As the system says, or where an identifier is longer than [`MAX_ID`] or a file name than [`MAX_FILE`]. Then none
    /// has taken effect here; where what is in the file is not certain, nothing can be added until it is opened again.
    pub fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        let mut text = String::new();
        write_changes(&mut text, changes)?;
        self.append_lines(&text)
    }

    /// Writes lines, makes them safe, and lets them count.
    fn append_lines(&mut self, text: &str) -> io::Result<()> {
        self.put(text.as_bytes())?;
        self.sync()?;
        self.apply(text)?;
        self.compact_where_worthwhile()
    }

    /// Lines that have been written count from now on.
    fn apply(&mut self, lines: &str) -> io::Result<()> {
        for line in lines.lines() {
            let end = self.length + line.len() as u64;
            match line::parse(line.as_bytes()) {
                Some(Line::Message(message)) => self.table.add(&message, self.length..end)?,
                Some(Line::Deleted { id }) => self.table.delete(id),
                Some(Line::Forgotten { id }) => self.table.forget(id),
                Some(Line::Number { name, value }) => {
                    self.numbers.insert(name.to_owned(), value);
                }
                None => return Err(io::Error::other("a record cannot be read back")),
            }
            self.length = end + 1;
        }
        Ok(())
    }

    fn compact_where_worthwhile(&mut self) -> io::Result<()> {
        if self.length > WORTHWHILE && self.table.live() < self.length / 2 {
            self.compact()?;
        }
        Ok(())
    }

    /// Rewrites the file without what is past; not while something is unsettled, whose place in the file counts.
    ///
    /// # Errors
    /// As the system says. What was recorded stays recorded.
    pub fn compact(&mut self) -> io::Result<()> {
        if self.unsettled_from().is_some() {
            return Ok(());
        }
        let name = self.path.file_name().unwrap_or_default();
        load::rewrite(&self.own, name, &*self.disk, &self.key, Some(&self.file), &self.table, &self.numbers)?;
        // From here on the open file is no longer the one that counts.
        self.broken = true;
        let (own, path, disk) = (self.own.try_clone()?, self.path.clone(), Arc::clone(&self.disk));
        let reopened = load::reopen(own, path, disk, &self.key, self.damage.clone());
        *self = reopened.map_err(io::Error::other)?;
        Ok(())
    }

    fn slot(&self, id: &Id) -> Option<&Slot> {
        self.table.find(&line::id_text(id).ok()?)
    }

    /// Adds octets at the file's end, which are not safe by that.
    fn put(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other(format!(
                "an earlier write to {} failed, so what it holds is not certain; start again",
                self.path.display()
            )));
        }
        // What did get there is taken off again, so that the next group does not follow half a line.
        self.disk.write(&self.file, octets).inspect_err(|_| {
            self.broken = self.disk.cut(&self.file, self.length).is_err();
        })
    }

    /// Makes what was added safe.
    fn sync(&mut self) -> io::Result<()> {
        self.disk.sync_file(&self.file).inspect_err(|_| self.broken = true)
    }
}

/// The lines that make these changes.
fn write_changes(text: &mut String, changes: &[Change]) -> io::Result<()> {
    for change in changes {
        match change {
            Change::Known(known) => line::write_message(text, known, true)?,
            Change::Deleted(id) => line::write_about(text, 'x', id)?,
            Change::Forget(id) => line::write_about(text, '-', id)?,
            Change::UidValidity(value) => line::write_number(text, UID_VALIDITY, u64::from(*value)),
            Change::HighestModSeq(value) => line::write_number(text, HIGHEST_MOD_SEQ, *value),
            Change::SizesDiffer => line::write_number(text, SIZES_DIFFER, 1),
        }
    }
    Ok(())
}

/// All that is recorded of a message.
fn read(file: &File, slot: &Slot) -> io::Result<Known> {
    let mut octets = vec![0; slot.length as usize];
    file.read_exact_at(&mut octets, slot.at)?;
    let known = match line::parse(&octets) {
        Some(Line::Message(message)) => message.known(),
        _ => None,
    };
    let changed = || io::Error::new(io::ErrorKind::InvalidData, "a record has changed since it was read");
    Ok(Known { deleted: slot.deleted, ..known.ok_or_else(changed)? })
}

/// The file's name: the account to be read, and a hash of account and folder to be unique.
fn file_name(key: &Key) -> OsString {
    let mut name = escape(&key.account, |c| matches!(c, '/' | '\\' | ':' | ' ') || c.is_control());
    let mut cut = name.len().min(MAX_READABLE);
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    name.truncate(cut);
    let mut hash = Sha256::new();
    hash.update((key.account.len() as u64).to_be_bytes());
    hash.update(&key.account);
    hash.update(&key.folder);
    let short: String = hash.finalize()[..8].iter().map(|octet| format!("{octet:02x}")).collect();
    format!("fetched-{name}-{short}").into()
}
