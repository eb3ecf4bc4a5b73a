//! The messages of an open state in memory: about 60 octets each besides the identifier, whatever their number.
//!
//! What is seldom asked for stays in the file; a slot knows where. Two tables of slot numbers, open-addressed, find a
//! message by its identifier and by size and head; the second is only made when it is asked for. Identifiers come
//! from servers, so the hash is keyed.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::ops::Range;

use super::Seen;
use super::line::Message;
use crate::fingerprint::Hash;

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) size: u64,
    /// The first octets of the head's hash.
    short: u64,
    /// Where its line begins in the file.
    pub(super) at: u64,
    /// Where its identifier begins among all.
    id_at: u32,
    id_length: u16,
    pub(super) deleted: bool,
    kind: Kind,
    /// The line's length, without its LF.
    pub(super) length: u32,
    /// Seconds since 1970; at most what fits, until 2106.
    when: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Known by its identifier.
    Trusted,
    /// Only recognised by size and head.
    Unsure,
    /// Taken back or written again.
    Past,
}

impl Slot {
    pub(super) fn seen(&self) -> Seen {
        Seen { size: self.size, when: u64::from(self.when), deleted: self.deleted }
    }

    pub(super) fn trusted(&self) -> bool {
        self.kind == Kind::Trusted
    }
}

/// The first eight octets of a hash.
pub(super) fn short(hash: &Hash) -> u64 {
    hash.iter().take(8).fold(0, |short, &octet| short << 8 | u64::from(octet))
}

#[derive(Debug, Default)]
pub(super) struct Table {
    slots: Vec<Slot>,
    ids: String,
    by_id: Places,
    by_content: Option<Places>,
    keyed: RandomState,
    trusted: usize,
    /// How many octets the lines of what still counts have.
    live: u64,
}

impl Table {
    /// How many are known by their identifiers.
    pub(super) fn len(&self) -> usize {
        self.trusted
    }

    /// Octets of lines that still count.
    pub(super) fn live(&self) -> u64 {
        self.live
    }

    /// The identifier as the file has it.
    pub(super) fn id(&self, slot: &Slot) -> &str {
        let start = slot.id_at as usize;
        &self.ids[start..start + usize::from(slot.id_length)]
    }

    /// The message that is known by this identifier.
    pub(super) fn find(&self, id: &str) -> Option<&Slot> {
        self.position(id, self.keyed.hash_one(id)).map(|n| &self.slots[n])
    }

    /// All that count, in the order in which they were first recorded.
    pub(super) fn all(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().filter(|slot| slot.kind != Kind::Past)
    }

    /// All of this size and these first octets of the head's hash, the latest first.
    pub(super) fn alike(&mut self, size: u64, short: u64) -> Vec<Slot> {
        if self.by_content.is_none() {
            let mut places = Places::default();
            for (n, slot) in self.slots.iter().enumerate() {
                places.insert(n, content_hash(slot.size, slot.short));
            }
            self.by_content = Some(places);
        }
        let mut found: Vec<Slot> = self
            .by_content
            .iter()
            .flat_map(|places| places.candidates(content_hash(size, short)))
            .map(|n| &self.slots[n])
            .filter(|slot| slot.kind != Kind::Past && slot.size == size && slot.short == short)
            .cloned()
            .collect();
        found.sort_by_key(|slot| std::cmp::Reverse(slot.at));
        found
    }

    /// Those that a rewritten file has to have. One whose identifier means nothing any more, since the file was damaged
    /// or the folder's UIDVALIDITY is another one now, is left out once its content is known by a new one.
    pub(super) fn worth_keeping(&self, validity: Option<u64>) -> impl Iterator<Item = &Slot> {
        let current = validity.map(|validity| format!("u{validity}."));
        let stale = move |slot: &Slot| {
            let id = self.id(slot);
            !slot.trusted()
                || current.as_ref().is_some_and(|current| id.starts_with('u') && !id.starts_with(current))
        };
        let fresh: HashSet<(u64, u64)> =
            self.all().filter(|slot| !stale(slot)).map(|slot| (slot.size, slot.short)).collect();
        self.all().filter(move |slot| !stale(slot) || !fresh.contains(&(slot.size, slot.short)))
    }

    /// A message's line, which stands at `line` of the file.
    pub(super) fn add(&mut self, message: &Message<'_>, line: Range<u64>) -> io::Result<()> {
        let full = || io::Error::new(io::ErrorKind::OutOfMemory, "the state holds too many messages");
        let hash = self.keyed.hash_one(message.id);
        let previous = if message.trusted { self.position(message.id, hash) } else { None };
        let (id_at, id_length) = match previous {
            Some(n) => (self.slots[n].id_at, self.slots[n].id_length),
            None => {
                let at = u32::try_from(self.ids.len()).map_err(|_| full())?;
                self.ids.push_str(message.id);
                (at, u16::try_from(message.id.len()).map_err(|_| full())?)
            }
        };
        let slot = Slot {
            size: message.size,
            short: message.short().unwrap_or_default(),
            at: line.start,
            id_at,
            id_length,
            deleted: message.deleted,
            kind: if message.trusted { Kind::Trusted } else { Kind::Unsure },
            length: u32::try_from(line.end - line.start).map_err(|_| full())?,
            when: u32::try_from(message.when).unwrap_or(u32::MAX),
        };
        if let Some(n) = previous {
            self.forget_at(n);
        }
        let n = self.slots.len();
        u32::try_from(n + 1).map_err(|_| full())?;
        self.live += u64::from(slot.length) + 1;
        let (content, trusted) = (content_hash(slot.size, slot.short), slot.trusted());
        self.slots.push(slot);
        if trusted {
            self.trusted += 1;
            self.by_id.insert(n, hash);
        }
        if let Some(places) = &mut self.by_content {
            places.insert(n, content);
        }
        Ok(())
    }

    /// The message was deleted on the server.
    pub(super) fn delete(&mut self, id: &str) {
        if let Some(n) = self.position(id, self.keyed.hash_one(id)) {
            self.slots[n].deleted = true;
        }
    }

    /// The message is no longer known.
    pub(super) fn forget(&mut self, id: &str) {
        if let Some(n) = self.position(id, self.keyed.hash_one(id)) {
            self.forget_at(n);
        }
    }

    /// No identifier is to be trusted any more.
    pub(super) fn distrust(&mut self) {
        for slot in &mut self.slots {
            if slot.kind == Kind::Trusted {
                slot.kind = Kind::Unsure;
            }
        }
        self.trusted = 0;
        self.by_id = Places::default();
    }

    fn forget_at(&mut self, n: usize) {
        self.live -= u64::from(self.slots[n].length) + 1;
        self.slots[n].kind = Kind::Past;
        self.trusted -= 1;
    }

    fn position(&self, id: &str, hash: u64) -> Option<usize> {
        self.by_id.candidates(hash).find(|&n| self.slots[n].trusted() && self.id(&self.slots[n]) == id)
    }
}

/// The head's hash is as good as random, and one that was chosen to collide costs its sender a mail each.
fn content_hash(size: u64, short: u64) -> u64 {
    (short ^ size.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Slot numbers, found by a hash: a power of two of places, at most three quarters taken, probed one after the other.
#[derive(Debug, Default)]
struct Places {
    /// Half of the hash, and below it a slot's number and one; zero is free.
    places: Vec<u64>,
    taken: usize,
}

impl Places {
    fn insert(&mut self, n: usize, hash: u64) {
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            let larger = vec![0; (self.places.len() * 2).max(16)];
            for place in std::mem::replace(&mut self.places, larger) {
                if place != 0 {
                    self.put(place);
                }
            }
        }
        self.put(hash >> 32 << 32 | (n as u64 + 1));
        self.taken += 1;
    }

    fn put(&mut self, place: u64) {
        let mut at = self.first(place);
        while self.places[at] != 0 {
            at = (at + 1) & (self.places.len() - 1);
        }
        self.places[at] = place;
    }

    /// The slots that may be the one.
    fn candidates(&self, hash: u64) -> impl Iterator<Item = usize> {
        let start = if self.places.is_empty() { 0 } else { self.first(hash) };
        let (before, from) = self.places.split_at(start);
        let taken = from.iter().chain(before).take_while(|&&place| place != 0);
        taken.filter(move |&&place| place >> 32 == hash >> 32).map(|&place| (place as u32) as usize - 1)
    }

    fn first(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.places.len() - 1)
    }
}
