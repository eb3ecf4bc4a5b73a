//! From the greeting to a session that takes commands: CAPABILITY, STARTTLS, login, ID, ENABLE, COMPRESS.
//!
//! Nothing that was said before TLS counts after it. ID goes right behind the login, because there are servers that
//! open no mailbox without it; a server that refuses ID, ENABLE or COMPRESS is used without.

use super::capabilities::Capabilities;
use super::command::{Piece, Pieces};
use super::config::SendId;
use super::response::{self, Code, Condition, Response, Words};
use super::writing::Task;
use super::{Client, Event, Note, Phase};
use crate::machine::{Step, TlsInfo};
use crate::outcome::{Failure, Kind, Stage};
use crate::tls::Tls;

/// Where in the opening a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// The greeting is due.
    Greeting,
    /// TLS is to be decided on, or STARTTLS under way.
    Clear,
    /// The handshake is to begin, or under way.
    Handshake { begin: bool },
    /// The login is to begin, or under way.
    Login,
    /// Logged in; what the server offers now is to be known.
    Known,
    /// ID and ENABLE are under way.
    Agreeing,
    /// COMPRESS is under way.
    Compressing,
    /// The driver is to compress from here on.
    Compress,
}

impl Opening {
    pub(super) fn stage(self) -> Stage {
        match self {
            Self::Greeting => Stage::Greeting,
            Self::Clear | Self::Handshake { .. } => Stage::StartTls,
            Self::Login => Stage::Auth,
            Self::Known | Self::Agreeing | Self::Compressing | Self::Compress => Stage::Capability,
        }
    }
}

/// The most octets of a foreign greeting that are shown.
const SHOWN: usize = 100;

impl Client {
    pub(super) fn on_greeting(&mut self, line: &[u8]) {
        let words = match response::parse(line) {
            Some(Response::Words(words)) => words,
            _ => {
                let seen = response::one_line(&line[..line.len().min(SHOWN)]);
                let text = format!("this is no IMAP server: it greets with `{}`", seen.escape_debug());
                return self.die(Failure::new(Stage::Greeting, Kind::Protocol, text));
            }
        };
        match words.condition {
            Condition::Ok => {}
            Condition::PreAuth => self.preauth = true,
            Condition::Bye | Condition::No | Condition::Bad => {
                return self.die(Failure::said(Stage::Greeting, words.text));
            }
        }
        self.phase = Phase::Opening(Opening::Clear);
        if let Some(Code::Alert) = words.code {
            self.events.push_back(Event::Note(Note::Alert(words.text)));
        } else if let Some(Code::Capability(offered)) = words.code {
            self.learn(offered);
        }
    }

    /// What the server offers, as it says now.
    pub(super) fn learn(&mut self, offered: Capabilities) {
        self.capabilities = offered;
        self.capabilities_told = true;
    }

    /// Decides what comes next, once nothing is under way.
    pub(super) fn poll_opening(&mut self) -> Option<Step<Event>> {
        while let Phase::Opening(opening) = self.phase {
            if !self.running.is_empty() || !self.queue.iter().all(|job| matches!(job.task, Task::User(_))) {
                return None;
            }
            let next = match opening {
                Opening::Greeting | Opening::Handshake { begin: false } => return None,
                Opening::Clear => self.decide_on_tls(),
                Opening::Handshake { begin: true } => {
                    self.phase = Phase::Opening(Opening::Handshake { begin: false });
                    return Some(Step::StartTls);
                }
                Opening::Login if !self.capabilities_told => {
                    self.ask(Task::Capability);
                    None
                }
                Opening::Login if self.preauth => Some(Opening::Known),
                Opening::Login => {
                    self.begin_login();
                    None
                }
                Opening::Known if !self.capabilities_told => {
                    self.ask(Task::Capability);
                    None
                }
                Opening::Known => {
                    self.ask_to_agree();
                    Some(Opening::Agreeing)
                }
                Opening::Agreeing if self.config.compress && self.capabilities.has("COMPRESS=DEFLATE") => {
                    self.ask(Task::Compress);
                    Some(Opening::Compressing)
                }
                Opening::Agreeing | Opening::Compressing => {
                    self.open();
                    None
                }
                Opening::Compress => {
                    self.open();
                    return Some(Step::Compress);
                }
            };
            match next {
                Some(next) => self.phase = Phase::Opening(next),
                None => return None,
            }
        }
        None
    }

    fn decide_on_tls(&mut self) -> Option<Opening> {
        let policy = self.config.tls;
        if self.tls.is_some() || policy == Tls::Never {
            return Some(Opening::Login);
        }
        if self.preauth {
            // Who is logged in already cannot ask for TLS any more (RFC 3501 §6.2.1).
            if policy == Tls::IfOffered {
                return Some(Opening::Login);
            }
            let cause = "the server takes us for logged in (PREAUTH) before TLS, and TLS is required";
            self.die(Failure::new(Stage::StartTls, Kind::Tls, cause));
            return None;
        }
        if !self.capabilities_told {
            self.ask(Task::Capability);
        } else if self.capabilities.has("STARTTLS") {
            self.ask(Task::StartTls);
        } else if policy == Tls::Required {
            let cause = "the server does not offer STARTTLS, and TLS is required";
            self.die(Failure::new(Stage::StartTls, Kind::Capability, cause));
        } else {
            return Some(Opening::Login);
        }
        None
    }

    fn ask_to_agree(&mut self) {
        let offered = self.capabilities.has("ID");
        match self.config.id {
            SendId::Always => self.ask(Task::Id),
            SendId::WhereOffered if offered => self.ask(Task::Id),
            SendId::WhereOffered | SendId::Never => {}
        }
        if self.capabilities.has("ENABLE") && !self.to_enable().is_empty() {
            self.ask(Task::Enable);
        }
    }

    fn to_enable(&self) -> String {
        let mut words = String::new();
        let offers = |word: &str| self.capabilities.has(word);
        if self.config.resync && offers("QRESYNC") {
            words.push_str(" CONDSTORE QRESYNC");
        }
        if self.config.utf8 && (offers("UTF8=ACCEPT") || offers("UTF8=ONLY")) {
            words.push_str(" UTF8=ACCEPT");
        }
        words
    }

    /// Writes a command of our own.
    pub(super) fn write_own(&self, task: &Task) -> Vec<Piece> {
        match task {
            Task::Capability => Pieces::of("CAPABILITY"),
            Task::StartTls => Pieces::of("STARTTLS"),
            Task::Id => self.write_id(),
            Task::Enable => Pieces::of(format!("ENABLE{}", self.to_enable())),
            Task::Compress => Pieces::of("COMPRESS DEFLATE"),
            Task::Waiting { idle } => Pieces::of(if *idle { "IDLE" } else { "NOOP" }),
            Task::Login(_) => self.write_login(),
            Task::Authenticate(_) | Task::User(_) => Pieces::default(),
        }
        .pieces
    }

    fn write_id(&self) -> Pieces {
        let mut out = Pieces::of("ID ");
        let sendable = |text: &str| text.len() <= 1024 && text.chars().all(|c| matches!(c, ' '..='~'));
        let said: Vec<_> = self
            .config
            .client_id
            .iter()
            .filter(|(name, value)| sendable(name) && sendable(value))
            .take(30)
            .collect();
        if said.is_empty() {
            out.text("NIL");
            return out;
        }
        for (n, (name, value)) in said.into_iter().enumerate() {
            out.text(if n == 0 { "(" } else { " " });
            out.string(name.as_bytes(), false, false);
            out.text(" ");
            out.string(value.as_bytes(), false, false);
        }
        out.text(")");
        out
    }

    /// One of the opening's own commands was answered.
    pub(super) fn on_own_answer(&mut self, task: Task, words: Words) {
        let ok = words.condition == Condition::Ok;
        match task {
            Task::Capability if ok || self.capabilities_told => self.capabilities_told = true,
            Task::Capability => self.die(Failure::said(Stage::Capability, words.text)),
            Task::StartTls if ok => self.phase = Phase::Opening(Opening::Handshake { begin: true }),
            Task::StartTls if self.config.tls == Tls::IfOffered => {
                self.phase = Phase::Opening(Opening::Login)
            }
            Task::StartTls => {
                let failure = Failure { kind: Kind::Tls, ..Failure::said(Stage::StartTls, words.text) };
                self.die(failure);
            }
            Task::Login(login) => self.on_login_answer(login, words),
            Task::Authenticate(authenticating) => self.on_authenticate_answer(*authenticating, words),
            Task::Compress if ok => self.phase = Phase::Opening(Opening::Compress),
            // Refused, or agreed on: ENABLED says to what.
            Task::Id | Task::Enable | Task::Compress | Task::Waiting { .. } | Task::User(_) => {}
        }
    }

    pub(super) fn on_enabled(&mut self, words: &[u8]) {
        for word in words.split(|&b| b == b' ') {
            if word.eq_ignore_ascii_case(b"QRESYNC") {
                self.dialect.qresync = true;
            } else if word.eq_ignore_ascii_case(b"UTF8=ACCEPT") {
                self.dialect.utf8 = true;
            }
        }
    }

    pub(super) fn on_tls_up(&mut self, info: TlsInfo) {
        self.capabilities = Capabilities::default();
        self.capabilities_told = false;
        self.assembly.clear();
        self.tls = Some(info);
        if matches!(self.phase, Phase::Opening(Opening::Handshake { .. })) {
            self.phase = Phase::Opening(Opening::Login);
        }
    }

    fn open(&mut self) {
        let has = |word: &str| self.capabilities.has(word);
        self.dialect.utf8 |= self.capabilities.is_rev2_only();
        self.dialect.special_use = has("SPECIAL-USE") && has("LIST-EXTENDED");
        self.dialect.esearch = has("ESEARCH");
        self.dialect.condstore = self.config.resync && self.capabilities.has_condstore();
        self.dialect.status_size = has("STATUS=SIZE");
        self.phase = Phase::Open;
        self.deadline = None;
        self.events.push_back(Event::Ready);
    }
}
