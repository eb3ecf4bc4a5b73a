//! The message as a stream of exactly known length.
//!
//! A message is one buffer, `head`, with segments let in: large bodies that are taken from memory or a
//! file only when they are read, encoded block by block in a buffer that is used again.

use super::BodyKind;
use super::bytes::Bytes;
use super::error::FileError;
use super::file::{FileReader, FileSource};
use super::lines::Canonical;
use encodify::base64;
use std::io::{self, BufRead, Read};
use std::ops::Range;

/// What is to be sent: `head`, and the segments that stand between its bytes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) head: Vec<u8>,
    /// In order of their places.
    pub(super) segments: Vec<Segment>,
    pub(super) kind: BodyKind,
    pub(super) utf8: bool,
}

/// A body that is not in `head`.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// The offset in `head` before which it stands.
    pub(super) at: usize,
    pub(super) source: Source,
    pub(super) coding: SegmentCoding,
    /// The length of what it yields.
    pub(super) len: u64,
}

#[derive(Clone, Debug)]
pub(super) enum Source {
    Memory(Bytes),
    File(FileSource),
}

impl Source {
    pub(super) fn len(&self) -> u64 {
        match self {
            Source::Memory(bytes) => bytes.as_slice().len() as u64,
            Source::File(file) => file.len(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentCoding {
    AsIs,
    /// Line ends become CRLF.
    Lines,
    /// Lines of 76, without the end of the last one.
    Base64,
}

/// The length of `len` bytes in base64 lines of 76, without the end of the last line.
pub(super) fn base64_len(len: u64) -> u64 {
    let symbols = len.div_ceil(3) * 4;
    symbols + symbols.div_ceil(76).saturating_sub(1) * 2
}

/// A piece of a message.
#[derive(Clone, Copy, Debug)]
pub enum Stretch<'e> {
    /// Bytes as they are sent.
    Written(&'e [u8]),
    /// A large body in memory, before its transfer encoding; of a part encoded beforehand, all of it as it is sent.
    Memory(&'e [u8]),
    /// A body that is read from its file when it is sent.
    File(&'e FileSource),
}

/// A composed message: read it as a `BufRead`. Small ones are one buffer; what is large is encoded while
/// it is read, in constant memory (under 1 MiB), and shared bytes are handed out where they are.
///
/// `fill_buf` gives small pieces of what is encoded, which stay in the nearest cache; `read` encodes right
/// into a large buffer, which suits writing to a socket.
///
/// A reader's error is final until [`Encoder::restart`]: `InvalidData` when a file is not what it was.
#[derive(Debug)]
pub struct Encoder {
    plan: Plan,
    len: u64,
    read: u64,
    state: State,
    /// The segment being read, or the next one.
    segment: usize,
    /// What is being read of `head`, of a shared source, of `raw` or of `block`.
    range: Range<usize>,
    file: Option<FileReader>,
    /// Bytes from the file, `raw_at` of them encoded.
    raw: Vec<u8>,
    raw_at: usize,
    /// How much of the segment's source has been encoded.
    source_at: u64,
    block: Vec<u8>,
    lines: Canonical,
}

/// Where the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In `head`.
    Head,
    /// In a source in memory.
    Shared,
    /// In `raw`: a file as it is.
    Raw,
    /// In `block`.
    Encoded,
    Failed,
}

/// What is encoded at once for `fill_buf`: with its encoding it fits a first-level cache, which makes twice
/// the speed of blocks that do not.
const PIECE: usize = BASE64_RAW * 192;

/// A line of base64: of so many bytes, into so many with its end.
const BASE64_RAW: usize = 57;
const BASE64_LINE: usize = 78;

impl Encoder {
    pub(super) fn new(plan: Plan) -> Self {
        let len = plan.head.len() as u64 + plan.segments.iter().map(|s| s.len).sum::<u64>();
        let first = plan.segments.first().map_or(plan.head.len(), |s| s.at);
        Encoder {
            plan,
            len,
            read: 0,
            state: State::Head,
            segment: 0,
            range: 0..first,
            file: None,
            raw: Vec::new(),
            raw_at: 0,
            source_at: 0,
            block: Vec::new(),
            lines: Canonical::default(),
        }
    }

    /// The exact length of the message in bytes, known before any file is read.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never: a message has a header.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes have not been read yet.
    pub fn remaining(&self) -> u64 {
        self.len - self.read
    }

    /// What the server must take: the `BODY=` parameter (RFC 6152, RFC 3030).
    pub fn body_kind(&self) -> BodyKind {
        self.plan.kind
    }

    /// Whether header fields hold UTF-8, so that the server must offer `SMTPUTF8` (RFC 6531).
    pub fn needs_utf8(&self) -> bool {
        self.plan.utf8
    }

    /// The whole message, where it is one buffer: no large body, nothing to read from files.
    pub fn as_contiguous(&self) -> Option<&[u8]> {
        self.plan.segments.is_empty().then_some(&self.plan.head[..])
    }

    /// What the message is made of, in order; nothing is read for it. Put together as they are sent, these are the message.
    pub fn stretches(&self) -> impl Iterator<Item = Stretch<'_>> {
        let mut from = 0;
        let bodies = self.plan.segments.iter().flat_map(move |segment| {
            let before = &self.plan.head[std::mem::replace(&mut from, segment.at)..segment.at];
            let body = match &segment.source {
                Source::Memory(bytes) => Stretch::Memory(bytes.as_slice()),
                Source::File(file) => Stretch::File(file),
            };
            [Stretch::Written(before), body]
        });
        let last = self.plan.segments.last().map_or(0, |segment| segment.at);
        bodies.chain(std::iter::once(Stretch::Written(&self.plan.head[last..])))
    }

    /// Begins again at the first byte, so that the message can be sent once more.
    ///
    /// # Errors
    /// When a file is no longer what it was.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file = None;
        self.read = 0;
        self.segment = 0;
        self.state = State::Head;
        self.range = 0..self.plan.segments.first().map_or(self.plan.head.len(), |s| s.at);
        for segment in &self.plan.segments {
            if let Source::File(file) = &segment.source {
                file.reader().map_err(FileError::into_io)?;
            }
        }
        Ok(())
    }

    /// Makes bytes available, unless everything has been read.
    fn advance(&mut self) -> Result<(), FileError> {
        while self.range.is_empty() && self.read < self.len {
            let filled = match self.state {
                State::Head => {
                    self.enter_segment()?;
                    continue;
                }
                State::Shared => None,
                State::Raw => self.fill_raw()?.then_some(self.raw.len()),
                State::Encoded => self.encode_piece()?.then_some(self.block.len()),
                State::Failed => break,
            };
            match filled {
                None => self.enter_head(),
                Some(len) => self.range = 0..len,
            }
        }
        Ok(())
    }

    fn available(&self) -> &[u8] {
        let bytes = match self.state {
            State::Head => &self.plan.head[..],
            State::Shared => match &self.plan.segments[self.segment].source {
                Source::Memory(bytes) => bytes.as_slice(),
                Source::File(_) => &[],
            },
            State::Raw => &self.raw[..],
            State::Encoded => &self.block[..],
            State::Failed => &[],
        };
        &bytes[self.range.clone()]
    }

    fn enter_segment(&mut self) -> Result<(), FileError> {
        let segment = &self.plan.segments[self.segment];
        let as_is = segment.coding == SegmentCoding::AsIs;
        self.range = 0..0;
        self.state = if as_is { State::Raw } else { State::Encoded };
        match &segment.source {
            Source::Memory(bytes) if as_is => {
                self.range = 0..bytes.as_slice().len();
                self.state = State::Shared;
            }
            Source::Memory(_) => {}
            Source::File(file) => self.file = Some(file.reader()?),
        }
        self.raw.clear();
        (self.raw_at, self.source_at) = (0, 0);
        self.lines = Canonical::default();
        Ok(())
    }

    fn enter_head(&mut self) {
        let start = self.plan.segments[self.segment].at;
        self.segment += 1;
        let end = self.plan.segments.get(self.segment).map_or(self.plan.head.len(), |s| s.at);
        self.range = start..end;
        self.state = State::Head;
    }

    /// Reads the next block of the file; false at its end.
    fn fill_raw(&mut self) -> Result<bool, FileError> {
        let Some(file) = self.file.as_mut().filter(|file| file.left > 0) else {
            self.file = None;
            return Ok(false);
        };
        file.fill(&mut self.raw)?;
        self.raw_at = 0;
        Ok(true)
    }

    /// Makes sure that there are bytes to encode; false at the segment's end.
    fn source_ready(&mut self) -> Result<bool, FileError> {
        match &self.plan.segments[self.segment].source {
            Source::Memory(bytes) => Ok(self.source_at < bytes.as_slice().len() as u64),
            Source::File(_) => Ok(self.raw_at < self.raw.len() || self.fill_raw()?),
        }
    }

    /// Encodes the next piece of the segment into `block`; false at its end.
    fn encode_piece(&mut self) -> Result<bool, FileError> {
        if !self.source_ready()? {
            return Ok(false);
        }
        let segment = &self.plan.segments[self.segment];
        let piece = piece(segment, &self.raw, self.raw_at, self.source_at, PIECE);
        self.block.clear();
        self.raw_at += piece.len();
        self.source_at += piece.len() as u64;
        if segment.coding == SegmentCoding::Lines {
            self.lines.push(piece, &mut self.block);
        } else {
            base64::MIME.encode_append(piece, &mut self.block);
            if self.source_at == segment.source.len() {
                self.block.truncate(self.block.len() - 2);
            }
        }
        Ok(true)
    }

    /// Encodes base64 right into `buf`, which holds at least a line; 0 at the segment's end.
    fn encode_into(&mut self, buf: &mut [u8]) -> Result<usize, FileError> {
        if !self.source_ready()? {
            return Ok(0);
        }
        let segment = &self.plan.segments[self.segment];
        let most = buf.len() / BASE64_LINE * BASE64_RAW;
        let piece = piece(segment, &self.raw, self.raw_at, self.source_at, most);
        self.raw_at += piece.len();
        self.source_at += piece.len() as u64;
        // The buffer has room for the lines, so this is their length.
        let written = base64::MIME.encode_slice(piece, buf).unwrap_or(0);
        let end = if self.source_at == segment.source.len() { 2 } else { 0 };
        Ok(written - end)
    }

    fn fail<T>(&mut self, error: FileError) -> io::Result<T> {
        self.state = State::Failed;
        self.range = 0..0;
        self.file = None;
        Err(error.into_io())
    }
}

/// The next `most` bytes of a segment's source: of the memory it is in, or of what was read of the file.
fn piece<'a>(segment: &'a Segment, raw: &'a [u8], raw_at: usize, at: u64, most: usize) -> &'a [u8] {
    let rest = match &segment.source {
        // An offset in a slice is a usize.
        Source::Memory(bytes) => &bytes.as_slice()[at as usize..],
        Source::File(_) => &raw[raw_at..],
    };
    &rest[..rest.len().min(most)]
}

impl BufRead for Encoder {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Err(error) = self.advance() {
            return self.fail(error);
        }
        if self.state == State::Failed {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the message could not be read to its end",
            ));
        }
        Ok(self.available())
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.range.len());
        self.range.start += amount;
        self.read += amount as u64;
    }
}

impl Read for Encoder {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let base64 = || self.plan.segments[self.segment].coding == SegmentCoding::Base64;
        if self.state == State::Encoded && self.range.is_empty() && buf.len() >= BASE64_LINE && base64() {
            match self.encode_into(buf) {
                Ok(0) => {}
                Ok(written) => {
                    self.read += written as u64;
                    return Ok(written);
                }
                Err(error) => return self.fail(error),
            }
        }
        let available = self.fill_buf()?;
        let amount = available.len().min(buf.len());
        buf[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}
