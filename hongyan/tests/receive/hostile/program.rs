//! The program itself against such servers: how it ends, how soon, what it says, and how much memory it takes.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::script::{Instead, Say, Scripted, text};
use super::{Yard, tells_password};
use crate::place::{By, PASSWORD};

/// The most memory that a fetch may have had, whatever the server says, in KiB: 64 MiB, in a build without
/// optimisation.
const MEMORY: u64 = 64 * 1024;
/// When it has to be over, the start of the program and a busy machine included.
const SOON: Duration = Duration::from_secs(4);

/// A run that has ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    said: String,
    took: Duration,
    /// The most memory that was seen, in KiB.
    memory: u64,
}

/// Runs the program; its outputs go to files, so that it waits for nobody.
fn run(folder: &Path, arguments: &[String], typed: &str) -> Ran {
    let file = |name: &str| std::fs::File::create(folder.join(name)).unwrap();
    std::fs::write(folder.join("typed"), typed).unwrap();
    let before = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_hongyan"))
        .args(arguments)
        .env("HONGYAN_CONFIG", "/dev/null")
        .env("HONGYAN_PASSWORD", PASSWORD)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::from(std::fs::File::open(folder.join("typed")).unwrap()))
        .stdout(file("out"))
        .stderr(file("err"))
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    while before.elapsed() < 5 * SOON && child.try_wait().unwrap().is_none() {
        memory = memory.max(peak(&status));
        std::thread::sleep(Duration::from_millis(2));
    }
    // One that has ended by itself is not killed any more, and one that was killed has no exit code.
    let _ = child.kill();
    let code = child.wait().unwrap().code();
    let read = |name: &str| String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).into_owned();
    let said = read("out") + &read("err");
    for name in ["out", "err", "typed"] {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    Ran { code, said, took: before.elapsed(), memory }
}

/// The most memory that a process has had, in KiB; 0 where that is not told.
fn peak(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// `hongyan fetch --delete` from such a server.
async fn fetch(by: By, instead: Instead, more: &[&str]) -> (Ran, Yard) {
    let (server, scheme) = match by {
        By::Imap => (Scripted::imap(instead).await, "imap"),
        By::Pop3 => (Scripted::pop3(instead).await, "pop3"),
    };
    let yard = Yard::new();
    let url = format!("{scheme}://wang@127.0.0.1:{}", server.port);
    let to = yard.maildir().display().to_string();
    let mut arguments: Vec<String> =
        ["fetch", "--server", &url, "--timeout", "1", "--to", &to].map(str::to_owned).to_vec();
    arguments.extend(more.iter().map(|&argument| argument.to_owned()));
    let folder = yard.folder.clone();
    let ran = tokio::task::spawn_blocking(move || run(&folder, &arguments, "")).await.unwrap();
    yard.assert_tidy();
    (ran, yard)
}

fn assert_bounded(ran: &Ran, about: &str) {
    assert!(ran.took < SOON, "{about}: {ran:?}");
    assert!(ran.memory < MEMORY, "{about}: {} KiB", ran.memory);
    assert!(!tells_password(ran.said.as_bytes()), "{about}: {ran:?}");
    assert!(!ran.said.contains('\u{1b}') && !ran.said.contains("panicked"), "{about}: {ran:?}");
    assert!(ran.said.len() < 20_000, "{about}: {} octets are said", ran.said.len());
}

/// What has no end, in every place where a server can say it.
#[tokio::test]
async fn what_has_no_end_takes_neither_the_memory_nor_the_day() {
    let gigabyte = || vec![Say::Times(b"x".to_vec(), 1 << 30)];
    let content = vec![
        Say::Text(b"* 1 FETCH (UID 1 BODY[] {4294967295}\r\n".to_vec()),
        Say::Times(vec![b'x'; 1 << 16], 1600),
        Say::Close,
    ];
    let retr =
        vec![Say::Text(b"+OK\r\n".to_vec()), Say::Times(b"a line\r\n".to_vec(), 10_000_000), Say::Close];
    let name = "n".repeat(60_000);
    let names = vec![Say::Times(format!("* LIST () NIL {name}\r\n").into_bytes(), 10_000)];
    for (by, place, said) in [
        (By::Imap, "hello", gigabyte()),
        (By::Imap, "LOGIN", gigabyte()),
        (By::Imap, "SELECT", gigabyte()),
        (By::Imap, "WHOLE", gigabyte()),
        (
            By::Imap,
            "ABOUT",
            vec![Say::Times(b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\r\n".to_vec(), 1_000_000)],
        ),
        (By::Imap, "SELECT", vec![Say::Each("* # FETCH (UID # FLAGS (a b c))\r\n", 1_000_000)]),
        (By::Imap, "SELECT", vec![Say::Times(b"* OK [ALERT] hm\r\n".to_vec(), 1_000_000)]),
        (By::Imap, "WHOLE", content),
        (By::Imap, "WHOLE", text("* 1 FETCH (UID 1 BODY[] {-1}\r\n)\r\n$ OK\r\n")),
        (By::Imap, "LIST", names),
        (By::Imap, "LIST", vec![Say::Each("* LIST () NIL f#\r\n", 1_000_000)]),
        (By::Pop3, "hello", gigabyte()),
        (By::Pop3, "PASS", gigabyte()),
        (By::Pop3, "LIST", gigabyte()),
        (By::Pop3, "RETR", retr),
        (By::Pop3, "QUIT", gigabyte()),
    ] {
        let more: &[&str] =
            if place == "LIST" && by == By::Imap { &["--all-folders"] } else { &["--delete"] };
        let about = format!("{by:?} {place}");
        let (ran, yard) = fetch(by, Instead::of(place, said), more).await;
        eprintln!("{about}: {} KiB, {:?}, exit {:?}", ran.memory, ran.took, ran.code);
        assert_bounded(&ran, &about);
        assert!(matches!(ran.code, Some(69 | 75 | 76)), "{about}: {ran:?}");
        assert_eq!(yard.here().len(), if place == "QUIT" { 2 } else { 0 }, "{about}");
    }
}

/// A listing as long as one may be is not small, and is read within bounds all the same.
#[tokio::test]
async fn ten_million_lines_of_a_listing_are_an_error() {
    for (place, line) in [("LIST", "# 9\r\n"), ("UIDL", "# 0123456789012345678901234567890123456789-#\r\n")] {
        let said = vec![Say::Text(b"+OK\r\n".to_vec()), Say::Each(line, 10_000_000)];
        let (ran, yard) = fetch(By::Pop3, Instead::of(place, said), &["--delete"]).await;
        eprintln!("{place}: {} KiB, {:?}, exit {:?}", ran.memory, ran.took, ran.code);
        assert_eq!(ran.code, Some(76), "{ran:?}");
        assert!(ran.said.contains("more than 1000000 lines"), "{ran:?}");
        assert!(ran.memory < 3 * MEMORY, "{place}: {} KiB", ran.memory);
        assert_eq!(yard.here().len(), 0);
    }
}

/// As many messages as are read at all, each with an id, and none of them is given.
#[tokio::test]
async fn a_million_messages_that_are_not_there_are_an_error() {
    let list =
        |line| vec![Say::Text(b"+OK\r\n".to_vec()), Say::Each(line, 1_000_000), Say::Text(b".\r\n".to_vec())];
    let pop3 = Instead::of("LIST", list("# 9\r\n"))
        .and("UIDL", list("# 01234567890123456789-#\r\n"))
        .and("CAPA", text("+OK\r\nUIDL\r\nPIPELINING\r\n.\r\n"))
        .and("RETR", text("-ERR no such message\r\n"));
    let about = vec![
        Say::Down("* # FETCH (UID #0 FLAGS () RFC822.SIZE 5)\r\n", 1_000_000),
        Say::Text(b"$ OK\r\n".to_vec()),
    ];
    let imap = Instead::of("SELECT", text("* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 1] .\r\n$ OK\r\n"))
        .and("ABOUT", about)
        .and("WHOLE", text("$ OK\r\n"));
    for (by, instead) in [(By::Pop3, pop3), (By::Imap, imap)] {
        let (ran, _) = fetch(by, instead, &["--delete"]).await;
        eprintln!("{by:?}: {} KiB, {:?}, exit {:?}", ran.memory, ran.took, ran.code);
        assert!(matches!(ran.code, Some(69 | 75)), "{ran:?}");
        assert!(ran.memory < 8 * MEMORY, "{by:?}: {} KiB", ran.memory);
    }
}

#[tokio::test]
async fn what_a_server_says_is_shown_without_control_characters() {
    let evil = "\u{1b}[2J\u{1b}]0;title\u{7}\u{8}evil";
    for (by, place, said) in [
        (By::Imap, "hello", format!("* BYE {evil}\r\n")),
        (By::Imap, "hello", format!("{evil}\r\n")),
        (By::Imap, "LOGIN", format!("$ NO {evil}\r\n")),
        (By::Imap, "SELECT", format!("* OK [ALERT] {evil}\r\n$ NO {evil}\r\n")),
        (By::Imap, "LIST", format!("* LIST () \"/\" \"{evil}\"\r\n$ OK\r\n")),
        (By::Imap, "WHOLE", format!("$ NO {evil}\r\n")),
        (By::Imap, "WHOLE", format!("* 1 FETCH (UID 1 {evil} BODY[ \r\n$ OK\r\n")),
        (By::Pop3, "hello", format!("-ERR {evil}\r\n")),
        (By::Pop3, "hello", format!("{evil}\r\n")),
        (By::Pop3, "PASS", format!("-ERR {evil}\r\n")),
        (By::Pop3, "RETR", format!("-ERR {evil}\r\n")),
        (By::Pop3, "QUIT", format!("-ERR {evil}\r\n")),
    ] {
        for more in [&["--delete"][..], &["--json"], &["--trace"], &["--folder", "Wanted"]] {
            if by == By::Pop3 && more[0] == "--folder" {
                continue;
            }
            let about = format!("{by:?} {place} {more:?}");
            let (ran, _) = fetch(by, Instead::of(place, text(&said)), more).await;
            assert_bounded(&ran, &about);
        }
    }
}

#[tokio::test]
async fn folders_with_any_name_are_fetched_into_the_maildir() {
    let list = "* LIST () \"/\" \"../../x\"\r\n* LIST () \"/\" \"/etc/passwd\"\r\n* LIST () \".\" \"..\"\r\n\
                * LIST () NIL \"beside\"\r\n* LIST () \"/\" {3}\r\na\x1bb\r\n$ OK\r\n";
    let (ran, yard) = fetch(By::Imap, Instead::of("LIST", text(list)), &["--all-folders"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_bounded(&ran, "five folders");
    let folders = std::fs::read_dir(yard.maildir()).unwrap();
    let names: Vec<_> = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with('.')).count(), 5, "{names:?}");
}

/// The interactive session reads the same replies.
#[tokio::test]
async fn recv_ends_as_well() {
    let gigabyte = || vec![Say::Times(b"x".to_vec(), 1 << 30)];
    for (place, said) in [
        ("hello", gigabyte()),
        ("STAT", gigabyte()),
        ("LIST", gigabyte()),
        ("RETR", vec![Say::Text(b"+OK\r\n".to_vec()), Say::Times(vec![b'x'; 1 << 16], 1600), Say::Close]),
        ("RETR", text("+OK\r\n\u{1b}[2J")),
        ("QUIT", vec![Say::Close]),
        ("STAT", text("+OK 1 1\r\n+OK 1 1\r\n")),
    ] {
        let server = Scripted::pop3(Instead::of(place, said)).await;
        let yard = Yard::new();
        let url = format!("pop3://wang@127.0.0.1:{}", server.port);
        let arguments = ["recv", "--server", &url, "--timeout", "1"].map(str::to_owned);
        let folder = yard.folder.clone();
        let typed = "STAT\nLIST\nRETR 1\nQUIT\n";
        let ran = tokio::task::spawn_blocking(move || run(&folder, &arguments, typed)).await.unwrap();
        eprintln!("recv {place}: {} KiB, {:?}, exit {:?}", ran.memory, ran.took, ran.code);
        assert!(ran.code.is_some_and(|code| code != 0), "{place}: {ran:?}");
        assert!(ran.took < SOON && ran.memory < MEMORY, "{place}: {} KiB", ran.memory);
        assert!(!tells_password(ran.said.as_bytes()) && !ran.said.contains("panicked"), "{place}");
    }
}
