//! `hongyan show`: a mail as a person reads it, or one side of it for programs.

mod html;
mod part;
mod reading;

pub(in crate::cli) use reading::Reading;

use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use hongyan_mailbox::maildir::Flags;
use hongyan_mime::read::{self, Message};

use super::exit::Exit;
use super::inspect::source::source;
use super::mailbox::{self, Chosen};
use super::paint::{Color, Paint};
use super::system::printed;
use super::terminal::Language;
use super::trouble::Trouble;
use super::{json, pager};
use crate::said::said;

/// Show a mail
#[derive(Debug, clap::Args)]
#[command(after_help = "\
On a terminal long mails go through $PAGER, and nothing of a mail can change the terminal. The
mail is marked as read, unless --peek is given. HTML made harmless has no scripts and loads
nothing: pictures that the mail brings along are put into it, others are left out.

  hongyan show 12
  hongyan show 12 --part 1.2 -o report.pdf
  hongyan show 12 --html -o mail.html
  hongyan show mail.eml --json")]
pub(crate) struct Args {
    /// Its number in a list, its Message-ID, its file, or - for standard input
    #[arg(value_name = "MAIL")]
    which: String,

    /// One part, decoded, by its path as it is listed
    #[arg(long, value_name = "PATH", conflicts_with_all = ["html", "source", "json"])]
    part: Option<String>,

    /// The HTML, made harmless; of a mail without any its text
    #[arg(long, conflicts_with_all = ["source", "json"])]
    html: bool,

    /// The mail as it is; on a terminal line by line, with what each line is
    #[arg(long, conflicts_with = "json")]
    source: bool,

    /// One JSON object with everything there is to know, as of `hongyan inspect --json`
    #[arg(long)]
    json: bool,

    /// Write to this new file instead
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Leave the mail as unread as it is
    #[arg(long)]
    peek: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,

    #[command(flatten)]
    mailbox: mailbox::Options,
}

impl Args {
    /// Shows what was asked for.
    pub(crate) fn run(self) -> Exit {
        match self.show() {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("show"),
        }
    }

    fn show(&self) -> Result<(), Trouble> {
        let chosen = Chosen::find("show", &self.which, || self.mailbox.path())?;
        match &self.output {
            Some(path) => {
                let mut file = create(path)?;
                // For a file as for a pipe: nothing in it is made safe for a terminal.
                self.write(&chosen, &mut file, false)?;
            }
            None => self.print(&chosen)?,
        }
        if let Some(held) = chosen.held.as_ref().filter(|_| !self.peek) {
            held.mark("show", Flags::SEEN);
        }
        Ok(())
    }

    /// Prints on standard output.
    fn print(&self, chosen: &Chosen) -> Result<(), Trouble> {
        let stdout = io::stdout();
        if !stdout.is_terminal() {
            return self.write(chosen, &mut stdout.lock(), false);
        }
        let mut text = Vec::new();
        self.write(chosen, &mut text, true)?;
        printed(pager::print(&text))
    }

    /// Writes what was asked for; for a terminal so that it cannot be harmed.
    fn write(&self, chosen: &Chosen, out: &mut dyn Write, terminal: bool) -> Result<(), Trouble> {
        let mut out = io::BufWriter::new(out);
        let raw = &chosen.raw;
        let paint = match (self.color, self.output.is_some()) {
            (Color::Auto, true) => Paint::on(&io::stdout(), Color::Never),
            (color, _) => Paint::on(&io::stdout(), color),
        };
        if let Some(path) = &self.part {
            part::write(&mut out, &Message::parse(raw), path, terminal)?;
        } else if self.html {
            html::write(&mut out, &Message::parse(raw), terminal)?;
        } else if self.source && !terminal {
            printed(out.write_all(raw))?;
        } else if self.source {
            printed(source(&mut out, &Message::parse(raw), false, paint))?;
        } else if self.json {
            printed(json::pretty(&mut out, &read::inspect(raw)))?;
        } else {
            let language = Language::of_the_environment();
            let reading = reading::Reading { path: chosen.path.as_deref(), language, paint, terminal };
            printed(reading.write(&mut out, &Message::parse(raw)))?;
        }
        printed(out.flush())
    }
}

/// A new file; one that is there already is left alone.
fn create(path: &std::path::Path) -> Result<std::fs::File, Trouble> {
    OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        let path = path.display();
        Trouble::new(
            Exit::CannotCreate,
            said(format!("{path} cannot be written: {error}"), format!("无法写入 {path}：{error}")),
            said("name another file with -o", "请用 -o 指定另一个文件"),
        )
    })
}
