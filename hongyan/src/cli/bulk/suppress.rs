//! `hongyan bulk suppress`: the list of those who are not written to any more, in any campaign.

use std::fs::File;
use std::io::{self, Write as _, stdout};
use std::path::PathBuf;

use clap::{Subcommand, ValueHint};
use hongyan_bulk::ledger::Time;
use hongyan_bulk::suppression::{self, Cause, Entry, SuppressionError, Suppressions};
use serde_json::{Value, json};

use super::words;
use crate::cli::exit::Exit;
use crate::cli::figures::grouped;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::system::printed;
use crate::cli::terminal::{Language, safe};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Entries that are read at a time.
const PAGE: usize = 1_000;
/// Columns of an address.
const ADDRESS: usize = 36;
/// Columns of a reason.
const REASON: usize = 26;

/// The list that a command uses.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(super) struct List {
    /// The list; without this, hongyan/suppressions.sqlite in the data folder (~/.local/share)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    list: Option<PathBuf>,
}

impl List {
    /// Opens it; an empty one is made where there is none.
    pub(super) fn open(&self) -> Result<Suppressions, Trouble> {
        let path = self.list.clone().or_else(suppression::default_path).ok_or_else(|| {
            Trouble::new(
                Exit::Config,
                said("no home folder is known for the suppression list", "不知道主目录，无法存放禁发名单"),
                said("set HOME, or name a file with --list FILE", "请设置 HOME，或用 --list 指定文件"),
            )
        })?;
        Suppressions::open(&path).map_err(|error| trouble(&error))
    }
}

/// What the list says is wrong.
pub(super) fn trouble(error: &SuppressionError) -> Trouble {
    let exit = match error {
        SuppressionError::Damaged { .. }
        | SuppressionError::Address { .. }
        | SuppressionError::Import { .. }
        | SuppressionError::Csv { .. } => Exit::Data,
        SuppressionError::Newer { .. } => Exit::Config,
        SuppressionError::Busy { .. } => Exit::TempFail,
        SuppressionError::Failed { .. } => Exit::Io,
    };
    Trouble::from(exit, error.problem())
}

/// Keep the list of those who are not written to any more
///
/// Every campaign leaves out who is on it. `hongyan bulk bounces` puts addresses on it that cannot be delivered to, whose
/// readers complained, or who unsubscribed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk suppress add zhang.san@example.org
  hongyan bulk suppress contains zhang.san@example.org && echo listed
  hongyan bulk suppress export suppressed.csv
  hongyan bulk suppress import old-list.csv        # one column called `address` is enough

`contains` exits with 0 where the address is on the list, and with 1 where it is not.")]
pub(super) struct Args {
    #[command(flatten)]
    list: List,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put addresses on the list
    Add {
        #[arg(value_name = "ADDRESS", required = true)]
        addresses: Vec<String>,
        /// Why, in your own words
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Take addresses off the list, and forget what was counted
    Remove {
        #[arg(value_name = "ADDRESS", required = true)]
        addresses: Vec<String>,
    },
    /// Say whether an address is on the list, and why
    Contains {
        #[arg(value_name = "ADDRESS")]
        address: String,
    },
    /// Show who is on the list
    List {
        /// Print an object a line
        #[arg(long)]
        json: bool,
    },
    /// Take over a CSV file, all of it or nothing
    Import {
        /// The file; - is standard input
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Write the list as CSV
    Export {
        /// The file, which must not be there yet; without it, standard output
        #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,
    },
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.done().unwrap_or_else(|trouble| trouble.report("bulk suppress"))
    }

    fn done(&self) -> Result<Exit, Trouble> {
        let list = self.list.open()?;
        let failed = |error: SuppressionError| trouble(&error);
        let language = Language::of_the_environment();
        match &self.command {
            Command::Add { addresses, note } => {
                let mut added = 0;
                for address in addresses {
                    let evidence = note.split_whitespace().collect::<Vec<_>>().join(" ");
                    added += u64::from(
                        list.add(&Entry { evidence, ..Entry::new(address, Cause::Manual) })
                            .map_err(failed)?,
                    );
                }
                say(language.choose(format!("{added} added"), format!("已添加 {added} 个")))?;
            }
            Command::Remove { addresses } => {
                let mut removed = 0;
                for address in addresses {
                    removed += u64::from(list.remove(address).map_err(failed)?);
                }
                say(language.choose(format!("{removed} removed"), format!("已移除 {removed} 个")))?;
            }
            Command::Contains { address } => return contains(&list, address, language),
            Command::List { json } => show(&list, *json, language)?,
            Command::Import { file } => {
                let imported = if file.as_os_str() == "-" {
                    list.import(io::stdin().lock(), Time::now())
                } else {
                    list.import(
                        io::BufReader::new(File::open(file).map_err(|error| unreadable(file, &error))?),
                        Time::now(),
                    )
                };
                let imported = imported.map_err(failed)?;
                let (rows, added) = (grouped(imported.rows), grouped(imported.added));
                say(language.choose(
                    format!("{rows} rows read, {added} added"),
                    format!("读取 {rows} 行，添加 {added} 个"),
                ))?;
            }
            Command::Export { file: None } => {
                list.export(stdout().lock()).map_err(failed)?;
            }
            Command::Export { file: Some(file) } => {
                let out = File::create_new(file).map_err(|error| unwritable(file, &error))?;
                let count = grouped(list.export(io::BufWriter::new(&out)).map_err(failed)?);
                out.sync_all().map_err(|error| unwritable(file, &error))?;
                say(language.choose(format!("{count} written"), format!("已写出 {count} 个")))?;
            }
        }
        Ok(Exit::Ok)
    }
}

fn say(text: String) -> Result<(), Trouble> {
    printed(writeln!(stdout().lock(), "{text}"))
}

fn contains(list: &Suppressions, address: &str, language: Language) -> Result<Exit, Trouble> {
    let Some(entry) = list.find(address, Time::now()).map_err(|error| trouble(&error))? else {
        say(language.choose("not on the list", "不在名单上").to_owned())?;
        return Ok(Exit::No);
    };
    let since = words::moment(entry.at);
    let text = format!("{}  {}  {}", cause(entry.cause, language), since, safe(&entry.evidence));
    say(text.trim_end().to_owned())?;
    Ok(Exit::Ok)
}

/// A cause in words.
pub(super) fn cause(cause: Cause, language: Language) -> String {
    match cause {
        Cause::Bounce(reason) => language.of(&reason.said()).to_owned(),
        Cause::Complaint => language.choose("called a mail spam", "投诉为垃圾邮件").to_owned(),
        Cause::Unsubscribed => language.choose("unsubscribed", "已退订").to_owned(),
        Cause::Manual => language.choose("put there by hand", "手工添加").to_owned(),
    }
}

/// What programs read of an entry.
fn object(entry: &Entry) -> Value {
    json!({
        "address": entry.address,
        "reason": entry.cause.name(),
        "since": words::exact(entry.at),
        "until": entry.until.and_then(words::exact),
        "campaign": entry.campaign,
        "message_id": entry.message_id,
        "evidence": entry.evidence,
    })
}

fn show(list: &Suppressions, as_json: bool, language: Language) -> Result<(), Trouble> {
    let paint = Paint::on(&stdout(), Color::Auto);
    let mut out = io::BufWriter::new(stdout().lock());
    let mut after = String::new();
    let (mut count, now) = (0, Time::now());
    loop {
        let page = list.page(&after, PAGE).map_err(|error| trouble(&error))?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.address);
        for entry in page.iter().filter(|entry| entry.until.is_none_or(|until| until > now)) {
            count += 1;
            if as_json {
                printed(json::line(&mut out, &object(entry)))?;
                continue;
            }
            printed(writeln!(
                out,
                "{}  {}  {}  {}",
                paint.the(Style::Name, words::left(&safe(&entry.address), ADDRESS)),
                words::left(&cause(entry.cause, language), REASON),
                words::moment(entry.at),
                paint.the(Style::Quiet, safe(&entry.evidence)),
            ))?;
        }
    }
    printed(out.flush())?;
    drop(out);
    if !as_json {
        let count = grouped(count);
        say(language.choose(format!("{count} on the list"), format!("名单上共 {count} 个")))?;
    }
    Ok(())
}

fn unreadable(file: &std::path::Path, error: &io::Error) -> Trouble {
    let file = file.display();
    Trouble::new(
        Exit::NoInput,
        said(format!("{file}: {error}"), format!("{file}：{error}")),
        said("name a CSV file that you may read", "请指定一个可以读取的 CSV 文件"),
    )
}

fn unwritable(file: &std::path::Path, error: &io::Error) -> Trouble {
    let file = file.display();
    Trouble::new(
        Exit::CannotCreate,
        said(format!("{file}: {error}"), format!("{file}：{error}")),
        said(
            "name a file that is not there yet, in a folder where you may write",
            "请指定一个尚不存在、且可写入的文件",
        ),
    )
}
