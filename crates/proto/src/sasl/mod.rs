//! Authentication exchanges (RFC 4422), both sides, for every protocol.
//!
//! A mechanism is spoken through [`Exchange`] (client); which one is tried first is decided by
//! [`mechanisms`]. Octets here are raw; base64 belongs to the protocol around them.

use std::fmt;

use crate::machine::TlsInfo;

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
