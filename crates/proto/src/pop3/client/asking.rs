//! Commands of an open session: written as the window allows, answered in their order.

use std::time::Instant;

use super::{Client, Event, Phase};
use crate::machine::{Coding, Step};
use crate::outbox::Outbox;
use crate::outcome::{Failure, Kind, Stage};
use crate::pop3::listing::{ListingError, MAX_MESSAGES};
use crate::pop3::reply::{Indicator, Status};
use crate::pop3::{Listed, Stat, Uids};

/// A command of the TRANSACTION state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// How many messages there are.
    Stat,
    /// Their sizes.
    List,
    /// Their unique-ids.
    Uidl,
    /// A message whole.
    Retr(u32),
    /// A message's header and the first lines of its body.
    Top {
        /// Which message.
        number: u32,
        /// How many lines of the body.
        lines: u32,
    },
    /// Marks a message as deleted.
    Dele(u32),
    /// Takes all marks back.
    Rset,
    /// Nothing, but the server hears that this side is there.
    Noop,
    /// The end: the server deletes what is marked.
    Quit,
    /// Whatever a person typed.
    Typed(Box<Typed>),
}

/// A command as typed.
#[derive(Clone, PartialEq, Eq)]
pub struct Typed {
    line: String,
    secret_from: usize,
    multi_line: bool,
}

/// The server's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What follows `+OK`, decoded.
    pub words: String,
    /// Further lines came: so many octets, which the driver has handed over.
    pub octets: Option<u64>,
}

/// What of the first awaited reply has been read.
#[derive(Debug)]
pub(super) enum Reading {
    /// Nothing.
    Status,
    Sizes(Vec<Listed>),
    Ids(Uids),
    /// The status line; content follows. For a command as typed, what the line said.
    Content(Option<String>),
}

impl Typed {
    /// A line as typed, without its end; from `secret_from` on, nobody may see it. `None` where it holds a CR, LF
    /// or NUL, or is longer than a command may be (RFC 2449 §4: 255 octets with its end).
    pub fn new(line: impl Into<String>, secret_from: Option<usize>) -> Option<Self> {
        let line = line.into();
        if line.len() > MAX_COMMAND - 2 || line.contains(['\r', '\n', '\0']) {
            return None;
        }
        let secret_from = secret_from.filter(|at| line.is_char_boundary(*at)).unwrap_or(line.len());
        let multi_line = is_multi_line(&line);
        Some(Self { line, secret_from, multi_line })
    }

    /// What may be shown of it.
    pub fn shown(&self) -> &str {
        &self.line[..self.secret_from]
    }

    /// Whether a yes is followed by further lines.
    pub fn is_multi_line(&self) -> bool {
        self.multi_line
    }
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Typed({:?})", self.shown())
    }
}

/// The longest command that is written, in octets with its end (RFC 2449 §4).
pub(super) const MAX_COMMAND: usize = 255;

/// Whether the yes to this command has further lines behind it (RFC 1939 §3, RFC 2449 §5, RFC 5034 §4, RFC 6856 §3).
fn is_multi_line(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
    match keyword.as_str() {
        "RETR" | "TOP" | "CAPA" => true,
        "LIST" | "UIDL" | "LANG" | "AUTH" => words.next().is_none(),
        _ => false,
    }
}

impl Command {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::Stat | Self::List | Self::Uidl => Stage::List,
            Self::Retr(_) | Self::Top { .. } => Stage::Fetch,
            Self::Dele(_) | Self::Rset => Stage::Delete,
            Self::Noop => Stage::Idle,
            Self::Quit => Stage::Quit,
            Self::Typed(typed) => match typed.line.split_ascii_whitespace().next() {
                Some(word) => match word.to_ascii_uppercase().as_str() {
                    "USER" | "PASS" | "APOP" | "AUTH" => Stage::Auth,
                    "RETR" | "TOP" => Stage::Fetch,
                    "DELE" | "RSET" => Stage::Delete,
                    "CAPA" | "LANG" | "UTF8" => Stage::Capability,
                    _ => Stage::List,
                },
                None => Stage::Idle,
            },
        }
    }

    fn number(&self) -> u32 {
        match self {
            Self::Retr(number) | Self::Top { number, .. } | Self::Dele(number) => *number,
            _ => 0,
        }
    }
}

impl Client {
    /// Queues a command. What it is answered with comes as an [`Event`]; after the session has ended, nothing does.
    pub fn ask(&mut self, command: Command) {
        if matches!(self.phase, Phase::Opening(_) | Phase::Open) {
            self.queue.push_back(command);
        }
    }

    /// Commands that were asked for and not written yet.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Commands that were asked for and not answered yet.
    pub fn outstanding(&self) -> usize {
        self.queue.len() + self.awaiting.len()
    }

    fn window(&self) -> usize {
        if self.is_pipelining() { self.config.window.max(1) } else { 1 }
    }

    pub(super) fn poll_open(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        if std::mem::take(&mut self.receive) {
            self.deadline = Some(now + self.config.timeouts.content);
            return Step::Receive(Coding::Dot);
        }
        if self.awaiting.is_empty() && !self.drained {
            return Step::Read;
        }
        // Many commands in one write, rather than one for each reply.
        let window = self.window();
        if self.awaiting.len() <= window / 2 {
            self.filling = true;
        }
        while self.filling {
            if self.awaiting.len() >= window {
                self.filling = false;
                break;
            }
            let Some(command) = self.queue.pop_front() else { break };
            write(&command, out);
            self.awaiting.push_back(command);
            if self.awaiting.len() == 1 {
                self.await_next(now);
            }
        }
        Step::Read
    }

    /// The patience for the reply that is due next.
    fn await_next(&mut self, now: Instant) {
        let timeouts = &self.config.timeouts;
        self.deadline = self.awaiting.front().map(|command| match command {
            Command::Quit => now + timeouts.quit,
            _ => now + timeouts.command,
        });
    }

    /// The first of the awaited commands was answered.
    fn answered(&mut self, now: Instant, event: Event) {
        self.awaiting.pop_front();
        self.events.push_back(event);
        self.await_next(now);
    }

    pub(super) fn on_open_line(&mut self, now: Instant, line: &[u8]) {
        let added = match &mut self.reading {
            Reading::Status => return self.on_status(now, line),
            Reading::Content(_) => return self.on_garbage("a line came where content was due"),
            _ if line == b"." => return self.on_listing_end(now),
            Reading::Sizes(sizes) => match Listed::parse(line) {
                Some(_) if sizes.len() >= MAX_MESSAGES => Err(ListingError::TooMany),
                Some(listed) => {
                    sizes.push(listed);
                    Ok(())
                }
                None => Err(ListingError::Malformed),
            },
            Reading::Ids(uids) => uids.add(line),
        };
        match added {
            // Each line shows that the server is at it.
            Ok(()) => self.keep_reading(now),
            Err(error) => self.on_garbage(error.to_string()),
        }
    }

    fn on_listing_end(&mut self, now: Instant) {
        match std::mem::replace(&mut self.reading, Reading::Status) {
            Reading::Sizes(sizes) => self.answered(now, Event::Listed(sizes)),
            Reading::Ids(uids) => self.answered(now, Event::Uids(uids)),
            Reading::Status | Reading::Content(_) => {}
        }
    }

    fn on_status(&mut self, now: Instant, line: &[u8]) {
        let status = match Status::parse(line) {
            Some(status) if status.indicator != Indicator::More => status,
            _ => return self.on_garbage("what the server said is no POP3 reply"),
        };
        let Some(command) = self.awaiting.front() else {
            return self.on_unasked(status);
        };
        if status.indicator == Indicator::Err {
            let failure = Failure::said(command.stage(), status.words());
            let command = command.clone();
            return match command {
                // Nothing was deleted, or not all, and the server has left or soon will.
                Command::Quit => self.die(failure),
                command => self.answered(now, Event::Refused(command, failure)),
            };
        }
        let event = match command {
            Command::Stat => match Stat::parse(status.text) {
                Some(stat) => Event::Stat(stat),
                None => return self.on_garbage("the reply to STAT is not two numbers"),
            },
            Command::List => {
                self.reading = Reading::Sizes(Vec::new());
                return self.keep_reading(now);
            }
            Command::Uidl => {
                self.reading = Reading::Ids(Uids::default());
                return self.keep_reading(now);
            }
            Command::Retr(_) | Command::Top { .. } => {
                let number = command.number();
                let announced = status.number().filter(|_| matches!(command, Command::Retr(_)));
                return self.expect_content(number, announced, None);
            }
            Command::Typed(typed) if typed.multi_line => {
                let announced = status.number().filter(|_| command.stage() == Stage::Fetch);
                let words = status.words().into_owned();
                return self.expect_content(0, announced, Some(words));
            }
            Command::Dele(number) => Event::Marked(*number),
            Command::Rset | Command::Noop | Command::Typed(_) => {
                Event::Answer(Answer { words: status.words().into_owned(), octets: None })
            }
            Command::Quit => {
                self.answered(now, Event::Quit);
                self.deadline = None;
                self.phase = Phase::Closed;
                return;
            }
        };
        self.answered(now, event);
    }

    fn keep_reading(&mut self, now: Instant) {
        self.deadline = Some(now + self.config.timeouts.content);
    }

    fn expect_content(&mut self, number: u32, announced: Option<u64>, words: Option<String>) {
        self.events.push_back(Event::Content { number, announced, words: words.clone() });
        self.reading = Reading::Content(words);
        self.receive = true;
    }

    pub(super) fn on_received(&mut self, now: Instant, octets: u64) {
        let Reading::Content(words) = std::mem::replace(&mut self.reading, Reading::Status) else { return };
        let number = self.awaiting.front().map_or(0, Command::number);
        let event = match words {
            Some(words) => Event::Answer(Answer { words, octets: Some(octets) }),
            None => Event::Fetched { number, octets },
        };
        self.answered(now, event);
    }

    /// A reply to nothing: the server ends the session (`-ERR` before it closes is what many do to who is silent
    /// for too long), or has lost count.
    fn on_unasked(&mut self, status: Status<'_>) {
        let failure = match status.indicator {
            Indicator::Err => Failure::said(Stage::Idle, status.words()),
            _ => Failure::new(Stage::Idle, Kind::Protocol, "the server answered what was not asked"),
        };
        self.die(failure);
    }
}

fn write(command: &Command, out: &mut Outbox) {
    match command {
        Command::Stat => out.push(b"STAT\r\n"),
        Command::List => out.push(b"LIST\r\n"),
        Command::Uidl => out.push(b"UIDL\r\n"),
        Command::Retr(number) => out.line(format_args!("RETR {number}")),
        Command::Top { number, lines } => out.line(format_args!("TOP {number} {lines}")),
        Command::Dele(number) => out.line(format_args!("DELE {number}")),
        Command::Rset => out.push(b"RSET\r\n"),
        Command::Noop => out.push(b"NOOP\r\n"),
        Command::Quit => out.push(b"QUIT\r\n"),
        Command::Typed(typed) => {
            let (shown, secret) = typed.line.split_at(typed.secret_from);
            out.push(shown.as_bytes());
            if !secret.is_empty() {
                out.secret(secret.as_bytes());
            }
            out.push(b"\r\n");
        }
    }
}
