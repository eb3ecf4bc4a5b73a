//! Why a state was not opened, and what was wrong with one that was.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{Key, VERSION};

/// Why a state was not opened.
#[derive(Debug)]
pub enum StateError {
    /// A newer version of the program wrote it.
    Newer {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
    },
    /// It is about another account or folder than its name says.
    OtherKey {
        /// The file.
        path: PathBuf,
        /// What it says it is about.
        found: Key,
        /// What it should be about.
        wanted: Key,
    },
    /// The system said no.
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer { path, version } => write!(
                f,
                "{} was written by a newer version (format {version}, this one knows {VERSION}); use that one. \
                 Moved away, everything would be fetched again",
                path.display()
            ),
            Self::OtherKey { path, found, wanted } => write!(
                f,
                "{} is about account `{}`, folder `{}`, not about account `{}`, folder `{}`; was it copied or renamed? \
                 Move it back. Moved away, everything would be fetched again",
                path.display(),
                found.account.escape_debug(),
                found.folder.escape_debug(),
                wanted.account.escape_debug(),
                wanted.folder.escape_debug()
            ),
            Self::Io { path, error } => write!(f, "cannot use {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for StateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// What was wrong with a state's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Where the first octet is that does not belong to a whole record.
    pub at: u64,
    /// How many octets were not of whole records.
    pub lost: u64,
    /// Whether the file merely ended in the middle of a record or in zeros, as after a power failure. What it was
    /// about to record had not been acknowledged, and all else stands.
    pub torn: bool,
    /// How many messages can still be recognised. Unless it was merely torn, none by its identifier, since a record
    /// that took it back may be lost; all by size and head.
    pub recognised: usize,
    /// Where the damaged file was kept, if it was.
    pub copy: Option<PathBuf>,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.torn {
            return write!(
                f,
                "its last {} octets were torn off by an interruption; {} messages are known, others are looked at again",
                self.lost, self.recognised
            );
        }
        write!(
            f,
            "damaged at octet {} ({} octets lost); every message on the server is looked at again, and {} can still be \
             recognised by their content",
            self.at, self.lost, self.recognised
        )?;
        match &self.copy {
            Some(copy) => write!(f, "; the damaged file is kept as {}", copy.display()),
            None => Ok(()),
        }
    }
}
