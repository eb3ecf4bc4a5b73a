//! `hongyan bulk pause` and `hongyan bulk resume`: asks every run of a campaign to wait, or lets them go on.

use hongyan_bulk::ledger::{Ledger as _, State};
use serde::Serialize;

use super::opened::{Called, Named};
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
    campaign: Named,

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
        let runtime = runtime()?;
        let opened = self.campaign.read(&runtime)?;
        let ledger = &opened.ledger;
        let (done, open) = runtime
            .block_on(async {
                let was_paused = ledger.paused().await?;
                ledger.pause(paused).await?;
                let running = !ledger.runners().await?.is_empty();
                let tally = ledger.tally().await?;
                let open = tally.of(State::Pending) + tally.of(State::Leased) + tally.of(State::Deferred);
                Ok((Done { paused, was_paused, running }, open))
            })
            .map_err(|error| self.campaign.trouble(&error))?;
        if self.json {
            return printed(json::line(&mut std::io::stdout().lock(), &done));
        }
        let language = Language::of_the_environment();
        say(&text(&done, open, &opened.called, language));
        Ok(())
    }
}

fn text(done: &Done, open: u64, called: &Called, language: Language) -> String {
    let Called { named, go_on } = called;
    match (done.paused, done.running) {
        (true, true) => language.choose(
            format!("Paused: what is being sent is finished. To go on: hongyan bulk resume {named}"),
            format!("已暂停：正在发送的邮件会发完。继续：hongyan bulk resume {named}"),
        ),
        (true, false) => language.choose(
            format!(
                "Paused. Nothing was running; a run started now waits until: hongyan bulk resume {named}"
            ),
            format!("已暂停。当前没有运行；现在启动也会等待，直到：hongyan bulk resume {named}"),
        ),
        (false, true) => language.choose("It goes on.".to_owned(), "继续运行。".to_owned()),
        (false, false) if open > 0 => language.choose(
            format!("No longer paused. Nothing is running; to go on: {go_on}"),
            format!("已解除暂停。当前没有运行；继续：{go_on}"),
        ),
        (false, false) => language
            .choose("No longer paused; nothing is left to be sent.", "已解除暂停；没有待发送的邮件。")
            .to_owned(),
    }
}
