//! When soft bounces are enough: so many, of different letters, on more than one day.

use std::time::Duration;

use rusqlite::Connection;

use super::{Cause, Entry, key, store};
use crate::ledger::Time;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a soft bounce counts.
pub const WINDOW: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long an address stays on the list for soft bounces.
pub const EXPIRY: Duration = Duration::from_secs(180 * 24 * 60 * 60);
/// On how many days (UTC) they have to have come.
pub const DAYS: usize = 2;

/// How many soft bounces suppress an address; 0 never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How many.
    pub soft: u32,
}

impl Default for Rule {
    fn default() -> Self {
        Self { soft: 3 }
    }
}

/// Counts a soft bounce, and lists the address where that is enough. Two reports of one letter count once: `seen` stands for
/// the letter where the report does not name it.
pub(super) fn count(
    connection: &Connection,
    entry: &Entry,
    seen: &[u8; 32],
    rule: Rule,
) -> rusqlite::Result<Option<Entry>> {
    let key = key(&entry.address);
    let letter = match entry.message_id.is_empty() {
        false => entry.message_id.clone(),
        true => seen.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let since = Time(entry.at.0.saturating_sub(i64::try_from(WINDOW.as_millis()).unwrap_or(i64::MAX)));
    let times = store::count(connection, &key, &letter, entry.at, since)?;
    let day = i64::try_from(DAY.as_millis()).unwrap_or(i64::MAX);
    let mut days: Vec<i64> = times.iter().map(|time| time.0.div_euclid(day)).collect();
    days.dedup();
    let enough = rule.soft > 0 && times.len() >= rule.soft as usize && days.len() >= DAYS;
    if !enough || !matches!(entry.cause, Cause::Bounce(_)) {
        return Ok(None);
    }
    let listed = Entry { until: Some(entry.at.after(EXPIRY)), ..entry.clone() };
    Ok(store::add(connection, &listed)?.then_some(listed))
}
