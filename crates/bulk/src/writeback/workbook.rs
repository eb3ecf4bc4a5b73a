//! A copy of a workbook's sheet as XLSX: texts in every cell, written row by row.

use std::io::{self, Seek, Write};

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::{Ask, Job, WriteBackError};
use crate::recipients::Place;

/// Characters of a cell.
const MAX_CHARACTERS: usize = 32_767;

pub(super) fn write(
    job: &Job<'_>,
    mut out: impl Write + Seek + Send,
    outcome_of: Ask<'_>,
) -> Result<(), WriteBackError> {
    let failed = |error: XlsxError| job.io(io::Error::other(error));
    let header = job.sheet.header_row();
    let first = u16::try_from(job.width()?).unwrap_or(u16::MAX);
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet_with_constant_memory().map_err(failed)?;
    sheet.set_name(job.title).map_err(failed)?;
    if let Ok(rows) = u32::try_from(header) {
        sheet.set_freeze_panes(rows, 0).map_err(failed)?;
    }
    for row in job.rows()? {
        let row = row?;
        let number = u32::try_from(row.number.saturating_sub(1)).unwrap_or(u32::MAX);
        let mut put = |column: u16, text: &str, plain: bool| {
            if text.chars().count() > MAX_CHARACTERS {
                return Err(WriteBackError::TooLong(Place::cell(row.number, u32::from(column))));
            }
            let put = if plain {
                sheet.write_string(number, column, text)
            } else {
                sheet.write_string_with_format(number, column, text, &bold)
            };
            put.map(|_| ()).map_err(failed)
        };
        let plain = row.number != header;
        for (column, cell) in &row.cells {
            put(u16::try_from(*column).unwrap_or(u16::MAX), cell.shown(), plain)?;
        }
        if row.number == header {
            for (column, name) in (first..).zip(job.columns) {
                put(column, name, plain)?;
            }
        } else if row.number > header && !row.cells.is_empty() {
            let outcome = outcome_of(row.number).map_err(WriteBackError::Outcome)?.unwrap_or_default();
            for (column, cell) in (first..).zip(outcome.cells()) {
                if !cell.is_empty() {
                    put(column, cell, plain)?;
                }
            }
        }
    }
    book.save_to_writer(&mut out).map_err(failed)?;
    out.flush().map_err(|error| job.io(error))
}
