//! Where fetched messages go: from the link straight to whoever keeps them, in pieces, never whole in memory.

use std::io;

/// The most messages that a server may refuse in one call; one that refuses more refuses everything.
pub const MAX_REFUSED: usize = 10_000;

/// Takes the messages that a POP3 or IMAP session fetches, one after the other.
///
/// For each message: [`begin`](Self::begin), any number of [`take`](Self::take), [`end`](Self::end). A message whose
/// connection is lost in the middle gets no `end`; the next `begin`, or dropping the sink, gives up what there
/// is of it. The calls block for as long as writing a local file takes.
///
/// `M` names the message: for POP3 its number, for IMAP what FETCH said of it (which may come behind the
/// content, so it is only complete at the end).
pub trait Sink<M> {
    /// A message comes. `announced` is its length in octets where the server said one: exact in IMAP, a hint in POP3.
    ///
    /// # Errors
    /// Where it cannot be kept: the session ends without having changed anything on the server.
    fn begin(&mut self, announced: Option<u64>) -> io::Result<()>;

    /// Its next octets.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    fn take(&mut self, piece: &[u8]) -> io::Result<()>;

    /// It is complete. It need not be safe on disk when this returns.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    fn end(&mut self, message: M) -> io::Result<()>;
}
