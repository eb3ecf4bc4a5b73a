//! Fetching mail by POP3: a session with a server.
//!
//! A [`Session`] lists what there is, fetches messages straight into a [`Sink`](crate::Sink), and deletes. What
//! was deleted is gone only once [`Session::quit`] has gone well.

mod incoming;
mod session;

use std::fmt;

pub use hongyan_proto::pop3::{Answer, Capabilities, Config, Listed, Stat, Typed, Uids};
pub use session::{Refused, Session};

use crate::connect::Route;
use crate::smtp::NewTap;
use crate::tls::Connector;

/// How to talk to a server.
#[derive(Clone, Default)]
pub struct Options {
    /// The session; `host` and `port` are filled in.
    pub session: Config,
    /// Which certificates count. Connections made with one connector resume each other's TLS sessions.
    pub tls: Connector,
    /// Proxy and patience for connecting.
    pub route: Route,
    /// Makes a listener for each connection.
    pub tap: Option<NewTap>,
}

impl Options {
    /// For a server that cannot do what it offers: a command at a time.
    #[must_use]
    pub fn plainly(&self) -> Self {
        let mut plain = self.clone();
        plain.session.pipelining = false;
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
