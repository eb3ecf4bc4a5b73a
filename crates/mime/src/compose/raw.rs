//! Messages that are there already: sent as they are, or attached to another.
//!
//! One pass when it is taken finds its length with CRLF line ends, its kind and its longest line; another
//! when it is sent rewrites the line ends. Nothing else about it is changed, and not even that where the
//! message has come off the wire with a part in `binary`, whose bytes are not lines.

use super::boundary::Marks;
use super::encoder::{Encoder, Plan, Segment, SegmentCoding, Source};
use super::lines::{LineScan, MAX_LINE};
use super::{BodyKind, Bytes, ComposeError, FileSource};
use std::path::PathBuf;
use std::sync::Arc;

/// A message in memory or in a file, with LF, CR or CRLF line ends. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RawMessage {
    facts: Arc<Facts>,
}

#[derive(Debug)]
struct Facts {
    source: Source,
    scan: LineScan,
    marks: Marks,
}

impl RawMessage {
    /// Takes a message from a file and reads it once.
    ///
    /// # Errors
    /// `File` as for [`FileSource::open`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ComposeError> {
        let file = FileSource::open(path)?;
        let (mut scan, mut marks) = (LineScan::new(), Marks::default());
        file.scan(|block| {
            scan.push(block);
            marks.push(block);
        })?;
        let source = file.small().cloned().map_or(Source::File(file), Source::Memory);
        Ok(RawMessage { facts: Arc::new(Facts { source, scan, marks }) })
    }

    /// Takes a message in memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let mut scan = LineScan::new();
        scan.push(bytes.as_slice());
        let marks = Marks::of(bytes.as_slice());
        RawMessage { facts: Arc::new(Facts { source: Source::Memory(bytes), scan, marks }) }
    }

    /// What a server must take to get it as it is: `Binary` for NUL bytes, lines above 998 and parts in
    /// `binary` that hold a bare CR or LF.
    pub fn body_kind(&self) -> BodyKind {
        let scan = &self.facts.scan;
        if scan.nul || scan.longest > MAX_LINE || scan.is_verbatim() {
            BodyKind::Binary
        } else if scan.eight_bit {
            BodyKind::EightBit
        } else {
            BodyKind::SevenBit
        }
    }

    /// Whether its header section has bytes above 127, for which a server must offer `SMTPUTF8`.
    pub fn needs_utf8(&self) -> bool {
        self.facts.scan.header_eight_bit
    }

    /// The length of its longest line in bytes, without the line end.
    pub fn longest_line(&self) -> u64 {
        self.facts.scan.longest
    }

    /// Whether it has NUL bytes, which no RFC 5322 message may have.
    pub fn has_nul(&self) -> bool {
        self.facts.scan.nul
    }

    /// How many line ends are a CR or LF alone, and are rewritten.
    pub fn bare_line_ends(&self) -> u64 {
        if self.facts.scan.is_verbatim() { 0 } else { self.facts.scan.bare_ends() }
    }

    /// The message with CRLF line ends (but for one with a part in `binary`), its last line ended, nothing
    /// else changed.
    pub fn encoder(&self) -> Encoder {
        let mut plan = Plan { kind: self.body_kind(), utf8: self.needs_utf8(), ..Plan::default() };
        plan.segments.push(self.segment(0));
        if !self.facts.scan.ends_with_line_end() {
            plan.head.extend_from_slice(b"\r\n");
        }
        Encoder::new(plan)
    }

    /// Its canonical bytes as a segment, without an end for a last line that has none.
    pub(super) fn segment(&self, at: usize) -> Segment {
        let scan = &self.facts.scan;
        let bare = self.bare_line_ends() > 0;
        Segment {
            at,
            source: self.facts.source.clone(),
            coding: if bare { SegmentCoding::Lines } else { SegmentCoding::AsIs },
            len: if bare { scan.canonical_len() } else { scan.len() },
        }
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.facts.marks
    }

    pub(super) fn source(&self) -> &Source {
        &self.facts.source
    }

    pub(super) fn ends_with_line_end(&self) -> bool {
        self.facts.scan.ends_with_line_end()
    }
}
