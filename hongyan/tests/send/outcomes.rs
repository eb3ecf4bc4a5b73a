//! What is said, and exited with, when a server refuses, hesitates, goes away or talks nonsense.

use std::net::TcpListener;

use hongyan::sandbox::Config;
use serde_json::Value;

use crate::place::{Place, World};

const TEXT: [&str; 4] = ["--text", "x", "-f", "f@example.org"];

#[test]
fn each_recipient_has_a_line_and_each_remedy_is_told_once() {
    let world = World::failing(&[
        "rcpt:nobody*=550 5.1.1 no such user",
        "rcpt:later@*=451 4.7.1 greylisted, come back",
    ]);
    let place = Place::with("table", &world);
    let ran = place.send(
        &[&TEXT[..], &["a@example.org", "nobody@example.org", "nobody2@example.org", "later@example.org"]]
            .concat(),
    );
    assert_eq!((ran.code, ran.out.as_str()), (75, ""), "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines[0], format!("send: 1 of 4 recipients accepted ({})", world.url()));
    assert!(lines[1].starts_with("  accepted  a@example.org        250 2.0.0 kept as "), "{}", lines[1]);
    assert_eq!(
        lines[2..5],
        [
            "  rejected  nobody@example.org   RCPT TO: the server said 550 5.1.1 no such user",
            "  rejected  nobody2@example.org  RCPT TO: the server said 550 5.1.1 no such user",
            "  deferred  later@example.org    RCPT TO: the server said 451 4.7.1 greylisted, come back",
        ]
    );
    assert!(lines[5].starts_with("  next, for nobody@example.org, nobody2@example.org: "), "{}", lines[5]);
    assert!(lines[6].starts_with("  next, for later@example.org: "), "{}", lines[6]);
    assert_eq!(lines.len(), 7);
    assert_eq!(world.count(), 1);
    // Without anybody to look at again for.
    let ran = place.send(&[&TEXT[..], &["a@example.org", "nobody@example.org"]].concat());
    assert_eq!(ran.code, 69);
    let ran = place.send(&[&TEXT[..], &["a@example.org", "b@example.org"]].concat());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(ran.out.starts_with("Sent to 2 recipients ("), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 3);
    let ran = place.send(&[&TEXT[..], &["--quiet", "a@example.org"]].concat());
    assert_eq!((ran.code, ran.all().as_str()), (0, ""));
}

#[test]
fn a_failure_names_stage_reply_and_next_step() {
    for (fault, code, first, why) in [
        (
            "greeting=554 5.7.1 go away",
            69,
            "not sent, at waiting for the greeting",
            "the server said 554 5.7.1 go away",
        ),
        (
            "greeting=421 4.3.2 too busy",
            75,
            "not sent now, at waiting for the greeting",
            "the server said 421 4.3.2 too busy",
        ),
        ("greeting=garbage", 76, "not sent now, at waiting for the greeting", ""),
        ("mail=451 4.3.0 not now", 75, "not sent now, at MAIL FROM", "the server said 451 4.3.0 not now"),
        (
            "mail=530 5.7.0 log in first",
            77,
            "not sent, at MAIL FROM",
            "the server said 530 5.7.0 log in first",
        ),
        ("mail=552 5.3.4 too large", 65, "not sent, at MAIL FROM", "the server said 552 5.3.4 too large"),
        (
            "rcpt=550 5.7.509 refused \\u{1b}[31m",
            69,
            "not sent, at RCPT TO",
            "the server said 550 5.7.509 refused",
        ),
        (
            "end=554 5.7.1 looks like spam",
            65,
            "not sent, at the answer to the message",
            "the server said 554 5.7.1 looks like spam",
        ),
        (
            "end=451 4.3.0 try later",
            75,
            "not sent now, at the answer to the message",
            "the server said 451 4.3.0 try later",
        ),
        (
            "end=drop",
            75,
            "it is in doubt whether the mail was taken, at the answer to the message",
            "the server closed the connection",
        ),
        // With CHUNKING the whole mail is on its way before the first reply; without, it is not.
        (
            "mail=drop",
            75,
            "it is in doubt whether the mail was taken, at MAIL FROM",
            "the server closed the connection",
        ),
        ("data=drop", 75, "not sent now, at DATA", "the server closed the connection"),
    ] {
        let world = World::failing(&[fault]);
        let place = Place::with("failure", &world);
        let chunking = if fault.starts_with("data") { &["--no-chunking"][..] } else { &[] };
        let ran = place.send(&[&TEXT[..], chunking, &["a@example.org"]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (code, ""), "{fault}: {ran:?}");
        let lines: Vec<&str> = ran.err.lines().collect();
        assert_eq!(lines[0], format!("send: {first} ({})", world.url()), "{fault}");
        assert!(
            lines[1].strip_prefix("  why:  ").is_some_and(|said| said.starts_with(why)),
            "{fault}: {}",
            ran.err
        );
        assert!(
            lines[2].strip_prefix("  next: ").is_some_and(|next| next.len() > 20),
            "{fault}: {}",
            ran.err
        );
        assert_eq!(lines.len(), 3, "{fault}: {}", ran.err);
    }
}

#[test]
fn chinese_readers_are_told_in_chinese() {
    let world = World::failing(&["rcpt:nobody@*=550 5.1.1 查无此人", "mail:bad@*=550 5.7.1 no"]);
    let place = Place::with("chinese", &world).set("LC_ALL", "zh_CN.UTF-8");
    let ran = place.send(&["--text", "x", "-f", "bad@example.org", "a@example.org"]);
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines[0], format!("send: 未发送，阶段：MAIL FROM（发件人）（{}）", world.url()));
    assert_eq!(lines[1], "  原因：服务器回复：550 5.7.1 no");
    assert!(lines[2].starts_with("  下一步："), "{}", lines[2]);
    let ran = place.send(&[&TEXT[..], &["a@example.org", "nobody@example.org"]].concat());
    assert!(ran.err.contains("2 位收件人中有 1 位已接受"), "{}", ran.err);
    assert!(
        ran.err.contains("被拒绝  nobody@example.org  RCPT TO（收件人）：服务器回复：550 5.1.1 查无此人"),
        "{}",
        ran.err
    );
    let ran = place.send(&[&TEXT[..], &["a@example.org"]].concat());
    assert!(ran.out.starts_with("已发送给 a@example.org（"), "{}", ran.out);
    let ran = place.send(&["-m", "none.txt", "a@example.org"]);
    assert_eq!(ran.err, "send: none.txt：文件不存在\n  下一步：请检查文件名\n");
}

#[test]
fn nobody_at_the_port() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("smtp://127.0.0.1:{port}");
    let place = Place::new("closed");
    let ran = place.send(&[&TEXT[..], &["--server", &url, "a@example.org", "b@example.org"]].concat());
    assert_eq!(ran.code, 69, "{ran:?}");
    let lines: Vec<&str> = ran.err.lines().collect();
    assert_eq!(lines[0], format!("send: not sent now, at connecting ({url})"));
    assert!(lines[1].contains("refused"), "{}", lines[1]);
    assert_eq!(lines[3], "  for:  a@example.org, b@example.org");
    // The copy that was asked for is there all the same, to be sent another time, and nothing beside it.
    let ran = place.send(&[&TEXT[..], &["--server", &url, "-o", "copy.eml", "a@example.org"]].concat());
    assert_eq!(ran.code, 69, "{ran:?}");
    let mut names: Vec<_> =
        std::fs::read_dir(place.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".bin", "copy.eml"]);
    let world = World::start(Config::default());
    let ran = place.send(&["--server", &world.url(), "--raw", "copy.eml"]);
    assert_eq!((ran.code, world.count()), (0, 1), "{ran:?}");
}

#[test]
fn a_server_that_is_slow_is_not_waited_for_longer_than_wished() {
    let world = World::failing(&["ehlo=delay 20000"]);
    let place = Place::with("slow", &world);
    let began = std::time::Instant::now();
    let ran = place.send(&[&TEXT[..], &["--timeout", "1", "a@example.org"]].concat());
    assert_eq!(ran.code, 75, "{ran:?}");
    assert!(ran.err.contains("the server did not answer in time"), "{}", ran.err);
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn nobody_waits_long_for_a_goodbye() {
    let world = World::failing(&["quit=delay 20000"]);
    let place = Place::with("goodbye", &world);
    let began = std::time::Instant::now();
    let ran = place.send(&[&TEXT[..], &["a@example.org"]].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn json_is_one_object_with_everything() {
    let world = World::failing(&["rcpt:nobody@*=550 5.1.1 no such \\user"]);
    let place = Place::with("json", &world);
    let ran = place.send(
        &[&TEXT[..], &["--json", "--message-id", "1@example.org", "a@example.org", "nobody@example.org"]]
            .concat(),
    );
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(ran.code, 69);
    assert_eq!(object["message_id"], "1@example.org");
    assert_eq!(object["size"], world.last().1.len());
    assert_eq!(object["exit"], 69);
    assert_eq!(object["error"], Value::Null);
    assert_eq!(object.get("transcript"), None);
    let [good, bad] = &object["recipients"].as_array().unwrap()[..] else { panic!("{object}") };
    assert_eq!((&good["address"], &good["verdict"]), (&"a@example.org".into(), &"accepted".into()));
    assert_eq!(
        (&good["code"], &good["enhanced"], &good["stage"]),
        (&250.into(), &"2.0.0".into(), &Value::Null)
    );
    assert_eq!((&bad["address"], &bad["verdict"]), (&"nobody@example.org".into(), &"rejected".into()));
    assert_eq!(
        (&bad["code"], &bad["enhanced"], &bad["stage"]),
        (&550.into(), &"5.1.1".into(), &"rcpt".into())
    );
    assert_eq!(bad["reply"], "no such \\user");
    assert_eq!(bad["remedy_id"], "recipient.unknown");
    assert!(bad["remedy"].as_str().is_some_and(|text| text.len() > 20));
    let ran = place.send(&[&TEXT[..], &["--json=transcript", "a@example.org"]].concat());
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    let lines: Vec<&str> =
        object["transcript"].as_array().unwrap().iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert!(
        lines.contains(&"C: RCPT TO:<a@example.org>") && lines.last().unwrap().starts_with("S: 221 "),
        "{lines:?}"
    );
    let ran = place.send(&["--json", "-m", "none.txt", "a@example.org"]);
    let object: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.code, &object["exit"]), (66, &66.into()));
    assert_eq!(object["error"]["what"], "none.txt: there is no such file");
    assert_eq!(object["recipients"], Value::Array(Vec::new()));
}

#[test]
fn a_server_without_any_extension_takes_the_mail_too() {
    let world = World::start(Config { offers: Default::default(), ..Config::default() });
    let place = Place::with("bare", &world);
    place.write("m.txt", "中文\n.\n");
    let ran = place.send(&["-m", "m.txt", "-f", "f@example.org", "a@example.org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(world.last().1.is_ascii());
}
