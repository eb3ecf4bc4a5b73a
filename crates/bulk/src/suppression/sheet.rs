//! The list as a CSV file: written for people and their spreadsheets, read back without loss.

use std::io::{Read, Write};

use chrono::{DateTime, SecondsFormat, Utc};

use super::error::{Fault, MAX_FAULTS, SuppressionError};
use super::{Cause, Entry, Suppressions, key, store};
use crate::ledger::Time;

/// Octets of one cell of a file to be imported.
pub const MAX_CELL: usize = 16 << 10;

/// The columns, in the order in which they are written. Only the first has to be there when a file is read.
const COLUMNS: [&str; 7] = ["address", "reason", "since", "until", "campaign", "message_id", "evidence"];

/// Entries that are written at a time.
const PAGE: usize = 1_000;

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that were read.
    pub rows: u64,
    /// Entries that are new, or replace one that counted less.
    pub added: u64,
}

impl Suppressions {
    /// Writes the whole list as CSV (RFC 4180, UTF-8), oldest keys first, a page at a time. Cells that a spreadsheet would
    /// calculate begin with an apostrophe. Gives how many entries.
    ///
    /// # Errors
    /// The list cannot be read, or `out` not written.
    pub fn export(&self, out: impl Write) -> Result<u64, SuppressionError> {
        let failed = |error: csv::Error| SuppressionError::Csv { cause: error.to_string() };
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(COLUMNS).map_err(failed)?;
        let mut count = 0;
        let mut after = String::new();
        loop {
            let page = self.page(&after, PAGE)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.address);
            count += page.len() as u64;
            for entry in &page {
                let until = entry.until.map(written).unwrap_or_default();
                let cells = [
                    &entry.address,
                    &entry.cause.name(),
                    &written(entry.at),
                    &until,
                    &entry.campaign,
                    &entry.message_id,
                    &entry.evidence,
                ];
                writer.write_record(cells.map(|cell| guarded(cell))).map_err(failed)?;
            }
        }
        writer.flush().map_err(|error| SuppressionError::Csv { cause: error.to_string() })?;
        Ok(count)
    }

    /// Reads a CSV file with a first line of column names, of which `address` must be one; `reason`, `since`, `until`, `campaign`,
    /// `message_id` and `evidence` are taken where they are there, other columns are left alone. A file with addresses and
    /// nothing else needs no first line. All rows are taken, or none.
    ///
    /// # Errors
    /// Rows that cannot be taken are told by their lines; the file is no CSV; the list cannot be written.
    pub fn import(&self, input: impl Read, now: Time) -> Result<Imported, SuppressionError> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
        let mut imported = Imported::default();
        let mut faults = Faults::default();
        let mut places = None;
        let mut record = csv::StringRecord::new();
        let mut connection = self.lock();
        let failed = |error| self.failed(error);
        // Dropped without a commit, it undoes everything: nothing is half imported.
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
        while reader
            .read_record(&mut record)
            .map_err(|error| SuppressionError::Csv { cause: error.to_string() })?
        {
            let is_first = places.is_none();
            let places = places.get_or_insert_with(|| Places::of(&record));
            if (is_first && places.is_header) || record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            imported.rows += 1;
            match places.entry(&record, now) {
                Ok(entry) if faults.count == 0 => {
                    imported.added += u64::from(store::add(&transaction, &entry).map_err(failed)?);
                }
                Ok(_) => {}
                Err((what, text)) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    faults.add(Fault { line, what, text });
                }
            }
        }
        if faults.count > 0 {
            return Err(SuppressionError::Import { faults: faults.first, count: faults.count });
        }
        transaction.commit().map_err(failed)?;
        Ok(imported)
    }
}

#[derive(Default)]
struct Faults {
    first: Vec<Fault>,
    count: u64,
}

impl Faults {
    fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.first.len() < MAX_FAULTS {
            self.first.push(fault);
        }
    }
}

/// Where the columns stand.
#[derive(Default)]
struct Places {
    at: [Option<usize>; COLUMNS.len()],
    is_header: bool,
}

impl Places {
    /// From the first record: the names in it, or a single column of addresses.
    fn of(record: &csv::StringRecord) -> Self {
        let names: Vec<String> = record
            .iter()
            .map(|cell| cell.trim().trim_start_matches('\u{feff}').to_lowercase().replace([' ', '-'], "_"))
            .collect();
        let mut at = COLUMNS.map(|column| names.iter().position(|name| name == column));
        let is_header = at[0].is_some() || !names.iter().any(|name| name.contains('@'));
        if !is_header {
            at = [None; COLUMNS.len()];
            at[0] = names.iter().position(|name| name.contains('@'));
        }
        Self { at, is_header }
    }

    fn entry(&self, record: &csv::StringRecord, now: Time) -> Result<Entry, (&'static str, String)> {
        let cell = |column: usize| {
            let text = self.at[column].and_then(|at| record.get(at)).unwrap_or_default();
            unguarded(text.trim().trim_start_matches('\u{feff}')).to_owned()
        };
        let shown = |text: &str| text.chars().take(80).collect::<String>();
        if record.iter().any(|cell| cell.len() > MAX_CELL) {
            return Err(("a cell is longer than is taken", shown(record.get(0).unwrap_or_default())));
        }
        if self.at[0].is_none() {
            return Err(("there is no column called address", shown(record.get(0).unwrap_or_default())));
        }
        let address = cell(0);
        key::check(&address).map_err(|_| ("no address", shown(&address)))?;
        let reason = cell(1);
        let cause = match reason.as_str() {
            "" => Cause::Manual,
            name => Cause::named(name).ok_or(("a reason that is not known", shown(name)))?,
        };
        let time = |column| match cell(column).as_str() {
            "" => Ok(None),
            text => read_time(text).map(Some).ok_or(("no date", shown(text))),
        };
        let line = |column| cell(column).split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Entry {
            address,
            cause,
            at: time(2)?.unwrap_or(now),
            until: time(3)?,
            campaign: line(4),
            message_id: line(5),
            evidence: line(6),
        })
    }
}

fn written(time: Time) -> String {
    DateTime::<Utc>::from_timestamp_millis(time.0)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true))
        .unwrap_or_default()
}

/// `2026-11-20T09:00:00Z`, with any offset, or a date alone.
fn read_time(text: &str) -> Option<Time> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(Time(time.timestamp_millis()));
    }
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(Time(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis()))
}

/// Whether a spreadsheet would calculate it, apostrophes before it aside.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r', '\n'])
}

fn guarded(cell: &str) -> String {
    if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(bare) if is_formula(bare) => bare,
        _ => cell,
    }
}
