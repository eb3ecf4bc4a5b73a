//! File names and other parameters of MIME fields (RFC 2045 §5.1, RFC 2231).
//!
//! A name in plain ASCII that fits on a line is written plainly. Any other is written twice by default: by
//! RFC 2231 as `filename*=` of `Content-Disposition`, and as encoded words in `name=` of `Content-Type`,
//! which RFC 2047 forbids and which Outlook and QQ readers look for when they do not know the former. Each
//! parameter is there once, so no reader has two to choose from.

use super::header::{Header, LINE};
use super::words::{self, Context};

/// How file names that are not short ASCII are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Names {
    /// By RFC 2231 alone: `filename*=utf-8''…`.
    Rfc2231,
    /// As encoded words alone, in both fields: `filename="=?utf-8?B?…?="`.
    EncodedWord,
    /// By RFC 2231 in `Content-Disposition` and as encoded words in `Content-Type`, so that every reader
    /// finds the one that it knows.
    #[default]
    Both,
}

/// What fits on a line of its own: a space, `;` and a name such as `filename` leave this much.
const PLAIN: usize = 60;

/// Whether `value` can be written as a plain token or quoted string.
pub(super) fn is_plain(value: &str) -> bool {
    value.len() <= PLAIN && value.bytes().all(|b| matches!(b, b' '..=b'~')) && !value.contains("=?")
}

impl Header<'_> {
    /// A parameter in the plain form: a token, or a quoted string.
    pub(super) fn plain_parameter(&mut self, name: &str, value: &str) {
        self.raw(";");
        if super::check::is_token(value) {
            self.gap(name.len() + 2 + value.len());
            self.raw(name);
            self.raw("=");
            self.raw(value);
        } else {
            let escapes = value.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
            self.gap(name.len() + 4 + value.len() + escapes);
            self.raw(name);
            self.raw("=");
            self.quoted(value);
        }
    }

    /// A parameter as encoded words in quotes.
    pub(super) fn word_parameter(&mut self, name: &str, value: &str) {
        self.raw(";");
        // On a line of its own, unless it fits on this one: the fewer words, the fewer readers fail.
        self.gap(LINE.min(name.len() + words::least_len(value)));
        self.raw(name);
        self.raw("=\"");
        words::write(self, "", value, Context::Phrase);
        self.raw("\"");
    }

    /// A parameter by RFC 2231: one piece where it fits on a line, else numbered ones (§3, §4.1).
    pub(super) fn extended_parameter(&mut self, name: &str, value: &str) {
        const CHARSET: &str = "utf-8''";
        let len = name.len() + 2 + CHARSET.len() + value.bytes().map(escaped_len).sum::<usize>();
        self.raw(";");
        if len + 2 <= LINE {
            self.gap(len + 1);
            self.raw(name);
            self.raw("*=");
            self.raw(CHARSET);
            value.bytes().for_each(|b| self.escaped(b));
            return;
        }
        let mut rest = value.chars().peekable();
        let mut index = 0;
        while rest.peek().is_some() {
            if index > 0 {
                self.raw(";");
            }
            self.fold();
            self.raw(&format!(" {name}*{index}*="));
            if index == 0 {
                self.raw(CHARSET);
            }
            let mut utf8 = [0; 4];
            while let Some(c) = rest.peek() {
                let bytes = c.encode_utf8(&mut utf8).bytes();
                if self.column + bytes.clone().map(escaped_len).sum::<usize>() + 1 > LINE {
                    break;
                }
                bytes.for_each(|b| self.escaped(b));
                rest.next();
            }
            index += 1;
        }
    }

    /// A parameter in the plain form where that can be, else by RFC 2231.
    pub(super) fn parameter(&mut self, name: &str, value: &str) {
        if is_plain(value) {
            self.plain_parameter(name, value);
        } else {
            self.extended_parameter(name, value);
        }
    }

    fn escaped(&mut self, b: u8) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        if is_attribute_char(b) {
            self.out.push(b);
        } else {
            self.out.extend_from_slice(&[b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
        self.column += escaped_len(b);
    }
}

/// RFC 2231 §7.
fn is_attribute_char(b: u8) -> bool {
    super::check::is_token_byte(b) && !matches!(b, b'*' | b'\'' | b'%')
}

fn escaped_len(b: u8) -> usize {
    if is_attribute_char(b) { 1 } else { 3 }
}
