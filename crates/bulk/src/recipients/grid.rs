//! What every format comes down to before columns have names: rows of cells with something in them.

use serde_json::{Map, Value};

use super::error::SheetErrorKind;
use super::place::Place;

/// What a cell shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// Text as the sheet shows it, without blanks around it; never empty.
    Text(String),
    /// The same for a number that has lost digits in the sheet.
    Imprecise(String),
    /// A formula's error, as `#N/A`.
    Error(String),
}

impl Cell {
    /// What the sheet shows.
    pub(crate) fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Imprecise(text) | Self::Error(text) => text,
        }
    }

    /// A cell with this text; `None` where nothing is left of it.
    pub(crate) fn text(text: &str) -> Option<Self> {
        let text = trimmed(text);
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }
}

/// What stands for the value of a formula that was never calculated: some programs write none of the results.
pub(crate) const NOT_CALCULATED: &str = "=?";

/// A row with the cells that show something, in the order of their columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RawRow {
    /// As a person counts.
    pub(crate) number: u64,
    /// Not shown, or filtered out.
    pub(crate) hidden: bool,
    /// How many cells a text file has in this row; `None` in workbooks, where rows have no end.
    pub(crate) width: Option<usize>,
    /// The cells with their columns, from 0.
    pub(crate) cells: Vec<(u32, Cell)>,
}

impl RawRow {
    /// The cell in this column.
    pub(crate) fn cell(&self, column: u32) -> Option<&Cell> {
        self.cells.iter().find(|(at, _)| *at == column).map(|(_, cell)| cell)
    }
}

/// A range of merged cells, all ends inclusive: rows from 1, columns from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Merged {
    pub(crate) top: u64,
    pub(crate) bottom: u64,
    pub(crate) left: u32,
    pub(crate) right: u32,
}

/// What goes wrong while a row is read, before the file's name is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Option<Place>,
    pub(crate) kind: SheetErrorKind,
}

impl Fault {
    pub(crate) fn of_file(kind: SheetErrorKind) -> Self {
        Self { place: None, kind }
    }

    pub(crate) fn in_row(row: u64, kind: SheetErrorKind) -> Self {
        Self { place: Some(Place::row(row)), kind }
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self::of_file(SheetErrorKind::Io(error.to_string()))
    }
}

/// Rows one after another; after an error that concerns a row only, the next one follows.
pub(crate) type Grid = Box<dyn Iterator<Item = Result<RawRow, Fault>> + Send>;

/// What is only seen, never printed: blanks of all widths, byte order marks and other invisible characters.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Characters of no width that come along when text is copied.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{ad}')
}

/// Without what nobody sees at both ends.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// The key of the object that stands for a cell with a formula's error.
const ERROR_KEY: &str = "sheet-error";

/// The value of a cell with a formula's error: an object, so that it cannot be taken for text.
pub(crate) fn error_value(shown: &str) -> Value {
    let mut object = Map::new();
    object.insert(ERROR_KEY.to_owned(), Value::String(shown.to_owned()));
    Value::Object(object)
}

/// The error that a cell's formula shows, as `#N/A`; `None` for every other value. Whoever uses a row's cell asks this
/// first: such a cell has no value that could be mailed.
pub fn cell_error(value: &Value) -> Option<&str> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get(ERROR_KEY)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formulas_error_is_told_from_every_text() {
        assert_eq!(cell_error(&error_value("#N/A")), Some("#N/A"));
        assert_eq!(cell_error(&Value::String("#N/A".into())), None);
        assert_eq!(cell_error(&serde_json::json!({"sheet-error": "#N/A", "x": 1})), None);
    }

    #[test]
    fn blanks_of_all_widths_are_trimmed_at_the_ends_only() {
        assert_eq!(trimmed("\u{feff}\u{3000} 张 三\u{200b}\t\r\n"), "张 三");
        assert_eq!(Cell::text(" \u{a0}\t"), None);
    }
}
