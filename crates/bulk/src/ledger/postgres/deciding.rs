//! What people decide, and what a run tells beside the letters: resolutions, pauses, connections.

use super::{Shared, storable};
use crate::ledger::{LedgerError, RecipientId, Resolution, SessionId, State, Time};

const RESOLVE: &str = "
UPDATE hongyan.recipient SET state = $3, due = $4 WHERE campaign = $1 AND id = ANY($2) AND state = ANY($5)";

const SESSION: &str = "
INSERT INTO hongyan.session (campaign, opened, account, transcript) VALUES ($1, $2, $3, $4) RETURNING id";

impl Shared {
    /// Decides about recipients.
    pub(super) async fn resolve(
        &self,
        ids: &[RecipientId],
        how: Resolution,
        now: Time,
    ) -> Result<u64, LedgerError> {
        let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
        ids.sort_unstable();
        let (becomes, due, from): (State, Option<i64>, &[State]) = match how {
            Resolution::Found => (State::Accepted, None, &[State::InDoubt]),
            Resolution::Skip => (State::Skipped, None, &[State::InDoubt]),
            Resolution::Resend => {
                (State::Pending, Some(now.0.max(1)), &[State::InDoubt, State::Deferred, State::Rejected])
            }
        };
        let becomes = i16::from(becomes as u8);
        let from: Vec<i16> = from.iter().map(|state| i16::from(*state as u8)).collect();
        let (ids, from) = (&ids, &from);
        self.settles
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(RESOLVE).await?;
                Ok(live.client.execute(&statement, &[&self.campaign, ids, &becomes, &due, from]).await?)
            })
            .await
    }

    /// Records a connection.
    pub(super) async fn session(
        &self,
        opened: Time,
        account: &str,
        transcript: &str,
    ) -> Result<SessionId, LedgerError> {
        let (account, transcript) = (&storable(account), &storable(transcript));
        self.settles
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(SESSION).await?;
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                    [&self.campaign, &opened.0, account, transcript];
                Ok(SessionId(live.client.query_one(&statement, &values).await?.try_get(0)?))
            })
            .await
    }

    /// Whether somebody has asked to pause.
    pub(super) async fn paused(&self) -> Result<bool, LedgerError> {
        const PAUSED: &str = "SELECT paused FROM hongyan.campaign WHERE id = $1";
        self.passing
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(PAUSED).await?;
                Ok(live.client.query_one(&statement, &[&self.campaign]).await?.try_get(0)?)
            })
            .await
    }

    /// Asks everybody to pause, or lets them go on.
    pub(super) async fn pause(&self, paused: bool) -> Result<(), LedgerError> {
        const PAUSE: &str = "UPDATE hongyan.campaign SET paused = $2 WHERE id = $1";
        self.settles
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(PAUSE).await?;
                live.client.execute(&statement, &[&self.campaign, &paused]).await?;
                Ok(())
            })
            .await
    }
}
