//! Message-IDs: `ROW.KEY@DOMAIN`, where the domain is the sender's. The same row of the same campaign has the same one,
//! whoever sends it and however often; so it can be told long after the letter was sent, without the letter.

use crate::campaign::{Config, FILE, Place};
use crate::ledger::Manifest;
use crate::row::{Columns, Row};
use crate::template::{Id, Kind, Templates};

use super::addresses::mailboxes;

/// The Message-IDs of a campaign that was begun.
#[derive(Debug)]
pub struct MessageIds {
    key: String,
    templates: Templates,
    /// Who the letters are from, where the campaign says so.
    from: Option<Id>,
}

impl MessageIds {
    /// Those of the campaign that this was frozen of; `None` where its `campaign.toml` is none that this program knows.
    pub fn new(manifest: &Manifest) -> Option<Self> {
        let config: Config = toml::from_str(&manifest.campaign).ok()?;
        let mut templates = Templates::new(&Columns::new(manifest.columns.iter().cloned()), false);
        let from = match config.message.from {
            Some(from) => Some(templates.add(&from, Kind::Address, Place::file(FILE)).ok()?),
            None => None,
        };
        Some(Self { key: manifest.key.clone(), templates, from })
    }

    /// Whether the account that a letter is sent through decides about its Message-ID.
    pub fn need_account(&self) -> bool {
        self.from.is_none()
    }

    /// The Message-ID of a row's letter, without brackets. `account` is the address that mails of the account are from;
    /// it counts where the campaign names no sender. `None` where nobody says who it is from.
    pub fn of(&self, row: &Row, account: Option<&str>) -> Option<String> {
        let from = match self.from {
            Some(from) => {
                let rendered = self.templates.render(from, &self.templates.fields(row), row.number).ok()?;
                mailboxes(&rendered).ok()?.pop()?.address
            }
            None => account?.to_owned(),
        };
        Some(message_id(row.number, &self.key, &from))
    }
}

/// The Message-ID of the letter in this row that is from this address.
pub(super) fn message_id(row: u64, key: &str, from: &str) -> String {
    format!("{row}.{key}@{}", domain_of(from))
}

/// The domain of an address as a Message-ID can hold it.
fn domain_of(address: &str) -> String {
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    let ascii = idna::domain_to_ascii(domain).unwrap_or_default();
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    if !ascii.is_empty() && ascii.bytes().all(word) { ascii } else { "localhost".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    fn ids(from: &str) -> MessageIds {
        MessageIds::new(&Manifest {
            version: 1,
            key: "0f".repeat(16),
            name: "x".to_owned(),
            frozen: 0,
            campaign: format!(
                "[message]\n{from}subject = \"x\"\ntext = \"t.txt\"\n[recipients]\nfile = \"p.csv\"\nto = \"{{{{ 邮箱 }}}}\"\n"
            ),
            columns: vec!["邮箱".to_owned(), "部门".to_owned()],
            letters: 1,
            recipients: 1,
            files: BTreeMap::new(),
        })
        .unwrap()
    }

    #[test]
    fn the_domain_is_the_senders() {
        let row = Row { number: 7, cells: vec![Value::from("a@example.net"), Value::from("hr@例子.cn")] };
        let account = Some("me@example.com");
        for (from, account, domain) in [
            ("from = \"人事部 <hr@example.org>\"\n", None, Some("example.org")),
            ("from = \"hr@example.org\"\n", account, Some("example.org")),
            ("from = \"{{ 部门 }}\"\n", account, Some("xn--fsqu00a.cn")),
            ("from = \"x@[192.0.2.1]\"\n", None, Some("localhost")),
            ("", account, Some("example.com")),
            ("", None, None),
        ] {
            let expected = domain.map(|domain| format!("7.{}@{domain}", "0f".repeat(16)));
            assert_eq!(ids(from).of(&row, account), expected, "{from}");
        }
    }
}
