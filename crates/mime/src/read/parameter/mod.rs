//! Values with parameters: Content-Type, Content-Disposition and their kin (RFC 2045 §5.1, RFC 2231).
//!
//! Values are read as real mail writes them: unquoted file names with spaces, quotes without an end, names
//! folded after the `=`, comments, encoded words, pieces in any order, and raw bytes of any charset.

pub(crate) mod plain;

use std::borrow::Cow;

use memchr::memchr;

use crate::read::charset::{self, Hint};
use crate::read::finding::{Code, Notes};
use crate::read::limits::MAX_PARAMETERS;
use crate::read::word;

/// One `name=value` as it stands in a field.
#[derive(Clone, Debug)]
pub(crate) struct Parameter<'v> {
    /// The name as written, pieces and `*` of RFC 2231 included.
    pub(crate) name: &'v [u8],
    /// The value without quotes, escapes and folding.
    pub(crate) value: Cow<'v, [u8]>,
}

/// A field's value and its parameters as they are written: quotes, escapes and folding are undone, encodings are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawParameters {
    /// All before the first `;`.
    pub main: Vec<u8>,
    /// Names (pieces and `*` of RFC 2231 included) and values, in order.
    pub parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A value and its parameters, not yet decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameterized<'v> {
    /// All before the first `;`, trimmed and without comments.
    pub(crate) main: Cow<'v, [u8]>,
    pub(crate) parameters: Vec<Parameter<'v>>,
}

impl<'v> Parameterized<'v> {
    /// Reads a field's value; what was odd about it goes to `notes`.
    pub(crate) fn parse(value: &'v [u8], notes: &mut Notes) -> Self {
        let mut cursor = Cursor { value, at: 0 };
        let main = cursor.main();
        let mut parameters = Vec::new();
        while let Some(parameter) = cursor.parameter(notes) {
            if parameters.len() == MAX_PARAMETERS {
                notes.add(Code::TooManyParameters, Some(&MAX_PARAMETERS.to_string()));
                break;
            }
            parameters.push(parameter);
        }
        Self { main, parameters }
    }

    /// The plain parameter `name`, first or last of several; RFC 2231 pieces if there is no plain one.
    pub(crate) fn bytes(&self, name: &str, last: bool, notes: &mut Notes) -> Option<Cow<'_, [u8]>> {
        let mut plain = self.parameters.iter().filter(|p| p.name.eq_ignore_ascii_case(name.as_bytes()));
        let first = plain.next();
        if let (Some(first), Some(other)) = (first, plain.next_back()) {
            if first.value != other.value {
                let (a, b) = (String::from_utf8_lossy(&first.value), String::from_utf8_lossy(&other.value));
                notes.add(Code::DuplicateParameter, Some(&format!("{name}={a} / {name}={b}")));
            }
            if last {
                return Some(Cow::Borrowed(&other.value));
            }
        }
        if let Some(first) = first {
            return Some(Cow::Borrowed(&first.value));
        }
        self.pieces(name, notes).map(|(bytes, _)| Cow::Owned(bytes))
    }

    /// The parameter `name` as text. RFC 2231 goes before the plain form, which is there for old readers.
    pub(crate) fn text(&self, name: &str, last: bool, hint: &Hint<'_>, notes: &mut Notes) -> Option<String> {
        if let Some((bytes, label)) = self.pieces(name, notes) {
            let text = extended_text(&bytes, label.as_deref(), hint, notes);
            // The plain form may be an approximation, but not of another kind of file.
            if let Some(plain) = self.plain(name, hint)
                && extension(&plain) != extension(&text)
            {
                notes.add(Code::TwoFileNames, Some(&format!("{text} / {plain}")));
            }
            return Some(text);
        }
        let value = self.bytes(name, last, notes)?;
        Some(plain_text(&value, hint, notes))
    }

    /// The plain form alone, as text.
    fn plain(&self, name: &str, hint: &Hint<'_>) -> Option<String> {
        let parameter = self.parameters.iter().find(|p| p.name.eq_ignore_ascii_case(name.as_bytes()))?;
        Some(plain_text(&parameter.value, hint, &mut Notes::default()))
    }

    /// The pieces `name*`, `name*0`, `name*1*` … joined in order, percent signs decoded, with the charset.
    fn pieces(&self, name: &str, notes: &mut Notes) -> Option<(Vec<u8>, Option<String>)> {
        let mut pieces: Vec<(u32, bool, &Parameter<'v>)> = self
            .parameters
            .iter()
            .filter_map(|parameter| {
                let (index, extended) = piece_of(parameter.name, name)?;
                Some((index, extended, parameter))
            })
            .collect();
        if pieces.is_empty() {
            return None;
        }
        pieces.sort_by_key(|piece| piece.0);
        let orderly = pieces.iter().enumerate().all(|(at, piece)| piece.0 as usize == at);
        if !orderly {
            notes.add(Code::BrokenParameter, Some(&String::from_utf8_lossy(pieces[0].2.name)));
        }
        let mut label = None;
        let mut out = Vec::new();
        for (at, (_, extended, parameter)) in pieces.iter().enumerate() {
            let mut value: &[u8] = &parameter.value;
            if !extended {
                out.extend_from_slice(value);
                continue;
            }
            if at == 0 {
                match split_charset(value) {
                    Some((charset, rest)) => {
                        label = (!charset.is_empty()).then(|| String::from_utf8_lossy(charset).into_owned());
                        value = rest;
                    }
                    None => notes.add(Code::BrokenParameter, Some(&String::from_utf8_lossy(parameter.name))),
                }
            }
            if !percent_decode(value, &mut out) {
                notes.add(Code::BrokenParameter, Some(&String::from_utf8_lossy(value)));
            }
        }
        if label.is_some() && pieces.len() > 1 {
            note_split_pieces(&pieces, &out, label.as_deref(), notes);
        }
        Some((out, label))
    }
}

/// Notes where a piece by itself is no whole text although all of them together are.
fn note_split_pieces(
    pieces: &[(u32, bool, &Parameter<'_>)],
    whole: &[u8],
    label: Option<&str>,
    notes: &mut Notes,
) {
    let Some(label) = label else { return };
    if charset::is_plain(whole) || !charset::is_sound(whole, label) {
        return;
    }
    let is_split = |(at, (_, extended, parameter)): (usize, &(u32, bool, &Parameter<'_>))| {
        let value = &parameter.value;
        let value = if at == 0 { split_charset(value).map_or(&value[..], |(_, rest)| rest) } else { value };
        let mut bytes = Vec::new();
        percent_decode(value, &mut bytes);
        *extended && !charset::is_sound(&bytes, label)
    };
    if pieces.iter().enumerate().any(is_split) {
        notes.add(Code::SplitCharacter, None);
    }
}

/// `name*`, `name*3`, `name*3*` of `base`: the piece's index and whether it is percent-encoded.
fn piece_of(name: &[u8], base: &str) -> Option<(u32, bool)> {
    let start = name.get(..base.len())?;
    if !start.eq_ignore_ascii_case(base.as_bytes()) {
        return None;
    }
    let rest = name[base.len()..].strip_prefix(b"*")?;
    let (digits, extended) = match rest.strip_suffix(b"*") {
        Some(digits) => (digits, true),
        None => (rest, rest.is_empty()),
    };
    if digits.is_empty() {
        return extended.then_some((0, true));
    }
    let index = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((index, extended))
}

/// `charset'language'rest`.
fn split_charset(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = memchr(b'\'', value)?;
    let second = first + 1 + memchr(b'\'', &value[first + 1..])?;
    Some((&value[..first], &value[second + 1..]))
}

/// Appends `value` with `%XX` decoded; false where a percent sign is followed by something else (kept).
fn percent_decode(value: &[u8], out: &mut Vec<u8>) -> bool {
    let mut sound = true;
    let mut rest = value;
    while let Some(at) = memchr(b'%', rest) {
        out.extend_from_slice(&rest[..at]);
        let pair = rest.get(at + 1).zip(rest.get(at + 2)).and_then(|(high, low)| {
            Some((char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?) as u8)
        });
        match pair {
            Some(byte) => {
                out.push(byte);
                rest = &rest[at + 3..];
            }
            None => {
                sound = false;
                out.push(b'%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.extend_from_slice(rest);
    sound
}

fn extension(name: &str) -> Option<String> {
    name.trim().rsplit_once('.').map(|(_, extension)| extension.to_lowercase())
}

fn extended_text(bytes: &[u8], label: Option<&str>, hint: &Hint<'_>, notes: &mut Notes) -> String {
    match label {
        Some(label) => charset::decode_labelled(bytes, label, notes).into_owned(),
        None => plain_text(bytes, hint, notes),
    }
}

/// Text of a plain value: encoded words decoded, raw bytes read by `hint`.
fn plain_text(value: &[u8], hint: &Hint<'_>, notes: &mut Notes) -> String {
    if memchr::memmem::find(value, b"=?").is_some() {
        let mut inner = Notes::default();
        let text = word::decode_text(value, hint, &mut inner);
        if text.as_bytes() != value {
            notes.add(Code::WordInParameter, None);
        }
        for note in inner.iter().filter(|note| note.code != Code::WordNotSeparate) {
            notes.add(note.code, note.detail.as_deref());
        }
        return text.into_owned();
    }
    charset::decode_raw_header(value, hint, notes).into_owned()
}

/// Walks a field's value.
struct Cursor<'v> {
    value: &'v [u8],
    at: usize,
}

impl<'v> Cursor<'v> {
    fn main(&mut self) -> Cow<'v, [u8]> {
        self.skip_white();
        let start = self.at;
        // `filename=x` with nothing before it: the parameters are there all the same.
        if is_parameter(&self.value[start..]) {
            return Cow::Borrowed(&[]);
        }
        let mut out: Option<Vec<u8>> = None;
        while let Some(&byte) = self.value.get(self.at) {
            match byte {
                b';' => break,
                b'(' => {
                    out.get_or_insert_with(|| self.value[start..self.at].to_vec());
                    self.skip_comment();
                }
                // `multipart/mixed boundary=x`: the semicolon is missing.
                byte if byte.is_ascii_whitespace() && is_parameter(&self.value[self.at + 1..]) => break,
                _ => {
                    if let Some(out) = &mut out {
                        out.push(byte);
                    }
                    self.at += 1;
                }
            }
        }
        match out {
            Some(out) => Cow::Owned(out.trim_ascii().to_vec()),
            None => Cow::Borrowed(self.value[start..self.at].trim_ascii()),
        }
    }

    fn parameter(&mut self, notes: &mut Notes) -> Option<Parameter<'v>> {
        loop {
            self.skip_separators();
            let start = self.at;
            self.value.get(start)?;
            let length = self.value[start..].iter().position(|byte| matches!(byte, b'=' | b';' | b'"'));
            let end = length.map_or(self.value.len(), |length| start + length);
            let name = self.value[start..end].trim_ascii();
            match self.value.get(end) {
                Some(b'=') if !name.is_empty() => {
                    self.at = end + 1;
                    let value = self.parameter_value(notes);
                    return Some(Parameter { name, value });
                }
                // A word without a value, or a stray quote: nothing to keep it as; passed over.
                Some(b';') => self.at = end,
                Some(_) => {
                    self.at = end + 1;
                    notes.add(Code::BrokenParameter, Some(&String::from_utf8_lossy(&self.value[start..end])));
                }
                None => {
                    self.at = self.value.len();
                    return None;
                }
            }
        }
    }

    fn parameter_value(&mut self, notes: &mut Notes) -> Cow<'v, [u8]> {
        let before = self.at;
        self.skip_white();
        if self.value[before..self.at].iter().any(|byte| matches!(byte, b'\r' | b'\n'))
            && self.at < self.value.len()
        {
            notes.add(Code::FoldedValue, Some(&first_of(&self.value[self.at..])));
        }
        if self.value.get(self.at) == Some(&b'"') { self.quoted(notes) } else { self.token(notes) }
    }

    /// A quoted string: escapes resolved, folding removed, taken to the end where no quote closes it.
    fn quoted(&mut self, notes: &mut Notes) -> Cow<'v, [u8]> {
        self.at += 1;
        let start = self.at;
        let rest = &self.value[start..];
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\r' | b'\n'));
        if let Some(length) = plain
            && rest[length] == b'"'
        {
            self.at = start + length + 1;
            return Cow::Borrowed(&rest[..length]);
        }
        let mut out = Vec::new();
        while let Some(&byte) = self.value.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return Cow::Owned(out),
                b'\\' => match self.value.get(self.at) {
                    Some(&next @ (b'"' | b'\\')) => {
                        out.push(next);
                        self.at += 1;
                    }
                    _ => {
                        notes.add(Code::StrayBackslash, None);
                        out.push(b'\\');
                    }
                },
                b'\r' | b'\n' => {}
                _ => out.push(byte),
            }
        }
        // No quote closes it: what follows a semicolon is likelier another parameter than part of this one.
        notes.add(Code::OpenQuote, None);
        self.at = start;
        let length = memchr(b';', &self.value[start..]).unwrap_or(self.value.len() - start);
        self.at += length;
        let value = self.value[start..self.at].trim_ascii_end();
        Cow::Owned(value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect())
    }

    /// An unquoted value: to the next `;`, without a comment at its end.
    fn token(&mut self, notes: &mut Notes) -> Cow<'v, [u8]> {
        let start = self.at;
        let length = memchr(b';', &self.value[start..]).unwrap_or(self.value.len() - start);
        self.at = start + length;
        let mut value = self.value[start..self.at].trim_ascii();
        if let Some(stripped) = without_comment(value) {
            value = stripped;
        }
        if value.iter().any(|byte| byte.is_ascii_whitespace() || b"()<>@,:\\\"/[]?=".contains(byte)) {
            notes.add(Code::UnquotedValue, Some(&String::from_utf8_lossy(value)));
        }
        if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return Cow::Owned(value.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect());
        }
        Cow::Borrowed(value)
    }

    fn skip_separators(&mut self) {
        loop {
            self.skip_white();
            match self.value.get(self.at) {
                Some(b';') => self.at += 1,
                Some(b'(') => self.skip_comment(),
                _ => return,
            }
        }
    }

    fn skip_white(&mut self) {
        while self.value.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Past a comment, nested ones included; to the end where it is not closed.
    fn skip_comment(&mut self) {
        let mut depth = 0usize;
        while let Some(&byte) = self.value.get(self.at) {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => self.at += 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        self.at = self.at.min(self.value.len());
    }
}

/// Whether `name=` stands at the start.
fn is_parameter(rest: &[u8]) -> bool {
    let name = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-*".contains(byte));
    name.is_some_and(|length| length > 0 && rest[length] == b'=')
}

/// `token (comment)` without the comment; `None` where there is none, or where it may belong to a name.
fn without_comment(value: &[u8]) -> Option<&[u8]> {
    if !value.ends_with(b")") {
        return None;
    }
    let open = memchr(b'(', value)?;
    let before = value[..open].trim_ascii_end();
    let is_token = !before.is_empty() && before.len() < open && !before.iter().any(u8::is_ascii_whitespace);
    // A file name such as `a (1).txt` or `a (1)` has a dot or is not followed by a lone comment.
    (is_token && !before.contains(&b'.') && !value[open + 1..].contains(&b'(')).then_some(before)
}

fn first_of(value: &[u8]) -> String {
    String::from_utf8_lossy(&value[..value.len().min(40)]).into_owned()
}
