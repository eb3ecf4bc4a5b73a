//! What a maildrop holds: the replies to STAT, LIST and UIDL, read line by line into little memory.

use std::fmt;

use super::reply::number;

/// The most messages that a listing may name. One that names more is an error: with a line a message, a
/// listing of this length is read into some 20 MB.
pub const MAX_MESSAGES: usize = 1_000_000;
/// The longest unique-id that is read, in octets (RFC 1939 §7 allows 70; some servers write more).
pub const MAX_UID: usize = 255;
/// The most octets of unique-ids in a listing, all together: [`MAX_MESSAGES`] of the length that RFC 1939 allows.
pub const MAX_UIDS: usize = 70 * MAX_MESSAGES;

/// The reply to STAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Messages that are not marked as deleted.
    pub messages: u32,
    /// Their octets, as the server counts.
    pub octets: u64,
}

/// A line of the reply to LIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The message's number in this session, from 1.
    pub number: u32,
    /// Its octets, as the server counts: a hint, since many count wrongly.
    pub size: u64,
}

/// Why a line is none of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListingError {
    /// It is not a message's number and what belongs to it.
    Malformed,
    /// The unique-id is longer than [`MAX_UID`].
    LongUid,
    /// There are more than [`MAX_MESSAGES`].
    TooMany,
    /// The unique-ids are more than [`MAX_UIDS`] octets.
    LongUids,
}

impl fmt::Display for ListingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a line of the list is not a number with what belongs to it"),
            Self::LongUid => write!(f, "a unique-id has more than {MAX_UID} octets"),
            Self::TooMany => write!(f, "the list has more than {MAX_MESSAGES} lines"),
            Self::LongUids => write!(f, "the unique-ids have more than {MAX_UIDS} octets"),
        }
    }
}

impl Stat {
    /// Reads `2 320`; what follows is ignored (RFC 1939 §5 STAT).
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (first, second, _) = words(text)?;
        Some(Self { messages: number(first)?, octets: number(second)? })
    }
}

impl Listed {
    /// Reads `2 200`; what follows is ignored (RFC 1939 §3).
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (first, second, _) = words(text)?;
        Some(Self { number: number(first).filter(|n| *n > 0)?, size: number(second)? })
    }
}

/// The first two words, and what follows.
fn words(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (first, rest) = word(text)?;
    let (second, rest) = word(rest)?;
    Some((first, second, rest))
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = &text[text.iter().position(|b| !matches!(b, b' ' | b'\t'))?..];
    let end = text.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(text.len());
    Some(text.split_at(end))
}

/// The reply to UIDL: numbers with unique-ids, all ids in one piece of memory.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Uids {
    /// Number, and where the id ends in `text`.
    each: Vec<(u32, u32)>,
    text: String,
}

impl Uids {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.each.len()
    }

    /// True for an empty maildrop.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// In the server's order: the message's number in this session, and its unique-id. An id may be empty, or
    /// stand there twice: servers do that. Octets that no id may hold are written `\xNN`.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, &str)> + '_ {
        let mut from = 0;
        self.each.iter().map(move |(number, end)| {
            let id = &self.text[from..*end as usize];
            from = *end as usize;
            (*number, id)
        })
    }

    /// Takes in a line: `2 QhdPYR:00WBw1Ph7x7`.
    ///
    /// # Errors
    /// It is none, or there are too many.
    pub fn add(&mut self, line: &[u8]) -> Result<(), ListingError> {
        let (first, rest) = word(line).ok_or(ListingError::Malformed)?;
        let number = number(first).filter(|n| *n > 0).ok_or(ListingError::Malformed)?;
        let id = word(rest).map_or(&b""[..], |(id, _)| id);
        if id.len() > MAX_UID {
            return Err(ListingError::LongUid);
        }
        if self.each.len() >= MAX_MESSAGES {
            return Err(ListingError::TooMany);
        }
        match std::str::from_utf8(id) {
            Ok(id) if id.bytes().all(|b| b.is_ascii_graphic()) => self.text.push_str(id),
            _ => self.text.extend(id.escape_ascii().map(char::from)),
        }
        if self.text.len() > MAX_UIDS {
            return Err(ListingError::LongUids);
        }
        self.each.push((number, self.text.len() as u32));
        Ok(())
    }
}

impl fmt::Debug for Uids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drop_listing_is_two_numbers_and_whatever_else() {
        assert_eq!(Stat::parse(b"2 320"), Some(Stat { messages: 2, octets: 320 }));
        assert_eq!(Stat::parse(b"  2   320 messages"), Some(Stat { messages: 2, octets: 320 }));
        assert_eq!(Listed::parse(b"1 120 x"), Some(Listed { number: 1, size: 120 }));
        for text in ["", "2", "two 320", "2 #octets", "-1 5", "99999999999 5"] {
            assert_eq!(Stat::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Listed::parse(b"0 120"), None);
    }

    #[test]
    fn unique_ids_are_kept_apart_whatever_they_hold() {
        let mut uids = Uids::default();
        for line in [&b"1 whqtswO00WBw418f9t5JxYwZ"[..], b"2", b"3  a b", b"4 \xff\x1b", b"9 \xe7\x8e\x8b"] {
            uids.add(line).expect("a line");
        }
        let seen: Vec<_> = uids.iter().collect();
        assert_eq!(
            seen,
            [(1, "whqtswO00WBw418f9t5JxYwZ"), (2, ""), (3, "a"), (4, "\\xff\\x1b"), (9, "\\xe7\\x8e\\x8b")]
        );
        assert_eq!((uids.len(), uids.iter().len()), (5, 5));
    }

    #[test]
    fn what_is_no_line_of_a_listing_is_an_error() {
        let mut uids = Uids::default();
        for line in [&b""[..], b"x 1", b"0 a", b"-1 a", b"4294967296 a"] {
            assert_eq!(uids.add(line), Err(ListingError::Malformed), "{}", line.escape_ascii());
        }
        let long = [b"1 ".as_slice(), &[b'u'; MAX_UID + 1]].concat();
        assert_eq!(uids.add(&long), Err(ListingError::LongUid));
        for n in 1..=MAX_MESSAGES {
            uids.add(format!("{n} u").as_bytes()).expect("a line");
        }
        assert_eq!(uids.add(b"1 u"), Err(ListingError::TooMany));
    }
}
