//! What a machine has to say, gathered so that it leaves in one write.
//!
//! The machine that makes the octets also decides which of them are secret; a transcript is told the
//! length of those and nothing else.

use std::fmt;
use std::ops::Range;

/// Commands or replies on their way to the link.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    secrets: Vec<Range<usize>>,
    taken: u64,
}

impl Outbox {
    /// An empty outbox.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends octets as they are; the caller has made sure that they are whole lines.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends formatted text, then CRLF: `out.line(format_args!("RCPT TO:<{path}>"))`.
    pub fn line(&mut self, text: fmt::Arguments<'_>) {
        self.text(text);
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// Appends formatted text without a line end.
    pub fn text(&mut self, text: fmt::Arguments<'_>) {
        use std::io::Write;
        if let Some(text) = text.as_str() {
            self.bytes.extend_from_slice(text.as_bytes());
        } else {
            // Writing to a Vec cannot fail; a Display that fails leaves what it wrote.
            let _ = self.bytes.write_fmt(text);
        }
    }

    /// Appends octets that a transcript may only count.
    pub fn secret(&mut self, bytes: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.secrets.push(start..self.bytes.len());
    }

    /// What waits to be written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The secret stretches of [`bytes`](Self::bytes), ascending.
    pub fn secrets(&self) -> &[Range<usize>] {
        &self.secrets
    }

    /// The stream position behind the last octet: all that ever passed through, and was counted by
    /// [`passed_by`](Self::passed_by).
    pub fn position(&self) -> u64 {
        self.taken + self.bytes.len() as u64
    }

    /// Forgets what was written and counts it.
    pub fn clear(&mut self) {
        self.taken += self.bytes.len() as u64;
        self.bytes.clear();
        self.secrets.clear();
    }

    /// Counts octets that went to the link around the outbox (content streamed from its source).
    pub fn passed_by(&mut self, octets: u64) {
        self.taken += octets;
    }
}
