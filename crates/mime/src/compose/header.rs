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

/// White space as long as this is encoded, since a line could not be folded within it.
const LONG_GAP: &str = "                                        ";

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

    /// A space, or a fold where `len` more bytes would not fit.
    pub(super) fn gap(&mut self, len: usize) {
        self.white(" ", len);
    }

    /// White space that is part of the text, with a fold before it where `len` more bytes would not fit.
    fn white(&mut self, white: &str, len: usize) {
        if self.column + white.len() + len > LINE {
            self.fold();
        }
        self.raw(white);
    }

    pub(super) fn fold(&mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.column = 0;
    }

    /// A piece that is not cut, after a gap.
    pub(super) fn piece(&mut self, text: &str) {
        self.gap(text.len());
        self.raw(text);
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
        let Some((start, end)) = self.span_to_encode(text) else {
            return self.plain(text, true);
        };
        self.plain(&text[..start], true);
        // The white space before the span stays outside of it; between encoded words it would be dropped.
        let white = if start == 0 { " " } else { "" };
        words::write(self, white, &text[start..end], Context::Text);
        self.plain(&text[end..], false);
    }

    /// Words and the white space between them. The first word stays on the field's line.
    fn plain(&mut self, text: &str, at_start: bool) {
        let mut first = at_start;
        let mut rest = text;
        while !rest.is_empty() {
            let white = rest.len() - rest.trim_start_matches(WHITE).len();
            let word = rest[white..].find(WHITE).map_or(rest.len(), |len| white + len);
            if word == white {
                // White space before encoded words, which want room for one of them.
                self.white(&rest[..white], words::SHORTEST);
            } else if first {
                if self.column + 1 + word > super::lines::MAX_LINE as usize {
                    self.fold();
                }
                self.raw(" ");
                self.raw(&rest[..word]);
            } else {
                self.white(&rest[..white], word - white);
                self.raw(&rest[white..word]);
            }
            first = false;
            rest = &rest[word..];
        }
    }

    /// From the first to the last word that cannot stand as it is. White space at an end of the text would
    /// be lost, so it is encoded together with the word beside it.
    fn span_to_encode(&self, text: &str) -> Option<(usize, usize)> {
        let lead = text.len() - text.trim_start_matches(WHITE).len();
        let trail = text.trim_end_matches(WHITE).len();
        let simple = text.len() <= MAX_WORD && text.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'=');
        if simple && lead == 0 && trail == text.len() && !text.contains(LONG_GAP) {
            return None;
        }
        let (mut start, mut end) = (text.len(), 0);
        if lead > 0 {
            start = 0;
        }
        if trail < text.len() {
            end = text.len();
        }
        let mut at = 0;
        for word in text.split(WHITE) {
            let (from, to) = (at, at + word.len());
            at = to + 1;
            let at_white_end = (lead > 0 && from == lead) || (trail < text.len() && to == trail);
            if !word.is_empty() && (at_white_end || self.must_encode(word)) {
                (start, end) = (start.min(from), end.max(to));
            }
        }
        if text.split(|c| !WHITE.contains(&c)).any(|gap| gap.len() >= LONG_GAP.len()) {
            return Some((0, text.len()));
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
                self.piece(word);
            }
            return;
        }
        let quotable = |b: u8| matches!(b, b' '..=b'~') || (self.utf8 && b >= 0x80);
        let quoted_len = text.len() + 2 + text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count();
        if text.bytes().all(quotable) && quoted_len <= MAX_QUOTED && !text.contains("=?") {
            self.gap(quoted_len);
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
