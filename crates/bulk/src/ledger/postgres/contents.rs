//! Templates and attachments by their hashes, for workers on other machines: in the database, in pieces, or in a folder
//! that all machines see, as files named by their hashes.
//!
//! Whatever is stored under a hash has that hash: it is counted while it is put and again while it is fetched, and a copy
//! that differs is not used. A fetched file appears in the cache under its name when it is whole, not before.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hongyan_proto::said::said;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::fault::Fault;
use super::line::{Line, Live, Purpose};
use super::place::Place;
use crate::ledger::{FrozenFile, LedgerError};

/// How many octets a row of the database holds.
pub const PIECE: usize = 256 << 10;
/// How many pieces are between a disk and the database at a time.
const IN_FLIGHT: usize = 4;

const NEW: &str = "INSERT INTO hongyan.content (sha256, size) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const PUT: &str = "INSERT INTO hongyan.piece (sha256, number, octets) VALUES ($1, $2, $3)";
const GET: &str = "SELECT octets FROM hongyan.piece WHERE sha256 = $1 AND number = $2";

/// Where contents are, and the cache of this machine.
pub struct Contents {
    store: Store,
    cache: PathBuf,
    patience: Duration,
    /// Those of the cache that were looked at since this was opened.
    seen: Mutex<HashSet<String>>,
}

enum Store {
    Database { place: Arc<Place>, fetching: Box<Line>, putting: Box<tokio::sync::Mutex<Option<Live>>> },
    Folder(PathBuf),
}

impl Contents {
    /// In the database. `cache` is a folder of this machine; `patience` as in [`Options`](super::Options).
    pub fn database(place: &Place, cache: PathBuf, patience: Duration) -> Self {
        Self::database_until(place, cache, patience, Arc::default())
    }

    /// The same, waiting until `hurried` says that nobody wants that any more.
    pub(super) fn database_until(
        place: &Place,
        cache: PathBuf,
        patience: Duration,
        hurried: Arc<AtomicBool>,
    ) -> Self {
        let place = Arc::new(place.clone());
        let fetching = Box::new(Line::new(place.clone(), Purpose::Bulk, hurried));
        let store = Store::Database { place, fetching, putting: Box::default() };
        Self { store, cache, patience, seen: Mutex::default() }
    }

    /// In a folder that all machines see.
    pub fn folder(folder: PathBuf, cache: PathBuf) -> Self {
        Self { store: Store::Folder(folder), cache, patience: Duration::ZERO, seen: Mutex::default() }
    }

    /// Puts a content there, unless it is there already; says whether it was new. `path` is named where something is wrong.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] where the content is not what was frozen; [`LedgerError::Failed`] where it cannot be read
    /// or stored. Nothing of it is there then.
    pub async fn put<R: Read + Send + 'static>(
        &self,
        path: &str,
        file: &FrozenFile,
        content: R,
    ) -> Result<bool, LedgerError> {
        let name = name(&file.sha256)?;
        match &self.store {
            Store::Folder(folder) => {
                let (to, file, path) = (folder.join(&name), file.clone(), path.to_owned());
                let kept = move || -> Result<bool, LedgerError> {
                    if to.symlink_metadata().is_ok_and(|about| about.len() == file.size) {
                        return Ok(false);
                    }
                    let (mut content, mut new) = (content, New::create(&to).map_err(|e| unusable(&to, &e))?);
                    io::copy(&mut content, &mut new).map_err(|error| unusable(&to, &error))?;
                    if !new.is(&file) {
                        return Err(changed(&path));
                    }
                    new.keep(&to).map_err(|error| unusable(&to, &error))?;
                    Ok(true)
                };
                blocking(kept).await
            }
            Store::Database { place, putting, .. } => {
                let mut putting = putting.lock().await;
                let live = match putting.take().filter(|live| !live.client.is_closed()) {
                    Some(live) => live,
                    None => {
                        let connected = Live::connect(place, Purpose::Bulk).await;
                        connected.map_err(|fault| fault.into_error(place.shown()))?
                    }
                };
                // A connection on which it failed is dropped, and its transaction with it.
                let new = store(&live, path, file, content)
                    .await
                    .map_err(|fault| fault.into_error(place.shown()))?;
                *putting = Some(live);
                Ok(new)
            }
        }
    }

    /// A path on this machine under which the content lies, fetched now where it was not here before: in the cache, called
    /// by its hash, as [`Campaign::from_manifest`](crate::campaign::Campaign::from_manifest) looks for it.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] where what is stored is not what its hash says, or is not there;
    /// [`LedgerError::Failed`] where the cache cannot be written; [`LedgerError::Away`].
    pub async fn hold(&self, file: &FrozenFile) -> Result<PathBuf, LedgerError> {
        let name = name(&file.sha256)?;
        let at = self.cache.join(&name);
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&name);
        let (looked_at, wanted) = (at.clone(), file.clone());
        if blocking(move || Ok(is_there(&looked_at, &wanted, known))).await? {
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
            return Ok(at);
        }
        let (pieces, arriving) = mpsc::channel(IN_FLIGHT);
        let (to, wanted) = (at.clone(), file.clone());
        let writing = blocking(move || write(&to, &wanted, arriving));
        let (fetched, written) = tokio::join!(self.fetch(&name, file.size, pieces), writing);
        fetched?;
        written?;
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(name);
        Ok(at)
    }

    /// Sends the content's pieces, one after the other.
    async fn fetch(&self, name: &str, size: u64, pieces: mpsc::Sender<Vec<u8>>) -> Result<(), LedgerError> {
        match &self.store {
            Store::Folder(folder) => {
                let from = folder.join(name);
                let read = move || -> Result<(), LedgerError> {
                    let mut file = File::open(&from).map_err(|error| unusable(&from, &error))?;
                    while let Some(piece) = piece(&mut file).map_err(|error| unusable(&from, &error))? {
                        if pieces.blocking_send(piece).is_err() {
                            break;
                        }
                    }
                    Ok(())
                };
                blocking(read).await
            }
            Store::Database { fetching, .. } => {
                let (mut number, mut left) = (0_i64, size);
                while left > 0 {
                    let found = fetching.ask(self.patience, |live| async move {
                        let statement = live.statement(GET).await?;
                        let row = live.client.query_opt(&statement, &[&name, &number]).await?;
                        Ok(row.map(|row| row.try_get::<_, Vec<u8>>(0)).transpose()?)
                    });
                    let Some(octets) = found.await?.filter(|octets| !octets.is_empty()) else { break };
                    left = left.saturating_sub(octets.len() as u64);
                    number += 1;
                    if pieces.send(octets).await.is_err() {
                        break;
                    }
                }
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let store: &dyn std::fmt::Debug = match &self.store {
            Store::Database { place, .. } => place,
            Store::Folder(folder) => folder,
        };
        f.debug_struct("Contents").field("store", store).field("cache", &self.cache).finish_non_exhaustive()
    }
}

/// Stores a content in one transaction.
async fn store<R: Read + Send + 'static>(
    live: &Live,
    path: &str,
    file: &FrozenFile,
    content: R,
) -> Result<bool, Fault> {
    let client = &live.client;
    let size = i64::try_from(file.size).unwrap_or(i64::MAX);
    client.batch_execute("BEGIN").await?;
    if client.execute(&live.statement(NEW).await?, &[&file.sha256, &size]).await? == 0 {
        client.batch_execute("ROLLBACK").await?;
        return Ok(false);
    }
    let (send, mut pieces) = mpsc::channel(IN_FLIGHT);
    let shown = PathBuf::from(path);
    let reading = blocking(move || {
        let mut content = content;
        while let Some(piece) = piece(&mut content).map_err(|error| unusable(&shown, &error))? {
            if send.blocking_send(piece).is_err() {
                break;
            }
        }
        Ok(())
    });
    let storing = async {
        let put = live.statement(PUT).await?;
        let (mut hash, mut length, mut number) = (Sha256::new(), 0_u64, 0_i64);
        while let Some(piece) = pieces.recv().await {
            hash.update(&piece);
            length += piece.len() as u64;
            client.execute(&put, &[&file.sha256, &number, &piece]).await?;
            number += 1;
        }
        Ok::<_, Fault>((hex(&hash.finalize()), length))
    };
    let (read, stored) = tokio::join!(reading, storing);
    let (hash, length) = stored?;
    read?;
    if (hash.as_str(), length) != (file.sha256.as_str(), file.size) {
        return Err(changed(path).into());
    }
    client.batch_execute("COMMIT").await?;
    Ok(true)
}

/// The next piece; `None` at the end.
fn piece(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut piece = Vec::with_capacity(PIECE);
    from.take(PIECE as u64).read_to_end(&mut piece)?;
    Ok(Some(piece).filter(|piece| !piece.is_empty()))
}

fn write(to: &Path, wanted: &FrozenFile, mut pieces: mpsc::Receiver<Vec<u8>>) -> Result<(), LedgerError> {
    let failed = |error: io::Error| unusable(to, &error);
    let mut new = New::create(to).map_err(failed)?;
    while let Some(piece) = pieces.blocking_recv() {
        new.write_all(&piece).map_err(failed)?;
    }
    if !new.is(wanted) {
        return Err(spoilt(&wanted.sha256));
    }
    new.keep(to).map_err(failed)
}

/// Whether a file is there with this length, and, unless it is known, this hash.
fn is_there(at: &Path, wanted: &FrozenFile, known: bool) -> bool {
    let Ok(about) = at.symlink_metadata() else { return false };
    if !about.is_file() || about.len() != wanted.size {
        return false;
    }
    let hash = || -> io::Result<String> {
        let (mut hash, mut file) = (Sha256::new(), File::open(at)?);
        while let Some(piece) = piece(&mut file)? {
            hash.update(&piece);
        }
        Ok(hex(&hash.finalize()))
    };
    known || hash().is_ok_and(|hash| hash == wanted.sha256)
}

/// A file that is being written, under a name of its own; gone when it is dropped.
struct New {
    file: File,
    path: PathBuf,
    hash: Sha256,
    length: u64,
}

impl New {
    /// Beside `to`.
    fn create(to: &Path) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let unique = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!(".new-{}-{unique}", std::process::id()));
        Ok(Self { file: File::create(&path)?, path, hash: Sha256::new(), length: 0 })
    }

    fn is(&self, wanted: &FrozenFile) -> bool {
        self.length == wanted.size && hex(&self.hash.clone().finalize()) == wanted.sha256
    }

    /// Makes it durable under its name.
    fn keep(self, to: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, to)?;
        File::open(to.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Write for New {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        self.hash.update(&octets[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for New {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // it is not there any more where it was kept
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LedgerError> + Send + 'static,
) -> Result<T, LedgerError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(super::failed(&error.to_string())))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A hash as the name of a file; whatever else stands in its place never becomes a path.
fn name(sha256: &str) -> Result<String, LedgerError> {
    if sha256.len() == 64
        && sha256.bytes().all(|octet| octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet))
    {
        Ok(sha256.to_owned())
    } else {
        Err(super::damaged("a hash that is not of SHA-256"))
    }
}

fn unusable(path: &Path, error: &io::Error) -> LedgerError {
    LedgerError::Failed(said(
        format!(
            "{}: {error}. See that it is there, may be read and written, and that the disk has room",
            path.display()
        ),
        format!("{}：{error}。请确认它存在、可读写，并且磁盘有空间", path.display()),
    ))
}

fn changed(path: &str) -> LedgerError {
    let path = path.escape_debug();
    LedgerError::Refused(said(
        format!("{path} is not what it was when the campaign was frozen: put the old file back"),
        format!("{path} 与活动冻结时不同：请放回原来的文件"),
    ))
}

fn spoilt(sha256: &str) -> LedgerError {
    LedgerError::Damaged(said(
        format!(
            "the content with the SHA-256 {sha256} is missing where contents are kept, or is not what its hash says: put \
             it there again with `hongyan bulk move` from the campaign's folder"
        ),
        format!(
            "存放内容的地方缺少 SHA-256 为 {sha256} 的文件，或其内容已损坏：请在活动目录用 `hongyan bulk move` 重新放入"
        ),
    ))
}
