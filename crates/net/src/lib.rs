//! The only socket code: links, the loop that runs protocol machines over them, and how to get one.
//!
//! - [`drive`]: a [`Connection`] runs any [`hongyan_proto::Machine`], client or server, over a link.
//! - [`mod@connect`]: lookup, happy eyeballs, proxies.
//! - [`link`]: TCP, TLS over it, or any stream of octets.
//! - [`server`]: which server; [`sink`]: where fetched messages go.
//! - [`pop3`]: fetching mail by POP3.
//! - [`imap`]: receiving mail from, and keeping it in, mailboxes on a server.
//! - [`smtp`]: sending mail: a session with a server, a pool of them.
//! - [`tls`]: which certificates count, the handshake, what went wrong in it.

pub mod connect;
mod deflate;
pub mod drive;
pub mod imap;
pub mod link;
pub mod pop3;
mod reach;
pub mod server;
pub mod sink;
pub mod smtp;
pub mod tls;

pub use connect::{Route, connect};
pub use drive::{Connection, Contents, NoContents};
pub use link::Link;
pub use server::Server;
pub use sink::{MAX_REFUSED, Sink};
