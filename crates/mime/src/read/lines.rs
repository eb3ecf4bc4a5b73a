//! Where lines end. Mail has CRLF; stored mail often bare LF; some old stores bare CR throughout.
//!
//! A message without a single LF is read with CR as its line end. Otherwise the LF ends a line, with or
//! without the CR before it, and any other CR is an ordinary byte (and a finding).

use std::ops::Range;

use memchr::memchr;

/// The byte that ends lines in one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LineEnd(u8);

impl LineEnd {
    /// The line end of `raw`, decided once for the whole message.
    pub(crate) fn of(raw: &[u8]) -> Self {
        if memchr(b'\n', raw).is_none() && memchr(b'\r', raw).is_some() { Self(b'\r') } else { Self(b'\n') }
    }

    pub(crate) fn byte(self) -> u8 {
        self.0
    }

    pub(crate) fn is_bare_cr(self) -> bool {
        self.0 == b'\r'
    }

    /// The line that starts at `at`: its content without the line break, and where the next line starts.
    pub(crate) fn line(self, raw: &[u8], at: usize) -> (Range<usize>, usize) {
        match memchr(self.0, &raw[at..]) {
            Some(length) => (at..self.before_break(raw, at, at + length), at + length + 1),
            None => (at..raw.len(), raw.len()),
        }
    }

    /// Where the line break begins whose last byte is at `last`, not before `floor`.
    pub(crate) fn before_break(self, raw: &[u8], floor: usize, last: usize) -> usize {
        if self.0 == b'\n' && last > floor && raw[last - 1] == b'\r' { last - 1 } else { last }
    }

    /// Length of the line break at `at`; 0 where there is none.
    pub(crate) fn break_at(self, raw: &[u8], at: usize) -> usize {
        match raw.get(at) {
            Some(&byte) if byte == self.0 => 1,
            Some(b'\r') if raw.get(at + 1) == Some(&b'\n') => 2,
            _ => 0,
        }
    }
}

/// Whether `byte` is the white space of RFC 5322 §3.2.2 within a line.
pub(crate) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// `line` without the blanks that end it.
pub(crate) fn trim_blank_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_found_in_all_three_forms() {
        for (raw, lines) in [
            (&b"a\r\nb\nc"[..], vec![0..1, 3..4, 5..6]),
            (b"a\rb\rc", vec![0..1, 2..3, 4..5]),
            (b"a\rb\nc\r\n", vec![0..3, 4..5]),
            (b"", vec![]),
        ] {
            let end = LineEnd::of(raw);
            let mut found = Vec::new();
            let mut at = 0;
            while at < raw.len() {
                let (line, next) = end.line(raw, at);
                found.push(line);
                at = next;
            }
            assert_eq!(found, lines, "{raw:?}");
        }
    }
}
