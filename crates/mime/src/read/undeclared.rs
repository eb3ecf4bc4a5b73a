//! Transfer encodings that are there but not declared: base64 or quoted-printable under `7bit`, or under
//! nothing at all, as broken senders and gateways leave them.
//!
//! Only what can hardly be anything else is taken for encoded: base64 throughout, in lines of one length, that
//! decodes to text or to a file known by its first bytes; quoted-printable of UTF-8 without one `=` too many.

use memchr::{memchr, memchr2};

use crate::compose::type_by_content;
use crate::read::transfer::Encoding;

/// Bytes of a file that tell what it is.
const HEAD: usize = 512;

/// The encoding that `body` is in although none is declared, if it is in one.
pub(crate) fn encoding_of(body: &[u8], is_text: bool) -> Option<Encoding> {
    if is_base64(body, is_text) {
        return Some(Encoding::Base64);
    }
    (is_text && is_quoted_printable(body)).then_some(Encoding::QuotedPrintable)
}

/// Base64 in lines of one length, the last one excepted, whose content makes sense.
fn is_base64(body: &[u8], is_text: bool) -> bool {
    /// Shorter lines are words.
    const SHORTEST: usize = 40;
    let body = body.trim_ascii();
    let line_end = memchr(b'\n', body).unwrap_or(body.len());
    let first = body[..line_end].trim_ascii_end();
    if first.len() < SHORTEST || !first.len().is_multiple_of(4) || !first.iter().copied().all(is_symbol) {
        return false;
    }
    let mut lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).peekable();
    while let Some(line) = lines.next() {
        let sound = match lines.peek() {
            Some(_) => line.len() == first.len() && line.iter().copied().all(is_symbol),
            None => is_last_line(line, first.len()),
        };
        if !sound {
            return false;
        }
    }
    let symbols: Vec<u8> =
        body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).take(HEAD / 3 * 4).collect();
    let mut head = Vec::with_capacity(HEAD);
    if encodify::base64::LENIENT.decode_append(&symbols, &mut head).is_err() {
        return false;
    }
    match type_by_content(&head) {
        "application/octet-stream" => false,
        "text/plain" => is_text,
        _ => !is_text,
    }
}

fn is_last_line(line: &[u8], longest: usize) -> bool {
    let symbols = line.strip_suffix(b"==").or_else(|| line.strip_suffix(b"=")).unwrap_or(line);
    line.len() <= longest && line.len().is_multiple_of(4) && symbols.iter().copied().all(is_symbol)
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// Text in which every `=` escapes a byte or breaks a line, and that can hardly be by chance: characters beyond
/// ASCII are escaped in UTF-8, or full lines are broken again and again.
fn is_quoted_printable(body: &[u8]) -> bool {
    /// Lines are broken when they are about to grow longer than 76 (RFC 2045 §6.7 rule 5).
    const FULL: std::ops::RangeInclusive<usize> = 66..=76;
    let (mut characters, mut escapes, mut breaks) = (0, 0, 0);
    let mut line_start = 0;
    let mut at = 0;
    while let Some(found) = memchr2(b'=', b'\n', &body[at..]) {
        let mark = at + found;
        at = mark + 1;
        if body[mark] == b'\n' {
            line_start = at;
            continue;
        }
        match &body[at..] {
            [] => {}
            [b'\n', ..] | [b'\r', b'\n', ..] if FULL.contains(&(at - line_start)) => breaks += 1,
            rest => match escaped_character(rest) {
                Some((length, is_ascii)) => {
                    escapes += 1;
                    characters += usize::from(!is_ascii);
                    at += length;
                }
                None => return false,
            },
        }
    }
    (characters > 0 || (breaks > 1 && escapes > 0)) && body.is_ascii()
}

/// The escapes of one character behind its first `=`: how long they are, and whether it is ASCII; `None` where
/// they are no UTF-8, or not in the capitals that RFC 2045 §6.7 asks for.
fn escaped_character(rest: &[u8]) -> Option<(usize, bool)> {
    let mut bytes = Vec::with_capacity(4);
    let mut at = 0;
    loop {
        let (high, low) = (capital_hex(*rest.get(at)?)?, capital_hex(*rest.get(at + 1)?)?);
        bytes.push(high << 4 | low);
        at += 2;
        match std::str::from_utf8(&bytes) {
            Ok(_) => return Some((at, bytes.len() == 1)),
            Err(error) if error.error_len().is_some() => return None,
            // A character goes on in the next escape, also on the next line.
            Err(_) => {
                let next = rest[at..].strip_prefix(b"=\r\n").or_else(|| rest[at..].strip_prefix(b"=\n"));
                at = next.map_or(at, |next| rest.len() - next.len());
                if rest.get(at) != Some(&b'=') {
                    return None;
                }
                at += 1;
            }
        }
    }
}

fn capital_hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
