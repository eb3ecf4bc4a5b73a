//! The ledger of a campaign, in its folder or in PostgreSQL: commands do not care which.

use std::time::Duration;

use hongyan_bulk::ledger::postgres::Postgres;
use hongyan_bulk::ledger::{
    Answered, Entry, Filter, FrozenFile, Ledger, LedgerError, Letter, Manifest, Opening, Outcome,
    RecipientId, Resolution, Runner, SessionId, Sqlite, Tally, Time,
};
use hongyan_bulk::pace::Rate;

/// An opened ledger.
#[derive(Debug)]
pub(in crate::cli::bulk) enum Store {
    /// In the campaign's folder.
    Folder(Box<Sqlite>),
    /// In a database.
    Database(Postgres),
}

/// Asks the one that there is.
macro_rules! ask {
    ($store:expr, $ledger:ident => $asked:expr) => {
        match $store {
            Store::Folder($ledger) => $asked,
            Store::Database($ledger) => $asked,
        }
    };
}

impl Ledger for Store {
    fn manifest(&self) -> &Manifest {
        ask!(self, ledger => ledger.manifest())
    }

    async fn lease(&self, want: usize, now: Time) -> Result<Vec<Letter>, LedgerError> {
        ask!(self, ledger => ledger.lease(want, now).await)
    }

    async fn begin(&self, ids: Vec<RecipientId>, now: Time) -> Result<Vec<RecipientId>, LedgerError> {
        ask!(self, ledger => ledger.begin(ids, now).await)
    }

    async fn settle(&self, outcomes: Vec<Outcome>) -> Result<(), LedgerError> {
        ask!(self, ledger => ledger.settle(outcomes).await)
    }

    async fn release(&self, ids: Vec<RecipientId>, due: Time) -> Result<(), LedgerError> {
        ask!(self, ledger => ledger.release(ids, due).await)
    }

    async fn next_due(&self) -> Result<Option<Time>, LedgerError> {
        ask!(self, ledger => ledger.next_due().await)
    }

    async fn take(
        &self,
        bucket: &str,
        rate: Rate,
        want: u32,
        now: Time,
    ) -> Result<(u32, Duration), LedgerError> {
        ask!(self, ledger => ledger.take(bucket, rate, want, now).await)
    }

    async fn session(
        &self,
        opened: Time,
        account: &str,
        transcript: String,
    ) -> Result<SessionId, LedgerError> {
        ask!(self, ledger => ledger.session(opened, account, transcript).await)
    }

    async fn tally(&self) -> Result<Tally, LedgerError> {
        ask!(self, ledger => ledger.tally().await)
    }

    async fn page(
        &self,
        after: RecipientId,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<Entry>, LedgerError> {
        ask!(self, ledger => ledger.page(after, limit, filter).await)
    }

    async fn opening(&self, id: SessionId) -> Result<Option<Opening>, LedgerError> {
        ask!(self, ledger => ledger.opening(id).await)
    }

    async fn latest(&self, limit: usize) -> Result<Vec<Answered>, LedgerError> {
        ask!(self, ledger => ledger.latest(limit).await)
    }

    async fn frozen(&self, path: &str) -> Result<Option<FrozenFile>, LedgerError> {
        ask!(self, ledger => ledger.frozen(path).await)
    }

    async fn runners(&self) -> Result<Vec<Runner>, LedgerError> {
        ask!(self, ledger => ledger.runners().await)
    }

    async fn resolve(&self, ids: Vec<RecipientId>, how: Resolution, now: Time) -> Result<u64, LedgerError> {
        ask!(self, ledger => ledger.resolve(ids, how, now).await)
    }

    async fn paused(&self) -> Result<bool, LedgerError> {
        ask!(self, ledger => ledger.paused().await)
    }

    async fn pause(&self, paused: bool) -> Result<(), LedgerError> {
        ask!(self, ledger => ledger.pause(paused).await)
    }
}
