//! One response of a server, read from one stretch of octets (see [`super::lexer`]).
//!
//! Written out here rather than taken from a grammar: servers add blanks, leave out texts, send items that no RFC
//! knows, and what is not understood must be passed over without losing what is. A FETCH response costs a
//! microsecond this way. The tests hold it against imap-codec.

use std::borrow::Cow;

use super::capabilities::Capabilities;
use super::data::{Arrived, Namespace, Status as MailboxStatus};
use super::fetched::{self, Fetched};
use super::lexer::{Lexer, Value};
use crate::imap::{Flags, UidSet};
use crate::reply;

/// The most namespaces of one kind, and attributes of one mailbox, that are looked at.
const MAX_LISTED: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Response<'a> {
    /// To a command, by the number in its tag.
    Tagged(u32, Words),
    /// `+`: go ahead, or a challenge.
    Go(&'a [u8]),
    /// `* OK`, `NO`, `BAD`, `BYE`, `PREAUTH`.
    Words(Words),
    Capability(Capabilities),
    Enabled(&'a [u8]),
    Listed(Listed<'a>),
    Status(Cow<'a, [u8]>, MailboxStatus),
    Search(Found),
    Namespace([Vec<Namespace>; 3]),
    Flags(Flags),
    Exists(u32),
    Expunge,
    Vanished {
        earlier: bool,
        uids: UidSet,
    },
    Fetch(Fetched<'a>),
    /// RECENT, ID, QUOTA, LSUB, METADATA: nothing to do about them.
    Other,
}

/// What can be said to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) condition: Condition,
    pub(super) code: Option<Code>,
    /// For people: all that follows the condition, the code included; decoded, on one line.
    pub(super) text: String,
}

/// RFC 3501 §7.1, RFC 5530 and extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Alert,
    Capability(Capabilities),
    ReadOnly,
    ReadWrite,
    UidValidity(u32),
    UidNext(u32),
    HighestModSeq(u64),
    NoModSeq,
    Permanent {
        flags: Flags,
        keywords: bool,
    },
    AppendUid(Arrived),
    CopyUid(Arrived),
    Modified(UidSet),
    Closed,
    /// Any other, by its name in upper case.
    Named(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed<'a> {
    pub(super) attributes: Vec<&'a [u8]>,
    pub(super) delimiter: Option<char>,
    pub(super) name: Cow<'a, [u8]>,
}

/// What SEARCH or ESEARCH found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) uids: UidSet,
    pub(super) mod_seq: Option<u64>,
}

/// Reads a response; `None` where it makes no sense.
pub(super) fn parse(line: &[u8]) -> Option<Response<'_>> {
    match line {
        [b'*', b' ', rest @ ..] => untagged(rest),
        [b'+'] => Some(Response::Go(b"")),
        [b'+', b' ', rest @ ..] => Some(Response::Go(rest)),
        // `+OK` and `+base64` have been seen; what is behind the sign is what counts.
        [b'+', rest @ ..] => Some(Response::Go(rest)),
        _ => {
            let mut lexer = Lexer::new(line);
            let tag = number_of(lexer.atom())?;
            lexer.blanks();
            let condition = condition(&mut lexer)?;
            matches!(condition, Condition::Ok | Condition::No | Condition::Bad)
                .then(|| Response::Tagged(tag, words(condition, lexer)))
        }
    }
}

/// The number in a tag of ours.
fn number_of(tag: &[u8]) -> Option<u32> {
    let digits = tag.strip_prefix(b"A")?;
    let mut lexer = Lexer::new(digits);
    let number = lexer.number32()?;
    lexer.is_at_end().then_some(number)
}

fn untagged(rest: &[u8]) -> Option<Response<'_>> {
    let mut lexer = Lexer::new(rest);
    lexer.blanks();
    if lexer.rest().first()?.is_ascii_digit() {
        return numbered(lexer);
    }
    if let Some(condition) = condition(&mut lexer) {
        return Some(Response::Words(words(condition, lexer)));
    }
    let name = lexer.word();
    lexer.blanks();
    let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
    Some(if is("CAPABILITY") {
        Response::Capability(Capabilities::parse(lexer.rest()))
    } else if is("LIST") {
        Response::Listed(listed(lexer)?)
    } else if is("SEARCH") {
        Response::Search(search(lexer)?)
    } else if is("ESEARCH") {
        Response::Search(esearch(lexer)?)
    } else if is("STATUS") {
        let name = lexer.value()?.text()?;
        Response::Status(name, status(lexer)?)
    } else if is("FLAGS") {
        Response::Flags(flags(&mut lexer)?.0)
    } else if is("VANISHED") {
        let mut earlier = false;
        if lexer.rest().first() == Some(&b'(') {
            lexer.list(|inner| {
                earlier |= inner.atom().eq_ignore_ascii_case(b"EARLIER");
                Some(())
            })?;
            lexer.blanks();
        }
        Response::Vanished { earlier, uids: UidSet::parse(lexer.atom())? }
    } else if is("ENABLED") {
        Response::Enabled(lexer.rest())
    } else if is("NAMESPACE") {
        let mut each = || {
            lexer.blanks();
            namespaces(&mut lexer)
        };
        Response::Namespace([each()?, each()?, each()?])
    } else if name.is_empty() {
        return None;
    } else {
        Response::Other
    })
}

fn condition(lexer: &mut Lexer<'_>) -> Option<Condition> {
    [
        ("OK", Condition::Ok),
        ("NO", Condition::No),
        ("BAD", Condition::Bad),
        ("BYE", Condition::Bye),
        ("PREAUTH", Condition::PreAuth),
    ]
    .into_iter()
    .find_map(|(word, condition)| lexer.eat_word(word).then_some(condition))
}

fn numbered(mut lexer: Lexer<'_>) -> Option<Response<'_>> {
    let number = lexer.number32()?;
    lexer.blanks();
    if lexer.eat_word("FETCH") {
        lexer.blanks();
        return fetched::parse(&mut lexer).map(Response::Fetch);
    }
    Some(if lexer.eat_word("EXISTS") {
        Response::Exists(number)
    } else if lexer.eat_word("EXPUNGE") {
        Response::Expunge
    } else {
        Response::Other
    })
}

fn words(condition: Condition, mut lexer: Lexer<'_>) -> Words {
    lexer.blanks();
    let text = one_line(lexer.rest());
    let code = if lexer.eat(b'[') { code(&mut lexer) } else { None };
    Words { condition, code, text }
}

/// The server's words for people: decoded (many write GBK), without control characters.
pub(super) fn one_line(words: &[u8]) -> String {
    reply::decode(words.trim_ascii()).chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The code behind its bracket; one that makes no sense is none.
fn code(lexer: &mut Lexer<'_>) -> Option<Code> {
    let name = lexer.word().to_ascii_uppercase();
    lexer.blanks();
    Some(match name.as_slice() {
        b"ALERT" => Code::Alert,
        b"CAPABILITY" => Code::Capability(Capabilities::parse(lexer.until(|b| b == b']'))),
        b"READ-ONLY" => Code::ReadOnly,
        b"READ-WRITE" => Code::ReadWrite,
        b"UIDVALIDITY" => Code::UidValidity(lexer.number32()?),
        b"UIDNEXT" => Code::UidNext(lexer.number32()?),
        b"HIGHESTMODSEQ" => Code::HighestModSeq(lexer.number()?),
        b"NOMODSEQ" => Code::NoModSeq,
        b"CLOSED" => Code::Closed,
        b"PERMANENTFLAGS" => {
            let (flags, keywords) = flags(lexer)?;
            Code::Permanent { flags, keywords }
        }
        b"APPENDUID" => {
            let uid_validity = lexer.number32()?;
            lexer.blanks();
            Code::AppendUid(Arrived { uid_validity, uids: UidSet::parse(lexer.word())? })
        }
        b"COPYUID" => {
            let uid_validity = lexer.number32()?;
            lexer.blanks();
            let _there = lexer.word();
            lexer.blanks();
            Code::CopyUid(Arrived { uid_validity, uids: UidSet::parse(lexer.word())? })
        }
        b"MODIFIED" => Code::Modified(UidSet::parse(lexer.word())?),
        _ => Code::Named(String::from_utf8_lossy(&name).into_owned()),
    })
}

/// Flags in parentheses, and whether `\*` is among them.
pub(super) fn flags(lexer: &mut Lexer<'_>) -> Option<(Flags, bool)> {
    let (mut flags, mut any) = (Flags::default(), false);
    lexer.list(|inner| {
        match inner.atom() {
            b"\\*" => any = true,
            // A flag is ASCII; a keyword that is not cannot be given back to the server.
            flag if flag.is_ascii() => flags.insert(std::str::from_utf8(flag).unwrap_or_default()),
            _ => {}
        }
        Some(())
    })?;
    Some((flags, any))
}

fn listed(mut lexer: Lexer<'_>) -> Option<Listed<'_>> {
    let mut attributes = Vec::new();
    lexer.list(|inner| {
        let attribute = inner.atom();
        if attributes.len() < MAX_LISTED {
            attributes.push(attribute);
        }
        Some(())
    })?;
    lexer.blanks();
    let delimiter = delimiter(&mut lexer)?;
    lexer.blanks();
    let name = lexer.value()?;
    // Outside of quotes, NIL is a mailbox of that name.
    let name = if name == Value::Nil { Cow::Borrowed(&b"NIL"[..]) } else { name.text()? };
    Some(Listed { attributes, delimiter, name })
}

fn delimiter(lexer: &mut Lexer<'_>) -> Option<Option<char>> {
    Some(match lexer.value()? {
        Value::Text(text) => {
            text.first().map(|&b| char::from(b)).filter(|c| c.is_ascii() && !c.is_ascii_control())
        }
        Value::Nil => None,
        Value::Streamed(_) => return None,
    })
}

fn search(mut lexer: Lexer<'_>) -> Option<Found> {
    let (mut uids, mut mod_seq) = (Vec::new(), None);
    loop {
        lexer.blanks();
        if lexer.is_at_end() {
            break;
        }
        if lexer.eat(b'(') {
            lexer.eat_word("MODSEQ");
            lexer.blanks();
            mod_seq = lexer.number();
            lexer.eat(b')');
        } else {
            let uid = lexer.number32()?;
            uids.push((uid, uid));
        }
    }
    Some(Found { uids: uids.into_iter().collect(), mod_seq })
}

/// RFC 4731: `(TAG "A1") UID ALL 1:3 MODSEQ 9`.
fn esearch(mut lexer: Lexer<'_>) -> Option<Found> {
    let mut found = Found::default();
    loop {
        lexer.blanks();
        if lexer.is_at_end() {
            return Some(found);
        }
        if lexer.rest().first() == Some(&b'(') {
            lexer.skip()?;
            continue;
        }
        let name = lexer.word();
        lexer.blanks();
        if name.eq_ignore_ascii_case(b"ALL") {
            found.uids = UidSet::parse(lexer.atom())?;
        } else if name.eq_ignore_ascii_case(b"MODSEQ") {
            found.mod_seq = Some(lexer.number()?);
        } else if !name.eq_ignore_ascii_case(b"UID") {
            lexer.skip()?;
        }
    }
}

fn status(mut lexer: Lexer<'_>) -> Option<MailboxStatus> {
    let mut status = MailboxStatus::default();
    lexer.blanks();
    lexer.list(|inner| {
        let name = inner.word().to_ascii_uppercase();
        inner.blanks();
        match name.as_slice() {
            b"MESSAGES" => status.messages = Some(inner.number32()?),
            b"UIDNEXT" => status.uid_next = Some(inner.number32()?),
            b"UIDVALIDITY" => status.uid_validity = Some(inner.number32()?),
            b"UNSEEN" => status.unseen = Some(inner.number32()?),
            b"HIGHESTMODSEQ" => status.highest_mod_seq = Some(inner.number()?),
            b"SIZE" => status.size = Some(inner.number()?),
            _ => inner.skip()?,
        }
        Some(())
    })?;
    Some(status)
}

fn namespaces(lexer: &mut Lexer<'_>) -> Option<Vec<Namespace>> {
    if lexer.eat_word("NIL") {
        return Some(Vec::new());
    }
    let mut all = Vec::new();
    lexer.list(|one| {
        if !one.eat(b'(') {
            return None;
        }
        one.blanks();
        let prefix = one.value()?.text()?;
        one.blanks();
        let delimiter = delimiter(one)?;
        while !one.eat(b')') {
            one.blanks();
            if !one.eat(b')') {
                one.skip()?;
            } else {
                break;
            }
        }
        if all.len() < MAX_LISTED {
            all.push(Namespace { prefix: name(&prefix, false), delimiter });
        }
        Some(())
    })?;
    Some(all)
}

/// A mailbox name as people read it. Modified UTF-7, or UTF-8 where that was agreed on; what is neither is
/// decoded as well as it can be.
pub(super) fn name(wire: &[u8], utf8: bool) -> String {
    let decoded = if utf8 { None } else { crate::imap::utf7::decode(wire) };
    let name = decoded.unwrap_or_else(|| reply::decode(wire).into_owned());
    if name.eq_ignore_ascii_case("INBOX") { "INBOX".into() } else { name }
}
