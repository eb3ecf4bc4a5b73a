//! A letter as a session sends it: its signature, where it has one, and then what was composed.

use std::fmt;
use std::io::{self, BufRead, Read};

use hongyan_mime::compose::{BodyKind, Encoder};
use hongyan_net::smtp::{Body, Mail};
use hongyan_proto::smtp::Envelope;

use crate::composed::kind_of;

/// Signs a letter (RFC 6376): from its header, without the empty line, and its body it makes a whole
/// `DKIM-Signature` field, folded and ended by CRLF.
pub trait Sign: Send + Sync {
    /// The field.
    ///
    /// # Errors
    /// Where the body cannot be read, or the key cannot sign.
    fn sign(&self, header: &[u8], body: &mut dyn BufRead) -> io::Result<String>;
}

/// The octets of a letter.
pub struct Content {
    signature: Vec<u8>,
    /// How much of the signature has been read.
    at: usize,
    encoder: Encoder,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Content {
    pub(super) fn new(encoder: Encoder) -> Self {
        Self { signature: Vec::new(), at: 0, encoder }
    }

    /// Reads the letter once and puts its signature before it.
    pub(super) fn sign(&mut self, signer: &dyn Sign) -> io::Result<()> {
        let field = match self.encoder.as_contiguous() {
            Some(whole) => {
                let end = header_end(whole).unwrap_or(whole.len());
                signer.sign(&whole[..end], &mut &whole[(end + 2).min(whole.len())..])?
            }
            None => {
                let header = take_header(&mut self.encoder)?;
                let field = signer.sign(&header, &mut self.encoder)?;
                self.encoder.restart()?;
                field
            }
        };
        self.signature = field.into_bytes();
        Ok(())
    }

    /// The exact length in octets.
    pub fn len(&self) -> u64 {
        self.signature.len() as u64 + self.encoder.len()
    }

    /// Never: a letter has a header.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the server must take.
    pub fn body_kind(&self) -> BodyKind {
        self.encoder.body_kind()
    }

    /// Whether header fields hold UTF-8 (RFC 6531).
    pub fn needs_utf8(&self) -> bool {
        self.encoder.needs_utf8()
    }

    /// The letter to be handed to a session; of `envelope` only the addresses are needed.
    pub fn mail(self, envelope: Envelope) -> Mail {
        let envelope = Envelope {
            size: self.len(),
            body: kind_of(self.body_kind()),
            utf8: self.needs_utf8(),
            ..envelope
        };
        Mail { envelope, body: Box::new(self) }
    }
}

/// Where the header ends: after the CRLF of its last field.
fn header_end(message: &[u8]) -> Option<usize> {
    message.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 2)
}

/// Reads the header and the empty line after it.
fn take_header(encoder: &mut Encoder) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    loop {
        let before = header.len();
        let piece = encoder.fill_buf()?;
        if piece.is_empty() {
            return Ok(header);
        }
        header.extend_from_slice(piece);
        let taken = piece.len();
        if let Some(end) = header_end(&header) {
            encoder.consume(end + 2 - before);
            header.truncate(end);
            return Ok(header);
        }
        encoder.consume(taken);
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at < self.signature.len() {
            let read = (&self.signature[self.at..]).read(buffer)?;
            self.at += read;
            return Ok(read);
        }
        self.encoder.read(buffer)
    }
}

impl BufRead for Content {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.at < self.signature.len() {
            true => Ok(&self.signature[self.at..]),
            false => self.encoder.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self.at < self.signature.len() {
            true => self.at = (self.at + amount).min(self.signature.len()),
            false => self.encoder.consume(amount),
        }
    }
}

impl Body for Content {
    fn restart(&mut self) -> io::Result<()> {
        self.at = 0;
        self.encoder.restart()
    }
}
