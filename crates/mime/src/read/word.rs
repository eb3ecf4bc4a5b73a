//! Encoded words in headers (RFC 2047), as senders really write them.
//!
//! Words that follow one another are joined before their charset is decoded, so that a character split over
//! two of them survives; so is base64 that was split within a group. Words that touch other text, stand in
//! quotes or hold spaces are decoded too. Each of these is noted.

use std::borrow::Cow;

use memchr::{memchr_iter, memchr2, memmem};

use crate::read::charset::{self, Hint};
use crate::read::finding::{Code, Notes};

/// One encoded word, as it stands.
#[derive(Clone, Copy, Debug)]
struct Word<'v> {
    /// The charset without the language of RFC 2231 §5.
    charset: &'v [u8],
    base64: bool,
    text: &'v [u8],
    /// Index behind the word.
    end: usize,
}

/// Unstructured text (RFC 5322 §3.2.5): unfolded, encoded words decoded, raw bytes read by `hint`.
pub(crate) fn decode_text<'v>(value: &'v [u8], hint: &Hint<'_>, notes: &mut Notes) -> Cow<'v, str> {
    let first = word_mark(value);
    if first.is_none() && is_printable(value) {
        return String::from_utf8_lossy(value);
    }
    let Some(first) = first else { return unfold(value, hint, notes) };
    let mut out = String::with_capacity(value.len());
    let mut run: Vec<Word<'v>> = Vec::new();
    let mut at = 0;
    let mut search = first;
    loop {
        let found = word_mark(&value[search..]).map(|offset| search + offset);
        let Some(start) = found else { break };
        let Some(word) = word_at(value, start, notes) else {
            search = start + 2;
            continue;
        };
        let between = &value[at..start];
        if run.is_empty() || !between.iter().all(u8::is_ascii_whitespace) {
            flush(&mut run, &mut out, notes);
            out.push_str(&unfold(between, hint, notes));
            if between.last().is_some_and(|byte| !byte.is_ascii_whitespace() && !b"(\"".contains(byte)) {
                notes.add(Code::WordNotSeparate, None);
            }
        } else if between.is_empty() {
            notes.add(Code::WordNotSeparate, None);
        }
        run.push(word);
        at = word.end;
        search = word.end;
    }
    flush(&mut run, &mut out, notes);
    let rest = &value[at..];
    if at > 0 && rest.first().is_some_and(|byte| !byte.is_ascii_whitespace() && !b")\",.;:".contains(byte)) {
        notes.add(Code::WordNotSeparate, None);
    }
    out.push_str(&unfold(rest, hint, notes));
    Cow::Owned(out)
}

/// Whether a value is ASCII without control characters: the same text whatever the charset.
fn is_printable(value: &[u8]) -> bool {
    // Without an early end, so that many bytes are looked at together.
    !value.iter().fold(false, |odd, byte| odd | !(b' '..0x7f).contains(byte))
}

/// Where `=?` stands first.
pub(crate) fn word_mark(value: &[u8]) -> Option<usize> {
    memchr_iter(b'=', value).find(|at| value.get(at + 1) == Some(&b'?'))
}

/// `=?charset?B|Q?text?=` at `start`. Text with spaces or stray question marks is accepted, as long as the
/// word has an end on its (folded) line or the value ends.
fn word_at<'v>(value: &'v [u8], start: usize, notes: &mut Notes) -> Option<Word<'v>> {
    let body = &value[start + 2..];
    let charset_end = body.iter().position(|byte| *byte == b'?' || byte.is_ascii_whitespace())?;
    if charset_end == 0 || body[charset_end] != b'?' {
        return None;
    }
    let base64 = match body.get(charset_end + 1)? {
        b'B' | b'b' => true,
        b'Q' | b'q' => false,
        _ => return None,
    };
    if body.get(charset_end + 2) != Some(&b'?') {
        return None;
    }
    let text = &body[charset_end + 3..];
    let offset = start + 2 + charset_end + 3;
    // `=?utf-8?Q?=41?=`: an escape right behind the second `?` must not end the word.
    let (length, end) = match end_of_word(text) {
        Some(length) => (length, offset + length + 2),
        None => {
            let length = memmem::find(text, b"=?").unwrap_or(text.len());
            let trimmed = text[..length].trim_ascii_end();
            let trimmed = trimmed.strip_suffix(b"?").unwrap_or(trimmed);
            notes.add(Code::BrokenWord, Some(&String::from_utf8_lossy(&value[start..offset + length])));
            (trimmed.len(), offset + length)
        }
    };
    let text = &text[..length];
    if text.iter().any(u8::is_ascii_whitespace) {
        notes.add(Code::WordWithSpace, None);
    }
    let charset = &body[..charset_end];
    let charset = charset.iter().position(|byte| *byte == b'*').map_or(charset, |star| &charset[..star]);
    Some(Word { charset, base64, text, end })
}

/// Length of the encoded text before its `?=`; `None` where the next word begins first, or the value ends.
fn end_of_word(text: &[u8]) -> Option<usize> {
    memchr_iter(b'?', text).find_map(|at| {
        if text.get(at + 1) == Some(&b'=') {
            return Some(Some(at));
        }
        let next_word = at > 0 && text[at - 1] == b'=' && word_start(&text[at - 1..]);
        next_word.then_some(None)
    })?
}

/// Whether `=?charset?B?` or `=?charset?Q?` begins here.
fn word_start(text: &[u8]) -> bool {
    let rest = &text[2..];
    let Some(mark) = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_.:*+".contains(byte)))
    else {
        return false;
    };
    mark > 0
        && rest[mark] == b'?'
        && matches!(rest.get(mark + 1), Some(b'B' | b'b' | b'Q' | b'q'))
        && rest.get(mark + 2) == Some(&b'?')
}

/// Decodes a run of adjacent words: those of one charset are joined as bytes first.
fn flush(run: &mut Vec<Word<'_>>, out: &mut String, notes: &mut Notes) {
    if let [word] = run.as_slice() {
        decode_one(word, out, notes);
        run.clear();
        return;
    }
    let mut rest = run.as_slice();
    while let Some(first) = rest.first() {
        let alike = rest.iter().take_while(|word| word.charset.eq_ignore_ascii_case(first.charset)).count();
        decode_alike(&rest[..alike], out, notes);
        rest = &rest[alike..];
    }
    run.clear();
}

/// A word by itself.
fn decode_one(word: &Word<'_>, out: &mut String, notes: &mut Notes) {
    let mut bytes = Vec::with_capacity(word.text.len());
    if word.base64 {
        let mut symbols = Cow::Borrowed(word.text);
        if symbols.iter().any(u8::is_ascii_whitespace) {
            symbols.to_mut().retain(|byte| !byte.is_ascii_whitespace());
        }
        decode_base64(&symbols, &mut bytes, notes);
    } else {
        decode_q(word.text, &mut bytes, notes);
    }
    put(&charset::decode_labelled(&bytes, &String::from_utf8_lossy(word.charset), notes), out);
}

/// Adds decoded text; what a header cannot hold becomes a blank.
fn put(text: &str, out: &mut String) {
    if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        out.extend(text.chars().map(|c| if matches!(c, '\r' | '\n' | '\0') { ' ' } else { c }));
    } else {
        out.push_str(text);
    }
}

fn decode_alike(words: &[Word<'_>], out: &mut String, notes: &mut Notes) {
    let label = String::from_utf8_lossy(words[0].charset);
    let mut bytes = Vec::new();
    let mut borders = Vec::new();
    let mut pending: Vec<u8> = Vec::new();
    for word in words {
        if !word.base64 {
            flush_base64(&mut pending, &mut bytes, notes);
            decode_q(word.text, &mut bytes, notes);
            borders.push(bytes.len());
            continue;
        }
        if !pending.is_empty() {
            notes.add(Code::SplitBase64, None);
        }
        pending.extend(word.text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()));
        // A word that ends within a group of four and without padding goes on in the next one.
        if pending.len().is_multiple_of(4) || pending.ends_with(b"=") {
            flush_base64(&mut pending, &mut bytes, notes);
        }
        borders.push(bytes.len());
    }
    flush_base64(&mut pending, &mut bytes, notes);
    let text = decode_joined(&bytes, &borders, &label, notes);
    put(&text, out);
}

/// Decodes each word's bytes by itself, as the standard has it; all together where that fails.
fn decode_joined<'b>(bytes: &'b [u8], borders: &[usize], label: &str, notes: &mut Notes) -> Cow<'b, str> {
    let mut joined = Notes::default();
    if borders.len() > 1 && !charset::is_plain(bytes) {
        let mut alone = String::new();
        let mut start = 0;
        for border in borders {
            alone.push_str(&charset::decode_labelled(&bytes[start..*border], label, &mut joined));
            start = *border;
        }
        if !joined.has(Code::Undecodable) && !joined.has(Code::CharsetLies) {
            joined.file_into(notes);
            return Cow::Owned(alone);
        }
        joined = Notes::default();
    }
    let text = charset::decode_labelled(bytes, label, &mut joined);
    if borders.len() > 1 && !charset::is_plain(bytes) && !joined.has(Code::Undecodable) {
        notes.add(Code::SplitCharacter, None);
    }
    joined.file_into(notes);
    text
}

fn flush_base64(pending: &mut Vec<u8>, bytes: &mut Vec<u8>, notes: &mut Notes) {
    decode_base64(pending, bytes, notes);
    pending.clear();
}

fn decode_base64(symbols: &[u8], bytes: &mut Vec<u8>, notes: &mut Notes) {
    if symbols.is_empty() {
        return;
    }
    if encodify::base64::LENIENT.decode_append(symbols, bytes).is_err() {
        notes.add(Code::BrokenWord, Some(&String::from_utf8_lossy(symbols)));
        let kept: Vec<u8> = symbols
            .iter()
            .copied()
            .filter(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
            .collect();
        // Only symbols and padding are left, which the lenient decoder takes in any order.
        let _ = encodify::base64::LENIENT.decode_append(&kept, bytes);
    }
}

/// The Q encoding (RFC 2047 §4.2); a malformed escape is kept as it is.
fn decode_q(text: &[u8], out: &mut Vec<u8>, notes: &mut Notes) {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'_' => out.push(b' '),
            b'=' => {
                let pair = text.get(at + 1).zip(text.get(at + 2)).and_then(|(high, low)| {
                    Some((char::from(*high).to_digit(16)? << 4 | char::from(*low).to_digit(16)?) as u8)
                });
                match pair {
                    Some(byte) => {
                        out.push(byte);
                        at += 2;
                    }
                    None => {
                        notes.add(Code::BrokenWord, Some(&String::from_utf8_lossy(text)));
                        out.push(b'=');
                    }
                }
            }
            b'\r' | b'\n' => {}
            byte => out.push(byte),
        }
        at += 1;
    }
}

/// Text without its folds (RFC 5322 §2.2.3): line breaks go, the white space after them stays.
fn unfold<'v>(value: &'v [u8], hint: &Hint<'_>, notes: &mut Notes) -> Cow<'v, str> {
    let text = charset::decode_raw_header(value, hint, notes);
    if memchr2(b'\r', b'\n', text.as_bytes()).is_none() {
        return text;
    }
    Cow::Owned(text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect())
}
