//! `hongyan fetch` from Dovecot: what is fetched is what Dovecot has, octet for octet, whatever happens there between
//! two fetches, over every way it offers.

use crate::peers;
use crate::process::{Running, eventually};
use crate::program::{argument, hongyan, said};
use crate::servers::{Digests, Mailboxes, USER, files};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const SMALL: usize = 5000;
const LARGE: usize = 500;
/// Octets of a large one.
const LARGE_SIZE: usize = 200_000;

/// A mail of about so many octets that no other number has, with lines that a transport could spoil.
fn mail(number: usize, size: usize) -> Vec<u8> {
    let mut mail = format!(
        "From: shop@example.org\nTo: user@example.net\nSubject: =?utf-8?B?6bi/6ZuB?= {number}\n\
         Message-ID: <{number}@example.org>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
         Content-Transfer-Encoding: 8bit\n\n.\n..\n.dot\nFrom the beginning of a line\n工资条 {number}\n"
    );
    for line in 0.. {
        if mail.len() >= size {
            return mail.into_bytes();
        }
        mail.push_str(&format!("{number:010}{line:010} of 鸿雁, which carries mail in its bill\n"));
    }
    unreachable!("a mail ends")
}

fn small(numbers: std::ops::Range<usize>) -> impl Iterator<Item = Vec<u8>> {
    numbers.map(|number| mail(number, 300 + number % 3000))
}

/// Fetches, which must succeed; what the program says of each folder.
#[track_caller]
fn fetch(server: &str, to: &Path, more: &[&str]) -> Vec<Value> {
    let output = hongyan(&[&["fetch", "--json", "--server", server, "--to", argument(to)], more].concat());
    assert!(output.status.success(), "{}", said(&output));
    let mut told: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let Value::Array(folders) = told["folders"].take() else { panic!("{}", said(&output)) };
    folders
}

/// Fetches one folder, and holds what the program says against these counts.
#[track_caller]
fn assert_fetch(server: &str, to: &Path, more: &[&str], counts: &[(&str, usize)]) {
    let folders = fetch(server, to, more);
    let [folder] = &folders[..] else { panic!("{folders:?}") };
    for (name, count) in counts {
        assert_eq!(folder[name], *count, "{name}: {folder}");
    }
}

#[test]
fn by_pop3_everything_once_whatever_happens_on_the_server() {
    let Some(_peers) = peers() else { return };
    life_of_a_mailbox(|server| format!("pop3://{USER}@127.0.0.1:{}", server.pop3));
}

#[test]
fn by_imap_everything_once_whatever_happens_on_the_server() {
    let Some(_peers) = peers() else { return };
    life_of_a_mailbox(|server| format!("imap://{USER}@127.0.0.1:{}", server.imap));
}

fn life_of_a_mailbox(url: impl Fn(&Mailboxes) -> String) {
    let server = Mailboxes::start();
    let (url, to) = (url(&server), server.place.join("fetched"));
    let imap = url.starts_with("imap");
    let clear = ["--tls", "none"];
    let large = (SMALL..SMALL + LARGE).map(|number| mail(number, LARGE_SIZE));
    let mut all = server.deliver("", small(0..SMALL).chain(large));
    let here = |all: &[Vec<u8>]| {
        assert_eq!(Digests::of(&to), all.iter().cloned().collect(), "what was delivered, and no more");
        assert_eq!(fs::read_dir(to.join("tmp")).expect("a Maildir").count(), 0);
    };
    assert_fetch(&url, &to, &clear, &[("there", 5500), ("fetched", 5500), ("skipped", 0)]);
    assert_eq!(Digests::of(&to), server.there(""));
    here(&all);
    assert_fetch(&url, &to, &clear, &[("fetched", 0), ("skipped", 5500), ("recognised", 0)]);

    // Three are thrown away there, two come, and three get flags, one of which loses it again.
    for file in files(&server.folder("")).iter().skip(100).step_by(2000) {
        fs::remove_file(file).expect("Dovecot's file");
    }
    all.extend(server.deliver("", small(5500..5502)));
    server.command("STORE 1:2 +FLAGS (\\Flagged)");
    server.command("STORE 3 +FLAGS (\\Answered)");
    let flags = |count: usize| ("flags_changed", if imap { count } else { 0 });
    assert_fetch(&url, &to, &clear, &[("there", 5499), ("fetched", 2), ("skipped", 5497), flags(3)]);
    server.command("STORE 2 -FLAGS (\\Flagged)");
    assert_fetch(&url, &to, &clear, &[("fetched", 0), ("skipped", 5499), flags(1)]);
    here(&all);
    if imap {
        assert_eq!(flagged(&to), flagged(&server.folder("")));
    }

    // Every message gets another number while one more comes.
    server.renumber();
    all.extend(server.deliver("", small(5502..5503)));
    assert_fetch(&url, &to, &clear, &[("there", 5500), ("fetched", 1), ("recognised", 5499)]);
    assert_fetch(&url, &to, &clear, &[("fetched", 0), ("skipped", 5500), ("recognised", 0)]);
    here(&all);

    all.extend(server.deliver("", small(5503..5504)));
    assert_fetch(&url, &to, &[&clear[..], &["--delete"]].concat(), &[("fetched", 1), ("deleted", 5501)]);
    assert_eq!(server.there("").len(), 0);
    here(&all);
}

/// Whose file says F or R, and what it is on the wire.
fn flagged(folder: &Path) -> Vec<(String, u64)> {
    let flags = |file: &PathBuf| {
        let name = file.file_name().expect("a file").to_string_lossy().into_owned();
        let flags: String = name.split_once(":2,")?.1.chars().filter(|c| "FR".contains(*c)).collect();
        let text = fs::read_to_string(file).expect("a message");
        let id =
            text.lines().find_map(|line| line.strip_prefix("Message-ID: <")?.split('@').next()?.parse().ok());
        (!flags.is_empty()).then_some((flags, id.expect("a number")))
    };
    let mut flagged: Vec<_> = files(folder).iter().filter_map(flags).collect();
    flagged.sort();
    flagged
}

#[test]
fn after_starttls_and_under_tls_the_server_is_emptied_and_the_maildir_complete() {
    let Some(_peers) = peers() else { return };
    let server = Mailboxes::start();
    let (ca, to) = (server.ca(), server.place.join("fetched"));
    let trusting = ["--delete", "--tls", "required", "--ca", argument(&ca)];
    let mut all = Vec::new();
    for (turn, (protocol, port)) in
        [("pop3", server.pop3), ("pop3s", server.pop3s), ("imap", server.imap), ("imaps", server.imaps)]
            .into_iter()
            .enumerate()
    {
        let url = format!("{protocol}://{USER}@localhost:{port}");
        let delivered = server.deliver("", small(turn * 20..turn * 20 + 20));
        // Nothing is asked of a server whose certificate nobody vouches for.
        let doubted =
            hongyan(&["fetch", "--delete", "--tls", "required", "--server", &url, "--to", argument(&to)]);
        assert_eq!(doubted.status.code(), Some(77), "{}", said(&doubted));
        assert_eq!((server.there("").len(), Digests::of(&to).len()), (20, all.len()), "{protocol}");
        all.extend(delivered);
        assert_fetch(&url, &to, &trusting, &[("fetched", 20), ("deleted", 20)]);
        assert_eq!(server.there("").len(), 0, "{protocol}");
        assert_eq!(Digests::of(&to), all.iter().cloned().collect(), "{protocol}");
    }
    for login in ["pop3-login: Info: Login: ", "imap-login: Info: Login: "] {
        let log = server.log();
        let logins: Vec<&str> = log.lines().filter(|line| line.contains(login)).collect();
        assert!(logins.len() == 2 && logins.iter().all(|line| line.contains(", TLS, ")), "{logins:?}");
    }
}

#[test]
fn all_folders_with_names_in_chinese_and_a_folder_that_is_none() {
    let Some(_peers) = peers() else { return };
    /// Dovecot's directory, the name for people, the directory in our Maildir.
    const FOLDERS: [(&str, &str, &str); 4] = [
        ("", "INBOX", ""),
        (".&XfJT0ZAB-", "已发送", ".已发送"),
        // Nobody made 工作 itself.
        (".&XeVPXA-.&TgBnCA-", "工作.一月", ".工作.一月"),
        (".R&-D", "R&D", ".R&D"),
    ];
    let server = Mailboxes::start();
    let url = format!("imap://{USER}@127.0.0.1:{}", server.imap);
    for (turn, (directory, ..)) in FOLDERS.iter().enumerate() {
        server.make_folder(directory);
        server.deliver(directory, small(turn * 10..turn * 10 + 10));
    }
    let to = server.place.join("all");
    let folders = fetch(&url, &to, &["--tls", "none", "--all-folders"]);
    assert_eq!(folders.len(), FOLDERS.len(), "{folders:?}");
    for (there, name, here) in FOLDERS {
        let told = folders.iter().find(|folder| folder["name"] == name).expect("each folder is named");
        assert_eq!(told["fetched"], 10, "{told}");
        assert_eq!(Digests::of(&to.join(here)), server.there(there), "{name}");
    }
    let sent = server.place.join("sent");
    assert_fetch(&url, &sent, &["--tls", "none", "--folder", "已发送"], &[("fetched", 10)]);
    assert_eq!(Digests::of(&sent.join(".已发送")), server.there(".&XfJT0ZAB-"));
    let missing =
        hongyan(&["fetch", "--tls", "none", "--server", &url, "--to", argument(&sent), "--folder", "已发"]);
    assert!(!missing.status.success() && said(&missing).contains("已发送"), "{}", said(&missing));
    let again =
        hongyan(&["fetch", "--tls", "none", "--server", &url, "--to", argument(&to), "--all-folders"]);
    let told = format!("4 folders of imap://127.0.0.1:{}: nothing new, 40 here already\n", server.imap);
    assert_eq!(String::from_utf8_lossy(&again.stdout), told);
}

#[test]
fn who_watches_has_new_mail_within_seconds_and_ends_well_at_ctrl_c() {
    let Some(_peers) = peers() else { return };
    // Of the folders INBOX is the one that is told of, though it is not the last.
    const IMAP: &[&str] = &["--watch", "--folder", "INBOX", "--folder", "已发送"];
    for (protocol, watch, news, patience, line) in [
        ("imap", IMAP, 3, 5, "INBOX: 1 message fetched into"),
        ("pop3", &["--watch=5"], 1, 12, "1 message fetched from"),
        ("pop3", &["--watch=60"], 0, 0, "1 message fetched from"),
    ] {
        let server = Mailboxes::start();
        let port = if protocol == "imap" { server.imap } else { server.pop3 };
        let to = server.place.join("fetched");
        server.make_folder(".&XfJT0ZAB-");
        server.deliver("", small(0..3));
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.args(["fetch", "--tls", "none", "--to", argument(&to)]).args(watch);
        command.args(["--server", &format!("{protocol}://{USER}@127.0.0.1:{port}")]);
        command.env("HONGYAN_CONFIG", "/dev/null").env("HONGYAN_PASSWORD", crate::servers::PASSWORD);
        let mut watcher = Running::start(&command, server.place.join("watch.log"), &[]);
        // Told at once, not after the wait.
        let told = |line: &str| watcher.output().matches(line).count();
        assert!(eventually(|| told("3 messages fetched") > 0), "{protocol}: {}", watcher.output());
        for turn in 3..3 + news {
            let since = Instant::now();
            server.deliver("", small(turn..turn + 1));
            assert!(eventually(|| files(&to).len() == turn + 1), "{protocol}: {}", watcher.output());
            assert!(since.elapsed() < Duration::from_secs(patience), "{protocol}: {:?}", since.elapsed());
        }
        assert_eq!(Digests::of(&to), server.there(""), "{protocol}");
        assert!(eventually(|| told(line) == news), "{protocol}: {}", watcher.output());
        assert_eq!(watcher.interrupt().code(), Some(0), "{protocol}: {}", watcher.output());
    }
}
