//! CSV and TSV as rows of cells.

use std::path::Path;

use super::super::error::SheetErrorKind;
use super::super::grid::{Cell, Fault, Grid, RawRow};
use super::charset::{self, Charset};
use super::decode::Pieces;
use super::delimiter::Sample;
use super::records::{Record, Records};

/// How a text file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delimited {
    pub(crate) charset: Charset,
    pub(crate) delimiter: char,
    /// Nobody said so: it was found out.
    pub(crate) guessed: bool,
    /// The first line names the delimiter and is no row.
    pub(crate) said_in_file: bool,
}

impl Delimited {
    /// Finds out what is not said.
    pub(crate) fn find(path: &Path, charset: Option<&str>, delimiter: Option<char>) -> Result<Self, Fault> {
        if let Some(bad) = delimiter.filter(|c| matches!(c, '"' | '\r' | '\n' | '\0')) {
            return Err(Fault::of_file(SheetErrorKind::BadDelimiter(bad)));
        }
        let charset = charset::find(path, charset)?;
        let sample = Sample::read(Pieces::open(path, charset)?)?;
        if sample.is_blank() {
            return Err(Fault::of_file(SheetErrorKind::Empty));
        }
        let said = sample.said();
        let found = delimiter.or(said).or_else(|| sample.best());
        Ok(Self {
            charset,
            delimiter: found.unwrap_or(','),
            guessed: delimiter.or(said).is_none() && found.is_some_and(|found| found != ','),
            said_in_file: said.is_some(),
        })
    }

    /// Reads the rows from the first one.
    pub(crate) fn grid(&self, path: &Path) -> Result<Grid, Fault> {
        let records = Records::new(Pieces::open(path, self.charset)?, self.delimiter);
        Ok(Box::new(Rows { records, record: Record::default(), skip: self.said_in_file, ended: false }))
    }
}

struct Rows {
    records: Records<Pieces>,
    record: Record,
    skip: bool,
    ended: bool,
}

impl Iterator for Rows {
    type Item = Result<RawRow, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.records.next_into(&mut self.record) {
                Ok(true) if std::mem::take(&mut self.skip) => {}
                Ok(true) => return Some(Ok(raw(&self.record))),
                Ok(false) => self.ended = true,
                Err(fault) => {
                    self.ended = fault.kind != SheetErrorKind::AfterQuote;
                    return Some(Err(fault));
                }
            }
        }
        None
    }
}

fn raw(record: &Record) -> RawRow {
    let cells = (0..).zip(record.cells());
    RawRow {
        number: record.line,
        hidden: false,
        width: Some(if record.is_blank() { 0 } else { record.len() }),
        cells: cells.filter_map(|(column, text)| Some((column, Cell::text(as_text(text))?))).collect(),
    }
}

/// `="00123"` is how exports keep Excel from taking a text for a number; it shows `00123`.
fn as_text(cell: &str) -> &str {
    let inner = cell.trim().strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.filter(|inner| !inner.contains('"')).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_written_as_a_formula_is_the_text() {
        for (cell, expected) in [
            ("=\"00123\"", "00123"),
            ("=\"\"", ""),
            ("=1+1", "=1+1"),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("00123", "00123"),
        ] {
            assert_eq!(as_text(cell), expected);
        }
    }
}
