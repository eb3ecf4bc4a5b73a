//! How the reader takes messages apart: boundaries, nesting, header sections, bounds.

use hongyan_mime::read::{Duplicates, Limits, Message, SegmentKind, inspect};
use proptest::prelude::*;

use crate::fixtures::{assert_lossless, codes, crlf, mail, outline, parts_of};

/// A multipart/mixed with boundary `b` and the given body.
fn mixed(body: &str) -> Vec<u8> {
    mail(&format!("Content-Type: multipart/mixed; boundary=b\n\n{body}"))
}

#[test]
fn parts_are_found_between_boundaries() {
    // (rule, body of multipart/mixed; boundary=b, parts, finding expected)
    let cases: &[(&str, &str, &[&str], Option<&str>)] = &[
        (
            "two parts, each with its type",
            "--b\nContent-Type: text/html\n\nx\n--b\n\ny\n--b--\n",
            &["1 multipart/mixed", "1.1 text/html", "1.2 text/plain"],
            None,
        ),
        (
            "preamble and epilogue are no parts",
            "pre\n--b\n\nx\n--b--\npost\n",
            &["1 multipart/mixed", "1.1 text/plain"],
            None,
        ),
        (
            "blanks may follow a boundary",
            "--b \t\n\nx\n--b-- \n",
            &["1 multipart/mixed", "1.1 text/plain"],
            None,
        ),
        (
            "without its closing boundary a multipart ends with the message",
            "--b\n\nx\n--b\n\ny\n",
            &["1 multipart/mixed", "1.1 text/plain", "1.2 text/plain"],
            Some("missing-close-delimiter"),
        ),
        (
            "a part behind the closing boundary is shown",
            "--b\n\nx\n--b--\n--b\nContent-Type: text/html\n\nhidden\n",
            &["1 multipart/mixed", "1.1 text/plain", "1.2 text/html"],
            Some("part-after-close"),
        ),
        (
            "a longer line is no boundary, but readers differ",
            "--b\n\nx\n--bc\n\ny\n--b--\n",
            &["1 multipart/mixed", "1.1 text/plain"],
            Some("boundary-prefix"),
        ),
        ("without any boundary line there is no part", "text\n", &["1 multipart/mixed"], Some("no-parts")),
        (
            "a boundary that never occurs is guessed from the part that follows",
            "--other\nContent-Type: text/html\n\nx\n--other--\n",
            &["1 multipart/mixed", "1.1 text/html"],
            Some("boundary-guessed"),
        ),
        (
            "a -- line before the boundary proper is not guessed",
            "--other\nContent-Type: text/html\n\n--b\n\nx\n--b--\n",
            &["1 multipart/mixed", "1.1 text/plain"],
            None,
        ),
        (
            "the boundary of an outer multipart ends the inner one",
            "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--\n",
            &["1 multipart/mixed", "1.1 multipart/mixed", "1.1.1 text/plain", "1.2 text/plain"],
            Some("missing-close-delimiter"),
        ),
        (
            "an inner multipart with the outer boundary owns it until it is closed",
            "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b\n\ny\n--b--\n",
            &["1 multipart/mixed", "1.1 multipart/mixed", "1.1.1 text/plain", "1.2 text/plain"],
            Some("boundary-reused"),
        ),
        (
            "a boundary that begins with another is told from it",
            "--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--\n--b--\n",
            &["1 multipart/mixed", "1.1 multipart/mixed", "1.1.1 text/plain"],
            None,
        ),
        (
            "a message inside is opened",
            "--b\nContent-Type: message/rfc822\n\nSubject: in\n\nx\n--b--\n",
            &["1 multipart/mixed", "1.1 message/rfc822", "1.1.1 text/plain"],
            None,
        ),
        (
            "a multipart in a message in a multipart",
            "--b\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n--b--\n",
            &["1 multipart/mixed", "1.1 message/rfc822", "1.1.1 multipart/mixed", "1.1.1.1 text/plain"],
            None,
        ),
        (
            "a header cut off by a boundary is a part without a body",
            "--b\nContent-Type: text/html\n--b--\n",
            &["1 multipart/mixed", "1.1 text/html"],
            None,
        ),
        (
            "a part without a blank line keeps all its text",
            "--b\nsome text\nmore\n--b--\n",
            &["1 multipart/mixed", "1.1 text/plain"],
            Some("missing-blank-line"),
        ),
    ];
    for (rule, body, parts, finding) in cases {
        let raw = mixed(body);
        assert_eq!(outline(&raw), *parts, "{rule}");
        match finding {
            Some(code) => assert!(codes(&raw).contains(code), "{rule}: {:?}", codes(&raw)),
            None => assert_eq!(codes(&raw), [""; 0], "{rule}"),
        }
        assert_lossless(&raw);
        // Stored with LF alone, and with CR alone, the parts are the same.
        let text = String::from_utf8(raw).expect("fixtures are UTF-8");
        assert_eq!(outline(text.replace("\r\n", "\n").as_bytes()), *parts, "{rule}, with LF");
        assert_eq!(outline(text.replace("\r\n", "\r").as_bytes()), *parts, "{rule}, with CR");
    }
}

#[test]
fn the_line_break_before_a_boundary_belongs_to_the_boundary() {
    let raw = mixed("--b\n\nx\n\n--b\n\n--b--\n");
    let message = Message::parse(&raw);
    assert_eq!(message.body(1), b"x\r\n");
    assert_eq!(message.body(2), b"");
}

#[test]
fn segments_name_every_byte() {
    let raw = crlf("Content-Type: multipart/mixed; boundary=b\n\npre\n--b\nA: 1\n\nx\n--b--\npost\n");
    let message = Message::parse(&raw);
    let seen: Vec<_> = message
        .segments()
        .iter()
        .map(|segment| {
            (segment.kind, segment.part, String::from_utf8_lossy(&raw[segment.range.clone()]).into_owned())
        })
        .collect();
    let expected = [
        (SegmentKind::Header, 0, "Content-Type: multipart/mixed; boundary=b\r\n"),
        (SegmentKind::Blank, 0, "\r\n"),
        (SegmentKind::Preamble, 0, "pre"),
        (SegmentKind::Boundary, 0, "\r\n--b\r\n"),
        (SegmentKind::Header, 1, "A: 1\r\n"),
        (SegmentKind::Blank, 1, "\r\n"),
        (SegmentKind::Body, 1, "x"),
        (SegmentKind::Boundary, 0, "\r\n--b--\r\n"),
        (SegmentKind::Epilogue, 0, "post\r\n"),
    ];
    assert_eq!(seen, expected.map(|(kind, part, text)| (kind, part, text.to_owned())));
}

#[test]
fn a_part_of_a_digest_is_a_message_by_default() {
    let raw = mail(
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nx\n--b\nContent-Type: text/plain\n\ny\n--b--\n",
    );
    assert_eq!(
        outline(&raw),
        ["1 multipart/digest", "1.1 message/rfc822", "1.1.1 text/plain", "1.2 text/plain"]
    );
    let message = Message::parse(&raw);
    let subject = message.field(2, "subject").expect("the inner message has a subject");
    assert_eq!(message.value_text(subject), "one");
}

#[test]
fn a_message_inside_a_transfer_encoding_is_opened_by_inspect() {
    // A message with an attachment, in base64.
    let inner = "U3ViamVjdDogaW4NCkNvbnRlbnQtVHlwZTogbXVsdGlwYXJ0L21peGVkOyBib3VuZGFyeT1pDQoNCi0taQ0KDQp4DQotLWktLQ0K";
    let raw = mixed(&format!(
        "--b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}\n--b--\n"
    ));
    assert_eq!(
        outline(&raw),
        ["1 multipart/mixed", "1.1 message/rfc822", "1.1.1 multipart/mixed", "1.1.1.1 text/plain"]
    );
    assert_eq!(codes(&raw), ["encoded-container"]);
}

#[test]
fn content_types_that_are_broken() {
    // (Content-Type, type, finding)
    let cases: &[(&str, &str, Option<&str>)] = &[
        ("TEXT/HTML", "text/html", None),
        ("text/html (a comment; with=this)", "text/html", None),
        ("text / html", "text/html", None),
        ("text", "text/plain", Some("bad-content-type")),
        ("text/", "text/plain", Some("bad-content-type")),
        ("", "text/plain", None),
        ("; charset=utf-8", "text/plain", Some("bad-content-type")),
        ("charset=utf-8", "text/plain", Some("bad-content-type")),
        ("\"text/html\"", "text/html", None),
        ("text/html charset=utf-8", "text/html", None),
        ("application/vnd.x+y; name=z", "application/vnd.x+y", None),
    ];
    for (value, media_type, finding) in cases {
        let raw = mail(&format!("Content-Type: {value}\n\nx\n"));
        let summary = inspect(&raw);
        assert_eq!(summary.parts[0].media_type, *media_type, "{value}");
        let found = summary.defects.iter().map(|defect| defect.code).collect::<Vec<_>>();
        assert_eq!(found, finding.iter().copied().collect::<Vec<_>>(), "{value}");
    }
    let raw = mail("Content-Type: multipart/mixed boundary=b\n\n--b\n\nx\n--b--\n");
    assert_eq!(outline(&raw), ["1 multipart/mixed", "1.1 text/plain"], "a missing semicolon hides no part");
}

#[test]
fn header_sections_that_are_broken() {
    // (rule, raw, Subject, body, finding)
    let cases: &[(&str, &str, Option<&str>, &str, &str)] = &[
        (
            "no blank line",
            "Subject: s\nHello there\nyou\n",
            Some("s"),
            "Hello there\nyou\n",
            "missing-blank-line",
        ),
        ("no body", "Subject: s\n", Some("s"), "", "missing-date"),
        ("no header", "\nHello\n", None, "Hello\n", "no-header"),
        ("no header and no blank line", "Hello there\n", None, "Hello there\n", "no-header"),
        ("blank lines before it", "\n\nSubject: s\n\nx\n", Some("s"), "x\n", "leading-blank-line"),
        ("a byte order mark", "\u{feff}Subject: s\n\nx\n", Some("s"), "x\n", "byte-order-mark"),
        (
            "a From_ line",
            "From me Mon Jan  1 00:00:00 2024\nSubject: s\n\nx\n",
            Some("s"),
            "x\n",
            "mbox-from-line",
        ),
        (
            "an SMTP envelope",
            "MAIL FROM:<a@b>\nRCPT TO:<c@d>\nSubject: s\n\nx\n",
            Some("s"),
            "x\n",
            "header-junk-line",
        ),
        (
            "a line that is no field",
            "Subject: s\nthis is junk\nTo: a@b\n\nx\n",
            Some("s"),
            "x\n",
            "header-junk-line",
        ),
        (
            "a line that is no field, with a continuation of its own",
            "Subject: s\nX-Bad Name: y\n z\nTo: a@b\n\nx\n",
            Some("s"),
            "x\n",
            "header-junk-line",
        ),
        ("an indented first field", " Subject: s\nTo: a@b\n\nx\n", Some("s"), "x\n", "continuation-first"),
        (
            "a continuation of blanks",
            "Subject: s\n \n t\n\nx\n",
            Some("s  t"),
            "x\n",
            "header-blank-looking-line",
        ),
        ("a blank before the colon", "Subject : s\n\nx\n", Some("s"), "x\n", "space-before-colon"),
    ];
    for (rule, text, subject, body, finding) in cases {
        let raw = crlf(text);
        let message = Message::parse(&raw);
        assert_eq!(message.subject().as_deref(), *subject, "{rule}");
        assert_eq!(message.body(0), crlf(body), "{rule}");
        assert!(codes(&raw).contains(finding), "{rule}: {:?}", codes(&raw));
        assert_lossless(&raw);
    }
}

#[test]
fn both_readings_of_two_content_types_are_listed() {
    let body = "--b\nContent-Type: text/html\n\nx\n--b--\n";
    for (rule, first, second) in [
        ("the multipart first", "multipart/mixed; boundary=b", "text/plain"),
        ("the multipart last", "text/plain", "multipart/mixed; boundary=b"),
    ] {
        let raw = mail(&format!("Content-Type: {first}\nContent-Type: {second}\n\n{body}"));
        let summary = inspect(&raw);
        assert_eq!(parts_of(&summary), ["1 multipart/mixed", "1.1 text/html"], "{rule}: no part is hidden");
        assert!(summary.ambiguous, "{rule}");
        let other = summary.other_reading.as_deref().unwrap_or_default();
        assert_eq!(other.len(), 1, "{rule}");
        assert_eq!(other[0].media_type, "text/plain", "{rule}");
        let detail = &summary
            .defects
            .iter()
            .find(|defect| defect.code == "two-content-types")
            .expect("it is found")
            .text;
        assert!(detail.contains(first) && detail.contains(second), "{rule}: {detail}");
    }
}

#[test]
fn both_readings_of_two_boundaries_are_listed() {
    let raw = mail(
        "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\nContent-Type: text/plain\n\nx\n--a--\n--b\nContent-Type: text/html\n\ny\n--b--\n",
    );
    let summary = inspect(&raw);
    assert_eq!(parts_of(&summary), ["1 multipart/mixed", "1.1 text/plain"]);
    assert!(summary.ambiguous);
    let other: Vec<_> = summary.other_reading.iter().flatten().map(|part| part.media_type.as_str()).collect();
    assert_eq!(other, ["multipart/mixed", "text/html"]);
}

#[test]
fn both_readings_of_two_encodings_are_listed() {
    let raw = mail("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n");
    let summary = inspect(&raw);
    assert_eq!(summary.parts[0].text.as_deref(), Some("aGVsbG8=\r\n"));
    let other = summary.other_reading.as_deref().unwrap_or_default();
    assert_eq!(other[0].text.as_deref(), Some("hello"));
}

#[test]
fn the_bounds_are_reached_with_a_finding_and_no_byte_lost() {
    let nested: String =
        (0..100).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let many = mixed(&"--b\n\nx\n".repeat(30));
    let fields = mail(&"X: 1\n".repeat(30));
    let small = Limits { depth: 8, parts: 10, fields: 20, findings: 5 };
    for (rule, raw, code) in [
        ("depth", crlf(&nested), "too-deep"),
        ("parts", many, "too-many-parts"),
        ("fields", fields, "too-many-fields"),
    ] {
        let message = Message::parse_with(&raw, small, Duplicates::Revealing);
        assert!(message.is_truncated(), "{rule}");
        assert!(message.parts().len() <= 10, "{rule}");
        assert!(message.findings().iter().any(|finding| finding.code.name() == code), "{rule}");
        let length: usize = message.segments().iter().map(|segment| segment.range.len()).sum();
        assert_eq!(length, raw.len(), "{rule}");
        assert_lossless(&raw);
    }
    let message =
        Message::parse(&[b"Content-Type: message/rfc822\r\n\r\n".repeat(200), b"x".to_vec()].concat())
            .findings();
    assert!(message.iter().any(|finding| finding.code.name() == "too-deep"));
}

#[test]
fn findings_are_bounded_and_the_rest_is_counted() {
    let raw = mixed(&format!("--b\n\n{}--b--\n", "--bx\n".repeat(5000)));
    let summary = inspect(&raw);
    assert_eq!(summary.defects.len(), 1001);
    assert_eq!(summary.defects[1000].code, "more-findings");
    assert!(summary.truncated);
}

/// Pieces of which hostile messages are made.
fn piece() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        &b"\r\n"[..],
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"--a",
        b"--b",
        b"--a--",
        b"--b--",
        b" ",
        b"\t",
        b";",
        b"=",
        b"\"",
        b"?=",
        b"=?utf-8?Q?",
        b"=?gb2312?B?1tA",
        b"\xff",
        b"\x00",
        b"\xe4\xb8",
        b"boundary=a",
        b"boundary=b; ",
        b"filename*0*=utf-8''%E4",
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b"Content-Type: multipart/digest; boundary=\"b\"\r\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/html; charset=\"gbk\"\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Transfer-Encoding: quoted-printable\r\n",
        b"Content-Transfer-Encoding: x-uuencode\r\n",
        b"Content-Disposition: attachment; filename=\"=?utf-8?B?",
        b"Subject: ",
        b"From: a <b@c>, (d",
        b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n",
        b"begin 644 x\n#0V%T\n`\nend\n",
        b"QUJD",
        b"=41=",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_read_without_loss(raw in prop::collection::vec(any::<u8>(), 0..300)) {
        assert_lossless(&raw);
        inspect(&raw);
    }

    #[test]
    fn any_mixture_of_hostile_pieces_is_read_without_loss(pieces in prop::collection::vec(piece(), 0..60)) {
        let raw = pieces.concat();
        assert_lossless(&raw);
        inspect(&raw);
    }

    #[test]
    fn mutations_of_a_message_are_read_without_loss(
        edits in prop::collection::vec((any::<prop::sample::Index>(), piece(), 0usize..12), 1..6),
    ) {
        let mut raw = mixed(
            "pre\n--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\nContent-Type: text/plain; charset=gbk\n\
             Content-Transfer-Encoding: base64\n\n1tDOxA==\n--c\nContent-Type: text/html\n\n<p>x</p>\n--c--\n--b\n\
             Content-Type: message/rfc822\nContent-Disposition: attachment; filename*=utf-8''%E4%B8%AD.eml\n\n\
             Subject: =?utf-8?B?5Lit?=\n =?utf-8?Q?=E6=96=87?=\n\nbody\n--b--\npost\n",
        );
        for (at, piece, cut) in edits {
            let at = at.index(raw.len());
            raw.splice(at..(at + cut).min(raw.len()), piece.iter().copied());
        }
        assert_lossless(&raw);
        inspect(&raw);
    }
}

#[test]
fn content_that_lies_elsewhere_is_named() {
    for (rest, code, words) in [
        (
            "Content-Type: message/partial; id=\"a@b\"; number=2; total=3\n\nx\n",
            "partial-message",
            "number=2, total=3, id=a@b",
        ),
        (
            "Content-Type: message/external-body; access-type=anon-ftp; site=\"ftp.example\"; name=a.ps\n\n\
             Content-Type: application/postscript\n\n",
            "external-body",
            "access-type=anon-ftp, site=ftp.example, name=a.ps",
        ),
    ] {
        let summary = inspect(&mail(rest));
        let found = summary.defects.iter().find(|defect| defect.code == code).expect("it is named");
        assert!(found.text.contains(words), "{}", found.text);
    }
}

#[test]
fn a_boundary_where_the_blank_line_is_missing_is_no_field() {
    let rest = "Content-Type: multipart/mixed; boundary=\"--a:b\"\n \n----a:b\nContent-Type: text/html\n\nx\n----a:b--\n";
    assert_eq!(outline(&mail(rest)), ["1 multipart/mixed", "1.1 text/html"]);
}
