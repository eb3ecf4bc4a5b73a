//! Files inside parts: winmail.dat written by hand and from the corpus, and uuencode within text.

use hongyan_mime::read::{Message, Unpacked, UnpackedKind, inspect};
use proptest::prelude::*;

use crate::fixtures::{codes, corpus, files_below, mail};

/// An attribute of TNEF: level, low word of its id, data, checksum.
fn attribute(level: u8, id: u16, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    let len = (data.len() as u32).to_le_bytes();
    [&[level][..], &id.to_le_bytes(), &[2, 0], &len, data, &sum.to_le_bytes()].concat()
}

/// A MAPI property with one value that has a length.
fn property(kind: u16, id: u16, value: &[u8]) -> Vec<u8> {
    let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
    let head = [kind.to_le_bytes(), id.to_le_bytes()].concat();
    [&head[..], &1u32.to_le_bytes(), &(value.len() as u32).to_le_bytes(), value, &padding].concat()
}

fn properties(list: &[Vec<u8>]) -> Vec<u8> {
    [&(list.len() as u32).to_le_bytes()[..], &list.concat()].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn tnef(attributes: &[Vec<u8>]) -> Vec<u8> {
    [&[0x78, 0x9f, 0x3e, 0x22, 1, 0][..], &attributes.concat()].concat()
}

/// A stream with a body in plain text and HTML, a file with a long Chinese name, and a message with a file.
fn rich() -> Vec<u8> {
    let inner = tnef(&[
        attribute(2, 0x9002, &[0; 14]),
        attribute(2, 0x8010, b"inner.txt\0"),
        attribute(2, 0x800f, b"in"),
    ]);
    let object = [&[7u8; 16][..], &inner].concat();
    let html = property(0x102, 0x1013, b"<p>\xd6\xd0</p>");
    let page = [&[3u8, 0, 0xde, 0x3f][..], &936u32.to_le_bytes()].concat();
    let own =
        [&[0x1f_u8, 0, 1, 0x80][..], &[9; 16], &1u32.to_le_bytes(), &4u32.to_le_bytes(), b"a\0b\0"].concat();
    let own = [own, 1u32.to_le_bytes().to_vec(), 2u32.to_le_bytes().to_vec(), b"z\0\0\0".to_vec()].concat();
    tnef(&[
        attribute(1, 0x9007, &[&936u32.to_le_bytes()[..], &[0; 4]].concat()),
        attribute(1, 0x9003, &properties(&[own, page, html, property(0x1f, 0x1000, &utf16("中"))])),
        attribute(2, 0x9002, &[0; 14]),
        attribute(2, 0x8010, b"\xb1\xa8\xb8\xe6~1.PDF\0"),
        attribute(2, 0x800f, b"%PDF-1.7"),
        attribute(
            2,
            0x9005,
            &properties(&[
                property(0x1f, 0x3707, &utf16("二零二五年度报告.pdf")),
                property(0x1e, 0x3712, b"<one@x>\0"),
            ]),
        ),
        attribute(2, 0x9002, &[0; 14]),
        attribute(2, 0x8010, b"\xb1\xa8.doc\0"),
        attribute(2, 0x800f, b""),
        attribute(2, 0x9002, &[0; 14]),
        attribute(
            2,
            0x9005,
            &properties(&[property(0x1e, 0x3001, b"Fwd\0"), property(0x0d, 0x3701, &object)]),
        ),
    ])
}

fn packed(content: &[u8]) -> Vec<u8> {
    let head = "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: binary\n\n";
    [&mail(head)[..], content].concat()
}

fn unpacked(content: &[u8]) -> Option<Unpacked> {
    Message::parse(&packed(content)).unpack(0)
}

#[test]
fn winmail_dat_gives_its_files_its_words_and_its_messages() {
    let found = unpacked(&rich()).expect("it is TNEF");
    let shown: Vec<_> = found
        .numbered()
        .map(|(number, file)| {
            (number, file.kind, file.name.clone().unwrap_or_default(), file.media_type.clone())
        })
        .collect();
    let row = |number: &str, kind, name: &str, media_type: &str| {
        (number.into(), kind, name.into(), media_type.into())
    };
    assert_eq!(
        shown,
        [
            row("1", UnpackedKind::Body, "body.txt", "text/plain"),
            row("2", UnpackedKind::Body, "body.html", "text/html"),
            row("3", UnpackedKind::Attachment, "二零二五年度报告.pdf", "application/pdf"),
            row("4", UnpackedKind::Attachment, "报.doc", "application/msword"),
            row("5", UnpackedKind::Message, "Fwd", "application/ms-tnef"),
            row("5.1", UnpackedKind::Attachment, "inner.txt", "text/plain"),
        ]
    );
    assert_eq!(found.files[2].content, b"%PDF-1.7");
    assert_eq!(found.files[2].content_id.as_deref(), Some("one@x"));
    assert_eq!(found.files[1].text(), "<p>中</p>", "the HTML is in the code page that the message names");
    assert_eq!(found.files[5].content, b"in");
}

#[test]
fn what_winmail_dat_holds_is_listed_and_read() {
    let raw = packed(&rich());
    let summary = inspect(&raw);
    let paths: Vec<_> = summary.parts.iter().map(|part| (part.path.as_str(), part.children)).collect();
    assert_eq!(paths, [("1", 5), ("1.1", 0), ("1.2", 0), ("1.3", 0), ("1.4", 0), ("1.5", 1), ("1.5.1", 0)]);
    assert!(codes(&raw).contains(&"winmail-dat"));
    assert_eq!(Message::parse(&raw).best_text().text, "中\n", "its words are the message's");
}

#[test]
fn a_broken_winmail_dat_gives_what_stands_before_the_break() {
    let whole = rich();
    for end in 6..whole.len() {
        let found = unpacked(&whole[..end]).expect("it begins as TNEF");
        assert!(found.files.len() <= 6);
        let said: Vec<_> = found.findings.iter().map(|finding| finding.code.name()).collect();
        assert!(said.contains(&"winmail-dat"), "{end}: {said:?}");
    }
    assert!(unpacked(&whole[..5]).is_none());
    assert!(unpacked(b"something else").is_none());
    let long = tnef(&[attribute(1, 0x9003, &u32::MAX.to_le_bytes())]);
    let said: Vec<_> =
        unpacked(&long).expect("TNEF").findings.iter().map(|finding| finding.code.name()).collect();
    assert_eq!(said, ["winmail-dat-broken", "winmail-dat"]);
}

#[test]
fn messages_within_messages_within_winmail_dat_end_at_the_bound() {
    let mut stream = tnef(&[attribute(2, 0x9002, &[0; 14]), attribute(2, 0x8010, b"a.txt\0")]);
    for _ in 0..200 {
        let object = [&[7u8; 16][..], &stream].concat();
        stream = tnef(&[attribute(2, 0x9005, &properties(&[property(0x0d, 0x3701, &object)]))]);
    }
    let found = unpacked(&stream).expect("TNEF");
    assert!(found.files.len() <= 66, "{} files", found.files.len());
}

proptest! {
    #[test]
    fn any_change_to_a_winmail_dat_leaves_it_readable(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        more in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut stream = rich();
        for (at, byte) in changes {
            let at = 6 + at.index(stream.len() - 6);
            stream[at] = byte;
        }
        stream.extend(more);
        let raw = packed(&stream);
        let found = unpacked(&stream).expect("its signature is whole");
        prop_assert_eq!(found.numbered().count(), found.files.len());
        prop_assert_eq!(inspect(&raw).parts.len(), found.files.len() + 1);
        Message::parse(&raw).best_text();
    }
}

#[test]
fn uuencoded_files_in_text_are_taken_out() {
    let body =
        "See below.\n\nbegin 644 a b.txt\n#:&D*\n`\nend\nbye\nbegin 644 broken\nno uuencode here\nend\n";
    let raw = mail(&format!("Content-Type: text/plain\n\n{body}"));
    let message = Message::parse(&raw);
    let found = message.unpack(0).expect("there is one");
    assert_eq!(found.files.len(), 1, "a block that is none stays text");
    assert_eq!(
        (found.files[0].name.as_deref(), &found.files[0].content[..]),
        (Some("a b.txt"), &b"hi\n"[..])
    );
    assert_eq!(message.best_text().text, "See below.\n\nbye\nbegin 644 broken\nno uuencode here\nend\n");
    assert!(codes(&raw).contains(&"uuencode-in-text"));
    assert!(Message::parse(&mail("\nbegin 644 broken\nno\n")).unpack(0).is_none());
    assert!(Message::parse(&mail("\nWe begin here.\n")).unpack(0).is_none());
}

/// The names that MimeKit finds in the same streams.
#[test]
fn winmail_dat_of_the_corpus_gives_what_mimekit_finds() {
    let Some(folder) = corpus("winmail_dat_of_the_corpus_gives_what_mimekit_finds") else { return };
    let mut files = 0;
    for list in
        files_below(&folder).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "list"))
    {
        let Ok(content) = std::fs::read(list.with_extension("tnef")) else { continue };
        let expected = std::fs::read_to_string(&list).expect("the list can be read");
        let found = unpacked(&content).unwrap_or_default();
        let mut names: Vec<&str> = found.files.iter().filter_map(|file| file.name.as_deref()).collect();
        // We also give what MimeKit leaves out: bodies, and files that are named by their properties alone.
        for name in expected.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let at = names.iter().position(|ours| *ours == name);
            let at = at.unwrap_or_else(|| panic!("{}: {name} is missing among {names:?}", list.display()));
            names.swap_remove(at);
        }
        files += 1;
    }
    assert!(files > 0, "the corpus holds no list of winmail.dat");
}
