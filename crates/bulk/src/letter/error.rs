//! Why no letter can be made of a row: which row, where in which template, which column, and what to do next.

use std::fmt;

use hongyan_proto::said::{Problem, Said, said};

use crate::campaign::Place;

/// Why no letter can be made of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The row, as a person counts.
    pub row: u64,
    /// The template, and the line in it.
    pub place: Place,
    /// The column whose cell is to blame, where one is.
    pub column: Option<String>,
    /// What is wrong there, without row, place and column; and what to do next.
    pub problem: Box<Problem>,
}

impl RowError {
    pub(crate) fn new(row: u64, place: Place, column: Option<String>, what: Said, next: Said) -> Self {
        Self { row, place, column, problem: Box::new(Problem::new(what, next)) }
    }

    /// The whole of it, place and all.
    pub fn said(&self) -> Problem {
        let at = self.place.said();
        let what = &self.problem.what;
        let (mut en, mut zh) = (format!("row {}", self.row), format!("第 {} 行", self.row));
        if let Some(column) = &self.column {
            let column = column.escape_debug();
            en.push_str(&format!(", column `{column}`"));
            zh.push_str(&format!("“{column}”列"));
        }
        if !self.place.file.is_empty() {
            en.push_str(&format!(" ({})", at.en));
            zh.push_str(&format!("（{}）", at.zh));
        }
        Problem::new(
            said(format!("{en}: {}", what.en), format!("{zh}：{}", what.zh)),
            self.problem.next.clone(),
        )
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

impl std::error::Error for RowError {}
