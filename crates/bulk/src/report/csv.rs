//! CSV as Excel opens it: a byte order mark so that it takes UTF-8 for UTF-8, CRLF, quotes doubled. A cell that a
//! program could take for a formula gets an apostrophe before it. The conversation of the last attempt stands in the
//! last column; how connections were opened does not fit into one table, the other formats have it.

use std::fs::File;
use std::io::{BufWriter, Write as _};

use super::record::Record;
use super::table::{Cell, cells, titles};
use super::words::Voice;
use super::{Head, ReportError, Summary, Writer};
use crate::ledger::{Opening, SessionId};

/// What a cell must not begin with: `=`, `+`, `-`, `@`, also in full width, TAB, CR and LF.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The table.
pub(super) struct Table {
    out: ::csv::Writer<BufWriter<File>>,
    columns: usize,
    voice: Voice,
}

impl Table {
    pub(super) fn new(head: &Head<'_>, out: File) -> Result<Self, ReportError> {
        let mut out = BufWriter::with_capacity(256 * 1024, out);
        out.write_all("\u{feff}".as_bytes())?;
        let mut out = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
        let voice = Voice { language: head.options.language, zone: head.options.zone };
        let columns = &head.manifest.columns;
        for title in titles(columns, voice) {
            out.write_field(guarded(title))?;
        }
        out.write_field(voice.choose("Conversation", "会话记录"))?;
        out.write_record(None::<&[u8]>)?;
        Ok(Self { out, columns: columns.len(), voice })
    }
}

impl Writer for Table {
    fn record(&mut self, record: &Record) -> Result<(), ReportError> {
        for cell in cells(record, self.columns, self.voice) {
            self.out.write_field(match cell {
                Cell::Text(text) => guarded(text),
                Cell::Number(number) => number.to_string(),
            })?;
        }
        let conversation = record.last().map(|last| last.evidence.conversation.clone());
        self.out.write_field(guarded(conversation.unwrap_or_default()))?;
        self.out.write_record(None::<&[u8]>)?;
        Ok(())
    }

    fn connection(&mut self, _: SessionId, _: &Opening) -> Result<(), ReportError> {
        Ok(())
    }

    fn end(mut self: Box<Self>, _: &Summary) -> Result<(), ReportError> {
        self.out.flush()?;
        Ok(())
    }
}

/// The text as no program takes it for a formula.
fn guarded(text: String) -> String {
    if text.starts_with(FORMULA) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_formula_gets_an_apostrophe() {
        for (text, written) in [
            ("=cmd|'/c calc'!A1", "'=cmd|'/c calc'!A1"),
            ("+86 138", "'+86 138"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("＝1", "'＝1"),
            ("1=1", "1=1"),
            ("'=1", "'=1"),
            ("", ""),
        ] {
            assert_eq!(guarded(text.to_owned()), written);
        }
    }
}
