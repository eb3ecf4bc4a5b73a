//! How a run is asked to end, and why it ended.

use std::sync::{Arc, Mutex, PoisonError};

use hongyan_proto::outcome::Failure;
use tokio::sync::watch;

use crate::ledger::{LedgerError, Tally, Time};

/// Asks a run to end. Cheap to clone; the first reason counts.
#[derive(Clone, Debug)]
pub struct Stop(Arc<Asked>);

#[derive(Debug)]
struct Asked {
    flag: watch::Sender<bool>,
    why: Mutex<Option<Why>>,
    failure: Mutex<Option<LedgerError>>,
}

/// Why a run ended.
#[derive(Clone, Debug)]
pub enum Why {
    /// Nothing is due any more, or nothing now where it was not to wait.
    Done,
    /// Somebody asked for it.
    Asked,
    /// Too much was refused; with the last refusal.
    TooManyRefused {
        /// How many of how many.
        refused: u32,
        /// The last ones that were looked at.
        of: u32,
        /// The last refusal.
        last: Box<Failure>,
    },
    /// No account can be used any more; with what the last one said.
    NoAccount {
        /// The account.
        account: String,
        /// What went wrong with it.
        failure: Box<Failure>,
    },
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why.
    pub why: Why,
    /// Where everybody stands.
    pub tally: Tally,
    /// When.
    pub at: Time,
}

impl Default for Stop {
    fn default() -> Self {
        let (flag, why, failure) = (watch::Sender::new(false), Mutex::default(), Mutex::default());
        Self(Arc::new(Asked { flag, why, failure }))
    }
}

impl Stop {
    /// Nothing new is begun; what is on its way is settled.
    pub fn ask(&self, why: Why) {
        lock(&self.0.why).get_or_insert(why);
        self.0.flag.send_replace(true);
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        *self.0.flag.borrow()
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        let mut flag = self.0.flag.subscribe();
        // The sender lives as long as this does.
        let _ = flag.wait_for(|asked| *asked).await;
    }

    /// The ledger failed: nothing more can be recorded.
    pub(super) fn failed(&self, error: LedgerError) {
        lock(&self.0.failure).get_or_insert(error);
        self.0.flag.send_replace(true);
    }

    pub(super) fn failure(&self) -> Option<LedgerError> {
        lock(&self.0.failure).clone()
    }

    pub(super) fn why(&self) -> Why {
        lock(&self.0.why).clone().unwrap_or(Why::Done)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
