//! What a server offers, asks for and puts up with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::faults::Faults;
use crate::pop3::Capabilities;
use crate::pop3::capabilities::Expire;
use crate::sasl::{SERVER_MECHANISMS, Users};

/// RFC 1939 §3: an inactivity timer of a server is at least ten minutes.
pub const IDLE: Duration = Duration::from_secs(10 * 60);
/// So many commands in error, with none in between that goes well, end a connection.
pub const ERRORS: u32 = 20;

/// A server's settings, shared by its connections.
pub struct Config {
    /// The host name in greeting and timestamp.
    pub name: String,
    /// What CAPA offers, as far as the connection allows: STLS before TLS only, USER and SASL as
    /// [`clear_login`](Self::clear_login) says. What is not offered is not taken.
    pub offers: Capabilities,
    /// Who may log in; without it nobody can.
    pub users: Option<Arc<dyn Users>>,
    /// The greeting has a timestamp and APOP is taken. Not offered where passwords are not known in clear.
    pub apop: bool,
    /// Always this timestamp (`<…@…>`), for examples; otherwise each connection gets one of its own.
    pub timestamp: Option<String>,
    /// Passwords may come without TLS (USER and PASS, AUTH PLAIN and the like).
    pub clear_login: bool,
    /// A login of any kind is taken under TLS only.
    pub tls_required: bool,
    /// What LANG lists (RFC 6856 §3): tags, and the languages' own names. Replies stay as they are.
    pub languages: Vec<(String, String)>,
    /// The greatest number of commands in error.
    pub errors: u32,
    /// How long a client may be silent.
    pub idle: Duration,
    /// What goes wrong.
    pub faults: Arc<Faults>,
}

impl Default for Config {
    /// Everything offered that is known here; nobody can log in; the limits above.
    fn default() -> Self {
        Self {
            name: "localhost".into(),
            offers: everything(),
            users: None,
            apop: true,
            timestamp: None,
            clear_login: false,
            tls_required: false,
            languages: vec![("en".into(), "English".into())],
            errors: ERRORS,
            idle: IDLE,
            faults: Arc::default(),
        }
    }
}

/// Every extension.
pub fn everything() -> Capabilities {
    Capabilities {
        known: true,
        top: true,
        user: true,
        uidl: true,
        pipelining: true,
        start_tls: true,
        resp_codes: true,
        auth_resp_code: true,
        utf8: Some(true),
        lang: true,
        sasl: SERVER_MECHANISMS.map(str::to_string).to_vec(),
        expire: Some(Expire::Never),
        implementation: Some("Hongyan".into()),
        ..Capabilities::default()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("offers", &self.offers)
            .field("users", &self.users.is_some())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
