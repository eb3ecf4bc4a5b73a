//! Where the parts of a mail lie, and its BODYSTRUCTURE.

use std::ops::Range;

use hongyan_mime::read::{Message, Part as Read, RawParameters};
use hongyan_proto::imap::server::mailboxes::{Section, SectionText};
use hongyan_proto::imap::server::structure::{Envelope, Inside, Params, Part};

use super::addresses::addresses;

/// A mail's parts by their places in it; nothing of the mail itself is held.
pub(crate) struct Layout {
    parts: Vec<Piece>,
    pub(crate) structure: Part,
}

struct Piece {
    /// With the empty line.
    header: Range<u64>,
    body: Range<u64>,
    children: Vec<usize>,
    /// What it holds is a message.
    is_message: bool,
}

impl Layout {
    pub(crate) fn of(mail: &[u8]) -> Self {
        let message = Message::parse(mail);
        let piece = |part: &Read| Piece {
            header: part.header.start as u64..part.body.start as u64,
            body: part.body.start as u64..part.body.end as u64,
            children: part.children.clone(),
            is_message: part.media_type.is_message() && !part.children.is_empty(),
        };
        let parts = message.parts().iter().map(piece).collect();
        Self { parts, structure: structure(&message, 0) }
    }

    /// Where a section lies (RFC 9051 §6.4.5.1); `None` where there is no such part. Header fields that are to
    /// be picked out are to be picked out of that.
    pub(crate) fn find(&self, section: &Section) -> Option<Range<u64>> {
        // Numbers lead to parts of multiparts; a message that is not one has one part, its body.
        let mut message = 0;
        let mut part = 0;
        let mut is_body = false;
        for number in &section.part {
            let at = usize::try_from(number.checked_sub(1)?).ok()?;
            if is_body && !self.enter(&mut message, &mut part) {
                return None;
            }
            let multipart = self.multipart(part);
            match multipart {
                Some(children) => part = *children.get(at)?,
                None if at == 0 && part == message => {}
                None => return None,
            }
            is_body = true;
        }
        let found = self.parts.get(part)?;
        if section.part.is_empty() {
            return Some(match section.text {
                SectionText::Whole => 0..self.parts.first()?.body.end,
                SectionText::Text => found.body.clone(),
                _ => 0..found.body.start,
            });
        }
        match section.text {
            SectionText::Whole => Some(found.body.clone()),
            SectionText::Mime => Some(found.header.clone()),
            // Of a message inside a message.
            _ if !found.is_message => None,
            SectionText::Text => self.parts.get(*found.children.first()?).map(|inner| inner.body.clone()),
            _ => self.parts.get(*found.children.first()?).map(|inner| inner.header.clone()),
        }
    }

    /// Goes from a part that holds a message to that message, and from a multipart to itself.
    fn enter(&self, message: &mut usize, part: &mut usize) -> bool {
        let Some(found) = self.parts.get(*part) else { return false };
        match found.children.first() {
            Some(inner) if found.is_message => {
                (*message, *part) = (*inner, *inner);
                true
            }
            _ => self.multipart(*part).is_some(),
        }
    }

    fn multipart(&self, part: usize) -> Option<&[usize]> {
        let found = self.parts.get(part).filter(|found| !found.is_message && !found.children.is_empty());
        found.map(|found| &found.children[..])
    }
}

/// A message's ENVELOPE, of its header.
pub(crate) fn envelope(header: &[u8]) -> Envelope {
    envelope_of(&Message::parse(header), 0)
}

fn envelope_of(message: &Message<'_>, part: usize) -> Envelope {
    let list = |name: &str| {
        let fields = message.fields_named(part, name);
        fields.flat_map(|field| addresses(message.value(field))).collect::<Vec<_>>()
    };
    Envelope {
        date: text(message, part, "Date"),
        subject: text(message, part, "Subject"),
        from: list("From"),
        sender: list("Sender"),
        reply_to: list("Reply-To"),
        to: list("To"),
        cc: list("Cc"),
        bcc: list("Bcc"),
        in_reply_to: text(message, part, "In-Reply-To"),
        message_id: text(message, part, "Message-ID"),
    }
}

/// A field's value, unfolded.
fn text(message: &Message<'_>, part: usize, name: &str) -> Option<Vec<u8>> {
    let value = message.value(message.field(part, name)?).trim_ascii();
    Some(value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect())
}

fn structure(message: &Message<'_>, at: usize) -> Part {
    let Some(part) = message.parts().get(at) else { return Part::default() };
    let body = message.body(at);
    let disposition = message.raw_parameters(at, "Content-Disposition");
    let inside = match part.children.as_slice() {
        [] => Inside::Leaf,
        [inner, ..] if part.media_type.is_message() => {
            Inside::Message(Box::new((envelope_of(message, *inner), structure(message, *inner))))
        }
        children => Inside::Parts(children.iter().map(|child| structure(message, *child)).collect()),
    };
    let languages = text(message, at, "Content-Language").unwrap_or_default();
    let language = languages.split(|octet| *octet == b',').map(<[u8]>::trim_ascii);
    let counted = part.media_type.is_text() || part.media_type.is_message();
    // A container that could not be opened is shown as what it is: octets.
    let opened = !matches!(inside, Inside::Leaf);
    let is_container = part.media_type.is_multipart() || part.media_type.is_message();
    let (media, subtype) = if is_container && !opened {
        ("application", "octet-stream")
    } else {
        (part.media_type.top(), part.media_type.sub())
    };
    Part {
        media: media.into(),
        subtype: subtype.into(),
        params: params(message.raw_parameters(at, "Content-Type")),
        id: text(message, at, "Content-ID"),
        description: text(message, at, "Content-Description"),
        encoding: text(message, at, "Content-Transfer-Encoding").unwrap_or_default(),
        octets: body.len() as u64,
        lines: if counted { body.iter().filter(|octet| **octet == b'\n').count() as u64 } else { 0 },
        md5: text(message, at, "Content-MD5"),
        disposition: disposition.filter(|is| !is.main.is_empty()).map(|is| (is.main, is.parameters)),
        language: language.filter(|language| !language.is_empty()).map(<[u8]>::to_vec).collect(),
        location: text(message, at, "Content-Location"),
        inside,
    }
}

/// The parameters of Content-Type; `us-ascii` where there is no such field (RFC 2045 §5.2).
fn params(content_type: Option<RawParameters>) -> Params {
    match content_type {
        Some(written) => written.parameters,
        None => vec![(b"charset".to_vec(), b"us-ascii".to_vec())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAIL: &str = "Subject: outer\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\none\r\n--b\r\n\
        Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner body\r\n--b\r\n\
        Content-Type: multipart/alternative; boundary=c\r\nContent-Disposition: inline; filename*=utf-8''%20\r\n\r\n\
        --c\r\n\r\nplain\r\n--c\r\nContent-Type: text/html\r\n\r\n<p>\r\n--c--\r\n--b--\r\n";

    fn piece<'m>(mail: &'m str, part: &[u32], text: SectionText) -> Option<&'m str> {
        let range = Layout::of(mail.as_bytes()).find(&Section { part: part.to_vec(), text })?;
        Some(&mail[range.start as usize..range.end as usize])
    }

    #[test]
    fn sections_are_those_of_rfc_9051() {
        use SectionText::{Header, Mime, Text, Whole};
        let fields = || SectionText::Fields(vec!["subject".into()]);
        let header_end = MAIL.find("\r\n\r\n").unwrap() + 4;
        for (part, text, expected) in [
            (&[][..], Whole, Some(MAIL)),
            (&[], Header, Some(&MAIL[..header_end])),
            (&[], fields(), Some(&MAIL[..header_end])),
            (&[], Text, Some(&MAIL[header_end..])),
            (&[1], Whole, Some("one")),
            (&[1], Mime, Some("Content-Type: text/plain; charset=utf-8\r\n\r\n")),
            (&[1], Header, None),
            (&[1, 1], Whole, None),
            (&[2], Whole, Some("Subject: inner\r\n\r\ninner body")),
            (&[2], Header, Some("Subject: inner\r\n\r\n")),
            (&[2], Text, Some("inner body")),
            (&[2], Mime, Some("Content-Type: message/rfc822\r\n\r\n")),
            (&[2, 1], Whole, Some("inner body")),
            (&[2, 1], Mime, Some("Subject: inner\r\n\r\n")),
            (&[2, 2], Whole, None),
            (&[3, 1], Whole, Some("plain")),
            (&[3, 2], Whole, Some("<p>")),
            (&[3, 2], Mime, Some("Content-Type: text/html\r\n\r\n")),
            (&[3, 3], Whole, None),
            (&[4], Whole, None),
            (&[0], Whole, None),
        ] {
            assert_eq!(piece(MAIL, part, text.clone()), expected, "{part:?} {text:?}");
        }
        let single = "Subject: x\r\n\r\nbody\r\n";
        assert_eq!(piece(single, &[1], Whole), Some("body\r\n"));
        assert_eq!(piece(single, &[1, 1], Whole), None);
        assert_eq!(piece(single, &[1], Mime), Some("Subject: x\r\n\r\n"));
    }

    #[test]
    fn structure_says_what_is_written() {
        let whole = Layout::of(MAIL.as_bytes()).structure;
        let Inside::Parts(parts) = &whole.inside else { panic!("a multipart") };
        assert_eq!((whole.media, whole.subtype, parts.len()), (b"multipart".to_vec(), b"mixed".to_vec(), 3));
        assert_eq!(parts[0].params, [(b"charset".to_vec(), b"utf-8".to_vec())]);
        assert_eq!((parts[0].octets, parts[0].lines), (3, 0));
        let Inside::Message(inner) = &parts[1].inside else { panic!("a message") };
        assert_eq!(inner.0.subject, Some(b"inner".to_vec()));
        assert_eq!((inner.1.octets, inner.1.params.len()), (10, 1));
        let disposition = (b"inline".to_vec(), vec![(b"filename*".to_vec(), b"utf-8''%20".to_vec())]);
        assert_eq!(parts[2].disposition, Some(disposition));
    }
}
