//! What preflight finds: a code that stays the same, how bad it is, where it stands and what to do next.
//!
//! A mistake in a template or in a column is there in every row. So each code is counted, and the first [`KEPT`] of it
//! are kept with their places: memory does not grow with the sheet, and a person reads what a person can read.

use std::collections::BTreeMap;
use std::fmt;

use hongyan_proto::said::Said;
use serde::{Serialize, Serializer};

use super::code::Code;

/// How many findings of each code are kept with their places; further ones are counted.
pub const KEPT: usize = 100;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No mail is sent.
    Error,
    /// Somebody should look.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// `error`, `warning`, `note`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A column of the sheet, by its name; in order as the sheet has them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// From 0.
    pub position: usize,
    /// As the header has it.
    pub name: String,
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

/// Where it stands. What concerns the campaign as a whole has no row; a line is one of a template.
///
/// Places are ordered as they are read: the campaign, then row by row, in a row column by column.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The row, as a person counts in the sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// The column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<Column>,
    /// A file: its path inside the campaign's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in this file, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

impl Place {
    /// The campaign as a whole.
    pub fn campaign() -> Self {
        Self::default()
    }

    /// A row, whichever column.
    pub fn row(row: u64) -> Self {
        Self { row: Some(row), ..Self::default() }
    }

    /// A row and, where it is known, a column.
    pub fn cell(row: u64, column: Option<Column>) -> Self {
        Self { row: Some(row), column, ..Self::default() }
    }

    /// A file.
    pub fn file(path: impl Into<String>) -> Self {
        Self { file: Some(path.into()), ..Self::default() }
    }

    /// The same place, in this file.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>) -> Self {
        self.file = Some(path.into());
        self
    }
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// How bad it is here: the code's own severity, unless somebody accepted it.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What is wrong, naming the thing.
    pub what: Said,
    /// What to do about it.
    pub next: Said,
}

/// What has been found so far.
#[derive(Debug, Default)]
pub(super) struct Book {
    accepted: Vec<Code>,
    kept: BTreeMap<Code, Vec<Finding>>,
    counts: BTreeMap<Code, u64>,
}

impl Book {
    /// An empty one; the codes that a person accepts are no errors.
    pub(super) fn new(accepted: &[Code]) -> Self {
        Self { accepted: accepted.to_vec(), ..Self::default() }
    }

    /// Notes a finding with its code's own advice. The words are only made where they are kept.
    pub(super) fn found(&mut self, code: Code, place: Place, what: impl FnOnce() -> Said) {
        self.advised(code, place, || (what(), code.next()));
    }

    /// Notes a finding with an advice of its own.
    pub(super) fn advised(&mut self, code: Code, place: Place, words: impl FnOnce() -> (Said, Said)) {
        *self.counts.entry(code).or_default() += 1;
        let kept = self.kept.entry(code).or_default();
        if kept.len() < KEPT {
            let (what, next) = words();
            let accepted = code.acceptable() && self.accepted.contains(&code);
            let severity = if accepted { Severity::Warning.max(code.severity()) } else { code.severity() };
            kept.push(Finding { code, severity, place, what, next });
        }
    }

    /// Counts further ones of a code that was found, of which nothing more is known.
    pub(super) fn more(&mut self, code: Code, number: u64) {
        if let Some(count) = self.counts.get_mut(&code) {
            *count += number;
        }
    }

    /// How many there are of a code.
    pub(super) fn count(&self, code: Code) -> u64 {
        self.counts.get(&code).copied().unwrap_or(0)
    }

    /// All that was kept, in the order of the places, and how many there were of each code.
    pub(super) fn close(self) -> (Vec<Finding>, BTreeMap<Code, u64>) {
        let mut findings: Vec<Finding> = self.kept.into_values().flatten().collect();
        findings.sort_by(|a, b| (&a.place, a.severity, a.code).cmp(&(&b.place, b.severity, b.code)));
        (findings, self.counts)
    }
}

#[cfg(test)]
mod tests {
    use hongyan_proto::said::said;

    use super::*;

    fn column(position: usize, name: &str) -> Option<Column> {
        Some(Column { position, name: name.into() })
    }

    #[test]
    fn findings_come_by_row_then_column_and_those_of_the_campaign_first() {
        let mut book = Book::new(&[]);
        let words = || said("x", "x");
        book.found(Code::AddressInvalid, Place::cell(7, column(2, "b")), words);
        book.found(Code::AddressMissing, Place::cell(7, column(1, "z")), words);
        book.found(Code::AddressMissing, Place::cell(3, column(9, "a")), words);
        book.found(Code::FileUnused, Place::file("files/x.pdf"), words);
        let (findings, _) = book.close();
        let places: Vec<_> = findings
            .iter()
            .map(|f| (f.place.row.unwrap_or(0), f.place.column.as_ref().map_or("", |c| &c.name)))
            .collect();
        assert_eq!(places, [(0, ""), (3, "a"), (7, "z"), (7, "b")]);
    }

    #[test]
    fn the_first_hundred_of_a_code_are_kept_and_all_are_counted() {
        let mut book = Book::new(&[]);
        let mut made = 0;
        for row in 2..=1_000_001 {
            book.found(Code::AddressMissing, Place::row(row), || {
                made += 1;
                said("none", "无")
            });
        }
        book.found(Code::FileMissing, Place::row(1_000_001), || said("none", "无"));
        let (findings, counts) = book.close();
        assert_eq!((findings.len(), made), (KEPT + 1, KEPT));
        assert_eq!(counts[&Code::AddressMissing], 1_000_000);
        assert_eq!(findings[KEPT - 1].place.row, Some(KEPT as u64 + 1));
    }

    #[test]
    fn what_is_a_matter_of_judgement_can_be_accepted_and_nothing_else() {
        let severity = |code| {
            let mut book = Book::new(&[Code::AddressDoubled, Code::AddressMissing, Code::FileUnused]);
            book.found(code, Place::campaign(), || said("x", "x"));
            book.close().0[0].severity
        };
        assert_eq!(severity(Code::AddressDoubled), Severity::Warning);
        assert_eq!(severity(Code::AddressMissing), Severity::Error);
        assert_eq!(severity(Code::FileUnused), Severity::Note, "a note stays one");
    }
}
