//! Octets between the buffers and the link, in both directions at once.
//!
//! While a write waits for the peer, what the peer says is read, so that two sides that both write first
//! cannot wait for each other for ever (RFC 2920 §3.1). What was handed to the link is counted octet by
//! octet: it decides between "certainly not sent" and "in doubt".

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use hongyan_proto::Outbox;
use hongyan_proto::framer::Framer;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::listener::Listener;
use crate::link::Link;

/// How much is read ahead while a write waits, in octets. A peer that sends more without reading waits.
pub const READ_AHEAD: usize = 1024 * 1024;

pub(super) struct Wire {
    pub(super) link: Link,
    pub(super) framer: Framer,
    pub(super) outbox: Outbox,
    pub(super) listener: Option<Listener>,
    /// Octets handed to the link, ever.
    pub(super) written: u64,
    /// How much of the outbox was written, and how much of that the listener was told.
    flushed: usize,
    told: usize,
    /// The link itself may hold back what it took (TLS records).
    held_back: bool,
    /// Something was received since the last write: its acknowledgement may be held back.
    heard: bool,
    /// The peer will say no more.
    pub(super) eof: bool,
    /// Nothing more can be written; why.
    pub(super) broken: Option<io::Error>,
    /// Nothing more may be written: a content ended early, and what follows would be taken for its rest.
    pub(super) sealed: bool,
}

impl Wire {
    pub(super) fn new(link: Link) -> Self {
        Self {
            link,
            framer: Framer::new(),
            outbox: Outbox::new(),
            listener: None,
            written: 0,
            flushed: 0,
            told: 0,
            held_back: false,
            heard: false,
            eof: false,
            broken: None,
            sealed: false,
        }
    }

    /// Puts compression over the link. What has been received is compressed already.
    pub(super) fn compress(&mut self) {
        self.link.compress(self.framer.pending());
        self.framer.drop_pending();
    }

    /// True when nothing more can leave.
    pub(super) fn is_mute(&self) -> bool {
        self.sealed || self.broken.is_some()
    }

    /// How much waits in the outbox, in octets.
    pub(super) fn waiting(&self) -> usize {
        self.outbox.bytes().len() - self.flushed
    }

    /// True when there is nothing to flush.
    pub(super) fn is_flushed(&self) -> bool {
        self.waiting() == 0 && !self.held_back
    }

    /// Writes all that waits. A link that breaks ends this as well: see `broken`.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.waiting() > 0 {
            if self.is_mute() {
                self.forget();
                break;
            }
            ready!(self.poll_write(cx, &[]));
        }
        if self.held_back {
            match Pin::new(&mut self.link).poll_flush(cx) {
                Poll::Ready(Ok(())) => self.held_back = false,
                Poll::Ready(Err(error)) => self.break_down(cx, error),
                Poll::Pending => {
                    self.poll_read_ahead(cx);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(())
    }

    /// One write of what waits with `piece` behind it; how much of the piece the link took. A link that
    /// breaks takes nothing: see `broken`.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, piece: &[u8]) -> Poll<usize> {
        let waiting = &self.outbox.bytes()[self.flushed..];
        let link = Pin::new(&mut self.link);
        let took = match (waiting.is_empty(), piece.is_empty()) {
            (true, _) => link.poll_write(cx, piece),
            (false, true) => link.poll_write(cx, waiting),
            (false, false) => link.poll_write_vectored(cx, &[IoSlice::new(waiting), IoSlice::new(piece)]),
        };
        match took {
            Poll::Ready(Ok(0)) => {
                self.break_down(cx, io::ErrorKind::WriteZero.into());
                Poll::Ready(0)
            }
            Poll::Ready(Ok(n)) => Poll::Ready(self.wrote(n, piece)),
            Poll::Ready(Err(error)) => {
                if self.link.is_tls() {
                    // TLS may have passed on some of it before it failed: better a doubt too many.
                    self.written += (self.waiting() + piece.len()) as u64;
                }
                self.break_down(cx, error);
                Poll::Ready(0)
            }
            Poll::Pending => {
                self.poll_read_ahead(cx);
                Poll::Pending
            }
        }
    }

    fn wrote(&mut self, n: usize, piece: &[u8]) -> usize {
        self.held_back = true;
        self.heard = false;
        self.written += n as u64;
        let of_outbox = n.min(self.waiting());
        let of_piece = n - of_outbox;
        self.flushed += of_outbox;
        if let Some(listener) = &mut self.listener {
            let (bytes, secrets) = (self.outbox.bytes(), self.outbox.secrets());
            let position = self.outbox.position() - (bytes.len() - self.told) as u64;
            self.told += listener.sent(position, bytes, self.told..self.flushed, secrets);
            listener.sent(self.outbox.position(), piece, 0..of_piece, &[]);
        }
        if self.waiting() == 0 {
            self.forget();
        }
        self.outbox.passed_by(of_piece as u64);
        of_piece
    }

    /// Empties the outbox; what still waits never leaves.
    fn forget(&mut self) {
        if let Some(listener) = &mut self.listener {
            listener.cut(self.outbox.bytes(), self.told..self.flushed, self.outbox.secrets());
        }
        self.outbox.clear();
        (self.flushed, self.told) = (0, 0);
    }

    /// The link failed. What the peer said before, and has arrived, is still worth hearing.
    pub(super) fn break_down(&mut self, cx: &mut Context<'_>, error: io::Error) {
        self.poll_read_ahead(cx);
        self.give_up(error);
    }

    /// Writes and reads no more, for this reason.
    pub(super) fn give_up(&mut self, error: io::Error) {
        self.held_back = false;
        self.forget();
        self.eof = true;
        self.broken.get_or_insert(error);
    }

    /// Reads what has arrived, up to [`READ_AHEAD`].
    fn poll_read_ahead(&mut self, cx: &mut Context<'_>) {
        while !self.eof && self.framer.pending().len() < READ_AHEAD {
            if self.poll_read(cx).is_pending() {
                break;
            }
        }
    }

    /// Reads what has arrived and waits for nothing.
    pub(super) fn look(&mut self) {
        self.poll_read_ahead(&mut Context::from_waker(Waker::noop()));
    }

    /// One read. The end of what the peer says ends up in `eof` and `broken`.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut room = ReadBuf::new(self.framer.spare());
        let Poll::Ready(read) = Pin::new(&mut self.link).poll_read(cx, &mut room) else {
            if std::mem::take(&mut self.heard) {
                self.link.acknowledge();
            }
            return Poll::Pending;
        };
        match read {
            Ok(()) => {
                let n = room.filled().len();
                self.framer.filled(n);
                self.eof = n == 0;
                self.heard = true;
            }
            Err(error) => {
                self.eof = true;
                // Many servers close without a word of TLS's own; rustls sends readers to its manual.
                let error = if self.link.is_tls() && error.kind() == io::ErrorKind::UnexpectedEof {
                    io::Error::new(error.kind(), "the other side closed the connection without ending TLS")
                } else {
                    error
                };
                self.broken.get_or_insert(error);
            }
        }
        Poll::Ready(())
    }
}
