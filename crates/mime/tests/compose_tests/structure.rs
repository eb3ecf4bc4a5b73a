//! How messages are built of parts: nesting, fields of parts, what is never written.

use crate::support::*;
use hongyan_mime::address::Address;
use hongyan_mime::compose::*;

fn gif(name: &str) -> Part {
    Part::bytes(name, &b"GIF89a\x01\0"[..]).with_content_id(name).with_disposition(Disposition::Inline)
}

fn zip(name: &str) -> Part {
    Part::bytes(name, &b"PK\x03\x04"[..])
}

#[test]
fn parts_are_nested_rightly_and_without_needless_containers() {
    type Fill = fn(&mut Draft);
    let text: Fill = |d| d.text = Some("text".into());
    let html: Fill = |d| d.html = Some("<p>html".into());
    let inline: Fill = |d| d.inline = vec![gif("a.gif"), gif("b.gif")];
    let attached: Fill = |d| d.attachments = vec![zip("a.zip")];
    let cases: [(&[Fill], &str); 13] = [
        (&[], "text/plain"),
        (&[text], "text/plain"),
        (&[html], "text/html"),
        (&[text, html], "alternative(text/plain, text/html)"),
        (&[html, inline], "related(text/html, image/gif, image/gif)"),
        (&[text, html, inline], "alternative(text/plain, related(text/html, image/gif, image/gif))"),
        (&[attached], "application/zip"),
        (&[text, attached], "mixed(text/plain, application/zip)"),
        (&[html, attached], "mixed(text/html, application/zip)"),
        (&[text, inline], "mixed(text/plain, image/gif, image/gif)"),
        (&[text, inline, attached], "mixed(text/plain, image/gif, image/gif, application/zip)"),
        (&[text, html, attached], "mixed(alternative(text/plain, text/html), application/zip)"),
        (
            &[text, html, inline, attached],
            "mixed(alternative(text/plain, related(text/html, image/gif, image/gif)), application/zip)",
        ),
    ];
    for (fill, expected) in cases {
        let mut draft = draft();
        fill.iter().for_each(|f| f(&mut draft));
        let message = compose(&draft, NOTHING);
        assert_eq!(seen(&message).shape, expected);
    }
}

#[test]
fn a_tree_made_by_hand_stands_in_place_of_the_texts() {
    let forwarded = || Part::message(RawMessage::from_bytes(&b"Subject: inner\n\nhello\n"[..]));
    let sound = Part::bytes("a.mp3", &b"ID3"[..]);
    let digest = Part::multipart(Multipart::Digest, vec![forwarded(), forwarded()]);
    let parallel = Part::multipart(Multipart::Parallel, vec![gif("a.gif"), sound]);
    let body = Part::multipart(Multipart::Mixed, vec![Part::text("text/plain", "hi"), digest, parallel]);
    let draft = Draft {
        body: Some(body),
        text: Some("not looked at".into()),
        attachments: vec![zip("a.zip")],
        ..draft()
    };
    let message = compose(&draft, NOTHING);
    assert_eq!(
        seen(&message).shape,
        "mixed(mixed(text/plain, digest(message/rfc822, message/rfc822), parallel(image/gif, audio/mpeg)), \
         application/zip)"
    );
    assert!(!String::from_utf8(message).unwrap().contains("not looked at"));
}

#[test]
fn a_related_names_its_root() {
    let alternative = || Part::multipart(Multipart::Alternative, vec![Part::text("text/html", "<p>")]);
    let related =
        |root, parts| Draft { body: Some(Part::multipart(Multipart::Related { root }, parts)), ..draft() };
    let first = compose(&related(0, vec![alternative(), gif("a.gif")]), NOTHING);
    let value = field(&first, "Content-Type").unwrap();
    assert!(value.starts_with("multipart/related; type=\"multipart/alternative\"; boundary="), "{value}");
    let root = Part::text("text/html", "<p>").with_content_id("<root@x>");
    let last = compose(&related(1, vec![gif("a.gif"), root]), NOTHING);
    let value = field(&last, "Content-Type").unwrap();
    assert!(
        value.starts_with("multipart/related; type=\"text/html\"; start=\"<root@x>\"; boundary="),
        "{value}"
    );
    let nameless = related(1, vec![gif("a.gif"), Part::text("text/html", "<p>")]).encoder(NOTHING);
    assert!(matches!(nameless, Err(ComposeError::Missing { field: "Content-ID" })));
    let beyond = related(2, vec![gif("a.gif"), alternative()]).encoder(NOTHING);
    assert!(matches!(beyond, Err(ComposeError::EmptyMultipart)));
}

#[test]
fn trees_that_cannot_be_are_refused() {
    let with = |part| Draft { body: Some(part), ..draft() }.encoder(NOTHING).map(|_| ());
    let empty = Part::multipart(Multipart::Mixed, Vec::new());
    assert!(matches!(with(empty), Err(ComposeError::EmptyMultipart)));
    let mut deep = Part::text("text/plain", "x");
    for _ in 0..MAX_DEPTH {
        deep = Part::multipart(Multipart::Mixed, vec![deep]);
    }
    assert!(matches!(with(deep.clone()), Err(ComposeError::TooDeep { .. })));
    let Body::Multipart(_, mut inner) = deep.body else { unreachable!() };
    assert!(with(inner.remove(0)).is_ok());
    let typed = |part: Part, essence: &'static str| with(part.with_type(MediaType::new(essence)));
    let bytes = || Part::bytes("a", &b"x"[..]);
    let cases = [
        typed(bytes(), "multipart/mixed"),
        typed(bytes(), "message/rfc822"),
        typed(bytes(), "image"),
        typed(bytes(), "image/"),
        typed(bytes(), "image/png; name=x"),
        typed(Part::text("text/plain", "x"), "image/png"),
        typed(Part::message(RawMessage::from_bytes(&b"A: b\n\n"[..])), "message/global"),
        typed(Part::multipart(Multipart::Mixed, vec![bytes()]), "multipart/signed"),
        with(bytes().with_type(MediaType::new("image/png").with("boundary", "x"))),
        with(bytes().with_type(MediaType::new("image/png").with("a b", "x"))),
        with(bytes().with_type(MediaType::new("image/png").with("n".repeat(33), "x"))),
    ];
    for (i, case) in cases.into_iter().enumerate() {
        assert!(matches!(case, Err(ComposeError::MediaType { .. })), "case {i}: {case:?}");
    }
}

#[test]
fn a_part_says_what_it_is() {
    let part = Part::bytes("a.bin", &b"\0\x01"[..])
        .with_type(MediaType::new("text/calendar").with("method", "REQUEST").with("x", "é"))
        .with_content_id("<id@x>")
        .with_location("http://例.example/a b?\"c\"")
        .with_description("Bild 图");
    let mut draft = Draft { text: Some("x".into()), attachments: vec![part], ..draft() };
    draft.attachments[0].headers.base = Some("http://example.com/".to_owned());
    let text = text_of(&draft);
    for line in [
        "Content-Type: text/calendar; method=REQUEST; x*=utf-8''%C3%A9; name=a.bin\r\n",
        "Content-Transfer-Encoding: base64\r\n",
        "Content-Disposition: attachment; filename=a.bin\r\n",
        "Content-ID: <id@x>\r\n",
        "Content-Location: http://%E4%BE%8B.example/a%20b?%22c%22\r\n",
        "Content-Base: http://example.com/\r\n",
        "Content-Description: Bild =?utf-8?B?5Zu+?=\r\n",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn the_html_can_say_where_it_is_from() {
    let html_headers = PartHeaders {
        location: Some("http://example.com/a/".to_owned()),
        base: Some("http://example.com/".to_owned()),
        ..PartHeaders::NONE
    };
    let picture =
        Part::bytes("a.gif", &b"GIF89a"[..]).with_location("b/a.gif").with_disposition(Disposition::Inline);
    let html = Some("<img src=\"b/a.gif\">".into());
    let text = text_of(&Draft { html, html_headers, inline: vec![picture], ..draft() });
    assert!(text.contains(
        "Content-Location: http://example.com/a/\r\nContent-Base: http://example.com/\r\n\r\n<img"
    ));
    assert!(text.contains("Content-Location: b/a.gif\r\n"));
}

#[test]
fn text_attachments_have_a_charset_only_when_it_is_known() {
    let cases: [(&[u8], Option<&str>); 5] = [
        (b"a\0b", None),
        (b"plain", Some("us-ascii")),
        ("Grüße".as_bytes(), Some("utf-8")),
        (b"caf\xe9", None),
        (b"", Some("us-ascii")),
    ];
    for (bytes, charset) in cases {
        let part = Part::bytes("a.txt", bytes);
        let message = compose(&Draft { text: Some("x".into()), attachments: vec![part], ..draft() }, NOTHING);
        let leaf = &seen(&message).leaves[1];
        assert_eq!(leaf.charset.as_deref(), charset);
        assert_eq!(leaf.essence, "text/plain");
    }
    let named = Part::bytes("a.txt", &b"caf\xe9"[..])
        .with_type(MediaType::new("text/plain").with("charset", "latin1"));
    let message = compose(&Draft { text: Some("x".into()), attachments: vec![named], ..draft() }, NOTHING);
    assert_eq!(seen(&message).leaves[1].charset.as_deref(), Some("latin1"));
}

#[test]
fn bcc_is_in_the_envelope_and_never_in_the_message() {
    let mut draft = Draft { bcc: to("hidden@example.org"), ..draft() };
    draft.cc = to("c@example.com");
    let recipients: Vec<&str> = draft.envelope_recipients().iter().map(|m| &m.address[..]).collect();
    assert_eq!(recipients, ["b@example.com", "c@example.com", "hidden@example.org"]);
    assert!(!text_of(&draft).contains("hidden"));
    draft.to.clear();
    draft.cc.clear();
    let message = compose(&draft, NOTHING);
    assert_eq!(field(&message, "To").as_deref(), Some("undisclosed-recipients:;"));
    assert!(!String::from_utf8(message).unwrap().contains("hidden"));
}

#[test]
fn the_envelope_has_each_address_once() {
    let group = Address::Group {
        name: "all".into(),
        members: vec![mailbox("", "b@EXAMPLE.com"), mailbox("x", "d@x.example")],
    };
    let draft = Draft {
        to: vec![to("b@example.com").remove(0), group],
        cc: to("B@example.com"),
        bcc: to("d@x.example"),
        ..draft()
    };
    let recipients: Vec<&str> = draft.envelope_recipients().iter().map(|m| &m.address[..]).collect();
    assert_eq!(recipients, ["b@example.com", "d@x.example", "B@example.com"]);
}

#[test]
fn boundaries_differ_from_those_in_attached_messages() {
    // A message attached to another of the same fields: both would choose the same boundary.
    let plain = Draft { text: Some("x".into()), html: Some("<p>x".into()), ..draft() };
    let inner = compose(&plain, NOTHING);
    let forward = |inner: Vec<u8>| {
        let attachments = vec![Part::message(RawMessage::from_bytes(inner))];
        compose(&Draft { attachments, ..plain.clone() }, NOTHING)
    };
    let boundary = |message: &[u8]| {
        field(message, "Content-Type").unwrap().split_once("boundary=").unwrap().1.to_owned()
    };
    let once = forward(inner.clone());
    let twice = forward(once.clone());
    assert_ne!(boundary(&inner)[..22], boundary(&once)[..22]);
    assert_ne!(boundary(&inner)[..22], boundary(&twice)[..22]);
    assert_ne!(boundary(&once)[..22], boundary(&twice)[..22]);
    assert_eq!(seen(&twice).shape, "mixed(alternative(text/plain, text/html), message/rfc822)");
    assert_eq!(seen(&twice).leaves[2].bytes, once);
    // Text that holds the boundary which it would get.
    let marked =
        Draft { text: Some(format!("--{}\n", boundary(&inner).trim_matches('"')).into()), ..plain.clone() };
    let message = compose(&marked, NOTHING);
    assert_eq!(seen(&message).shape, "alternative(text/plain, text/html)");
}

#[test]
fn boundaries_differ_from_marks_in_files_sent_as_they_are() {
    let path = std::env::temp_dir().join(format!("hongyan-compose-marks-{}", std::process::id()));
    let with = |part: Part| Draft { text: Some("x".into()), attachments: vec![part], ..draft() };
    let boundary = |message: &[u8]| {
        let at = message.windows(5).position(|w| w == b"=_hy_").unwrap();
        message[at..at + 21].to_vec()
    };
    // The boundary that a message without marks gets, put where blocks of the file meet.
    let first = boundary(&compose(&with(Part::bytes("hongyan.bin", vec![0; 70_000])), Offered::ALL));
    for at in [0, 57 * 4096 - 21, 57 * 4096 - 10, 57 * 4096 - 1, 57 * 4096, 300_000 - 21] {
        let mut bytes = vec![0; 300_000];
        bytes[at..at + 21].copy_from_slice(&first);
        std::fs::write(&path, &bytes).unwrap();
        let from_file = Part::attach(&path).unwrap().with_file_name("hongyan.bin");
        for part in [from_file, Part::bytes("hongyan.bin", bytes.clone())] {
            let message = compose(&with(part), Offered::ALL);
            assert_ne!(boundary(&message), first, "{at}");
            assert!(ours(&message).leaves[1].bytes == bytes, "{at}");
        }
    }
    // With more marks than can be sidestepped, the file is encoded instead.
    let many: String = (0..5000).map(|i| format!("--=_hy_{i:016x}_0001\r\n")).collect();
    std::fs::write(&path, &many).unwrap();
    let from_file = Part::attach(&path).unwrap().with_file_name("a.bin");
    let forwarded = Part::message(RawMessage::from_bytes(format!("A: b\n\n{many}").into_bytes()));
    for part in [from_file, Part::bytes("a.txt", many.clone().into_bytes()), forwarded] {
        let message = compose(&with(part), Offered::ALL);
        let text = String::from_utf8(message.clone()).unwrap();
        assert!(text.contains("Content-Transfer-Encoding: base64\r\n"));
        assert!(ours(&message).leaves[1].bytes.ends_with(many.as_bytes()));
    }
    let body =
        compose(&Draft { text: Some(many.clone().into()), html: Some("x".into()), ..draft() }, NOTHING);
    assert_eq!(ours(&body).leaves[0].bytes, many.as_bytes());
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn text_from_another_charset_goes_out_as_utf8_and_says_so() {
    let html = "<html><meta charset=\"gb2312\"><p>尊敬的客户：您的订单已经发货</p></html>\n";
    let gbk = encoding_rs::GBK.encode(html).0.into_owned();
    let text = Text::decode(gbk, None).unwrap();
    assert_eq!(text.charset(), ("GBK", CharsetSource::Declared));
    let message = compose(&Draft { text: Some(text.clone()), html: Some(text), ..draft() }, NOTHING);
    let leaves = ours(&message).leaves;
    assert_eq!(leaves[0].bytes, crlf(html).as_bytes());
    assert_eq!(leaves[1].bytes, crlf(&html.replace("gb2312", "utf-8")).as_bytes());
    assert_eq!(leaves[1].charset.as_deref(), Some("utf-8"));
}

#[test]
fn messages_can_be_handed_to_other_threads() {
    fn check<T: Send + 'static>() {}
    check::<Encoder>();
    check::<Draft>();
    check::<RawMessage>();
    check::<std::sync::Arc<EncodedPart>>();
}

#[test]
fn the_last_line_has_one_end() {
    let cases: [(Draft, &str); 5] = [
        (Draft { text: Some("x\n".into()), ..draft() }, "\r\n\r\nx\r\n"),
        (Draft { text: Some("x".into()), ..draft() }, "\r\n\r\nx\r\n"),
        (Draft { text: Some("中文".into()), ..draft() }, "\r\n\r\n5Lit5paH\r\n"),
        (Draft { attachments: vec![zip("a.zip")], ..draft() }, "\r\n\r\nUEsDBA==\r\n"),
        (
            Draft { body: Some(Part::message(RawMessage::from_bytes(&b"A: b\n\nx\n"[..]))), ..draft() },
            "b\r\n\r\nx\r\n",
        ),
    ];
    for (draft, end) in cases {
        let text = text_of(&draft);
        assert!(text.ends_with(end), "{text}");
    }
    let both = text_of(&Draft { text: Some("x\n".into()), html: Some("y".into()), ..draft() });
    assert!(
        both.contains("\r\n\r\nx\r\n\r\n--=_hy_")
            && both.contains("\r\n\r\ny\r\n--=_hy_")
            && both.ends_with("--\r\n")
    );
}

#[test]
fn the_same_draft_gives_the_same_bytes() {
    let draft =
        Draft { text: Some("x".into()), html: Some("y".into()), attachments: vec![zip("a.zip")], ..draft() };
    assert_eq!(compose(&draft, NOTHING), compose(&draft.clone(), NOTHING));
}

#[test]
fn a_part_encoded_once_is_the_same_in_every_message() {
    let big = Part::bytes("big.bin", vec![7; 100_000]);
    let shared = EncodedPart::new(&big, Names::Both, NOTHING).unwrap();
    let with = |part: Part| Draft { text: Some("x".into()), attachments: vec![part], ..draft() };
    let message = compose(&with(Part::encoded(shared.clone())), NOTHING);
    assert_eq!(message, compose(&with(big), NOTHING));
    let alone = Draft { attachments: vec![Part::encoded(shared)], ..draft() };
    assert_eq!(seen(&compose(&alone, NOTHING)).leaves[0].bytes, vec![7; 100_000]);
    let eight = EncodedPart::new(&Part::text("text/plain", "Grüße"), Names::Both, EIGHT).unwrap();
    let refused = with(Part::encoded(eight.clone())).encoder(NOTHING);
    assert!(matches!(refused, Err(ComposeError::NeedsKind { kind: BodyKind::EightBit })));
    assert_eq!(with(Part::encoded(eight)).encoder(EIGHT).unwrap().body_kind(), BodyKind::EightBit);
}
