//! The loop that runs a protocol machine over a link.
//!
//! What the machine says is gathered and leaves in one write when there is nothing left to feed it: lines
//! that have arrived are fed one by one without flushing in between, so a pipelined flight is answered
//! (or followed) by one. Content goes from its source to the link past the machine.
//!
//! Whatever happens to the link becomes an [`Input`]: lines that arrived before a failure are fed before
//! [`Input::Gone`]; a machine that was promised [`Input::Sent`] or [`Input::Received`] may get that
//! instead. After a failed content nothing more is written, whatever the machine says.

mod contents;
mod listener;
mod sending;
mod stuffing;
mod timer;
mod wire;

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use hongyan_proto::framer::{Decoder, Line};
use hongyan_proto::machine::Coding;
use hongyan_proto::transcript::{Tap, Who};
use hongyan_proto::{Input, Machine, Step, TlsInfo};
use tokio::io::AsyncWrite;

pub use contents::{Contents, NoContents};
pub use sending::{FLUSH_AT, UNCOPIED};
pub use wire::READ_AHEAD;

use crate::link::Link;
use crate::tls::Handshake;
use listener::Listener;
use sending::{Ended, Sending};
use timer::{Timer, now};
use wire::Wire;

/// How long closing a link may take: the last words, TLS's close_notify and, for a server, the client's
/// own end.
pub const CLOSING: Duration = Duration::from_secs(5);

/// A link with what belongs to it: buffers, a timer, perhaps a listener.
pub struct Connection {
    wire: Wire,
    who: Who,
    handshake: Option<Handshake>,
    timer: Timer,
    now: Instant,
    task: Task,
    /// The machine knows that no whole line is left.
    drained: bool,
}

/// What a step left to be done.
enum Task {
    /// Ask the machine.
    Poll,
    /// [`Step::Send`].
    Send(Sending),
    /// The content of a [`Step::Send`] failed; the machine is to be told.
    SendFailed { error: io::Error, stall: Duration },
    /// [`Step::Receive`].
    Receive(Receiving),
    /// [`Step::Take`].
    Take(usize),
    /// [`Step::Pause`].
    Pause(Instant),
    /// The machine knows that the connection is gone.
    Gone,
    /// Over.
    Over,
}

struct Receiving {
    decoder: Decoder,
    octets: u64,
    failed: Option<io::Error>,
    /// The machine's patience, renewed whenever octets come.
    patience: Option<Duration>,
}

/// What waiting ended with.
#[derive(PartialEq, Eq)]
enum Waited {
    Done,
    Deadline,
}

impl Connection {
    /// A connection of which we are this side.
    pub fn new(link: impl Into<Link>, who: Who) -> Self {
        Self {
            wire: Wire::new(link.into()),
            who,
            handshake: None,
            timer: Timer::default(),
            now: now(),
            task: Task::Poll,
            drained: false,
        }
    }

    /// With someone who listens in.
    #[must_use]
    pub fn with_tap(mut self, tap: Box<dyn Tap>) -> Self {
        self.wire.listener = Some(Listener::new(tap, self.who));
        self
    }

    /// With what [`Step::StartTls`] needs; without it, that step fails.
    #[must_use]
    pub fn with_tls(mut self, handshake: Handshake) -> Self {
        self.handshake = Some(handshake);
        self
    }

    /// Tells whoever listens in something that neither side said.
    pub fn note(&mut self, note: &str) {
        if let Some(listener) = &mut self.wire.listener {
            listener.note(note);
        }
    }

    /// Octets handed to the link so far, content included.
    pub fn written(&self) -> u64 {
        self.wire.written
    }

    /// True while nothing has come from the other side that was not fed to a machine: neither octets nor
    /// the end. Does not wait.
    pub fn is_quiet(&mut self) -> bool {
        self.wire.look();
        !self.wire.eof && self.wire.framer.pending().is_empty()
    }

    /// True under TLS.
    pub fn is_tls(&self) -> bool {
        self.wire.link.is_tls()
    }

    /// Shakes hands now: TLS from the first octet (RFC 8314 §3). What the machine is then told with its
    /// making.
    ///
    /// # Errors
    /// As the handshake says (see [`crate::tls::explain`]), or `TimedOut` after `patience`. The link is
    /// of no use afterwards.
    pub async fn start_tls(&mut self, patience: Duration) -> io::Result<TlsInfo> {
        let deadline = now() + patience;
        match self.shake_hands(Some(deadline)).await {
            Some(shaken) => shaken,
            None => Err(io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long")),
        }
    }

    /// Runs the machine to its next event; `None` once it has closed and the link is shut down (a machine
    /// that has something to report after that is still heard).
    ///
    /// Dropping the future loses nothing that was read, written or to be written (but a TLS handshake is
    /// given up): called again, it goes on.
    pub async fn drive<M: Machine>(
        &mut self,
        machine: &mut M,
        contents: &mut impl Contents,
    ) -> Option<M::Event> {
        self.now = now();
        loop {
            match self.task {
                Task::Poll | Task::Gone => {}
                Task::Send(_) => self.send(machine, contents).await,
                Task::SendFailed { .. } => self.send_failed(machine).await,
                Task::Receive(_) => self.receive(machine, contents).await,
                Task::Take(n) => self.take(machine, n).await,
                Task::Pause(until) => self.pause(until).await,
                Task::Over => match machine.poll(self.now, &mut self.wire.outbox) {
                    Step::Event(event) => return Some(event),
                    _ => return None,
                },
            }
            match (machine.poll(self.now, &mut self.wire.outbox), &self.task) {
                (Step::Event(event), _) => return Some(event),
                // After the end of its connection a machine has nothing to go on with.
                (Step::Closed, _) | (_, Task::Gone) => {
                    self.close().await;
                    self.task = Task::Over;
                    return None;
                }
                // The machine let a deadline pass; its content goes on coming.
                (_, Task::Receive(_) | Task::Take(_)) => {}
                (Step::Read, _) => self.read(machine).await,
                (Step::Pause(until), _) => self.task = Task::Pause(until),
                (Step::StartTls, _) => self.upgrade(machine).await,
                (Step::Compress, _) => self.compress(machine).await,
                (Step::Send(outgoing), _) => {
                    if let Some(listener) = &mut self.wire.listener {
                        listener.content_at(self.wire.outbox.position(), outgoing.coding);
                    }
                    self.task = Task::Send(Sending::new(outgoing, contents.whole(outgoing.ticket)));
                }
                (Step::Receive(coding), _) => {
                    let patience = machine.deadline().map(|d| d.saturating_duration_since(self.now));
                    self.task = Task::Receive(Receiving::new(coding, patience));
                }
                (Step::Take(n), _) => self.task = Task::Take(n),
            }
            if self.wire.waiting() >= FLUSH_AT && self.flush(machine.deadline()).await == Waited::Deadline {
                self.tick(machine);
            }
        }
    }

    fn tick<M: Machine>(&self, machine: &mut M) {
        machine.input(self.now, Input::Tick { written: self.wire.written });
    }

    fn tell_gone<M: Machine>(&mut self, machine: &mut M) {
        let error = self.wire.broken.take();
        self.wire.sealed |= error.is_some();
        match &error {
            Some(error) => self.note(&format!("connection lost: {error}")),
            None => self.note("the other side closed the connection"),
        }
        self.task = Task::Gone;
        machine.input(self.now, Input::Gone { written: self.wire.written, error });
    }

    /// Feeds one input: a line that is here, one that comes, the deadline or the end.
    async fn read<M: Machine>(&mut self, machine: &mut M) {
        loop {
            match self.wire.framer.line(machine.line_limit()) {
                Line::Whole(line) => {
                    self.drained = false;
                    if let Some(listener) = &mut self.wire.listener {
                        listener.heard(line, machine.secret_from(line));
                    }
                    return machine.input(self.now, Input::Line(line));
                }
                Line::Overlong => {
                    self.note("a line that is too long");
                    self.drained = false;
                    return machine.input(self.now, Input::Overlong);
                }
                Line::Partial if !self.drained => {
                    self.drained = true;
                    return machine.input(self.now, Input::Drained);
                }
                Line::Partial => {}
            }
            let waited = if !self.wire.is_flushed() {
                self.flush(machine.deadline()).await
            } else if self.wire.eof {
                return self.tell_gone(machine);
            } else {
                self.fill(machine.deadline()).await
            };
            if waited == Waited::Deadline {
                return self.tick(machine);
            }
        }
    }

    async fn pause(&mut self, until: Instant) {
        if self.flush(Some(until)).await == Waited::Done {
            poll_fn(|cx| self.timer.poll_until(cx, Some(until))).await;
            self.now = now();
        }
        self.task = Task::Poll;
    }

    /// Streams a content out, and feeds how that ended.
    async fn send<M: Machine>(&mut self, machine: &mut M, contents: &mut impl Contents) {
        let Self { wire, timer, task: Task::Send(sending), .. } = self else { return };
        let ended = match contents.open(sending.outgoing.ticket, sending.offset()) {
            Ok(content) => poll_fn(|cx| sending.poll(cx, wire, timer, content)).await,
            Err(error) => Ended::Content(error),
        };
        let stall = sending.outgoing.stall;
        self.task = Task::Poll;
        self.now = now();
        match ended {
            Ended::Sent => machine.input(self.now, Input::Sent { end: self.wire.outbox.position() }),
            Ended::Content(error) => {
                self.note(&format!("the content failed: {error}"));
                self.task = Task::SendFailed { error, stall };
                self.send_failed(machine).await;
            }
            Ended::Stalled => {
                let text = format!("the other side took no data for {} seconds", stall.as_secs());
                self.wire.give_up(io::Error::new(io::ErrorKind::TimedOut, text));
                self.read(machine).await;
            }
            Ended::Broken if self.wire.eof => self.read(machine).await,
            Ended::Broken => machine.input(self.now, Input::SendFailed(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// What stands before a content that failed may go; its rest may not, nor anything that could pass for it.
    async fn send_failed<M: Machine>(&mut self, machine: &mut M) {
        let Task::SendFailed { stall, .. } = self.task else { return };
        self.flush(Some(self.now + stall)).await;
        self.wire.sealed = true;
        if let Task::SendFailed { error, .. } = std::mem::replace(&mut self.task, Task::Poll) {
            machine.input(self.now, Input::SendFailed(error));
        }
    }

    /// Takes a content in, and feeds how that ended; a deadline that passes leaves it to be continued.
    async fn receive<M: Machine>(&mut self, machine: &mut M, contents: &mut impl Contents) {
        let mut since = self.now;
        loop {
            let Self { wire, task: Task::Receive(receiving), .. } = self else { return };
            if let Some(end) = receiving.take(wire, contents) {
                self.task = Task::Poll;
                let input = match end {
                    Ok(octets) => Input::Received(octets),
                    Err(error) => Input::ReceiveFailed(error),
                };
                return machine.input(self.now, input);
            }
            let deadline = receiving.patience.map(|patience| since + patience);
            let waited = if !self.wire.is_flushed() {
                self.flush(deadline).await
            } else if self.wire.eof {
                return self.tell_gone(machine);
            } else {
                self.fill(deadline).await
            };
            match waited {
                Waited::Done => since = self.now,
                Waited::Deadline => return self.tick(machine),
            }
        }
    }

    /// Gathers octets that the machine wants to see, and feeds them.
    async fn take<M: Machine>(&mut self, machine: &mut M, n: usize) {
        loop {
            if let Some(taken) = self.wire.framer.take(n) {
                self.task = Task::Poll;
                self.drained = false;
                if let Some(listener) = &mut self.wire.listener {
                    listener.taken(taken, machine.taken_is_secret());
                }
                return machine.input(self.now, Input::Taken(taken));
            }
            let waited = if !self.wire.is_flushed() {
                self.flush(machine.deadline()).await
            } else if self.wire.eof {
                return self.tell_gone(machine);
            } else {
                self.fill(machine.deadline()).await
            };
            if waited == Waited::Deadline {
                return self.tick(machine);
            }
        }
    }

    /// Goes over to TLS in the middle of the conversation.
    async fn upgrade<M: Machine>(&mut self, machine: &mut M) {
        if self.flush(machine.deadline()).await == Waited::Deadline {
            return self.tick(machine);
        }
        let leftover = self.wire.framer.drop_pending();
        if leftover > 0 {
            self.note(&format!(
                "{leftover} octets received in clear behind the agreement on TLS were dropped"
            ));
        }
        match self.shake_hands(machine.deadline()).await {
            Some(Ok(info)) => machine.input(self.now, Input::TlsUp(TlsInfo { leftover, ..info })),
            Some(Err(error)) => {
                self.wire.give_up(error);
                self.tell_gone(machine);
            }
            None => {
                self.wire.give_up(io::Error::new(io::ErrorKind::TimedOut, "the TLS handshake took too long"));
                self.tick(machine);
            }
        }
    }

    /// Compresses both directions from here on.
    async fn compress<M: Machine>(&mut self, machine: &mut M) {
        if self.flush(machine.deadline()).await == Waited::Deadline {
            return self.tick(machine);
        }
        self.wire.compress();
        self.note("both directions are compressed from here on");
    }

    /// `None` when the deadline passed.
    async fn shake_hands(&mut self, deadline: Option<Instant>) -> Option<io::Result<TlsInfo>> {
        let shaken = match (&self.handshake, self.wire.link.take_plain()) {
            (Some(handshake), Ok(plain)) => {
                let mut shaking = pin!(handshake.shake(plain));
                poll_fn(|cx| match shaking.as_mut().poll(cx) {
                    Poll::Ready(shaken) => Poll::Ready(Some(shaken)),
                    Poll::Pending => self.timer.poll_until(cx, deadline).map(|()| None),
                })
                .await
            }
            (None, _) => Some(Err(io::Error::other("TLS was asked for, but there are no settings for it"))),
            (_, Err(error)) => Some(Err(error)),
        };
        self.now = now();
        Some(match shaken? {
            Ok((link, info)) => {
                self.wire.link = link;
                let doubt = if info.verified { "" } else { ", the certificate was not checked" };
                self.note(&format!("{}, {}{doubt}", info.version, info.cipher));
                Ok(info)
            }
            Err(error) => Err(error),
        })
    }

    async fn flush(&mut self, deadline: Option<Instant>) -> Waited {
        let Self { wire, timer, .. } = self;
        let waited = poll_fn(|cx| match wire.poll_flush(cx) {
            Poll::Ready(()) => Poll::Ready(Waited::Done),
            Poll::Pending => timer.poll_until(cx, deadline).map(|()| Waited::Deadline),
        });
        let waited = waited.await;
        self.now = now();
        waited
    }

    async fn fill(&mut self, deadline: Option<Instant>) -> Waited {
        let Self { wire, timer, .. } = self;
        let waited = poll_fn(|cx| match wire.poll_read(cx) {
            Poll::Ready(()) => Poll::Ready(Waited::Done),
            Poll::Pending => timer.poll_until(cx, deadline).map(|()| Waited::Deadline),
        });
        let waited = waited.await;
        self.now = now();
        waited
    }

    /// Ends the link with what politeness asks for, within [`CLOSING`].
    async fn close(&mut self) {
        let deadline = Some(now() + CLOSING);
        if self.flush(deadline).await == Waited::Deadline || self.wire.broken.is_some() {
            return;
        }
        let Self { wire, timer, .. } = self;
        let shut = poll_fn(|cx| match Pin::new(&mut wire.link).poll_shutdown(cx) {
            Poll::Ready(result) => Poll::Ready(result.is_ok()),
            Poll::Pending => timer.poll_until(cx, deadline).map(|()| false),
        });
        // A server that closes while commands are under way would reset the connection, and the reset
        // may overtake its last reply (RFC 1122 §4.2.2.13); so it waits for the client to close.
        if shut.await && self.who == Who::Server {
            while !self.wire.eof {
                self.wire.framer.drop_pending();
                if self.fill(deadline).await == Waited::Deadline {
                    break;
                }
            }
        }
    }
}

impl Receiving {
    fn new(coding: Coding, patience: Option<Duration>) -> Self {
        Self { decoder: Decoder::new(coding), octets: 0, failed: None, patience }
    }

    /// Takes what is here; how it ended, when it did.
    fn take(&mut self, wire: &mut Wire, contents: &mut impl Contents) -> Option<io::Result<u64>> {
        let Self { decoder, octets, failed, .. } = self;
        let Wire { framer, listener, .. } = wire;
        let done = framer.content(decoder, &mut |piece| {
            *octets += piece.len() as u64;
            if let Some(listener) = listener {
                listener.received(piece);
            }
            if failed.is_none() {
                *failed = contents.take(piece).err();
            }
        });
        if !done {
            return None;
        }
        if let Some(listener) = listener {
            listener.received_whole(*octets);
        }
        Some(match failed.take() {
            Some(error) => Err(error),
            None => contents.end().map(|()| *octets),
        })
    }
}
