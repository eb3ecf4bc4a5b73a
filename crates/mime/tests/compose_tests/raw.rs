//! Messages sent as they are, and messages attached to others.

use crate::support::*;
use hongyan_mime::compose::*;
use proptest::prelude::*;

const EML: &[u8] = b"From: a@x.example\r\nSubject: inner\r\n\r\nhello\r\n";

#[test]
fn a_message_is_sent_with_its_line_ends_made_right_and_nothing_else() {
    let cases: [(&[u8], &[u8], u64); 7] = [
        (EML, EML, 0),
        (b"A: b\n\nx\n", b"A: b\r\n\r\nx\r\n", 3),
        (b"A: b\r\rx\r", b"A: b\r\n\r\nx\r\n", 3),
        (b"A: b\r\n\nx", b"A: b\r\n\r\nx\r\n", 1),
        (b"A: b\r\n\r\n.\r\nFrom \r\n", b"A: b\r\n\r\n.\r\nFrom \r\n", 0),
        (b"", b"\r\n", 0),
        (b"\n.\n", b"\r\n.\r\n", 2),
    ];
    for (given, expected, bare) in cases {
        let message = RawMessage::from_bytes(given);
        let mut encoder = message.encoder();
        assert_eq!(encoder.len(), expected.len() as u64, "{}", given.escape_ascii());
        assert_eq!(read_all(&mut encoder), expected, "{}", given.escape_ascii());
        assert_eq!(message.bare_line_ends(), bare, "{}", given.escape_ascii());
    }
}

#[test]
fn what_a_message_asks_of_a_server_is_found_in_one_pass() {
    let long = [b"A: b\r\n\r\n", &[b'x'; 999][..], b"\r\n"].concat();
    let longest = [b"A: b\r\n\r\n", &[b'x'; 998][..], b"\r\n"].concat();
    let cases: [(&[u8], BodyKind, bool, bool); 6] = [
        (EML, BodyKind::SevenBit, false, false),
        ("A: b\r\n\r\né\r\n".as_bytes(), BodyKind::EightBit, false, false),
        ("A: é\r\n\r\nx\r\n".as_bytes(), BodyKind::EightBit, true, false),
        (b"A: b\r\n\r\n\0\r\n", BodyKind::Binary, false, true),
        (&long, BodyKind::Binary, false, false),
        (&longest, BodyKind::SevenBit, false, false),
    ];
    for (bytes, kind, utf8, nul) in cases {
        let message = RawMessage::from_bytes(bytes.to_vec());
        assert_eq!((message.body_kind(), message.needs_utf8(), message.has_nul()), (kind, utf8, nul));
        let encoder = message.encoder();
        assert_eq!((encoder.body_kind(), encoder.needs_utf8()), (kind, utf8));
    }
    assert_eq!(RawMessage::from_bytes(long).longest_line(), 999);
}

/// A part in `binary` is not made of lines (RFC 2045 §6.2): in the form that goes over the wire it is left
/// alone, wherever the pieces are cut. A file with LF line ends says `binary` of what is text.
#[test]
fn a_binary_part_that_came_off_the_wire_is_left_alone() {
    let wire = b"MIME-Version: 1.0\r\ncontent-Transfer-encoding: Binary \r\n\r\na\nb\rc\0\r\n";
    let message = RawMessage::from_bytes(&wire[..]);
    assert_eq!((message.body_kind(), message.bare_line_ends()), (BodyKind::Binary, 0));
    assert_eq!(read_all(&mut message.encoder()), wire);
    let file = b"MIME-Version: 1.0\nContent-Transfer-Encoding: binary\n\na\nb\n";
    let message = RawMessage::from_bytes(&file[..]);
    assert_eq!((message.body_kind(), message.bare_line_ends()), (BodyKind::SevenBit, 5));
    let quoted =
        b"A: b\r\n\r\nX-Content-Transfer-Encoding: binary\r\nContent-Transfer-Encoding: binary-ish\r\n\n";
    assert_eq!(RawMessage::from_bytes(&quoted[..]).bare_line_ends(), 1);
}

fn forward(message: &[u8], offered: Offered) -> (Leaf, String) {
    let attachments = vec![Part::message(RawMessage::from_bytes(message.to_vec()))];
    let bytes = compose(&Draft { text: Some("see below".into()), attachments, ..draft() }, offered);
    let leaf = seen(&bytes).leaves.remove(1);
    (leaf, String::from_utf8_lossy(&bytes).into_owned())
}

#[test]
fn a_forwarded_message_is_never_encoded_as_one() {
    let (leaf, text) = forward(EML, NOTHING);
    assert_eq!((&leaf.essence[..], &leaf.bytes[..]), ("message/rfc822", EML));
    assert!(text.contains("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n"));
    let (leaf, _) = forward(b"A: b\n\nhello\n", NOTHING);
    assert_eq!(leaf.bytes, b"A: b\r\n\r\nhello\r\n");
    let eight = "Subject: x\r\n\r\nGrüße\r\n".as_bytes();
    let (leaf, text) = forward(eight, EIGHT);
    assert_eq!((&leaf.essence[..], &leaf.bytes[..]), ("message/rfc822", eight));
    assert!(text.contains("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n"));
    assert!(text.contains("Content-Type: multipart/mixed; boundary="));
    let kind = text.split("boundary").nth(1).unwrap();
    assert!(
        kind.contains("Content-Transfer-Encoding: 8bit\r\n\r\n--"),
        "the multipart says that it holds 8-bit"
    );
}

#[test]
fn a_message_that_the_server_does_not_take_goes_as_a_file_byte_for_byte() {
    let eight = "Subject: x\n\nGrüße\n".as_bytes();
    let raw_header = "Subject: Grüße\r\n\r\nx\r\n".as_bytes();
    let long = [b"A: b\r\n\r\n", &[b'x'; 2000][..]].concat();
    for (message, offered) in
        [(eight, NOTHING), (raw_header, NOTHING), (raw_header, Offered::ALL), (&long, EIGHT)]
    {
        let (leaf, _) = forward(message, offered);
        assert_eq!(leaf.essence, "application/octet-stream");
        assert_eq!(leaf.file_name.as_deref(), Some("message.eml"));
        assert_eq!(leaf.bytes, message);
    }
    let (leaf, _) = forward(&long, Offered::ALL);
    assert_eq!((&leaf.essence[..], &leaf.bytes[..]), ("message/rfc822", &long[..]));
}

#[test]
fn the_corpus_is_sent_and_forwarded_unchanged() {
    let Ok(corpus) = std::env::var("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: the_corpus_is_sent_and_forwarded_unchanged: HONGYAN_CORPUS is not set");
        return;
    };
    let mut folders = vec![std::path::PathBuf::from(corpus)];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "eml") {
                count += 1;
                let bytes = std::fs::read(&path).unwrap();
                let message = RawMessage::open(&path).unwrap();
                let sent = read_all(&mut message.encoder());
                assert_eq!(sent.len() as u64, message.encoder().len(), "{path:?}");
                let mut canonical = simple_canonical(&bytes);
                if !canonical.ends_with(b"\r\n") {
                    canonical.extend_from_slice(b"\r\n");
                }
                assert!(sent == canonical, "{path:?}");
                for offered in [NOTHING, EIGHT, Offered::ALL] {
                    let part = Part::message(message.clone());
                    let draft = Draft { text: Some("x".into()), attachments: vec![part], ..draft() };
                    let forwarded = compose(&draft, offered);
                    let body = forwarded.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
                    assert!(forwarded.len() > body);
                    if message.body_kind() <= BodyKind::EightBit && offered.eight_bit && !message.needs_utf8()
                    {
                        let inner = simple_canonical(&bytes);
                        assert!(
                            forwarded.windows(inner.len().max(1)).any(|w| w == inner) || inner.is_empty(),
                            "{path:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(count > 100, "the corpus has mails: {count}");
    eprintln!("{count} messages");
}

/// Line ends made right the obvious way.
fn simple_canonical(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'\n' if i > 0 && bytes[i - 1] == b'\r' => {}
            b'\r' | b'\n' => out.extend_from_slice(b"\r\n"),
            other => out.push(*other),
        }
    }
    out
}

proptest! {
    #[test]
    fn any_bytes_are_sent_with_the_length_that_was_told(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..200),
        repeat in prop_oneof![Just(1usize), Just(200)],
    ) {
        let bytes = bytes.repeat(repeat);
        let message = RawMessage::from_bytes(bytes.clone());
        let mut encoder = message.encoder();
        let sent = read_all(&mut encoder);
        prop_assert_eq!(sent.len() as u64, encoder.len());
        let mut expected = simple_canonical(&bytes);
        if !expected.ends_with(b"\r\n") {
            expected.extend_from_slice(b"\r\n");
        }
        prop_assert!(sent == expected);
    }
}
