//! Folders of a test's own, and mail to put into them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hongyan_mailbox::lock::LockError;
use hongyan_mailbox::maildir::{Flags, Kept, Written};
use hongyan_mailbox::state::{Id, Key, Known};
use hongyan_mailbox::{Lock, Maildir};

/// A folder, gone at the test's end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        Self::under(&std::env::temp_dir(), name)
    }

    /// In memory, where there is such a place: for what is done very often and asks nothing of a disk.
    pub(crate) fn in_memory(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        Self::under(if memory.is_dir() { memory } else { Path::new("/tmp") }, name)
    }

    fn under(folder: &Path, name: &str) -> Self {
        let path = folder.join(format!("hongyan-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a scratch folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn maildir(&self) -> Maildir {
        Maildir::create(self.0.join("mail")).expect("a Maildir")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn write(maildir: &Maildir, content: &[u8]) -> Written {
    let mut incoming = maildir.begin().expect("begins");
    incoming.write_all(content).expect("writes");
    incoming.finish().expect("finishes")
}

pub(crate) fn deliver(maildir: &Maildir, content: &[u8]) -> Kept {
    maildir.commit(vec![(write(maildir, content), Flags::NONE)]).expect("commits").remove(0)
}

/// The lock, which is free. A process that another test starts may have it for the moment until it is itself.
pub(crate) fn lock(maildir: &Maildir) -> Result<Lock, LockError> {
    let begin = Instant::now();
    loop {
        match Lock::take(maildir) {
            Err(LockError::Held { .. }) if begin.elapsed() < Duration::from_secs(5) => {
                std::thread::yield_now()
            }
            taken => return taken,
        }
    }
}

/// The names in one of a Maildir's folders, sorted.
pub(crate) fn names(maildir: &Path, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(maildir.join(folder)).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

pub(crate) fn key() -> Key {
    Key { account: "王@example.org".into(), folder: "INBOX".into() }
}

pub(crate) fn known(id: &str, kept: &Kept) -> Known {
    Known {
        id: Id::Uidl(id.into()),
        size: kept.size,
        head: kept.head,
        hash: kept.hash,
        file: kept.unique.clone(),
        when: 1_700_000_000,
        deleted: false,
    }
}
