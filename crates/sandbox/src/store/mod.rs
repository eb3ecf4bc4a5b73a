//! What a sandbox has received: taken in, listed, read, removed, and told about as it comes.
//!
//! Messages are numbered from 1 in the order in which they were kept: whoever has seen a number need not
//! look for new messages below it. No number is given twice; a folder that is opened again goes on
//! counting. Whoever holds a [`Message`] can read it until it is removed from its
//! folder, or for ever where it is kept in memory.

mod envelope;
mod folder;
mod memory;

use std::borrow::Cow;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hongyan_proto::imap::Date;
use hongyan_proto::imap::Flags;
use hongyan_proto::imap::server::Appended;
use tokio::sync::broadcast;

use crate::accounts::Accounts;
use crate::accounts::record::Arrival;
use crate::accounts::register::Register;
use crate::config::Keep;
use crate::error::StartError;
use crate::reading::LineEnds;
pub use envelope::{Envelope, Forward, Put, Tls};
use folder::Folder;
use memory::Memory;

/// How many messages a slow subscriber may be behind before it misses some (and is told so).
pub const BACKLOG: usize = 1024;

/// The messages of a sandbox. Cheap to clone; clones are the same store.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    news: News,
}

type Subscribers = broadcast::Sender<Arc<Message>>;

/// Told of what is kept and what is removed: sorts it into mailboxes, tells subscribers, in the order of
/// the numbers.
#[derive(Clone, Debug)]
struct News {
    subscribers: Subscribers,
    register: Arc<Register>,
}

/// What is known of a message before it has a number.
#[derive(Debug)]
pub(crate) struct Coming {
    pub(crate) envelope: Envelope,
    pub(crate) how: Arriving,
}

/// How a message is to be in the mailboxes that it comes into.
#[derive(Debug)]
pub(crate) struct Arriving {
    pub(crate) flags: Flags,
    pub(crate) date: Date,
    /// How many octets longer it is as lines.
    more_as_lines: u64,
}

/// A message that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) id: u64,
    /// Where, if it was put into a certain mailbox.
    pub(crate) placed: Option<Appended>,
}

#[derive(Debug)]
enum Place {
    Memory(Memory),
    Folder(Folder),
}

/// A message that was kept.
#[derive(Debug)]
pub struct Message {
    /// Its number in the store.
    pub id: u64,
    /// How it came.
    pub envelope: Envelope,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Memory(Box<[u8]>),
    File(PathBuf),
}

impl Content {
    /// Octets held in memory.
    fn in_memory(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_) => 0,
        }
    }
}

impl Message {
    /// The octets, exactly as received (dots undone). A file is read whole: see [`path`](Self::path) for
    /// large ones.
    ///
    /// # Errors
    /// Where the file is gone or cannot be read.
    pub fn content(&self) -> io::Result<Cow<'_, [u8]>> {
        match &self.content {
            Content::Memory(bytes) => Ok(Cow::Borrowed(bytes)),
            Content::File(path) => fs::read(path).map(Cow::Owned),
        }
    }

    /// The octets, where they are in memory; else none.
    pub(crate) fn in_memory(&self) -> &[u8] {
        match &self.content {
            Content::Memory(bytes) => bytes,
            Content::File(_) => &[],
        }
    }

    /// The file that holds the octets, where they are kept in one.
    pub fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::Memory(_) => None,
            Content::File(path) => Some(path),
        }
    }
}

impl Store {
    pub(crate) fn open(keep: &Keep, users: Vec<String>) -> Result<Self, StartError> {
        let subscribers = broadcast::Sender::new(BACKLOG);
        Ok(Self(Arc::new(match keep {
            Keep::Memory { messages, octets } => {
                let news = News { subscribers, register: Arc::new(Register::in_memory(users)) };
                let memory = Memory::new(*messages, *octets, news.clone());
                Inner { place: Place::Memory(memory), news }
            }
            Keep::Folder(path) => {
                let folder = Folder::open(path, users, subscribers)?;
                let news = folder.news().clone();
                Inner { place: Place::Folder(folder), news }
            }
        })))
    }

    /// Who has which mailboxes, and what is in them.
    pub fn accounts(&self) -> Accounts {
        Accounts::of(self.clone())
    }

    /// Puts a message into a user's mailbox (as `INBOX`, `Sent`), whatever it consists of; its UID there.
    ///
    /// # Errors
    /// Where there is no such mailbox, or it cannot be kept.
    pub async fn put(&self, user: &str, mailbox: &str, content: &[u8]) -> io::Result<u32> {
        let put = self.accounts().to_put(user, mailbox)?;
        let mut incoming = self.begin(Some(content.len() as u64))?;
        incoming.write(content)?;
        let envelope = Envelope::of_put(put, content.len() as u64, None);
        let kept = incoming.keep(Coming::new(envelope)).await?;
        kept.placed.map(|placed| placed.uid).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Hears of every message that is kept from now on. Who is more than [`BACKLOG`] behind misses some.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Message>> {
        self.0.news.subscribers.subscribe()
    }

    /// The numbers of the messages that are there, ascending.
    ///
    /// # Errors
    /// Where the folder cannot be listed.
    pub fn ids(&self) -> io::Result<Vec<u64>> {
        match &self.0.place {
            Place::Memory(memory) => Ok(memory.ids()),
            Place::Folder(folder) => folder.ids(),
        }
    }

    /// One message; `None` where there is none with this number.
    ///
    /// # Errors
    /// Where its envelope cannot be read.
    pub fn get(&self, id: u64) -> io::Result<Option<Arc<Message>>> {
        match &self.0.place {
            Place::Memory(memory) => Ok(memory.get(id)),
            Place::Folder(folder) => folder.get(id).map(|found| found.map(Arc::new)),
        }
    }

    /// Removes a message; whether it was there.
    ///
    /// # Errors
    /// Where its files cannot be removed.
    pub fn remove(&self, id: u64) -> io::Result<bool> {
        match &self.0.place {
            Place::Memory(memory) => Ok(memory.remove(id)),
            Place::Folder(folder) => folder.remove(id),
        }
    }

    /// How many messages made room for newer ones. A folder never makes room: a full disk refuses mail.
    pub fn lost(&self) -> u64 {
        match &self.0.place {
            Place::Memory(memory) => memory.lost(),
            Place::Folder(_) => 0,
        }
    }

    /// The folder that the messages are kept in, where they are.
    pub fn folder(&self) -> Option<&Path> {
        match &self.0.place {
            Place::Memory(_) => None,
            Place::Folder(folder) => Some(folder.path()),
        }
    }

    pub(crate) fn register(&self) -> &Register {
        &self.0.news.register
    }

    /// The octets of a message.
    ///
    /// # Errors
    /// `NotFound` where it is gone.
    pub(crate) fn content(&self, id: u64) -> io::Result<Octets> {
        match &self.0.place {
            Place::Memory(memory) => {
                memory.get(id).map(Octets::Memory).ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Place::Folder(folder) => File::open(folder.content(id)).map(Octets::File),
        }
    }

    /// Makes room for a message of about this many octets.
    ///
    /// # Errors
    /// `StorageFull` where it is known already that it will not fit.
    pub(crate) fn begin(&self, declared: Option<u64>) -> io::Result<Incoming> {
        let part = match &self.0.place {
            Place::Memory(memory) => Part::Memory(memory.begin(declared)?),
            Place::Folder(folder) => Part::Folder(folder.begin(declared)),
        };
        Ok(Incoming { store: self.clone(), part, line_ends: LineEnds::new() })
    }
}

/// A message on its way in; what is dropped instead of kept leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Incoming {
    store: Store,
    part: Part,
    line_ends: LineEnds,
}

#[derive(Debug)]
enum Part {
    Memory(memory::Part),
    Folder(folder::Part),
}

impl Incoming {
    /// Takes the next octets.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.line_ends.push(piece);
        match &mut self.part {
            Part::Memory(part) => part.write(piece),
            Part::Folder(part) => part.write(piece),
        }
    }

    /// Makes the message safe and tells of it.
    pub(crate) async fn keep(self, mut coming: Coming) -> io::Result<Kept> {
        coming.how.more_as_lines = self.line_ends.more();
        match (&self.store.0.place, self.part) {
            (Place::Memory(memory), Part::Memory(part)) => Ok(memory.keep(part, coming)),
            (Place::Folder(folder), Part::Folder(part)) => folder.keep(part, coming).await,
            // A part belongs to the store that it was begun in.
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

impl Coming {
    /// Without flags, now.
    pub(crate) fn new(envelope: Envelope) -> Self {
        Self::with(envelope, Flags::default(), None)
    }

    /// With flags, and a date if it has one.
    pub(crate) fn with(envelope: Envelope, flags: Flags, date: Option<Date>) -> Self {
        let date = date.unwrap_or_else(|| SystemTime::now().into());
        Self { envelope, how: Arriving { flags, date, more_as_lines: 0 } }
    }
}

impl News {
    fn kept(&self, message: &Arc<Message>, how: Arriving) -> Option<Appended> {
        let Arriving { flags, date, more_as_lines } = how;
        let (id, size) = (message.id, message.envelope.size);
        let arrival = Arrival { id, size, more_as_lines, date, flags };
        let placed = self.register.deliver(&message.envelope, &arrival);
        // Nobody may be listening.
        let _ = self.subscribers.send(message.clone());
        placed
    }

    fn removed(&self, id: u64) {
        self.register.forget(id);
    }
}

/// A message's octets, not read yet.
#[derive(Debug)]
pub(crate) enum Octets {
    /// In memory.
    Memory(Arc<Message>),
    /// In a file.
    File(File),
}
