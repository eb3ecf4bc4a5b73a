//! A driver without a network: octets go in, and a log of what the server said and did comes out.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::smtp::server::{Config, Event, Refusal, Server};
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};

/// `tim` with `tanstaaftanstaaf` (RFC 2195's user), and `test` with `1234`.
pub(crate) struct Accounts;

impl Users for Accounts {
    fn password(&self, user: &str) -> Option<Secret> {
        match user {
            "tim" => Some(Secret::new("tanstaaftanstaaf")),
            "test" => Some(Secret::new("1234")),
            _ => None,
        }
    }
}

/// How the server's user behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keeper {
    #[default]
    Keeps,
    /// Says no when a content is announced.
    Refuses,
    /// Runs out of room in the middle of a content.
    RunsOut,
    /// Cannot make the whole message safe.
    Fails,
    /// Forgets to answer.
    Forgets,
}

/// One connection.
pub(crate) struct Wire {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    keeper: Keeper,
    framer: Framer,
    outbox: Outbox,
    receiving: Option<(Decoder, u64, Option<io::Error>)>,
    /// What was said and is no whole line yet.
    partial: Vec<u8>,
    /// `S: ` and `E: ` lines in their order.
    pub(crate) log: Vec<String>,
    /// The contents of kept messages.
    pub(crate) kept: Vec<Vec<u8>>,
    content: Option<Vec<u8>>,
    pub(crate) discarded: u64,
    pub(crate) paused: Vec<Duration>,
    /// Sizes of the pieces that were flushed.
    pub(crate) flushes: Vec<usize>,
    pub(crate) closed: bool,
}

impl Wire {
    pub(crate) fn new(config: Config) -> Self {
        Self::with(Server::new(Arc::new(config)), Keeper::Keeps)
    }

    pub(crate) fn with(server: Server, keeper: Keeper) -> Self {
        let mut wire = Self {
            server,
            keeper,
            now: Instant::now(),
            framer: Framer::new(),
            outbox: Outbox::new(),
            receiving: None,
            partial: Vec::new(),
            log: Vec::new(),
            kept: Vec::new(),
            content: None,
            discarded: 0,
            paused: Vec::new(),
            flushes: Vec::new(),
            closed: false,
        };
        wire.run();
        wire
    }

    /// The client says something.
    pub(crate) fn hear(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.framer.spare();
            let n = bytes.len().min(room.len());
            room[..n].copy_from_slice(&bytes[..n]);
            self.framer.filled(n);
            bytes = &bytes[n..];
            self.run();
        }
    }

    /// The client says a line and hears these lines.
    #[track_caller]
    pub(crate) fn talk(&mut self, line: &str, heard: &[&str]) {
        let before = self.log.len();
        self.hear(format!("{line}\r\n").as_bytes());
        assert_eq!(self.log[before..], *heard, "{line}");
    }

    /// The client is silent until the server's patience is over.
    pub(crate) fn silence(&mut self) {
        if let Some(deadline) = self.server.deadline() {
            self.now = deadline;
            self.server.input(self.now, Input::Tick { written: 0 });
            self.run();
        }
    }

    /// The link breaks.
    pub(crate) fn gone(&mut self) {
        self.server.input(self.now, Input::Gone { written: 0, error: None });
        self.run();
    }

    pub(crate) fn run(&mut self) {
        while !self.closed && self.content_is_in() {
            match self.server.poll(self.now, &mut self.outbox) {
                Step::Read => match self.framer.line(self.server.line_limit()) {
                    Line::Whole(line) => self.server.input(self.now, Input::Line(line)),
                    Line::Overlong => self.server.input(self.now, Input::Overlong),
                    Line::Partial => break,
                },
                Step::Pause(until) => {
                    self.flush();
                    self.paused.push(until - self.now);
                    self.now = until;
                }
                Step::StartTls => {
                    self.flush();
                    let leftover = self.framer.drop_pending();
                    self.note(&format!("-- TLS, {leftover} octets dropped"));
                    let info = TlsInfo { leftover, exporter: Some(vec![7; 32]), ..TlsInfo::default() };
                    self.server.input(self.now, Input::TlsUp(info));
                }
                Step::Receive(coding) => self.receiving = Some((Decoder::new(coding), 0, None)),
                Step::Event(event) => self.on_event(event),
                Step::Closed => {
                    self.flush();
                    self.note("-- closed");
                    self.closed = true;
                }
                Step::Send(outgoing) => panic!("a server sends no content: {outgoing:?}"),
                Step::Take(n) => panic!("an SMTP server has no literals: {n}"),
                Step::Compress => panic!("SMTP knows no compression"),
            }
        }
        self.flush();
    }

    /// False while a content has not come to its end.
    fn content_is_in(&mut self) -> bool {
        let Some((decoder, octets, failed)) = &mut self.receiving else { return true };
        let (content, discarded, keeper) = (&mut self.content, &mut self.discarded, self.keeper);
        let whole = self.framer.content(decoder, &mut |piece| {
            *octets += piece.len() as u64;
            match content {
                Some(_) if keeper == Keeper::RunsOut => *failed = Some(io::ErrorKind::StorageFull.into()),
                Some(content) => content.extend_from_slice(piece),
                None => *discarded += piece.len() as u64,
            }
        });
        if whole && let Some((_, octets, failed)) = self.receiving.take() {
            let input = failed.map_or(Input::Received(octets), Input::ReceiveFailed);
            self.server.input(self.now, input);
        }
        whole
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Content { declared } => {
                assert!(self.server.transaction().is_some(), "the envelope is there");
                self.note(&format!(
                    "E: content of {} octets",
                    declared.map_or("?".into(), |n| n.to_string())
                ));
                if self.keeper == Keeper::Refuses {
                    self.server.refuse(Refusal::full());
                } else {
                    assert!(self.content.replace(Vec::new()).is_none(), "one content at a time");
                }
            }
            Event::Message(transaction) => {
                let from = transaction.from.as_ref().map_or(String::new(), ToString::to_string);
                let to: Vec<_> =
                    transaction.to.iter().map(|to| format!("<{}>{}", to.mailbox, to.params)).collect();
                let (octets, protocol) = (transaction.octets, self.server.session().protocol(&transaction));
                let params = &transaction.params;
                self.note(&format!("E: <{from}>{params} to {}, {octets} octets, {protocol}", to.join(" ")));
                let content = self.content.take().expect("a content began");
                assert_eq!(content.len() as u64, octets);
                match self.keeper {
                    Keeper::Fails => self.server.kept(Err(Refusal::full())),
                    Keeper::Forgets => {}
                    _ => {
                        self.kept.push(content);
                        self.server.kept(Ok(format!("kept as {}", self.kept.len())));
                    }
                }
            }
            Event::Abandoned => {
                self.content.take().expect("a content began");
                self.note("E: abandoned");
            }
        }
    }

    fn flush(&mut self) {
        if !self.outbox.bytes().is_empty() {
            self.flushes.push(self.outbox.bytes().len());
        }
        self.collect();
    }

    /// Moves what was said into the log.
    fn collect(&mut self) {
        self.partial.extend_from_slice(self.outbox.bytes());
        self.outbox.clear();
        let mut lines: VecDeque<_> = self.partial.split_inclusive(|&b| b == b'\n').collect();
        let rest = lines.pop_back_if(|line| !line.ends_with(b"\n")).map_or(Vec::new(), |rest| rest.to_vec());
        for line in lines {
            let line = line.strip_suffix(b"\r\n").expect("replies end in CRLF");
            self.log.push(format!("S: {}", line.escape_ascii()));
        }
        self.partial = rest;
    }

    fn note(&mut self, note: &str) {
        self.collect();
        if !self.partial.is_empty() {
            let cut = std::mem::take(&mut self.partial);
            self.log.push(format!("S: {} (cut)", cut.escape_ascii()));
        }
        self.log.push(note.to_string());
    }
}
