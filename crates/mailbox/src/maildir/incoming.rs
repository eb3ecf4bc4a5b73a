//! A message on its way in: written to `tmp/`, hashed while it passes, and gone again unless it is committed.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{FEW, Inner, Maildir};
use crate::fingerprint::{Fingerprint, Hash};

/// How much of a message is gathered before it is written to its file, in octets.
pub const BUFFER: usize = 64 * 1024;
/// How often a new name is tried where another program has the one just made.
const MAX_NAMES: usize = 100;

/// A message that is being written. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    held: Held,
    buffer: Vec<u8>,
    fingerprint: Fingerprint,
    /// A write failed, so what is in the file is not the message.
    failed: bool,
}

/// A whole message in `tmp/`, not yet safe. Dropped without being committed, it leaves nothing behind.
#[derive(Debug)]
pub struct Written {
    /// Octets.
    pub size: u64,
    /// SHA-256 of all octets.
    pub hash: Hash,
    /// SHA-256 of the head: up to and including the first empty line, or all where there is none.
    pub head: Hash,
    pub(super) held: Held,
}

/// A file in `tmp/`, removed when this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) maildir: Arc<Inner>,
    pub(super) name: String,
    pub(super) file: Option<File>,
    /// Whether the file counts among those that finished messages hold open.
    counted: bool,
    /// It has been moved away, so there is nothing to remove.
    pub(super) moved: bool,
}

impl Maildir {
    /// Begins a message.
    ///
    /// # Errors
    /// Where no file can be made in `tmp/`.
    pub fn begin(&self) -> io::Result<Incoming> {
        for _ in 0..MAX_NAMES {
            let name = self.inner.names.next();
            match self.inner.disk.create(self.inner.tmp.as_fd(), OsStr::new(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    let file = Some(made?);
                    let maildir = Arc::clone(&self.inner);
                    return Ok(Incoming {
                        held: Held { maildir, name, file, counted: false, moved: false },
                        buffer: Vec::new(),
                        fingerprint: Fingerprint::default(),
                        failed: false,
                    });
                }
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "every name for a new message is taken"))
    }
}

impl Written {
    /// The unique name that it will have in place.
    #[must_use]
    pub fn unique(&self) -> String {
        format!("{},S={}", self.held.name, self.size)
    }
}

impl Incoming {
    /// The message is complete.
    ///
    /// # Errors
    /// Where its last octets cannot be written, or a write failed before.
    pub fn finish(mut self) -> io::Result<Written> {
        self.flush()?;
        let Self { mut held, fingerprint, .. } = self;
        held.close_unless_few();
        let (size, hash, head) = fingerprint.finish();
        Ok(Written { size, hash, head, held })
    }
}

impl Write for Incoming {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.failed {
            return Err(broken());
        }
        if self.buffer.len() + octets.len() > BUFFER {
            self.flush()?;
        }
        if octets.len() >= BUFFER {
            let written = self.held.write(octets);
            self.failed = written.is_err();
            written?;
        } else {
            self.buffer.extend_from_slice(octets);
        }
        self.fingerprint.update(octets);
        Ok(octets.len())
    }

    /// Hands what was gathered to the system. It is not safe on disk by that.
    fn flush(&mut self) -> io::Result<()> {
        if self.failed {
            return Err(broken());
        }
        if !self.buffer.is_empty() {
            let written = self.held.write(&self.buffer);
            self.failed = written.is_err();
            written?;
            self.buffer.clear();
        }
        Ok(())
    }
}

impl Held {
    fn write(&self, octets: &[u8]) -> io::Result<()> {
        match &self.file {
            Some(file) => self.maildir.disk.write(file, octets),
            None => Err(broken()),
        }
    }

    /// The files of a few messages stay open, so that each can be synced by itself; those of a large group would use
    /// up the process's file descriptors, and are made safe together.
    fn close_unless_few(&mut self) {
        self.counted = self.maildir.open.fetch_add(1, Ordering::Relaxed) < FEW;
        if !self.counted {
            self.maildir.open.fetch_sub(1, Ordering::Relaxed);
            self.file = None;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.counted {
            self.maildir.open.fetch_sub(1, Ordering::Relaxed);
        }
        if !self.moved {
            // What cannot be removed is stale some day, and removed with what other programs left.
            let _ = self.maildir.disk.remove(self.maildir.tmp.as_fd(), OsStr::new(&self.name));
        }
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier write of this message failed")
}
