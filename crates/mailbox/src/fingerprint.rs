//! What a message is recognised by when a server's identifiers cannot be trusted: its size, the SHA-256 of all its
//! octets, and the SHA-256 of its head.
//!
//! The head is everything up to and including the first empty line (RFC 5322 §2.1); a line ends with LF, with or
//! without CR before it. A message without an empty line is all head. So the head is what POP3's `TOP n 0` and IMAP's
//! `BODY[HEADER]` give, octet for octet.
//!
//! The head is the message's beginning, so one pass serves both: at its end the running hash is copied.

use sha2::{Digest, Sha256};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Size and hashes of a message, taken while its octets pass.
#[derive(Clone, Debug)]
pub struct Fingerprint {
    size: u64,
    all: Sha256,
    /// The hash of the head, once it has ended.
    head: Option<Hash>,
    /// Only CR, or nothing, stands in the line so far.
    line: Line,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Empty,
    CarriageReturn,
    Text,
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self { size: 0, all: Sha256::new(), head: None, line: Line::Empty }
    }
}

impl std::io::Write for Fingerprint {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.update(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Fingerprint {
    /// The message's next octets.
    pub fn update(&mut self, octets: &[u8]) {
        self.size += octets.len() as u64;
        if self.head.is_some() {
            self.all.update(octets);
            return;
        }
        match self.head_end(octets) {
            Some(end) => {
                self.all.update(&octets[..end]);
                self.head = Some(self.all.clone().finalize().into());
                self.all.update(&octets[end..]);
            }
            None => self.all.update(octets),
        }
    }

    /// Whether the head's end has passed.
    #[must_use]
    pub fn head_ended(&self) -> bool {
        self.head.is_some()
    }

    /// Size in octets, hash of all, hash of the head.
    #[must_use]
    pub fn finish(self) -> (u64, Hash, Hash) {
        let all: Hash = self.all.finalize().into();
        (self.size, all, self.head.unwrap_or(all))
    }

    /// Where in these octets the head ends, if it does.
    fn head_end(&mut self, octets: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < octets.len() {
            let end = memchr::memchr(b'\n', &octets[at..]).map(|found| at + found);
            for &octet in octets[at..end.unwrap_or(octets.len())].iter().take(2) {
                self.line = match (self.line, octet) {
                    (Line::Empty, b'\r') => Line::CarriageReturn,
                    _ => Line::Text,
                };
            }
            let end = end?;
            if self.line != Line::Text {
                return Some(end + 1);
            }
            self.line = Line::Empty;
            at = end + 1;
        }
        None
    }
}
