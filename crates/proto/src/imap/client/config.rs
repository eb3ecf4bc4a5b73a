//! How a session is to be held.

use std::time::Duration;

use crate::sasl::Credentials;
use crate::tls::Tls;

/// Settings of one session.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server's name, for mechanisms that bind to it.
    pub host: String,
    /// The server's port, likewise.
    pub port: u16,
    /// STARTTLS policy; without meaning where TLS is up from the start.
    pub tls: Tls,
    /// Who logs in. Without, the session is ready where the server has greeted with PREAUTH, and fails else.
    pub credentials: Option<Credentials>,
    /// Permits LOGIN and mechanisms that show the password to whoever listens, on a connection without TLS.
    pub plaintext_auth: bool,
    /// When to send ID (RFC 2971). It goes behind the login and before anything else.
    pub id: SendId,
    /// What ID says: names and values. Values with control characters are left out.
    pub client_id: Vec<(String, String)>,
    /// Compress both directions where COMPRESS=DEFLATE (RFC 4978) is offered: for slow lines.
    pub compress: bool,
    /// Send several FETCH commands at once.
    pub pipelining: bool,
    /// Enable UTF8=ACCEPT (RFC 6855) where it is offered: names and headers come as they are.
    pub utf8: bool,
    /// Enable CONDSTORE and QRESYNC (RFC 7162) where they are offered.
    pub resync: bool,
    /// The longest content of a message that is taken, in octets. RFC 3501 knows none longer than 4 GiB − 1.
    pub max_message: u64,
    /// How long to wait for what.
    pub timeouts: Timeouts,
}

/// When to send ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SendId {
    /// Where it is offered.
    #[default]
    WhereOffered,
    /// Also where it is not: there are servers that want it and do not say so. A refusal is no failure.
    Always,
    /// Not at all.
    Never,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 143,
            tls: Tls::default(),
            credentials: None,
            plaintext_auth: false,
            id: SendId::default(),
            client_id: vec![
                ("name".into(), "hongyan".into()),
                ("version".into(), env!("CARGO_PKG_VERSION").into()),
            ],
            compress: false,
            pipelining: true,
            utf8: true,
            resync: true,
            max_message: u64::from(u32::MAX),
            timeouts: Timeouts::default(),
        }
    }
}

/// One patience per state. RFC 3501 names none for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the greeting: 1 minute.
    pub greeting: Duration,
    /// For the next line of what a command is answered with: 5 minutes (SEARCH, MOVE and SELECT of a huge mailbox
    /// can take long).
    pub command: Duration,
    /// For the next octets of a content, in either direction: 3 minutes.
    pub block: Duration,
    /// IDLE is renewed after this: 25 minutes (RFC 2177: before 29).
    pub idle: Duration,
    /// How often a server without IDLE is asked for news: every minute.
    pub poll: Duration,
    /// For the answer to LOGOUT, which decides nothing any more: 5 seconds.
    pub logout: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            greeting: MINUTE,
            command: 5 * MINUTE,
            block: 3 * MINUTE,
            idle: 25 * MINUTE,
            poll: MINUTE,
            logout: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// The same patience in every state that waits for an answer; for tests, and for people in a hurry.
    pub fn all(patience: Duration) -> Self {
        Self {
            greeting: patience,
            command: patience,
            block: patience,
            logout: patience.min(Duration::from_secs(5)),
            ..Self::default()
        }
    }
}
