//! What a ledger says of a recipient, and what is said to it.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hongyan_proto::address::Address;
use hongyan_proto::outcome::{Failure, Verdict};

use crate::row::Row;

/// Milliseconds since 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    /// The system's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// So much later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero where it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// A recipient of a campaign, numbered from 1 in the order of the sheet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecipientId(pub i64);

/// A connection of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub i64);

/// Why somebody gets a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Named in `To`.
    To,
    /// Named in `Cc`.
    Cc,
    /// Named nowhere.
    Bcc,
}

/// Where a recipient stands. The numbers are what stores keep; they never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Not begun.
    Pending = 2,
    /// Somebody prepares the letter; certainly not sent.
    Leased = 3,
    /// The letter may be on its way.
    InData = 4,
    /// The server took it.
    Accepted = 5,
    /// Not now; certainly not taken. Due again at a time, or given up where there is none.
    Deferred = 6,
    /// No; certainly not taken.
    Rejected = 7,
    /// It may have been taken.
    InDoubt = 8,
    /// Not to be written to: on the suppression list.
    Suppressed = 9,
    /// Left out by decision: a doubt that was resolved by not sending again.
    Skipped = 10,
}

impl State {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::Leased,
        Self::InData,
        Self::Accepted,
        Self::Deferred,
        Self::Rejected,
        Self::InDoubt,
        Self::Suppressed,
        Self::Skipped,
    ];

    /// `pending`, `leased`, `in_data` …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Leased => "leased",
            Self::InData => "in_data",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::Rejected => "rejected",
            Self::InDoubt => "in_doubt",
            Self::Suppressed => "suppressed",
            Self::Skipped => "skipped",
        }
    }

    /// What a store has kept; `None` where no version ever wrote that.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == number)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A letter to be loaded: a row with its recipients.
#[derive(Clone, Debug)]
pub struct LetterToLoad {
    /// The row as it will be rendered.
    pub row: Row,
    /// To whom: at least one, no address twice.
    pub recipients: Vec<(Role, Address)>,
    /// The row's own files, as paths inside the campaign's folder; each is in the manifest's or the store's frozen files.
    pub files: Vec<String>,
}

/// A leased letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The row.
    pub row: Row,
    /// Those of its recipients that are due.
    pub recipients: Vec<Recipient>,
    /// The row's own files, as paths inside the campaign's folder.
    pub files: Vec<String>,
    /// The lease ends then: nothing may be handed to a server later.
    pub until: Instant,
}

/// A recipient of a leased letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Its number.
    pub id: RecipientId,
    /// Its address.
    pub address: Address,
    /// Named in which field.
    pub role: Role,
    /// Which attempt this is, from 1.
    pub attempt: u32,
}

/// What became of one recipient in one attempt.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Who.
    pub id: RecipientId,
    /// The attempt, as leased: what is said of an older one counts only against doubt.
    pub attempt: u32,
    /// [`State::Accepted`], [`Deferred`](State::Deferred), [`Rejected`](State::Rejected),
    /// [`InDoubt`](State::InDoubt) or [`Suppressed`](State::Suppressed).
    pub state: State,
    /// For a deferred one: when to try again; `None` gives it up.
    pub due: Option<Time>,
    /// How it is known.
    pub evidence: Evidence,
}

/// How an outcome is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// When the message was handed to the connection.
    pub begun: Time,
    /// When its answer came.
    pub ended: Time,
    /// Over which connection; `None` where there was none.
    pub session: Option<SessionId>,
    /// The reply that decided, as `250 2.0.0 Ok: queued as 4F2`, on one line; empty where no server said anything.
    pub reply: String,
    /// For what is not accepted: the stage and the cause, in English. For what was in doubt and was found in a folder
    /// for sent mail: where. Else empty.
    pub cause: String,
    /// The message's part of the conversation as `C:`/`S:` lines; empty where nothing was said.
    pub conversation: String,
    /// The message's [fingerprint](crate::letter::Maker::fingerprint), and how many octets it had as it was sent; `None`
    /// where it was not made.
    pub message: Option<([u8; 32], u64)>,
}

/// One attempt of a recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// How it ended.
    pub state: State,
    /// How that is known.
    pub evidence: Evidence,
}

/// How a connection was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// When.
    pub opened: Time,
    /// Through which account.
    pub account: String,
    /// Its opening as `C:`/`S:` lines.
    pub transcript: String,
}

/// A recipient that was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Who.
    pub id: RecipientId,
    /// How the attempt ended.
    pub state: State,
    /// When.
    pub at: Time,
}

/// Somebody who runs a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runner {
    /// The machine; empty where it is this one.
    pub host: String,
    /// The process on it, where known.
    pub process: Option<u32>,
}

/// All that a ledger knows of a recipient.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number.
    pub id: RecipientId,
    /// Its address.
    pub address: Address,
    /// Named in which field.
    pub role: Role,
    /// The row of its letter.
    pub row: Row,
    /// The row's own files, as paths inside the campaign's folder.
    pub files: Vec<String>,
    /// Where it stands.
    pub state: State,
    /// When it is due again, where it is.
    pub due: Option<Time>,
    /// What was tried, oldest first.
    pub attempts: Vec<Attempt>,
}

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// In this state only.
    pub state: Option<State>,
    /// Of this row only, as a person counts.
    pub row: Option<u64>,
}

/// What is decided about a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// In doubt: it was found in the account's folder for sent mail, so it was taken. Becomes accepted.
    Found,
    /// In doubt, deferred or rejected: send (again), with the same Message-ID. Becomes pending.
    Resend,
    /// In doubt: leave it so, and do not ask again. Becomes skipped.
    Skip,
}

/// How many recipients are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; State::ALL.len()]);

impl Tally {
    /// How many are in this state.
    pub fn of(&self, state: State) -> u64 {
        self.0[state as usize - State::Pending as usize]
    }

    /// Adds to a state.
    pub fn add(&mut self, state: State, count: u64) {
        self.0[state as usize - State::Pending as usize] += count;
    }

    /// Takes from a state, no more than there are.
    pub fn take(&mut self, state: State, count: u64) {
        let place = &mut self.0[state as usize - State::Pending as usize];
        *place = place.saturating_sub(count);
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl From<&Verdict> for State {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Accepted(_) => Self::Accepted,
            Verdict::Deferred(_) => Self::Deferred,
            Verdict::Rejected(_) => Self::Rejected,
            Verdict::InDoubt(_) => Self::InDoubt,
        }
    }
}

impl Outcome {
    /// What a failure on our side means for a recipient: nothing was sent.
    pub fn failed(recipient: &Recipient, failure: &Failure, due: Option<Time>, now: Time) -> Self {
        let verdict = Verdict::failed(failure.clone());
        let evidence = Evidence { begun: now, ended: now, cause: failure.to_string(), ..Evidence::default() };
        Self { id: recipient.id, attempt: recipient.attempt, state: State::from(&verdict), due, evidence }
    }
}
