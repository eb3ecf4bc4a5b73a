//! `hongyan bulk retry`: puts those who were put off or refused back among those to be sent to.

use hongyan_bulk::ledger::{Ledger as _, Resolution, State, Time};
use hongyan_bulk::resolve::{Whom, decide};
use serde::Serialize;

use super::opened::{Called, Named};
use crate::cli::exit::Exit;
use crate::cli::figures::grouped;
use crate::cli::json;
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::{Language, say};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Try again those who were deferred or rejected
///
/// They become pending, and get the same letter with the same Message-ID when the campaign is run. Those who were
/// certainly not served only: whoever is in doubt is decided about with `hongyan bulk resolve`. Sending again and
/// again to addresses that do not exist makes providers refuse the rest, too: correct what was wrong before.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk retry payslips --only deferred
  hongyan bulk retry payslips --row 17 --row 23
  hongyan bulk run payslips")]
pub(super) struct Args {
    #[command(flatten)]
    campaign: Named,

    /// Only those in this state; without it both
    #[arg(long, value_name = "STATE")]
    only: Option<Only>,

    /// Only the recipients of this row, as the sheet counts; may be repeated
    #[arg(long = "row", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rows: Vec<u64>,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Only {
    Deferred,
    Rejected,
}

#[derive(Serialize)]
struct Done {
    /// How many are pending again.
    changed: u64,
    /// How many are pending in all.
    pending: u64,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.retry().map_or_else(|trouble| trouble.report("bulk retry"), |()| Exit::Ok)
    }

    fn retry(&self) -> Result<(), Trouble> {
        let runtime = runtime()?;
        let opened = self.campaign.deciding(&runtime)?;
        let ledger = &opened.ledger;
        let states = match self.only {
            Some(Only::Deferred) => vec![State::Deferred],
            Some(Only::Rejected) => vec![State::Rejected],
            None => vec![State::Deferred, State::Rejected],
        };
        let whom = Whom { states, rows: self.rows.clone() };
        let done = runtime
            .block_on(async {
                let changed = decide(ledger, &whom, Resolution::Resend, Time::now()).await?;
                Ok(Done { changed, pending: ledger.tally().await?.of(State::Pending) })
            })
            .map_err(|error| self.campaign.trouble(&error))?;
        if done.changed == 0 {
            return Err(self.nobody(&opened.called));
        }
        if self.json {
            return printed(json::line(&mut std::io::stdout().lock(), &done));
        }
        let (changed, go_on) = (grouped(done.changed), &opened.called.go_on);
        say(&Language::of_the_environment().choose(
            format!("{changed} put back among those to be sent to. To send: {go_on}"),
            format!("{changed} 位收件人已重新列为待发送。发送：{go_on}"),
        ));
        Ok(())
    }

    fn nobody(&self, called: &Called) -> Trouble {
        let named = &called.named;
        let (en, zh) = match self.only {
            Some(Only::Deferred) => ("deferred", "暂缓"),
            Some(Only::Rejected) => ("rejected", "被拒绝"),
            None => ("deferred or rejected", "暂缓或被拒绝"),
        };
        let (of_rows, of_rows_zh) =
            if self.rows.is_empty() { ("", "") } else { (" of these rows", "这些行中") };
        Trouble::new(
            Exit::Data,
            said(format!("nobody{of_rows} is {en}"), format!("{of_rows_zh}没有{zh}的收件人")),
            said(
                format!(
                    "look at who is where: hongyan bulk status {named}; those in doubt: hongyan bulk resolve {named}"
                ),
                format!("查看状态：hongyan bulk status {named}；处理不确定的：hongyan bulk resolve {named}"),
            ),
        )
    }
}
