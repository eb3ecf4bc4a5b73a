//! The announcement of a literal at the end of a line: `{310}`, `{310+}` (RFC 7888), `~{310}` (RFC 3516).
//!
//! Whether a line can have one at all is for the reader of the line to know: the text of a response, for
//! people, may end in `{5}` and mean nothing by it.

/// What a line's end announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Literal {
    /// Octets to come, behind the line end.
    pub len: u64,
    /// The sender does not wait for the other side's go-ahead (`+`).
    pub non_sync: bool,
    /// May hold NUL (literal8, `~{…}`).
    pub binary: bool,
    /// Where in the line the announcement begins.
    pub at: usize,
}

/// Why the end of a line that looks like an announcement is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiteralError {
    /// No number, a sign, or anything else that is not `DIGITS` or `DIGITS+`.
    Malformed,
    /// More than 2^63 − 1 octets (RFC 9051 number64).
    TooLarge,
}

/// What the end of this line (without CRLF) announces; `None` where it does not end in `}`, or no `{` comes
/// before it.
///
/// # Errors
/// It ends in `{…}` with something in between that is no length.
pub fn announced(line: &[u8]) -> Result<Option<Literal>, LiteralError> {
    let Some(inner) = line.strip_suffix(b"}") else { return Ok(None) };
    // The longest number has 19 digits; before that there is nothing to find.
    let from = inner.len().saturating_sub(24);
    let Some(brace) = inner[from..].iter().rposition(|&b| b == b'{').map(|n| from + n) else {
        return Ok(None);
    };
    let digits = &inner[brace + 1..];
    let (digits, non_sync) = match digits.strip_suffix(b"+") {
        Some(digits) => (digits, true),
        None => (digits, false),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(LiteralError::Malformed);
    }
    let mut len: u64 = 0;
    for digit in digits {
        len = len
            .checked_mul(10)
            .and_then(|n| n.checked_add(u64::from(digit - b'0')))
            .filter(|n| i64::try_from(*n).is_ok())
            .ok_or(LiteralError::TooLarge)?;
    }
    let binary = brace > 0 && inner[brace - 1] == b'~';
    Ok(Some(Literal { len, non_sync, binary, at: if binary { brace - 1 } else { brace } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_from_the_end_of_a_line() {
        let literal = |len, non_sync, binary, at| Ok(Some(Literal { len, non_sync, binary, at }));
        for (line, expected) in [
            ("* 1 FETCH (BODY[] {310}", literal(310, false, false, 18)),
            ("A LOGIN {5+}", literal(5, true, false, 8)),
            ("A APPEND x ~{5}", literal(5, false, true, 11)),
            ("{0}", literal(0, false, false, 0)),
            ("a {9223372036854775807}", literal(i64::MAX as u64, false, false, 2)),
            ("a {9223372036854775808}", Err(LiteralError::TooLarge)),
            ("a {99999999999999999999}", Err(LiteralError::TooLarge)),
            ("a {-1}", Err(LiteralError::Malformed)),
            ("a {}", Err(LiteralError::Malformed)),
            ("a {+}", Err(LiteralError::Malformed)),
            ("a {1 }", Err(LiteralError::Malformed)),
            ("a 5}", Ok(None)),
            ("a {5} ", Ok(None)),
            ("", Ok(None)),
        ] {
            assert_eq!(announced(line.as_bytes()), expected, "{line}");
        }
    }
}
