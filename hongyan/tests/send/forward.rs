//! `hongyan forward`: what of the original goes along.

use std::fs;

use hongyan::mime::read::{Message, inspect};
use hongyan::sandbox::Config;

use crate::place::{Place, World};

const INNER: &str = "From: deep@example.org\r\nSubject: inner\r\n\r\ninner text\r\n";

/// A mail with an HTML alternative, a file of every byte, a mail inside, and a name that is no path.
fn original() -> Vec<u8> {
    let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g//79DQoNCg==";
    format!(
        "From: Ann <ann@example.org>\r\nTo: tester@example.org\r\nDate: Thu, 20 Nov 2025 03:09:00 +0800\r\n\
         Subject: =?utf-8?B?5oql5ZGK?=\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n\
         --c\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n6K+35p+l5pS2\r\n--c\r\n\
         Content-Type: text/html\r\n\r\n<p>html\r\n--c--\r\n--b\r\nContent-Type: application/x-thing; x=1\r\n\
         Content-Disposition: attachment; filename=\"../../../etc/passwd\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64}\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\n{INNER}\r\n--b\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n\
         BEGIN:VCALENDAR\r\n--b--\r\n"
    )
    .into_bytes()
}

fn place(name: &str, world: &World) -> Place {
    let place = Place::with(name, world);
    place.write("mail.eml", original());
    place
}

#[test]
fn the_originals_files_go_along_byte_for_byte() {
    let world = World::start(Config::default());
    let place = place("forward", &world);
    place.write("more.txt", "more");
    let ran = place.run(&[
        "forward",
        "mail.eml",
        "--to",
        "b@example.org,c@example.org",
        "--text",
        "看看",
        "-a",
        "more.txt",
    ]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let (kept, mail) = world.last();
    assert_eq!(kept.envelope.to.len(), 2);
    let message = Message::parse(&mail);
    assert_eq!(message.subject().as_deref(), Some("Fwd: 报告"));
    assert!(message.field(0, "In-Reply-To").is_none());
    assert_eq!(message.value_text(message.field(0, "References").unwrap()), "<1@example.org>");
    let parts: Vec<String> = inspect(&mail)
        .parts
        .iter()
        .map(|part| format!("{} {}", part.media_type, part.file.as_deref().unwrap_or("-")))
        .collect();
    assert_eq!(
        parts,
        [
            "multipart/mixed -",
            "text/plain -",
            "text/plain more.txt",
            "application/x-thing passwd",
            "message/rfc822 mail.eml",
            "text/plain -",
            "text/calendar attachment",
        ]
    );
    assert_eq!(
        message.text(1),
        "看看\r\n\r\n---------- 转发的邮件 ----------\r\n发件人：Ann <ann@example.org>\r\n日期：2025年11月20日 03:09 +0800\r\n\
         主题：报告\r\n收件人：tester@example.org\r\n\r\n请查收\r\n"
    );
    let before = original();
    let before = Message::parse(&before);
    assert_eq!(message.decoded(3), before.decoded(4));
    assert_eq!(message.body(4), before.body(5));
    assert_eq!(message.body(4), INNER.as_bytes());
    assert_eq!(message.parameter(6, "Content-Type", "method").as_deref(), Some("REQUEST"));
    // Nothing that was unpacked stays.
    assert_eq!(fs::read_dir(place.path(".local/state/hongyan/drafts")).unwrap().count(), 0);
}

#[test]
fn as_an_attachment_every_byte_goes_along() {
    let world = World::start(Config::default());
    let place = place("forward-whole", &world);
    let signed = [&original()[..], b"8-bit \xe9\r\n.\r\n..\r\n"].concat();
    for raw in [&original(), &signed] {
        place.write("mail.eml", raw);
        let ran = place.run(&["forward", "mail.eml", "--to", "b@example.org", "--as-attachment"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let (_, mail) = world.last();
        let message = Message::parse(&mail);
        assert_eq!(message.parts()[2].media_type.as_str(), "message/rfc822");
        assert_eq!(message.file_name(2).as_deref(), Some("报告.eml"));
        assert!(message.body(2) == &raw[..], "every byte, its last line end too");
    }
}

#[test]
fn a_mail_without_files_or_words_is_passed_on_as_it_is() {
    let world = World::start(Config::default());
    let place = Place::with("forward-plain", &world);
    place.write("mail.eml", "Subject: x\r\n\r\n> quoted\r\nsecond line\r\n");
    let ran = place.run(&["forward", "mail.eml", "--to", "b@example.org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, mail) = world.last();
    let message = Message::parse(&mail);
    assert_eq!(message.parts().len(), 1);
    assert_eq!(
        message.text(0).trim_start(),
        "---------- Forwarded message ----------\r\nSubject: x\r\n\r\n> quoted\r\nsecond line\r\n"
    );
    let ran = place.run(&["forward", "mail.eml"]);
    assert_eq!(ran.code, 64, "{ran:?}");
    let ran = place.run(&["forward", "mail.eml", "--to", "nobody"]);
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.err.starts_with("forward: --to: \"nobody\" is not a mail address"), "{}", ran.err);
}

#[test]
fn a_large_attachment_costs_no_memory_and_arrives_whole() {
    let world = World::start(Config::default());
    let place = Place::with("forward-large", &world);
    let line = [b'A'; 76];
    let mut mail =
        b"Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n\
        Content-Type: application/octet-stream; name=big.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            .to_vec();
    for _ in 0..100_000 {
        mail.extend_from_slice(&line);
        mail.extend_from_slice(b"\r\n");
    }
    mail.extend_from_slice(b"--b--\r\n");
    place.write("mail.eml", &mail);
    let ran = place.run(&["forward", "mail.eml", "--to", "b@example.org", "--text", "big"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let (_, sent) = world.last();
    let message = Message::parse(&sent);
    assert_eq!(message.decoded(2).len(), 100_000 * 57);
    assert!(message.decoded(2).iter().all(|&byte| byte == 0));
}
