//! One run at a time: a file beside the ledger, held with `flock`, with the holder's process number inside.
//!
//! The system lets go of it when the process ends, however it ends, so there is no stale lock to remove. The file stays.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::trouble::Trouble;
use crate::ledger::{LedgerError, Runner};

/// How often it is tried, and the time between: somebody who only looks has it for microseconds.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(5);

/// The right to run the campaign, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    /// Holds the lock for as long as it is open.
    _file: File,
}

impl Lock {
    /// Takes it, and waits no longer than it takes somebody to [look](runner) at it.
    pub(super) fn take(ledger: &Path) -> Result<Self, LedgerError> {
        let path = beside(ledger, ".lock");
        let trouble = |error: io::Error| Trouble::Io(error).at(&path);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let opened = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(opened.map_err(|error| trouble(error.into()))?);
        for _ in 0..TRIES {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    write_process(&mut file).map_err(trouble)?;
                    return Ok(Self { _file: file });
                }
                Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
                Err(error) => return Err(trouble(error.into())),
            }
        }
        // Whoever has just taken it may not have written down who it is.
        let mut process = holder(&mut file);
        for _ in 0..TRIES {
            if process.is_none() {
                std::thread::sleep(PAUSE);
                process = holder(&mut file);
            }
        }
        Err(LedgerError::Busy { process })
    }
}

/// Who runs the campaign, and whether anybody does.
pub(super) fn runner(ledger: &Path) -> io::Result<Option<Runner>> {
    let mut file = match File::open(beside(ledger, ".lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        // It is let go of again when the file is closed, at once.
        Ok(()) => Ok(None),
        Err(Errno::WOULDBLOCK) => Ok(Some(Runner { host: String::new(), process: holder(&mut file) })),
        Err(error) => Err(error.into()),
    }
}

/// A file beside the ledger.
pub(super) fn beside(ledger: &Path, suffix: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_process(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Who says in the file that it has the lock. The file may have been written by anybody, so only a number counts.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim_end().parse().ok()
}
