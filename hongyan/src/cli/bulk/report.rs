//! `hongyan bulk report`: the proof of who got what, as a file.

use std::fs::{self, File, Permissions};
use std::io::{self, IsTerminal as _, Seek as _, SeekFrom, Write as _, stdout};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use clap::ValueHint;
use hongyan_bulk::ledger::{Ledger, State, Time};
use hongyan_bulk::report::{self, Format, Options, ReportError, Summary};
use serde::Serialize;
use tokio::runtime::Runtime;

use super::message_id::MessageIds;
use super::opened::Named;
use super::{words, write_back};
use crate::cli::exit::Exit;
use crate::cli::extract::directory::Partial;
use crate::cli::figures::grouped;
use crate::cli::json;
use crate::cli::progress::Bar;
use crate::cli::system::{printed, runtime};
use crate::cli::terminal::{Language, safe, say, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// Reports of fewer recipients are written before a bar could be read.
const WORTH_A_BAR: u64 = 20_000;
/// A page of more recipients opens slowly in browsers.
const LARGE_PAGE: u64 = 50_000;

/// Write the proof of who got what
///
/// For each recipient: outcome, the server's words, times, Message-ID, SHA-256 of mail and attachments, and the
/// conversation as evidence. Works at any time, also beside a run. The file is for your eyes only (mode 600), as it holds
/// the sheet's columns.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
  hongyan bulk report payslips -o report.xlsx
  hongyan bulk report payslips -o report.html
  hongyan bulk report payslips --write-back
  hongyan bulk report payslips -o - --format jsonl | jq 'select(.outcome == \"rejected\") | .address'

Formats, by the file's ending: xlsx (summary, recipients, evidence, connections), csv (one table, as Excel opens it),
html (one page to search and print), json (one object), jsonl (an object a line).")]
pub(super) struct Args {
    #[command(flatten)]
    campaign: Named,

    /// The file to write; `-` is standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "write_back")]
    output: Option<PathBuf>,

    /// The format, where the file's ending does not say it
    #[arg(long, value_name = "FORMAT", value_parser = ["xlsx", "csv", "html", "json", "jsonl"])]
    format: Option<String>,

    /// Write over a file that is there
    #[arg(short, long)]
    force: bool,

    /// Put a copy of the sheet beside it, with what became of each row in further columns; the sheet stays as it is
    #[arg(long)]
    write_back: bool,

    /// Print what was written as JSON; with `-o -` on standard error
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Written {
    file: String,
    format: &'static str,
    recipients: u64,
    outcomes: std::collections::BTreeMap<&'static str, u64>,
}

impl Args {
    pub(super) fn run(self) -> Exit {
        self.report().map_or_else(|trouble| trouble.report("bulk report"), |()| Exit::Ok)
    }

    fn report(&self) -> Result<(), Trouble> {
        if self.write_back && self.campaign.dir().is_none() {
            return Err(write_back::without_folder());
        }
        let runtime = runtime()?;
        let ledger = self.campaign.read(&runtime)?.ledger;
        if let Some(place) = &self.output {
            let format = self.format(place)?;
            let output = Output::open(place, self.force)?;
            let summary = self.write(&ledger, &runtime, format, &output)?;
            output.finish(self.force)?;
            self.tell(place, format, &summary)?;
        }
        if self.write_back
            && let Some(dir) = self.campaign.dir()
        {
            let copy = write_back::write(dir, &ledger, &runtime)?;
            self.tell_copy(&copy)?;
        }
        Ok(())
    }

    /// Tells where the copy of the sheet is; apart from a report that goes to standard output.
    fn tell_copy(&self, copy: &Path) -> Result<(), Trouble> {
        let piped = self.output.as_deref().is_some_and(|place| place.as_os_str() == "-");
        let copy = copy.to_string_lossy();
        if self.json {
            let object = serde_json::json!({ "written_back": copy });
            return printed(if piped {
                json::line(&mut io::stderr().lock(), &object)
            } else {
                json::line(&mut stdout().lock(), &object)
            });
        }
        let copy = safe(&copy);
        let line = Language::of_the_environment()
            .choose(format!("{copy}: the sheet with its outcomes"), format!("{copy}：附有结果的表格副本"));
        if piped {
            tell(&line);
        } else {
            say(&line);
        }
        Ok(())
    }

    fn format(&self, place: &Path) -> Result<Format, Trouble> {
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let named = self.format.as_deref().or(name.contains('.').then_some(name.as_str()));
        named.and_then(Format::of).ok_or_else(|| {
            let shown = place.display();
            Trouble::new(
                Exit::Usage,
                said(
                    format!("{shown} does not say in which format the report is to be"),
                    format!("从 {shown} 看不出报告的格式"),
                ),
                said(
                    "end its name with .xlsx, .csv, .html, .json or .jsonl, or add --format",
                    "请以 .xlsx、.csv、.html、.json 或 .jsonl 结尾，或加上 --format",
                ),
            )
        })
    }

    fn write(
        &self,
        ledger: &impl Ledger,
        runtime: &Runtime,
        format: Format,
        output: &Output,
    ) -> Result<Summary, Trouble> {
        let place = &output.place;
        let manifest = ledger.manifest();
        let ids = MessageIds::of(manifest);
        ids.tell_unknown();
        let bar = (manifest.recipients >= WORTH_A_BAR).then(|| Bar::of_mails(manifest.recipients));
        let options = Options {
            language: words::of_report(Language::of_the_environment()),
            zone: None,
            now: Time::now(),
            message_id: &|entry, account| ids.of_entry(entry, account),
            progress: &|written| {
                if let Some(bar) = &bar {
                    bar.stands_at(written);
                }
            },
            temporary: &output.temporary,
        };
        let file = output.file().map_err(|error| cannot(place, &error))?;
        let written = runtime.block_on(report::write(ledger, format, &options, file));
        written.map_err(|error| match error {
            ReportError::Ledger(error) => self.campaign.trouble(&error),
            other => {
                let exit = if matches!(other, ReportError::Write(_)) { Exit::Io } else { Exit::Data };
                match other.problem() {
                    Some(problem) => Trouble::from(exit, problem).about(&place.display().to_string()),
                    None => cannot(place, &io::Error::other(other.to_string())),
                }
            }
        })
    }

    fn tell(&self, place: &Path, format: Format, summary: &Summary) -> Result<(), Trouble> {
        let file = place.to_string_lossy().into_owned();
        let states = State::ALL.into_iter().filter(|state| summary.tally.of(*state) > 0);
        let piped = place.as_os_str() == "-";
        if self.json {
            let outcomes = states.map(|state| (state.name(), summary.tally.of(state))).collect();
            let recipients = summary.tally.total();
            let written = Written { file, format: format.name(), recipients, outcomes };
            return printed(if piped {
                json::line(&mut io::stderr().lock(), &written)
            } else {
                json::line(&mut stdout().lock(), &written)
            });
        }
        if piped {
            return Ok(());
        }
        let language = Language::of_the_environment();
        let each = states.map(|state| {
            let count = grouped(summary.tally.of(state));
            format!("{count} {}", words::state(state, language).0)
        });
        let each = each.collect::<Vec<_>>().join(language.choose(", ", "，"));
        let (file, total) = (safe(&file), grouped(summary.tally.total()));
        say(&language.choose(
            format!("{file}: {total} recipients ({each})"),
            format!("{file}：{total} 位收件人（{each}）"),
        ));
        if format == Format::Html && summary.tally.total() > LARGE_PAGE {
            say(language.choose(
                "  A page of so many opens slowly in a browser; -o report.xlsx is better for that.",
                "  如此大的网页在浏览器中打开较慢；建议用 -o report.xlsx。",
            ));
        }
        Ok(())
    }
}

/// Where the report goes.
struct Output {
    place: PathBuf,
    /// The file under its first name; `None` for standard output, which gets a copy of `unnamed`.
    partial: Option<Partial>,
    unnamed: Option<File>,
    /// The folder for what waits.
    temporary: PathBuf,
}

impl Output {
    fn open(place: &Path, force: bool) -> Result<Self, Trouble> {
        let failed = |error: io::Error| cannot(place, &error);
        if place.as_os_str() == "-" {
            if stdout().is_terminal() {
                return Err(Trouble::new(
                    Exit::Usage,
                    said("a report is not for a terminal", "报告不适合直接显示在终端"),
                    said(
                        "name a file: -o report.html; or pipe it to a program",
                        "请指定文件：-o report.html，或用管道交给其他程序",
                    ),
                ));
            }
            let temporary = std::env::temp_dir();
            let path = temporary.join(format!(".hongyan-report.{}.part", std::process::id()));
            let file = File::options().read(true).write(true).create_new(true).open(&path).map_err(failed)?;
            fs::remove_file(&path).map_err(failed)?;
            return Ok(Self { place: place.to_owned(), partial: None, unnamed: Some(file), temporary });
        }
        if !force && place.symlink_metadata().is_ok() {
            return Err(failed(io::ErrorKind::AlreadyExists.into()));
        }
        let mut name = std::ffi::OsString::from(".");
        name.push(place.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?);
        name.push(format!(".{}.part", std::process::id()));
        let partial = Partial::create(place.with_file_name(name)).map_err(failed)?;
        partial.file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
        let temporary = folder_of(place).to_owned();
        Ok(Self { place: place.to_owned(), partial: Some(partial), unnamed: None, temporary })
    }

    /// The empty file.
    fn file(&self) -> io::Result<File> {
        match (&self.partial, &self.unnamed) {
            (Some(partial), _) => partial.file.try_clone(),
            (None, Some(file)) => file.try_clone(),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Makes it safe on disk and gives it its name, or copies it to standard output.
    fn finish(self, force: bool) -> Result<(), Trouble> {
        let failed = |error: io::Error| cannot(&self.place, &error);
        if let Some(partial) = &self.partial {
            partial.file.sync_all().map_err(failed)?;
            if force { partial.replace(&self.place) } else { partial.rename_new(&self.place) }
                .map_err(failed)?;
            return File::open(folder_of(&self.place)).and_then(|folder| folder.sync_all()).map_err(failed);
        }
        let Some(mut file) = self.unnamed else { return Ok(()) };
        let copied = file.seek(SeekFrom::Start(0)).and_then(|_| {
            let mut out = stdout().lock();
            io::copy(&mut file, &mut out)?;
            out.flush()
        });
        printed(copied)
    }
}

fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn cannot(place: &Path, error: &io::Error) -> Trouble {
    let shown = place.display();
    if error.kind() == io::ErrorKind::AlreadyExists {
        return Trouble::new(
            Exit::CannotCreate,
            said(format!("{shown} is there already"), format!("{shown} 已存在")),
            said("name another file, or add --force to replace it", "请指定其他文件，或加上 --force 覆盖"),
        );
    }
    Trouble::new(
        Exit::CannotCreate,
        said(format!("{shown} cannot be written: {error}"), format!("无法写入 {shown}：{error}")),
        said(
            "make room, or name another place; nothing partial is left",
            "请腾出空间，或指定其他位置；没有留下残缺的文件",
        ),
    )
}
