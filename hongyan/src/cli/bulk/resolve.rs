//! `hongyan bulk resolve`: those in doubt: who they are, whether their mail is among the sent, and what becomes of them.

mod list;
mod search;

use std::collections::BTreeMap;
use std::io::stdout;
use std::time::Duration;

use hongyan_bulk::ledger::{Ledger as _, Resolution, State, Time};
use hongyan_bulk::resolve::{Whom, decide};
use serde::Serialize;

use super::opened::{Called, Named};
use crate::cli::exit::Exit;
use crate::cli::figures::grouped;
use crate::cli::json;
use crate::cli::server;
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::{Language, say};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Show those in doubt, and decide about them
///
/// Somebody is in doubt when the letter left whole and no answer came: they may have it or not. Without further options
/// they are listed. Nothing is ever sent again unless you say so; a letter that is sent again has the same Message-ID, so
/// that many mailboxes show only one of the two.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk resolve payslips
  hongyan bulk resolve payslips --search-sent
  hongyan bulk resolve payslips --search-sent --resend --all
  hongyan bulk resolve payslips --row 17 --found
  hongyan bulk resolve payslips --all --skip

A search proves what it finds. What it does not find proves nothing: most servers keep no copy of what programs
send (Gmail, Outlook and Microsoft 365 do, QQ and 163 where the user has turned that on), and a copy may come late.

Exit code 75: somebody is still in doubt.")]
pub(super) struct Args {
    #[command(flatten)]
    campaign: Named,

    /// Look for their Message-IDs in the account's folder for sent mail (IMAP); whoever is found becomes accepted
    #[arg(long)]
    search_sent: bool,

    /// The folder to look in, in place of the one that the server says is for sent mail
    #[arg(long = "in", value_name = "NAME", requires = "search_sent")]
    sent_folder: Option<String>,

    /// How long to look again for those who were not found
    #[arg(long, value_name = "SECONDS", default_value_t = 60, requires = "search_sent",
        value_parser = clap::value_parser!(u32).range(0..=3_600))]
    wait: u32,

    /// They have it: you know so. They become accepted
    #[arg(long, group = "decision")]
    found: bool,

    /// Send them the same letter again with the next run
    #[arg(long, group = "decision")]
    resend: bool,

    /// Leave it so, and do not ask again
    #[arg(long, group = "decision")]
    skip: bool,

    /// Only the recipients of this row, as the sheet counts; may be repeated
    #[arg(long = "row", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    rows: Vec<u64>,

    /// All of those in doubt
    #[arg(long, conflicts_with = "rows")]
    all: bool,

    /// Print an object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    server: server::Receiving,
}

/// What was done, for programs.
#[derive(Serialize)]
struct Done {
    searched: Vec<search::Searched>,
    decided: u64,
    in_doubt: u64,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.resolve().unwrap_or_else(|trouble| trouble.report("bulk resolve"))
    }

    fn resolve(&self) -> Result<Exit, Trouble> {
        let decision = self.decision();
        if decision.is_some() && self.rows.is_empty() && !self.all {
            return Err(Trouble::new(
                Exit::Usage,
                said("nobody is named to decide about", "没有指明要处理谁"),
                said("add --row N for those of a row, or --all", "请加上 --row N 指定行，或 --all"),
            ));
        }
        let whom = Whom { states: vec![State::InDoubt], rows: self.rows.clone() };
        if decision.is_none() && !self.search_sent {
            return list::print(&self.campaign, &whom, self.json);
        }
        // What is found is recorded with where it is, which only a run's ledger takes.
        let runtime = runtime()?;
        let opened = match self.search_sent {
            true => self.campaign.open(&runtime)?,
            false => self.campaign.deciding(&runtime)?,
        };
        let ledger = &opened.ledger;
        let broken = |error| self.campaign.trouble(&error);
        let mut done = Done { searched: Vec::new(), decided: 0, in_doubt: 0 };
        if runtime.block_on(ledger.tally()).map_err(broken)?.of(State::InDoubt) > 0 {
            if self.search_sent {
                let wait = Duration::from_secs(self.wait.into());
                let folder = self.sent_folder.as_deref();
                let search = search::Search { server: &self.server, folder, wait, quiet: self.json };
                done.searched = search.run(&runtime, &self.campaign, ledger, &whom)?;
            }
            if let Some(how) = decision {
                done.decided = runtime.block_on(decide(ledger, &whom, how, Time::now())).map_err(broken)?;
            }
        }
        done.in_doubt = runtime.block_on(ledger.tally()).map_err(broken)?.of(State::InDoubt);
        self.tell(decision, &done, &opened.called)?;
        Ok(if done.in_doubt > 0 { Exit::TempFail } else { Exit::Ok })
    }

    fn decision(&self) -> Option<Resolution> {
        match (self.found, self.resend, self.skip) {
            (true, ..) => Some(Resolution::Found),
            (_, true, _) => Some(Resolution::Resend),
            (.., true) => Some(Resolution::Skip),
            _ => None,
        }
    }

    fn tell(&self, decision: Option<Resolution>, done: &Done, called: &Called) -> Result<(), Trouble> {
        if self.json {
            return printed(json::pretty(&mut stdout().lock(), done));
        }
        let language = Language::of_the_environment();
        let (decided, Called { named, go_on }) = (grouped(done.decided), called);
        match decision {
            Some(Resolution::Found) => say(&language.choose(
                format!("{decided} accepted by your word"),
                format!("{decided} 位收件人按您的确认列为已接受"),
            )),
            Some(Resolution::Resend) => say(&language.choose(
                format!("{decided} to be sent to again. To send: {go_on}"),
                format!("{decided} 位收件人将重新发送。发送：{go_on}"),
            )),
            Some(Resolution::Skip) => {
                say(&language.choose(format!("{decided} skipped"), format!("已跳过 {decided} 位收件人")))
            }
            None => {}
        }
        let left = grouped(done.in_doubt);
        say(&if done.in_doubt == 0 {
            language.choose("Nobody is in doubt.", "没有不确定的收件人。").to_owned()
        } else {
            language.choose(
                format!("{left} still in doubt: hongyan bulk resolve {named}"),
                format!("仍有 {left} 位不确定：hongyan bulk resolve {named}"),
            )
        });
        Ok(())
    }
}

/// Those that are sent to through each account.
type ByAccount<T> = BTreeMap<String, T>;
