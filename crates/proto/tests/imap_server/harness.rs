//! A driver without a network: octets go in, and a log of what the server said and did comes out.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::imap::server::{Appended, Arrival, Config, Event, No, Server};
use hongyan_proto::imap::{Date, Flags};
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};

use crate::store::World;

/// `mrc` with `secret` (RFC 3501's user), and `tim` with `tanstaaftanstaaf`.
pub(crate) struct Accounts;

impl Users for Accounts {
    fn password(&self, user: &str) -> Option<Secret> {
        match user {
            "mrc" => Some(Secret::new("secret")),
            "tim" => Some(Secret::new("tanstaaftanstaaf")),
            _ => None,
        }
    }
}

/// How the server's user behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keeper {
    #[default]
    Keeps,
    /// Says no when a message is announced.
    Refuses,
    /// Runs out of room in the middle of a message.
    RunsOut,
    /// Cannot make the whole message safe.
    Fails,
    /// Forgets to answer.
    Forgets,
    /// Finds no mailboxes for the user.
    Closed,
    /// The content of messages cannot be read to its end.
    Breaks,
}

/// A configuration that lets `mrc` log in in clear.
pub(crate) fn open() -> Config {
    Config {
        name: "imap.example".into(),
        users: Some(Arc::new(Accounts)),
        clear_login: true,
        ..Config::default()
    }
}

/// One connection.
pub(crate) struct Wire {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    pub(crate) world: World,
    keeper: Keeper,
    framer: Framer,
    outbox: Outbox,
    receiving: Option<(Decoder, u64, Option<io::Error>)>,
    taking: Option<usize>,
    /// What was said and is no whole line yet.
    partial: Vec<u8>,
    /// All octets that were said and not asked for.
    said: Vec<u8>,
    /// `S: ` and `E: ` lines in their order.
    pub(crate) log: Vec<String>,
    content: Option<Vec<u8>>,
    pub(crate) discarded: u64,
    pub(crate) paused: Vec<Duration>,
    /// The most octets that waited to be written.
    pub(crate) most: usize,
    /// What a transcript would have been told was secret, of what the client said.
    pub(crate) secrets: Vec<String>,
    pub(crate) closed: bool,
}

impl Wire {
    pub(crate) fn new(config: Config, world: &World) -> Self {
        Self::with(Server::new(Arc::new(config)), Keeper::Keeps, world)
    }

    pub(crate) fn with(server: Server, keeper: Keeper, world: &World) -> Self {
        let mut wire = Self {
            server,
            now: Instant::now(),
            world: world.clone(),
            keeper,
            framer: Framer::new(),
            outbox: Outbox::new(),
            receiving: None,
            taking: None,
            partial: Vec::new(),
            said: Vec::new(),
            log: Vec::new(),
            content: None,
            discarded: 0,
            paused: Vec::new(),
            most: 0,
            secrets: Vec::new(),
            closed: false,
        };
        wire.run();
        wire
    }

    /// A connection that has INBOX selected; its log begins there.
    pub(crate) fn selected(world: &World) -> Self {
        let mut wire = Self::new(open(), world);
        wire.hear(b"l LOGIN mrc secret\r\ns SELECT INBOX\r\n");
        wire.log.clear();
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

    /// The octets that the server said since this was last asked.
    pub(crate) fn take_said(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }

    /// The last line that the server said.
    pub(crate) fn last(&self) -> &str {
        self.log.last().map_or("", String::as_str)
    }

    /// The store changed: what is heard of it.
    pub(crate) fn changed(&mut self) {
        self.server.changed();
        self.run();
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
        self.receiving = None;
        self.taking = None;
        self.server.input(self.now, Input::Gone { written: 0, error: None });
        self.run();
    }

    pub(crate) fn run(&mut self) {
        while !self.closed && self.content_is_in() && self.literal_is_in() {
            match self.server.poll(self.now, &mut self.outbox) {
                Step::Read => match self.framer.line(self.server.line_limit()) {
                    Line::Whole(line) => {
                        if let Some(from) = self.server.secret_from(line) {
                            self.secrets.push(String::from_utf8_lossy(&line[from..]).into_owned());
                        }
                        self.server.input(self.now, Input::Line(line));
                    }
                    Line::Overlong => self.server.input(self.now, Input::Overlong),
                    Line::Partial => break,
                },
                Step::Pause(until) => {
                    self.collect();
                    if until > self.now {
                        self.paused.push(until - self.now);
                        self.now = until;
                    }
                }
                Step::StartTls => {
                    let leftover = self.framer.drop_pending();
                    self.note(&format!("-- TLS, {leftover} octets dropped"));
                    let info = TlsInfo { leftover, exporter: Some(vec![7; 32]), ..TlsInfo::default() };
                    self.server.input(self.now, Input::TlsUp(info));
                }
                Step::Compress => self.note("-- compressed"),
                Step::Take(octets) => self.taking = Some(octets),
                Step::Receive(coding) => self.receiving = Some((Decoder::new(coding), 0, None)),
                Step::Send(outgoing) => {
                    let inner = self.world.lock();
                    let content = &inner.contents[outgoing.ticket.0 as usize];
                    let (from, to) = (outgoing.offset as usize, (outgoing.offset + outgoing.len) as usize);
                    if self.keeper == Keeper::Breaks {
                        self.outbox.push(&content[from..from + (to - from) / 2]);
                        self.server.input(self.now, Input::SendFailed(io::ErrorKind::Other.into()));
                    } else {
                        self.outbox.push(&content[from..to]);
                        self.server.input(self.now, Input::Sent { end: self.outbox.position() });
                    }
                }
                Step::Event(event) => self.on_event(event),
                Step::Closed => {
                    self.note("-- closed");
                    self.closed = true;
                }
            }
            self.most = self.most.max(self.outbox.bytes().len());
        }
        self.collect();
    }

    /// False while a literal has not come to its end.
    fn literal_is_in(&mut self) -> bool {
        let Some(octets) = self.taking else { return true };
        let Some(taken) = self.framer.take(octets) else { return false };
        if self.server.taken_is_secret() {
            self.secrets.push(String::from_utf8_lossy(taken).into_owned());
        }
        self.server.input(self.now, Input::Taken(taken));
        self.taking = None;
        true
    }

    /// False while a content has not come to its end.
    fn content_is_in(&mut self) -> bool {
        let Some((decoder, octets, failed)) = &mut self.receiving else { return true };
        let done = self.framer.content(decoder, &mut |piece| {
            *octets += piece.len() as u64;
            match &mut self.content {
                None => self.discarded += piece.len() as u64,
                Some(_) if self.keeper == Keeper::RunsOut => {
                    failed.get_or_insert(io::ErrorKind::StorageFull.into());
                }
                Some(content) => content.extend_from_slice(piece),
            }
        });
        if done {
            let (_, octets, failed) = self.receiving.take().expect("it is there");
            let input = failed.map_or(Input::Received(octets), Input::ReceiveFailed);
            self.server.input(self.now, input);
        }
        done
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::LoggedIn { user } => {
                self.note(&format!("E: {user} has logged in"));
                match self.keeper {
                    Keeper::Closed => self.server.enter(Err(No::new("UNAVAILABLE", "not today"))),
                    Keeper::Forgets => {}
                    _ => self.server.enter(Ok(Box::new(self.world.clone()))),
                }
            }
            Event::Append(arrival) => {
                assert!(self.content.is_none(), "one message at a time");
                if self.keeper == Keeper::Refuses {
                    self.server.refuse(No::over_quota());
                } else {
                    self.content = Some(Vec::new());
                }
                self.note(&format!("E: a message of {} octets for {}", arrival.size, arrival.mailbox));
            }
            Event::Arrived(arrival) => {
                let content = self.content.take().expect("a message began");
                assert_eq!(content.len() as u64, arrival.size);
                match self.keeper {
                    Keeper::Fails => self.server.kept(Err(No::local())),
                    _ => {
                        let kept = self.keep(arrival, &content);
                        self.server.kept(kept);
                    }
                }
            }
            Event::Abandoned => {
                self.content.take().expect("a message began");
                self.note("E: abandoned");
            }
        }
    }

    fn keep(&mut self, arrival: Arrival, content: &[u8]) -> Result<Appended, No> {
        let Arrival { mailbox, flags, date, .. } = arrival;
        self.note(&format!("E: kept in {mailbox} {flags}"));
        let mut inner = self.world.lock();
        let uid = inner.put(&mailbox, content, Flags { recent: false, ..flags }, date.unwrap_or_default())?;
        Ok(Appended { uid_validity: inner.snapshot(&mailbox).uid_validity, uid })
    }

    /// Moves what was said into the log.
    fn collect(&mut self) {
        self.partial.extend_from_slice(self.outbox.bytes());
        self.said.extend_from_slice(self.outbox.bytes());
        self.outbox.clear();
        let end = self.partial.iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
        let rest = self.partial.split_off(end);
        for line in self.partial.split_inclusive(|&b| b == b'\n') {
            let line = line.strip_suffix(b"\r\n").unwrap_or(line);
            let line = std::str::from_utf8(line).map_or(line.escape_ascii().to_string(), str::to_string);
            self.log.push(format!("S: {line}"));
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

/// A date for messages that need none.
pub(crate) fn some_day() -> Date {
    Date::parse(b" 6-Feb-2024 12:00:00 +0800").expect("a date")
}
