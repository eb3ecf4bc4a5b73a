//! Mail protocols as state machines: no sockets, no clock, no content.
//!
//! Start with [`Machine`]: lines and `Instant`s go in, [`Step`]s come out. One driver (in `hongyan-net`)
//! runs any machine over any link; the embedded servers are machines of the same kind.
//!
//! - [`machine`], [`framer`], [`outbox`]: what a machine and its driver say to each other.
//! - [`transcript`]: the one `C:`/`S:` text form of a conversation, secrets as lengths only.
//! - [`reply`], [`outcome`]: what a server said, and what became of each recipient.
//! - [`remedy`], [`provider`]: what a failure means, in words; what is known of mail providers.
//! - [`said`]: sentences made while running, in both languages.
//! - [`address`]: envelope addresses (RFC 5321 §4.1.2, RFC 6531).
//! - [`faults`]: what the servers do wrong on request.
//! - [`sasl`]: authentication exchanges, both sides.
//! - [`smtp`]: RFC 5321 and its extensions, client and server.
//! - [`imap`]: RFC 9051, RFC 3501 and their extensions.
//! - [`pop3`]: RFC 1939 and its extensions, client and server.
//! - [`greeting`]: who answers, where it is not who was expected.

pub mod address;
pub mod faults;
pub mod framer;
pub mod greeting;
pub mod imap;
pub mod machine;
pub mod outbox;
pub mod outcome;
pub mod pop3;
pub mod provider;
pub mod remedy;
pub mod reply;
pub mod said;
pub mod sasl;
pub mod smtp;
mod speech;
pub mod tls;
pub mod transcript;

pub use machine::{Coding, Input, Machine, Step, TlsInfo};
pub use outbox::Outbox;
