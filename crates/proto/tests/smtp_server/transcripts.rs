//! Replays `tests/transcripts/smtp-server-*.txt`: what the client says, and what it must hear.
//!
//! ```text
//! # why this conversation is kept
//! # offers: PIPELINING | SIZE 1000
//! # keeper: runs-out          (see `Keeper`)
//! # fault: rcpt:2=450 no
//! # clear-login, login-required, tls-required, implicit-tls, max-size: 100, recipients: 2, errors: 3
//! S: a line that the server says
//! C: a line that the client says
//! C~ octets without a line end, with escapes
//! E: an event                 -- TLS, closed: the link
//! !! silence | gone | stop    what befalls the server
//! ```
//! Each conversation is replayed with every cut of what the client says, octet by octet, and, where no
//! TLS lies in it, said all at once.

use std::path::PathBuf;
use std::sync::Arc;

use hongyan_proto::reply::{Code, Reply};
use hongyan_proto::smtp::Capabilities;
use hongyan_proto::smtp::server::faults::{Faults, Rule};
use hongyan_proto::smtp::server::{Config, Server};

use crate::harness::{Accounts, Keeper, Wire};

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
        let heard = ["S: ", "E: ", "-- "].iter().any(|mark| line.starts_with(mark));
        let over = |turn: &Turn| !turn.heard.is_empty() || turn.befalls.is_some();
        if !heard && turns.last().is_some_and(over) {
            turns.push(Turn::default());
        }
        let turn = turns.last_mut().expect("there is one");
        match line.split_at_checked(3) {
            Some(("C: ", said)) => turn.said.extend_from_slice(format!("{said}\r\n").as_bytes()),
            None if line == "C:" => turn.said.extend_from_slice(b"\r\n"),
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

impl Conversation {
    fn value(&self, key: &str) -> Option<&str> {
        self.header.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    fn start(&self) -> Wire {
        let number = |key, default: u64| self.value(key).map_or(default, |n| n.parse().expect("a number"));
        let offers = self.value("offers").unwrap_or_default().replace(" | ", "\n");
        let offers = Reply::new(Code::new(250).expect("a code"), None, format!("x\n{offers}"));
        let rules = self.header.iter().filter(|(key, _)| key == "fault");
        let rules = rules.map(|(_, rule)| rule.parse::<Rule>().unwrap_or_else(|e| panic!("{e}")));
        let config = Arc::new(Config {
            name: "mx.example".into(),
            offers: Capabilities::from_reply(&offers),
            max_size: number("max-size", 1_000_000),
            recipients: number("recipients", 100) as usize,
            errors: number("errors", 20) as u32,
            users: Some(Arc::new(Accounts)),
            clear_login: self.value("clear-login").is_some(),
            login_required: self.value("login-required").is_some(),
            tls_required: self.value("tls-required").is_some(),
            faults: Faults::new(rules, 1),
            ..Config::default()
        });
        let keeper = match self.value("keeper") {
            None => Keeper::Keeps,
            Some("refuses") => Keeper::Refuses,
            Some("runs-out") => Keeper::RunsOut,
            Some("fails") => Keeper::Fails,
            Some("forgets") => Keeper::Forgets,
            Some(other) => panic!("{}: what is {other}?", self.name),
        };
        let implicit = self.value("implicit-tls").is_some();
        Wire::with(if implicit { Server::with_implicit_tls(config) } else { Server::new(config) }, keeper)
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
            match turn.befalls.as_deref() {
                None => {}
                Some("silence") => wire.silence(),
                Some("gone") => wire.gone(),
                Some("stop") => {
                    wire.server.stop();
                    wire.run();
                }
                Some(other) => panic!("{}: what is {other}?", self.name),
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
        if name.starts_with("smtp-server-") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            parse(name, &text).replay_every_way();
            count += 1;
        }
    }
    assert!(count >= 30, "{count} conversations were found");
}
