//! Replays `tests/transcripts/pop3-server-*.txt`: what the client says, and what it must hear.
//!
//! ```text
//! # why this conversation is kept
//! # mail: Subject: a\nand its body            (a message of the maildrop; \n is CRLF)
//! # keeper: in-use                            (see `Keeper`)
//! # fault: pop3-retr:2=-ERR no
//! # clear-login, tls-required, implicit-tls, no-apop, errors: 3, sasl: PLAIN
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

use hongyan_proto::faults::{Faults, Rule};
use hongyan_proto::pop3::server::{Config, Server};

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
        let heard = line == "S:" || ["S: ", "E: ", "-- "].iter().any(|mark| line.starts_with(mark));
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
            _ if heard => turn.heard.push(line.trim_end().to_string()),
            _ => panic!("{name}: what is {line:?}?"),
        }
    }
    Conversation { name, header, turns }
}

impl Conversation {
    fn value(&self, key: &str) -> Option<&str> {
        self.header.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.header.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    fn start(&self) -> Wire {
        let rules = self.values("fault").map(|rule| rule.parse::<Rule>().unwrap_or_else(|e| panic!("{e}")));
        let mut config = Config {
            name: "dbc.mtview.ca.us".into(),
            users: Some(Arc::new(Accounts)),
            timestamp: Some("<1896.697170952@dbc.mtview.ca.us>".into()),
            clear_login: self.value("clear-login").is_some(),
            tls_required: self.value("tls-required").is_some(),
            apop: self.value("no-apop").is_none(),
            errors: self.value("errors").map_or(20, |n| n.parse().expect("a number")),
            faults: Faults::new(rules, 1),
            ..Config::default()
        };
        if let Some(mechanisms) = self.value("sasl") {
            config.offers.sasl = mechanisms.split_ascii_whitespace().map(str::to_string).collect();
        }
        if self.value("offers-nothing").is_some() {
            config.offers = Default::default();
        }
        if let Some(languages) = self.value("languages") {
            let pair = |text: &str| {
                text.split_once(' ').map(|(tag, name)| (tag.into(), name.into())).expect("a tag")
            };
            config.languages = languages.split(" | ").map(pair).collect();
        }
        let mails: Vec<_> =
            self.values("mail").map(|mail| mail.replace("\\n", "\r\n").into_bytes()).collect();
        let keeper = match self.value("keeper") {
            None => Keeper::Serves,
            Some("in-use") => Keeper::InUse,
            Some("lost") => Keeper::Lost,
            Some("breaks") => Keeper::Breaks,
            Some("fails") => Keeper::Fails,
            Some("forgets") => Keeper::Forgets,
            Some(other) => panic!("{}: what is {other}?", self.name),
        };
        let config = Arc::new(config);
        let implicit = self.value("implicit-tls").is_some();
        let server = if implicit { Server::with_implicit_tls(config) } else { Server::new(config) };
        Wire::with(server, keeper, mails)
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
        if name.starts_with("pop3-server-") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            parse(name, &text).replay_every_way();
            count += 1;
        }
    }
    assert!(count >= 25, "{count} conversations were found");
}
