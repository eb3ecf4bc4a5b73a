//! Bringing the index up to date: by the names of the files first, then by reading what is new.
//!
//! A folder whose directories were not changed since they were last seen through is passed over. Of the others only
//! names are compared, by what no program changes of them: a mail that was moved from `new` to `cur`, got other
//! flags or is in another folder now keeps its number. New mails are read by several threads, and written by this
//! one, in the order of their names, which begin with the time of their delivery; what is written is committed in
//! groups, so a refresh that is ended in between is gone on with by the next.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Transaction, TransactionBehavior};

use crate::Maildir;
use crate::index::document::Document;
use crate::index::store::{At, Folder, Known};
use crate::index::{Index, IndexError, store};
use crate::lock::{self, LockError};
use crate::maildir::{Entry, FolderName, OpenError, Place};

/// The lock of whoever brings an index up to date, in the Maildir's own folder.
const LOCK: &str = "index.lock";
/// Threads that read mails, at most.
const MAX_READERS: usize = 8;
/// Mails that a reader takes at once; it is at most two groups ahead of what is written.
const GROUP: usize = 16;
/// Mails that are committed together.
const COMMITTED: usize = 4096;
/// A directory that was changed less long ago than this may be changed again without that being seen, on file systems
/// that keep time in seconds.
const SETTLED: Duration = Duration::from_secs(3);
/// Mails that could not be read, of which more is kept than their number.
pub const MAX_UNREADABLE: usize = 20;

/// What a refresh did.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// Mails that were added.
    pub added: u64,
    /// Mails whose file has another name or place now.
    pub changed: u64,
    /// Mails that are gone.
    pub gone: u64,
    /// Mails that were added and of which not all is searched: they have more text, people or attachments than the
    /// limits of the index ([`MAX_INDEXED_TEXT`](crate::index::MAX_INDEXED_TEXT) and its like).
    pub cut: u64,
    /// Mails that could not be read, [`MAX_UNREADABLE`] at most.
    pub unreadable: Vec<Unreadable>,
    /// How many could not be read altogether. They are tried again by the next refresh.
    pub unread: u64,
}

/// A mail, or a folder, that could not be read.
#[derive(Debug)]
pub struct Unreadable {
    /// Where it is.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

impl Refreshed {
    fn unreadable(&mut self, path: PathBuf, error: io::Error) {
        self.unread += 1;
        if self.unreadable.len() < MAX_UNREADABLE {
            self.unreadable.push(Unreadable { path, error });
        }
    }
}

/// Takes the lock of whoever brings the index up to date.
pub(super) fn lock(maildir: &Maildir) -> Result<File, IndexError> {
    lock::hold(maildir, LOCK).map_err(|error| match error {
        LockError::Held { process, .. } => IndexError::Updating { process },
        LockError::Io { path, error } => IndexError::io(path, error),
    })
}

/// A mail that is not in the index yet.
struct New {
    folder: usize,
    entry: Entry,
}

/// A folder of the Maildir, as it was found.
struct Found {
    maildir: Maildir,
    folder: Folder,
    /// When its directories were changed; none where that is to be looked at again.
    stamp: Option<String>,
}

/// What is different from what the index has.
#[derive(Default)]
struct Changes {
    folders: Vec<Found>,
    new: Vec<New>,
    /// Folder, mail, and how it is found now.
    renamed: Vec<(usize, i64, Entry)>,
    /// By unique name: the mail and, in case two folders have one of that name, the folder.
    gone: HashMap<Vec<u8>, Known>,
    /// Gone, and another one of the same name is too.
    gone_too: Vec<i64>,
    /// Folders of the index that the Maildir no longer has.
    folders_gone: Vec<i64>,
}

impl Index {
    /// Brings the index up to date. `progress` is told how many new mails are in, and of how many, as it goes on.
    ///
    /// # Errors
    /// [`IndexError::Updating`] where another process is doing it; the index can be read all the same. Else why the
    /// Maildir cannot be listed or the index not be written. What was committed before stays.
    pub fn refresh(&mut self, mut progress: impl FnMut(u64, u64)) -> Result<Refreshed, IndexError> {
        let _lock = lock(&self.maildir)?;
        let mut refreshed = Refreshed::default();
        let mut changes = self.compare(&mut refreshed)?;
        changes.new.sort_by(|a, b| (a.folder, a.entry.name()).cmp(&(b.folder, b.entry.name())));
        self.moved(&mut changes, &mut refreshed)?;
        self.read(&changes, &mut refreshed, &mut progress)?;
        self.settle(&changes, &refreshed)?;
        Ok(refreshed)
    }

    /// What the Maildir has that the index has not, and the other way round.
    fn compare(&mut self, refreshed: &mut Refreshed) -> Result<Changes, IndexError> {
        let mut changes = Changes::default();
        let root = self.maildir.path().to_owned();
        let mut names = self.maildir.folders().map_err(|error| IndexError::io(&root, error))?;
        names.insert(0, FolderName::inbox());
        let mut known = store::folders(&self.connection).map_err(|error| self.failed(error))?;
        for name in names {
            let maildir = match self.maildir.folder(&name) {
                Ok(maildir) => maildir,
                // It went away just now.
                Err(OpenError::NoFolder { .. } | OpenError::NotAMaildir { .. }) => continue,
                Err(error) => {
                    // Not looked into is not gone.
                    known.remove(name.directory());
                    let path = root.join(name.directory());
                    refreshed.unreadable(path, io::Error::other(error.to_string()));
                    continue;
                }
            };
            let folder = match known.remove(name.directory()) {
                Some(folder) => folder,
                None => store::add_folder(&self.connection, name.directory(), &name.to_string())
                    .map_err(|error| self.failed(error))?,
            };
            self.compare_folder(maildir, folder, &mut changes)?;
        }
        for folder in known.into_values() {
            let mails = store::known(&self.connection, folder.id).map_err(|error| self.failed(error))?;
            mails.into_iter().for_each(|mail| changes.gone(mail));
            changes.folders_gone.push(folder.id);
        }
        Ok(changes)
    }

    fn compare_folder(
        &self,
        maildir: Maildir,
        folder: Folder,
        changes: &mut Changes,
    ) -> Result<(), IndexError> {
        let at = changes.folders.len();
        let stamp = stamp(&maildir).map_err(|error| IndexError::io(maildir.path(), error))?;
        if stamp.is_some() && stamp == folder.stamp {
            return Ok(());
        }
        let entries = maildir.entries().map_err(|error| IndexError::io(maildir.path(), error))?;
        let mails = store::known(&self.connection, folder.id).map_err(|error| self.failed(error))?;
        let mut known: HashMap<&[u8], &Known> =
            mails.iter().map(|mail| (store::unique(&mail.file), mail)).collect();
        for entry in entries {
            match known.remove(entry.unique().as_bytes()) {
                None => changes.new.push(New { folder: at, entry }),
                Some(mail) => {
                    let same = mail.place == store::place_number(entry.place());
                    if !same || mail.file != entry.name().as_bytes() {
                        changes.renamed.push((at, mail.id, entry));
                    }
                }
            }
        }
        known.into_values().for_each(|mail| changes.gone(mail.clone()));
        changes.folders.push(Found { maildir, folder, stamp });
        Ok(())
    }

    /// Writes down what moved and what is gone.
    fn moved(&mut self, changes: &mut Changes, refreshed: &mut Refreshed) -> Result<(), IndexError> {
        let Changes { folders, new, renamed, gone, .. } = changes;
        // Gone here, new there, and of the same unique name: moved to another folder.
        new.retain(|new| match gone.remove(new.entry.unique().as_bytes()) {
            None => true,
            Some(mail) => {
                renamed.push((new.folder, mail.id, new.entry.clone()));
                false
            }
        });
        refreshed.changed += renamed.len() as u64;
        refreshed.gone += (gone.len() + changes.gone_too.len()) as u64;
        if renamed.is_empty() && refreshed.gone == 0 && changes.folders_gone.is_empty() {
            return Ok(());
        }
        let result = self.transaction().and_then(|transaction| {
            for (folder, id, entry) in renamed.iter() {
                store::rename(&transaction, *id, &at(&folders[*folder], entry))?;
            }
            for id in gone.values().map(|mail| mail.id).chain(changes.gone_too.iter().copied()) {
                store::remove(&transaction, id)?;
            }
            for id in &changes.folders_gone {
                store::remove_folder(&transaction, *id)?;
            }
            transaction.commit()
        });
        result.map_err(|error| self.failed(error))
    }

    /// Reads what is new and writes it down.
    fn read(
        &mut self,
        changes: &Changes,
        refreshed: &mut Refreshed,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<(), IndexError> {
        let Changes { folders, new, .. } = changes;
        if new.is_empty() {
            return Ok(());
        }
        let total = new.len() as u64;
        progress(0, total);
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(MAX_READERS).min(new.len().div_ceil(GROUP));
        let result = thread::scope(|scope| {
            let readers: Vec<Receiver<Vec<Outcome>>> = (0..threads)
                .map(|number| {
                    let (sender, receiver) = sync_channel(1);
                    scope.spawn(move || read_groups(folders, new, number, threads, &sender));
                    receiver
                })
                .collect();
            let mut done = 0;
            // A receiver that is dropped because of an error ends its reader.
            self.write(folders, new, &readers, refreshed, &mut |more| {
                done += more;
                progress(done, total);
            })
        });
        result.map_err(|error| self.failed(error))
    }

    fn write(
        &mut self,
        folders: &[Found],
        new: &[New],
        readers: &[Receiver<Vec<Outcome>>],
        refreshed: &mut Refreshed,
        progress: &mut dyn FnMut(u64),
    ) -> rusqlite::Result<()> {
        let mut transaction = self.transaction()?;
        let mut uncommitted = 0;
        for (number, group) in new.chunks(GROUP).enumerate() {
            // Groups go round the readers, so they come in order.
            let Ok(outcomes) = readers[number % readers.len()].recv() else { break };
            for (new, outcome) in group.iter().zip(outcomes) {
                let found = &folders[new.folder];
                match outcome {
                    Outcome::Read(document) => {
                        store::add(&transaction, &at(found, &new.entry), &document)?;
                        refreshed.added += 1;
                        refreshed.cut += u64::from(document.cut);
                    }
                    Outcome::Gone => {}
                    Outcome::Failed(error) => {
                        refreshed.unreadable(new.entry.path(&found.maildir), error);
                    }
                }
            }
            uncommitted += group.len();
            progress(group.len() as u64);
            if uncommitted >= COMMITTED {
                transaction.commit()?;
                transaction = self.transaction()?;
                uncommitted = 0;
            }
        }
        transaction.commit()
    }

    /// Notes which folders need not be looked at until they are changed again.
    fn settle(&mut self, changes: &Changes, refreshed: &Refreshed) -> Result<(), IndexError> {
        if changes.folders.is_empty() || refreshed.unread > 0 {
            return Ok(());
        }
        let result = self.transaction().and_then(|transaction| {
            for found in changes.folders.iter().filter(|found| found.stamp != found.folder.stamp) {
                store::set_stamp(&transaction, found.folder.id, found.stamp.as_deref())?;
            }
            transaction.commit()
        });
        result.map_err(|error| self.failed(error))
    }

    fn transaction(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

impl Changes {
    fn gone(&mut self, mail: Known) {
        let unique = store::unique(&mail.file).to_vec();
        if let Some(other) = self.gone.insert(unique, mail) {
            self.gone_too.push(other.id);
        }
    }
}

fn at<'a>(found: &Found, entry: &'a Entry) -> At<'a> {
    At { folder: found.folder.id, place: entry.place(), file: entry.name().as_bytes(), flags: entry.flags() }
}

/// What became of reading a mail.
enum Outcome {
    Read(Box<Document>),
    /// It is not there any more.
    Gone,
    Failed(io::Error),
}

/// Reads every `step`th group of the new mails, from the `first` on.
fn read_groups(folders: &[Found], new: &[New], first: usize, step: usize, sender: &SyncSender<Vec<Outcome>>) {
    for group in new.chunks(GROUP).skip(first).step_by(step) {
        let outcomes = group.iter().map(|new| read_one(&folders[new.folder].maildir, &new.entry)).collect();
        if sender.send(outcomes).is_err() {
            return;
        }
    }
}

fn read_one(maildir: &Maildir, entry: &Entry) -> Outcome {
    // A symbolic link may lead to anything; what is no file is found out without waiting for it.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let path = entry.path(maildir);
    let opened = match OpenOptions::new().read(true).custom_flags(nonblocking).open(&path) {
        // Renamed meanwhile, or gone.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            maildir.read(OsStr::from_bytes(entry.unique().as_bytes())).map(|(_, file)| file)
        }
        opened => opened,
    };
    match opened.and_then(|file| Document::read(&file)) {
        Ok(document) => Outcome::Read(Box::new(document)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Gone,
        Err(error) => Outcome::Failed(error),
    }
}

/// When a Maildir's directories were last changed, and which ones they are; `None` where that is so recent that
/// another change might not be seen.
fn stamp(maildir: &Maildir) -> io::Result<Option<String>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut stamp = String::new();
    for place in [Place::New, Place::Cur] {
        let metadata = fs::metadata(maildir.path().join(store::place(store::place_number(place))))?;
        let changed = u64::try_from(metadata.mtime()).unwrap_or(0);
        // Before that long ago, and not in the future either.
        if now.as_secs() < changed.saturating_add(SETTLED.as_secs()) {
            return Ok(None);
        }
        let (device, number, fraction) = (metadata.dev(), metadata.ino(), metadata.mtime_nsec());
        stamp.push_str(&format!("{device}:{number}:{changed}.{fraction:09} "));
    }
    Ok(Some(stamp))
}
