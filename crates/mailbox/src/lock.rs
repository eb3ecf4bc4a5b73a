//! One fetch at a time into a Maildir: `hongyan/lock` in it, held with `flock`, with the holder's process number inside.
//!
//! The system lets go of it when the process ends, however it ends, so there is no stale lock to remove. The file stays.
//! Reading, searching and other programs' deliveries do not need it; writing a [`State`](crate::State) does.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::Maildir;

/// The lock's name in a Maildir's `hongyan` folder.
const NAME: &str = "lock";

/// The right to fetch into a Maildir, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    maildir: Maildir,
    /// Holds the lock for as long as it is open.
    _file: File,
}

/// Why the lock was not taken.
#[derive(Debug)]
pub enum LockError {
    /// Another process has it.
    Held {
        /// The lock's file.
        path: PathBuf,
        /// The process, where the file names it.
        process: Option<u32>,
    },
    /// The file could not be opened, locked or written.
    Io {
        /// The lock's file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl Lock {
    /// Takes the lock, without waiting for it.
    ///
    /// # Errors
    /// [`LockError::Held`] where another process, or another part of this one, has it.
    pub fn take(maildir: &Maildir) -> Result<Self, LockError> {
        Ok(Self { maildir: maildir.clone(), _file: hold(maildir, NAME)? })
    }

    /// The Maildir that it is for.
    #[must_use]
    pub fn maildir(&self) -> &Maildir {
        &self.maildir
    }

    /// The Maildir's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.maildir.path()
    }
}

/// Takes the lock of this name in the Maildir's own folder, without waiting for it: it is held for as long as the file
/// is open.
pub(crate) fn hold(maildir: &Maildir, name: &str) -> Result<File, LockError> {
    let path = maildir.own_path().join(name);
    let io = |error: io::Error| LockError::Io { path: path.clone(), error };
    let own = maildir.own().map_err(io)?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let opened = rustix::fs::openat(&own, name, flags, Mode::RUSR | Mode::WUSR);
    let mut file = File::from(opened.map_err(|error| io(error.into()))?);
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::WOULDBLOCK) => return Err(LockError::Held { process: holder(&file), path }),
        Err(error) => return Err(io(error.into())),
    }
    write_process(&mut file).map_err(io)?;
    Ok(file)
}

fn write_process(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Who says in the file that it has the lock. The file may have been written by anybody, so only a number counts.
fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { path, process: Some(process) } => write!(
                f,
                "process {process} is fetching into this Maildir ({}); wait for it, or end it",
                path.display()
            ),
            Self::Held { path, process: None } => write!(
                f,
                "another process is fetching into this Maildir ({}); wait for it, or end it",
                path.display()
            ),
            Self::Io { path, error } => write!(f, "cannot lock {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LockError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Held { .. } => None,
            Self::Io { error, .. } => Some(error),
        }
    }
}
