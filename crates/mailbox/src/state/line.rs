//! The lines of a state's file.
//!
//! ```text
//! hongyan-state 1 <account> <folder> <crc>
//! + <id> <size> <when> <-|d> <file> <head> <hash> <crc>      a message; `?` for `+`: its identifier is not to be trusted
//! x <id> <crc>                                               deleted on the server
//! - <id> <crc>                                               forgotten
//! = <name> <value> <crc>                                     a number about the folder
//! ```
//! An id is `u<uidvalidity>.<uid>` or `p<uidl>`. What could end a word is percent-escaped. The CRC-32, eight
//! hexadecimal digits, is over what stands before it and its blank.

use std::fmt::Write;
use std::io;

use super::crc::crc32;
use super::{Id, Key, Known, VERSION};
use crate::escape::{escape, hex, unescape};
use crate::fingerprint::Hash;

/// The longest identifier that is recorded, in octets. RFC 1939 §7 allows 70; servers write up to 255, of which each can
/// take four to be written as `\xNN`.
pub const MAX_ID: usize = 1024;
/// The longest unique name that is recorded, in octets: as long as file systems allow.
pub const MAX_FILE: usize = 255;
/// The longest account or folder name, in octets.
pub const MAX_KEY: usize = 4096;
/// The longest line, in octets: a header of two names, every octet of which is escaped.
pub(super) const MAX_LINE: usize = 2 * 3 * MAX_KEY + 256;

const MAGIC: &str = "hongyan-state ";

/// A line as it stands in the file: whole, with a right checksum.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    Message(Message<'a>),
    Deleted { id: &'a str },
    Forgotten { id: &'a str },
    Number { name: &'a str, value: u64 },
}

/// A message's line, read only as far as an open state needs it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) trusted: bool,
    pub(super) id: &'a str,
    pub(super) size: u64,
    pub(super) when: u64,
    pub(super) deleted: bool,
    pub(super) file: &'a str,
    pub(super) head: &'a str,
    pub(super) hash: &'a str,
}

/// What the first line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    Ours(Key),
    Newer(u32),
}

/// A line without its LF, if it is whole.
pub(super) fn parse(line: &[u8]) -> Option<Line<'_>> {
    let mut words = checked(line)?.split(' ');
    let kind = words.next()?;
    let id = words.next()?;
    let parsed = match kind {
        "+" | "?" => Line::Message(Message {
            trusted: kind == "+",
            id,
            size: words.next()?.parse().ok()?,
            when: words.next()?.parse().ok()?,
            deleted: words.next()? == "d",
            file: words.next()?,
            head: words.next().filter(|head| head.len() == 64)?,
            hash: words.next().filter(|hash| hash.len() == 64)?,
        }),
        "x" => Line::Deleted { id },
        "-" => Line::Forgotten { id },
        "=" => Line::Number { name: id, value: words.next()?.parse().ok()? },
        _ => return None,
    };
    words.next().is_none().then_some(parsed)
}

/// The file's first line without its LF, if it is whole.
pub(super) fn parse_header(line: &[u8]) -> Option<Header> {
    let mut words = checked(line)?.strip_prefix(MAGIC)?.split(' ');
    let version = words.next()?.parse().ok()?;
    if version > VERSION {
        return Some(Header::Newer(version));
    }
    let key = Key { account: unescape(words.next()?)?, folder: unescape(words.next()?)? };
    words.next().is_none().then_some(Header::Ours(key))
}

/// What stands before the checksum, if that is right.
fn checked(line: &[u8]) -> Option<&str> {
    let (content, sum) = line.split_at_checked(line.len().checked_sub(9)?)?;
    let sum = sum.strip_prefix(b" ")?;
    let stated = sum.iter().try_fold(0, |sum, &digit| Some(sum << 4 | u32::from(hex(digit)?)))?;
    if stated != crc32(content) {
        return None;
    }
    std::str::from_utf8(content).ok()
}

impl Message<'_> {
    /// The first eight octets of the head's hash.
    pub(super) fn short(&self) -> Option<u64> {
        u64::from_str_radix(self.head.get(..16)?, 16).ok()
    }

    /// All of it.
    pub(super) fn known(&self) -> Option<Known> {
        Some(Known {
            id: id_of(self.id)?,
            size: self.size,
            head: hash_of(self.head)?,
            hash: hash_of(self.hash)?,
            file: unescape(self.file)?,
            when: self.when,
            deleted: self.deleted,
        })
    }
}

/// The file's first line.
pub(super) fn write_header(out: &mut String, key: &Key) -> io::Result<()> {
    if key.account.len() > MAX_KEY || key.folder.len() > MAX_KEY {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the account's or folder's name is too long",
        ));
    }
    write_line(out, |out| write!(out, "{MAGIC}{VERSION} {} {}", word(&key.account), word(&key.folder)));
    Ok(())
}

/// A message's line.
pub(super) fn write_message(out: &mut String, known: &Known, trusted: bool) -> io::Result<()> {
    if known.file.len() > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the message's file name is too long"));
    }
    let id = id_text(&known.id)?;
    let kind = if trusted { '+' } else { '?' };
    let deleted = if known.deleted { 'd' } else { '-' };
    write_line(out, |out| {
        write!(out, "{kind} {id} {} {} {deleted} {} ", known.size, known.when, word(&known.file))?;
        write_hash(out, &known.head);
        out.push(' ');
        write_hash(out, &known.hash);
        Ok(())
    });
    Ok(())
}

/// A line that a message was deleted on the server (`x`) or is forgotten (`-`).
pub(super) fn write_about(out: &mut String, kind: char, id: &Id) -> io::Result<()> {
    let id = id_text(id)?;
    write_line(out, |out| write!(out, "{kind} {id}"));
    Ok(())
}

/// A number about the folder.
pub(super) fn write_number(out: &mut String, name: &str, value: u64) {
    write_line(out, |out| write!(out, "= {} {value}", word(name)));
}

fn write_line(out: &mut String, content: impl FnOnce(&mut String) -> std::fmt::Result) {
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = content(out);
    let sum = crc32(&out.as_bytes()[start..]);
    let _ = writeln!(out, " {sum:08x}");
}

fn write_hash(out: &mut String, hash: &Hash) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for octet in hash {
        out.push(char::from(HEX[usize::from(octet >> 4)]));
        out.push(char::from(HEX[usize::from(octet & 15)]));
    }
}

fn hash_of(text: &str) -> Option<Hash> {
    let mut hash = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (octet, pair) in hash.iter_mut().zip(pairs) {
        *octet = hex(pair[0])? << 4 | hex(pair[1])?;
    }
    Some(hash)
}

/// An identifier as it stands in the file, which is also how an open state has it.
pub(super) fn id_text(id: &Id) -> io::Result<String> {
    match id {
        Id::Uid { validity, uid } => Ok(format!("u{validity}.{uid}")),
        Id::Uidl(uidl) if uidl.len() <= MAX_ID => Ok(format!("p{}", word(uidl))),
        Id::Uidl(_) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "the message's unique-id is too long"))
        }
    }
}

/// The identifier behind such a text.
pub(super) fn id_of(text: &str) -> Option<Id> {
    if let Some(uidl) = text.strip_prefix('p') {
        return Some(Id::Uidl(unescape(uidl)?));
    }
    let (validity, uid) = text.strip_prefix('u')?.split_once('.')?;
    Some(Id::Uid { validity: validity.parse().ok()?, uid: uid.parse().ok()? })
}

/// Text as one word: nothing in it ends the word or the line.
fn word(text: &str) -> String {
    escape(text, |c| c.is_whitespace() || c.is_control())
}
