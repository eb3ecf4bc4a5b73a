//! A recipient with everything that a report says of it.

use crate::ledger::{Attempt, Entry, FrozenFile};

/// A recipient, and what was looked up for it.
#[derive(Clone, Debug)]
pub struct Record {
    /// What the ledger knows.
    pub entry: Entry,
    /// The Message-ID of its letter, with its brackets, where that is known.
    pub message_id: Option<String>,
    /// What goes with its letter: the files that everybody gets, then its own.
    pub files: Vec<Attached>,
    /// The account of the last attempt.
    pub account: Option<String>,
}

/// A file that goes with a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attached {
    /// Its path inside the campaign's folder.
    pub path: String,
    /// What it was when it was frozen.
    pub frozen: Option<FrozenFile>,
}

impl Record {
    /// The last attempt.
    pub fn last(&self) -> Option<&Attempt> {
        self.entry.attempts.last()
    }
}
