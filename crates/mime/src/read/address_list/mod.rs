//! Address lists as real mail has them (RFC 5322 §3.4 and §4.4), read leniently.
//!
//! Comments, groups, routes, encoded words (also those with commas in them), quotes and brackets that are
//! never closed, semicolons for commas, names without brackets around the address: each is read as it was
//! meant, and noted. No address is dropped.

mod plain;

use crate::address::{Address, Mailbox};
use crate::read::charset::Hint;
use crate::read::finding::{Code, Notes, floor_char_boundary};
use crate::read::limits::MAX_ADDRESSES;
use crate::read::word;

/// Reads a list; encoded words are decoded after it has been taken apart, so they cannot add addresses.
pub(crate) fn parse(value: &str, notes: &mut Notes) -> Vec<Address> {
    plain::parse(value).unwrap_or_else(|| parse_carefully(value, notes))
}

fn parse_carefully(value: &str, notes: &mut Notes) -> Vec<Address> {
    let mut list = List { text: value, at: 0, count: 0, unclosed: false, notes };
    list.run()
}

struct List<'v, 'n> {
    text: &'v str,
    at: usize,
    count: usize,
    /// A quote or comment without an end was met: no further one is searched for its end.
    unclosed: bool,
    notes: &'n mut Notes,
}

/// What has been read of one element.
#[derive(Default)]
struct Element {
    /// The display name so far, decoded, without `raw`.
    name: String,
    /// Unquoted words not yet decoded, as they stand.
    raw: String,
    /// The words, blanks around dots and at signs removed; what an address without brackets is made of.
    words: Vec<String>,
    /// Whether the next piece belongs to the last word.
    joins: bool,
    quoted: bool,
    comment: Option<String>,
    bracketed: Option<String>,
    /// The display name before the brackets; what is in `name` then stands behind them.
    before: String,
}

impl<'v> List<'v, '_> {
    fn run(&mut self) -> Vec<Address> {
        let mut out = Vec::new();
        let mut group: Option<(String, Vec<Mailbox>)> = None;
        let mut element = Element::default();
        loop {
            let c = self.peek();
            match c {
                None | Some(',' | ';') => {
                    let ended = std::mem::take(&mut element);
                    let members = group.as_mut().map(|(_, members)| members);
                    self.finish(ended, members, &mut out);
                    self.at += usize::from(c.is_some());
                    let over = self.count >= MAX_ADDRESSES && c.is_some();
                    if over {
                        self.notes.add(Code::TooManyAddresses, Some(&MAX_ADDRESSES.to_string()));
                    }
                    if (c != Some(',') || over)
                        && let Some((name, members)) = group.take()
                    {
                        out.push(Address::Group { name, members });
                    } else if c == Some(';') {
                        self.notes.add(Code::AddressSemicolon, None);
                    }
                    if c.is_none() || over {
                        return out;
                    }
                }
                Some(':') if group.is_none() && element.may_name_group() => {
                    self.at += 1;
                    element.settle(self.notes);
                    let name = std::mem::take(&mut element).name;
                    if !name.eq_ignore_ascii_case("mailto") {
                        group = Some((name.trim().to_owned(), Vec::new()));
                    }
                }
                // A second pair of brackets: the comma between two mailboxes was left out.
                Some('<') if element.bracketed.is_some() => {
                    self.notes.add(Code::AddressSyntax, Some(rest_of_line(&self.text[self.at..])));
                    element.settle(self.notes);
                    let name = std::mem::take(&mut element.name);
                    let ended = std::mem::replace(&mut element, Element { name, ..Element::default() });
                    self.finish(ended, group.as_mut().map(|(_, members)| members), &mut out);
                }
                Some(_) => self.token(&mut element),
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn token(&mut self, element: &mut Element) {
        let rest = &self.text[self.at..];
        let Some(c) = rest.chars().next() else { return };
        match c {
            '\r' | '\n' => self.at += 1,
            ' ' | '\t' => {
                self.at += 1;
                element.raw.push(' ');
                if !element.words.last().is_some_and(|word| word.ends_with(['.', '@'])) {
                    element.joins = false;
                }
            }
            '"' => self.quoted(element),
            '(' => self.comment(element),
            '<' => self.brackets(element),
            '>' => {
                self.at += 1;
                self.notes.add(Code::AddressBrackets, Some(rest_of_line(rest)));
            }
            _ => {
                let length = encoded_word(rest).unwrap_or_else(|| {
                    let end = rest.find(|c: char| " \t\r\n\"(<>,;:.@".contains(c)).unwrap_or(rest.len());
                    if end == 0 { c.len_utf8() } else { end }
                });
                element.word(&rest[..length]);
                self.at += length;
            }
        }
    }

    fn quoted(&mut self, element: &mut Element) {
        let rest = &self.text[self.at + 1..];
        let Some(length) = (!self.unclosed).then(|| end_of_quoted(rest)).flatten() else {
            self.unclosed = true;
            self.notes.add(Code::OpenQuote, None);
            self.at += 1;
            return;
        };
        let inner = &rest[..length];
        self.at += length + 2;
        element.settle(self.notes);
        let plain = unescaped(inner);
        let shown = if plain.contains("=?") {
            let mut inner = Notes::default();
            let decoded = word::decode_text(plain.as_bytes(), &Hint::default(), &mut inner).into_owned();
            if decoded != plain {
                self.notes.add(Code::WordInQuotes, None);
            }
            decoded
        } else {
            plain
        };
        element.name.push_str(&shown);
        element.quoted = true;
        element.join(&format!("\"{inner}\""));
    }

    fn comment(&mut self, element: &mut Element) {
        let rest = &self.text[self.at..];
        let Some(length) = (!self.unclosed).then(|| end_of_comment(rest)).flatten() else {
            self.unclosed = true;
            self.notes.add(Code::AddressSyntax, Some(rest_of_line(rest)));
            self.at += 1;
            return;
        };
        let inner = unescaped(&rest[1..length - 1]);
        self.at += length;
        let shown = word::decode_text(inner.as_bytes(), &Hint::default(), self.notes).into_owned();
        element.comment.get_or_insert(shown);
        element.raw.push(' ');
    }

    fn brackets(&mut self, element: &mut Element) {
        element.settle(self.notes);
        element.before = std::mem::take(&mut element.name);
        self.at += 1;
        let mut address = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else { break };
            match c {
                '>' => {
                    self.at += 1;
                    self.set_bracketed(element, address);
                    return;
                }
                '<' | ' ' | '\t' | '\r' | '\n' => self.at += 1,
                '"' if !self.unclosed && end_of_quoted(&rest[1..]).is_some() => {
                    let length = end_of_quoted(&rest[1..]).map_or(rest.len(), |length| length + 2);
                    address.push_str(&rest[..length]);
                    self.at += length;
                }
                '(' if !self.unclosed && end_of_comment(rest).is_some() => {
                    self.at += end_of_comment(rest).unwrap_or(rest.len());
                }
                ',' | ';' if address.contains('@') && !address.starts_with('@') => break,
                c => {
                    self.unclosed |= matches!(c, '"' | '(');
                    address.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        self.notes.add(Code::AddressBrackets, Some(&address));
        self.set_bracketed(element, address);
    }

    fn set_bracketed(&mut self, element: &mut Element, address: String) {
        let mut address = address;
        if address.starts_with('@')
            && let Some(colon) = address.rfind(':')
        {
            self.notes.add(Code::AddressRoute, None);
            address.drain(..=colon);
        }
        if address.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("mailto:")) {
            address.drain(..7);
        }
        element.bracketed = Some(address);
    }

    fn finish(&mut self, element: Element, members: Option<&mut Vec<Mailbox>>, out: &mut Vec<Address>) {
        let mut element = element;
        element.settle(self.notes);
        let mut found = Vec::new();
        element.mailboxes(self.notes, &mut found);
        self.count += found.len();
        match members {
            Some(members) => members.extend(found),
            None => out.extend(found.into_iter().map(Address::Mailbox)),
        }
    }
}

impl Element {
    /// Whether a colon here ends a group's name: words without an address.
    fn may_name_group(&self) -> bool {
        self.bracketed.is_none() && !self.words.is_empty() && !self.words.iter().any(|word| has_at(word))
    }

    fn word(&mut self, piece: &str) {
        self.raw.push_str(piece);
        self.joins |= piece == "." || piece == "@";
        self.join(piece);
    }

    fn join(&mut self, piece: &str) {
        match self.words.last_mut() {
            Some(last) if self.joins => last.push_str(piece),
            _ => self.words.push(piece.to_owned()),
        }
        self.joins = true;
    }

    /// Decodes the words read so far into the name.
    fn settle(&mut self, notes: &mut Notes) {
        if !self.raw.is_empty() {
            let raw = std::mem::take(&mut self.raw);
            self.name.push_str(&word::decode_text(raw.as_bytes(), &Hint::default(), notes));
        }
    }

    fn mailboxes(self, notes: &mut Notes, out: &mut Vec<Mailbox>) {
        let name = if self.before.trim().is_empty() { self.name } else { self.before };
        let name =
            Some(name.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty());
        let comment = self.comment.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(address) = self.bracketed {
            if let Some(name) = &name
                && !self.quoted
                && has_at(name)
                && !name.contains(' ')
                && !name.eq_ignore_ascii_case(&address)
            {
                notes.add(Code::AddressTwo, Some(&format!("{name} / {address}")));
            }
            if !has_at(&address) && !address.is_empty() {
                notes.add(Code::AddressNoDomain, Some(&address));
            }
            out.push(Mailbox { name: name.or(comment), address });
            return;
        }
        if self.words.is_empty() {
            return;
        }
        let addresses = self.words.iter().filter(|word| has_at(word)).count();
        match (self.words.len(), addresses) {
            (1, _) | (_, 0) if addresses == 0 => {
                let address =
                    if self.words.len() == 1 && !self.quoted { self.words[0].clone() } else { String::new() };
                notes.add(Code::AddressNoDomain, Some(name.as_deref().unwrap_or("")));
                let name = if address.is_empty() { name } else { comment };
                out.push(Mailbox { name, address });
            }
            (1, _) => {
                out.extend(self.words.into_iter().map(|address| Mailbox { name: comment.clone(), address }))
            }
            (words, addresses) if words == addresses => {
                notes.add(Code::AddressSyntax, Some(&self.words.join(" ")));
                out.extend(self.words.into_iter().map(|address| Mailbox { name: None, address }));
            }
            _ => {
                notes.add(Code::AddressBrackets, Some(&self.words.join(" ")));
                let at = self.words.iter().rposition(|word| has_at(word)).unwrap_or(0);
                let address = self.words[at].clone();
                let name = name.map(|name| name.replacen(&address, "", 1).trim().to_owned());
                out.push(Mailbox { name: name.filter(|name| !name.is_empty()).or(comment), address });
            }
        }
    }
}

/// Whether an at sign stands inside, outside quotes.
fn has_at(word: &str) -> bool {
    let outside = match (word.starts_with('"'), word.rfind('"')) {
        (true, Some(close)) => &word[close..],
        _ => word,
    };
    outside.contains('@')
}

/// Length up to the closing quote.
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Length of the comment at the start, nested ones and both parentheses included.
fn end_of_comment(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut escaped = false;
    let last = text.bytes().position(|byte| {
        match byte {
            _ if escaped => {}
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
        depth == 0
    })?;
    Some(last + 1)
}

/// Backslashes that escape something and line breaks of folding removed.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '\r' | '\n' => {}
            c => out.push(c),
        }
    }
    out
}

/// Length of an encoded word at the start, whose text may hold commas and brackets that it should not.
fn encoded_word(rest: &str) -> Option<usize> {
    /// Longest encoded word looked for; RFC 2047 allows 75.
    const LONGEST: usize = 1_000;
    let body = rest.strip_prefix("=?")?;
    let window = &body.as_bytes()[..body.len().min(LONGEST)];
    let charset = window.iter().position(|byte| *byte == b'?')?;
    if !matches!(window.get(charset + 1), Some(b'B' | b'b' | b'Q' | b'q'))
        || window.get(charset + 2) != Some(&b'?')
    {
        return None;
    }
    let text = charset + 3;
    let end = memchr::memmem::find(&window[text..], b"?=")?;
    let inside = &window[text..text + end];
    (!inside.iter().any(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))).then_some(2 + text + end + 2)
}

/// The beginning of `text`, for a finding.
fn rest_of_line(text: &str) -> &str {
    let start = &text[..floor_char_boundary(text, 60)];
    &start[..start.find(['\r', '\n']).unwrap_or(start.len())]
}
