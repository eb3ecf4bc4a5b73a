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
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::config::Keep;
use crate::error::StartError;
pub use envelope::{Envelope, Forward, Tls};
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

/// Tells subscribers, in the order of the numbers.
#[derive(Clone, Debug)]
struct News(broadcast::Sender<Arc<Message>>);

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

    /// The file that holds the octets, where they are kept in one.
    pub fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::Memory(_) => None,
            Content::File(path) => Some(path),
        }
    }
}

impl Store {
    pub(crate) fn open(keep: &Keep) -> Result<Self, StartError> {
        let news = News(broadcast::Sender::new(BACKLOG));
        let place = match keep {
            Keep::Memory { messages, octets } => Place::Memory(Memory::new(*messages, *octets)),
            Keep::Folder(path) => Place::Folder(Folder::open(path, news.clone())?),
        };
        Ok(Self(Arc::new(Inner { place, news })))
    }

    /// Hears of every message that is kept from now on. Who is more than [`BACKLOG`] behind misses some.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Message>> {
        self.0.news.0.subscribe()
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

    /// Makes room for a message of about this many octets.
    ///
    /// # Errors
    /// `StorageFull` where it is known already that it will not fit.
    pub(crate) fn begin(&self, declared: Option<u64>) -> io::Result<Incoming> {
        let part = match &self.0.place {
            Place::Memory(memory) => Part::Memory(memory.begin(declared)?),
            Place::Folder(folder) => Part::Folder(folder.begin(declared)),
        };
        Ok(Incoming { store: self.clone(), part })
    }
}

/// A message on its way in; what is dropped instead of kept leaves nothing behind.
#[derive(Debug)]
pub(crate) struct Incoming {
    store: Store,
    part: Part,
}

#[derive(Debug)]
enum Part {
    Memory(memory::Part),
    Folder(folder::Part),
}

impl Incoming {
    /// Takes the next octets.
    pub(crate) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match &mut self.part {
            Part::Memory(part) => part.write(piece),
            Part::Folder(part) => part.write(piece),
        }
    }

    /// Makes the message safe and tells of it; its number.
    pub(crate) async fn keep(self, envelope: Envelope) -> io::Result<u64> {
        let Inner { place, news } = &*self.store.0;
        match (place, self.part) {
            (Place::Memory(memory), Part::Memory(part)) => Ok(memory.keep(part, envelope, news)),
            (Place::Folder(folder), Part::Folder(part)) => folder.keep(part, envelope).await,
            // A part belongs to the store that it was begun in.
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

impl News {
    fn tell(&self, message: impl FnOnce() -> Arc<Message>) {
        if self.0.receiver_count() > 0 {
            // Nobody may be left by now.
            let _ = self.0.send(message());
        }
    }
}
