//! The addresses of a header field as ENVELOPE has them: nothing decoded, groups marked (RFC 9051 §7.5.2).
//!
//! Lenient: what is no address is passed over, up to the next comma.

use hongyan_proto::imap::server::structure::Address;

/// The most addresses that are read from a field.
const MOST: usize = 10_000;

/// Reads the value of an address field.
pub(super) fn addresses(value: &[u8]) -> Vec<Address> {
    let mut found = Vec::new();
    let mut pending = Pending::default();
    let mut in_group = false;
    let tokens = Tokens { value, at: 0 };
    for token in tokens {
        if found.len() >= MOST {
            break;
        }
        match token {
            Token::Special(b',') => found.extend(std::mem::take(&mut pending).finish()),
            Token::Special(b':') if !in_group && pending.angle.is_none() => {
                let mailbox = Some(std::mem::take(&mut pending).phrase());
                found.push(Address { mailbox, ..Address::default() });
                in_group = true;
            }
            Token::Special(b';') => {
                found.extend(std::mem::take(&mut pending).finish());
                if std::mem::take(&mut in_group) {
                    found.push(Address::default());
                }
            }
            Token::Special(octet) => pending.push(vec![octet]),
            Token::Angle(spec) => pending.angle = Some(spec),
            Token::Comment(text) => pending.comment = Some(text),
            Token::Word(word) => pending.push(word),
            Token::Blank => pending.blank = true,
        }
    }
    found.extend(pending.finish());
    if in_group {
        found.push(Address::default());
    }
    found
}

/// An address as far as it was read.
#[derive(Default)]
struct Pending {
    /// Words and what joins them, with whether a blank stands before each.
    words: Vec<(bool, Vec<u8>)>,
    /// A blank has been seen since the last word.
    blank: bool,
    angle: Option<Vec<u8>>,
    comment: Option<Vec<u8>>,
}

impl Pending {
    fn push(&mut self, word: Vec<u8>) {
        self.words.push((std::mem::take(&mut self.blank), word));
    }

    /// All words, a blank where one or more stood.
    fn phrase(self) -> Vec<u8> {
        let mut phrase = Vec::new();
        for (blank, word) in self.words {
            if blank && !phrase.is_empty() {
                phrase.push(b' ');
            }
            phrase.extend(word);
        }
        phrase
    }

    fn finish(self) -> Option<Address> {
        let comment = self.comment.clone();
        let bare = self.angle.is_none();
        let (name, spec) = match self.angle.clone() {
            Some(spec) => (Some(self.phrase()).filter(|name| !name.is_empty()), spec),
            None => (comment, self.words.into_iter().flat_map(|(_, word)| word).collect()),
        };
        // A source route (RFC 5322 §4.4) is of no use to anybody.
        let spec = match spec.iter().position(|octet| *octet == b':') {
            Some(colon) if spec.starts_with(b"@") => &spec[colon + 1..],
            _ => &spec[..],
        };
        // A comment alone is no address.
        if spec.is_empty() && (bare || name.is_none()) {
            return None;
        }
        let (mailbox, host) = match spec.iter().rposition(|octet| *octet == b'@') {
            Some(at) => (&spec[..at], &spec[at + 1..]),
            None => (spec, &b""[..]),
        };
        // No host would mean a group.
        Some(Address { name, mailbox: Some(mailbox.to_vec()), host: Some(host.to_vec()) })
    }
}

enum Token {
    Special(u8),
    /// What stands between `<` and `>`, blanks left out.
    Angle(Vec<u8>),
    Comment(Vec<u8>),
    /// A run of other octets, or a quoted string without its quotes.
    Word(Vec<u8>),
    Blank,
}

struct Tokens<'v> {
    value: &'v [u8],
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let octet = *self.value.get(self.at)?;
        self.at += 1;
        Some(match octet {
            b' ' | b'\t' | b'\r' | b'\n' => Token::Blank,
            b',' | b';' | b':' => Token::Special(octet),
            b'"' => Token::Word(self.quoted()),
            b'(' => Token::Comment(self.comment()),
            b'<' => {
                let rest = &self.value[self.at..];
                let end = rest.iter().position(|octet| *octet == b'>').unwrap_or(rest.len());
                self.at += end + usize::from(end < rest.len());
                Token::Angle(
                    rest[..end].iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect(),
                )
            }
            _ => {
                let rest = &self.value[self.at..];
                let end =
                    rest.iter().position(|octet| b" \t\r\n,;:\"(<".contains(octet)).unwrap_or(rest.len());
                let word = self.value[self.at - 1..self.at + end].to_vec();
                self.at += end;
                Token::Word(word)
            }
        })
    }
}

impl Tokens<'_> {
    /// To the closing quote, escapes undone, folds left out.
    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let Some(octet) = self.value.get(self.at) {
            self.at += 1;
            match octet {
                b'"' => break,
                b'\\' => {
                    text.extend(self.value.get(self.at));
                    self.at += 1;
                }
                b'\r' | b'\n' => {}
                octet => text.push(*octet),
            }
        }
        text
    }

    /// To the closing bracket, those inside counted.
    fn comment(&mut self) -> Vec<u8> {
        let (mut text, mut depth) = (Vec::new(), 1);
        while let Some(octet) = self.value.get(self.at) {
            self.at += 1;
            match octet {
                b'\\' => {
                    text.extend(self.value.get(self.at));
                    self.at += 1;
                    continue;
                }
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\r' | b'\n' => continue,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            text.push(*octet);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name|mailbox|host`, `-` for what is not there.
    fn shown(value: &str) -> Vec<String> {
        let text = |part: &Option<Vec<u8>>| {
            part.as_ref().map_or("-".to_string(), |part| String::from_utf8_lossy(part).into_owned())
        };
        let show = |a: &Address| format!("{}|{}|{}", text(&a.name), text(&a.mailbox), text(&a.host));
        addresses(value.as_bytes()).iter().map(show).collect()
    }

    #[test]
    fn addresses_are_as_rfc_3501_writes_them() {
        for (value, expected) in [
            ("Terry Gray <gray@cac.washington.edu>", &["Terry Gray|gray|cac.washington.edu"][..]),
            ("a@b.c, d@e.f", &["-|a|b.c", "-|d|e.f"]),
            ("\"Gray, Terry \\\"T\\\"\" <g@x>", &["Gray, Terry \"T\"|g|x"]),
            ("imap@cac (The (IMAP) list)", &["The (IMAP) list|imap|cac"]),
            ("=?utf-8?B?5byg5LiJ?= <z@例子.cn>", &["=?utf-8?B?5byg5LiJ?=|z|例子.cn"]),
            ("Friends: a@b, C <c@d>;, e@f", &["-|Friends|-", "-|a|b", "C|c|d", "-|-|-", "-|e|f"]),
            ("undisclosed-recipients:;", &["-|undisclosed-recipients|-", "-|-|-"]),
            ("<@relay:a@b>", &["-|a|b"]),
            ("\"quoted local\"@x", &["-|quoted local|x"]),
            ("nobody", &["-|nobody|"]),
            (" , ,", &[]),
            ("A\r\n B <a\r\n @b>", &["A B|a|b"]),
            ("unfinished <a@b", &["unfinished|a|b"]),
        ] {
            assert_eq!(shown(value), expected, "{value:?}");
        }
    }
}
