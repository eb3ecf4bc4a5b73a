//! Texts of ours in the languages that the program speaks, and what went wrong before anything was said to a
//! server.

use std::fmt;

/// The same in both languages. Texts that came from outside are escaped when it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// English.
    pub en: String,
    /// 简体中文.
    pub zh: String,
}

/// Both languages at once.
pub fn said(en: impl Into<String>, zh: impl Into<String>) -> Said {
    Said { en: en.into(), zh: zh.into() }
}

/// Something that keeps a task from being begun: what it is, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, naming the thing.
    pub what: Said,
    /// What to do about it.
    pub next: Said,
}

impl Problem {
    /// What is wrong, and what to do about it.
    pub fn new(what: Said, next: Said) -> Self {
        Self { what, next }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what.en, self.next.en)
    }
}

impl std::error::Error for Problem {}
