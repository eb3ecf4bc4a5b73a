//! IMAP (RFC 9051, RFC 3501) as state machines, and what both sides of it share.
//!
//! - [`client`]: the client's side of a conversation.
//! - [`server`]: the server's side of a conversation.
//! - [`literal`]: the announcement of a literal at the end of a line.
//! - [`utf7`]: mailbox names in modified UTF-7.
//! - [`uid_set`]: sets of UIDs or message numbers, as ranges.
//! - [`flags`], [`date`]: what a server knows of a message.

pub mod client;
pub mod date;
pub mod flags;
pub mod literal;
pub mod server;
pub mod uid_set;
pub mod utf7;

pub use date::Date;
pub use flags::Flags;
pub use uid_set::UidSet;
