//! A machine for tests: it does what it was told to, step by step, and writes down what happened to it.

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hongyan_net::Contents;
use hongyan_proto::machine::{Coding, Outgoing, Ticket};
use hongyan_proto::transcript::{Content, Transcript};
use hongyan_proto::{Input, Machine, Outbox, Step};

/// One thing to do.
#[derive(Clone, Debug)]
pub(crate) enum Do {
    Say(Vec<u8>),
    Secret(&'static str),
    Send(Outgoing),
    Receive(Coding),
    Take(usize),
    StartTls,
    Pause(Duration),
    Event(&'static str),
    Close,
}

pub(crate) fn say(text: impl Into<Vec<u8>>) -> Do {
    Do::Say(text.into())
}

pub(crate) const STALL: Duration = Duration::from_secs(180);

pub(crate) fn send(coding: Coding, len: usize) -> Do {
    Do::Send(Outgoing { ticket: Ticket(1), offset: 0, len: len as u64, coding, stall: STALL })
}

/// Answers what happens (named as in [`Toy::seen`]) with things to do.
pub(crate) type Answer = Box<dyn FnMut(&str) -> Vec<Do> + Send>;

pub(crate) struct Toy {
    pub(crate) todo: VecDeque<Do>,
    pub(crate) answer: Answer,
    /// `line …`, `overlong`, `gone 17 (kind)`, `tls`, `tick 17`, `sent 17`, `send failed (kind)`, `received 17`,
    /// `receive failed (kind)`, `taken …`.
    pub(crate) seen: Vec<String>,
    /// A deadline this long after the last input.
    pub(crate) patience: Option<Duration>,
    pub(crate) since: Option<Instant>,
}

impl Toy {
    pub(crate) fn new(
        todo: impl IntoIterator<Item = Do>,
        answer: impl FnMut(&str) -> Vec<Do> + Send + 'static,
    ) -> Self {
        Self {
            todo: todo.into_iter().collect(),
            answer: Box::new(answer),
            seen: Vec::new(),
            patience: None,
            since: None,
        }
    }

    /// Closes when the connection ends or a deadline passes, and does nothing else of its own.
    pub(crate) fn quiet(todo: impl IntoIterator<Item = Do>) -> Self {
        Self::new(todo, |_| vec![])
    }
}

impl Machine for Toy {
    type Event = &'static str;

    fn input(&mut self, now: Instant, input: Input<'_>) {
        if matches!(input, Input::Drained) {
            return;
        }
        self.since = Some(now);
        let kind = |error: &io::Error| format!("{:?}", error.kind());
        let what = match &input {
            Input::Line(line) => format!("line {}", String::from_utf8_lossy(line)),
            Input::Overlong => "overlong".into(),
            Input::Drained => "drained".into(),
            Input::Gone { written, error: None } => format!("gone {written}"),
            Input::Gone { written, error: Some(error) } => format!("gone {written} {}", kind(error)),
            Input::TlsUp(info) => format!("tls {} leftover {}", info.version, info.leftover),
            Input::Tick { written } => format!("tick {written}"),
            Input::Sent { end } => format!("sent {end}"),
            Input::SendFailed(error) => format!("send failed {}", kind(error)),
            Input::Received(octets) => format!("received {octets}"),
            Input::ReceiveFailed(error) => format!("receive failed {}", kind(error)),
            Input::Taken(octets) => format!("taken {}", octets.escape_ascii()),
        };
        self.todo.extend((self.answer)(&what));
        if what.starts_with("gone") || what.starts_with("tick") {
            self.todo.push_back(Do::Close);
        }
        self.seen.push(what);
    }

    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Self::Event> {
        self.since.get_or_insert(now);
        while let Some(next) = self.todo.pop_front() {
            match next {
                Do::Say(text) => out.push(&text),
                Do::Secret(text) => out.secret(text.as_bytes()),
                Do::Send(outgoing) => return Step::Send(outgoing),
                Do::Receive(coding) => return Step::Receive(coding),
                Do::Take(n) => return Step::Take(n),
                Do::StartTls => return Step::StartTls,
                Do::Pause(time) => return Step::Pause(now + time),
                Do::Event(event) => return Step::Event(event),
                Do::Close => return Step::Closed,
            }
        }
        Step::Read
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.since? + self.patience?)
    }

    fn line_limit(&self) -> usize {
        1000
    }

    fn secret_from(&self, line: &[u8]) -> Option<usize> {
        line.starts_with(b"PASS ").then_some(5)
    }
}

/// Contents in memory, given in pieces of `piece` octets; what is received is kept.
pub(crate) struct InMemory {
    pub(crate) content: Vec<u8>,
    pub(crate) piece: usize,
    /// Reading fails here.
    pub(crate) fails_at: Option<usize>,
    /// What [`Contents::whole`] says.
    pub(crate) whole: Option<u64>,
    /// Keeping more than this fails.
    pub(crate) room: usize,
    pub(crate) received: Vec<u8>,
    pub(crate) at: usize,
}

impl InMemory {
    pub(crate) fn new(content: impl Into<Vec<u8>>) -> Self {
        Self {
            content: content.into(),
            piece: usize::MAX,
            fails_at: None,
            whole: None,
            room: usize::MAX,
            received: Vec::new(),
            at: 0,
        }
    }
}

impl io::Read for InMemory {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = io::Read::read(&mut self.fill_buf()?, buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for InMemory {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let end = self.fails_at.unwrap_or(self.content.len());
        if self.fails_at == Some(self.at) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // Pieces stand at multiples of their size, as those of a file's buffer do.
        let piece_end = (self.at / self.piece + 1).saturating_mul(self.piece);
        Ok(&self.content[self.at..end.min(piece_end)])
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

impl Contents for InMemory {
    fn open(&mut self, _: Ticket, offset: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        self.at = offset as usize;
        Ok(self)
    }

    fn whole(&self, _: Ticket) -> Option<u64> {
        self.whole
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.received.len() + piece.len() > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.received.extend_from_slice(piece);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A transcript's lines, as they come.
pub(crate) fn transcript(
    content: Content,
) -> (Box<dyn hongyan_proto::transcript::Tap>, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let tap = Transcript::new(content, move |_, line: &str| kept.lock().unwrap().push(line.to_owned()));
    (Box::new(tap), lines)
}

/// Octets that are no dots and no line ends.
pub(crate) fn filler(len: usize) -> Vec<u8> {
    let mut content = Cursor::new((b'a'..=b'z').cycle().take(len).collect::<Vec<_>>()).into_inner();
    for line in content.chunks_exact_mut(70) {
        line[68..].copy_from_slice(b"\r\n");
    }
    content
}

/// Drives a machine that moves no content to its next event.
pub(crate) async fn talk(connection: &mut hongyan_net::Connection, toy: &mut Toy) -> Option<&'static str> {
    connection.drive(toy, &mut hongyan_net::NoContents).await
}
