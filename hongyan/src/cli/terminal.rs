//! How to speak to the person in front: in which language.

use std::env;

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
}
