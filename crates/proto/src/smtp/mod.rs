//! SMTP submission and relay (RFC 5321, RFC 6409) with the extensions that real servers offer.

pub mod capabilities;
pub mod client;
pub mod command;
pub mod envelope;
pub mod server;
pub mod timeouts;

pub use capabilities::Capabilities;
pub use client::{Client, Config, Event};
pub use envelope::{Body, Envelope, Recipient};
pub use timeouts::Timeouts;
