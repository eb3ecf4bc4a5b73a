//! The Message-IDs of a campaign's letters, as they were sent: `<ROW.KEY@DOMAIN>`, where the domain is the sender's.
//!
//! The sender stands in the frozen `campaign.toml`; where that names none, it is the account's.

use std::collections::HashMap;

use hongyan_bulk::campaign::Config;
use hongyan_bulk::ledger::{Entry, Manifest};

use super::opened::accounts;
use crate::account;
use crate::proto::address::Address;

/// The Message-IDs of a campaign.
pub(super) struct MessageIds {
    key: String,
    /// The domain of a sender that is the same for all.
    sender: Option<String>,
    /// The domains of the accounts' senders, where the campaign names none.
    accounts: HashMap<String, String>,
    /// The accounts, in order: whoever was not tried yet would be sent to through one of them.
    first: Option<String>,
}

impl MessageIds {
    /// For the campaign of this manifest.
    pub(super) fn of(manifest: &Manifest) -> Self {
        let config: Config = toml::from_str(&manifest.campaign).unwrap_or_default();
        let path = account::config_path();
        let domain_of_account = |name: &String| {
            let account = account::load(path.as_deref()?, name).ok()??;
            Some((name.clone(), domain(&account.from.or(account.user)?)?))
        };
        let names = accounts(manifest);
        let domains = if config.message.from.is_none() {
            names.iter().filter_map(domain_of_account).collect()
        } else {
            HashMap::new()
        };
        Self {
            key: manifest.key.clone(),
            sender: config.message.from.as_deref().and_then(domain),
            first: names.into_iter().next(),
            accounts: domains,
        }
    }

    /// The Message-ID of somebody's letter, with its brackets.
    pub(super) fn of_entry(&self, entry: &Entry, account: Option<&str>) -> Option<String> {
        let by_account = || self.accounts.get(account.or(self.first.as_deref())?).map(String::as_str);
        let domain = self.sender.as_deref().or_else(by_account)?;
        Some(format!("<{}.{}@{domain}>", entry.row.number, self.key))
    }
}

/// The domain of a mailbox as it stands in a header; `None` for a template.
fn domain(mailbox: &str) -> Option<String> {
    let address = match mailbox.rsplit_once('<') {
        Some((_, behind)) => behind.trim_end().strip_suffix('>')?,
        None => mailbox.trim(),
    };
    let address = Address::parse(address).ok().filter(|_| !address.contains(['{', '}']))?;
    let domain = address.domain();
    Some(idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_the_senders() {
        for (mailbox, expected) in [
            ("人事部 <hr@example.org>", Some("example.org")),
            ("hr@example.org", Some("example.org")),
            ("hr@例子.cn", Some("xn--fsqu00a.cn")),
            ("{{ 部门 }} <hr@example.org>", Some("example.org")),
            ("{{ 发件人 }}", None),
            ("hr@{{ 域名 }}", None),
            ("<hr@{{ 域名 }}>", None),
        ] {
            assert_eq!(domain(mailbox).as_deref(), expected, "{mailbox}");
        }
    }
}
