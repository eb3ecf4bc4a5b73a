//! How long a client waits in each state. RFC 1939 names no figures; servers give up after ten minutes
//! (§3) or sooner.

use std::time::Duration;

/// One patience per state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For the greeting, which some servers hold back until they have looked the client up: 2 minutes.
    pub greeting: Duration,
    /// For the reply to a command: 2 minutes.
    pub command: Duration,
    /// For the next octets of a message or a listing: 2 minutes.
    pub content: Duration,
    /// For the reply to QUIT, before which the server deletes: 5 minutes.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self { greeting: 2 * MINUTE, command: 2 * MINUTE, content: 2 * MINUTE, quit: 5 * MINUTE }
    }
}

impl Timeouts {
    /// The same patience in every state; for tests, and for people in a hurry.
    pub fn all(patience: Duration) -> Self {
        Self { greeting: patience, command: patience, content: patience, quit: patience }
    }
}
