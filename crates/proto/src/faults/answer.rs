//! Answers that a rule puts in the place of the right one, as each protocol writes them.

use std::fmt;

use super::place::Place;
use crate::reply::{Code, Enhanced, Reply};

/// An answer.
///
/// - SMTP: `CODE [x.y.z] text`; `\\n` in the text begins a new line of the reply.
/// - IMAP: `OK text`, `NO text`, `BAD text` (a tag is put before it), `BYE text` or any line that begins
///   with `*` or `+`.
/// - POP3: `+OK text` or `-ERR text`; `\\n` in the text begins a new line, as in `+OK\\n1 same\\n2 same\\n.`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// SMTP's.
    Reply(Reply),
    /// A line of another protocol, without its end, or several with LF between them.
    Line(String),
}

/// What a server's speech makes of an [`Answer`]; `None` where it belongs to another protocol.
pub(crate) trait Spoken: Sized {
    fn spoken(answer: &Answer) -> Option<Self>;
}

impl Spoken for Reply {
    fn spoken(answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Reply(reply) => Some(reply.clone()),
            Answer::Line(_) => None,
        }
    }
}

impl Spoken for String {
    fn spoken(answer: &Answer) -> Option<Self> {
        match answer {
            Answer::Reply(_) => None,
            Answer::Line(line) => Some(line.clone()),
        }
    }
}

impl Answer {
    pub(super) fn parse(place: Place, text: &str) -> Result<Self, &'static str> {
        if text.chars().any(char::is_control) {
            return Err("the text of a reply holds a control character");
        }
        match place {
            Place::Imap(_) => imap(text),
            Place::Pop3(_) => pop3(text),
            _ => smtp(text),
        }
    }
}

fn smtp(text: &str) -> Result<Answer, &'static str> {
    const BAD: &str = "it is no action that is known, and no reply with a code from 200 to 599";
    let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
    let code = code.parse().ok().filter(|_| code.len() == 3).and_then(Code::new).ok_or(BAD)?;
    let (enhanced, rest) = match Enhanced::split(rest) {
        Some((enhanced, rest)) => (Some(enhanced), rest),
        None => (None, rest),
    };
    Ok(Answer::Reply(Reply::new(code, enhanced, rest.replace("\\n", "\n"))))
}

fn imap(text: &str) -> Result<Answer, &'static str> {
    const BAD: &str = "it is no action that is known, and no IMAP answer such as `NO text`";
    let (word, rest) = text.split_once(' ').ok_or(BAD)?;
    let known = ["OK", "NO", "BAD", "BYE", "*", "+"].into_iter().find(|w| w.eq_ignore_ascii_case(word));
    Ok(Answer::Line(format!("{} {rest}", known.ok_or(BAD)?)))
}

fn pop3(text: &str) -> Result<Answer, &'static str> {
    let text = text.replace("\\n", "\n");
    match text.split([' ', '\n']).next() {
        Some("+OK" | "-ERR") => Ok(Answer::Line(text)),
        _ => Err("it is no action that is known, and no POP3 answer such as `-ERR text`"),
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => f.write_str(&line.replace('\n', "\\n")),
            Self::Reply(reply) => {
                write!(f, "{}", reply.code)?;
                if let Some(enhanced) = reply.enhanced {
                    write!(f, " {enhanced}")?;
                }
                write!(f, " {}", reply.text.replace('\n', "\\n"))
            }
        }
    }
}
