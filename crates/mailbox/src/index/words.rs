//! What counts as a word, in mails and in queries alike.
//!
//! Letters and digits that stand together are a word: folded to lower case, without accents, full width as half
//! width. Chinese, Japanese and Korean have no words that could be told apart without a dictionary: of every two
//! neighbours a word of their own is made, and of the last one in a run a word of one character, so that each
//! character begins exactly one word: 电子邮件 is `电子 子邮 邮件 件`. To find a run is to find its pairs one after
//! the other; to find a single character is to find the words that begin with it. Runs go on over the end of a line,
//! because mail breaks its lines anywhere (not in Korean, which has blanks). A pictograph is a word.
//!
//! The words of a text are written one after the other, with blanks between them, and indexed as they are.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// Octets of a word that are looked at: longer ones are found by their beginning.
pub const MAX_WORD: usize = 64;

/// Words that stand one after the other, as they are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Phrase {
    /// Letters, digits and blanks only.
    pub(crate) words: String,
    /// Whether the last word is the beginning of one.
    pub(crate) beginning: bool,
}

impl Phrase {
    /// The words of what a person typed; `None` where it has none.
    pub(crate) fn of(text: &str, beginning: bool) -> Option<Self> {
        let mut words = String::with_capacity(text.len() + 8);
        let mut splitter = Splitter::new(&mut words);
        splitter.text(text);
        let in_run = splitter.end_of_query();
        let beginning = in_run.unwrap_or(beginning);
        (!words.is_empty()).then_some(Self { words, beginning })
    }
}

/// Adds the words of `text` to `out`.
pub(crate) fn add(text: &str, out: &mut String) {
    let mut splitter = Splitter::new(out);
    splitter.text(text);
    splitter.end();
}

struct Splitter<'o> {
    out: &'o mut String,
    /// Where the word begins in `out` that is being written.
    word: Option<usize>,
    run: Run,
}

/// A run of characters without blanks between words.
#[derive(Clone, Copy)]
enum Run {
    None,
    /// The last character, whether it is the first one too, and whether a line ended behind it.
    Of {
        last: char,
        first: bool,
        line_end: bool,
    },
}

impl<'o> Splitter<'o> {
    fn new(out: &'o mut String) -> Self {
        Self { out, word: None, run: Run::None }
    }

    fn text(&mut self, text: &str) {
        for c in normalized(text).chars() {
            self.char(c);
        }
    }

    fn char(&mut self, c: char) {
        match Class::of(c) {
            Class::Letter if c.is_ascii() => {
                self.begin_word();
                self.letter(c.to_ascii_lowercase());
            }
            Class::Letter => self.folded(c),
            Class::Run => self.run(c),
            Class::Mark => {}
            Class::Symbol => {
                self.end();
                self.begin_word();
                self.letter(c);
                self.end();
            }
            Class::LineEnd => self.line_end(c),
            Class::Other => self.end(),
        }
    }

    fn folded(&mut self, c: char) {
        self.begin_word();
        for lower in c.to_lowercase() {
            // A sign that is no letter of its own, as the accent of é, goes; those of Indic scripts are letters.
            decompose_canonical(lower, |piece| {
                if !('\u{300}'..='\u{36f}').contains(&piece) {
                    self.letter(piece);
                }
            });
        }
    }

    fn begin_word(&mut self) {
        if self.word.is_none() {
            self.end();
            self.gap();
            self.word = Some(self.out.len());
        }
    }

    fn letter(&mut self, c: char) {
        if self.word.is_some_and(|start| self.out.len() + c.len_utf8() - start <= MAX_WORD) {
            self.out.push(c);
        }
    }

    fn gap(&mut self) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
    }

    fn run(&mut self, c: char) {
        self.word = None;
        match self.run {
            Run::Of { line_end: true, last, .. } if has_blanks(last) || has_blanks(c) => self.end(),
            _ => {}
        }
        let first = match self.run {
            Run::Of { last, .. } => {
                self.gap();
                self.out.push(last);
                self.out.push(c);
                false
            }
            Run::None => true,
        };
        self.run = Run::Of { last: c, first, line_end: false };
    }

    fn line_end(&mut self, c: char) {
        self.word = None;
        match &mut self.run {
            // CR and LF are one line end.
            Run::Of { line_end, .. } if c == '\r' && !*line_end => {}
            Run::Of { line_end, .. } if c == '\n' && !*line_end => *line_end = true,
            _ => self.end(),
        }
    }

    /// Ends the word or run.
    fn end(&mut self) {
        self.word = None;
        if let Run::Of { last, .. } = std::mem::replace(&mut self.run, Run::None) {
            self.gap();
            self.out.push(last);
        }
    }

    /// Ends a query: in a run, whether its last word is only the beginning of one.
    fn end_of_query(&mut self) -> Option<bool> {
        match self.run {
            // Its pairs say it all; more may follow behind them.
            Run::Of { first: false, .. } => Some(false),
            Run::Of { first: true, .. } => {
                self.end();
                Some(true)
            }
            Run::None => None,
        }
    }
}

/// What a character is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    /// Part of a run without blanks between words.
    Run,
    /// Belongs to the letter before it, and is left out.
    Mark,
    Symbol,
    LineEnd,
    Other,
}

impl Class {
    fn of(c: char) -> Self {
        match c {
            '0'..='9' | 'A'..='Z' | 'a'..='z' => Self::Letter,
            '\r' | '\n' => Self::LineEnd,
            '\0'..='\x7f' => Self::Other,
            // Accents, and what chooses the look of a pictograph.
            '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' => Self::Mark,
            c if is_run(c) => Self::Run,
            c if c.is_alphanumeric() || is_combining_mark(c) => Self::Letter,
            // Arrows to dingbats, and the planes of pictographs.
            '\u{2600}'..='\u{27bf}' | '\u{1f300}'..='\u{1faff}' => Self::Symbol,
            _ => Self::Other,
        }
    }
}

/// Han, kana, Bopomofo and Hangul, with the signs that stand in words.
fn is_run(c: char) -> bool {
    matches!(c,
        '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309a}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
        || has_blanks(c)
}

/// Hangul: written with blanks between the words.
fn has_blanks(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}')
}

/// The text in Unicode's form NFKC: letters and accents put together, full and half width as the usual width.
fn normalized(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_plain) { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}

/// Whether NFKC leaves the character as it is, whatever stands beside it (of other such), or changes only what
/// separates words.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\0'..='\x7f' | '\u{c0}'..='\u{131}' | '\u{391}'..='\u{3a1}' | '\u{3a3}'..='\u{3c9}' | '\u{401}'..='\u{451}'
        | '\u{2010}'..='\u{2016}' | '\u{2018}'..='\u{2027}' | '\u{3001}'..='\u{3007}' | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30fe}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        // Full-width punctuation separates as its ASCII kin does.
        | '\u{3000}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}'
        | '\u{ff5b}'..='\u{ff5e}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> String {
        let mut out = String::new();
        add(text, &mut out);
        out
    }

    #[test]
    fn words_are_folded_and_runs_become_pairs() {
        for (text, expected) in [
            ("", ""),
            ("Hello, World! 2026", "hello world 2026"),
            ("Café naïve ÅNGSTRÖM İ", "cafe naive angstrom i"),
            ("cafe\u{301}", "cafe"),
            ("ＡＢＣ１２３", "abc123"),
            ("a_b-c.d@e", "a b c d e"),
            ("电子邮件", "电子 子邮 邮件 件"),
            ("报", "报"),
            ("2026年报告.pdf", "2026 年报 报告 告 pdf"),
            ("报告，终稿", "报告 告 终稿 稿"),
            ("こんにちは", "こん んに にち ちは は"),
            ("ﾊﾟｿｺﾝ", "パソ ソコ コン ン"),
            ("が", "が"),
            ("か\u{3099}き", "がき き"),
            ("データー々", "デー ータ ター ー々 々"),
            ("한국어 메일", "한국 국어 어 메일 일"),
            ("各\u{1112}\u{1161}\u{11ab}", "各한 한"),
            ("привет Ёлка", "привет елка"),
            ("हिन्दी", "हिन्दी"),
            ("🎉 done👍", "🎉 done 👍"),
            ("❤\u{fe0f}", "❤"),
            ("𠮷野家", "𠮷野 野家 家"),
            ("ﬁne", "fine"),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_run_goes_on_over_one_line_end_where_lines_are_broken_anywhere() {
        for (text, expected) in [
            ("报\n告", "报告 告"),
            ("报\r\n告", "报告 告"),
            ("报\n\n告", "报 告"),
            ("报\r\n\r\n告", "报 告"),
            ("报\n> 告", "报 告"),
            ("报\nab", "报 ab"),
            ("한국\n사람", "한국 국 사람 람"),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_phrase_is_what_a_mail_that_has_it_has_too() {
        for (typed, words, beginning) in [
            ("报告", "报告", false),
            ("报", "报", true),
            ("年报告", "年报 报告", false),
            ("2026年", "2026 年", true),
            ("年2026", "年 2026", false),
            ("报告 终稿", "报告 告 终稿", false),
            ("Re: 报告", "re 报告", false),
            ("wang@example.org", "wang example org", false),
        ] {
            let expected = Phrase { words: words.to_owned(), beginning };
            assert_eq!(Phrase::of(typed, false), Some(expected), "{typed:?}");
        }
        assert_eq!(Phrase::of("hel", true).map(|phrase| phrase.beginning), Some(true));
        for nothing in ["", " ", "!!!", "-", "\u{301}", "\"*()", "\n"] {
            assert_eq!(Phrase::of(nothing, true), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_word_is_looked_at_so_far() {
        let long = "x".repeat(MAX_WORD + 1);
        assert_eq!(words(&long).len(), MAX_WORD);
        assert_eq!(Phrase::of(&long, false).map(|phrase| phrase.words), Some("x".repeat(MAX_WORD)));
    }

    /// What holds words apart, and the characters that the shortcut of `normalized` is about.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            ".{0,40}",
            "[a-zA-Z0-9 .,\n]{0,40}",
            "[报告电子邮件年\u{3099}かハﾊﾞﾟー々한국é０Ａ，（）　～…\r\n a\u{301}]{0,40}"
        ]
    }

    proptest! {
        #[test]
        fn nothing_but_letters_digits_and_blanks_is_in_words(text in text()) {
            let words = words(&text);
            prop_assert!(words.chars().all(|c| c == ' ' || !c.is_ascii() || c.is_ascii_alphanumeric()), "{words:?}");
            prop_assert!(!words.chars().any(|c| c.is_ascii_uppercase() || c.is_control()), "{words:?}");
        }

        #[test]
        fn the_shortcut_makes_no_difference(text in text()) {
            let normal: String = text.nfkc().collect();
            prop_assert_eq!(words(&text), words(&normal));
        }

        #[test]
        fn what_is_in_a_text_is_found_in_it(before in text(), found in text(), after in text()) {
            // As the database matches: the words one after the other, the last one as a beginning if it is one.
            let text = format!("{before} {found} {after}");
            let Some(phrase) = Phrase::of(&found, false) else { return Ok(()) };
            let all = words(&text);
            let all: Vec<&str> = all.split_whitespace().collect();
            let wanted: Vec<&str> = phrase.words.split_whitespace().collect();
            let (last, first) = wanted.split_last().unwrap();
            let holds = all.windows(wanted.len()).any(|window| {
                let (end, begin) = window.split_last().unwrap();
                begin == first && if phrase.beginning { end.starts_with(last) } else { end == last }
            });
            prop_assert!(holds, "{wanted:?} in {all:?}");
        }
    }
}
