//! Streams a content to the link: small ones gathered in the outbox, large pieces uncopied.
//!
//! What must hold: a content that turns out to be unreadable, too short, too long or (dotted) with bare
//! CR or LF never gets its end mark, nor the last octet that was announced, so that no server can take it
//! for whole. Everything that is remembered between two polls stands in [`Sending`], so a connection whose
//! future was dropped goes on where it was.

use std::io::{self, BufRead};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use hongyan_proto::machine::{Coding, Outgoing};

use super::stuffing::{Next, Stuffing};
use super::timer::{Timer, now};
use super::wire::Wire;

/// When the outbox is written although there may be more to gather, in octets.
pub const FLUSH_AT: usize = 64 * 1024;
/// A piece from this many octets on is written from where it stands; a smaller one is gathered.
pub const UNCOPIED: usize = 16 * 1024;
/// How much is looked through for dots before it is written: stays in the processor's cache.
const LOOK: usize = 128 * 1024;

#[derive(Debug)]
pub(super) struct Sending {
    pub(super) outgoing: Outgoing,
    /// The content ends with this piece.
    last: bool,
    /// Octets of the piece that are not on their way yet.
    left: u64,
    stuffing: Stuffing,
    /// How much of what the reader gives next needs no dot.
    clean: usize,
    /// When the link is given up for taking nothing; set while it takes nothing.
    stalled: Option<Instant>,
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// In the outbox or on the wire, to its end mark.
    Sent,
    /// The content failed.
    Content(io::Error),
    /// The link took nothing for too long.
    Stalled,
    /// The link broke.
    Broken,
}

impl Sending {
    pub(super) fn new(outgoing: Outgoing, whole: Option<u64>) -> Self {
        let last = match outgoing.coding {
            Coding::Dot => true,
            Coding::Exact(_) => {
                whole.is_some_and(|whole| outgoing.offset.saturating_add(outgoing.len) >= whole)
            }
        };
        Self { outgoing, last, left: outgoing.len, stuffing: Stuffing::new(), clean: 0, stalled: None }
    }

    /// Where in the content to go on reading.
    pub(super) fn offset(&self) -> u64 {
        self.outgoing.offset + (self.outgoing.len - self.left)
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        wire: &mut Wire,
        timer: &mut Timer,
        content: &mut (dyn BufRead + Send),
    ) -> Poll<Ended> {
        let ended = self.poll_content(cx, wire, content);
        if ended.is_pending() {
            let stall = self.outgoing.stall;
            let deadline = self.stalled.get_or_insert_with(|| now() + stall);
            ready!(timer.poll_until(cx, Some(*deadline)));
            return Poll::Ready(Ended::Stalled);
        }
        ended
    }

    fn poll_content(
        &mut self,
        cx: &mut Context<'_>,
        wire: &mut Wire,
        content: &mut (dyn BufRead + Send),
    ) -> Poll<Ended> {
        loop {
            if wire.is_mute() {
                return Poll::Ready(Ended::Broken);
            }
            if wire.waiting() >= FLUSH_AT {
                ready!(wire.poll_write(cx, &[]));
                self.stalled = None;
                continue;
            }
            let step = match self.next(content) {
                Ok(step) => step,
                Err(error) => return Poll::Ready(Ended::Content(error)),
            };
            match step {
                Now::Gather(octet) => wire.outbox.push(&[octet]),
                Now::Take(n) => {
                    let piece = match content.fill_buf() {
                        Ok(piece) => &piece[..n.min(piece.len())],
                        Err(error) => return Poll::Ready(Ended::Content(error)),
                    };
                    let n = if piece.len() < UNCOPIED {
                        wire.outbox.push(piece);
                        piece.len()
                    } else {
                        let n = ready!(wire.poll_write(cx, piece));
                        self.stalled = None;
                        n
                    };
                    if n > 0 {
                        self.stuffing.passed(piece[n - 1]);
                        content.consume(n);
                        self.left -= n as u64;
                        self.clean -= n;
                    }
                }
                Now::End(mark) => {
                    wire.outbox.push(mark);
                    return Poll::Ready(Ended::Sent);
                }
            }
        }
    }

    /// Reads and checks what can go next.
    fn next(&mut self, content: &mut (dyn BufRead + Send)) -> io::Result<Now> {
        let dotted = self.outgoing.coding == Coding::Dot;
        if self.left == 0 {
            if self.last {
                self.expect_end(content)?;
            }
            return Ok(Now::End(if dotted { self.stuffing.end()? } else { b"" }));
        }
        let piece = fill(content)?;
        if piece.is_empty() {
            return Err(self.too_short());
        }
        let piece = &piece[..piece.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))];
        if dotted {
            if self.clean == 0 {
                match self.stuffing.next(&piece[..piece.len().min(LOOK)])? {
                    Next::Run(n) => self.clean = n,
                    Next::Dot => {
                        self.stuffing.dotted();
                        return Ok(Now::Gather(b'.'));
                    }
                }
            }
            return Ok(Now::Take(self.clean.min(piece.len())));
        }
        // The last octet announced is held back until the content is known to end with it.
        if self.last && self.left == 1 {
            let octet = piece[0];
            content.consume(1);
            self.left = 0;
            self.expect_end(content)?;
            return Ok(Now::Gather(octet));
        }
        let spared = self.last && piece.len() as u64 == self.left;
        self.clean = piece.len() - usize::from(spared);
        Ok(Now::Take(self.clean))
    }

    fn expect_end(&self, content: &mut (dyn BufRead + Send)) -> io::Result<()> {
        if fill(content)?.is_empty() {
            return Ok(());
        }
        let announced = self.outgoing.offset + self.outgoing.len;
        let text = format!("the content is longer than the {announced} octets announced; did it change?");
        Err(io::Error::new(io::ErrorKind::InvalidData, text))
    }

    fn too_short(&self) -> io::Error {
        let announced = self.outgoing.offset + self.outgoing.len;
        let text = format!(
            "the content ended {} octets short of the {announced} announced; did it change?",
            self.left
        );
        io::Error::new(io::ErrorKind::UnexpectedEof, text)
    }
}

/// What can go next.
enum Now {
    /// This octet.
    Gather(u8),
    /// So many of the octets that the reader gives; at least one.
    Take(usize),
    /// The content is whole; this ends it.
    End(&'static [u8]),
}

/// What the reader has, read again where a signal broke in.
fn fill(content: &mut (dyn BufRead + Send)) -> io::Result<&[u8]> {
    loop {
        match content.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.fill_buf()
}
