//! `settle`: what servers answered, recorded with its proof; by the journal while the database is away.
//!
//! An answer counts for the attempt it belongs to, under the epoch that began it. It may be told twice: the second time
//! changes nothing. So after a broken connection, whatever the database may have kept, the same group goes into the
//! journal, and from there to the database once more.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, sleep};
use tokio_postgres::types::ToSql;

use super::fault::{Fault, away};
use super::journal::{Journal, Settled};
use super::line::Live;
use super::{Shared, storable};
use crate::ledger::{LedgerError, Outcome};

/// The most answers of one commit.
const MAX_GROUP: usize = 1024;
/// The most octets of conversation in one commit.
const MAX_OCTETS: usize = 16 << 20;
/// How often a group that was rolled back for another's sake is tried again.
const ROLLED_BACK: usize = 20;
/// The pause between two looks whether the database is back.
const LOOK: Duration = Duration::from_millis(200);

/// What is held under this epoch becomes what is said. The sum keeps the planner from going through all that a worker holds
/// for each answer.
const HELD: &str = "
WITH told AS MATERIALIZED (
    SELECT * FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::bigint[])
    AS a(id, attempt, epoch, state, due, begun, ended, session, reply, cause, conversation, sha256, size)
), held AS (
    UPDATE hongyan.recipient r SET state = a.state, due = CASE WHEN a.state = 6 AND a.due > 0 THEN a.due END
    FROM told a
    WHERE r.campaign = $1 AND r.id = a.id AND r.attempt = a.attempt AND r.state IN (3, 4) AND r.worker + 0 = a.epoch
    RETURNING a.*
), tried AS (
    INSERT INTO hongyan.attempt
        (campaign, recipient, number, worker, state, begun, ended, session, reply, cause, conversation, sha256, size)
    SELECT $1, id, attempt, epoch, state, begun, ended, session, reply, cause, conversation, sha256, size FROM held
    ON CONFLICT (campaign, recipient, number) DO NOTHING
)
SELECT id FROM held";

/// What is not: the same once more, and an attempt in doubt becomes what is said, whoever speaks of it late, and with it
/// a recipient that is still in doubt for its sake, or was to get the letter once more and has it already.
const SETTLE: &str = "
WITH told AS MATERIALIZED (
    SELECT * FROM unnest($2::bigint[], $3::integer[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bytea[], $14::bigint[])
    AS a(id, attempt, epoch, state, due, begun, ended, session, reply, cause, conversation, sha256, size)
), held AS (
    UPDATE hongyan.recipient r SET state = a.state, due = CASE WHEN a.state = 6 AND a.due > 0 THEN a.due END
    FROM told a
    WHERE r.campaign = $1 AND r.id = a.id AND r.attempt = a.attempt AND r.state IN (3, 4) AND r.worker + 0 = a.epoch
    RETURNING a.*
), tried AS (
    INSERT INTO hongyan.attempt
        (campaign, recipient, number, worker, state, begun, ended, session, reply, cause, conversation, sha256, size)
    SELECT $1, id, attempt, epoch, state, begun, ended, session, reply, cause, conversation, sha256, size FROM held
    ON CONFLICT (campaign, recipient, number) DO NOTHING
), doubted AS (
    UPDATE hongyan.attempt t SET
        state = a.state, begun = a.begun, ended = a.ended, session = a.session, reply = a.reply, cause = a.cause,
        conversation = a.conversation, sha256 = a.sha256, size = a.size
    FROM told a JOIN hongyan.recipient r ON r.campaign = $1 AND r.id = a.id
    WHERE t.campaign = $1 AND t.recipient = a.id AND t.number = a.attempt AND t.state = 8
      AND (a.epoch IS NULL OR t.worker = a.epoch) AND (a.state = 5 OR r.state <> 5)
    RETURNING a.id, a.attempt, a.state, a.due
), cleared AS (
    UPDATE hongyan.recipient r SET state = a.state, due = CASE WHEN a.state = 6 AND a.due > 0 THEN a.due END
    FROM doubted a
    WHERE r.campaign = $1 AND r.id = a.id
      AND (r.state = 8 AND r.attempt = a.attempt OR r.state IN (2, 3, 6, 8, 10) AND a.state = 5)
)
SELECT id FROM held UNION ALL SELECT id FROM doubted";

/// One caller's request.
pub(super) struct Request {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) answer: oneshot::Sender<Result<(), LedgerError>>,
}

/// Serves requests until nobody can send any more; what is in the journal goes to the database first.
pub(super) async fn serve(
    shared: Arc<Shared>,
    mut journal: Option<Journal>,
    mut requests: mpsc::UnboundedReceiver<Request>,
) {
    let (mut waiting, mut looking) = (None, None);
    loop {
        if let Some(journal) = journal.as_mut().filter(|journal| !journal.is_empty()) {
            // A task of its own, so that requests, however many, do not keep it from looking.
            let back = looking.get_or_insert_with(|| tokio::spawn(back(shared.clone())));
            tokio::select! {
                biased;
                _ = &mut *back => {
                    looking = None;
                    // Whatever keeps the database from taking it, the journal stays, and is tried again.
                    if replay(&shared, journal).await.is_err() {
                        sleep(LOOK).await;
                    }
                    continue;
                }
                request = requests.recv() => match request {
                    Some(request) => waiting = Some(request),
                    None => {
                        back.abort();
                        return;
                    }
                },
            }
        }
        let first = match waiting.take() {
            Some(request) => request,
            None => match requests.recv().await {
                Some(request) => request,
                None => return,
            },
        };
        waiting = answer(&shared, journal.as_mut(), first, &mut requests).await;
    }
}

/// Comes back when the database is.
async fn back(shared: Arc<Shared>) {
    while shared.settles.live().await.is_err() {
        sleep(LOOK).await;
    }
}

/// Answers a group that begins with this request; gives a request back that has to wait for the next group.
async fn answer(
    shared: &Shared,
    journal: Option<&mut Journal>,
    first: Request,
    requests: &mut mpsc::UnboundedReceiver<Request>,
) -> Option<Request> {
    let mut group = Group::default();
    group.add(first);
    let mut left = None;
    while group.has_room()
        && let Ok(next) = requests.try_recv()
    {
        if group.repeats(&next) {
            left = Some(next);
            break;
        }
        group.add(next);
    }
    let settled: Vec<Settled> = std::mem::take(&mut group.outcomes)
        .into_iter()
        .map(|outcome| Settled {
            epoch: shared.held.epoch_of_attempt(outcome.id.0, outcome.attempt),
            outcome,
        })
        .collect();
    let result = record(shared, journal, &settled).await;
    if result.is_ok() {
        shared.held.settled(settled.iter().map(|settled| (settled.outcome.id.0, settled.outcome.attempt)));
    }
    for answer in group.answers {
        let _ = answer.send(result.clone()); // whoever asked and left knows where to look
    }
    left
}

#[derive(Default)]
struct Group {
    outcomes: Vec<Outcome>,
    octets: usize,
    answers: Vec<oneshot::Sender<Result<(), LedgerError>>>,
    ids: std::collections::HashSet<i64>,
}

impl Group {
    fn has_room(&self) -> bool {
        self.outcomes.len() < MAX_GROUP && self.octets < MAX_OCTETS
    }

    /// Whether it speaks of somebody of whom this group speaks already: what is said last has to be recorded last.
    fn repeats(&self, request: &Request) -> bool {
        request.outcomes.iter().any(|outcome| self.ids.contains(&outcome.id.0))
    }

    fn add(&mut self, request: Request) {
        for outcome in request.outcomes {
            self.octets += outcome.evidence.conversation.len() + outcome.evidence.reply.len();
            if self.ids.insert(outcome.id.0) {
                self.outcomes.push(outcome);
            } else if let Some(known) = self.outcomes.iter_mut().find(|known| known.id == outcome.id) {
                *known = outcome;
            }
        }
        self.answers.push(request.answer);
    }
}

/// Into the database; into the journal where that is away or does not take it, or something is in the journal already.
async fn record(
    shared: &Shared,
    journal: Option<&mut Journal>,
    settled: &[Settled],
) -> Result<(), LedgerError> {
    let Some(journal) = journal else { return patiently(shared, settled).await };
    if !journal.is_empty() {
        return journal.append(settled);
    }
    match tell(shared, settled).await {
        Ok(()) => Ok(()),
        Err(Fault::Final(error)) => {
            // The run stops, but what is known is not lost: it is told again by the next start.
            journal.append(settled)?;
            Err(error)
        }
        Err(Fault::Away(_) | Fault::Again(_)) => journal.append(settled),
    }
}

/// Without a journal: waits for the database.
async fn patiently(shared: &Shared, settled: &[Settled]) -> Result<(), LedgerError> {
    let end = Instant::now() + shared.options.patience;
    loop {
        match tell(shared, settled).await {
            Ok(()) => return Ok(()),
            Err(Fault::Final(error)) => return Err(error),
            Err(Fault::Away(why) | Fault::Again(why))
                if Instant::now() > end || shared.hurried.load(Ordering::Relaxed) =>
            {
                return Err(away(shared.place.shown(), &why));
            }
            Err(_) => sleep(LOOK).await,
        }
    }
}

/// Tells the database, once, or a few times where it rolls back.
async fn tell(shared: &Shared, settled: &[Settled]) -> Result<(), Fault> {
    let heard = tell_once(shared, &Columns::of(settled.iter()), HELD).await?;
    let unheard = settled.iter().filter(|settled| heard.binary_search(&settled.outcome.id.0).is_err());
    let unheard = Columns::of(unheard);
    if !unheard.id.is_empty() {
        // Somebody has put it in doubt, perhaps while this was asked. Else it changes nothing.
        tell_once(shared, &unheard, SETTLE).await?;
    }
    Ok(())
}

/// Gives the recipients of whom it made a difference, sorted.
async fn tell_once(shared: &Shared, columns: &Columns, sql: &'static str) -> Result<Vec<i64>, Fault> {
    let ask = |live: Arc<Live>| async move {
        let statement = live.statement(sql).await?;
        let c = columns;
        let values: [&(dyn ToSql + Sync); 14] = [
            &shared.campaign,
            &c.id,
            &c.attempt,
            &c.epoch,
            &c.state,
            &c.due,
            &c.begun,
            &c.ended,
            &c.session,
            &c.reply,
            &c.cause,
            &c.conversation,
            &c.sha256,
            &c.size,
        ];
        let rows = live.client.query(&statement, &values).await?;
        let heard: Result<Vec<i64>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        Ok(heard?)
    };
    let mut tries = 0;
    loop {
        match shared.settles.once(&ask).await {
            Err(Fault::Again(_)) if tries < ROLLED_BACK => tries += 1,
            told => {
                return told.map(|mut heard| {
                    heard.sort_unstable();
                    heard
                });
            }
        }
    }
}

/// Tells the database all that is in the journal, then empties it. Gives how many answers that were.
///
/// # Errors
/// Where the database does not take them: they stay in the journal.
pub(super) async fn replay(shared: &Shared, journal: &mut Journal) -> Result<u64, LedgerError> {
    let (mut at, mut count) = (0, 0);
    while let Some((settled, next)) = journal.read(at)? {
        tell(shared, &settled).await.map_err(|fault| fault.into_error(shared.place.shown()))?;
        count += settled.len() as u64;
        at = next;
    }
    journal.clear()?;
    Ok(count)
}

/// Answers by columns, as a statement takes them.
#[derive(Default)]
struct Columns {
    id: Vec<i64>,
    attempt: Vec<i32>,
    epoch: Vec<Option<i64>>,
    state: Vec<i16>,
    due: Vec<Option<i64>>,
    begun: Vec<i64>,
    ended: Vec<i64>,
    session: Vec<Option<i64>>,
    reply: Vec<String>,
    cause: Vec<String>,
    conversation: Vec<String>,
    sha256: Vec<Option<Vec<u8>>>,
    size: Vec<Option<i64>>,
}

impl Columns {
    /// Sorted by recipient, so that two groups wait for each other in one order only.
    fn of<'a>(settled: impl Iterator<Item = &'a Settled>) -> Self {
        let mut sorted: Vec<&Settled> = settled.collect();
        sorted.sort_by_key(|settled| settled.outcome.id);
        let mut columns = Self::default();
        for Settled { outcome, epoch } in sorted {
            let evidence = &outcome.evidence;
            columns.id.push(outcome.id.0);
            columns.attempt.push(i32::try_from(outcome.attempt).unwrap_or(i32::MAX));
            columns.epoch.push(*epoch);
            columns.state.push(i16::from(outcome.state as u8));
            columns.due.push(outcome.due.map(|time| time.0.max(1)));
            columns.begun.push(evidence.begun.0);
            columns.ended.push(evidence.ended.0);
            columns.session.push(evidence.session.map(|session| session.0));
            columns.reply.push(storable(&evidence.reply));
            columns.cause.push(storable(&evidence.cause));
            columns.conversation.push(storable(&evidence.conversation));
            columns.sha256.push(evidence.message.map(|(hash, _)| hash.to_vec()));
            columns.size.push(evidence.message.map(|(_, size)| i64::try_from(size).unwrap_or(i64::MAX)));
        }
        columns
    }
}
