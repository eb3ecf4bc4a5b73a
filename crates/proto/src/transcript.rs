//! The one text form of a conversation.
//!
//! ```text
//! S: 220 mx.example ESMTP
//! C: EHLO [127.0.0.1]
//! S: 250 AUTH PLAIN
//! C: AUTH PLAIN {24 secret octets}
//! C: {content: 2634 octets}
//! -- TLSv1.3, TLS13_AES_256_GCM_SHA384
//! ```
//! The driver tells a [`Tap`] each line as it passes; a secret is a length before it gets here. Lines
//! are printed so that no control octet of a peer reaches a terminal.

use std::fmt::Write as _;

/// Which side spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// Something that passed over a connection.
#[derive(Clone, Copy, Debug)]
pub enum Passed<'a> {
    /// A line or a piece of it; `Secret` pieces and text pieces follow each other until `EndOfLine`.
    Text(&'a [u8]),
    /// This many octets that nobody may see.
    Secret(usize),
    /// The line is whole.
    EndOfLine,
    /// A piece of a message's content, undotted.
    Content(&'a [u8]),
    /// The content ended after this many octets.
    EndOfContent(u64),
    /// Not said by anybody: a connection made, a TLS session, a time-out.
    Note(&'a str),
}

/// Listens in on a connection.
pub trait Tap: Send {
    /// Told in the order in which things passed.
    fn passed(&mut self, who: Who, what: Passed<'_>);
}

/// Writes the text form, a line at a time, to `line`.
pub struct Transcript<F> {
    line: F,
    current: String,
    content: Content,
}

/// How much of a message's content a transcript shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its length alone.
    Length,
    /// All of it, line by line.
    Whole,
}

impl<F: FnMut(Who, &str)> Transcript<F> {
    /// A transcript whose lines (whole, with their prefix) go to `line`.
    pub fn new(content: Content, line: F) -> Self {
        Self { line, current: String::new(), content }
    }

    fn finish(&mut self, who: Who) {
        let text = std::mem::take(&mut self.current);
        (self.line)(who, &format!("{}{text}", prefix(who)));
    }

    fn content(&mut self, who: Who, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&b| b == b'\n') {
            escape(
                piece.strip_suffix(b"\n").map_or(piece, |p| p.strip_suffix(b"\r").unwrap_or(p)),
                &mut self.current,
            );
            if piece.ends_with(b"\n") {
                self.finish(who);
            }
        }
    }
}

impl<F: FnMut(Who, &str) + Send> Tap for Transcript<F> {
    fn passed(&mut self, who: Who, what: Passed<'_>) {
        match what {
            Passed::Text(bytes) => escape(bytes, &mut self.current),
            Passed::Secret(n) => {
                let _ = write!(self.current, "{{{n} secret octets}}");
            }
            Passed::EndOfLine => self.finish(who),
            Passed::Content(bytes) if self.content == Content::Whole => self.content(who, bytes),
            Passed::Content(_) => {}
            Passed::EndOfContent(n) => {
                if !self.current.is_empty() {
                    self.finish(who);
                }
                let _ = write!(self.current, "{{content: {n} octets}}");
                self.finish(who);
            }
            Passed::Note(note) => {
                let mut text = String::from("-- ");
                escape(note.as_bytes(), &mut text);
                (self.line)(who, &text);
            }
        }
    }
}

/// `C: ` or `S: `.
pub const fn prefix(who: Who) -> &'static str {
    match who {
        Who::Client => "C: ",
        Who::Server => "S: ",
    }
}

/// Makes octets printable: UTF-8 stays (else GB18030), what a terminal could obey is escaped.
pub fn escape(bytes: &[u8], out: &mut String) {
    for c in crate::reply::decode(bytes).chars() {
        if c == '\t' || !is_unsafe(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
}

/// Control characters, and the marks that reorder or hide what a person reads.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn secrets_are_lengths_and_control_octets_are_escaped() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        let mut t =
            Transcript::new(Content::Whole, move |_, l: &str| kept.lock().unwrap().push(l.to_string()));
        t.passed(Who::Client, Passed::Text(b"AUTH PLAIN "));
        t.passed(Who::Client, Passed::Secret(24));
        t.passed(Who::Client, Passed::EndOfLine);
        t.passed(Who::Server, Passed::Text(b"235 ok \x1b[31m\xe2\x80\xae"));
        t.passed(Who::Server, Passed::EndOfLine);
        t.passed(Who::Client, Passed::Content(b"Subject: x\r\n\r\n"));
        t.passed(Who::Client, Passed::EndOfContent(14));
        assert_eq!(
            *lines.lock().unwrap(),
            [
                "C: AUTH PLAIN {24 secret octets}",
                "S: 235 ok \\u{1b}[31m\\u{202e}",
                "C: Subject: x",
                "C: ",
                "C: {content: 14 octets}"
            ]
        );
    }
}
