//! A message's envelope: where from, where to, and what is asked of the server (RFC 5321 §2.3.1).

use std::fmt::Write as _;

use crate::address::Address;

/// What octets the content holds (RFC 6152, RFC 3030).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Body {
    /// ASCII in lines of at most 998 octets.
    #[default]
    SevenBit,
    /// Any octets but NUL, in lines of at most 998 octets.
    EightBit,
    /// Any octets at all; can only go by BDAT.
    Binary,
}

/// Everything about a message but its content.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// The reverse-path; `None` is `<>`, to which no bounce is sent.
    pub from: Option<Address>,
    /// The forward-paths, at least one.
    pub to: Vec<Recipient>,
    /// The content's exact length in octets, before dot-stuffing.
    pub size: u64,
    /// What octets the content holds.
    pub body: Body,
    /// The header fields hold raw UTF-8 (RFC 6532), whatever the addresses are.
    pub utf8: bool,
    /// RFC 8689: rather not at all than without TLS on each hop.
    pub require_tls: bool,
    /// RFC 6710: from -9 to 9.
    pub priority: Option<i8>,
    /// RFC 2852: within so many seconds.
    pub deliver_by: Option<DeliverBy>,
    /// RFC 4865: not before.
    pub hold: Option<Hold>,
    /// RFC 3461 RET: how much of the message a bounce returns.
    pub ret: Option<Ret>,
    /// RFC 3461 ENVID, plain text; encoded as xtext here. At most 100 characters.
    pub envelope_id: Option<String>,
}

/// One forward-path.
#[derive(Clone, Debug)]
pub struct Recipient {
    /// To whom.
    pub address: Address,
    /// RFC 3461 NOTIFY, where it was asked for.
    pub notify: Option<Notify>,
    /// RFC 3461 ORCPT: the address that the sender had in mind.
    pub original: Option<Address>,
}

impl From<Address> for Recipient {
    fn from(address: Address) -> Self {
        Self { address, notify: None, original: None }
    }
}

/// When the server shall report (RFC 3461 §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// Never.
    Never,
    /// In these cases; all false is not a wish that can be sent and counts as `failure`.
    On {
        /// When it was delivered.
        success: bool,
        /// When it could not be delivered.
        failure: bool,
        /// When it takes long.
        delay: bool,
    },
}

/// RFC 3461 §4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// The whole message.
    Full,
    /// Its header.
    Headers,
}

/// RFC 2852 BY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverBy {
    /// Seconds from now; with `ret` at least 1.
    pub seconds: i64,
    /// True: return it when late. False: only tell.
    pub ret: bool,
}

/// RFC 4865.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// HOLDFOR: seconds from now.
    For(u32),
    /// HOLDUNTIL: an RFC 3339 time in UTC, `2026-12-31T08:00:00Z`. Other characters are dropped.
    Until(String),
}

impl Notify {
    /// The NOTIFY value.
    pub fn value(self) -> String {
        let Self::On { success, failure, delay } = self else { return "NEVER".into() };
        let wished = [(success, "SUCCESS"), (failure || !(success || delay), "FAILURE"), (delay, "DELAY")];
        wished.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect::<Vec<_>>().join(",")
    }
}

/// RFC 3461 §4: printable ASCII stays, the rest becomes `+XX`. UTF-8 is encoded octet by octet.
pub fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if matches!(byte, b'!'..=b'~') && byte != b'+' && byte != b'=' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "+{byte:02X}");
        }
    }
    out
}

/// Undoes [`xtext`]; `None` where it is not xtext.
pub fn from_xtext(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => {
                let digit = |b: Option<u8>| char::from(b?).to_digit(16);
                out.push((digit(bytes.next())? * 16 + digit(bytes.next())?) as u8);
            }
            b'!'..=b'~' if byte != b'=' => out.push(byte),
            _ => return None,
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xtext_comes_back_and_never_holds_a_space_or_a_line_end() {
        for text in ["plain", "a b", "1+1=2", "x\r\nRCPT TO:<y>", "名字", ""] {
            let coded = xtext(text);
            assert!(coded.bytes().all(|b| b.is_ascii_graphic() && b != b'='), "{coded}");
            assert_eq!(from_xtext(&coded).as_deref(), Some(text));
        }
        assert_eq!(from_xtext("a+G0"), None);
        assert_eq!(from_xtext("a=b"), None);
    }

    #[test]
    fn notify_is_never_or_a_list() {
        let on = |success, failure, delay| Notify::On { success, failure, delay }.value();
        assert_eq!(Notify::Never.value(), "NEVER");
        assert_eq!(on(true, true, true), "SUCCESS,FAILURE,DELAY");
        assert_eq!(on(false, false, false), "FAILURE");
        assert_eq!(on(false, false, true), "DELAY");
    }
}
