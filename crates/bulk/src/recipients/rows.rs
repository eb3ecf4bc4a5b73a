//! From a sheet's rows of cells to rows with the names' cells: what is empty is skipped, what is merged is filled down,
//! and everything that a person should know of it becomes a finding.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::row::Row;

use super::error::{SheetError, SheetErrorKind};
use super::finding::{Finding, FindingKind, Findings};
use super::grid::{Cell, Fault, Grid, Merged, RawRow, error_value};
use super::header::Header;
use super::place::Place;
use super::text::lines::Lines;

/// The rows below the header, one after another.
///
/// After an error that is not [fatal](SheetError::is_fatal) the next row follows; after a fatal one nothing does.
pub struct Rows {
    file: PathBuf,
    header: Arc<Header>,
    from: Origin,
    findings: Findings,
    ended: bool,
}

enum Origin {
    Grid(Box<Cells>),
    Lines(Lines),
    /// It could not be opened.
    Nothing(Option<Fault>),
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("file", &self.file)
            .field("findings", &self.findings)
            .finish_non_exhaustive()
    }
}

impl Rows {
    pub(super) fn of_grid(
        file: PathBuf,
        header: Arc<Header>,
        merged: Arc<[Merged]>,
        grid: Result<Grid, Fault>,
    ) -> Self {
        let from = match grid {
            Ok(grid) => Origin::Grid(Box::new(Cells::new(grid, merged, &header))),
            Err(fault) => Origin::Nothing(Some(fault)),
        };
        Self { file, header, from, findings: Findings::default(), ended: false }
    }

    pub(super) fn of_lines(file: PathBuf, header: Arc<Header>, lines: Result<Lines, Fault>) -> Self {
        let from = match lines {
            Ok(lines) => Origin::Lines(lines),
            Err(fault) => Origin::Nothing(Some(fault)),
        };
        Self { file, header, from, findings: Findings::default(), ended: false }
    }

    /// What was found in the rows that were read so far.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }
}

impl Iterator for Rows {
    type Item = Result<Row, SheetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = match &mut self.from {
            Origin::Grid(cells) => cells.next(&self.header, &mut self.findings),
            Origin::Lines(lines) => lines.next().map(|next| {
                next.map(|(number, object)| of_object(number, object, &self.header, &mut self.findings))
            }),
            Origin::Nothing(fault) => fault.take().map(Err),
        };
        let next = next.map(|next| {
            next.map_err(|fault| SheetError { file: self.file.clone(), place: fault.place, kind: fault.kind })
        });
        self.ended = next.as_ref().is_none_or(|next| next.as_ref().is_err_and(SheetError::is_fatal));
        next
    }
}

/// A line's values in the order of the columns.
fn of_object(number: u64, mut object: Map<String, Value>, header: &Header, findings: &mut Findings) -> Row {
    let mut cells = Vec::with_capacity(header.columns.names().len());
    for name in header.columns.names() {
        let value = object.remove(name);
        if value.is_none() {
            findings.add(Finding::at(Place::row(number), FindingKind::MissingKey(name.clone())));
        }
        cells.push(value.unwrap_or(Value::Null));
    }
    for key in object.keys() {
        findings.add(Finding::at(Place::row(number), FindingKind::UnknownKey(key.clone())));
    }
    Row { number, cells }
}

/// Cells of a grid under their names.
struct Cells {
    grid: Grid,
    /// Ranges that reach further down than one row or over more than one column, by their first row.
    merged: Arc<[Merged]>,
    next_merged: usize,
    /// Values that are filled down: the column, the last row, the value.
    down: BTreeMap<u32, (u64, Cell)>,
    /// The position among the names of each column.
    position: Vec<Option<usize>>,
    /// Columns without a name that were told of.
    told: HashSet<u32>,
    /// The last row that was read.
    last: u64,
    /// The first of the hidden rows that were read last, and the last.
    hidden: Option<(u64, u64)>,
    /// The empty rows of a text file that were read last.
    empty: Option<(u64, u64)>,
}

impl Cells {
    fn new(grid: Grid, merged: Arc<[Merged]>, header: &Header) -> Self {
        let mut position = vec![None; header.at.iter().max().map_or(0, |last| *last as usize + 1)];
        for (index, column) in header.at.iter().enumerate() {
            position[*column as usize] = Some(index);
        }
        Self {
            grid,
            merged,
            next_merged: 0,
            down: BTreeMap::new(),
            position,
            told: HashSet::new(),
            last: header.row,
            hidden: None,
            empty: None,
        }
    }

    fn next(&mut self, header: &Header, findings: &mut Findings) -> Option<Result<Row, Fault>> {
        loop {
            let Some(next) = self.grid.next() else {
                self.tell_hidden(findings);
                return None;
            };
            let raw = match next {
                Ok(raw) => raw,
                // What stands above the names is nobody's.
                Err(fault) if fault.place.as_ref().is_some_and(|place| place.row <= header.row) => continue,
                Err(fault) => return Some(Err(fault)),
            };
            if raw.number <= header.row {
                continue;
            }
            // Told of when another row follows: those at the end are nobody's.
            if raw.cells.is_empty() {
                self.empty = Some((self.empty.map_or(raw.number, |(first, _)| first), raw.number));
                continue;
            }
            self.tell(&raw, findings);
            self.last = raw.number;
            let text_width = header.width.zip(raw.width);
            if let Some((columns, have)) = text_width {
                let beyond = raw.cells.last().is_some_and(|(column, _)| *column as usize >= columns);
                if beyond {
                    return Some(Err(Fault::in_row(
                        raw.number,
                        SheetErrorKind::TooManyCells { have, columns },
                    )));
                }
                if have < columns {
                    let kind = FindingKind::CellsMissing { have, columns };
                    findings.add(Finding::at(Place::row(raw.number), kind));
                }
            }
            return Some(Ok(self.row(raw, header, findings)));
        }
    }

    /// What is to be said of the rows before this one, and of its being hidden.
    fn tell(&mut self, raw: &RawRow, findings: &mut Findings) {
        // A workbook leaves empty rows out. In a text file a row may take several lines, so a gap says nothing there.
        let empty = self.empty.take();
        let gap = match raw.width {
            None => (raw.number > self.last + 1).then(|| (self.last + 1, raw.number - 1)),
            Some(_) => empty,
        };
        if let Some((first, last)) = gap {
            findings.add(Finding::at(Place::row(first), FindingKind::EmptyRows { last }));
        }
        match self.hidden {
            Some((first, last)) if raw.hidden && last + 1 == raw.number => {
                self.hidden = Some((first, raw.number))
            }
            _ => {
                self.tell_hidden(findings);
                self.hidden = raw.hidden.then_some((raw.number, raw.number));
            }
        }
    }

    fn tell_hidden(&mut self, findings: &mut Findings) {
        if let Some((first, last)) = self.hidden.take() {
            findings.add(Finding::at(Place::row(first), FindingKind::HiddenRows { last }));
        }
    }

    fn row(&mut self, raw: RawRow, header: &Header, findings: &mut Findings) -> Row {
        let number = raw.number;
        let mut cells = vec![Value::String(String::new()); header.columns.names().len()];
        self.begin_merged(&raw, header, findings);
        for (column, (last, cell)) in &self.down {
            if number <= *last
                && let Some(index) = self.index(*column)
            {
                cells[index] = value(cell.clone());
            }
        }
        for (column, cell) in raw.cells {
            let Some(index) = self.index(column) else {
                if self.told.insert(column) {
                    findings.add(Finding::at(Place::cell(number, column), FindingKind::WithoutName));
                }
                continue;
            };
            let kind = match &cell {
                Cell::Text(_) => None,
                Cell::Imprecise(shown) => Some(FindingKind::DigitsLost { shown: shown.clone() }),
                Cell::Error(shown) => Some(FindingKind::FormulaError { shown: shown.clone() }),
            };
            if let Some(kind) = kind {
                let place = Place::cell(number, column).called(&header.columns.names()[index]);
                findings.add(Finding::at(place, kind));
            }
            cells[index] = value(cell);
        }
        Row { number, cells }
    }

    /// Takes up the merged ranges that begin in this row or above it, and lets go of those that ended.
    fn begin_merged(&mut self, raw: &RawRow, header: &Header, findings: &mut Findings) {
        self.down.retain(|_, (last, _)| *last >= raw.number);
        while let Some(range) = self.merged.get(self.next_merged).filter(|range| range.top <= raw.number) {
            self.next_merged += 1;
            if range.top <= header.row || range.top < raw.number {
                continue;
            }
            let Some(cell) = raw.cell(range.left) else { continue };
            let name = self.index(range.left).map(|index| header.columns.names()[index].as_str());
            let mut place = Place::cell(range.top, range.left);
            place.name = name.map(str::to_owned);
            if range.right > range.left {
                findings.add(Finding::at(place.clone(), FindingKind::MergedAcross));
            }
            if range.bottom > range.top {
                self.down.insert(range.left, (range.bottom, cell.clone()));
                findings.add(Finding::at(place, FindingKind::FilledDown { last: range.bottom }));
            }
        }
    }

    fn index(&self, column: u32) -> Option<usize> {
        self.position.get(column as usize).copied().flatten()
    }
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Text(text) | Cell::Imprecise(text) => Value::String(text),
        Cell::Error(shown) => error_value(&shown),
    }
}
