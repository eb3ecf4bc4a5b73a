//! The same input composed by lettre, by mail-builder and here, as mail-parser reads the three.

use crate::support::*;
use hongyan_mime::address::Address;
use hongyan_mime::compose::*;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Message, MultiPart, SinglePart};
use mail_builder::MessageBuilder;

struct Input {
    name: &'static str,
    to: &'static str,
    subject: &'static str,
    text: &'static str,
    html: &'static str,
    picture: &'static [u8],
    file_name: &'static str,
    file: Vec<u8>,
}

fn inputs() -> Vec<Input> {
    let plain = Input {
        name: "Ann Bee",
        to: "ann@example.net",
        subject: "Hello",
        text: "Hello,\r\n\r\nthis is a plain text.\r\n",
        html: "<p>Hello</p>\r\n",
        picture: b"GIF89a\x01\0\x01\0",
        file_name: "report.pdf",
        file: b"%PDF-1.4\n\xff\xfe".to_vec(),
    };
    vec![
        Input { ..inputs_like(&plain) },
        Input {
            name: "Zoë Müller",
            subject: "Your order is on its way, Zoë, and will arrive tomorrow before noon in Köln",
            text: "Grüße aus Köln\r\n= equals and a blank \r\n",
            html: "<p style=\"color:red\">Grüße</p>\r\n",
            file_name: "Übersicht.pdf",
            ..inputs_like(&plain)
        },
        Input {
            name: "王小明",
            subject: "工资条：2025年11月，请查收附件并核对，如有疑问请联系财务部，谢谢",
            text: "尊敬的员工：\r\n请查收附件。\r\n",
            html: "<p>请查收附件。</p>\r\n",
            file_name: "工资条 2025年11月.pdf",
            file: (0..50_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect(),
            ..inputs_like(&plain)
        },
        Input {
            name: "Bee, Ann \"A\"",
            text: "From here on\r\n.\r\n..\r\nlong line: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
            file_name: "a \"b\" c.pdf",
            ..inputs_like(&plain)
        },
    ]
}

fn inputs_like(input: &Input) -> Input {
    Input { file: input.file.clone(), ..*input }
}

fn ours(input: &Input) -> Vec<u8> {
    let draft = Draft {
        from: vec![mailbox("", "shop@example.com")],
        to: vec![Address::Mailbox(mailbox(input.name, input.to))],
        subject: Some(input.subject.to_owned()),
        text: Some(input.text.into()),
        html: Some(input.html.into()),
        inline: vec![
            Part::bytes("p.gif", input.picture).with_content_id("p@x").with_disposition(Disposition::Inline),
        ],
        attachments: vec![Part::bytes(input.file_name, input.file.clone())],
        ..draft()
    };
    compose(&draft, NOTHING)
}

fn lettres(input: &Input) -> Vec<u8> {
    let part = |kind: &str, text: &str| {
        SinglePart::builder().header(ContentType::parse(kind).unwrap()).body(text.to_owned())
    };
    let gif = ContentType::parse("image/gif").unwrap();
    let pdf = ContentType::parse("application/pdf").unwrap();
    let picture = Attachment::new_inline_with_name("p@x".to_owned(), "p.gif".to_owned())
        .body(input.picture.to_vec(), gif);
    let file = Attachment::new(input.file_name.to_owned()).body(input.file.clone(), pdf);
    let related =
        MultiPart::related().singlepart(part("text/html; charset=utf-8", input.html)).singlepart(picture);
    let alternative =
        MultiPart::alternative().singlepart(part("text/plain; charset=utf-8", input.text)).multipart(related);
    let to = lettre::message::Mailbox::new(Some(input.name.to_owned()), input.to.parse().unwrap());
    let message = Message::builder().from("shop@example.com".parse().unwrap()).to(to).subject(input.subject);
    message.multipart(MultiPart::mixed().multipart(alternative).singlepart(file)).unwrap().formatted()
}

fn mail_builders(input: &Input) -> Vec<u8> {
    use mail_builder::mime::MimePart;
    let picture = MimePart::new("image/gif", input.picture).inline().cid("p@x");
    let related = MimePart::new("multipart/related", vec![MimePart::new("text/html", input.html), picture]);
    let alternative =
        MimePart::new("multipart/alternative", vec![MimePart::new("text/plain", input.text), related]);
    let file = MimePart::new("application/pdf", &input.file[..]).attachment(input.file_name);
    MessageBuilder::new()
        .from("shop@example.com")
        .to((input.name, input.to))
        .subject(input.subject)
        .body(MimePart::new("multipart/mixed", vec![alternative, file]))
        .write_to_vec()
        .unwrap()
}

#[test]
fn a_reader_sees_the_same_in_ours_as_in_the_peers() {
    for input in inputs() {
        let ours = seen(&ours(&input));
        assert_eq!(ours.subject.as_deref(), Some(input.subject));
        assert_eq!(ours.to, [Address::Mailbox(mailbox(input.name, input.to))]);
        assert_eq!(ours.leaves[3].file_name.as_deref(), Some(input.file_name));
        for (peer, message) in [("lettre", lettres(&input)), ("mail-builder", mail_builders(&input))] {
            let theirs = seen(&message);
            assert_eq!(ours.subject, theirs.subject, "{peer}");
            assert_eq!(ours.from, theirs.from, "{peer}");
            assert_eq!(ours.to, theirs.to, "{peer}");
            assert_eq!(ours.shape, theirs.shape, "{peer}");
            for (a, b) in ours.leaves.iter().zip(&theirs.leaves) {
                assert_eq!((&a.essence, &a.content_id), (&b.essence, &b.content_id), "{peer}");
                assert!(a.bytes == b.bytes, "{peer}: {}", a.essence);
            }
            assert_eq!(ours.leaves[3].file_name, theirs.leaves[3].file_name, "{peer}");
            assert_eq!(ours.leaves[3].disposition, theirs.leaves[3].disposition, "{peer}");
        }
    }
}
