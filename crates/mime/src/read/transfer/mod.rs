//! Transfer encodings (RFC 2045 §6): the label, and decoding in pieces of bounded size.
//!
//! Decoding is lenient and loses nothing silently: what could not be decoded is noted with its amount. The
//! output goes to a sink piece by piece, so that a large attachment is never held whole.

mod base64;
mod quoted_printable;
pub(crate) mod uuencode;

use std::borrow::Cow;

use crate::read::finding::{Code, Notes};

/// A transfer encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 7bit, also where nothing is said (RFC 2045 §6.1).
    SevenBit,
    /// 8bit.
    EightBit,
    /// binary (RFC 3030).
    Binary,
    /// quoted-printable (RFC 2045 §6.7).
    QuotedPrintable,
    /// base64 (RFC 2045 §6.8).
    Base64,
    /// x-uuencode, never standardised.
    Uuencode,
    /// A label that is not known: the body is left as it is.
    Unknown,
}

impl Encoding {
    /// What a field's value means. The label may be misspelt in the ways that occur; that is noted.
    pub(crate) fn of_label(value: &[u8], notes: &mut Notes) -> Self {
        let token = value.trim_ascii();
        let token = match token.iter().position(|byte| matches!(byte, b';' | b'(')) {
            Some(end) if end > 0 => token[..end].trim_ascii(),
            _ => token,
        };
        if token.is_empty() {
            notes.add(Code::OddEncodingName, Some("\"\""));
            return Encoding::SevenBit;
        }
        let (encoding, exact) = Self::lookup(token);
        let label = || String::from_utf8_lossy(value.trim_ascii()).into_owned();
        if encoding == Encoding::Unknown {
            notes.add(Code::UnknownEncoding, Some(&label()));
        } else if !exact || token.len() != value.trim_ascii().len() {
            notes.add(Code::OddEncodingName, Some(&label()));
        }
        encoding
    }

    fn lookup(token: &[u8]) -> (Self, bool) {
        const EXACT: [(&str, Encoding); 5] = [
            ("7bit", Encoding::SevenBit),
            ("8bit", Encoding::EightBit),
            ("base64", Encoding::Base64),
            ("quoted-printable", Encoding::QuotedPrintable),
            ("binary", Encoding::Binary),
        ];
        for (name, encoding) in EXACT {
            if token.eq_ignore_ascii_case(name.as_bytes()) {
                return (encoding, true);
            }
        }
        let bare: Vec<u8> =
            token.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
        let encoding = match bare.as_slice() {
            b"7bit" | b"7bits" | b"7" => Encoding::SevenBit,
            b"8bit" | b"8bits" | b"8" => Encoding::EightBit,
            b"base64" | b"b64" | b"b" => Encoding::Base64,
            b"quotedprintable" | b"quotedprintible" | b"qp" | b"q" | b"quopri" => Encoding::QuotedPrintable,
            b"binary" => Encoding::Binary,
            b"xuuencode" | b"xuue" | b"uuencode" | b"uue" | b"xuuencoded" => {
                return (Encoding::Uuencode, true);
            }
            _ => Encoding::Unknown,
        };
        (encoding, false)
    }

    /// The standard's name.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::SevenBit => "7bit",
            Encoding::EightBit => "8bit",
            Encoding::Binary => "binary",
            Encoding::QuotedPrintable => "quoted-printable",
            Encoding::Base64 => "base64",
            Encoding::Uuencode => "x-uuencode",
            Encoding::Unknown => "unknown",
        }
    }

    /// Whether the body's bytes are the content's bytes.
    pub fn is_identity(self) -> bool {
        !matches!(self, Encoding::QuotedPrintable | Encoding::Base64 | Encoding::Uuencode)
    }
}

/// Bytes of a body decoded at a time; what reaches the sink at once is not larger.
const PIECE: usize = 96 << 10;

/// The whole decoded body; borrowed where nothing is encoded.
pub(crate) fn decode<'b>(body: &'b [u8], encoding: Encoding, notes: &mut Notes) -> Cow<'b, [u8]> {
    match encoding {
        Encoding::Base64 => base64::decode_whole(body, notes),
        Encoding::QuotedPrintable => Cow::Owned(quoted_printable::decode_whole(body, notes)),
        Encoding::Uuencode => {
            let mut out = Vec::with_capacity(body.len() / 4 * 3);
            uuencode::decode(body, notes, &mut |piece: &[u8]| {
                out.extend_from_slice(piece);
                Ok::<(), std::convert::Infallible>(())
            })
            .unwrap_or_else(|never| match never {});
            Cow::Owned(out)
        }
        Encoding::SevenBit | Encoding::EightBit | Encoding::Binary | Encoding::Unknown => Cow::Borrowed(body),
    }
}

/// Decodes into `sink` piece by piece.
///
/// # Errors
/// The sink's first error; nothing is written after it.
pub(crate) fn decode_to<E>(
    body: &[u8],
    encoding: Encoding,
    notes: &mut Notes,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    match encoding {
        Encoding::Base64 => base64::decode(body, notes, sink),
        Encoding::QuotedPrintable => quoted_printable::decode(body, notes, sink),
        Encoding::Uuencode => uuencode::decode(body, notes, sink),
        Encoding::SevenBit | Encoding::EightBit | Encoding::Binary | Encoding::Unknown => {
            body.chunks(PIECE).try_for_each(sink)
        }
    }
}
