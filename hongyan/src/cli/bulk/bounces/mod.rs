//! `hongyan bulk bounces`: reads what came back, says what it means, and strikes off whom it must.
//!
//! `docs/bounces.md` has the rules; `hongyan_bulk::bounce` reads, `settle` decides for each mail, `source` finds the mails.

mod campaign;
mod settle;
mod show;
mod source;

use std::path::{Path, PathBuf};

use clap::ValueHint;
use hongyan_bulk::suppression::Rule;
use hongyan_bulk::token::{self, Key};

use self::campaign::Letters;
use self::settle::{Settled, Settler};
use self::show::Screen;
use super::suppress::List;
use crate::cli::exit::Exit;
use crate::cli::server::Receiving;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Read bounces, complaints and unsubscriptions
///
/// Says for each who was not delivered to, whether for good, why, and in whose words. Addresses that do not exist,
/// readers who complained and who unsubscribed go on the suppression list; full mailboxes and the like are counted
/// first. Holiday replies, delays and ordinary mail change nothing. A mail counts once, however often it is read.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk bounces payslips --account default       # fetch the account's INBOX, and read it
  hongyan bulk bounces payslips --maildir ~/Mail/.Bounces
  hongyan bulk bounces returned.eml archive.mbox --dry-run
  hongyan bulk bounces --maildir ~/Mail --json | jq 'select(.hard)'

With a campaign's folder the address is that of the row, even where the report names another, and who unsubscribes
by subject must be a recipient of it. docs/bounces.md has the reasons and when they suppress.")]
pub(super) struct Args {
    /// A campaign's folder first, if any; then mails: files, mbox files, folders of them, Maildirs
    #[arg(value_name = "DIR|FILE", value_hint = ValueHint::AnyPath)]
    paths: Vec<PathBuf>,
    /// Read this Maildir
    #[arg(long, value_name = "PATH", value_hint = ValueHint::DirPath)]
    maildir: Option<PathBuf>,
    /// With an account: a folder to fetch besides INBOX (IMAP). Can be given several times
    #[arg(long = "folder", value_name = "NAME")]
    folders: Vec<String>,
    /// How many soft bounces suppress an address (on two days at least); 0: never
    #[arg(long, value_name = "N", default_value_t = Rule::default().soft)]
    soft: u32,
    /// Change nothing, only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Print an object for each recipient, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    list: List,
    #[command(flatten)]
    server: Receiving,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.done().map_or_else(|trouble| trouble.report("bulk bounces"), |()| Exit::Ok)
    }

    fn done(mut self) -> Result<(), Trouble> {
        let dir = self.paths.first().filter(|path| campaign::is_one(path)).cloned();
        if dir.is_some() {
            self.paths.remove(0);
        }
        let letters = dir.as_deref().map(Letters::open).transpose()?;
        let key = match &letters {
            Some(letters) => letters.key()?,
            None => usual_key()?,
        };
        let list = self.list.open()?;
        let mut settler = Settler { list, letters, rule: Rule { soft: self.soft }, dry_run: self.dry_run };
        let mut screen = Screen::new(self.json, self.dry_run);
        let found = self.mails()?;
        source::each(
            &found,
            &mut |name, raw| {
                let settled: Vec<Settled> = settler.settle(raw, key.as_ref())?;
                screen.show(name, &settled)
            },
            &mut |name, why| show::refused(name, why),
        )?;
        screen.end()
    }

    /// Where the mails are; fetched first where an account is named, or nothing else.
    fn mails(&mut self) -> Result<Vec<PathBuf>, Trouble> {
        let mut found = std::mem::take(&mut self.paths);
        found.extend(self.maildir.take());
        let names_one = self.server.names_one();
        if found.is_empty() && !names_one {
            return Err(Trouble::new(
                Exit::Usage,
                said("nothing is named to be read", "没有指定要读取的邮件"),
                said(
                    "name an account (--account default), a Maildir (--maildir PATH) or files",
                    "请指定账户（--account default）、Maildir（--maildir 路径）或文件",
                ),
            ));
        }
        if names_one {
            found.push(source::fetched(&self.server, std::mem::take(&mut self.folders))?);
        }
        Ok(found)
    }
}

/// The key at its usual place, where there is one.
fn usual_key() -> Result<Option<Key>, Trouble> {
    let path = token::default_path().filter(|path| path.exists());
    path.as_deref().map(open_key).transpose()
}

fn open_key(path: &Path) -> Result<Key, Trouble> {
    Key::open(path).map_err(|error| Trouble::from(Exit::Config, error.problem()))
}
