//! Which parts a message has, nested how, and the transfer encoding of each.
//!
//! A draft becomes `mixed( alternative( text, related( html, inline… ) ), attachments… )` with the
//! containers left out that would hold one part only. Encodings are decided here, before anything is
//! written, since a multipart must say the kind of what is in it (RFC 2045 §6.4).

use super::boundary::Marks;
use super::check;
use super::coding::{Coding, Profile};
use super::encoder::Source;
use super::media_type;
use super::part::{Body, Multipart, Part, PartHeaders};
use super::sniff;
use super::{
    BodyKind, Bytes, ComposeError, Draft, EncodedPart, FileSource, MediaType, Offered, RawMessage, Text,
};
use std::borrow::Cow;

/// Parts may be nested this deep.
pub const MAX_DEPTH: usize = 50;

/// Made from a draft or part: what will be written, with everything decided but the boundaries.
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) headers: &'a PartHeaders,
    pub(super) content: Content<'a>,
}

#[derive(Debug)]
pub(super) enum Content<'a> {
    Text { essence: &'a str, text: Cow<'a, str>, profile: Profile, coding: Coding },
    Leaf { essence: &'a str, charset: Option<&'static str>, source: Source, coding: Coding },
    Message { message: &'a RawMessage, as_file: bool },
    Encoded(&'a EncodedPart),
    Multipart { kind: Multipart, children: Vec<Node<'a>>, holds: BodyKind },
}

impl Node<'_> {
    /// The kind of its bytes.
    pub(super) fn kind(&self) -> BodyKind {
        match &self.content {
            Content::Text { coding, .. } | Content::Leaf { coding, .. } => coding.kind(),
            Content::Message { as_file: true, .. } => BodyKind::SevenBit,
            Content::Message { message, .. } => message.body_kind(),
            Content::Encoded(part) => part.body_kind(),
            Content::Multipart { holds, .. } => *holds,
        }
    }

    /// The media type, as a `related` says it of its root.
    pub(super) fn essence(&self) -> &str {
        match &self.content {
            Content::Text { essence, .. } | Content::Leaf { essence, .. } => essence,
            Content::Message { as_file: false, .. } => "message/rfc822",
            Content::Message { .. } | Content::Encoded(_) => "application/octet-stream",
            Content::Multipart { kind, .. } => kind.essence(),
        }
    }
}

/// Lays out one message.
#[derive(Debug)]
pub(super) struct Layout {
    offered: Offered,
    taken: Vec<u64>,
    search_files: bool,
}

impl Layout {
    pub(super) fn new(offered: Offered) -> Self {
        Layout { offered, taken: Vec::new(), search_files: true }
    }

    /// One that finds out what cannot be, and reads no file for it.
    pub(super) fn checking() -> Self {
        Layout { offered: Offered::ALL, taken: Vec::new(), search_files: false }
    }

    /// The marks that occur in content which is sent as it is.
    pub(super) fn taken(&self) -> &[u64] {
        &self.taken
    }

    pub(super) fn draft<'a>(&mut self, draft: &'a Draft) -> Result<Node<'a>, ComposeError> {
        let beside_html = draft.body.is_none() && draft.html.is_some();
        let siblings = if beside_html { 0 } else { draft.inline.len() } + draft.attachments.len();
        let has_body = draft.body.is_some() || draft.text.is_some() || draft.html.is_some();
        let alone = siblings + usize::from(has_body) <= 1;
        let body = match (&draft.body, &draft.text, &draft.html) {
            (Some(part), _, _) => Some(self.part_at(part, alone, 1)?),
            (None, Some(text), None) => Some(self.text(&PartHeaders::NONE, "text/plain", text)),
            (None, None, Some(html)) => Some(self.html(draft, html)?),
            (None, Some(text), Some(html)) => {
                let text = self.text(&PartHeaders::NONE, "text/plain", text);
                let html = self.html(draft, html)?;
                Some(multipart(&PartHeaders::NONE, Multipart::Alternative, vec![text, html]))
            }
            (None, None, None) => None,
        };
        let inline = if beside_html { &[] } else { &draft.inline[..] };
        let mut siblings = inline.iter().chain(&draft.attachments);
        let first = match body {
            Some(body) => Some(body),
            None => siblings.next().map(|part| self.part_at(part, alone, 1)).transpose()?,
        };
        let Some(first) = first else {
            return Ok(self.plain(&PartHeaders::NONE, "text/plain", Cow::Borrowed("")));
        };
        if alone {
            return Ok(first);
        }
        let mut children = vec![first];
        for part in siblings {
            children.push(self.part_at(part, false, 1)?);
        }
        Ok(multipart(&PartHeaders::NONE, Multipart::Mixed, children))
    }

    /// The HTML, in a `related` with what it shows.
    fn html<'a>(&mut self, draft: &'a Draft, html: &'a Text) -> Result<Node<'a>, ComposeError> {
        check_headers(&draft.html_headers)?;
        let html = self.text(&draft.html_headers, "text/html", html);
        if draft.inline.is_empty() {
            return Ok(html);
        }
        let mut children = vec![html];
        for part in &draft.inline {
            children.push(self.part_at(part, false, 3)?);
        }
        Ok(multipart(&PartHeaders::NONE, Multipart::Related { root: 0 }, children))
    }

    /// A part that is not a message's whole body.
    pub(super) fn part<'a>(&mut self, part: &'a Part) -> Result<Node<'a>, ComposeError> {
        self.part_at(part, false, 0)
    }

    /// A part `depth` containers down; `alone` if it is the whole body of the message.
    fn part_at<'a>(&mut self, part: &'a Part, alone: bool, depth: usize) -> Result<Node<'a>, ComposeError> {
        if depth > MAX_DEPTH {
            return Err(ComposeError::TooDeep { limit: MAX_DEPTH });
        }
        let headers = &part.headers;
        check_headers(headers)?;
        match &part.body {
            Body::Text(text) => {
                let essence = headers.media_type.as_ref().map_or("text/plain", |t| &*t.essence);
                if !media_type::is(essence, "text") {
                    return refuse(essence, "a text is text/plain, text/html or another text type");
                }
                Ok(self.text(headers, essence, text))
            }
            Body::Bytes(bytes) => self.bytes(headers, bytes, None, alone),
            Body::File(file) => match file.small() {
                Some(bytes) => self.bytes(headers, bytes, Some(file), alone),
                None => self.file(headers, file, alone),
            },
            Body::Message(message) => self.message(headers, message),
            Body::Encoded(part) => self.encoded(headers, part),
            Body::Multipart(kind, parts) => {
                let mut children = Vec::with_capacity(parts.len());
                for part in parts {
                    children.push(self.part_at(part, false, depth + 1)?);
                }
                check_multipart(headers, *kind, &children)?;
                Ok(multipart(headers, *kind, children))
            }
        }
    }

    fn text<'a>(&mut self, headers: &'a PartHeaders, essence: &'a str, text: &'a Text) -> Node<'a> {
        let text = match essence {
            "text/html" => text.html(),
            _ => Cow::Borrowed(text.as_str()),
        };
        self.plain(headers, essence, text)
    }

    fn plain<'a>(&mut self, headers: &'a PartHeaders, essence: &'a str, text: Cow<'a, str>) -> Node<'a> {
        let profile = Profile::of(text.as_bytes());
        let mut coding = profile.text_coding(self.offered);
        if matches!(coding, Coding::AsIs(_)) && !self.take_marks(&Marks::of(text.as_bytes())) {
            coding = Coding::Base64;
        }
        Node { headers, content: Content::Text { essence, text, profile, coding } }
    }

    fn bytes<'a>(
        &mut self,
        headers: &'a PartHeaders,
        bytes: &Bytes,
        file: Option<&'a FileSource>,
        alone: bool,
    ) -> Result<Node<'a>, ComposeError> {
        let slice = bytes.as_slice();
        let by_content = || file.map_or_else(|| sniff::type_by_content(slice), FileSource::type_by_content);
        let essence = leaf_type(headers, by_content)?;
        let is_text = media_type::is(essence, "text");
        let profile = if is_text { Profile::of(slice) } else { Profile::default() };
        let as_is = match profile.exact_text_kind() {
            Some(kind) if is_text && self.offered.takes(kind) => Some(kind),
            _ if self.offered.binary => Some(BodyKind::Binary),
            _ => None,
        };
        // As the whole body, the end of the message would become its own.
        let as_is = as_is.filter(|_| !alone || slice.ends_with(b"\r\n"));
        let coding = match as_is {
            Some(kind) if self.take_marks(&Marks::of(slice)) => Coding::AsIs(kind),
            _ => Coding::Base64,
        };
        let charset = match is_text && !has_charset(headers) {
            true if profile.has_nul() => None,
            true if profile.is_ascii() => Some("us-ascii"),
            true => std::str::from_utf8(slice).is_ok().then_some("utf-8"),
            false => None,
        };
        let source = Source::Memory(bytes.clone());
        Ok(Node { headers, content: Content::Leaf { essence, charset, source, coding } })
    }

    fn file<'a>(
        &mut self,
        headers: &'a PartHeaders,
        file: &'a FileSource,
        alone: bool,
    ) -> Result<Node<'a>, ComposeError> {
        let essence = leaf_type(headers, || file.type_by_content())?;
        let wanted = self.offered.binary && !alone;
        let as_is = wanted && (!self.search_files || self.take_marks(file.marks()?));
        let coding = if as_is { Coding::AsIs(BodyKind::Binary) } else { Coding::Base64 };
        let source = Source::File(file.clone());
        Ok(Node { headers, content: Content::Leaf { essence, charset: None, source, coding } })
    }

    fn message<'a>(
        &mut self,
        headers: &'a PartHeaders,
        message: &'a RawMessage,
    ) -> Result<Node<'a>, ComposeError> {
        if let Some(given) =
            headers.media_type.as_ref().filter(|t| !t.essence.eq_ignore_ascii_case("message/rfc822"))
        {
            return refuse(&given.essence, "a forwarded message is message/rfc822");
        }
        let as_is = self.offered.takes(message.body_kind())
            && !message.needs_utf8()
            && self.take_marks(message.marks());
        Ok(Node { headers, content: Content::Message { message, as_file: !as_is } })
    }

    fn encoded<'a>(
        &mut self,
        headers: &'a PartHeaders,
        part: &'a EncodedPart,
    ) -> Result<Node<'a>, ComposeError> {
        if !self.offered.takes(part.body_kind()) {
            return Err(ComposeError::NeedsKind { kind: part.body_kind() });
        }
        if !self.take_marks(part.marks()) {
            return Err(ComposeError::TooManyMultiparts { limit: super::boundary::MAX_MULTIPARTS });
        }
        Ok(Node { headers, content: Content::Encoded(part) })
    }

    /// Notes the marks in content that is sent as it is; false where there are too many.
    fn take_marks(&mut self, marks: &Marks) -> bool {
        marks.found().map(|found| self.taken.extend_from_slice(found)).is_some()
    }
}

fn multipart<'a>(headers: &'a PartHeaders, kind: Multipart, children: Vec<Node<'a>>) -> Node<'a> {
    let holds = children.iter().map(Node::kind).max().unwrap_or_default();
    Node { headers, content: Content::Multipart { kind, children, holds } }
}

fn refuse<T>(essence: &str, why: &'static str) -> Result<T, ComposeError> {
    Err(ComposeError::MediaType { value: essence.to_owned(), why })
}

/// The type of bytes or a file: the one given, or by name, or by content.
fn leaf_type(headers: &PartHeaders, by_content: impl FnOnce() -> &'static str) -> Result<&str, ComposeError> {
    let essence = match &headers.media_type {
        Some(given) => &*given.essence,
        None => headers.file_name.as_deref().and_then(sniff::type_by_name).unwrap_or_else(by_content),
    };
    if media_type::is(essence, "multipart") {
        return refuse(essence, "a multipart is made of parts, not of bytes");
    }
    if media_type::is(essence, "message") {
        return refuse(essence, "a message is attached as a message, or as a file of another type");
    }
    Ok(essence)
}

fn has_charset(headers: &PartHeaders) -> bool {
    let parameters = headers.media_type.as_ref().map_or(&[][..], |t| &t.parameters);
    parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("charset"))
}

fn check_multipart(
    headers: &PartHeaders,
    kind: Multipart,
    children: &[Node<'_>],
) -> Result<(), ComposeError> {
    if let Some(given) = &headers.media_type {
        return refuse(&given.essence, "a multipart's type follows from its kind");
    }
    let root = match kind {
        Multipart::Related { root } => root,
        _ => 0,
    };
    match children.get(root) {
        None => Err(ComposeError::EmptyMultipart),
        Some(child) if root > 0 && child.headers.content_id.is_none() => {
            Err(ComposeError::Missing { field: "Content-ID" })
        }
        Some(_) => Ok(()),
    }
}

/// Refuses what may not go into the fields of a part.
fn check_headers(headers: &PartHeaders) -> Result<(), ComposeError> {
    headers.media_type.as_ref().map_or(Ok(()), MediaType::check)?;
    headers.file_name.as_deref().map_or(Ok(()), check::file_name)?;
    if let Some(id) = &headers.content_id {
        check::identifier("Content-ID", id)?;
    }
    let fields = [
        ("Content-Location", &headers.location),
        ("Content-Base", &headers.base),
        ("Content-Description", &headers.description),
    ];
    for (field, value) in fields {
        if let Some(value) = value {
            check::text(field, value)?;
        }
    }
    for (what, uri) in [("Content-Location", &headers.location), ("Content-Base", &headers.base)] {
        let len = uri.as_deref().map_or(0, check::uri_len);
        if len > check::MAX_URI {
            return Err(ComposeError::TooLong { what, len: len as u64, limit: check::MAX_URI as u64 });
        }
    }
    Ok(())
}
