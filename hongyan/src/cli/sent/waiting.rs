//! The file of a mail between its going to a server and its being filed: `….eml` while it goes, `….sent.eml` once
//! it was taken. Whoever kills the program in between finds it there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::draft::paper;
use crate::cli::trouble::Trouble;

/// Such a file.
#[derive(Debug)]
pub(crate) struct Waiting(PathBuf);

impl Waiting {
    /// Beside a draft.
    pub(crate) fn beside(draft: &Path) -> Self {
        Self(draft.with_extension("eml"))
    }

    /// Among the drafts, for a mail that has none.
    pub(crate) fn alone(kind: &str) -> Result<Self, Trouble> {
        Ok(Self(paper::made_folder()?.join(paper::name(kind, 1, "eml"))))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Marks the mail as taken, for good; its new path.
    pub(super) fn taken(&self) -> io::Result<PathBuf> {
        let taken = self.0.with_extension("sent.eml");
        fs::rename(&self.0, &taken)?;
        if let Some(folder) = taken.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(taken)
    }

    /// Removes it, as no server took it.
    pub(super) fn not_taken(&self) {
        // It is a copy of what is made anew.
        let _ = fs::remove_file(&self.0);
    }
}
