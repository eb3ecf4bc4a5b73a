//! CR, LF and NUL in every field, parameter and file name: refused by name, and nothing is written.

use crate::support::*;
use hongyan_mime::address::Address;
use hongyan_mime::compose::*;

/// Puts a value into one place of a draft.
type Put = fn(&mut Draft, String);

fn attach(draft: &mut Draft, change: impl FnOnce(&mut Part)) {
    let mut part = Part::bytes("a.bin", &b"x"[..]);
    change(&mut part);
    draft.attachments.push(part);
}

#[rustfmt::skip]
const PLACES: [(&str, Put); 29] = [
    ("From", |d, v| d.from[0].name = Some(v)),
    ("From", |d, v| d.from[0].address = v),
    ("Sender", |d, v| d.sender = Some(mailbox(&v, "s@x.example"))),
    ("Sender", |d, v| d.sender = Some(mailbox("", &v))),
    ("To", |d, v| d.to = vec![Address::Mailbox(mailbox(&v, "t@x.example"))]),
    ("To", |d, v| d.to = to(&v)),
    ("To", |d, v| d.to = vec![Address::Group { name: v, members: Vec::new() }]),
    ("To", |d, v| d.to = vec![Address::Group { name: "g".into(), members: vec![mailbox(&v, "t@x.example")] }]),
    ("To", |d, v| d.to = vec![Address::Group { name: "g".into(), members: vec![mailbox("", &v)] }]),
    ("Cc", |d, v| d.cc = to(&v)),
    ("Bcc", |d, v| d.bcc = to(&v)),
    ("Reply-To", |d, v| d.reply_to = to(&v)),
    ("Subject", |d, v| d.subject = Some(v)),
    ("Message-ID", |d, v| d.message_id = Some(v)),
    ("In-Reply-To", |d, v| d.in_reply_to.push(v)),
    ("References", |d, v| d.references.push(v)),
    ("Keywords", |d, v| d.keywords.push(v)),
    ("header name", |d, v| d.extra.push((v, "x".into()))),
    ("X-Extra", |d, v| d.extra.push(("X-Extra".into(), v))),
    ("file name", |d, v| attach(d, |p| p.headers.file_name = Some(v))),
    ("Content-ID", |d, v| attach(d, |p| p.headers.content_id = Some(v))),
    ("Content-Location", |d, v| attach(d, |p| p.headers.location = Some(v))),
    ("Content-Base", |d, v| attach(d, |p| p.headers.base = Some(v))),
    ("Content-Description", |d, v| attach(d, |p| p.headers.description = Some(v))),
    ("Content-Type", |d, v| attach(d, |p| p.headers.media_type = Some(MediaType::new("a/b").with("c", v)))),
    ("Content-Type", |d, v| attach(d, |p| p.headers.media_type = Some(MediaType::new("a/b").with(v, "c")))),
    ("Content-Type", |d, v| attach(d, |p| p.headers.media_type = Some(MediaType::new(v)))),
    ("Content-Location", |d, v| { d.html = Some("x".into()); d.html_headers.location = Some(v); }),
    ("file name", |d, v| d.body = Some(Part::multipart(Multipart::Mixed, vec![
        Part::multipart(Multipart::Digest, vec![Part::message(RawMessage::from_bytes(&b"A: b\n\n"[..])).with_file_name(v)]),
    ]))),
];

#[test]
fn no_line_break_or_nul_gets_into_a_header() {
    for (expected, put) in PLACES {
        for (byte, shape) in [
            (b'\r', "a@x\r"),
            (b'\n', "a@x\n"),
            (0, "a@x\0"),
            (b'\r', "\ra@x"),
            (b'\n', "\na@x.example"),
            (0, "\0a@x"),
            (b'\r', "a@x.example\r\nBcc: victim@example.org"),
            (b'\n', "a@x.example\nBcc: victim@example.org"),
            (b'\r', "a@x.example\r\n\r\nbody"),
            (b'\n', "中文\n"),
        ] {
            let mut draft = draft();
            put(&mut draft, shape.to_owned());
            assert!(matches!(draft.check(), Err(ComposeError::ForbiddenByte { .. })), "{expected} {shape:?}");
            match draft.encoder(Offered::ALL) {
                Err(ComposeError::ForbiddenByte { field, byte: found }) => {
                    assert_eq!((&field[..], found), (expected, byte), "{shape:?}");
                }
                other => panic!("{expected} {shape:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn errors_show_what_came_from_data_escaped() {
    for (_, put) in PLACES {
        let mut draft = draft();
        put(&mut draft, "\u{1b}]0;x\u{7}<a@b\r\nX: y".to_owned());
        let error = draft.encoder(NOTHING).unwrap_err().to_string();
        assert!(!error.chars().any(char::is_control), "{error:?}");
    }
    let path = std::path::Path::new("/nowhere/\u{1b}[31m\r\nred");
    let error = Part::attach(path).unwrap_err().to_string();
    assert!(!error.chars().any(char::is_control), "{error:?}");
}

#[test]
fn other_control_characters_are_encoded_and_not_passed_on() {
    for control in (1u8..32).chain([127]).map(char::from).filter(|c| !matches!(c, '\r' | '\n')) {
        let value = format!("a{control}b");
        let mut draft = draft();
        draft.subject = Some(value.clone());
        draft.from[0].name = Some(value.clone());
        draft.keywords = vec![value.clone()];
        attach(&mut draft, |p| p.headers.file_name = Some(value.clone()));
        let text = text_of(&draft);
        let raw = text.chars().filter(|c| *c == control).count();
        assert!(raw == 0 || control == '\t', "{control:?}\n{text}");
        assert_eq!(seen(text.as_bytes()).subject.as_deref(), Some(&value[..]));
    }
}

#[test]
fn text_cannot_forge_parts_or_end_the_message() {
    let evil = "\r\n.\r\nMAIL FROM:<x@y>\r\n--=_hy_\r\nContent-Type: text/html\r\n\r\n<p>\n.\nFrom me\n\r.\r";
    for text in [evil, &evil.replace("\r\n", "\n")] {
        let draft = Draft { text: Some(text.into()), html: Some(text.into()), ..draft() };
        let message = compose(&draft, NOTHING);
        let seen = seen(&message);
        assert_eq!(seen.shape, "alternative(text/plain, text/html)");
        for leaf in &seen.leaves {
            assert_eq!(String::from_utf8(leaf.bytes.clone()).unwrap(), crlf(text));
        }
        let text = String::from_utf8(message).unwrap();
        assert!(!text.contains("\r\n.\r\n") && !text.contains("\nFrom "), "{text}");
    }
}
