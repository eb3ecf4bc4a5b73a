//! The merged ranges of a sheet. They stand behind its cells, which are skipped unread: only their end is looked for.

use std::io::BufRead;

use memchr::memmem::Finder;
use quick_xml::events::Event;

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::{Fault, Merged};
use super::super::super::limits::{Limit, MAX_MERGED, MAX_PART};
use super::super::archive::{Archive, Part, TooMuch};
use super::super::marks;
use super::super::xml::{attribute, fault, reader};

/// What the end of the cells looks like, with a namespace's prefix or without.
const END: &[u8] = b"sheetData>";

pub(super) fn read(archive: &Archive, part: &str) -> Result<Vec<Merged>, Fault> {
    let mut merged = Vec::new();
    let Some(mut part) = archive.part(part, MAX_PART, Limit::Part)? else { return Ok(merged) };
    if !skip_cells(&mut part)? {
        return Ok(merged);
    }
    let mut xml = reader(part);
    let mut buffer = Vec::new();
    loop {
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(element) if element.local_name().as_ref() == "mergeCell" => {
                let range = attribute(&element, "ref")?.and_then(|range| marks::range(&range));
                merged.extend(range);
                if merged.len() > MAX_MERGED {
                    return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Merged)));
                }
            }
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    merged.sort_unstable();
    Ok(merged)
}

/// Passes over everything up to the end of the cells; false where there are none.
fn skip_cells(part: &mut Part) -> Result<bool, Fault> {
    let finder = Finder::new(END);
    // The end of the last piece, for an end tag that is cut in two; with the sign before it.
    let mut kept: Vec<u8> = Vec::new();
    loop {
        let piece = part.fill_buf().map_err(|error| TooMuch::fault(&error))?;
        if piece.is_empty() {
            return Ok(false);
        }
        let carried = kept.len();
        kept.extend_from_slice(piece);
        let found = finder.find_iter(&kept).find(|at| is_end_tag(&kept[..*at])).map(|at| at + END.len());
        let length = piece.len();
        match found {
            Some(end) => {
                part.consume(end.saturating_sub(carried));
                return Ok(true);
            }
            None => {
                part.consume(length);
                let from = kept.len().saturating_sub(64);
                kept.drain(..from);
            }
        }
    }
}

/// `</` or `</x:` stands at the end of this.
fn is_end_tag(before: &[u8]) -> bool {
    let prefix =
        before.iter().rev().take_while(|octet| octet.is_ascii_alphanumeric() || **octet == b':').count();
    before[..before.len() - prefix].ends_with(b"</")
}
