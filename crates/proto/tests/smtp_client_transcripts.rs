//! Replays `transcripts/smtp-client-*.txt` against the SMTP client machine.
//!
//! A transcript begins with `#` lines (settings, mails, the verdicts to come); then each `C:` line is what
//! the client must write, each `S:` line what the server answers. A run of `C:` lines is one flight: the
//! client must write all of it, and nothing more, before it wants to read. `--` lines are events:
//! `-- TLS up`, `-- closed by the server`, `-- time passes`, `-- content cannot be read`,
//! `-- closed by the client`. Each is replayed with the server's octets whole, and split at every octet.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use hongyan_proto::address::Address;
use hongyan_proto::framer::{Framer, Line};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::smtp::client::Tls;
use hongyan_proto::smtp::envelope::{DeliverBy, Hold, Notify, Ret};
use hongyan_proto::smtp::{Body, Client, Config, Envelope, Event, Recipient};
use hongyan_proto::transcript::escape;
use hongyan_proto::{Coding, Input, Machine, Outbox, Step, TlsInfo};

struct Script {
    config: Config,
    mails: Vec<Envelope>,
    implicit_tls: bool,
    /// `recipient verdict [words]`, in the order of settling.
    verdicts: Vec<String>,
    lines: VecDeque<String>,
}

fn parse(text: &str) -> Script {
    let mut script = Script {
        config: Config { hello: "client.example".into(), tls: Tls::Never, ..Config::default() },
        mails: Vec::new(),
        implicit_tls: false,
        verdicts: Vec::new(),
        lines: VecDeque::new(),
    };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match line.strip_prefix("# ") {
            Some(setting) => match setting.split_once(": ") {
                Some(("mail", mail)) => script.mails.push(envelope(mail)),
                Some(("verdict", verdict)) => script.verdicts.push(verdict.to_string()),
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
    let mut log_in = |proof| config.credentials = Some(Credentials { user: "user".into(), proof });
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
        "password" => log_in(Proof::Password(Secret::new(value))),
        "token" => log_in(Proof::Token(Secret::new(value))),
        "plaintext-auth" => config.plaintext_auth = true,
        "no-pipelining" => config.pipelining = false,
        "no-chunking" => config.chunking = false,
        "window" => config.window = value.parse().expect("a number"),
        "max-recipients" => config.max_recipients = value.parse().expect("a number"),
        other => panic!("config {other}"),
    }
}

fn envelope(words: &str) -> Envelope {
    let mut envelope = Envelope { size: 100, ..Envelope::default() };
    for word in words.split(' ') {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "from" => envelope.from = Some(Address::parse(value).expect("an address")),
            "to" => {
                let addresses = value.split(',').map(|a| Address::parse(a).expect("an address"));
                envelope.to = addresses.map(Recipient::from).collect();
            }
            "size" => envelope.size = value.parse().expect("a number"),
            "8bit" => envelope.body = Body::EightBit,
            "binary" => envelope.body = Body::Binary,
            "utf8" => envelope.utf8 = true,
            "requiretls" => envelope.require_tls = true,
            "priority" => envelope.priority = Some(value.parse().expect("a number")),
            "by" => {
                envelope.deliver_by = Some(DeliverBy { seconds: value.parse().expect("a number"), ret: true })
            }
            "holdfor" => envelope.hold = Some(Hold::For(value.parse().expect("a number"))),
            "holduntil" => envelope.hold = Some(Hold::Until(value.into())),
            "ret" => envelope.ret = Some(if value == "full" { Ret::Full } else { Ret::Headers }),
            "envid" => envelope.envelope_id = Some(value.into()),
            "notify" => envelope.to.iter_mut().for_each(|to| {
                to.notify = Some(match value {
                    "never" => Notify::Never,
                    _ => Notify::On { success: true, failure: true, delay: false },
                });
                to.original = Some(to.address.clone());
            }),
            other => panic!("mail {other}"),
        }
    }
    envelope
}

struct Replay {
    client: Client,
    out: Outbox,
    framer: Framer,
    drained: bool,
    /// What the server has sent and the client has not read.
    coming: VecDeque<u8>,
    lines: VecDeque<String>,
    mails: VecDeque<Envelope>,
    verdicts: Vec<String>,
    now: Instant,
    written: u64,
    split: bool,
    failed: bool,
}

impl Replay {
    fn new(script: Script, split: bool) -> Self {
        let now = Instant::now();
        let tls = script.implicit_tls.then(TlsInfo::default);
        Self {
            client: Client::new(script.config, tls, now),
            out: Outbox::new(),
            framer: Framer::new(),
            drained: false,
            coming: VecDeque::new(),
            lines: script.lines,
            mails: script.mails.into(),
            verdicts: Vec::new(),
            now,
            written: 0,
            split,
            failed: false,
        }
    }

    fn run(mut self) -> Vec<String> {
        for _ in 0..10_000 {
            match self.client.poll(self.now, &mut self.out) {
                Step::Read => {
                    self.expect_written();
                    if !self.feed() {
                        panic!("the client waits for more than the transcript has");
                    }
                }
                Step::Send(content) => {
                    self.expect_written();
                    if self.next_is("-- content cannot be read") {
                        self.client.input(self.now, Input::SendFailed(io::Error::other("unreadable")));
                        continue;
                    }
                    let what = format!("C: {{content: {} octets}}", content.len);
                    assert_eq!(
                        self.lines.pop_front(),
                        Some(what),
                        "at {} {:?}",
                        content.offset,
                        content.coding
                    );
                    let mark = if content.coding == Coding::Dot { 3 } else { 0 };
                    self.out.passed_by(content.len + mark);
                    self.client.input(self.now, Input::Sent { end: self.out.position() });
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
                    return self.verdicts;
                }
                Step::Receive(_) | Step::Take(_) | Step::Pause(_) | Step::Compress => {
                    panic!("a client does not receive content, pause or compress")
                }
            }
        }
        panic!("the client does not come to an end");
    }

    fn next_is(&mut self, line: &str) -> bool {
        let is = self.lines.front().is_some_and(|l| l == line);
        if is {
            self.lines.pop_front();
        }
        is
    }

    /// What the client has written is what the transcript says, and all of the flight when it wants to read.
    fn expect_written(&mut self) {
        let bytes = self.out.bytes().to_vec();
        let secrets = self.out.secrets().to_vec();
        self.out.clear();
        self.written = self.out.position();
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

    /// Feeds the server's next lines; false at the end of the transcript.
    fn feed(&mut self) -> bool {
        loop {
            if let Line::Whole(line) = self.framer.line(self.client.line_limit()) {
                self.drained = false;
                self.client.input(self.now, Input::Line(line));
                return true;
            }
            if !self.drained && (self.coming.is_empty() || self.split) {
                self.drained = true;
                self.client.input(self.now, Input::Drained);
                return true;
            }
            let n = if self.split { self.coming.len().min(1) } else { self.coming.len() };
            if n == 0 {
                break;
            }
            for (room, octet) in self.framer.spare().iter_mut().zip(self.coming.drain(..n)) {
                *room = octet;
            }
            self.framer.filled(n);
        }
        match self.lines.front().map(String::as_str) {
            Some("-- closed by the server") => {
                let written = self.written;
                self.client.input(self.now, Input::Gone { written, error: None });
            }
            Some("-- time passes") => {
                let deadline = self.client.deadline().expect("a client that waits has a deadline");
                self.now = deadline + Duration::from_secs(1);
                let written = self.written;
                self.client.input(self.now, Input::Tick { written });
            }
            Some(line) if line.starts_with("S: ") => {
                // With the lines that follow, as one read may bring them, or octet by octet.
                while let Some(said) = self.lines.front().and_then(|line| line.strip_prefix("S: ")) {
                    self.coming.extend(unescape(said));
                    self.coming.extend(b"\r\n");
                    self.lines.pop_front();
                }
                return self.feed();
            }
            Some(line) => panic!("the client waits before {line:?}"),
            None => return false,
        }
        self.lines.pop_front();
        true
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Wanting => match self.mails.pop_front() {
                Some(mail) => {
                    self.client.submit(mail);
                }
                None => self.client.quit(),
            },
            Event::Settled(_, delivery) => {
                for (address, verdict) in delivery.each {
                    let words = match verdict.failure() {
                        Some(failure) => format!(" {failure}"),
                        None => String::new(),
                    };
                    self.verdicts.push(format!("{address} {}{words}", verdict.name()));
                }
            }
            Event::Unsent(ticket, _) => self.verdicts.push(format!("#{} unsent", ticket.0)),
            Event::Failed(failure) => {
                assert!(!self.failed, "a session fails once");
                self.failed = true;
                // What had not been submitted settles at once, by the same failure.
                for mail in std::mem::take(&mut self.mails) {
                    self.client.submit(mail);
                }
                self.verdicts.push(format!("session failed {failure}"));
            }
            Event::Ready | Event::Alive => {}
        }
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
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("smtp-client-"))
        })
        .collect();
    names.sort();
    assert!(names.len() > 10, "the transcripts are gone: {names:?}");
    let mut wrong = Vec::new();
    for path in names {
        let text = std::fs::read_to_string(&path).expect("a transcript");
        for split in [false, true] {
            let script = parse(&text);
            let expected = script.verdicts.clone();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match std::panic::catch_unwind(|| Replay::new(script, split).run()) {
                Ok(verdicts) if verdicts == expected => {}
                Ok(verdicts) => wrong.push(format!("{name}: verdicts {verdicts:#?}\nnot {expected:#?}")),
                Err(panic) => {
                    let what = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    wrong.push(format!("{name} (split: {split}): {what}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Only what the link has taken can be in doubt: a message whose last octet was still on this side when the
/// connection went is certainly not delivered.
#[test]
fn what_has_not_left_is_not_in_doubt() {
    for (written, verdicts) in
        [(1000, ["in_doubt", "in_doubt"]), (999, ["in_doubt", "deferred"]), (499, ["deferred"; 2])]
    {
        let now = Instant::now();
        let mut client = Client::new(Config { tls: Tls::Never, ..Config::default() }, None, now);
        let (mut out, mut ends, mut seen) = (Outbox::new(), [500, 1000].into_iter(), Vec::new());
        let mut lines = ["220 x", "250-x", "250-PIPELINING", "250 CHUNKING"].into_iter();
        for _ in 0..2 {
            let to = vec![Address::parse("b@x.example").expect("an address").into()];
            client.submit(Envelope { to, size: 100, ..Envelope::default() });
        }
        loop {
            match client.poll(now, &mut out) {
                Step::Read => match lines.next() {
                    Some(line) => {
                        client.input(now, Input::Line(line.as_bytes()));
                        client.input(now, Input::Drained);
                    }
                    None => client.input(now, Input::Gone { written, error: None }),
                },
                Step::Send(_) => client.input(now, Input::Sent { end: ends.next().expect("two contents") }),
                Step::Event(Event::Settled(_, delivery)) => {
                    seen.extend(delivery.each.iter().map(|(_, v)| v.name()))
                }
                Step::Event(_) => {}
                Step::Closed => break,
                step => panic!("{step:?}"),
            }
        }
        assert_eq!(seen, verdicts, "after {written} octets");
    }
}

/// A reply too many, heard before anything else is said, shows that what passed for the acceptance may have
/// been the answer to RCPT: the message is in doubt, not accepted. 421 only closes the channel.
#[test]
fn a_reply_too_many_behind_an_acceptance_is_a_doubt() {
    for (last, verdict) in
        [("451 4.3.0 later", "in_doubt"), ("250 ok", "in_doubt"), ("421 idle too long", "accepted")]
    {
        let now = Instant::now();
        let mut client = Client::new(Config { tls: Tls::Never, ..Config::default() }, None, now);
        let to = vec![Address::parse("b@x.example").expect("an address").into()];
        client.submit(Envelope { to, size: 100, ..Envelope::default() });
        let (mut out, mut seen) = (Outbox::new(), Vec::new());
        let said =
            ["220 x", "250-x", "250-PIPELINING", "250 CHUNKING", "250 mail", "250 again", "250 rcpt", last];
        let mut lines = said.into_iter();
        loop {
            match client.poll(now, &mut out) {
                Step::Read => match lines.next() {
                    Some(line) => client.input(now, Input::Line(line.as_bytes())),
                    None => client.input(now, Input::Gone { written: u64::MAX, error: None }),
                },
                Step::Send(_) => client.input(now, Input::Sent { end: 1 }),
                Step::Event(Event::Settled(_, delivery)) => {
                    seen.extend(delivery.each.iter().map(|(_, v)| v.name()))
                }
                Step::Event(_) => {}
                Step::Closed => break,
                step => panic!("{step:?}"),
            }
        }
        assert_eq!(seen, [verdict], "{last}");
    }
}

/// A message that is refused while it is still coming does not take along the one that waits behind it.
#[test]
fn a_refusal_in_the_middle_of_a_content_is_that_messages_alone() {
    let now = Instant::now();
    let mut client = Client::new(Config { tls: Tls::Never, ..Config::default() }, None, now);
    for address in ["b@x.example", "c@x.example"] {
        let to = vec![Address::parse(address).expect("an address").into()];
        client.submit(Envelope { to, size: 100, ..Envelope::default() });
    }
    let (mut out, mut seen) = (Outbox::new(), Vec::new());
    let mut lines = ["220 x", "250 x", "250 ok", "250 ok", "354 go"].into_iter();
    loop {
        match client.poll(now, &mut out) {
            Step::Read => {
                client.input(now, Input::Line(lines.next().expect("a line").as_bytes()));
                client.input(now, Input::Drained);
            }
            // The link breaks while the content is written, and this had arrived before.
            Step::Send(_) => client.input(now, Input::Line(b"552 5.3.4 too big")),
            Step::Event(Event::Settled(_, delivery)) => {
                seen.extend(delivery.each.iter().map(|(_, v)| v.name()))
            }
            Step::Event(_) => {}
            Step::Closed => break,
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(seen, ["rejected", "deferred"]);
}
