//! A campaign as a command names it, by its folder or by the database it was moved to, and its ledger.
//!
//! The ledger in the folder says where it was moved to; a command that is given the folder follows it there. Once it was
//! moved the file knows nothing new, so it is never read in the database's place.

mod store;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueHint;
use hongyan_bulk::campaign::{Config, LEDGER};
use hongyan_bulk::ledger::postgres::{Options, Place, Postgres};
use hongyan_bulk::ledger::{Ledger as _, LedgerError, Manifest, Sqlite};
use tokio::runtime::Runtime;

pub(super) use self::store::Store;
use crate::account;
use crate::cli::exit::Exit;
use crate::cli::system::shell_word;
use crate::cli::trouble::Trouble;
use crate::proto::provider::Provider;
use crate::said::said;

/// How long a command that somebody waits for waits for a database that goes away meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// The campaign, by its folder or by its database.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Named {
    /// The campaign's folder; where the campaign was moved to PostgreSQL, it is found there
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "ledger")]
    dir: Option<PathBuf>,
    /// In place of DIR, the database it was moved to: postgres://user@host:port/database
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "dir")]
    ledger: Option<String>,
    /// The campaign in that database, by its name or its key; the only one there is where this says nothing
    #[arg(long, value_name = "NAME", requires = "ledger", conflicts_with = "dir")]
    campaign: Option<String>,
}

/// What a campaign is called in commands, as a shell reads it.
#[derive(Clone, Debug, Default)]
pub(super) struct Called {
    /// Its folder, or `--ledger` with its database.
    pub(super) named: String,
    /// The command that goes on sending it.
    pub(super) go_on: String,
}

impl Called {
    /// A campaign in its folder.
    pub(super) fn folder(dir: &Path) -> Self {
        let named = shell_word(&dir.to_string_lossy());
        Self { go_on: format!("hongyan bulk run {named}"), named }
    }

    /// A campaign in this database, as a person names it.
    pub(super) fn database(url: &str, campaign: Option<&str>) -> Self {
        let mut named = format!("--ledger {}", shell_word(url));
        if let Some(campaign) = campaign {
            named += &format!(" --campaign {}", shell_word(campaign));
        }
        Self { go_on: format!("hongyan worker {named}"), named }
    }
}

/// A campaign's ledger, opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) ledger: Store,
    /// What to call the campaign in the next command.
    pub(super) called: Called,
}

/// What for a ledger is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Reading,
    Running,
    Deciding,
}

impl Named {
    /// The campaign in the folder at this path.
    pub(super) fn at(dir: &Path) -> Self {
        Self { dir: Some(dir.to_owned()), ledger: None, campaign: None }
    }

    /// The ledger for reading, beside whoever runs the campaign.
    pub(super) fn read(&self, runtime: &Runtime) -> Result<Opened, Trouble> {
        self.opened(runtime, For::Reading)
    }

    /// The ledger as a run has it: nobody runs the campaign in its folder meanwhile, and what a run that was cut off left
    /// open is decided (what was being sent is in doubt). In a database others may be at it.
    pub(super) fn open(&self, runtime: &Runtime) -> Result<Opened, Trouble> {
        self.opened(runtime, For::Running)
    }

    /// The ledger for deciding about recipients: as a run has it, or beside the one that has it.
    pub(super) fn deciding(&self, runtime: &Runtime) -> Result<Opened, Trouble> {
        self.opened(runtime, For::Deciding)
    }

    fn opened(&self, runtime: &Runtime, what_for: For) -> Result<Opened, Trouble> {
        let Some(dir) = &self.dir else {
            let url = self.ledger.as_deref().unwrap_or_default();
            let campaign = self.campaign.as_deref();
            let ledger = runtime.block_on(connected(url, campaign)).map_err(|error| self.trouble(&error))?;
            return Ok(Opened { ledger, called: Called::database(url, campaign) });
        };
        there(dir)?;
        let path = dir.join(LEDGER);
        let trouble = |error: LedgerError| self.trouble(&error);
        let reading = Sqlite::read(&path).map_err(trouble)?;
        if let Some(url) = runtime.block_on(reading.moved_to()).map_err(trouble)? {
            return self.moved(runtime, dir, &url, &reading.manifest().key);
        }
        let ledger = match what_for {
            For::Reading => reading,
            For::Running | For::Deciding => {
                drop(reading);
                match Sqlite::open(&path) {
                    Err(LedgerError::Busy { .. }) if what_for == For::Deciding => Sqlite::read(&path),
                    opened => opened,
                }
                .map_err(trouble)?
            }
        };
        Ok(Opened { ledger: Store::Folder(Box::new(ledger)), called: Called::folder(dir) })
    }

    /// Follows a campaign from its folder to the database.
    fn moved(&self, runtime: &Runtime, dir: &Path, url: &str, key: &str) -> Result<Opened, Trouble> {
        let opened = runtime.block_on(connected(url, Some(key)));
        let ledger = opened.map_err(|error| match error {
            // The last word of a move is said by the database.
            LedgerError::Refused(why) => {
                let (dir, to) = (shell_word(&dir.to_string_lossy()), shell_word(url));
                Trouble::new(
                    Exit::NoPerm,
                    said(
                        format!("the campaign was moved to {url}: {}", why.en),
                        format!("活动已搬到 {url}：{}", why.zh),
                    ),
                    said(
                        format!(
                            "put the password into PGPASSWORD or ~/.pgpass, or ask for the rights; where the move broke off, do it again: hongyan bulk move {dir} --to {to}"
                        ),
                        format!(
                            "请把密码放入 PGPASSWORD 或 ~/.pgpass，或取得权限；如果搬移曾中断，请重做：hongyan bulk move {dir} --to {to}"
                        ),
                    ),
                )
            }
            other => self.trouble(&other),
        })?;
        Ok(Opened { ledger, called: Called::database(url, Some(key)) })
    }

    /// The campaign's folder, where it was named by that.
    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// As a person would write it in a shell.
    pub(super) fn shown(&self) -> String {
        match (&self.dir, &self.ledger) {
            (Some(dir), _) => Called::folder(dir).named,
            (None, url) => {
                Called::database(url.as_deref().unwrap_or_default(), self.campaign.as_deref()).named
            }
        }
    }

    /// Why the ledger does not do what it was asked, and what to do.
    pub(super) fn trouble(&self, error: &LedgerError) -> Trouble {
        let shown = self.shown();
        match error {
            LedgerError::Busy { process } => {
                let (en, zh) = match process {
                    Some(process) => (format!(" (process {process})"), format!("（进程 {process}）")),
                    None => Default::default(),
                };
                Trouble::new(
                    Exit::TempFail,
                    said(format!("the campaign is being run{en}"), format!("活动正在运行{zh}")),
                    said(
                        format!(
                            "wait until it has ended, or end it (Ctrl-C where it runs); meanwhile: hongyan bulk status {shown}"
                        ),
                        format!(
                            "请等它结束，或在运行它的窗口按 Ctrl-C；期间可查看：hongyan bulk status {shown}"
                        ),
                    ),
                )
            }
            LedgerError::Damaged(what) => Trouble::new(
                Exit::Data,
                what.clone(),
                said(
                    "keep the folder as it is, and restore the ledger from a copy; nothing was changed",
                    "请保持文件夹原样，并从备份恢复账本；没有做任何更改",
                ),
            ),
            LedgerError::Newer(what) => Trouble::new(
                Exit::Config,
                what.clone(),
                said("use the newer version of hongyan", "请使用更新版本的 hongyan"),
            ),
            LedgerError::Failed(what) => Trouble::new(
                Exit::Io,
                what.clone(),
                said(
                    "look at the disk (space, rights) and do it again; what was confirmed is kept",
                    "请检查磁盘空间和权限后重试；已确认的内容不会丢失",
                ),
            ),
            LedgerError::Away(what) => Trouble::new(
                Exit::TempFail,
                what.clone(),
                said("look at the database and the network, and do it again", "请检查数据库和网络后重试"),
            ),
            LedgerError::Refused(what) => Trouble::new(
                Exit::NoPerm,
                what.clone(),
                said(
                    "set right what it says (URL, password in PGPASSWORD or ~/.pgpass, rights), and do it again",
                    "请按提示改正（URL、PGPASSWORD 或 ~/.pgpass 中的密码、权限）后重试",
                ),
            ),
        }
    }
}

/// A folder without a ledger is a campaign that was never run, or none.
fn there(folder: &Path) -> Result<(), Trouble> {
    let dir = folder.display();
    if !folder.is_dir() {
        return Err(Trouble::new(
            Exit::NoInput,
            said(format!("there is no folder {dir}"), format!("没有文件夹 {dir}")),
            said("name the campaign's folder", "请指定群发活动的文件夹"),
        ));
    }
    if folder.join(LEDGER).symlink_metadata().is_ok() {
        return Ok(());
    }
    let shown = shell_word(&folder.to_string_lossy());
    if folder.join(hongyan_bulk::campaign::FILE).is_file() {
        return Err(Trouble::new(
            Exit::NoInput,
            said(
                format!("the campaign in {dir} was not started yet, so there is nothing to tell of"),
                format!("{dir} 中的活动还没有开始，没有可显示的内容"),
            ),
            said(
                format!("hongyan bulk check {shown}, then hongyan bulk run {shown}"),
                format!("先执行 hongyan bulk check {shown}，再执行 hongyan bulk run {shown}"),
            ),
        ));
    }
    Err(Trouble::new(
        Exit::NoInput,
        said(format!("{dir} is no campaign's folder"), format!("{dir} 不是群发活动的文件夹")),
        said(
            format!("name another, or make one: hongyan bulk new {shown}"),
            format!("请指定另一个，或新建：hongyan bulk new {shown}"),
        ),
    ))
}

/// The ledger in a database. A command answers for no letter, so it needs no journal.
async fn connected(url: &str, campaign: Option<&str>) -> Result<Store, LedgerError> {
    let place = Place::parse(url)?;
    let options = Options { patience: PATIENCE, ..Options::default() };
    Ok(Store::Database(Postgres::connect(&place, campaign, options).await?))
}

/// The accounts' names that a campaign is sent through.
pub(super) fn accounts(manifest: &Manifest) -> Vec<String> {
    let config: Config = toml::from_str(&manifest.campaign).unwrap_or_default();
    let named: Vec<String> = config.send.accounts.into_iter().map(|account| account.name).collect();
    if named.is_empty() { vec!["default".to_owned()] } else { named }
}

/// Whose servers a campaign is sent through, where that is one provider that is known.
pub(super) fn provider(manifest: &Manifest) -> Option<&'static Provider> {
    let path = account::config_path()?;
    let mut one = None;
    for name in accounts(manifest) {
        let account = account::load(&path, &name).ok()??;
        let address = [account.user, account.from].into_iter().flatten().find(|text| text.contains('@'))?;
        let known = Provider::of_domain(address.rsplit_once('@')?.1.trim_end_matches('>'))?;
        if one.is_some_and(|one: &Provider| one.name.en != known.name.en) {
            return None;
        }
        one = Some(known);
    }
    one
}
