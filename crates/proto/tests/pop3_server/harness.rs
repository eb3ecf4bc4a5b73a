//! A driver without a network: octets go in, and a log of what the server said and did comes out.

use std::sync::Arc;
use std::time::Instant;

use hongyan_proto::framer::{Framer, Line};
use hongyan_proto::machine::{Coding, Outgoing};
use hongyan_proto::pop3::server::{Config, Entry, Event, Refusal, Server};
use hongyan_proto::sasl::{Secret, Users};
use hongyan_proto::{Input, Machine, Outbox, Step, TlsInfo};

/// `mrose` with `tanstaaf` (RFC 1939's user).
pub(crate) struct Accounts;

impl Users for Accounts {
    fn password(&self, user: &str) -> Option<Secret> {
        (user == "mrose").then(|| Secret::new("tanstaaf"))
    }
}

/// How the server's user behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keeper {
    #[default]
    Serves,
    /// Another session holds the maildrop.
    InUse,
    /// Has no content to give.
    Lost,
    /// Fails in the middle of a content.
    Breaks,
    /// Cannot delete.
    Fails,
    /// Forgets to answer.
    Forgets,
}

/// One connection.
pub(crate) struct Wire {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    keeper: Keeper,
    mails: Vec<Vec<u8>>,
    framer: Framer,
    outbox: Outbox,
    /// What was said and is no whole line yet.
    partial: Vec<u8>,
    /// The content that was announced, by its ticket.
    given: Vec<u8>,
    /// `S: ` and `E: ` lines in their order.
    pub(crate) log: Vec<String>,
    pub(crate) closed: bool,
}

impl Wire {
    pub(crate) fn new(config: Config, mails: Vec<Vec<u8>>) -> Self {
        Self::with(Server::new(Arc::new(config)), Keeper::Serves, mails)
    }

    pub(crate) fn with(server: Server, keeper: Keeper, mails: Vec<Vec<u8>>) -> Self {
        let mut wire = Self {
            server,
            now: Instant::now(),
            keeper,
            mails,
            framer: Framer::new(),
            outbox: Outbox::new(),
            partial: Vec::new(),
            given: Vec::new(),
            log: Vec::new(),
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
        while !self.closed {
            match self.server.poll(self.now, &mut self.outbox) {
                Step::Read => match self.framer.line(self.server.line_limit()) {
                    Line::Whole(line) => self.server.input(self.now, Input::Line(line)),
                    Line::Overlong => self.server.input(self.now, Input::Overlong),
                    Line::Partial => break,
                },
                Step::Pause(until) => self.now = until,
                Step::StartTls => {
                    let leftover = self.framer.drop_pending();
                    self.note(&format!("-- TLS, {leftover} octets dropped"));
                    let info = TlsInfo { leftover, exporter: Some(vec![7; 32]), ..TlsInfo::default() };
                    self.server.input(self.now, Input::TlsUp(info));
                }
                Step::Send(outgoing) => self.send(outgoing),
                Step::Event(event) => self.on_event(event),
                Step::Closed => {
                    self.note("-- closed");
                    self.closed = true;
                }
                step => panic!("a POP3 server does not {step:?}"),
            }
        }
        self.collect();
    }

    fn send(&mut self, outgoing: Outgoing) {
        let len = usize::try_from(outgoing.len).expect("a length of the tests");
        if self.keeper == Keeper::Breaks {
            self.outbox.push(&self.given[..len / 2]);
            return self.server.input(self.now, Input::SendFailed(std::io::ErrorKind::Other.into()));
        }
        match outgoing.coding {
            Coding::Exact(_) => self.outbox.push(&self.given[..len]),
            Coding::Dot => {
                assert_eq!(self.given.len(), len, "the length is the one that was given");
                for line in self.given.split_inclusive(|b| *b == b'\n') {
                    if line.starts_with(b".") {
                        self.outbox.push(b".");
                    }
                    self.outbox.push(line);
                }
                self.outbox.push(if self.given.is_empty() || self.given.ends_with(b"\n") {
                    b".\r\n"
                } else {
                    b"\r\n.\r\n"
                });
            }
        }
        self.server.input(self.now, Input::Sent { end: self.outbox.position() });
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Login { user } => {
                assert_eq!(self.server.session().user.as_deref(), Some(user.as_str()));
                self.note(&format!("E: {user} logs in"));
                let entry = |(at, mail): (usize, &Vec<u8>)| Entry {
                    size: mail.len() as u64,
                    uid: format!("uid{}", at + 1),
                };
                match self.keeper {
                    Keeper::InUse => self.server.opened(Err(Refusal::in_use())),
                    Keeper::Forgets => {}
                    _ => self.server.opened(Ok(self.mails.iter().enumerate().map(entry).collect())),
                }
            }
            Event::Content { number, lines, .. } => {
                let mail = &self.mails[number as usize - 1];
                self.given = match lines {
                    None => mail.clone(),
                    Some(lines) => top(mail, lines),
                };
                match self.keeper {
                    Keeper::Lost => self.server.give(Err(Refusal::local())),
                    _ => self.server.give(Ok(self.given.len() as u64)),
                }
            }
            Event::Commit(numbers) => {
                self.note(&format!("E: delete {numbers:?}"));
                match self.keeper {
                    Keeper::Fails => {
                        self.server.committed(Err(Refusal::new(None, "some deleted messages not removed")))
                    }
                    _ => self.server.committed(Ok(())),
                }
            }
        }
    }

    /// Moves what was said into the log.
    fn collect(&mut self) {
        self.partial.extend_from_slice(self.outbox.bytes());
        self.outbox.clear();
        let end = self.partial.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
        let rest = self.partial.split_off(end);
        for line in self.partial.split_inclusive(|b| *b == b'\n') {
            let line = line.strip_suffix(b"\r\n").expect("replies end in CRLF");
            self.log.push(format!("S: {}", line.escape_ascii()).trim_end().to_string());
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

/// The header, the empty line, and so many lines of the body (RFC 1939 §7).
fn top(mail: &[u8], lines: u32) -> Vec<u8> {
    let header = mail.windows(4).position(|w| w == b"\r\n\r\n").map_or(mail.len(), |at| at + 4);
    let body = mail[header..].split_inclusive(|b| *b == b'\n').take(lines as usize);
    mail[..header].iter().chain(body.flatten()).copied().collect()
}
