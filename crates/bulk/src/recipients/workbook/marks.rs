//! Names of cells and ranges: `B12`, `A2:A5`.

use super::super::grid::Merged;
use super::super::limits::{MAX_COLUMNS, MAX_ROWS};

/// Column (from 0) and row (from 1) of `B12`; `None` for what is no cell of a sheet.
pub(crate) fn cell(mark: &str) -> Option<(u32, u64)> {
    let digits = mark.find(|c: char| c.is_ascii_digit())?;
    let (letters, digits) = mark.split_at(digits);
    if letters.is_empty() || letters.len() > 3 || digits.len() > 7 {
        return None;
    }
    let mut column = 0;
    for letter in letters.bytes() {
        let letter = letter.to_ascii_uppercase();
        column = column * 26 + u32::from(letter.checked_sub(b'A').filter(|value| *value < 26)?) + 1;
    }
    let row: u64 = digits.parse().ok()?;
    (column <= MAX_COLUMNS && (1..=MAX_ROWS).contains(&row)).then(|| (column - 1, row))
}

/// The range of `A2:A5`.
pub(crate) fn range(mark: &str) -> Option<Merged> {
    let (first, last) = mark.split_once(':')?;
    let ((left, top), (right, bottom)) = (cell(first)?, cell(last)?);
    (left <= right && top <= bottom).then_some(Merged { top, bottom, left, right })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_by_letters_and_digits() {
        assert_eq!(cell("A1"), Some((0, 1)));
        assert_eq!(cell("XFD1048576"), Some((16_383, 1_048_576)));
        for wrong in ["", "A", "1", "A0", "XFE1", "A1048577", "AAAAAAAAAAAAAAAAAAA1", "A-1", "Ａ1"] {
            assert_eq!(cell(wrong), None, "{wrong}");
        }
        assert_eq!(range("A2:B5"), Some(Merged { top: 2, bottom: 5, left: 0, right: 1 }));
        assert_eq!(range("B5:A2"), None);
    }
}
