//! IMAP: a session with a server that keeps mailboxes.
//!
//! [`Session::connect`] greets, starts TLS, logs in; [`Session::select`] opens a mailbox; [`Session::fetch`] streams
//! messages to a [`Sink`](crate::Sink), many requests under way at once. What a method returns as an error has left
//! the session open where the server only said no ([`Session::is_open`]).

mod changing;
mod contents;
mod reading;
mod session;

use std::fmt;

use hongyan_proto::imap::client::Config;

pub use hongyan_proto::imap::client::{
    About, Arrived, Capabilities, Change, Changes, Criterion, Folder, Meta, Mode, Namespace, Namespaces,
    Note, Resync, Selected, SendId, Special, Status, Timeouts, What,
};
pub use hongyan_proto::imap::{Date, Flags, UidSet};
pub use reading::{FETCH_MESSAGES, FETCH_WINDOW};
pub use session::{MAX_NOTES, Session};

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
