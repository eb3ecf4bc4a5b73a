//! Replays `transcripts/pop3-client-*.txt` against the POP3 client machine.
//!
//! A transcript begins with `#` lines (settings, what is asked for, the events to come); then each `C:` line is what
//! the client must write, each `S:` line what the server answers. A run of `C:` lines is one flight: the client must
//! write all of it, and nothing more, before it wants to read. `--` lines are events: `-- TLS up`,
//! `-- closed by the server`, `-- time passes`, `-- closed by the client`. Each is replayed with the server's octets
//! whole, and split at every octet.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::pop3::{Client, Command, Config, Event, Typed};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;
use hongyan_proto::transcript::escape;
use hongyan_proto::{Coding, Input, Machine, Outbox, Step, TlsInfo};

struct Script {
    config: Config,
    implicit_tls: bool,
    commands: Vec<Command>,
    events: Vec<String>,
    lines: VecDeque<String>,
}

fn parse(text: &str) -> Script {
    let mut script = Script {
        config: Config { tls: Tls::Never, ..Config::default() },
        implicit_tls: false,
        commands: Vec::new(),
        events: Vec::new(),
        lines: VecDeque::new(),
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("# ") {
            Some(setting) => match setting.split_once(": ") {
                Some(("ask", commands)) => script.commands.extend(commands.split(" | ").map(command)),
                Some(("event", event)) => script.events.push(event.to_string()),
                Some(("config", words)) => words.split(' ').for_each(|word| configure(&mut script, word)),
                _ => {} // a remark
            },
            None => script.lines.push_back(line.to_string()),
        }
    }
    script
}

fn configure(script: &mut Script, word: &str) {
    let config = &mut script.config;
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let user = config.credentials.as_ref().map_or("mrose".to_string(), |c| c.user.clone());
    let mut log_in = |user, proof| config.credentials = Some(Credentials { user, proof });
    match name {
        "tls" => {
            config.tls = match value {
                "required" => Tls::Required,
                "offered" => Tls::IfOffered,
                "never" => Tls::Never,
                other => panic!("tls={other}"),
            }
        }
        "implicit-tls" => script.implicit_tls = true,
        "user" => log_in(value.into(), Proof::Certificate),
        "password" => log_in(user, Proof::Password(Secret::new(value))),
        "token" => log_in(user, Proof::Token(Secret::new(value))),
        "plaintext-auth" => config.plaintext_auth = true,
        "no-pipelining" => config.pipelining = false,
        "no-utf8" => config.utf8 = false,
        "language" => config.language = Some(value.into()),
        "window" => config.window = value.parse().expect("a number"),
        other => panic!("config {other}"),
    }
}

fn command(text: &str) -> Command {
    let words: Vec<_> = text.split(' ').collect();
    let number = |at: usize| words[at].parse().expect("a number");
    match words[0] {
        "stat" => Command::Stat,
        "list" => Command::List,
        "uidl" => Command::Uidl,
        "retr" => Command::Retr(number(1)),
        "top" => Command::Top { number: number(1), lines: number(2) },
        "dele" => Command::Dele(number(1)),
        "rset" => Command::Rset,
        "noop" => Command::Noop,
        "quit" => Command::Quit,
        "typed" => Command::Typed(Box::new(Typed::new(words[1..].join(" "), None).expect("one line"))),
        other => panic!("ask {other}"),
    }
}

struct Replay {
    client: Client,
    out: Outbox,
    framer: Framer,
    /// What the server has sent and the client has not read.
    coming: VecDeque<u8>,
    lines: VecDeque<String>,
    commands: Vec<Command>,
    events: Vec<String>,
    now: Instant,
    split: bool,
    drained: bool,
}

impl Replay {
    fn new(script: Script, split: bool) -> Self {
        let now = Instant::now();
        Self {
            client: Client::new(script.config, script.implicit_tls.then(TlsInfo::default), now),
            out: Outbox::new(),
            framer: Framer::new(),
            coming: VecDeque::new(),
            lines: script.lines,
            commands: script.commands,
            events: Vec::new(),
            now,
            split,
            drained: false,
        }
    }

    fn run(mut self) -> Vec<String> {
        for _ in 0..100_000 {
            match self.client.poll(self.now, &mut self.out) {
                Step::Read => {
                    if self.drained {
                        self.expect_written();
                    }
                    assert!(self.feed(), "the client waits for more than the transcript has");
                }
                Step::Receive(coding) => {
                    assert_eq!(coding, Coding::Dot);
                    self.receive();
                }
                Step::StartTls => {
                    self.expect_written();
                    assert_eq!(self.lines.pop_front().as_deref(), Some("-- TLS up"));
                    let leftover = self.framer.drop_pending() + std::mem::take(&mut self.coming).len();
                    self.client.input(self.now, Input::TlsUp(TlsInfo { leftover, ..TlsInfo::default() }));
                }
                Step::Event(event) => self.on_event(event),
                Step::Closed => {
                    self.expect_written();
                    assert_eq!(self.lines.pop_front().as_deref(), Some("-- closed by the client"));
                    assert!(self.lines.is_empty(), "left over: {:?}", self.lines);
                    return self.events;
                }
                step => panic!("a POP3 client does not {step:?}"),
            }
        }
        panic!("the client does not come to an end");
    }

    /// What the client has written is what the transcript says, and all of the flight when it wants to read.
    fn expect_written(&mut self) {
        let bytes = self.out.bytes().to_vec();
        let secrets = self.out.secrets().to_vec();
        self.out.clear();
        let mut shown = Vec::new();
        let mut at = 0;
        for secret in secrets {
            shown.extend_from_slice(&bytes[at..secret.start]);
            shown.extend_from_slice(format!("{{{} secret octets}}", secret.len()).as_bytes());
            at = secret.end;
        }
        shown.extend_from_slice(&bytes[at..]);
        assert!(shown.is_empty() || shown.ends_with(b"\r\n"), "half a line was written: {shown:?}");
        for line in shown.split_inclusive(|&b| b == b'\n') {
            let mut text = String::from("C: ");
            escape(line.strip_suffix(b"\r\n").expect("CRLF"), &mut text);
            assert_eq!(Some(text.as_str()), self.lines.front().map(String::as_str));
            self.lines.pop_front();
        }
    }

    /// Reads what has come: all of it, or an octet.
    fn read(&mut self) -> bool {
        let n = if self.split { self.coming.len().min(1) } else { self.coming.len() };
        for (room, octet) in self.framer.spare().iter_mut().zip(self.coming.drain(..n)) {
            *room = octet;
        }
        self.framer.filled(n);
        n > 0
    }

    /// The server says its next lines.
    fn say(&mut self) -> bool {
        let before = self.coming.len();
        while let Some(said) = self.lines.front().and_then(|line| line.strip_prefix("S: ")) {
            self.coming.extend(unescape(said));
            self.coming.extend(b"\r\n");
            self.lines.pop_front();
        }
        self.coming.len() > before
    }

    fn receive(&mut self) {
        let (mut decoder, mut octets) = (Decoder::new(Coding::Dot), 0);
        loop {
            if self.framer.content(&mut decoder, &mut |piece| octets += piece.len() as u64) {
                return self.client.input(self.now, Input::Received(octets));
            }
            if !self.read() && !self.say() {
                return self.befall();
            }
        }
    }

    /// Feeds the server's next line; false at the end of the transcript.
    fn feed(&mut self) -> bool {
        loop {
            match self.framer.line(self.client.line_limit()) {
                Line::Whole(line) => {
                    self.drained = false;
                    self.client.input(self.now, Input::Line(line));
                    return true;
                }
                Line::Overlong => {
                    self.client.input(self.now, Input::Overlong);
                    return true;
                }
                Line::Partial => {}
            }
            if self.read() {
                continue;
            }
            if !self.drained {
                self.drained = true;
                self.client.input(self.now, Input::Drained);
                return true;
            }
            if self.say() {
                continue;
            }
            if self.lines.is_empty() {
                return false;
            }
            self.befall();
            return true;
        }
    }

    fn befall(&mut self) {
        match self.lines.pop_front().as_deref() {
            Some("-- closed by the server") => {
                self.client.input(self.now, Input::Gone { written: 0, error: None });
            }
            Some("-- time passes") => {
                let deadline = self.client.deadline().expect("a client that waits has a deadline");
                self.now = deadline + Duration::from_secs(1);
                self.client.input(self.now, Input::Tick { written: 0 });
            }
            line => panic!("the client waits before {line:?}"),
        }
    }

    fn on_event(&mut self, event: Event) {
        let text = match event {
            Event::Ready => {
                std::mem::take(&mut self.commands).into_iter().for_each(|command| self.client.ask(command));
                return;
            }
            Event::Content { announced, .. } => {
                format!("content of {} octets", announced.map_or("?".into(), |n| n.to_string()))
            }
            Event::Fetched { number, octets } => format!("fetched {number}: {octets} octets"),
            Event::Marked(number) => format!("marked {number}"),
            Event::Stat(stat) => format!("{} messages, {} octets", stat.messages, stat.octets),
            Event::Listed(sizes) => {
                let each = sizes.iter().map(|one| format!(" {}:{}", one.number, one.size));
                format!("sizes{}", each.collect::<String>())
            }
            Event::Uids(uids) => {
                let each = uids.iter().map(|(number, id)| format!(" {number}:{id}"));
                format!("ids{}", each.collect::<String>())
            }
            Event::Answer(answer) => match answer.octets {
                Some(octets) => format!("answer {} and {octets} octets", answer.words),
                None => format!("answer {}", answer.words),
            },
            Event::Refused(command, failure) => format!("refused {command:?}: {failure}"),
            Event::Quit => "quit".into(),
            Event::Failed(failure) => {
                let overtaxed = if self.client.is_overtaxed() { ", overtaxed" } else { "" };
                format!("failed {:?} {failure}{overtaxed}", failure.kind)
            }
        };
        self.events.push(text.trim_end().to_string());
    }
}

/// `\xNN` in a transcript is an octet.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\x") {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        out.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).expect("two hex digits"));
        rest = &rest[at + 4..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

#[test]
fn every_conversation_goes_as_written() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .expect("transcripts")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("pop3-client-"))
        })
        .collect();
    names.sort();
    assert!(names.len() > 25, "the transcripts are gone: {names:?}");
    let mut wrong = Vec::new();
    for path in names {
        let text = std::fs::read_to_string(&path).expect("a transcript");
        for split in [false, true] {
            let script = parse(&text);
            let expected = script.events.clone();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match std::panic::catch_unwind(|| Replay::new(script, split).run()) {
                Ok(events) if events == expected => {}
                Ok(events) => wrong.push(format!("{name}: events {events:#?}\nnot {expected:#?}")),
                Err(panic) => {
                    let what = panic.downcast_ref::<String>().cloned();
                    let what = what.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
                    wrong.push(format!("{name} (split: {split}): {}", what.unwrap_or_default()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
