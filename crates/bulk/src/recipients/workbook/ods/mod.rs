//! ODS (OpenDocument 1.3 Part 3 §9): the cells carry the text that they show, so that nothing has to be formatted here.
//! Everything stands in one part; it is read through once to list the sheets, and again for each reading of one.

mod cells;
mod survey;

use std::sync::Arc;

use super::super::error::SheetErrorKind;
use super::super::grid::{Fault, Grid};
use super::super::limits::{Limit, MAX_PART, MAX_TABLE};
use super::archive::{Archive, Part};
use super::xml::{fault, reader};
use super::{Chosen, choose, damaged};
use cells::Cells;
use quick_xml::events::Event;
use survey::survey;

/// The part with all sheets.
const CONTENT: &str = "content.xml";

/// A workbook with one of its sheets chosen.
#[derive(Clone, Debug)]
pub(crate) struct Ods {
    archive: Arc<Archive>,
    /// Which of the tables, from 0.
    table: usize,
}

impl Ods {
    /// Lists the sheets and chooses one.
    pub(crate) fn open(archive: Archive, asked: Option<&str>) -> Result<(Self, Chosen), Fault> {
        if is_encrypted(&archive)? {
            return Err(Fault::of_file(SheetErrorKind::Encrypted));
        }
        let mut tables = survey(content(&archive)?)?;
        let listed: Vec<_> = tables.iter().map(|table| table.listed.clone()).collect();
        let (table, others) = choose(&listed, asked, |index| Ok(tables[index].has_content))?;
        let merged = std::mem::take(&mut tables[table].merged);
        let name = listed[table].name.clone();
        Ok((Self { archive: Arc::new(archive), table }, Chosen { name, others, merged }))
    }

    /// The chosen sheet's rows from the first one.
    pub(crate) fn grid(&self) -> Result<Grid, Fault> {
        Ok(Box::new(Cells::new(content(&self.archive)?, self.table)))
    }
}

fn content(archive: &Archive) -> Result<Part, Fault> {
    archive.part(CONTENT, MAX_PART, Limit::Part)?.ok_or_else(|| damaged("content.xml is missing"))
}

/// The manifest says how parts are to be decrypted.
fn is_encrypted(archive: &Archive) -> Result<bool, Fault> {
    let Some(part) = archive.part("META-INF/manifest.xml", MAX_TABLE, Limit::Table)? else {
        return Ok(false);
    };
    let mut xml = reader(part);
    let mut buffer = Vec::new();
    loop {
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(element) if element.local_name().as_ref() == "encryption-data" => return Ok(true),
            Event::Eof => return Ok(false),
            _ => {}
        }
        buffer.clear();
    }
}
