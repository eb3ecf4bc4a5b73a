//! `hongyan bulk pause` and `hongyan bulk resume`: asks every run of a campaign to wait, or lets them go on.

use hongyan_bulk::ledger::{Ledger as _, State};
use serde::Serialize;

use super::opened::Folder;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::{Language, say};
use crate::cli::trouble::Trouble;

/// Pause a running campaign
///
/// A run that is under way stops taking new letters; what is being sent is finished. It stays paused, also when it
/// is started again, until `hongyan bulk resume`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk pause payslips
  hongyan bulk resume payslips")]
pub(super) struct Pause {
    #[command(flatten)]
    asked: Asked,
}

/// Let a paused campaign go on
#[derive(Debug, clap::Args)]
#[command(after_help = "  hongyan bulk resume payslips")]
pub(super) struct Resume {
    #[command(flatten)]
    asked: Asked,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
struct Asked {
    #[command(flatten)]
    folder: Folder,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Done {
    paused: bool,
    was_paused: bool,
    running: bool,
}

impl Pause {
    pub(super) fn run(self) -> Exit {
        self.asked.ask(true).map_or_else(|trouble| trouble.report("bulk pause"), |()| Exit::Ok)
    }
}

impl Resume {
    pub(super) fn run(self) -> Exit {
        self.asked.ask(false).map_or_else(|trouble| trouble.report("bulk resume"), |()| Exit::Ok)
    }
}

impl Asked {
    fn ask(&self, paused: bool) -> Result<(), Trouble> {
        let ledger = self.folder.read()?;
        let (done, open) = runtime()?
            .block_on(async {
                let was_paused = ledger.paused().await?;
                ledger.pause(paused).await?;
                let running = !ledger.runners().await?.is_empty();
                let tally = ledger.tally().await?;
                let open = tally.of(State::Pending) + tally.of(State::Leased) + tally.of(State::Deferred);
                Ok((Done { paused, was_paused, running }, open))
            })
            .map_err(|error| self.folder.trouble(&error))?;
        if self.json {
            return printed(json::line(&mut std::io::stdout().lock(), &done));
        }
        let language = Language::of_the_environment();
        say(&text(&done, open, &self.folder.shown(), language));
        Ok(())
    }
}

fn text(done: &Done, open: u64, folder: &str, language: Language) -> String {
    match (done.paused, done.running) {
        (true, true) => language.choose(
            format!("Paused: what is being sent is finished. To go on: hongyan bulk resume {folder}"),
            format!("已暂停：正在发送的邮件会发完。继续：hongyan bulk resume {folder}"),
        ),
        (true, false) => language.choose(
            format!(
                "Paused. Nothing was running; a run started now waits until: hongyan bulk resume {folder}"
            ),
            format!("已暂停。当前没有运行；现在启动也会等待，直到：hongyan bulk resume {folder}"),
        ),
        (false, true) => language.choose("It goes on.".to_owned(), "继续运行。".to_owned()),
        (false, false) if open > 0 => language.choose(
            format!("No longer paused. Nothing is running; to go on: hongyan bulk run {folder}"),
            format!("已解除暂停。当前没有运行；继续：hongyan bulk run {folder}"),
        ),
        (false, false) => language
            .choose("No longer paused; nothing is left to be sent.", "已解除暂停；没有待发送的邮件。")
            .to_owned(),
    }
}
