//! The content that a session takes in: handed on to a sink as it comes.

use std::io::{self, BufRead};
use std::marker::PhantomData;

use hongyan_proto::machine::Ticket;

use crate::drive::Contents;
use crate::sink::Sink;

/// A sink, and the message that is on its way to it.
pub(super) struct Incoming<'a, M, S> {
    sink: &'a mut S,
    message: Option<M>,
}

impl<'a, M, S: Sink<M>> Incoming<'a, M, S> {
    pub(super) fn new(sink: &'a mut S) -> Self {
        Self { sink, message: None }
    }

    pub(super) fn begin(&mut self, message: M, announced: Option<u64>) -> io::Result<()> {
        self.message = Some(message);
        self.sink.begin(announced)
    }
}

impl<M, S: Sink<M>> Contents for Incoming<'_, M, S> {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.sink.take(piece)
    }

    fn end(&mut self) -> io::Result<()> {
        match self.message.take() {
            Some(message) => self.sink.end(message),
            None => Err(io::Error::other("content came that nobody asked for")),
        }
    }
}

/// For commands whose replies have no content.
pub(super) struct Nowhere<M>(PhantomData<M>);

impl<M> Nowhere<M> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<M> Sink<M> for Nowhere<M> {
    fn begin(&mut self, _: Option<u64>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&mut self, _: M) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
