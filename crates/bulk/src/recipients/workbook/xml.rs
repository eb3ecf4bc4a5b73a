//! XML as workbooks use it: elements by their local names, attributes, text with its entities.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Error, Reader};

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::super::limits::{Limit, MAX_CELL};
use super::archive::{Part, TooMuch};
use super::damaged;

/// A part as XML.
pub(crate) type Xml = Reader<Part>;

/// Begins to read a part's elements; an empty one is a beginning and an end.
pub(crate) fn reader(part: Part) -> Xml {
    let mut reader = Reader::from_reader(part);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.trim_text(false);
    reader
}

/// What came of reading the next event.
pub(crate) fn fault(error: Error) -> Fault {
    match error {
        Error::Io(error) => TooMuch::fault(&error),
        other => damaged(other),
    }
}

/// The value of an attribute by its local name, with its entities resolved.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, Fault> {
    for attribute in element.attributes().with_checks(false) {
        let attribute = attribute.map_err(damaged)?;
        if attribute.key.local_name().as_ref() == name {
            let value = quick_xml::escape::unescape(&attribute.value).map_err(damaged)?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

/// An attribute that says yes or no, as XML Schema writes it.
pub(crate) fn is_true(value: Option<&str>) -> bool {
    matches!(value, Some("1" | "true" | "on" | "True"))
}

/// Appends what an event shows as text; nothing for elements.
pub(crate) fn text(event: &Event<'_>, out: &mut String) -> Result<(), Fault> {
    match event {
        Event::Text(text) => out.push_str(&text.xml10_content()),
        Event::CData(text) => out.push_str(&text.xml10_content()),
        Event::GeneralRef(entity) => {
            let name: &str = entity.as_ref();
            match name {
                "lt" => out.push('<'),
                "gt" => out.push('>'),
                "amp" => out.push('&'),
                "quot" => out.push('"'),
                "apos" => out.push('\''),
                _ => match entity.resolve_char_ref().map_err(damaged)? {
                    Some(c) => out.push(c),
                    None => return Err(damaged(format!("&{name};"))),
                },
            }
        }
        _ => {}
    }
    if out.len() > MAX_CELL {
        return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Cell)));
    }
    Ok(())
}
