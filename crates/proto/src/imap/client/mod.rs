//! The IMAP client machine (RFC 3501, RFC 9051, and the extensions named in [`command`]).
//!
//! A session is opened ([`opening`], [`login`]); after that [`Command`]s are written one after the other, FETCH
//! commands also several at once, so that a line's delay costs nothing ([`writing`]). What the server says is put
//! together from lines and literals ([`assembly`]), read ([`response`]) and applied ([`hearing`]).
//!
//! Policy decided here:
//! - a message's content never passes through: it is announced ([`Event::Content`]), streamed past, and named when
//!   its response is whole ([`Event::Message`]), for the server may say its UID behind it;
//! - a response that makes no sense is passed over, unless it could have held what was asked for;
//! - what was not asked for is bounded ([`MAX_STRAY`], [`MAX_UNASKED`]);
//! - a password is not sent in clear unless [`Config::plaintext_auth`] says so, and nothing that was said before
//!   TLS is believed after it.

mod asked;
mod assembly;
mod capabilities;
mod command;
mod config;
mod data;
mod fetched;
mod hearing;
mod idle;
mod lexer;
mod login;
mod opening;
#[cfg(test)]
mod oracle;
mod response;
mod search;
mod writing;

use std::collections::VecDeque;
use std::time::Instant;

use crate::imap::UidSet;
use crate::machine::{Coding, Input, Machine, Step, Ticket, TlsInfo};
use crate::outbox::Outbox;
use crate::outcome::{Failure, Kind, Stage};
use assembly::{Assembled, Assembly};
use command::Dialect;
use idle::Idle;
use opening::Opening;
use writing::{Job, Task};

pub use assembly::{MAX_RESPONSE, MAX_TAKEN};
pub use capabilities::Capabilities;
pub use command::{Command, MAX_FETCH};
pub use config::{Config, SendId, Timeouts};
pub use data::{
    About, Arrived, Change, Changes, Folder, Meta, Mode, Namespace, Namespaces, Resync, Selected, Special,
    Status, What,
};
pub use search::Criterion;

/// The longest line of a server's, in octets.
pub const MAX_LINE: usize = 256 * 1024;
/// The longest line of a server's that answers SEARCH, SELECT, COPY, MOVE or EXPUNGE: it may name a million messages.
pub const MAX_LONG_LINE: usize = 8 * 1024 * 1024;
/// The most responses that answer nothing, between two that do.
pub const MAX_STRAY: u32 = 100_000;
/// The most contents that nobody asked for, or that come again, in a session.
pub const MAX_UNASKED: u32 = 100;
/// The most mailboxes that LIST may name.
pub const MAX_FOLDERS: u32 = 100_000;
/// The most octets that their names may have, all together: 16 MiB.
pub const MAX_FOLDER_NAMES: usize = 16 * 1024 * 1024;
/// The most messages of a mailbox that a server may tell of in answer to [`Command::About`].
pub const MAX_MESSAGES: u32 = 10_000_000;
/// The most messages that a server may tell of when a mailbox is opened with [`Resync`].
pub const MAX_CHANGED: usize = 1_000_000;

/// What the client reports.
#[derive(Debug)]
pub enum Event {
    /// The session is open and logged in.
    Ready,
    /// A mailbox, for [`Command::List`].
    Folder(Folder),
    /// A message, for [`Command::About`].
    Meta(Box<Meta>),
    /// A message's content comes next, of this length in octets.
    Content(u64),
    /// A message's content, whole: servers may write a short one as a string.
    Inline(Vec<u8>),
    /// The content that came last belongs to this message, which was asked for, and comes for the first time. (A
    /// content that is not followed by this is to be dropped.)
    Message(Box<Meta>),
    /// A command was answered.
    Done(Id, Result<Answer, Failure>),
    /// Something for people.
    Note(Note),
    /// The session ended before LOGOUT.
    Failed(Failure),
}

/// Something for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The server asks for this to be shown (RFC 3501 §7.1 ALERT).
    Alert(String),
    /// A response that makes no sense was passed over; its beginning.
    Unreadable(String),
}

/// Names a command through its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub u32);

/// What a command led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was done.
    Done,
    /// SELECT, EXAMINE.
    Selected(Box<Selected>),
    /// SEARCH: the messages, and the highest MODSEQ among them where that was said.
    Found(UidSet, Option<u64>),
    /// STATUS.
    Status(Status),
    /// NAMESPACE.
    Namespaces(Namespaces),
    /// APPEND, COPY, MOVE: where the messages are now, where the server says so (UIDPLUS).
    Arrived(Option<Arrived>),
    /// STORE: the messages whose flags stayed because they had changed meanwhile (UNCHANGEDSINCE).
    Stored(UidSet),
    /// NOOP, IDLE: what was heard since the last time this was told.
    Changes(Changes),
}

/// The client's side of an IMAP session.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    tls: Option<TlsInfo>,
    capabilities: Capabilities,
    /// They were told since the login, or since TLS.
    capabilities_told: bool,
    preauth: bool,
    dialect: Dialect,
    assembly: Assembly,
    /// What the assembly waits for.
    pending: Option<Pending>,
    events: VecDeque<Event>,
    tags: u32,
    /// Commands that wait for their turn.
    queue: VecDeque<Job>,
    /// Commands that were begun and not answered, in order.
    running: VecDeque<Job>,
    /// What remains to be written.
    unwritten: writing::Unwritten,
    idle: Option<Idle>,
    selected: Option<Selected>,
    changes: Changes,
    stray: u32,
    unasked: u32,
    /// A content was handed on since the last whole response.
    content_came: bool,
    /// Since then, all that has arrived was heard.
    drained: bool,
    deadline: Option<Instant>,
}

#[derive(Debug)]
enum Phase {
    Opening(Opening),
    Open,
    /// LOGOUT was written.
    Closing,
    Dead(Failure),
    Closed,
}

#[derive(Debug, Clone, Copy)]
enum Pending {
    Take(usize),
    Receive(u64),
    Receiving,
    Taking,
}

impl Client {
    /// A session over a fresh connection; `tls` where it was established before the first octet.
    pub fn new(config: Config, tls: Option<TlsInfo>, now: Instant) -> Self {
        Self {
            deadline: Some(now + config.timeouts.greeting),
            config,
            phase: Phase::Opening(Opening::Greeting),
            tls,
            capabilities: Capabilities::default(),
            capabilities_told: false,
            preauth: false,
            dialect: Dialect::default(),
            assembly: Assembly::default(),
            pending: None,
            events: VecDeque::new(),
            tags: 0,
            queue: VecDeque::new(),
            running: VecDeque::new(),
            unwritten: writing::Unwritten::default(),
            idle: None,
            selected: None,
            changes: Changes::default(),
            stray: 0,
            unasked: 0,
            content_came: false,
            drained: false,
        }
    }

    /// Queues a command. Its end is [`Event::Done`] or [`Event::Failed`].
    pub fn submit(&mut self, command: Command) -> Id {
        self.tags += 1;
        let id = Id(self.tags);
        match &self.phase {
            Phase::Opening(_) | Phase::Open => {
                if let Some(idle) = &mut self.idle {
                    idle.cut();
                }
                self.queue.push_back(Job::new(id.0, Task::User(command)));
            }
            Phase::Dead(failure) => self.events.push_back(Event::Done(id, Err(failure.clone()))),
            Phase::Closing | Phase::Closed => {
                let failure = Failure::new(Stage::Quit, Kind::Local, "the session was ended");
                self.events.push_back(Event::Done(id, Err(failure)));
            }
        }
        id
    }

    /// Ends the session without another word, for this reason.
    pub fn abort(&mut self, failure: Failure) {
        self.die(failure);
    }

    /// What the server offers.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// TLS, where it is up.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// The mailbox that is open.
    pub fn selected(&self) -> Option<&Selected> {
        self.selected.as_ref()
    }

    /// What was heard of the open mailbox since the last time this was asked.
    pub fn take_changes(&mut self) -> Changes {
        std::mem::take(&mut self.changes)
    }

    /// True where QRESYNC was agreed on: [`Resync`] has a meaning.
    pub fn can_resync(&self) -> bool {
        self.dialect.qresync
    }

    /// True when the session takes commands.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Why the session ended, where it did.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Dead(failure) => Some(failure),
            _ => None,
        }
    }

    fn die(&mut self, failure: Failure) {
        if matches!(self.phase, Phase::Dead(_) | Phase::Closed) {
            return;
        }
        self.queue.clear();
        self.running.clear();
        self.unwritten = writing::Unwritten::default();
        self.idle = None;
        self.pending = None;
        self.assembly.clear();
        self.selected = None;
        self.deadline = None;
        self.events.push_back(Event::Failed(failure.clone()));
        self.phase = Phase::Dead(failure);
    }

    fn die_of_protocol(&mut self, what: impl Into<String>) {
        if matches!(self.phase, Phase::Closing) {
            self.phase = Phase::Closed;
            return;
        }
        self.die(Failure::new(self.stage(), Kind::Protocol, what));
    }

    /// The stage that a failure belongs to.
    fn stage(&self) -> Stage {
        match (&self.phase, self.running.front()) {
            (Phase::Closing | Phase::Closed, _) => Stage::Quit,
            (_, Some(job)) => job.task.stage(),
            (Phase::Opening(opening), None) => opening.stage(),
            (_, None) => Stage::Idle,
        }
    }

    fn on_line(&mut self, now: Instant, line: &[u8]) {
        self.drained = false;
        self.await_answer(now);
        if let Phase::Opening(Opening::Greeting) = self.phase {
            return self.on_greeting(line);
        }
        match self.assembly.line(line) {
            Assembled::Whole => {
                let assembly = std::mem::take(&mut self.assembly);
                self.on_response(now, assembly.response());
                // What the response did not end goes on with the same room.
                if !self.assembly.is_open() {
                    self.assembly = assembly;
                }
            }
            Assembled::Take(n) => self.pending = Some(Pending::Take(n)),
            Assembled::Content(octets) => self.on_content(now, octets),
            Assembled::Fault(what) => self.die_of_protocol(what),
        }
    }

    /// A message's content comes.
    fn on_content(&mut self, now: Instant, octets: u64) {
        if octets > self.config.max_message {
            let most = self.config.max_message;
            let text = format!("the server sends a message of {octets} octets; at most {most} are taken");
            return self.die(Failure::new(Stage::Fetch, Kind::Protocol, text));
        }
        if !self.running.iter().any(Job::fetches) {
            return self.die_of_protocol("the server sends a message that nobody asked for");
        }
        self.events.push_back(Event::Content(octets));
        self.content_came = true;
        self.pending = Some(Pending::Receive(octets));
        self.deadline = Some(now + self.config.timeouts.block);
    }

    /// The patience for the next line, while something is awaited.
    fn await_answer(&mut self, now: Instant) {
        self.deadline = match (&self.phase, &self.idle) {
            (Phase::Opening(Opening::Greeting), _) => self.deadline,
            (Phase::Opening(_), _) => Some(now + self.config.timeouts.command),
            (Phase::Closing, _) => Some(now + self.config.timeouts.logout),
            (Phase::Open, Some(idle)) if idle.deadline().is_some() => idle.deadline(),
            (Phase::Open, _) if !self.running.is_empty() => Some(now + self.config.timeouts.command),
            _ => None,
        };
    }

    fn on_gone(&mut self, error: Option<std::io::Error>) {
        if matches!(self.phase, Phase::Closing | Phase::Closed) {
            self.phase = Phase::Closed;
            return;
        }
        let stage = self.stage();
        self.die(match error {
            Some(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                Failure::io(stage, Kind::Timeout, error)
            }
            // The TLS layer reports broken records as invalid data.
            Some(error) if error.kind() == std::io::ErrorKind::InvalidData && self.tls.is_some() => {
                Failure::io(stage, Kind::Tls, error)
            }
            Some(error) if stage == Stage::StartTls => Failure::io(stage, Kind::Tls, error),
            Some(error) => Failure::io(stage, Kind::Unreachable, error),
            None => Failure::new(stage, Kind::Unreachable, "the server closed the connection"),
        });
    }

    fn on_tick(&mut self, now: Instant) {
        match self.phase {
            Phase::Closing | Phase::Closed => self.phase = Phase::Closed,
            _ if self.idle.as_ref().is_some_and(|idle| idle.deadline().is_some()) => self.on_idle_tick(now),
            _ => {
                let failure = Failure::new(self.stage(), Kind::Timeout, "the server did not answer in time");
                self.die(failure);
            }
        }
    }
}

impl Machine for Client {
    type Event = Event;

    fn input(&mut self, now: Instant, input: Input<'_>) {
        if matches!(self.phase, Phase::Dead(_) | Phase::Closed) {
            return;
        }
        match input {
            Input::Line(line) => self.on_line(now, line),
            Input::Drained => {
                self.drained = true;
                self.on_drained();
            }
            Input::Overlong => self.die_of_protocol("a line of the server has no end"),
            Input::Gone { error, .. } => self.on_gone(error),
            Input::Tick { .. } => self.on_tick(now),
            Input::TlsUp(info) => self.on_tls_up(info),
            Input::Taken(octets) => {
                self.pending = None;
                self.assembly.taken(octets);
                self.await_answer(now);
            }
            Input::Received(_) => {
                self.pending = None;
                self.await_answer(now);
            }
            Input::ReceiveFailed(error) => self.die(Failure::io(Stage::Fetch, Kind::Local, error)),
            Input::Sent { .. } => self.on_sent(now),
            Input::SendFailed(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                self.die(Failure::io(Stage::Store, Kind::Unreachable, error));
            }
            Input::SendFailed(error) => self.die(Failure::io(Stage::Store, Kind::Local, error)),
        }
    }

    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        if let Some(event) = self.events.pop_front() {
            return Step::Event(event);
        }
        match self.pending {
            Some(Pending::Take(n)) => {
                self.pending = Some(Pending::Taking);
                return Step::Take(n);
            }
            Some(Pending::Receive(octets)) => {
                self.pending = Some(Pending::Receiving);
                return Step::Receive(Coding::Exact(octets));
            }
            Some(Pending::Receiving | Pending::Taking) => return Step::Read,
            None => {}
        }
        if let Phase::Dead(_) | Phase::Closed = self.phase {
            return Step::Closed;
        }
        let step = self.poll_writing(now, out);
        // What could not be written has been answered on the way.
        match self.events.pop_front() {
            Some(event) if matches!(step, Step::Read) => Step::Event(event),
            Some(event) => {
                self.events.push_front(event);
                step
            }
            None if matches!(self.phase, Phase::Dead(_)) => Step::Closed,
            None => step,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn line_limit(&self) -> usize {
        if self.running.iter().any(|job| job.task.names_many()) { MAX_LONG_LINE } else { MAX_LINE }
    }
}

/// Names the content of an APPEND: there is one at a time.
pub const CONTENT: Ticket = Ticket(0);
