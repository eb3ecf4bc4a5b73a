//! Header lines: folded at 78 where there is white space, never above 998 (RFC 5322 §2.1.1, §2.2.3).
//!
//! Folds go before white space that is there anyway, so unfolding gives back exactly what was written.
//! Text that a header cannot carry as it is becomes encoded words, and no more of it than needs to.

use super::check::is_atext;
use super::words::{self, Context};

/// Lines are folded so as not to be longer.
pub(super) const LINE: usize = 78;

/// A word longer than this is written as encoded words, which can be folded.
const MAX_WORD: usize = 900;

/// White space within a line.
const WHITE: [char; 2] = [' ', '\t'];

/// One header block being written.
pub(super) struct Header<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) column: usize,
    /// UTF-8 may stand in it as it is (RFC 6532).
    pub(super) utf8: bool,
}

impl<'a> Header<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, utf8: bool) -> Self {
        Header { out, column: 0, utf8 }
    }

    /// Starts a field: `Name:`.
    pub(super) fn name(&mut self, name: &str) {
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b':');
        self.column = name.len() + 1;
    }

    /// Ends a field.
    pub(super) fn end(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    /// Text that continues the line, whatever its length.
    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.column += text.len();
    }

    /// A space, with a fold before it where `len` more bytes would not fit.
    pub(super) fn gap(&mut self, len: usize) {
        if self.column + 1 + len > LINE {
            self.fold();
        }
        self.raw(" ");
    }

    /// A line break; white space must follow.
    pub(super) fn fold(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    /// A whole field of plain ASCII that is known to be short.
    pub(super) fn short(&mut self, name: &str, value: &str) {
        self.name(name);
        self.raw(" ");
        self.raw(value);
        self.end();
    }

    /// A whole field of free text (RFC 5322 §3.2.5).
    pub(super) fn unstructured(&mut self, name: &str, text: &str) {
        self.name(name);
        self.text(text);
        self.end();
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let plain = text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\t') && b != b'=');
        if plain && self.column + 1 + text.len() <= LINE && text.trim_matches(WHITE).len() == text.len() {
            self.raw(" ");
            return self.raw(text);
        }
        let Some((start, end)) = self.span_to_encode(text) else {
            return self.plain(text, true);
        };
        self.plain(&text[..start], true);
        // The white space before the span stays outside of it; between encoded words it would be dropped.
        let white = if start == 0 { " " } else { "" };
        words::write(self, white, &text[start..end], Context::Text);
        self.plain(&text[end..], false);
    }

    /// Words with single spaces between them. The first word stays on the field's line.
    fn plain(&mut self, text: &str, at_start: bool) {
        for (i, word) in text.split(' ').enumerate() {
            match (i, word.len()) {
                (0, _) if !at_start => {}
                (0, 0) => {}
                (0, len) => {
                    if self.column + 1 + len > super::lines::MAX_LINE as usize {
                        self.fold();
                    }
                    self.raw(" ");
                    self.raw(word);
                }
                // At the end of the text before encoded words, which want room for one of them.
                (_, 0) => self.gap(words::SHORTEST),
                (_, len) => {
                    self.gap(len);
                    self.raw(word);
                }
            }
        }
    }

    /// From the first to the last word that cannot stand as it is. White space that is at an end of the text
    /// or is not just a space may get lost where lines are folded, so it is encoded with the words beside it.
    fn span_to_encode(&self, text: &str) -> Option<(usize, usize)> {
        let (mut start, mut end) = (text.len(), 0);
        let mut at = 0;
        let mut odd_gap = text.starts_with(WHITE);
        for word in text.split_inclusive(WHITE) {
            let (from, to) = (at, at + word.len());
            at = to;
            let word = word.trim_end_matches(WHITE);
            if word.is_empty() || odd_gap || self.must_encode(word) {
                if start > from {
                    start = if odd_gap || word.is_empty() { word_start(text, from) } else { from };
                }
                end = end.max(from + word.len());
            }
            odd_gap = word.is_empty() || text[from..to].ends_with('\t');
        }
        if text.ends_with(WHITE) {
            start = start.min(word_start(text, text.len()));
            end = text.len();
        }
        (start < end).then_some((start, end))
    }

    fn must_encode(&self, word: &str) -> bool {
        word.len() > MAX_WORD
            || word.contains("=?")
            || !word.bytes().all(|b| b.is_ascii_graphic() || (self.utf8 && b >= 0x80))
    }

    /// A phrase: a display name or a keyword (RFC 5322 §3.2.5), after a gap.
    pub(super) fn phrase(&mut self, text: &str) {
        const MAX_QUOTED: usize = 70;
        let atoms = text.split(' ').all(|word| !word.is_empty() && word.bytes().all(is_atext));
        if atoms && text.len() <= MAX_WORD && !text.contains("=?") {
            for word in text.split(' ') {
                self.gap(word.len() + 1); // and a comma or colon, perhaps
                self.raw(word);
            }
            return;
        }
        let quotable = |b: u8| matches!(b, b' '..=b'~') || (self.utf8 && b >= 0x80);
        let quoted_len = text.len() + 2 + text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
        if text.bytes().all(quotable) && quoted_len <= MAX_QUOTED && !text.contains("=?") {
            self.gap(quoted_len + 1);
            self.quoted(text);
        } else {
            words::write(self, " ", text, Context::Phrase);
        }
    }

    /// A quoted string (RFC 5322 §3.2.4).
    pub(super) fn quoted(&mut self, text: &str) {
        self.raw("\"");
        for piece in text.split_inclusive(['"', '\\']) {
            let (plain, special) = match piece.as_bytes().last() {
                Some(b'"' | b'\\') => piece.split_at(piece.len() - 1),
                _ => (piece, ""),
            };
            self.raw(plain);
            if !special.is_empty() {
                self.raw("\\");
                self.raw(special);
            }
        }
        self.raw("\"");
    }
}

/// The start of the last word before `at`.
fn word_start(text: &str, at: usize) -> usize {
    text[..at].trim_end_matches(WHITE).rfind(WHITE).map_or(0, |white| white + 1)
}
