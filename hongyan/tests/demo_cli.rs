//! `hongyan demo`: the one command that a stranger runs first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn demo(place: &Path, language: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
    command.current_dir(place).env("LC_ALL", language).arg("demo").args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_mail_goes_all_the_way_and_everything_is_shown() {
    let place = place("all");
    let began = Instant::now();
    let output = demo(&place, "C", &[]);
    let shown = text(&output.stdout);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""), "{shown}");
    assert!(began.elapsed() < Duration::from_secs(30));
    // In this order.
    let mut rest = shown;
    for what in [
        "A mail is composed",
        "S: 220 ",
        "C: STARTTLS",
        "-- TLSv1.3",
        "C: AUTH SCRAM-SHA-256 {",
        "C: MAIL FROM:<hongyan@example.org>",
        "C: {content: ",
        "Sent to wang.wei@example.org",
        "Subject     本月工资条",
        "├─ 1.1 multipart/alternative, 2 parts",
        "image/png, base64, 3.4 KiB, inline “geese.png”",
        "audio/",
        "application/pdf, base64, 2.4 KiB, attachment “工资条.pdf”",
        "Byte for byte what was sent.",
        "demo/00000001.eml",
        "demo/ca.pem",
    ] {
        let at = rest.find(what).unwrap_or_else(|| panic!("{what:?} is missing, or too early, in:\n{shown}"));
        rest = &rest[at + what.len()..];
    }
    let envelope = fs::read_to_string(place.join("demo/00000001.json")).unwrap();
    assert!(envelope.contains("\"ESMTPSA\"") && envelope.contains("TLSv1.3"), "{envelope}");
}

#[test]
fn what_it_says_to_try_next_works() {
    let place = place("next");
    assert!(demo(&place, "zh_CN.UTF-8", &["--dir", "here"]).status.success());
    let hongyan = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.current_dir(&place).env("LC_ALL", "C").args(arguments).output().unwrap()
    };
    let source = hongyan(&["inspect", "--source", "--brief", "here/00000001.eml"]);
    assert!(text(&source.stdout).contains("more lines of base64"));
    let extracted = hongyan(&["extract", "here/00000001.eml", "-d", "here/files"]);
    assert_eq!(extracted.status.code(), Some(0), "{}", text(&extracted.stderr));
    let showcase = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/showcase");
    for name in ["geese.png", "chime.wav", "工资条.pdf"] {
        let (sent, got) = (fs::read(showcase.join(name)), fs::read(place.join("here/files").join(name)));
        assert_eq!(sent.unwrap(), got.unwrap(), "{name}");
    }
}

#[test]
fn a_second_run_keeps_the_first_mail_and_a_place_that_is_no_folder_is_named() {
    let place = place("again");
    assert!(demo(&place, "C", &[]).status.success());
    let first = fs::read(place.join("demo/00000001.eml")).unwrap();
    let second = demo(&place, "C", &[]);
    assert!(text(&second.stdout).contains("demo/00000002.eml"));
    assert_eq!(fs::read(place.join("demo/00000001.eml")).unwrap(), first);
    fs::write(place.join("file"), "").unwrap();
    let refused = demo(&place, "C", &["--dir", "file"]);
    assert_eq!(refused.status.code(), Some(73));
    assert!(text(&refused.stderr).contains("file"), "{}", text(&refused.stderr));
}
