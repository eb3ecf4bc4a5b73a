//! What cannot be sent is refused before anybody is spoken to: with the thing's name, what to do, and an exit
//! code that a script can use.

use hongyan::sandbox::Config;

use crate::place::{Place, World};

/// Arguments, the exit code, and what the first line says after `send: `.
type Case<'a> = (&'a [&'a str], i32, &'a str);

fn refused(place: &Place, cases: &[Case<'_>]) {
    for (arguments, code, said) in cases {
        let ran = place.send(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (*code, ""), "{arguments:?}\n{}", ran.err);
        let mut lines = ran.err.lines();
        assert_eq!(lines.next(), Some(format!("send: {said}").as_str()), "{arguments:?}");
        assert!(lines.next().is_some_and(|next| next.starts_with("  next: ")), "{arguments:?}\n{}", ran.err);
        assert!(!ran.err.contains(['\r', '\0', '\u{1b}']), "{arguments:?}");
    }
}

#[test]
fn files_that_are_none() {
    let world = World::start(Config::default());
    let place = Place::with("files", &world);
    place
        .write("m.txt", "x")
        .write("folder/in", "")
        .write("nul.txt", "a\0b")
        .write("no-header.eml", "hello\n");
    place
        .write("bcc.eml", "From: a@b\nTo: c@d\nBcc: e@f\n\nx")
        .write("a/same.png", "")
        .write("b/same.png", "");
    let fifo = place.path("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let to = "a@example.org";
    refused(
        &place,
        &[
            (&["-m", "none.txt", to], 66, "none.txt: there is no such file"),
            (&["-m", "folder", to], 66, "folder: is a folder"),
            (&["-m", "m.txt", "-a", "none.zip", to], 66, "none.zip: there is no such file"),
            (&["-m", "m.txt", "-a", "folder", to], 66, "folder: is a folder"),
            (&["-m", "m.txt", "-a", "fifo", to], 66, "fifo: is a pipe, whose length nobody knows"),
            (&["-m", "m.txt", "-a", "/dev/null", to], 66, "/dev/null: is a device, not a file"),
            (&["-m", "fifo", to], 66, "fifo: is a pipe, whose length nobody knows"),
            (&["--html", "none.html", to], 66, "none.html: there is no such file"),
            (&["--inline", "none.png", to], 66, "none.png: there is no such file"),
            (&["--forward", "none.eml", to], 66, "none.eml: there is no such file"),
            (&["--raw", "none.eml", to], 66, "none.eml: there is no such file"),
            (&["--raw", "folder", to], 66, "folder: is a folder"),
            (&["--raw", "no-header.eml", to], 65, "no-header.eml: does not begin with a mail header"),
            (
                &["--raw", "bcc.eml", to],
                65,
                "bcc.eml: has a Bcc field, and sent as it is would show it to everybody",
            ),
            (&["-m", "nul.txt", to], 65, "nul.txt: the text has NUL bytes in it"),
            (&["-m", "m.txt", "--charset", "klingon", to], 65, "m.txt: no charset is called \"klingon\""),
            (
                &["--inline", "a/same.png", "--inline", "b/same.png", to],
                65,
                "--inline: two files are called same.png",
            ),
            (
                &["-m", "m.txt", "-o", "none/x.eml", to],
                73,
                "none/x.eml: cannot be written: No such file or directory (os error 2)",
            ),
            (&["-m", "m.txt", "-o", "folder", to], 73, "folder: cannot be written: is a directory"),
            (
                &["-m", "m.txt", "--ca", "none.pem", to],
                66,
                "the certificates none.pem cannot be read: No such file or directory (os error 2)",
            ),
        ],
    );
    assert_eq!(world.count(), 0);
    assert!(!place.path("x.eml").exists());
}

#[test]
fn a_file_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new("denied").set("HONGYAN_SERVER", "smtp://127.0.0.1:1");
    place.write("m.txt", "x");
    std::fs::set_permissions(place.path("m.txt"), std::fs::Permissions::from_mode(0o0)).unwrap();
    if std::fs::read(place.path("m.txt")).is_ok() {
        eprintln!("SKIPPED: a file without permissions (this user may read everything)");
        return;
    }
    refused(&place, &[(&["-m", "m.txt", "a@example.org"], 66, "m.txt: may not be read")]);
}

#[test]
fn addresses_that_are_none_and_nobody_at_all() {
    let world = World::start(Config::default());
    let place = Place::with("addresses", &world);
    let bad =
        |option: &str, text: &str, why: &str| format!("{option}: {text:?} is not a mail address: {why}");
    let cases = [
        (vec![], "nobody is named to send it to".to_owned()),
        (vec!["a b@c"], bad("the recipient", "a b@c", "@ and a domain are missing (at character 2)")),
        (vec!["--to", ""], bad("--to", "", "an address is missing (at character 1)")),
        (
            vec!["--cc", "a@b", "--to", "<a@b"],
            bad("--to", "<a@b", "the address in <…> is not closed by > (at character 1)"),
        ),
        (vec!["-f", "nobody", "a@b"], bad("--from", "nobody", "@ and a domain are missing (at character 7)")),
    ];
    for (arguments, said) in &cases {
        refused(&place, &[(&[&["--text", "x"], &arguments[..]].concat(), 65, said)]);
    }
    for smuggled in [
        "\"a> ORCPT=x\"@example.org",
        "a@example.org> SIZE=1",
        "<a@example.org> NOTIFY=NEVER",
        "a@b\u{202e}c",
    ] {
        let ran = place.send(&["--text", "x", smuggled]);
        assert_eq!(ran.code, 65, "{smuggled}: {ran:?}");
        assert!(!ran.err.contains('\u{202e}'));
    }
    assert_eq!(world.count(), 0);
}

#[test]
fn a_line_break_in_an_option_never_becomes_another_line() {
    let world = World::start(Config::default());
    let place = Place::with("injection", &world);
    place.write("m.txt", "x").write("evil\nX-Injected: 1.txt", "x");
    let options = [
        "-s",
        "-f",
        "--sender",
        "--to",
        "--cc",
        "--bcc",
        "--reply-to",
        "-H",
        "--message-id",
        "--in-reply-to",
        "--references",
        "--keywords",
        "--envid",
        "--date",
        "--hold-until",
        "--charset",
        "--server",
        "--proxy",
    ];
    for option in options {
        for evil in [
            "x@y\r\nX-Injected: 1",
            "x@y\nX-Injected: 1",
            "X: y\rX-Injected: 1",
            "smtp://127.0.0.1:25\r\nX-Injected: 1",
        ] {
            let ran = place.send(&["-m", "m.txt", option, evil, "a@example.org"]);
            assert!(matches!(ran.code, 64 | 65), "{option} {evil:?}: {ran:?}");
            assert!(
                !ran.err.lines().any(|line| line.starts_with("X-Injected")),
                "{option} {evil:?}: {}",
                ran.err
            );
        }
    }
    refused(
        &place,
        &[
            (
                &["-m", "m.txt", "-s", "a\r\nBcc: x@y", "a@b.example"],
                65,
                "Subject has a carriage return (CR) in it",
            ),
            (&["-m", "m.txt", "-H", "X-A: b\nc", "a@b.example"], 65, "X-A has a line feed (LF) in it"),
            (&["-a", "evil\nX-Injected: 1.txt", "a@b.example"], 65, "file name has a line feed (LF) in it"),
            (
                &["-m", "m.txt", "-H", "Bcc: x@y", "a@b.example"],
                65,
                "the header field Bcc cannot be set by -H",
            ),
            (
                &["-m", "m.txt", "-H", "X Y: z", "a@b.example"],
                65,
                "\"X Y\" is not the name of a header field",
            ),
            (
                &["-m", "m.txt", "--message-id", "a b", "a@b.example"],
                65,
                "Message-ID: \"a b\" is not an identifier",
            ),
            (&["-m", "m.txt", "--date", "soon", "a@b.example"], 65, "--date: \"soon\" is not a time"),
            (
                &["-m", "m.txt", "--hold-until", "soon", "a@b.example"],
                65,
                "--hold-until: \"soon\" is not a time",
            ),
            (&["a@b.example"], 64, "there is nothing to send"),
            (&["-m", "-", "--html", "-", "a@b.example"], 64, "-m and --html cannot both be standard input"),
            (
                &["-m", "m.txt", "--dsn", "never,success", "a@b.example"],
                64,
                "--dsn: `never` excludes the others",
            ),
        ],
    );
    assert_eq!(world.count(), 0);
}

#[test]
fn wrong_usage_is_64_and_shows_the_way() {
    let place = Place::new("usage");
    for (arguments, said) in [
        (&["--nosuch"][..], "--nosuch"),
        (&["-m", "a", "--text", "b", "x@y"][..], "cannot be used with"),
        (&["--raw", "a", "-s", "b"][..], "cannot be used with"),
        (&["--priority", "12", "x@y"][..], "not in -9..=9"),
        (&["--tls", "maybe", "x@y"][..], "required, none"),
        (&["--server", "smtp://h", "--account", "a", "x@y"][..], "cannot be used with"),
    ] {
        let ran = place.send(arguments);
        assert_eq!(ran.code, 64, "{arguments:?}");
        assert!(ran.err.contains(said), "{arguments:?}: {}", ran.err);
    }
    let help = place.send(&["--help"]);
    assert_eq!(help.code, 0);
    assert!(help.out.contains("send -s 'Mail subject' -m message.txt -a attachment.zip example@example.org"));
}
