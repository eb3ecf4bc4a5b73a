//! Tells a [`Tap`] what passed, in the order of the wire, once it was written or read.
//!
//! What is sent is reported from the octets that the link took, not from what was meant to be sent: after
//! a failure the transcript ends where the connection did.

use std::collections::VecDeque;
use std::ops::Range;

use hongyan_proto::framer::Decoder;
use hongyan_proto::machine::Coding;
use hongyan_proto::transcript::{Passed, Tap, Who};
use memchr::memchr;

pub(crate) struct Listener {
    tap: Box<dyn Tap>,
    me: Who,
    /// Where in the stream contents begin that have not been written yet.
    contents: VecDeque<(u64, Coding)>,
    /// The content that is being written, decoded again, and its length so far.
    sending: Option<(Decoder, u64)>,
}

impl Listener {
    pub(crate) fn new(tap: Box<dyn Tap>, me: Who) -> Self {
        Self { tap, me, contents: VecDeque::new(), sending: None }
    }

    fn peer(&self) -> Who {
        match self.me {
            Who::Client => Who::Server,
            Who::Server => Who::Client,
        }
    }

    pub(crate) fn note(&mut self, note: &str) {
        self.tap.passed(self.me, Passed::Note(note));
    }

    /// A line of the peer's, of which nobody may see what stands from `secret` on.
    pub(crate) fn heard(&mut self, line: &[u8], secret: Option<usize>) {
        let peer = self.peer();
        let (text, secret) = line.split_at(secret.unwrap_or(line.len()).min(line.len()));
        if !text.is_empty() {
            self.tap.passed(peer, Passed::Text(text));
        }
        if !secret.is_empty() {
            self.tap.passed(peer, Passed::Secret(secret.len()));
        }
        self.tap.passed(peer, Passed::EndOfLine);
    }

    /// Octets in the middle of a line that the machine saw whole.
    pub(crate) fn taken(&mut self, octets: &[u8], secret: bool) {
        let passed = if secret { Passed::Secret(octets.len()) } else { Passed::Content(octets) };
        self.tap.passed(self.peer(), passed);
        if !secret {
            self.received_whole(octets.len() as u64);
        }
    }

    pub(crate) fn received(&mut self, piece: &[u8]) {
        self.tap.passed(self.peer(), Passed::Content(piece));
    }

    pub(crate) fn received_whole(&mut self, octets: u64) {
        self.tap.passed(self.peer(), Passed::EndOfContent(octets));
    }

    /// What will be written at this position of the stream is content.
    pub(crate) fn content_at(&mut self, position: u64, coding: Coding) {
        self.contents.push_back((position, coding));
    }

    /// The link took `bytes[new]`, which stand at `position` in the stream. Says how many of them were
    /// reported: all but an unfinished line.
    pub(crate) fn sent(
        &mut self,
        position: u64,
        bytes: &[u8],
        new: Range<usize>,
        secrets: &[Range<usize>],
    ) -> usize {
        let mut at = new.start;
        while at < new.end {
            if self.sending.is_some() {
                at += self.sent_content(&bytes[at..new.end]);
                continue;
            }
            let here = position + (at - new.start) as u64;
            let mut stop = new.end;
            if let Some(&(begin, coding)) = self.contents.front() {
                if begin <= here {
                    self.contents.pop_front();
                    self.sending = Some((Decoder::new(coding), 0));
                    continue;
                }
                stop = stop.min(at + usize::try_from(begin - here).unwrap_or(usize::MAX - at));
            }
            match memchr(b'\n', &bytes[at..stop]) {
                Some(lf) => {
                    self.sent_line(bytes, at..at + lf, secrets);
                    at += lf + 1;
                }
                None if stop < new.end => {
                    self.sent_line(bytes, at..stop, secrets);
                    at = stop;
                }
                None => break,
            }
        }
        at - new.start
    }

    fn sent_content(&mut self, bytes: &[u8]) -> usize {
        let Some((decoder, octets)) = &mut self.sending else { return 0 };
        let (used, done) = decoder.decode(bytes, &mut |piece| {
            *octets += piece.len() as u64;
            self.tap.passed(self.me, Passed::Content(piece));
        });
        if done {
            self.tap.passed(self.me, Passed::EndOfContent(*octets));
            self.sending = None;
        }
        used
    }

    fn sent_line(&mut self, bytes: &[u8], line: Range<usize>, secrets: &[Range<usize>]) {
        let end = if bytes[line.clone()].ends_with(b"\r") { line.end - 1 } else { line.end };
        let mut at = line.start;
        for secret in secrets.iter().filter(|s| s.end > line.start && s.start < end) {
            let (from, to) = (secret.start.max(at), secret.end.min(end));
            if at < from {
                self.tap.passed(self.me, Passed::Text(&bytes[at..from]));
            }
            self.tap.passed(self.me, Passed::Secret(to - from));
            at = to;
        }
        if at < end {
            self.tap.passed(self.me, Passed::Text(&bytes[at..end]));
        }
        self.tap.passed(self.me, Passed::EndOfLine);
    }

    /// The link took part of a line, and the rest is not to come (or not yet).
    pub(crate) fn cut(&mut self, bytes: &[u8], part: Range<usize>, secrets: &[Range<usize>]) {
        if self.sending.is_none() && !part.is_empty() {
            self.sent_line(bytes, part, secrets);
        }
    }
}
