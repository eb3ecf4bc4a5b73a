//! Quoted-printable as it arrives (RFC 2045 §6.7).
//!
//! An `=` that begins neither an escape nor a soft line break is kept and counted. Blanks at the end of a
//! line were added on the way (§6.7 rule 3) and are dropped; everything else survives as it is.

use encodify::qp::BODY;
use memchr::{memchr_iter, memchr3};

use crate::read::finding::{Code, Notes};

/// The whole decoded body.
pub(super) fn decode_whole(body: &[u8], notes: &mut Notes) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bad = 0;
    decode_piece(body, &mut out, &mut bad);
    note(bad, notes);
    out
}

/// Decodes into `sink` piece by piece.
pub(super) fn decode<E>(
    body: &[u8],
    notes: &mut Notes,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut bad = 0;
    let mut out = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(cut(rest));
        out.clear();
        decode_piece(piece, &mut out, &mut bad);
        sink(&out)?;
        rest = tail;
    }
    note(bad, notes);
    Ok(())
}

fn note(bad: usize, notes: &mut Notes) {
    if bad > 0 {
        notes.add(Code::QpBadEscape, Some(&bad.to_string()));
    }
}

/// Where to cut a piece off `rest`: behind a byte that is whole by itself, so that no escape, soft break or
/// run of blanks is cut.
fn cut(rest: &[u8]) -> usize {
    if rest.len() <= super::PIECE {
        return rest.len();
    }
    let whole = |at: &usize| !matches!(rest[*at - 1], b' ' | b'\t' | b'\r' | b'=') && rest[*at - 2] != b'=';
    (super::PIECE..rest.len()).find(whole).unwrap_or(rest.len())
}

/// Decodes what is sound at full speed, the rest step by step.
fn decode_piece(piece: &[u8], out: &mut Vec<u8>, bad: &mut usize) {
    // The fast decoder drops a CR without LF; here it is kept.
    let bare_cr = memchr_iter(b'\r', piece).any(|at| piece.get(at + 1) != Some(&b'\n'));
    if bare_cr || BODY.strict().decode_append(piece, out).is_err() {
        decode_lines(piece, out, bad);
    }
}

fn decode_lines(piece: &[u8], out: &mut Vec<u8>, bad: &mut usize) {
    let mut at = 0;
    // Start of what the current line has put out: blanks are dropped back to there at most.
    let mut line_start = out.len();
    while at < piece.len() {
        let plain = memchr3(b'=', b'\n', b'\r', &piece[at..]).unwrap_or(piece.len() - at);
        out.extend_from_slice(&piece[at..at + plain]);
        at += plain;
        match piece.get(at) {
            None => break,
            Some(b'=') => at += escape(&piece[at..], out, &mut line_start, bad),
            Some(&byte) => {
                drop_blanks(out, line_start);
                out.push(byte);
                line_start = out.len();
                at += 1;
            }
        }
    }
    drop_blanks(out, line_start);
}

/// Decodes what begins with `=`; returns its length. Bytes from an escape are never dropped as blanks.
fn escape(rest: &[u8], out: &mut Vec<u8>, line_start: &mut usize, bad: &mut usize) -> usize {
    if let Some([high, low]) = rest.get(1..3)
        && let (Some(high), Some(low)) = (hex(*high), hex(*low))
    {
        out.push(high << 4 | low);
        *line_start = out.len();
        return 3;
    }
    let blanks = rest[1..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    match (rest.get(1 + blanks), rest.get(2 + blanks)) {
        (None, _) => {
            *line_start = out.len();
            1 + blanks
        }
        (Some(b'\r'), Some(b'\n')) => {
            *line_start = out.len();
            3 + blanks
        }
        (Some(b'\r' | b'\n'), _) => {
            *line_start = out.len();
            2 + blanks
        }
        _ => {
            *bad += 1;
            out.push(b'=');
            *line_start = out.len();
            1
        }
    }
}

fn drop_blanks(out: &mut Vec<u8>, line_start: usize) {
    let kept =
        out[line_start..].iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    out.truncate(line_start + kept);
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_fast_decoder_gives_what_the_careful_one_gives(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["=", "=41", "=e4", "=\r\n", "= \n", " ", "\t", "\r\n", "\n", "a", "=0D", "=20"]),
                0..40,
            ),
        ) {
            let body = pieces.concat().into_bytes();
            let (mut fast, mut careful) = (Vec::new(), Vec::new());
            decode_piece(&body, &mut fast, &mut 0);
            decode_lines(&body, &mut careful, &mut 0);
            prop_assert_eq!(fast, careful);
        }
    }
}
