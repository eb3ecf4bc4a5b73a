//! Servers that mean harm: whatever they say, the client ends with a failure, in bounded memory, and gives nothing
//! away.

use std::time::Instant;

use hongyan_proto::framer::{Framer, Line};
use hongyan_proto::imap::UidSet;
use hongyan_proto::imap::client::{Client, Command, Config, Event, MAX_LINE, MAX_STRAY, What};
use hongyan_proto::imap::uid_set::MAX_RANGES;
use hongyan_proto::outcome::{Failure, Kind};
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;
use hongyan_proto::{Coding, Input, Machine, Outbox, Step, TlsInfo};
use proptest::prelude::*;

/// A client that is fed octets, without a script.
struct Fed {
    client: Client,
    framer: Framer,
    now: Instant,
    written: Vec<u8>,
    /// The most events between two inputs.
    busiest: usize,
    failure: Option<Failure>,
    left: u64,
    taking: usize,
    tls: bool,
    closed: bool,
}

const PASSWORD: &str = "s3cr3t-Pa55";

impl Fed {
    fn new(config: Config) -> Self {
        let now = Instant::now();
        Self {
            client: Client::new(config, None, now),
            framer: Framer::new(),
            now,
            written: Vec::new(),
            busiest: 0,
            failure: None,
            left: 0,
            taking: 0,
            tls: false,
            closed: false,
        }
    }

    /// Logged in by PREAUTH, with this command given.
    fn with(command: Command) -> Self {
        let mut fed = Self::new(Config { tls: Tls::Never, ..Config::default() });
        fed.feed(b"* PREAUTH [CAPABILITY IMAP4rev1 IDLE] hello\r\n");
        fed.client.submit(command);
        fed.settle();
        fed
    }

    fn settle(&mut self) {
        let mut out = Outbox::new();
        for events in 0.. {
            self.busiest = self.busiest.max(events);
            match self.client.poll(self.now, &mut out) {
                Step::Event(Event::Failed(failure)) => self.failure = Some(failure),
                Step::Event(_) => {}
                Step::Read => break,
                Step::Take(n) => {
                    self.taking = n;
                    break;
                }
                Step::Receive(Coding::Exact(octets)) => {
                    self.left = octets;
                    if octets == 0 {
                        self.client.input(self.now, Input::Received(0));
                        continue;
                    }
                    break;
                }
                Step::StartTls => {
                    self.framer.drop_pending();
                    self.tls = true;
                    self.client.input(self.now, Input::TlsUp(TlsInfo::default()));
                }
                Step::Compress => {}
                Step::Send(content) => self.client.input(self.now, Input::Sent { end: content.len }),
                Step::Closed => {
                    self.closed = true;
                    break;
                }
                step => panic!("{step:?}"),
            }
            if !self.tls {
                self.written.extend_from_slice(out.bytes());
            }
            out.clear();
        }
        if !self.tls {
            self.written.extend_from_slice(out.bytes());
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        for piece in octets.chunks(4096) {
            self.framer.spare()[..piece.len()].copy_from_slice(piece);
            self.framer.filled(piece.len());
            loop {
                self.settle();
                if self.closed || !self.take_in() {
                    break;
                }
            }
        }
    }

    fn take_in(&mut self) -> bool {
        if self.left > 0 {
            let n = self.left.min(self.framer.pending().len() as u64);
            self.framer.take(n as usize);
            self.left -= n;
            if self.left > 0 {
                return false;
            }
            self.client.input(self.now, Input::Received(0));
            return true;
        }
        if self.taking > 0 {
            let Some(taken) = self.framer.take(self.taking) else { return false };
            self.client.input(self.now, Input::Taken(taken));
            self.taking = 0;
            return true;
        }
        match self.framer.line(self.client.line_limit()) {
            Line::Whole(line) => self.client.input(self.now, Input::Line(line)),
            Line::Overlong => self.client.input(self.now, Input::Overlong),
            Line::Partial => return false,
        }
        true
    }

    fn end(&mut self) {
        if !self.closed {
            self.client.input(self.now, Input::Gone { written: 0, error: None });
            self.settle();
        }
        assert!(self.closed, "the client goes on without a connection");
    }
}

fn commands() -> Vec<Command> {
    vec![
        Command::Noop,
        Command::List { pattern: "*".into() },
        Command::Search(Vec::new()),
        Command::Fetch { uids: UidSet::parse(b"1:9").expect("a set"), what: What::Whole },
        Command::Select { name: "INBOX".into(), mode: Default::default(), resync: None },
    ]
}

#[test]
fn a_million_responses_to_nothing_end_in_a_failure_and_pile_up_nowhere() {
    for line in [
        "* 1 EXISTS",
        "* 5 EXPUNGE",
        "* OK hm",
        "* SEARCH 7",
        "* 1 FETCH (FLAGS ())",
        "* CAPABILITY X",
        "hm",
        "A77 OK",
    ] {
        for command in [Command::Noop, commands().remove(3)] {
            let mut fed = Fed::with(command.clone());
            let lines = format!("{line}\r\n").repeat(100);
            let mut fed_lines = 0;
            while !fed.closed {
                fed.feed(lines.as_bytes());
                fed_lines += 100;
                assert!(fed_lines <= MAX_STRAY + 200, "{line} to {command:?}");
            }
            assert_eq!(fed.failure.as_ref().map(|failure| failure.kind), Some(Kind::Protocol), "{line}");
            assert!(fed.busiest < 8, "{line}: {} events at once", fed.busiest);
        }
    }
}

#[test]
fn a_content_that_comes_again_and_again_ends_in_a_failure() {
    let mut fed = Fed::with(commands().remove(3));
    for _ in 0..200 {
        fed.feed(b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n");
    }
    assert_eq!(fed.failure.as_ref().map(|failure| failure.kind), Some(Kind::Protocol));
}

#[test]
fn sets_that_grow_with_each_response_end_in_a_failure() {
    for (command, begin, separator) in
        [(commands().remove(2), "* SEARCH ", " "), (commands().remove(4), "* VANISHED (EARLIER) ", ",")]
    {
        let mut fed = Fed::with(command.clone());
        for part in 0..MAX_RANGES / 100_000 + 2 {
            let numbers: Vec<String> =
                (0..100_000).map(|n| (2 * (part * 100_000 + n) + 1).to_string()).collect();
            fed.feed(format!("{begin}{}\r\n", numbers.join(separator)).as_bytes());
        }
        assert_eq!(fed.failure.as_ref().map(|failure| failure.kind), Some(Kind::Protocol), "{command:?}");
    }
}

#[test]
fn a_line_without_an_end_ends_in_a_failure() {
    for command in commands() {
        let mut fed = Fed::with(command);
        for _ in 0..40 * MAX_LINE / 4096 {
            fed.feed(&[b'x'; 4096]);
        }
        assert_eq!(fed.failure.as_ref().map(|failure| failure.kind), Some(Kind::Protocol));
    }
}

#[test]
fn lengths_that_cannot_be_end_in_a_failure() {
    for literal in [
        "{-1}",
        "{}",
        "{18446744073709551616}",
        "{9223372036854775808}",
        "{4294967296}",
        "{5",
        "{x}",
        "{5}\0",
    ] {
        for before in [
            "* 1 FETCH (UID 1 BODY[] ",
            "* LIST () \"/\" ",
            "* 1 FETCH (UID 1 ENVELOPE (",
            "* SEARCH ",
            "* STATUS ",
        ] {
            for command in commands() {
                let mut fed = Fed::with(command.clone());
                fed.feed(format!("{before}{literal}\r\n").as_bytes());
                let waits = fed.failure.is_none();
                // What is no announcement at all is a line that makes no sense.
                assert!(
                    !waits || matches!(literal, "{5" | "{x}") || fed.taking > 0,
                    "{before}{literal} to {command:?}"
                );
                fed.end();
            }
        }
    }
}

fn over_tls() -> Config {
    Config {
        credentials: Some(Credentials { user: "fred".into(), proof: Proof::Password(Secret::new(PASSWORD)) }),
        ..Config::default()
    }
}

/// What a server might say, sound or not.
fn said() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN SASL-IR LITERAL+] hi",
        "* OK hi",
        "* PREAUTH hi",
        "* BYE",
        "+ ",
        "+ go",
        "A1 OK",
        "A1 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN]",
        "A1 NO [AUTHENTICATIONFAILED]",
        "A2 OK",
        "A2 BAD",
        "A3 OK",
        "A4 OK",
        "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=LOGIN",
        "* CAPABILITY STARTTLS",
        "* 1 FETCH (UID 1 BODY[] {3}",
        "abc)",
        "* 1 FETCH (UID 2 BODY[] \"x\" FLAGS (\\Seen))",
        "* LIST () \"/\" {2}",
        "* VANISHED 1:4294967295",
        "* 4294967295 EXISTS",
        "* SEARCH 1 2 3",
        "* ESEARCH UID ALL 1:*",
        "* STATUS x (MESSAGES 1)",
        "* NAMESPACE NIL NIL NIL",
        "* ENABLED QRESYNC",
        "* OK [COPYUID 1 1:2 3:4]",
        "* OK [PERMANENTFLAGS (\\*)]",
        "* 1 EXPUNGE",
        "((((((((((",
        "* ID NIL",
        "\0\0",
    ]);
    let octets = prop::collection::vec(any::<u8>(), 0..30);
    prop_oneof![
        6 => line.prop_map(|line| format!("{line}\r\n").into_bytes()),
        1 => octets,
        1 => Just(b"\r\n".to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_server_gets_the_password_in_clear(pieces in prop::collection::vec(said(), 0..20)) {
        let mut fed = Fed::new(over_tls());
        for piece in pieces {
            fed.feed(&piece);
        }
        fed.end();
        let clear = String::from_utf8_lossy(&fed.written).into_owned();
        prop_assert!(!clear.contains(PASSWORD) && !clear.contains("AGZyZWQ") && !clear.contains("AUTHENTICATE"), "{}", clear);
    }

    #[test]
    fn whatever_is_said_the_client_comes_to_an_end(at in 0_usize..5, pieces in prop::collection::vec(said(), 0..30)) {
        let mut fed = Fed::with(commands().remove(at));
        for piece in pieces {
            fed.feed(&piece);
        }
        fed.end();
        prop_assert!(fed.busiest < 40);
    }
}
