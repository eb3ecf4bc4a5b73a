//! The maildrop of one session: what was there at the login, and what is marked (RFC 1939 §5).

/// A message, as the session shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its octets, with CRLF line ends.
    pub size: u64,
    /// Its unique-id (RFC 1939 §7): 1 to 70 graphic ASCII characters, the same in every session. Other characters
    /// are left out where it is said.
    pub uid: String,
}

#[derive(Debug, Default)]
pub(super) struct Maildrop {
    entries: Vec<Entry>,
    marked: Vec<bool>,
}

/// Why there is no such message.
pub(super) enum Missing {
    Number,
    Marked,
}

impl Maildrop {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        Self { marked: vec![false; entries.len()], entries }
    }

    pub(super) fn get(&self, number: u32) -> Result<&Entry, Missing> {
        let at = (number as usize).checked_sub(1).ok_or(Missing::Number)?;
        match (self.entries.get(at), self.marked.get(at)) {
            (Some(entry), Some(false)) => Ok(entry),
            (Some(_), _) => Err(Missing::Marked),
            (None, _) => Err(Missing::Number),
        }
    }

    /// Those that are not marked, with their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let numbered = (1..).zip(self.entries.iter()).zip(&self.marked);
        numbered.filter(|(_, marked)| !**marked).map(|(one, _)| one)
    }

    pub(super) fn mark(&mut self, number: u32) {
        if let Some(marked) = (number as usize).checked_sub(1).and_then(|at| self.marked.get_mut(at)) {
            *marked = true;
        }
    }

    pub(super) fn unmark_all(&mut self) {
        self.marked.fill(false);
    }

    /// The numbers of those that are marked, ascending.
    pub(super) fn marked(&self) -> Vec<u32> {
        (1..).zip(&self.marked).filter(|(_, marked)| **marked).map(|(number, _)| number).collect()
    }

    /// Messages and octets, without those that are marked.
    pub(super) fn totals(&self) -> (usize, u64) {
        self.iter().fold((0, 0), |(n, octets), (_, entry)| (n + 1, octets + entry.size))
    }
}
