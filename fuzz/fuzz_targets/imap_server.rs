//! A whole IMAP connection, whatever the client sends and in whatever pieces: no panic, a content that begins ends once,
//! literals stay within their limit, and nothing but the server's own answers ends in a line of its own.
#![no_main]

#[path = "../../crates/proto/tests/imap_server/mail.rs"]
mod mail;
#[path = "../../crates/proto/tests/imap_server/store.rs"]
mod store;

use std::sync::Arc;
use std::time::Instant;

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::imap::server::config::MAX_COMMAND;
use hongyan_proto::imap::server::{Appended, Config, Event, Server};
use hongyan_proto::imap::{Date, Flags};
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};
use libfuzzer_sys::fuzz_target;
use store::World;

struct Anyone;

impl Users for Anyone {
    fn password(&self, user: &str) -> Option<Secret> {
        (user == "u").then(|| Secret::new("p"))
    }
}

struct Wire {
    world: World,
    framer: Framer,
    outbox: Outbox,
    content: Option<(Decoder, u64)>,
    literal: Option<usize>,
    open: bool,
    closed: bool,
}

impl Wire {
    fn run(&mut self, server: &mut Server, now: Instant) {
        while !self.closed && self.take_content(server, now) && self.take_literal(server, now) {
            match server.poll(now, &mut self.outbox) {
                Step::Read => match self.framer.line(server.line_limit()) {
                    Line::Whole(line) => {
                        assert!(server.secret_from(line).is_none_or(|from| from <= line.len()));
                        server.input(now, Input::Line(line));
                    }
                    Line::Overlong => server.input(now, Input::Overlong),
                    Line::Partial => break,
                },
                Step::Pause(_) => self.outbox.clear(),
                Step::Compress => {}
                Step::StartTls => {
                    self.framer.drop_pending();
                    server.input(now, Input::TlsUp(TlsInfo::default()));
                }
                Step::Take(octets) => {
                    assert!(octets > 0 && octets <= MAX_COMMAND);
                    self.literal = Some(octets);
                }
                Step::Receive(coding) => self.content = Some((Decoder::new(coding), 0)),
                Step::Send(outgoing) => {
                    let inner = self.world.lock();
                    let content = &inner.contents[outgoing.ticket.0 as usize];
                    assert!(outgoing.len > 0 && outgoing.offset + outgoing.len <= content.len() as u64);
                    server.input(now, Input::Sent { end: self.outbox.position() });
                }
                Step::Event(Event::LoggedIn { .. }) => server.enter(Ok(Box::new(self.world.clone()))),
                Step::Event(Event::Append(_)) => assert!(!std::mem::replace(&mut self.open, true)),
                Step::Event(Event::Abandoned) => assert!(std::mem::replace(&mut self.open, false)),
                Step::Event(Event::Arrived(arrival)) => {
                    assert!(std::mem::replace(&mut self.open, false));
                    // What it holds is no business of the server's.
                    let put = self.world.lock().put(&arrival.mailbox, mail::SHORT.as_bytes(), arrival.flags, Date::default());
                    server.kept(put.map(|uid| Appended { uid_validity: 1, uid }));
                }
                Step::Closed => self.closed = true,
            }
        }
        let said = self.outbox.bytes();
        assert!(!said.contains(&0));
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

    /// False while a literal has not come to its end.
    fn take_literal(&mut self, server: &mut Server, now: Instant) -> bool {
        let Some(octets) = self.literal else { return true };
        let Some(taken) = self.framer.take(octets) else { return false };
        server.input(now, Input::Taken(taken));
        self.literal = None;
        true
    }
}

fuzz_target!(|input: &[u8]| {
    let now = Instant::now();
    let users: Option<Arc<dyn Users>> = Some(Arc::new(Anyone));
    let config = Config { max_size: 5000, errors: 1000, users, clear_login: true, ..Config::default() };
    let world = World::new();
    for octets in [mail::TERRY, mail::NESTED, mail::SHORT] {
        let put = world.lock().put("INBOX", octets.as_bytes(), Flags::default(), Date::default());
        assert!(put.is_ok());
    }
    let mut server = Server::new(Arc::new(config));
    let (framer, outbox) = (Framer::new(), Outbox::new());
    let mut wire = Wire { world, framer, outbox, content: None, literal: None, open: false, closed: false };
    // The first octet says how far the conversation has come.
    let Some((how_far, mut rest)) = input.split_first() else { return };
    let opening: &[u8] = match how_far % 3 {
        0 => b"",
        1 => b"l LOGIN u p\r\n",
        _ => b"l LOGIN u p\r\ns SELECT INBOX\r\n",
    };
    wire.run(&mut server, now);
    wire.framer.spare()[..opening.len()].copy_from_slice(opening);
    wire.framer.filled(opening.len());
    wire.run(&mut server, now);
    while !rest.is_empty() {
        // The piece's length is in its first octet, so that the fuzzer chooses where to cut.
        let n = (usize::from(rest[0]) + 1).min(rest.len() - 1);
        let piece = &rest[1..=n];
        wire.framer.spare()[..n].copy_from_slice(piece);
        wire.framer.filled(n);
        wire.run(&mut server, now);
        // What another session does.
        match rest[0] % 16 {
            0 => wire.world.lock().remove("INBOX", &[2]),
            1 => {
                let put = wire.world.lock().put("INBOX", mail::SHORT.as_bytes(), Flags::default(), Date::default());
                drop(put);
            }
            _ => {}
        }
        server.changed();
        wire.run(&mut server, now);
        rest = &rest[1 + n..];
    }
    wire.content = None;
    wire.literal = None;
    server.input(now, Input::Gone { written: 0, error: None });
    wire.run(&mut server, now);
    assert!(wire.closed);
});
