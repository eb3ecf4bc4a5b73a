//! Which command goes when, and how it is written around its literals (RFC 3501 §4.3, RFC 7888).
//!
//! One command at a time, but for those that cannot disturb each other: FETCH commands by UID, and what is asked
//! between login and the first mailbox. A literal waits for the server's go-ahead unless it offers LITERAL+, or
//! LITERAL- and the literal is short; a tagged answer in its place ends the command.

use std::collections::VecDeque;
use std::time::Instant;

use super::asked::Asked;
use super::command::{self, Command, Piece};
use super::data::{Namespaces, Selected, Status};
use super::idle::Idle;
use super::login::Login;
use super::response::Found;
use super::{Client, Event, Id, Phase};
use crate::machine::{Coding, Outgoing, Step};
use crate::outbox::Outbox;
use crate::outcome::{Failure, Kind, Stage};
use crate::sasl::Exchange;

/// The longest literal that LITERAL- lets go without asking, in octets (RFC 7888 §5).
pub(super) const LITERAL_MINUS: u64 = 4096;

/// A command and what it has led to so far.
#[derive(Debug)]
pub(super) struct Job {
    /// The number in its tag.
    pub(super) tag: u32,
    pub(super) task: Task,
    pub(super) so_far: SoFar,
}

/// What a command is for.
#[derive(Debug)]
pub(super) enum Task {
    User(Command),
    /// The NOOP or IDLE of a [`Command::Idle`].
    Waiting {
        idle: bool,
    },
    Capability,
    StartTls,
    Login(Login),
    Authenticate(Box<Authenticating>),
    Id,
    Enable,
    Compress,
}

/// An exchange that is under way.
#[derive(Debug)]
pub(super) struct Authenticating {
    pub(super) login: Login,
    pub(super) exchange: Exchange,
    /// The initial response went with the command.
    pub(super) initial: bool,
    /// The initial response, where it was too long for the command line: answers the first challenge.
    pub(super) held: Option<Vec<u8>>,
    /// A challenge was answered.
    pub(super) answered: bool,
}

/// What has come for a command before its end.
#[derive(Debug, Default)]
pub(super) enum SoFar {
    #[default]
    Nothing,
    Fetch(Asked),
    /// Responses of ABOUT.
    Count(u32),
    /// Mailboxes, and the octets of their names.
    Listed {
        count: u32,
        octets: usize,
    },
    Found(Found),
    Status(Status),
    Namespaces(Namespaces),
    Selected(Box<Selected>),
    /// Where moved messages went, said before the end (RFC 6851 §4.3).
    Arrived(super::data::Arrived),
}

/// What of the last command of those that run is not written yet.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    pieces: VecDeque<Piece>,
    /// A literal was announced, and the go-ahead is due.
    waiting: bool,
    /// The command's line end is not written.
    open: bool,
    /// An answer to a challenge, or DONE: goes out by itself.
    pub(super) answer: Option<Vec<u8>>,
    pub(super) answer_is_secret: bool,
}

impl Unwritten {
    pub(super) fn awaits_go(&self) -> bool {
        self.waiting
    }

    pub(super) fn go(&mut self) {
        self.waiting = false;
    }
}

impl Task {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::User(command) => command.stage(),
            Self::Waiting { .. } => Stage::Idle,
            Self::Capability | Self::Id | Self::Enable | Self::Compress => Stage::Capability,
            Self::StartTls => Stage::StartTls,
            Self::Login(_) | Self::Authenticate(_) => Stage::Auth,
        }
    }

    /// Whether it can be answered with sets of a million messages.
    pub(super) fn names_many(&self) -> bool {
        matches!(
            self,
            Self::User(
                Command::Search(_)
                    | Command::Select { .. }
                    | Command::Copy { .. }
                    | Command::Move { .. }
                    | Command::Store { .. }
                    | Command::Expunge
                    | Command::UidExpunge(_)
                    | Command::Noop
            ) | Self::Waiting { .. }
        )
    }
}

impl Job {
    pub(super) fn new(tag: u32, task: Task) -> Self {
        let so_far = match &task {
            Task::User(Command::Search(_)) => SoFar::Found(Found::default()),
            Task::User(Command::Status { .. }) => SoFar::Status(Status::default()),
            Task::User(Command::Namespace) => SoFar::Namespaces(Namespaces::default()),
            Task::User(Command::List { .. }) => SoFar::Listed { count: 0, octets: 0 },
            Task::User(Command::About { .. }) => SoFar::Count(0),
            Task::User(Command::Select { name, mode, .. }) => SoFar::Selected(Box::new(Selected {
                name: name.clone(),
                read_only: *mode == super::Mode::Read,
                ..Selected::default()
            })),
            _ => SoFar::Nothing,
        };
        Self { tag, task, so_far }
    }

    /// Whether a message's content may come for it.
    pub(super) fn fetches(&self) -> bool {
        matches!(self.so_far, SoFar::Fetch(_))
    }

    /// Whether it can be under way together with this one, which is.
    fn joins(&self, other: &Self, pipelining: bool) -> bool {
        match (&other.task, &self.task) {
            (Task::User(Command::Fetch { .. }), Task::User(Command::Fetch { .. })) => pipelining,
            (Task::Id, Task::Enable) => true,
            _ => false,
        }
    }
}

impl Client {
    /// Puts a command of our own in line.
    pub(super) fn ask(&mut self, task: Task) {
        self.tags += 1;
        self.queue.push_back(Job::new(self.tags, task));
    }

    pub(super) fn poll_writing(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        if let Some(step) = self.poll_opening() {
            return step;
        }
        self.poll_idle(now);
        loop {
            if let Some(answer) = self.unwritten.answer.take() {
                if self.unwritten.answer_is_secret {
                    out.secret(&answer)
                } else {
                    out.push(&answer)
                }
                out.push(b"\r\n");
                self.await_answer(now);
            }
            if self.unwritten.open {
                if self.unwritten.waiting {
                    return Step::Read;
                }
                if let Some(send) = self.write_piece(now, out) {
                    return Step::Send(send);
                }
                continue;
            }
            if !self.begin_next(now, out) {
                return Step::Read;
            }
        }
    }

    /// Begins the next command, where one can be; false where not.
    fn begin_next(&mut self, now: Instant, out: &mut Outbox) -> bool {
        let Some(next) = self.queue.front() else { return false };
        let ours = !matches!(next.task, Task::User(_));
        let may = match &self.phase {
            Phase::Opening(_) => ours,
            // While we wait for news, only what that takes.
            Phase::Open => self.idle.is_none() || ours,
            _ => false,
        };
        let pipelining = self.config.pipelining;
        if !may || !self.running.iter().all(|other| next.joins(other, pipelining)) {
            return false;
        }
        let Some(mut job) = self.queue.pop_front() else { return false };
        let pieces = match &mut job.task {
            Task::Authenticate(authenticating) => Ok(self.write_authenticate(authenticating).pieces),
            Task::User(Command::Idle(patience)) => {
                let cut = !self.queue.is_empty();
                self.idle = Some(Idle::new(Id(job.tag), now + *patience, cut));
                self.poll_idle(now);
                return true;
            }
            Task::User(command) => self.prepare(command),
            ours => Ok(self.write_own(ours)),
        };
        match pieces {
            Ok(pieces) => {
                if let Task::User(Command::Fetch { uids, .. }) = &job.task {
                    job.so_far = SoFar::Fetch(Asked::new(uids));
                }
                if let Task::User(Command::Logout) = job.task {
                    self.phase = Phase::Closing;
                }
                out.text(format_args!("A{} ", job.tag));
                self.unwritten.pieces = pieces.into();
                self.unwritten.open = true;
                self.running.push_back(job);
                self.await_answer(now);
            }
            Err(failure) => self.events.push_back(Event::Done(Id(job.tag), Err(failure))),
        }
        true
    }

    /// The pieces of a command, where it can be written at all.
    fn prepare(&self, command: &Command) -> Result<Vec<Piece>, Failure> {
        let lacks = |what: &str| {
            let text = format!("the server does not offer {what}");
            Err(Failure::new(command.stage(), Kind::Capability, text))
        };
        match command {
            Command::Move { .. } if !self.capabilities.has("MOVE") => return lacks("MOVE"),
            Command::UidExpunge(_) if !self.capabilities.has("UIDPLUS") => return lacks("UIDPLUS"),
            Command::Namespace if !self.capabilities.has("NAMESPACE") => return lacks("NAMESPACE"),
            Command::Append { len, .. }
                if self.capabilities.append_limit().is_some_and(|most| *len > most) =>
            {
                let most = self.capabilities.append_limit().unwrap_or(0);
                let text = format!(
                    "the message has {len} octets; the server keeps none of more than {most} (APPENDLIMIT)"
                );
                return Err(Failure::new(Stage::Store, Kind::Refused, text));
            }
            Command::Append { len, .. } if *len > u64::from(u32::MAX) => {
                let text = format!("the message has {len} octets; IMAP takes none of more than {}", u32::MAX);
                return Err(Failure::new(Stage::Store, Kind::Local, text));
            }
            _ => {}
        }
        command::write(command, &self.dialect)
    }

    /// Writes the next piece of the command, or its end; a content is left to the driver.
    fn write_piece(&mut self, now: Instant, out: &mut Outbox) -> Option<Outgoing> {
        match self.unwritten.pieces.pop_front() {
            None => {
                out.push(b"\r\n");
                self.unwritten.open = false;
                self.await_answer(now);
            }
            Some(Piece::Text(text)) => out.push(&text),
            Some(Piece::Secret(text)) => out.secret(&text),
            Some(Piece::Literal { octets, secret }) => {
                let rest = if secret { Piece::Secret(octets) } else { Piece::Text(octets) };
                let len = match &rest {
                    Piece::Secret(octets) | Piece::Text(octets) => octets.len() as u64,
                    _ => 0,
                };
                self.announce(len, out);
                self.unwritten.pieces.push_front(rest);
            }
            Some(Piece::Content { ticket, len }) => {
                self.announce(len, out);
                self.unwritten.pieces.push_front(Piece::Announced { ticket, len });
            }
            Some(Piece::Announced { ticket, len }) => {
                let stall = self.config.timeouts.block;
                return Some(Outgoing { ticket, offset: 0, len, coding: Coding::Exact(len), stall });
            }
        }
        None
    }

    fn announce(&mut self, len: u64, out: &mut Outbox) {
        let free =
            self.capabilities.has("LITERAL+") || (self.capabilities.has("LITERAL-") && len <= LITERAL_MINUS);
        out.text(format_args!("{{{len}{}}}\r\n", if free { "+" } else { "" }));
        self.unwritten.waiting = !free;
    }

    /// A content has left.
    pub(super) fn on_sent(&mut self, now: Instant) {
        self.await_answer(now);
    }

    /// The server answers the command whose literal it has not taken: nothing more of it is written.
    pub(super) fn end_writing(&mut self) {
        self.unwritten = Unwritten::default();
    }
}
