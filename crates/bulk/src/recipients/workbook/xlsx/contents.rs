//! What a workbook consists of: its sheets in order and the parts that hold them, found through the relationships of the
//! package (ECMA-376 Part 2), whatever the parts are called.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::Fault;
use super::super::super::limits::{Limit, MAX_TABLE};
use super::super::super::shown::Epoch;
use super::super::archive::Archive;
use super::super::xml::{attribute, fault, is_true, reader};
use super::super::{Listed, damaged};

/// The parts of a workbook.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// Sheets of cells with the parts that hold them.
    pub(super) sheets: Vec<(Listed, String)>,
    pub(super) strings: Option<String>,
    pub(super) styles: Option<String>,
    pub(super) epoch: Epoch,
}

/// A relationship: the last word of its type, and the part it leads to.
struct Relation {
    kind: String,
    part: String,
}

impl Contents {
    pub(super) fn read(archive: &Archive) -> Result<Self, Fault> {
        let book = relations(archive, "")?
            .into_values()
            .find(|relation| relation.kind == "officeDocument")
            .map_or_else(|| "xl/workbook.xml".to_owned(), |relation| relation.part);
        if book.to_ascii_lowercase().ends_with(".bin") {
            return Err(Fault::of_file(SheetErrorKind::OtherWorkbook("XLSB")));
        }
        let relations = relations(archive, &book)?;
        let of_kind = |kind: &str| {
            relations.values().find(|relation| relation.kind == kind).map(|relation| relation.part.clone())
        };
        let mut contents =
            Self { strings: of_kind("sharedStrings"), styles: of_kind("styles"), ..Self::default() };
        let part = archive.part(&book, MAX_TABLE, Limit::Table)?;
        let mut xml = reader(part.ok_or_else(|| damaged(format!("{book} is missing")))?);
        let mut buffer = Vec::new();
        loop {
            match xml.read_event_into(&mut buffer).map_err(fault)? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "workbookPr" if is_true(attribute(&element, "date1904")?.as_deref()) => {
                        contents.epoch = Epoch::Y1904;
                    }
                    "sheet" => {
                        let name = attribute(&element, "name")?.unwrap_or_default();
                        let id = attribute(&element, "id")?.unwrap_or_default();
                        let hidden = attribute(&element, "state")?.is_some_and(|state| state != "visible");
                        // Charts and dialogs have relationships of other types.
                        if let Some(relation) =
                            relations.get(&id).filter(|relation| relation.kind == "worksheet")
                        {
                            contents.sheets.push((Listed { name, hidden }, relation.part.clone()));
                        }
                    }
                    _ => {}
                },
                Event::Eof => return Ok(contents),
                _ => {}
            }
            buffer.clear();
        }
    }
}

/// The relationships of a part, by their ids; those of the package for no part.
fn relations(archive: &Archive, of: &str) -> Result<HashMap<String, Relation>, Fault> {
    let (folder, file) = of.rsplit_once('/').unwrap_or(("", of));
    let separator = if folder.is_empty() { "" } else { "/" };
    let name = format!("{folder}{separator}_rels/{file}.rels");
    let mut relations = HashMap::new();
    let Some(part) = archive.part(&name, MAX_TABLE, Limit::Table)? else { return Ok(relations) };
    let mut xml = reader(part);
    let mut buffer = Vec::new();
    loop {
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(element) if element.local_name().as_ref() == "Relationship" => {
                let id = attribute(&element, "Id")?.unwrap_or_default();
                let kind = attribute(&element, "Type")?.unwrap_or_default();
                let target = attribute(&element, "Target")?.unwrap_or_default();
                let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                relations.insert(id, Relation { kind, part: resolved(folder, &target) });
            }
            Event::Eof => return Ok(relations),
            _ => {}
        }
        buffer.clear();
    }
}

/// A target as the name of a part: relative to its folder, or from the root.
fn resolved(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let mut steps: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => folder.split('/').filter(|step| !step.is_empty()).collect(),
    };
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_relative_to_their_folder_or_from_the_root() {
        assert_eq!(resolved("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl", "/xl/styles.xml"), "xl/styles.xml");
        assert_eq!(resolved("xl/worksheets", "../styles.xml"), "xl/styles.xml");
        assert_eq!(resolved("", "xl\\workbook.xml"), "xl/workbook.xml");
    }
}
