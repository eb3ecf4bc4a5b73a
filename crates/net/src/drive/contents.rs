//! Where content comes from and goes to: it passes between a link and these, never through a machine.

use std::io::{self, BufRead};

use hongyan_proto::machine::Ticket;

/// The contents of the messages of one connection, in both directions.
///
/// The calls block for as long as reading or writing a local file takes; a content that itself waits for
/// a network does not belong here.
pub trait Contents {
    /// The content of a message from `offset` on. Offset 0 is the start, also when it was read before;
    /// any other offset is where the last piece ended, or it is an error to give.
    ///
    /// The larger the pieces that `fill_buf` gives, the better: large ones go to the link uncopied.
    ///
    /// # Errors
    /// Where it cannot be read; the machine learns of it as `SendFailed`.
    fn open(&mut self, ticket: Ticket, offset: u64) -> io::Result<&mut (dyn BufRead + Send)>;

    /// How long the whole content is, in octets, where that is known. A piece that reaches this length
    /// is not let out whole before the content has been seen to end there, so that a file that grew is
    /// an error and never a message cut short. (Dotted content is always seen to its end.)
    fn whole(&self, ticket: Ticket) -> Option<u64> {
        let _ = ticket;
        None
    }

    /// Takes the next octets of the content that is being received.
    ///
    /// # Errors
    /// Where they cannot be kept. The rest is still read off the wire, but not offered, and the machine
    /// learns of the error at the end, as `ReceiveFailed`.
    fn take(&mut self, piece: &[u8]) -> io::Result<()>;

    /// The content that was being received is complete. Not called after `take` has failed.
    ///
    /// # Errors
    /// Where it cannot be kept after all.
    fn end(&mut self) -> io::Result<()>;
}

/// For machines that neither send nor receive content.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoContents;

impl Contents for NoContents {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
