//! `hongyan import`: mails from files into a Maildir, byte for byte.
//!
//! What cannot be taken is named, and the rest goes on. Mails are delivered in groups that are safe on disk before
//! the next begins, so an import that is cut off leaves whole mails only, and doing it again skips those.

mod kind;
mod source;
mod target;

use std::io;
use std::path::PathBuf;

use clap::ValueHint;
use hongyan_mailbox::Maildir;
use hongyan_mailbox::maildir::FolderName;
use serde::Serialize;

use super::exit::Exit;
use super::figures::{counted, grouped};
use super::json;
use super::mailbox;
use super::paint::{Color, Paint, Style};
use super::system::printed;
use super::terminal::{Language, safe, tell};
use super::trouble::Trouble;
use crate::said::Said;
use source::Sources;
use target::Target;

/// Put mails from files into the mailbox: .eml, mbox, a Maildir, folders of them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every mail is kept byte for byte, with its flags where the source has any. One that is in the
folder already (by its SHA-256) is skipped. Files that are no mail are named, and the rest goes
on. The folders of a Maildir keep their names, unless --folder names one for all.

  hongyan import old-mail.mbox
  hongyan import --folder 归档/2025 exported/ one.eml
  hongyan import ~/Maildir-of-another-program
  zcat archive.mbox.gz | hongyan import -

Exit codes: 0 all taken or there already; 65 something was no mail; 66 something could not be read;
73, 74 the mailbox could not be written to.")]
pub(crate) struct Args {
    /// Files and folders with mails, `-` for standard input
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::AnyPath)]
    from: Vec<PathBuf>,
    /// The Maildir, made where it is not there; without this the account's, that of HONGYAN_MAILDIR, or ~/Mail
    #[arg(long, visible_alias = "maildir", value_name = "MAILDIR", value_hint = ValueHint::DirPath, conflicts_with = "account")]
    to: Option<PathBuf>,
    /// An account of the configuration, whose Maildir is meant
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Into this folder of the mailbox, made where it is not there; levels are parted by /
    #[arg(long, value_name = "NAME")]
    folder: Option<String>,
    /// Take mails that are in the folder already once more
    #[arg(long)]
    duplicates: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Say nothing when all went well, and show no progress
    #[arg(short, long)]
    quiet: bool,
}

/// What was done, for `--json`.
#[derive(Debug, Default, Serialize)]
struct Report {
    maildir: String,
    imported: u64,
    /// Octets of those.
    bytes: u64,
    /// Skipped: they were there already.
    duplicates: u64,
    refused: Vec<Refused>,
    /// Why it ended before all was done.
    error: Option<String>,
}

/// Something that was not taken.
#[derive(Debug, Serialize)]
struct Refused {
    file: String,
    why: String,
    #[serde(skip)]
    unreadable: bool,
}

/// Why one source was not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is no mail.
    NoMail(Said),
    /// The system does not let us read it.
    Unreadable(io::Error),
}

impl Args {
    /// Takes the mails, and says how many.
    pub(crate) fn run(self) -> Exit {
        let mut report = Report::default();
        let result = self.import(&mut report);
        if let Err(trouble) = &result {
            report.error = Some(trouble.parts(Language::English).1.to_owned());
        }
        let told = printed(self.tell(&report));
        match result.and(told) {
            Ok(()) if report.refused.is_empty() => Exit::Ok,
            Ok(()) if report.refused.iter().all(|refused| refused.unreadable) => Exit::NoInput,
            Ok(()) => Exit::Data,
            Err(trouble) => trouble.report("import"),
        }
    }

    fn import(&self, report: &mut Report) -> Result<(), Trouble> {
        let path = mailbox::Options::of(self.to.as_deref(), self.account.as_deref()).path()?;
        report.maildir = path.to_string_lossy().into_owned();
        let maildir = Maildir::create(&path).map_err(|error| mailbox::not_opened(&error))?;
        let folder = self.folder.as_deref().map(|name| FolderName::parse(name, Some('/')));
        let mut target = Target::new(maildir, folder, self.duplicates, self.quiet || self.json);
        let mut refuse = |file: &str, refusal: Refusal| report.refused.push(self.refused(file, refusal));
        let done = Sources { target: &mut target, refuse: &mut refuse }.take(&self.from);
        let done = done.and_then(|()| target.finish());
        (report.imported, report.bytes, report.duplicates) =
            (target.imported, target.bytes, target.duplicates);
        done
    }

    /// Names what was not taken.
    fn refused(&self, file: &str, refusal: Refusal) -> Refused {
        let language = Language::of_the_environment();
        let (why, unreadable) = match &refusal {
            Refusal::NoMail(why) => (language.of(why).to_owned(), false),
            Refusal::Unreadable(error) => {
                (language.choose(format!("cannot be read: {error}"), format!("无法读取：{error}")), true)
            }
        };
        let (file, shown) = (file.to_owned(), safe(&why));
        tell(&language.choose(
            format!("import: {}: {shown}", safe(&file)),
            format!("import：{}：{shown}", safe(&file)),
        ));
        Refused { file, why, unreadable }
    }

    fn tell(&self, report: &Report) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return json::pretty(&mut out, report);
        }
        if self.quiet || (report.error.is_some() && report.imported == 0) {
            return Ok(());
        }
        use std::io::Write as _;
        let language = Language::of_the_environment();
        let paint = Paint::on(&out, Color::Auto);
        let (maildir, bytes) = (safe(&report.maildir), grouped(report.bytes));
        let imported = usize::try_from(report.imported).unwrap_or(usize::MAX);
        let mails = counted(imported, "mail", "mails");
        let done = language.choose(
            format!("Imported {mails}, {bytes} bytes, into {maildir}"),
            format!("已将 {} 封邮件（{bytes} 字节）导入 {maildir}", grouped(report.imported)),
        );
        writeln!(out, "{}", paint.the(Style::Good, done))?;
        if report.duplicates > 0 {
            let number = grouped(report.duplicates);
            let line = language.choose(
                format!("Skipped, as they were there already: {number}"),
                format!("已有而跳过：{number} 封"),
            );
            writeln!(out, "{line}")?;
        }
        if !report.refused.is_empty() {
            let number = grouped(report.refused.len() as u64);
            let line = language
                .choose(format!("Not taken, see above: {number}"), format!("未导入（见上）：{number} 个"));
            writeln!(out, "{}", paint.the(Style::Bad, line))?;
        }
        Ok(())
    }
}
