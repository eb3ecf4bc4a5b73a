//! Which format each style gives a number (ECMA-376 Part 1 §18.8).

use std::collections::HashMap;
use std::sync::Arc;

use quick_xml::events::Event;

use super::super::super::grid::Fault;
use super::super::super::limits::{Limit, MAX_TABLE};
use super::super::super::shown::{NumberFormat, compiled};
use super::super::archive::Archive;
use super::super::xml::{attribute, fault, reader};

/// Formats by the numbers that cells give in `s`.
#[derive(Debug, Default)]
pub(super) struct Styles {
    /// `None` is `General`, which most cells have.
    formats: Vec<Option<Arc<NumberFormat>>>,
}

impl Styles {
    pub(super) fn read(archive: &Archive, part: &str) -> Result<Self, Fault> {
        let Some(part) = archive.part(part, MAX_TABLE, Limit::Table)? else { return Ok(Self::default()) };
        let mut xml = reader(part);
        let mut buffer = Vec::new();
        let mut codes: HashMap<u32, String> = HashMap::new();
        let mut ids = Vec::new();
        let mut in_cells = false;
        loop {
            match xml.read_event_into(&mut buffer).map_err(fault)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "numFmt" => {
                        let id = attribute(&element, "numFmtId")?.and_then(|id| id.parse().ok());
                        if let (Some(id), Some(code)) = (id, attribute(&element, "formatCode")?) {
                            codes.insert(id, code);
                        }
                    }
                    "cellXfs" => in_cells = true,
                    "xf" if in_cells => {
                        let id = attribute(&element, "numFmtId")?.and_then(|id| id.parse::<u32>().ok());
                        ids.push(id.unwrap_or(0));
                    }
                    _ => {}
                },
                Event::End(element) if element.local_name().as_ref() == "cellXfs" => in_cells = false,
                Event::Eof => break,
                _ => {}
            }
            buffer.clear();
        }
        Ok(Self { formats: compiled(&ids, &codes) })
    }

    /// The format of a style; `None` for `General`.
    pub(super) fn format(&self, style: usize) -> Option<&NumberFormat> {
        self.formats.get(style)?.as_deref()
    }
}
