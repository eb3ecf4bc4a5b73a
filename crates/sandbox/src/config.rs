//! Everything about a sandbox that can be set.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hongyan_proto::sasl::Secret;
use hongyan_proto::smtp::Capabilities;
use hongyan_proto::smtp::server::config as smtp;
use hongyan_proto::smtp::server::faults::Rule;
use hongyan_proto::transcript::Tap;

use crate::like::Like;
use crate::sandbox::Peer;
use crate::service::Service;

/// Someone who listens in on a connection, or nobody.
pub type ListenIn = Arc<dyn Fn(&Peer) -> Option<Box<dyn Tap>> + Send + Sync>;

/// A sandbox's settings.
#[derive(Clone)]
pub struct Config {
    /// Where to listen. Anything but a loopback address needs [`exposed`](Self::exposed) as well.
    pub address: IpAddr,
    /// The address above is meant, although other machines can reach it.
    pub exposed: bool,
    /// The port for SMTP in clear and by STARTTLS; 0 takes a free one, `None` opens none.
    pub smtp: Option<u16>,
    /// The port for SMTP under TLS from the first octet; 0 takes a free one, `None` opens none.
    pub smtps: Option<u16>,
    /// The port for POP3 in clear and by STLS; 0 takes a free one, `None` opens none.
    pub pop3: Option<u16>,
    /// The port for POP3 under TLS from the first octet; 0 takes a free one, `None` opens none.
    pub pop3s: Option<u16>,
    /// The port for IMAP in clear and by STARTTLS; 0 takes a free one, `None` opens none.
    pub imap: Option<u16>,
    /// The port for IMAP under TLS from the first octet; 0 takes a free one, `None` opens none.
    pub imaps: Option<u16>,
    /// The host name in greeting and replies; the certificate holds it, too.
    pub name: String,
    /// What EHLO offers (see [`smtp::Config::offers`]). AUTH is offered where there are users.
    pub offers: Capabilities,
    /// Who may log in, and whose mail there is (see [`Accounts`](crate::Accounts)). Where nobody is named, nobody
    /// can log in to SMTP, and anybody with any password to POP3 and IMAP.
    pub users: Vec<User>,
    /// Mail is taken from those who have logged in only.
    pub login_required: bool,
    /// Passwords may come without TLS. On by default: nobody listens on a loopback address.
    pub clear_login: bool,
    /// Mail is taken under TLS only.
    pub tls_required: bool,
    /// Where mail is kept.
    pub keep: Keep,
    /// What goes wrong.
    pub faults: Vec<Rule>,
    /// What the faults' chances are drawn from: the same seed gives the same run.
    pub seed: u64,
    /// Whose server to behave like, beside what is set here; `None` keeps to the standards.
    pub like: Option<Like>,
    /// What a client may cost.
    pub limits: Limits,
    /// Where to write the certificate that clients have to trust, as PEM. Without it, mail kept in a
    /// folder has it there as `ca.pem`, and mail kept in memory has it in memory.
    pub ca_file: Option<PathBuf>,
    /// Asked about each connection when it is made.
    pub listen_in: Option<ListenIn>,
}

/// Someone who may log in.
#[derive(Clone, Debug)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// An OAuth 2.0 access token, if it has one.
    pub token: Option<Secret>,
}

/// Where mail is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// In memory; what is oldest makes room, and is counted.
    Memory {
        /// The most messages.
        messages: usize,
        /// The most octets of content, messages on their way in included. One that cannot be held even
        /// alone is refused.
        octets: u64,
    },
    /// In this folder, which is made if need be: for each message its octets in `NUMBER.eml` and its
    /// envelope in `NUMBER.json`; whose they are and in which mailboxes in `.mailboxes`. They outlive the program; no claim is made about power failures.
    Folder(PathBuf),
}

/// What a client may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; one more is told so, and turned away.
    pub connections: usize,
    /// The largest message in octets.
    pub message: u64,
    /// The most recipients of a message.
    pub recipients: usize,
    /// So many mistakes without a message in between end a connection.
    pub errors: u32,
    /// How long an SMTP client may be silent; by POP3 twice as long, by IMAP six times (RFC 1939 §3, RFC 9051
    /// §5.4).
    pub idle: Duration,
    /// How long the content of a message may take to come in.
    pub content: Duration,
    /// How long [`Sandbox::stop`](crate::Sandbox::stop) waits for messages on their way in.
    pub stopping: Duration,
}

/// The most messages in memory, where nothing else is asked for.
pub const MEMORY_MESSAGES: usize = 100_000;
/// The most octets in memory, where nothing else is asked for: 256 MiB.
pub const MEMORY_OCTETS: u64 = 256 * 1024 * 1024;
/// Connections at a time, where nothing else is asked for.
pub const CONNECTIONS: usize = 1000;

impl Config {
    /// The port of a service.
    pub fn port(&self, service: Service) -> Option<u16> {
        match service {
            Service::Smtp => self.smtp,
            Service::Smtps => self.smtps,
            Service::Pop3 => self.pop3,
            Service::Pop3s => self.pop3s,
            Service::Imap => self.imap,
            Service::Imaps => self.imaps,
        }
    }

    /// Opens none of the ports.
    #[must_use]
    pub fn closed(self) -> Self {
        Self { smtp: None, smtps: None, pop3: None, pop3s: None, imap: None, imaps: None, ..self }
    }
}

impl Default for Config {
    /// On free ports of 127.0.0.1, everything offered, nobody can log in, mail in memory, no faults.
    fn default() -> Self {
        let mut offers = smtp::everything();
        // Nobody is asked for a client certificate, so nobody could log in by one.
        offers.auth.retain(|mechanism| mechanism != "EXTERNAL");
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            exposed: false,
            smtp: Some(0),
            smtps: Some(0),
            pop3: Some(0),
            pop3s: Some(0),
            imap: Some(0),
            imaps: Some(0),
            name: "localhost".into(),
            offers,
            users: Vec::new(),
            login_required: false,
            clear_login: true,
            tls_required: false,
            keep: Keep::default(),
            faults: Vec::new(),
            seed: 0,
            like: None,
            limits: Limits::default(),
            ca_file: None,
            listen_in: None,
        }
    }
}

impl Default for Keep {
    fn default() -> Self {
        Self::Memory { messages: MEMORY_MESSAGES, octets: MEMORY_OCTETS }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: CONNECTIONS,
            message: smtp::MAX_SIZE,
            recipients: smtp::RECIPIENTS,
            errors: smtp::ERRORS,
            idle: smtp::IDLE,
            content: Duration::from_secs(10 * 60),
            stopping: Duration::from_secs(5),
        }
    }
}

impl User {
    /// A user with a password.
    pub fn new(name: impl Into<String>, password: impl Into<String>) -> Self {
        Self { name: name.into(), password: Secret::new(password), token: None }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address)
            .field("ports", &Service::ALL.map(|service| (service, self.port(service))))
            .field("name", &self.name)
            .field("users", &self.users)
            .field("keep", &self.keep)
            .field("faults", &self.faults)
            .field("seed", &self.seed)
            .field("limits", &self.limits)
            .field("ca_file", &self.ca_file)
            .finish_non_exhaustive()
    }
}
