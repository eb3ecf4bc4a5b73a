//! A copy of a CSV or TSV.

use std::io::Write;

use super::encode::Encoded;
use super::{Ask, Job, WriteBackError, guarded};
use crate::recipients::grid::RawRow;
use crate::recipients::text::delimited::Delimited;

pub(super) fn write(
    job: &Job<'_>,
    found: &Delimited,
    out: impl Write,
    outcome_of: Ask<'_>,
) -> Result<(), WriteBackError> {
    let mut out = Encoded::new(out, found.charset).map_err(|error| job.io(error))?;
    let mut line = String::new();
    if found.said_in_file {
        line = format!("sep={}\r\n", found.delimiter);
        out.write(&line).map_err(|error| job.io(error))?;
    }
    let header = job.sheet.header_row();
    let width = job.width()?;
    for row in job.rows()? {
        let row = row?;
        line.clear();
        cells(&mut line, &row, width, found.delimiter);
        if row.number == header {
            for name in job.columns {
                line.push(found.delimiter);
                put(&mut line, name, found.delimiter);
            }
        } else if row.number > header && !row.cells.is_empty() {
            let outcome = outcome_of(row.number).map_err(WriteBackError::Outcome)?.unwrap_or_default();
            for cell in outcome.cells() {
                line.push(found.delimiter);
                put(&mut line, cell, found.delimiter);
            }
        }
        line.push_str("\r\n");
        out.write(&line).map_err(|error| job.io(error))?;
    }
    out.flush().map_err(|error| job.io(error))
}

/// The row's own cells, as many as the widest row has.
fn cells(line: &mut String, row: &RawRow, width: u32, delimiter: char) {
    let mut own = row.cells.iter().peekable();
    for column in 0..width {
        if column > 0 {
            line.push(delimiter);
        }
        if let Some((_, cell)) = own.next_if(|(at, _)| *at == column) {
            put(line, cell.shown(), delimiter);
        }
    }
}

/// A cell, in quotation marks where it needs them (RFC 4180 §2).
fn put(line: &mut String, cell: &str, delimiter: char) {
    let cell = guarded(cell);
    if cell.contains(['"', '\r', '\n', delimiter]) {
        line.push('"');
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(&cell);
    }
}
