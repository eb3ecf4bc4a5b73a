//! uuencode (`x-uuencode`): lines of a length character and groups of four, between `begin` and `end`.

use crate::read::finding::{Code, Notes};
use crate::read::lines::LineEnd;

/// Decodes into `sink` line by line. A body without a `begin` line is left as it is.
pub(super) fn decode<E>(
    body: &[u8],
    notes: &mut Notes,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut lines = Lines { body, line_end: LineEnd::of(body), at: 0 };
    if !lines.any(is_begin) {
        notes.add(Code::UuNoBegin, None);
        return body.chunks(super::PIECE).try_for_each(sink);
    }
    let mut bad = 0;
    let mut ended = false;
    let mut out = Vec::with_capacity(64);
    for line in lines.by_ref() {
        if line == b"end" {
            ended = true;
            break;
        }
        out.clear();
        if decode_line(line, &mut out) {
            sink(&out)?;
        } else if !line.is_empty() {
            bad += 1;
        }
    }
    bad += lines.filter(|line| !line.is_empty()).count();
    if bad > 0 {
        notes.add(Code::UuBadLine, Some(&bad.to_string()));
    }
    if !ended {
        notes.add(Code::UuNoEnd, None);
    }
    Ok(())
}

/// `begin 644 name`.
fn is_begin(line: &[u8]) -> bool {
    name_in_begin(line).is_some()
}

/// The name in a line `begin 644 name`.
pub(crate) fn name_in_begin(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"begin ")?;
    let is_mode = rest.len() > 4 && rest[..3].iter().all(u8::is_ascii_digit);
    is_mode.then(|| rest[3..].trim_ascii())
}

/// Decodes one line; false where it is none. Blanks that were stripped from its end count as zeros.
pub(crate) fn decode_line(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some((&first, groups)) = line.split_first() else { return false };
    if !(b' '..=b'`').contains(&first) || groups.iter().any(|byte| !(b' '..=b'`').contains(byte)) {
        return false;
    }
    let length = usize::from((first - b' ') & 0x3f);
    if groups.len() > length.div_ceil(3) * 4 + 2 {
        return false;
    }
    let value = |at: usize| groups.get(at).map_or(0, |byte| u32::from((byte - b' ') & 0x3f));
    for group in 0..length.div_ceil(3) {
        let at = group * 4;
        let word = value(at) << 18 | value(at + 1) << 12 | value(at + 2) << 6 | value(at + 3);
        let bytes = word.to_be_bytes();
        let left = (length - group * 3).min(3);
        out.extend_from_slice(&bytes[1..1 + left]);
    }
    true
}

/// Lines without their breaks.
struct Lines<'b> {
    body: &'b [u8],
    line_end: LineEnd,
    at: usize,
}

impl<'b> Iterator for Lines<'b> {
    type Item = &'b [u8];

    fn next(&mut self) -> Option<&'b [u8]> {
        if self.at == self.body.len() {
            return None;
        }
        let (line, next) = self.line_end.line(self.body, self.at);
        self.at = next;
        Some(&self.body[line])
    }
}
