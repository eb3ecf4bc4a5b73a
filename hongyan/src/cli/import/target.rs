//! The folder that mails go into: which are there already, and delivering in groups.
//!
//! A mail is the same as one that is there where all its octets are. Of those that are there only mails of a size
//! that comes in are ever read, each once.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::{self, Read, Write};

use hongyan_mailbox::Maildir;
use hongyan_mailbox::fingerprint::{Fingerprint, Hash};
use hongyan_mailbox::maildir::{CommitError, Entry, Flags, FolderName, Incoming, Written};

use super::Refusal;
use crate::cli::exit::Exit;
use crate::cli::mailbox;
use crate::cli::progress::Bar;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Mails up to this many octets are held until it is known whether they are new; longer ones are written first.
const SMALL: usize = 256 * 1024;
/// How many mails are made safe together, at most.
const GROUP: usize = 1_000;
/// How many octets are made safe together, at least where there are so many.
const GROUP_OCTETS: u64 = 64 << 20;

/// The mailbox, and its folder at hand.
pub(super) struct Target {
    mailbox: Maildir,
    /// Where everything goes, whatever folder it comes from.
    named: Option<FolderName>,
    again: bool,
    at_hand: Option<(FolderName, Folder)>,
    bar: Option<Bar>,
    buffer: Vec<u8>,
    pub(super) imported: u64,
    /// Octets of those.
    pub(super) bytes: u64,
    pub(super) duplicates: u64,
}

/// A folder that mails go into.
struct Folder {
    maildir: Maildir,
    known: Known,
    group: Vec<(Written, Flags)>,
    octets: u64,
}

/// Why a mail was not taken.
pub(super) enum Failed {
    /// It cannot be.
    Refused(Refusal),
    /// Nothing can be taken any more.
    Stop(Trouble),
}

impl Target {
    /// Into the folder `named`, or each mail into the folder that it comes from; `again` takes what is there already.
    pub(super) fn new(mailbox: Maildir, named: Option<FolderName>, again: bool, quiet: bool) -> Self {
        let bar = (!quiet).then(Bar::counting);
        Self {
            mailbox,
            named,
            again,
            at_hand: None,
            bar,
            buffer: Vec::new(),
            imported: 0,
            bytes: 0,
            duplicates: 0,
        }
    }

    /// Goes on with another folder.
    pub(super) fn open(&mut self, from: &FolderName) -> Result<(), Trouble> {
        let name = self.named.as_ref().unwrap_or(from);
        if self.at_hand.as_ref().is_some_and(|(at_hand, _)| at_hand == name) {
            return Ok(());
        }
        let name = name.clone();
        self.finish()?;
        let maildir = self.mailbox.create_folder(&name).map_err(|error| mailbox::not_opened(&error))?;
        let known = if self.again {
            Known::default()
        } else {
            Known::of(&maildir).map_err(|e| unreadable(&maildir, &e))?
        };
        self.at_hand = Some((name, Folder { maildir, known, group: Vec::new(), octets: 0 }));
        Ok(())
    }

    /// Takes a mail, unless it is there already.
    pub(super) fn take(&mut self, content: &mut impl Read, flags: Flags) -> Result<(), Failed> {
        self.open(&FolderName::inbox()).map_err(Failed::Stop).and_then(|()| self.take_here(content, flags))
    }

    /// Takes a mail into the folder at hand.
    pub(super) fn take_here(&mut self, content: &mut impl Read, flags: Flags) -> Result<(), Failed> {
        let Some((_, folder)) = &mut self.at_hand else { return Ok(()) };
        let source = |error| Failed::Refused(Refusal::Unreadable(error));
        self.buffer.clear();
        content.by_ref().take(SMALL as u64 + 1).read_to_end(&mut self.buffer).map_err(source)?;
        if self.buffer.is_empty() {
            return Err(Failed::Refused(Refusal::NoMail(said("is empty", "是空的"))));
        }
        let whole = self.buffer.len() <= SMALL;
        if whole && !self.again {
            let mut fingerprint = Fingerprint::default();
            fingerprint.update(&self.buffer);
            let (size, hash, _) = fingerprint.finish();
            if folder.known.has(&folder.maildir, size, &hash) {
                self.duplicates += 1;
                return Ok(());
            }
        }
        let full = |error: &io::Error| Failed::Stop(unwritable(&folder.maildir, error));
        let mut incoming = folder.maildir.begin().map_err(|error| full(&error))?;
        incoming.write_all(&self.buffer).map_err(|error| full(&error))?;
        if !whole {
            pour(content, &mut incoming, &mut self.buffer).map_err(|failed| match failed {
                Ok(error) => source(error),
                Err(error) => full(&error),
            })?;
        }
        let written = incoming.finish().map_err(|error| full(&error))?;
        if !whole && !self.again && folder.known.has(&folder.maildir, written.size, &written.hash) {
            self.duplicates += 1;
            return Ok(());
        }
        folder.known.hashes.insert(written.hash);
        folder.octets += written.size;
        folder.group.push((written, flags));
        if folder.group.len() >= GROUP || folder.octets >= GROUP_OCTETS {
            self.commit().map_err(Failed::Stop)?;
        }
        Ok(())
    }

    /// Makes safe what was taken.
    pub(super) fn finish(&mut self) -> Result<(), Trouble> {
        self.commit()?;
        self.at_hand = None;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), Trouble> {
        let Some((_, folder)) = &mut self.at_hand else { return Ok(()) };
        folder.octets = 0;
        let done = folder.maildir.commit(std::mem::take(&mut folder.group));
        let (kept, result) = match done {
            Ok(kept) => (kept, Ok(())),
            Err(error) => {
                let trouble = lost(&folder.maildir, &error);
                (error.kept, Err(trouble))
            }
        };
        self.imported += kept.len() as u64;
        self.bytes += kept.iter().map(|kept| kept.size).sum::<u64>();
        if let Some(bar) = &self.bar {
            bar.stands_at(self.imported);
        }
        result
    }
}

/// Copies the rest; the inner errors are of the source, then of the target.
fn pour(
    from: &mut impl Read,
    to: &mut Incoming,
    buffer: &mut [u8],
) -> Result<(), Result<io::Error, io::Error>> {
    loop {
        match from.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&buffer[..length]).map_err(Err)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Ok(error)),
        }
    }
}

/// The mails of a folder, as far as it is known what they are.
#[derive(Default)]
struct Known {
    /// Mails that nobody has read yet, by their size.
    unread: HashMap<u64, Vec<OsString>>,
    hashes: HashSet<Hash>,
}

impl Known {
    fn of(maildir: &Maildir) -> io::Result<Self> {
        let mut unread: HashMap<u64, Vec<OsString>> = HashMap::new();
        for entry in maildir.entries()? {
            // One that has gone meanwhile is not there.
            if let Some(size) = entry.size().or_else(|| size_of(maildir, &entry)) {
                unread.entry(size).or_default().push(entry.unique().to_owned());
            }
        }
        Ok(Self { unread, hashes: HashSet::new() })
    }

    fn has(&mut self, maildir: &Maildir, size: u64, hash: &Hash) -> bool {
        for unique in self.unread.remove(&size).unwrap_or_default() {
            // What cannot be read is not known to be the same.
            if let Ok(hash) = hash_of(maildir, &unique) {
                self.hashes.insert(hash);
            }
        }
        self.hashes.contains(hash)
    }
}

fn size_of(maildir: &Maildir, entry: &Entry) -> Option<u64> {
    maildir.read(entry.unique()).and_then(|(_, file)| file.metadata()).ok().map(|metadata| metadata.len())
}

fn hash_of(maildir: &Maildir, unique: &OsString) -> io::Result<Hash> {
    let (_, mut file) = maildir.read(unique)?;
    let mut fingerprint = Fingerprint::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(fingerprint.finish().1),
            length => fingerprint.update(&buffer[..length]),
        }
    }
}

fn unreadable(maildir: &Maildir, error: &io::Error) -> Trouble {
    let path = maildir.path().display();
    Trouble::new(
        Exit::Io,
        said(format!("{path} cannot be read: {error}"), format!("无法读取 {path}：{error}")),
        said(
            "check its permissions; --duplicates does not look at what is there",
            "请检查权限；--duplicates 不检查已有的邮件",
        ),
    )
}

fn unwritable(maildir: &Maildir, error: &io::Error) -> Trouble {
    let path = maildir.path().display();
    Trouble::new(
        Exit::Io,
        said(format!("{path} cannot be written to: {error}"), format!("无法写入 {path}：{error}")),
        again(),
    )
}

fn lost(maildir: &Maildir, error: &CommitError) -> Trouble {
    let path = maildir.path().display();
    let (doing, error) = (error.doing, &error.error);
    Trouble::new(
        Exit::Io,
        said(format!("{path}: cannot {doing}: {error}"), format!("{path}：写入邮件失败：{error}")),
        again(),
    )
}

fn again() -> crate::said::Said {
    said(
        "make room, and import again: what was taken is skipped then, and nothing partial is left",
        "请腾出空间后再次导入：已导入的邮件会跳过，没有留下残缺的邮件",
    )
}
