//! The Message-IDs of a campaign's letters as they were sent: also where the account decides about them.

use std::collections::HashMap;

use hongyan_bulk::ledger::{Entry, Manifest};
use hongyan_bulk::letter;

use super::opened::accounts;
use crate::account;
use crate::cli::terminal::{Language, safe, tell};

/// The Message-IDs of a campaign.
pub(super) struct MessageIds {
    /// `None` where a newer version wrote `campaign.toml`.
    ids: Option<letter::MessageIds>,
    /// The addresses that the accounts' mails are from, where the campaign names no sender.
    senders: HashMap<String, String>,
    /// The first account: whoever was not tried yet would be sent to through it.
    first: Option<String>,
    /// The accounts whose address it takes, and that this machine does not know.
    unknown: Vec<String>,
}

impl MessageIds {
    /// For the campaign of this manifest.
    pub(super) fn of(manifest: &Manifest) -> Self {
        let ids = letter::MessageIds::new(manifest);
        let names = accounts(manifest);
        let (mut senders, mut unknown) = (HashMap::new(), Vec::new());
        if ids.as_ref().is_some_and(letter::MessageIds::need_account) {
            for name in &names {
                match sender(name) {
                    Some(address) => drop(senders.insert(name.clone(), address)),
                    None => unknown.push(name.clone()),
                }
            }
        }
        Self { ids, senders, first: names.into_iter().next(), unknown }
    }

    /// Says whose letters' Message-IDs are missing and what to do: a campaign in a database may be sent through accounts
    /// that only other machines have.
    pub(super) fn tell_unknown(&self) {
        let language = Language::of_the_environment();
        for name in &self.unknown {
            let name = safe(name);
            tell(&language.choose(
                format!(
                    "without the Message-IDs of what is sent through the account {name}: the configuration of this machine does not have it; add it, or do this where it is"
                ),
                format!("缺少通过账户 {name} 发送的邮件的 Message-ID：本机配置中没有该账户；请添加，或在有该账户的机器上执行"),
            ));
        }
    }

    /// The Message-ID of somebody's letter, with its brackets.
    pub(super) fn of_entry(&self, entry: &Entry, account: Option<&str>) -> Option<String> {
        let account = account.or(self.first.as_deref()).and_then(|account| self.senders.get(account));
        let id = self.ids.as_ref()?.of(&entry.row, account.map(String::as_str))?;
        Some(format!("<{id}>"))
    }
}

/// The address that an account's mails are from.
fn sender(name: &str) -> Option<String> {
    let account = account::load(&account::config_path()?, name).ok()??;
    let from = account.from.or(account.user)?;
    Some(crate::mime::address::Mailbox::parse(&from).ok()?.address)
}
