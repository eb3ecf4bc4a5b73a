//! What a failure means for a person, and what to do next, in English and 简体中文.
//!
//! One table of rules, most special first; the first whose pattern fits speaks. A pattern asks for stage,
//! kind, reply codes, words of the server, words of ours, and what is known of the provider. The rules
//! stand in one file a topic. Every text says first what happened, then what to do; none suggests giving up
//! a protection for everybody.

mod connection;
mod content;
mod fallback;
mod limits;
mod local;
mod login;
mod policy;
mod receiving;
mod recipient;
mod rule;
mod tls;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::outcome::{Failure, Verdict};
use crate::provider::{Provider, Security};
use rule::{Rule, Seen};

/// The same in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// 简体中文.
    pub zh: &'static str,
}

/// Both languages at once.
pub const fn t(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

/// What happened and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    /// The rule that spoke: a stable name, such as `login.code`.
    pub id: &'static str,
    /// Whether the same may work later without any change.
    pub temporary: bool,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// The topics, in the order in which they are asked.
const TOPICS: [&[Rule]; 10] = [
    receiving::RULES,
    limits::RULES,
    login::RULES,
    tls::RULES,
    local::RULES,
    policy::RULES,
    recipient::RULES,
    content::RULES,
    connection::RULES,
    fallback::RULES,
];

impl Failure {
    /// What this means and what to do. `provider` is whose server it was, where that is known.
    pub fn remedy(&self, provider: Option<&Provider>) -> Remedy {
        let seen = Seen::new(self, provider);
        let rule = TOPICS.into_iter().flatten().find(|rule| rule.fits(&seen)).unwrap_or(&fallback::LAST);
        spoken(rule, !self.is_permanent(), provider)
    }

    /// How long to leave the account alone, where the server said "slow down": published by the provider,
    /// else a careful guess. Such a refusal is temporary even with a 5yz code; the address is good.
    pub fn rate_limit(&self) -> Option<Duration> {
        self.reply.as_ref()?;
        let seen = Seen::new(self, None);
        limits::RULES.iter().find(|rule| rule.fits(&seen)).map(|rule| Duration::from_secs(rule.pause))
    }
}

impl Verdict {
    /// What this means and what to do; nothing for what was accepted.
    pub fn remedy(&self, provider: Option<&Provider>) -> Option<Remedy> {
        match self {
            Self::Accepted(_) => None,
            Self::InDoubt(_) => Some(spoken(&fallback::IN_DOUBT, false, provider)),
            Self::Deferred(failure) | Self::Rejected(failure) => Some(failure.remedy(provider)),
        }
    }
}

/// Whether the server said "slow down": see [`Failure::rate_limit`].
pub fn is_rate_limit(failure: &Failure) -> bool {
    failure.rate_limit().is_some()
}

/// A rule's text with what is known of the provider filled in.
fn spoken(rule: &Rule, temporary: bool, provider: Option<&Provider>) -> Remedy {
    let (mut en, mut zh) = (rule.text.en.to_string(), rule.text.zh.to_string());
    if let Some(provider) = provider {
        let help = provider.help.unwrap_or_default();
        en = fill(&en, provider.name.en, provider.password_from.en, provider, " or ");
        zh = fill(&zh, provider.name.zh, provider.password_from.zh, provider, " 或 ");
        if !help.is_empty() && rule.text.en.contains("{where}") {
            en.push_str(&format!(" Help: {help}"));
            zh.push_str(&format!("帮助页：{help}"));
        }
    }
    Remedy { id: rule.id, temporary, en, zh }
}

fn fill(text: &str, name: &str, from: &str, provider: &Provider, or: &str) -> String {
    let text = text.replace("{name}", name).replace("{where}", from);
    text.replace("{smtp}", &servers(provider, or)).replace("{fetch}", &stores(provider, or))
}

/// Where mail is handed in.
fn servers(provider: &Provider, or: &str) -> String {
    let each = provider.smtp.iter().map(|server| address("smtp", server));
    each.collect::<Vec<_>>().join(or)
}

/// Where mail is fetched.
fn stores(provider: &Provider, or: &str) -> String {
    let imap = provider.imap.iter().map(|server| address("imap", server));
    let pop3 = provider.pop3.iter().map(|server| address("pop3", server));
    imap.chain(pop3).collect::<Vec<_>>().join(or)
}

fn address(scheme: &str, server: &crate::provider::Server) -> String {
    match server.security {
        Security::Implicit => format!("{scheme}s://{}:{}", server.host, server.port),
        Security::StartTls => format!("{scheme}://{}:{} (STARTTLS)", server.host, server.port),
    }
}
