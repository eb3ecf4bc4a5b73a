//! A row as a template sees it: each column by its name, and all of them as `row["any name"]`.
//!
//! A cell's text is a value, never a part of the template: `{{7*7}}` in a cell stays these seven characters. An empty cell
//! is the empty text. A cell in which the sheet itself shows an error is an error of the row, where a letter uses it; so is
//! `#N/A` in a CSV, which is what a spreadsheet makes of one.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, Serde, Value};
use minijinja::{Error, ErrorKind};
use serde_json::Value as Json;

use crate::recipients::cell_error;
use crate::row::{Columns, Row};

/// By which name a template reaches all columns.
pub(super) const ROW: &str = "row";
/// What a template calls the link by which a letter's reader gets off the list; a column of that name goes before it.
pub(super) const LINK: &str = "unsubscribe_link";

/// Where each column stands; shared by all rows.
#[derive(Debug)]
pub(super) struct Places(HashMap<String, usize>);

impl Places {
    pub(super) fn of(columns: &Columns) -> Arc<Self> {
        Arc::new(Self(columns.names().iter().enumerate().map(|(at, name)| (name.clone(), at)).collect()))
    }

    pub(super) fn has(&self, column: &str) -> bool {
        self.0.contains_key(column)
    }
}

/// What templates see of one row. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    cells: Arc<Cells>,
    /// What [`LINK`] gives.
    link: Option<Arc<str>>,
}

impl Fields {
    pub(super) fn new(places: &Arc<Places>, row: &Row) -> Self {
        let cells = row.cells.iter().enumerate().map(|(at, cell)| places.value(at, cell)).collect();
        Self { cells: Arc::new(Cells { places: Arc::clone(places), cells }), link: None }
    }

    /// With the link by which this letter's reader gets off the list.
    pub(crate) fn with_link(mut self, link: String) -> Self {
        self.link = Some(link.into());
        self
    }

    pub(super) fn value(&self) -> Value {
        Value::from_object(Top { cells: Arc::clone(&self.cells), link: self.link.clone() })
    }
}

impl Places {
    /// A cell as a template's value.
    fn value(&self, at: usize, cell: &Json) -> Value {
        let failed = cell_error(cell).or_else(|| cell.as_str().filter(|text| is_formula_error(text)));
        if let Some(shown) = failed {
            let column = self.0.iter().find(|(_, place)| **place == at).map(|(name, _)| name.clone());
            let why = FormulaError { column: column.unwrap_or_default(), shown: shown.to_owned() };
            return Error::new(ErrorKind::InvalidOperation, why.to_string()).with_source(why).into();
        }
        match cell {
            Json::String(text) => Value::from(text.as_str()),
            // No value is an empty cell.
            Json::Null => Value::from(""),
            other => Value::from(Serde(other)),
        }
    }
}

/// What a spreadsheet shows where a formula failed, and exports as text.
fn is_formula_error(text: &str) -> bool {
    if !text.starts_with(['#', 'E']) {
        return false;
    }
    matches!(
        text,
        "#DIV/0!"
            | "#N/A"
            | "#NAME?"
            | "#NULL!"
            | "#NUM!"
            | "#REF!"
            | "#VALUE!"
            | "#SPILL!"
            | "#CALC!"
            | "#FIELD!"
            | "#BLOCKED!"
            | "#CONNECT!"
            | "#UNKNOWN!"
            | "#GETTING_DATA"
            | "#DATA!"
    ) || text
        .strip_prefix("Err:")
        .is_some_and(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))
}

/// The cell of this column holds a formula's error.
#[derive(Debug)]
pub(super) struct FormulaError {
    pub(super) column: String,
    pub(super) shown: String,
}

impl fmt::Display for FormulaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the cell in column {} shows {}", self.column, self.shown)
    }
}

impl std::error::Error for FormulaError {}

#[derive(Debug)]
struct Cells {
    places: Arc<Places>,
    cells: Vec<Value>,
}

impl Cells {
    fn of(&self, column: &str) -> Option<Value> {
        let at = *self.places.0.get(column)?;
        // A row may be shorter than the header.
        Some(self.cells.get(at).cloned().unwrap_or_else(|| Value::from("")))
    }
}

impl Object for Cells {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.of(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.of(key)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut names: Vec<(&String, &usize)> = self.places.0.iter().collect();
        names.sort_unstable_by_key(|(_, at)| **at);
        Enumerator::Values(names.into_iter().map(|(name, _)| Value::from(name.as_str())).collect())
    }
}

/// The outermost names: the columns, [`ROW`] and [`LINK`].
#[derive(Debug)]
struct Top {
    cells: Arc<Cells>,
    link: Option<Arc<str>>,
}

impl Object for Top {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            ROW => Some(Value::from_dyn_object(Arc::clone(&self.cells))),
            column => self.cells.of(column).or_else(|| {
                let link = self.link.as_ref().filter(|_| column == LINK)?;
                Some(Value::from(Arc::clone(link)))
            }),
        }
    }
}
