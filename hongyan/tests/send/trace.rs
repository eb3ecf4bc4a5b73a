//! `--trace`: the conversation as it passed, compared as text.

use hongyan::sandbox::Config;

use crate::place::{Place, World, lines_of_trace};

fn traced(world: &World, more: &[&str]) -> String {
    // Each test in a folder of its own: they run side by side.
    let test = std::thread::current().name().unwrap_or("trace").replace(':', "-");
    let place = Place::with(&test, world);
    let base = [
        "--text",
        "hello",
        "-s",
        "QUIT",
        "-f",
        "f@example.org",
        "--message-id",
        "1@example.org",
        "--date",
        "Thu, 20 Nov 2025 03:09:00 +0800",
        "a@example.org",
    ];
    let ran = place.send(&[&base[..], more].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    ran.err
}

const OPENING: [&str; 5] = [
    "-- connected to 127.0.0.1:PORT",
    "S: 220 localhost ESMTP ready",
    "C: EHLO [127.0.0.1]",
    "S: 250-localhost",
    "S: 250 SIZE 104857600",
];

/// A sandbox that offers little, so that the trace is short.
fn small() -> World {
    let offers = hongyan::proto::smtp::Capabilities { size: Some(None), ..Default::default() };
    World::start(Config { offers, ..Config::default() })
}

#[test]
fn each_line_is_there_in_order() {
    let world = small();
    let err = traced(&world, &["--trace"]);
    let port = world.smtp.to_string();
    let lines: Vec<String> =
        lines_of_trace(&err).into_iter().map(|line| line.replace(&port, "PORT")).collect();
    let mut expected: Vec<&str> = OPENING.to_vec();
    let content = format!("C: {{content: {} octets}}", world.last().1.len());
    let mail = format!("C: MAIL FROM:<f@example.org> SIZE={}", world.last().1.len());
    expected.extend([
        mail.as_str(),
        "S: 250 sender ok",
        "C: RCPT TO:<a@example.org>",
        "S: 250 recipient ok",
        "C: DATA",
        "S: 354 end with a dot on a line of its own",
        &content,
        "S: 250 kept as 1",
        "C: QUIT",
        "S: 221 goodbye",
    ]);
    assert_eq!(lines, expected, "{err}");
    assert!(
        err.contains("S: 354 end with a dot on a line of its own   go ahead; end with a line of one dot"),
        "{err}"
    );
}

#[test]
fn full_shows_the_content_too_and_never_takes_it_for_commands() {
    let world = small();
    let err = traced(&world, &["--trace=full"]);
    for line in ["C: Subject: QUIT", "C: From: f@example.org", "C: hello"] {
        let shown = err.lines().find(|shown| shown.contains(line)).unwrap_or_else(|| panic!("{line}\n{err}"));
        assert!(shown.ends_with(line), "it is explained: {shown}");
    }
}

#[test]
fn the_meaning_is_told_in_the_readers_language() {
    let world = small();
    let place = Place::with("trace-zh", &world).set("LANG", "zh_CN.UTF-8").set("LC_ALL", "");
    let ran = place.send(&["--text", "x", "--trace", "a@example.org"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("接受收件人"), "{}", ran.err);
}

#[test]
fn learners_can_switch_off_what_makes_it_fast() {
    let world = World::start(Config::default());
    let verbs = |err: &str| {
        let verb = |line: &String| {
            line.strip_prefix("C: ").map(|line| line.split([' ', ':']).next().unwrap().to_owned())
        };
        lines_of_trace(err).iter().filter_map(verb).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(verbs(&traced(&world, &["--trace"])), "EHLO MAIL RCPT BDAT {content QUIT");
    assert_eq!(verbs(&traced(&world, &["--trace", "--no-chunking"])), "EHLO MAIL RCPT DATA {content QUIT");
    let slow = traced(&world, &["--trace", "--no-chunking", "--no-pipelining"]);
    let lines = lines_of_trace(&slow);
    let after =
        |start: &str| lines.iter().position(|line| line.starts_with(start)).map(|at| lines[at + 1].clone());
    assert_eq!(after("C: MAIL").as_deref(), Some("S: 250 2.1.0 sender ok"));
}
