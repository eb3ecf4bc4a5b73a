//! Why a campaign's `[unsubscribe]` cannot be used, and what to do next, in both languages.

use std::fmt;

use hongyan_proto::said::{Problem, said};

use crate::token::KeyFileError;

/// Why a campaign's `[unsubscribe]` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsubscribeError {
    /// Neither `mailto` nor `url`.
    Nowhere,
    /// `mailto` is no address.
    Mailto {
        /// What was given.
        given: String,
        /// What is wrong.
        why: &'static str,
    },
    /// `url` is no link that can be used.
    Url {
        /// What was given.
        given: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl UnsubscribeError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        let (what, next) = match self {
            Self::Nowhere => (
                said(
                    "[unsubscribe] names neither a mailto nor a url",
                    "[unsubscribe] 中既没有 mailto 也没有 url",
                ),
                said(
                    "name at least one: mailto = \"leave@example.org\", url = \"https://example.org/u\"",
                    "请至少填写一项：mailto = \"leave@example.org\"，url = \"https://example.org/u\"",
                ),
            ),
            Self::Mailto { given, why } => (
                said(
                    format!("unsubscribe.mailto: `{given}` is no address: {why}"),
                    format!("unsubscribe.mailto：{given} 不是邮件地址：{why}"),
                ),
                said("write it like leave@example.org", "请写成 leave@example.org 的形式"),
            ),
            Self::Url { given, why } => (
                said(
                    format!("unsubscribe.url: `{given}` cannot be used: {why}"),
                    format!("unsubscribe.url：{given} 无法使用：{why}"),
                ),
                said("write it like https://example.org/u", "请写成 https://example.org/u 的形式"),
            ),
        };
        Problem::new(what, next)
    }
}

impl fmt::Display for UnsubscribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().what.en)
    }
}

impl std::error::Error for UnsubscribeError {}

/// Why [`Unsubscribe::with_its_key`](super::Unsubscribe::with_its_key) cannot be made.
#[derive(Debug)]
pub enum KeyedError {
    /// What the settings say.
    Settings(UnsubscribeError),
    /// The key's file.
    Key(KeyFileError),
}

impl KeyedError {
    /// What is wrong and what to do next, in both languages.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Settings(error) => error.problem(),
            Self::Key(error) => error.problem(),
        }
    }
}

impl From<UnsubscribeError> for KeyedError {
    fn from(error: UnsubscribeError) -> Self {
        Self::Settings(error)
    }
}

impl From<KeyFileError> for KeyedError {
    fn from(error: KeyFileError) -> Self {
        Self::Key(error)
    }
}

impl fmt::Display for KeyedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(error) => error.fmt(f),
            Self::Key(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeyedError {}
