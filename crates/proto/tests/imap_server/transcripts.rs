//! Replays `tests/transcripts/imap-server-*.txt`: what the client says, and what it must hear.
//!
//! ```text
//! # why this conversation is kept
//! # box: Sent \Sent           a mailbox, and what it is for
//! # subscribed: Sent
//! # mail: INBOX terry (\Seen) "17-Jul-1996 02:44:25 -0700"     one of `mail.rs`; flags and date can be left out
//! # uids: INBOX 7 9 12        the UIDs of its messages
//! # mod-seqs: INBOX 5 5 7; 9  their modification sequences, and the mailbox's
//! # uid-validity: INBOX 38505
//! # begins: selected          logged in and INBOX selected before the first line; or `logged-in`
//! # keeper: runs-out          see `Keeper`
//! # fault: imap-fetch=NO no
//! # without: CONDSTORE        not offered
//! # quirks: id-required, initial-response-refused, gbk
//! # clear-login, implicit-tls, errors: 3, max-size: 100
//! S: a line that the server says
//! C: a line that the client says
//! C~ octets without a line end, with escapes
//! E: an event                 -- TLS, closed: the link
//! !! silence | gone | stop
//! !! arrives INBOX terry, seen INBOX 2, goes INBOX 2     by another session: a message, a flag, a removal (UIDs)
//! !! box-goes INBOX, forgets
//! ```
//! Each conversation is replayed with every cut of what the client says, octet by octet, and, where nothing
//! befalls it and no TLS lies in it, said all at once.

use std::path::PathBuf;
use std::sync::Arc;

use hongyan_proto::faults::{Faults, Rule};
use hongyan_proto::imap::server::mailboxes::{Change, Mailboxes, SpecialUse};
use hongyan_proto::imap::server::{Config, Quirks, Server};
use hongyan_proto::imap::{Date, Flags};

use crate::harness::{Accounts, Keeper, Wire, some_day};
use crate::mail;
use crate::store::World;

struct Conversation {
    name: String,
    header: Vec<(String, String)>,
    turns: Vec<Turn>,
}

/// What happens, and what the server makes of it.
#[derive(Default)]
struct Turn {
    said: Vec<u8>,
    befalls: Option<String>,
    heard: Vec<String>,
}

fn parse(name: String, text: &str) -> Conversation {
    let mut header = Vec::new();
    let mut turns = vec![Turn::default()];
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let (key, value) = comment.split_once(": ").unwrap_or((comment, ""));
            header.push((key.to_string(), value.to_string()));
            continue;
        }
        let heard = ["S: ", "E: ", "-- "].iter().any(|mark| line.starts_with(mark)) || line == "S:";
        let over = |turn: &Turn| !turn.heard.is_empty() || turn.befalls.is_some();
        if !heard && turns.last().is_some_and(over) {
            turns.push(Turn::default());
        }
        let turn = turns.last_mut().expect("there is one");
        match line.split_at_checked(3) {
            Some(("C: ", said)) => turn.said.extend_from_slice(format!("{said}\r\n").as_bytes()),
            None if line == "C:" => turn.said.extend_from_slice(b"\r\n"),
            None if line == "S:" => turn.heard.push("S: ".to_string()),
            Some(("C~ ", said)) => {
                turn.said.extend_from_slice(said.replace("\\r", "\r").replace("\\n", "\n").as_bytes());
            }
            Some(("!! ", what)) => turn.befalls = Some(what.to_string()),
            Some(("S: " | "E: " | "-- ", _)) => turn.heard.push(line.to_string()),
            _ => panic!("{name}: what is {line:?}?"),
        }
    }
    Conversation { name, header, turns }
}

fn octets(which: &str) -> &'static [u8] {
    match which {
        "terry" => mail::TERRY,
        "nested" => mail::NESTED,
        "short" => mail::SHORT,
        other => panic!("which mail is {other}?"),
    }
    .as_bytes()
}

/// `INBOX terry (\Seen) "17-Jul-1996 02:44:25 -0700"`
fn put(world: &World, text: &str) {
    let (name, rest) = text.split_once(' ').expect("a mailbox and a mail");
    let (which, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let (flags, date) = rest.split_once(')').unwrap_or((rest, ""));
    let flags: Flags = flags.trim_start_matches('(').split_whitespace().collect();
    let date = date.trim().trim_matches('"');
    let date = if date.is_empty() { some_day() } else { Date::parse(date.as_bytes()).expect("a date") };
    world.lock().put(name, octets(which), flags, date).expect("it is kept");
}

fn numbers<T: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> Vec<T> {
    text.split_whitespace().map(|n| n.parse().expect("a number")).collect()
}

impl Conversation {
    fn value(&self, key: &str) -> Option<&str> {
        self.header.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    fn world(&self) -> World {
        let mut world = World::new();
        for (key, value) in &self.header {
            let (name, rest) = value.split_once(' ').unwrap_or((value, ""));
            match key.as_str() {
                "box" => {
                    let special = SpecialUse::EVERY.into_iter().find(|special| special.attribute() == rest);
                    world.create(name, special).expect("it is made");
                }
                "subscribed" => world.lock().subscribe(value),
                "mail" => put(&world, value),
                "uids" => world.lock().renumber(name, &numbers(rest)),
                "uid-validity" => world.lock().set_uid_validity(name, rest.parse().expect("a number")),
                "mod-seqs" => {
                    let (messages, highest) = rest.split_once(';').expect("the mailbox's comes last");
                    let highest = highest.trim().parse().expect("a number");
                    world.lock().set_mod_seqs(name, &numbers(messages), highest);
                }
                _ => {}
            }
        }
        world
    }

    fn start(&self) -> Wire {
        let rules = self.header.iter().filter(|(key, _)| key == "fault");
        let rules = rules.map(|(_, rule)| rule.parse::<Rule>().unwrap_or_else(|e| panic!("{e}")));
        let quirks = self.value("quirks").unwrap_or_default();
        let begins = self.value("begins");
        let config = Arc::new(Config {
            name: "imap.example".into(),
            users: Some(Arc::new(Accounts)),
            mechanisms: vec!["SCRAM-SHA-256".into(), "PLAIN".into(), "LOGIN".into()],
            clear_login: self.value("clear-login").is_some() || begins.is_some(),
            without: self.value("without").unwrap_or_default().split(' ').map(str::to_string).collect(),
            max_size: self.value("max-size").map_or(1_000_000, |n| n.parse().expect("a number")),
            errors: self.value("errors").map_or(20, |n| n.parse().expect("a number")),
            quirks: Quirks {
                id_required: quirks.contains("id-required"),
                initial_response_refused: quirks.contains("initial-response-refused"),
                charset: quirks.contains("gbk").then_some(encoding_rs::GBK),
            },
            faults: Faults::new(rules, 1),
            ..Config::default()
        });
        let keeper = match self.value("keeper") {
            None => Keeper::Keeps,
            Some("refuses") => Keeper::Refuses,
            Some("runs-out") => Keeper::RunsOut,
            Some("fails") => Keeper::Fails,
            Some("forgets") => Keeper::Forgets,
            Some("closed") => Keeper::Closed,
            Some("breaks") => Keeper::Breaks,
            Some(other) => panic!("{}: what is {other}?", self.name),
        };
        let implicit = self.value("implicit-tls").is_some();
        let server = if implicit { Server::with_implicit_tls(config) } else { Server::new(config) };
        let mut wire = Wire::with(server, keeper, &self.world());
        match begins {
            None => {}
            Some("logged-in") => wire.hear(b"l LOGIN mrc secret\r\n"),
            Some("selected") => wire.hear(b"l LOGIN mrc secret\r\ns SELECT INBOX\r\n"),
            Some(other) => panic!("{}: what is {other}?", self.name),
        }
        if begins.is_some() {
            wire.log.clear();
        }
        wire
    }

    fn befall(&self, wire: &mut Wire, what: &str) {
        let (verb, rest) = what.split_once(' ').unwrap_or((what, ""));
        let (name, uid) = rest.split_once(' ').unwrap_or((rest, ""));
        match verb {
            "silence" => return wire.silence(),
            "gone" => return wire.gone(),
            "stop" => {
                wire.server.stop();
                return wire.run();
            }
            "arrives" => put(&wire.world, rest),
            "seen" => {
                let mut world = wire.world.clone();
                world.store(name, &numbers(uid), &Change::Add(Flags::seen()), None).expect("it is stored");
            }
            "goes" => wire.world.lock().remove(name, &numbers(uid)),
            "box-goes" => wire.world.lock().drop_box(name),
            "forgets" => wire.world.lock().forgotten = true,
            other => panic!("{}: what is {other}?", self.name),
        }
        wire.changed();
    }

    /// Replays with what `pieces` makes of each thing said.
    fn replay(&self, how: &str, pieces: impl Fn(usize, &[u8]) -> Vec<Vec<u8>>) {
        let mut wire = self.start();
        let mut before = 0;
        let mut seen = 0;
        for turn in &self.turns {
            for piece in pieces(before, &turn.said) {
                wire.hear(&piece);
            }
            before += turn.said.len();
            if let Some(what) = &turn.befalls {
                self.befall(&mut wire, what);
            }
            assert_eq!(wire.log[seen..], turn.heard, "{}, {how}", self.name);
            seen = wire.log.len();
        }
    }

    fn replay_every_way(&self) {
        let total: usize = self.turns.iter().map(|turn| turn.said.len()).sum();
        for cut in 0..=total {
            self.replay(&format!("cut at {cut}"), |before, said| match cut.checked_sub(before) {
                Some(at) if at > 0 && at < said.len() => vec![said[..at].to_vec(), said[at..].to_vec()],
                _ => vec![said.to_vec()],
            });
        }
        self.replay("octet by octet", |_, said| said.iter().map(|&octet| vec![octet]).collect());

        let apart =
            |turn: &Turn| turn.befalls.is_some() || turn.heard.iter().any(|line| line.starts_with("-- TLS"));
        if !self.turns.iter().any(apart) {
            let mut wire = self.start();
            wire.hear(&self.turns.iter().flat_map(|turn| turn.said.clone()).collect::<Vec<_>>());
            let heard: Vec<_> = self.turns.iter().flat_map(|turn| turn.heard.clone()).collect();
            assert_eq!(wire.log, heard, "{}, said all at once", self.name);
        }
    }
}

#[test]
fn conversations_go_as_written_however_they_are_cut() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        if name.starts_with("imap-server-") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            parse(name, &text).replay_every_way();
            count += 1;
        }
    }
    assert!(count >= 30, "{count} conversations were found");
}
