//! The ledger in one file: `ledger.sqlite` in the campaign's folder. The default store, for one machine.
//!
//! - [`Sqlite::create`] loads a campaign, wholly or not at all;
//! - [`Sqlite::open`] opens it for running, one process at a time: what a run that was cut off left open is decided then
//!   (leased becomes pending, in data becomes in doubt);
//! - [`Sqlite::read`] opens it beside a run, for status and reports, to pause, and to resolve. That can be done at any
//!   time: [`resolve`](crate::ledger::Ledger::resolve) touches only recipients that no run is at work on, and the run
//!   sees it when it leases next.
//!
//! What is confirmed is on disk (WAL, `synchronous=FULL`). A commit is shared by all who wait for one (`writer`). Every
//! record carries a checksum that is looked at when it is read (`sum`), and reading finds out when one is missing, since
//! ids have no gaps and a standing says how many attempts there were. So a damaged file is refused, at once or when the
//! damage is come across; it is never read as if it said something else.

mod attempts;
mod books;
mod buckets;
mod connect;
mod latest;
mod load;
mod loaded;
mod lock;
mod meta;
mod reading;
mod requests;
mod schema;
mod standing;
mod sum;
mod trouble;
mod wal;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hongyan_proto::said::said;
use rusqlite::Connection;

use self::books::{Books, Memory};
use self::buckets::Buckets;
use self::connect::{Connections, connect, transact};
use self::latest::Latest;
use self::lock::Lock;
use self::standing::Chunk;
use self::trouble::{Trouble, damaged, newer, refused};
use self::writer::{Desk, Writer};
use super::{
    Answered, Entry, Filter, FrozenFile, Ledger, LedgerError, Letter, Manifest, Opening, Outcome,
    RecipientId, Resolution, Runner, SessionId, Tally, Time,
};
use crate::pace::{Bucket, Rate};

pub use attempts::MAX_ATTEMPTS;
pub use connect::PATIENCE;
pub use latest::LATEST;
pub use load::{Loader, MAX_RECIPIENTS};
pub use requests::LEASE;

/// The version of [`Manifest`] that this program knows.
const MANIFEST_VERSION: u32 = 1;

/// A ledger in a file. Opening and dropping it block; everything else is async and needs a tokio runtime.
pub struct Sqlite {
    manifest: Manifest,
    recipients: i64,
    /// `None` where it was opened beside a run.
    writer: Option<Writer>,
    connections: Arc<Connections>,
}

impl Sqlite {
    /// Begins to make a ledger that is not there yet. The manifest's numbers of letters and recipients are counted anew.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where there is one, [`LedgerError::Busy`] where somebody is loading it,
    /// [`LedgerError::Failed`] where it cannot be written.
    pub fn create(path: &Path, manifest: Manifest) -> Result<Loader, LedgerError> {
        Loader::create(path, manifest)
    }

    /// Opens a ledger for running. Nobody else can until this is dropped, or the process ends.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] where another process, or another part of this one, has it; [`LedgerError::Damaged`],
    /// [`LedgerError::Newer`] or [`LedgerError::Failed`] where it cannot be used.
    pub fn open(path: &Path) -> Result<Self, LedgerError> {
        Self::open_locked(path, Lock::take(path)?)
    }

    /// Opens a ledger to move it to another store, also where that was begun before: as [`open`](Self::open) otherwise.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_to_move(path: &Path) -> Result<Self, LedgerError> {
        Self::start(path, Lock::take(path)?, true).map_err(|trouble| trouble.at(path))
    }

    fn open_locked(path: &Path, lock: Lock) -> Result<Self, LedgerError> {
        Self::start(path, lock, false).map_err(|trouble| trouble.at(path))
    }

    fn start(path: &Path, lock: Lock, moving: bool) -> Result<Self, Trouble> {
        let (connection, manifest, recipients) = look_at(path, || Ok(false))?;
        let to = meta::get(&connection, meta::MOVED)?;
        if !moving && to != meta::NO {
            return Err(refused(
                format!("the campaign was moved to {to}: run `hongyan worker --ledger` with that database"),
                format!("活动已搬到 {to}：请用 `hongyan worker --ledger` 指定该数据库来运行"),
            ));
        }
        let mut memory = Memory::default();
        transact(&connection, recipients, &mut memory, |books| {
            books.recover(Chunk::needed(recipients), Time::now())?;
            Ok(meta::set(books.connection, meta::RUNNING, &std::process::id().to_string())?)
        })?;
        let mut desk = Desk { connection, path: path.to_owned(), recipients, memory, _lock: lock };
        // Also for what an earlier process could write but not make safe: it is in the file after this.
        desk.checkpoint("TRUNCATE")?;
        let writer = Some(Writer::start(desk)?);
        Ok(Self { manifest, recipients, writer, connections: Arc::new(Connections::new(path)) })
    }

    /// Opens a ledger beside whoever runs it. What only a run may do is [refused](LedgerError::Refused).
    ///
    /// # Errors
    /// [`LedgerError::Damaged`], [`LedgerError::Newer`] or [`LedgerError::Failed`] where it cannot be read.
    pub fn read(path: &Path) -> Result<Self, LedgerError> {
        let is_run = || Ok(lock::runner(path)?.is_some());
        let (_, manifest, recipients) = look_at(path, is_run).map_err(|trouble| trouble.at(path))?;
        Ok(Self { manifest, recipients, writer: None, connections: Arc::new(Connections::new(path)) })
    }

    /// The ledger's file.
    pub fn path(&self) -> &Path {
        self.connections.path()
    }

    /// Ends a run: everything asked for is done, the file is whole without its log, and others can run the campaign.
    /// Dropping does the same, but blocks, and does not say how it went.
    ///
    /// # Errors
    /// Why the ledger could not be closed as it should; what was confirmed is safe all the same.
    pub async fn close(mut self) -> Result<(), LedgerError> {
        self.connections.close();
        let Some(mut writer) = self.writer.take() else { return Ok(()) };
        blocking(move || writer.close()).await
    }

    /// Where the campaign was, or is being, moved to: the database's [URL](super::postgres::Place::url).
    ///
    /// # Errors
    /// As reading does.
    pub async fn moved_to(&self) -> Result<Option<String>, LedgerError> {
        self.look(|connection| Ok(Some(meta::get(connection, meta::MOVED)?).filter(|to| to != meta::NO)))
            .await
    }

    /// Notes where the campaign is moved to: from here on it cannot be [opened](Self::open) for running any more.
    ///
    /// # Errors
    /// As writing does.
    pub async fn set_moved(&self, to: &str) -> Result<(), LedgerError> {
        let to = to.to_owned();
        self.decide(move |books| Ok(meta::set(books.connection, meta::MOVED, &to)?)).await
    }

    /// All buckets, by their names.
    ///
    /// # Errors
    /// As reading does.
    pub async fn buckets(&self) -> Result<Vec<(String, Bucket)>, LedgerError> {
        self.look(|connection| Ok(Buckets::read(connection)?.all())).await
    }

    /// Reads one state of the file, on a connection of its own, not on the runtime's threads.
    async fn look<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let connections = Arc::clone(&self.connections);
        blocking(move || connections.read(work).map_err(|trouble| trouble.at(connections.path()))).await
    }

    /// What only a run may do.
    async fn run<T: Send + 'static>(
        &self,
        leased: fn(T) -> Vec<RecipientId>,
        work: impl FnOnce(&mut Books<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, LedgerError> {
        match &self.writer {
            Some(writer) => writer.ask(leased, work).await,
            None => Err(refused("it was opened for reading", "它是以只读方式打开的").at(self.path())),
        }
    }

    /// What may be done beside a run as well.
    async fn decide<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Books<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, LedgerError> {
        if let Some(writer) = &self.writer {
            return writer.ask(|_| Vec::new(), work).await;
        }
        let (connections, recipients) = (Arc::clone(&self.connections), self.recipients);
        blocking(move || {
            let done =
                connections.with(|connection| transact(connection, recipients, &mut Memory::default(), work));
            done.map_err(|trouble| trouble.at(connections.path()))
        })
        .await
    }
}

/// Opens a file and finds out whether it can be trusted. `is_run` says whether somebody else has it open for running.
fn look_at(
    path: &Path,
    is_run: impl FnOnce() -> Result<bool, Trouble>,
) -> Result<(Connection, Manifest, i64), Trouble> {
    schema::check_header(path)?;
    wal::check(path)?;
    let has_log = wal::exists(path)?;
    let connection = connect(path)?;
    schema::check_tables(&connection)?;
    let bad = || damaged("its manifest is damaged", "清单已损坏");
    let manifest: Manifest =
        serde_json::from_str(&meta::get(&connection, meta::MANIFEST)?).map_err(|_| bad())?;
    if manifest.version > MANIFEST_VERSION {
        return Err(newer(manifest.version));
    }
    // A run that has just begun had no log yet when it was looked for.
    if !has_log && meta::get(&connection, meta::RUNNING)? != meta::NO && !is_run()? {
        return Err(damaged(
            "a run did not end by itself, and its write-ahead log (-wal) is gone, which says what was done last",
            "上次运行异常中断,而记录最后操作的预写日志(-wal 文件)不见了",
        ));
    }
    let recipients = i64::try_from(manifest.recipients).map_err(|_| bad())?;
    let last: Option<i64> = connection.query_row("SELECT max(id) FROM recipient", [], |row| row.get(0))?;
    if last.unwrap_or(0) != recipients {
        return Err(damaged("recipients are missing", "缺少收件人记录"));
    }
    Ok((connection, manifest, recipients))
}

/// Runs what blocks on a thread for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(LedgerError::Failed(said(
            "reading the ledger was cut off: run again; it goes on where it stopped",
            "读取账本时被中断:请重新运行,会从中断处继续",
        )))
    })
}

fn recipients_of(letters: Vec<Letter>) -> Vec<RecipientId> {
    letters.iter().flat_map(|letter| letter.recipients.iter().map(|recipient| recipient.id)).collect()
}

impl Ledger for Sqlite {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    async fn lease(&self, want: usize, now: Time) -> Result<Vec<Letter>, LedgerError> {
        self.run(recipients_of, move |books| books.lease(want, now)).await
    }

    async fn begin(&self, ids: Vec<RecipientId>, now: Time) -> Result<Vec<RecipientId>, LedgerError> {
        // Whoever is begun and does not hear of it stays in data: it is nothing to give back.
        self.run(|_| Vec::new(), move |books| books.begin(&ids, now)).await
    }

    async fn settle(&self, outcomes: Vec<Outcome>) -> Result<(), LedgerError> {
        self.run(|()| Vec::new(), move |books| books.settle(&outcomes)).await
    }

    async fn release(&self, ids: Vec<RecipientId>, due: Time) -> Result<(), LedgerError> {
        self.run(|()| Vec::new(), move |books| books.release(&ids, due)).await
    }

    async fn next_due(&self) -> Result<Option<Time>, LedgerError> {
        if self.writer.is_some() {
            return self.run(|_| Vec::new(), |books| books.next_due()).await;
        }
        let recipients = self.recipients;
        self.look(move |connection| books::next_due(connection, recipients)).await
    }

    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        want: u32,
        now: Time,
    ) -> Result<(u32, Duration), LedgerError> {
        let bucket = bucket.to_owned();
        self.run(|_| Vec::new(), move |books| Ok(books.buckets()?.take(&bucket, rate, want, now))).await
    }

    async fn session(
        &self,
        opened: Time,
        account: &str,
        transcript: String,
    ) -> Result<SessionId, LedgerError> {
        let account = account.to_owned();
        self.run(|_| Vec::new(), move |books| books.session(opened, &account, &transcript)).await
    }

    async fn tally(&self) -> Result<Tally, LedgerError> {
        let recipients = self.recipients;
        self.look(move |connection| reading::tally(connection, recipients)).await
    }

    async fn page(
        &self,
        after: RecipientId,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<Entry>, LedgerError> {
        let recipients = self.recipients;
        self.look(move |connection| reading::page(connection, recipients, after, limit, filter)).await
    }

    async fn opening(&self, id: SessionId) -> Result<Option<Opening>, LedgerError> {
        self.look(move |connection| reading::opening(connection, id)).await
    }

    async fn latest(&self, limit: usize) -> Result<Vec<Answered>, LedgerError> {
        self.look(move |connection| Ok(Latest::read(connection)?.take(limit))).await
    }

    async fn frozen(&self, path: &str) -> Result<Option<FrozenFile>, LedgerError> {
        if let Some(known) = self.manifest.files.get(path) {
            return Ok(Some(known.clone()));
        }
        let path = path.to_owned();
        self.look(move |connection| reading::frozen(connection, &path)).await
    }

    async fn runners(&self) -> Result<Vec<Runner>, LedgerError> {
        if self.writer.is_some() {
            return Ok(vec![Runner { host: String::new(), process: Some(std::process::id()) }]);
        }
        let connections = Arc::clone(&self.connections);
        blocking(move || {
            let path = connections.path();
            let runner = lock::runner(path).map_err(|error| Trouble::Io(error).at(path))?;
            Ok(runner.into_iter().collect())
        })
        .await
    }

    async fn resolve(&self, ids: Vec<RecipientId>, how: Resolution, now: Time) -> Result<u64, LedgerError> {
        self.decide(move |books| books.resolve(&ids, how, now)).await
    }

    async fn paused(&self) -> Result<bool, LedgerError> {
        self.look(|connection| Ok(meta::get(connection, meta::PAUSED)? == meta::YES)).await
    }

    async fn pause(&self, paused: bool) -> Result<(), LedgerError> {
        self.decide(move |books| {
            Ok(meta::set(books.connection, meta::PAUSED, if paused { meta::YES } else { meta::NO })?)
        })
        .await
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Before the writer: whoever closes the file last takes its log away.
        self.connections.close();
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.path()).finish_non_exhaustive()
    }
}
