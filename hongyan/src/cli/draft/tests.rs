//! Answers to anything: whatever bytes the original has, the answer's header is ours alone, and the draft is read
//! as it was written.

use std::io::Read;
use std::path::Path;

use clap::Parser;
use proptest::prelude::*;

use super::carried::Carried;
use super::letter::Letter;
use super::sheet::Sheet;
use super::thread::Thread;
use crate::cli::sent::Way;
use crate::cli::trouble::Trouble;
use crate::cli::{forward, reply};
use crate::mime::read::Message;

#[derive(Parser)]
struct Reply {
    #[command(flatten)]
    args: reply::Args,
}

#[derive(Parser)]
struct Forward {
    #[command(flatten)]
    args: forward::Args,
}

/// Fields that an answer may have; nothing of an original makes another one.
const OURS: [&str; 11] = [
    "Date",
    "From",
    "To",
    "Cc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// The answer to all who have `raw`, as it would be sent; or why there is none.
fn answer(raw: &[u8]) -> Result<Vec<u8>, Trouble> {
    let Reply { args } = Reply::parse_from(["reply", "-", "--all", "-f", "me@example.org", "-q"]);
    let message = Message::parse(raw);
    let sheet = args.sheet(&message, None)?;
    let letter = Letter { thread: Thread::answering(&message), ..letter("reply", sheet, args.output()) };
    sent(&letter)
}

/// `raw` passed on, its text and header.
fn passed_on(raw: &[u8]) -> Result<Vec<u8>, Trouble> {
    let line = ["forward", "-", "--to", "you@example.org", "-f", "me@example.org", "-q"];
    let Forward { args } = Forward::parse_from(line);
    let message = Message::parse(raw);
    let sheet = args.sheet(&message, &message.subject().unwrap_or_default(), None)?;
    sent(&letter("forward", sheet, args.output()))
}

fn letter<'a>(command: &'static str, sheet: Sheet, shown: &'a crate::cli::send::Output) -> Letter<'a> {
    Letter {
        command,
        sheet,
        thread: Thread::default(),
        carried: Carried::default(),
        words: None,
        kept: None,
        complete: true,
        again: String::new(),
        target: None,
        way: Way::Nowhere,
        shown,
    }
}

fn sent(letter: &Letter<'_>) -> Result<Vec<u8>, Trouble> {
    let text = letter.sheet.write();
    let read = Sheet::read(&text)?;
    assert_eq!(read, letter.sheet, "the draft says what is meant");
    let (mail, _) = letter.made(&text)?;
    let mut bytes = Vec::new();
    mail.plainly().expect("it was checked").read_to_end(&mut bytes).expect("it is in memory");
    Ok(bytes)
}

/// Nothing stands in the header but our fields, each on lines that end in CRLF.
fn holds(mail: &[u8]) {
    let text = String::from_utf8_lossy(mail);
    let (head, _) = text.split_once("\r\n\r\n").expect("a header and a body");
    for line in head.split("\r\n") {
        let name = line.split(':').next().unwrap_or_default();
        assert!(line.starts_with(' ') || OURS.contains(&name), "{line:?}");
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        assert!(line.len() <= 998, "{} octets", line.len());
    }
}

/// Octets that mean something in a header, and any others.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(&b"\r\n\0 \t<>@:;,\"\\()=?[]._%ABcc\xe4\xff"[..]);
    let words = prop::sample::select(vec![
        "\r\nBcc: e@x.example\r\n",
        "\r\n\r\n",
        "=?utf-8?Q?=0D=0ABcc=3A_e=40x.example?=",
        "=?utf-8?B?DQpCY2M6IGVAeC5leGFtcGxl?=",
        "<a@b.example>",
        "a@b.example, ",
        "\rBcc: e@x.example\r",
        "<mailto:l@x.example%0D%0ABcc:e@x.example>",
    ]);
    let piece = prop_oneof![
        special.prop_map(|byte| vec![byte]),
        any::<u8>().prop_map(|byte| vec![byte]),
        words.prop_map(|word| word.as_bytes().to_vec()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_original_gives_the_answer_a_field(
        values in prop::collection::vec((prop::sample::select(vec![
            "Subject", "From", "Reply-To", "To", "Cc", "Message-ID", "References", "In-Reply-To", "Date",
            "Mail-Followup-To", "Sender", "Return-Path", "List-Post", "Content-Type",
        ]), octets()), 0..8),
        body in octets(),
    ) {
        let mut raw = Vec::new();
        for (name, value) in values {
            raw.extend_from_slice(name.as_bytes());
            raw.extend_from_slice(b": ");
            raw.extend_from_slice(&value);
            raw.extend_from_slice(b"\r\n");
        }
        raw.extend_from_slice(b"\r\n");
        raw.extend_from_slice(&body);
        if let Ok(mail) = answer(&raw) {
            holds(&mail);
        }
        holds(&passed_on(&raw).expect("anything can be passed on"));
    }
}

#[test]
fn real_mails_are_answered_and_passed_on() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: HONGYAN_CORPUS names no folder with real mails");
        return;
    };
    let mut left = vec![corpus.into()];
    let (mut answered, mut nobody) = (0, Vec::new());
    while let Some(path) = left.pop() {
        let path: std::path::PathBuf = path;
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "eml") {
            let raw = std::fs::read(&path).unwrap();
            match answer(&raw) {
                Ok(mail) => {
                    holds(&mail);
                    answered += 1;
                }
                Err(trouble) => nobody.push((path.clone(), trouble)),
            }
            check_passed_on(&path, &raw);
        }
    }
    eprintln!("answered: {answered}; not: {}", nobody.len());
    for (path, trouble) in &nobody {
        eprintln!("  {}: {}", path.display(), trouble.parts(crate::cli::terminal::Language::English).1);
    }
    assert!(answered > 9 * nobody.len(), "most mails have somebody to answer to");
}

fn check_passed_on(path: &Path, raw: &[u8]) {
    match passed_on(raw) {
        Ok(mail) => holds(&mail),
        Err(trouble) => {
            let (_, what, _) = trouble.parts(crate::cli::terminal::Language::English);
            assert!(what.contains("too much for a draft"), "{}: {what}", path.display());
        }
    }
}
