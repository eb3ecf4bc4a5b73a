//! Base64 as it arrives (RFC 2045 §6.8): sound input at full speed, broken input piece by piece.
//!
//! Whole runs of symbols and line breaks are decoded by the vectorised decoder; only a run with something
//! else in it is looked at byte by byte. What is passed over is counted, where padding is missing or data
//! goes on behind it is said, and a body that is no base64 at all is left as it is.

use std::borrow::Cow;

use encodify::base64::{Decoder, LENIENT};
use memchr::{memchr, memrchr};

use crate::read::finding::{Code, Notes};

/// The whole decoded body; borrowed where it is no base64 and therefore left as it is.
pub(super) fn decode_whole<'b>(body: &'b [u8], notes: &mut Notes) -> Cow<'b, [u8]> {
    if !looks_like_base64(body) {
        notes.add(Code::Base64NotBase64, None);
        return Cow::Borrowed(body);
    }
    let mut out = Vec::with_capacity(body.len() / 4 * 3 + 8);
    let mut state = State::new();
    state
        .run(body, body.len().max(1), &mut out, &mut |_| Ok::<(), std::convert::Infallible>(()))
        .unwrap_or_else(|never| match never {});
    state.finish(&mut out, notes);
    Cow::Owned(out)
}

/// Decodes into `sink` piece by piece.
pub(super) fn decode<E>(
    body: &[u8],
    notes: &mut Notes,
    sink: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    if !looks_like_base64(body) {
        notes.add(Code::Base64NotBase64, None);
        return body.chunks(super::PIECE).try_for_each(sink);
    }
    let mut out = Vec::new();
    let mut state = State::new();
    state.run(body, super::PIECE, &mut out, &mut |out: &mut Vec<u8>| {
        sink(out)?;
        out.clear();
        Ok(())
    })?;
    state.finish(&mut out, notes);
    if out.is_empty() { Ok(()) } else { sink(&out) }
}

/// Where to cut a piece of about `size` off `rest`: behind a line, so that groups stay whole.
fn cut(rest: &[u8], size: usize) -> usize {
    if rest.len() <= size {
        return rest.len();
    }
    memrchr(b'\n', &rest[..size]).map_or(size, |last| last + 1)
}

fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

/// Whether the first line with anything on it could be base64: text has spaces or punctuation there.
fn looks_like_base64(body: &[u8]) -> bool {
    let Some(start) = body.iter().position(|byte| !is_white(*byte)) else { return true };
    let rest = &body[start..];
    let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
    let line = rest[..end].trim_ascii_end();
    if is_words(line) {
        return false;
    }
    line.iter().all(|byte| is_symbol(*byte) || matches!(byte, b'=' | b'-' | b'_')) || {
        let odd = line.iter().filter(|byte| !is_symbol(**byte) && **byte != b'=').count();
        odd * 8 < line.len()
    }
}

/// Whether a line is words with spaces between them, which lines of base64 never are.
fn is_words(line: &[u8]) -> bool {
    const LONGEST: usize = 20;
    let mut words = line.split(|byte| *byte == b' ');
    line.iter().filter(|byte| **byte == b' ').count() >= 2
        && words.all(|word| (1..=LONGEST).contains(&word.len()))
}

struct State {
    decoder: Decoder,
    /// Symbols since the last complete group.
    pending: usize,
    /// Padding signs seen since the last symbol.
    pads: usize,
    bad: usize,
    url: usize,
    /// What follows the first padding, once all the rest is known to be base64 too.
    after_padding: Option<String>,
    dangling: bool,
    unpadded: bool,
    trailing: usize,
}

impl State {
    fn new() -> Self {
        Self {
            decoder: LENIENT.decoder(),
            pending: 0,
            pads: 0,
            bad: 0,
            url: 0,
            after_padding: None,
            dangling: false,
            unpadded: false,
            trailing: 0,
        }
    }

    /// Decodes `body` by pieces of `piece` bytes; after each, `drain` may empty `out`.
    fn run<E>(
        &mut self,
        body: &[u8],
        piece: usize,
        out: &mut Vec<u8>,
        drain: &mut dyn FnMut(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = body;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(cut(rest, piece));
            let taken = self.piece(head, tail, out);
            if taken < head.len() {
                self.trailing = rest.len() - taken;
                return drain(out);
            }
            drain(out)?;
            rest = tail;
        }
        Ok(())
    }

    /// Decodes one piece; returns less than its length where other text begins that is no base64.
    fn piece(&mut self, piece: &[u8], beyond: &[u8], out: &mut Vec<u8>) -> usize {
        let mut at = 0;
        while at < piece.len() {
            let run = memchr(b'=', &piece[at..]).unwrap_or(piece.len() - at);
            if run > 0 {
                let bytes = &piece[at..at + run];
                if !self.fast(bytes, out) {
                    let taken = self.slow(bytes, &piece[at + run..], beyond, out);
                    if taken < run {
                        return at + taken;
                    }
                }
                at += run;
            }
            if at < piece.len() {
                self.pad(out);
                at += 1;
            }
        }
        at
    }

    /// Decodes a run of whole groups and white space; false (and nothing done) where it is not that.
    fn fast(&mut self, run: &[u8], out: &mut Vec<u8>) -> bool {
        if self.pending > 0 || self.pads > 0 {
            return false;
        }
        let before = out.len();
        let Ok(written) = LENIENT.decode_append(run, out) else { return false };
        // The decoder took nothing but symbols and white space.
        let white = run.iter().filter(|byte| **byte <= b' ').count();
        let symbols = run.len() - white;
        if symbols.is_multiple_of(4) && written == symbols / 4 * 3 {
            return true;
        }
        out.truncate(before);
        false
    }

    /// Decodes a run symbol by symbol. Returns less than its length where trailing text begins.
    fn slow(&mut self, run: &[u8], after: &[u8], beyond: &[u8], out: &mut Vec<u8>) -> usize {
        let mut at = 0;
        while at < run.len() {
            let byte = run[at];
            if is_white(byte) {
                at += 1;
                continue;
            }
            if self.pads > 0 {
                // Something follows the padding: more base64, or a footer that a list has added.
                if self.after_padding.is_none() && !is_all_base64(&[&run[at..], after, beyond]) {
                    return at;
                }
                self.resume(&run[at..]);
            }
            let taken = self.decoder.decode_symbols(&run[at..], out);
            self.pending = (self.pending + taken) % 4;
            at += taken;
            if taken > 0 {
                continue;
            }
            match byte {
                b'-' | b'_' => {
                    self.url += 1;
                    self.decoder.decode_symbols(if byte == b'-' { b"+" } else { b"/" }, out);
                    self.pending = (self.pending + 1) % 4;
                }
                _ => self.bad += 1,
            }
            at += 1;
        }
        at
    }

    fn resume(&mut self, rest: &[u8]) {
        if self.after_padding.is_none() {
            let shown = &rest[..rest.len().min(32)];
            self.after_padding = Some(String::from_utf8_lossy(shown).into_owned());
        }
        self.pads = 0;
        self.pending = 0;
    }

    fn pad(&mut self, out: &mut Vec<u8>) {
        self.pads += 1;
        if self.pads == 1 {
            self.dangling |= self.pending == 1;
            self.decoder.pad(out);
        }
    }

    fn finish(self, out: &mut Vec<u8>, notes: &mut Notes) {
        let mut state = self;
        if state.pads == 0 && state.pending > 0 {
            state.dangling |= state.pending == 1;
            state.unpadded = state.pending > 1;
            state.decoder.finish(out);
        } else if state.pads > 0 && state.pending > 1 && state.pads < 4 - state.pending {
            state.unpadded = true;
        }
        if state.bad > 0 {
            notes.add(Code::Base64BadBytes, Some(&state.bad.to_string()));
        }
        if state.url > 0 {
            notes.add(Code::Base64Url, None);
        }
        if state.unpadded {
            notes.add(Code::Base64NotPadded, None);
        }
        if state.dangling {
            notes.add(Code::Base64Dangling, None);
        }
        if let Some(shown) = &state.after_padding {
            notes.add(Code::Base64AfterPadding, Some(shown));
        }
        if state.trailing > 0 {
            notes.add(Code::Base64Trailing, Some(&state.trailing.to_string()));
        }
    }
}

/// Whether all the rest could be base64, lines and padding included.
fn is_all_base64(rest: &[&[u8]]) -> bool {
    rest.iter().all(|bytes| bytes.iter().all(|byte| is_symbol(*byte) || is_white(*byte) || *byte == b'='))
}
