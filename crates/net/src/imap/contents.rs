//! Content on its way to a sink, or from a reader to the server.

use std::io::{self, BufRead};

use hongyan_proto::imap::client::Meta;
use hongyan_proto::machine::Ticket;

use crate::drive::Contents;
use crate::sink::Sink;

/// Where fetched contents go.
pub(super) struct Fetching<'a, S> {
    pub(super) sink: &'a mut S,
    /// The content that comes is wanted.
    pub(super) wanted: bool,
}

impl<S: Sink<Meta>> Contents for Fetching<'_, S> {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.wanted { self.sink.take(piece) } else { Ok(()) }
    }

    fn end(&mut self) -> io::Result<()> {
        self.wanted = false;
        Ok(())
    }
}

/// For commands without content: what still comes for one that was given up is dropped.
pub(super) struct Dropping;

impl Contents for Dropping {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A message for APPEND.
pub(super) struct Appending<'a> {
    pub(super) body: &'a mut (dyn BufRead + Send),
    pub(super) len: u64,
}

impl Contents for Appending<'_> {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Ok(self.body)
    }

    fn whole(&self, _: Ticket) -> Option<u64> {
        Some(self.len)
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
