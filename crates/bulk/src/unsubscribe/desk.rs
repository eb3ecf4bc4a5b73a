//! Where tokens come back to: whose they are, and taking them off.
//!
//! A token says campaign, row and a hash of the address; the address itself is in the campaign's ledger. The ledgers are
//! read only, beside whoever runs them, so that a link works as soon as its letter has left.

use hongyan_proto::address::Address;
use hongyan_proto::said::Said;

use crate::ledger::{Filter, Ledger, LedgerError, RecipientId};
use crate::suppression::{Cause, Entry, Suppressions};
use crate::token::{Claim, Key, Purpose};

/// How many recipients of a letter are read at a time.
const PAGE: usize = 64;

/// Takes addresses off for good.
pub trait List: Send + Sync {
    /// Nobody writes to this reader any more; durable when it returns. Somebody who is off already stays off.
    ///
    /// # Errors
    /// Why it could not be made durable.
    fn take_off(&self, reader: &Reader) -> Result<(), Said>;
}

impl List for Suppressions {
    fn take_off(&self, reader: &Reader) -> Result<(), Said> {
        let entry = Entry {
            campaign: reader.key.clone(),
            evidence: format!("the link of row {} was used", reader.row),
            ..Entry::new(reader.address.as_str(), Cause::Unsubscribed)
        };
        self.add(&entry).map(drop).map_err(|error| error.problem().what)
    }
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// We have not signed it.
    Nobody,
    /// We have, but its letter is in none of the ledgers here.
    Absent(Claim),
    /// This reader's.
    Reader(Reader),
}

/// Who got a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The address that it went to.
    pub address: Address,
    /// What the campaign is called.
    pub campaign: String,
    /// The key of its ledger.
    pub key: String,
    /// The row of the letter, as a person counts in the sheet.
    pub row: u64,
}

/// Knows whose tokens are, and where to take readers off.
pub struct Desk<L> {
    campaigns: Vec<(Key, L)>,
    list: Box<dyn List>,
}

impl<L: Ledger> Desk<L> {
    /// With these campaigns, each with the key that its tokens are signed with.
    pub fn new(list: impl List + 'static, campaigns: Vec<(Key, L)>) -> Self {
        Self { campaigns, list: Box::new(list) }
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// A ledger that cannot be read.
    pub async fn whose(&self, token: &str) -> Result<Whose, LedgerError> {
        let mut absent = None;
        for (key, ledger) in &self.campaigns {
            let Some(claim) = key.read(Purpose::Unsubscribe, token) else { continue };
            let manifest = ledger.manifest();
            if claim.is_of(&manifest.key)
                && let Some(address) = find(key, &claim, ledger).await?
            {
                let (campaign, key) = (manifest.name.clone(), manifest.key.clone());
                return Ok(Whose::Reader(Reader { address, campaign, key, row: claim.row }));
            }
            absent = Some(claim);
        }
        Ok(absent.map_or(Whose::Nobody, Whose::Absent))
    }

    /// Takes a reader off; blocks until that is durable.
    ///
    /// # Errors
    /// Why it is not done.
    pub fn take_off(&self, reader: &Reader) -> Result<(), Said> {
        self.list.take_off(reader)
    }
}

/// The address of a letter's recipients that the token was made for.
async fn find<L: Ledger>(key: &Key, claim: &Claim, ledger: &L) -> Result<Option<Address>, LedgerError> {
    let filter = Filter { row: Some(claim.row), ..Filter::default() };
    let mut after = RecipientId::default();
    loop {
        let page = ledger.page(after, PAGE, filter).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = last.id;
        if let Some(entry) = page.into_iter().find(|entry| key.names(claim, entry.address.as_str())) {
            return Ok(Some(entry.address));
        }
    }
}
