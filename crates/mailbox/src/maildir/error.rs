//! Why a folder cannot be used as a Maildir, and what became of a group that could not all be delivered.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::Kept;

/// Why a Maildir was not opened or made.
#[derive(Debug)]
pub enum OpenError {
    /// There is nothing at this path.
    Missing(PathBuf),
    /// It is not a folder.
    NotAFolder(PathBuf),
    /// It is a folder, but not a Maildir.
    NotAMaildir {
        /// The folder.
        path: PathBuf,
        /// Which of `tmp`, `new` and `cur` it lacks.
        lacks: Vec<&'static str>,
    },
    /// A Maildir was to be made of a folder that has other things in it.
    Occupied {
        /// The folder.
        path: PathBuf,
        /// One of those things.
        by: String,
    },
    /// There is no such folder of the mailbox.
    NoFolder {
        /// Its name, as the server or the user gave it.
        name: String,
        /// Where it would be.
        path: PathBuf,
    },
    /// The system said no.
    Io {
        /// About this path.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(path) => {
                write!(f, "there is no Maildir at {}; check the path, or have it made", path.display())
            }
            Self::NotAFolder(path) => write!(
                f,
                "{} is a file, not a Maildir (a folder with `tmp`, `new` and `cur` in it)",
                path.display()
            ),
            Self::NotAMaildir { path, lacks } => {
                write!(f, "{} is not a Maildir: it lacks `{}`", path.display(), lacks.join("`, `"))
            }
            Self::Occupied { path, by } => write!(
                f,
                "{} is a folder with other things in it (`{by}`), so no Maildir is made of it; name a new folder",
                path.display()
            ),
            Self::NoFolder { name, path } => {
                write!(f, "this mailbox has no folder `{}` ({})", name.escape_debug(), path.display())
            }
            Self::Io { path, error } => write!(f, "cannot open the Maildir {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// A group that was not delivered as a whole. What is neither kept nor doubtful is gone from the disk and counted in
/// `lost`: it must be fetched again. Nothing partial is ever in `new` or `cur`.
#[derive(Debug)]
pub struct CommitError {
    /// Delivered, and safe on disk, although the group failed.
    pub kept: Vec<Kept>,
    /// Whole and in place, but not certainly there after a power failure: treat as not delivered.
    pub doubtful: Vec<Kept>,
    /// How many are not there.
    pub lost: usize,
    /// What was being done.
    pub doing: &'static str,
    /// What the system says.
    pub error: io::Error,
}

impl CommitError {
    /// Nothing of a group of so many was delivered.
    pub(crate) fn nothing(lost: usize, doing: &'static str, error: io::Error) -> Self {
        Self { kept: Vec::new(), doubtful: Vec::new(), lost, doing, error }
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.doing, self.error)?;
        match self.error.kind() {
            io::ErrorKind::StorageFull => f.write_str("; free some space and fetch again")?,
            io::ErrorKind::QuotaExceeded => {
                f.write_str("; your quota is used up: free some and fetch again")?
            }
            _ => {}
        }
        write!(
            f,
            " ({} delivered, {} in doubt, {} to be fetched again)",
            self.kept.len(),
            self.doubtful.len(),
            self.lost
        )
    }
}

impl std::error::Error for CommitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
