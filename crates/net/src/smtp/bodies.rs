//! The contents of the messages that a session has in flight.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use hongyan_proto::machine::Ticket;

use super::Body;
use crate::drive::Contents;

/// In the order of their tickets. There are as many as the window is wide, and the one that is asked for
/// is nearly always the last, so looking for it from there is cheap.
#[derive(Default)]
pub(super) struct Bodies(VecDeque<InFlight>);

pub(super) struct InFlight {
    ticket: Ticket,
    /// The caller's number for it.
    pub(super) tag: u64,
    pub(super) body: Box<dyn Body>,
    size: u64,
    /// Octets read so far.
    at: u64,
}

impl Bodies {
    pub(super) fn add(&mut self, ticket: Ticket, tag: u64, body: Box<dyn Body>, size: u64) {
        self.0.push_back(InFlight { ticket, tag, body, size, at: 0 });
    }

    /// The message is settled; messages settle in their order, so it is the first or not far from it.
    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<InFlight> {
        let place = self.0.iter().position(|one| one.ticket == ticket)?;
        self.0.remove(place)
    }
}

impl InFlight {
    /// The content, at its start.
    pub(super) fn into_fresh(mut self) -> io::Result<Box<dyn Body>> {
        if self.at > 0 {
            self.body.restart()?;
        }
        Ok(self.body)
    }
}

impl Contents for Bodies {
    fn open(&mut self, ticket: Ticket, offset: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        let Some(one) = self.0.iter_mut().rev().find(|one| one.ticket == ticket) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "there is no such message"));
        };
        if offset != one.at && offset == 0 {
            one.body.restart()?;
            one.at = 0;
        }
        if offset != one.at {
            let text = format!("the content stands at {}, not at {offset}", one.at);
            return Err(io::Error::new(io::ErrorKind::NotSeekable, text));
        }
        Ok(one)
    }

    fn whole(&self, ticket: Ticket) -> Option<u64> {
        self.0.iter().rev().find(|one| one.ticket == ticket).map(|one| one.size)
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for InFlight {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.body.read(buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl BufRead for InFlight {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.body.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.body.consume(n);
        self.at += n as u64;
    }
}
