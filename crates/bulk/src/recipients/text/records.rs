//! Rows of CSV (RFC 4180): cells between delimiters, quotation marks around those that hold a delimiter, a line break or
//! a quotation mark, which is doubled then.
//!
//! A quotation mark counts only at the beginning of a cell, as Excel has it: `5" pipe` is text. What follows the closing
//! one is an error, because the columns behind it would be somebody else's.

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::super::limits::{Limit, MAX_CELL, MAX_COLUMNS, MAX_RECORD};
use super::charset::LineCount;
use super::decode::Pieces;

/// A row: all its cells in one text.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The line on which it begins.
    pub(crate) line: u64,
    text: String,
    ends: Vec<usize>,
}

impl Record {
    fn clear(&mut self, line: u64) {
        self.line = line;
        self.text.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }

    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The cells in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    /// A line without anything on it.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.is_empty() && self.ends.len() <= 1
    }
}

/// Where pieces of text come from.
pub(crate) trait Source {
    /// Appends the next piece to `text`; false where there is none.
    fn next_into(&mut self, text: &mut String) -> Result<bool, Fault>;
}

impl Source for Pieces {
    fn next_into(&mut self, text: &mut String) -> Result<bool, Fault> {
        Pieces::next_into(self, text)
    }
}

/// The rows of a text, one after another.
pub(crate) struct Records<S> {
    source: S,
    delimiter: char,
    buffer: String,
    at: usize,
    lines: LineCount,
}

impl<S: Source> Records<S> {
    /// Rows with cells between `delimiter`s.
    pub(crate) fn new(source: S, delimiter: char) -> Self {
        Self { source, delimiter, buffer: String::new(), at: 0, lines: LineCount::default() }
    }

    /// Reads the next row; false after the last one. After [`SheetErrorKind::AfterQuote`] the next line follows.
    pub(crate) fn next_into(&mut self, record: &mut Record) -> Result<bool, Fault> {
        record.clear(self.lines.line());
        if self.rest()?.is_empty() {
            return Ok(false);
        }
        loop {
            let from = record.text.len();
            let ended = self.cell(record)?;
            if record.text.len() - from > MAX_CELL {
                return Err(Fault::in_row(record.line, SheetErrorKind::TooLarge(Limit::Cell)));
            }
            record.end_cell();
            if record.text.len() > MAX_RECORD {
                return Err(Fault::in_row(record.line, SheetErrorKind::TooLarge(Limit::Record)));
            }
            if record.len() > MAX_COLUMNS as usize {
                return Err(Fault::in_row(record.line, SheetErrorKind::TooLarge(Limit::Columns)));
            }
            if ended {
                return Ok(true);
            }
        }
    }

    /// Reads a cell with what ends it; true where the row ends with it.
    fn cell(&mut self, record: &mut Record) -> Result<bool, Fault> {
        if self.rest()?.starts_with('"') {
            self.advance(1);
            self.quoted(record)?;
            return self.end_after_quote(record);
        }
        loop {
            let from = record.text.len();
            let delimiter = self.delimiter;
            let rest = self.rest()?;
            match rest.find([delimiter, '\r', '\n']) {
                Some(end) => {
                    record.text.push_str(&rest[..end]);
                    self.advance(end);
                    return self.end();
                }
                None if rest.is_empty() => return Ok(true),
                None => {
                    record.text.push_str(rest);
                    let all = rest.len();
                    self.advance(all);
                }
            }
            self.bound(record, from)?;
        }
    }

    /// What stands between quotation marks.
    fn quoted(&mut self, record: &mut Record) -> Result<(), Fault> {
        let start = record.text.len();
        loop {
            let rest = self.rest()?;
            if rest.is_empty() {
                return Err(Fault::in_row(record.line, SheetErrorKind::OpenQuote));
            }
            let end = rest.find('"');
            let taken = end.unwrap_or(rest.len());
            record.text.push_str(&rest[..taken]);
            self.advance(taken);
            self.bound(record, start)?;
            if end.is_some() {
                self.advance(1);
                if !self.rest()?.starts_with('"') {
                    return Ok(());
                }
                record.text.push('"');
                self.advance(1);
            }
        }
    }

    /// Takes the delimiter or the line's end behind a closing quotation mark; blanks may stand before it.
    fn end_after_quote(&mut self, record: &mut Record) -> Result<bool, Fault> {
        loop {
            let delimiter = self.delimiter;
            let Some(next) = self.rest()?.chars().next() else { return Ok(true) };
            if next == delimiter || matches!(next, '\r' | '\n') {
                return self.end();
            }
            if next != ' ' {
                self.skip_line()?;
                return Err(Fault::in_row(record.line, SheetErrorKind::AfterQuote));
            }
            self.advance(1);
        }
    }

    /// Takes a delimiter or a line's end; true for the latter.
    fn end(&mut self) -> Result<bool, Fault> {
        let next = self.rest()?.chars().next();
        self.advance(next.map_or(0, char::len_utf8));
        if next == Some('\r') && self.rest()?.starts_with('\n') {
            self.advance(1);
        }
        Ok(next != Some(self.delimiter))
    }

    fn skip_line(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest()?;
            if rest.is_empty() {
                return Ok(());
            }
            match rest.find(['\r', '\n']) {
                Some(end) => {
                    self.advance(end);
                    return self.end().map(|_| ());
                }
                None => {
                    let all = rest.len();
                    self.advance(all);
                }
            }
        }
    }

    fn bound(&self, record: &Record, start: usize) -> Result<(), Fault> {
        if record.text.len() - start > MAX_CELL {
            return Err(Fault::in_row(record.line, SheetErrorKind::TooLarge(Limit::Cell)));
        }
        Ok(())
    }

    /// What is still to be read of the piece at hand, or the next piece; empty at the end.
    fn rest(&mut self) -> Result<&str, Fault> {
        while self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            if !self.source.next_into(&mut self.buffer)? {
                break;
            }
        }
        Ok(&self.buffer[self.at..])
    }

    fn advance(&mut self, octets: usize) {
        self.lines.pass(&self.buffer.as_bytes()[self.at..self.at + octets]);
        self.at += octets;
    }
}
