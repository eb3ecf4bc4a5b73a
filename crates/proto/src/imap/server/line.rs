//! How a server writes: answers, strings, mailbox names.

use crate::faults::{Answer, Spoken};
use crate::imap::utf7;
use crate::speech::Sayable;

use super::mailboxes::No;

/// One whole answer, without its line end.
#[derive(Clone, Debug)]
pub(super) struct Line(pub(super) Vec<u8>);

impl Spoken for Line {
    fn spoken(answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Line(line) => Some(Self(line.clone().into_bytes())),
            Answer::Reply(_) => None,
        }
    }
}

impl Sayable for Line {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
        out.extend_from_slice(b"\r\n");
    }

    fn ends(&self) -> bool {
        self.0.starts_with(b"* BYE")
    }
}

/// What became of a command.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// OK, with this text (and code).
    Done(String),
    /// NO.
    No(No),
    /// BAD, with what is wrong.
    Bad(String),
}

impl Outcome {
    pub(super) fn done(text: impl Into<String>) -> Self {
        Self::Done(text.into())
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::Bad(text.into())
    }
}

impl From<No> for Outcome {
    fn from(no: No) -> Self {
        Self::No(no)
    }
}

impl From<Result<String, No>> for Outcome {
    fn from(result: Result<String, No>) -> Self {
        match result {
            Ok(text) => Self::Done(text),
            Err(no) => Self::No(no),
        }
    }
}

/// `a1 OK done`: status and text.
impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Done(text) => write!(f, "OK {text}"),
            Self::No(no) => write!(f, "NO {no}"),
            Self::Bad(text) => write!(f, "BAD {text}"),
        }
    }
}

/// Writes a string: quoted where it can be, else as a literal. NUL cannot be written and is left out.
pub(super) fn string(out: &mut Vec<u8>, text: &[u8], utf8: bool) {
    const LONGEST_QUOTED: usize = 1000;
    let plain = |b: u8| matches!(b, 0x20..=0x7e) || (utf8 && b >= 0x80);
    let quotable = text.len() <= LONGEST_QUOTED
        && text.iter().all(|&b| plain(b))
        && (!utf8 || std::str::from_utf8(text).is_ok());
    if quotable {
        out.push(b'"');
        for &b in text {
            if matches!(b, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(b);
        }
        out.push(b'"');
    } else {
        let text: Vec<u8> = text.iter().copied().filter(|&b| b != 0).collect();
        out.extend_from_slice(format!("{{{}}}\r\n", text.len()).as_bytes());
        out.extend_from_slice(&text);
    }
}

/// Writes a string or NIL.
pub(super) fn nstring(out: &mut Vec<u8>, text: Option<&[u8]>, utf8: bool) {
    match text {
        Some(text) => string(out, text, utf8),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// Writes a mailbox name, as an atom where it can be one.
pub(super) fn mailbox(out: &mut Vec<u8>, name: &str, utf8: bool) {
    let name = if utf8 { name.to_string() } else { utf7::encode(name) };
    let atom = !name.is_empty()
        && !name.eq_ignore_ascii_case("NIL")
        && name.bytes().all(|b| b.is_ascii_graphic() && !b"(){%*\"\\]".contains(&b));
    if atom { out.extend_from_slice(name.as_bytes()) } else { string(out, name.as_bytes(), utf8) }
}

/// Numbers in their order, with runs that grow by one written as ranges: `3:5,1,9`.
pub(super) fn runs(numbers: impl IntoIterator<Item = u32>) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    let mut run: Option<(u32, u32)> = None;
    let mut close = |run: Option<(u32, u32)>| {
        let Some((from, to)) = run else { return };
        let comma = if out.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = if from == to { write!(out, "{comma}{from}") } else { write!(out, "{comma}{from}:{to}") };
    };
    for number in numbers {
        run = match run {
            Some((from, to)) if to.checked_add(1) == Some(number) => Some((from, number)),
            other => {
                close(other);
                Some((number, number))
            }
        };
    }
    close(run);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        out.escape_ascii().to_string()
    }

    #[test]
    fn strings_are_quoted_where_they_can_be() {
        for (text, utf8, expected) in [
            ("a b", false, "\\\"a b\\\""),
            ("a\"\\", false, "\\\"a\\\\\\\"\\\\\\\\\\\""),
            ("é", false, "{2}\\r\\n\\xc3\\xa9"),
            ("é", true, "\\\"\\xc3\\xa9\\\""),
            ("a\r\nb", true, "{4}\\r\\na\\r\\nb"),
            ("a\0b", false, "{2}\\r\\nab"),
            ("", false, "\\\"\\\""),
        ] {
            assert_eq!(written(|out| string(out, text.as_bytes(), utf8)), expected);
        }
        assert_eq!(written(|out| string(out, b"\xff", true)), "{1}\\r\\n\\xff");
    }

    #[test]
    fn names_are_atoms_or_strings() {
        for (name, utf8, expected) in [
            ("INBOX", false, "INBOX"),
            ("a b", false, "\\\"a b\\\""),
            ("已发送", false, "&XfJT0ZAB-"),
            ("R&D", false, "R&-D"),
            ("nil", false, "\\\"nil\\\""),
            ("é", true, "\\\"\\xc3\\xa9\\\""),
        ] {
            assert_eq!(written(|out| mailbox(out, name, utf8)), expected);
        }
    }

    #[test]
    fn runs_keep_their_order() {
        assert_eq!(runs([3, 4, 5, 1, 9, 10]), "3:5,1,9:10");
        assert_eq!(runs([u32::MAX]), "4294967295");
        assert_eq!(runs([]), "");
    }
}
