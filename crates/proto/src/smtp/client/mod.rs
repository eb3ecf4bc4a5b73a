//! The SMTP client machine (RFC 5321 §3, §4.5.4).
//!
//! It keeps a queue of awaited replies, not one command at a time: what a server allows to be in flight
//! is in flight. A session is opened (greeting, EHLO, STARTTLS, AUTH: [`opening`]); after that messages
//! pass through it as transactions ([`sending`] writes them, [`settling`] turns replies into verdicts).
//!
//! Policy decided here:
//! - every message that is submitted settles exactly once, whatever the server or the link does;
//! - a message whose last octet may have left, and that was not answered, is *in doubt*, never retried;
//! - a recipient that is refused does not take the others along;
//! - a password is not sent in clear unless [`Config::plaintext_auth`] says so.

mod opening;
mod parameters;
mod sending;
mod settling;
mod transaction;

use std::collections::VecDeque;
use std::time::Instant;

use crate::machine::{Input, Machine, Step, Ticket, TlsInfo};
use crate::outbox::Outbox;
use crate::outcome::{Cause, Delivery, Failure, Kind, Stage, Verdict};
use crate::reply::{self, Collector, Reply, Severity};
use crate::sasl::Credentials;
use crate::smtp::{Capabilities, Envelope, Timeouts};
pub use crate::tls::Tls;
use opening::Opening;
use sending::Sending;
use transaction::{Job, Transaction};

/// How a session is to be held.
#[derive(Clone, Debug)]
pub struct Config {
    /// What EHLO says of us: a domain or an address literal. Only its graphic ASCII characters are sent.
    pub hello: String,
    /// The server's name, for mechanisms that bind to it.
    pub host: String,
    /// The server's port, likewise.
    pub port: u16,
    /// STARTTLS policy; without meaning where TLS is up from the start.
    pub tls: Tls,
    /// Who logs in.
    pub credentials: Option<Credentials>,
    /// Permits mechanisms that show the password to whoever listens, on a connection without TLS.
    pub plaintext_auth: bool,
    /// Use PIPELINING (RFC 2920) where it is offered.
    pub pipelining: bool,
    /// Use CHUNKING (RFC 3030) where it is offered.
    pub chunking: bool,
    /// The most messages in flight with CHUNKING.
    pub window: usize,
    /// The most recipients in a transaction, where the server names no limit (RFC 5321 §4.5.3.1.8).
    pub max_recipients: usize,
    /// How long to wait in each state.
    pub timeouts: Timeouts,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hello: "[127.0.0.1]".into(),
            host: "localhost".into(),
            port: 25,
            tls: Tls::default(),
            credentials: None,
            plaintext_auth: false,
            pipelining: true,
            chunking: true,
            window: 64,
            max_recipients: 100,
            timeouts: Timeouts::default(),
        }
    }
}

/// What the client reports.
#[derive(Debug)]
pub enum Event {
    /// The session is open: [`Client::capabilities`] tells what the server offers.
    Ready,
    /// There is room for another message: submit some, or poll on.
    Wanting,
    /// A message is settled.
    Settled(Ticket, Delivery),
    /// This message was certainly not taken, and can go over another session; here is its envelope back.
    /// Either the server takes no more messages in this one (RFC 9422 MAILMAX), or it does not know BDAT
    /// though it offers CHUNKING, and [`Failed`](Self::Failed) follows with [`Kind::Capability`]. (A message
    /// of which some recipients have been served settles instead.)
    Unsent(Ticket, Box<Envelope>),
    /// The server answered [`Client::check`].
    Alive,
    /// The session ended before [`Client::quit`]; all that was submitted has been settled before this.
    Failed(Failure),
}

/// The client's side of an SMTP session.
#[derive(Debug)]
pub struct Client {
    config: Config,
    phase: Phase,
    tls: Option<TlsInfo>,
    capabilities: Capabilities,
    collector: Collector,
    events: VecDeque<Event>,
    /// What has settled, held until nothing more of the server's is here to be heard: a reply too many
    /// would show that the replies had been counted wrongly.
    held: VecDeque<Event>,
    /// All that has arrived from the server was heard.
    drained: bool,
    tickets: u64,
    deadline: Option<Instant>,
    /// Replies that are to come, in order.
    awaiting: VecDeque<Awaited>,
    /// Messages that wait for their turn.
    queue: VecDeque<Job>,
    /// Transactions that were begun and are not settled, in order.
    active: VecDeque<Transaction>,
    /// What is written next, of the last of `active`.
    sending: Sending,
    /// With CHUNKING: the window is being filled (until it is full) rather than drained (until half).
    filling: bool,
    /// `Wanting` was said, and nothing has changed since.
    asked: bool,
    /// The server may hold a transaction open that came to nothing.
    reset_wanted: bool,
    checking: bool,
    quitting: bool,
    /// Transactions begun in this session.
    begun: u32,
    /// The parameters of the command being written.
    parameters: String,
    /// Content could not be read and part of it has left: nothing more can be said on this connection.
    spoilt: bool,
}

#[derive(Debug)]
enum Phase {
    Opening(Opening),
    Open,
    /// QUIT was written.
    Closing,
    Dead(Failure),
    Closed,
}

/// A reply that is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaited {
    Mail,
    /// By place in the transaction's batch.
    Rcpt(usize),
    Data,
    Chunk {
        last: bool,
    },
    End,
    Rset,
    Noop,
}

impl Awaited {
    fn stage(self) -> Stage {
        match self {
            Self::Mail => Stage::Mail,
            Self::Rcpt(_) => Stage::Rcpt,
            Self::Data => Stage::Data,
            Self::Chunk { last: false } => Stage::Content,
            Self::Chunk { last: true } | Self::End => Stage::End,
            Self::Rset | Self::Noop => Stage::Idle,
        }
    }
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
            collector: Collector::default(),
            events: VecDeque::new(),
            held: VecDeque::new(),
            drained: false,
            tickets: 0,
            awaiting: VecDeque::new(),
            queue: VecDeque::new(),
            active: VecDeque::new(),
            sending: Sending::Idle,
            filling: true,
            asked: false,
            reset_wanted: false,
            checking: false,
            quitting: false,
            begun: 0,
            parameters: String::new(),
            spoilt: false,
        }
    }

    /// Queues a message. Its content is asked for by [`Step::Send`] with this ticket.
    pub fn submit(&mut self, envelope: Envelope) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.asked = false;
        let job = Job::new(ticket, envelope);
        match &self.phase {
            Phase::Dead(failure) => {
                let failure = failure.clone();
                self.settle_job(job, &failure);
            }
            Phase::Closing | Phase::Closed => {
                let failure = Failure::new(Stage::Quit, Kind::Local, "the session was ended");
                self.settle_job(job, &failure);
            }
            Phase::Opening(_) | Phase::Open => self.queue.push_back(job),
        }
        ticket
    }

    /// Asks the server whether it is there (NOOP), once nothing else is under way: [`Event::Alive`] or
    /// [`Event::Failed`].
    pub fn check(&mut self) {
        self.checking = true;
    }

    /// Ends the session when all that was submitted is settled.
    pub fn quit(&mut self) {
        self.quitting = true;
    }

    /// What the server offers, as of its last reply to EHLO.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// TLS, where it is up.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// True when the session can take messages.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Why the session ended, where it did; known before its [`Event::Failed`] is taken.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.phase {
            Phase::Dead(failure) => Some(failure),
            _ => None,
        }
    }

    /// Ends everything: what is under way is settled by `failure`, in doubt where its end may have left.
    fn die(&mut self, failure: Failure, written: u64) {
        if matches!(self.phase, Phase::Dead(_) | Phase::Closed) {
            return;
        }
        // A server that has said it closes the channel does not take what came behind.
        let said_421 = failure.reply.as_ref().is_some_and(|reply| reply.code.get() == 421);
        for transaction in std::mem::take(&mut self.active) {
            let doubt = !said_421 && transaction.left_whole(written);
            self.abandon(transaction, &failure, doubt);
        }
        for job in std::mem::take(&mut self.queue) {
            self.settle_job(job, &failure);
        }
        self.awaiting.clear();
        self.deadline = None;
        self.sending = Sending::Idle;
        self.events.append(&mut self.held);
        self.events.push_back(Event::Failed(failure.clone()));
        self.phase = Phase::Dead(failure);
    }

    /// The stage that a failure of the link belongs to.
    fn stage(&self) -> Stage {
        match (&self.phase, self.awaiting.front()) {
            (Phase::Opening(opening), _) => opening.stage(),
            (Phase::Closing | Phase::Closed, _) => Stage::Quit,
            (_, Some(awaited)) => awaited.stage(),
            (_, None) if self.active.is_empty() => Stage::Idle,
            (_, None) => Stage::Content,
        }
    }

    fn on_line(&mut self, now: Instant, line: &[u8]) {
        match self.collector.line(line) {
            Ok(None) => {}
            Ok(Some(reply)) => self.on_reply(now, reply),
            Err(error) => self.on_garbage(&error.to_string()),
        }
    }

    /// After octets that are no reply, what follows cannot be told from what went before.
    fn on_garbage(&mut self, what: &str) {
        if matches!(self.phase, Phase::Closing) {
            self.phase = Phase::Closed;
            return;
        }
        self.die(Failure::new(self.stage(), Kind::Protocol, what), u64::MAX);
    }

    fn on_reply(&mut self, now: Instant, reply: Reply) {
        self.asked = false;
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Opening(opening) => {
                self.phase = Phase::Open;
                self.on_opening_reply(now, opening, reply);
            }
            Phase::Open => {
                self.phase = Phase::Open;
                self.on_open_reply(now, reply);
            }
            // Whatever QUIT is answered with, all was settled before it was said.
            Phase::Closing | Phase::Closed => {}
            dead @ Phase::Dead(_) => self.phase = dead,
        }
    }

    fn on_open_reply(&mut self, now: Instant, reply: Reply) {
        let Some(awaited) = self.awaiting.pop_front() else {
            self.on_unexpected(reply);
            return;
        };
        let fits = match awaited {
            Awaited::Data => reply.code.severity() != Severity::Completion,
            _ => reply.code.severity() != Severity::Intermediate,
        };
        let closing = reply.code.get() == 421;
        if !fits {
            self.awaiting.push_front(awaited);
            let stage = awaited.stage();
            let cause = Cause::Text(format!("{stage} cannot be answered with {}", reply.code));
            let failure =
                Failure { stage, kind: Kind::Protocol, reply: Some(reply.into()), cause: Some(cause) };
            self.die(failure, u64::MAX);
            return;
        }
        let failure = closing.then(|| Failure::refused(awaited.stage(), reply.clone()));
        self.settle_reply(awaited, reply);
        if let Some(failure) = failure {
            self.die(failure, u64::MAX);
            return;
        }
        self.await_next(now);
        self.end_when_spoilt();
    }

    /// A reply to nothing: the server closes the channel, refuses a message while it is still coming, or
    /// has lost count.
    fn on_unexpected(&mut self, reply: Reply) {
        let stage = self.stage();
        let mut failure = Failure::refused(stage, reply);
        let closing = failure.reply.as_ref().is_some_and(|reply| reply.code.get() == 421);
        if !closing && stage == Stage::Idle {
            failure.kind = Kind::Protocol;
            failure.cause = Some(Cause::Text("the server answered what was not asked".into()));
            self.doubt_held(&failure);
        }
        if !closing && stage == Stage::Content {
            return self.on_refused_content(&failure);
        }
        self.die(failure, u64::MAX);
    }

    /// The server refuses a message while it is still coming. That says nothing of the messages behind it, but
    /// the rest of this one is not worth sending, so the connection is given up.
    fn on_refused_content(&mut self, failure: &Failure) {
        if let Some(transaction) = self.active.pop_back() {
            self.abandon(transaction, failure, false);
        }
        let cause = "the connection was given up because the server refused a message while it was coming";
        self.die(Failure::new(Stage::Content, Kind::Unreachable, cause), 0);
    }

    /// There was a reply too many: what was taken for the acceptance of a message may have been the answer
    /// to something before it.
    fn doubt_held(&mut self, failure: &Failure) {
        for event in &mut self.held {
            let Event::Settled(_, delivery) = event else { continue };
            for (_, verdict) in &mut delivery.each {
                if let Verdict::Accepted(_) = verdict {
                    *verdict = Verdict::InDoubt(failure.clone());
                }
            }
        }
    }

    /// The patience for the reply that is due next.
    fn await_next(&mut self, now: Instant) {
        let timeouts = &self.config.timeouts;
        self.deadline = self.awaiting.front().map(|awaited| {
            now + match awaited {
                Awaited::Mail => timeouts.mail,
                Awaited::Rcpt(_) => timeouts.rcpt,
                Awaited::Data => timeouts.data,
                Awaited::Chunk { last: false } => timeouts.block,
                Awaited::Chunk { last: true } | Awaited::End => timeouts.end,
                Awaited::Rset | Awaited::Noop => timeouts.command,
            }
        });
    }

    fn expect(&mut self, now: Instant, awaited: Awaited) {
        self.awaiting.push_back(awaited);
        if self.awaiting.len() == 1 {
            self.await_next(now);
        }
    }
}

impl Machine for Client {
    type Event = Event;

    fn input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Line(line) => {
                self.drained = false;
                self.on_line(now, line);
            }
            Input::Drained => self.drained = true,
            Input::Overlong => self.on_garbage("a line of the server has no end"),
            Input::Gone { written, error } => match self.phase {
                Phase::Closing | Phase::Closed => self.phase = Phase::Closed,
                _ => {
                    let stage = self.stage();
                    let failure = match error {
                        Some(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                            Failure::io(stage, Kind::Timeout, error)
                        }
                        Some(error) if is_tls(&error) => Failure::io(stage, Kind::Tls, error),
                        Some(error) if stage == Stage::StartTls => Failure::io(stage, Kind::Tls, error),
                        Some(error) => Failure::io(stage, Kind::Unreachable, error),
                        None => Failure::new(stage, Kind::Unreachable, "the server closed the connection"),
                    };
                    self.die(failure, written);
                }
            },
            Input::Tick { written } => match self.phase {
                Phase::Closing | Phase::Closed => self.phase = Phase::Closed,
                _ => {
                    self.die(
                        Failure::new(self.stage(), Kind::Timeout, "the server did not answer in time"),
                        written,
                    );
                }
            },
            Input::TlsUp(info) => self.on_tls_up(now, info),
            Input::Sent { end } => self.on_sent(now, end),
            Input::SendFailed(error) => self.on_send_failed(error),
            // A client asks for no content.
            Input::Received(_) | Input::ReceiveFailed(_) | Input::Taken(_) => {}
        }
    }

    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        if self.drained || !self.is_open() {
            self.events.append(&mut self.held);
        }
        if let Some(event) = self.events.pop_front() {
            return Step::Event(event);
        }
        match &mut self.phase {
            Phase::Opening(_) => self.poll_opening(now, out),
            Phase::Open => {
                let step = self.poll_open(now, out);
                // What could not be begun has settled on the way.
                match self.events.pop_front() {
                    Some(event) if matches!(step, Step::Read) => Step::Event(event),
                    Some(event) => {
                        self.events.push_front(event);
                        step
                    }
                    None => step,
                }
            }
            Phase::Closing => Step::Read,
            Phase::Dead(_) | Phase::Closed => Step::Closed,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn line_limit(&self) -> usize {
        reply::MAX_LINE
    }
}

/// Whether an I/O error came from the TLS layer, which reports broken records as invalid data.
fn is_tls(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::InvalidData
}
