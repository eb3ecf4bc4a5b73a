//! Messages as files: `00000042.eml` holds the octets, `00000042.json` names it and tells how it came.
//!
//! Both are written under `tmp/` and renamed, the `.json` last: whoever sees it finds the whole message.
//! A lock keeps a second sandbox out; what an earlier one left in `tmp/` is removed. `.last` holds the
//! highest number of a message that was removed, so that it is not given again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Content, Envelope, Message};
use crate::error::StartError;
use crate::sandbox::write_whole;

/// The file with the highest number that was removed.
const REMOVED: &str = ".last";

/// Octets of a message that are gathered in memory before a file is begun; most messages never pass it,
/// and cost one write.
const GATHERED: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Messages begun since the start, for names in `tmp/`.
    begun: AtomicU64,
    /// The last number that was given. Locked while a message becomes visible, so that numbers appear in
    /// their order.
    last: Mutex<u64>,
    /// Held as long as this lives.
    _lock: File,
}

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Part {
    gathered: Vec<u8>,
    path: PathBuf,
    file: Option<File>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self, StartError> {
        let failed = |error| StartError::Folder(path.to_path_buf(), error);
        fs::create_dir_all(path).map_err(failed)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(".lock"));
        let lock = lock.map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => StartError::FolderInUse(path.to_path_buf()),
            TryLockError::Error(error) => failed(error),
        })?;
        let tmp = path.join("tmp");
        match fs::remove_dir_all(&tmp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => fs::create_dir(&tmp).map_err(failed)?,
        }
        // Also past messages that were not finished, and those that were removed.
        let there = numbers(path, &["eml", "json"]).map_err(failed)?.into_iter().max().unwrap_or(0);
        let removed = match fs::read_to_string(path.join(REMOVED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            text => text.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0),
        };
        let last = Mutex::new(there.max(removed));
        Ok(Self { path: path.to_path_buf(), begun: AtomicU64::new(0), last, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, id: u64, extension: &str) -> PathBuf {
        self.path.join(format!("{id:08}.{extension}"))
    }

    pub(super) fn begin(&self, declared: Option<u64>) -> Part {
        let begun = self.begun.fetch_add(1, Ordering::Relaxed);
        let expected = declared.map_or(0, |octets| usize::try_from(octets).unwrap_or(usize::MAX));
        Part {
            gathered: Vec::with_capacity(expected.min(GATHERED)),
            path: self.path.join("tmp").join(format!("{begun}.eml")),
            file: None,
        }
    }

    pub(super) fn keep(&self, mut part: Part, mut envelope: Envelope) -> io::Result<Message> {
        part.flush()?;
        // Nothing that panics runs under the lock.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let id = *last + 1;
        let (content, json) = (self.file(id, "eml"), self.file(id, "json"));
        envelope.file = Some(format!("{id:08}.eml"));
        let mut text = serde_json::to_vec_pretty(&envelope)?;
        text.push(b'\n');
        let new = part.path.with_extension("json");
        let written = fs::write(&new, text).and_then(|()| fs::rename(&part.path, &content)).and_then(|()| {
            fs::rename(&new, json).inspect_err(|_| {
                let _ = fs::remove_file(&content);
            })
        });
        written.inspect_err(|_| {
            // The first error is the one to be told.
            let _ = fs::remove_file(&new);
        })?;
        *last = id;
        part.file = None;
        Ok(Message { id, envelope, content: Content::File(content) })
    }

    pub(super) fn ids(&self) -> io::Result<Vec<u64>> {
        let mut ids = numbers(&self.path, &["json"])?;
        ids.sort_unstable();
        Ok(ids)
    }

    pub(super) fn get(&self, id: u64) -> io::Result<Option<Message>> {
        let json = match fs::read(self.file(id, "json")) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let envelope = serde_json::from_slice(&json)?;
        Ok(Some(Message { id, envelope, content: Content::File(self.file(id, "eml")) }))
    }

    pub(super) fn remove(&self, id: u64) -> io::Result<bool> {
        // The other way round than it was made: without its .json, there is no message.
        match fs::remove_file(self.file(id, "json")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            removed => removed?,
        }
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if id == *last {
            write_whole(&self.path.join(REMOVED), format!("{id}\n").as_bytes())?;
        }
        fs::remove_file(self.file(id, "eml")).map(|()| true)
    }
}

/// The numbers of the files with these extensions.
fn numbers(path: &Path, extensions: &[&str]) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.split_once('.'));
        let number = number.filter(|(_, extension)| extensions.contains(extension));
        if let Some(number) = number.and_then(|(number, _)| number.parse().ok()) {
            numbers.push(number);
        }
    }
    Ok(numbers)
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
