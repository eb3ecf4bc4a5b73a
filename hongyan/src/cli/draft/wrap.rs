//! Lines that fit a reader's window: broken at blanks and between characters of scripts that have none, never
//! inside a word.

/// The widest line of a draft, in columns (RFC 5322 §2.1.1 asks for 78).
pub(crate) const COLUMNS: usize = 76;

/// What may not stand at the start of a line in Chinese and Japanese.
const CLOSING: &str =
    "，。、；：？！）】》」』”’…—～·,.;:?!)]}%℃〉〕〗ーァィゥェォッャュョぁぃぅぇぉっゃゅょ々";

/// What may not stand at the end of a line.
const OPENING: &str = "（【《「『“‘〈〔〖([{";

/// The pieces of `line` that are at most `columns` wide. A word that is wider is a piece of its own.
pub(crate) fn wrapped(line: &str, columns: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut column) = (0, 0);
    // Where the line may be broken, and the column there.
    let mut place: Option<(usize, usize)> = None;
    let mut before: Option<char> = None;
    for (at, c) in line.char_indices() {
        if at > start && before.is_some_and(|before| may_break(before, c)) {
            place = Some((at, column));
        }
        let wide = width(c);
        if column + wide > columns
            && c != ' '
            && let Some((end, there)) = place.take()
        {
            pieces.push(line[start..end].trim_end_matches(' '));
            start = end;
            column -= there;
        }
        column += wide;
        before = Some(c);
    }
    pieces.push(line[start..].trim_end_matches(' '));
    pieces
}

/// How many columns a terminal gives to the text.
pub(crate) fn columns_of(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn may_break(before: char, after: char) -> bool {
    if after == ' ' {
        return false;
    }
    if before == ' ' {
        return true;
    }
    (is_wide(before) || is_wide(after)) && !CLOSING.contains(after) && !OPENING.contains(before)
}

/// Whether lines may be broken beside the character: it belongs to a script without blanks.
fn is_wide(c: char) -> bool {
    width(c) == 2
}

fn width(c: char) -> usize {
    match c {
        '\t' => 8,
        ' '..='~' => 1,
        c => console::measure_text_width(c.encode_utf8(&mut [0; 4])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_blanks_and_between_wide_characters() {
        for (line, expected) in [
            ("", &[""][..]),
            ("short", &["short"]),
            ("one two three four", &["one two", "three four"]),
            ("exactly 10", &["exactly 10"]),
            ("https://example.org/long/path next", &["https://example.org/long/path", "next"]),
            ("服务器不认识这个收件人。", &["服务器不认", "识这个收件", "人。"]),
            ("甲乙丙丁戊，己", &["甲乙丙丁", "戊，己"]),
            ("甲乙丙丁（戊己）", &["甲乙丙丁", "（戊己）"]),
            ("用 smtps 发送 邮件", &["用 smtps", "发送 邮件"]),
            ("trailing blanks        ", &["trailing", "blanks"]),
        ] {
            assert_eq!(wrapped(line, 10), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_blanks_is_lost_and_only_words_are_wider(line in "[a-z图 ，（e\u{301}]{0,60}", columns in 4usize..30) {
            let pieces = wrapped(&line, columns);
            let whole: String = line.chars().filter(|c| *c != ' ').collect();
            prop_assert_eq!(pieces.concat().replace(' ', ""), whole);
            for piece in pieces {
                let breaks = piece.char_indices().zip(piece.chars().skip(1)).filter(|((_, a), b)| may_break(*a, *b)).count();
                prop_assert!(columns_of(piece) <= columns || breaks == 0, "{:?}", piece);
            }
        }
    }
}
