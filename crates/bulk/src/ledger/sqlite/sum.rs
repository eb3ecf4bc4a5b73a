//! A checksum for each record, over what it is called and all that it says.
//!
//! SQLite notices a damaged tree, not a damaged value: a flipped bit in a reply would be believed. The sum covers the
//! table and the key as well, so that a record that turns up in another's place is not believed either.

/// Which table a record is of.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Table {
    Meta = 1,
    File,
    Letter,
    Recipient,
    Standing,
    Attempt,
    Session,
    Bucket,
}

/// In octets.
pub(super) const SUM: usize = 4;

/// A sum that is being made (CRC-32).
pub(super) struct Sum(crc32fast::Hasher);

impl Sum {
    pub(super) fn of(table: Table) -> Self {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&[table as u8]);
        Self(hasher)
    }

    pub(super) fn number(mut self, number: i64) -> Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    /// With its length, so that what stands at the end of one field cannot stand at the beginning of the next.
    pub(super) fn octets(mut self, octets: &[u8]) -> Self {
        self.0.update(&(octets.len() as u64).to_le_bytes());
        self.0.update(octets);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.octets(text.as_bytes())
    }

    pub(super) fn end(self) -> [u8; SUM] {
        self.0.finalize().to_le_bytes()
    }
}
