//! Files as content: checked when a draft takes them, read when the message is sent, and checked again
//! while being read, so that a file that changes in between is an error and never a wrong length.

use super::boundary::Marks;
use super::bytes::Bytes;
use super::error::{FileError, FileProblem};
use super::sniff;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// A file up to this length is read when the draft takes it, and sent as it was then.
const SMALL: u64 = 64 * 1024;

/// How much is read at once: 4096 lines of base64, which stay in a second-level cache.
const BLOCK: usize = 57 * 4096;

/// A file that can be sent, and what it was like when it was taken. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FileSource {
    file: Arc<Taken>,
}

#[derive(Debug)]
struct Taken {
    path: PathBuf,
    stamp: Stamp,
    type_by_content: &'static str,
    small: Option<Bytes>,
    marks: OnceLock<Marks>,
}

/// What tells that a file is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    identity: (u64, u64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt;
            (metadata.dev(), metadata.ino())
        };
        #[cfg(not(unix))]
        let identity = (0, 0);
        Stamp { len: metadata.len(), modified: metadata.modified().ok(), identity }
    }
}

impl FileSource {
    /// Takes a file: it must be there, readable, and a regular file. A small one (64 KiB) is read now; of
    /// others the length and identity are noted.
    ///
    /// # Errors
    /// [`FileError`] naming the path.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let metadata = regular(&path)?;
        match File::open(&path) {
            Ok(file) => Self::taken(&file, path, &metadata),
            Err(error) => Err(FileError::from_io(path, error)),
        }
    }

    /// Takes a file that is open already, at its start, and lies at `path`: for those who open it more carefully than by
    /// its path. When it is read later, what lies there must still be this file.
    ///
    /// # Errors
    /// [`FileError`] naming the path.
    pub fn from_file(file: File, path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let metadata = match file.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return Err(FileError::from_io(path, error)),
        };
        match odd(&metadata) {
            Some(problem) => Err(FileError { path, problem }),
            None => Self::taken(&file, path, &metadata),
        }
    }

    fn taken(file: &File, path: PathBuf, metadata: &Metadata) -> Result<Self, FileError> {
        let stamp = Stamp::of(metadata);
        let mut head = Vec::new();
        if let Err(error) = file.take(SMALL + 1).read_to_end(&mut head) {
            return Err(FileError::from_io(path, error));
        }
        let whole = head.len() as u64 <= SMALL;
        if whole != (stamp.len <= SMALL) {
            return Err(FileError { path, problem: FileProblem::Changed });
        }
        let type_by_content = sniff::type_by_content(&head);
        let small = whole.then(|| Bytes::from(head));
        Ok(FileSource {
            file: Arc::new(Taken { path, stamp, type_by_content, small, marks: OnceLock::new() }),
        })
    }

    /// The path as given.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The length in bytes that will be sent.
    pub fn len(&self) -> u64 {
        self.file.small.as_ref().map_or(self.file.stamp.len, |bytes| bytes.as_slice().len() as u64)
    }

    /// Whether the file is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The media type that its first bytes suggest.
    pub fn type_by_content(&self) -> &'static str {
        self.file.type_by_content
    }

    /// The bytes, where they were read already.
    pub(super) fn small(&self) -> Option<&Bytes> {
        self.file.small.as_ref()
    }

    /// Searches the whole file, once, for what looks like our boundaries.
    pub(super) fn marks(&self) -> Result<&Marks, FileError> {
        if let Some(marks) = self.file.marks.get() {
            return Ok(marks);
        }
        let mut marks = Marks::default();
        self.scan(|block| marks.push(block))?;
        Ok(self.file.marks.get_or_init(|| marks))
    }

    /// Shows all of the file to `see`, block by block.
    pub(super) fn scan(&self, mut see: impl FnMut(&[u8])) -> Result<(), FileError> {
        if let Some(bytes) = self.small() {
            see(bytes.as_slice());
            return Ok(());
        }
        let mut reader = self.reader()?;
        let mut block = Vec::new();
        while reader.left > 0 {
            reader.fill(&mut block)?;
            see(&block);
        }
        Ok(())
    }

    /// Opens the file again and makes sure that it is the one that was taken.
    pub(super) fn reader(&self) -> Result<FileReader, FileError> {
        let path = &self.file.path;
        regular(path)?;
        let file = File::open(path).map_err(|e| FileError::from_io(path.clone(), e))?;
        let reader = FileReader { source: self.clone(), file, left: self.file.stamp.len };
        reader.check_unchanged()?;
        Ok(reader)
    }
}

/// A file being sent.
#[derive(Debug)]
pub(super) struct FileReader {
    source: FileSource,
    file: File,
    /// Bytes not yet read.
    pub(super) left: u64,
}

impl FileReader {
    /// Replaces `block` by the next bytes of the file, a whole block except at the end. The last one is
    /// given out only when the file is still what it was.
    pub(super) fn fill(&mut self, block: &mut Vec<u8>) -> Result<(), FileError> {
        let want = self.left.min(BLOCK as u64);
        block.clear();
        block.reserve_exact(BLOCK);
        let read = (&self.file).take(want).read_to_end(block).map_err(|e| self.failed(e))?;
        self.left -= read as u64;
        if (read as u64) < want {
            return Err(self.changed());
        }
        if self.left == 0 {
            self.check_unchanged()?;
        }
        Ok(())
    }

    fn check_unchanged(&self) -> Result<(), FileError> {
        let metadata = self.file.metadata().map_err(|e| self.failed(e))?;
        if Stamp::of(&metadata) == self.source.file.stamp { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> FileError {
        FileError { path: self.source.file.path.clone(), problem: FileProblem::Changed }
    }

    fn failed(&self, error: io::Error) -> FileError {
        FileError::from_io(self.source.file.path.clone(), error)
    }
}

/// Refuses what is not a regular file, before it is opened: opening a pipe would wait for its writer.
pub(super) fn regular(path: &Path) -> Result<Metadata, FileError> {
    let metadata = std::fs::metadata(path).map_err(|e| FileError::from_io(path.to_owned(), e))?;
    match odd(&metadata) {
        Some(problem) => Err(FileError { path: path.to_owned(), problem }),
        None => Ok(metadata),
    }
}

/// Why something is no regular file.
fn odd(metadata: &Metadata) -> Option<FileProblem> {
    match metadata.file_type() {
        kind if kind.is_file() => None,
        kind if kind.is_dir() => Some(FileProblem::Directory),
        kind => Some(special(kind)),
    }
}

#[cfg(unix)]
fn special(kind: std::fs::FileType) -> FileProblem {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        FileProblem::Fifo
    } else if kind.is_socket() {
        FileProblem::Socket
    } else {
        FileProblem::Device
    }
}

#[cfg(not(unix))]
fn special(_: std::fs::FileType) -> FileProblem {
    FileProblem::Device
}
