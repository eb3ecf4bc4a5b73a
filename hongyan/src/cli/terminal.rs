//! How to speak to the person in front: in which language, and with nothing in it that a terminal would obey.

use std::env;
use std::io::{self, Write as _};

use crate::proto::transcript::escape;
use crate::said::Said;

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    /// 简体中文
    Chinese,
}

impl Language {
    /// The one that `LC_ALL`, `LC_MESSAGES` or `LANG` asks for, the first that is set; else English.
    pub(crate) fn of_the_environment() -> Self {
        let named = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(env::var_os);
        match named.into_iter().find(|value| !value.is_empty()) {
            Some(value) if value.as_encoded_bytes().starts_with(b"zh") => Self::Chinese,
            _ => Self::English,
        }
    }

    /// The one of the two texts that is in this language.
    pub(crate) fn choose<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// The text in this language.
    pub(crate) fn of(self, text: &Said) -> &str {
        self.choose(&text.en, &text.zh)
    }
}

/// The text with everything escaped that a terminal could obey, or that could pass for another line.
pub(crate) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(text.as_bytes(), &mut out);
    out
}

/// The text in lines that fit a terminal on `stream`, all but the first one indented; elsewhere as it is, so that
/// nothing is cut in two that a program looks for.
pub(crate) fn wrapped(text: &str, indent: usize, stream: &console::Term) -> String {
    if !stream.is_term() {
        return text.to_owned();
    }
    let (_, columns) = stream.size();
    within(text, indent, usize::from(columns).max(indent + 20))
}

/// The text in lines of so many columns, all but the first one indented. Breaks at blanks, and before wide characters (Chinese has no blanks).
pub(crate) fn within(text: &str, indent: usize, columns: usize) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut line, mut column) = (String::new(), indent);
    let mut piece = String::new();
    let wide = |text: &str| console::measure_text_width(text);
    let mut put = |piece: &mut String, line: &mut String| {
        if column + wide(piece.trim_end()) > columns && !line.is_empty() {
            out.push_str(line.trim_end());
            out.push('\n');
            *line = " ".repeat(indent);
            column = indent;
        }
        column += wide(piece);
        line.push_str(piece);
        piece.clear();
    };
    for c in text.chars() {
        // What closes stays with what it closes.
        if c > '\u{2e7f}' && !"，。；：）”".contains(c) {
            put(&mut piece, &mut line);
        }
        piece.push(c);
        if c == ' ' {
            put(&mut piece, &mut line);
        }
    }
    put(&mut piece, &mut line);
    out.push_str(&line);
    out
}

/// Prints a line on standard error; where that cannot be written there is nobody to tell.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a line on standard output; a reader that is gone has seen enough.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn long_texts_break_at_blanks_or_between_chinese_characters() {
        for (text, expected) in [
            ("", ""),
            ("short", "short"),
            ("one two three four", "one two\n  three\n  four"),
            ("a-word-that-does-not-fit at all", "a-word-that-does-not-fit\n  at all"),
            ("服务器不认识这个收件人。", "服务器不\n  认识这个\n  收件人。"),
            ("用 smtps 吧", "用 smtps\n  吧"),
        ] {
            assert_eq!(within(text, 2, 10), expected);
        }
    }
}
