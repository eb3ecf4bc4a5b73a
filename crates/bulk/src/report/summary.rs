//! What a report counts.

use crate::ledger::{Entry, State, Tally, Time};

/// How a campaign stands, counted over the recipients of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// How many recipients are in each state.
    pub tally: Tally,
    /// How many attempts there were.
    pub attempts: u64,
    /// When the first of them was begun.
    pub begun: Option<Time>,
    /// When the last answer came.
    pub ended: Option<Time>,
    /// Over how many connections.
    pub connections: u64,
}

impl Summary {
    /// Adds a recipient.
    pub(super) fn count(&mut self, entry: &Entry) {
        self.tally.add(entry.state, 1);
        for attempt in &entry.attempts {
            self.attempts += 1;
            let (begun, ended) = (attempt.evidence.begun, attempt.evidence.ended);
            self.begun = Some(self.begun.map_or(begun, |known| known.min(begun)));
            if !matches!(attempt.state, State::Leased | State::InData) {
                self.ended = Some(self.ended.map_or(ended, |known| known.max(ended)));
            }
        }
    }
}
