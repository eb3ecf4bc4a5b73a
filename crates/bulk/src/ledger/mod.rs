//! The ledger: what is known of each recipient of a campaign, and durable before anything depends on it.
//!
//! ```text
//! pending ─► leased ─► in_data ─► accepted | deferred | rejected | in_doubt        suppressed, skipped
//! ```
//! The one rule on which everything rests: a recipient is `in_data` **on disk** before the last octet of its message
//! can leave. After a crash whoever is not yet `in_data` is safely sent to again; whoever is, without a recorded
//! answer, is `in_doubt`: counted, listed, and never sent to again unless somebody decides so.
//!
//! [`Ledger`] is what a run needs; each store keeps it, and one suite of tests holds for all of them. Times come from
//! the caller, so that a test can choose them.

mod entry;
mod manifest;
mod memory;
pub mod moving;
pub mod postgres;
pub mod sqlite;

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use entry::{
    Answered, Attempt, Entry, Evidence, Filter, Letter, LetterToLoad, Opening, Outcome, Recipient,
    RecipientId, Resolution, Role, Runner, SessionId, State, Tally, Time,
};
pub use manifest::{FrozenFile, Manifest};
pub use memory::Memory;
pub use sqlite::Sqlite;

use hongyan_proto::said::{Problem, Said, said};

use crate::pace::Rate;

/// A campaign's ledger, opened for running.
///
/// Every method may be called from many tasks at a time; a store commits what comes together as a group. A method that
/// returns has made durable what it says. After [`LedgerError::Failed`] the run must stop: what is on disk is right, but
/// nothing more can be written.
pub trait Ledger: Send + Sync + 'static {
    /// What was frozen when the campaign was loaded.
    fn manifest(&self) -> &Manifest;

    /// Leases up to `want` letters that are due: `pending`, or `deferred` with a time that has come, in the order of
    /// their ids. A letter comes with all of its recipients that are due. Nobody else gets them until
    /// [`Letter::until`]; empty means that nothing is due now.
    fn lease(&self, want: usize, now: Time) -> impl Future<Output = Result<Vec<Letter>, LedgerError>> + Send;

    /// Makes these recipients `in_data`, durably. Gives back those that may be sent to: all of them, unless a lease
    /// has ended meanwhile.
    fn begin(
        &self,
        ids: Vec<RecipientId>,
        now: Time,
    ) -> impl Future<Output = Result<Vec<RecipientId>, LedgerError>> + Send;

    /// Records what became of recipients that were begun (or, for [`State::Suppressed`] and failures before anything
    /// was sent, leased). Late knowledge wins over doubt: an `in_doubt` of the same attempt becomes what is said here.
    fn settle(&self, outcomes: Vec<Outcome>) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Gives recipients back that were leased or begun and whose message certainly did not leave, not to be leased
    /// before `due`. The attempt does not count.
    fn release(
        &self,
        ids: Vec<RecipientId>,
        due: Time,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// When the next recipient that is not leased becomes due; `None` where none ever will.
    fn next_due(&self) -> impl Future<Output = Result<Option<Time>, LedgerError>> + Send;

    /// Takes up to `want` tokens from a bucket that all workers share, filled at `rate`. Gives how many, and how long to
    /// wait for the next one where there are fewer than wanted.
    fn take(
        &self,
        bucket: &str,
        rate: Rate,
        want: u32,
        now: Time,
    ) -> impl Future<Output = Result<(u32, Duration), LedgerError>> + Send;

    /// Records a connection that was opened: its opening as a transcript.
    fn session(
        &self,
        opened: Time,
        account: &str,
        transcript: String,
    ) -> impl Future<Output = Result<SessionId, LedgerError>> + Send;

    /// How many recipients are in each state.
    fn tally(&self) -> impl Future<Output = Result<Tally, LedgerError>> + Send;

    /// Up to `limit` entries after this id that pass the filter, in the order of their ids.
    fn page(
        &self,
        after: RecipientId,
        limit: usize,
        filter: Filter,
    ) -> impl Future<Output = Result<Vec<Entry>, LedgerError>> + Send;

    /// How a connection was opened.
    fn opening(&self, id: SessionId) -> impl Future<Output = Result<Option<Opening>, LedgerError>> + Send;

    /// Up to `limit` recipients that were answered last, newest first.
    fn latest(&self, limit: usize) -> impl Future<Output = Result<Vec<Answered>, LedgerError>> + Send;

    /// What a file was when it was frozen, by its path inside the campaign's folder: one of the manifest's, or a
    /// row's own.
    fn frozen(&self, path: &str) -> impl Future<Output = Result<Option<FrozenFile>, LedgerError>> + Send;

    /// Who runs the campaign now; nobody: the list is empty.
    fn runners(&self) -> impl Future<Output = Result<Vec<Runner>, LedgerError>> + Send;

    /// Decides about recipients: those in doubt by [`Resolution`], deferred and rejected ones to be tried again.
    /// Gives how many it changed; those in another state stay as they are.
    fn resolve(
        &self,
        ids: Vec<RecipientId>,
        how: Resolution,
        now: Time,
    ) -> impl Future<Output = Result<u64, LedgerError>> + Send;

    /// Whether somebody has asked to pause, from whichever process.
    fn paused(&self) -> impl Future<Output = Result<bool, LedgerError>> + Send;

    /// Asks every run of the campaign to pause, or lets them go on.
    fn pause(&self, paused: bool) -> impl Future<Output = Result<(), LedgerError>> + Send;
}

/// Why a ledger cannot do what it was asked.
#[derive(Clone, Debug)]
pub enum LedgerError {
    /// Another process runs this campaign; its number, where known.
    Busy {
        /// The process that holds it.
        process: Option<u32>,
    },
    /// The ledger is damaged and cannot be trusted.
    Damaged(Said),
    /// It was written by a newer version.
    Newer(Said),
    /// It cannot be written or reached: disk full, I/O error, no database. What was confirmed stays true.
    Failed(Said),
    /// The database refuses, by its rights or its state.
    Refused(Said),
    /// The database cannot be reached, for longer than the caller wanted to wait. Nothing is lost; another start goes on.
    Away(Said),
}

impl LedgerError {
    /// What is wrong, and what to do next.
    pub fn problem(&self) -> Problem {
        let again = said(
            "run it again once that is mended: it goes on where it stood",
            "解决之后重新运行，会从中断处继续",
        );
        match self {
            Self::Busy { process } => {
                let (en, zh) = process.map_or_else(
                    || ("another process".to_owned(), "另一个进程".to_owned()),
                    |process| (format!("process {process}"), format!("进程 {process}")),
                );
                let what = said(format!("the campaign is being run by {en}"), format!("活动正由{zh}运行"));
                let next = said(
                    "watch it with `hongyan bulk status --watch`, or end that process first",
                    "可用 `hongyan bulk status --watch` 查看，或先结束那个进程",
                );
                Problem::new(what, next)
            }
            Self::Damaged(what) => {
                let next = said(
                    "keep the folder as it is, and restore the ledger from a copy; nothing was changed",
                    "请保持文件夹原样，并从备份恢复账本；没有做任何更改",
                );
                Problem::new(what.clone(), next)
            }
            Self::Newer(what) => {
                let next = said(
                    "use the newer version of hongyan; nothing was changed",
                    "请使用更新版本的 hongyan；没有做任何更改",
                );
                Problem::new(what.clone(), next)
            }
            Self::Failed(what) | Self::Refused(what) | Self::Away(what) => Problem::new(what.clone(), again),
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy { process: Some(process) } => {
                write!(f, "the campaign is being run by process {process}")
            }
            Self::Busy { process: None } => f.write_str("the campaign is being run by another process"),
            Self::Damaged(said)
            | Self::Newer(said)
            | Self::Failed(said)
            | Self::Refused(said)
            | Self::Away(said) => f.write_str(&said.en),
        }
    }
}

impl std::error::Error for LedgerError {}
