//! Hongyan 鸿雁: write, send, receive and read mail, and always show what happened.
//!
//! This crate is the facade over the library crates and the command line. It renders; it decides nothing.

pub mod account;
pub mod cli;
pub mod receive;
pub mod web;

pub use hongyan_bulk as bulk;
pub use hongyan_bulk::composed;
pub use hongyan_mailbox as mailbox;
pub use hongyan_mime as mime;
pub use hongyan_net as net;
pub use hongyan_proto as proto;
pub use hongyan_proto::said;
pub use hongyan_sandbox as sandbox;

/// The examples of the guide, held to what they say.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/crates.md")]
mod guide {}
