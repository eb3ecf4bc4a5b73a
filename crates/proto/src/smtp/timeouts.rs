//! How long a client waits in each state (RFC 5321 §4.5.3.2).

use std::time::Duration;

/// One patience per state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the greeting: 5 minutes.
    pub greeting: Duration,
    /// For replies to EHLO, STARTTLS, AUTH, NOOP, RSET: 5 minutes.
    pub command: Duration,
    /// For the reply to MAIL: 5 minutes.
    pub mail: Duration,
    /// For the reply to RCPT: 5 minutes.
    pub rcpt: Duration,
    /// For the reply to DATA: 2 minutes.
    pub data: Duration,
    /// For the link to take the next octet of content, and for a BDAT chunk's reply: 3 minutes.
    pub block: Duration,
    /// For the answer to the whole message: 10 minutes.
    pub end: Duration,
    /// For the reply to QUIT, which decides nothing any more: 5 seconds.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            greeting: 5 * MINUTE,
            command: 5 * MINUTE,
            mail: 5 * MINUTE,
            rcpt: 5 * MINUTE,
            data: 2 * MINUTE,
            block: 3 * MINUTE,
            end: 10 * MINUTE,
            quit: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// The same patience in every state; for tests, and for people in a hurry.
    pub fn all(patience: Duration) -> Self {
        Self {
            greeting: patience,
            command: patience,
            mail: patience,
            rcpt: patience,
            data: patience,
            block: patience,
            end: patience,
            quit: patience.min(Duration::from_secs(5)),
        }
    }
}
