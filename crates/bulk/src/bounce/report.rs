//! What a bounce says of one recipient.

use hongyan_proto::reply::Enhanced;

use super::classify::{Finding, Said, classify};
use super::codes;
use super::fields::{Action, Group};
use super::line;
use super::prose::Named;
use super::reason::{Effect, Reason};

/// Octets of a server's words that a report carries.
pub const MAX_DIAGNOSTIC: usize = 500;

/// What happened to a message for one recipient.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The address that failed, as the reporting server has it.
    pub address: String,
    /// The address as it was sent to, where the report says so and it is another: mail is forwarded.
    pub original: Option<String>,
    /// What the server did.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// Whether the address cannot be delivered to, whatever is sent. Suppressing asks for more: [`Report::effect`].
    pub hard: bool,
    /// Whether a temporary code was given.
    pub temporary: bool,
    /// Whether reason and address are known and not guessed.
    pub certain: bool,
    /// The enhanced status code that says most (RFC 3463).
    pub status: Option<Enhanced>,
    /// The SMTP code.
    pub code: Option<u16>,
    /// The server's words, on one line, at most [`MAX_DIAGNOSTIC`] octets.
    pub diagnostic: String,
    /// The server that refused, where it is named.
    pub remote: Option<String>,
}

impl Report {
    /// The address that was written to: what a suppression is about.
    pub fn sent_to(&self) -> &str {
        self.original.as_deref().unwrap_or(&self.address)
    }

    /// What it does to the address, by the rules of `docs/bounces.md`.
    pub fn effect(&self) -> Effect {
        if self.action != Action::Failed || !self.certain {
            return Effect::Never;
        }
        match self.reason.effect() {
            Effect::AtOnce if self.hard && !self.temporary => Effect::AtOnce,
            Effect::AtOnce => Effect::Never,
            other => other,
        }
    }

    /// From a group of fields, and what the words say of the same recipient.
    pub(super) fn of_group(group: &Group, words: &str) -> Self {
        let action = group.action.unwrap_or(match group.status.map(|status| status.class) {
            Some(2) => Action::Delivered,
            _ => Action::Failed,
        });
        let address = group.address.clone().or_else(|| group.original.clone()).unwrap_or_default();
        let original = group.original.clone().filter(|original| !super::address::same(original, &address));
        if !matches!(action, Action::Failed | Action::Delayed) {
            return Self {
                address,
                original,
                action,
                reason: Reason::Undetermined,
                hard: false,
                temporary: false,
                certain: true,
                status: group.status,
                code: None,
                diagnostic: line(&group.diagnostic),
                remote: group.remote.clone(),
            };
        }
        let said = Said {
            diagnostic: &group.diagnostic,
            status: group.status,
            comment: &group.comment,
            words,
            delayed: action == Action::Delayed,
            category: &group.category,
            action: &group.said,
        };
        let found = classify(&said);
        let diagnostic = match group.diagnostic.is_empty() {
            true => quoted(words),
            false => line(&group.diagnostic),
        };
        let certain = address.contains('@');
        Self {
            remote: group.remote.clone(),
            ..Self::found(found, address, original, action, diagnostic, certain)
        }
    }

    /// From words alone.
    pub(super) fn in_words(named: &Named, subject: &str, delayed: bool, certain: bool) -> Self {
        let mut found = classify(&Said { words: &named.words, delayed, ..Said::default() });
        if found.reason == Reason::Undetermined {
            let by_subject = classify(&Said { words: subject, delayed, ..Said::default() });
            found = Finding { status: found.status, code: found.code, ..by_subject };
        }
        let action = if delayed { Action::Delayed } else { Action::Failed };
        Self::found(found, named.address.clone(), None, action, quoted(&named.words), certain)
    }

    fn found(
        found: Finding,
        address: String,
        original: Option<String>,
        action: Action,
        diagnostic: String,
        certain: bool,
    ) -> Self {
        Self {
            address,
            original,
            action,
            reason: found.reason,
            hard: found.hard,
            temporary: found.temporary,
            certain: certain && found.exact,
            status: found.status,
            code: found.code,
            diagnostic,
            remote: None,
        }
    }
}

/// The line of a text that says most: one with a code in it, else the first.
fn quoted(words: &str) -> String {
    let lines = || words.lines().map(str::trim).filter(|line| !line.is_empty());
    let coded = lines().find(|line| codes::reply_code(line).is_some() || !codes::statuses(line).is_empty());
    line(coded.or_else(|| lines().next()).unwrap_or_default())
}
