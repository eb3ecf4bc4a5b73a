//! Reads the pieces of a response: atoms, numbers, strings, lists.
//!
//! A response stands in one stretch of octets: its lines without their ends, and behind the announcement of a
//! literal either [`STREAMED`] (the content went to whoever keeps it) or LF and the octets. Neither NUL nor LF
//! can stand in a line, so a server cannot write either itself.

use std::borrow::Cow;

/// Stands for a literal's octets where they were streamed past.
pub(super) const STREAMED: u8 = 0;

/// The deepest nesting of parentheses in what is skipped.
pub(super) const MAX_DEPTH: usize = 64;

/// A position in a response.
#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
}

/// A string, or what stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Nil,
    /// Quoted, a short literal, or an atom.
    Text(Cow<'a, [u8]>),
    /// A literal of this many octets that went elsewhere.
    Streamed(u64),
}

impl<'a> Value<'a> {
    pub(super) fn text(self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Nil | Self::Streamed(_) => None,
        }
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Blanks; servers write more of them than the grammar has, and fewer.
    pub(super) fn blanks(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    pub(super) fn eat(&mut self, octet: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The next octets up to a blank or one of `( ) [ ] < > "`; perhaps none.
    pub(super) fn word(&mut self) -> &'a [u8] {
        self.until(|b| matches!(b, b' ' | b'(' | b')' | b'[' | b']' | b'<' | b'>' | b'"' | b'\n' | STREAMED))
    }

    /// The next octets up to a blank or a parenthesis: flags, capabilities, sets.
    pub(super) fn atom(&mut self) -> &'a [u8] {
        self.until(|b| matches!(b, b' ' | b'(' | b')' | b'\n' | STREAMED))
    }

    pub(super) fn until(&mut self, ends: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.rest.iter().position(|&b| ends(b)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(len);
        self.rest = rest;
        word
    }

    /// Whether a word follows, in any case; it is then passed.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        match self.rest.split_at_checked(word.len()) {
            Some((here, rest))
                if here.eq_ignore_ascii_case(word.as_bytes())
                    && !rest
                        .first()
                        .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')) =>
            {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let digits = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 || digits > 19 {
            return None;
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Some(number.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')))
    }

    pub(super) fn number32(&mut self) -> Option<u32> {
        self.number().and_then(|n| u32::try_from(n).ok())
    }

    /// A string in any of its forms, or NIL.
    pub(super) fn value(&mut self) -> Option<Value<'a>> {
        match self.rest {
            [b'"', rest @ ..] => {
                self.rest = rest;
                self.quoted().map(Value::Text)
            }
            [b'{', ..] | [b'~', b'{', ..] => self.literal(),
            _ => {
                let atom = self.atom();
                match atom {
                    b"" => None,
                    _ if atom.eq_ignore_ascii_case(b"NIL") => Some(Value::Nil),
                    _ => Some(Value::Text(Cow::Borrowed(atom))),
                }
            }
        }
    }

    /// The inside of a quoted string, behind its opening quote. A backslash stands for itself before anything but
    /// a quote or a backslash.
    fn quoted(&mut self) -> Option<Cow<'a, [u8]>> {
        let len = memchr::memchr2(b'"', b'\\', self.rest)?;
        if self.rest[len] == b'"' {
            let text = &self.rest[..len];
            self.rest = &self.rest[len + 1..];
            return Some(Cow::Borrowed(text));
        }
        let mut text = self.rest[..len].to_vec();
        let mut at = len;
        loop {
            match self.rest.get(at)? {
                b'"' => break,
                b'\\' if matches!(self.rest.get(at + 1), Some(b'"' | b'\\')) => {
                    text.push(self.rest[at + 1]);
                    at += 2;
                }
                &octet => {
                    text.push(octet);
                    at += 1;
                }
            }
        }
        self.rest = &self.rest[at + 1..];
        Some(Cow::Owned(text))
    }

    fn literal(&mut self) -> Option<Value<'a>> {
        self.eat(b'~');
        self.eat(b'{');
        let len = self.number()?;
        self.eat(b'+');
        if !self.eat(b'}') {
            return None;
        }
        if self.eat(STREAMED) {
            return Some(Value::Streamed(len));
        }
        if !self.eat(b'\n') {
            return None;
        }
        let (octets, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(Value::Text(Cow::Borrowed(octets)))
    }

    /// Passes one value, whatever it is: a string, or parentheses with what is in them.
    pub(super) fn skip(&mut self) -> Option<()> {
        let mut depth = 0;
        loop {
            self.blanks();
            if self.eat(b'(') {
                depth += 1;
                if depth > MAX_DEPTH {
                    return None;
                }
            } else if depth > 0 && self.eat(b')') {
                depth -= 1;
            } else {
                self.value()?;
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Each value in parentheses; `None` where there are none, or they do not end.
    pub(super) fn list(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.eat(b'(') {
            return None;
        }
        loop {
            self.blanks();
            if self.eat(b')') {
                return Some(());
            }
            let before = self.rest.len();
            each(self)?;
            if self.rest.len() == before {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &[u8]) -> Option<Value<'_>> {
        Lexer::new(text).value()
    }

    #[test]
    fn strings_are_read_in_every_form() {
        let text = |text: &'static [u8]| Some(Value::Text(Cow::Borrowed(text)));
        assert_eq!(value(b"NIL)"), Some(Value::Nil));
        assert_eq!(value(b"nil"), Some(Value::Nil));
        assert_eq!(value(b"INBOX x"), text(b"INBOX"));
        assert_eq!(value(br#""NIL""#), text(b"NIL"));
        assert_eq!(value(br#""""#), text(b""));
        assert_eq!(value(br#""a \"b\" \\ c\d" e"#), text(br#"a "b" \ c\d"#));
        assert_eq!(value(b"{3}\na)b c"), text(b"a)b"));
        assert_eq!(value(b"~{3}\na\0b"), text(b"a\0b"));
        assert_eq!(value(b"{4294967296}\0)"), Some(Value::Streamed(4_294_967_296)));
    }

    #[test]
    fn what_has_no_end_is_no_value() {
        for text in [
            &b"\"abc"[..],
            b"\"abc\\\"",
            b"{3}\nab",
            b"{3}",
            b"{3",
            b"{-1}\n",
            b"",
            b")",
            b"{99999999999999999999}\n",
        ] {
            assert_eq!(value(text), None, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn whatever_follows_can_be_passed_to_a_depth() {
        let mut lexer = Lexer::new(b"((\"a)\" NIL {2}\n)) (b)))(c) d");
        assert_eq!(lexer.skip(), Some(()));
        assert_eq!(lexer.rest(), b"(c) d");
        let nested = |depth| [vec![b'('; depth], vec![b')'; depth]].concat();
        assert_eq!(Lexer::new(&nested(MAX_DEPTH)).skip(), Some(()));
        assert_eq!(Lexer::new(&nested(MAX_DEPTH + 1)).skip(), None);
        assert_eq!(Lexer::new(b"(a").skip(), None);
    }
}
