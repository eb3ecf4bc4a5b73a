//! The server's side of IMAP: RFC 9051 and RFC 3501 with the extensions that [`mailboxes`] can carry.

pub mod mailboxes;
pub mod structure;

pub use mailboxes::{Mailboxes, No};
