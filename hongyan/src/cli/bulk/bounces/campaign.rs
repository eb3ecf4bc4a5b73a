//! The campaign that bounces are held against: whose row it was.

use std::path::{Path, PathBuf};

use hongyan_bulk::bounce::Letter;
use hongyan_bulk::campaign::{self, Config};
use hongyan_bulk::ledger::{Filter, Ledger as _, LedgerError, RecipientId};
use hongyan_bulk::suppression;
use hongyan_bulk::token::{self, Key};
use tokio::runtime::Runtime;

use crate::cli::bulk::opened::{Named, Store};
use crate::cli::exit::Exit;
use crate::cli::system::runtime;
use crate::cli::trouble::Trouble;

/// Recipients that are looked through at a time.
const PAGE: usize = 1_000;

/// Whether a path is a campaign's folder.
pub(super) fn is_one(path: &Path) -> bool {
    path.is_dir() && (path.join(campaign::FILE).is_file() || path.join(campaign::LEDGER).is_file())
}

/// A campaign's letters, as its ledger has them.
pub(super) struct Letters {
    dir: PathBuf,
    named: Named,
    ledger: Store,
    campaign: String,
    runtime: Runtime,
}

impl Letters {
    pub(super) fn open(dir: &Path) -> Result<Self, Trouble> {
        let (named, runtime) = (Named::at(dir), runtime()?);
        let ledger = named.read(&runtime)?.ledger;
        let campaign = token::campaign(&ledger.manifest().key);
        Ok(Self { dir: dir.to_owned(), named, ledger, campaign, runtime })
    }

    /// What the campaign is called.
    pub(super) fn name(&self) -> &str {
        &self.ledger.manifest().name
    }

    /// The key of its tokens, where it has one.
    pub(super) fn key(&self) -> Result<Option<Key>, Trouble> {
        let config: Config = toml::from_str(&self.ledger.manifest().campaign).unwrap_or_default();
        let named = config.unsubscribe.as_ref().and_then(|unsubscribe| unsubscribe.key.as_deref());
        if named.is_none() && token::default_path().is_none_or(|path| !path.exists()) {
            return Ok(None);
        }
        Key::of_campaign(named, &self.dir)
            .map(Some)
            .map_err(|error| Trouble::from(Exit::Config, error.problem()))
    }

    /// Whether a letter is of this campaign.
    pub(super) fn has(&self, letter: &Letter) -> bool {
        letter.campaign == self.campaign
    }

    /// Who the letter of a row went to.
    pub(super) fn recipients(&self, letter: &Letter) -> Result<Vec<String>, Trouble> {
        if !self.has(letter) {
            return Ok(Vec::new());
        }
        let filter = Filter { row: Some(letter.row), ..Filter::default() };
        let page = self.runtime.block_on(self.ledger.page(RecipientId(0), PAGE, filter));
        let page = page.map_err(|error| self.trouble(&error))?;
        Ok(page.into_iter().map(|entry| entry.address.as_str().to_owned()).collect())
    }

    /// Whether an address is a recipient of the campaign.
    pub(super) fn lists(&self, address: &str) -> Result<bool, Trouble> {
        let key = suppression::key(address);
        let mut after = RecipientId(0);
        loop {
            let page = self.runtime.block_on(self.ledger.page(after, PAGE, Filter::default()));
            let page = page.map_err(|error| self.trouble(&error))?;
            let Some(last) = page.last() else { return Ok(false) };
            after = last.id;
            if page.iter().any(|entry| suppression::key(entry.address.as_str()) == key) {
                return Ok(true);
            }
        }
    }

    fn trouble(&self, error: &LedgerError) -> Trouble {
        self.named.trouble(error)
    }
}
