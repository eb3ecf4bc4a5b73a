//! Which Maildir a command works on: the options about it, and the order in which options, environment and
//! configuration are asked.
//!
//! `--maildir`; else the `maildir` of the account named by `--account`; else `HONGYAN_MAILDIR`; else the
//! `maildir` of the account called `default`; else `Mail` in the home folder. As with the server, what a person
//! names now counts before what they wrote down once.

mod held;
mod index;
mod trouble;
mod which;

use std::env;
use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::exit::Exit;
use super::server;
use super::trouble::Trouble;
use crate::account::{self, Account};
use crate::said::said;

pub(crate) use index::ask;
pub(crate) use trouble::{not_opened, unusable};
pub(crate) use which::Chosen;

/// The Maildir of somebody who named none, in their home folder.
const USUAL: &str = "Mail";

/// The options about the Maildir.
#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "The mailbox")]
pub(crate) struct Options {
    /// The Maildir; HONGYAN_MAILDIR stands in for this option. Without both: the account's `maildir`, else ~/Mail
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "account")]
    maildir: Option<PathBuf>,
    /// An account of the configuration; without this and --maildir, the one called `default`
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

impl Options {
    /// For a command that has found its account by itself.
    pub(crate) fn of(maildir: Option<&Path>, account: Option<&str>) -> Self {
        Self { maildir: maildir.map(Path::to_owned), account: account.map(str::to_owned) }
    }

    /// The Maildir's path, whether it exists or not.
    pub(crate) fn path(&self) -> Result<PathBuf, Trouble> {
        if self.maildir.is_some() {
            return choose(self.maildir.as_deref(), None, false);
        }
        let name = self.account.as_deref();
        let path = account::config_path();
        let found = match &path {
            Some(path) => account::load(path, name.unwrap_or("default"))
                .map_err(|problem| Trouble::from(Exit::Config, problem))?,
            None => None,
        };
        match (name, found) {
            (Some(name), None) => Err(server::no_account(name, path.as_deref())),
            (name, found) => choose(None, found.as_ref(), name.is_some()),
        }
    }
}

/// The Maildir's path: `maildir` where that was named, else by the account (`named` where a person named it).
pub(crate) fn choose(
    maildir: Option<&Path>,
    account: Option<&Account>,
    named: bool,
) -> Result<PathBuf, Trouble> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_account = account.and_then(|account| account.maildir.clone());
    let (first, last) = if named { (of_account, None) } else { (None, of_account) };
    maildir
        .map(Path::to_owned)
        .or(first)
        .or_else(|| set("HONGYAN_MAILDIR"))
        .or(last)
        .or_else(|| Some(set("HOME")?.join(USUAL)))
        .ok_or_else(|| {
            Trouble::new(
                Exit::Config,
                said("no Maildir is named, and no home folder is known", "没有指定 Maildir，也找不到主目录"),
                said("name one with --maildir", "请用 --maildir 指定"),
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_counts_before_what_is_configured() {
        let of = |path: &str| Account { maildir: Some(path.into()), ..Account::default() };
        assert_eq!(choose(Some(Path::new("/a")), Some(&of("/b")), true).ok(), Some("/a".into()));
        assert_eq!(choose(None, Some(&of("/b")), true).ok(), Some("/b".into()));
    }
}
