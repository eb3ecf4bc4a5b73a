//! A workbook as a ZIP archive: its parts by name, each read as a stream that knows its limits.
//!
//! Lengths in an archive are claims. A part ends with an error as soon as more comes out of it than its limit, or a run of
//! text without any tag is longer than a cell can be, so that a small file cannot fill the memory.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};

use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::super::limits::{Limit, MAX_CELL};
use super::damaged;

/// The parts of an archive by their names in small letters.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    path: PathBuf,
    parts: HashMap<String, Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u64,
    length: u64,
    deflated: bool,
}

/// A part that is being read.
pub(crate) type Part = BufReader<Bounded<Inflated>>;

impl Archive {
    /// Reads the archive's table of contents.
    pub(crate) fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path)?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
        let mut parts = HashMap::new();
        for index in 0..zip.len() {
            let Ok(entry) = zip.by_index_raw(index) else { continue };
            let deflated = match entry.compression() {
                CompressionMethod::Stored => false,
                CompressionMethod::Deflated => true,
                _ => continue,
            };
            if entry.encrypted() {
                return Err(Fault::of_file(SheetErrorKind::Encrypted));
            }
            let Some(start) = entry.data_start() else { continue };
            let Ok(name) = entry.name().map(|name| name.replace('\\', "/").to_ascii_lowercase()) else {
                continue;
            };
            parts.insert(name, Entry { start, length: entry.compressed_size(), deflated });
        }
        Ok(Self { path: path.to_owned(), parts })
    }

    /// There is a part of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&name.to_ascii_lowercase())
    }

    /// The name of one of the parts has this in it.
    pub(crate) fn holds(&self, piece: &str) -> bool {
        self.parts.keys().any(|name| name.contains(piece))
    }

    /// Begins to read a part; `None` where there is none of this name.
    pub(crate) fn part(&self, name: &str, most: u64, limit: Limit) -> Result<Option<Part>, Fault> {
        let Some(entry) = self.parts.get(&name.to_ascii_lowercase()) else { return Ok(None) };
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(entry.start))?;
        let raw = file.take(entry.length);
        let inflated = if entry.deflated {
            Inflated::Deflated(Box::new(DeflateDecoder::new(raw)))
        } else {
            Inflated::Stored(raw)
        };
        let bounded = Bounded { inner: inflated, left: most, limit, run: 0 };
        Ok(Some(BufReader::with_capacity(64 << 10, bounded)))
    }
}

/// A part's octets as they were before they were packed.
pub(crate) enum Inflated {
    Stored(Take<File>),
    Deflated(Box<DeflateDecoder<Take<File>>>),
}

impl Read for Inflated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Stored(file) => file.read(buffer),
            Self::Deflated(decoder) => decoder.read(buffer),
        }
    }
}

/// Octets up to a limit, in which no run without `<` is longer than a cell.
pub(crate) struct Bounded<R> {
    inner: R,
    left: u64,
    limit: Limit,
    run: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let piece = &buffer[..count];
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| TooMuch(self.limit).into_io())?;
        self.run = match memchr::memrchr(b'<', piece) {
            Some(last) => count - last,
            None => self.run + count,
        };
        if self.run > MAX_CELL {
            return Err(TooMuch(Limit::Cell).into_io());
        }
        Ok(count)
    }
}

/// A limit was reached while a part was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMuch(Limit);

impl TooMuch {
    fn into_io(self) -> io::Error {
        io::Error::new(io::ErrorKind::FileTooLarge, self)
    }

    /// What an error on the way through a reader was about.
    pub(crate) fn fault(error: &io::Error) -> Fault {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>());
        match inner {
            Some(Self(limit)) => Fault::of_file(SheetErrorKind::TooLarge(*limit)),
            None if error.raw_os_error().is_some() => Fault::of_file(SheetErrorKind::Io(error.to_string())),
            None => damaged(error),
        }
    }
}

impl fmt::Display for TooMuch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.said().en)
    }
}

impl std::error::Error for TooMuch {}
