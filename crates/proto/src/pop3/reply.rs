//! The first line of a server's reply: `+OK`, `-ERR`, or `+` in the middle of a login.
//!
//! Real servers are met halfway: indicators in any case, text in UTF-8 or GB18030 (QQ and 163 answer in GBK).

use std::borrow::Cow;
use std::fmt;

/// The longest line of a reply that is read, in octets (RFC 2449 §4 allows 512; AUTH's challenges are longer,
/// RFC 5034 §4).
pub const MAX_LINE: usize = 16 * 1024;

/// What a line says, before its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indicator {
    /// `+OK`
    Ok,
    /// `-ERR`
    Err,
    /// `+ `: a challenge (RFC 5034 §4).
    More,
}

/// The first line of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// Yes, no, or go on.
    pub indicator: Indicator,
    /// What follows, as sent.
    pub text: &'a [u8],
}

impl<'a> Status<'a> {
    /// Reads a line; `None` where it is no POP3 reply.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let (indicator, rest) = match line {
            [b'+', b'O' | b'o', b'K' | b'k', rest @ ..] => (Indicator::Ok, rest),
            [b'-', b'E' | b'e', b'R' | b'r', b'R' | b'r', rest @ ..] => (Indicator::Err, rest),
            [b'+', rest @ ..] => (Indicator::More, rest),
            _ => return None,
        };
        match rest {
            [] => Some(Self { indicator, text: rest }),
            [b' ' | b'\t', text @ ..] => Some(Self { indicator, text }),
            // `+OK<1896@host>` has been seen; `+OKAY` would be something else.
            [first, ..] if !first.is_ascii_alphanumeric() && indicator != Indicator::More => {
                Some(Self { indicator, text: rest })
            }
            _ => None,
        }
    }

    /// The text for people.
    pub fn words(&self) -> Cow<'a, str> {
        crate::reply::decode(self.text)
    }

    /// The response code, where there is one that is known.
    pub fn code(&self) -> Option<ResponseCode> {
        ResponseCode::at_head_of(self.text)
    }

    /// The first number of the text: the length that many servers name behind RETR's `+OK`.
    pub fn number(&self) -> Option<u64> {
        number(self.text.split(|b| *b == b' ').next()?)
    }
}

/// Why a server says no, for programs (RFC 2449 §8, RFC 3206, RFC 6856 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResponseCode {
    /// Another session holds the maildrop.
    InUse,
    /// The account logs in too often.
    LoginDelay,
    /// Name or password is wrong.
    Auth,
    /// Something is wrong on the server's side and will pass.
    SysTemp,
    /// Something is wrong on the server's side and will not pass by itself.
    SysPerm,
    /// The message needs UTF8.
    Utf8,
}

const CODES: [(&str, ResponseCode); 6] = [
    ("IN-USE", ResponseCode::InUse),
    ("LOGIN-DELAY", ResponseCode::LoginDelay),
    ("AUTH", ResponseCode::Auth),
    ("SYS/TEMP", ResponseCode::SysTemp),
    ("SYS/PERM", ResponseCode::SysPerm),
    ("UTF8", ResponseCode::Utf8),
];

impl ResponseCode {
    /// The code in brackets that a text begins with. Of a hierarchical code (`SYS/TEMP/DISK`) the part that is
    /// known counts (RFC 2449 §8).
    pub fn at_head_of(text: &[u8]) -> Option<Self> {
        let inner = text.trim_ascii_start().strip_prefix(b"[")?;
        let inner = &inner[..inner.iter().position(|b| *b == b']')?];
        let known = |name: &str| {
            inner.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()))
                && matches!(inner.get(name.len()), None | Some(b'/' | b' '))
        };
        CODES.into_iter().find(|(name, _)| known(name)).map(|(_, code)| code)
    }
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CODES.iter().find(|(_, code)| code == self).map_or("", |(name, _)| name))
    }
}

/// A decimal number and nothing else.
pub(super) fn number<N: TryFrom<u64>>(digits: &[u8]) -> Option<N> {
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let mut value: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    N::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_are_read_as_servers_write_them() {
        for (line, indicator, text) in [
            (&b"+OK"[..], Some(Indicator::Ok), &b""[..]),
            (b"+OK 2 320", Some(Indicator::Ok), b"2 320"),
            (b"+ok  2", Some(Indicator::Ok), b" 2"),
            (b"+OK<1896@host>", Some(Indicator::Ok), b"<1896@host>"),
            (b"-ERR", Some(Indicator::Err), b""),
            (b"-Err\tno", Some(Indicator::Err), b"no"),
            (b"+", Some(Indicator::More), b""),
            (b"+ PDE4OTY=", Some(Indicator::More), b"PDE4OTY="),
            (b"+OKAY", None, b""),
            (b"+x", None, b""),
            (b"-ERROR", None, b""),
            (b"* OK", None, b""),
            (b"220 mx", None, b""),
            (b"", None, b""),
            (b" +OK", None, b""),
        ] {
            let status = Status::parse(line);
            assert_eq!(status.map(|s| s.indicator), indicator, "{}", line.escape_ascii());
            assert_eq!(status.map_or(&b""[..], |s| s.text), text, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn response_codes_are_found_with_and_without_their_details() {
        use ResponseCode::{Auth, InUse, SysTemp};
        for (text, code) in [
            ("[IN-USE] Do you have another POP session running?", Some(InUse)),
            ("[in-use]", Some(InUse)),
            ("[AUTH] PASS failed", Some(Auth)),
            ("[SYS/TEMP] file system full", Some(SysTemp)),
            ("[SYS/TEMP/DISK] file system full", Some(SysTemp)),
            ("[SYS/TEMPORARY] x", None),
            ("[AUTHORIZATION] x", None),
            ("[IN-USE", None),
            ("see [IN-USE]", None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(ResponseCode::at_head_of(text.as_bytes()), code, "{text}");
        }
    }

    #[test]
    fn numbers_are_decimal_and_bounded() {
        assert_eq!(number::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number::<u32>(b"4294967296"), None);
        assert_eq!(number::<u32>(b"007"), Some(7));
        for text in ["", "+1", "-1", "1 ", "0x1", "999999999999999999999"] {
            assert_eq!(number::<u64>(text.as_bytes()), None, "{text}");
        }
    }
}
