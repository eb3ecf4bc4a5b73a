//! What a status and a report read.

use std::collections::BTreeMap;

use hongyan_proto::address::Address;
use tokio_postgres::Row as Found;

use super::fault::damaged;
use super::leasing::content;
use super::{Shared, role, stored};
use crate::ledger::{
    Answered, Attempt, Entry, Evidence, Filter, FrozenFile, LedgerError, Opening, RecipientId, SessionId,
    State, Tally, Time,
};

const TALLY: &str = "SELECT state, count(*) FROM hongyan.recipient WHERE campaign = $1 GROUP BY state";

const PAGE: &str = "
SELECT r.id, r.role, r.address, r.state, r.due, t.number, t.cells, t.files
FROM hongyan.recipient r JOIN hongyan.letter t ON t.campaign = r.campaign AND t.id = r.letter
WHERE r.campaign = $1 AND r.id > $2 AND ($3::smallint IS NULL OR r.state = $3) AND ($4::bigint IS NULL OR t.number = $4)
ORDER BY r.id LIMIT $5";

const ATTEMPTS: &str = "
SELECT recipient, number, state, begun, ended, session, reply, cause, conversation, sha256, size
FROM hongyan.attempt WHERE campaign = $1 AND recipient = ANY($2) ORDER BY recipient, number";

const LATEST: &str = "
SELECT recipient, state, ended FROM hongyan.attempt WHERE campaign = $1 ORDER BY ended DESC, recipient DESC LIMIT $2";

impl Shared {
    /// How many recipients are in each state, after what gone workers left was taken over.
    pub(super) async fn tally(&self) -> Result<Tally, LedgerError> {
        self.sweep().await?;
        let rows = self
            .bulk
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(TALLY).await?;
                Ok(live.client.query(&statement, &[&self.campaign]).await?)
            })
            .await?;
        let mut tally = Tally::default();
        for row in rows {
            let count: i64 = row.try_get(1).map_err(stored)?;
            tally.add(state(&row, 0)?, u64::try_from(count).unwrap_or(0));
        }
        Ok(tally)
    }

    /// Entries with their attempts.
    pub(super) async fn page(
        &self,
        after: RecipientId,
        limit: usize,
        filter: Filter,
    ) -> Result<Vec<Entry>, LedgerError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let state = filter.state.map(|state| i16::from(state as u8));
        let row = filter.row.map(|row| i64::try_from(row).unwrap_or(i64::MAX));
        let (entries, attempts) = self
            .bulk
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(PAGE).await?;
                let entries =
                    live.client.query(&statement, &[&self.campaign, &after.0, &state, &row, &limit]).await?;
                let ids: Result<Vec<i64>, _> = entries.iter().map(|entry| entry.try_get(0)).collect();
                let statement = live.statement(ATTEMPTS).await?;
                let attempts = live.client.query(&statement, &[&self.campaign, &ids?]).await?;
                Ok((entries, attempts))
            })
            .await?;
        let mut of: BTreeMap<i64, Vec<Attempt>> = BTreeMap::new();
        for row in &attempts {
            of.entry(row.try_get(0).map_err(stored)?).or_default().push(attempt(row)?);
        }
        let entry = |row: &Found| -> Result<Entry, LedgerError> {
            let id: i64 = row.try_get(0).map_err(stored)?;
            let address: &str = row.try_get(2).map_err(stored)?;
            let (content, files) = content(row, 5)?;
            Ok(Entry {
                id: RecipientId(id),
                address: Address::parse(address).map_err(|error| damaged(&error.to_string()))?,
                role: role(row.try_get(1).map_err(stored)?)?,
                row: content,
                files,
                state: self::state(row, 3)?,
                due: row.try_get::<_, Option<i64>>(4).map_err(stored)?.map(Time),
                attempts: of.remove(&id).unwrap_or_default(),
            })
        };
        entries.iter().map(entry).collect()
    }

    /// How a connection was opened.
    pub(super) async fn opening(&self, id: SessionId) -> Result<Option<Opening>, LedgerError> {
        const OPENING: &str =
            "SELECT opened, account, transcript FROM hongyan.session WHERE campaign = $1 AND id = $2";
        self.bulk
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(OPENING).await?;
                let Some(row) = live.client.query_opt(&statement, &[&self.campaign, &id.0]).await? else {
                    return Ok(None);
                };
                let opened = Time(row.try_get(0)?);
                Ok(Some(Opening { opened, account: row.try_get(1)?, transcript: row.try_get(2)? }))
            })
            .await
    }

    /// The answers that came last.
    pub(super) async fn latest(&self, limit: usize) -> Result<Vec<Answered>, LedgerError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self
            .bulk
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(LATEST).await?;
                Ok(live.client.query(&statement, &[&self.campaign, &limit]).await?)
            })
            .await?;
        let answered = |row: &Found| -> Result<Answered, LedgerError> {
            let id = RecipientId(row.try_get(0).map_err(stored)?);
            Ok(Answered { id, state: state(row, 1)?, at: Time(row.try_get(2).map_err(stored)?) })
        };
        rows.iter().map(answered).collect()
    }

    /// What a file was when it was frozen.
    pub(super) async fn frozen(&self, path: &str) -> Result<Option<FrozenFile>, LedgerError> {
        const FILE: &str = "SELECT sha256, size FROM hongyan.file WHERE campaign = $1 AND path = $2";
        if let Some(known) = self.manifest.files.get(path) {
            return Ok(Some(known.clone()));
        }
        self.passing
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(FILE).await?;
                let Some(row) = live.client.query_opt(&statement, &[&self.campaign, &path]).await? else {
                    return Ok(None);
                };
                let size = u64::try_from(row.try_get::<_, i64>(1)?).unwrap_or(0);
                Ok(Some(FrozenFile { sha256: row.try_get(0)?, size }))
            })
            .await
    }
}

fn state(row: &Found, at: usize) -> Result<State, LedgerError> {
    let number: i16 = row.try_get(at).map_err(stored)?;
    State::from_number(i64::from(number)).ok_or_else(|| damaged(&format!("the state {number}")))
}

fn attempt(row: &Found) -> Result<Attempt, LedgerError> {
    let read = || -> Result<_, tokio_postgres::Error> {
        let evidence = Evidence {
            begun: Time(row.try_get(3)?),
            ended: Time(row.try_get(4)?),
            session: row.try_get::<_, Option<i64>>(5)?.map(SessionId),
            reply: row.try_get(6)?,
            cause: row.try_get(7)?,
            conversation: row.try_get(8)?,
            message: None,
        };
        let hash: Option<&[u8]> = row.try_get(9)?;
        Ok((row.try_get::<_, i32>(1)?, evidence, hash, row.try_get::<_, Option<i64>>(10)?))
    };
    let (number, mut evidence, hash, size) = read().map_err(stored)?;
    if let (Some(hash), Some(size)) = (hash, size) {
        let hash = hash.try_into().map_err(|_| damaged("a hash that is not of SHA-256"))?;
        evidence.message = Some((hash, u64::try_from(size).unwrap_or(0)));
    }
    Ok(Attempt { number: u32::try_from(number).unwrap_or(0), state: state(row, 2)?, evidence })
}
