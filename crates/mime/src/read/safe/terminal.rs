//! Text that is safe on a terminal: control bytes, escape sequences, bidirectional marks and other invisible
//! characters are written out (`\x1b`, `\u{202e}`), so that they can be seen and do nothing.

use std::borrow::Cow;
use std::fmt::Write;

/// `text` for one line: every control character is written out, line breaks and tabs too.
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// `text` of several lines: as [`line()`], but LF, CRLF and tabs stay.
pub fn text(text: &str) -> Cow<'_, str> {
    match escape(text, |c| matches!(c, '\n' | '\t' | '\r')) {
        // A CR that is no line end would return to the line's start and write over it.
        shown if shown.contains('\r') => Cow::Owned(lone_cr_written_out(&shown)),
        shown => shown,
    }
}

fn lone_cr_written_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\r') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        out.push_str(if rest.starts_with('\n') { "\r" } else { "\\x0d" });
    }
    out.push_str(rest);
    out
}

fn escape(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let harmful = |c: char| !keep(c) && must_be_seen(c);
    let Some(first) = text.find(harmful) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        if !harmful(c) {
            out.push(c);
        } else if (c as u32) < 0x100 {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{:02x}", c as u32);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
    }
    Cow::Owned(out)
}

/// Whether `c` is a control, a format character (general category Cf), or otherwise shows as nothing.
pub(super) fn must_be_seen(c: char) -> bool {
    match c as u32 {
        0x20..=0x7e => false,
        0x00..=0x1f | 0x7f..=0x9f | 0xad => true,
        0x034f | 0x0600..=0x0605 | 0x061c | 0x06dd | 0x070f | 0x0890 | 0x0891 | 0x08e2 => true,
        0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f => true,
        0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f => true,
        0x3164 | 0xfe00..=0xfe0d | 0xfeff | 0xffa0 | 0xfff0..=0xfffb => true,
        0x110bd | 0x110cd | 0x13430..=0x1345f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a => true,
        0xe0000..=0xe0fff => true,
        _ => false,
    }
}
