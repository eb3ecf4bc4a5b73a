//! The raw message as labelled segments: its "true face", with the parts marked.
//!
//! The segments follow one another without gap or overlap; put together they are the raw bytes exactly.

use std::ops::Range;

/// What a run of raw bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// Before the header: a byte order mark, blank lines.
    Prologue,
    /// Header fields.
    Header,
    /// The blank line between header and body.
    Blank,
    /// The body of a part that holds no parts.
    Body,
    /// The text of a multipart before its first boundary.
    Preamble,
    /// A boundary line with the line break before it (RFC 2046 §5.1.1).
    Boundary,
    /// The text of a multipart after its closing boundary.
    Epilogue,
}

impl SegmentKind {
    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            SegmentKind::Prologue => "prologue",
            SegmentKind::Header => "header",
            SegmentKind::Blank => "blank line",
            SegmentKind::Body => "body",
            SegmentKind::Preamble => "preamble",
            SegmentKind::Boundary => "boundary",
            SegmentKind::Epilogue => "epilogue",
        }
    }
}

/// A run of raw bytes, what it is and of which part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// What the bytes are.
    pub kind: SegmentKind,
    /// Index of the part that they belong to; for a boundary the multipart.
    pub part: usize,
    /// Where they lie in the raw message.
    pub range: Range<usize>,
}
