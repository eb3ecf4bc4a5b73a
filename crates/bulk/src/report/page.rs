//! A ledger's entries one after the other, read in pages.

use std::collections::VecDeque;

use crate::ledger::{Entry, Filter, Ledger, LedgerError, RecipientId};

/// How many entries are read at a time.
pub const PAGE: usize = 256;

/// The entries that pass a filter, in the order of their ids. Those that change meanwhile so that they no longer pass
/// are left out if their page was not yet read; nobody comes twice.
#[derive(Debug)]
pub struct Entries<'a, L> {
    ledger: &'a L,
    filter: Filter,
    after: RecipientId,
    page: VecDeque<Entry>,
    ended: bool,
}

impl<'a, L: Ledger> Entries<'a, L> {
    /// From the first on.
    pub fn new(ledger: &'a L, filter: Filter) -> Self {
        Self { ledger, filter, after: RecipientId::default(), page: VecDeque::new(), ended: false }
    }

    /// The next one; `None` after the last.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub async fn next(&mut self) -> Result<Option<Entry>, LedgerError> {
        if self.page.is_empty() && !self.ended {
            let page = self.ledger.page(self.after, PAGE, self.filter).await?;
            self.ended = page.is_empty();
            self.after = page.last().map_or(self.after, |entry| entry.id);
            self.page = page.into();
        }
        Ok(self.page.pop_front())
    }
}
