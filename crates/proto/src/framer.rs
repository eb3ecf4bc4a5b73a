//! Cuts what a link delivers into lines and content, in bounded memory.
//!
//! One buffer serves every protocol and both sides. A line ends at LF, a CR before it is dropped: peers
//! that send bare LF are understood in commands and replies. Dotted content is stricter: only
//! CRLF.CRLF ends it, because a server that takes `\n.\n` for an end lets a message smuggle another one
//! (RFC 5321 §4.1.1.4).

use memchr::memchr;

use crate::machine::Coding;

/// How much is read at a time, at most.
pub const READ: usize = 64 * 1024;

/// The receive buffer of a link.
#[derive(Debug, Default)]
pub struct Framer {
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// How far a line end has been looked for already, so that octets that drip in are not rescanned.
    seen: usize,
    /// An overlong line has been reported and its end has not come yet.
    skipping: bool,
}

/// What [`Framer::line`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line without its line end.
    Whole(&'a [u8]),
    /// No line end as yet.
    Partial,
    /// The line is longer than the limit. Told once; what there is of the line is dropped, and so is the
    /// rest of it when it comes.
    Overlong,
}

impl Framer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Room to read into; never empty. Tell how much was read with [`filled`](Self::filled).
    pub fn spare(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end, self.seen) = (0, 0, 0);
        }
        if self.buf.len() - self.end < READ / 2 {
            if self.start > 0 {
                self.buf.copy_within(self.start..self.end, 0);
                (self.end, self.seen) = (self.end - self.start, self.seen - self.start);
                self.start = 0;
            }
            if self.buf.len() - self.end < READ / 2 {
                self.buf.resize(self.end + READ, 0);
            }
        }
        &mut self.buf[self.end..]
    }

    /// `n` octets were read into [`spare`](Self::spare).
    pub fn filled(&mut self, n: usize) {
        self.end += n;
    }

    /// What has been received and not been used.
    pub fn pending(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// Drops all that is pending and says how much it was.
    pub fn drop_pending(&mut self) -> usize {
        let n = self.end - self.start;
        (self.start, self.end, self.seen, self.skipping) = (0, 0, 0, false);
        n
    }

    /// The next line of at most `limit` octets.
    pub fn line(&mut self, limit: usize) -> Line<'_> {
        if self.skipping {
            match memchr(b'\n', &self.buf[self.start..self.end]) {
                Some(at) => {
                    self.start += at + 1;
                    self.skipping = false;
                }
                None => self.start = self.end,
            }
            self.seen = self.start;
        }
        let from = self.seen.max(self.start);
        match memchr(b'\n', &self.buf[from..self.end]) {
            Some(at) => {
                let (start, lf) = (self.start, from + at);
                self.start = lf + 1;
                self.seen = self.start;
                let line = &self.buf[start..lf];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if line.len() > limit { Line::Overlong } else { Line::Whole(line) }
            }
            None if self.end - self.start > limit + 1 => {
                self.start = self.end;
                self.skipping = true;
                Line::Overlong
            }
            None => {
                self.seen = self.end;
                Line::Partial
            }
        }
    }

    /// The next `n` octets as they are, once all of them are here; until then they pile up, so `n` must be
    /// bounded by whoever asks.
    pub fn take(&mut self, n: usize) -> Option<&[u8]> {
        if self.end - self.start < n {
            return None;
        }
        let taken = &self.buf[self.start..self.start + n];
        self.start += n;
        self.seen = self.start;
        Some(taken)
    }

    /// Gives the pending octets of a content to `take`, decoded; true when the content's end was met.
    pub fn content(&mut self, decoder: &mut Decoder, take: &mut dyn FnMut(&[u8])) -> bool {
        let (used, done) = decoder.decode(&self.buf[self.start..self.end], take);
        self.start += used;
        self.seen = self.start;
        done
    }
}

/// Takes content off the wire: one for each content.
#[derive(Debug)]
pub enum Decoder {
    /// Octets still to come.
    Exact(u64),
    /// Dot-stuffed lines.
    Dot(DotState),
}

/// Where in a dotted content the last octet left off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DotState {
    /// Behind CRLF, or at the very start.
    LineStart,
    /// Within a line.
    Inside,
    /// Behind a CR.
    Cr,
    /// Behind the dot that began a line.
    Dot,
    /// Behind the dot that began a line, and a CR: an LF ends the content.
    DotCr,
}

impl Decoder {
    /// For content in this coding.
    pub fn new(coding: Coding) -> Self {
        match coding {
            Coding::Exact(n) => Self::Exact(n),
            Coding::Dot => Self::Dot(DotState::LineStart),
        }
    }

    /// Decodes from `input`; how much of it was used, and whether the end was met.
    pub fn decode(&mut self, input: &[u8], take: &mut dyn FnMut(&[u8])) -> (usize, bool) {
        match self {
            Self::Exact(left) => {
                let n = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                if n > 0 {
                    take(&input[..n]);
                }
                *left -= n as u64;
                (n, *left == 0)
            }
            Self::Dot(state) => decode_dots(state, input, take),
        }
    }
}

fn decode_dots(state: &mut DotState, input: &[u8], take: &mut dyn FnMut(&[u8])) -> (usize, bool) {
    let mut at = 0; // what is before it has been used
    let mut from = 0; // what is between it and `at` is to be given out
    while at < input.len() {
        let byte = input[at];
        match *state {
            DotState::Inside => match memchr(b'\r', &input[at..]) {
                Some(n) => {
                    at += n + 1;
                    *state = DotState::Cr;
                    continue;
                }
                None => {
                    at = input.len();
                    continue;
                }
            },
            DotState::LineStart if byte == b'.' => {
                // The dot itself is held back: it is stuffing, or the end.
                if from < at {
                    take(&input[from..at]);
                }
                from = at + 1;
                *state = DotState::Dot;
            }
            DotState::Cr if byte == b'\n' => *state = DotState::LineStart,
            DotState::Dot if byte == b'\r' => {
                // Held back as well, until it is known not to be the end.
                from = at + 1;
                *state = DotState::DotCr;
            }
            DotState::DotCr if byte == b'\n' => return (at + 1, true),
            DotState::DotCr => {
                take(b"\r");
                from = at;
                *state = if byte == b'\r' { DotState::Cr } else { DotState::Inside };
            }
            _ => *state = if byte == b'\r' { DotState::Cr } else { DotState::Inside },
        }
        at += 1;
    }
    if from < at {
        take(&input[from..at]);
    }
    (at, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framer(bytes: &[u8]) -> Framer {
        let mut framer = Framer::new();
        framer.spare()[..bytes.len()].copy_from_slice(bytes);
        framer.filled(bytes.len());
        framer
    }

    #[test]
    fn a_line_ends_at_crlf_or_bare_lf_and_a_lone_cr_stays() {
        let mut f = framer(b"220 a\r\n220 b\n22\r0 c\r\n250");
        assert_eq!(f.line(100), Line::Whole(b"220 a"));
        assert_eq!(f.line(100), Line::Whole(b"220 b"));
        assert_eq!(f.line(100), Line::Whole(b"22\r0 c"));
        assert_eq!(f.line(100), Line::Partial);
        assert_eq!(f.drop_pending(), 3);
    }

    #[test]
    fn a_line_past_its_limit_is_refused_with_and_without_its_end() {
        assert_eq!(framer(b"12345\r\n").line(5), Line::Whole(b"12345"));
        assert_eq!(framer(b"123456\r\n").line(5), Line::Overlong);
        assert_eq!(framer(b"1234567").line(5), Line::Overlong);
    }

    #[test]
    fn an_overlong_line_is_told_once_and_dropped_to_its_end_in_bounded_memory() {
        let mut f = Framer::new();
        let mut told = 0;
        for _ in 0..64 {
            let room = f.spare();
            room.fill(b'x');
            let n = room.len();
            f.filled(n);
            match f.line(100) {
                Line::Overlong => told += 1,
                line => assert_eq!(line, Line::Partial),
            }
        }
        assert_eq!((told, f.pending().len()), (1, 0));
        assert!(f.buf.len() <= 2 * READ);
        f.spare()[..9].copy_from_slice(b"xx\nNOOP\r\n");
        f.filled(9);
        assert_eq!(f.line(100), Line::Whole(b"NOOP"));
    }

    /// wire, content, what follows it
    const DOTTED: &[(&[u8], &[u8], &[u8])] = &[
        (b".\r\n", b"", b""),
        (b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n"),
        (b"..\r\n.\r\n", b".\r\n", b""),
        (b"..a\r\n...\r\n.\r\n", b".a\r\n..\r\n", b""),
        (b".a\r\n.\r\n", b"a\r\n", b""),
        (b"a\n.\nb\r\n.\r\n", b"a\n.\nb\r\n", b""),
        (b"a\r.\rb\r\n.\r\n", b"a\r.\rb\r\n", b""),
        (b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", b""),
        (b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", b""),
        (b"a\r\n.\rb\r\n.\r\n", b"a\r\n\rb\r\n", b""),
        (b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\r\n", b""),
        (b"a\r\r\n.\r\n", b"a\r\r\n", b""),
    ];

    #[test]
    fn only_crlf_dot_crlf_ends_dotted_content_wherever_it_is_cut() {
        for (wire, content, rest) in DOTTED {
            for cut in 0..wire.len() {
                let (mut decoder, mut got) = (Decoder::new(Coding::Dot), Vec::new());
                let mut take = |b: &[u8]| got.extend_from_slice(b);
                let (used, done) = decoder.decode(&wire[..cut], &mut take);
                let (used, done) = if done {
                    (used, true)
                } else {
                    assert_eq!(used, cut);
                    let (more, done) = decoder.decode(&wire[cut..], &mut take);
                    (cut + more, done)
                };
                assert!(done, "{wire:?} cut at {cut}");
                assert_eq!((got.as_slice(), &wire[used..]), (*content, *rest), "{wire:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn exact_content_takes_its_octets_and_no_more() {
        let mut f = framer(b".\r\n.\r\nQUIT\r\n");
        let mut got = Vec::new();
        let mut decoder = Decoder::new(Coding::Exact(6));
        assert!(f.content(&mut decoder, &mut |b| got.extend_from_slice(b)));
        assert_eq!(got, b".\r\n.\r\n");
        assert_eq!(f.line(10), Line::Whole(b"QUIT"));
    }
}
