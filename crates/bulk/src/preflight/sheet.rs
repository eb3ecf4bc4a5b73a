//! What was found out and repaired while the sheet was read, as findings of preflight.

use super::code::Code;
use super::finding::{Book, Column, Place};
use crate::recipients::{Finding, FindingKind, Findings, Weight};

/// Takes them over.
pub(super) fn findings(book: &mut Book, findings: &Findings) {
    for finding in findings.list() {
        let code = match (&finding.kind, finding.weight()) {
            (FindingKind::FormulaError { .. }, _) => Code::CellError,
            (_, Weight::Note) => Code::SheetGuessed,
            (_, Weight::Warning) => Code::SheetDoubtful,
        };
        book.found(code, place(finding), || finding.said());
    }
    book.more(Code::SheetDoubtful, findings.more());
}

fn place(finding: &Finding) -> Place {
    let Some(place) = &finding.place else { return Place::campaign() };
    let column = place.column.map(|position| Column {
        position: position as usize,
        name: place.name.clone().unwrap_or_else(|| crate::recipients::letters(position)),
    });
    Place::cell(place.row, column)
}
