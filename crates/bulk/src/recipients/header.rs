//! Which row holds the names of the columns, and what the names are.
//!
//! Found out, it is the first row, among the first [`MAX_HEADER_SEARCH`], in which
//! - at least two cells show something (one, where no row has more), and at least half as many as in the fullest row:
//!   a title above the table, merged over it or not, is no header;
//! - no cell holds an address or a formula's error, and most cells are neither numbers nor dates: that is data.
//!
//! Where cells of that row are merged downward, the names go down to the last of these rows: a header in two storeys.
//!
//! A name is what the cell shows without invisible characters; a line break in it becomes a space, or nothing between
//! Chinese characters. Two columns of one name are an error: a template would take one of them by chance.

use crate::row::Columns;

use super::error::SheetErrorKind;
use super::finding::{Finding, FindingKind, Findings};
use super::grid::{Cell, Fault, Merged, RawRow, is_blank, is_invisible};
use super::limits::MAX_HEADER_SEARCH;
use super::place::Place;

/// Rows that an error about the header shows.
const SHOWN_ROWS: usize = 5;
/// Cells of each that it shows.
const SHOWN_CELLS: usize = 8;
/// Characters of each cell that it shows.
const SHOWN_CHARACTERS: usize = 20;

/// The names and where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    /// The row of the names; 0 in JSON Lines, which have none.
    pub(crate) row: u64,
    /// The names.
    pub(crate) columns: Columns,
    /// The sheet's column of each name, in the same order.
    pub(crate) at: Vec<u32>,
    /// How many columns a text file's header has.
    pub(crate) width: Option<usize>,
}

/// Finds the names in the first rows, which are up to [`MAX_HEADER_SEARCH`] or, if it was said, up to that row.
pub(crate) fn find(
    rows: &[RawRow],
    merged: &[Merged],
    said: Option<u64>,
    findings: &mut Findings,
) -> Result<Header, Fault> {
    let chosen = match said {
        Some(asked) => rows
            .iter()
            .position(|row| row.number == asked && !row.cells.is_empty())
            .ok_or_else(|| Fault::of_file(SheetErrorKind::HeaderNotThere { asked, seen: shown(rows) }))?,
        None => find_row(rows, merged)
            .ok_or_else(|| Fault::of_file(SheetErrorKind::NoHeader { seen: shown(rows) }))?,
    };
    let row = &rows[chosen];
    if said.is_none() && rows[..chosen].iter().any(|above| !above.cells.is_empty()) {
        findings.add(Finding::at(Place::row(row.number), FindingKind::HeaderBelow));
    }
    named(&filled(rows, chosen, merged), row, findings)
}

fn find_row(rows: &[RawRow], merged: &[Merged]) -> Option<usize> {
    let fullest = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let first = rows.iter().take(MAX_HEADER_SEARCH).position(|row| is_header(row, fullest))?;
    // The last row that a cell of the header reaches down to.
    let number = rows[first].number;
    let down = merged.iter().filter(|range| range.top == number && range.bottom - range.top < 4);
    let lowest = down.map(|range| range.bottom).max().unwrap_or(number);
    rows.iter().rposition(|row| row.number <= lowest)
}

fn is_header(row: &RawRow, fullest: usize) -> bool {
    let count = row.cells.len();
    if count == 0 || count < fullest.min(2) || count * 2 < fullest {
        return false;
    }
    let words = row.cells.iter().filter(|(_, cell)| is_words(cell.shown())).count();
    let data = row.cells.iter().any(|(_, cell)| matches!(cell, Cell::Error(_)) || is_address(cell.shown()));
    !data && words * 2 > count
}

/// Something like `a@b.c`, also in full-width characters.
fn is_address(text: &str) -> bool {
    text.split_once(['@', '＠']).is_some_and(|(before, behind)| {
        !before.is_empty() && behind.contains(['.', '．', '。']) && !behind.starts_with('.')
    })
}

/// Neither a number nor a date, whatever signs are in it.
fn is_words(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters =
        text.chars().filter(|c| c.is_alphabetic() && !matches!(c, '年' | '月' | '日' | '时' | '分' | '秒'));
    letters.count() > digits || digits == 0
}

/// The cells of the chosen row, and those above that are merged down into it.
fn filled(rows: &[RawRow], chosen: usize, merged: &[Merged]) -> Vec<(u32, String)> {
    let row = &rows[chosen];
    let mut cells: Vec<(u32, String)> =
        row.cells.iter().map(|(column, cell)| (*column, cell.shown().to_owned())).collect();
    for range in merged.iter().filter(|range| range.top < row.number && row.number <= range.bottom) {
        let above = rows[..chosen].iter().find(|above| above.number == range.top);
        if let Some(cell) = above.and_then(|above| above.cell(range.left))
            && row.cell(range.left).is_none()
        {
            cells.push((range.left, cell.shown().to_owned()));
        }
    }
    cells.sort_by_key(|(column, _)| *column);
    cells
}

fn named(cells: &[(u32, String)], row: &RawRow, findings: &mut Findings) -> Result<Header, Fault> {
    let mut names: Vec<String> = Vec::with_capacity(cells.len());
    let mut at = Vec::with_capacity(cells.len());
    let mut seen = std::collections::HashMap::new();
    for (column, text) in cells {
        let name = cleaned(text);
        if name.is_empty() {
            continue;
        }
        if let Some(first) = seen.insert(name.clone(), *column) {
            let kind = SheetErrorKind::DoubledName { name, first, second: *column };
            return Err(Fault::in_row(row.number, kind));
        }
        if name != *text {
            let kind = FindingKind::NameCleaned { name: name.clone() };
            findings.add(Finding::at(Place::cell(row.number, *column), kind));
        }
        names.push(name);
        at.push(*column);
    }
    Ok(Header { row: row.number, columns: Columns::new(names), at, width: row.width })
}

/// A name as it can be written in a template.
fn cleaned(text: &str) -> String {
    let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut out = String::with_capacity(text.len());
    let mut words = text.split(is_blank).filter(|word| !word.is_empty());
    out.push_str(words.next().unwrap_or_default());
    // Blanks within a name stay as one space; a line break between Chinese characters only wraps them.
    let mut rest = &text[text.find(|c: char| !is_blank(c)).unwrap_or(0)..];
    for word in words {
        let from = rest.find(is_blank).unwrap_or(rest.len());
        let blanks = &rest[from..];
        let until = blanks.find(|c: char| !is_blank(c)).unwrap_or(blanks.len());
        let wraps = blanks[..until].contains(['\n', '\r']);
        let between = |c: Option<char>| c.is_some_and(|c| ('\u{2e80}'..='\u{ffef}').contains(&c));
        if !(wraps && between(out.chars().next_back()) && between(word.chars().next())) {
            out.push(' ');
        }
        out.push_str(word);
        rest = &blanks[until..];
    }
    out
}

fn shown(rows: &[RawRow]) -> Vec<String> {
    let with_content = rows.iter().filter(|row| !row.cells.is_empty());
    with_content
        .take(SHOWN_ROWS)
        .map(|row| {
            let cells = row.cells.iter().take(SHOWN_CELLS).map(|(_, cell)| brief(cell.shown()));
            let more = if row.cells.len() > SHOWN_CELLS { " | …" } else { "" };
            format!("{}: {}{more}", row.number, cells.collect::<Vec<_>>().join(" | "))
        })
        .collect()
}

fn brief(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(table: &[&[&str]]) -> Vec<RawRow> {
        (1..)
            .zip(table)
            .map(|(number, cells)| RawRow {
                number,
                cells: (0..).zip(*cells).filter_map(|(at, text)| Some((at, Cell::text(text)?))).collect(),
                ..RawRow::default()
            })
            .collect()
    }

    fn header(table: &[&[&str]], merged: &[Merged]) -> Result<(u64, Vec<String>), SheetErrorKind> {
        let mut findings = Findings::default();
        find(&rows(table), merged, None, &mut findings)
            .map(|header| (header.row, header.columns.names().to_vec()))
            .map_err(|fault| fault.kind)
    }

    #[test]
    fn the_header_is_the_first_row_of_words_that_is_as_wide_as_the_table() {
        let cases: &[(&[&[&str]], u64)] = &[
            (&[&["姓名", "邮箱"], &["张三", "z@example.org"]], 1),
            (&[&["2026 年 11 月工资表"], &[], &["姓名", "邮箱", "实发"], &["张三", "z@example.org", "1"]], 3),
            (&[&["制表：张三", "2026-11-20"], &["姓名", "邮箱", "部门", "实发", "备注"]], 2),
            (&[&["邮箱"], &["z@example.org"]], 1),
            (&[&["", ""], &["email", "2026", "name"]], 2),
        ];
        for (table, row) in cases {
            assert_eq!(header(table, &[]).map(|found| found.0), Ok(*row), "{table:?}");
        }
    }

    #[test]
    fn data_is_no_header() {
        for table in [
            &[&["张三", "z@example.org"][..], &["李四", "l@example.org"]][..],
            &[&["1", "2"], &["3", "4"]],
            &[&["2026年11月20日", "12.50"], &["2026年11月21日", "1"]],
        ] {
            assert!(matches!(header(table, &[]), Err(SheetErrorKind::NoHeader { .. })), "{table:?}");
        }
    }

    #[test]
    fn a_header_in_two_storeys_has_the_names_of_the_lower_one_and_what_is_merged_down() {
        let table: &[&[&str]] =
            &[&["姓名", "邮箱", "工资", ""], &["", "", "基本", "奖金"], &["张三", "z@example.org", "1", "2"]];
        let merged = [
            Merged { top: 1, bottom: 2, left: 0, right: 0 },
            Merged { top: 1, bottom: 2, left: 1, right: 1 },
            Merged { top: 1, bottom: 1, left: 2, right: 3 },
        ];
        let names = ["姓名", "邮箱", "基本", "奖金"].map(String::from).to_vec();
        assert_eq!(header(table, &merged), Ok((2, names)));
    }

    #[test]
    fn two_columns_of_one_name_are_an_error_with_both() {
        let kind = header(&[&["姓名", "备注", "备注 "]], &[]).unwrap_err();
        assert_eq!(kind, SheetErrorKind::DoubledName { name: "备注".into(), first: 1, second: 2 });
    }

    #[test]
    fn names_lose_line_breaks_and_what_nobody_sees() {
        for (text, expected) in [
            ("部门\n名称", "部门名称"),
            ("first\nname", "first name"),
            ("\u{feff}姓名\u{3000}", "姓名"),
            ("实发 工资", "实发 工资"),
            ("e\u{200b}mail", "email"),
            ("a \r\n  b", "a b"),
        ] {
            assert_eq!(cleaned(text), expected);
        }
    }

    #[test]
    fn a_row_that_was_said_and_is_not_there_is_an_error_that_shows_the_first_rows() {
        let rows = rows(&[&["姓名", "邮箱"], &["张三", "z@example.org"]]);
        let fault = find(&rows, &[], Some(9), &mut Findings::default()).unwrap_err();
        let seen = vec!["1: 姓名 | 邮箱".to_owned(), "2: 张三 | z@example.org".to_owned()];
        assert_eq!(fault.kind, SheetErrorKind::HeaderNotThere { asked: 9, seen });
    }
}
