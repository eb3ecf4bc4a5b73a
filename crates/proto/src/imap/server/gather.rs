//! A command comes in lines and literals; here they become one.

use crate::imap::literal::{Literal, LiteralError, announced};

use super::append::{self, AppendHead};
use super::command::{self, Head};
use super::config::{MAX_COMMAND, MAX_EARLY_COMMAND};
use super::line::Outcome;
use super::{Effect, Server, State};

/// RFC 7888 §5: with LITERAL-, no more octets come without asking.
const MAX_UNASKED: u64 = 4096;

/// What has come of a command.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    bytes: Vec<u8>,
}

impl Gathered {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn head(&self) -> Head {
        Head::of(&self.bytes)
    }

    /// Literals, and what follows them.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.head().verb.as_str(), "LOGIN" | "AUTHENTICATE")
    }

    pub(super) fn secret_from(&self, line: &[u8]) -> Option<usize> {
        if self.bytes.is_empty() { command::secret_from(line) } else { self.is_secret().then_some(0) }
    }
}

impl Server {
    pub(super) fn command_limit(&self) -> usize {
        if self.session.user.is_some() { MAX_COMMAND } else { MAX_EARLY_COMMAND }
    }

    pub(super) fn on_command_line(&mut self, line: &[u8]) {
        self.gathered.bytes.extend_from_slice(line);
        self.gathered.bytes.extend_from_slice(b"\r\n");
        match announced(line) {
            Ok(None) => self.on_command(),
            Ok(Some(literal)) => self.on_literal(literal),
            Err(LiteralError::Malformed) if !line.ends_with(b"+}") => self.on_command(),
            Err(_) => {
                let head = std::mem::take(&mut self.gathered).head();
                self.answer_bad(head.tag.as_deref(), "[TOOBIG] no literal can be like that");
                if line.ends_with(b"+}") {
                    self.say_bye("[TOOBIG] what follows cannot be told from commands, closing");
                }
            }
        }
    }

    /// The last line ends with the announcement of a literal.
    fn on_literal(&mut self, literal: Literal) {
        let head = self.gathered.head();
        let unasked = literal.non_sync
            && !self.config.offers("LITERAL+")
            && !(self.config.offers("LITERAL-") && literal.len <= MAX_UNASKED);
        if unasked {
            self.gathered = Gathered::default();
            self.answer_bad(head.tag.as_deref(), "such a literal has to wait for the go-ahead");
            return self.say_bye("[TOOBIG] what follows cannot be told from commands, closing");
        }
        if head.verb == "APPEND" && head.tag.is_some() && self.session.user.is_some() {
            let read = append::head(&self.gathered.bytes, &head);
            if !matches!(read, Some(AppendHead::Name)) {
                self.gathered = Gathered::default();
                return self.on_append(&head, read, literal);
            }
        }
        let tag = head.tag.as_deref().unwrap_or("*");
        let room = self.command_limit().saturating_sub(self.gathered.len()) as u64;
        if self.session.user.is_none()
            && !matches!(head.verb.as_str(), "LOGIN" | "ID")
            && head.takes_literal()
        {
            self.gathered = Gathered::default();
            self.refuse_literal(tag, Effect::default(), Outcome::bad("log in first"), literal);
        } else if !head.takes_literal() || literal.binary {
            self.gathered = Gathered::default();
            self.refuse_literal(tag, Effect::default(), Outcome::Bad(head.bad().text), literal);
        } else if literal.len > room {
            self.gathered = Gathered::default();
            self.answer_bad(head.tag.as_deref(), "[TOOBIG] the command is too long");
            if literal.non_sync {
                self.say_bye("[TOOBIG] that was announced without asking, closing");
            }
        } else {
            if !literal.non_sync {
                self.go_ahead();
            }
            if literal.len > 0 {
                // It fits a usize, since there is room for it.
                self.speech.take(literal.len as usize);
                self.state = State::Gathering;
            }
        }
    }

    pub(super) fn on_taken(&mut self, octets: &[u8]) {
        if let State::Gathering = self.state {
            self.gathered.bytes.extend_from_slice(octets);
            self.state = State::Ready;
        }
    }

    /// What follows a literal that nobody wanted.
    pub(super) fn on_rest(&mut self, tag: String, effect: Effect, outcome: Outcome, line: &[u8]) {
        match announced(line) {
            Ok(Some(literal)) if literal.non_sync => self.refuse_literal(&tag, effect, outcome, literal),
            Err(_) if line.ends_with(b"+}") => {
                self.settle(&tag, effect, outcome);
                self.say_bye("[TOOBIG] what follows cannot be told from commands, closing");
            }
            _ => {
                self.settle(&tag, effect, outcome);
            }
        }
    }

    /// The command is whole.
    fn on_command(&mut self) {
        let gathered = std::mem::take(&mut self.gathered);
        match command::parse(&gathered.bytes) {
            Ok((tag, command)) => self.execute(tag, command),
            Err(bad) => self.answer_bad(bad.tag.as_deref(), &bad.text),
        }
    }
}
