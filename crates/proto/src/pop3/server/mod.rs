//! The server's side of POP3: RFC 1939 with the extensions of [`Config::offers`], and faults on request.
//!
//! A [`Server`] decides what is answered; the messages themselves go from whoever keeps them to the link. The
//! user of a server answers its events before driving it on:
//!
//! 1. [`Event::Login`]: somebody has logged in. Say what their maildrop holds ([`opened`](Server::opened)), or why
//!    it cannot be opened.
//! 2. [`Event::Content`]: a message is wanted, or the top of one. Say how long it is ([`give`](Server::give)); the
//!    driver then asks for the content by its ticket.
//! 3. [`Event::Commit`]: the client took its leave. Delete these messages, then say [`committed`](Server::committed);
//!    only then does the client hear `+OK`. A connection that ends without this event deletes nothing.
//!
//! Policy: what was not offered is not taken; nothing said before TLS counts after it; [`Config::errors`] mistakes
//! end the connection; who is silent for too long is left without a word (RFC 1939 §3).

mod authorization;
mod command;
pub mod config;
mod maildrop;
mod refusal;
mod speech;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use crate::faults::{Effect, Place, Pop3Place, Strikes};
use crate::machine::{Input, Machine, Step, Ticket, TlsInfo};
use crate::outbox::Outbox;
use crate::sasl::Acceptor;

use command::{Command, CommandError, MAX_AUTH};
pub use config::Config;
pub use maildrop::Entry;
use maildrop::Maildrop;
pub use refusal::Refusal;
use speech::{Speech, lines};

/// What a server tells its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody has logged in: see [`Server::opened`].
    Login {
        /// As whom.
        user: String,
    },
    /// A message is wanted: see [`Server::give`].
    Content {
        /// How the driver will ask for it.
        ticket: Ticket,
        /// The message's number: its place in the list given at the login, from 1.
        number: u32,
        /// Its header and so many lines of its body only (TOP).
        lines: Option<u32>,
    },
    /// These messages are to be deleted: see [`Server::committed`]. Said at every QUIT, also when there is nothing
    /// to delete.
    Commit(Vec<u32>),
}

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// TLS, once it is up.
    pub tls: Option<TlsInfo>,
    /// Who has logged in.
    pub user: Option<String>,
    /// The client takes UTF-8 in headers (RFC 6856 §2).
    pub utf8: bool,
}

/// One connection's server.
pub struct Server {
    config: Arc<Config>,
    state: State,
    speech: Speech,
    strikes: Strikes,
    session: Session,
    timestamp: Option<String>,
    /// USER was said.
    name: Option<String>,
    maildrop: Maildrop,
    tickets: u64,
    errors: u32,
    heard: Option<Instant>,
    stopping: bool,
}

enum State {
    /// Nothing has been said; TLS comes first, perhaps.
    New { implicit_tls: bool },
    /// The handshake goes on; the greeting comes behind it, perhaps.
    Handshake { greeting: bool },
    /// RFC 1939 §4.
    Authorization,
    /// The exchange of an AUTH command.
    Login(Acceptor),
    /// The user was told who logged in; what the answer will be.
    Opening { effect: Effect<String>, maildrop: Result<Maildrop, Refusal> },
    /// RFC 1939 §5.
    Transaction,
    /// The user was asked for a message; how long it is.
    Giving { effect: Effect<String>, number: u32, ticket: Ticket, len: Result<u64, Refusal> },
    /// RFC 1939 §6: the user deletes.
    Committing { effect: Effect<String>, marked: usize, done: Result<(), Refusal> },
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
            timestamp: None,
            name: None,
            maildrop: Maildrop::default(),
            tickets: 0,
            errors: 0,
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

    /// Answers [`Event::Login`]: what the maildrop holds, or why it cannot be opened. Unanswered, it cannot.
    /// Without effect at other times.
    pub fn opened(&mut self, entries: Result<Vec<Entry>, Refusal>) {
        if let State::Opening { maildrop, .. } = &mut self.state {
            *maildrop = entries.map(Maildrop::new);
        }
    }

    /// Answers [`Event::Content`]: the octets that the driver will be given for the ticket, with CRLF line ends, or
    /// why there are none. Unanswered, there are none. Without effect at other times.
    pub fn give(&mut self, length: Result<u64, Refusal>) {
        if let State::Giving { len, .. } = &mut self.state {
            *len = length;
        }
    }

    /// Answers [`Event::Commit`]: deleted, or not (all of it). Unanswered, it counts as not. Without effect at other
    /// times.
    pub fn committed(&mut self, outcome: Result<(), Refusal>) {
        if let State::Committing { done, .. } = &mut self.state {
            *done = outcome;
        }
    }

    /// Ends the connection as soon as no command is under way; nothing is deleted.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    fn on_line(&mut self, line: &[u8]) {
        self.speech.release();
        match std::mem::replace(&mut self.state, State::Over) {
            State::Login(acceptor) => {
                self.state = State::Authorization;
                self.on_response(acceptor, line);
            }
            state @ (State::Authorization | State::Transaction) => {
                self.state = state;
                self.on_command(Command::parse(line));
            }
            // The driver hands over no lines in these states.
            other => self.state = other,
        }
    }

    fn on_overlong(&mut self) {
        self.speech.release();
        if let State::Login(_) = self.state {
            self.state = State::Authorization;
        }
        self.on_command(Err(CommandError::TooLong));
    }

    fn on_command(&mut self, command: Result<Command<'_>, CommandError>) {
        let command = match command {
            Ok(command) => command,
            Err(error) => return self.deny(Effect::default(), Refusal::plain(error.text())),
        };
        match (command, &self.state) {
            (Command::Capa, _) => self.on_capa(),
            (Command::Lang(tag), _) => self.on_lang(tag),
            (Command::Quit, State::Authorization) => self.on_early_quit(),
            (Command::Stls, State::Authorization) => self.on_stls(),
            (Command::Auth(None), State::Authorization) => self.on_auth_list(),
            (Command::Auth(Some((mechanism, initial))), State::Authorization) => {
                self.on_auth(mechanism, initial);
            }
            (Command::User(name), State::Authorization) => self.on_user(name),
            (Command::Pass(password), State::Authorization) => self.on_pass(password),
            (Command::Apop(name, digest), State::Authorization) => self.on_apop(name, digest),
            (Command::Utf8, State::Authorization) => self.on_utf8(),
            (
                Command::Stls
                | Command::Auth(_)
                | Command::User(_)
                | Command::Pass(_)
                | Command::Apop(..)
                | Command::Utf8,
                _,
            ) => self.deny(Effect::default(), Refusal::plain("this command has its place before the login")),
            (_, State::Authorization) => self.deny(Effect::default(), Refusal::plain("log in first")),
            (command, _) => self.on_transaction(command),
        }
    }

    fn strike(&mut self, place: Pop3Place, subject: &str) -> Effect<String> {
        self.strikes.at(Place::Pop3(place), std::iter::once(subject))
    }

    /// Answers a command; whether it takes effect. A reply has no line end behind its last line.
    fn settle(&mut self, mut effect: Effect<String>, outcome: Result<String, Refusal>) -> bool {
        let forced = effect.reply.take();
        let mistake = forced.is_none() && outcome.is_err();
        let allowed = outcome.is_ok();
        let natural = outcome.unwrap_or_else(|refusal| refusal.line(self.config.offers.resp_codes));
        let reply = forced.unwrap_or(natural);
        let effective = allowed && !is_refusal(&reply);
        self.speech.answer(effect, lines(&reply), None);
        self.count(mistake);
        effective
    }

    fn count(&mut self, mistake: bool) {
        if !mistake {
            self.errors = 0;
            return;
        }
        self.errors += 1;
        if self.errors >= self.config.errors {
            self.speech.answer(Effect::default(), lines("-ERR too many errors, closing"), None);
            self.speech.close();
        }
    }

    /// Answers a command that takes no effect.
    fn deny(&mut self, effect: Effect<String>, refusal: Refusal) {
        self.settle(effect, Err(refusal));
    }

    fn on_silence(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.speech.close();
        }
    }
}

fn is_refusal(reply: &str) -> bool {
    !reply.starts_with('+')
}

impl Machine for Server {
    type Event = Event;

    fn input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Tick { .. } => return self.on_silence(now),
            Input::Line(line) => self.on_line(line),
            Input::Overlong => self.on_overlong(),
            Input::TlsUp(info) => self.on_tls_up(info),
            // What the client has of the message has no end, and nothing more can be said behind it.
            Input::Gone { .. } | Input::SendFailed(_) => self.speech.close(),
            // A server takes in no content, and asks for no literal.
            Input::Drained
            | Input::Sent { .. }
            | Input::Received(_)
            | Input::ReceiveFailed(_)
            | Input::Taken(_) => {}
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
                State::Opening { effect, maildrop } => self.enter_maildrop(effect, maildrop),
                State::Giving { effect, number, ticket, len } => {
                    self.enter_content(effect, number, ticket, len);
                }
                State::Committing { effect, marked, done } => self.enter_update(effect, marked, done),
                State::Over => return Step::Closed,
                state => {
                    let idle = matches!(state, State::Authorization | State::Transaction | State::Login(_));
                    self.state = state;
                    if !(idle && self.stopping) || self.speech.is_closing() {
                        return Step::Read;
                    }
                    let line = Refusal::new(
                        Some(crate::pop3::reply::ResponseCode::SysTemp),
                        "this server is shutting down",
                    )
                    .line(self.config.offers.resp_codes);
                    self.speech.answer(Effect::default(), lines(&line), None);
                    self.speech.close();
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
            _ => command::secret_from(line),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("session", &self.session)
            .field("maildrop", &self.maildrop)
            .finish_non_exhaustive()
    }
}
