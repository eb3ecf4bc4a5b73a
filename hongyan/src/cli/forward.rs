//! `hongyan forward`: a mail passed on with its files, or whole as an attachment.

use hongyan_mailbox::maildir::Flags;

use super::draft::carried::Carried;
use super::draft::letter::Letter;
use super::draft::options::Options;
use super::draft::original::Original;
use super::draft::quote::{MAX_QUOTED, heading, language_of, visible};
use super::draft::sheet::Sheet;
use super::draft::subject::of_a_forward;
use super::draft::thread::Thread;
use super::exit::Exit;
use super::send::message::addresses;
use super::send::{Output, sender};
use super::sent::Way;
use super::server;
use super::system::shell_word;
use super::terminal::Language;
use super::trouble::Trouble;
use crate::mime::read::Message;
use crate::said::said;

/// Pass a mail on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The draft opens in $VISUAL or $EDITOR, as of `hongyan reply`; with -m, --text or a pipe no editor
opens. The original's files go with it. Its HTML does not: --as-attachment passes on every byte.

  hongyan forward 12 --to ann@example.org
  hongyan forward 12 --to ann@example.org --text 'What do you think?'
  hongyan forward mail.eml --to ann@example.org --as-attachment -m note.txt

Exit codes: as of `hongyan send`.")]
pub(crate) struct Args {
    /// Which mail: its number, its Message-ID, a file, or - for standard input
    #[arg(value_name = "MAIL")]
    which: String,
    /// To whom; may be repeated, and takes lists
    #[arg(long, value_name = "ADDRESS", required_unless_present = "draft", conflicts_with = "draft")]
    to: Vec<String>,
    /// The mail whole, as an attachment, byte for byte
    #[arg(long)]
    as_attachment: bool,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    server: server::Options,
    #[command(flatten)]
    output: Output,
}

impl Args {
    /// Writes what goes with the mail, and passes it on.
    pub(crate) fn run(self) -> Exit {
        match self.letter() {
            Ok((letter, original)) => letter.finish(|| original.mark("forward", Flags::PASSED)),
            Err(trouble) => self.output.tell("forward", &trouble),
        }
    }

    fn letter(&self) -> Result<(Letter<'_>, Original), Trouble> {
        let target = if self.output.dry_run { self.server.find()? } else { Some(self.server.target()?) };
        let original = Original::find("forward", &self.which, &self.options, &self.server)?;
        let message = original.message();
        let subject = message.subject().unwrap_or_default();
        let sheet = match self.options.draft {
            Some(_) => Sheet::default(),
            None => self.sheet(&message, &subject, target.as_ref())?,
        };
        let carried = if self.as_attachment {
            Carried::whole(&original.0.raw, original.0.path.as_deref(), &subject)?
        } else {
            Carried::files(&message)?
        };
        let whole = if self.as_attachment { " --as-attachment" } else { "" };
        let letter = Letter {
            command: "forward",
            sheet,
            thread: Thread { in_reply_to: Vec::new(), ..Thread::answering(&message) },
            carried,
            words: self.options.words(&self.which)?,
            kept: self.options.draft.as_deref(),
            complete: true,
            again: format!("hongyan forward {}{whole}", shell_word(&self.which)),
            way: Way::of(&self.server, target.as_ref(), original.maildir().as_deref())?,
            target,
            shown: &self.output,
        };
        Ok((letter, original))
    }

    /// What is to be seen of it.
    #[cfg(test)]
    pub(super) fn output(&self) -> &Output {
        &self.output
    }

    /// What stands on the sheet before anybody writes.
    pub(super) fn sheet(
        &self,
        message: &Message<'_>,
        subject: &str,
        target: Option<&server::Target>,
    ) -> Result<Sheet, Trouble> {
        let mut sheet = Sheet {
            from: self.options.from(&sender(target))?,
            subject: of_a_forward(subject),
            ..Sheet::default()
        };
        for text in &self.to {
            sheet.to.extend(addresses("--to", text)?);
        }
        self.options.fill(&mut sheet)?;
        if !self.as_attachment {
            let text = message.best_text().text;
            if text.len() > MAX_QUOTED {
                return Err(too_long());
            }
            let language = language_of(&text, Language::of_the_environment());
            sheet.text = format!("\n{}\n{}", heading(message, language), visible(&text));
        }
        Ok(sheet)
    }
}

fn too_long() -> Trouble {
    let mib = MAX_QUOTED >> 20;
    Trouble::new(
        Exit::Data,
        said(
            format!("the mail's text has more than {mib} MiB, too much for a draft"),
            format!("邮件正文超过 {mib} MiB，无法放入草稿"),
        ),
        said("pass it on with --as-attachment", "请用 --as-attachment 转发"),
    )
}
