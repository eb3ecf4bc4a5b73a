//! Leasing letters, prolonging what is held, giving back, and taking over from workers that are gone.
//!
//! Each step is one statement, so that a worker that stops dead in the middle holds no lock: the database finishes what
//! it has begun, or none of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hongyan_proto::address::Address;
use tokio_postgres::Row as Found;

use super::fault::{Fault, damaged};
use super::held::{Epoch, margin};
use super::line::Live;
use super::{Shared, role, stored};
use crate::ledger::{LedgerError, Letter, Recipient, RecipientId, Runner, Time};
use crate::row::Row;

/// How often a lease is tried again when others were quicker, before it is said that nothing is due.
const OTHERS_WERE_QUICKER: usize = 5;

/// How many of those that are due once more are looked at, earliest first, for the ones with the lowest numbers.
const LOOKED_AT: i64 = 4096;

/// What is queued: never leased yet (`due = 0`, then all of a letter are), or once more from some time on. Whoever locks a
/// letter's first recipient may lease the letter; the last condition sees what has become of each recipient since this
/// statement began.
const LEASE: &str = "
WITH me AS MATERIALIZED (
    SELECT id FROM hongyan.worker WHERE id = $2 AND ended IS NULL AND until > clock_timestamp() FOR SHARE
), fresh AS MATERIALIZED (
    SELECT id FROM hongyan.recipient WHERE campaign = $1 AND due = 0 AND id = letter
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
), again AS MATERIALIZED (
    SELECT DISTINCT letter FROM (
        SELECT letter FROM hongyan.recipient WHERE campaign = $1 AND due > 0 AND due <= $4 ORDER BY due, id LIMIT $5
    ) AS earliest ORDER BY letter
), locked AS MATERIALIZED (
    SELECT l.id FROM again JOIN hongyan.recipient l ON l.campaign = $1 AND l.id = again.letter
    ORDER BY again.letter LIMIT $3 FOR UPDATE OF l SKIP LOCKED
), chosen AS MATERIALIZED (
    SELECT id FROM (SELECT id FROM fresh UNION SELECT id FROM locked) AS both_of_them ORDER BY id LIMIT $3
)
UPDATE hongyan.recipient r SET state = 3, due = NULL, worker = $2, attempt = r.attempt + 1
FROM me, chosen JOIN hongyan.letter t ON t.campaign = $1 AND t.id = chosen.id
WHERE r.campaign = $1 AND r.id BETWEEN t.id AND t.last AND r.due <= $4 AND r.state IN (2, 6)
RETURNING t.id, t.number, t.cells, t.files, r.id, r.role, r.address, r.attempt";

const REGISTER: &str = "
INSERT INTO hongyan.worker (campaign, host, process, until)
VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond') RETURNING id";

const RENEW: &str = "
UPDATE hongyan.worker SET until = clock_timestamp() + $2 * interval '1 millisecond'
WHERE id = ANY($1) AND ended IS NULL AND until > clock_timestamp() RETURNING id";

const RELEASE: &str = "
UPDATE hongyan.recipient r SET state = 2, due = $4, worker = NULL, attempt = r.attempt - 1
FROM unnest($2::bigint[], $3::bigint[]) AS a(id, epoch)
WHERE r.campaign = $1 AND r.id = a.id AND r.worker + 0 = a.epoch AND r.state IN (3, 4)";

const NEXT: &str =
    "SELECT due FROM hongyan.recipient WHERE campaign = $1 AND due IS NOT NULL ORDER BY due, id LIMIT 1";

const END: &str = "UPDATE hongyan.worker SET ended = clock_timestamp() WHERE id = ANY($1) AND ended IS NULL";

/// A worker whose time is over has ended: from here on nothing can be leased under it.
const END_THE_GONE: &str = "
UPDATE hongyan.worker SET ended = clock_timestamp()
WHERE campaign = $1 AND NOT swept AND ended IS NULL AND until < clock_timestamp()";

/// What ended workers left: what was leased goes back into the queue, what may have been sent is in doubt.
const SWEEP: &str = "
WITH gone AS MATERIALIZED (
    SELECT id FROM hongyan.worker WHERE campaign = $1 AND NOT swept AND ended IS NOT NULL FOR UPDATE SKIP LOCKED
), left_behind AS (
    UPDATE hongyan.recipient r
    SET state = CASE r.state WHEN 3 THEN 2 ELSE 8 END,
        due = CASE r.state WHEN 3 THEN 1 END,
        attempt = CASE r.state WHEN 3 THEN r.attempt - 1 ELSE r.attempt END
    FROM gone WHERE r.campaign = $1 AND r.worker = gone.id AND r.state IN (3, 4)
    RETURNING r.id, r.attempt, r.state, r.begun, r.worker
), doubts AS (
    INSERT INTO hongyan.attempt (campaign, recipient, number, worker, state, begun, ended, reply, cause, conversation)
    SELECT $1, id, attempt, worker, 8, coalesce(begun, 0), $2, '', $3, '' FROM left_behind WHERE state = 8
    ON CONFLICT (campaign, recipient, number) DO NOTHING
)
UPDATE hongyan.worker w SET swept = true FROM gone WHERE w.id = gone.id";

/// In one look: the head of the queue, and the least time, in seconds, that anybody else has left of whom something may
/// come back. Until what a worker left is swept that may be, though it has ended: somebody else may be at it just now.
const NEXT_OF_ALL: &str = "
SELECT (SELECT due FROM hongyan.recipient WHERE campaign = $1 AND due IS NOT NULL ORDER BY due, id LIMIT 1),
    (SELECT min(CASE WHEN ended IS NULL THEN extract(epoch FROM until - clock_timestamp())::float8 ELSE 0 END)
     FROM hongyan.worker WHERE campaign = $1 AND NOT swept AND NOT id = ANY($2))";

/// When to look again where somebody else is taking over what a worker left.
const BEING_SWEPT: Duration = Duration::from_millis(50);

const LIVING: &str = "
SELECT host, process FROM hongyan.worker
WHERE campaign = $1 AND NOT swept AND ended IS NULL AND until > clock_timestamp() ORDER BY id";

/// What is said of an attempt whose worker ended before it recorded an answer.
const NO_ANSWER: &str = "the worker ended before it recorded the server's answer";

impl Shared {
    /// Leases up to `want` letters under an epoch that has at least half of its time before it.
    pub(super) async fn lease(&self, want: usize, now: Time) -> Result<Vec<Letter>, LedgerError> {
        let _one_at_a_time = self.leasing.lock().await;
        self.sweep_sometimes().await?;
        // Who neither has anything nor can get anything begins no epoch: others would wait for it.
        if self.held.in_use().is_empty() && self.queue_head().await?.is_none_or(|due| due > now) {
            return Ok(Vec::new());
        }
        let want = i64::try_from(want).unwrap_or(i64::MAX);
        let looked_at = want.max(LOOKED_AT);
        let end = tokio::time::Instant::now() + self.options.patience;
        for _ in 0..OTHERS_WERE_QUICKER {
            let (epoch, until) = self.epoch().await?;
            let found = loop {
                let ask = |live: Arc<Live>| async move {
                    let statement = live.statement(LEASE).await?;
                    Ok(live
                        .client
                        .query(&statement, &[&self.campaign, &epoch, &want, &now.0, &looked_at])
                        .await?)
                };
                match self.passing.once(&ask).await {
                    Ok(found) => break found,
                    Err(Fault::Again(_)) if tokio::time::Instant::now() < end => {}
                    Err(Fault::Away(_)) if tokio::time::Instant::now() < end => {
                        // Something may have been leased that nobody here knows of; it ends with its epoch.
                        self.held.turn_over();
                        break Vec::new();
                    }
                    Err(fault) => {
                        self.held.turn_over();
                        return Err(fault.into_error(self.place.shown()));
                    }
                }
            };
            if !found.is_empty() {
                let letters = letters(&found, until)?;
                let recipients = letters.iter().flat_map(|letter| &letter.recipients);
                self.held.hold(epoch, recipients.map(|one| (one.id.0, one.attempt)), now, until);
                return Ok(letters);
            }
            if self.held.current().is_some() && self.queue_head().await?.is_none_or(|due| due > now) {
                return Ok(Vec::new());
            }
        }
        Ok(Vec::new())
    }

    /// The epoch to lease under, made or prolonged where there is none or little of it left.
    async fn epoch(&self) -> Result<(Epoch, Instant), LedgerError> {
        let enough = Instant::now() + self.options.lease / 2;
        if let Some((epoch, until)) = self.held.current() {
            if until > enough {
                return Ok((epoch, until));
            }
            self.renew(vec![epoch]).await?;
        }
        if let Some((epoch, until)) = self.held.current().filter(|(_, until)| *until > enough) {
            return Ok((epoch, until));
        }
        let milliseconds = self.lease_in_milliseconds();
        let (epoch, asked) = self
            .passing
            .ask(self.options.patience, |live| async move {
                let asked = Instant::now();
                let statement = live.statement(REGISTER).await?;
                let process = i64::from(self.options.process);
                let row = live
                    .client
                    .query_one(&statement, &[&self.campaign, &self.options.host, &process, &milliseconds])
                    .await?;
                Ok((row.try_get::<_, Epoch>(0)?, asked))
            })
            .await?;
        let until = asked + self.options.lease - margin(self.options.lease);
        self.held.opened(epoch, until);
        Ok((epoch, until))
    }

    fn lease_in_milliseconds(&self) -> f64 {
        self.options.lease.as_secs_f64() * 1000.0
    }

    /// Prolongs these epochs; those that have ended are known to be lost then.
    pub(super) async fn renew(&self, epochs: Vec<Epoch>) -> Result<(), LedgerError> {
        let (milliseconds, all) = (self.lease_in_milliseconds(), &epochs);
        let (renewed, asked) = self
            .passing
            .ask(self.options.patience, |live| async move {
                let asked = Instant::now();
                let statement = live.statement(RENEW).await?;
                let rows = live.client.query(&statement, &[all, &milliseconds]).await?;
                let renewed: Result<Vec<Epoch>, _> = rows.iter().map(|row| row.try_get(0)).collect();
                Ok((renewed?, asked))
            })
            .await?;
        for epoch in epochs {
            if renewed.contains(&epoch) {
                self.held.renewed(epoch, asked + self.options.lease - margin(self.options.lease));
            } else {
                self.held.lost(epoch);
            }
        }
        Ok(())
    }

    /// Prolongs what is in use and ends what is not, for as long as the ledger is open. While the database is away there
    /// is nothing to be done: the deadlines pass, and nothing is sent after them.
    pub(super) async fn keep_renewing(&self) {
        loop {
            tokio::time::sleep(self.options.lease / 4).await;
            let in_use = self.held.in_use();
            if !in_use.is_empty() {
                let _ = self.renew(in_use).await;
            }
            let empty = self.held.take_empty();
            if !empty.is_empty() {
                let _ = self.end(empty).await;
            }
        }
    }

    /// Ends these epochs; whatever is left under them is swept.
    pub(super) async fn end(&self, epochs: Vec<Epoch>) -> Result<(), LedgerError> {
        let epochs = &epochs;
        self.settles
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(END).await?;
                Ok(live.client.execute(&statement, &[epochs]).await?)
            })
            .await?;
        self.sweep().await
    }

    /// Takes over what workers left that are gone.
    pub(super) async fn sweep(&self) -> Result<(), LedgerError> {
        self.settles
            .ask(self.options.patience, |live| async move {
                let ended = live.statement(END_THE_GONE).await?;
                live.client.execute(&ended, &[&self.campaign]).await?;
                let sweep = live.statement(SWEEP).await?;
                live.client.execute(&sweep, &[&self.campaign, &Time::now().0, &NO_ANSWER]).await?;
                Ok(())
            })
            .await
    }

    /// The same, not more often than makes sense.
    async fn sweep_sometimes(&self) -> Result<(), LedgerError> {
        let now = Instant::now();
        {
            let mut swept = self.swept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if swept.is_some_and(|then| now < then + (self.options.lease / 8).min(Duration::from_secs(5))) {
                return Ok(());
            }
            *swept = Some(now);
        }
        self.sweep().await
    }

    /// Gives back what was certainly not sent.
    pub(super) async fn release(&self, ids: &[RecipientId], due: Time) -> Result<(), LedgerError> {
        let mut held: Vec<(i64, Epoch)> =
            ids.iter().filter_map(|id| Some((id.0, self.held.epoch_of(id.0)?))).collect();
        held.sort_unstable();
        let (these, epochs): (Vec<i64>, Vec<Epoch>) = held.into_iter().unzip();
        if !these.is_empty() {
            let (these, epochs, due) = (&these, &epochs, due.0.max(1));
            self.settles
                .ask(self.options.patience, |live| async move {
                    let statement = live.statement(RELEASE).await?;
                    Ok(live.client.execute(&statement, &[&self.campaign, these, epochs, &due]).await?)
                })
                .await?;
        }
        self.held.drop(ids.iter().map(|id| id.0));
        Ok(())
    }

    async fn queue_head(&self) -> Result<Option<Time>, LedgerError> {
        self.passing
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(NEXT).await?;
                let row = live.client.query_opt(&statement, &[&self.campaign]).await?;
                Ok(row.map(|row| row.try_get(0).map(Time)).transpose()?)
            })
            .await
    }

    /// When the next one is due. Where the queue is empty and others still work: when the first of them would be gone, for
    /// what it holds comes back then.
    pub(super) async fn next_due(&self) -> Result<Option<Time>, LedgerError> {
        if let Some(due) = self.queue_head().await? {
            return Ok(Some(due));
        }
        self.rest().await?;
        self.sweep().await?;
        let mine = &self.held.all();
        let (head, left) = self
            .passing
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(NEXT_OF_ALL).await?;
                let row = live.client.query_one(&statement, &[&self.campaign, mine]).await?;
                Ok((row.try_get::<_, Option<i64>>(0)?, row.try_get::<_, Option<f64>>(1)?))
            })
            .await?;
        let until_gone = |left| Duration::try_from_secs_f64(left).unwrap_or_default().max(BEING_SWEPT);
        Ok(match head {
            Some(due) => Some(Time(due)),
            None => left.map(|left| Time::now().after(until_gone(left) + Duration::from_millis(1))),
        })
    }

    /// Ends this worker's epochs where it has nothing, so that nobody waits for what it could leave.
    async fn rest(&self) -> Result<(), LedgerError> {
        let _nothing_is_leased_now = self.leasing.lock().await;
        if self.held.in_use().is_empty() {
            let idle = self.held.take_all();
            if !idle.is_empty() {
                self.end(idle).await?;
            }
        }
        Ok(())
    }

    /// Everybody who works on the campaign; a machine's process once.
    pub(super) async fn runners(&self) -> Result<Vec<Runner>, LedgerError> {
        let rows = self
            .passing
            .ask(self.options.patience, |live| async move {
                let statement = live.statement(LIVING).await?;
                Ok(live.client.query(&statement, &[&self.campaign]).await?)
            })
            .await?;
        let read = |row: &Found| -> Result<_, tokio_postgres::Error> {
            let (host, process): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let host = if host == self.options.host { String::new() } else { host };
            Ok(Runner { host, process: u32::try_from(process).ok() })
        };
        let mut runners: Vec<Runner> = Vec::new();
        for row in &rows {
            let runner = read(row).map_err(stored)?;
            if !runners.contains(&runner) {
                runners.push(runner);
            }
        }
        Ok(runners)
    }
}

/// Letters out of their recipients' rows, in the order of their numbers.
fn letters(found: &[Found], until: Instant) -> Result<Vec<Letter>, LedgerError> {
    let mut letters: BTreeMap<i64, Letter> = BTreeMap::new();
    for row in found {
        let read = || -> Result<_, tokio_postgres::Error> {
            let recipient: (i64, i16, &str, i32) =
                (row.try_get(4)?, row.try_get(5)?, row.try_get(6)?, row.try_get(7)?);
            Ok((row.try_get::<_, i64>(0)?, recipient))
        };
        let (letter, (id, number, address, attempt)) = read().map_err(stored)?;
        let recipient = Recipient {
            id: RecipientId(id),
            address: Address::parse(address).map_err(|error| damaged(&error.to_string()))?,
            role: role(number)?,
            attempt: u32::try_from(attempt).unwrap_or(0),
        };
        let entry = match letters.entry(letter) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let (row, files) = content(row, 1)?;
                new.insert(Letter { row, recipients: Vec::new(), files, until })
            }
        };
        entry.recipients.push(recipient);
    }
    let mut letters: Vec<Letter> = letters.into_values().collect();
    for letter in &mut letters {
        letter.recipients.sort_by_key(|recipient| recipient.id);
    }
    Ok(letters)
}

/// A row's number, cells and files, which stand in three columns from `at` on.
pub(super) fn content(found: &Found, at: usize) -> Result<(Row, Vec<String>), LedgerError> {
    let number: i64 = found.try_get(at).map_err(stored)?;
    let cells: &str = found.try_get(at + 1).map_err(stored)?;
    let files = found.try_get(at + 2).map_err(stored)?;
    let cells = serde_json::from_str(cells).map_err(|error| damaged(&format!("row {number}: {error}")))?;
    Ok((Row { number: u64::try_from(number).unwrap_or(0), cells }, files))
}
