//! POP3 (RFC 1939) with the extensions that real servers offer: CAPA (RFC 2449), STLS (RFC 2595), AUTH
//! (RFC 5034), RESP-CODES and AUTH-RESP-CODE (RFC 2449, RFC 3206), UTF8 and LANG (RFC 6856), PIPELINING.

pub mod capabilities;
pub mod client;
pub mod listing;
pub mod reply;
pub mod server;
pub mod timeouts;

pub use capabilities::Capabilities;
pub use client::{Answer, Client, Command, Config, Event, Typed};
pub use listing::{Listed, MAX_MESSAGES, MAX_UID, Stat, Uids};
pub use server::Server;
pub use timeouts::Timeouts;
