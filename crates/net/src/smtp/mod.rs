//! Sending mail: one session with a server, or a pool of them.
//!
//! A [`Session`] takes one message ([`Session::send`]) or a stream of them ([`Session::send_all`]), which
//! then share the connection's round trips. A [`Pool`] holds several sessions with one server. What became
//! of a message is always a [`Delivery`](hongyan_proto::outcome::Delivery), one verdict a recipient.

mod bodies;
mod body;
mod pool;
mod session;

use std::fmt;
use std::sync::Arc;

use hongyan_proto::smtp::{Config, Envelope};
use hongyan_proto::transcript::Tap;

pub use body::{Body, Watched};
pub use pool::{CHECK_AFTER, FRUITLESS, Limits, Pool};
pub use session::{Ended, Session};

pub use crate::server::Server;

use crate::connect::Route;
use crate::tls::Connector;

/// How to talk to it.
#[derive(Clone, Default)]
pub struct Options {
    /// The session; `host` and `port` are filled in. An empty `hello` becomes the address literal of our
    /// end of the connection.
    pub session: Config,
    /// Which certificates count. Connections made with one connector resume each other's TLS sessions.
    pub tls: Connector,
    /// Proxy and patience for connecting.
    pub route: Route,
    /// Makes a listener for each connection.
    pub tap: Option<NewTap>,
}

/// Makes listeners.
pub type NewTap = Arc<dyn Fn() -> Box<dyn Tap> + Send + Sync>;

impl Options {
    /// For a server that cannot do what it offers: a command at a time.
    #[must_use]
    pub fn plainly(&self) -> Self {
        let mut plain = self.clone();
        plain.session.pipelining = false;
        plain.session.chunking = false;
        plain
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, tls, route, tap } = self;
        f.debug_struct("Options")
            .field("session", session)
            .field("tls", tls)
            .field("route", route)
            .field("tap", &tap.is_some())
            .finish()
    }
}

/// A message with its envelope.
pub struct Mail {
    /// From whom, to whom, and how long the content is.
    pub envelope: Envelope,
    /// The content: exactly `envelope.size` octets, with CRLF line ends unless it is binary.
    pub body: Box<dyn Body>,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mail").field(&self.envelope).finish()
    }
}
