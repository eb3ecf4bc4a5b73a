//! `hongyan export`: mails of the mailbox into files, byte for byte: one mbox, or a file for each mail.
//!
//! Nothing that is there is written over. An mbox takes its place when it is whole and safe on disk; of files, each
//! is whole when it has its name, and all are safe on disk before it is said that they are.

mod output;
mod select;

use std::io;
use std::path::PathBuf;

use clap::ValueHint;
use serde::Serialize;

use super::exit::Exit;
use super::figures::{counted, grouped};
use super::json;
use super::mailbox;
use super::paint::{Color, Paint, Style};
use super::progress::Bar;
use super::system::printed;
use super::terminal::{Language, safe, tell};
use super::trouble::Trouble;
use output::{Mail, Output};
use select::Selection;

/// Write mails of the mailbox into files: an mbox, or one .eml each
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Mails are named by their numbers (12, or 10-20), Message-IDs or files. An mbox is of the form
mboxrd, which loses nothing; `-` writes it to standard output. Files are called after date and
subject. No file is written over.

  hongyan export --all --mbox everything.mbox
  hongyan export 12 15 20-29 --dir mails
  hongyan export --search 'from:wang has:attachment after:2026-01-01' --dir mails
  hongyan export --all --folder Sent --mbox - | gzip > sent.mbox.gz

Exit codes: 0 all written; 64 wrong usage; 66 no such mail, or one that went away meanwhile;
73, 74 the files could not be written.")]
#[command(group = clap::ArgGroup::new("what").required(true).args(["which", "search", "all"]))]
#[command(group = clap::ArgGroup::new("where").required(true).args(["mbox", "dir"]))]
pub(crate) struct Args {
    /// Which mails: numbers and ranges of them, Message-IDs, files
    #[arg(value_name = "MAIL")]
    which: Vec<String>,
    /// The mails that this search finds, the newest first; see `hongyan search`
    #[arg(long, value_name = "QUERY")]
    search: Option<String>,
    /// Every mail
    #[arg(long)]
    all: bool,
    /// With --all: of this folder only
    #[arg(long, value_name = "NAME", requires = "all")]
    folder: Option<String>,
    /// Into this new file, `-` for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    mbox: Option<PathBuf>,
    /// Into this directory, one file each; made where it is not there
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Say nothing when all went well, and show no progress
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    mailbox: mailbox::Options,
}

/// What was done, for `--json`.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// The mbox or the directory.
    to: String,
    exported: u64,
    /// Octets of those.
    bytes: u64,
    /// Where it was a directory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<output::Written>,
    /// Mails that went away before it was their turn, or could not be read.
    missing: Vec<Missing>,
    /// Why it ended before all was done.
    error: Option<String>,
}

/// A mail that was not written.
#[derive(Debug, Serialize)]
struct Missing {
    mail: String,
    why: String,
}

impl Args {
    /// Writes the mails, and says how many.
    pub(crate) fn run(self) -> Exit {
        let mut report = Report::default();
        let result = self.export(&mut report);
        if let Err(trouble) = &result {
            report.error = Some(trouble.parts(Language::English).1.to_owned());
        }
        let told = printed(self.tell(&report));
        match result.and(told) {
            Ok(()) if report.missing.is_empty() => Exit::Ok,
            Ok(()) => Exit::NoInput,
            Err(trouble) => trouble.report("export"),
        }
    }

    fn export(&self, report: &mut Report) -> Result<(), Trouble> {
        let selection = match (&self.search, self.all) {
            (Some(query), _) => Selection::search(query, &self.mailbox)?,
            (None, true) => Selection::all(self.folder.as_deref(), &self.mailbox)?,
            (None, false) => Selection::named(&self.which, &self.mailbox)?,
        };
        let mut output = Output::open(self.mbox.as_deref(), self.dir.as_deref())?;
        report.to = output.shown();
        let total = selection.len() as u64;
        let bar = (!self.quiet && !output.is_stream()).then(|| Bar::of_mails(total));
        for (done, chosen) in selection.iter().enumerate() {
            match selection.open(chosen).and_then(Mail::begin) {
                Ok(mail) => {
                    let Some((size, written)) = output.put(mail, &selection.label(chosen))? else {
                        return Ok(());
                    };
                    (report.exported, report.bytes) = (report.exported + 1, report.bytes + size);
                    report.files.extend(written.filter(|_| self.json));
                }
                Err(error) => {
                    let missing = Missing { mail: selection.label(chosen), why: error.to_string() };
                    let (mail, why) = (safe(&missing.mail), safe(&missing.why));
                    tell(&Language::of_the_environment().choose(
                        format!("export: {mail} could not be read: {why}"),
                        format!("export：无法读取 {mail}：{why}"),
                    ));
                    report.missing.push(missing);
                }
            }
            if let Some(bar) = &bar {
                bar.stands_at(done as u64 + 1);
            }
        }
        output.finish()
    }

    fn tell(&self, report: &Report) -> io::Result<()> {
        use std::io::Write as _;
        let to_stdout = self.mbox.as_deref().is_some_and(|path| path.as_os_str() == "-");
        // What is written there is the mbox, and nothing else.
        let mut out: Box<dyn io::Write> =
            if to_stdout { Box::new(io::stderr().lock()) } else { Box::new(io::stdout().lock()) };
        if self.json {
            return json::pretty(&mut out, report);
        }
        if self.quiet || report.error.is_some() {
            return Ok(());
        }
        let paint = if to_stdout {
            Paint::on(&io::stderr(), Color::Auto)
        } else {
            Paint::on(&io::stdout(), Color::Auto)
        };
        let (to, bytes) = (safe(&report.to), grouped(report.bytes));
        let mails = counted(usize::try_from(report.exported).unwrap_or(usize::MAX), "mail", "mails");
        let line = Language::of_the_environment().choose(
            format!("Exported {mails}, {bytes} bytes, to {to}"),
            format!("已将 {} 封邮件（{bytes} 字节）导出到 {to}", grouped(report.exported)),
        );
        writeln!(out, "{}", paint.the(Style::Good, line))
    }
}
