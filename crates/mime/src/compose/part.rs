//! The tree of a message: leaves and multiparts, buildable by hand.

use super::boundary::Seed;
use super::{Bytes, ComposeError, EncodedPart, FileSource, MediaType, RawMessage, Text};
use std::path::Path;
use std::sync::Arc;

/// One MIME part: its fields and its body.
#[derive(Clone, Debug)]
pub struct Part {
    /// What its header says.
    pub headers: PartHeaders,
    /// What it holds.
    pub body: Body,
}

/// The fields of a part, except the transfer encoding, which follows from the body and the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartHeaders {
    /// The media type; without one it follows from the body: `text/plain` for text, and for bytes and
    /// files the file name and then the content.
    pub media_type: Option<MediaType>,
    /// `Content-Disposition` (RFC 2183).
    pub disposition: Option<Disposition>,
    /// The file name, in any script.
    pub file_name: Option<String>,
    /// `Content-ID`, with or without angle brackets (RFC 2045 §7).
    pub content_id: Option<String>,
    /// `Content-Location`: a URI by which other parts refer to this one (RFC 2557).
    pub location: Option<String>,
    /// `Content-Base`: what relative URIs in this part are relative to (RFC 2110).
    pub base: Option<String>,
    /// `Content-Description`: words about the part (RFC 2045 §8).
    pub description: Option<String>,
}

impl PartHeaders {
    /// No fields.
    pub const NONE: PartHeaders = PartHeaders {
        media_type: None,
        disposition: None,
        file_name: None,
        content_id: None,
        location: None,
        base: None,
        description: None,
    };
}

/// How a part wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Where it stands.
    Inline,
    /// As a file beside the message.
    Attachment,
}

impl Disposition {
    pub(super) fn token(self) -> &'static str {
        match self {
            Disposition::Inline => "inline",
            Disposition::Attachment => "attachment",
        }
    }
}

/// What a part holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// Text, laid out in CRLF lines and written as UTF-8.
    Text(Text),
    /// Bytes that arrive unchanged.
    Bytes(Bytes),
    /// A file whose bytes arrive unchanged.
    File(FileSource),
    /// A message, forwarded with CRLF line ends as `message/rfc822`, which allows no encoding (RFC 2046
    /// §5.2.1). One that the server does not take as it is (8-bit without `8BITMIME`, 8-bit header fields,
    /// long lines, NUL) goes as `application/octet-stream` with a name in `.eml`: every byte arrives, and
    /// signatures in it stay valid, which encoding it again from the inside would break.
    Message(RawMessage),
    /// A part encoded beforehand, header and all. The fields beside it are not looked at.
    Encoded(Arc<EncodedPart>),
    /// Parts in order.
    Multipart(Multipart, Vec<Part>),
}

/// The kinds of multipart (RFC 2046 §5.1, RFC 2387).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Multipart {
    /// Parts to be shown one after the other.
    Mixed,
    /// The same thing in several forms, the best one last.
    Alternative,
    /// Parts that belong to the one with this index, the root.
    Related {
        /// Usually 0.
        root: usize,
    },
    /// Parts to be shown at the same time.
    Parallel,
    /// Messages.
    Digest,
}

impl Multipart {
    pub(super) fn essence(self) -> &'static str {
        match self {
            Multipart::Mixed => "multipart/mixed",
            Multipart::Alternative => "multipart/alternative",
            Multipart::Related { .. } => "multipart/related",
            Multipart::Parallel => "multipart/parallel",
            Multipart::Digest => "multipart/digest",
        }
    }
}

impl From<Body> for Part {
    fn from(body: Body) -> Self {
        Part { headers: PartHeaders::NONE, body }
    }
}

impl Part {
    /// A text of the type `text/plain`, `text/html`, `text/calendar` …
    pub fn text(essence: &'static str, text: impl Into<Text>) -> Self {
        Part::from(Body::Text(text.into())).with_type(MediaType::new(essence))
    }

    /// An attachment from bytes in memory.
    pub fn bytes(file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let mut part = Part::from(Body::Bytes(bytes.into()));
        part.headers.file_name = Some(file_name.into());
        part.headers.disposition = Some(Disposition::Attachment);
        part
    }

    /// An attachment from a file, called by the last component of its path.
    ///
    /// # Errors
    /// `File` when it is not there, cannot be read, or is no regular file.
    pub fn attach(path: impl AsRef<Path>) -> Result<Self, ComposeError> {
        let path = path.as_ref();
        let mut part = Part::from(Body::File(FileSource::open(path)?));
        part.headers.file_name = path.file_name().map(file_name_text);
        part.headers.disposition = Some(Disposition::Attachment);
        Ok(part)
    }

    /// A resource that the HTML shows, from a file. Its `Content-ID` is the file name where that can be one
    /// (`cid:logo.png`), else made from it; give another with [`Part::with_content_id`].
    ///
    /// # Errors
    /// As [`Part::attach`].
    pub fn inline(path: impl AsRef<Path>) -> Result<Self, ComposeError> {
        let mut part = Part::attach(path)?;
        part.headers.disposition = Some(Disposition::Inline);
        part.headers.content_id = part.headers.file_name.as_deref().map(content_id_of);
        Ok(part)
    }

    /// A message to be forwarded.
    pub fn message(message: RawMessage) -> Self {
        Part::from(Body::Message(message)).with_disposition(Disposition::Attachment)
    }

    /// A multipart.
    pub fn multipart(kind: Multipart, parts: Vec<Part>) -> Self {
        Part::from(Body::Multipart(kind, parts))
    }

    /// A part encoded beforehand.
    pub fn encoded(part: Arc<EncodedPart>) -> Self {
        Part::from(Body::Encoded(part))
    }

    /// Sets the media type.
    #[must_use]
    pub fn with_type(mut self, media_type: MediaType) -> Self {
        self.headers.media_type = Some(media_type);
        self
    }

    /// Sets the disposition.
    #[must_use]
    pub fn with_disposition(mut self, disposition: Disposition) -> Self {
        self.headers.disposition = Some(disposition);
        self
    }

    /// Sets the file name.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<String>) -> Self {
        self.headers.file_name = Some(name.into());
        self
    }

    /// Sets the `Content-ID`.
    #[must_use]
    pub fn with_content_id(mut self, id: impl Into<String>) -> Self {
        self.headers.content_id = Some(id.into());
        self
    }

    /// Sets the `Content-Location`.
    #[must_use]
    pub fn with_location(mut self, uri: impl Into<String>) -> Self {
        self.headers.location = Some(uri.into());
        self
    }

    /// Sets the `Content-Description`.
    #[must_use]
    pub fn with_description(mut self, words: impl Into<String>) -> Self {
        self.headers.description = Some(words.into());
        self
    }
}

/// The identifier of a resource called `name`: the name, where an HTML reference to it needs no escapes.
fn content_id_of(name: &str) -> String {
    if name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) && name.len() < 100
    {
        return name.to_owned();
    }
    format!("{:016x}@inline", Seed::new().mix_bytes(name.as_bytes()).value())
}

/// A file name as text: where it is not UTF-8, in the charset that its bytes look like (names unpacked
/// from a GBK archive).
#[cfg(unix)]
fn file_name_text(name: &std::ffi::OsStr) -> String {
    use std::os::unix::ffi::OsStrExt;
    match Text::decode(name.as_bytes().to_vec(), None) {
        Ok(text) => text.as_str().to_owned(),
        Err(_) => name.to_string_lossy().into_owned(),
    }
}

#[cfg(not(unix))]
fn file_name_text(name: &std::ffi::OsStr) -> String {
    name.to_string_lossy().into_owned()
}
