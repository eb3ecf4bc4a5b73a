//! Reading an mbox as a stream: where a message begins and ends, and its octets as they were.
//!
//! At the beginning of each line a postmark's length of octets is looked at; between line beginnings that cannot be
//! special (neither `F` nor `>`) whole stretches pass without being touched. One line end is held back until it is
//! known whether it belongs to the message or to the postmark behind it.

use std::fmt;
use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::{MAX_POSTMARK, Postmark};

/// How much is read at once, in octets; more than a postmark.
const CHUNK: usize = 64 * 1024;
/// What some programs put at the beginning of a text file.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Why an mbox was not read.
#[derive(Debug)]
pub enum MboxError {
    /// It does not begin with a postmark.
    NotMbox,
    /// The system said no.
    Io(io::Error),
}

impl fmt::Display for MboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotMbox => f.write_str(
                "this is no mbox: its first line does not begin with `From `; is it a single message, or a Maildir?",
            ),
            Self::Io(error) => write!(f, "cannot read the mbox: {error}"),
        }
    }
}

impl std::error::Error for MboxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotMbox => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<io::Error> for MboxError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads at a place so far from where the source stands, and goes back there.
type Probe<R> = fn(&mut R, i64, &mut [u8]) -> io::Result<usize>;

/// Reads the messages of an mbox, one after the other.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What is in the buffer and has not been passed on.
    at: usize,
    filled: usize,
    ended: bool,
    started: bool,
    probe: Option<Probe<R>>,
    current: Current,
}

/// How far the message at hand has been read.
#[derive(Debug)]
struct Current {
    ours: bool,
    crlf: bool,
    place: Place,
    /// What is next to be passed on.
    piece: Piece,
    /// A line end that may belong to the postmark behind it.
    held: Option<&'static [u8]>,
    /// The line at hand, or the one whose end is held back, is empty.
    empty_line: bool,
    in_head: bool,
    /// What Content-Length says.
    length: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the beginning of a line.
    Begin,
    /// Behind a number of `>`, of which one is held back.
    Quotes,
    /// In a line, no matter where.
    Within,
    /// In content whose length is known: so many octets are left.
    Counted(u64),
    /// Behind the last octet.
    Done,
}

#[derive(Debug)]
enum Piece {
    /// So many octets from where the buffer stands.
    Buffer(usize),
    Fixed(&'static [u8]),
}

impl<R: Read> Reader<R> {
    /// Reads from a stream; lengths that messages state are not used, as they cannot be checked.
    pub fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; CHUNK],
            at: 0,
            filled: 0,
            ended: false,
            started: false,
            probe: None,
            current: Current::new(Place::Done),
        }
    }

    /// The next message. What has not been read of the one before is skipped.
    ///
    /// # Errors
    /// [`MboxError::NotMbox`] where the first line is no postmark; else as the system says.
    pub fn next_message(&mut self) -> Result<Option<(Postmark, Message<'_, R>)>, MboxError> {
        if !self.started {
            self.start()?;
        }
        while self.next_piece()? {
            let skipped = self.piece().len();
            self.pass(skipped);
        }
        self.want(MAX_POSTMARK + 1)?;
        let Some(line) = self.first_line() else { return Ok(None) };
        let (postmark, crlf, length) = (Postmark::parse(line), line.ends_with(b"\r\n"), line.len());
        self.skip(length);
        self.current = Current::new(Place::Begin);
        self.current.crlf = crlf;
        self.current.ours = postmark.ours();
        Ok(Some((postmark, Message { reader: self })))
    }

    /// Skips what may stand before the first postmark: a byte order mark, empty lines.
    fn start(&mut self) -> Result<(), MboxError> {
        self.started = true;
        self.want(MAX_POSTMARK + 1)?;
        if self.left().starts_with(BYTE_ORDER_MARK) {
            self.skip(BYTE_ORDER_MARK.len());
        }
        self.skip_empty_lines()?;
        if !self.left().is_empty() && !self.left().starts_with(b"From ") {
            return Err(MboxError::NotMbox);
        }
        Ok(())
    }

    fn skip_empty_lines(&mut self) -> io::Result<()> {
        loop {
            self.want(2)?;
            match self.left() {
                [b'\n', ..] => self.skip(1),
                [b'\r', b'\n', ..] => self.skip(2),
                _ => return self.want(MAX_POSTMARK + 1),
            }
        }
    }

    /// The line that the buffer stands at, with its end, if there is anything: all of it, or what of it can be looked
    /// at.
    fn first_line(&self) -> Option<&[u8]> {
        let left = self.left();
        let end = memchr::memchr(b'\n', left).map_or(left.len(), |end| end + 1);
        (!left.is_empty()).then(|| &left[..end])
    }

    /// Whether the line that the buffer stands at begins the next message.
    fn at_postmark(&self) -> bool {
        let line = self.first_line().unwrap_or_default();
        let ours = || self.current.ours && line.len() <= MAX_POSTMARK;
        line.starts_with(b"From ") && (ours() || Postmark::plausible(line))
    }

    /// Finds what is to be passed on next. Whether there is anything.
    fn next_piece(&mut self) -> io::Result<bool> {
        while self.piece().is_empty() {
            match self.current.place {
                Place::Done => return Ok(false),
                Place::Begin => self.on_begin()?,
                Place::Quotes => self.on_quotes()?,
                Place::Within => self.on_within()?,
                Place::Counted(left) => self.on_counted(left)?,
            }
        }
        Ok(true)
    }

    fn on_begin(&mut self) -> io::Result<()> {
        self.want(MAX_POSTMARK + 1)?;
        let held = self.current.held.take();
        if self.left().is_empty() || self.at_postmark() {
            self.current.place = Place::Done;
            if let Some(line_end) = held.filter(|_| !self.current.ours && !self.current.empty_line) {
                self.current.piece = Piece::Fixed(line_end);
            }
            return Ok(());
        }
        if let Some(line_end) = held {
            self.current.piece = Piece::Fixed(line_end);
        }
        self.current.empty_line = true;
        self.current.place = if self.left()[0] == b'>' { Place::Quotes } else { Place::Within };
        if self.current.in_head {
            self.on_head_line()?;
        }
        Ok(())
    }

    /// Looks for the content's length, and, at the head's end, whether it is right.
    fn on_head_line(&mut self) -> io::Result<()> {
        let line_end = match self.left() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => {
                let line = self.first_line().unwrap_or_default();
                if let Some(length) = content_length(line) {
                    self.current.length = Some(length);
                }
                return Ok(());
            }
        };
        self.current.in_head = false;
        if let Some(length) = self.current.length.filter(|_| !self.current.ours) {
            let all = length.saturating_add(line_end);
            if self.ends_after(all)? {
                self.current.place = Place::Counted(all);
            }
        }
        Ok(())
    }

    /// Whether so many octets on there is a postmark, behind at most two line ends, or the file ends.
    fn ends_after(&mut self, octets: u64) -> io::Result<bool> {
        let (Some(probe), Ok(ahead)) = (self.probe, i64::try_from(octets)) else { return Ok(false) };
        // From the octet before, which must be there, to see that the postmark begins a line.
        let distance = ahead - 1 - (self.filled - self.at) as i64;
        let mut seen = [0; MAX_POSTMARK + 8];
        let read = probe(&mut self.source, distance, &mut seen)?;
        let Some((&before, mut rest)) = seen[..read].split_first() else { return Ok(false) };
        let mut at_line = before == b'\n';
        for _ in 0..2 {
            if let Some(behind) = rest.strip_prefix(b"\n").or_else(|| rest.strip_prefix(b"\r\n")) {
                (rest, at_line) = (behind, true);
            }
        }
        let line = &rest[..memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1)];
        Ok(rest.is_empty() || at_line && line.starts_with(b"From ") && Postmark::plausible(line))
    }

    /// Passes `>` on but for one, which is dropped before `From `.
    fn on_quotes(&mut self) -> io::Result<()> {
        self.want(MAX_POSTMARK)?;
        let left = self.left();
        let run = left.iter().take_while(|&&octet| octet == b'>').count();
        if run > 1 {
            self.current.piece = Piece::Buffer(run - 1);
            return Ok(());
        }
        if left[run..].starts_with(b"From ") {
            self.skip(run);
        }
        self.current.place = Place::Within;
        Ok(())
    }

    /// Passes on what cannot be special, up to the end of a line behind which something may be.
    fn on_within(&mut self) -> io::Result<()> {
        self.want(2)?;
        let Self { buffer, at, filled, ended, current, .. } = self;
        let left = &buffer[*at..*filled];
        if left.is_empty() {
            current.place = Place::Begin;
            return Ok(());
        }
        let mut begin = 0;
        let (text, line_end) = loop {
            let Some(length) = memchr::memchr(b'\n', &left[begin..]) else {
                // A CR at the end may be half of a line end.
                let half = current.crlf && left.ends_with(b"\r") && !*ended;
                break (left.len() - usize::from(half), None);
            };
            let end = begin + length;
            let next = left.get(end + 1);
            if !current.in_head && next.is_some_and(|next| !matches!(next, b'F' | b'>')) {
                begin = end + 1;
                continue;
            }
            let crlf = current.crlf && left[begin..end].ends_with(b"\r");
            break (end - usize::from(crlf), Some(if crlf { &b"\r\n"[..] } else { b"\n" }));
        };
        match line_end {
            Some(line_end) if text == 0 => {
                current.held = Some(line_end);
                current.place = Place::Begin;
                self.skip(line_end.len());
            }
            _ => {
                current.empty_line = line_end.is_some() && text == begin;
                current.piece = Piece::Buffer(text);
            }
        }
        Ok(())
    }

    fn on_counted(&mut self, left: u64) -> io::Result<()> {
        if left == 0 {
            self.skip_empty_lines()?;
            self.current.place = Place::Done;
            return Ok(());
        }
        self.want(1)?;
        let length = self.left().len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if length == 0 {
            self.current.place = Place::Done;
            return Ok(());
        }
        self.current.place = Place::Counted(left - length as u64);
        self.current.piece = Piece::Buffer(length);
        Ok(())
    }

    fn piece(&self) -> &[u8] {
        match self.current.piece {
            Piece::Buffer(length) => &self.buffer[self.at..self.at + length],
            Piece::Fixed(octets) => octets,
        }
    }

    /// So many octets of the piece have been taken.
    fn pass(&mut self, taken: usize) {
        match &mut self.current.piece {
            Piece::Buffer(length) => {
                *length -= taken;
                self.at += taken;
            }
            Piece::Fixed(octets) => *octets = &octets[taken..],
        }
        if self.piece().is_empty() {
            self.current.piece = Piece::Buffer(0);
        }
    }

    fn left(&self) -> &[u8] {
        &self.buffer[self.at..self.filled]
    }

    fn skip(&mut self, octets: usize) {
        self.at += octets;
    }

    /// Sees to it that so many octets are at hand, unless there are no more.
    fn want(&mut self, octets: usize) -> io::Result<()> {
        while self.filled - self.at < octets && !self.ended {
            if self.filled == self.buffer.len() {
                self.buffer.copy_within(self.at..self.filled, 0);
                self.filled -= self.at;
                self.at = 0;
            }
            match self.source.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(0) => self.ended = true,
                Ok(read) => self.filled += read,
            }
        }
        Ok(())
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads from a file, and believes the lengths that messages state where they fit.
    pub fn with_lengths(source: R) -> Self {
        Self { probe: Some(look_ahead), ..Self::new(source) }
    }
}

fn look_ahead<R: Read + Seek>(source: &mut R, distance: i64, seen: &mut [u8]) -> io::Result<usize> {
    let here = source.stream_position()?;
    let there = here.checked_add_signed(distance).unwrap_or(u64::MAX);
    if i64::try_from(there).is_err() {
        return Ok(0);
    }
    source.seek(SeekFrom::Start(there))?;
    let mut read = 0;
    while read < seen.len() {
        match source.read(&mut seen[read..]) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(0) => break,
            Ok(more) => read += more,
        }
    }
    source.seek(SeekFrom::Start(here))?;
    Ok(read)
}

/// The number in a Content-Length field.
fn content_length(line: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"Content-Length:";
    let (name, value) = line.split_at_checked(NAME.len())?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    std::str::from_utf8(value).ok()?.trim().parse().ok()
}

impl Current {
    fn new(place: Place) -> Self {
        Self {
            ours: false,
            crlf: false,
            place,
            piece: Piece::Buffer(0),
            held: None,
            empty_line: false,
            in_head: true,
            length: None,
        }
    }
}

/// The content of one message, as it was before it was put into the mbox.
#[derive(Debug)]
pub struct Message<'a, R> {
    reader: &'a mut Reader<R>,
}

impl<R: Read> BufRead for Message<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.next_piece()?;
        Ok(self.reader.piece())
    }

    fn consume(&mut self, taken: usize) {
        self.reader.pass(taken);
    }
}

impl<R: Read> Read for Message<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            let piece = self.fill_buf()?;
            let length = piece.len().min(out.len() - filled);
            if length == 0 {
                break;
            }
            out[filled..filled + length].copy_from_slice(&piece[..length]);
            self.consume(length);
            filled += length;
        }
        Ok(filled)
    }
}
