//! A laid-out message as bytes: MIME fields, delimiters, small bodies; large bodies become segments.

use super::boundary::{Boundaries, Boundary};
use super::check::{identifier, is_uri_byte};
use super::coding::{Coding, append_base64, append_text};
use super::encoder::{Plan, Segment, SegmentCoding, Source, base64_len};
use super::header::Header;
use super::layout::{Content, Node};
use super::params::{self, Names};
use super::part::{Disposition, Multipart, PartHeaders};
use super::{BodyKind, ComposeError};

/// Bodies in memory up to this length are copied into the buffer of the message; longer ones are not.
const COPIED: u64 = 16 * 1024;

/// What the file name of a forwarded message is when it has none and must go as a file.
const MESSAGE_NAME: &str = "message.eml";

impl Node<'_> {
    /// Writes its fields, the empty line and its body, without an end for the last line.
    pub(super) fn write(
        &self,
        plan: &mut Plan,
        names: Names,
        boundaries: &mut Boundaries,
    ) -> Result<(), ComposeError> {
        if let Content::Encoded(part) = &self.content {
            plan.source(Source::Memory(part.bytes().clone()), Coding::AsIs(BodyKind::Binary));
            return Ok(());
        }
        let boundary = match self.content {
            Content::Multipart { .. } => Some(boundaries.next()?),
            _ => None,
        };
        self.write_fields(&mut Header::new(&mut plan.head, false), names, boundary.as_ref())?;
        plan.head.extend_from_slice(b"\r\n");
        match &self.content {
            Content::Text { text, profile, coding, .. } => {
                append_text(text.as_bytes(), *coding, profile, &mut plan.head);
            }
            Content::Leaf { source, coding, .. } => plan.source(source.clone(), *coding),
            Content::Message { message, as_file: true } => {
                plan.source(message.source().clone(), Coding::Base64)
            }
            Content::Message { message, .. } => plan.segments.push(message.segment(plan.head.len())),
            Content::Encoded(_) => {}
            Content::Multipart { children, .. } => {
                let boundary = boundary.unwrap_or_default();
                for (i, child) in children.iter().enumerate() {
                    plan.head.extend_from_slice(if i == 0 { b"--" } else { b"\r\n--" });
                    plan.head.extend_from_slice(&boundary);
                    plan.head.extend_from_slice(b"\r\n");
                    child.write(plan, names, boundaries)?;
                }
                plan.head.extend_from_slice(b"\r\n--");
                plan.head.extend_from_slice(&boundary);
                plan.head.extend_from_slice(b"--");
            }
        }
        Ok(())
    }

    /// Whether what `write` wrote last ends a line.
    pub(super) fn ends_line(&self, head: &[u8]) -> bool {
        match &self.content {
            Content::Text { coding, .. } => *coding != Coding::Base64 && head.ends_with(b"\r\n"),
            // As the whole body, bytes go as they are only when they end a line.
            Content::Leaf { coding, .. } => *coding != Coding::Base64,
            Content::Message { message, as_file } => !as_file && message.ends_with_line_end(),
            Content::Encoded(_) | Content::Multipart { .. } => false,
        }
    }

    fn write_fields(
        &self,
        header: &mut Header<'_>,
        names: Names,
        boundary: Option<&Boundary>,
    ) -> Result<(), ComposeError> {
        let headers = self.headers;
        let mut file_name = headers.file_name.as_deref();
        header.name("Content-Type");
        header.gap(self.essence().len() + 1);
        header.raw(self.essence());
        for (name, value) in headers.media_type.as_ref().map_or(&[][..], |t| &t.parameters) {
            if !(name.eq_ignore_ascii_case("charset") && matches!(self.content, Content::Text { .. })) {
                header.parameter(name, value);
            }
        }
        let mut coding = None;
        match &self.content {
            Content::Text { coding: c, .. } => {
                header.plain_parameter("charset", "utf-8");
                coding = Some(c.token());
            }
            Content::Leaf { charset, coding: c, .. } => {
                if let Some(charset) = charset {
                    header.plain_parameter("charset", charset);
                }
                coding = Some(c.token());
            }
            Content::Message { as_file: true, .. } => {
                file_name = file_name.or(Some(MESSAGE_NAME));
                coding = Some(Coding::Base64.token());
            }
            Content::Message { message, .. } => coding = Some(message.body_kind().token()),
            Content::Multipart { kind, children, holds } => {
                let root = match kind {
                    Multipart::Related { root } => children.get(*root),
                    _ => None,
                };
                if let Some(root) = root {
                    header.plain_parameter("type", root.essence());
                    if let Some(id) =
                        root.headers.content_id.as_deref().filter(|_| *kind != Multipart::Related { root: 0 })
                    {
                        header.plain_parameter("start", &format!("<{}>", identifier("Content-ID", id)?));
                    }
                }
                // Boundaries are ASCII.
                let boundary = boundary.map(|b| String::from_utf8_lossy(b)).unwrap_or_default();
                header.plain_parameter("boundary", &boundary);
                coding = (*holds > BodyKind::SevenBit).then(|| holds.token());
            }
            Content::Encoded(_) => {}
        }
        if let Some(name) = file_name {
            header.type_name(name, names);
        }
        header.end();
        if let Some(token) = coding {
            header.short("Content-Transfer-Encoding", token);
        }
        let disposition = headers.disposition.or(file_name.map(|_| Disposition::Attachment));
        if let Some(disposition) = disposition {
            header.name("Content-Disposition");
            header.raw(" ");
            header.raw(disposition.token());
            if let Some(name) = file_name {
                header.disposition_name(name, names);
            }
            header.end();
        }
        header.other_fields(headers)
    }
}

impl Header<'_> {
    /// `name=` of `Content-Type`, for readers that look there first.
    fn type_name(&mut self, name: &str, names: Names) {
        match (names, params::is_plain(name)) {
            (Names::Rfc2231, _) => {}
            (_, true) => self.plain_parameter("name", name),
            (_, false) => self.word_parameter("name", name),
        }
    }

    /// `filename=` of `Content-Disposition`.
    fn disposition_name(&mut self, name: &str, names: Names) {
        match (names, params::is_plain(name)) {
            (_, true) => self.plain_parameter("filename", name),
            (Names::EncodedWord, false) => self.word_parameter("filename", name),
            (Names::Rfc2231 | Names::Both, false) => self.extended_parameter("filename", name),
        }
    }

    fn other_fields(&mut self, headers: &PartHeaders) -> Result<(), ComposeError> {
        if let Some(id) = &headers.content_id {
            let id = identifier("Content-ID", id)?;
            self.name("Content-ID");
            self.gap(id.len() + 2);
            self.raw("<");
            self.raw(id);
            self.raw(">");
            self.end();
        }
        for (name, uri) in [("Content-Location", &headers.location), ("Content-Base", &headers.base)] {
            if let Some(uri) = uri {
                self.uri(name, uri);
            }
        }
        if let Some(words) = &headers.description {
            self.unstructured("Content-Description", words);
        }
        Ok(())
    }

    /// A field that holds a URI; what a URI cannot hold is percent-encoded.
    fn uri(&mut self, name: &str, uri: &str) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        self.name(name);
        self.raw(" ");
        for b in uri.bytes() {
            if is_uri_byte(b) {
                self.out.push(b);
            } else {
                self.out.extend_from_slice(&[b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
            }
        }
        self.end();
    }
}

impl Plan {
    /// A body from memory or a file: copied where that is cheap, else a segment.
    fn source(&mut self, source: Source, coding: Coding) {
        let base64 = coding == Coding::Base64;
        match &source {
            Source::Memory(bytes) if source.len() <= COPIED => match base64 {
                true => append_base64(bytes.as_slice(), &mut self.head),
                false => self.head.extend_from_slice(bytes.as_slice()),
            },
            _ => {
                let (coding, len) = match base64 {
                    true => (SegmentCoding::Base64, base64_len(source.len())),
                    false => (SegmentCoding::AsIs, source.len()),
                };
                self.segments.push(Segment { at: self.head.len(), source, coding, len });
            }
        }
    }
}
