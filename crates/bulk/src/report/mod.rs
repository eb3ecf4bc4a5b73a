//! The report of a campaign: what became of each recipient, and how that is known.
//!
//! One pass over the ledger's pages, each recipient handed to a writer as it comes, so that a million of them need no
//! more memory than a thousand. A campaign may be running meanwhile: each recipient is as it was when its page was
//! read, and the counts are those of the recipients in the report.
//!
//! - [`Record`]: a recipient with everything that is looked up for it; `table` says which columns that makes.
//! - One file for each format: `csv`, `html`, `json`, `xlsx`.
//! - [`Status`]: how a campaign stands, in short. [`failure`]: why somebody got nothing, so that advice can be given.

mod csv;
mod error;
mod guarded;
mod html;
mod json;
mod page;
mod reading;
mod record;
mod seen;
mod status;
mod summary;
mod table;
mod why;
mod words;
mod xlsx;

use std::fs::File;
use std::path::Path;

use chrono::FixedOffset;

pub use error::ReportError;
pub use page::{Entries, PAGE};
pub use record::{Attached, Record};
pub use status::{LOOKED_AT, Rate, SHOWN, Status};
pub use summary::Summary;
pub use why::failure;
pub use words::{Language, role_word, state_word};
pub use xlsx::{CELL, ROWS};

use crate::ledger::{Entry, Ledger, Manifest, Opening, SessionId, Time};

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A workbook: summary, recipients, evidence, connections.
    Xlsx,
    /// One table, as Excel opens it: UTF-8 with a byte order mark, CRLF.
    Csv,
    /// One page that needs nothing else.
    Html,
    /// One object.
    Json,
    /// An object a line.
    Jsonl,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Xlsx, Self::Csv, Self::Html, Self::Json, Self::Jsonl];

    /// `xlsx`, `csv` …: as a file of this format ends.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
        }
    }

    /// The format of this name, or of a file whose name ends so.
    pub fn of(name: &str) -> Option<Self> {
        let end = name.rsplit_once('.').map_or(name, |(_, end)| end);
        Self::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(end))
    }
}

/// How a report is written.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The language of titles and outcomes; JSON has its own names.
    pub language: Language,
    /// The zone that times are written in; the system's where this says nothing.
    pub zone: Option<FixedOffset>,
    /// When the report is made.
    pub now: Time,
    /// The Message-ID of a recipient's letter, with its brackets, given the account of the last attempt; `None` where
    /// it cannot be known.
    pub message_id: &'a (dyn Fn(&Entry, Option<&str>) -> Option<String> + Sync),
    /// Told of how many recipients have been written, now and then.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// The folder for what does not fit into memory while the report is made.
    pub temporary: &'a Path,
}

/// What a writer is told of before the first recipient.
struct Head<'a> {
    manifest: &'a Manifest,
    options: &'a Options<'a>,
}

/// Writes one format.
trait Writer {
    /// A recipient, in the order of the sheet.
    fn record(&mut self, record: &Record) -> Result<(), ReportError>;
    /// A connection that one of the recipients named, after all of them.
    fn connection(&mut self, id: SessionId, opening: &Opening) -> Result<(), ReportError>;
    /// The end; everything is handed to the system then.
    fn end(self: Box<Self>, summary: &Summary) -> Result<(), ReportError>;
}

/// Writes the report of everybody to `out`, an empty file. What it leaves there after an error is nothing whole.
///
/// # Errors
/// [`ReportError`]: the ledger cannot be read, the file not be written.
pub async fn write(
    ledger: &impl Ledger,
    format: Format,
    options: &Options<'_>,
    out: File,
) -> Result<Summary, ReportError> {
    let manifest = ledger.manifest();
    let head = Head { manifest, options };
    let mut writer: Box<dyn Writer + '_> = match format {
        Format::Xlsx => Box::new(xlsx::Workbook::new(&head, out)?),
        Format::Csv => Box::new(csv::Table::new(&head, out)?),
        Format::Html => Box::new(html::Page::new(&head, out)?),
        Format::Json => Box::new(json::Object::new(&head, out)?),
        Format::Jsonl => Box::new(json::Lines::new(&head, out)?),
    };
    let mut summary = Summary::default();
    let mut reader = reading::Reader::new(ledger, options);
    while let Some(record) = reader.next().await? {
        summary.count(&record.entry);
        writer.record(&record)?;
        let written = summary.tally.total();
        if written.is_multiple_of(PAGE as u64) {
            (options.progress)(written);
        }
    }
    let mut connections = reader.connections();
    while let Some(id) = connections.pop() {
        if let Some(opening) = ledger.opening(id).await? {
            summary.connections += 1;
            writer.connection(id, &opening)?;
        }
    }
    writer.end(&summary)?;
    Ok(summary)
}
