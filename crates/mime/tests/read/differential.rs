//! The reader against an independent one (mail-parser): alike on sound mail. Real mail is in `oracles`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use hongyan_mime::read::{PartSummary, Summary, inspect};
use mail_builder::MessageBuilder;
use mail_parser::{MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

use crate::fixtures::mail;

/// A leaf part as both readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Leaf {
    content: Vec<u8>,
    name: Option<String>,
}

/// What is compared of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct View {
    subject: Option<String>,
    from: Vec<(String, String)>,
    date: Option<i64>,
    leaves: Vec<Leaf>,
}

fn ours(raw: &[u8]) -> View {
    let summary = inspect(raw);
    let content = |part: &PartSummary| match &part.text {
        Some(text) => text.clone().into_bytes(),
        None => part.len.to_be_bytes().to_vec(),
    };
    View {
        subject: summary.subject.clone().map(|subject| subject.trim().to_owned()),
        from: people(&summary),
        date: hongyan_mime::read::Message::parse(raw).date().map(|date| date.timestamp()),
        leaves: summary
            .parts
            .iter()
            .filter(|part| part.children == 0)
            .map(|part| Leaf { content: content(part), name: part.file.clone() })
            .collect(),
    }
}

fn people(summary: &Summary) -> Vec<(String, String)> {
    summary
        .from
        .iter()
        .map(|person| (person.name.clone().unwrap_or_default(), person.address.clone()))
        .collect()
}

/// mail-parser's view; `None` where it gives up or panics.
fn theirs(raw: &[u8]) -> Option<View> {
    let message = catch_unwind(AssertUnwindSafe(|| MessageParser::default().parse(raw))).ok()??;
    let from = message.from().map(|list| list.clone().into_list()).unwrap_or_default();
    let text = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().into_owned();
    let mut leaves = Vec::new();
    collect(&message, &mut leaves);
    Some(View {
        subject: message.subject().map(|subject| subject.trim().to_owned()),
        from: from.into_iter().map(|one| (text(one.name), text(one.address))).collect(),
        date: message.date().map(|date| date.to_timestamp()),
        leaves,
    })
}

fn collect(message: &mail_parser::Message<'_>, leaves: &mut Vec<Leaf>) {
    for part in &message.parts {
        let name = part.attachment_name().map(str::to_owned);
        match &part.body {
            PartType::Text(text) | PartType::Html(text) => {
                leaves.push(Leaf { content: text.as_bytes().to_vec(), name });
            }
            PartType::Binary(bytes) | PartType::InlineBinary(bytes) => {
                leaves.push(Leaf { content: (bytes.len() as u64).to_be_bytes().to_vec(), name });
            }
            PartType::Message(inner) => collect(inner, leaves),
            PartType::Multipart(_) => {}
        }
    }
}

#[test]
fn sound_messages_look_alike_to_both_readers() {
    let cases = [
        ("one part", "Subject: a\n\nx\n"),
        ("encoded words", "Subject: =?utf-8?B?5Lit?= =?iso-8859-1?Q?=E9_x?=\n\nx\n"),
        (
            "a quoted-printable part",
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=E4=B8=AD=\n x\n",
        ),
        (
            "a GBK part",
            "Content-Type: text/html; charset=gbk\nContent-Transfer-Encoding: base64\n\n1tDOxA==\n",
        ),
        (
            "a tree",
            "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nx\n--c\n\
             Content-Type: text/html\n\n<b>\n--c--\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\
             Content-Disposition: attachment; filename=\"a.png\"\n\nAAEC\n--b--\npost\n",
        ),
        (
            "a message inside",
            "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--b--\n",
        ),
        (
            "a digest",
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b\n\nSubject: two\n\ny\n--b--\n",
        ),
        (
            "RFC 2231",
            "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment;\n filename*0*=utf-8''%E4%B8%AD;\n filename*1*=.pdf\n\nAAEC\n",
        ),
    ];
    for (rule, rest) in cases {
        let raw = mail(rest);
        assert_eq!(Some(ours(&raw)), theirs(&raw), "{rule}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn messages_of_another_composer_look_alike_to_both_readers(
        name in "[a-zA-Z中文é][a-zA-Z0-9 中文é,.\"]{0,20}[a-z文]",
        subject in "[a-z中文é😀][a-z 中文é😀=?_]{0,60}[a-z]",
        text in "[a-z 中文é=.\r\n-]{0,300}",
        html in prop::option::of("<p>[a-z中文é= ]{0,200}</p>"),
        attachments in prop::collection::vec(
            ("[a-z中文é][a-z0-9 中文é()'%]{0,40}\\.bin", prop::collection::vec(any::<u8>(), 0..300)),
            0..4,
        ),
    ) {
        let text = text.replace('\r', "").replace('\n', "\r\n");
        let mut builder = MessageBuilder::new()
            .from((name.as_str(), "a@b.example"))
            .to("c@d.example")
            .subject(subject.as_str())
            .text_body(text.as_str());
        if let Some(html) = &html {
            builder = builder.html_body(html.as_str());
        }
        for (name, content) in &attachments {
            builder = builder.attachment("application/octet-stream", name.as_str(), content.as_slice());
        }
        let raw = builder.write_to_vec().expect("a vector takes all");
        let view = ours(&raw);
        prop_assert_eq!(view.subject.as_deref(), Some(subject.trim()));
        let names: Vec<_> = view.leaves.iter().filter_map(|leaf| leaf.name.clone()).collect();
        prop_assert_eq!(names, attachments.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
        let lengths: Vec<_> = inspect(&raw).parts.iter().filter(|part| part.file.is_some()).map(|part| part.len).collect();
        prop_assert_eq!(lengths, attachments.iter().map(|(_, content)| content.len() as u64).collect::<Vec<_>>());
        let ambiguous: Vec<_> = inspect(&raw).defects.into_iter().filter(|defect| defect.severity != "lint").collect();
        prop_assert!(ambiguous.is_empty(), "{ambiguous:?}");
        if let Some(their) = theirs(&raw) {
            prop_assert_eq!(&view.leaves, &their.leaves);
        }
    }
}
