//! ENVELOPE, BODY and BODYSTRUCTURE as they are written (RFC 9051 §7.5.2).

use super::line::{nstring, string};
use super::structure::{Address, Envelope, Inside, Params, Part};

/// How deep parts are written; below that a part is written as an empty text. Clients have limits of their
/// own on what they read.
const MAX_DEPTH: usize = 64;

/// Writes an envelope.
pub(super) fn envelope(out: &mut Vec<u8>, envelope: &Envelope, utf8: bool) {
    out.push(b'(');
    nstring(out, envelope.date.as_deref(), utf8);
    out.push(b' ');
    nstring(out, envelope.subject.as_deref(), utf8);
    let from = &envelope.from;
    // RFC 9051 §7.5.2: they default to From.
    let or_from = |list: &'_ Vec<Address>| if list.is_empty() { from.clone() } else { list.clone() };
    for list in [from, &or_from(&envelope.sender), &or_from(&envelope.reply_to)] {
        addresses(out, list, utf8);
    }
    for list in [&envelope.to, &envelope.cc, &envelope.bcc] {
        addresses(out, list, utf8);
    }
    out.push(b' ');
    nstring(out, envelope.in_reply_to.as_deref(), utf8);
    out.push(b' ');
    nstring(out, envelope.message_id.as_deref(), utf8);
    out.push(b')');
}

fn addresses(out: &mut Vec<u8>, list: &[Address], utf8: bool) {
    out.push(b' ');
    if list.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for Address { name, mailbox, host } in list {
        out.push(b'(');
        nstring(out, name.as_deref(), utf8);
        // The source route, which nobody writes any more.
        out.extend_from_slice(b" NIL ");
        nstring(out, mailbox.as_deref(), utf8);
        out.push(b' ');
        nstring(out, host.as_deref(), utf8);
        out.push(b')');
    }
    out.push(b')');
}

/// Writes BODY, or with its extensions BODYSTRUCTURE.
pub(super) fn structure(out: &mut Vec<u8>, part: &Part, extended: bool, utf8: bool) {
    part_at(out, part, extended, utf8, 0);
}

fn part_at(out: &mut Vec<u8>, part: &Part, extended: bool, utf8: bool, depth: usize) {
    let empty = Part { media: b"text".into(), subtype: b"plain".into(), ..Part::default() };
    let part = if depth > MAX_DEPTH { &empty } else { part };
    out.push(b'(');
    match &part.inside {
        Inside::Parts(parts) => {
            for inner in parts {
                part_at(out, inner, extended, utf8, depth + 1);
            }
            if parts.is_empty() {
                part_at(out, &empty, extended, utf8, depth + 1);
            }
            out.push(b' ');
            string(out, &part.subtype, utf8);
            if extended {
                params(out, &part.params, utf8);
            }
        }
        inside => single(out, part, inside, extended, utf8, depth),
    }
    if extended {
        disposition(out, part, utf8);
        languages(out, &part.language, utf8);
        out.push(b' ');
        nstring(out, part.location.as_deref(), utf8);
    }
    out.push(b')');
}

fn single(out: &mut Vec<u8>, part: &Part, inside: &Inside, extended: bool, utf8: bool, depth: usize) {
    string(out, &part.media, utf8);
    out.push(b' ');
    string(out, &part.subtype, utf8);
    params(out, &part.params, utf8);
    for text in [&part.id, &part.description] {
        out.push(b' ');
        nstring(out, text.as_deref(), utf8);
    }
    out.push(b' ');
    string(out, if part.encoding.is_empty() { b"7BIT" } else { &part.encoding }, utf8);
    out.extend_from_slice(format!(" {}", part.octets).as_bytes());
    if let Inside::Message(message) = inside {
        out.push(b' ');
        envelope(out, &message.0, utf8);
        out.push(b' ');
        part_at(out, &message.1, extended, utf8, depth + 1);
        out.extend_from_slice(format!(" {}", part.lines).as_bytes());
    } else if part.media.eq_ignore_ascii_case(b"text") {
        out.extend_from_slice(format!(" {}", part.lines).as_bytes());
    }
    if extended {
        out.push(b' ');
        nstring(out, part.md5.as_deref(), utf8);
    }
}

fn params(out: &mut Vec<u8>, params: &Params, utf8: bool) {
    out.push(b' ');
    if params.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for (i, (name, value)) in params.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
        }
        string(out, name, utf8);
        out.push(b' ');
        string(out, value, utf8);
    }
    out.push(b')');
}

fn disposition(out: &mut Vec<u8>, part: &Part, utf8: bool) {
    match &part.disposition {
        None => out.extend_from_slice(b" NIL"),
        Some((kind, its)) => {
            out.extend_from_slice(b" (");
            string(out, kind, utf8);
            params(out, its, utf8);
            out.push(b')');
        }
    }
}

fn languages(out: &mut Vec<u8>, languages: &[Vec<u8>], utf8: bool) {
    match languages {
        [] => out.extend_from_slice(b" NIL"),
        [one] => {
            out.push(b' ');
            string(out, one, utf8);
        }
        many => {
            out.extend_from_slice(b" (");
            for (i, one) in many.iter().enumerate() {
                if i > 0 {
                    out.push(b' ');
                }
                string(out, one, utf8);
            }
            out.push(b')');
        }
    }
}

#[cfg(test)]
mod tests {
    use imap_codec::ResponseCodec;
    use imap_codec::decode::Decoder;

    use super::*;

    fn text(subtype: &str, octets: u64, lines: u64) -> Part {
        Part {
            media: b"TEXT".into(),
            subtype: subtype.as_bytes().into(),
            params: vec![(b"CHARSET".into(), b"US-ASCII".into())],
            octets,
            lines,
            ..Part::default()
        }
    }

    /// The example of RFC 3501 §7.4.2.
    #[test]
    fn the_standards_example_is_written_as_there() {
        let mut second = text("PLAIN", 4554, 73);
        second.params.push((b"NAME".into(), b"cc.diff".into()));
        second.id = Some(b"<960723163407.20117h@cac.washington.edu>".into());
        second.description = Some(b"Compiler diff".into());
        second.encoding = b"BASE64".into();
        let both = Part {
            media: b"multipart".into(),
            subtype: b"MIXED".into(),
            inside: Inside::Parts(vec![text("PLAIN", 1152, 23), second]),
            ..Part::default()
        };
        let mut out = Vec::new();
        structure(&mut out, &both, false, false);
        let expected = "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)\
            (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") \
            \"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 4554 73) \"MIXED\")";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    /// Whatever stands in them, what is written is read by imap-codec, and nothing is left over.
    #[test]
    fn what_is_written_can_be_read() {
        let odd = b"a\"\\\r\n\xff\0".to_vec();
        let one = Address { name: Some(odd.clone()), mailbox: Some(b"x".into()), host: None };
        let envelope_of = Envelope { subject: Some(odd.clone()), from: vec![one], ..Envelope::default() };
        let message = Part {
            media: b"message".into(),
            subtype: b"rfc822".into(),
            octets: 10,
            lines: 2,
            disposition: Some((b"inline".into(), vec![(b"filename".into(), odd.clone())])),
            inside: Inside::Message(Box::new((envelope_of, text("html", 1, 1)))),
            ..Part::default()
        };
        let image = Part {
            media: b"image".into(),
            subtype: b"png".into(),
            language: vec![b"en".into(), b"de".into()],
            ..Part::default()
        };
        let hollow = Part { inside: Inside::Parts(Vec::new()), subtype: odd, ..Part::default() };
        let all = Part {
            subtype: b"mixed".into(),
            inside: Inside::Parts(vec![message, image, hollow]),
            ..Part::default()
        };
        for extended in [false, true] {
            let mut out =
                if extended { b"* 1 FETCH (BODYSTRUCTURE ".to_vec() } else { b"* 1 FETCH (BODY ".to_vec() };
            structure(&mut out, &all, extended, false);
            out.extend_from_slice(b")\r\n");
            let read = ResponseCodec::default().decode(&out);
            assert!(matches!(read, Ok(([], _))), "{read:?} {}", out.escape_ascii());
        }
    }
}
