//! A connection to the database that comes back: made when it is needed, dropped when it breaks, tried again with growing
//! pauses. What is asked over it must be such that it may be asked twice.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::{Client, Statement};

use super::fault::Fault;
use super::place::Place;
use super::tls::Tls;
use crate::ledger::LedgerError;

/// The pause after the first failed try; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The pause before a request that was rolled back for another one's sake is asked again.
const ROLLED_BACK: Duration = Duration::from_millis(20);
/// How long a request may take before the connection counts as gone. Requests are small; a database that needs longer
/// is not there for practical purposes.
pub(super) const ANSWER: Duration = Duration::from_secs(20);

/// What is set on every connection. Rows are found by their keys; a planner without statistics must not prefer to
/// read a table of a million rows.
const ALWAYS: &str = "SET search_path = pg_catalog; SET idle_in_transaction_session_timeout = '60s'; \
                      SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
                      SET plan_cache_mode = force_generic_plan; SET jit = off";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// What is confirmed is on the database's disk.
    Durable,
    /// What is lost in a crash of the database does no harm.
    Passing,
    /// Much is read or loaded: the planner is free, answers may take long.
    Bulk,
}

impl Purpose {
    fn settings(self) -> String {
        match self {
            Self::Durable => format!("{ALWAYS}; SET synchronous_commit = on"),
            Self::Passing => format!("{ALWAYS}; SET synchronous_commit = off"),
            Self::Bulk => "SET search_path = pg_catalog; SET synchronous_commit = on; SET jit = off".into(),
        }
    }
}

/// One live connection.
pub(super) struct Live {
    pub(super) client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Live {
    /// Connects now, once.
    pub(super) async fn connect(place: &Place, purpose: Purpose) -> Result<Self, Fault> {
        let (client, connection) = place.config.connect(Tls(place.tls.clone())).await?;
        tokio::spawn(async move {
            // How it ended is told to whoever waits for an answer.
            let _ = connection.await;
        });
        client.batch_execute(&purpose.settings()).await?;
        Ok(Self { client, statements: Mutex::default() })
    }

    /// A statement, prepared once for each connection.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).insert(sql, statement.clone());
        Ok(statement)
    }
}

/// A connection that comes back.
pub(super) struct Line {
    place: Arc<Place>,
    purpose: Purpose,
    /// Nobody wants to wait any more.
    hurried: Arc<AtomicBool>,
    link: tokio::sync::Mutex<Link>,
}

#[derive(Default)]
struct Link {
    live: Option<Arc<Live>>,
    pause: Duration,
    /// Not tried before.
    not_before: Option<Instant>,
}

impl Line {
    /// Waits with patience until `hurried` says that nobody wants that any more.
    pub(super) fn new(place: Arc<Place>, purpose: Purpose, hurried: Arc<AtomicBool>) -> Self {
        Self { place, purpose, hurried, link: tokio::sync::Mutex::default() }
    }

    /// The connection there is, or a new one, unless the last try was a moment ago.
    pub(super) async fn live(&self) -> Result<Arc<Live>, Fault> {
        let mut link = self.link.lock().await;
        if let Some(live) = &link.live
            && !live.client.is_closed()
        {
            return Ok(live.clone());
        }
        link.live = None;
        if link.not_before.is_some_and(|then| Instant::now() < then) {
            return Err(Fault::Away("it did not answer a moment ago".into()));
        }
        match timeout(ANSWER, Live::connect(&self.place, self.purpose)).await {
            Ok(Ok(live)) => {
                let live = Arc::new(live);
                *link = Link { live: Some(live.clone()), ..Link::default() };
                Ok(live)
            }
            Ok(Err(Fault::Final(error))) => Err(Fault::Final(error)),
            failed => {
                link.pause = (link.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                link.not_before = Some(Instant::now() + link.pause);
                match failed {
                    Ok(Err(fault)) => Err(fault),
                    _ => Err(Fault::Away(format!("no answer within {} s", ANSWER.as_secs()))),
                }
            }
        }
    }

    /// When it makes sense to try again.
    async fn next_try(&self) -> Instant {
        let link = self.link.lock().await;
        link.not_before.unwrap_or_else(|| Instant::now() + FIRST_PAUSE)
    }

    /// Drops this connection, so that the next request makes a new one.
    async fn drop_link(&self, live: &Arc<Live>) {
        let mut link = self.link.lock().await;
        if link.live.as_ref().is_some_and(|current| Arc::ptr_eq(current, live)) {
            link.live = None;
        }
    }

    /// Asks once. After [`Fault::Away`] nobody knows whether it was carried out.
    pub(super) async fn once<T, F, Asked>(&self, ask: &F) -> Result<T, Fault>
    where
        F: Fn(Arc<Live>) -> Asked + Sync,
        Asked: Future<Output = Result<T, Fault>> + Send,
    {
        let live = self.live().await?;
        let answer = if self.purpose == Purpose::Bulk {
            ask(live.clone()).await
        } else {
            let late = || Fault::Away(format!("no answer within {} s", ANSWER.as_secs()));
            timeout(ANSWER, ask(live.clone())).await.unwrap_or_else(|_| Err(late()))
        };
        if let Err(Fault::Away(_)) = &answer {
            self.drop_link(&live).await;
        }
        answer
    }

    /// Asks until there is an answer, or the patience is at its end.
    ///
    /// # Errors
    /// [`LedgerError::Away`] at the end of the patience; whatever is final at once.
    pub(super) async fn ask<T, F, Asked>(&self, patience: Duration, ask: F) -> Result<T, LedgerError>
    where
        F: Fn(Arc<Live>) -> Asked + Send + Sync,
        Asked: Future<Output = Result<T, Fault>> + Send,
    {
        let end = Instant::now() + patience;
        loop {
            let fault = match self.once(&ask).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            let next = match &fault {
                Fault::Away(_) => self.next_try().await,
                Fault::Again(_) => Instant::now() + ROLLED_BACK,
                Fault::Final(_) => return Err(fault.into_error(self.place.shown())),
            };
            let hurried = self.hurried.load(Ordering::Relaxed) && matches!(fault, Fault::Away(_));
            if next > end || hurried {
                return Err(fault.into_error(self.place.shown()));
            }
            sleep_until(next).await;
        }
    }
}
