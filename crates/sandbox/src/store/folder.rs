//! Messages as files: `00000042.eml` holds the octets, `00000042.json` names it and tells how it came.
//!
//! The `.json` is written elsewhere and renamed when the `.eml` is whole: whoever sees it finds the whole
//! message, and an `.eml` without it is none (yet). Both are made by a thread of the folder's own, so that
//! a slow disk holds up those who wait for it and nobody else, and numbers appear in their order.
//!
//! A lock keeps a second sandbox out; what an earlier one left unfinished under `.tmp/` is removed.
//! `.last` holds the highest number of a message that was removed, so that it is not given again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use hongyan_proto::imap::{Date, Flags};
use tokio::sync::oneshot;

use super::{Coming, Content, Envelope, Kept, Message, News, Subscribers};
use crate::accounts::record::Arrival;
use crate::accounts::register::Register;
use crate::error::StartError;
use crate::reading::LineEnds;
use crate::sandbox::write_whole;
use crate::time::seconds;

/// The folder for what is not finished.
const UNFINISHED: &str = ".tmp";
/// The file with the highest number that was removed.
const REMOVED: &str = ".last";
/// What a message's files end in.
const EXTENSIONS: [&str; 2] = ["eml", "json"];

/// Octets of a message that are gathered in memory before a file is begun; most messages never pass it,
/// and cost one write.
const GATHERED: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Folder {
    files: Arc<Files>,
    /// Messages begun since the start, for names under `.tmp/`.
    begun: AtomicU64,
    news: News,
    /// Taken when this is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// Held as long as this lives.
    _lock: File,
}

/// The files, for the writer and for those who read.
#[derive(Debug)]
struct Files {
    path: PathBuf,
    /// The last number that was given.
    last: Mutex<u64>,
}

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Part {
    gathered: Vec<u8>,
    /// Where it is begun once that is too much, and where its `.json` is.
    path: PathBuf,
    file: Option<File>,
}

/// A message to be made safe.
struct Job {
    part: Part,
    coming: Coming,
    done: oneshot::Sender<io::Result<Kept>>,
}

impl Folder {
    pub(super) fn open(path: &Path, users: Vec<String>, news: Subscribers) -> Result<Self, StartError> {
        let failed = |error| StartError::Folder(path.to_path_buf(), error);
        let unfinished = path.join(UNFINISHED);
        fs::create_dir_all(&unfinished).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(".lock"));
        let lock = lock.map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StartError::FolderInUse(path.to_path_buf()),
            TryLockError::Error(error) => failed(error),
        })?;
        for (_, leftover) in numbered(&unfinished, &EXTENSIONS).map_err(failed)? {
            fs::remove_file(leftover).map_err(failed)?;
        }
        let files = Files { path: path.to_path_buf(), last: Mutex::new(last(path).map_err(failed)?) };
        let files = Arc::new(files);
        let register = files.register(users).map_err(failed)?;
        let news = News { subscribers: news, register: Arc::new(register) };
        let (jobs, to_do) = mpsc::channel::<Job>();
        let (making, told) = (files.clone(), news.clone());
        let writer = thread::Builder::new().name("sandbox-mail".into()).spawn(move || {
            for Job { part, coming: Coming { envelope, how }, done } in to_do {
                let kept = making.keep(part, envelope).map(|message| {
                    let (id, message) = (message.id, Arc::new(message));
                    Kept { id, placed: told.kept(&message, how) }
                });
                // Whoever sent it may be gone; the message is kept all the same.
                let _ = done.send(kept);
            }
        });
        let writer = writer.map_err(failed)?;
        let begun = AtomicU64::new(0);
        Ok(Self { files, begun, news, jobs: Some(jobs), writer: Some(writer), _lock: lock })
    }

    pub(super) fn news(&self) -> &News {
        &self.news
    }

    pub(super) fn path(&self) -> &Path {
        &self.files.path
    }

    pub(super) fn begin(&self, declared: Option<u64>) -> Part {
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let expected = declared.map_or(0, |octets| usize::try_from(octets).unwrap_or(usize::MAX));
        Part {
            gathered: Vec::with_capacity(expected.min(GATHERED)),
            path: self.files.path.join(UNFINISHED).join(format!("{begun:08}.eml")),
            file: None,
        }
    }

    pub(super) async fn keep(&self, part: Part, coming: Coming) -> io::Result<Kept> {
        let (done, kept) = oneshot::channel();
        let gone = || io::Error::other("the thread that keeps mail has ended");
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(Job { part, coming, done }).map_err(|_| gone())?;
        kept.await.map_err(|_| gone())?
    }

    pub(super) fn ids(&self) -> io::Result<Vec<u64>> {
        self.files.ids()
    }

    pub(super) fn get(&self, id: u64) -> io::Result<Option<Message>> {
        self.files.get(id)
    }

    /// Where the octets of a message are, if there is one.
    pub(super) fn content(&self, id: u64) -> PathBuf {
        self.files.named(id, "eml")
    }

    pub(super) fn remove(&self, id: u64) -> io::Result<bool> {
        // The other way round than it was made: without its .json, there is no message.
        match fs::remove_file(self.files.named(id, "json")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            removed => removed?,
        }
        self.news.removed(id);
        if id == *self.files.last.lock().unwrap_or_else(PoisonError::into_inner) {
            write_whole(&self.files.path.join(REMOVED), format!("{id}\n").as_bytes())?;
        }
        fs::remove_file(self.files.named(id, "eml")).map(|()| true)
    }
}

impl Drop for Folder {
    /// Waits for the writer, so that the lock outlives its work.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // It has nothing to panic with; if it did, its work is over as well.
            let _ = writer.join();
        }
    }
}

impl Files {
    fn named(&self, id: u64, extension: &str) -> PathBuf {
        self.path.join(format!("{id:08}.{extension}"))
    }

    fn ids(&self) -> io::Result<Vec<u64>> {
        let mut ids: Vec<_> = numbered(&self.path, &["json"])?.into_iter().map(|(id, _)| id).collect();
        ids.sort_unstable();
        Ok(ids)
    }

    fn get(&self, id: u64) -> io::Result<Option<Message>> {
        let json = match fs::read(self.named(id, "json")) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let envelope = serde_json::from_slice(&json)?;
        Ok(Some(Message { id, envelope, content: Content::File(self.named(id, "eml")) }))
    }

    /// The accounts, as they were left, and with what has come into the folder since.
    fn register(&self, users: Vec<String>) -> io::Result<Register> {
        Register::of_folder(&self.path, users, &self.ids()?, |id| {
            let mut mail = File::open(self.named(id, "eml")).ok()?;
            let size = mail.metadata().ok()?.len();
            // Where it cannot be said how a mail came, it is there all the same.
            let known = self.get(id).ok().flatten().map(|message| message.envelope);
            let envelope = known.unwrap_or_else(|| Envelope::unknown(size));
            let more_as_lines = more_as_lines(&mut mail).ok()?;
            let date = Date { unix: seconds(&envelope.time).unwrap_or(0), offset: 0 };
            let arrival = Arrival { id, size, more_as_lines, date, flags: Flags::default() };
            Some((envelope, arrival))
        })
    }

    fn keep(&self, part: Part, mut envelope: Envelope) -> io::Result<Message> {
        let new = part.path.with_extension("json");
        // Nothing that panics runs under the lock.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (id, content) = self.place(part, *last + 1)?;
        *last = id;
        envelope.file = Some(format!("{id:08}.eml"));
        let written = serde_json::to_vec_pretty(&envelope).map_err(io::Error::from).and_then(|mut text| {
            text.push(b'\n');
            fs::write(&new, text).and_then(|()| fs::rename(&new, self.named(id, "json")))
        });
        match written {
            Ok(()) => Ok(Message { id, envelope, content: Content::File(content) }),
            Err(error) => {
                // The first error is the one to be told.
                let _ = fs::remove_file(new);
                let _ = fs::remove_file(content);
                Err(error)
            }
        }
    }

    /// Puts the octets where they belong, under the first number that is free.
    fn place(&self, mut part: Part, first: u64) -> io::Result<(u64, PathBuf)> {
        let large = part.file.is_some();
        if large {
            part.flush()?;
        }
        for id in first.. {
            let path = self.named(id, "eml");
            let placed = if large {
                // Renaming would overwrite; nobody else gives out numbers here.
                match path.try_exists() {
                    Ok(false) => fs::rename(&part.path, &path),
                    Ok(true) => Err(io::ErrorKind::AlreadyExists.into()),
                    Err(error) => Err(error),
                }
            } else {
                File::create_new(&path).and_then(|mut file| {
                    file.write_all(&part.gathered).inspect_err(|_| {
                        let _ = fs::remove_file(&path);
                    })
                })
            };
            match placed {
                Ok(()) => {
                    part.file = None;
                    return Ok((id, path));
                }
                // Somebody put a file there.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::StorageFull.into())
    }
}

fn more_as_lines(mail: &mut File) -> io::Result<u64> {
    let (mut ends, mut buffer) = (LineEnds::new(), vec![0; GATHERED]);
    loop {
        match mail.read(&mut buffer)? {
            0 => return Ok(ends.more()),
            read => ends.push(&buffer[..read]),
        }
    }
}

/// The highest number that was ever given: also past messages that were not finished or were removed.
fn last(path: &Path) -> io::Result<u64> {
    let there = numbered(path, &EXTENSIONS)?.into_iter().map(|(number, _)| number).max().unwrap_or(0);
    let removed = match fs::read_to_string(path.join(REMOVED)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        text => text?.trim().parse().unwrap_or(0),
    };
    Ok(there.max(removed))
}

/// The files named by a number and one of these extensions.
fn numbered(folder: &Path, extensions: &[&str]) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let parts = name.to_str().and_then(|name| name.split_once('.'));
        let number = parts.filter(|(_, extension)| extensions.contains(extension));
        if let Some(number) = number.and_then(|(number, _)| number.parse().ok()) {
            found.push((number, entry.path()));
        }
    }
    Ok(found)
}

impl Part {
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.gathered.len() + piece.len() > GATHERED {
            self.flush()?;
        }
        if piece.len() > GATHERED / 2 {
            return self.file()?.write_all(piece);
        }
        self.gathered.extend_from_slice(piece);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let gathered = std::mem::take(&mut self.gathered);
        self.file()?.write_all(&gathered)?;
        self.gathered = gathered;
        self.gathered.clear();
        Ok(())
    }

    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            self.file = Some(File::create_new(&self.path)?);
        }
        self.file.as_mut().ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // It holds a message that nobody will ever ask for; the next start removes it otherwise.
            let _ = fs::remove_file(&self.path);
        }
    }
}
