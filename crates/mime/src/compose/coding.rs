//! Which `Content-Transfer-Encoding` a body gets (RFC 2045 §6), and the encoding of text.
//!
//! Text is free to be laid out again, so it gets the most readable form: `7bit` for short ASCII lines,
//! `8bit` where the server takes it, quoted-printable while most of it is ASCII, else base64.
//! Anything else arrives byte for byte: base64, or as it is where that is safe and taken.

use super::lines::{MAX_LINE, canonical};
use super::{BodyKind, Offered};
use encodify::{base64, qp};
use memchr::memmem::Finder;
use memchr::{memchr, memchr_iter, memchr2_iter};
use std::sync::LazyLock;

/// Lines up to this length are left alone (RFC 5322 §2.1.1).
const SHORT_LINE: usize = 78;

/// A transfer encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// `7bit`, `8bit` or `binary`: the bytes as they are.
    AsIs(BodyKind),
    QuotedPrintable,
    Base64,
}

impl Coding {
    pub(super) fn token(self) -> &'static str {
        match self {
            Coding::AsIs(kind) => kind.token(),
            Coding::QuotedPrintable => "quoted-printable",
            Coding::Base64 => "base64",
        }
    }

    /// The kind of what it yields.
    pub(super) fn kind(self) -> BodyKind {
        match self {
            Coding::AsIs(kind) => kind,
            _ => BodyKind::SevenBit,
        }
    }
}

/// What decides the encoding of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Profile {
    len: usize,
    /// Bytes above 127.
    high: usize,
    /// `=` signs.
    equals: usize,
    /// Control characters other than TAB, CR and LF; DEL.
    controls: usize,
    nul: bool,
    longest: usize,
    bare_lf: bool,
    bare_cr: bool,
    /// A line that relays are known to change: blanks at its end, `From ` at its start, a lone dot.
    fragile: bool,
}

impl Profile {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut profile = Profile { len: text.len(), ..Profile::default() };
        profile.count(text);
        profile.nul = profile.controls > 0 && memchr(0, text).is_some();
        let mut start = 0;
        for at in memchr2_iter(b'\r', b'\n', text) {
            if at < start {
                continue; // the LF of a CRLF
            }
            let crlf = text[at] == b'\r' && text.get(at + 1) == Some(&b'\n');
            profile.bare_lf |= text[at] == b'\n';
            profile.bare_cr |= text[at] == b'\r' && !crlf;
            profile.line(&text[start..at]);
            start = at + 1 + usize::from(crlf);
        }
        profile.line(&text[start..]);
        profile
    }

    /// Counts bytes by class; in short blocks, whose counts fit a byte, this runs 16 bytes at a time.
    fn count(&mut self, text: &[u8]) {
        for block in text.chunks(240) {
            let (mut high, mut equals, mut controls) = (0u8, 0u8, 0u8);
            for &b in block {
                high += u8::from(b >= 0x80);
                equals += u8::from(b == b'=');
                controls +=
                    u8::from((b < b' ') & (b != b'\t') & (b != b'\r') & (b != b'\n')) + u8::from(b == 0x7f);
            }
            self.high += usize::from(high);
            self.equals += usize::from(equals);
            self.controls += usize::from(controls);
        }
    }

    fn line(&mut self, line: &[u8]) {
        self.longest = self.longest.max(line.len());
        self.fragile |=
            matches!(line.last(), Some(b' ' | b'\t')) || line.starts_with(b"From ") || line == b".";
    }

    /// The encoding of a text whose lines may be laid out again.
    pub(super) fn text_coding(&self, offered: Offered) -> Coding {
        let calm = self.controls == 0 && !self.fragile;
        if calm && self.high == 0 && self.longest <= SHORT_LINE {
            return Coding::AsIs(BodyKind::SevenBit);
        }
        if calm && self.high > 0 && offered.takes(BodyKind::EightBit) && self.longest as u64 <= MAX_LINE {
            return Coding::AsIs(BodyKind::EightBit);
        }
        // A quarter of escapes makes quoted-printable half as long again, base64 is longer by a bit more than
        // a third: up to there, being readable is worth it.
        let escaped = self.high + self.equals + self.controls;
        if escaped * 4 <= self.len { Coding::QuotedPrintable } else { Coding::Base64 }
    }

    /// The kind as which bytes of a text type may be sent unchanged, if they may.
    pub(super) fn exact_text_kind(&self) -> Option<BodyKind> {
        let canonical = !self.bare_cr && !self.bare_lf && !self.nul && !self.fragile;
        let kind = if self.high > 0 { BodyKind::EightBit } else { BodyKind::SevenBit };
        (canonical && self.longest as u64 <= MAX_LINE).then_some(kind)
    }

    pub(super) fn has_nul(&self) -> bool {
        self.nul
    }

    pub(super) fn is_ascii(&self) -> bool {
        self.high == 0
    }
}

/// Appends `text` in `coding`, with canonical line ends. `profile` is the text's own.
pub(super) fn append_text(text: &[u8], coding: Coding, profile: &Profile, out: &mut Vec<u8>) {
    if profile.bare_cr {
        let text = canonical(text);
        return append_text(&text, coding, &Profile { bare_cr: false, bare_lf: false, ..*profile }, out);
    }
    match coding {
        Coding::AsIs(_) if profile.bare_lf => append_crlf_lines(text, out),
        Coding::AsIs(_) => out.extend_from_slice(text),
        Coding::QuotedPrintable => append_quoted_printable(text, out),
        Coding::Base64 => {
            let text = if profile.bare_lf { &canonical(text)[..] } else { text };
            append_base64(text, out);
        }
    }
}

/// Appends base64 in lines of 76, without the end of the last line.
pub(super) fn append_base64(bytes: &[u8], out: &mut Vec<u8>) {
    base64::MIME.encode_append(bytes, out);
    if !bytes.is_empty() {
        out.truncate(out.len() - 2);
    }
}

fn append_crlf_lines(text: &[u8], out: &mut Vec<u8>) {
    let mut start = 0;
    for at in memchr_iter(b'\n', text) {
        let end = if at > start && text[at - 1] == b'\r' { at - 1 } else { at };
        out.extend_from_slice(&text[start..end]);
        out.extend_from_slice(b"\r\n");
        start = at + 1;
    }
    out.extend_from_slice(&text[start..]);
}

static LINE_WITH_FROM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\nFrom "));
static LINE_WITH_DOT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\n."));

/// The fast encoder leaves `From ` and dots alone; where one ended up at the start of a line, the text is
/// encoded again by the one that escapes them.
fn append_quoted_printable(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    qp::BODY.encode_append(text, out);
    let encoded = &out[start..];
    let fragile = encoded.starts_with(b"From ")
        || encoded.starts_with(b".")
        || LINE_WITH_FROM.find(encoded).is_some()
        || LINE_WITH_DOT.find(encoded).is_some();
    if fragile {
        out.truncate(start);
        append_careful_quoted_printable(text, out);
    }
}

/// Quoted-printable whose lines start neither with `From ` nor with a dot.
fn append_careful_quoted_printable(text: &[u8], out: &mut Vec<u8>) {
    const MAX_CONTENT: usize = 75; // and one for the soft break's `=`
    let mut column = 0;
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let at_line_end = matches!(after, [] | [b'\n', ..] | [b'\r', b'\n', ..]);
        match rest {
            [b'\r', b'\n', after @ ..] | [b'\n', after @ ..] => {
                out.extend_from_slice(b"\r\n");
                (rest, column) = (after, 0);
                continue;
            }
            _ => rest = after,
        }
        let literal = |column: usize| match byte {
            b'.' => column > 0,
            b'F' => column > 0 || !after.starts_with(b"rom "),
            b' ' | b'\t' => !at_line_end,
            _ => (b'!'..=b'~').contains(byte) && *byte != b'=',
        };
        if column + if literal(column) { 1 } else { 3 } > MAX_CONTENT {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if literal(column) {
            out.push(*byte);
            column += 1;
        } else {
            out.extend_from_slice(qp_escape(*byte).as_slice());
            column += 3;
        }
    }
}

fn qp_escape(byte: u8) -> [u8; 3] {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    [b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOTHING: Offered = Offered { eight_bit: false, binary: false, utf8: false };
    const EIGHT: Offered = Offered { eight_bit: true, binary: false, utf8: false };

    #[test]
    fn the_encoding_follows_the_content_and_the_server() {
        let seven = Coding::AsIs(BodyKind::SevenBit);
        let eight = Coding::AsIs(BodyKind::EightBit);
        let long = "x".repeat(79);
        let longest = "é".repeat(499);
        let too_long = "é".repeat(500);
        let cases: [(&str, Offered, Coding); 17] = [
            ("", NOTHING, seven),
            ("plain\ntext\n", NOTHING, seven),
            (&long, NOTHING, Coding::QuotedPrintable),
            (&long, EIGHT, Coding::QuotedPrintable),
            ("blank at the end \n", NOTHING, Coding::QuotedPrintable),
            ("From here\n", NOTHING, Coding::QuotedPrintable),
            ("a\n.\nb", NOTHING, Coding::QuotedPrintable),
            (".profile\n", NOTHING, seven),
            ("bell \u{7} in a long enough line", NOTHING, Coding::QuotedPrintable),
            ("Grüße aus Köln am schönen Rhein", NOTHING, Coding::QuotedPrintable),
            ("Grüße aus Köln am schönen Rhein", EIGHT, eight),
            ("Grüße \n", EIGHT, Coding::Base64),
            ("中文邮件", NOTHING, Coding::Base64),
            ("中文邮件", EIGHT, eight),
            (&longest, EIGHT, eight),
            (&too_long, EIGHT, Coding::Base64),
            ("=====", NOTHING, seven),
        ];
        for (text, offered, expected) in cases {
            assert_eq!(Profile::of(text.as_bytes()).text_coding(offered), expected, "{text:?} {offered:?}");
        }
    }

    #[test]
    fn bytes_of_a_text_type_pass_unchanged_only_when_nobody_would_touch_them() {
        let cases: [(&[u8], Option<BodyKind>); 8] = [
            (b"a\r\nb", Some(BodyKind::SevenBit)),
            ("é\r\n".as_bytes(), Some(BodyKind::EightBit)),
            (b"a\nb", None),
            (b"a\rb", None),
            (b"a\0b", None),
            (b"a \r\n", None),
            (b"From a\r\n", None),
            (&[b'x'; 999], None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(Profile::of(bytes).exact_text_kind(), expected, "{:?}", bytes.escape_ascii());
        }
    }

    fn decode(coded: &[u8], coding: Coding) -> Vec<u8> {
        match coding {
            Coding::AsIs(_) => coded.to_vec(),
            Coding::QuotedPrintable => qp::BODY.strict().decode(coded).unwrap().into_owned(),
            Coding::Base64 => base64::MIME.decode(coded).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn text_arrives_with_crlf_lines_in_every_encoding(
            text in "([a-z .=é文\u{7}]|From |\n|\r\n|\r|[ -~]{1,100}){0,40}",
            eight_bit: bool,
        ) {
            let profile = Profile::of(text.as_bytes());
            let chosen = profile.text_coding(Offered { eight_bit, ..NOTHING });
            for coding in [chosen, Coding::QuotedPrintable, Coding::Base64] {
                let mut out = Vec::new();
                append_text(text.as_bytes(), coding, &profile, &mut out);
                prop_assert_eq!(decode(&out, coding), canonical(text.as_bytes()));
                let limit = if coding == Coding::AsIs(BodyKind::EightBit) { 998 } else { 78 };
                for line in out.split(|b| *b == b'\n') {
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    prop_assert!(line.len() <= limit);
                    prop_assert!(!line.contains(&b'\r'));
                    prop_assert!(!line.starts_with(b"From ") && line != b".");
                }
            }
        }

        #[test]
        fn the_careful_encoder_agrees_with_the_fast_one(text in "([ -~é\t]|\r\n|\n){0,300}") {
            let mut out = Vec::new();
            append_careful_quoted_printable(text.as_bytes(), &mut out);
            prop_assert!(out.split(|b| *b == b'\n').all(|l| l.len() <= 77 && !l.starts_with(b".")));
            prop_assert_eq!(qp::BODY.strict().decode(&out).unwrap().into_owned(), canonical(text.as_bytes()));
        }
    }
}
