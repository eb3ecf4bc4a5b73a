//! A campaign's folder as a command names it, and its ledger.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use hongyan_bulk::campaign::{Config, LEDGER};
use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{LedgerError, Manifest};

use crate::account;
use crate::cli::exit::Exit;
use crate::cli::system::shell_word;
use crate::cli::trouble::Trouble;
use crate::proto::provider::Provider;
use crate::said::said;

/// The campaign's folder.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct Folder {
    /// The campaign's folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
}

impl Folder {
    /// The folder at this path.
    pub(super) fn at(dir: &std::path::Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// The ledger for reading, beside whoever runs the campaign.
    pub(super) fn read(&self) -> Result<Sqlite, Trouble> {
        self.there()?;
        Sqlite::read(&self.ledger()).map_err(|error| self.trouble(&error))
    }

    /// The ledger as a run has it: nobody runs the campaign meanwhile, and what a run that was cut off left open is
    /// decided (what was being sent is in doubt).
    pub(super) fn open(&self) -> Result<Sqlite, Trouble> {
        self.there()?;
        Sqlite::open(&self.ledger()).map_err(|error| self.trouble(&error))
    }

    /// The ledger for deciding about recipients: as a run has it, or beside the one that has it.
    pub(super) fn deciding(&self) -> Result<Sqlite, Trouble> {
        self.there()?;
        match Sqlite::open(&self.ledger()) {
            Err(LedgerError::Busy { .. }) => self.read(),
            opened => opened.map_err(|error| self.trouble(&error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// As a person would write it in a shell.
    pub(super) fn shown(&self) -> String {
        shell_word(&self.dir.to_string_lossy())
    }

    fn ledger(&self) -> PathBuf {
        self.dir.join(LEDGER)
    }

    /// A folder without a ledger is a campaign that was never run, or none.
    fn there(&self) -> Result<(), Trouble> {
        let dir = self.dir.display();
        if !self.dir.is_dir() {
            return Err(Trouble::new(
                Exit::NoInput,
                said(format!("there is no folder {dir}"), format!("没有文件夹 {dir}")),
                said("name the campaign's folder", "请指定群发活动的文件夹"),
            ));
        }
        if self.ledger().symlink_metadata().is_ok() {
            return Ok(());
        }
        let shown = self.shown();
        if self.dir.join(hongyan_bulk::campaign::FILE).is_file() {
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
                said("ask for the rights, and do it again", "请取得权限后重试"),
            ),
        }
    }
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
