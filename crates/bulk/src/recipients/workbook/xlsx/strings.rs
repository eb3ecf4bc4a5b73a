//! The texts that cells share, one after another in one piece of memory: a sheet of a million different addresses takes
//! its letters and four octets for each.

use quick_xml::events::Event;

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::Fault;
use super::super::super::limits::{Limit, MAX_CELL, MAX_PART, MAX_STRINGS};
use super::super::archive::Archive;
use super::super::xml::{Xml, fault, reader, text};

/// Shared texts by their numbers.
#[derive(Debug, Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    pub(super) fn read(archive: &Archive, part: &str) -> Result<Self, Fault> {
        let mut strings = Self::default();
        let Some(part) = archive.part(part, MAX_PART, Limit::Strings)? else { return Ok(strings) };
        let mut xml = reader(part);
        let mut buffer = Vec::new();
        loop {
            match xml.read_event_into(&mut buffer).map_err(fault)? {
                Event::Start(element) if element.local_name().as_ref() == "si" => {
                    let one = rich(&mut xml, "si")?;
                    strings.text.push_str(&one);
                    let end =
                        u32::try_from(strings.text.len()).ok().filter(|end| u64::from(*end) <= MAX_STRINGS);
                    let end = end.ok_or_else(|| Fault::of_file(SheetErrorKind::TooLarge(Limit::Strings)))?;
                    if strings.ends.len() as u64 * 4 > MAX_STRINGS {
                        return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Strings)));
                    }
                    strings.ends.push(end);
                }
                Event::Eof => {
                    strings.text.shrink_to_fit();
                    strings.ends.shrink_to_fit();
                    return Ok(strings);
                }
                _ => {}
            }
            buffer.clear();
        }
    }

    pub(super) fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)? as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }
}

/// The text of `<si>` or `<is>`, of which the beginning was read: plain, or in runs; without what says how it is
/// pronounced.
pub(super) fn rich(xml: &mut Xml, closing: &str) -> Result<String, Fault> {
    let mut out = String::new();
    let (mut in_text, mut phonetic) = (false, false);
    let mut buffer = Vec::new();
    loop {
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Start(element) => match element.local_name().as_ref() {
                "rPh" => phonetic = true,
                "t" => in_text = !phonetic,
                _ => {}
            },
            Event::End(element) => match element.local_name().as_ref() {
                "rPh" => phonetic = false,
                "t" => in_text = false,
                name if name == closing => return Ok(unescaped(out)),
                _ => {}
            },
            Event::Eof => return Err(super::super::damaged("a text does not end")),
            event if in_text => text(&event, &mut out)?,
            _ => {}
        }
        if out.len() > MAX_CELL {
            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Cell)));
        }
        buffer.clear();
    }
}

/// `_x000D_` is how a text holds what XML cannot: a UTF-16 code unit (ECMA-376 Part 1 §22.4.2.4).
pub(super) fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text.as_str();
    let mut out = String::with_capacity(text.len());
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 7).filter(|code| code.ends_with('_'));
        let unit = code.and_then(|code| u16::from_str_radix(&code[..4], 16).ok());
        let (before, behind) = rest.split_at(at);
        if !before.is_empty() {
            flush(&mut units, &mut out);
            out.push_str(before);
        }
        match unit {
            Some(unit) => {
                units.push(unit);
                rest = &behind[7..];
            }
            None => {
                flush(&mut units, &mut out);
                out.push_str("_x");
                rest = &behind[2..];
            }
        }
    }
    flush(&mut units, &mut out);
    out.push_str(rest);
    out
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.extend(char::decode_utf16(units.drain(..)).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_code_units_are_resolved() {
        for (text, expected) in [
            ("a_x000A_b", "a\nb"),
            ("_x005F_x000D_", "_x000D_"),
            ("_xD83D__xDE00_", "😀"),
            ("_x", "_x"),
            ("_x12_", "_x12_"),
            ("a_xyz_b", "a_xyz_b"),
        ] {
            assert_eq!(unescaped(text.to_owned()), expected);
        }
    }
}
