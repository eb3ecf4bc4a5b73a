//! `hongyan inspect`: what a mail is made of, and what is wrong with it.

pub(crate) mod show;
pub(crate) mod source;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use hongyan_mime::read::{self, Message};

use super::exit::Exit;
use super::json;
use super::paint::{Color, Paint};
use super::raw_mail::{self, file_name};
use super::system::printed;
use super::terminal::Language;
use super::trouble::Trouble;
use crate::said::said;

pub(crate) use show::summary;

/// Bytes at the beginning of a file in which a header field must stand for it to be a mail.
const HEADER_WITHIN: usize = 1 << 20;

/// Show a mail's parts, names, sizes and encodings, and what is wrong with it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Findings are no failure: the exit code is 0. It is 65 where the file is no mail at
all, 66 where it is missing, 74 where reading fails.

  hongyan inspect mail.eml
  hongyan inspect --source mail.eml | less -R
  curl -s https://example.org/mail.eml | hongyan inspect --json -")]
pub(crate) struct Args {
    /// The mail, `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Show the raw message, line by line, with what each line is and to which part it belongs
    #[arg(long)]
    source: bool,

    /// With --source: of a long encoded body, only the beginning and the end
    #[arg(long, requires = "source")]
    brief: bool,

    /// Print one JSON object with everything there is to know, texts and checksums included
    #[arg(long, conflicts_with = "source")]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

impl Args {
    /// Prints what was asked for.
    pub(crate) fn run(self) -> Exit {
        self.print().unwrap_or_else(|trouble| trouble.report("inspect"))
    }

    fn print(&self) -> Result<Exit, Trouble> {
        let raw = raw_mail::load(&self.file)?;
        let stdout = io::stdout().lock();
        let paint = Paint::on(&stdout, self.color);
        let mut out = BufWriter::new(stdout);
        let result = if self.json {
            json::pretty(&mut out, &read::inspect(&raw))
        } else if self.source {
            source::source(&mut out, &Message::parse(&raw), self.brief, paint)
        } else {
            let language = Language::of_the_environment();
            show::summary(&mut out, &read::inspect(&raw), raw.len() as u64, language, paint)
        };
        printed(result.and_then(|()| out.flush()))?;
        if is_mail(&raw) {
            return Ok(Exit::Ok);
        }
        let why = match raw.is_empty() {
            true => said("it is empty", "它是空的"),
            false => said("it has no header field", "它没有任何信头字段"),
        };
        let file = file_name(&self.file);
        Err(Trouble::new(
            Exit::Data,
            said(
                format!("{} is not a mail: {}", file.en, why.en),
                format!("{} 不是邮件：{}", file.zh, why.zh),
            ),
            said(
                "name a file that holds a mail as it was sent, usually NAME.eml",
                "请指定邮件原文文件，一般以 .eml 结尾",
            ),
        ))
    }
}

/// Whether there is at least one header field: anything else that can be wrong is a finding.
fn is_mail(raw: &[u8]) -> bool {
    let beginning = Message::parse(&raw[..raw.len().min(HEADER_WITHIN)]);
    !beginning.fields(0).is_empty()
}
