//! What a server offers for the content of a message, and what a message asks of it.

/// What the receiving server announced (EHLO). The default is a server that takes 7-bit mail only,
/// which every server does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Offered {
    /// `8BITMIME` (RFC 6152): bytes above 127 in lines of up to 998 bytes.
    pub eight_bit: bool,
    /// `BINARYMIME` with `CHUNKING` (RFC 3030): any bytes, lines of any length.
    pub binary: bool,
    /// `SMTPUTF8` (RFC 6531): UTF-8 in header fields and addresses.
    pub utf8: bool,
}

impl Offered {
    /// Everything there is: for messages that are kept in a file and not sent.
    pub const ALL: Offered = Offered { eight_bit: true, binary: true, utf8: true };

    /// Whether content of this kind may be sent as it is.
    pub fn takes(self, kind: BodyKind) -> bool {
        match kind {
            BodyKind::SevenBit => true,
            BodyKind::EightBit => self.eight_bit || self.binary,
            BodyKind::Binary => self.binary,
        }
    }
}

/// The kind of bytes in a body or message (RFC 2045 §2.7–2.9), each including the ones before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyKind {
    /// ASCII without NUL, in CRLF lines of at most 998 bytes.
    #[default]
    SevenBit,
    /// Bytes above 127 as well: `BODY=8BITMIME`.
    EightBit,
    /// NUL, lone CR or LF, or longer lines: `BODY=BINARYMIME`.
    Binary,
}

impl BodyKind {
    /// The name in `Content-Transfer-Encoding`.
    pub(super) fn token(self) -> &'static str {
        match self {
            BodyKind::SevenBit => "7bit",
            BodyKind::EightBit => "8bit",
            BodyKind::Binary => "binary",
        }
    }
}
