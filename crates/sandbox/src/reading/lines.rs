//! Mails as lines, for POP3: what came with bare LF or CR (by BDAT, by APPEND, as a file) is said with CRLF,
//! and the last line is ended, since a POP3 server can say nothing else (RFC 1939 §3). IMAP has it as it is.

use std::io::{self, BufRead, Read};

/// Counts how many octets longer a mail is as lines.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LineEnds {
    last: u8,
    bare: u64,
}

impl LineEnds {
    pub(crate) fn new() -> Self {
        Self { last: b'\n', bare: 0 }
    }

    /// The mail goes on with this.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        let [first, ..] = piece else { return };
        let bare = |before: u8, octet: u8| u64::from((before == b'\r') != (octet == b'\n'));
        let inside: u64 = piece.iter().zip(&piece[1..]).map(|(before, octet)| bare(*before, *octet)).sum();
        self.bare += bare(self.last, *first) + inside;
        self.last = piece[piece.len() - 1];
    }

    /// So many octets more, now that it is whole.
    pub(crate) fn more(self) -> u64 {
        self.bare
            + match self.last {
                b'\n' => 0,
                b'\r' => 1,
                _ => 2,
            }
    }
}

/// A mail with CRLF at the end of every line.
pub(crate) struct AsLines<R> {
    from: R,
    last: u8,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: BufRead> AsLines<R> {
    pub(crate) fn of(from: R) -> Self {
        Self { from, last: b'\n', ready: Vec::new(), at: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        let piece = self.from.fill_buf()?;
        if piece.is_empty() {
            self.ended = true;
            match self.last {
                b'\n' => {}
                b'\r' => self.ready.push(b'\n'),
                _ => self.ready.extend_from_slice(b"\r\n"),
            }
            return Ok(());
        }
        for octet in piece {
            if self.last == b'\r' && *octet != b'\n' {
                self.ready.push(b'\n');
            } else if self.last != b'\r' && *octet == b'\n' {
                self.ready.push(b'\r');
            }
            self.ready.push(*octet);
            self.last = *octet;
        }
        let read = piece.len();
        self.from.consume(read);
        Ok(())
    }
}

impl<R: BufRead> Read for AsLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for AsLines<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.ready.len() && !self.ended {
            self.fill()?;
        }
        Ok(&self.ready[self.at..])
    }

    fn consume(&mut self, n: usize) {
        self.at = self.ready.len().min(self.at + n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_end_with_crlf_and_their_octets_are_known_beforehand() {
        for (mail, lines) in [
            ("", ""),
            ("a\r\nb\r\n", "a\r\nb\r\n"),
            ("a\nb", "a\r\nb\r\n"),
            ("\n\n", "\r\n\r\n"),
            ("a\rb\r", "a\r\nb\r\n"),
            ("\r\r\n\n\r", "\r\n\r\n\r\n\r\n"),
        ] {
            for cut in [1, 2, 3, 100] {
                let mut ends = LineEnds::new();
                mail.as_bytes().chunks(cut).for_each(|piece| ends.push(piece));
                let mut said = String::new();
                let from = BufReader::with_capacity(cut, mail.as_bytes());
                AsLines::of(from).read_to_string(&mut said).unwrap();
                assert_eq!(said, lines, "{mail:?}");
                assert_eq!(mail.len() as u64 + ends.more(), lines.len() as u64, "{mail:?}");
            }
        }
    }
}
