//! A look at messages that are not kept: what they are recognised by, taken while they pass.

use std::collections::HashMap;
use std::io;

use hongyan_mailbox::Fingerprint;
use hongyan_mailbox::fingerprint::Hash;
use hongyan_net::Sink;
use hongyan_net::imap::Meta;

/// The hashes of messages, by number (POP3) or UID. Where only the head was fetched, both are the head's.
#[derive(Default)]
pub(super) struct Fingerprints {
    current: Fingerprint,
    /// Of all of it, and of its head.
    pub(super) done: HashMap<u32, (Hash, Hash)>,
}

impl Fingerprints {
    fn end_of(&mut self, number: u32) {
        let (_, whole, head) = std::mem::take(&mut self.current).finish();
        self.done.insert(number, (whole, head));
    }
}

impl Sink<u32> for Fingerprints {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        self.current = Fingerprint::default();
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.current.update(piece);
        Ok(())
    }

    fn end(&mut self, number: u32) -> io::Result<()> {
        self.end_of(number);
        Ok(())
    }
}

impl Sink<Meta> for Fingerprints {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        self.current = Fingerprint::default();
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.current.update(piece);
        Ok(())
    }

    fn end(&mut self, meta: Meta) -> io::Result<()> {
        self.end_of(meta.uid);
        Ok(())
    }
}
