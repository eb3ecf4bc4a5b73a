//! Transfer encodings that are there but not declared: base64 or quoted-printable under `7bit`, or under
//! nothing at all, as broken senders and gateways leave them.
//!
//! Only what can hardly be anything else is taken for encoded: base64 throughout, in lines of one length, that
//! decodes to text or to a file known by its first bytes; quoted-printable without one `=` too many.

use memchr::{memchr, memchr_iter};

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

/// Text in which every `=` escapes a byte or breaks a line, and some break a line or escape what is no ASCII.
fn is_quoted_printable(body: &[u8]) -> bool {
    let (mut escapes, mut proofs) = (0, 0);
    for at in memchr_iter(b'=', body) {
        match &body[at + 1..] {
            [] | [b'\n', ..] | [b'\r', b'\n', ..] => proofs += 1,
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                escapes += 1;
                proofs += usize::from(*high >= b'8');
            }
            _ => return false,
        }
    }
    escapes > 0 && proofs > 0 && body.is_ascii()
}
