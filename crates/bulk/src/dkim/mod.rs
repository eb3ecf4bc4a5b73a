//! DKIM (RFC 6376, RFC 8301, RFC 8463): a domain's signature over a message, and the DNS record that it is checked with.
//!
//! - [`Signer`] makes the `DKIM-Signature` field of a message: `rsa-sha256` or `ed25519-sha256`, `relaxed/relaxed`.
//! - [`PrivateKey`] is what it signs with, read from a PEM file or made.
//! - [`Record`] is what has to stand in the DNS; [`Published`] is what stands there.
//!
//! The body is hashed as it streams by. There is no `l=`: a signature over a part of the body lets anybody append to
//! it. There is no `x=`: mail that waits in a queue for days is no forgery.

mod body;
mod error;
mod fields;
mod generate;
mod key;
mod lookup;
mod name;
mod published;
mod record;
mod sign;

pub use body::BodyHash;
pub use error::{KeyError, NameError, SetupError, SignError};
pub use generate::{BITS, MAX_BITS, MIN_BITS, generate};
pub use key::{Algorithm, MAX_KEY_FILE, PrivateKey, PublicKey};
pub use lookup::{LookupError, Resolver, lookup_name, published, resolver};
pub use published::{Difference, MAX_RECORD, Published, RecordError};
pub use record::{MAX_STRING, Record};
pub use sign::{MAX_HEADER, Signer};

#[cfg(test)]
mod vectors;
