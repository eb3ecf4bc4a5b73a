//! The index of a Maildir: lists and searches without opening a mail.
//!
//! `MAILDIR/hongyan/index.sqlite` says nothing that the Maildir does not: it can be deleted at any time, and is made
//! again where it is damaged or of an older layout. [`Index::refresh`] finds out what came, went or changed its name
//! by the names alone and reads only what is new; [`Index::search`] answers a [`Query`](crate::Query).
//!
//! A mail has a number by which people call it: it is never given to another mail, also when the mail is gone or
//! the index is made again from one that can still be read.

mod compile;
mod document;
mod error;
mod page;
mod refresh;
mod schema;
mod store;
pub(crate) mod words;

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::Maildir;
pub use document::{MAX_INDEXED_FILES, MAX_INDEXED_PEOPLE, MAX_INDEXED_SUBJECT, MAX_INDEXED_TEXT};
pub use error::IndexError;
pub use page::{Mail, Order, Page, Who};
pub use refresh::{MAX_UNREADABLE, Refreshed, Unreadable};
pub use words::MAX_WORD;

/// How long to wait for another program that has the index locked.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The file, in the Maildir's own folder.
const FILE: &str = "index.sqlite";
/// What it is called when it was damaged, until the next time.
const ASIDE: &str = "index.sqlite.damaged";
/// What SQLite keeps beside the file.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

/// An open index.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    maildir: Maildir,
    path: PathBuf,
    /// Where the old one went, when it was made anew.
    set_aside: Option<PathBuf>,
}

impl Index {
    /// Opens a Maildir's index, and makes it where there is none; it is empty then, until [`Index::refresh`]. One that
    /// is damaged is made again, one of an older layout replaced.
    ///
    /// # Errors
    /// [`IndexError::Newer`] for one of a newer layout, which is left alone; else why it cannot be opened or made.
    pub fn open(maildir: &Maildir) -> Result<Self, IndexError> {
        match Self::attempt(maildir) {
            Err(IndexError::Damaged { .. }) => Self::remake(maildir),
            result => result,
        }
    }

    /// Makes the index anew, and sets the old one aside: for when it turned out to be damaged. One that was set aside
    /// before is gone then. Numbers go on behind those of the old index, where that can still be read.
    ///
    /// # Errors
    /// [`IndexError::Updating`] where another process is at it; else why none can be made.
    pub fn remake(maildir: &Maildir) -> Result<Self, IndexError> {
        let lock = refresh::lock(maildir)?;
        let folder = maildir.own_path();
        let (path, aside) = (folder.join(FILE), folder.join(ASIDE));
        fs::rename(&path, &aside).map_err(|error| IndexError::io(&path, error))?;
        remove_beside(&path).map_err(|error| IndexError::io(&path, error))?;
        let highest = connect(&aside).map_or(0, |old| schema::highest(&old));
        drop(lock);
        let index = Self { set_aside: Some(aside), ..Self::attempt(maildir)? };
        schema::go_on_behind(&index.connection, highest).map_err(|error| index.failed(error))?;
        Ok(index)
    }

    fn attempt(maildir: &Maildir) -> Result<Self, IndexError> {
        let folder = maildir.own_path();
        maildir.own().map_err(|error| IndexError::io(&folder, error))?;
        let path = folder.join(FILE);
        // It holds the words of all mails: for nobody else to read. What SQLite puts beside it follows it in that.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        if let Err(error) = made
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(IndexError::io(&path, error));
        }
        let mut highest = 0;
        for _ in 0..2 {
            let failed = |error| IndexError::of(&path, error);
            let mut connection = connect(&path).map_err(failed)?;
            match schema::prepare(&mut connection).map_err(failed)? {
                schema::Found::Ready => {
                    schema::go_on_behind(&connection, highest).map_err(failed)?;
                    return Ok(Self { connection, maildir: maildir.clone(), path, set_aside: None });
                }
                schema::Found::Newer(version) => return Err(IndexError::Newer { path, version }),
                schema::Found::Foreign => break,
                schema::Found::Older => {
                    highest = schema::highest(&connection);
                    drop(connection);
                    let _lock = refresh::lock(maildir)?;
                    remove(&path).map_err(|error| IndexError::io(&path, error))?;
                }
            }
        }
        Err(IndexError::Damaged { path })
    }

    /// Where the damaged index went that this one stands in for; `None` where there was none.
    pub fn replaces(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// The index's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The Maildir that it is of.
    pub fn maildir(&self) -> &Maildir {
        &self.maildir
    }

    /// What went wrong, by what SQLite says.
    fn failed(&self, error: rusqlite::Error) -> IndexError {
        IndexError::of(&self.path, error)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    // Without the flag for URIs: a path is a path.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    remove_beside(path)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(|_| ())
}

fn remove_beside(path: &Path) -> io::Result<()> {
    for suffix in BESIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match fs::remove_file(name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
