//! SMTP commands as a server reads them (RFC 5321 §4.1.1 and the extensions in [`params`]).
//!
//! Policy: verbs and keywords in any case, blanks between parameters and behind the colon of `FROM:` are
//! forgiven, because clients in use send them. What could be read in two ways is not: a path stands
//! between `<` and `>`, a control octet makes the whole line no command, and a parameter that is unknown
//! or given twice is refused. What an extension adds is parsed here whether or not it was offered; that
//! is for the server to judge.

pub mod params;
pub mod path;

use std::fmt;

use crate::reply::Enhanced;
use params::{MailParams, RcptParams};
use path::Mailbox;

/// The longest command line, in octets without the line end: the 512 of RFC 5321 §4.5.3.1.4 and what
/// the parameters of all extensions here may add, with room to spare.
pub const MAX_COMMAND: usize = 2048;
/// The longest line of an AUTH exchange, AUTH itself included (RFC 4954 §4.4), in octets.
pub const MAX_AUTH: usize = 12_288;

/// A command with its arguments.
#[derive(Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// EHLO with the name that the client gives itself.
    Ehlo(&'a str),
    /// HELO, likewise.
    Helo(&'a str),
    /// MAIL FROM; no mailbox is `<>`.
    Mail(Option<Mailbox>, MailParams),
    /// RCPT TO.
    Rcpt(Mailbox, RcptParams),
    /// DATA.
    Data,
    /// BDAT (RFC 3030).
    Bdat {
        /// Octets that follow the line.
        size: u64,
        /// The message ends with this chunk.
        last: bool,
    },
    /// RSET.
    Rset,
    /// NOOP; an argument is ignored.
    Noop,
    /// VRFY with what is to be verified.
    Vrfy(&'a str),
    /// EXPN with the list's name.
    Expn(&'a str),
    /// HELP, with or without a topic.
    Help,
    /// AUTH (RFC 4954). Its `Debug` shows no initial response.
    Auth {
        /// The mechanism as the client wrote it.
        mechanism: &'a str,
        /// The initial response in base64; `=` is an empty one.
        initial: Option<&'a str>,
    },
    /// STARTTLS (RFC 3207).
    StartTls,
    /// QUIT.
    Quit,
}

/// Why a line is no command. The problem is in words, for the reply's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The verb is none of SMTP's.
    UnknownVerb,
    /// The verb is known and not provided (TURN, SEND, ETRN…).
    NotImplemented,
    /// A verb of HTTP: a browser or a request forger, not a mail client.
    Http,
    /// The line is longer than [`MAX_COMMAND`], or [`MAX_AUTH`] for AUTH.
    TooLong,
    /// The line holds a control octet or is not UTF-8.
    Octets,
    /// An argument is missing, malformed or one too many.
    Argument(&'static str),
    /// The reverse-path is malformed.
    Sender(&'static str),
    /// The forward-path is malformed.
    Recipient(&'static str),
    /// A parameter's value is malformed, or it was given twice.
    Parameter(&'static str, &'static str),
    /// A parameter that nothing here knows, or that this command does not take.
    UnknownParameter(String),
    /// BDAT without a readable number: nobody can tell what follows from content.
    Chunk,
}

impl CommandError {
    /// The reply code and enhanced status code that say this.
    pub fn codes(&self) -> (u16, Enhanced) {
        let (code, subject, detail) = match self {
            Self::UnknownVerb => (500, 5, 1),
            Self::NotImplemented => (502, 5, 1),
            Self::Http => (521, 5, 1),
            Self::TooLong | Self::Octets => (500, 5, 2),
            Self::Argument(_) | Self::Parameter(..) => (501, 5, 4),
            Self::Sender(_) => (501, 1, 7),
            Self::Recipient(_) => (501, 1, 3),
            Self::UnknownParameter(_) => (555, 5, 4),
            Self::Chunk => (521, 5, 4),
        };
        (code, Enhanced { class: 5, subject, detail })
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVerb => f.write_str("command not recognized"),
            Self::NotImplemented => f.write_str("command not implemented"),
            Self::Http => f.write_str("this is a mail server, it does not speak HTTP"),
            Self::TooLong => f.write_str("line too long"),
            Self::Octets => f.write_str("the line holds control octets or is not UTF-8"),
            Self::Argument(problem) => f.write_str(problem),
            Self::Sender(problem) => write!(f, "sender: {problem}"),
            Self::Recipient(problem) => write!(f, "recipient: {problem}"),
            Self::Parameter(keyword, problem) => write!(f, "{keyword}: {problem}"),
            Self::UnknownParameter(keyword) => write!(f, "parameter {keyword} not recognized"),
            Self::Chunk => f.write_str("write BDAT <octets> [LAST]"),
        }
    }
}

impl std::error::Error for CommandError {}

/// `Debug` without what an AUTH command carries.
impl fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ehlo(name) => f.debug_tuple("Ehlo").field(name).finish(),
            Self::Helo(name) => f.debug_tuple("Helo").field(name).finish(),
            Self::Mail(from, params) => f.debug_tuple("Mail").field(from).field(params).finish(),
            Self::Rcpt(to, params) => f.debug_tuple("Rcpt").field(to).field(params).finish(),
            Self::Bdat { size, last } => write!(f, "Bdat({size}, last: {last})"),
            Self::Vrfy(text) => f.debug_tuple("Vrfy").field(text).finish(),
            Self::Expn(text) => f.debug_tuple("Expn").field(text).finish(),
            Self::Auth { mechanism, initial } => {
                write!(f, "Auth({mechanism:?}, {} secret octets)", initial.map_or(0, str::len))
            }
            Self::Data => f.write_str("Data"),
            Self::Rset => f.write_str("Rset"),
            Self::Noop => f.write_str("Noop"),
            Self::Help => f.write_str("Help"),
            Self::StartTls => f.write_str("StartTls"),
            Self::Quit => f.write_str("Quit"),
        }
    }
}

/// Verbs that RFC 821, RFC 1985 and RFC 2645 define and this does not provide.
const NOT_IMPLEMENTED: [&str; 7] = ["TURN", "SEND", "SOML", "SAML", "ETRN", "ATRN", "XCLIENT"];
/// What a browser begins with.
const HTTP: [&str; 6] = ["GET", "POST", "PUT", "HEAD", "OPTIONS", "CONNECT"];

impl<'a> Command<'a> {
    /// Reads a line without its line end.
    ///
    /// # Errors
    /// [`CommandError`], which knows its reply code.
    pub fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        let (verb, argument) = split(line)?;
        let is = |name: &str| verb.eq_ignore_ascii_case(name);
        // In the order of how often they come.
        let command = if is("RCPT") {
            let rest = behind(argument, "TO:", "write RCPT TO:<address>")?;
            let (to, rest) = path::forward(rest).map_err(CommandError::Recipient)?;
            Self::Rcpt(to, RcptParams::parse(rest)?)
        } else if is("MAIL") {
            let rest = behind(argument, "FROM:", "write MAIL FROM:<address>")?;
            let (from, rest) = path::reverse(rest).map_err(CommandError::Sender)?;
            Self::Mail(from, MailParams::parse(rest)?)
        } else if is("DATA") {
            none(argument, Self::Data)?
        } else if is("BDAT") {
            bdat(argument)?
        } else if is("RSET") {
            none(argument, Self::Rset)?
        } else if is("EHLO") {
            Self::Ehlo(one(argument, "write EHLO and your host name")?)
        } else if is("HELO") {
            Self::Helo(one(argument, "write HELO and your host name")?)
        } else if is("QUIT") {
            none(argument, Self::Quit)?
        } else if is("NOOP") {
            Self::Noop
        } else if is("AUTH") {
            auth(argument)?
        } else if is("STARTTLS") {
            none(argument, Self::StartTls)?
        } else if is("VRFY") {
            Self::Vrfy(some(argument, "write VRFY and a name")?)
        } else if is("EXPN") {
            Self::Expn(some(argument, "write EXPN and a list's name")?)
        } else if is("HELP") {
            Self::Help
        } else if NOT_IMPLEMENTED.iter().any(|name| is(name)) {
            return Err(CommandError::NotImplemented);
        } else if HTTP.iter().any(|name| is(name)) {
            return Err(CommandError::Http);
        } else {
            return Err(CommandError::UnknownVerb);
        };
        Ok(command)
    }
}

/// Where in an AUTH command's line the initial response begins.
pub fn initial_response(line: &[u8]) -> Option<usize> {
    if !is_auth(line) {
        return None;
    }
    let mut at = 0;
    for _ in 0..2 {
        at += line[at..].iter().position(|&b| b == b' ')?;
        at += line[at..].iter().position(|&b| b != b' ')?;
    }
    Some(at)
}

fn is_auth(line: &[u8]) -> bool {
    line.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "))
}

/// The verb, and what stands behind the blanks that follow it, without trailing blanks.
fn split(line: &[u8]) -> Result<(&str, &str), CommandError> {
    if line.len() > if is_auth(line) { MAX_AUTH } else { MAX_COMMAND } {
        return Err(CommandError::TooLong);
    }
    if line.iter().any(|&b| b < b' ' && b != b'\t' || b == 0x7f) {
        return Err(CommandError::Octets);
    }
    let line = std::str::from_utf8(line).map_err(|_| CommandError::Octets)?;
    if !line.is_ascii() && line.chars().any(char::is_control) {
        return Err(CommandError::Octets);
    }
    if !line.is_ascii() && line.chars().any(char::is_control) {
        return Err(CommandError::Octets);
    }
    let line = line.trim_end_matches([' ', '\t']);
    Ok(line.split_once(' ').map_or((line, ""), |(verb, rest)| (verb, rest.trim_start_matches(' '))))
}

/// What follows `word` and the blanks behind it.
fn behind<'a>(argument: &'a str, word: &str, usage: &'static str) -> Result<&'a str, CommandError> {
    match argument.get(..word.len()) {
        Some(head) if head.eq_ignore_ascii_case(word) => Ok(argument[word.len()..].trim_start_matches(' ')),
        _ => Err(CommandError::Argument(usage)),
    }
}

fn none<'a>(argument: &str, command: Command<'a>) -> Result<Command<'a>, CommandError> {
    if argument.is_empty() {
        Ok(command)
    } else {
        Err(CommandError::Argument("this command takes no argument"))
    }
}

fn some<'a>(argument: &'a str, usage: &'static str) -> Result<&'a str, CommandError> {
    if argument.is_empty() { Err(CommandError::Argument(usage)) } else { Ok(argument) }
}

fn one<'a>(argument: &'a str, usage: &'static str) -> Result<&'a str, CommandError> {
    if argument.contains([' ', '\t']) { Err(CommandError::Argument(usage)) } else { some(argument, usage) }
}

fn bdat(argument: &str) -> Result<Command<'_>, CommandError> {
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    let number = words.next().filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let size = number.and_then(|n| n.parse().ok()).ok_or(CommandError::Chunk)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return Err(CommandError::Chunk),
    };
    if words.next().is_some() { Err(CommandError::Chunk) } else { Ok(Command::Bdat { size, last }) }
}

fn auth(argument: &str) -> Result<Command<'_>, CommandError> {
    const USAGE: CommandError = CommandError::Argument("write AUTH and a mechanism");
    let mut words = argument.split(' ').filter(|word| !word.is_empty());
    // RFC 4422 §3.1.
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let mechanism = words.next().filter(|m| m.len() <= 20 && m.bytes().all(good)).ok_or(USAGE)?;
    let initial = words.next();
    if words.next().is_some() { Err(USAGE) } else { Ok(Command::Auth { mechanism, initial }) }
}
