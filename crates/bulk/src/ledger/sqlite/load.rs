//! Making a ledger: beside where it will be, and put there whole.
//!
//! `ledger.sqlite.new` is written without a journal, made safe, and renamed; what a crash leaves of it is removed by the
//! next one who loads. A ledger that is there is never replaced.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::Sqlite;
use super::books::insert_new;
use super::connect::connect;
use super::loaded::{self, Kept, Loaded};
use super::lock::{Lock, beside};
use super::trouble::{Trouble, refused};
use super::{meta, schema};
use crate::ledger::{FrozenFile, LedgerError, LetterToLoad, Manifest, RecipientId};

/// The most recipients of a campaign.
pub const MAX_RECIPIENTS: i64 = 1 << 40;

/// A ledger that is being made. It blocks: a program with an async runtime loads on a thread of its own.
pub struct Loader {
    path: PathBuf,
    new: PathBuf,
    /// `None` once it is finished.
    connection: Option<Connection>,
    lock: Option<Lock>,
    manifest: Manifest,
    last_row: Option<u64>,
    /// Rows' own files so far.
    files: i64,
}

impl Loader {
    pub(super) fn create(path: &Path, manifest: Manifest) -> Result<Self, LedgerError> {
        let lock = Lock::take(path)?;
        let new = beside(path, ".new");
        let begin = || -> Result<Connection, Trouble> {
            if path.try_exists()? {
                return Err(there_is_one());
            }
            remove(&new)?;
            // Names, addresses and what was said about them: for nobody else to read.
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            let connection = connect(&new)?;
            connection.pragma_update(None, "page_size", schema::PAGE as i64)?;
            connection.pragma_update(None, "journal_mode", "OFF")?;
            connection.pragma_update(None, "synchronous", "OFF")?;
            connection.execute_batch("BEGIN EXCLUSIVE")?;
            schema::make(&connection)?;
            Ok(connection)
        };
        let connection = Some(begin().map_err(|trouble| trouble.at(path))?);
        let manifest = Manifest { letters: 0, recipients: 0, ..manifest };
        Ok(Self {
            path: path.to_owned(),
            new,
            connection,
            lock: Some(lock),
            manifest,
            last_row: None,
            files: 0,
        })
    }

    /// Freezes a row's own file. The same file may come again with the same content.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where it was frozen with other content; [`LedgerError::Failed`] where it cannot be
    /// written.
    pub fn file(&mut self, path: &str, frozen: &FrozenFile) -> Result<(), LedgerError> {
        self.freeze(path, frozen).map_err(|trouble| trouble.at(&self.path))
    }

    fn freeze(&mut self, path: &str, frozen: &FrozenFile) -> Result<(), Trouble> {
        let connection = self.connection()?;
        if loaded::insert_file(connection, path, frozen)? {
            self.files += 1;
            return Ok(());
        }
        match loaded::file(connection, path)? {
            Some(known) if known == *frozen => Ok(()),
            _ => Err(refused(
                format!("the file {path} has changed while it was loaded: load the campaign again"),
                format!("文件 {path} 在载入期间被修改:请重新载入活动"),
            )),
        }
    }

    /// Adds a letter; they come in the order of their rows. Gives the number of the first of its recipients.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] for a row out of order, a letter to nobody, or a file that was not frozen before;
    /// [`LedgerError::Failed`] where it cannot be written.
    pub fn add(&mut self, letter: &LetterToLoad) -> Result<RecipientId, LedgerError> {
        self.insert(letter).map_err(|trouble| trouble.at(&self.path))
    }

    fn insert(&mut self, letter: &LetterToLoad) -> Result<RecipientId, Trouble> {
        let number = letter.row.number;
        let bad = |en: &str, zh: &str| refused(format!("row {number} {en}"), format!("第 {number} 行{zh}"));
        let row = i64::try_from(number).map_err(|_| bad("has no number that can be", "的行号过大"))?;
        if self.last_row.is_some_and(|last| last >= number) {
            return Err(bad("comes after a later one", "的顺序不对"));
        }
        let first = i64::try_from(self.manifest.recipients).unwrap_or(i64::MAX).saturating_add(1);
        let recipients = i64::try_from(letter.recipients.len()).unwrap_or(i64::MAX);
        if recipients == 0 {
            return Err(bad("is to nobody", "没有收件人"));
        }
        if first.saturating_add(recipients) > MAX_RECIPIENTS {
            return Err(bad("is one too many: divide the campaign", "超出收件人总数上限:请拆分活动"));
        }
        let connection = self.connection()?;
        for path in &letter.files {
            if !self.manifest.files.contains_key(path) && loaded::file(connection, path)?.is_none() {
                return Err(bad(
                    &format!("has a file that was not frozen: {path}"),
                    &format!("的文件未冻结:{path}"),
                ));
            }
        }
        let json = |what| {
            move |error| refused(format!("row {number}: {what}: {error}"), format!("第 {number} 行:{error}"))
        };
        let cells = serde_json::to_string(&letter.row.cells).map_err(json("its cells"))?;
        let files = match &letter.files[..] {
            [] => None,
            files => Some(serde_json::to_string(files).map_err(json("its files"))?),
        };
        Kept { row, first, recipients, cells: &cells, files: files.as_deref() }.insert(connection)?;
        for (id, (role, address)) in (first..).zip(&letter.recipients) {
            let loaded = Loaded { id: RecipientId(id), role: *role, address: address.clone(), row };
            loaded::insert_recipient(connection, &loaded)?;
        }
        self.last_row = Some(number);
        self.manifest.letters += 1;
        self.manifest.recipients += letter.recipients.len() as u64;
        Ok(RecipientId(first))
    }

    /// Puts the ledger where it belongs and opens it for running. The manifest says how many there are from here on.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where there is a ledger meanwhile; [`LedgerError::Failed`] where it cannot be written.
    pub fn finish(mut self) -> Result<Sqlite, LedgerError> {
        let path = self.path.clone();
        self.put_in_place().map_err(|trouble| trouble.at(&path))?;
        match self.lock.take() {
            Some(lock) => Sqlite::open_locked(&path, lock),
            None => Sqlite::open(&path),
        }
    }

    fn put_in_place(&mut self) -> Result<(), Trouble> {
        let connection = self.connection()?;
        let recipients = i64::try_from(self.manifest.recipients).unwrap_or(i64::MAX);
        insert_new(connection, recipients)?;
        let manifest = serde_json::to_string(&self.manifest)
            .map_err(|error| refused(format!("the manifest: {error}"), format!("清单:{error}")))?;
        meta::insert_new(connection, &manifest, self.files)?;
        connection.execute_batch("COMMIT")?;
        // From the next opening on; nothing is written to the log now.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        if let Some(connection) = self.connection.take() {
            connection.close().map_err(|(_, error)| error)?;
        }
        remove_beside(&self.new)?;
        File::open(&self.new)?.sync_all()?;
        rename(&self.new, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }

    fn connection(&self) -> Result<&Connection, Trouble> {
        self.connection.as_ref().ok_or_else(|| refused("it is finished already", "已经载入完毕"))
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        if self.connection.take().is_some() {
            // What stays is removed by the next one who loads.
            let _ = remove(&self.new);
        }
    }
}

fn there_is_one() -> Trouble {
    refused(
        "it is there already: go on with it, or make a new campaign folder",
        "账本已经存在:请继续使用它,或新建一个活动文件夹",
    )
}

/// Renames, but not over anything.
fn rename(from: &Path, to: &Path) -> Result<(), Trouble> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::EXIST) => Err(there_is_one()),
        // A file system that cannot do that.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => match fs::hard_link(from, to) {
            Ok(()) => Ok(fs::remove_file(from)?),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(there_is_one()),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(io::Error::from(error).into()),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    remove_file(path)?;
    remove_beside(path)
}

fn remove_beside(path: &Path) -> io::Result<()> {
    ["-wal", "-shm", "-journal"].into_iter().try_for_each(|suffix| remove_file(&beside(path, suffix)))
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
