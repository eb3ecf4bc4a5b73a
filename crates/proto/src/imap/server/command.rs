//! Commands as they are understood: imap-codec's grammar, and ours for what it does not read.
//!
//! Whatever is not understood is answered with how the command is written, so that a person at a terminal
//! can go on.

use std::borrow::Cow;

use imap_codec::CommandCodec;
use imap_codec::decode::Decoder;
use imap_codec::imap_types::command::CommandBody;

use super::listing::List;
use super::words::Words;

/// The names of commands, how they are written, and whether they can hold a literal.
const COMMANDS: [(&str, &str, bool); 32] = [
    ("CAPABILITY", "CAPABILITY", false),
    ("NOOP", "NOOP", false),
    ("LOGOUT", "LOGOUT", false),
    ("ID", "ID NIL, or ID (\"name\" \"value\")", true),
    ("STARTTLS", "STARTTLS", false),
    ("AUTHENTICATE", "AUTHENTICATE mechanism [base64]", false),
    ("LOGIN", "LOGIN user password", true),
    ("ENABLE", "ENABLE capability", false),
    ("NAMESPACE", "NAMESPACE", false),
    ("COMPRESS", "COMPRESS DEFLATE", false),
    ("LIST", "LIST \"\" \"*\"", true),
    ("LSUB", "LSUB \"\" \"*\"", true),
    ("SELECT", "SELECT mailbox", true),
    ("EXAMINE", "EXAMINE mailbox", true),
    ("STATUS", "STATUS mailbox (MESSAGES UNSEEN)", true),
    ("CREATE", "CREATE mailbox", true),
    ("DELETE", "DELETE mailbox", true),
    ("RENAME", "RENAME mailbox newname", true),
    ("SUBSCRIBE", "SUBSCRIBE mailbox", true),
    ("UNSUBSCRIBE", "UNSUBSCRIBE mailbox", true),
    ("APPEND", "APPEND mailbox [(flags)] [\"date\"] {octets}", true),
    ("IDLE", "IDLE", false),
    ("CHECK", "CHECK", false),
    ("CLOSE", "CLOSE", false),
    ("UNSELECT", "UNSELECT", false),
    ("EXPUNGE", "EXPUNGE, or UID EXPUNGE uids", false),
    (
        "SEARCH",
        "SEARCH [RETURN (COUNT)] [CHARSET UTF-8] keys, as in: UNSEEN FROM \"joe\" SINCE 1-Feb-2024",
        true,
    ),
    ("FETCH", "FETCH numbers (items), as in: 1:* (FLAGS ENVELOPE)", true),
    ("STORE", "STORE numbers +FLAGS (\\Seen)", false),
    ("COPY", "COPY numbers mailbox", true),
    ("MOVE", "MOVE numbers mailbox", true),
    ("UID", "UID FETCH, UID STORE, UID COPY, UID MOVE, UID SEARCH or UID EXPUNGE", true),
];

/// A command.
#[derive(Debug)]
pub(super) enum Command<'a> {
    /// As imap-codec has it.
    Plain(CommandBody<'a>),
    /// LIST and LSUB.
    List(List),
    /// CREATE, with what the mailbox is for.
    Create(Cow<'a, [u8]>, Option<&'a str>),
    /// SEARCH with RETURN, which stands before what imap-codec reads.
    Search(Vec<String>, CommandBody<'static>),
}

/// Not a command.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) tag: Option<String>,
    pub(super) text: String,
}

/// The first words of a command that may not be whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// The tag, where it is one.
    pub(super) tag: Option<String>,
    /// The command's name in capitals, without UID.
    pub(super) verb: String,
    /// UID stands before it.
    pub(super) uid: bool,
    /// Where the name ends.
    pub(super) at: usize,
}

impl Head {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut words = Words::new(bytes);
        let tag = words.tag().filter(|_| words.space().is_some()).map(str::to_string);
        let uid = words.eat("UID ");
        let verb = words.atom().unwrap_or_default().to_ascii_uppercase();
        Self { tag, verb, uid, at: bytes.len() - words.rest.len() }
    }

    /// What is wrong with a command that could not be understood; `None` where its name is known.
    fn unknown(&self) -> Option<&'static str> {
        if self.tag.is_none() {
            return Some("a command begins with a tag, as in: a1 NOOP");
        }
        (!COMMANDS.iter().any(|known| known.0 == self.verb)).then_some("there is no such command here")
    }

    /// Whether a literal can be part of it.
    pub(super) fn takes_literal(&self) -> bool {
        self.tag.is_some() && COMMANDS.iter().any(|known| known.0 == self.verb && known.2)
    }

    /// What to say when it is not understood.
    pub(super) fn bad(&self) -> Bad {
        let usage = || {
            let usage = COMMANDS.iter().find(|known| known.0 == self.verb).map_or("", |known| known.1);
            format!("not understood, write it as {usage}")
        };
        let text = self.unknown().map_or_else(usage, str::to_string);
        Bad { tag: self.tag.clone(), text }
    }
}

/// Reads a whole command.
pub(super) fn parse(bytes: &[u8]) -> Result<(String, Command<'_>), Bad> {
    let head = Head::of(bytes);
    let Some(tag) = head.tag.clone().filter(|_| head.unknown().is_none()) else { return Err(head.bad()) };
    let rest = &bytes[head.at..];
    let command = match (head.verb.as_str(), head.uid) {
        ("LIST", false) => List::parse(rest, false).map(Command::List),
        ("LSUB", false) => List::parse(rest, true).map(Command::List),
        ("CREATE", false) => create(rest),
        ("SEARCH", _) => search(&head, &tag, bytes),
        _ => plain(bytes).map(Command::Plain),
    };
    command.map(|command| (tag, command)).ok_or_else(|| head.bad())
}

fn plain(bytes: &[u8]) -> Option<CommandBody<'_>> {
    match CommandCodec::default().decode(bytes) {
        Ok(([], command)) => Some(command.body),
        _ => None,
    }
}

/// `CREATE mailbox [(USE (\Sent))]` (RFC 6154 §5.3).
fn create(rest: &[u8]) -> Option<Command<'_>> {
    let mut words = Words::new(rest);
    words.space()?;
    let name = words.astring()?;
    let mut special = None;
    if words.eat(" (USE ") {
        special = words.list(|words| words.flag()).filter(|all| all.len() == 1)?.pop();
        if !words.eat(")") {
            return None;
        }
    }
    words.ended().then_some(Command::Create(name, special))
}

/// `SEARCH [RETURN (…)] …` (RFC 4731).
fn search<'a>(head: &Head, tag: &str, bytes: &'a [u8]) -> Option<Command<'a>> {
    let mut words = Words::new(&bytes[head.at..]);
    if !words.eat(" RETURN ") {
        return plain(bytes).map(Command::Plain);
    }
    let returns = words.list(|words| words.atom().map(str::to_ascii_uppercase))?;
    let mut without = format!("{tag} SEARCH").into_bytes();
    without.extend_from_slice(words.rest);
    let Some(CommandBody::Search { charset, criteria, .. }) = plain(&without) else { return None };
    let (charset, criteria) = (charset.map(owned), owned(criteria));
    Some(Command::Search(returns, CommandBody::Search { charset, criteria, uid: head.uid }))
}

fn owned<T: imap_codec::imap_types::IntoStatic>(value: T) -> T::Static {
    value.into_static()
}

/// Where in a command line the part begins that nobody may see: the password of LOGIN, the initial response
/// of AUTHENTICATE.
pub(super) fn secret_from(line: &[u8]) -> Option<usize> {
    let head = Head::of(line);
    // A tag that is none, or a blank too many: the first words are looked at all the same.
    let head = if head.unknown().is_some() { loose(line) } else { head };
    let mut words = Words::new(&line[head.at..]);
    let behind = |words: &Words<'_>| line.len() - words.rest.len();
    match head.verb.as_str() {
        "LOGIN" => {
            words.space();
            let from = behind(&words);
            match words.astring() {
                Some(_) if words.space().is_some() => Some(behind(&words)),
                // Only the name's announcement, or nothing that is understood.
                _ if words.rest.first() == Some(&b'{') => None,
                _ => Some(from),
            }
        }
        "AUTHENTICATE" => {
            words.space();
            words.atom();
            words.space().map(|()| behind(&words))
        }
        _ => None,
    }
}

/// The first of the first three words of a line that is a command with a secret.
fn loose(line: &[u8]) -> Head {
    let mut at = 0;
    for word in line.split(|&b| b == b' ').take(4) {
        at += word.len();
        let verb = String::from_utf8_lossy(word).to_ascii_uppercase();
        if matches!(verb.as_str(), "LOGIN" | "AUTHENTICATE") {
            return Head { verb, at, ..Head::default() };
        }
        at += 1;
    }
    Head { at: line.len(), ..Head::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found_wherever_they_stand() {
        for (line, expected) in [
            ("a LOGIN joe secret", Some("secret")),
            ("a login \"joe x\" \"secret\"", Some("\"secret\"")),
            ("a LOGIN {3}", None),
            ("a LOGIN joe {6}", Some("{6}")),
            ("a LOGIN joe", Some("joe")),
            ("a  LOGIN joe secret", Some("secret")),
            ("LOGIN joe secret", Some("secret")),
            ("a LOGIN  joe secret", Some(" joe secret")),
            ("a LOGIN \"joe secret", Some("\"joe secret")),
            ("+ LOGIN joe secret", Some("secret")),
            ("a AUTHENTICATE PLAIN AGEAYg==", Some("AGEAYg==")),
            ("a AUTHENTICATE PLAIN", None),
            ("AUTHENTICATE PLAIN AGEAYg==", Some("AGEAYg==")),
            ("a SELECT LOGIN", None),
            ("a NOOP", None),
        ] {
            assert_eq!(secret_from(line.as_bytes()).map(|from| &line[from..]), expected, "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_told_how_it_is_written() {
        for (line, tag, said) in [
            ("\r\n", None, "begins with a tag"),
            ("NOOP\r\n", None, "begins with a tag"),
            ("+ NOOP\r\n", None, "begins with a tag"),
            ("a FROB\r\n", Some("a"), "no such command"),
            ("a NOOP x\r\n", Some("a"), "write it as NOOP"),
            ("a FETCH 0 FLAGS\r\n", Some("a"), "write it as FETCH numbers"),
            ("a UID STORE 1 FLAGS\r\n", Some("a"), "write it as STORE numbers"),
            ("a SEARCH RETURN (ALL\r\n", Some("a"), "write it as SEARCH"),
            ("a LIST \"\"\r\n", Some("a"), "write it as LIST"),
            ("a CREATE x (USE (\\Sent \\Junk))\r\n", Some("a"), "write it as CREATE"),
        ] {
            let bad = parse(line.as_bytes()).expect_err(line);
            assert_eq!(bad.tag.as_deref(), tag, "{line}");
            assert!(bad.text.contains(said), "{line}: {}", bad.text);
        }
    }
}
