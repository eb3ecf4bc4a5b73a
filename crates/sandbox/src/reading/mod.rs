//! What IMAP asks about the inside of a mail: its structure, pieces of it, texts in it.
//!
//! Octets that stand in the mail as they are asked for are named by where they stand, and streamed from
//! there. A header is read as far as it goes; to know the parts of a mail, all of it is looked at once.

mod addresses;
mod layout;
mod lines;
mod search;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Arc;

use crate::store::{Message, Octets};
pub(crate) use layout::{Layout, envelope};
pub(crate) use lines::{AsLines, LineEnds};
pub(crate) use search::{contains, day_of_sending};

/// The longest header that is looked into, in octets.
pub const MAX_HEADER: u64 = 1024 * 1024;
/// The largest mail whose parts are looked for and whose texts are searched, in octets. A larger one can be
/// fetched whole, as header and as text.
pub const MAX_LOOKED_INTO: u64 = 128 * 1024 * 1024;
/// Octets of a file that are read at a time: as much as goes to a link uncopied.
const AT_A_TIME: usize = 64 * 1024;

/// A mail's octets from somewhere on.
pub(crate) enum Stream {
    Memory(Cursor<InMemory>),
    File(BufReader<File>),
}

/// A mail in memory, as octets.
pub(crate) struct InMemory(Arc<Message>);

impl AsRef<[u8]> for InMemory {
    fn as_ref(&self) -> &[u8] {
        self.0.in_memory()
    }
}

impl Octets {
    /// How many.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Memory(message) => Ok(message.in_memory().len() as u64),
            Self::File(file) => file.metadata().map(|file| file.len()),
        }
    }

    /// Those from `offset` on.
    pub(crate) fn stream(self, offset: u64) -> io::Result<Stream> {
        match self {
            Self::Memory(message) => {
                let mut cursor = Cursor::new(InMemory(message));
                cursor.set_position(offset);
                Ok(Stream::Memory(cursor))
            }
            Self::File(mut file) => {
                file.seek(SeekFrom::Start(offset))?;
                Ok(Stream::File(BufReader::with_capacity(AT_A_TIME, file)))
            }
        }
    }

    /// All of them, up to [`MAX_LOOKED_INTO`].
    pub(crate) fn whole(self) -> io::Result<Vec<u8>> {
        if self.len()? > MAX_LOOKED_INTO {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut octets = Vec::new();
        self.stream(0)?.take(MAX_LOOKED_INTO).read_to_end(&mut octets)?;
        Ok(octets)
    }

    /// Those of a header inside, up to [`MAX_HEADER`].
    pub(crate) fn piece(self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let len = range.end - range.start;
        if len > MAX_HEADER {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut piece = Vec::new();
        self.stream(range.start)?.take(len).read_to_end(&mut piece)?;
        Ok(piece)
    }

    /// The header, with the empty line behind it, up to [`MAX_HEADER`].
    pub(crate) fn header(self) -> io::Result<Vec<u8>> {
        let mut header = Vec::new();
        let mut lines = self.stream(0)?.take(MAX_HEADER + 1);
        loop {
            let begin = header.len();
            let read = lines.read_until(b'\n', &mut header)?;
            if header.len() as u64 > MAX_HEADER {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            if read == 0 || matches!(&header[begin..], b"\n" | b"\r\n") {
                return Ok(header);
            }
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Memory(octets) => octets.read(buffer),
            Self::File(octets) => octets.read(buffer),
        }
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Self::Memory(octets) => octets.fill_buf(),
            Self::File(octets) => octets.fill_buf(),
        }
    }

    fn consume(&mut self, n: usize) {
        match self {
            Self::Memory(octets) => octets.consume(n),
            Self::File(octets) => octets.consume(n),
        }
    }
}

/// The octets of a mail's header, with the empty line, and of so many lines of its body (RFC 1939 §7, TOP).
pub(crate) fn top(mail: impl BufRead, body_lines: u32) -> io::Result<u64> {
    let mut lines = Lines { from: mail, octets: 0 };
    while let Some(len) = lines.skip()? {
        if len <= 2 {
            for _ in 0..body_lines {
                if lines.skip()?.is_none() {
                    break;
                }
            }
            break;
        }
    }
    Ok(lines.octets)
}

/// Reads past lines without keeping them.
struct Lines<R> {
    from: R,
    octets: u64,
}

impl<R: BufRead> Lines<R> {
    /// The octets of the next line, with its end.
    fn skip(&mut self) -> io::Result<Option<u64>> {
        let len = self.from.skip_until(b'\n')? as u64;
        self.octets += len;
        Ok((len > 0).then_some(len))
    }
}

/// Of a header with its empty line, the fields whose names are (or are not) among these, with an empty line
/// behind them. Folded lines belong to the field above; a line that is no field belongs to none.
pub(crate) fn picked_fields(header: &[u8], names: &[String], among: bool) -> Vec<u8> {
    let mut picked = Vec::new();
    let mut picking = false;
    for line in header.split_inclusive(|octet| *octet == b'\n') {
        let is_empty = matches!(line, b"\n" | b"\r\n");
        if is_empty {
            break;
        }
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            let name = line.iter().position(|octet| *octet == b':').map(|end| line[..end].trim_ascii_end());
            picking = match name {
                Some(name) => names.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes())) == among,
                None => !among,
            };
        }
        if picking {
            picked.extend_from_slice(line);
        }
    }
    if !picked.is_empty() && !picked.ends_with(b"\n") {
        picked.extend_from_slice(b"\r\n");
    }
    picked.extend_from_slice(b"\r\n");
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_of_a_mail_is_its_header_and_some_lines() {
        let mail = "A: b\r\nC: d\r\n\r\none\r\n\r\nthree\r\n";
        for (lines, expected) in [(0, 14), (1, 19), (2, 21), (3, 28), (u32::MAX, 28)] {
            assert_eq!(top(mail.as_bytes(), lines).unwrap(), expected, "{lines}");
        }
        assert_eq!(top(&b"A: b\r\n"[..], 5).unwrap(), 6, "no body");
        assert_eq!(top(&b""[..], 5).unwrap(), 0);
    }

    #[test]
    fn fields_are_picked_by_name_with_their_folds() {
        let header = b"To: a\r\n b\r\nSubject : x\r\nno field\r\nto: c\r\nX: y\r\n\r\n";
        let names = ["TO".to_string(), "Cc".to_string()];
        assert_eq!(picked_fields(header, &names, true), b"To: a\r\n b\r\nto: c\r\n\r\n");
        assert_eq!(picked_fields(header, &names, false), b"Subject : x\r\nno field\r\nX: y\r\n\r\n");
        assert_eq!(picked_fields(b"To: a", &names, true), b"To: a\r\n\r\n");
        assert_eq!(picked_fields(b"", &names, true), b"\r\n");
    }
}
