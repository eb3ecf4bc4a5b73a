//! `read(compose(x)) == x` over random drafts, with our reader and with mail-parser as an independent one;
//! exact length and restart.

use crate::support::*;
use hongyan_mime::address::Address;
use hongyan_mime::compose::*;
use proptest::prelude::*;
use std::io::{BufRead, Read};

fn address() -> impl Strategy<Value = Address> {
    any_mailbox().prop_map(Address::Mailbox)
}

fn group() -> impl Strategy<Value = Address> {
    let name = header_text().prop_map(|t| t.split_whitespace().next().unwrap_or("g").to_owned());
    (name, proptest::collection::vec(any_mailbox(), 0..3))
        .prop_map(|(name, members)| Address::Group { name, members })
}

/// Mailboxes, or groups: mail-parser reports the two mixed in one list as unnamed groups.
fn addresses() -> impl Strategy<Value = Vec<Address>> {
    prop_oneof![
        3 => proptest::collection::vec(address(), 0..4),
        1 => proptest::collection::vec(group(), 1..3),
    ]
}

#[derive(Clone, Debug)]
struct Attached {
    name: String,
    bytes: Vec<u8>,
}

fn attached() -> impl Strategy<Value = Attached> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        proptest::collection::vec(any::<u8>(), 16_000..17_000),
        Just(vec![0xa5; 100_000]),
        body_text().prop_map(String::into_bytes),
        body_text().prop_map(|t| crlf(&t).into_bytes()),
    ];
    let extension = prop_oneof![Just("bin"), Just("png"), Just("csv"), Just("txt"), Just("pdf")];
    (header_text(), extension, bytes)
        .prop_map(|(name, extension, bytes)| Attached { name: format!("{name}.{extension}"), bytes })
}

#[derive(Clone, Debug)]
struct Input {
    draft: Draft,
    inline: Vec<Attached>,
    attachments: Vec<Attached>,
}

fn input() -> impl Strategy<Value = Input> {
    let people = (any_mailbox(), addresses(), addresses(), addresses(), addresses());
    let names = prop_oneof![Just(Names::Both), Just(Names::Rfc2231)];
    let fields = (
        proptest::option::of(header_text()),
        -2_000_000_000i64..200_000_000_000,
        -840i16..840,
        proptest::option::of(identifier()),
        proptest::collection::vec(identifier(), 0..3),
        proptest::collection::vec(identifier(), 0..20),
        names,
    );
    let texts = (proptest::option::of(body_text()), proptest::option::of(body_text()));
    let files = (proptest::collection::vec(attached(), 0..3), proptest::collection::vec(attached(), 0..3));
    (people, fields, texts, files).prop_map(|(people, fields, texts, files)| {
        let (from, to, cc, bcc, reply_to) = people;
        let (subject, seconds, offset_minutes, message_id, in_reply_to, references, names) = fields;
        let part = |a: &Attached| Part::bytes(&a.name[..], a.bytes.clone());
        let inline =
            files.0.iter().enumerate().map(|(i, a)| {
                part(a).with_disposition(Disposition::Inline).with_content_id(format!("{i}@x"))
            });
        let draft = Draft {
            from: vec![from],
            to,
            cc,
            bcc,
            reply_to,
            subject,
            date: Some(Date { seconds, offset_minutes }),
            message_id,
            in_reply_to,
            references,
            text: texts.0.map(Text::from),
            html: texts.1.map(Text::from),
            inline: inline.collect(),
            attachments: files.1.iter().map(part).collect(),
            names,
            ..Draft::default()
        };
        Input { draft, inline: files.0, attachments: files.1 }
    })
}

fn offered() -> impl Strategy<Value = Offered> {
    (any::<bool>(), any::<bool>()).prop_map(|(eight_bit, binary)| Offered { eight_bit, binary, utf8: false })
}

/// The text bodies and attachments that a reader must find, in order.
fn expected_bodies(input: &Input) -> Vec<(Option<String>, Vec<u8>)> {
    let mut bodies = Vec::new();
    for text in [&input.draft.text, &input.draft.html].into_iter().flatten() {
        bodies.push((None, crlf(text.as_str()).into_bytes()));
    }
    for file in input.inline.iter().chain(&input.attachments) {
        bodies.push((Some(file.name.clone()), file.bytes.clone()));
    }
    if bodies.is_empty() {
        bodies.push((None, Vec::new()));
    }
    bodies
}

/// That a reader saw what the draft said.
fn assert_read(input: &Input, seen: &Seen) -> Result<(), TestCaseError> {
    let draft = &input.draft;
    prop_assert_eq!(&seen.from, &draft.from);
    if draft.to.is_empty() && draft.cc.is_empty() && !draft.bcc.is_empty() {
        let undisclosed = Address::Group { name: "undisclosed-recipients".to_owned(), members: Vec::new() };
        prop_assert_eq!(&seen.to, &[undisclosed]);
    } else {
        prop_assert_eq!(&seen.to, &draft.to);
    }
    prop_assert_eq!(&seen.cc, &draft.cc);
    prop_assert_eq!(&seen.reply_to, &draft.reply_to);
    prop_assert_eq!(
        seen.subject.as_deref().unwrap_or_default(),
        draft.subject.as_deref().unwrap_or_default()
    );
    prop_assert_eq!(seen.date, draft.date.map(|d| d.seconds));
    prop_assert_eq!(&seen.message_id, &draft.message_id);
    prop_assert_eq!(&seen.in_reply_to, &draft.in_reply_to);
    prop_assert_eq!(&seen.references, &draft.references);
    let expected = expected_bodies(input);
    prop_assert_eq!(seen.leaves.len(), expected.len(), "{}", &seen.shape);
    let texts = [&draft.text, &draft.html].into_iter().flatten().count();
    for (i, (leaf, (name, bytes))) in seen.leaves.iter().zip(&expected).enumerate() {
        prop_assert_eq!(&leaf.file_name, name);
        let disposition = match i {
            _ if name.is_none() => None,
            i if i < texts + input.inline.len() => Some("inline"),
            _ => Some("attachment"),
        };
        prop_assert_eq!(leaf.disposition.as_deref(), disposition);
        let mut bytes = bytes.clone();
        if seen.leaves.len() == 1 && leaf.bytes.len() == bytes.len() + 2 {
            bytes.extend_from_slice(b"\r\n"); // the message's own last line end
        }
        prop_assert!(leaf.bytes == bytes, "leaf {}: {} bytes and {}", i, leaf.bytes.len(), bytes.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn our_reader_reads_back_what_was_composed(input in input(), offered in offered()) {
        prop_assert!(input.draft.check().is_ok());
        let message = compose(&input.draft, offered);
        assert_read(&input, &ours(&message))?;
    }

    #[test]
    fn mail_parser_reads_back_what_was_composed(input in input(), offered in offered()) {
        let message = compose(&input.draft, offered);
        assert_read(&input, &seen(&message))?;
    }

    #[test]
    fn the_length_is_exact_however_it_is_read(input in input(), offered in offered(), step in 1usize..5000) {
        let mut encoder = input.draft.encoder(offered).unwrap();
        let whole = compose(&input.draft, offered);
        prop_assert_eq!(encoder.len(), whole.len() as u64);
        // By fill_buf, taking less than there is.
        let mut out = Vec::new();
        loop {
            let available = encoder.fill_buf().unwrap();
            if available.is_empty() {
                break;
            }
            let take = available.len().min(step);
            out.extend_from_slice(&available[..take]);
            encoder.consume(take);
            prop_assert_eq!(encoder.remaining(), (whole.len() - out.len()) as u64);
        }
        prop_assert!(out == whole);
        prop_assert!(encoder.fill_buf().unwrap().is_empty());
        // By read, from anywhere in the middle begun again.
        encoder.restart().unwrap();
        let mut buffer = vec![0; step];
        let _ = encoder.read(&mut buffer).unwrap();
        encoder.restart().unwrap();
        out.clear();
        loop {
            match encoder.read(&mut buffer).unwrap() {
                0 => break,
                len => out.extend_from_slice(&buffer[..len]),
            }
        }
        prop_assert!(out == whole);
        if let Some(contiguous) = encoder.as_contiguous() {
            prop_assert!(contiguous == whole);
        }
    }
}

#[test]
fn small_messages_are_one_buffer_and_shared_bytes_are_not_copied() {
    let small = Draft { text: Some("x".into()), html: Some("y".into()), ..draft() };
    assert!(small.encoder(NOTHING).unwrap().as_contiguous().is_some());
    let bytes = Bytes::from(vec![b'x'; 50_000]);
    let part = Part::bytes("a.bin", bytes.clone());
    let shared = EncodedPart::new(&part, Names::Both, NOTHING).unwrap();
    for (part, offered) in [(part, Offered::ALL), (Part::encoded(shared), NOTHING)] {
        let draft = Draft { text: Some("x".into()), attachments: vec![part], ..draft() };
        let mut encoder = draft.encoder(offered).unwrap();
        assert!(encoder.as_contiguous().is_none());
        let head = encoder.fill_buf().unwrap().len();
        encoder.consume(head);
        let first = encoder.fill_buf().unwrap().as_ptr();
        let again = draft.encoder(offered).map(|mut e| {
            e.consume(0);
            let head = e.fill_buf().unwrap().len();
            e.consume(head);
            e.fill_buf().unwrap().as_ptr()
        });
        assert_eq!(first, again.unwrap(), "two messages hand out the same bytes");
    }
}
