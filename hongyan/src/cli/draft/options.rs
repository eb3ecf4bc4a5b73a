//! What `reply` and `forward` take: the words, and whatever else the sheet is to say.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};

use super::desk::AtTheTerminal;
use super::sheet::Sheet;
use super::subject::plain;
use crate::cli::exit::Exit;
use crate::cli::send::message::{Sender, addresses, mailboxes};
use crate::cli::send::{draft, input, problem};
use crate::cli::trouble::Trouble;
use crate::mime::address::Mailbox;
use crate::mime::compose::Text;
use crate::said::said;

#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "The draft")]
pub(crate) struct Options {
    /// What to say, from a file, or with - from standard input; no editor is opened
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    message: Option<PathBuf>,
    /// What to say; no editor is opened
    #[arg(long, value_name = "STRING", conflicts_with = "message", allow_hyphen_values = true)]
    text: Option<String>,
    /// A file to go with it; may be repeated
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    attach: Vec<PathBuf>,
    /// The subject, in place of the original's with Re: or Fwd:
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    subject: Option<String>,
    /// Who else gets a copy; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    cc: Vec<String>,
    /// Who gets a copy that the others do not see; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    bcc: Vec<String>,
    /// Who it is from, in place of the account's address
    #[arg(short, long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The Maildir that MAIL is looked for in; HONGYAN_MAILDIR stands in for this option
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) maildir: Option<PathBuf>,
    /// Go on with a draft that was kept
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["message", "text", "attach", "subject", "cc", "bcc", "from"])]
    pub(crate) draft: Option<PathBuf>,
}

impl Options {
    /// Who writes.
    pub(crate) fn from(&self, sender: &Sender<'_>) -> Result<Vec<Mailbox>, Trouble> {
        match &self.from {
            Some(text) => Ok(mailboxes(&addresses("--from", text)?).cloned().collect()),
            None => Ok(vec![draft::default_from(sender)?]),
        }
    }

    /// Puts onto the sheet what the options say.
    pub(crate) fn fill(&self, sheet: &mut Sheet) -> Result<(), Trouble> {
        for (option, texts, list) in [("--cc", &self.cc, &mut sheet.cc), ("--bcc", &self.bcc, &mut sheet.bcc)]
        {
            for text in texts {
                list.extend(addresses(option, text)?);
            }
        }
        if let Some(subject) = &self.subject {
            sheet.subject = plain(subject);
        }
        sheet.attach.extend(self.attach.iter().cloned());
        Ok(())
    }

    /// The words, where they are given and not to be written by the person at the terminal: those of the options,
    /// else what comes through a pipe, unless the original `which` came through it.
    pub(crate) fn words(&self, which: &str) -> Result<Option<String>, Trouble> {
        let piped = self.message.as_deref() == Some(Path::new("-"));
        match which {
            "-" if piped => {
                return Err(Trouble::new(
                    Exit::Usage,
                    said("the mail and -m cannot both be standard input", "邮件和 -m 不能同时读取标准输入"),
                    said("write one of them to a file", "请把其中之一写入文件"),
                ));
            }
            "-" if self.message.is_none() && self.text.is_none() => return Ok(Some(String::new())),
            _ => {}
        }
        let text = match (&self.message, &self.text) {
            (Some(path), _) if path.as_path() != Path::new("-") => Text::from_path(path, None),
            (None, Some(text)) => return Ok(Some(text.clone())),
            (None, None) if AtTheTerminal::is_there() || self.draft.is_some() => return Ok(None),
            _ => Text::decode(input::standard("-m")?, None),
        };
        text.map(|text| Some(text.as_str().to_owned())).map_err(|error| problem::compose(&error))
    }
}
