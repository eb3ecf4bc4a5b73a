//! What the commands of a campaign have in common: opening it, its ledger and its letters, and what is said where that
//! does not work.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hongyan_bulk::campaign::{Campaign, CampaignError, Change};
use hongyan_bulk::ledger::{LedgerError, Manifest};
use hongyan_bulk::letter::Maker;
use hongyan_bulk::run::Suppressed;
use hongyan_bulk::suppression::{self, Suppressions};
use tokio::runtime::{Builder, Runtime};

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The campaign in a folder.
pub(super) fn campaign(dir: &Path) -> Result<Campaign, Trouble> {
    Campaign::open(dir).map_err(|error| wrong(&error))
}

/// Its letters as they were frozen, signed and with tokens where it says so.
pub(super) fn frozen(campaign: &Campaign, manifest: &Manifest) -> Result<Maker, Trouble> {
    let maker = Maker::frozen(campaign, manifest).map_err(|error| wrong(&error))?;
    maker.with_secrets(campaign).map_err(|problem| Trouble::from(Exit::Config, *problem))
}

/// What is wrong with a campaign.
pub(super) fn wrong(error: &CampaignError) -> Trouble {
    Trouble::from(Exit::Data, (*error.problem).clone())
}

/// Why a ledger cannot be used.
pub(super) fn ledger(error: &LedgerError) -> Trouble {
    let exit = match error {
        LedgerError::Busy { .. } | LedgerError::Away(_) => Exit::TempFail,
        LedgerError::Damaged(_) => Exit::Data,
        LedgerError::Newer(_) => Exit::Config,
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

/// Says what was edited after the campaign was begun; `untouched` names the ledger where nobody was written to yet.
pub(super) fn changed(changes: &[Change], untouched: Option<&Path>) -> Trouble {
    let all = changes.iter().map(Change::problem).collect::<Vec<_>>();
    let joined = |pick: fn(&crate::said::Said) -> &String, by: &str| {
        all.iter().map(|one| pick(&one.what).clone()).collect::<Vec<_>>().join(by)
    };
    let what = said(joined(|what| &what.en, "; "), joined(|what| &what.zh, "；"));
    let next = match untouched.map(|path| crate::cli::system::shell_word(&path.to_string_lossy())) {
        Some(path) => said(
            format!("nobody was written to yet: `rm {path}`, and the next run begins with what is there now"),
            format!("尚未给任何人发送：执行 `rm {path}`，下次运行将按现在的内容开始"),
        ),
        None => all.first().map_or_else(|| said("", ""), |one| one.next.clone()),
    };
    Trouble::new(Exit::Data, what, next)
}

/// Who is not to be written to, in any campaign: whoever is on the suppression list, where there is one.
pub(super) fn suppressed() -> Result<Suppressed, Trouble> {
    let Some(path) = suppression::default_path().filter(|path| path.exists()) else {
        return Ok(Arc::new(hongyan_bulk::run::NEVER_SUPPRESSED));
    };
    let list = Suppressions::open(&path).map_err(|error| super::suppress::trouble(&error))?;
    Ok(Arc::new(move |address| match list.contains(address.as_str()) {
        Ok(cause) => Ok(cause.map(|cause| cause.name())),
        // Nobody is written to while nobody knows who must not be.
        Err(error) => Err(LedgerError::Failed(error.problem().what)),
    }))
}

/// Everything that can be found before the first mail leaves; `accepted` is what a person has found to be right.
pub(super) fn checked(
    campaign: &Campaign,
    accounts: &[super::accounts::Account],
    accepted: &[hongyan_bulk::preflight::Code],
) -> Result<(), Trouble> {
    super::check::before(campaign, accounts, accepted)
}

/// The list of those who get no more mail: the one that is named, else `hongyan/suppressions.sqlite` in the XDG data
/// folder.
pub(super) fn list(named: Option<&Path>) -> Result<PathBuf, Trouble> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = || {
        set("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".local").join("share")))
    };
    named
        .map(Path::to_owned)
        .or_else(|| Some(folder()?.join("hongyan").join("suppressions.sqlite")))
        .ok_or_else(|| {
            Trouble::new(
                Exit::Config,
                said(
                    "no home folder is known for the list of those who get no more mail",
                    "不知道主目录，无法存放退订名单",
                ),
                said("set HOME, or name the file with --list", "请设置 HOME，或用 --list 指定文件"),
            )
        })
}
