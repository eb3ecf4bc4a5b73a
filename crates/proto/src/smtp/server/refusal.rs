//! Why a server says no: a reply code, an enhanced status code, and words.

use std::borrow::Cow;
use std::fmt;
use std::io;

use crate::reply::{Code, Enhanced, Reply};
use crate::smtp::command::CommandError;

/// A no that has not been said yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    enhanced: Enhanced,
    text: Cow<'static, str>,
}

impl Refusal {
    /// A refusal with a code of 4yz or 5yz; any other becomes 451. The enhanced code's class follows it.
    pub fn new(code: u16, subject: u16, detail: u16, text: impl Into<Cow<'static, str>>) -> Self {
        let code = if matches!(code, 400..=599) { code } else { 451 };
        let enhanced = Enhanced { class: (code / 100) as u8, subject, detail };
        let code = Code::new(code).expect("a number from 400 to 599 is a code");
        Self { code, enhanced, text: text.into() }
    }

    /// 452 4.3.1: no room to keep the message.
    pub fn full() -> Self {
        Self::new(452, 3, 1, "not enough room to keep the message, try again later")
    }

    /// 552 5.3.4: the message is larger than the server takes.
    pub fn too_big() -> Self {
        Self::new(552, 3, 4, "the message is larger than this server takes")
    }

    /// 451 4.3.0: something is wrong on the server's side.
    pub fn local() -> Self {
        Self::new(451, 3, 0, "the message could not be kept, try again later")
    }

    pub(super) fn sequence(text: &'static str) -> Self {
        Self::new(503, 5, 1, text)
    }

    /// The client's fault, rather than a matter of size, room or rights.
    pub(super) fn is_error(&self) -> bool {
        matches!(self.code.get(), 500..=504 | 521 | 530..=539 | 555)
    }

    pub(super) fn reply(self, enhanced: bool) -> Reply {
        Reply::new(self.code, enhanced.then_some(self.enhanced), self.text)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.enhanced, self.text)
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let (code, Enhanced { subject, detail, .. }) = error.codes();
        Self::new(code, subject, detail, error.to_string())
    }
}

/// A full disk, a message past its limit, anything else.
impl From<&io::Error> for Refusal {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::full(),
            io::ErrorKind::FileTooLarge => Self::too_big(),
            _ => Self::local(),
        }
    }
}
