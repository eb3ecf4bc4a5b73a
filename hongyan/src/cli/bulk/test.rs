//! `hongyan bulk test`: a row's letter, through the real account, to oneself.

use std::path::PathBuf;
use std::sync::Arc;

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::{LetterToLoad, Memory, Role, Time};
use hongyan_bulk::letter::Maker;
use hongyan_bulk::load;
use hongyan_bulk::row::Row;
use hongyan_bulk::run::Composer;
use hongyan_proto::address::Address;

use super::run::{Purpose, Sending, options};
use super::{accounts, making};
use crate::cli::exit::Exit;
use crate::cli::server;
use crate::cli::system::random;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Send the letter of one row to yourself, through the real account
///
/// The letter is what the row's reader would get, `To` and all; only the envelope is another one. The campaign stays as
/// it is: not begun.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  hongyan bulk test payslips --to me@example.org
  hongyan bulk test payslips --row 17 --to me@example.org --to you@example.org")]
pub(crate) struct Args {
    /// The campaign's folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Who gets it
    #[arg(long, value_name = "ADDRESS", required = true)]
    to: Vec<String>,
    /// Whose letter: the row as the sheet counts; without this the first one
    #[arg(long, value_name = "N")]
    row: Option<u64>,
    /// A line of JSON on standard output for each event
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: server::Options,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.go().unwrap_or_else(|trouble| trouble.report("bulk test"))
    }

    fn go(&self) -> Result<Exit, Trouble> {
        let campaign = making::campaign(&self.dir)?;
        let to = self.to.iter().map(|to| {
            let refused = |error: hongyan_proto::address::AddressError| {
                Trouble::new(
                    Exit::Usage,
                    said(format!("--to: {error}"), format!("--to：{error}")),
                    said("write an address: me@example.org", "请写一个邮箱地址：me@example.org"),
                )
            };
            Address::parse(to).map(|address| (Role::To, address)).map_err(refused)
        });
        let to = to.collect::<Result<Vec<_>, _>>()?;
        let accounts = accounts::find(campaign.config(), &self.server)?;
        let (maker, ledger) = self.letter(&campaign, to)?;
        let routes = accounts.iter().take(1).map(|one| one.route(campaign.config()));
        let routes = routes.collect::<Result<_, _>>()?;
        let mut options = options(&campaign);
        (options.once, options.hours) = (true, None);
        let (ledger, senders) = (Arc::new(ledger), accounts::senders(&accounts));
        let composer = Arc::new(Composer::new(campaign, maker, ledger.clone(), senders));
        let sending = Sending { routes, options, json: self.json, purpose: Purpose::Test(&self.dir) };
        let ended = making::runtime()?.block_on(sending.send(ledger, composer))?;
        Ok(sending.report(&ended))
    }

    /// The letter alone in a ledger of its own.
    fn letter(&self, campaign: &Campaign, to: Vec<(Role, Address)>) -> Result<(Maker, Memory), Trouble> {
        let failed = |error: load::LoadError| Trouble::from(Exit::Data, error.problem());
        let sheet = load::sheet(campaign).map_err(failed)?;
        let key = random::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut manifest = campaign
            .freeze(&key, Time::now(), sheet.columns().names())
            .map_err(|error| making::wrong(&error))?;
        let maker = making::frozen(campaign, &manifest)?;
        let row = self.find(sheet.rows())?;
        let row_failed = |error: hongyan_bulk::letter::RowError| Trouble::from(Exit::Data, error.said());
        let files = maker.own_files(&row).map_err(row_failed)?;
        for path in &files {
            let frozen = campaign.frozen(path);
            let frozen = frozen.map_err(|error| row_failed(maker.own_file_error(&row, path, &error)))?;
            manifest.files.insert(path.clone(), frozen);
        }
        let letter = LetterToLoad { row, recipients: to, files };
        Ok((maker, Memory::new(manifest, [letter])))
    }

    fn find(
        &self,
        rows: impl Iterator<Item = Result<Row, hongyan_bulk::recipients::SheetError>>,
    ) -> Result<Row, Trouble> {
        for row in rows {
            let row = row.map_err(|error| Trouble::from(Exit::Data, error.problem()))?;
            if self.row.is_none_or(|wanted| wanted == row.number) {
                return Ok(row);
            }
        }
        let (en, zh) = match self.row {
            Some(number) => (format!("the sheet has no row {number}"), format!("表格中没有第 {number} 行")),
            None => ("the sheet has no rows".to_owned(), "表格中没有数据行".to_owned()),
        };
        Err(Trouble::new(
            Exit::Data,
            said(en, zh),
            said("the rows are counted as the sheet shows them", "行号以表格中显示的为准"),
        ))
    }
}
