//! What a run tells whoever watches it.

use std::sync::Arc;

use hongyan_proto::address::Address;
use hongyan_proto::outcome::Failure;

use crate::ledger::{RecipientId, SessionId, State, Time};

/// Listens to a run. Called on its threads: must not wait.
pub type Tell = Arc<dyn Fn(Event<'_>) + Send + Sync>;

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// What became of a recipient; recorded in the ledger before this is told.
    Settled {
        /// Who.
        id: RecipientId,
        /// In which row.
        row: u64,
        /// In which attempt, from 1.
        attempt: u32,
        /// The address.
        address: &'a Address,
        /// How it stands now.
        state: State,
        /// The server's words, or ours where it said nothing.
        words: &'a str,
        /// What went wrong, where something did.
        failure: Option<&'a Failure>,
        /// When it is tried again, where it is.
        due: Option<Time>,
    },
    /// A connection is open.
    Opened {
        /// Of which account.
        account: &'a str,
        /// Its number in the ledger.
        session: SessionId,
    },
    /// A connection could not be had or held.
    Lost {
        /// Of which account.
        account: &'a str,
        /// Why.
        failure: &'a Failure,
        /// When it is tried again.
        again: Option<Time>,
    },
    /// An account waits.
    Waiting {
        /// Which.
        account: &'a str,
        /// What for.
        why: Waiting,
        /// Until when, where that is known.
        until: Option<Time>,
    },
    /// An account that waited has letters to send again.
    Going {
        /// Which.
        account: &'a str,
    },
    /// An account is not used any more.
    GivenUp {
        /// Which.
        account: &'a str,
        /// Why.
        failure: &'a Failure,
    },
}

/// What an account waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The pace.
    Pace,
    /// The hours in which mail is sent.
    Hours,
    /// Letters to become due again.
    Due,
    /// Somebody has paused the campaign.
    Paused,
    /// The provider has said "slow down".
    SlowDown,
}
