//! Dot-stuffing (RFC 5321 §4.5.2), and the refusal of content that could be read in two ways.
//!
//! A CR or LF that is not part of CRLF is refused: a server that takes `\n.\n` or `\r.\r` for the end of
//! the message would read what follows as commands of ours (SMTP smuggling, CVE-2023-51764 and others).
//! The composer never writes one; a file sent as it is may hold some.

use std::io;

/// Octets looked at in one go; a block without anything special costs a few vector instructions.
const BLOCK: usize = 512;

/// Between which octets the next one of a content stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stuffing {
    /// The octet before, as far as it matters; at the very start an LF, since a line starts there.
    last: u8,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// So many octets can go as they are; at least one.
    Run(usize),
    /// A dot is to be added here.
    Dot,
}

impl Stuffing {
    pub(super) fn new() -> Self {
        Self { last: b'\n' }
    }

    /// What to do with this piece, which is not empty. Nothing is remembered of it: see [`passed`](Self::passed).
    pub(super) fn next(&self, piece: &[u8]) -> io::Result<Next> {
        if is_bare(self.last, piece[0]) {
            return Err(bare(self.last));
        }
        if self.last == b'\n' && piece[0] == b'.' {
            return Ok(Next::Dot);
        }
        Ok(Next::Run(run(piece)))
    }

    /// A dot was added.
    pub(super) fn dotted(&mut self) {
        self.last = b'.';
    }

    /// The content went on to this octet.
    pub(super) fn passed(&mut self, last: u8) {
        self.last = last;
    }

    /// What ends the content.
    pub(super) fn end(&self) -> io::Result<&'static [u8]> {
        match self.last {
            b'\n' => Ok(b".\r\n"),
            b'\r' => Err(bare(b'\r')),
            _ => Ok(b"\r\n.\r\n"),
        }
    }
}

fn is_bare(before: u8, octet: u8) -> bool {
    (before == b'\r') != (octet == b'\n')
}

fn bare(before: u8) -> io::Error {
    let what = if before == b'\r' { "CR without LF" } else { "LF without CR" };
    io::Error::new(io::ErrorKind::InvalidData, format!("the content holds a {what}, which SMTP cannot carry"))
}

/// How far into the piece neither a dot begins a line nor a bare CR or LF stands.
fn run(piece: &[u8]) -> usize {
    let mut at = 0;
    while at + 1 < piece.len() {
        let end = piece.len().min(at + BLOCK + 1);
        let block = &piece[at..end];
        let special = |before: u8, octet: u8| is_bare(before, octet) | ((before == b'\n') & (octet == b'.'));
        let found = block.iter().zip(&block[1..]).fold(false, |found, (&a, &b)| found | special(a, b));
        if found {
            let clean = block.iter().zip(&block[1..]).take_while(|&(&a, &b)| !special(a, b)).count();
            return at + clean + 1;
        }
        at = end - 1;
    }
    piece.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The content on the wire, cut into pieces of `cut` octets; `None` where it is refused.
    fn stuff(content: &[u8], cut: usize) -> Option<Vec<u8>> {
        let (mut state, mut wire) = (Stuffing::new(), Vec::new());
        for mut piece in content.chunks(cut) {
            while !piece.is_empty() {
                match state.next(piece).ok()? {
                    Next::Dot => {
                        wire.push(b'.');
                        state.dotted();
                    }
                    Next::Run(n) => {
                        wire.extend_from_slice(&piece[..n]);
                        state.passed(piece[n - 1]);
                        piece = &piece[n..];
                    }
                }
            }
        }
        wire.extend_from_slice(state.end().ok()?);
        Some(wire)
    }

    #[test]
    fn dots_at_line_starts_are_doubled_and_the_end_mark_stands_alone() {
        for (content, wire) in [
            (&b""[..], &b".\r\n"[..]),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b".", b"..\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"..\r\n.a\r\n", b"...\r\n..a\r\n.\r\n"),
            (b"a.\r\n\r\n.\r\nQUIT\r\n", b"a.\r\n\r\n..\r\nQUIT\r\n.\r\n"),
        ] {
            for cut in 1..=content.len().max(1) {
                assert_eq!(stuff(content, cut).as_deref(), Some(wire), "{content:?} in pieces of {cut}");
            }
        }
    }

    #[test]
    fn a_bare_cr_or_lf_is_refused_wherever_it_stands() {
        for content in [
            &b"\n"[..],
            b"\r",
            b"a\nb\r\n",
            b"a\rb\r\n",
            b"a\r\r\n",
            b"a\r\n\n",
            b"a\n.\nb\r\n",
            b"a\r.\rb\r\n",
            b"a\r\n.\rb",
            b"a\r\n.\n",
            b"a\r",
        ] {
            for cut in 1..=content.len() {
                assert_eq!(stuff(content, cut), None, "{content:?} in pieces of {cut}");
            }
        }
    }

    #[test]
    fn what_is_special_is_found_at_every_place_of_a_block() {
        for at in 0..3 * BLOCK {
            let mut content = vec![b'x'; 3 * BLOCK + 7];
            content.splice(at..at, *b"\r\n.");
            let wire = stuff(&content, content.len()).expect("good content");
            let end = at + 4;
            assert_eq!((&wire[..at], &wire[at..end]), (&content[..at], &b"\r\n.."[..]));
            assert_eq!(wire[end..], [&content[at + 3..], b"\r\n.\r\n"].concat());
            content[at] = b'x';
            assert_eq!(stuff(&content, content.len()), None);
        }
    }
}
