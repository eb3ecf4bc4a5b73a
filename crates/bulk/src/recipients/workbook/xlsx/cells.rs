//! The cells of a sheet, row by row.

use std::sync::Arc;

use quick_xml::events::{BytesStart, Event};

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::{Cell, Fault, NOT_CALCULATED, RawRow};
use super::super::super::limits::{Limit, MAX_COLUMNS, MAX_ROWS};
use super::super::super::place::Place;
use super::super::super::shown::{Epoch, general, is_imprecise, serial};
use super::super::archive::Part;
use super::super::xml::{Xml, attribute, fault, is_true, reader, text};
use super::super::{damaged, marks};
use super::strings::{Strings, rich, unescaped};
use super::styles::Styles;

/// The rows of a sheet that is being read.
pub(super) struct Cells {
    xml: Xml,
    strings: Arc<Strings>,
    styles: Arc<Styles>,
    epoch: Epoch,
    /// The last row.
    row: u64,
    begun: bool,
    ended: bool,
    buffer: Vec<u8>,
    value: String,
}

/// A cell's attributes.
#[derive(Default)]
struct Attributes {
    column: Option<u32>,
    style: usize,
    kind: Option<String>,
}

impl Cells {
    pub(super) fn new(part: Part, strings: Arc<Strings>, styles: Arc<Styles>, epoch: Epoch) -> Self {
        Self {
            xml: reader(part),
            strings,
            styles,
            epoch,
            row: 0,
            begun: false,
            ended: false,
            buffer: Vec::new(),
            value: String::new(),
        }
    }

    fn next_row(&mut self) -> Result<Option<RawRow>, Fault> {
        loop {
            self.buffer.clear();
            match self.xml.read_event_into(&mut self.buffer).map_err(fault)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "sheetData" => self.begun = true,
                    "row" if self.begun => {
                        let (number, hidden) = row_attributes(&element)?;
                        let number = number.unwrap_or(self.row + 1);
                        if number > MAX_ROWS {
                            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Rows)));
                        }
                        if number <= self.row {
                            return Err(damaged(format!("row {number} stands behind row {}", self.row)));
                        }
                        self.row = number;
                        return self.cells(number, hidden).map(Some);
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "sheetData" => return Ok(None),
                Event::Eof if self.begun => return Err(damaged("the sheet is cut off")),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn cells(&mut self, number: u64, hidden: bool) -> Result<RawRow, Fault> {
        let mut row = RawRow { number, hidden, ..RawRow::default() };
        let mut next = 0;
        loop {
            self.buffer.clear();
            match self.xml.read_event_into(&mut self.buffer).map_err(fault)? {
                Event::Start(element) if element.local_name().as_ref() == "c" => {
                    let attributes = cell_attributes(&element, number)?;
                    let column = attributes.column.unwrap_or(next);
                    if column >= MAX_COLUMNS {
                        return Err(Fault::in_row(number, SheetErrorKind::TooLarge(Limit::Columns)));
                    }
                    if column < next {
                        return Err(damaged(format!("a cell of row {number} stands twice")));
                    }
                    next = column + 1;
                    let cell = self.cell(&attributes).map_err(|fault| Fault {
                        place: Some(Place::cell(number, column)),
                        kind: fault.kind,
                    })?;
                    row.cells.extend(cell.map(|cell| (column, cell)));
                }
                Event::End(element) if element.local_name().as_ref() == "row" => return Ok(row),
                Event::Eof => return Err(damaged("the sheet is cut off")),
                _ => {}
            }
        }
    }

    /// Reads a cell up to its end.
    fn cell(&mut self, attributes: &Attributes) -> Result<Option<Cell>, Fault> {
        self.value.clear();
        let (mut in_value, mut has_value, mut has_formula, mut inline) = (false, false, false, None);
        loop {
            self.buffer.clear();
            match self.xml.read_event_into(&mut self.buffer).map_err(fault)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" => (in_value, has_value) = (true, true),
                    "f" => has_formula = true,
                    "is" => inline = Some(rich(&mut self.xml, "is")?),
                    _ => {}
                },
                Event::End(element) => match element.local_name().as_ref() {
                    "v" => in_value = false,
                    "c" => break,
                    _ => {}
                },
                Event::Eof => return Err(damaged("the sheet is cut off")),
                event if in_value => text(&event, &mut self.value)?,
                _ => {}
            }
        }
        if let Some(inline) = inline {
            return Ok(self.text(&inline, attributes.style));
        }
        let empty = attributes.kind.as_deref() != Some("str") && self.value.trim().is_empty();
        if has_formula && (!has_value || empty) {
            return Ok(Some(Cell::Error(NOT_CALCULATED.to_owned())));
        }
        self.shown(attributes)
    }

    fn shown(&self, attributes: &Attributes) -> Result<Option<Cell>, Fault> {
        let value = self.value.as_str();
        if value.trim().is_empty() {
            return Ok(None);
        }
        Ok(match attributes.kind.as_deref() {
            Some("s") => {
                let index = value.trim().parse::<usize>().ok();
                let text = index.and_then(|index| self.strings.get(index));
                let text = text.ok_or_else(|| damaged(format!("there is no shared text {value}")))?;
                self.text(text, attributes.style)
            }
            Some("str") => self.text(&unescaped(value.to_owned()), attributes.style),
            Some("e") => Some(Cell::Error(value.trim().to_owned())),
            Some("b") => Cell::text(if is_true(Some(value.trim())) { "TRUE" } else { "FALSE" }),
            Some("d") => match serial(value.trim(), self.epoch) {
                Some(number) => self.number(number, attributes.style),
                None => Cell::text(value),
            },
            _ => match value.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => self.number(number, attributes.style),
                _ => Cell::text(value),
            },
        })
    }

    fn number(&self, number: f64, style: usize) -> Option<Cell> {
        let shown = match self.styles.format(style) {
            Some(format) => format.show(number, self.epoch),
            None => general(number),
        };
        match Cell::text(&shown)? {
            Cell::Text(shown) if is_imprecise(number) => Some(Cell::Imprecise(shown)),
            cell => Some(cell),
        }
    }

    fn text(&self, text: &str, style: usize) -> Option<Cell> {
        match self.styles.format(style).and_then(|format| format.show_text(text)) {
            Some(shown) => Cell::text(&shown),
            None => Cell::text(text),
        }
    }
}

/// A row's number and whether it is hidden.
fn row_attributes(element: &BytesStart<'_>) -> Result<(Option<u64>, bool), Fault> {
    let number = attribute(element, "r")?.map(|number| number.trim().parse::<u64>());
    let number = number.transpose().map_err(|_| damaged("a row has no number"))?;
    let hidden = attribute(element, "hidden")?;
    Ok((number.filter(|number| *number > 0), is_true(hidden.as_deref())))
}

fn cell_attributes(element: &BytesStart<'_>, row: u64) -> Result<Attributes, Fault> {
    let mut attributes = Attributes::default();
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(damaged)?;
        let value = attribute.value.as_ref();
        match attribute.key.as_ref() {
            "r" => {
                let place = marks::cell(value);
                let (column, _) =
                    place.ok_or_else(|| damaged(format!("row {row} has a cell “{value:.20}”")))?;
                attributes.column = Some(column);
            }
            "s" => attributes.style = value.parse().unwrap_or(0),
            "t" => attributes.kind = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(attributes)
}

impl Iterator for Cells {
    type Item = Result<RawRow, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_row().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}
