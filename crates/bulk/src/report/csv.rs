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
use crate::writeback::guarded;

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
            out.write_field(&*guarded(&title))?;
        }
        out.write_field(voice.choose("Conversation", "会话记录"))?;
        out.write_record(None::<&[u8]>)?;
        Ok(Self { out, columns: columns.len(), voice })
    }
}

impl Writer for Table {
    fn record(&mut self, record: &Record) -> Result<(), ReportError> {
        for cell in cells(record, self.columns, self.voice) {
            match cell {
                Cell::Text(text) => self.out.write_field(&*guarded(&text))?,
                Cell::Number(number) => self.out.write_field(number.to_string())?,
            }
        }
        let conversation = record.last().map_or("", |last| &last.evidence.conversation);
        self.out.write_field(&*guarded(conversation))?;
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
