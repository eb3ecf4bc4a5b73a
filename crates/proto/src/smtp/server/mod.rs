//! The server's side of SMTP: RFC 5321 with the extensions of [`Config::offers`], and faults on request.
//!
//! A [`Server`] decides what is answered; the message itself goes from the driver to whoever keeps it.
//! The user of a server answers its events before driving it on:
//!
//! 1. [`Event::Content`]: a message begins. Make room for it, or say [`refuse`](Server::refuse).
//! 2. The driver hands the content over. What it cannot keep is drained and answered by the error's kind
//!    (see [`Refusal`]).
//! 3. [`Event::Message`]: it is whole. Make it safe, then say [`kept`](Server::kept); only then does the
//!    client hear 250. Or [`Event::Abandoned`], or the end of the connection: drop what came.
//!
//! Content that comes without a preceding [`Event::Content`] is a refused chunk's (RFC 3030 §2): nobody
//! wants it.
//!
//! Policy: a client that says EHLO, MAIL, RCPT out of order is told 503; what was not offered is not
//! taken. Nothing said before TLS counts after it. Lines that could hide a command in content end the
//! connection (a BDAT without a number). [`Config::errors`] mistakes end it, too.

pub mod config;
mod content;
pub mod faults;
pub mod hello;
mod login;
mod opening;
mod refusal;
mod session;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::machine::{Input, Machine, Step};
use crate::outbox::Outbox;
use crate::reply::{Code, Enhanced, Reply};
use crate::sasl::Acceptor;
use crate::smtp::Capabilities;
use crate::smtp::command::{Command, CommandError, MAX_AUTH, initial_response};

use crate::speech::Speech;
pub use config::Config;
pub use content::MAX_DISCARDED;
use content::{Chunk, Opening};
use faults::{Effect, Place, Strikes};
pub use refusal::Refusal;
pub use session::{Forward, Session, Transaction};

/// What a server tells its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message begins; [`Server::transaction`] is its envelope.
    Content {
        /// The size in octets that the client declared, by SIZE or by a single chunk.
        declared: Option<u64>,
    },
    /// A message is whole, and waits to be [`kept`](Server::kept).
    Message(Transaction),
    /// The message that began will not be whole.
    Abandoned,
}

/// One connection's server.
pub struct Server {
    config: Arc<Config>,
    state: State,
    speech: Speech<Reply, Event>,
    strikes: Strikes,
    session: Session,
    /// What the client may use.
    offers: Capabilities,
    transaction: Option<Transaction>,
    /// The user was told of a content and not of its end.
    open: bool,
    errors: u32,
    /// Messages kept on this connection.
    messages: u32,
    heard: Option<Instant>,
    stopping: bool,
}

enum State {
    /// Nothing has been said; TLS comes first, perhaps.
    New { implicit_tls: bool },
    /// The handshake goes on; the greeting comes behind it, perhaps.
    Handshake { greeting: bool },
    /// Commands.
    Ready,
    /// The greeting was a refusal: nothing but QUIT (RFC 5321 §3.1).
    Unwelcome,
    /// The exchange of an AUTH command.
    Login(Acceptor),
    /// The user has been told of a content.
    Opening(Opening),
    /// Content comes.
    Receiving(Chunk),
    /// Content comes that nobody wants; what is answered then.
    Discarding(Effect, Refusal),
    /// Content comes that will be cut off by a fault.
    Cutting,
    /// The user has the message; what the answer will be.
    Keeping(Effect, Result<String, Refusal>),
    /// Closed, or about to be.
    Over,
}

impl Server {
    /// A server for a connection that begins in clear.
    pub fn new(config: Arc<Config>) -> Self {
        let strikes = config.faults.connection();
        Self {
            config,
            state: State::New { implicit_tls: false },
            speech: Speech::default(),
            strikes,
            session: Session::default(),
            offers: Capabilities::default(),
            transaction: None,
            open: false,
            errors: 0,
            messages: 0,
            heard: None,
            stopping: false,
        }
    }

    /// A server for a connection that begins with a TLS handshake (RFC 8314 §3).
    pub fn with_implicit_tls(config: Arc<Config>) -> Self {
        Self { state: State::New { implicit_tls: true }, ..Self::new(config) }
    }

    /// What is known of the connection.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The envelope of the message that is being handed over.
    pub fn transaction(&self) -> Option<&Transaction> {
        self.transaction.as_ref()
    }

    /// Answers [`Event::Content`] with a no. Without effect at other times.
    pub fn refuse(&mut self, refusal: Refusal) {
        if let State::Opening(opening) = &mut self.state {
            opening.refused = Some(refusal);
        }
    }

    /// Answers [`Event::Message`]: kept, and the words for the client (a name to find it by), or not.
    /// Unanswered, it counts as not kept. Without effect at other times.
    pub fn kept(&mut self, outcome: Result<String, Refusal>) {
        if let State::Keeping(_, verdict) = &mut self.state {
            *verdict = outcome;
        }
    }

    /// Ends the connection with 421 as soon as no message is under way.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    fn on_line(&mut self, line: &[u8]) {
        self.speech.release();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Ready => {
                self.state = State::Ready;
                self.on_command(Command::parse(line));
            }
            State::Unwelcome => {
                self.state = State::Unwelcome;
                match Command::parse(line) {
                    Ok(Command::Quit) => self.on_quit(),
                    _ => self.deny(Effect::default(), Refusal::sequence("this server takes nothing")),
                };
            }
            State::Login(acceptor) => {
                self.state = State::Ready;
                self.on_response(acceptor, line);
            }
            // The driver hands over no lines in these states.
            other => self.state = other,
        }
    }

    fn on_overlong(&mut self) {
        self.speech.release();
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Login(_) => self.deny(Effect::default(), Refusal::new(500, 5, 6, "line too long")),
            state => {
                self.state = state;
                self.on_command(Err(CommandError::TooLong));
            }
        }
    }

    fn on_command(&mut self, command: Result<Command<'_>, CommandError>) {
        let command = match command {
            Ok(command) => command,
            Err(error) => {
                self.deny(Effect::default(), error.into());
                return;
            }
        };
        match command {
            Command::Ehlo(name) => self.on_hello(name, true),
            Command::Helo(name) => self.on_hello(name, false),
            Command::StartTls => self.on_start_tls(),
            Command::Auth { mechanism, initial } => self.on_auth(mechanism, initial),
            Command::Mail(from, params) => self.on_mail(from, params),
            Command::Rcpt(to, params) => self.on_rcpt(to, params),
            Command::Data => self.on_data(),
            Command::Bdat { size, last } => self.on_bdat(size, last),
            Command::Rset => self.on_rset(),
            Command::Noop => {
                let effect = self.strike(Place::Noop, "");
                let reply = self.positive(250, 0, 0, "ok");
                self.settle(effect, Ok(reply));
            }
            Command::Vrfy(_) => {
                let reply = self.positive(252, 1, 5, "try to send it, and see");
                self.settle(Effect::default(), Ok(reply));
            }
            Command::Expn(_) => self.deny(Effect::default(), Refusal::new(502, 5, 1, "lists are not shown")),
            Command::Help => {
                let text = "EHLO MAIL RCPT DATA BDAT RSET NOOP QUIT STARTTLS AUTH, see RFC 5321";
                let reply = self.positive(214, 0, 0, text);
                self.settle(Effect::default(), Ok(reply));
            }
            Command::Quit => self.on_quit(),
        }
    }

    fn on_quit(&mut self) {
        let effect = self.strike(Place::Quit, "");
        let reply = self.positive(221, 0, 0, "goodbye");
        if self.settle(effect, Ok(reply)) {
            self.speech.close();
        }
    }

    fn on_silence(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.say_closing(421, 4, 2, "nothing heard for too long, closing");
        }
    }

    fn on_gone(&mut self) {
        self.speech.forget();
    }

    /// The client leaves a message that it had begun.
    fn abandon(&mut self) {
        self.transaction = None;
        if std::mem::take(&mut self.open) {
            self.speech.event(Event::Abandoned);
        }
    }

    fn strike(&mut self, place: Place, subject: &str) -> Effect {
        self.strikes.at(place, std::iter::once(subject))
    }

    fn strike_addresses(&mut self, place: Place) -> Effect {
        match &self.transaction {
            Some(transaction) => self.strikes.at(place, transaction.addresses()),
            None => self.strikes.at(place, std::iter::empty()),
        }
    }

    /// Answers a command; whether it takes effect.
    fn settle(&mut self, mut effect: Effect, outcome: Result<Reply, Refusal>) -> bool {
        let forced = effect.reply.take();
        let mistake = forced.is_none() && outcome.as_ref().is_err_and(Refusal::is_error);
        let allowed = outcome.is_ok();
        let natural = match outcome {
            Ok(reply) => reply,
            Err(refusal) => refusal.reply(self.config.offers.enhanced_status_codes),
        };
        let reply = forced.unwrap_or(natural);
        let effective = allowed && !is_refusal(&reply);
        self.speech.answer(effect, reply);
        if mistake {
            self.errors += 1;
            if self.errors >= self.config.errors {
                self.say_closing(421, 7, 0, "too many errors, closing");
            }
        }
        effective
    }

    /// Answers a command that takes no effect.
    fn deny(&mut self, effect: Effect, refusal: Refusal) {
        self.settle(effect, Err(refusal));
    }

    fn say_closing(&mut self, code: u16, subject: u16, detail: u16, text: &'static str) {
        let refusal = Refusal::new(code, subject, detail, text);
        self.speech.say(refusal.reply(self.config.offers.enhanced_status_codes));
        self.speech.close();
    }

    fn positive(&self, code: u16, subject: u16, detail: u16, text: impl Into<String>) -> Reply {
        let enhanced = self.config.offers.enhanced_status_codes;
        let enhanced = enhanced.then_some(Enhanced { class: (code / 100) as u8, subject, detail });
        bare(code, enhanced, text)
    }
}

/// A reply of ours.
fn bare(code: u16, enhanced: Option<Enhanced>, text: impl Into<String>) -> Reply {
    Reply::new(Code::new(code).expect("the codes here are literals from 200 to 599"), enhanced, text)
}

fn is_refusal(reply: &Reply) -> bool {
    reply.code.get() >= 400
}

impl Machine for Server {
    type Event = Event;

    fn input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Tick { .. } => return self.on_silence(now),
            Input::Line(line) => self.on_line(line),
            Input::Overlong => self.on_overlong(),
            Input::TlsUp(info) => self.on_tls_up(info),
            Input::Received(octets) => self.on_received(Ok(octets)),
            Input::ReceiveFailed(error) => self.on_received(Err(error)),
            Input::Drained => {}
            Input::Gone { .. } => self.on_gone(),
            // A server sends no content, and asks for no literal.
            Input::Sent { .. } | Input::SendFailed(_) | Input::Taken(_) => {}
        }
        self.heard = Some(now);
    }

    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        self.heard.get_or_insert(now);
        loop {
            match self.speech.next(now, out) {
                Some(Step::Closed) => self.state = State::Over,
                Some(step) => return step,
                None => {}
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::New { implicit_tls } => self.enter_connected(implicit_tls),
                State::Opening(opening) => self.enter_content(opening),
                State::Keeping(effect, verdict) => self.enter_kept(effect, verdict),
                State::Over => return Step::Closed,
                state => {
                    let idle = matches!(state, State::Ready | State::Unwelcome | State::Login(_));
                    self.state = state;
                    if !(idle && self.stopping) || self.speech.is_closing() {
                        return Step::Read;
                    }
                    self.say_closing(421, 3, 2, "this server is shutting down");
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let over = matches!(self.state, State::Over) || self.speech.is_closing();
        self.heard.filter(|_| !over).and_then(|heard| heard.checked_add(self.config.idle))
    }

    fn line_limit(&self) -> usize {
        MAX_AUTH
    }

    fn secret_from(&self, line: &[u8]) -> Option<usize> {
        match self.state {
            State::Login(_) => Some(0),
            _ => initial_response(line),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("session", &self.session)
            .field("transaction", &self.transaction)
            .finish_non_exhaustive()
    }
}
