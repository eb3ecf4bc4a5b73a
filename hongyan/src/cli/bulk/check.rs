//! `hongyan bulk check`: everything that can be found before the first mail leaves. The same look goes before each run.

mod before;
mod object;
mod text;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::ValueHint;
use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::Time;
use hongyan_bulk::pace::ProviderPace;
use hongyan_bulk::preflight::{self, AccountFacts, Checks, Code, Dns, Limits, Lookup, Report};
use hongyan_proto::address::Address;

use super::accounts::{self, Account};
use super::making;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::paint::{Color, Paint};
use crate::cli::progress::Bar;
use crate::cli::server;
use crate::cli::system::{printed, shell_word};
use crate::cli::terminal::Language;
use crate::cli::trouble::Trouble;

pub(super) use before::before;

/// Look everything over; nothing is sent
///
/// Every row is rendered, and everything that is wrong or doubtful is told at once, by row and column: addresses, files, sizes,
/// the sender, the pace, unsubscribing, and SPF, DKIM and DMARC where DNS answers. The three letters that differ most from an
/// ordinary one are shown. Exits with 0 where a run may begin, with 65 where an error stops it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hongyan bulk check payslips
  hongyan bulk check payslips --row 17
  hongyan bulk check payslips --json | jq '.findings[] | select(.severity == \"error\")'")]
pub(crate) struct Args {
    /// The campaign's folder
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: PathBuf,
    /// Only this row, as the sheet counts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    row: Option<u64>,
    /// Do not ask DNS
    #[arg(long)]
    offline: bool,
    /// Every finding that is kept (100 of each code), in place of the first few
    #[arg(long)]
    all: bool,
    /// This error is right as it is: address.doubled, file.doubled, file.other; may be repeated
    #[arg(long, value_name = "CODE")]
    accept: Vec<Code>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Options,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.go().unwrap_or_else(|trouble| trouble.report("bulk check"))
    }

    fn go(&self) -> Result<Exit, Trouble> {
        let campaign = making::campaign(&self.dir)?;
        // Without an account everything else can be looked at all the same; an account that a person names must be there.
        let accounts = match accounts::find(campaign.config(), &self.server) {
            Err(trouble) if self.server.names_one() => return Err(trouble),
            found => found.unwrap_or_default(),
        };
        let report = look(
            &campaign,
            &accounts,
            &Look { row: self.row, offline: self.offline, accepted: &self.accept },
        )?;
        let exit = if report.may_run() { Exit::Ok } else { Exit::Data };
        let out = &mut std::io::stdout().lock();
        if self.json {
            printed(json::pretty(out, &object::Object::of(&campaign.name(), &report)))?;
            return Ok(exit);
        }
        let text = text::Text {
            language: Language::of_the_environment(),
            paint: Paint::on(&std::io::stdout(), Color::Auto),
            columns: columns(),
            dir: &shell_word(&self.dir.to_string_lossy()),
            shown: if self.all { usize::MAX } else { text::SHOWN },
        };
        printed(std::io::Write::write_all(out, text.whole(&report).as_bytes()))?;
        Ok(exit)
    }
}

/// How wide the lines may be.
fn columns() -> usize {
    let terminal = console::Term::stdout();
    if terminal.is_term() { usize::from(terminal.size().1) } else { text::WIDEST }
}

/// What is wanted of a look.
struct Look<'a> {
    row: Option<u64>,
    offline: bool,
    accepted: &'a [Code],
}

/// Looks a campaign over, with a count of rows on a terminal while it takes long.
fn look(campaign: &Campaign, accounts: &[Account], wanted: &Look<'_>) -> Result<Report, Trouble> {
    let facts: Vec<AccountFacts> = accounts.iter().map(|one| one.facts(campaign)).collect();
    let suppressed = making::suppressed()?;
    // The list that cannot be read is told of at the end; until then nobody is on it.
    let broken = OnceLock::new();
    let suppressed = |address: &str| match suppressed(&Address::parse(address).ok()?) {
        Ok(why) => why,
        Err(error) => {
            let _ = broken.set(error);
            None
        }
    };
    // Through a server on this machine nobody knows who sends in the end.
    let asks = !wanted.offline && accounts.iter().any(|one| !one.target.server.is_loopback());
    let dns = if asks { Dns::of_the_system().ok() } else { None };
    let checks = Checks {
        accounts: &facts,
        from: accounts.first().and_then(|one| one.sender.as_ref()),
        now: Time::now(),
        dns: dns.as_ref().map(|dns| dns as &dyn Lookup),
        suppressed: Some(&suppressed),
        accepted: wanted.accepted,
        row: wanted.row,
    };
    let bar = Bar::counting();
    let report = preflight::check(campaign, &checks, &mut |rows| bar.stands_at(rows));
    drop(bar);
    match broken.get() {
        Some(error) => Err(making::ledger(error)),
        None => Ok(report),
    }
}

impl Account {
    /// What preflight is told of it.
    fn facts(&self, campaign: &Campaign) -> AccountFacts {
        let provider = self.target.provider();
        AccountFacts {
            name: self.name.clone(),
            host: self.target.server.host.clone(),
            login: self.target.user.clone(),
            provider,
            size: None,
            limits: Limits::of(campaign.config(), self.wanted.as_ref(), ProviderPace::of(provider)),
        }
    }
}
