//! Encoded words (RFC 2047): at most 75 characters each, cut between characters, in the shorter of the
//! two encodings. Where it costs little, a cut also keeps together what is seen as one character.

use super::header::{Header, LINE};
use encodify::qp::QuotedPrintable;
use encodify::{base64, qp};

/// The longest encoded word (RFC 2047 §2).
const MAX_WORD: usize = 75;

/// `=?utf-8?B?` and `?=`.
const OVERHEAD: usize = 12;

/// Room for an encoded word of any one character: four bytes, each escaped.
pub(super) const SHORTEST: usize = OVERHEAD + 12;

/// In less room than this, a word is put on the next line instead, unless it is whole.
const USEFUL: usize = 36;

/// Lines of encoded words leave room for what follows at once: `,`, `:` or `";`.
const WORDS_LINE: usize = LINE - 2;

/// Where encoded words stand, which decides what may be in them unescaped (RFC 2047 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    /// Free text.
    Text,
    /// A phrase, or a quoted parameter for readers that expect encoded words there.
    Phrase,
}

/// At least how long `text` gets as encoded words.
pub(super) fn least_len(text: &str) -> usize {
    OVERHEAD + text.len()
}

/// Writes `text` as encoded words, the first after `white` (or a fold and `white`).
pub(super) fn write(header: &mut Header<'_>, white: &str, text: &str, context: Context) {
    let q = match context {
        Context::Text => qp::Q_TEXT,
        Context::Phrase => qp::Q_PHRASE,
    };
    let q_len: usize = text.bytes().map(|b| q.encoded_byte_len(b)).sum();
    let q = (q_len <= base64::STANDARD.encoded_len(text.len())).then_some(q);
    let (mut rest, mut white) = (text, white);
    while !rest.is_empty() {
        // One word a line: in a quoted parameter, some readers take the space between two for a real one.
        let room = WORDS_LINE.saturating_sub(header.column + white.len());
        if rest.len() < text.len() || (room < USEFUL.min(least_len(rest)) && !white.is_empty()) {
            header.fold();
        }
        header.raw(white);
        let budget = MAX_WORD.min(WORDS_LINE.saturating_sub(header.column)).max(SHORTEST) - OVERHEAD;
        let (now, later) = rest.split_at(cut(rest, q, budget));
        let start = header.out.len();
        match q {
            Some(q) => {
                header.out.extend_from_slice(b"=?utf-8?Q?");
                q.encode_append(now, header.out);
            }
            None => {
                header.out.extend_from_slice(b"=?utf-8?B?");
                base64::STANDARD.encode_append(now, header.out);
            }
        }
        header.out.extend_from_slice(b"?=");
        header.column += header.out.len() - start;
        (rest, white) = (later, " ");
    }
}

/// How much of `text` fits in `budget` characters of payload: at least one character.
fn cut(text: &str, q: Option<QuotedPrintable>, budget: usize) -> usize {
    let mut end = match q {
        None => (budget / 4 * 3).min(text.len()),
        Some(q) => {
            let mut used = 0;
            text.bytes()
                .position(|b| {
                    used += q.encoded_byte_len(b);
                    used > budget
                })
                .unwrap_or(text.len())
        }
    };
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    whole_clusters(text, end)
}

/// `end`, or a place up to eight characters before it that does not part a character from its marks.
fn whole_clusters(text: &str, end: usize) -> usize {
    const ZERO_WIDTH_JOINER: char = '\u{200d}';
    let mut at = end;
    for before in text[..end].chars().rev().take(8) {
        let joined = text[at..].chars().next().is_some_and(joins_previous) || before == ZERO_WIDTH_JOINER;
        if !joined {
            return at;
        }
        at -= before.len_utf8();
    }
    end
}

/// Marks and selectors that are shown on the character before them.
fn joins_previous(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{200d}'
            | '\u{3099}'..='\u{309a}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}
