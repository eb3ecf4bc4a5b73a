//! Messages in memory, within bounds: what is oldest makes room.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Content, Envelope, Message};

#[derive(Debug)]
pub(super) struct Memory {
    most_messages: usize,
    most_octets: u64,
    /// Octets of messages on their way in.
    coming: Arc<AtomicU64>,
    shelf: Mutex<Shelf>,
}

#[derive(Debug, Default)]
struct Shelf {
    messages: VecDeque<Arc<Message>>,
    octets: u64,
    last: u64,
    lost: u64,
}

/// A message on its way in.
#[derive(Debug)]
pub(super) struct Part {
    bytes: Vec<u8>,
    most: u64,
    coming: Arc<AtomicU64>,
}

impl Memory {
    pub(super) fn new(most_messages: usize, most_octets: u64) -> Self {
        Self { most_messages, most_octets, coming: Arc::default(), shelf: Mutex::default() }
    }

    /// Nothing that panics runs under the lock.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self, declared: Option<u64>) -> io::Result<Part> {
        if declared.is_some_and(|octets| octets > self.most_octets) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(Part { bytes: Vec::new(), most: self.most_octets, coming: self.coming.clone() })
    }

    pub(super) fn keep(&self, mut part: Part, envelope: Envelope) -> io::Result<Arc<Message>> {
        let bytes = std::mem::take(&mut part.bytes).into_boxed_slice();
        let octets = bytes.len() as u64;
        let mut shelf = self.shelf();
        shelf.last += 1;
        let message = Arc::new(Message { id: shelf.last, envelope, content: Content::Memory(bytes) });
        shelf.messages.push_back(message.clone());
        shelf.octets += octets;
        // It stands on the shelf now; the others that come in count against the bound as well.
        part.coming.fetch_sub(octets, Ordering::Relaxed);
        let coming = self.coming.load(Ordering::Relaxed);
        while shelf.messages.len() > self.most_messages || shelf.octets + coming > self.most_octets {
            let Some(oldest) = shelf.messages.pop_front() else { break };
            shelf.octets -= oldest.envelope.size;
            shelf.lost += 1;
        }
        Ok(message)
    }

    pub(super) fn ids(&self) -> Vec<u64> {
        self.shelf().messages.iter().map(|message| message.id).collect()
    }

    fn position(shelf: &Shelf, id: u64) -> Option<usize> {
        shelf.messages.binary_search_by_key(&id, |message| message.id).ok()
    }

    pub(super) fn get(&self, id: u64) -> Option<Arc<Message>> {
        let shelf = self.shelf();
        Self::position(&shelf, id).map(|at| shelf.messages[at].clone())
    }

    pub(super) fn remove(&self, id: u64) -> bool {
        let mut shelf = self.shelf();
        let Some(at) = Self::position(&shelf, id) else { return false };
        if let Some(message) = shelf.messages.remove(at) {
            shelf.octets -= message.envelope.size;
        }
        true
    }

    pub(super) fn lost(&self) -> u64 {
        self.shelf().lost
    }
}

impl Part {
    pub(super) fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        let coming = self.coming.fetch_add(piece.len() as u64, Ordering::Relaxed) + piece.len() as u64;
        // Counted first, so that dropping the part takes back what it counted.
        self.bytes.extend_from_slice(piece);
        if coming > self.most { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.coming.fetch_sub(self.bytes.len() as u64, Ordering::Relaxed);
    }
}
