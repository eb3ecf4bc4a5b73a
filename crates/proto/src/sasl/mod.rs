//! Authentication exchanges (RFC 4422), both sides, for every protocol.
//!
//! The client's side is an [`Exchange`]; which mechanism it speaks first is decided by [`mechanisms`]. The
//! server's side is an [`Acceptor`], which asks its [`Users`]. Octets here are raw; base64 and lines belong
//! to the protocol around them, and so does the decision whether a password may travel without TLS
//! ([`is_plaintext`]).
//!
//! The mechanisms are written out here rather than taken from a framework: a hostile peer may say anything
//! at any step, the examples of the RFCs must be provable with their own nonces, and the work a server can
//! make a client do is bounded ([`MAX_ITERATIONS`], [`MAX_MESSAGE`]). The tests hold them against an
//! independent implementation.

mod client;
mod cram_md5;
mod error;
mod mechanism;
mod oauth;
mod plain;
mod scram;
mod server;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::machine::TlsInfo;

pub use client::Exchange;
pub use error::{Reason, SaslError};
pub use mechanism::{is_plaintext, mechanisms, server_mechanisms};
pub use scram::MAX_ITERATIONS;
pub use server::{Accept, Acceptor, SERVER_MECHANISMS, Users};

/// The longest message of a peer that is looked at, in octets before base64 (RFC 4954 §4 asks for lines of
/// 12,288 octets).
pub const MAX_MESSAGE: usize = 12 * 1024;

/// Something that no log, transcript, error or `Debug` shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a password or token.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself: for the exchange, and nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Who logs in, and with what.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The login name (authentication identity).
    pub user: String,
    /// What proves it.
    pub proof: Proof,
}

/// What proves who logs in.
#[derive(Clone, Debug)]
pub enum Proof {
    /// A password, an app password, an authorization code 授权码.
    Password(Secret),
    /// An OAuth 2.0 access token.
    Token(Secret),
    /// The TLS client certificate (EXTERNAL).
    Certificate,
}

/// What the connection gives a mechanism to bind to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Channel<'a> {
    /// TLS, where it is up.
    pub tls: Option<&'a TlsInfo>,
    /// The server's host name, for OAUTHBEARER.
    pub host: &'a str,
    /// The server's port, for OAUTHBEARER.
    pub port: u16,
}

impl<'a> Channel<'a> {
    /// What SCRAM-…-PLUS can bind to, best first: the type's registered name and its data (RFC 9266,
    /// RFC 5929 §4).
    fn bindings(&self) -> impl Iterator<Item = (&'static str, &'a [u8])> + use<'a> {
        let tls = self.tls;
        let exporter = tls.and_then(|tls| Some(("tls-exporter", tls.exporter.as_deref()?)));
        let end_point = tls.and_then(|tls| Some(("tls-server-end-point", tls.end_point.as_deref()?)));
        exporter.into_iter().chain(end_point)
    }
}

/// Fills `octets` with what nobody can guess.
fn random(mechanism: &'static str, octets: &mut [u8]) -> Result<(), SaslError> {
    getrandom::getrandom(octets).map_err(|_| SaslError::new(mechanism, Reason::NoRandomness))
}

/// Whether two octet strings are the same, in a time that tells nothing but their lengths.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).fold(0, |differ, (a, b)| std::hint::black_box(differ | (a ^ b))) == 0
}

/// A name or password as SCRAM hashes it (RFC 4013). What SASLprep forbids is taken as it is:
/// the server knows better than this side what it once stored.
fn prepared(text: &str) -> std::borrow::Cow<'_, str> {
    stringprep::saslprep(text).unwrap_or(text.into())
}
