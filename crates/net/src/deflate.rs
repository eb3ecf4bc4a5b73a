//! DEFLATE between a protocol and its link, in both directions (RFC 4978, raw RFC 1951 streams).
//!
//! What is written is gathered by the compressor until it is flushed; a flush ends on an octet's boundary (an empty
//! stored block), so that the peer can read all of it. What is read is decompressed into the reader's own room, so a
//! few octets that blow up to gigabytes are never held.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::link::Link;

/// How much compressed data is read at a time, in octets.
const READ: usize = 32 * 1024;
/// How much compressed data may wait for the link before a write waits as well, in octets.
const HELD: usize = 64 * 1024;

/// A link under compression.
pub struct Deflated {
    link: Link,
    inflate: Decompress,
    deflate: Compress,
    /// Compressed octets that were received; those before `read` are used up.
    received: Vec<u8>,
    read: usize,
    /// Compressed octets for the link; those before `written` are gone.
    held: Vec<u8>,
    written: usize,
    /// The compressor may hold something back.
    unflushed: bool,
    ended: bool,
}

impl Deflated {
    /// Over a link on which compression was agreed on, and `received` has arrived behind the agreement.
    pub(crate) fn new(link: Link, received: &[u8]) -> Self {
        Self {
            link,
            inflate: Decompress::new(false),
            deflate: Compress::new(Compression::default(), false),
            received: received.to_vec(),
            read: 0,
            held: Vec::new(),
            written: 0,
            unflushed: false,
            ended: false,
        }
    }

    /// What runs below.
    pub(crate) fn link(&self) -> &Link {
        &self.link
    }

    /// Decompresses into `room` what is here; true where something came out.
    fn inflate(&mut self, room: &mut ReadBuf<'_>) -> io::Result<bool> {
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(&self.received[self.read..], room.initialize_unfilled(), FlushDecompress::Sync)
            .map_err(|_| io::Error::other("the compressed data are broken"))?;
        self.read += distance(before_in, self.inflate.total_in());
        let came = distance(before_out, self.inflate.total_out());
        room.advance(came);
        self.ended |= status == Status::StreamEnd;
        Ok(came > 0)
    }

    /// Compresses `piece` and says how much of it was taken: all of it.
    fn deflate(&mut self, piece: &[u8], flush: FlushCompress) -> io::Result<()> {
        let mut rest = piece;
        loop {
            if self.held.capacity() - self.held.len() < 1024 {
                self.held.reserve(READ);
            }
            let before = self.deflate.total_in();
            self.deflate.compress_vec(rest, &mut self.held, flush).map_err(io::Error::other)?;
            rest = &rest[distance(before, self.deflate.total_in())..];
            // Room that is left over means that nothing is held back any more.
            if rest.is_empty() && self.held.len() < self.held.capacity() {
                return Ok(());
            }
        }
    }

    /// Hands to the link what waits for it.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.held.len() {
            let n = ready!(Pin::new(&mut self.link).poll_write(cx, &self.held[self.written..]))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += n;
        }
        self.held.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

fn distance(before: u64, after: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}

impl AsyncRead for Deflated {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            // Also without new input: what did not fit the last time is still inside.
            if this.ended || buf.remaining() == 0 || this.inflate(buf)? {
                return Poll::Ready(Ok(()));
            }
            if this.ended || this.read < this.received.len() {
                continue;
            }
            this.received.resize(READ, 0);
            this.read = 0;
            let mut room = ReadBuf::new(&mut this.received);
            let read = Pin::new(&mut this.link).poll_read(cx, &mut room);
            let n = room.filled().len();
            this.received.truncate(n);
            match read {
                Poll::Ready(Ok(())) if n > 0 => {}
                other => return other,
            }
        }
    }
}

impl AsyncWrite for Deflated {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.held.len() - this.written >= HELD {
            ready!(this.poll_drain(cx))?;
        }
        let piece = &buf[..buf.len().min(HELD)];
        this.deflate(piece, FlushCompress::None)?;
        this.unflushed = true;
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.unflushed) {
            this.deflate(&[], FlushCompress::Sync)?;
        }
        ready!(this.poll_drain(cx))?;
        Pin::new(&mut this.link).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.get_mut().link).poll_shutdown(cx)
    }
}

impl fmt::Debug for Deflated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deflated").field(&self.link).finish()
    }
}
