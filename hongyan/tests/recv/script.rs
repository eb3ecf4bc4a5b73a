//! With a pipe: the server's lines are printed as they are, and the exit code tells how it went.

use std::fs;

use crate::place::{MAILS, PASSWORD, Place, Ran, World};

#[test]
fn a_script_is_answered_with_the_servers_lines_and_messages_come_as_they_are() {
    let (world, place) = (World::new(), Place::new("lines"));
    let [first, second, third] = MAILS;
    let total: usize = MAILS.iter().map(|mail| mail.len()).sum();
    let ran =
        place.script(&world.url(), "# a remark\n\nSTAT\nlist 2\nRetr 2\nraw 3\ntop 1 0\nnoop\nquit\nstat\n");
    let header = first.split_once("\r\n\r\n").unwrap().0;
    let expected = [
        format!("+OK 3 {total}\n+OK 2 {}\n", second.len()),
        format!("+OK {} octets\n{second}{third}", second.len()),
        format!("+OK {} octets\n{header}\r\n\r\n", header.len() + 4),
        "+OK\n+OK\n".into(),
    ];
    assert_eq!((ran.out.as_str(), ran.err.as_str(), ran.code), (expected.concat().as_str(), "", 0));
}

#[test]
fn lists_are_printed_without_the_line_of_one_dot() {
    let (world, place) = (World::new(), Place::new("lists"));
    let ran = place.script(&world.url(), "list\nuidl\n");
    let lines: Vec<_> = ran.out.lines().collect();
    assert_eq!((lines.len(), ran.code), (8, 0), "{ran:?}");
    assert_eq!(lines[2], format!("2 {}", MAILS[1].len()));
    assert!(lines[4].starts_with("+OK") && lines[5].starts_with("1 ") && !lines.contains(&"."), "{ran:?}");
}

#[test]
fn quit_deletes_and_the_end_of_the_input_does_not() {
    let (world, place) = (World::new(), Place::new("quit"));
    let ran = place.script(&world.url(), "dele 1\ndele 2\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("2 marked messages not deleted"), "{ran:?}");
    assert!(place.script(&world.url(), "stat\n").out.starts_with("+OK 3 "));

    let ran = place.script(&world.url(), "dele 1\nrset\ndele 2\nquit\n");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(place.script(&world.url(), "stat\n").out.starts_with("+OK 2 "));
}

#[test]
fn the_first_thing_that_goes_wrong_is_the_exit_code() {
    let (world, place) = (World::new(), Place::new("codes"));
    for (script, code, out) in [
        ("retr 9\nstat\n", 69, "-ERR "),
        ("frob\nretr 9\n", 64, "-ERR "),
        ("raw\n", 64, ""),
        ("stls\n", 64, ""),
        ("auth plain\n", 64, ""),
        ("list x\nquit\n", 69, "-ERR "),
    ] {
        let ran = place.script(&world.url(), script);
        assert_eq!(ran.code, code, "{script:?}: {ran:?}");
        assert!(ran.out.starts_with(out), "{script:?}: {ran:?}");
    }
}

#[test]
fn quit_without_a_confirmation_is_told() {
    for (fault, code) in [
        ("pop3-quit=drop", 75),
        ("pop3-quit=-ERR some deleted messages not removed", 69),
        ("pop3-quit=garbage", 76),
    ] {
        let (world, place) = (World::failing(&[fault]), Place::new("unconfirmed"));
        let ran = place.script(&world.url(), "dele 1\nquit\n");
        assert_eq!(ran.code, code, "{fault}: {ran:?}");
    }
}

#[test]
fn user_and_pass_can_be_typed_and_the_password_is_seen_nowhere() {
    let (world, place) = (World::new(), Place::new("typed"));
    let url = world.url();
    let command = || place.command(&["--no-login", "--trace=full", "--server", &url]);
    let ran = Ran::of(command(), &format!("user wang\npass {PASSWORD}\nstat\nquit\n"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("C: PASS {13 secret octets}"), "{ran:?}");
    assert!(!format!("{ran:?}").contains(PASSWORD), "{ran:?}");

    let ran = Ran::of(command(), "user wang\npass wrong-5f1c\nstat\n");
    assert_eq!(ran.code, 77, "{ran:?}");
    assert!(!format!("{ran:?}").contains("wrong-5f1c"), "{ran:?}");
}

#[test]
fn a_wrong_password_is_told_with_what_to_do() {
    let (world, place) = (World::new(), Place::new("wrong"));
    let mut command = place.command(&["--server", &world.url()]);
    command.env("HONGYAN_PASSWORD", "wrong-5f1c");
    let ran = Ran::of(command, "stat\n");
    assert_eq!((ran.code, ran.out.as_str()), (77, ""), "{ran:?}");
    assert!(ran.err.starts_with("recv: no session, at AUTH (pop3://127.0.0.1:"), "{ran:?}");
    assert!(ran.err.contains("next: ") && !ran.err.contains("wrong-5f1c"), "{ran:?}");
}

#[test]
fn saved_messages_are_whole_or_not_there() {
    let (world, place) = (World::failing(&["pop3-content:2c=drop 5"]), Place::new("saved"));
    let ran = place.script(&world.url(), "save 2 two.eml\n");
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    assert_eq!(fs::read_to_string(place.path("two.eml")).unwrap(), MAILS[1]);

    let ran = place.script(&world.url(), "save 1 one.eml\nsave 3 three.eml\n");
    assert_eq!(ran.code, 75, "the connection was cut: {ran:?}");
    assert!(place.path("one.eml").exists() && !place.path("three.eml").exists());

    fs::write(place.path("mine"), "mine").unwrap();
    let ran = place.script(&world.url(), "save 1 mine\n");
    assert_eq!(ran.code, 74, "{ran:?}");
    assert_eq!(fs::read_to_string(place.path("mine")).unwrap(), "mine");
}

#[test]
fn without_a_server_the_lines_to_write_are_shown() {
    let place = Place::new("nowhere");
    let ran = Ran::of(place.command(&[]), "");
    assert_eq!(ran.code, 78, "{ran:?}");
    assert!(ran.err.contains("[account.default]") && ran.err.contains("pop3 = "), "{ran:?}");
    let ran = Ran::of(place.command(&["--server", "imaps://x@127.0.0.1"]), "");
    assert_eq!(ran.code, 64, "{ran:?}");
}

#[test]
fn what_is_no_pop3_server_is_named() {
    let place = Place::new("smtp");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        use std::io::Write as _;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mx.example ESMTP\r\n").unwrap();
        std::thread::sleep(std::time::Duration::from_secs(1));
    });
    let ran = place.script(&format!("pop3://wang@127.0.0.1:{port}"), "stat\n");
    assert_eq!(ran.code, 76, "{ran:?}");
    assert!(ran.err.contains("what answers there is an SMTP server"), "{ran:?}");
}
