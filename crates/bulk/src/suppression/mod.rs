//! Who is not written to any more, across campaigns: one SQLite file, shared by all processes of a person.
//!
//! An address is on the list because its mailbox does not exist, because its reader complained or asked for no more mail, or
//! because somebody put it there. What `docs/bounces.md` calls soft is counted first and expires. Each returned mail counts once,
//! by its content. A change is on disk when the method that makes it returns.

mod error;
mod key;
mod rule;
mod sheet;
mod store;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::bounce::Reason;
use crate::ledger::Time;

pub use error::{Fault, MAX_FAULTS, SuppressionError};
pub use key::key;
pub use rule::{DAYS, EXPIRY, Rule, WINDOW};
pub use sheet::{Imported, MAX_CELL};

/// Why an address is on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// It bounced: once and hard, or soft and often.
    Bounce(Reason),
    /// Its reader called a mail spam.
    Complaint,
    /// Its reader asked for no more mail.
    Unsubscribed,
    /// Somebody put it there.
    Manual,
}

impl Cause {
    /// `bounce:no_such_user`, `complaint`, `unsubscribed`, `manual`: stable, for files and programs.
    pub fn name(self) -> String {
        match self {
            Self::Bounce(reason) => format!("bounce:{reason}"),
            Self::Complaint => "complaint".into(),
            Self::Unsubscribed => "unsubscribed".into(),
            Self::Manual => "manual".into(),
        }
    }

    /// The cause of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "complaint" => Some(Self::Complaint),
            "unsubscribed" => Some(Self::Unsubscribed),
            "manual" => Some(Self::Manual),
            other => Some(Self::Bounce(Reason::named(other.strip_prefix("bounce:")?)?)),
        }
    }

    /// What a person decided is not replaced by what a server said, nor that by what is counted.
    fn rank(self) -> u8 {
        match self {
            Self::Unsubscribed | Self::Complaint | Self::Manual => 2,
            Self::Bounce(reason) if reason.is_hard() => 1,
            Self::Bounce(_) => 0,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// An address on the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As it was written.
    pub address: String,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub at: Time,
    /// Until when; for ever where there is nothing.
    pub until: Option<Time>,
    /// Which campaign it came from: its key; empty where it came from none.
    pub campaign: String,
    /// The Message-ID of the mail that says so, without brackets; empty where there is none.
    pub message_id: String,
    /// How it is known, on one line.
    pub evidence: String,
}

impl Entry {
    /// An entry from now on and for ever, with nothing else known.
    pub fn new(address: impl Into<String>, cause: Cause) -> Self {
        Self {
            address: address.into(),
            cause,
            at: Time::now(),
            until: None,
            campaign: String::new(),
            message_id: String::new(),
            evidence: String::new(),
        }
    }
}

/// What one returned mail does to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Put it on the list.
    Suppress(Entry),
    /// Count it, and put it on the list when it has happened often enough. The entry is what it would be listed as.
    Count(Entry),
}

/// Where the list is if nothing names it: `hongyan/suppressions.sqlite` in the XDG data folder. `None` where not even a
/// home folder is known.
pub fn default_path() -> Option<std::path::PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(std::path::PathBuf::from);
    let folder = set("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| set("HOME").map(|home| home.join(".local/share")));
    Some(folder?.join("hongyan").join("suppressions.sqlite"))
}

/// The list.
#[derive(Debug)]
pub struct Suppressions {
    connection: Mutex<Connection>,
    path: std::path::PathBuf,
}

impl Suppressions {
    /// Opens the list, or makes an empty one where there is none; its folder is made too. Only the user may read the file.
    ///
    /// # Errors
    /// It is damaged, of a newer version, or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, SuppressionError> {
        let connection = store::open(path)?;
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why an address is not to be written to; `None` where it may be.
    ///
    /// # Errors
    /// The list cannot be read: then nothing is known, and nobody should be written to.
    pub fn contains(&self, address: &str) -> Result<Option<Cause>, SuppressionError> {
        Ok(self.find(address, Time::now())?.map(|entry| entry.cause))
    }

    /// The entry of an address that counts at this time.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn find(&self, address: &str, now: Time) -> Result<Option<Entry>, SuppressionError> {
        let entry = store::find(&self.lock(), &key(address)).map_err(|error| self.failed(error))?;
        Ok(entry.filter(|entry| entry.until.is_none_or(|until| until > now)))
    }

    /// Puts an address on the list. Gives whether that changed anything: what a person decided stays as it is.
    ///
    /// # Errors
    /// The text is no address, or the list cannot be written.
    pub fn add(&self, entry: &Entry) -> Result<bool, SuppressionError> {
        key::check(&entry.address)?;
        self.within(|transaction| store::add(transaction, entry))
    }

    /// Takes an address off the list, and forgets what was counted. Gives whether it was there.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn remove(&self, address: &str) -> Result<bool, SuppressionError> {
        let key = key(address);
        self.within(|transaction| store::remove(transaction, &key))
    }

    /// Records what a returned mail says, once: `seen` is a hash of it. Gives the entries that were put on the list; `None`
    /// where the mail was recorded before. Nothing is half recorded.
    ///
    /// # Errors
    /// The list cannot be written.
    pub fn record(
        &self,
        seen: &[u8; 32],
        events: &[Event],
        rule: Rule,
        now: Time,
    ) -> Result<Option<Vec<Entry>>, SuppressionError> {
        self.within(|transaction| {
            if !store::see(transaction, seen, now)? {
                return Ok(None);
            }
            let mut listed = Vec::new();
            for event in events {
                match event {
                    Event::Suppress(entry) => {
                        if store::add(transaction, entry)? {
                            listed.push(entry.clone());
                        }
                    }
                    Event::Count(entry) => listed.extend(rule::count(transaction, entry, seen, rule)?),
                }
            }
            Ok(Some(listed))
        })
    }

    /// Whether a returned mail was recorded.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn has_seen(&self, seen: &[u8; 32]) -> Result<bool, SuppressionError> {
        store::has_seen(&self.lock(), seen).map_err(|error| self.failed(error))
    }

    /// Up to `limit` entries behind this address, in the order of their keys; from the beginning where it is empty. Entries that
    /// have expired are among them.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn page(&self, after: &str, limit: usize) -> Result<Vec<Entry>, SuppressionError> {
        let after = if after.is_empty() { String::new() } else { key(after) };
        store::page(&self.lock(), &after, limit).map_err(|error| self.failed(error))
    }

    /// Runs `work` in a transaction that waits for other processes.
    fn within<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, SuppressionError> {
        let mut connection = self.lock();
        let run = || {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run().map_err(|error| self.failed(error))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere has rolled its transaction back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, error: rusqlite::Error) -> SuppressionError {
        SuppressionError::of(&self.path, &error)
    }
}

#[cfg(test)]
mod tests;
