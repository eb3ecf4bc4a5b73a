//! The words of a command, for what imap-codec does not read: extended LIST, SEARCH's RETURN, CREATE's USE
//! and the part of APPEND before the message.

use std::borrow::Cow;

/// What is left of a command; literals stand in it with their announcement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Words<'a> {
    pub(super) fn new(command: &'a [u8]) -> Self {
        Self { rest: command }
    }

    /// Nothing but the line end is left.
    pub(super) fn ended(&self) -> bool {
        self.rest == b"\r\n"
    }

    /// Takes this text, in any case of letters.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.rest.get(..text.len()).is_some_and(|t| t.eq_ignore_ascii_case(text.as_bytes()));
        if found {
            self.rest = &self.rest[text.len()..];
        }
        found
    }

    /// Takes a blank.
    pub(super) fn space(&mut self) -> Option<()> {
        self.eat(" ").then_some(())
    }

    /// Takes what fits, at least one octet.
    fn run(&mut self, fits: impl Fn(u8) -> bool) -> Option<&'a [u8]> {
        let n = self.rest.iter().position(|&b| !fits(b)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(n).filter(|_| n > 0)?;
        self.rest = rest;
        Some(run)
    }

    /// `tag`: no `+`.
    pub(super) fn tag(&mut self) -> Option<&'a str> {
        text(self.run(|b| is_astring(b) && b != b'+')?)
    }

    /// `atom`
    pub(super) fn atom(&mut self) -> Option<&'a str> {
        text(self.run(|b| is_astring(b) && b != b']')?)
    }

    /// `astring`
    pub(super) fn astring(&mut self) -> Option<Cow<'a, [u8]>> {
        self.string_or(is_astring)
    }

    /// `list-mailbox`: an astring that may hold wildcards.
    pub(super) fn pattern(&mut self) -> Option<Cow<'a, [u8]>> {
        self.string_or(|b| is_astring(b) || matches!(b, b'%' | b'*'))
    }

    fn string_or(&mut self, fits: impl Fn(u8) -> bool) -> Option<Cow<'a, [u8]>> {
        match self.rest.first()? {
            b'"' => self.quoted().map(Cow::Owned),
            b'{' => self.literal().map(Cow::Borrowed),
            _ => self.run(fits).map(Cow::Borrowed),
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut octets = Vec::new();
        let mut at = 1;
        loop {
            match self.rest.get(at)? {
                b'"' => break,
                b'\\' => {
                    let octet = self.rest.get(at + 1).filter(|b| matches!(b, b'"' | b'\\'))?;
                    octets.push(*octet);
                    at += 2;
                }
                b'\r' | b'\n' | 0 => return None,
                octet => {
                    octets.push(*octet);
                    at += 1;
                }
            }
        }
        self.rest = &self.rest[at + 1..];
        Some(octets)
    }

    fn literal(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.windows(2).position(|two| two == b"\r\n")?;
        let len = text(&self.rest[1..end])?.strip_suffix('}')?;
        let len: usize = len.strip_suffix('+').unwrap_or(len).parse().ok()?;
        let (literal, rest) = self.rest[end + 2..].split_at_checked(len)?;
        if literal.contains(&0) {
            return None;
        }
        self.rest = rest;
        Some(literal)
    }

    /// `"(" [one *(SP one)] ")"`
    pub(super) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        if !self.eat("(") {
            return None;
        }
        let mut all = Vec::new();
        while !self.eat(")") {
            if !all.is_empty() {
                self.space()?;
            }
            all.push(one(self)?);
        }
        Some(all)
    }

    /// `flag`
    pub(super) fn flag(&mut self) -> Option<&'a str> {
        let from = self.rest;
        self.eat("\\");
        let name = self.atom()?;
        text(&from[..from.len() - self.rest.len()]).filter(|_| !name.is_empty())
    }
}

fn is_astring(b: u8) -> bool {
    b.is_ascii_graphic() && !matches!(b, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\')
}

fn text(octets: &[u8]) -> Option<&str> {
    std::str::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_one_by_one() {
        let mut words = Words::new(b"a1 LIST \"a\\\"b\" {3+}\r\nx%y (\\Seen foo) \r\n");
        assert_eq!(words.tag(), Some("a1"));
        assert!(words.space().is_some() && words.eat("list ") && !words.eat("x"));
        assert_eq!(words.astring().as_deref(), Some(&b"a\"b"[..]));
        words.space().expect("a blank");
        assert_eq!(words.pattern().as_deref(), Some(&b"x%y"[..]));
        words.space().expect("a blank");
        assert_eq!(words.list(|w| w.flag()), Some(vec!["\\Seen", "foo"]));
        words.space().expect("a blank");
        assert!(words.ended());
    }

    #[test]
    fn what_is_no_word_is_not_taken() {
        for text in
            ["\"a", "\"a\\", "\"a\\b\"", "{3}\r\nab", "{x}\r\n", "{3", "(", "", "{99999999999999999999}\r\n"]
        {
            assert_eq!(Words::new(text.as_bytes()).astring(), None, "{text}");
        }
        assert_eq!(Words::new(b"(a b").list(|w| w.atom()), None);
        assert_eq!(Words::new(b"(a  b)").list(|w| w.atom()), None);
        assert_eq!(Words::new(b"\\(").flag(), None);
    }
}
