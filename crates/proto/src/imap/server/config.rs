//! What a server offers, asks for and puts up with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use encoding_rs::Encoding;

use crate::faults::Faults;
use crate::sasl::{SERVER_MECHANISMS, Users, is_plaintext};

use super::session::Session;

/// RFC 9051 §5.4: a client may be silent for at least thirty minutes.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// How long a client that has not logged in may be silent.
pub const LOGIN: Duration = Duration::from_secs(3 * 60);
/// The largest message that APPEND takes, in octets, where nothing else is asked for: 100 MiB.
pub const MAX_SIZE: u64 = 100 * 1024 * 1024;
/// So many commands that are not understood, or failed logins, end a connection.
pub const ERRORS: u32 = 20;
/// The longest command in octets, its short literals included (RFC 7162 §4 asks for 8192 at least).
pub const MAX_COMMAND: usize = 64 * 1024;
/// The same before login: an ID as large as RFC 2971 §3.3 allows.
pub const MAX_EARLY_COMMAND: usize = 40 * 1024;
/// The largest message that is taken off the wire only to be thrown away, in octets: 1 GiB. A larger one
/// ends the connection.
pub const MAX_DISCARDED: u64 = 1024 * 1024 * 1024;
/// The longest mailbox name, in octets of UTF-8.
pub const MAX_NAME: usize = 1000;

/// A server's settings, shared by its connections.
pub struct Config {
    /// The host name in the greeting.
    pub name: String,
    /// Who may log in; without it nobody can.
    pub users: Option<Arc<dyn Users>>,
    /// SASL mechanisms that are offered, as far as the connection allows.
    pub mechanisms: Vec<String>,
    /// Passwords may come without TLS (LOGIN, PLAIN and the like).
    pub clear_login: bool,
    /// There is a certificate: STARTTLS is offered.
    pub start_tls: bool,
    /// Capabilities that are neither offered nor taken, of those in [`CAPABILITIES`].
    pub without: Vec<String>,
    /// The largest message that APPEND takes, in octets.
    pub max_size: u64,
    /// The greatest number of mistakes.
    pub errors: u32,
    /// How long a client may be silent, also in IDLE and in the middle of a message.
    pub idle: Duration,
    /// What it does otherwise than the standards have it.
    pub quirks: Quirks,
    /// What goes wrong.
    pub faults: Arc<Faults>,
}

/// What real servers do, and clients must live with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Nothing can be selected before ID was said (163.com).
    pub id_required: bool,
    /// SASL-IR is offered, and an initial response is refused all the same (163.com).
    pub initial_response_refused: bool,
    /// The texts of answers are in this charset, whatever the standards say (GBK: QQ, 163.com).
    pub charset: Option<&'static Encoding>,
}

/// What is offered, where nothing forbids it.
pub const CAPABILITIES: [&str; 22] = [
    "IMAP4rev1",
    "LITERAL+",
    "SASL-IR",
    "ID",
    "ENABLE",
    "IDLE",
    "NAMESPACE",
    "CHILDREN",
    "LIST-EXTENDED",
    "LIST-STATUS",
    "SPECIAL-USE",
    "CREATE-SPECIAL-USE",
    "STATUS=SIZE",
    "UNSELECT",
    "UIDPLUS",
    "MOVE",
    "ESEARCH",
    "CONDSTORE",
    "QRESYNC",
    "UTF8=ACCEPT",
    "COMPRESS=DEFLATE",
    "APPENDLIMIT",
];

impl Default for Config {
    /// Everything offered that is known here; nobody can log in; the limits above.
    fn default() -> Self {
        Self {
            name: "localhost".into(),
            users: None,
            mechanisms: SERVER_MECHANISMS.map(str::to_string).to_vec(),
            clear_login: false,
            start_tls: true,
            without: Vec::new(),
            max_size: MAX_SIZE,
            errors: ERRORS,
            idle: IDLE,
            quirks: Quirks::default(),
            faults: Arc::default(),
        }
    }
}

impl Config {
    /// Whether this capability is offered.
    pub(super) fn offers(&self, capability: &str) -> bool {
        // RFC 7162 §3.2: there is no QRESYNC without CONDSTORE.
        let needs = |without: &str| without == "CONDSTORE" && capability == "QRESYNC";
        let withheld = |without: &String| without.eq_ignore_ascii_case(capability) || needs(without);
        !self.without.iter().any(withheld)
    }

    /// The mechanisms that this connection is offered.
    pub(super) fn mechanisms(&self, session: &Session) -> Vec<String> {
        let secret = session.tls.is_some() || self.clear_login;
        let bound = session.tls.as_ref().is_some_and(|tls| tls.exporter.is_some() || tls.end_point.is_some());
        let fits = |name: &&String| {
            (secret || !is_plaintext(name)) && (bound || !name.to_ascii_uppercase().ends_with("-PLUS"))
        };
        match self.users {
            Some(_) => self.mechanisms.iter().filter(fits).cloned().collect(),
            None => Vec::new(),
        }
    }

    /// Whether LOGIN is taken.
    pub(super) fn takes_login(&self, session: &Session) -> bool {
        self.users.is_some() && (session.tls.is_some() || self.clear_login)
    }

    /// What CAPABILITY says.
    pub(super) fn capabilities(&self, session: &Session) -> String {
        let mut all: Vec<String> = Vec::new();
        for name in CAPABILITIES.iter().filter(|name| self.offers(name)) {
            match *name {
                "COMPRESS=DEFLATE" if session.compressed => {}
                "APPENDLIMIT" => all.push(format!("APPENDLIMIT={}", self.max_size)),
                name => all.push(name.into()),
            }
        }
        if !self.offers("LITERAL+") && self.offers("LITERAL-") {
            all.push("LITERAL-".into());
        }
        if session.user.is_none() {
            if self.start_tls && session.tls.is_none() {
                all.push("STARTTLS".into());
            }
            if !self.takes_login(session) {
                all.push("LOGINDISABLED".into());
            }
            all.extend(self.mechanisms(session).iter().map(|name| format!("AUTH={name}")));
        }
        all.join(" ")
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("users", &self.users.is_some())
            .field("without", &self.without)
            .field("max_size", &self.max_size)
            .field("idle", &self.idle)
            .field("quirks", &self.quirks)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
