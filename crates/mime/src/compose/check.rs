//! What may go into a header. Everything from data passes here before it is written: a CR, LF or NUL is
//! refused by name and never dropped silently, since it would be somebody's attempt at another header.

use super::ComposeError;

/// The longest value of one header field, in bytes.
pub const MAX_FIELD: usize = 256 * 1024;

/// The longest file name, in bytes.
pub const MAX_FILE_NAME: usize = 4096;

/// Refuses CR, LF and NUL, and what is longer than any field may be.
pub(super) fn text(field: &str, value: &str) -> Result<(), ComposeError> {
    if let Some(byte) = value.bytes().find(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return Err(ComposeError::ForbiddenByte { field: field.to_owned(), byte });
    }
    if value.len() > MAX_FIELD {
        return Err(ComposeError::TooLong {
            what: "a header field",
            len: value.len() as u64,
            limit: MAX_FIELD as u64,
        });
    }
    Ok(())
}

/// A file name in a header.
pub(super) fn file_name(name: &str) -> Result<(), ComposeError> {
    text("file name", name)?;
    if name.len() > MAX_FILE_NAME {
        return Err(ComposeError::TooLong {
            what: "a file name",
            len: name.len() as u64,
            limit: MAX_FILE_NAME as u64,
        });
    }
    Ok(())
}

/// A further header's name: `ftext` (RFC 5322 §3.6.8), short enough to leave room on its line, and not
/// one that the draft has a field for or that composing writes itself.
pub(super) fn header_name(name: &str) -> Result<(), ComposeError> {
    const MAX_NAME: usize = 76;
    const RESERVED: [&str; 14] = [
        "from",
        "sender",
        "reply-to",
        "to",
        "cc",
        "bcc",
        "date",
        "subject",
        "message-id",
        "in-reply-to",
        "references",
        "keywords",
        "mime-version",
        "resent-bcc",
    ];
    text("header name", name)?;
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(|b| b.is_ascii_graphic() && b != b':') {
        return Err(ComposeError::HeaderName { name: name.to_owned() });
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&&lower[..]) || lower.starts_with("content-") {
        return Err(ComposeError::ReservedHeader { name: name.to_owned() });
    }
    Ok(())
}

/// An identifier without its angle brackets: one ASCII word that brackets can enclose (RFC 5322 §3.6.4).
pub(super) fn identifier<'a>(field: &'static str, value: &'a str) -> Result<&'a str, ComposeError> {
    text(field, value)?;
    let inner = value.trim();
    let inner = inner.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(inner);
    let word = inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'));
    if inner.is_empty() || inner.len() > MAX_IDENTIFIER || !word {
        return Err(ComposeError::Identifier { field, value: value.to_owned() });
    }
    Ok(inner)
}

/// The longest identifier: with its brackets and a fold it must fit a line of 998.
const MAX_IDENTIFIER: usize = 900;

/// A MIME token (RFC 2045 §5.1): what a media type's parts and a parameter's name are made of.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 127 && text.bytes().all(is_token_byte)
}

pub(super) fn is_token_byte(b: u8) -> bool {
    b.is_ascii_graphic()
        && !matches!(
            b,
            b'(' | b')'
                | b'<'
                | b'>'
                | b'@'
                | b','
                | b';'
                | b':'
                | b'\\'
                | b'"'
                | b'/'
                | b'['
                | b']'
                | b'?'
                | b'='
        )
}

/// Atom text (RFC 5322 §3.2.3).
pub(super) fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
        )
}

/// The longest URI in a header, with its escapes: one line of 998 holds it.
pub(super) const MAX_URI: usize = 900;

/// Whether a byte of a URI stands as it is; others are percent-encoded (RFC 3986 §2).
pub(super) fn is_uri_byte(b: u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// The length of a URI with its escapes.
pub(super) fn uri_len(uri: &str) -> usize {
    uri.bytes().map(|b| if is_uri_byte(b) { 1 } else { 3 }).sum()
}
