//! The raw message line by line, with what each line is in a gutter: a mail's true face.
//!
//! Every byte is shown: what is no text, and what a terminal could obey, is written out (`\x1b`); a line that
//! does not end as the message's first line does says so. Put into a pipe, the gutter stays.

use std::io::{self, Write};

use hongyan_mime::read::{Encoding, Message, Segment, SegmentKind, safe};
use memchr::memchr;

use crate::cli::figures::grouped;
use crate::cli::paint::{Paint, Style};

/// Of a long encoded body `--brief` shows this many lines, and the last one.
const BEGINNING: usize = 3;

/// Bytes of a line that are made printable at once.
const PIECE: usize = 64 << 10;

/// Prints the message; `brief` leaves out the middle of long encoded bodies.
pub(crate) fn source(
    out: &mut impl Write,
    message: &Message<'_>,
    brief: bool,
    paint: Paint,
) -> io::Result<()> {
    let paths: Vec<String> = (0..message.parts().len()).map(|part| message.path(part)).collect();
    let width = paths.iter().map(String::len).max().unwrap_or(0);
    let mut view = View { out, message, paths, width, paint, last: None, end: None };
    let mut lines = Lines { raw: message.raw(), at: 0 };
    let mut segments = message.segments().iter().peekable();
    while let Some(line) = lines.next() {
        let segment = segment_of(&mut segments, &line);
        view.line(&line, segment)?;
        if brief
            && let Some(segment) = segment
            && view.is_encoded(segment)
        {
            view.leave_out(&mut lines, segment)?;
        }
    }
    Ok(())
}

/// A line of the raw message: where it begins, its text and what ends it.
struct Line<'a> {
    at: usize,
    text: &'a [u8],
    end: &'a [u8],
}

struct Lines<'a> {
    raw: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<Line<'a>> {
        let rest = &self.raw[self.at..];
        if rest.is_empty() {
            return None;
        }
        let len = memchr(b'\n', rest).map_or(rest.len(), |lf| lf + 1);
        let line = &rest[..len];
        let text = match line {
            [text @ .., b'\r', b'\n'] | [text @ .., b'\n'] => text,
            text => text,
        };
        let found = Line { at: self.at, text, end: &line[text.len()..] };
        self.at += len;
        Some(found)
    }
}

/// The segment that a line shows: that of its last byte of text. (The line break before a boundary belongs to
/// the boundary, so the last line of a body lies in two segments; an empty line may be a boundary's own.)
fn segment_of<'s>(
    segments: &mut std::iter::Peekable<std::slice::Iter<'s, Segment>>,
    line: &Line<'_>,
) -> Option<&'s Segment> {
    let at = line.at + line.text.len().saturating_sub(1);
    while segments.next_if(|segment| segment.range.end <= at).is_some() {}
    segments.peek().copied()
}

struct View<'v, 'a, W> {
    out: &'v mut W,
    message: &'v Message<'a>,
    paths: Vec<String>,
    width: usize,
    paint: Paint,
    /// Whose label stands in the gutter.
    last: Option<(usize, &'static str)>,
    /// How the first line ends, and so the others should.
    end: Option<&'a [u8]>,
}

impl<'a, W: Write> View<'_, 'a, W> {
    fn line(&mut self, line: &Line<'a>, segment: Option<&Segment>) -> io::Result<()> {
        let kind = segment.map(|segment| segment.kind);
        self.gutter(segment)?;
        if kind == Some(SegmentKind::Header) {
            self.header(line.text)?;
        } else {
            self.text(line.text, kind.map_or(Style::Quiet, style))?;
        }
        self.line_end(line)
    }

    /// The part's path and what of it begins here, where that was not said on the line before.
    fn gutter(&mut self, segment: Option<&Segment>) -> io::Result<()> {
        let (part, kind) = segment.map_or((0, "?"), |segment| (segment.part, segment.kind.name()));
        let (path, label) = if self.last == Some((part, kind)) {
            ("", "")
        } else {
            (self.paths.get(part).map_or("?", String::as_str), kind)
        };
        self.last = Some((part, kind));
        let path = self.paint.the(Style::Name, format!("{path:<width$}", width = self.width));
        write!(self.out, "{path} {} ", self.paint.the(Style::Quiet, format!("{label:<10} │")))
    }

    /// A header line: the field's name stands out.
    fn header(&mut self, line: &[u8]) -> io::Result<()> {
        let folded = matches!(line.first(), Some(b' ' | b'\t'));
        let name = memchr(b':', line).filter(|_| !folded).map_or(0, |colon| colon + 1);
        let (name, value) = line.split_at(name);
        if !name.is_empty() {
            self.text(name, Style::Name)?;
        }
        self.text(value, Style::Plain)
    }

    fn text(&mut self, bytes: &[u8], style: Style) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(piece_len(rest));
            for chunk in piece.utf8_chunks() {
                let text = self.paint.the(style, safe::line(chunk.valid()));
                write!(self.out, "{text}")?;
                for byte in chunk.invalid() {
                    write!(self.out, "{}", self.paint.the(Style::Notice, format!("\\x{byte:02x}")))?;
                }
            }
            rest = later;
        }
        Ok(())
    }

    fn line_end(&mut self, line: &Line<'a>) -> io::Result<()> {
        let usual = *self.end.get_or_insert(line.end);
        let mark = match line.end {
            end if end == usual => "",
            b"\r\n" => " [CRLF]",
            b"\n" => " [LF]",
            _ => " [no line end]",
        };
        writeln!(self.out, "{}", self.paint.the(Style::Notice, mark))
    }

    /// Whether the segment is a body that nobody reads as it stands.
    fn is_encoded(&self, segment: &Segment) -> bool {
        let part = &self.message.parts()[segment.part];
        segment.kind == SegmentKind::Body && part.encoding == Encoding::Base64
    }

    /// Goes on from an encoded body's first line to its end, without its middle.
    fn leave_out(&mut self, lines: &mut Lines<'a>, segment: &Segment) -> io::Result<()> {
        let end = segment.range.end;
        // The first line is printed already.
        self.go_on(lines, end, BEGINNING - 1, segment)?;
        // The last of them may end beyond: its line break can belong to a boundary.
        if lines.at >= end {
            return Ok(());
        }
        let mut ahead = Lines { raw: &self.message.raw()[..end], at: lines.at };
        let (mut left, mut last) = (0, lines.at);
        while let Some(line) = ahead.next() {
            (left, last) = (left + 1, line.at);
        }
        if left > 2 {
            self.gutter(Some(segment))?;
            let text = format!("… {} more lines of base64 …", grouped(left - 1));
            writeln!(self.out, "{}", self.paint.the(Style::Quiet, text))?;
            lines.at = last;
        }
        self.go_on(lines, end, usize::MAX, segment)
    }

    fn go_on(
        &mut self,
        lines: &mut Lines<'a>,
        until: usize,
        most: usize,
        segment: &Segment,
    ) -> io::Result<()> {
        for _ in 0..most {
            let Some(line) = Some(&mut *lines).filter(|lines| lines.at < until).and_then(Lines::next) else {
                break;
            };
            self.line(&line, Some(segment))?;
        }
        Ok(())
    }
}

fn style(kind: SegmentKind) -> Style {
    match kind {
        SegmentKind::Boundary => Style::Seam,
        SegmentKind::Prologue | SegmentKind::Preamble | SegmentKind::Epilogue => Style::Quiet,
        SegmentKind::Header | SegmentKind::Blank | SegmentKind::Body => Style::Plain,
    }
}

/// How much of a line to print at once, so that no character of UTF-8 is cut.
fn piece_len(rest: &[u8]) -> usize {
    if rest.len() <= PIECE {
        return rest.len();
    }
    let is_start = |at: &usize| !(0x80..0xc0).contains(&rest[*at]);
    (PIECE - 3..=PIECE).rev().find(is_start).unwrap_or(PIECE)
}
