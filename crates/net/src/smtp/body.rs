//! A message's content, read as it is sent, perhaps more than once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};

/// Content that can be read again from its start: when a server takes only so many recipients at a time,
/// or a connection turns out to be stale.
pub trait Body: BufRead + Send {
    /// Back to the start.
    ///
    /// # Errors
    /// Where the content cannot be read again.
    fn restart(&mut self) -> io::Result<()>;
}

impl<T: AsRef<[u8]> + Send> Body for Cursor<T> {
    fn restart(&mut self) -> io::Result<()> {
        self.set_position(0);
        Ok(())
    }
}

impl Body for BufReader<File> {
    fn restart(&mut self) -> io::Result<()> {
        self.rewind()
    }
}

impl<B: Body + ?Sized> Body for Box<B> {
    fn restart(&mut self) -> io::Result<()> {
        (**self).restart()
    }
}

/// A content that tells how much of it is on its way, for a progress bar.
#[derive(Debug)]
pub struct Watched<B, F> {
    body: B,
    sent: u64,
    tell: F,
}

impl<B: Body, F: FnMut(u64) + Send> Watched<B, F> {
    /// Calls `tell` with the octets on their way so far, whenever there are more of them, and with 0 when
    /// the content begins anew.
    pub fn new(body: B, tell: F) -> Self {
        Self { body, sent: 0, tell }
    }
}

impl<B: Body, F: FnMut(u64) + Send> Read for Watched<B, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<B: Body, F: FnMut(u64) + Send> BufRead for Watched<B, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.body.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.body.consume(n);
        self.sent += n as u64;
        (self.tell)(self.sent);
    }
}

impl<B: Body, F: FnMut(u64) + Send> Body for Watched<B, F> {
    fn restart(&mut self) -> io::Result<()> {
        self.body.restart()?;
        self.sent = 0;
        (self.tell)(0);
        Ok(())
    }
}
