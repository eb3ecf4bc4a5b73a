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

/// Prints a line on standard error; where that cannot be written there is nobody to tell.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a line on standard output; a reader that is gone has seen enough.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
