//! The POP3 client machine (RFC 1939).
//!
//! A session is opened (greeting, CAPA, STLS, [`opening`]; the [`login`]); after that commands pass through it in the
//! order in which they were asked for ([`asking`]), with as many in flight as the server allows.
//!
//! Policy decided here:
//! - nothing that was said before TLS counts after it: capabilities are asked for again, and the greeting's
//!   timestamp is forgotten;
//! - a password is not sent in clear unless [`Config::plaintext_auth`] says so;
//! - a no to one command does not take the others along;
//! - a message counts as deleted only with `+OK` to QUIT ([`Event::Quit`]): whatever ends the session before that,
//!   the server deletes nothing (RFC 1939 §6).

mod asking;
mod login;
mod opening;

use std::collections::VecDeque;
use std::time::Instant;

use crate::machine::{Input, Machine, Step, TlsInfo};
use crate::outbox::Outbox;
use crate::outcome::{Failure, Kind, Stage};
use crate::pop3::reply::MAX_LINE;
use crate::pop3::{Capabilities, Listed, Stat, Timeouts, Uids};
use crate::sasl::Credentials;
use crate::tls::Tls;

use asking::Reading;
pub use asking::{Answer, Command, Typed};
pub(in crate::pop3) use login::digest;
use opening::Opening;

/// How a session is to be held.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server's name, for mechanisms that bind to it.
    pub host: String,
    /// The server's port, likewise.
    pub port: u16,
    /// STLS policy; without meaning where TLS is up from the start.
    pub tls: Tls,
    /// Who logs in. Without it the session opens in the AUTHORIZATION state.
    pub credentials: Option<Credentials>,
    /// Permits ways to log in that show the password to whoever listens, on a connection without TLS.
    pub plaintext_auth: bool,
    /// Use PIPELINING (RFC 2449 §6.6) where it is offered.
    pub pipelining: bool,
    /// The most commands in flight with PIPELINING. A command has at most 512 octets, and RETR some 12, so they
    /// never fill the buffers on the way: neither side can wait for the other for ever.
    pub window: usize,
    /// Ask for headers in UTF-8 (RFC 6856 UTF8) where that is offered: without it, a server may refuse messages
    /// with addresses in UTF-8, or alter them.
    pub utf8: bool,
    /// The language that the server is asked to answer in (RFC 6856 LANG), where it offers that: a tag such as
    /// `zh` or `en`.
    pub language: Option<String>,
    /// How long to wait in each state.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 110,
            tls: Tls::default(),
            credentials: None,
            plaintext_auth: false,
            pipelining: true,
            window: 256,
            utf8: true,
            language: None,
            timeouts: Timeouts::default(),
        }
    }
}

/// What the client reports. After [`Ready`](Self::Ready), each command is answered by one of these, in the order
/// of the commands.
#[derive(Debug)]
pub enum Event {
    /// The session is open: [`Client::capabilities`] tells what the server offers.
    Ready,
    /// A message begins; its content comes by the driver ([`Step::Receive`]), then [`Fetched`](Self::Fetched).
    Content {
        /// Its number; 0 for the reply to a command as typed.
        number: u32,
        /// How long the server says it is, in octets: a hint.
        announced: Option<u64>,
        /// What follows `+OK`, decoded; only for a command as typed.
        words: Option<String>,
    },
    /// A message was taken to its end.
    Fetched {
        /// Its number.
        number: u32,
        /// Its octets, as they came.
        octets: u64,
    },
    /// DELE: the message is marked, and will be deleted by a QUIT that goes well.
    Marked(u32),
    /// STAT.
    Stat(Stat),
    /// LIST.
    Listed(Vec<Listed>),
    /// UIDL.
    Uids(Uids),
    /// RSET, NOOP and commands as typed.
    Answer(Answer),
    /// The server said no to this command; the session goes on.
    Refused(Command, Failure),
    /// `+OK` to QUIT: what was marked is deleted.
    Quit,
    /// The session ended otherwise than by QUIT; nothing was deleted.
    Failed(Failure),
}

/// The client's side of a POP3 session.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    tls: Option<TlsInfo>,
    capabilities: Capabilities,
    greeting: String,
    /// The greeting's, for APOP.
    timestamp: Option<String>,
    events: VecDeque<Event>,
    deadline: Option<Instant>,
    /// Commands to be written.
    queue: VecDeque<Command>,
    /// Commands whose replies are to come.
    awaiting: VecDeque<Command>,
    /// What of the first of these replies has been read.
    reading: Reading,
    /// A reply's content is to be taken.
    receive: bool,
    /// All that has arrived from the server was heard. Nothing is asked before that while no reply is due: what is
    /// there already would be taken for the answer.
    drained: bool,
    /// The window is being filled (until it is full) rather than drained (until half).
    filling: bool,
    /// The connection broke while several commands were in flight.
    overtaxed: bool,
}

#[derive(Debug)]
enum Phase {
    Opening(Opening),
    Open,
    Dead(Failure),
    Closed,
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
            greeting: String::new(),
            timestamp: None,
            events: VecDeque::new(),
            queue: VecDeque::new(),
            awaiting: VecDeque::new(),
            reading: Reading::Status,
            receive: false,
            drained: false,
            filling: true,
            overtaxed: false,
        }
    }

    /// What the server offers, as of its last reply to CAPA.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// What the server said first, behind its `+OK`; said before TLS where that came by STLS, and so perhaps by
    /// somebody else.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// TLS, where it is up.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// True when the session takes commands.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether commands are sent before the replies to earlier ones have come.
    pub fn is_pipelining(&self) -> bool {
        self.config.pipelining && self.capabilities.pipelining
    }

    /// Why the session ended, where it did; known before its [`Event::Failed`] is taken.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Dead(failure) => Some(failure),
            _ => None,
        }
    }

    /// True where the session ended, without a word of the server's, while several commands were in flight: it may
    /// not be able to do what it offers, and be better off with [`Config::pipelining`] switched off.
    pub fn is_overtaxed(&self) -> bool {
        self.overtaxed
    }

    /// Ends the session by a failure on this side: nothing more is said.
    pub fn give_up(&mut self, failure: Failure) {
        self.die(failure);
    }

    fn die(&mut self, failure: Failure) {
        if matches!(self.phase, Phase::Dead(_) | Phase::Closed) {
            return;
        }
        let several = self.awaiting.len() > 1
            || matches!(&self.phase, Phase::Opening(opening) if opening.has_several_in_flight());
        let broke = matches!(failure.kind, Kind::Unreachable | Kind::Timeout | Kind::Protocol);
        self.overtaxed = several && broke;
        self.queue.clear();
        self.awaiting.clear();
        self.receive = false;
        self.deadline = None;
        self.events.push_back(Event::Failed(failure.clone()));
        self.phase = Phase::Dead(failure);
    }

    /// The stage that a failure of the link belongs to.
    fn stage(&self) -> Stage {
        match (&self.phase, self.awaiting.front()) {
            (Phase::Opening(opening), _) => opening.stage(),
            (_, Some(command)) => command.stage(),
            (_, None) => Stage::Idle,
        }
    }

    /// After octets that are no reply, what follows cannot be told from what went before.
    fn on_garbage(&mut self, what: impl Into<String>) {
        self.die(Failure::new(self.stage(), Kind::Protocol, what));
    }

    fn on_gone(&mut self, error: Option<std::io::Error>) {
        let stage = self.stage();
        let failure = match error {
            Some(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                Failure::io(stage, Kind::Timeout, error)
            }
            // The TLS layer reports broken records as invalid data.
            Some(error) if stage == Stage::StartTls || error.kind() == std::io::ErrorKind::InvalidData => {
                Failure::io(stage, Kind::Tls, error)
            }
            Some(error) => Failure::io(stage, Kind::Unreachable, error),
            None => Failure::new(stage, Kind::Unreachable, "the server closed the connection"),
        };
        self.die(failure);
    }
}

impl Machine for Client {
    type Event = Event;

    fn input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Line(line) => {
                self.drained = false;
                match std::mem::replace(&mut self.phase, Phase::Open) {
                    Phase::Opening(opening) => self.on_opening_line(opening, line),
                    Phase::Open => self.on_open_line(now, line),
                    over => self.phase = over,
                }
            }
            Input::Drained => self.drained = true,
            Input::Overlong => self.on_garbage("a line of the server has no end"),
            Input::Gone { error, .. } => self.on_gone(error),
            Input::Tick { .. } => {
                self.die(Failure::new(self.stage(), Kind::Timeout, "the server did not answer in time"));
            }
            Input::TlsUp(info) => self.on_tls_up(info),
            Input::Received(octets) => self.on_received(now, octets),
            Input::ReceiveFailed(error) => {
                self.die(Failure::io(Stage::Fetch, Kind::Local, error));
            }
            // A client sends no content, and asks for no literal.
            Input::Sent { .. } | Input::SendFailed(_) | Input::Taken(_) => {}
        }
    }

    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Step::Event(event);
            }
            match &self.phase {
                Phase::Opening(opening) if !self.drained && !opening.is_handshake() => return Step::Read,
                Phase::Opening(_) => {
                    if let Some(step) = self.poll_opening(now, out) {
                        return step;
                    }
                }
                Phase::Open => return self.poll_open(now, out),
                Phase::Dead(_) | Phase::Closed => return Step::Closed,
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn line_limit(&self) -> usize {
        MAX_LINE
    }
}
