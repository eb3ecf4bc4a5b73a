//! Real servers' answers (`HONGYAN_CORPUS/protocol`, SMTP) put into every place of a conversation, split
//! at every octet and cut off at every octet: the client neither panics nor hangs, and every recipient
//! settles exactly once.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hongyan_proto::address::Address;
use hongyan_proto::framer::{Framer, Line};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::smtp::client::Tls;
use hongyan_proto::smtp::{Client, Config, Envelope, Event};
use hongyan_proto::{Input, Machine, Outbox, Step};

/// An uneventful conversation, reply by reply: the server's answer and whether it pipelines.
const USUAL: &[&str] = &[
    "220 x\r\n",
    "250-x\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
    "235 ok\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "250 ok\r\n",
    "354 go\r\n",
    "250 queued\r\n",
];

fn client(now: Instant) -> Client {
    let credentials = Credentials { user: "u".into(), proof: Proof::Password(Secret::new("p")) };
    let config =
        Config { tls: Tls::Never, plaintext_auth: true, credentials: Some(credentials), ..Config::default() };
    let mut client = Client::new(config, None, now);
    let to = ["b@x.example", "c@x.example"].map(|a| Address::parse(a).expect("an address").into());
    client.submit(Envelope { to: to.into(), size: 10, ..Envelope::default() });
    client.quit();
    client
}

/// Runs a conversation in which the server says `wire` and then goes away, in pieces of which the first is
/// `first` octets long; how often each recipient settled, and as what.
fn converse(wire: &[u8], first: usize) -> Vec<&'static str> {
    let now = Instant::now();
    let (mut client, mut out, mut framer) = (client(now), Outbox::new(), Framer::new());
    let mut pieces = [&wire[..first], &wire[first..]].into_iter().filter(|piece| !piece.is_empty());
    let (mut settled, mut drained) = (Vec::new(), false);
    for _ in 0..10_000 {
        match client.poll(now, &mut out) {
            Step::Read => match framer.line(client.line_limit()) {
                Line::Whole(line) => {
                    drained = false;
                    client.input(now, Input::Line(line));
                }
                Line::Overlong => client.input(now, Input::Overlong),
                Line::Partial if !drained => {
                    drained = true;
                    client.input(now, Input::Drained);
                }
                Line::Partial => match pieces.next() {
                    Some(piece) => {
                        for part in piece.chunks(1024) {
                            framer.spare()[..part.len()].copy_from_slice(part);
                            framer.filled(part.len());
                        }
                    }
                    None => client.input(now, Input::Gone { written: u64::MAX, error: None }),
                },
            },
            Step::Send(_) => client.input(now, Input::Sent { end: out.position() }),
            Step::Event(Event::Settled(_, delivery)) => {
                settled.extend(delivery.each.iter().map(|(_, verdict)| verdict.name()));
            }
            Step::Event(_) => {}
            Step::Closed => return settled,
            step => panic!("{step:?}"),
        }
        out.clear();
    }
    panic!("the client does not come to an end: {:?}", String::from_utf8_lossy(wire));
}

fn replies(answer: &[u8]) -> usize {
    answer.split(|&b| b == b'\n').filter(|line| line.get(3) == Some(&b' ')).count()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the corpus").filter_map(Result::ok) {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path if path.to_string_lossy().contains("Smtp") => found.push(path),
            _ => {}
        }
    }
}

#[test]
fn real_answers_anywhere_split_and_cut_settle_once() {
    assert_eq!(converse(USUAL.concat().as_bytes(), 5), ["accepted"; 2]);
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: real servers' answers: HONGYAN_CORPUS is not set");
        return;
    };
    let mut found = Vec::new();
    files(&Path::new(&corpus).join("protocol"), &mut found);
    assert!(found.len() > 10, "no SMTP answers under {}", corpus.display());
    let mut conversations = 0;
    for path in &found {
        let answer = std::fs::read(path).expect("a file");
        for place in 0..USUAL.len() {
            let wire = [USUAL[..place].concat().as_bytes(), &answer, USUAL[place + 1..].concat().as_bytes()]
                .concat();
            let whole = converse(&wire, 0);
            for at in 0..=wire.len() {
                let split = converse(&wire, at);
                // Of a reply too many it matters when it comes.
                if replies(&answer) == 1 {
                    assert_eq!(split, whole, "{} at {place}, split at {at}", path.display());
                }
                assert_eq!(split.len(), 2, "{} at {place}, split at {at}: {split:?}", path.display());
                let cut = converse(&wire[..at], at);
                assert_eq!(cut.len(), 2, "{} at {place}, cut at {at}: {cut:?}", path.display());
                conversations += 2;
            }
        }
    }
    eprintln!("{} answers, {conversations} conversations", found.len());
}

/// What the answers mean at the place that they were recorded for.
#[test]
fn real_answers_mean_what_they_say() {
    // An answer, its place, and what becomes of the two recipients.
    for (answer, place, verdicts) in [
        ("221 ESMTP server not ready", 0, ["deferred"; 2]),
        ("535 authentication failed", 2, ["rejected"; 2]),
        ("534 authentication mechanism too weak", 2, ["rejected"; 2]),
        ("550 5.1.0 mailbox unavailable", 4, ["rejected", "accepted"]),
        ("250 2.1.5 recipient ok", 5, ["accepted"; 2]),
        ("452 4.2.2 mailbox full", 7, ["deferred"; 2]),
    ] {
        let replies = USUAL
            .iter()
            .enumerate()
            .map(|(i, usual)| if i == place { format!("{answer}\r\n") } else { usual.to_string() });
        let got = converse(replies.collect::<String>().as_bytes(), 0);
        assert_eq!(got, verdicts, "{answer}");
    }
}
