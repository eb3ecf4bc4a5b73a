//! A rule of the table: when it speaks, and what it says.

use std::io::ErrorKind;

use super::Text;
use crate::outcome::{Cause, Failure, Kind, Stage};
use crate::provider::Provider;
use crate::reply::Enhanced;

/// One entry of the table.
pub(super) struct Rule {
    /// `topic.what`, stable.
    pub(super) id: &'static str,
    /// It speaks where any of these fits.
    pub(super) when: &'static [When],
    /// What it says. `{name}`, `{where}`, `{smtp}` and `{fetch}` stand for facts of the provider, in rules that ask for
    /// one.
    pub(super) text: Text,
    /// For a rate limit: the seconds to wait. 0 in every other rule.
    pub(super) pause: u64,
}

/// A pattern: everything that is given must fit; a list fits where one of it does.
#[derive(Clone, Copy)]
pub(super) struct When {
    stages: &'static [Stage],
    kinds: &'static [Kind],
    codes: &'static [u16],
    enhanced: &'static [(u8, u16, u16)],
    says: &'static [&'static str],
    said: bool,
    cause: &'static [&'static str],
    io: &'static [ErrorKind],
    provider: Option<fn(&Provider) -> bool>,
}

/// Fits everything.
pub(super) const ANY: When = When {
    stages: &[],
    kinds: &[],
    codes: &[],
    enhanced: &[],
    says: &[],
    said: false,
    cause: &[],
    io: &[],
    provider: None,
};

impl Rule {
    pub(super) const fn new(id: &'static str, when: &'static [When], text: Text) -> Self {
        Self { id, when, text, pause: 0 }
    }

    /// A rate limit that passes after this many seconds.
    pub(super) const fn limit(id: &'static str, pause: u64, when: &'static [When], text: Text) -> Self {
        Self { id, when, text, pause }
    }

    pub(super) fn fits(&self, seen: &Seen<'_>) -> bool {
        self.when.iter().any(|when| when.fits(seen))
    }
}

impl When {
    /// At one of these stages.
    pub(super) const fn at(self, stages: &'static [Stage]) -> Self {
        Self { stages, ..self }
    }

    /// Of one of these kinds.
    pub(super) const fn kind(self, kinds: &'static [Kind]) -> Self {
        Self { kinds, ..self }
    }

    /// With one of these reply codes; a number below 6 stands for its whole class.
    pub(super) const fn code(self, codes: &'static [u16]) -> Self {
        Self { codes, ..self }
    }

    /// With one of these enhanced codes; class 0 stands for 4 and 5.
    pub(super) const fn enhanced(self, enhanced: &'static [(u8, u16, u16)]) -> Self {
        Self { enhanced, ..self }
    }

    /// With one of these, in lower case, in what the server said.
    pub(super) const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    /// With words of the server's in a protocol that knows no reply codes (POP3, IMAP).
    pub(super) const fn said(self) -> Self {
        Self { said: true, ..self }
    }

    /// With one of these, in lower case, in what was seen on this side.
    pub(super) const fn cause(self, cause: &'static [&'static str]) -> Self {
        Self { cause, ..self }
    }

    /// With an operating system's error of one of these kinds.
    pub(super) const fn io(self, io: &'static [ErrorKind]) -> Self {
        Self { io, ..self }
    }

    /// Of a provider that is known and of which this is true.
    pub(super) const fn provider(self, is: fn(&Provider) -> bool) -> Self {
        Self { provider: Some(is), ..self }
    }

    /// Whether the pattern can only fit where the provider is known.
    #[cfg(test)]
    pub(super) const fn needs_provider(&self) -> bool {
        self.provider.is_some()
    }

    fn fits(&self, seen: &Seen<'_>) -> bool {
        let among =
            |list: &[&str], text: &str| list.is_empty() || list.iter().any(|word| text.contains(word));
        (self.stages.is_empty() || self.stages.contains(&seen.stage))
            && (self.kinds.is_empty() || self.kinds.contains(&seen.kind))
            && (self.codes.is_empty() || self.codes.iter().any(|code| seen.has_code(*code)))
            && (self.enhanced.is_empty() || self.enhanced.iter().any(|code| seen.has_enhanced(*code)))
            && (self.io.is_empty() || seen.io.is_some_and(|io| self.io.contains(&io)))
            && self.provider.is_none_or(|is| seen.provider.is_some_and(is))
            && (!self.said || seen.said)
            && among(self.says, &seen.says)
            && among(self.cause, &seen.cause)
    }
}

/// A failure, laid out for the patterns.
pub(super) struct Seen<'a> {
    stage: Stage,
    kind: Kind,
    code: Option<u16>,
    enhanced: Option<Enhanced>,
    says: String,
    said: bool,
    cause: String,
    io: Option<ErrorKind>,
    provider: Option<&'a Provider>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(failure: &Failure, provider: Option<&'a Provider>) -> Self {
        let reply = failure.reply.as_ref();
        Self {
            stage: failure.stage,
            kind: failure.kind,
            code: reply.map(|reply| reply.code.get()),
            enhanced: reply.and_then(|reply| reply.enhanced),
            says: match (reply, &failure.cause) {
                (Some(reply), _) => reply.text.to_lowercase().replace('\n', " "),
                (None, Some(Cause::Said(words))) => words.to_lowercase(),
                (None, _) => String::new(),
            },
            said: reply.is_none() && matches!(failure.cause, Some(Cause::Said(_))),
            cause: match &failure.cause {
                None | Some(Cause::Said(_)) => String::new(),
                Some(cause) => cause.to_string().to_lowercase(),
            },
            io: match &failure.cause {
                Some(Cause::Io(error)) => Some(error.kind()),
                _ => None,
            },
            provider,
        }
    }

    fn has_code(&self, wanted: u16) -> bool {
        self.code.is_some_and(|code| code == wanted || code / 100 == wanted)
    }

    fn has_enhanced(&self, (class, subject, detail): (u8, u16, u16)) -> bool {
        self.enhanced
            .is_some_and(|e| (class == 0 || class == e.class) && (e.subject, e.detail) == (subject, detail))
    }
}
