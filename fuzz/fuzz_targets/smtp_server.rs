//! A whole SMTP connection, whatever the client sends and in whatever pieces: every reply is well-formed, every content
//! that begins ends once, and a message is no longer than what was sent.
#![no_main]

use std::sync::Arc;
use std::time::Instant;

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::smtp::server::{Config, Event, Server};
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};
use libfuzzer_sys::fuzz_target;

struct Anyone;

impl Users for Anyone {
    fn password(&self, user: &str) -> Option<Secret> {
        (user == "u").then(|| Secret::new("p"))
    }
}

#[derive(Default)]
struct Wire {
    framer: Framer,
    outbox: Outbox,
    content: Option<(Decoder, u64)>,
    open: bool,
    closed: bool,
}

impl Wire {
    fn run(&mut self, server: &mut Server, now: Instant, sent: u64) {
        while !self.closed && self.take_content(server, now) {
            match server.poll(now, &mut self.outbox) {
                Step::Read => match self.framer.line(server.line_limit()) {
                    Line::Whole(line) => {
                        assert!(server.secret_from(line).is_none_or(|from| from <= line.len()));
                        server.input(now, Input::Line(line));
                    }
                    Line::Overlong => server.input(now, Input::Overlong),
                    Line::Partial => break,
                },
                Step::Pause(_) => {}
                Step::StartTls => {
                    self.framer.drop_pending();
                    server.input(now, Input::TlsUp(TlsInfo::default()));
                }
                Step::Receive(coding) => self.content = Some((Decoder::new(coding), 0)),
                Step::Event(Event::Content { .. }) => assert!(!std::mem::replace(&mut self.open, true)),
                Step::Event(Event::Abandoned) => assert!(std::mem::replace(&mut self.open, false)),
                Step::Event(Event::Message(transaction)) => {
                    assert!(std::mem::replace(&mut self.open, false));
                    assert!(!transaction.to.is_empty() && transaction.octets <= sent);
                    server.kept(Ok("kept".into()));
                }
                Step::Closed => self.closed = true,
                step => unreachable!("an SMTP server does not {step:?}"),
            }
        }
        let said = self.outbox.bytes();
        assert!(said.is_empty() || said.ends_with(b"\r\n"));
        for line in said.split_inclusive(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\r\n").expect("no bare line feed");
            assert!(line[..3].iter().all(u8::is_ascii_digit) && matches!(line[3], b' ' | b'-'));
            assert!(!line.iter().any(|b| matches!(b, b'\r' | 0)));
        }
        self.outbox.clear();
    }

    /// False while a content has not come to its end.
    fn take_content(&mut self, server: &mut Server, now: Instant) -> bool {
        let Some((decoder, octets)) = &mut self.content else { return true };
        if !self.framer.content(decoder, &mut |piece| *octets += piece.len() as u64) {
            return false;
        }
        let octets = *octets;
        self.content = None;
        server.input(now, Input::Received(octets));
        true
    }
}

fuzz_target!(|input: &[u8]| {
    let now = Instant::now();
    let users: Option<Arc<dyn Users>> = Some(Arc::new(Anyone));
    let config = Config { max_size: 5000, errors: 1000, users, clear_login: true, ..Config::default() };
    let (mut server, mut wire) = (Server::new(Arc::new(config)), Wire::default());
    wire.run(&mut server, now, 0);
    let (mut rest, mut sent) = (input, 0);
    while !rest.is_empty() {
        // The piece's length is in its first octet, so that the fuzzer chooses where to cut.
        let n = (usize::from(rest[0]) + 1).min(rest.len() - 1);
        let piece = &rest[1..=n];
        wire.framer.spare()[..n].copy_from_slice(piece);
        wire.framer.filled(n);
        sent += n as u64;
        wire.run(&mut server, now, sent);
        rest = &rest[1 + n..];
    }
    server.input(now, Input::Gone { written: 0, error: None });
    wire.content = None;
    wire.run(&mut server, now, sent);
    assert!(wire.closed);
});
