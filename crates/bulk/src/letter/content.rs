//! A letter as a session sends it: its signature, where it has one, and then what was composed.

use std::fmt;
use std::io::{self, BufRead, Read};

use hongyan_mime::compose::{BodyKind, Encoder, Stretch};
use hongyan_net::smtp::{Body, Mail};
use hongyan_proto::smtp::Envelope;

use crate::composed::kind_of;
use crate::dkim::{SignError, Signer};

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
    pub(super) fn sign(&mut self, signer: &Signer, seconds: i64) -> Result<(), SignError> {
        let field = match self.encoder.as_contiguous() {
            Some(whole) => signer.sign_message(whole, seconds)?,
            None => {
                let field = signer.sign_message(&mut self.encoder, seconds)?;
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

    /// What it is made of, in order.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        std::iter::once(Stretch::Written(&self.signature)).chain(self.encoder.stretches())
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
