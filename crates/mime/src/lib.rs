//! Mail as data: composing, encoding, reading and inspecting messages, without sockets or a runtime.
//!
//! - [`address`]: mailboxes and groups (RFC 5322 §3.4), shared by both directions.
//! - [`compose`]: a [`compose::Draft`] becomes a streamed [`compose::Encoder`] of exactly known length.
//! - [`read`]: one lossless pass over the raw bytes finds headers, boundaries and parts; the rest is
//!   decoded when asked for, and every repair is a finding.

pub mod address;
pub mod compose;
pub mod read;
