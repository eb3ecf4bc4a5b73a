//! The cells of a table, row by row; rows and cells that stand for several equal ones are repeated.

use std::collections::VecDeque;

use quick_xml::events::{BytesStart, Event};

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::{Cell, Fault, Merged, RawRow};
use super::super::super::limits::{Limit, MAX_CELL, MAX_COLUMNS, MAX_REPEATED, MAX_ROWS};
use super::super::super::shown::is_imprecise;
use super::super::archive::Part;
use super::super::damaged;
use super::super::xml::{Xml, attribute, fault, reader, text};

/// The rows of a table that is being read.
pub(super) struct Cells {
    xml: Xml,
    buffer: Vec<u8>,
    /// Tables that precede it.
    skip: usize,
    /// Between the table's beginning and its end.
    inside: bool,
    ended: bool,
    /// The last row's number.
    row: u64,
    /// Cells that were repeated so far.
    repeated: u64,
    /// The row that is repeated, and how often still.
    again: Option<(RawRow, u64)>,
    /// Merged ranges that were met since they were last taken.
    merged: VecDeque<Merged>,
}

impl Cells {
    /// The rows of one of the tables of a document.
    pub(super) fn new(part: Part, table: usize) -> Self {
        Self::of(reader(part), table, false)
    }

    /// The rows of the table whose beginning was just read.
    pub(super) fn within(xml: Xml) -> Self {
        Self::of(xml, 0, true)
    }

    fn of(xml: Xml, skip: usize, inside: bool) -> Self {
        Self {
            xml,
            buffer: Vec::new(),
            skip,
            inside,
            ended: false,
            row: 0,
            repeated: 0,
            again: None,
            merged: VecDeque::new(),
        }
    }

    /// The document behind the table.
    pub(super) fn into_xml(self) -> Xml {
        self.xml
    }

    /// Takes the merged ranges that were met.
    pub(super) fn take_merged(&mut self) -> impl Iterator<Item = Merged> + '_ {
        self.merged.drain(..)
    }

    /// The next row with content, or `None` behind the last one.
    pub(super) fn next_row(&mut self) -> Result<Option<RawRow>, Fault> {
        if let Some((row, left)) = &mut self.again {
            self.row += 1;
            let row = RawRow { number: self.row, ..row.clone() };
            *left -= 1;
            if *left == 0 {
                self.again = None;
            }
            return within_rows(row).map(Some);
        }
        loop {
            self.buffer.clear();
            match self.xml.read_event_into(&mut self.buffer).map_err(fault)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "table" if !self.inside && self.skip == 0 => self.inside = true,
                    "table" if !self.inside => {
                        self.skip -= 1;
                        skip(&mut self.xml, "table")?;
                    }
                    "table-row" if self.inside => {
                        let times = times(&element, "number-rows-repeated")?;
                        let visibility = attribute(&element, "visibility")?;
                        let hidden = visibility.is_some_and(|visibility| visibility != "visible");
                        let number = self.row.saturating_add(1);
                        let mut row = RawRow { number, hidden, ..RawRow::default() };
                        self.cells(&mut row)?;
                        if row.cells.is_empty() {
                            self.row = self.row.saturating_add(times);
                            continue;
                        }
                        self.row = number;
                        if times > 1 {
                            self.count_repeated((times - 1).saturating_mul(row.cells.len() as u64))?;
                            self.again = Some((row.clone(), times - 1));
                        }
                        return within_rows(row).map(Some);
                    }
                    "shapes" | "forms" | "named-expressions" if self.inside => {
                        let name = element.local_name().as_ref().to_owned();
                        skip(&mut self.xml, &name)?;
                    }
                    _ => {}
                },
                Event::End(element) if self.inside && element.local_name().as_ref() == "table" => {
                    return Ok(None);
                }
                Event::Eof => return Err(damaged("the sheet is cut off")),
                _ => {}
            }
        }
    }

    fn count_repeated(&mut self, cells: u64) -> Result<(), Fault> {
        self.repeated = self.repeated.saturating_add(cells);
        if self.repeated > MAX_REPEATED {
            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Repeated)));
        }
        Ok(())
    }

    fn cells(&mut self, row: &mut RawRow) -> Result<(), Fault> {
        let mut column = 0_u64;
        loop {
            self.buffer.clear();
            match self.xml.read_event_into(&mut self.buffer).map_err(fault)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "table-cell" => {
                        let times = times(&element, "number-columns-repeated")?;
                        let head = Head::of(&element)?;
                        let cell = self.cell(&head)?;
                        let Some(cell) = cell else {
                            column = column.saturating_add(times);
                            continue;
                        };
                        let end = column.saturating_add(times);
                        if end > u64::from(MAX_COLUMNS) {
                            return Err(Fault::in_row(row.number, SheetErrorKind::TooLarge(Limit::Columns)));
                        }
                        self.count_repeated(times - 1)?;
                        self.merged.extend(head.merged(row.number, column));
                        let places = u32::try_from(column).unwrap_or(0)..u32::try_from(end).unwrap_or(0);
                        row.cells.extend(places.map(|place| (place, cell.clone())));
                        column = end;
                    }
                    // Under a merged one: what it once held is not shown.
                    "covered-table-cell" => {
                        column = column.saturating_add(times(&element, "number-columns-repeated")?);
                        skip(&mut self.xml, "covered-table-cell")?;
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "table-row" => return Ok(()),
                Event::Eof => return Err(damaged("the sheet is cut off")),
                _ => {}
            }
        }
    }

    /// Reads a cell up to its end.
    fn cell(&mut self, head: &Head) -> Result<Option<Cell>, Fault> {
        let mut shown = String::new();
        let (mut paragraphs, mut in_text) = (0, false);
        loop {
            self.buffer.clear();
            let event = self.xml.read_event_into(&mut self.buffer).map_err(fault)?;
            match &event {
                Event::Start(element) => match element.local_name().as_ref() {
                    "p" | "h" => {
                        if paragraphs > 0 {
                            shown.push('\n');
                        }
                        (paragraphs, in_text) = (paragraphs + 1, true);
                    }
                    "s" => {
                        let blanks = usize::try_from(times(element, "c")?).unwrap_or(MAX_CELL);
                        if shown.len().saturating_add(blanks) > MAX_CELL {
                            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Cell)));
                        }
                        shown.extend(std::iter::repeat_n(' ', blanks));
                    }
                    "tab" => shown.push('\t'),
                    "line-break" => shown.push('\n'),
                    // Comments and pictures are no part of what the cell shows.
                    name @ ("annotation" | "frame" | "custom-shape" | "g" | "ruby-text" | "note") => {
                        let name = name.to_owned();
                        skip(&mut self.xml, &name)?;
                    }
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "p" | "h" => in_text = false,
                    "table-cell" => break,
                    _ => {}
                },
                Event::Eof => return Err(damaged("the sheet is cut off")),
                _ if in_text => text(&event, &mut shown)?,
                _ => {}
            }
        }
        Ok(head.shown(&shown))
    }
}

fn within_rows(row: RawRow) -> Result<RawRow, Fault> {
    if row.number > MAX_ROWS {
        return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Rows)));
    }
    Ok(row)
}

/// A cell's attributes.
#[derive(Default)]
struct Head {
    kind: String,
    error: bool,
    /// What it is worth, where it has a value beside its text.
    value: Option<String>,
    down: u64,
    across: u64,
}

impl Head {
    fn of(element: &BytesStart<'_>) -> Result<Self, Fault> {
        let mut head = Self { down: 1, across: 1, ..Self::default() };
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.map_err(damaged)?;
            let value = || quick_xml::escape::unescape(&attribute.value).map(|value| value.into_owned());
            match attribute.key.as_ref() {
                "office:value-type" => head.kind = value().map_err(damaged)?,
                "calcext:value-type" => head.error = attribute.value == "error",
                "office:value"
                | "office:date-value"
                | "office:time-value"
                | "office:boolean-value"
                | "office:string-value" => head.value = Some(value().map_err(damaged)?),
                "table:number-rows-spanned" => head.down = attribute.value.parse().unwrap_or(1),
                "table:number-columns-spanned" => head.across = attribute.value.parse().unwrap_or(1),
                _ => {}
            }
        }
        Ok(head)
    }

    fn shown(&self, text: &str) -> Option<Cell> {
        // Some programs write no text beside the value.
        let shown = if text.is_empty() { self.value.as_deref().unwrap_or_default() } else { text };
        let Cell::Text(shown) = Cell::text(shown)? else { return None };
        let number = self.kind == "float" || self.kind == "currency";
        let value = self.value.as_deref().and_then(|value| value.parse::<f64>().ok());
        Some(if self.error || (self.kind != "string" && is_error(&shown)) {
            Cell::Error(shown)
        } else if number && value.is_some_and(is_imprecise) {
            Cell::Imprecise(shown)
        } else {
            Cell::Text(shown)
        })
    }

    fn merged(&self, row: u64, column: u64) -> Option<Merged> {
        let left = u32::try_from(column).ok()?;
        let right = u32::try_from(column.checked_add(self.across.max(1))? - 1).ok()?;
        let bottom = row.checked_add(self.down.max(1))? - 1;
        let one = bottom == row && right == left;
        (!one && right < MAX_COLUMNS && bottom <= MAX_ROWS).then_some(Merged {
            top: row,
            bottom,
            left,
            right,
        })
    }
}

/// What a formula's error looks like in LibreOffice and in Excel.
fn is_error(shown: &str) -> bool {
    shown.starts_with("Err:")
        || matches!(shown, "#N/A" | "#REF!" | "#VALUE!" | "#DIV/0!" | "#NAME?" | "#NUM!" | "#NULL!" | "#NV")
}

/// How often something stands there; once where nothing is said.
fn times(element: &BytesStart<'_>, name: &str) -> Result<u64, Fault> {
    let times = attribute(element, name)?.map(|times| times.trim().parse::<u64>());
    let times = times.transpose().map_err(|_| damaged(format!("{name} is no number")))?;
    Ok(times.unwrap_or(1).max(1))
}

/// Passes over everything up to the end of the element whose beginning was read.
pub(super) fn skip(xml: &mut Xml, name: &str) -> Result<(), Fault> {
    let mut depth = 1_u64;
    let mut buffer = Vec::new();
    while depth > 0 {
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(element) if element.local_name().as_ref() == name => depth += 1,
            Event::End(element) if element.local_name().as_ref() == name => depth -= 1,
            Event::Eof => return Err(damaged("the sheet is cut off")),
            _ => {}
        }
        buffer.clear();
    }
    Ok(())
}

impl Iterator for Cells {
    type Item = Result<RawRow, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_row().transpose();
        // Only the first reading asks for them.
        self.merged.clear();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
