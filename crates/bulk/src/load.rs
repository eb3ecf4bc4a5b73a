//! Loading: a campaign is frozen, and its sheet becomes a ledger. From here on nothing is read from the sheet any more.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use hongyan_mime::address::Mailbox;
use hongyan_proto::address::Address;
use hongyan_proto::said::{Problem, said};

use crate::campaign::{Campaign, CampaignError, FILE, LEDGER, Place, error_of_path};
use crate::ledger::{LedgerError, LetterToLoad, Role, Sqlite, Time};
use crate::letter::{Addressed, Maker, RowError};
use crate::recipients::{Options, Sheet, SheetError};
use crate::row::Row;

/// Why a campaign could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The campaign itself.
    Campaign(CampaignError),
    /// Its sheet.
    Sheet(SheetError),
    /// A row of it.
    Row(RowError),
    /// The ledger cannot be written, or there is one.
    Ledger(LedgerError),
}

impl LoadError {
    /// What is wrong, and what to do next.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Campaign(error) => (*error.problem).clone(),
            Self::Sheet(error) => error.problem(),
            Self::Row(error) => error.said(),
            Self::Ledger(error) => error.problem(),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl std::error::Error for LoadError {}

/// A campaign's sheet, opened as the campaign says.
///
/// # Errors
/// [`LoadError::Campaign`] where it is not in the folder, [`LoadError::Sheet`] where it cannot be read.
pub fn sheet(campaign: &Campaign) -> Result<Sheet, LoadError> {
    let config = &campaign.config().recipients;
    let options = Options {
        sheet: config.sheet.clone(),
        header: config.header,
        delimiter: config.delimiter,
        charset: config.charset.clone(),
    };
    let path = campaign.sheet().map_err(|error| {
        LoadError::Campaign(error_of_path(campaign.place(&["recipients", "file"]), &error))
    })?;
    Sheet::open(&path, &options).map_err(LoadError::Sheet)
}

/// Freezes the campaign and makes its ledger, in its folder, opened for running. `key` is what its Message-IDs are made
/// of; `account` is the sender where the campaign names none; `loaded` hears how many letters there are so far.
///
/// # Errors
/// The first thing that is wrong; nothing was made then. Preflight finds all of them at once.
pub fn load(
    campaign: &Campaign,
    key: &str,
    account: Option<&Mailbox>,
    loaded: impl FnMut(u64),
) -> Result<Sqlite, LoadError> {
    let folder = campaign.folder().unwrap_or(Path::new("."));
    load_at(campaign, &folder.join(LEDGER), key, account, loaded)
}

/// As [`load`], with the ledger somewhere else.
///
/// # Errors
/// As [`load`].
pub fn load_at(
    campaign: &Campaign,
    ledger: &Path,
    key: &str,
    account: Option<&Mailbox>,
    mut loaded: impl FnMut(u64),
) -> Result<Sqlite, LoadError> {
    let sheet = sheet(campaign)?;
    let manifest = campaign.freeze(key, Time::now(), sheet.columns().names()).map_err(LoadError::Campaign)?;
    let maker = Maker::frozen(campaign, &manifest).map_err(LoadError::Campaign)?;
    let mut loader = Sqlite::create(ledger, manifest).map_err(LoadError::Ledger)?;
    let mut letters = 0;
    for row in sheet.rows() {
        let row = row.map_err(LoadError::Sheet)?;
        let files = maker.own_files(&row).map_err(LoadError::Row)?;
        for path in &files {
            let frozen = campaign
                .frozen(path)
                .map_err(|error| LoadError::Row(maker.own_file_error(&row, path, &error)))?;
            loader.file(path, &frozen).map_err(LoadError::Ledger)?;
        }
        let addressed = maker.addressed(&row, account).map_err(LoadError::Row)?;
        let recipients = recipients(addressed, &row)?;
        loader.add(&LetterToLoad { row, recipients, files }).map_err(LoadError::Ledger)?;
        letters += 1;
        loaded(letters);
    }
    loader.finish().map_err(LoadError::Ledger)
}

/// Each address once, as it is first named.
pub fn recipients(addressed: Addressed, row: &Row) -> Result<Vec<(Role, Address)>, LoadError> {
    let Addressed { to, cc, bcc, .. } = addressed;
    let mut seen = HashSet::new();
    let mut recipients = Vec::with_capacity(to.len());
    for (role, list) in [(Role::To, to), (Role::Cc, cc), (Role::Bcc, bcc)] {
        for mailbox in list {
            let address = Address::parse(&mailbox.address).map_err(|error| {
                LoadError::Row(RowError::new(
                    row.number,
                    Place::file(FILE),
                    None,
                    said(error.to_string(), error.to_string()),
                    said("correct the address in the sheet", "请在表格中更正这个地址"),
                ))
            })?;
            let same = (address.local().to_owned(), address.domain().to_ascii_lowercase());
            if seen.insert(same) {
                recipients.push((role, address));
            }
        }
    }
    Ok(recipients)
}
