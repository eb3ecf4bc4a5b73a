//! Why an exchange ended without a login. Never holds anything that a peer or a user wrote: every text
//! here is this program's own, so no secret can be in it.

use std::fmt;

/// An exchange that failed on this side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaslError {
    /// The mechanism's registered name.
    pub mechanism: &'static str,
    /// What went wrong.
    pub reason: Reason,
}

/// What went wrong in an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The mechanism is not spoken here, or was not offered.
    Unknown,
    /// The mechanism cannot carry these credentials; the text says why.
    Credentials(&'static str),
    /// Channel binding was asked for and the connection has nothing to bind to.
    NoBinding,
    /// The system gave no random octets.
    NoRandomness,
    /// The peer's message is not what the mechanism says there; the text says what is wrong.
    Malformed(&'static str),
    /// The peer's message has this many octets, more than [`MAX_MESSAGE`](super::MAX_MESSAGE).
    TooLong(usize),
    /// The server asks for more rounds of hashing than [`MAX_ITERATIONS`](super::MAX_ITERATIONS).
    Iterations,
    /// The peer spoke when the exchange was over, or ended it before it was.
    OutOfTurn,
    /// The server did not prove that it knows the password (RFC 5802 §5: it may be an impostor).
    Impostor,
    /// The peer refused; the text is an error value of RFC 5802 §7.
    Refused(&'static str),
    /// Seen by a server: no such user, or not this password or token.
    WrongCredentials,
}

impl SaslError {
    pub(super) const fn new(mechanism: &'static str, reason: Reason) -> Self {
        Self { mechanism, reason }
    }

    /// Whether the login was refused, as against an exchange that broke.
    pub fn is_refusal(&self) -> bool {
        matches!(self.reason, Reason::Refused(_) | Reason::WrongCredentials)
    }
}

impl fmt::Display for SaslError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mechanism.is_empty() {
            write!(f, "{}", self.reason)
        } else {
            write!(f, "{}: {}", self.mechanism, self.reason)
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no such mechanism here"),
            Self::Credentials(why) => f.write_str(why),
            Self::NoBinding => f.write_str("this connection has nothing to bind to"),
            Self::NoRandomness => f.write_str("the system has no random numbers"),
            Self::Malformed(what) => write!(f, "the other side's message is malformed: {what}"),
            Self::TooLong(octets) => {
                write!(f, "the other side's message has {octets} octets, more than {}", super::MAX_MESSAGE)
            }
            Self::Iterations => {
                write!(f, "the server asks for more than {} rounds of hashing", super::MAX_ITERATIONS)
            }
            Self::OutOfTurn => f.write_str("the other side does not keep to the order of the exchange"),
            Self::Impostor => f.write_str("the server did not prove that it knows the password"),
            Self::Refused(value) => write!(f, "the server refused ({value})"),
            Self::WrongCredentials => f.write_str("no such user or wrong password"),
        }
    }
}

impl std::error::Error for SaslError {}
