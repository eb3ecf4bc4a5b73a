//! Fetching mail into a Maildir, so that nothing is deleted before it is safe.
//!
//! A fetch asks what the server has, skips what is certainly here (`plan`), fetches the rest past a thread that makes it
//! safe in groups and records it (`keep`), and only then deletes what it was asked to delete, after a second look
//! at everything that was not fetched just now. "Deleted" is what the server has confirmed: its answer to QUIT, or
//! to EXPUNGE. Whatever ends a fetch in the middle, every message is then on the server or here, and the next fetch
//! goes on from there.

mod imap;
mod keep;
mod look;
mod plan;
mod pop3;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use hongyan_mailbox::lock::LockError;
use hongyan_mailbox::maildir::OpenError;
use hongyan_mailbox::state::{Change, Damage, Key, State, StateError};
use hongyan_mailbox::{Lock, Maildir};
use hongyan_proto::outcome::Failure;

pub use imap::folder;
pub use keep::{GROUP, GROUP_OCTETS, KeepError, LINGER};
pub use plan::Doubt;
pub use pop3::maildrop;

/// What becomes of the messages on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted once they are safe here.
    Delete,
    /// They are deleted so long after they were fetched.
    DeleteAfter(Duration),
}

impl Policy {
    /// Whether a message is to go that was fetched then, in seconds since 1970.
    fn wants_gone(self, when: u64, now: u64) -> bool {
        match self {
            Self::Keep => false,
            Self::Delete => true,
            Self::DeleteAfter(time) => now.saturating_sub(when) >= time.as_secs(),
        }
    }
}

/// How to fetch.
#[derive(Clone, Debug)]
pub struct Options {
    /// What becomes of the messages on the server.
    pub policy: Policy,
    /// The most messages that are made safe together; at most [`GROUP`].
    pub group: usize,
    /// Where to tell how far it is.
    pub progress: Arc<Progress>,
}

impl Default for Options {
    fn default() -> Self {
        Self { policy: Policy::default(), group: GROUP, progress: Arc::default() }
    }
}

/// How far a fetch is; to be looked at from outside while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    wanted: AtomicU64,
    wanted_octets: AtomicU64,
    messages: AtomicU64,
    octets: AtomicU64,
    safe: AtomicU64,
}

impl Progress {
    /// Messages to be fetched.
    pub fn wanted(&self) -> u64 {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Their octets, as the server lists them.
    pub fn wanted_octets(&self) -> u64 {
        self.wanted_octets.load(Ordering::Relaxed)
    }

    /// Messages that came whole.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Octets that came.
    pub fn octets(&self) -> u64 {
        self.octets.load(Ordering::Relaxed)
    }

    /// Messages that are safe here.
    pub fn safe(&self) -> u64 {
        self.safe.load(Ordering::Relaxed)
    }

    fn want(&self, messages: u64, octets: u64) {
        self.wanted.fetch_add(messages, Ordering::Relaxed);
        self.wanted_octets.fetch_add(octets, Ordering::Relaxed);
    }

    fn add_message(&self) {
        self.messages.fetch_add(1, Ordering::Relaxed);
    }

    fn add_octets(&self, octets: u64) {
        self.octets.fetch_add(octets, Ordering::Relaxed);
    }

    fn add_safe(&self, messages: u64) {
        self.safe.fetch_add(messages, Ordering::Relaxed);
    }
}

/// What a fetch from one folder did, also where it failed in the middle.
#[derive(Debug, Default)]
pub struct Report {
    /// The folder's name; empty for a POP3 maildrop.
    pub folder: String,
    /// Where its messages are kept.
    pub maildir: PathBuf,
    /// Messages on the server when it was asked.
    pub there: u64,
    /// Messages that were here already, and not fetched.
    pub skipped: u64,
    /// Messages that are new here.
    pub fetched: u64,
    /// Their octets.
    pub octets: u64,
    /// Messages that were fetched and found to be here already.
    pub recognised: u64,
    /// Messages whose flags were changed here to what the server says.
    pub flags_changed: u64,
    /// Messages that the server has deleted.
    pub deleted: u64,
    /// Messages that were to be deleted, and were left because their content is not what was fetched.
    pub left: Vec<u32>,
    /// Messages (by number or UID) that the server did not give or delete, and why.
    pub refused: Vec<(u32, Failure)>,
    /// Why the server's ids were not believed.
    pub doubt: Option<Doubt>,
    /// What was wrong with the record of earlier fetches.
    pub damage: Option<Damage>,
    /// Messages that an earlier fetch had put in place when it was cut off.
    pub recovered: u64,
}

/// Why a fetch did not come to its end.
#[derive(Debug)]
pub enum Error {
    /// The server, or the way to it.
    Server(Failure),
    /// The Maildir cannot be used.
    Maildir(OpenError),
    /// Another fetch is going on.
    Locked(LockError),
    /// The record of earlier fetches cannot be used.
    State(StateError),
    /// Messages could not be made safe. They are still on the server.
    Keep(KeepError),
    /// A file of ours.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(failure) => failure.fmt(f),
            Self::Maildir(error) => error.fmt(f),
            Self::Locked(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Keep(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Server(failure)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The record of earlier fetches, with what an interrupted one left undone brought to its end, or thrown away.
fn open_state(lock: &Lock, maildir: &Maildir, key: &Key, report: &mut Report) -> Result<State, Error> {
    // What earlier fetches left half written; where it cannot be removed it is in nobody's way.
    let _ = maildir.sweep(SystemTime::now());
    let mut state = State::open(lock, key).map_err(Error::State)?;
    report.damage = state.damage().cloned();
    let unsettled = state.unsettled()?;
    if !unsettled.is_empty() {
        let mut changes = Vec::new();
        for known in unsettled {
            if maildir.find(&known.file)?.is_some() {
                report.recovered += 1;
            } else {
                changes.push(Change::Forget(known.id));
            }
        }
        state.settle(&changes)?;
    }
    Ok(state)
}
