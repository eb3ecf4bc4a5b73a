//! Line ends: every LF, CR and CRLF becomes CRLF, and what one pass finds out about a stream of lines.

use memchr::{memchr, memchr2_iter};

/// The longest line that SMTP carries without `BINARYMIME`, without its CRLF (RFC 5321 §4.5.3.1.6).
pub(super) const MAX_LINE: u64 = 998;

/// Rewrites line ends to CRLF, chunk by chunk; a CRLF may be cut by the end of a chunk.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Canonical {
    after_cr: bool,
}

impl Canonical {
    /// Appends `chunk` with canonical line ends.
    pub(super) fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let mut start = 0;
        for at in memchr2_iter(b'\r', b'\n', chunk) {
            out.extend_from_slice(&chunk[start..at]);
            let second_half = self.after_cr && at == start && chunk[at] == b'\n';
            if !second_half {
                out.extend_from_slice(b"\r\n");
            }
            self.after_cr = chunk[at] == b'\r';
            start = at + 1;
        }
        if start < chunk.len() {
            out.extend_from_slice(&chunk[start..]);
            self.after_cr = false;
        }
    }
}

/// `text` with canonical line ends.
pub(super) fn canonical(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 32);
    Canonical::default().push(text, &mut out);
    out
}

/// What a stream of bytes is like as lines, counted chunk by chunk.
#[derive(Clone, Debug)]
pub(super) struct LineScan {
    bytes: u64,
    cr: u64,
    lf: u64,
    crlf: u64,
    line: u64,
    after_cr: bool,
    in_header: bool,
    /// The longest line without its end.
    pub(super) longest: u64,
    /// There is a byte above 127.
    pub(super) eight_bit: bool,
    /// There is one before the first empty line.
    pub(super) header_eight_bit: bool,
    /// There is a NUL byte.
    pub(super) nul: bool,
    /// How the first line ends.
    first_end: Option<LineEnd>,
    /// The beginning of the present line, while it can be a Content-Transfer-Encoding field.
    encoding: Vec<u8>,
    /// A part says that its transfer encoding is `binary`.
    binary_part: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineEnd {
    CrLf,
    Bare,
}

/// The field whose value `binary` makes line ends part of the content (RFC 2045 §6.2).
const ENCODING_FIELD: &[u8] = b"content-transfer-encoding:";
/// As much of that field as is looked at, in bytes.
const ENCODING_LOOKED_AT: usize = 64;

impl LineScan {
    pub(super) fn new() -> Self {
        LineScan {
            bytes: 0,
            cr: 0,
            lf: 0,
            crlf: 0,
            line: 0,
            after_cr: false,
            in_header: true,
            longest: 0,
            eight_bit: false,
            header_eight_bit: false,
            nul: false,
            first_end: None,
            encoding: Vec::new(),
            binary_part: false,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        self.eight_bit = self.eight_bit || !chunk.is_ascii();
        self.nul = self.nul || memchr(0, chunk).is_some();
        let mut start = 0;
        for at in memchr2_iter(b'\r', b'\n', chunk) {
            self.run(&chunk[start..at]);
            if chunk[at] == b'\r' {
                self.cr += 1;
                self.end_line();
                self.after_cr = true;
            } else {
                self.lf += 1;
                if self.after_cr {
                    self.crlf += 1;
                    if self.cr == 1 && self.lf == 1 {
                        self.first_end = Some(LineEnd::CrLf);
                    }
                } else {
                    self.end_line();
                }
                self.after_cr = false;
            }
            start = at + 1;
        }
        self.run(&chunk[start..]);
    }

    /// Bytes of a line, without a line end.
    fn run(&mut self, run: &[u8]) {
        if !run.is_empty() {
            self.look_for_encoding(run);
            self.line += run.len() as u64;
            self.longest = self.longest.max(self.line);
            self.after_cr = false;
            self.header_eight_bit = self.header_eight_bit || (self.in_header && !run.is_ascii());
        }
    }

    fn look_for_encoding(&mut self, run: &[u8]) {
        if self.line == 0 {
            self.encoding.clear();
        }
        let begun = self.encoding.len() as u64 == self.line && self.encoding.len() < ENCODING_LOOKED_AT;
        if begun && (self.line > 0 || run[0].eq_ignore_ascii_case(&b'c')) {
            self.encoding.extend_from_slice(&run[..run.len().min(ENCODING_LOOKED_AT - self.encoding.len())]);
        }
    }

    fn end_line(&mut self) {
        self.first_end.get_or_insert(LineEnd::Bare);
        if let Some((field, value)) = self.encoding.split_at_checked(ENCODING_FIELD.len())
            && field.eq_ignore_ascii_case(ENCODING_FIELD)
            && value.trim_ascii().eq_ignore_ascii_case(b"binary")
        {
            self.binary_part = true;
        }
        self.encoding.clear();
        self.in_header = self.in_header && self.line > 0;
        self.line = 0;
    }

    /// Whether its line ends are to be left alone: it is in the form that goes over the wire (its first line
    /// ends with CRLF), and has a part whose bytes are not lines. A file in the form of this system may say
    /// `binary` of what is text all the same.
    pub(super) fn is_verbatim(&self) -> bool {
        self.binary_part && self.first_end == Some(LineEnd::CrLf) && (self.bare_ends() > 0 || self.nul)
    }

    /// The length as it is.
    pub(super) fn len(&self) -> u64 {
        self.bytes
    }

    /// The line ends that are not CRLF.
    pub(super) fn bare_ends(&self) -> u64 {
        self.cr + self.lf - 2 * self.crlf
    }

    /// The length with every line end as CRLF.
    pub(super) fn canonical_len(&self) -> u64 {
        self.bytes + self.bare_ends()
    }

    /// Whether the last line has an end.
    pub(super) fn ends_with_line_end(&self) -> bool {
        self.line == 0 && self.bytes > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_line_end_becomes_crlf() {
        let cases: [(&str, &str); 9] = [
            ("", ""),
            ("a", "a"),
            ("a\nb", "a\r\nb"),
            ("a\rb", "a\r\nb"),
            ("a\r\nb", "a\r\nb"),
            ("a\r\r\nb", "a\r\n\r\nb"),
            ("\n\r", "\r\n\r\n"),
            ("a\r\n\r\nb\n", "a\r\n\r\nb\r\n"),
            ("\r", "\r\n"),
        ];
        for (given, expected) in cases {
            assert_eq!(String::from_utf8(canonical(given.as_bytes())).unwrap(), expected, "{given:?}");
        }
    }

    proptest! {
        #[test]
        fn the_scan_agrees_with_the_rewriting_however_it_is_cut(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), Just(0), any::<u8>()], 0..60),
            cut in 0usize..60,
        ) {
            let whole = canonical(&bytes);
            let (a, b) = bytes.split_at(cut.min(bytes.len()));
            let (mut out, mut rewrite, mut scan) = (Vec::new(), Canonical::default(), LineScan::new());
            for piece in [a, b] {
                rewrite.push(piece, &mut out);
                scan.push(piece);
            }
            prop_assert_eq!(&out, &whole);
            prop_assert_eq!(scan.canonical_len(), whole.len() as u64);
            prop_assert_eq!(scan.bare_ends() == 0, whole == bytes);
            prop_assert_eq!(scan.ends_with_line_end(), whole.ends_with(b"\r\n"));
            prop_assert_eq!(scan.nul, bytes.contains(&0));
            prop_assert_eq!(scan.eight_bit, !bytes.is_ascii());
            let text = whole.split(|b| *b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
            prop_assert_eq!(scan.longest, text.map(<[u8]>::len).max().unwrap_or(0) as u64);
        }
    }
}
