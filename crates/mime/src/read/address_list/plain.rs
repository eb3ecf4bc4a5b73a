//! The address lists that most mail has, read in one go: `a@b`, `Name <a@b>`, `"Name" <a@b>`, commas between.
//!
//! Anything else (comments, groups, routes, whatever is broken) is for the careful reading, which gives the same
//! for these: the tests hold the two against each other.

use std::borrow::Cow;

use memchr::memchr;

use crate::address::{Address, Mailbox};
use crate::read::charset::Hint;
use crate::read::finding::Notes;
use crate::read::limits::MAX_ADDRESSES;
use crate::read::word;

/// Reads a list of nothing but plain mailboxes; `None` where there is anything else in it.
pub(crate) fn parse(value: &str) -> Option<Vec<Address>> {
    let mut rest = value;
    let mut out = Vec::with_capacity(1);
    loop {
        let (mailbox, after) = mailbox(rest.trim_start_matches(BLANK))?;
        out.push(Address::Mailbox(mailbox));
        let after = after.trim_start_matches(BLANK);
        if after.is_empty() {
            return Some(out);
        }
        rest = after.strip_prefix(',')?;
        if out.len() == MAX_ADDRESSES {
            return None;
        }
    }
}

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// One mailbox at the start of `text`, and what follows it.
fn mailbox(text: &str) -> Option<(Mailbox, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let end = memchr(b'"', quoted.as_bytes())?;
        let name = &quoted[..end];
        if name.contains(['\\', '\r', '\n']) || word::word_mark(name.as_bytes()).is_some() {
            return None;
        }
        let after = quoted[end + 1..].trim_start_matches(BLANK).strip_prefix('<')?;
        let (address, after) = bracketed(after)?;
        return Some((Mailbox { name: one_line(Cow::Borrowed(name)), address: address.to_owned() }, after));
    }
    let end = text.bytes().position(|byte| !WORD[usize::from(byte)])?;
    let words = &text[..end];
    match text.as_bytes()[end] {
        b'<' => {
            let (address, after) = bracketed(&text[end + 1..])?;
            Some((Mailbox { name: name(words)?, address: address.to_owned() }, after))
        }
        b'@' if !words.is_empty()
            && !words.contains(BLANK)
            && word::word_mark(words.as_bytes()).is_none() =>
        {
            let domain = text[end + 1..].bytes().position(|byte| !is_domain(byte));
            let domain = domain.map_or(text.len(), |length| end + 1 + length);
            let address = &text[..domain];
            let sound = domain > end + 1
                && !address.ends_with('.')
                && !words.ends_with('.')
                && !words.starts_with('.');
            sound.then(|| (Mailbox { name: None, address: address.to_owned() }, &text[domain..]))
        }
        _ => None,
    }
}

/// `local@domain>`, and what follows.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| !WORD[usize::from(byte)])?;
    let domain = text.get(at + 1..)?;
    let length = domain.bytes().position(|byte| !is_domain(byte))?;
    let sound = at > 0 && length > 0 && text.as_bytes()[at] == b'@' && domain.as_bytes()[length] == b'>';
    let local = &text[..at];
    (sound && !local.contains(BLANK)).then(|| (&text[..at + 1 + length], &domain[length + 1..]))
}

/// The display name that unquoted words make; `None` where that is not plain, `Some(None)` where there is none.
fn name(words: &str) -> Option<Option<String>> {
    if word::word_mark(words.as_bytes()).is_none() {
        return Some(one_line(Cow::Borrowed(words)));
    }
    let mut flat = Cow::Borrowed(words);
    if words.contains(['\r', '\n']) {
        flat.to_mut().retain(|c| !matches!(c, '\r' | '\n'));
    }
    let mut notes = Notes::default();
    let text = word::decode_text(flat.as_bytes(), &Hint::default(), &mut notes).into_owned();
    let plain = notes.iter().next().is_none() && !text.contains('@');
    plain.then(|| one_line(Cow::Owned(text)))
}

/// Runs of white space made one blank, none at the ends.
fn one_line(text: Cow<'_, str>) -> Option<String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return None;
    }
    let mut before = b'x';
    let plain = trimmed.bytes().all(|byte| {
        let one = (b'!'..0x80).contains(&byte) || (byte == b' ' && before != b' ');
        before = byte;
        one
    });
    Some(match plain {
        true => trimmed.to_owned(),
        false => trimmed.split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

/// What an unquoted display name or a local part consists of: atoms, dots and blanks.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        word[byte] = byte >= 0x80 || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b" \t\r\n!#$%&'*+-/=?^_`{|}~.";
    let mut at = 0;
    while at < others.len() {
        word[others[at] as usize] = true;
        at += 1;
    }
    word
};

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::address_list;

    #[test]
    fn what_most_mail_has_is_plain() {
        for list in [
            "a@b.example",
            "A B <a@b.example>",
            "\"B, A\" <a@b.example>, c@d.example",
            "=?utf-8?q?Zo=C3=AB_M?= <a@b.example>",
            "王 <a@b.example>",
        ] {
            assert!(parse(list).is_some(), "{list}");
        }
    }

    proptest! {
        #[test]
        fn the_plain_reading_is_the_careful_one(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "b.c", "@", "a@b", "x@y.z", "<", ">", "<a@b>", "<c@d.e>", ",", ", ", " ", "  ", "\"", "\"N, M\"",
                    "=?utf-8?q?a_b?=", "=?utf-8?q?a=40b?=", "=?", "?=", ".", "\r\n ", ";", ":", "(c)", "é", "\\", "-", "\t",
                ]),
                0..12,
            ),
        ) {
            let list = pieces.concat();
            if let Some(plain) = parse(&list) {
                let mut notes = Notes::default();
                prop_assert_eq!(&plain, &address_list::parse_carefully(&list, &mut notes), "{}", list);
                prop_assert!(notes.iter().next().is_none(), "{}: {:?}", list, notes);
            }
        }
    }
}
