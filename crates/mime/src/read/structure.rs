//! The one pass over the raw bytes that finds header sections, boundaries and part ranges.
//!
//! Containers that are open form a stack; the bytes are searched for lines that begin with `--` and each is
//! held against the boundaries on the stack, innermost first. Nothing is copied, no part is skipped, and
//! every byte ends up in exactly one [`Segment`]. The work is linear: a line is looked at once, against at
//! most [`MAX_DEPTH`](crate::read::MAX_DEPTH) boundaries.
//!
//! Where readers differ, the reading chosen is: a boundary line is the boundary and nothing but blanks after
//! it; the innermost open multipart owns it; what follows a closing boundary is still shown; of two
//! Content-Types the one counts that shows parts, of other duplicates the first (or as [`Duplicates`] says).

use std::ops::Range;

use memchr::memmem;

use crate::read::field::{Field, HeaderEnd, HeaderScan};
use crate::read::finding::{Code, Findings};
use crate::read::limits::{Limits, MAX_BOUNDARY, MAX_GUESSES};
use crate::read::lines::{LineEnd, trim_blank_end};
use crate::read::part::{Duplicates, Part};
use crate::read::source::{Segment, SegmentKind};

/// The result of the pass.
pub(crate) struct Structure {
    pub(crate) parts: Vec<Part>,
    pub(crate) fields: Vec<Field>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) findings: Findings,
    pub(crate) truncated: bool,
    pub(crate) line_end: LineEnd,
}

/// Room made at first, which most messages get by with.
const USUAL_PARTS: usize = 8;
const USUAL_FIELDS: usize = 32;

/// How far an open multipart has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Preamble,
    Parts,
    Closed,
}

struct Open {
    part: usize,
    boundary: Option<Vec<u8>>,
    stage: Stage,
    /// Whether a `--` line of the preamble may still be taken for the boundary.
    may_guess: bool,
}

struct Delimiter {
    level: usize,
    /// The line, without its line break.
    line: Range<usize>,
    next: usize,
    close: bool,
}

pub(crate) struct Pass<'a> {
    pub(super) raw: &'a [u8],
    limits: Limits,
    pub(super) duplicates: Duplicates,
    pub(super) line_end: LineEnd,
    /// Finds lines that begin with `--`.
    dashes: memmem::Finder<'static>,
    stack: Vec<Open>,
    pub(super) out: Structure,
    /// Where the segment begins that is being read, and what it is.
    from: usize,
    kind: SegmentKind,
    current: usize,
    /// Searches of all the rest made so far: bounded, so that the work stays linear.
    pub(super) guesses: usize,
    full: bool,
}

impl<'a> Pass<'a> {
    pub(crate) fn run(raw: &'a [u8], limits: Limits, duplicates: Duplicates) -> Structure {
        let line_end = LineEnd::of(raw);
        let mut pass = Pass {
            raw,
            limits,
            duplicates,
            line_end,
            dashes: memmem::Finder::new(if line_end.is_bare_cr() { b"\r--" } else { b"\n--" }),
            stack: Vec::new(),
            out: Structure {
                parts: Vec::with_capacity(USUAL_PARTS),
                fields: Vec::with_capacity(USUAL_FIELDS),
                segments: Vec::with_capacity(4 * USUAL_PARTS),
                findings: Findings::bounded(limits.findings),
                truncated: false,
                line_end,
            },
            from: 0,
            kind: SegmentKind::Prologue,
            current: 0,
            guesses: 0,
            full: false,
        };
        pass.message();
        pass.out
    }

    fn message(&mut self) {
        let start = self.before_header();
        if self.line_end.is_bare_cr() {
            self.out.findings.add(Code::BareCrLines, 0, 0..0, None);
        }
        let mut at = self.begin_part(None, start);
        while let Some(delimiter) = self.next_delimiter(at) {
            at = self.delimiter(delimiter);
        }
        self.close_down_to(0, self.raw.len());
        self.cut(self.raw.len(), SegmentKind::Body, 0);
    }

    /// What stands before the first field: a byte order mark, blank lines.
    fn before_header(&mut self) -> usize {
        let mut at = 0;
        if self.raw.starts_with(b"\xef\xbb\xbf") {
            at = 3;
            self.out.findings.add(Code::ByteOrderMark, 0, 0..3, None);
        }
        let blank_from = at;
        let mut after = at;
        while after < self.raw.len() {
            match self.line_end.break_at(self.raw, after) {
                0 => break,
                length => after += length,
            }
        }
        let name = self.raw[after..].iter().position(|byte| !(33..=126).contains(byte) || *byte == b':');
        let field_follows = name.is_some_and(|length| length > 0 && self.raw[after + length] == b':');
        if after > blank_from && field_follows {
            self.out.findings.add(Code::LeadingBlankLine, 0, blank_from..after, None);
            at = after;
        }
        at
    }

    /// Ends the segment being read at `to` and begins one of `kind` for `part`.
    fn cut(&mut self, to: usize, kind: SegmentKind, part: usize) {
        if to > self.from {
            let segment = Segment { kind: self.kind, part: self.current, range: self.from..to };
            self.out.segments.push(segment);
            self.from = to;
        }
        self.kind = kind;
        self.current = part;
    }

    /// Reads the header of a new part at `at`, and those of messages that it is made of. Returns where the
    /// search for boundaries goes on.
    fn begin_part(&mut self, parent: Option<usize>, at: usize) -> usize {
        let mut parent = parent;
        let mut at = at;
        loop {
            let part = self.out.parts.len();
            let body = self.header(part, parent, at);
            let opened = self.open(part);
            if !(opened && self.out.parts[part].media_type.is_message()) {
                return body;
            }
            (parent, at) = (Some(part), body);
        }
    }

    fn header(&mut self, part: usize, parent: Option<usize>, at: usize) -> usize {
        self.cut(at, SegmentKind::Header, part);
        let first_field = self.out.fields.len();
        let message = parent.is_none_or(|parent| self.out.parts[parent].media_type.is_message());
        let stack = &self.stack;
        let (raw, line_end) = (self.raw, self.line_end);
        let mut scan = HeaderScan {
            raw,
            line_end,
            part,
            message,
            fields: &mut self.out.fields,
            fields_bound: self.limits.fields,
            findings: &mut self.out.findings,
        };
        let (end, why, over) = scan.run(at, |line_start| {
            raw[line_start..].starts_with(b"--") && {
                let (line, _) = line_end.line(raw, line_start);
                match_line(stack, &raw[line]).is_some()
            }
        });
        spend(end - at);
        if over {
            self.bound(Code::TooManyFields, self.limits.fields, part, at..end);
        }
        let body = match why {
            HeaderEnd::Blank { body } => {
                self.cut(end, SegmentKind::Blank, part);
                body
            }
            HeaderEnd::NoBlank | HeaderEnd::Delimiter | HeaderEnd::Eof => end,
        };
        self.cut(body, SegmentKind::Body, part);
        let fields = first_field..self.out.fields.len();
        if fields.is_empty() && message {
            self.out.findings.add(Code::NoHeader, part, at..end, None);
        }
        let new = self.describe(part, parent, at..end, body, fields);
        if let Some(parent) = parent {
            self.out.parts[parent].children.push(part);
        }
        self.out.parts.push(new);
        body
    }

    /// Opens a container; false for a leaf, and where a bound forbids it.
    fn open(&mut self, index: usize) -> bool {
        let part = &self.out.parts[index];
        let multipart = part.media_type.is_multipart();
        if !multipart && !part.media_type.is_message() {
            return false;
        }
        if !part.encoding.is_identity() {
            let (shown, range) = (part.media_type.as_str().to_owned(), part.header.clone());
            self.out.findings.add(Code::EncodedContainer, index, range, Some(&shown));
            if !multipart {
                return false;
            }
        }
        let part = &self.out.parts[index];
        if part.depth >= self.limits.depth {
            let range = part.header.clone();
            self.bound(Code::TooDeep, self.limits.depth, index, range);
            return false;
        }
        if !multipart {
            return self.room(index);
        }
        let boundary = self.boundary(index);
        self.stack.push(Open { part: index, boundary, stage: Stage::Preamble, may_guess: true });
        self.kind = SegmentKind::Preamble;
        true
    }

    /// The boundary by which `index` is to be split.
    fn boundary(&mut self, index: usize) -> Option<Vec<u8>> {
        let part = &mut self.out.parts[index];
        let range = part.header.clone();
        let given = part.boundary.as_ref().map_or(0, Vec::len);
        let boundary = part.boundary.take().map(|bytes| trim_blank_end(&bytes).to_vec());
        let Some(boundary) = boundary.filter(|bytes| !bytes.is_empty() && bytes.len() <= MAX_BOUNDARY) else {
            self.out.findings.add(Code::NoBoundary, index, range, None);
            return None;
        };
        if given > boundary.len() {
            self.out.findings.add(Code::BoundaryBlankEnd, index, range.clone(), None);
        }
        if boundary.len() > 70 {
            self.out.findings.add(Code::BoundaryTooLong, index, range.clone(), None);
        }
        if self.stack.iter().any(|open| open.boundary.as_ref() == Some(&boundary)) {
            let shown = String::from_utf8_lossy(&boundary);
            self.out.findings.add(Code::BoundaryReused, index, range, Some(&shown));
        }
        self.out.parts[index].boundary = Some(boundary.clone());
        Some(boundary)
    }

    /// Whether one more part may be made; says so once where not.
    fn room(&mut self, part: usize) -> bool {
        if self.out.parts.len() < self.limits.parts {
            return true;
        }
        if !self.full {
            self.full = true;
            self.bound(Code::TooManyParts, self.limits.parts, part, self.from..self.raw.len());
        }
        false
    }

    fn bound(&mut self, code: Code, limit: usize, part: usize, range: Range<usize>) {
        self.out.truncated = true;
        self.out.findings.add(code, part, range, Some(&limit.to_string()));
    }

    /// The next line at or behind `at` that is a boundary of an open multipart.
    fn next_delimiter(&mut self, at: usize) -> Option<Delimiter> {
        if self.stack.is_empty() || self.full {
            return None;
        }
        let at_line_start = at == 0 || self.raw[at - 1] == self.line_end.byte();
        if at_line_start
            && self.raw[at..].starts_with(b"--")
            && let Some(found) = self.candidate(at)
        {
            return Some(found);
        }
        let mut search = at;
        while let Some(offset) = self.dashes.find(&self.raw[search..]) {
            let start = search + offset + 1;
            spend(offset);
            if let Some(found) = self.candidate(start) {
                return Some(found);
            }
            search = start;
        }
        spend(self.raw.len() - search);
        None
    }

    /// Holds the `--` line at `start` against the open boundaries.
    fn candidate(&mut self, start: usize) -> Option<Delimiter> {
        let (line, next) = self.line_end.line(self.raw, start);
        let bytes = &self.raw[line.clone()];
        if let Some((level, close)) = match_line(&self.stack, bytes) {
            return Some(Delimiter { level, line, next, close });
        }
        let content = trim_blank_end(&bytes[2..]);
        let prefix = self.stack.iter().rev().find(|open| {
            open.stage != Stage::Closed
                && open.boundary.as_ref().is_some_and(|boundary| content.starts_with(boundary))
        });
        if let Some(open) = prefix {
            let (part, shown) = (open.part, String::from_utf8_lossy(bytes));
            self.out.findings.add(Code::BoundaryPrefix, part, line, Some(&shown));
            return None;
        }
        self.guess(content, line, next)
    }

    /// Takes an unknown `--` line in the preamble of the innermost multipart for its boundary, where that
    /// multipart has no boundary, or one that occurs nowhere behind, and a part's header follows the line.
    fn guess(&mut self, content: &[u8], line: Range<usize>, next: usize) -> Option<Delimiter> {
        let level = self.stack.len() - 1;
        let open = &mut self.stack[level];
        if open.stage != Stage::Preamble
            || !open.may_guess
            || content.is_empty()
            || content.len() > MAX_BOUNDARY
        {
            return None;
        }
        let follows = &self.raw[next..];
        let header_follows = follows.get(..8).is_some_and(|start| start.eq_ignore_ascii_case(b"Content-"));
        if !header_follows {
            return None;
        }
        open.may_guess = false;
        if self.guesses == MAX_GUESSES {
            return None;
        }
        self.guesses += 1;
        if let Some(boundary) = &open.boundary {
            spend(self.raw.len() - line.end);
            let needle = [&[self.line_end.byte(), b'-', b'-'], boundary.as_slice()].concat();
            if memmem::find(&self.raw[line.end..], &needle).is_some() {
                return None;
            }
        }
        open.boundary = Some(content.to_vec());
        let part = open.part;
        self.out.parts[part].boundary = Some(content.to_vec());
        let shown = String::from_utf8_lossy(content);
        self.out.findings.add(Code::BoundaryGuessed, part, line.clone(), Some(&shown));
        Some(Delimiter { level, line, next, close: false })
    }

    /// Ends what the delimiter ends and begins what it begins. Returns where the search goes on.
    fn delimiter(&mut self, delimiter: Delimiter) -> usize {
        let Delimiter { level, line, next, close } = delimiter;
        // The line break before the line belongs to the boundary (RFC 2046 §5.1.1).
        let text_end = match line.start {
            start if start > self.from => self.line_end.before_break(self.raw, self.from, start - 1),
            start => start,
        };
        let part = self.stack[level].part;
        if !close && !self.room(part) {
            return next;
        }
        self.close_down_to(level + 1, text_end);
        let stage = self.stack[level].stage;
        if stage == Stage::Parts {
            self.end_last_child(part, text_end);
        }
        self.cut(text_end, SegmentKind::Boundary, part);
        if close {
            self.stack[level].stage = Stage::Closed;
            self.cut(next, SegmentKind::Epilogue, part);
            return next;
        }
        if stage == Stage::Closed {
            self.out.findings.add(Code::PartAfterClose, part, line, None);
        }
        self.stack[level].stage = Stage::Parts;
        self.begin_part(Some(part), next)
    }

    /// Closes every open multipart from `level` up; their content ends at `end`.
    fn close_down_to(&mut self, level: usize, end: usize) {
        while self.stack.len() > level {
            let Some(open) = self.stack.pop() else { return };
            let header = self.out.parts[open.part].header.clone();
            match open.stage {
                Stage::Preamble => self.out.findings.add(Code::NoParts, open.part, header, None),
                Stage::Parts => {
                    self.end_last_child(open.part, end);
                    self.out.findings.add(Code::MissingClose, open.part, end..end, None);
                }
                Stage::Closed => {}
            }
        }
        if level == 0 {
            self.end_chain(0, end);
        }
    }

    fn end_last_child(&mut self, parent: usize, end: usize) {
        if let Some(child) = self.out.parts[parent].children.last().copied() {
            self.end_chain(child, end);
        }
    }

    /// Ends the body of `part`, and of what it holds as its last where that is still open.
    fn end_chain(&mut self, part: usize, end: usize) {
        let mut part = Some(part);
        while let Some(index) = part {
            let found = &mut self.out.parts[index];
            found.body.end = end.max(found.body.start);
            part = if found.media_type.is_message() { found.children.last().copied() } else { None };
        }
    }
}

/// The level whose boundary `line` is, and whether it closes it. Of several the innermost that is not yet
/// closed; a closed one only by a line that opens a part.
fn match_line(stack: &[Open], line: &[u8]) -> Option<(usize, bool)> {
    let content = trim_blank_end(line.get(2..)?);
    let mut closed = None;
    spend(line.len() + stack.len());
    for (level, open) in stack.iter().enumerate().rev() {
        let Some(boundary) = &open.boundary else { continue };
        let opens = content == boundary;
        let closes =
            content.len() == boundary.len() + 2 && content.ends_with(b"--") && content.starts_with(boundary);
        if open.stage != Stage::Closed && (opens || closes) {
            return Some((level, closes));
        }
        if opens && closed.is_none() {
            closed = Some((level, false));
        }
    }
    closed
}

/// Accounts for bytes looked at and boundaries compared; the tests hold the sum linear.
pub(super) fn spend(work: usize) {
    #[cfg(test)]
    tests::WORK.with(|sum| sum.set(sum.get() + work));
    #[cfg(not(test))]
    let _ = work;
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        pub(super) static WORK: Cell<usize> = const { Cell::new(0) };
    }

    /// Work for reading the structure of `raw`.
    fn work(raw: &[u8]) -> usize {
        WORK.with(|sum| sum.set(0));
        Pass::run(raw, Limits::default(), Duplicates::Revealing);
        WORK.with(Cell::get)
    }

    /// What is repeated, behind what stands before it once.
    type Hostile = (&'static str, String, &'static str);

    #[test]
    fn the_work_is_linear_in_the_bytes() {
        let open = "Content-Type: multipart/mixed; boundary=b\n\n";
        let long = "x".repeat(68);
        let sixty: String = (0..60)
            .map(|n| format!("Content-Type: multipart/mixed; boundary={long}{n:02}\n\n--{long}{n:02}\n"))
            .collect();
        let alike: &'static str = Box::leak(format!("--{long}99\n").into_boxed_str());
        let cases: [Hostile; 13] = [
            (
                "multiparts that all have one boundary",
                String::new(),
                "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
            ),
            ("multiparts without boundary", String::new(), "Content-Type: multipart/mixed\n\n--x\n"),
            (
                "multiparts with a boundary that never occurs",
                open.into(),
                "--a\nContent-Type: multipart/mixed; boundary=y\n\n",
            ),
            ("messages in messages", String::new(), "Content-Type: message/rfc822\n\n"),
            ("sixty open boundaries and lines almost like them", sixty + "\n", alike),
            ("lines that begin with the boundary", format!("{open}--b\n\n"), "--bx\n"),
            ("empty parts", open.into(), "--b\n\n"),
            ("closed and opened again", open.into(), "--b--\n--b\n\n"),
            ("dashes", format!("{open}--b\n\n"), "\n--"),
            (
                "two Content-Types in every part",
                open.into(),
                "--b\nContent-Type: a/b\nContent-Type: multipart/mixed; boundary=x\n\n",
            ),
            (
                "parts whose boundary occurs, but far behind",
                open.into(),
                "--b\nContent-Type: multipart/mixed; boundary=zz\n\n--other\nContent-\n",
            ),
            ("header lines that are none", "To: x\n".into(), "a b\nTo: x\n"),
            ("header lines of blanks", "To: x\n".into(), " \n"),
        ];
        for (what, before, repeated) in cases {
            let raw =
                |size: usize| format!("{before}{}", repeated.repeat(size / repeated.len())).into_bytes();
            let (small, large) = (raw(256 << 10), raw(1 << 20));
            let (little, much) = (work(&small), work(&large));
            // Every byte some times for itself, and the bounded searches of all the rest.
            let most = large.len() * (4 + MAX_GUESSES);
            assert!(much <= most, "{what}: {much} for {} bytes", large.len());
            assert!(much <= little * 5, "{what}: {little} for a quarter, {much} for all");
        }
    }
}
