//! The contract between a protocol machine and the driver that runs it.
//!
//! A machine owns no socket, clock or content. The driver frames what it reads into lines
//! ([`crate::framer::Framer`]) and hands them over with the time; the machine answers with steps and
//! writes commands or replies into the driver's [`Outbox`], so that everything between two
//! [`Step::Read`]s leaves in one write. Content (a message's bytes) never passes through a machine:
//! [`Step::Send`] and [`Step::Receive`] tell the driver to stream it in one of the [`Coding`]s.

use std::io;
use std::time::{Duration, Instant};

use crate::outbox::Outbox;

/// Names one message through its life on a connection; given out by the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// How content is delimited on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Dot-stuffed and ended by CRLF.CRLF (RFC 5321 §4.5.2, RFC 1939 §3).
    Dot,
    /// Exactly this many octets, as they are (RFC 3030 BDAT, IMAP literals).
    Exact(u64),
}

/// Content to be streamed to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Whose content.
    pub ticket: Ticket,
    /// Where in the content this piece begins; 0 means "from the start", also when it was sent before.
    pub offset: u64,
    /// The octets of this piece, before dot-stuffing.
    pub len: u64,
    /// [`Coding::Dot`], or [`Coding::Exact`] of `len`.
    pub coding: Coding,
    /// The longest time that the link may take no octet (RFC 5321 §4.5.3.2.5: three minutes).
    pub stall: Duration,
}

/// What is known of a TLS session once it is up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.3`, `TLSv1.2`.
    pub version: String,
    /// The cipher suite's IANA name.
    pub cipher: String,
    /// RFC 9266 `tls-exporter` keying material (32 octets), where the session has it.
    pub exporter: Option<Vec<u8>>,
    /// RFC 5929 `tls-server-end-point`: the hash of the server's certificate.
    pub end_point: Option<Vec<u8>>,
    /// Octets that had been received in clear behind the agreement to start TLS. They were dropped; a
    /// peer that sends any is broken or attacked (RFC 3207 §5, CVE-2011-0411).
    pub leftover: usize,
    /// False where the user switched certificate checks off for this server.
    pub verified: bool,
}

/// What happens to a machine.
#[derive(Debug)]
pub enum Input<'a> {
    /// A line from the peer, without its line end.
    Line(&'a [u8]),
    /// The peer's line passed [`Machine::line_limit`]; told once, the line is dropped to its end.
    Overlong,
    /// No whole line of the peer's is left of what has arrived; told once after each line. What the machine
    /// writes from here on is written in the knowledge of all that was said.
    Drained,
    /// The connection ended: the peer closed it (`error` is `None`) or the link failed.
    Gone {
        /// Octets that were handed to the link since it was opened, content included: what lies behind
        /// this mark has certainly not left.
        written: u64,
        /// Why, where there is more to say than "closed".
        error: Option<io::Error>,
    },
    /// The handshake asked for by [`Step::StartTls`] succeeded.
    TlsUp(TlsInfo),
    /// [`Machine::deadline`] has passed. `written` as for [`Input::Gone`].
    Tick {
        /// Octets handed to the link so far.
        written: u64,
    },
    /// The content asked for by [`Step::Send`] stands in the outbox or on the wire, to its end mark.
    Sent {
        /// The stream position behind its last octet, on the scale of `written`.
        end: u64,
    },
    /// The content could not be read to its end; its end mark was not sent and nothing more will be.
    SendFailed(io::Error),
    /// The content announced by [`Step::Receive`] was taken to its end: this many octets, decoded.
    Received(u64),
    /// The content was taken off the wire to its end, but could not be kept.
    ReceiveFailed(io::Error),
    /// The octets asked for by [`Step::Take`].
    Taken(&'a [u8]),
}

/// What a machine wants of its driver.
#[must_use]
#[derive(Debug)]
pub enum Step<E> {
    /// Nothing until there is input: flush the outbox, then read or wait for the deadline.
    Read,
    /// Flush the outbox, drop what has been received, shake hands, then [`Input::TlsUp`].
    StartTls,
    /// Stream this content, then [`Input::Sent`].
    Send(Outgoing),
    /// What comes next from the peer is content: take it, then [`Input::Received`].
    Receive(Coding),
    /// The peer's next octets, so many of them, are short enough for the machine to see them whole (an IMAP
    /// literal in the middle of a line): gather them, then [`Input::Taken`].
    Take(usize),
    /// Flush the outbox, leave the peer's octets alone until then, then poll again without an input.
    Pause(Instant),
    /// Flush the outbox, then compress both directions (RFC 4978): what has arrived behind the agreement is
    /// compressed already. Poll again without an input.
    Compress,
    /// Something for whoever uses the machine.
    Event(E),
    /// The conversation is over: flush, close the link.
    Closed,
}

/// A protocol conversation, one side of it.
///
/// The driver calls [`poll`](Machine::poll) until it says [`Step::Read`], feeds one [`Input`], and polls
/// again. Neither call blocks or fails.
pub trait Machine {
    /// What the machine reports to its user.
    type Event;

    /// Takes in what happened.
    fn input(&mut self, now: Instant, input: Input<'_>);

    /// The next step. Commands and replies go into `out`.
    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Self::Event>;

    /// When the present state times out; asked again after each input.
    fn deadline(&self) -> Option<Instant>;

    /// The longest line the machine takes in its present state, in octets without the line end.
    fn line_limit(&self) -> usize;

    /// Where in a line that is about to be handed in the part begins that nobody may see (a password on
    /// its way to a server). Asked before a transcript is told of the line; the rest shows as a length.
    fn secret_from(&self, _line: &[u8]) -> Option<usize> {
        None
    }

    /// Whether the octets that [`Step::Take`] asked for are such that nobody may see them.
    fn taken_is_secret(&self) -> bool {
        false
    }
}
