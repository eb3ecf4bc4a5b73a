//! What tables a document has: their names, whether they are shown, what is merged in them.

use std::collections::HashSet;

use quick_xml::events::Event;

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::{Fault, Merged};
use super::super::super::limits::{Limit, MAX_MERGED};
use super::super::Listed;
use super::super::archive::Part;
use super::super::xml::{attribute, fault, reader};
use super::cells::Cells;

/// A table of a document.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) listed: Listed,
    pub(super) has_content: bool,
    /// By their first row.
    pub(super) merged: Vec<Merged>,
}

/// Reads through all tables.
pub(super) fn survey(part: Part) -> Result<Vec<Table>, Fault> {
    let mut xml = reader(part);
    let mut buffer = Vec::new();
    let mut tables = Vec::new();
    // A table is hidden by its style.
    let mut style = None;
    let mut hiding = HashSet::new();
    loop {
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(element) => match element.local_name().as_ref() {
                "style" => style = attribute(&element, "name")?,
                "table-properties" if attribute(&element, "display")?.as_deref() == Some("false") => {
                    hiding.extend(style.take());
                }
                "table" => {
                    let name = attribute(&element, "name")?.unwrap_or_default();
                    let hidden =
                        attribute(&element, "style-name")?.is_some_and(|style| hiding.contains(&style));
                    let mut cells = Cells::within(xml);
                    let mut table = Table { listed: Listed { name, hidden }, ..Table::default() };
                    while let Some(row) = cells.next_row()? {
                        table.has_content |= !row.cells.is_empty();
                        table.merged.extend(cells.take_merged());
                        if table.merged.len() > MAX_MERGED {
                            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Merged)));
                        }
                    }
                    table.merged.sort_unstable();
                    tables.push(table);
                    xml = cells.into_xml();
                }
                _ => {}
            },
            Event::Eof => return Ok(tables),
            _ => {}
        }
        buffer.clear();
    }
}
