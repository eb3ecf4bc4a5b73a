//! Reads a ledger for a report: its entries, and for each what is found elsewhere in the ledger.

use std::collections::HashMap;

use super::page::Entries;
use super::record::{Attached, Record};
use super::seen::Seen;
use super::{Options, ReportError};
use crate::campaign::Config;
use crate::ledger::{Filter, Ledger, SessionId};

/// How many connections' accounts are kept in memory.
const ACCOUNTS: usize = 1024;

/// Makes records of entries.
pub(super) struct Reader<'a, L> {
    ledger: &'a L,
    options: &'a Options<'a>,
    entries: Entries<'a, L>,
    /// The files that everybody gets.
    shared: Vec<Attached>,
    accounts: HashMap<SessionId, Option<String>>,
    seen: Seen,
}

impl<'a, L: Ledger> Reader<'a, L> {
    pub(super) fn new(ledger: &'a L, options: &'a Options<'a>) -> Self {
        let manifest = ledger.manifest();
        // A campaign.toml that a newer version understands says nothing here; its files stay in the manifest.
        let config: Config = toml::from_str(&manifest.campaign).unwrap_or_default();
        let shared = config.attach.shared.into_iter().map(|path| {
            let frozen = manifest.files.get(&path).cloned();
            Attached { path, frozen }
        });
        Self {
            ledger,
            options,
            entries: Entries::new(ledger, Filter::default()),
            shared: shared.collect(),
            accounts: HashMap::new(),
            seen: Seen::default(),
        }
    }

    /// The next recipient.
    pub(super) async fn next(&mut self) -> Result<Option<Record>, ReportError> {
        let Some(entry) = self.entries.next().await? else { return Ok(None) };
        let sessions = entry.attempts.iter().filter_map(|attempt| attempt.evidence.session);
        sessions.for_each(|session| self.seen.add(session));
        let account = match entry.attempts.last().and_then(|attempt| attempt.evidence.session) {
            Some(session) => self.account(session).await?,
            None => None,
        };
        let mut files = self.shared.clone();
        for path in &entry.files {
            files.push(Attached { path: path.clone(), frozen: self.ledger.frozen(path).await? });
        }
        let message_id = (self.options.message_id)(&entry, account.as_deref());
        Ok(Some(Record { entry, message_id, files, account }))
    }

    /// The connections that the recipients so far have named.
    pub(super) fn connections(self) -> Seen {
        self.seen
    }

    async fn account(&mut self, session: SessionId) -> Result<Option<String>, ReportError> {
        if let Some(known) = self.accounts.get(&session) {
            return Ok(known.clone());
        }
        let account = self.ledger.opening(session).await?.map(|opening| opening.account);
        if self.accounts.len() >= ACCOUNTS {
            self.accounts.clear();
        }
        self.accounts.insert(session, account.clone());
        Ok(account)
    }
}
