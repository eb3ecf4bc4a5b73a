//! The bounds within which any input is read, hostile or not, and why each is where it is.
//!
//! Reaching a bound never cuts silently: the message is marked `truncated` and carries a finding that names
//! the bound. The bytes beyond it are still in the raw message and in its [`super::Segment`]s.

/// Levels of nesting (multipart in multipart, message in message) that are opened; deeper ones stay one body.
pub const MAX_DEPTH: usize = 64;
/// Parts of one message, containers included.
pub const MAX_PARTS: usize = 10_000;
/// Header fields of one message over all its parts; further ones stay in the header's bytes, unlisted.
pub const MAX_FIELDS: usize = 100_000;
/// Findings kept for one message; the rest are counted in one last finding.
pub const MAX_FINDINGS: usize = 1_000;
/// How often one message may have a missing or wrong boundary guessed; each costs one search of the rest.
pub const MAX_GUESSES: usize = 16;
/// Bytes of one boundary that are honoured (RFC 2046 §5.1.1 allows 70).
pub const MAX_BOUNDARY: usize = 1_000;
/// Bytes of one header field's value that are decoded as text, addresses or parameters.
pub const MAX_FIELD_VALUE: usize = 1 << 20;
/// Parameters of one header field (RFC 2045 §5.1, pieces of RFC 2231 counted singly).
pub const MAX_PARAMETERS: usize = 1_000;
/// Addresses of one header field, members of groups included.
pub const MAX_ADDRESSES: usize = 100_000;
/// Bytes of decoded text that a summary carries for one part.
pub const MAX_TEXT: usize = 1 << 20;
/// Bytes of decoded text that a summary carries over all parts.
pub const MAX_TEXT_TOTAL: usize = 16 << 20;
/// Messages inside transfer-encoded parts (a base64 `message/rfc822`) that a summary opens, over all levels.
pub const MAX_EMBEDDED: usize = 256;
/// Bytes that a summary decodes, over all levels, to open messages inside transfer-encoded parts.
pub const MAX_EMBEDDED_BYTES: usize = 256 << 20;

/// Files taken out of one part that holds files without being a MIME container (winmail.dat, uuencode).
pub const MAX_UNPACKED: usize = 1_000;
/// Bytes of content of all files taken out of one such part.
pub const MAX_UNPACKED_BYTES: usize = 256 << 20;

/// The bounds of one parse; `Default` is the constants above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// See [`MAX_DEPTH`].
    pub depth: usize,
    /// See [`MAX_PARTS`]; at least the root part is always made.
    pub parts: usize,
    /// See [`MAX_FIELDS`].
    pub fields: usize,
    /// See [`MAX_FINDINGS`].
    pub findings: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: MAX_DEPTH, parts: MAX_PARTS, fields: MAX_FIELDS, findings: MAX_FINDINGS }
    }
}
