//! Real mail by SMTP into the sandbox and out again by POP3 and IMAP: what comes out is what went in.
//!
//! SMTP and POP3 carry lines that end with CRLF, so each mail is sent with those; from there on not an octet changes.
//! A mail without an end to its last line gets one, as SMTP has no other way to say it.

use std::path::{Path, PathBuf};

use hongyan_sandbox::accounts::INBOX;
use hongyan_sandbox::{Config, Keep, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, Folder, start};

/// The mails of the folder that HONGYAN_CORPUS names; `None`, and a line that says so, where there is none.
fn corpus() -> Option<Vec<PathBuf>> {
    let Some(folder) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: real mail through the sandbox (HONGYAN_CORPUS names none)");
        return None;
    };
    let mut found = Vec::new();
    gather(Path::new(&folder), &mut found);
    found.sort();
    assert!(!found.is_empty(), "HONGYAN_CORPUS holds no .eml");
    Some(found)
}

fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

/// With CRLF at the end of every line, the last one included.
fn as_lines(mail: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(mail.len() + mail.len() / 20);
    let mut rest = mail;
    while !rest.is_empty() {
        let end = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')).unwrap_or(rest.len());
        lines.extend_from_slice(&rest[..end]);
        lines.extend_from_slice(b"\r\n");
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
    }
    lines
}

fn stuffed(lines: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(lines.len() + 100);
    for line in lines.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}

#[tokio::test]
async fn real_mail_comes_out_as_it_went_in() {
    let Some(corpus) = corpus() else { return };
    let folder = Folder::new("corpus");
    let users = vec![User::new("ann", "secret")];
    let sandbox = start(Config { users, keep: Keep::Folder(folder.0.clone()), ..Config::default() }).await;
    let mut mails = Vec::new();
    let mut smtp = Client::hello(&sandbox).await;
    for path in &corpus {
        let lines = as_lines(&std::fs::read(path).expect("a readable mail"));
        assert!(smtp.say("MAIL FROM:<a@x.example> BODY=8BITMIME").await.starts_with("250"));
        assert!(smtp.say("RCPT TO:<ann@x.example>").await.starts_with("250"));
        assert!(smtp.say("DATA").await.starts_with("354"));
        smtp.write(&stuffed(&lines)).await;
        assert!(smtp.reply().await.starts_with("250"), "{}", path.display());
        mails.push(lines);
    }
    assert_eq!(sandbox.store().accounts().mails("ann", INBOX).expect("there").len(), mails.len());

    // All of it at once, as a client that pipelines does.
    let commands: String = (1..=mails.len()).map(|number| format!("RETR {number}\r\n")).collect();
    let said = whole(sandbox.pop3(), format!("USER ann\r\nPASS secret\r\n{commands}QUIT\r\n")).await;
    let mut rest = after_lines(&said, 3);
    for (mail, path) in mails.iter().zip(&corpus) {
        let begin = format!("+OK {} octets\r\n", mail.len());
        rest = rest.strip_prefix(begin.as_bytes()).unwrap_or_else(|| panic!("POP3: {}", path.display()));
        rest = rest.strip_prefix(&*stuffed(mail)).unwrap_or_else(|| panic!("POP3: {}", path.display()));
    }
    assert!(rest.starts_with(b"+OK"));

    let script = "a LOGIN ann secret\r\nb SELECT INBOX\r\nc FETCH 1:* (BODY.PEEK[])\r\nd LOGOUT\r\n";
    let said = whole(sandbox.imap(), script.into()).await;
    let begin = said.windows(10).position(|window| window == b"* 1 FETCH ").expect("the first mail");
    let mut rest = &said[begin..];
    for (number, (mail, path)) in (1..).zip(mails.iter().zip(&corpus)) {
        let begin = format!("* {number} FETCH (BODY[] {{{}}}\r\n", mail.len());
        rest = rest.strip_prefix(begin.as_bytes()).unwrap_or_else(|| panic!("IMAP: {}", path.display()));
        rest = rest.strip_prefix(&mail[..]).unwrap_or_else(|| panic!("IMAP: {}", path.display()));
        rest = rest.strip_prefix(b")\r\n").unwrap_or_else(|| panic!("IMAP: {}", path.display()));
    }
    assert!(rest.starts_with(b"c OK"));

    // And its inside, whatever it is made of: an answer for each mail, in time.
    let script =
        "a LOGIN ann secret\r\nb SELECT INBOX\r\nc FETCH 1:* (ENVELOPE BODYSTRUCTURE)\r\nd LOGOUT\r\n";
    let said = whole(sandbox.imap(), script.into()).await;
    let answers = said.windows(17).filter(|window| window.ends_with(b"FETCH (ENVELOPE (")).count();
    assert_eq!(answers, mails.len());
    assert!(said.windows(7).any(|window| window == b"\r\nc OK "));
}

/// Says all of it, and hears all there is, to the end.
async fn whole(at: Option<std::net::SocketAddr>, said: String) -> Vec<u8> {
    let stream = tokio::net::TcpStream::connect(at.expect("a port")).await.expect("the sandbox listens");
    let (mut reading, mut writing) = stream.into_split();
    let mut heard = Vec::new();
    let (wrote, read) = tokio::join!(writing.write_all(said.as_bytes()), reading.read_to_end(&mut heard));
    wrote.expect("it takes it");
    read.expect("it ends in good order");
    heard
}

fn after_lines(text: &[u8], lines: usize) -> &[u8] {
    let end =
        text.iter().enumerate().filter(|(_, octet)| **octet == b'\n').nth(lines - 1).map(|(at, _)| at + 1);
    &text[end.expect("so many lines")..]
}
