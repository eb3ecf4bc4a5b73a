//! An IMAP client, whatever the server says and in whatever pieces: it ends when the connection does, hands on each
//! message it asked for at most once and never one it did not ask for, and writes whole lines.
#![no_main]

use std::collections::HashSet;
use std::time::Instant;

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::imap::UidSet;
use hongyan_proto::imap::client::{Client, Command, Config, Event, Mode, What};
use hongyan_proto::tls::Tls;
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Wire {
    framer: Framer,
    outbox: Outbox,
    content: Option<(Decoder, u64)>,
    taking: Option<usize>,
    came: HashSet<u32>,
    closed: bool,
}

impl Wire {
    fn run(&mut self, client: &mut Client, now: Instant) {
        while !self.closed && self.take_in(client, now) {
            match client.poll(now, &mut self.outbox) {
                Step::Read => match self.framer.line(client.line_limit()) {
                    Line::Whole(line) => client.input(now, Input::Line(line)),
                    Line::Overlong => client.input(now, Input::Overlong),
                    Line::Partial => break,
                },
                Step::Take(n) => self.taking = Some(n),
                Step::Receive(coding) => self.content = Some((Decoder::new(coding), 0)),
                Step::StartTls => {
                    self.framer.drop_pending();
                    client.input(now, Input::TlsUp(TlsInfo::default()));
                }
                Step::Event(Event::Message(meta)) => {
                    assert!((1..=9).contains(&meta.uid) && self.came.insert(meta.uid));
                }
                Step::Event(_) | Step::Compress | Step::Pause(_) => {}
                Step::Closed => self.closed = true,
                Step::Send(_) => unreachable!("nothing is appended"),
            }
        }
        let said = self.outbox.bytes();
        assert!(said.is_empty() || said.ends_with(b"\r\n"));
        self.outbox.clear();
    }

    /// False while a content or a literal has not come to its end.
    fn take_in(&mut self, client: &mut Client, now: Instant) -> bool {
        if let Some((decoder, octets)) = &mut self.content {
            if !self.framer.content(decoder, &mut |piece| *octets += piece.len() as u64) {
                return false;
            }
            let octets = *octets;
            self.content = None;
            client.input(now, Input::Received(octets));
        } else if let Some(n) = self.taking {
            let Some(taken) = self.framer.take(n) else { return false };
            client.input(now, Input::Taken(taken));
            self.taking = None;
        }
        true
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, input)) = input.split_first() else { return };
    let now = Instant::now();
    let config = Config { tls: Tls::Never, compress: true, ..Config::default() };
    let (mut client, mut wire) = (Client::new(config, None, now), Wire::default());
    client.submit(Command::Select { name: "INBOX".into(), mode: Mode::Write, resync: None });
    client.submit(match choice % 4 {
        0 => Command::Fetch { uids: UidSet::parse(b"1:9").expect("a set"), what: What::Whole },
        1 => Command::Search(Vec::new()),
        2 => Command::List { pattern: "*".into() },
        _ => Command::Namespace,
    });
    let mut rest = input;
    // The greeting is always the same, so that the fuzzer need not find it.
    let greeting = b"* PREAUTH [CAPABILITY IMAP4rev1 ID ENABLE QRESYNC NAMESPACE ESEARCH IDLE] x\r\n";
    wire.framer.spare()[..greeting.len()].copy_from_slice(greeting);
    wire.framer.filled(greeting.len());
    wire.run(&mut client, now);
    while !rest.is_empty() {
        // The piece's length is in its first octet, so that the fuzzer chooses where to cut.
        let n = (usize::from(rest[0]) + 1).min(rest.len() - 1);
        let piece = &rest[1..=n];
        wire.framer.spare()[..n].copy_from_slice(piece);
        wire.framer.filled(n);
        wire.run(&mut client, now);
        rest = &rest[1 + n..];
    }
    client.input(now, Input::Gone { written: 0, error: None });
    (wire.content, wire.taking) = (None, None);
    wire.run(&mut client, now);
    assert!(wire.closed);
});
