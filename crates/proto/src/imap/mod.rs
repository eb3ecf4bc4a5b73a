//! IMAP (RFC 9051, RFC 3501): the server's side.

pub mod server;
