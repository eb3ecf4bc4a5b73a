//! Where the lines of a reply go: into memory to be shown, into a file, or on at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::progress::{Bar, WORTH_A_BAR};
use crate::net::Sink;

/// The longest reply that is shown, in octets; longer messages are for `save`.
pub(super) const MAX_SHOWN: u64 = 32 * 1024 * 1024;

/// Keeps a reply to be shown, up to [`MAX_SHOWN`].
#[derive(Default)]
pub(super) struct Shown {
    pub(super) bytes: Vec<u8>,
    /// All octets that came.
    pub(super) octets: u64,
    bar: Option<Bar>,
}

impl Shown {
    /// There was more than is kept.
    pub(super) fn is_too_long(&self) -> bool {
        self.octets > MAX_SHOWN
    }
}

impl Sink<()> for Shown {
    fn begin(&mut self, announced: Option<u64>) -> io::Result<()> {
        self.bar = bar(announced);
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.octets += piece.len() as u64;
        if self.is_too_long() {
            self.bytes = Vec::new();
        } else {
            self.bytes.extend_from_slice(piece);
        }
        if let Some(bar) = &self.bar {
            bar.stands_at(self.octets);
        }
        Ok(())
    }

    fn end(&mut self, (): ()) -> io::Result<()> {
        self.bar = None;
        Ok(())
    }
}

/// Writes a message to a file that was not there before. Where it does not come to its end, the file goes again.
pub(super) struct Saved {
    path: PathBuf,
    file: Option<File>,
    whole: bool,
    octets: u64,
    bar: Option<Bar>,
}

impl Saved {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), file: None, whole: false, octets: 0, bar: None }
    }
}

impl Sink<()> for Saved {
    fn begin(&mut self, announced: Option<u64>) -> io::Result<()> {
        self.file = Some(OpenOptions::new().write(true).create_new(true).open(&self.path)?);
        self.bar = bar(announced);
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            file.write_all(piece)?;
        }
        self.octets += piece.len() as u64;
        if let Some(bar) = &self.bar {
            bar.stands_at(self.octets);
        }
        Ok(())
    }

    fn end(&mut self, (): ()) -> io::Result<()> {
        self.bar = None;
        if let Some(file) = &self.file {
            file.sync_all()?;
        }
        self.whole = true;
        Ok(())
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        if self.file.is_some() && !self.whole {
            // Half a message is of no use to anybody.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes what comes on at once.
pub(super) struct Passed<W>(pub(super) W);

impl<W: Write> Sink<()> for Passed<W> {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.0.write_all(piece)
    }

    fn end(&mut self, (): ()) -> io::Result<()> {
        Ok(())
    }
}

fn bar(announced: Option<u64>) -> Option<Bar> {
    announced.filter(|length| *length >= WORTH_A_BAR).map(Bar::new)
}
