//! `hongyan extract`: the files that a mail carries, onto the disk, in one directory and nowhere else.

pub(super) mod directory;
pub(crate) mod select;

use std::io::{self, Write};
use std::path::PathBuf;

use hongyan_mime::read::{Message, safe};
use serde::Serialize;

use super::exit::Exit;
use super::figures::{counted, grouped};
use super::json;
use super::paint::{Color, Paint, Style};
use super::raw_mail;
use super::system::printed;
use super::terminal::Language;
use super::trouble::Trouble;
use directory::Directory;
use select::{Found, Selection};

/// Write the files that a mail carries into a directory
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Names are made safe and unique; nothing outside of the directory is touched, and no file in it is
written over. A mail inside the mail is written as one .eml file.

  hongyan extract mail.eml -d attachments
  hongyan extract mail.eml -d parts --part 1.2 --part 1.3.1")]
pub(crate) struct Args {
    /// The mail, `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Where to write to; made where it is not there
    #[arg(short, long, value_name = "DIR")]
    dir: PathBuf,

    /// This part alone, by its path as `hongyan inspect` shows it; may be given more than once
    #[arg(long, value_name = "PATH")]
    part: Vec<String>,

    /// Every part: the texts too, and what is in mails inside the mail
    #[arg(long, conflicts_with = "part")]
    all: bool,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// What was done, for `--json`.
#[derive(Debug, Default, Serialize)]
struct Report {
    dir: String,
    files: Vec<Written>,
    /// Why it ended before all was written.
    error: Option<String>,
}

/// A file that was written.
#[derive(Debug, Serialize)]
struct Written {
    part: String,
    #[serde(rename = "type")]
    media_type: String,
    /// The name that the mail gives it.
    name: Option<String>,
    /// Its name in the directory.
    file: String,
    len: u64,
    sha256: String,
}

impl Args {
    /// Writes the files, and says which.
    pub(crate) fn run(self) -> Exit {
        let mut report = Report { dir: self.dir.to_string_lossy().into_owned(), ..Report::default() };
        let result = self.extract(&mut report);
        if let Err(trouble) = &result {
            report.error = Some(trouble.parts(Language::English).1.to_owned());
        }
        match result.and(printed(self.tell(&report))) {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("extract"),
        }
    }

    fn extract(&self, report: &mut Report) -> Result<(), Trouble> {
        let raw = raw_mail::load(&self.file)?;
        let message = Message::parse(&raw);
        let selection = Selection::new(&self.part, self.all)?;
        let mut directory = None;
        select::each(&message, &selection, &mut |found: Found<'_, '_>| {
            // Made when there is something to put into it.
            let directory = match &mut directory {
                Some(directory) => directory,
                none => none.insert(Directory::open(&self.dir)?),
            };
            report.dir = directory.shown();
            report.files.push(write(directory, &found)?);
            Ok(())
        })?;
        match selection.missing(report.files.iter().map(|written| written.part.as_str())) {
            Some(path) => Err(select::no_part(path)),
            None => Ok(()),
        }
    }

    fn tell(&self, report: &Report) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            return json::pretty(&mut out, report);
        }
        let paint = Paint::on(&out, self.color);
        let language = Language::of_the_environment();
        let bytes = language.choose("bytes", "字节");
        if report.files.is_empty() && report.error.is_none() {
            let text = language.choose(
                "The mail carries no files (--all writes its texts too).",
                "这封邮件没有附带文件（--all 会把正文也写出来）。",
            );
            return writeln!(out, "{text}");
        }
        for written in &report.files {
            let Written { part, media_type, file, len, sha256, .. } = written;
            let path = PathBuf::from(&report.dir).join(file);
            writeln!(out, "{}", paint.the(Style::Strong, safe::line(&path.to_string_lossy())))?;
            let (part, media_type) = (paint.the(Style::Name, part), safe::line(media_type));
            writeln!(
                out,
                "  {part} {media_type}, {} {bytes}, sha256 {}",
                grouped(*len),
                paint.the(Style::Quiet, sha256)
            )?;
        }
        if !report.files.is_empty() {
            let number = report.files.len();
            let files = language.choose(counted(number, "file", "files"), format!("{number} 个文件"));
            let total = grouped(report.files.iter().map(|written| written.len).sum());
            writeln!(out, "{}", paint.the(Style::Good, format!("{files}, {total} {bytes}")))?;
        }
        Ok(())
    }
}

fn write(directory: &mut Directory, found: &Found<'_, '_>) -> Result<Written, Trouble> {
    let name = found.name();
    let fallback = found.fallback();
    let kept = directory.put(name.as_deref(), &fallback, |sink| found.content(sink))?;
    Ok(Written {
        part: found.path.clone(),
        media_type: found.media_type().to_owned(),
        name,
        file: kept.name,
        len: kept.len,
        sha256: kept.sha256,
    })
}
