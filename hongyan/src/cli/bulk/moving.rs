//! `hongyan bulk move`: takes a campaign into PostgreSQL, for many machines.

use std::path::{Path, PathBuf};

use clap::ValueHint;
use hongyan_bulk::campaign::LEDGER;
use hongyan_bulk::ledger::moving;
use hongyan_bulk::ledger::postgres::{Contents, Place};

use super::{making, worker};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::system::{printed, shell_word};
use crate::cli::terminal::{Language, say};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Move a campaign into PostgreSQL, so that several machines can send it
///
/// Everything goes along: who was answered what, connections, limits that are used up, templates and attachments. End a
/// run first (Ctrl-C); afterwards this folder's ledger can be read, but not run any more. Where the move breaks off, do it
/// again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hongyan bulk move payslips --to postgres://mail@db.example.org/mail
  hongyan worker --ledger postgres://mail@db.example.org/mail        # on each machine")]
pub(super) struct Args {
    /// The campaign's folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// The database: postgres://user@host:port/database; the password from PGPASSWORD or ~/.pgpass
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    to: String,
    /// Where templates and attachments go: `database`, or a folder that all machines see
    #[arg(long, value_name = "DIR|database", default_value = worker::DATABASE, value_hint = ValueHint::DirPath)]
    contents: PathBuf,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.go().map_or_else(|trouble| trouble.report("bulk move"), |()| Exit::Ok)
    }

    fn go(&self) -> Result<(), Trouble> {
        let place = Place::parse(&self.to).map_err(|error| making::ledger(&error))?;
        let campaign = making::campaign(&self.dir)?;
        let ledger = self.dir.join(LEDGER);
        let shown = shell_word(&self.dir.to_string_lossy());
        if !ledger.exists() {
            return Err(Trouble::new(
                Exit::NoInput,
                said(
                    "the campaign was not begun yet, so it has no ledger to move",
                    "活动还没有开始，没有可搬的账本",
                ),
                said(
                    format!("begin it with `hongyan bulk run {shown}`, end that with Ctrl-C, then move it"),
                    format!("先用 `hongyan bulk run {shown}` 开始，再按 Ctrl-C 结束，然后搬移"),
                ),
            ));
        }
        // Nothing is fetched, so nothing is cached.
        let cache = std::env::temp_dir();
        let contents = if self.contents == Path::new(worker::DATABASE) {
            Contents::database(&place, cache, worker::PATIENCE)
        } else {
            Contents::folder(self.contents.clone(), cache)
        };
        let moving = moving::move_to(&campaign, &ledger, &place, &contents, |_| {});
        let moved = making::runtime()?.block_on(moving).map_err(|error| making::ledger(&error))?;
        if self.json {
            let object = serde_json::json!({
                "campaign": moved.manifest.key,
                "name": moved.manifest.name,
                "letters": moved.manifest.letters,
                "recipients": moved.manifest.recipients,
                "files": moved.files,
                "was_there": moved.was_there,
            });
            return printed(json::line(&mut std::io::stdout().lock(), &object));
        }
        let (recipients, key, to) = (moved.manifest.recipients, &moved.manifest.key, shell_word(&self.to));
        say(&Language::of_the_environment().choose(
            format!(
                "Moved: {recipients} recipients, with all that is known of them. On each machine:\n  hongyan worker --ledger {to} --campaign {key}"
            ),
            format!("已搬移 {recipients} 位收件人及全部记录。在每台机器上运行：\n  hongyan worker --ledger {to} --campaign {key}"),
        ));
        Ok(())
    }
}
