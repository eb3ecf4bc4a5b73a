//! What the commands of a campaign have in common: opening it, its ledger and its letters, and what is said where that
//! does not work.

use std::path::Path;
use std::sync::Arc;

use hongyan_bulk::campaign::{Campaign, CampaignError, Change};
use hongyan_bulk::dkim::Signer;
use hongyan_bulk::ledger::{LedgerError, Manifest};
use hongyan_bulk::letter::Maker;
use hongyan_bulk::load::LoadError;
use hongyan_bulk::row::Columns;
use hongyan_bulk::run::Suppressed;
use tokio::runtime::{Builder, Runtime};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The campaign in a folder.
pub(super) fn campaign(dir: &Path) -> Result<Campaign, Trouble> {
    Campaign::open(dir).map_err(|error| wrong(&error))
}

/// Its letters as they were frozen.
pub(super) fn frozen(campaign: &Campaign, manifest: &Manifest) -> Result<Maker, Trouble> {
    Maker::frozen(campaign, manifest).map_err(|error| wrong(&error))
}

/// What is wrong with a campaign.
pub(super) fn wrong(error: &CampaignError) -> Trouble {
    Trouble::from(Exit::Data, (*error.problem).clone())
}

/// Why a ledger cannot be used.
pub(super) fn ledger(error: &LedgerError) -> Trouble {
    let exit = match error {
        LedgerError::Busy { .. } => Exit::TempFail,
        LedgerError::Damaged(_) | LedgerError::Newer(_) => Exit::Data,
        LedgerError::Failed(_) => Exit::Io,
        LedgerError::Refused(_) => Exit::NoPerm,
    };
    Trouble::from(exit, error.problem())
}

/// Threads for the connections, and for making letters on them.
pub(super) fn runtime() -> Result<Runtime, Trouble> {
    Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Trouble::new(
            Exit::Io,
            said(format!("the system gives no threads: {error}"), format!("系统无法创建线程：{error}")),
            said("look whether too many programs are running", "请检查运行的程序是否过多"),
        )
    })
}
