//! `hongyan bulk status`: how a campaign stands.

mod object;
mod text;

use std::io::{IsTerminal as _, stdout};
use std::time::Duration;

use hongyan_bulk::ledger::{Ledger as _, LedgerError, Time};
use hongyan_bulk::report::Status;

use super::opened::{self, Named, Opened};
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::outcome::Manner;
use crate::cli::paint::{Color, Paint};
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::Language;
use crate::cli::trouble::Trouble;

/// How often `--watch` looks.
const AGAIN: Duration = Duration::from_secs(2);

/// Show how a campaign stands
///
/// Whether it runs, how many are where, how fast it goes, who was refused last and why, who is in doubt. Disturbs
/// nobody who runs it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk status payslips
  hongyan bulk status payslips --watch
  hongyan bulk status payslips --json | jq .states.accepted
  hongyan bulk status --ledger postgres://mail@db.example.org/mail

States: pending, leased (being prepared), in_data (being sent), accepted, deferred (not now; tried again where
`due` is set), rejected, in_doubt (it may have been taken: `hongyan bulk resolve`), suppressed, skipped.")]
pub(super) struct Args {
    #[command(flatten)]
    campaign: Named,

    /// Look again every two seconds, until everybody is settled and nobody runs it any more, or Ctrl-C
    #[arg(short, long)]
    watch: bool,

    /// Print an object; with --watch an object a line
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.status().map_or_else(|trouble| trouble.report("bulk status"), |()| Exit::Ok)
    }

    fn status(&self) -> Result<(), Trouble> {
        let runtime = runtime()?;
        let opened = self.campaign.read(&runtime)?;
        runtime.block_on(async {
            if self.watch { self.watched(&opened).await } else { self.once(&opened).await.map(drop) }
        })
    }

    /// Prints it; gives the number of lines, and whether there is something to come.
    async fn once(&self, opened: &Opened) -> Result<(usize, bool), Trouble> {
        let told = told(opened).await.map_err(|error| self.campaign.trouble(&error))?;
        let more = told.status.open() > 0 || !told.status.runners.is_empty();
        if self.json {
            let object = object::of(&told);
            let mut out = stdout().lock();
            let written =
                if self.watch { json::line(&mut out, &object) } else { json::pretty(&mut out, &object) };
            printed(written)?;
            return Ok((0, more));
        }
        let (language, paint) = (Language::of_the_environment(), Paint::on(&stdout(), Color::Auto));
        let text = text::of(&told, Manner { language, paint }, width());
        printed(std::io::Write::write_all(&mut stdout().lock(), text.as_bytes()))?;
        Ok((text.lines().count(), more))
    }

    async fn watched(&self, opened: &Opened) -> Result<(), Trouble> {
        let terminal = console::Term::stdout();
        loop {
            let (lines, more) = self.once(opened).await?;
            if !more {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(AGAIN) => {}
                _ = tokio::signal::ctrl_c() => return Ok(()),
            }
            if terminal.is_term() {
                // Where it cannot be cleared the next one stands below it.
                let _ = terminal.clear_last_lines(lines);
            }
        }
    }
}

async fn told(opened: &Opened) -> Result<Told<'_>, LedgerError> {
    let manifest = opened.ledger.manifest();
    let status = Status::of(&opened.ledger, Time::now()).await?;
    Ok(Told { status, manifest, provider: opened::provider(manifest), called: &opened.called })
}

/// All that is shown.
struct Told<'a> {
    status: Status,
    manifest: &'a hongyan_bulk::ledger::Manifest,
    provider: Option<&'static crate::proto::provider::Provider>,
    /// As a shell reads it.
    called: &'a opened::Called,
}

/// Columns of what is written to.
fn width() -> usize {
    const ELSEWHERE: usize = 100;
    const NARROWEST: usize = 40;
    if !stdout().is_terminal() {
        return ELSEWHERE;
    }
    usize::from(console::Term::stdout().size().1).max(NARROWEST)
}
