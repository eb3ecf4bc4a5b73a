//! Cells that a spreadsheet program would take for a formula (OWASP, "CSV Injection").

use std::borrow::Cow;

/// The cell with an apostrophe before it where it begins with `=`, `+`, `-`, `@` (or their full-width forms, which some
/// programs take for them), TAB or CR: then it is text to every spreadsheet program.
pub fn guarded(cell: &str) -> Cow<'_, str> {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            Cow::Owned(format!("'{cell}"))
        }
        _ => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_becomes_text() {
        for cell in ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert_eq!(guarded(cell), format!("'{cell}"));
        }
        for cell in ["", "张三", "a=b", "'=1", "1-2"] {
            assert_eq!(guarded(cell), cell);
        }
    }
}
