//! A whole POP3 connection, whatever the client sends and in whatever pieces: every reply begins with its indicator, and
//! content is asked for once the user said that there is some.
#![no_main]

use std::sync::Arc;
use std::time::Instant;

use hongyan_proto::framer::{Framer, Line};
use hongyan_proto::pop3::server::{Config, Entry, Event, Server};
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};
use libfuzzer_sys::fuzz_target;

struct Anyone;

impl Users for Anyone {
    fn password(&self, user: &str) -> Option<Secret> {
        (user == "u").then(|| Secret::new("p"))
    }
}

const MAIL: &[u8] = b"Subject: a\r\n\r\nb\r\n";

#[derive(Default)]
struct Wire {
    framer: Framer,
    outbox: Outbox,
    given: bool,
    closed: bool,
}

impl Wire {
    fn run(&mut self, server: &mut Server, now: Instant) {
        while !self.closed {
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
                Step::Event(Event::Login { user }) => {
                    assert!(user == "u" && server.session().user.as_deref() == Some("u"));
                    let entry = Entry { size: MAIL.len() as u64, uid: "uid\r\n1".into() };
                    server.opened(Ok(vec![entry; 3]));
                }
                Step::Event(Event::Content { number, .. }) => {
                    assert!((1..=3).contains(&number));
                    self.given = true;
                    server.give(Ok(MAIL.len() as u64));
                }
                Step::Event(Event::Commit(numbers)) => {
                    assert!(numbers.iter().all(|number| (1..=3).contains(number)));
                    server.committed(Ok(()));
                }
                Step::Send(outgoing) => {
                    assert!(std::mem::take(&mut self.given) && outgoing.len == MAIL.len() as u64);
                    self.outbox.push(MAIL);
                    self.outbox.push(b".\r\n");
                    server.input(now, Input::Sent { end: self.outbox.position() });
                }
                Step::Closed => self.closed = true,
                step => unreachable!("a POP3 server does not {step:?}"),
            }
        }
        let said = self.outbox.bytes();
        assert!(said.is_empty() || (said.ends_with(b"\r\n") && matches!(said[0], b'+' | b'-')));
        for line in said.split_inclusive(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\r\n").expect("no bare line feed");
            assert!(!line.iter().any(|b| matches!(b, b'\r' | 0)));
        }
        self.outbox.clear();
    }
}

fuzz_target!(|input: &[u8]| {
    let now = Instant::now();
    let users: Option<Arc<dyn Users>> = Some(Arc::new(Anyone));
    let config = Config { errors: 1000, users, clear_login: true, ..Config::default() };
    let (mut server, mut wire) = (Server::new(Arc::new(config)), Wire::default());
    wire.run(&mut server, now);
    let mut rest = input;
    while !rest.is_empty() {
        // The piece's length is in its first octet, so that the fuzzer chooses where to cut.
        let n = (usize::from(rest[0]) + 1).min(rest.len() - 1);
        wire.framer.spare()[..n].copy_from_slice(&rest[1..=n]);
        wire.framer.filled(n);
        wire.run(&mut server, now);
        rest = &rest[1 + n..];
    }
    server.input(now, Input::Gone { written: 0, error: None });
    wire.run(&mut server, now);
    assert!(wire.closed);
});
