//! Reading beside the writer: its own connections, each reading one state of the file from beginning to end.

use std::ops::RangeInclusive;

use rusqlite::Connection;

use super::books::each_chunk;
use super::requests::session_sum;
use super::standing::{Chunk, Standing};
use super::trouble::{Trouble, damaged};
use super::{attempts, loaded, meta};
use crate::ledger::{Entry, Filter, FrozenFile, Opening, RecipientId, SessionId, State, Tally, Time};

/// How many recipients are in each state.
pub(super) fn tally(connection: &Connection, recipients: i64) -> Result<Tally, Trouble> {
    let mut tally = Tally::default();
    each_chunk(connection, recipients, 0, |chunk| {
        chunk.iter().for_each(|(_, standing)| tally.add(standing.state, 1));
        Ok(true)
    })?;
    Ok(tally)
}

/// Up to `limit` entries behind `after`.
pub(super) fn page(
    connection: &Connection,
    recipients: i64,
    after: RecipientId,
    limit: usize,
    filter: Filter,
) -> Result<Vec<Entry>, Trouble> {
    let mut wanted = after.0.max(0).saturating_add(1)..=recipients;
    if let Some(row) = filter.row {
        let Some(ids) = loaded::ids_of_row(connection, row, recipients)? else { return Ok(Vec::new()) };
        wanted = *wanted.start().max(ids.start())..=*wanted.end().min(ids.end());
    }
    let standings = standings(connection, recipients, &wanted, limit, filter.state)?;
    let mut entries = Vec::with_capacity(standings.len());
    for run in standings.chunk_by(|(id, _), (next, _)| id + 1 == *next) {
        if let (Some((first, _)), Some((last, _))) = (run.first(), run.last()) {
            read_run(connection, *first..=*last, run, &mut entries)?;
        }
    }
    Ok(entries)
}

/// Who of those wanted is in this state, up to so many.
fn standings(
    connection: &Connection,
    recipients: i64,
    wanted: &RangeInclusive<i64>,
    limit: usize,
    state: Option<State>,
) -> Result<Vec<(i64, Standing)>, Trouble> {
    let mut found = Vec::new();
    if wanted.is_empty() || limit == 0 {
        return Ok(found);
    }
    let (from, _) = Chunk::place(*wanted.start());
    each_chunk(connection, recipients, from, |chunk| {
        let is_wanted = |(id, standing): &(i64, Standing)| {
            wanted.contains(id) && state.is_none_or(|state| state == standing.state)
        };
        let room = limit - found.len();
        found.extend(chunk.iter().filter(is_wanted).take(room));
        let next = chunk.first().saturating_add(chunk.len() as i64);
        Ok(found.len() < limit && next <= *wanted.end())
    })?;
    Ok(found)
}

/// The entries of recipients whose ids follow each other.
fn read_run(
    connection: &Connection,
    ids: RangeInclusive<i64>,
    standings: &[(i64, Standing)],
    entries: &mut Vec<Entry>,
) -> Result<(), Trouble> {
    let mut recipients = Vec::with_capacity(standings.len());
    loaded::recipients(connection, ids.clone(), &mut recipients)?;
    let mut attempts = attempts::of(connection, &ids)?.into_iter().peekable();
    for (loaded, (id, standing)) in recipients.into_iter().zip(standings) {
        let (row, files) = match entries.last() {
            Some(last) if i64::try_from(last.row.number) == Ok(loaded.row) => {
                (last.row.clone(), last.files.clone())
            }
            _ => loaded::letter(connection, loaded.row)?,
        };
        let mut of_this = Vec::new();
        while let Some((_, attempt)) = attempts.next_if(|(of, _)| of == id) {
            of_this.push(attempt);
        }
        let recorded = standing.attempt.saturating_sub(u16::from(standing.state == State::InData));
        if !(1..=u32::from(recorded)).eq(of_this.iter().map(|attempt| attempt.number)) {
            return Err(damaged(
                format!("an attempt of recipient {id} is missing"),
                format!("缺少第 {id} 号收件人的一条尝试记录"),
            ));
        }
        let waits = matches!(standing.state, State::Pending | State::Deferred);
        entries.push(Entry {
            id: loaded.id,
            address: loaded.address,
            role: loaded.role,
            row,
            files,
            state: standing.state,
            due: standing.time.filter(|_| waits),
            attempts: of_this,
        });
    }
    match attempts.next() {
        None => Ok(()),
        Some((id, _)) => Err(damaged(
            format!("recipient {id} has an attempt too many"),
            format!("第 {id} 号收件人多出一条尝试记录"),
        )),
    }
}

/// A row's own file as it was frozen; that there is none is made sure of.
pub(super) fn frozen(connection: &Connection, path: &str) -> Result<Option<FrozenFile>, Trouble> {
    let found = loaded::file(connection, path)?;
    if found.is_none() {
        loaded::all_files_are_there(connection)?;
    }
    Ok(found)
}

/// How a connection was opened.
pub(super) fn opening(connection: &Connection, id: SessionId) -> Result<Option<Opening>, Trouble> {
    if !(1..=meta::count(connection, meta::SESSIONS)?).contains(&id.0) {
        return Ok(None);
    }
    let bad =
        || damaged(format!("connection {} is damaged", id.0), format!("第 {} 个连接的记录已损坏", id.0));
    let sql = "SELECT opened, account, transcript, sum FROM session WHERE id = ?";
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([id.0])?;
    let row = rows.next()?.ok_or_else(bad)?;
    let opening = Opening { opened: Time(row.get(0)?), account: row.get(1)?, transcript: row.get(2)? };
    if *row.get_ref(3)?.as_blob()? != session_sum(id.0, opening.opened, &opening.account, &opening.transcript)
    {
        return Err(bad());
    }
    Ok(Some(opening))
}
