//! What arrives: texts, pictures, attachments, forwarded mails, in the right places and byte for byte.

use hongyan::mime::read::{Message, Summary, inspect};
use hongyan::sandbox::Config;

use crate::place::{Place, World};

fn world() -> World {
    World::start(Config::default())
}

/// Media types and file names, in the order of the parts.
fn parts(summary: &Summary) -> Vec<String> {
    let part = |part: &hongyan::mime::read::PartSummary| match &part.file {
        Some(file) => format!("{} {} {file}", part.path, part.media_type),
        None => format!("{} {}", part.path, part.media_type),
    };
    summary.parts.iter().map(part).collect()
}

fn text(summary: &Summary, media_type: &str) -> String {
    let part = summary.parts.iter().find(|part| part.media_type == media_type).expect("there is such a part");
    part.text.clone().expect("it is a text")
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0";

#[test]
fn the_first_line_that_anybody_types_works_as_written() {
    let world = world();
    let place = Place::with("first", &world);
    place.write("message.txt", "hello\n").write("attachment.zip", b"PK\x03\x04\0\r\n.\r\n\xff");
    let ran = place.send(&[
        "-s",
        "Mail subject",
        "-m",
        "message.txt",
        "-a",
        "attachment.zip",
        "example@example.org",
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(ran.out.starts_with("Sent to example@example.org ("), "{ran:?}");
    let (kept, mail) = world.last();
    assert_eq!(kept.envelope.to[0].address, "example@example.org");
    assert!(kept.envelope.from.starts_with("tester@"), "{}", kept.envelope.from);
    let summary = inspect(&mail);
    assert_eq!(summary.subject.as_deref(), Some("Mail subject"));
    assert_eq!(
        parts(&summary),
        ["1 multipart/mixed", "1.1 text/plain", "1.2 application/zip attachment.zip"]
    );
    assert_eq!(text(&summary, "text/plain").trim_end(), "hello");
    assert_eq!(&*Message::parse(&mail).decoded(2), b"PK\x03\x04\0\r\n.\r\n\xff");
}

#[test]
fn text_html_picture_sound_and_a_forwarded_mail_each_take_their_place() {
    let world = world();
    let place = Place::with("showcase", &world);
    place
        .write("a.txt", "text")
        .write(
            "a.html",
            "<img src=\"logo.png\"><img src='cid:图.png'><p>\"logo.png\" https://example.org/x.png",
        )
        .write("logo.png", PNG)
        .write("图.png", PNG)
        .write("报告 2026.pdf", "%PDF-1.4")
        .write("s.mp3", "ID3")
        .write("old.eml", "Subject: old\n\nold text\n");
    let ran = place.send(&[
        "-m",
        "a.txt",
        "--html",
        "a.html",
        "--inline",
        "logo.png",
        "--inline",
        "图.png",
        "-a",
        "报告 2026.pdf",
        "-a",
        "s.mp3",
        "--forward",
        "old.eml",
        "a@example.org",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, mail) = world.last();
    let summary = inspect(&mail);
    assert_eq!(
        parts(&summary),
        [
            "1 multipart/mixed",
            "1.1 multipart/alternative",
            "1.1.1 text/plain",
            "1.1.2 multipart/related",
            "1.1.2.1 text/html",
            "1.1.2.2 image/png logo.png",
            "1.1.2.3 image/png 图.png",
            "1.2 application/pdf 报告 2026.pdf",
            "1.3 audio/mpeg s.mp3",
            "1.4 message/rfc822 old.eml",
            "1.4.1 text/plain",
        ]
    );
    let html = text(&summary, "text/html");
    let mail = String::from_utf8_lossy(&mail);
    let ids: Vec<&str> =
        mail.lines().filter_map(|line| line.strip_prefix("Content-ID: <")?.strip_suffix('>')).collect();
    assert_eq!(ids[0], "logo.png");
    let expected = format!(
        "<img src=\"cid:logo.png\"><img src='cid:{}'><p>\"logo.png\" https://example.org/x.png",
        ids[1]
    );
    assert_eq!(html.trim_end(), expected);
}

#[test]
fn a_copy_in_a_file_and_a_dry_run_are_what_the_server_gets() {
    let world = world();
    let place = Place::with("same", &world);
    place.write("a.txt", "text\n.\nend\n").write("b.bin", vec![7; 200_000]);
    let same = [
        "-s",
        "same",
        "-m",
        "a.txt",
        "-a",
        "b.bin",
        "--message-id",
        "1@example.org",
        "--date",
        "Thu, 20 Nov 2025 03:09:00 +0800",
        "a@example.org",
    ];
    let sent = place.send(&[&["-o", "copy.eml"], &same[..]].concat());
    assert_eq!(sent.code, 0, "{sent:?}");
    let (_, mail) = world.last();
    assert_eq!(std::fs::read(place.path("copy.eml")).unwrap(), mail);
    // BINARYMIME is not offered to nobody: what is only shown is the form that every server takes.
    let shown = place.send(&[&["--dry-run"], &same[..]].concat());
    assert_eq!(shown.code, 0, "{shown:?}");
    assert_eq!(world.count(), 1);
    assert!(shown.out.contains("Content-Transfer-Encoding: base64"));
    let (shown, kept) = (inspect(shown.out.as_bytes()), inspect(&mail));
    let content = |summary: &Summary| {
        summary.parts.iter().map(|part| (part.media_type.clone(), part.sha256.clone())).collect::<Vec<_>>()
    };
    assert_eq!(content(&shown), content(&kept));
    let plain = World::start(Config { offers: Default::default(), ..Config::default() });
    let place = Place::with("same", &plain);
    place.write("a.txt", "text\n.\nend\n").write("b.bin", vec![7; 200_000]);
    let sent = place.send(&same);
    assert_eq!(sent.code, 0, "{sent:?}");
    let shown = place.send(&[&["--dry-run"], &same[..]].concat());
    assert_eq!(shown.out.as_bytes(), plain.last().1);
    assert_eq!(
        shown.err,
        format!("send: not sent. It would go from {} to a@example.org\n", plain.last().0.envelope.from)
    );
}

#[test]
fn a_raw_mail_goes_as_it_is_to_those_that_its_header_names() {
    let world = world();
    let place = Place::with("raw", &world);
    let raw = "From: Ann <ann@example.org>\nTo: b@example.org,\n c@example.org\nCc: d@example.org\nMessage-ID: <7@x>\n\
               X-Odd:kept\n\n.dot\n\n.\n8bit \u{e9}\nno end";
    place.write("m.eml", raw);
    let expected = format!("{}\r\n", raw.replace('\n', "\r\n"));
    let ran = place.send(&["--raw", "m.eml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (kept, mail) = world.last();
    assert_eq!(String::from_utf8(mail).unwrap(), expected);
    assert_eq!(kept.envelope.from, "ann@example.org");
    let to =
        |world: &World| world.last().0.envelope.to.iter().map(|to| to.address.clone()).collect::<Vec<_>>();
    assert_eq!(to(&world), ["b@example.org", "c@example.org", "d@example.org"]);
    // Options go before the header, and standard input is a file like others.
    let ran =
        place.send_with_input(&["--raw", "-", "-f", "bounce@example.org", "x@example.org"], raw.as_bytes());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(to(&world), ["x@example.org"]);
    let (kept, mail) = world.last();
    assert_eq!((kept.envelope.from.as_str(), mail), ("bounce@example.org", expected.into_bytes()));
}

#[test]
fn header_options_become_header_fields() {
    let world = world();
    let place = Place::with("header", &world);
    let ran = place.send(&[
        "--text",
        "x",
        "-f",
        "王 <wang@example.org>",
        "--reply-to",
        "r@example.org",
        "-H",
        "X-Mailer: made by hand",
        "-H",
        "X-中",
        "--date",
        "2025-11-20T03:09:00+08:00",
        "--message-id",
        "<own@example.org>",
        "--in-reply-to",
        "p@example.org",
        "--keywords",
        "one,two",
        "a@example.org",
    ]);
    assert_eq!((ran.code, ran.err.lines().next()), (65, Some("send: -H \"X-中\" has no colon")), "{ran:?}");
    let ran = place.send(&[
        "--text",
        "x",
        "-f",
        "王 <wang@example.org>",
        "--reply-to",
        "r@example.org",
        "-H",
        "X-Mailer: made by hand",
        "--date",
        "2025-11-20T03:09:00+08:00",
        "--message-id",
        "<own@example.org>",
        "--in-reply-to",
        "p@example.org",
        "--keywords",
        "one,two",
        "a@example.org",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mail = String::from_utf8(world.last().1).unwrap();
    for line in [
        "From: =?utf-8?B?546L?= <wang@example.org>",
        "To: a@example.org",
        "Reply-To: r@example.org",
        "Date: Thu, 20 Nov 2025 03:09:00 +0800",
        "Message-ID: <own@example.org>",
        "In-Reply-To: <p@example.org>",
        "References: <p@example.org>",
        "Keywords: one, two",
        "X-Mailer: made by hand",
    ] {
        assert!(mail.lines().any(|found| found == line), "{line}\n{mail}");
    }
}

#[test]
fn file_names_are_written_for_the_readers_that_are_asked_for() {
    let world = world();
    let place = Place::with("names", &world);
    place.write("图.txt", "x");
    for (form, rfc2231, word) in
        [("rfc2231", true, false), ("encoded-word", false, true), ("both", true, true)]
    {
        let ran = place.send(&["-a", "图.txt", "--text", "x", "--names", form, "a@example.org"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let (_, mail) = world.last();
        assert_eq!(inspect(&mail).parts[2].file.as_deref(), Some("图.txt"), "{form}");
        let mail = String::from_utf8(mail).unwrap();
        assert_eq!(mail.contains("filename*=utf-8''%E5%9B%BE.txt"), rfc2231, "{form}\n{mail}");
        assert_eq!(mail.contains("=?utf-8?B?"), word, "{form}\n{mail}");
    }
}

#[test]
fn a_text_in_another_charset_arrives_as_utf_8_and_a_guess_is_told() {
    let world = world();
    let place = Place::with("charset", &world);
    let chinese = "尊敬的客户：您的订单已经发货，请注意查收。";
    // The same sentence in GBK.
    let gbk: &[u8] = b"\xd7\xf0\xbe\xb4\xb5\xc4\xbf\xcd\xbb\xa7\xa3\xba\xc4\xfa\xb5\xc4\xb6\xa9\xb5\xa5\xd2\xd1\xbe\xad\xb7\xa2\xbb\xf5\xa3\xac\xc7\xeb\xd7\xa2\xd2\xe2\xb2\xe9\xca\xd5\xa1\xa3\n";
    place.write("gbk.txt", gbk);
    let told =
        "send: gbk.txt: read as GBK, sent as UTF-8 (if that is wrong, name its charset with --charset)\n";
    for (arguments, err) in [
        (&["-m", "gbk.txt", "a@example.org"][..], told),
        (&["-m", "gbk.txt", "--charset", "gb18030", "a@example.org"][..], ""),
    ] {
        let ran = place.send(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, err));
        assert_eq!(text(&inspect(&world.last().1), "text/plain").trim_end(), chinese);
    }
    let ran = place.send_with_input(&["-m", "-", "--charset", "gbk", "a@example.org"], gbk);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(text(&inspect(&world.last().1), "text/plain").trim_end(), chinese);
}
