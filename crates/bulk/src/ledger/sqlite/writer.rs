//! The one thread that writes: it takes all requests that wait, runs them in one transaction, and answers them when
//! that is on disk. So many connections share one `fsync`, and requests keep their order.
//!
//! Whatever goes wrong but a refusal ends it: the group fails, and so does everything after it. What was confirmed
//! stays true, since nothing is put from the WAL into the file after that.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use hongyan_proto::said::said;
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::oneshot;

use super::books::{Books, Memory};
use super::connect::transact;
use super::lock::Lock;
use super::meta;
use super::trouble::Trouble;
use crate::ledger::{LedgerError, RecipientId, Time};

/// Requests in a transaction at most.
const GROUP: usize = 4096;
/// Octets written, about, after which the WAL's content is put into the file.
const CHECKPOINT: usize = 16 << 20;

/// The writing thread's other end.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Mutex<Option<JoinHandle<Result<(), LedgerError>>>>,
}

/// A request and who waits for its answer.
trait Job: Send {
    /// Does it, and keeps what comes of it. Fails where the group must not be committed.
    fn run(&mut self, books: &mut Books<'_>, path: &std::path::Path) -> Result<(), Trouble>;
    /// Answers. Gives those who were leased to somebody who no longer waits.
    fn answer(self: Box<Self>, failed: Option<&LedgerError>) -> Vec<RecipientId>;
}

struct Request<T, W> {
    work: Option<W>,
    done: Option<Result<T, LedgerError>>,
    answer: oneshot::Sender<Result<T, LedgerError>>,
    leased: fn(T) -> Vec<RecipientId>,
}

impl<T, W> Job for Request<T, W>
where
    T: Send,
    W: FnOnce(&mut Books<'_>) -> Result<T, Trouble> + Send,
{
    fn run(&mut self, books: &mut Books<'_>, path: &std::path::Path) -> Result<(), Trouble> {
        let Some(work) = self.work.take() else { return Ok(()) };
        match work(books) {
            Ok(done) => self.done = Some(Ok(done)),
            Err(refusal) if refusal.is_refusal() => self.done = Some(Err(refusal.at(path))),
            Err(trouble) => return Err(trouble),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, failed: Option<&LedgerError>) -> Vec<RecipientId> {
        let done = match failed {
            Some(error) => Err(error.clone()),
            None => self.done.unwrap_or_else(|| Err(ended())),
        };
        match self.answer.send(done) {
            Err(Ok(done)) => (self.leased)(done),
            _ => Vec::new(),
        }
    }
}

/// What there is to write with.
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) recipients: i64,
    pub(super) memory: Memory,
    /// Let go of when all is closed.
    pub(super) _lock: Lock,
}

impl Writer {
    pub(super) fn start(desk: Desk) -> std::io::Result<Self> {
        let (queue, requests) = mpsc::channel();
        let thread = thread::Builder::new().name("ledger".into()).spawn(move || desk.work(&requests))?;
        Ok(Self { queue: Some(queue), thread: Mutex::new(Some(thread)) })
    }

    /// Has something done to the books. `leased` says who was leased by it, should nobody wait for it any more.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        leased: fn(T) -> Vec<RecipientId>,
        work: impl FnOnce(&mut Books<'_>) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (answer, answered) = oneshot::channel();
        let request = Box::new(Request { work: Some(work), done: None, answer, leased });
        let queue = self.queue.as_ref().ok_or_else(ended)?;
        queue.send(request).map_err(|_| ended())?;
        answered.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Waits until everything asked for is done and the file is closed.
    pub(super) fn close(&mut self) -> Result<(), LedgerError> {
        drop(self.queue.take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or_else(|_| Err(ended())))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever wants to know how it went calls `close`.
        let _ = self.close();
    }
}

fn ended() -> LedgerError {
    LedgerError::Failed(said(
        "the ledger's writer has ended: run again; it goes on where it stopped",
        "账本的写入线程已结束:请重新运行,会从中断处继续",
    ))
}

impl Desk {
    fn work(mut self, requests: &mpsc::Receiver<Box<dyn Job>>) -> Result<(), LedgerError> {
        let mut abandoned = Vec::new();
        while let Ok(first) = requests.recv() {
            let mut group = vec![first];
            group.extend(requests.try_iter().take(GROUP - 1));
            if let Err(trouble) = self.group(&mut group, &abandoned) {
                return Err(refuse_all(trouble.at(&self.path), group, requests));
            }
            abandoned.clear();
            for job in group {
                abandoned.extend(job.answer(None));
            }
            if self.memory.written > CHECKPOINT
                && let Err(trouble) = self.checkpoint("PASSIVE")
            {
                return Err(refuse_all(trouble.at(&self.path), Vec::new(), requests));
            }
        }
        self.finish(&abandoned).map_err(|trouble| trouble.at(&self.path))
    }

    fn group(&mut self, group: &mut [Box<dyn Job>], abandoned: &[RecipientId]) -> Result<(), Trouble> {
        let path = &self.path;
        transact(&self.connection, self.recipients, &mut self.memory, |books| {
            books.release(abandoned, Time::default())?;
            group.iter_mut().try_for_each(|job| job.run(books, path))
        })
    }

    /// Puts what is in the WAL into the file, as far as nobody reads an older state of it.
    pub(super) fn checkpoint(&mut self, how: &str) -> Result<(), Trouble> {
        self.connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))?;
        self.memory.written = 0;
        Ok(())
    }

    /// A run that ends by itself leaves one file.
    fn finish(&mut self, abandoned: &[RecipientId]) -> Result<(), Trouble> {
        transact(&self.connection, self.recipients, &mut self.memory, |books| {
            books.release(abandoned, Time::default())?;
            Ok(meta::set(books.connection, meta::RUNNING, meta::NO)?)
        })?;
        self.checkpoint("TRUNCATE")?;
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
        Ok(())
    }
}

/// After something went wrong: nothing more is written, whoever asks.
fn refuse_all(
    error: LedgerError,
    group: Vec<Box<dyn Job>>,
    requests: &mpsc::Receiver<Box<dyn Job>>,
) -> LedgerError {
    for job in group.into_iter().chain(requests.iter()) {
        job.answer(Some(&error));
    }
    error
}
