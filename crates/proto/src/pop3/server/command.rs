//! Commands as a server reads them. Keywords in any case and further blanks are forgiven; a control octet makes
//! the whole line no command.

use crate::pop3::reply::number;

/// The longest command that is taken, in octets without the line end: the 255 of RFC 2449 §4, with room for
/// clients that do not count.
pub(super) const MAX_COMMAND: usize = 1024;
/// The longest line of an AUTH exchange, in octets.
pub(super) const MAX_AUTH: usize = 16 * 1024;

/// A command with its arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Capa,
    Stls,
    /// Without a mechanism, the mechanisms are listed.
    Auth(Option<(&'a str, Option<&'a str>)>),
    User(&'a str),
    Pass(&'a str),
    Apop(&'a str, &'a str),
    Utf8,
    Lang(Option<&'a str>),
    Stat,
    List(Option<u32>),
    Uidl(Option<u32>),
    Retr(u32),
    Top(u32, u32),
    Dele(u32),
    Rset,
    Noop,
    Quit,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CommandError {
    Unknown,
    TooLong,
    Octets,
    Arguments,
}

impl CommandError {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "this command is not known",
            Self::TooLong => "the line is too long",
            Self::Octets => "the line holds control octets or is not UTF-8",
            Self::Arguments => "this command takes other arguments, see RFC 1939",
        }
    }
}

impl<'a> Command<'a> {
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, CommandError> {
        let (keyword, rest) = split(line);
        if line.len() > MAX_COMMAND && !keyword.eq_ignore_ascii_case(b"AUTH") {
            return Err(CommandError::TooLong);
        }
        let rest = std::str::from_utf8(rest).map_err(|_| CommandError::Octets)?;
        if line.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
            return Err(CommandError::Octets);
        }
        let mut words = rest.split_ascii_whitespace();
        let mut next = || words.next();
        let command = match keyword.to_ascii_uppercase().as_slice() {
            b"CAPA" => Self::Capa,
            b"STLS" => Self::Stls,
            b"AUTH" => match next() {
                None => Self::Auth(None),
                Some(mechanism) => Self::Auth(Some((mechanism, next()))),
            },
            // Names and passwords may hold blanks: everything behind the first one belongs to them.
            b"USER" if !rest.is_empty() => return Ok(Self::User(rest)),
            b"PASS" if !rest.is_empty() => return Ok(Self::Pass(rest)),
            b"APOP" => match (next(), next()) {
                (Some(name), Some(digest)) => Self::Apop(name, digest),
                _ => return Err(CommandError::Arguments),
            },
            b"UTF8" => Self::Utf8,
            b"LANG" => Self::Lang(next()),
            b"STAT" => Self::Stat,
            b"LIST" => Self::List(optional(next())?),
            b"UIDL" => Self::Uidl(optional(next())?),
            b"RETR" => Self::Retr(required(next())?),
            b"TOP" => Self::Top(required(next())?, required(next())?),
            b"DELE" => Self::Dele(required(next())?),
            b"RSET" => Self::Rset,
            b"NOOP" => Self::Noop,
            b"QUIT" => Self::Quit,
            b"USER" | b"PASS" => return Err(CommandError::Arguments),
            _ => return Err(CommandError::Unknown),
        };
        match next() {
            None => Ok(command),
            Some(_) => Err(CommandError::Arguments),
        }
    }
}

/// Where in a command the part begins that nobody may see: a password, a digest, an initial response.
pub(super) fn secret_from(line: &[u8]) -> Option<usize> {
    let (keyword, rest) = split(line);
    let from = line.len() - rest.len();
    let behind_word = || {
        let end = rest.iter().position(|b| b.is_ascii_whitespace())?;
        let gap = rest[end..].iter().position(|b| !b.is_ascii_whitespace())?;
        Some(from + end + gap)
    };
    match keyword.to_ascii_uppercase().as_slice() {
        b"PASS" if !rest.is_empty() => Some(from),
        b"APOP" | b"AUTH" => behind_word(),
        _ => None,
    }
}

/// The keyword, and what follows the blank behind it.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|b| matches!(b, b' ' | b'\t')) {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => (line, b""),
    }
}

fn required(word: Option<&str>) -> Result<u32, CommandError> {
    word.and_then(|word| number(word.as_bytes())).ok_or(CommandError::Arguments)
}

fn optional(word: Option<&str>) -> Result<Option<u32>, CommandError> {
    word.map(|word| required(Some(word))).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_names_may_hold_blanks() {
        assert!(Command::parse(b"PASS a b ") == Ok(Command::Pass("a b ")));
        assert!(Command::parse(b"pass  a") == Ok(Command::Pass(" a")));
        assert!(Command::parse(b"USER a b") == Ok(Command::User("a b")));
    }

    #[test]
    fn what_is_no_command_is_told() {
        for (line, error) in [
            (&b""[..], CommandError::Unknown),
            (b"FROB", CommandError::Unknown),
            (b" STAT", CommandError::Unknown),
            (b"STAT 1", CommandError::Arguments),
            (b"RETR", CommandError::Arguments),
            (b"RETR x", CommandError::Arguments),
            (b"RETR -1", CommandError::Arguments),
            (b"RETR 4294967296", CommandError::Arguments),
            (b"TOP 1", CommandError::Arguments),
            (b"USER", CommandError::Arguments),
            (b"USER ", CommandError::Arguments),
            (b"PASS a\rb", CommandError::Octets),
            (b"USER \xff", CommandError::Octets),
            (b"NOOP\0", CommandError::Octets),
        ] {
            assert!(Command::parse(line) == Err(error), "{}", line.escape_ascii());
        }
        assert!(
            Command::parse(&[b"USER ".as_slice(), &[b'a'; MAX_COMMAND]].concat())
                == Err(CommandError::TooLong)
        );
    }

    #[test]
    fn secrets_are_found_in_commands() {
        for (line, from) in [
            (&b"PASS tanstaaf"[..], Some(5)),
            (b"pass  x", Some(5)),
            (b"PASS", None),
            (b"PASS ", None),
            (b"APOP mrose c4c9", Some(11)),
            (b"AUTH PLAIN dGVzdA==", Some(11)),
            (b"AUTH PLAIN", None),
            (b"USER mrose", None),
        ] {
            assert_eq!(secret_from(line), from, "{}", line.escape_ascii());
        }
    }
}
