//! The run: letters that are due leave the ledger, go over the accounts' connections, and come back as outcomes.
//!
//! ```text
//! ledger ─ lease ─► dispatch (pace, hours, pause) ─► fill ─ begin (durable) ─► desk ─► session ─► outcome ─ settle ─► ledger
//! ```
//! - [`plan`]: what a run is told: accounts, pace, retries, when to stop.
//! - [`Composer`]: makes the campaign's letters.
//! - [`stop`]: how it is asked to end, and why it ended.
//! - `line`: what the parts of an account share.
//! - `dispatch`: for each account, leases letters as fast as its pace allows.
//! - `fill`, `desk`: takes letters and makes them `in_data`; what may be in doubt is bounded by the window.
//! - `connection`: sends what lies on its desk.
//! - `settling`: verdicts become outcomes: retry, give up, slow down, stop.
//! - `evidence`: what was said about each message, from the octets that passed.
//!
//! The order that everything rests on: composed only after `begin` was durable, given back only where the session says
//! that the message certainly did not leave.

mod composer;
mod connection;
mod desk;
mod dispatch;
mod event;
mod evidence;
mod fetching;
mod fill;
mod line;
mod plan;
mod settling;
mod stop;
mod watch;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::ledger::{Ledger, LedgerError, Time};

pub use composer::{Composer, date};
pub use event::{Event, Tell, Waiting};
pub use fetching::Fetching;
pub use plan::{Compose, Composed, NEVER_SUPPRESSED, Options, Route, Suppressed, WINDOW};
pub use stop::{Ended, Stop, Why};

/// What all parts of a run share.
struct Shared<L, C: Compose> {
    ledger: Arc<L>,
    composer: Arc<C>,
    options: Options,
    stop: Stop,
    tell: Tell,
    settling: mpsc::UnboundedSender<line::Settled<C::Held>>,
    watch: watch::Watch,
    /// Accounts that can be used.
    accounts: AtomicUsize,
    outstanding: Arc<line::Outstanding>,
}

/// Runs a campaign until nothing is due any more, somebody asks it to stop, or it stops by itself. What was on its way
/// is settled before this returns.
///
/// # Errors
/// The ledger fails; what is on disk is right, and the campaign can be run again once that is mended.
pub async fn run<L: Ledger, C: Compose>(
    ledger: Arc<L>,
    composer: Arc<C>,
    routes: Vec<Route>,
    options: Options,
    stop: Stop,
    tell: Tell,
) -> Result<Ended, LedgerError> {
    let (sender, receiver) = mpsc::unbounded_channel();
    let watch = watch::Watch::new(options.in_a_row, options.percent);
    let settling = tokio::spawn(settling::settle(ledger.clone(), receiver, stop.clone(), tell.clone()));
    let shared = Arc::new(Shared {
        ledger,
        composer,
        options,
        stop: stop.clone(),
        tell,
        settling: sender,
        watch,
        accounts: AtomicUsize::new(routes.len()),
        outstanding: Arc::default(),
    });
    let mut accounts = JoinSet::new();
    for route in routes {
        accounts.spawn(dispatch::account(shared.clone(), Arc::new(route)));
    }
    while let Some(ended) = accounts.join_next().await {
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => stop.failed(error),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    let ledger = shared.ledger.clone();
    // The last sender: what waits is settled, then the task ends.
    drop(shared);
    if let Err(error) = settling.await {
        std::panic::resume_unwind(error.into_panic());
    }
    if let Some(error) = stop.failure() {
        return Err(error);
    }
    Ok(Ended { why: stop.why(), tally: ledger.tally().await?, at: Time::now() })
}
