//! A client in memory: what it writes is held against the script, what the server says is fed whole or octet by octet.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use hongyan_proto::framer::{Decoder, Framer, Line};
use hongyan_proto::imap::client::{Answer, Client, Command, Event, Meta, Note};
use hongyan_proto::outcome::Failure;
use hongyan_proto::transcript::escape;
use hongyan_proto::{Coding, Input, Machine, Outbox, Step, TlsInfo};

use super::script::{Script, unescape};

pub(crate) struct Replay {
    client: Client,
    out: Outbox,
    framer: Framer,
    drained: bool,
    /// What the server has sent and the client has not read.
    coming: VecDeque<u8>,
    receiving: Option<(Decoder, u64)>,
    taking: Option<usize>,
    lines: VecDeque<String>,
    commands: VecDeque<(Command, bool)>,
    sees: Vec<String>,
    now: Instant,
    split: bool,
    /// All that the client wrote; contents as `x`.
    pub(crate) written: Vec<u8>,
}

impl Replay {
    pub(crate) fn new(script: Script, split: bool) -> Self {
        let now = Instant::now();
        let tls = script.implicit_tls.then(TlsInfo::default);
        Self {
            client: Client::new(script.config, tls, now),
            out: Outbox::new(),
            framer: Framer::new(),
            drained: false,
            coming: VecDeque::new(),
            receiving: None,
            taking: None,
            lines: script.lines,
            commands: script.commands,
            sees: Vec::new(),
            now,
            split,
            written: Vec::new(),
        }
    }

    /// What was seen, and what was written.
    pub(crate) fn run(mut self) -> (Vec<String>, Vec<u8>) {
        for _ in 0..100_000 {
            let step = self.client.poll(self.now, &mut self.out);
            match step {
                Step::Event(event) => self.on_event(event),
                Step::Read => {
                    self.expect_written();
                    if !self.feed() {
                        panic!("the client waits for more than the transcript has");
                    }
                }
                Step::Take(n) => self.taking = Some(n),
                Step::Receive(coding) => self.receiving = Some((Decoder::new(coding), 0)),
                Step::Send(content) => {
                    self.expect_written();
                    if self.next_is("-- content cannot be read") {
                        self.client.input(self.now, Input::SendFailed(io::Error::other("unreadable")));
                        continue;
                    }
                    let what = format!("C: {{content: {} octets}}", content.len);
                    assert_eq!(self.lines.pop_front(), Some(what));
                    assert_eq!(content.coding, Coding::Exact(content.len));
                    self.written.extend(std::iter::repeat_n(b'x', content.len as usize));
                    self.out.passed_by(content.len);
                    self.client.input(self.now, Input::Sent { end: self.out.position() });
                }
                Step::StartTls => {
                    self.expect_written();
                    assert_eq!(self.lines.pop_front().as_deref(), Some("-- TLS up"));
                    let leftover = self.framer.drop_pending() + std::mem::take(&mut self.coming).len();
                    self.drained = true;
                    self.client.input(self.now, Input::TlsUp(TlsInfo { leftover, ..TlsInfo::default() }));
                }
                Step::Compress => {
                    self.expect_written();
                    assert_eq!(self.lines.pop_front().as_deref(), Some("-- compressed"));
                }
                Step::Closed => {
                    self.expect_written();
                    assert_eq!(self.lines.pop_front().as_deref(), Some("-- closed by the client"));
                    assert!(self.lines.is_empty(), "left over: {:?}", self.lines);
                    return (self.sees, self.written);
                }
                Step::Pause(_) => panic!("a client does not pause"),
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
        self.written.extend_from_slice(&bytes);
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
            assert_eq!(Some(text.trim_end()), self.lines.front().map(|line| line.trim_end()));
            self.lines.pop_front();
        }
    }

    /// Feeds the server's next octets; false at the end of the transcript.
    fn feed(&mut self) -> bool {
        loop {
            if self.take_in() {
                return true;
            }
            let n = if self.split { self.coming.len().min(1) } else { self.coming.len() };
            if n == 0 {
                break;
            }
            // One octet at a time also where an octet could complete nothing.
            for octet in self.coming.drain(..n).collect::<Vec<_>>().chunks(1024) {
                self.framer.spare()[..octet.len()].copy_from_slice(octet);
                self.framer.filled(octet.len());
            }
        }
        match self.lines.front().map(String::as_str) {
            Some("-- closed by the server") => {
                self.client.input(self.now, Input::Gone { written: 0, error: None });
                (self.taking, self.receiving) = (None, None);
            }
            Some("-- time passes") => {
                let deadline = self.client.deadline().expect("a client that waits has a deadline");
                self.now = deadline + Duration::from_millis(1);
                self.client.input(self.now, Input::Tick { written: 0 });
            }
            Some("-- content cannot be kept") => {
                assert!(self.receiving.take().is_some(), "no content is under way");
                self.client.input(self.now, Input::ReceiveFailed(io::Error::other("disk full")));
            }
            Some(line) if line.starts_with("S: ") || line.starts_with("S| ") => {
                while let Some(line) = self.lines.front() {
                    if let Some(said) = line.strip_prefix("S: ") {
                        self.coming.extend(unescape(said));
                        self.coming.extend(b"\r\n");
                    } else if let Some(said) = line.strip_prefix("S| ") {
                        self.coming.extend(unescape(said));
                    } else {
                        break;
                    }
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

    /// One input from what has arrived; false where there is none.
    fn take_in(&mut self) -> bool {
        if let Some((decoder, octets)) = &mut self.receiving {
            if self.framer.content(decoder, &mut |piece| *octets += piece.len() as u64) {
                let octets = *octets;
                self.receiving = None;
                self.client.input(self.now, Input::Received(octets));
                return true;
            }
            return false;
        }
        if let Some(n) = self.taking {
            let Some(taken) = self.framer.take(n) else { return false };
            self.client.input(self.now, Input::Taken(taken));
            self.taking = None;
            return true;
        }
        match self.framer.line(self.client.line_limit()) {
            Line::Whole(line) => {
                self.drained = false;
                self.client.input(self.now, Input::Line(line));
                true
            }
            Line::Overlong => {
                self.client.input(self.now, Input::Overlong);
                true
            }
            Line::Partial if !self.drained && (self.coming.is_empty() || self.split) => {
                self.drained = true;
                self.client.input(self.now, Input::Drained);
                true
            }
            Line::Partial => false,
        }
    }

    fn on_event(&mut self, event: Event) {
        let ends = matches!(event, Event::Ready | Event::Done(..));
        if let Some(seen) = describe(event) {
            self.sees.push(seen);
        }
        if ends && self.client.is_open() {
            let mut first = true;
            while self.commands.front().is_some_and(|(_, together)| first || *together) {
                if let Some((command, _)) = self.commands.pop_front() {
                    self.client.submit(command);
                }
                first = false;
            }
        }
    }
}

fn describe(event: Event) -> Option<String> {
    Some(match event {
        Event::Ready => return None,
        Event::Folder(folder) => {
            let mut text = format!("folder {}", folder.name);
            folder.delimiter.iter().for_each(|delimiter| text.push_str(&format!(" by {delimiter}")));
            folder.special.iter().for_each(|special| text.push_str(&format!(" for {special:?}")));
            if !folder.selectable {
                text.push_str(" holds no mail");
            }
            folder.has_children.iter().for_each(|has| text.push_str(if *has { " +" } else { " -" }));
            text
        }
        Event::Meta(meta) => format!("about {}", about(&meta)),
        Event::Content(octets) => format!("content of {octets}"),
        Event::Inline(octets) => format!("content `{}`", octets.escape_ascii()),
        Event::Message(meta) => format!("message {}", about(&meta)),
        Event::Note(Note::Alert(text)) => format!("alert {text}"),
        Event::Note(Note::Unreadable(text)) => format!("unreadable {text}"),
        Event::Done(_, Ok(answer)) => answered(answer),
        Event::Done(_, Err(failure)) => format!("no: {}", failed(&failure)),
        Event::Failed(failure) => format!("failed: {}", failed(&failure)),
    })
}

fn failed(failure: &Failure) -> String {
    format!("{:?} {failure}", failure.kind)
}

fn about(meta: &Meta) -> String {
    let mut text = format!("{} {}", meta.uid, meta.flags);
    meta.size.iter().for_each(|size| text.push_str(&format!(" {size} octets")));
    meta.date.iter().for_each(|date| text.push_str(&format!(" of {date}")));
    meta.mod_seq.iter().for_each(|mod_seq| text.push_str(&format!(" at {mod_seq}")));
    text
}

fn answered(answer: Answer) -> String {
    match answer {
        Answer::Done => "done".into(),
        Answer::Selected(selected) => {
            let mut text = format!("open {}: {} messages", selected.name, selected.exists);
            selected.uid_validity.iter().for_each(|n| text.push_str(&format!(", validity {n}")));
            selected.uid_next.iter().for_each(|n| text.push_str(&format!(", next {n}")));
            selected.highest_mod_seq.iter().for_each(|n| text.push_str(&format!(", at {n}")));
            selected.permanent.iter().for_each(|flags| text.push_str(&format!(", permanent {flags}")));
            text.push_str(if selected.keywords { "*" } else { "" });
            text.push_str(if selected.read_only { ", read-only" } else { "" });
            if selected.resynced {
                text.push_str(&format!(", vanished {:?}, changed", selected.vanished));
                selected.changed.iter().for_each(|meta| text.push_str(&format!(" [{}]", about(meta))));
            }
            text
        }
        Answer::Found(uids, mod_seq) => {
            let at = mod_seq.map_or(String::new(), |mod_seq| format!(" at {mod_seq}"));
            format!("found {uids:?}{at}")
        }
        Answer::Status(status) => {
            let numbers = [
                ("messages", status.messages.map(u64::from)),
                ("next", status.uid_next.map(u64::from)),
                ("validity", status.uid_validity.map(u64::from)),
                ("unseen", status.unseen.map(u64::from)),
                ("at", status.highest_mod_seq),
                ("octets", status.size),
            ];
            let numbers =
                numbers.into_iter().filter_map(|(name, number)| Some(format!(" {name} {}", number?)));
            format!("status{}", numbers.collect::<String>())
        }
        Answer::Namespaces(spaces) => {
            let each = |all: &[hongyan_proto::imap::client::Namespace]| {
                let all = all.iter().map(|one| {
                    format!("{:?} by {}", one.prefix, one.delimiter.map_or("none".into(), String::from))
                });
                all.collect::<Vec<_>>().join(", ")
            };
            format!(
                "namespaces [{}] [{}] [{}]",
                each(&spaces.personal),
                each(&spaces.others),
                each(&spaces.shared)
            )
        }
        Answer::Arrived(None) => "arrived".into(),
        Answer::Arrived(Some(arrived)) => {
            format!("arrived as {:?} under {}", arrived.uids, arrived.uid_validity)
        }
        Answer::Stored(stayed) if stayed.is_empty() => "stored".into(),
        Answer::Stored(stayed) => format!("stored but for {stayed:?}"),
        Answer::Changes(changes) => {
            let exists = changes.exists.map_or(String::new(), |n| format!(" {n} exist"));
            format!("news:{exists} {} gone {} flags", changes.expunged, changes.flags)
        }
    }
}
