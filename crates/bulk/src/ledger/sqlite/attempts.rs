//! What became of each attempt, added at the end of its table: a row is hardly ever changed.
//!
//! The key is the recipient and the attempt in one number, so that the table is in the order in which reports read it,
//! and in which a run writes it but for its connections being ahead of each other.

use std::ops::RangeInclusive;

use rusqlite::{Connection, Row, params};

use super::sum::{SUM, Sum, Table};
use super::trouble::{Trouble, damaged};
use crate::ledger::{Attempt, Evidence, SessionId, State, Time};

/// Attempts of a recipient that the key has room for.
pub const MAX_ATTEMPTS: u16 = u16::MAX;

fn key(id: i64, attempt: u16) -> i64 {
    id << 16 | i64::from(attempt)
}

fn sum(key: i64, state: i64, evidence: &Evidence, size: Option<i64>) -> [u8; SUM] {
    let sum = Sum::of(Table::Attempt)
        .number(key)
        .number(state)
        .number(evidence.begun.0)
        .number(evidence.ended.0)
        .number(evidence.session.map_or(-1, |session| session.0))
        .text(&evidence.reply)
        .text(&evidence.cause)
        .text(&evidence.conversation);
    match (&evidence.message, size) {
        (Some((sha256, _)), Some(size)) => sum.octets(sha256).number(size).end(),
        _ => sum.end(),
    }
}

/// Records an attempt; one that is there already is replaced.
pub(super) fn record(
    connection: &Connection,
    id: i64,
    attempt: u16,
    state: State,
    evidence: &Evidence,
) -> Result<(), Trouble> {
    let sql = "INSERT OR REPLACE INTO \
               attempt(key, state, begun, ended, session, reply, cause, conversation, sha256, size, sum) \
               VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let (key, state) = (key(id, attempt), state as i64);
    let size = evidence.message.map(|(_, size)| i64::try_from(size).unwrap_or(i64::MAX));
    connection.prepare_cached(sql)?.execute(params![
        key,
        state,
        evidence.begun.0,
        evidence.ended.0,
        evidence.session.map(|session| session.0),
        evidence.reply,
        evidence.cause,
        evidence.conversation,
        evidence.message.as_ref().map(|(sha256, _)| &sha256[..]),
        size,
        sum(key, state, evidence, size),
    ])?;
    Ok(())
}

/// How an attempt ended; `None` where it is not recorded.
pub(super) fn state(connection: &Connection, id: i64, attempt: u16) -> Result<Option<State>, Trouble> {
    let found = select(connection, &format!("{SELECT} WHERE key = ?"), [key(id, attempt)])?;
    Ok(found.into_iter().next().map(|(_, attempt)| attempt.state))
}

/// All attempts of these recipients, in order.
pub(super) fn of(connection: &Connection, ids: &RangeInclusive<i64>) -> Result<Vec<(i64, Attempt)>, Trouble> {
    let keys = [key(*ids.start(), 0), key(*ids.end(), MAX_ATTEMPTS)];
    select(connection, &format!("{SELECT} WHERE key BETWEEN ? AND ? ORDER BY key"), keys)
}

const SELECT: &str =
    "SELECT key, state, begun, ended, session, reply, cause, conversation, sha256, size, sum FROM attempt";

fn select<const N: usize>(
    connection: &Connection,
    sql: &str,
    keys: [i64; N],
) -> Result<Vec<(i64, Attempt)>, Trouble> {
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query(rusqlite::params_from_iter(keys))?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(read(row)?);
    }
    Ok(attempts)
}

fn read(row: &Row<'_>) -> Result<(i64, Attempt), Trouble> {
    let key: i64 = row.get(0)?;
    let (id, number) = (key >> 16, (key & 0xffff) as u16);
    let bad = || {
        damaged(
            format!("attempt {number} of recipient {id} is damaged"),
            format!("第 {id} 号收件人第 {number} 次尝试的记录已损坏"),
        )
    };
    let state: i64 = row.get(1)?;
    let size: Option<i64> = row.get(9)?;
    let message = match (row.get::<_, Option<[u8; 32]>>(8)?, size) {
        (Some(sha256), Some(size)) => Some((sha256, u64::try_from(size).map_err(|_| bad())?)),
        (None, None) => None,
        _ => return Err(bad()),
    };
    let evidence = Evidence {
        begun: Time(row.get(2)?),
        ended: Time(row.get(3)?),
        session: row.get::<_, Option<i64>>(4)?.map(SessionId),
        reply: row.get(5)?,
        cause: row.get(6)?,
        conversation: row.get(7)?,
        message,
    };
    if sum(key, state, &evidence, size) != *row.get_ref(10)?.as_blob()? {
        return Err(bad());
    }
    let state = State::from_number(state).ok_or_else(bad)?;
    Ok((id, Attempt { number: u32::from(number), state, evidence }))
}
