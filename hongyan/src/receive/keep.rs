//! Keeping what is fetched: written as it comes, made safe in groups by a thread of its own, recorded before anything
//! may be deleted.
//!
//! While one group is made safe the next one is being fetched. A group is closed when it is [`GROUP`] messages or
//! [`GROUP_OCTETS`] large or [`LINGER`] old: one `syncfs` for thousands of messages is what makes it fast, and what
//! an interruption costs is bounded by it. Each group is recorded and put in place by
//! [`State::deliver`], so a cut at any point leaves every message either on the server or here, once.
//!
//! A message whose content is here already under an id that the server no longer gives (it has numbered anew, or what was
//! recorded is lost) is recognised by size, head and all octets, and gets its new id instead of a second copy. Every
//! copy here is recognised at most once in a fetch, so two equal messages on the server stay two.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use hongyan_mailbox::maildir::{CommitError, Entry, Flags, Incoming, Written};
use hongyan_mailbox::state::{Change, Id, Known, State};
use hongyan_mailbox::{Fingerprint, Maildir};

use super::Progress;

/// The most messages of a group.
pub const GROUP: usize = 4096;
/// The most octets of a group: 64 MiB.
pub const GROUP_OCTETS: u64 = 64 * 1024 * 1024;
/// How long the first message of a group waits for others.
pub const LINGER: Duration = Duration::from_secs(2);
/// Messages between the one who fetches and the one who makes safe.
const QUEUE: usize = 1024;

/// Takes messages one after the other; given to whoever fetches.
pub(super) struct Keeper {
    maildir: Maildir,
    current: Option<Incoming>,
    queue: SyncSender<Fetched>,
    thread: JoinHandle<Kept>,
    progress: Arc<Progress>,
}

/// A whole message, not safe yet.
struct Fetched {
    written: Written,
    name: Name,
}

/// What a message is called, and what is known of it besides its content.
pub(super) struct Name {
    /// What the server calls it; nothing that could be relied on where that is `None`.
    pub(super) id: Option<Id>,
    /// Its number in this session (POP3) or its UID.
    pub(super) number: u32,
    /// What its file is to say.
    pub(super) flags: Flags,
    /// The size that the server had announced, where it did.
    pub(super) announced: Option<u64>,
}

/// What became of all messages.
pub(super) struct Kept {
    pub(super) state: State,
    /// Those that are safe and recorded, in the order in which that happened.
    pub(super) safe: Vec<u32>,
    /// How many of them were new here, and their octets.
    pub(super) new: u64,
    pub(super) octets: u64,
    /// How many of them were recognised.
    pub(super) recognised: u64,
    /// A message had another size than was announced.
    pub(super) sizes_differ: bool,
    pub(super) error: Option<KeepError>,
}

/// Why messages could not be kept.
#[derive(Debug)]
pub enum KeepError {
    /// The Maildir could not take them.
    Maildir(CommitError),
    /// They could not be recorded, or one could not be written.
    Io(io::Error),
}

impl fmt::Display for KeepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Maildir(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeepError {}

impl KeepError {
    /// What the system said.
    pub fn io(&self) -> &io::Error {
        match self {
            Self::Maildir(error) => &error.error,
            Self::Io(error) => error,
        }
    }
}

impl Keeper {
    /// Begins. `here` are the ids of the messages that are not fetched because they are here: what was recorded for
    /// them is theirs. `strays` are files of the Maildir of which nothing is recorded.
    pub(super) fn start(
        maildir: &Maildir,
        state: State,
        here: HashSet<Id>,
        strays: Strays,
        group: usize,
        progress: Arc<Progress>,
    ) -> io::Result<Self> {
        let (queue, fetched) = sync_channel(QUEUE);
        let keeping = Keeping {
            maildir: maildir.clone(),
            here,
            strays,
            taken: HashSet::new(),
            progress: progress.clone(),
            kept: Kept {
                state,
                safe: Vec::new(),
                new: 0,
                octets: 0,
                recognised: 0,
                sizes_differ: false,
                error: None,
            },
        };
        let thread = std::thread::Builder::new()
            .name("keep".into())
            .spawn(move || keeping.run(&fetched, group.clamp(1, GROUP)))?;
        Ok(Self { maildir: maildir.clone(), current: None, queue, thread, progress })
    }

    /// A message comes; what there is of an earlier one is given up.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.current = None;
        self.current = Some(self.maildir.begin()?);
        Ok(())
    }

    /// Its next octets.
    pub(super) fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.progress.add_octets(piece.len() as u64);
        match &mut self.current {
            Some(incoming) => incoming.write_all(piece),
            None => Ok(()),
        }
    }

    /// It is whole.
    pub(super) fn end(&mut self, name: Name) -> io::Result<()> {
        let Some(incoming) = self.current.take() else { return Ok(()) };
        let written = incoming.finish()?;
        self.progress.add_message();
        // The thread ends early only where it has failed, which `finish` tells.
        let gone = |_| io::Error::other("earlier messages could not be made safe");
        self.queue.send(Fetched { written, name }).map_err(gone)
    }

    /// Waits until all is safe.
    pub(super) fn finish(self) -> Result<Kept, io::Error> {
        let Self { current, queue, thread, .. } = self;
        drop((current, queue));
        thread.join().map_err(|_| io::Error::other("the thread that keeps mail ended unexpectedly"))
    }
}

/// The thread's side.
struct Keeping {
    maildir: Maildir,
    here: HashSet<Id>,
    strays: Strays,
    /// Files that a message of this fetch has been recognised as, or was kept in.
    taken: HashSet<String>,
    progress: Arc<Progress>,
    kept: Kept,
}

impl Keeping {
    fn run(mut self, fetched: &Receiver<Fetched>, most: usize) -> Kept {
        let mut group: Vec<Fetched> = Vec::new();
        let (mut octets, mut since) = (0, Instant::now());
        loop {
            let next = if group.is_empty() {
                fetched.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                fetched.recv_timeout(LINGER.saturating_sub(since.elapsed()))
            };
            let over = matches!(next, Err(RecvTimeoutError::Disconnected));
            let full = match next {
                Ok(one) => {
                    if group.is_empty() {
                        since = Instant::now();
                    }
                    octets += one.written.size;
                    group.push(one);
                    group.len() >= most || octets >= GROUP_OCTETS
                }
                Err(_) => true,
            };
            if full && !group.is_empty() {
                octets = 0;
                if let Err(error) = self.make_safe(std::mem::take(&mut group)) {
                    self.kept.error = Some(error);
                    return self.kept;
                }
            }
            if over {
                return self.kept;
            }
        }
    }

    fn make_safe(&mut self, group: Vec<Fetched>) -> Result<(), KeepError> {
        let when = now();
        let (mut changes, mut new) = (Vec::new(), Vec::new());
        let (all, mut octets) = (group.len() as u64, 0);
        let mut safe = Vec::with_capacity(group.len());
        for Fetched { written, name } in group {
            self.kept.sizes_differ |= name.announced.is_some_and(|announced| announced != written.size);
            safe.push(name.number);
            let recognised = self.recognised(&written).map_err(KeepError::Io)?;
            let file = recognised.clone().unwrap_or_else(|| written.unique());
            let id = name.id.unwrap_or_else(|| nameless(&written, &file));
            if recognised.is_some() {
                let Written { size, head, hash, .. } = written;
                changes.push(Change::Known(Known { id, size, head, hash, file, when, deleted: false }));
            } else {
                octets += written.size;
                self.taken.insert(file);
                new.push((written, name.flags, id));
            }
        }
        let fresh = new.len() as u64;
        self.kept.state.append(&changes).map_err(KeepError::Io)?;
        // Where this fails, the next fetch finds out what is in place.
        self.kept.state.deliver(&self.maildir, new, when).map_err(KeepError::Maildir)?;
        self.kept.safe.append(&mut safe);
        self.kept.new += fresh;
        self.kept.octets += octets;
        self.kept.recognised += all - fresh;
        self.progress.add_safe(all);
        Ok(())
    }

    /// The file that holds this very message, if one does that no other message of the server is known by.
    fn recognised(&mut self, written: &Written) -> io::Result<Option<String>> {
        for known in self.kept.state.alike(written.size, &written.head)? {
            let free = !self.here.contains(&known.id) && !self.taken.contains(&known.file);
            // A record is no proof that the user still has the file, or that it ever got there.
            if free && known.hash == written.hash && self.maildir.find(&known.file)?.is_some() {
                self.taken.insert(known.file.clone());
                return Ok(Some(known.file));
            }
        }
        let stray = self.strays.take(&self.maildir, written, &self.taken)?;
        self.taken.extend(stray.clone());
        Ok(stray)
    }
}

/// What a message is recorded as that the server has no name for. Such a record is only ever found by content.
fn nameless(written: &Written, file: &str) -> Id {
    let hash: String = written.hash[..8].iter().map(|octet| format!("{octet:02x}")).collect();
    Id::Uidl(format!(" {hash} {file}"))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Files of the Maildir that nothing is recorded of, by size: looked into only where a message of that size comes.
#[derive(Default)]
pub(super) struct Strays(HashMap<u64, Vec<Entry>>);

impl Strays {
    /// All files of the Maildir.
    pub(super) fn of(maildir: &Maildir) -> io::Result<Self> {
        let mut by_size: HashMap<u64, Vec<Entry>> = HashMap::new();
        for entry in maildir.entries()? {
            let size = match entry.size() {
                Some(size) => size,
                // Gone, or renamed, a moment ago: it can be left out.
                None => match entry.path(maildir).metadata() {
                    Ok(metadata) => metadata.len(),
                    Err(_) => continue,
                },
            };
            by_size.entry(size).or_default().push(entry);
        }
        Ok(Self(by_size))
    }

    fn take(
        &mut self,
        maildir: &Maildir,
        written: &Written,
        taken: &HashSet<String>,
    ) -> io::Result<Option<String>> {
        let Some(entries) = self.0.get_mut(&written.size) else { return Ok(None) };
        for place in 0..entries.len() {
            let Some(unique) = entries[place].unique().to_str() else { continue };
            if taken.contains(unique) {
                continue;
            }
            let (_, mut file) = match maildir.read(unique) {
                Ok(found) => found,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let mut fingerprint = Fingerprint::default();
            io::copy(&mut file, &mut fingerprint)?;
            if fingerprint.finish() == (written.size, written.hash, written.head) {
                let file = unique.to_owned();
                entries.swap_remove(place);
                return Ok(Some(file));
            }
        }
        Ok(None)
    }
}
