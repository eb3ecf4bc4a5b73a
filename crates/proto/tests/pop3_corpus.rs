//! What real POP3 servers answered, from the folder that `HONGYAN_CORPUS` names: every reply is read, and those that
//! are broken are errors, never something else.

use std::path::{Path, PathBuf};
use std::time::Instant;

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::outcome::Kind;
use hongyan_proto::pop3::{Client, Command, Config, Event};
use hongyan_proto::tls::Tls;
use hongyan_proto::{Input, Machine, Outbox, Step};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.to_string_lossy().contains("/Pop3/") && path.extension().is_some_and(|e| e == "txt") {
            found.push(path);
        }
    }
}

/// The command that a file's name says it answers; `None` where it is about something else.
fn asked(name: &str) -> Option<Command> {
    Some(match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
        "stat" => Command::Stat,
        "list" if name == "list" => Command::List,
        "uidl" => Command::Uidl,
        "retr" => Command::Retr(1),
        "top" => Command::Top { number: 1, lines: 0 },
        "dele" => Command::Dele(1),
        "rset" => Command::Rset,
        "noop" => Command::Noop,
        "quit" => Command::Quit,
        _ => return None,
    })
}

/// What becomes of a command that is answered so.
fn answered(command: Command, said: &[u8]) -> Event {
    let now = Instant::now();
    let mut client = Client::new(Config { tls: Tls::Never, ..Config::default() }, None, now);
    client.ask(command);
    let (mut framer, mut out) = (Framer::new(), Outbox::new());
    let said = [&b"+OK\r\n-ERR\r\n"[..], said].concat();
    let mut rest = said.as_slice();
    let mut lines = 0;
    loop {
        match client.poll(now, &mut out) {
            // Nothing is said before it was asked for.
            Step::Read => match framer.line(client.line_limit()) {
                Line::Whole(line) => client.input(now, Input::Line(line)),
                Line::Overlong => client.input(now, Input::Overlong),
                Line::Partial if out.bytes().is_empty() && lines > 0 && rest.is_empty() => {
                    client.input(now, Input::Gone { written: 0, error: None });
                }
                Line::Partial => {
                    client.input(now, Input::Drained);
                    out.clear();
                    let end = match lines {
                        0 | 1 => rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1),
                        _ => rest.len().min(1000),
                    };
                    framer.spare()[..end].copy_from_slice(&rest[..end]);
                    framer.filled(end);
                    rest = &rest[end..];
                    lines += 1;
                }
            },
            Step::Receive(coding) => {
                let (mut decoder, mut octets) = (Decoder::new(coding), 0);
                while !framer.content(&mut decoder, &mut |piece| octets += piece.len() as u64) {
                    let n = rest.len().min(1000);
                    if n == 0 {
                        client.input(now, Input::Gone { written: 0, error: None });
                        break;
                    }
                    framer.spare()[..n].copy_from_slice(&rest[..n]);
                    framer.filled(n);
                    rest = &rest[n..];
                }
                client.input(now, Input::Received(octets));
            }
            Step::Event(Event::Ready | Event::Content { .. }) => {}
            Step::Event(event) => return event,
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn real_answers_are_read_and_broken_ones_are_errors() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: HONGYAN_CORPUS is not set, so no real answers of POP3 servers are read");
        return;
    };
    let mut found = Vec::new();
    files(&Path::new(&corpus).join("protocol"), &mut found);
    let mut read = 0;
    for path in &found {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (name, broken) = match stem.split_once('-') {
            Some((name, what)) => (name.to_owned(), what.contains("error")),
            None => (stem.clone(), false),
        };
        let said = std::fs::read(path).expect("a file");
        let text = String::from_utf8_lossy(&said).replace("\r\n", "\n").replace('\n', "\r\n");
        let Some(command) = asked(&name) else { continue };
        // A listing of one message stands there as `uidl1`, `list1`: it has no second line.
        if matches!(command, Command::Uidl) && !text.trim_end().ends_with("\r\n.") {
            continue;
        }
        let event = answered(command.clone(), text.as_bytes());
        read += 1;
        match (&event, broken) {
            (Event::Failed(failure), true) => {
                assert!(matches!(failure.kind, Kind::Protocol | Kind::Unreachable), "{path:?}: {failure}");
            }
            // An id that is missing or a number that is left out is for the user of the list to judge.
            (Event::Uids(_), true) => {}
            (Event::Fetched { .. }, true) => {}
            (Event::Failed(failure), false) => panic!("{path:?}: {failure}"),
            (event, true) => panic!("{path:?}: {event:?}"),
            (_, false) => {}
        }
    }
    assert!(read >= 10, "{read} of {} answers", found.len());
}
