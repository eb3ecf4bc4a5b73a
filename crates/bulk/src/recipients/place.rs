//! Where something stands in a sheet, as a person finds it there: the row as the program that shows it counts, the
//! column by its letter and its name.

use std::fmt;

use hongyan_proto::said::{Said, said};

/// A row, or a cell of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Place {
    /// The row of a workbook, or the line of a text file on which the row begins; the first one is 1.
    pub row: u64,
    /// The column, from 0; `None` where all of the row is meant or where columns have no order (JSON Lines).
    pub column: Option<u32>,
    /// What the column is called, where it is known.
    pub name: Option<String>,
}

impl Place {
    /// A whole row.
    pub fn row(row: u64) -> Self {
        Self { row, ..Self::default() }
    }

    /// A cell.
    pub fn cell(row: u64, column: u32) -> Self {
        Self { row, column: Some(column), name: None }
    }

    /// The same with the column's name.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// For people.
    pub fn said(&self) -> Said {
        let letters = self.column.map(letters);
        let (en, zh) = match (letters, &self.name) {
            (Some(letters), Some(name)) => {
                (format!(", column {letters} ({name})"), format!(" {letters} 列（{name}）"))
            }
            (Some(letters), None) => (format!(", column {letters}"), format!(" {letters} 列")),
            (None, Some(name)) => (format!(", {name}"), format!("，{name}")),
            (None, None) => (String::new(), String::new()),
        };
        said(format!("row {}{en}", self.row), format!("第 {} 行{zh}", self.row))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().en)
    }
}

/// A column's letters: 0 is `A`, 26 is `AA`.
pub fn letters(column: u32) -> String {
    let mut left = u64::from(column) + 1;
    let mut out = Vec::new();
    while left > 0 {
        left -= 1;
        out.push(b'A' + u8::try_from(left % 26).unwrap_or(0));
        left /= 26;
    }
    out.reverse();
    out.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_lettered_as_in_excel() {
        for (column, expected) in
            [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")]
        {
            assert_eq!(letters(column), expected);
        }
    }

    #[test]
    fn a_place_names_row_column_and_name_in_both_languages() {
        let place = Place::cell(12, 2).called("邮箱");
        assert_eq!(place.said(), said("row 12, column C (邮箱)", "第 12 行 C 列（邮箱）"));
        assert_eq!(Place::row(3).to_string(), "row 3");
    }
}
