//! Rows of a sheet, whatever format it is in: cells by the names of their columns.

use std::sync::Arc;

use serde_json::Value;

/// The names in a sheet's header, in order; no two are the same. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(Arc<[String]>);

impl Columns {
    /// These names, which must differ from each other.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// The names in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Where the column of this name stands.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|known| known == name)
    }
}

/// One row: a letter to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// As a person counts in the sheet: the first line or row is 1, which is usually the header.
    pub number: u64,
    /// One for each column, in order. Text as the sheet shows it; other kinds of values come from JSON Lines only.
    pub cells: Vec<Value>,
}
