//! Why a server says no: words, and a response code where the client may act on it.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::pop3::reply::ResponseCode;

/// A no that has not been said yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(super) code: Option<ResponseCode>,
    text: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with these words; control characters become blanks.
    pub fn new(code: Option<ResponseCode>, text: impl Into<Cow<'static, str>>) -> Self {
        let mut text = text.into();
        if text.contains(char::is_control) {
            text = text.replace(char::is_control, " ").into();
        }
        Self { code, text }
    }

    /// `[IN-USE]`: another session holds the maildrop (RFC 1939 §4 has it locked).
    pub fn in_use() -> Self {
        Self::new(Some(ResponseCode::InUse), "another session holds the maildrop")
    }

    /// `[SYS/TEMP]`: something is wrong on the server's side.
    pub fn local() -> Self {
        Self::new(Some(ResponseCode::SysTemp), "something went wrong here, try again later")
    }

    pub(super) const fn plain(text: &'static str) -> Self {
        Self { code: None, text: Cow::Borrowed(text) }
    }

    /// The line that says it.
    pub(super) fn line(&self, codes: bool) -> String {
        match self.code.filter(|_| codes) {
            Some(code) => format!("-ERR [{code}] {}", self.text),
            None => format!("-ERR {}", self.text),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(true))
    }
}

impl From<&io::Error> for Refusal {
    fn from(_: &io::Error) -> Self {
        Self::local()
    }
}
