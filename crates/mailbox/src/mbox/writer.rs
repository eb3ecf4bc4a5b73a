//! Writing an mbox: postmarks between messages, and a `>` before every line that could be taken for one.
//!
//! What passes is looked at once. Only a line's beginning matters, and of that only `From ` can be cut by the end of a
//! piece, so nothing is gathered: the `>` before it have already gone out, and one more of them is the same as one in
//! front.

use std::io::{self, Read, Write};

use super::Postmark;

const FROM: &[u8; 5] = b"From ";
/// How much is read and written at once, in octets.
const CHUNK: usize = 64 * 1024;

/// Writes messages one after the other into an mbox.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    buffer: Vec<u8>,
}

/// Where in a line the next octet stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// At its beginning, or behind nothing but `>`.
    Begin,
    /// Behind so many octets of `From `, which have not been written yet.
    From(usize),
    /// Anywhere else.
    Within,
}

impl<W: Write> Writer<W> {
    /// Writes to `out`: a new file, or one that is whole so far.
    pub fn new(out: W) -> Self {
        Self { out, buffer: Vec::new() }
    }

    /// Adds a message. How many octets it had.
    ///
    /// # Errors
    /// Of reading the message or writing it; the file then ends in part of it.
    pub fn append(&mut self, postmark: &Postmark, mut message: impl Read) -> io::Result<u64> {
        writeln!(self.out, "{postmark}")?;
        self.buffer.resize(CHUNK, 0);
        let (mut place, mut size) = (Place::Begin, 0);
        loop {
            let read = match message.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                break;
            }
            size += read as u64;
            place = quote(&mut self.out, &self.buffer[..read], place)?;
        }
        if let Place::From(matched) = place {
            self.out.write_all(&FROM[..matched])?;
        }
        self.out.write_all(b"\n")?;
        Ok(size)
    }

    /// Hands everything to the file and gives it back.
    ///
    /// # Errors
    /// As writing says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Writes a piece of a message and says where it ends.
fn quote(out: &mut impl Write, piece: &[u8], mut place: Place) -> io::Result<Place> {
    let (mut at, mut written) = (0, 0);
    while at < piece.len() {
        place = match (place, piece[at]) {
            (Place::Within, _) => match memchr::memchr(b'\n', &piece[at..]) {
                Some(length) => {
                    at += length + 1;
                    Place::Begin
                }
                None => {
                    at = piece.len();
                    Place::Within
                }
            },
            (Place::Begin, b'>' | b'\n') => {
                at += 1;
                Place::Begin
            }
            (Place::Begin, b'F') => {
                at += 1;
                Place::From(1)
            }
            (Place::Begin, _) => Place::Within,
            (Place::From(matched), octet) if octet == FROM[matched] => {
                at += 1;
                if matched + 1 < FROM.len() {
                    Place::From(matched + 1)
                } else {
                    let begin = at.saturating_sub(FROM.len());
                    out.write_all(&piece[written..begin])?;
                    out.write_all(b">")?;
                    // What of `From ` came with the piece before was held back there.
                    out.write_all(&FROM[..FROM.len() - (at - begin)])?;
                    written = begin;
                    Place::Within
                }
            }
            (Place::From(matched), _) => {
                if matched > at {
                    out.write_all(&FROM[..matched - at])?;
                }
                Place::Within
            }
        };
    }
    // The beginning of a `From ` at the end is held back.
    let held = if let Place::From(matched) = place { matched.min(piece.len() - written) } else { 0 };
    out.write_all(&piece[written..piece.len() - held])?;
    Ok(place)
}
