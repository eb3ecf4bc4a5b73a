//! Why an index cannot be used, told apart by what helps.

use std::fmt;
use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why an index cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexError {
    /// It was made by a newer version of this program.
    Newer {
        /// The index.
        path: PathBuf,
        /// The version of its layout.
        version: i64,
    },
    /// It is damaged: [`Index::remake`](crate::index::Index::remake) makes it again.
    Damaged {
        /// The index.
        path: PathBuf,
    },
    /// Another process is bringing it up to date.
    Updating {
        /// That process, where it says so.
        process: Option<u32>,
    },
    /// Another program has the file locked for longer than [`PATIENCE`](crate::index::PATIENCE).
    Locked {
        /// The index.
        path: PathBuf,
    },
    /// It must be written, and the Maildir or its file system does not let us.
    ReadOnly {
        /// The index, or its folder.
        path: PathBuf,
    },
    /// The disk, or the user's share of it, is full.
    Full {
        /// The index.
        path: PathBuf,
    },
    /// What the system says about a file or folder.
    Io {
        /// Which one.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// What SQLite says.
    Sql {
        /// The index.
        path: PathBuf,
        /// What it says.
        error: rusqlite::Error,
    },
}

impl IndexError {
    /// By what SQLite said about the index at `path`.
    pub(crate) fn of(path: impl Into<PathBuf>, error: rusqlite::Error) -> Self {
        let path = path.into();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path }
            }
            Some(ErrorCode::DiskFull) => Self::Full { path },
            _ => Self::Sql { path, error },
        }
    }

    /// By what the system said about `path`.
    pub(crate) fn io(path: impl Into<PathBuf>, error: io::Error) -> Self {
        let path = path.into();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { path, error },
        }
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { path, version } => write!(
                f,
                "the index {} was made by a newer version of this program (layout {version})",
                path.display()
            ),
            Self::Damaged { path } => write!(f, "the index {} is damaged", path.display()),
            Self::Updating { process: Some(process) } => {
                write!(f, "process {process} is bringing the index up to date")
            }
            Self::Updating { process: None } => {
                f.write_str("another process is bringing the index up to date")
            }
            Self::Locked { path } => {
                write!(f, "another program keeps the index {} locked", path.display())
            }
            Self::ReadOnly { path } => write!(f, "the index cannot be written: {}", path.display()),
            Self::Full { path } => write!(f, "there is no room for the index {}", path.display()),
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Sql { path, error } => write!(f, "the index {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for IndexError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Sql { error, .. } => Some(error),
            _ => None,
        }
    }
}
