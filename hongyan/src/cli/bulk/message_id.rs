//! The Message-IDs of a campaign's letters as they were sent: also where the account decides about them.

use std::collections::HashMap;

use hongyan_bulk::ledger::{Entry, Manifest};
use hongyan_bulk::letter;

use super::opened::accounts;
use crate::account;

/// The Message-IDs of a campaign.
pub(super) struct MessageIds {
    /// `None` where a newer version wrote `campaign.toml`.
    ids: Option<letter::MessageIds>,
    /// The addresses that the accounts' mails are from, where the campaign names no sender.
    senders: HashMap<String, String>,
    /// The first account: whoever was not tried yet would be sent to through it.
    first: Option<String>,
}

impl MessageIds {
    /// For the campaign of this manifest.
    pub(super) fn of(manifest: &Manifest) -> Self {
        let ids = letter::MessageIds::new(manifest);
        let names = accounts(manifest);
        let mut senders = HashMap::new();
        if ids.as_ref().is_some_and(letter::MessageIds::need_account) {
            senders.extend(names.iter().filter_map(|name| Some((name.clone(), sender(name)?))));
        }
        Self { ids, senders, first: names.into_iter().next() }
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
