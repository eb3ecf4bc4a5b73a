//! The server's side of IMAP: RFC 9051 and RFC 3501 with the extensions of [`config::CAPABILITIES`], and
//! faults on request.
//!
//! A [`Server`] decides what is answered; where mail lies is the business of the [`Mailboxes`] that its user
//! gives it, and messages go between those and the link past it. The user of a server answers its events
//! before driving it on:
//!
//! 1. [`Event::LoggedIn`]: say [`enter`](Server::enter) with the user's mailboxes, or nobody gets in.
//! 2. [`Event::Append`]: a message begins. Make room for it, or say [`refuse`](Server::refuse). The driver
//!    hands the content over; what it cannot keep is drained.
//! 3. [`Event::Arrived`]: it is whole. Make it safe, then say [`kept`](Server::kept); only then does the
//!    client hear OK. Or [`Event::Abandoned`], or the end of the connection: drop what came.
//!
//! Whenever the store changed, [`changed`](Server::changed) lets an idling client know at once. Content that
//! comes without a preceding [`Event::Append`] is a refused literal's: nobody wants it.
//!
//! Policy: a command that is not understood is answered with how it is written, and with the end of the
//! connection after [`Config::errors`] of them. Literals that are too large are refused before they are
//! sent; where the client did not ask, and after lines that are too long, the connection ends, because what
//! follows could be read as commands. Nothing said before TLS counts after it. A message's removal is told
//! when sequence numbers may change: never in FETCH, STORE and SEARCH (RFC 9051 §7.5.1).

mod append;
mod changing;
mod command;
pub mod config;
mod dispatch;
mod fetch;
mod fetch_item;
mod gather;
mod line;
mod listing;
mod login;
pub mod mailboxes;
mod managing;
mod opening;
mod render;
mod search;
mod select;
mod selected;
mod session;
mod set;
pub mod structure;
mod words;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::faults::{ImapPlace, Place, Strikes};
use crate::machine::{Input, Machine, Step};
use crate::outbox::Outbox;
use crate::sasl::Acceptor;
use crate::speech::Speech;

use append::Appending;
pub use append::{Appended, Arrival};
pub use config::{Config, Quirks};
use fetch::Fetch;
use gather::Gathered;
use line::{Line, Outcome};
pub use mailboxes::{Mailboxes, No};
use selected::{Selected, Telling};
pub use session::Session;

/// What is done to an answer.
type Effect = crate::faults::Effect<Line>;

/// So many octets of answers are gathered before they are written, where there is more to come.
const AT_A_TIME: usize = 32 * 1024;

/// What a server tells its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody has shown who they are.
    LoggedIn {
        /// Who.
        user: String,
    },
    /// A message begins.
    Append(Arrival),
    /// It is whole, and waits to be [`kept`](Server::kept).
    Arrived(Arrival),
    /// The message that began will not be whole.
    Abandoned,
}

/// One connection's server.
pub struct Server {
    config: Arc<Config>,
    state: State,
    speech: Speech<Line, Event>,
    strikes: Strikes,
    session: Session,
    gathered: Gathered,
    mailboxes: Option<Box<dyn Mailboxes>>,
    selected: Option<Selected>,
    /// A FETCH that goes on.
    fetch: Option<Fetch>,
    /// The store changed while the client idles.
    news: bool,
    errors: u32,
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
    /// A literal of a command.
    Gathering,
    /// The exchange of an AUTHENTICATE.
    Login { tag: String, acceptor: Acceptor },
    /// The user was told who has logged in.
    Entering { tag: String, effect: Effect, user: String, verdict: Result<Box<dyn Mailboxes>, No> },
    /// The client waits for news.
    Idling { tag: String, effect: Effect },
    /// The user was told of a message.
    Opening(Appending),
    /// It comes.
    Receiving(Appending),
    /// Its line is to end.
    Tail(Appending),
    /// The user has it.
    Keeping(Appending, Result<Appended, No>),
    /// A literal that nobody wants.
    Discarding { tag: String, effect: Effect, outcome: Outcome },
    /// The rest of its command.
    DiscardingRest { tag: String, effect: Effect, outcome: Outcome },
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
            gathered: Gathered::default(),
            mailboxes: None,
            selected: None,
            fetch: None,
            news: false,
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

    /// The mailbox that is selected.
    pub fn selected(&self) -> Option<&str> {
        self.selected.as_ref().map(|selected| selected.name.as_str())
    }

    /// Answers [`Event::LoggedIn`]: with the user's mailboxes, or why there are none. Unanswered, nobody gets
    /// in. Without effect at other times.
    pub fn enter(&mut self, mailboxes: Result<Box<dyn Mailboxes>, No>) {
        if let State::Entering { verdict, .. } = &mut self.state {
            *verdict = mailboxes;
        }
    }

    /// Answers [`Event::Append`] with a no. Without effect at other times.
    pub fn refuse(&mut self, no: No) {
        if let State::Opening(appending) = &mut self.state {
            appending.refused = Some(no);
        }
    }

    /// Answers [`Event::Arrived`]: kept, or not. Unanswered, it counts as not kept. Without effect at other
    /// times.
    pub fn kept(&mut self, outcome: Result<Appended, No>) {
        if let State::Keeping(_, verdict) = &mut self.state {
            *verdict = outcome;
        }
    }

    /// The store changed: a client that idles is told when the server is driven on.
    pub fn changed(&mut self) {
        self.news = true;
    }

    /// Ends the connection with BYE as soon as no command is under way.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Something that needs the user's mailboxes.
    fn with_mailboxes<T>(&mut self, act: impl FnOnce(&mut dyn Mailboxes) -> Result<T, No>) -> Result<T, No> {
        match &mut self.mailboxes {
            Some(mailboxes) => act(mailboxes.as_mut()),
            None => Err(No::local()),
        }
    }

    /// Tells all news of the selected mailbox.
    fn catch_up_all(&mut self) {
        self.catch_up(Telling { expunges: true, ..Telling::default() });
    }

    /// Tells news of the selected mailbox.
    fn catch_up(&mut self, telling: Telling<'_>) {
        let Some(selected) = &mut self.selected else { return };
        let Some(mailboxes) = &mut self.mailboxes else { return };
        let now = match mailboxes.snapshot(&selected.name) {
            Ok(now) if now.uid_validity == selected.view.uid_validity => now,
            // RFC 9051 has no way to tell that a selected mailbox is gone.
            _ => {
                self.selected = None;
                return self.say_bye("the selected mailbox is gone, closing");
            }
        };
        let more = selected.catch_up(self.speech.octets(), now, &self.session, telling);
        if more {
            let recent = match selected.read_only {
                true => mailboxes.first_recent(&selected.name),
                false => mailboxes.claim_recent(&selected.name),
            };
            let before = selected.recents();
            selected.add_recent(recent);
            if selected.recents() != before {
                let text = format!("* {} RECENT\r\n", selected.recents());
                self.speech.octets().extend_from_slice(text.as_bytes());
            }
        }
    }

    fn on_line(&mut self, line: &[u8]) {
        self.speech.release();
        match std::mem::replace(&mut self.state, State::Ready) {
            State::Ready => self.on_command_line(line),
            State::Login { tag, acceptor } => self.on_response(tag, acceptor, line),
            State::Idling { tag, effect } => {
                let outcome = if line.eq_ignore_ascii_case(b"DONE") {
                    Outcome::done("you have heard all")
                } else {
                    Outcome::bad("IDLE ends with DONE")
                };
                self.catch_up_all();
                self.settle(&tag, effect, outcome);
            }
            State::Tail(appending) => self.on_tail(appending, line),
            State::DiscardingRest { tag, effect, outcome } => self.on_rest(tag, effect, outcome, line),
            // The driver hands over no lines in these states.
            other => self.state = other,
        }
    }

    /// What is behind a line that is too long could be anything.
    fn on_overlong(&mut self) {
        self.speech.release();
        if matches!(self.state, State::Receiving(_) | State::Tail(_)) {
            self.speech.event(Event::Abandoned);
        }
        let tag = self.gathered.head().tag;
        self.answer_bad(tag.as_deref(), "the line is too long");
        self.say_bye("[TOOBIG] a line that is too long, closing");
    }

    fn on_silence(&mut self, now: Instant) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.say_bye("nothing heard for too long, closing");
        }
    }

    /// What befalls the answer of a command; what would have to wait waits before its first word.
    fn strike(&mut self, place: ImapPlace, subject: &str) -> Effect {
        let mut effect: Effect = self.strikes.at(Place::Imap(place), std::iter::once(subject));
        self.speech.pause(std::mem::take(&mut effect.delay));
        effect
    }

    /// An answer that takes the command's effect away.
    fn forced(&self, effect: &Effect) -> Option<Outcome> {
        let refuses = |line: &Line| [&b"NO "[..], b"BAD ", b"BYE "].iter().any(|no| line.0.starts_with(no));
        effect.reply.as_ref().is_some_and(refuses).then(|| No::local().into())
    }

    /// Answers a command; whether it is answered with OK.
    fn settle(&mut self, tag: &str, mut effect: Effect, outcome: Outcome) -> bool {
        let forced = effect.reply.take();
        let mistake = forced.is_none() && matches!(outcome, Outcome::Bad(_));
        let allowed = match &forced {
            Some(line) => line.0.starts_with(b"OK ") && matches!(outcome, Outcome::Done(_)),
            None => matches!(outcome, Outcome::Done(_)),
        };
        let line = forced.unwrap_or_else(|| Line(outcome.to_string().into_bytes()));
        let extra = std::mem::take(&mut effect.extra);
        let effect =
            Effect { extra: extra.into_iter().map(|line| self.whole(tag, line)).collect(), ..effect };
        let line = self.whole(tag, line);
        self.speech.answer(effect, line);
        if mistake {
            self.count_mistake();
        }
        allowed
    }

    /// The whole line of an answer: with its tag, without what is no text, in the charset asked for.
    fn whole(&self, tag: &str, line: Line) -> Line {
        let text = String::from_utf8_lossy(&line.0);
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = match text.split_once(' ') {
            Some(("OK" | "NO" | "BAD", _)) => format!("{tag} {text}"),
            Some(("BYE", _)) => format!("* {text}"),
            _ => text,
        };
        match self.config.quirks.charset {
            Some(charset) => Line(charset.encode(&text).0.into_owned()),
            None => Line(text.into_bytes()),
        }
    }

    /// Answers what is no command.
    fn answer_bad(&mut self, tag: Option<&str>, text: &str) {
        self.settle(tag.unwrap_or("*"), Effect::default(), Outcome::bad(text));
    }

    fn count_mistake(&mut self) {
        self.errors += 1;
        if self.errors >= self.config.errors {
            self.say_bye("too many errors, closing");
        }
    }

    fn say_bye(&mut self, text: &str) {
        let line = self.whole("*", Line(format!("BYE {text}").into_bytes()));
        self.speech.say(line);
        self.speech.close();
    }

    fn go_ahead(&mut self) {
        self.speech.say(Line(b"+ go ahead".to_vec()));
    }

    fn untagged(&mut self, text: fmt::Arguments<'_>) {
        selected::say(self.speech.octets(), text);
    }
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
            Input::Taken(octets) => self.on_taken(octets),
            // Half a literal stands on the wire: nothing can follow it.
            Input::SendFailed(_) | Input::Gone { .. } => self.speech.forget(),
            Input::Drained | Input::Sent { .. } => {}
        }
        self.heard = Some(now);
    }

    fn poll(&mut self, now: Instant, out: &mut Outbox) -> Step<Event> {
        self.heard.get_or_insert(now);
        loop {
            match self.speech.next(now, out) {
                Some(Step::Closed) => {
                    self.state = State::Over;
                    self.fetch = None;
                }
                Some(step) => return step,
                None => {}
            }
            if matches!(self.state, State::Over) {
                return Step::Closed;
            }
            if let Some(fetch) = self.fetch.take() {
                if out.bytes().len() >= AT_A_TIME {
                    self.fetch = Some(fetch);
                    // What there is goes out before more is made.
                    return Step::Pause(now);
                }
                self.go_on(fetch);
                continue;
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::New { implicit_tls } => self.enter_connected(implicit_tls),
                State::Entering { tag, effect, user, verdict } => {
                    self.enter_logged_in(&tag, effect, user, verdict);
                }
                State::Opening(appending) => self.enter_append(appending),
                State::Keeping(appending, verdict) => self.enter_kept(appending, verdict),
                state => {
                    let idling = matches!(state, State::Idling { .. });
                    let between = matches!(state, State::Ready | State::Login { .. }) || idling;
                    self.state = state;
                    if self.speech.is_closing() {
                        continue;
                    }
                    if between && self.stopping {
                        self.say_bye("this server is shutting down");
                    } else if idling && std::mem::take(&mut self.news) {
                        self.catch_up_all();
                    } else {
                        return Step::Read;
                    }
                }
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let over = matches!(self.state, State::Over) || self.speech.is_closing();
        let patience: Duration =
            if self.session.user.is_some() { self.config.idle } else { self.config.idle.min(config::LOGIN) };
        self.heard.filter(|_| !over).and_then(|heard| heard.checked_add(patience))
    }

    fn line_limit(&self) -> usize {
        match self.state {
            State::Login { .. } => login::MAX_RESPONSE,
            _ => self.command_limit().saturating_sub(self.gathered.len()),
        }
    }

    fn secret_from(&self, line: &[u8]) -> Option<usize> {
        match self.state {
            State::Login { .. } => Some(0),
            State::Ready => self.gathered.secret_from(line),
            _ => None,
        }
    }

    fn taken_is_secret(&self) -> bool {
        self.gathered.is_secret()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("session", &self.session)
            .field("selected", &self.selected())
            .finish_non_exhaustive()
    }
}
