//! The message as a stream of exactly known length.
//!
//! A message is one buffer, `head`, with segments let in: large bodies that are taken from memory or a
//! file only when they are read, encoded block by block in a buffer that is used again.

use super::BodyKind;
use super::bytes::Bytes;
use super::coding::append_base64;
use super::error::FileError;
use super::file::{BLOCK, FileReader, FileSource};
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

/// A composed message: read it as a `BufRead`. Small ones are one buffer; what is large is encoded while
/// it is read, in constant memory (under 1 MiB), and shared bytes are handed out where they are.
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
    file: Option<FileReader>,
    /// The part of `head` or of a shared source that is being read.
    range: Range<usize>,
    /// Encoded bytes of a segment, `block_at` of them consumed.
    block: Vec<u8>,
    block_at: usize,
    raw: Vec<u8>,
    lines: Canonical,
    /// What is left of the source, in memory.
    source_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Shared,
    Blocks,
    Failed,
}

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
            file: None,
            range: 0..first,
            block: Vec::new(),
            block_at: 0,
            raw: Vec::new(),
            lines: Canonical::default(),
            source_at: 0,
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
        while self.available().is_empty() && self.read < self.len {
            match self.state {
                State::Head => self.enter_segment()?,
                State::Shared => self.enter_head(),
                State::Blocks => {
                    if !self.next_block()? {
                        self.enter_head();
                    }
                }
                State::Failed => break,
            }
        }
        Ok(())
    }

    fn available(&self) -> &[u8] {
        match self.state {
            State::Head => &self.plan.head[self.range.clone()],
            State::Shared => match &self.plan.segments[self.segment].source {
                Source::Memory(bytes) => &bytes.as_slice()[self.range.clone()],
                Source::File(_) => &[],
            },
            State::Blocks => &self.block[self.block_at..],
            State::Failed => &[],
        }
    }

    fn enter_segment(&mut self) -> Result<(), FileError> {
        let segment = &self.plan.segments[self.segment];
        match &segment.source {
            Source::Memory(bytes) if segment.coding == SegmentCoding::AsIs => {
                self.range = 0..bytes.as_slice().len();
                self.state = State::Shared;
                return Ok(());
            }
            Source::Memory(_) => {}
            Source::File(file) => self.file = Some(file.reader()?),
        }
        self.source_at = 0;
        self.lines = Canonical::default();
        self.block.clear();
        self.block_at = 0;
        self.state = State::Blocks;
        Ok(())
    }

    fn enter_head(&mut self) {
        let start = self.plan.segments[self.segment].at;
        self.segment += 1;
        let end = self.plan.segments.get(self.segment).map_or(self.plan.head.len(), |s| s.at);
        self.range = start..end;
        self.state = State::Head;
    }

    /// Encodes the next block of the segment; false at its end.
    fn next_block(&mut self) -> Result<bool, FileError> {
        let segment = &self.plan.segments[self.segment];
        self.block.clear();
        self.block_at = 0;
        let raw = match &segment.source {
            Source::Memory(bytes) => {
                let rest = &bytes.as_slice()[self.source_at..];
                &rest[..rest.len().min(BLOCK)]
            }
            Source::File(_) => {
                let Some(file) = self.file.as_mut().filter(|file| file.left > 0) else {
                    self.file = None;
                    return Ok(false);
                };
                if segment.coding == SegmentCoding::AsIs {
                    file.fill(&mut self.block)?;
                    return Ok(true);
                }
                file.fill(&mut self.raw)?;
                &self.raw[..]
            }
        };
        if raw.is_empty() {
            return Ok(false);
        }
        self.source_at += raw.len();
        if segment.coding == SegmentCoding::Lines {
            self.lines.push(raw, &mut self.block);
        } else if self.source_at as u64 == segment.source.len() {
            append_base64(raw, &mut self.block);
        } else {
            base64::MIME.encode_append(raw, &mut self.block);
        }
        Ok(true)
    }
}

impl BufRead for Encoder {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Err(error) = self.advance() {
            self.state = State::Failed;
            self.file = None;
            return Err(error.into_io());
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
        let amount = amount.min(self.available().len());
        self.read += amount as u64;
        match self.state {
            State::Head | State::Shared => self.range.start += amount,
            State::Blocks => self.block_at += amount,
            State::Failed => {}
        }
    }
}

impl Read for Encoder {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(buf.len());
        buf[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}
