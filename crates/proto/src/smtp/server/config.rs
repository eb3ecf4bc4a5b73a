//! What a server offers, asks for and puts up with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::sasl::{SERVER_MECHANISMS, Users};
use crate::smtp::Capabilities;
use crate::smtp::capabilities::Limits;

use super::faults::Faults;

/// RFC 5321 §4.5.3.2.7: a server waits five minutes for the next command.
pub const IDLE: Duration = Duration::from_secs(5 * 60);
/// RFC 5321 §4.5.3.1.8 asks for at least 100 recipients.
pub const RECIPIENTS: usize = 1000;
/// The largest message, in octets, where nothing else is asked for: 100 MiB.
pub const MAX_SIZE: u64 = 100 * 1024 * 1024;
/// So many commands in error, without a message kept in between, end a connection.
pub const ERRORS: u32 = 20;

/// A server's settings, shared by its connections.
pub struct Config {
    /// The host name in greeting and replies.
    pub name: String,
    /// What EHLO offers, as far as the connection allows: STARTTLS before TLS only, REQUIRETLS under it
    /// only, AUTH as [`clear_login`](Self::clear_login) says. What is not offered is not taken. A size
    /// named here is what MAIL's SIZE is held against; [`max_size`](Self::max_size) holds anyway.
    pub offers: Capabilities,
    /// The largest message in octets.
    pub max_size: u64,
    /// The most recipients of a message; RCPTMAX of the offers may say less.
    pub recipients: usize,
    /// The greatest number of commands in error.
    pub errors: u32,
    /// How long a client may be silent, also in the middle of a message.
    pub idle: Duration,
    /// Who may log in; without it nobody can, and AUTH is not offered.
    pub users: Option<Arc<dyn Users>>,
    /// Mail is taken from those who have logged in only.
    pub login_required: bool,
    /// Passwords may come without TLS (PLAIN, LOGIN and the like).
    pub clear_login: bool,
    /// Mail is taken under TLS only.
    pub tls_required: bool,
    /// What goes wrong.
    pub faults: Arc<Faults>,
}

impl Default for Config {
    /// Everything offered that is known here; nobody can log in; the limits above.
    fn default() -> Self {
        Self {
            name: "localhost".into(),
            offers: everything(),
            max_size: MAX_SIZE,
            recipients: RECIPIENTS,
            errors: ERRORS,
            idle: IDLE,
            users: None,
            login_required: false,
            clear_login: false,
            tls_required: false,
            faults: Arc::default(),
        }
    }
}

/// Every extension.
pub fn everything() -> Capabilities {
    Capabilities {
        pipelining: true,
        chunking: true,
        binary_mime: true,
        eight_bit_mime: true,
        smtp_utf8: true,
        size: Some(None),
        start_tls: true,
        auth: SERVER_MECHANISMS.map(str::to_string).to_vec(),
        enhanced_status_codes: true,
        dsn: true,
        require_tls: true,
        mt_priority: Some(String::new()),
        deliver_by: Some(None),
        future_release: Some(30 * 24 * 60 * 60),
        limits: Limits::default(),
        ..Capabilities::default()
    }
}

impl Config {
    /// The largest SIZE that MAIL may declare.
    pub(super) fn declared_limit(&self) -> u64 {
        self.offers.max_size().unwrap_or(self.max_size)
    }

    /// The most recipients of a message.
    pub(super) fn recipient_limit(&self) -> usize {
        let offered = self.offers.limits.rcpt_max.map_or(usize::MAX, |n| n as usize);
        self.recipients.min(offered)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("name", &self.name)
            .field("offers", &self.offers)
            .field("max_size", &self.max_size)
            .field("recipients", &self.recipients)
            .field("idle", &self.idle)
            .field("users", &self.users.is_some())
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
