//! Messages in memory, within bounds: what is oldest makes room, for messages that are kept and for
//! octets that are still coming in.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Coming, Content, Kept, Message, News};

#[derive(Debug)]
pub(super) struct Memory(Arc<Bounded>);

#[derive(Debug)]
struct Bounded {
    most_messages: usize,
    most_octets: u64,
    /// Octets on the shelf and on their way in.
    held: AtomicU64,
    shelf: Mutex<Shelf>,
    /// Told of what is kept and of what makes room, under the shelf's lock.
    news: News,
}

#[derive(Debug, Default)]
struct Shelf {
    messages: VecDeque<Arc<Message>>,
    last: u64,
    lost: u64,
}

/// A message on its way in; its octets are held as long as it lives.
#[derive(Debug)]
pub(super) struct Part {
    bytes: Vec<u8>,
    bounded: Arc<Bounded>,
}

impl Memory {
    pub(super) fn new(most_messages: usize, most_octets: u64, news: News) -> Self {
        let (held, shelf) = (AtomicU64::new(0), Mutex::default());
        Self(Arc::new(Bounded { most_messages, most_octets, held, shelf, news }))
    }

    pub(super) fn begin(&self, declared: Option<u64>) -> io::Result<Part> {
        if declared.is_some_and(|octets| octets > self.0.most_octets) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(Part { bytes: Vec::new(), bounded: self.0.clone() })
    }

    pub(super) fn keep(&self, mut part: Part, coming: Coming) -> Kept {
        // What it held goes on being held, on the shelf.
        let bytes = std::mem::take(&mut part.bytes).into_boxed_slice();
        let mut shelf = self.0.shelf();
        shelf.last += 1;
        let Coming { envelope, how } = coming;
        let message = Arc::new(Message { id: shelf.last, envelope, content: Content::Memory(bytes) });
        // Told under the lock, so that subscribers hear of numbers in their order.
        let placed = self.0.news.kept(&message, how);
        shelf.messages.push_back(message);
        while shelf.messages.len() > self.0.most_messages {
            self.0.drop_oldest(&mut shelf);
        }
        Kept { id: shelf.last, placed }
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.0.shelf().messages.iter().map(|message| message.id).collect()
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<Message>> {
        let shelf = self.0.shelf();
        shelf.position(id).map(|at| shelf.messages[at].clone())
    }

    pub(super) fn remove(&self, id: u64) -> bool {
        let mut shelf = self.0.shelf();
        let removed = shelf.position(id).and_then(|at| shelf.messages.remove(at));
        if let Some(message) = &removed {
            self.0.held.fetch_sub(message.content.in_memory(), Ordering::Relaxed);
            self.0.news.removed(id);
        }
        removed.is_some()
    }

    pub(super) fn lost(&self) -> u64 {
        self.0.shelf().lost
    }
}

impl Shelf {
    fn position(&self, id: u64) -> Option<usize> {
        self.messages.binary_search_by_key(&id, |message| message.id).ok()
    }
}

impl Bounded {
    /// Nothing that panics runs under the lock.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False where nothing is left to be dropped.
    fn drop_oldest(&self, shelf: &mut Shelf) -> bool {
        let Some(oldest) = shelf.messages.pop_front() else { return false };
        self.held.fetch_sub(oldest.content.in_memory(), Ordering::Relaxed);
        shelf.lost += 1;
        self.news.removed(oldest.id);
        true
    }

    /// Holds more octets; the error where even an empty shelf has no room for them.
    fn hold(&self, octets: u64) -> io::Result<()> {
        let held = self.held.fetch_add(octets, Ordering::Relaxed) + octets;
        if held <= self.most_octets {
            return Ok(());
        }
        let mut shelf = self.shelf();
        while self.held.load(Ordering::Relaxed) > self.most_octets {
            if !self.drop_oldest(&mut shelf) {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        Ok(())
    }
}

impl Part {
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let size = self.bytes.len() as u64 + piece.len() as u64;
        if size > self.bounded.most_octets {
            // Nobody makes room for what cannot fit even alone.
            return Err(io::ErrorKind::StorageFull.into());
        }
        // Appended whatever comes of it: dropping the part lets go of what stands in it.
        self.bytes.extend_from_slice(piece);
        self.bounded.hold(piece.len() as u64)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.bounded.held.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}
