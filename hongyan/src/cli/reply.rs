//! `hongyan reply`: an answer to a mail, quoted, to the right people, in the right thread.

use hongyan_mailbox::maildir::Flags;

use super::draft::carried::Carried;
use super::draft::letter::Letter;
use super::draft::options::Options;
use super::draft::original::Original;
use super::draft::quote::{MAX_QUOTED, attribution, language_of, quoted};
use super::draft::recipients::{Own, Reach, Recipients};
use super::draft::sheet::Sheet;
use super::draft::subject::of_an_answer;
use super::draft::thread::Thread;
use super::exit::Exit;
use super::send::message::addresses;
use super::send::{Output, sender};
use super::sent::Way;
use super::server;
use super::system::shell_word;
use super::terminal::{Language, tell};
use super::trouble::Trouble;
use crate::mime::address::{Address, Mailbox};
use crate::mime::read::Message;
use crate::said::said;

/// Answer a mail
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The draft opens in $VISUAL or $EDITOR: a few header fields, an empty line, the quoted text. What is
not changed is not sent; what could not be sent is kept, and it is said where. With -m, --text or
a pipe no editor opens. After the mail was taken a copy goes to the folder for sent mail, by the
account's `sent` (imap, maildir, none), and the answered mail is marked.

  hongyan reply 12
  hongyan reply 12 --all -a report.pdf
  hongyan reply mail.eml --text 'Thank you!' --no-quote
  git format-patch --stdout -1 | hongyan reply 12 --list -m - --no-quote

Exit codes: as of `hongyan send`; 65 also where nothing was written.")]
pub(crate) struct Args {
    /// Which mail: its number, its Message-ID, a file, or - for standard input
    #[arg(value_name = "MAIL")]
    which: String,
    /// To everybody who has the mail
    #[arg(long)]
    all: bool,
    /// To the mailing list that it came by
    #[arg(long, conflicts_with = "all")]
    list: bool,
    /// Without repeating what was written
    #[arg(long)]
    no_quote: bool,
    /// To whom else; may be repeated
    #[arg(long, value_name = "ADDRESS", conflicts_with = "draft")]
    to: Vec<String>,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    server: server::Options,
    #[command(flatten)]
    output: Output,
}

impl Args {
    /// Writes the answer and sends it.
    pub(crate) fn run(self) -> Exit {
        match self.letter() {
            Ok((letter, original)) => letter.finish(|| original.mark("reply", Flags::REPLIED)),
            Err(trouble) => self.output.tell("reply", &trouble),
        }
    }

    fn letter(&self) -> Result<(Letter<'_>, Original), Trouble> {
        let target = if self.output.dry_run { self.server.find()? } else { Some(self.server.target()?) };
        let original = Original::find("reply", &self.which, &self.options, &self.server)?;
        let message = original.message();
        let sheet = match self.options.draft {
            Some(_) => Sheet::default(),
            None => self.sheet(&message, target.as_ref())?,
        };
        let letter = Letter {
            command: "reply",
            sheet,
            thread: Thread::answering(&message),
            carried: Carried::default(),
            words: self.options.words(&self.which)?,
            kept: self.options.draft.as_deref(),
            complete: false,
            again: format!("hongyan reply {}", shell_word(&self.which)),
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
        target: Option<&server::Target>,
    ) -> Result<Sheet, Trouble> {
        let from = self.options.from(&sender(target))?;
        let reach = match (self.all, self.list) {
            (true, _) => Reach::All,
            (_, true) => Reach::List,
            _ => Reach::Author,
        };
        let found = Recipients::of(message, reach, &own(&from, target));
        let list = |people: Vec<Mailbox>| people.into_iter().map(Address::Mailbox).collect();
        let mut sheet = Sheet {
            from,
            to: list(found.to),
            cc: list(found.cc),
            subject: of_an_answer(&message.subject().unwrap_or_default()),
            ..Sheet::default()
        };
        for text in &self.to {
            sheet.to.extend(addresses("--to", text)?);
        }
        self.options.fill(&mut sheet)?;
        if sheet.to.is_empty() {
            return Err(nobody(reach));
        }
        if found.unusable > 0 && !self.output.quiet {
            let number = found.unusable;
            tell(&Language::of_the_environment().choose(
                format!("reply: left out what is no address: {number}"),
                format!("reply：略去了 {number} 个无效的地址"),
            ));
        }
        if !self.no_quote {
            sheet.text = quotation(message)?;
        }
        Ok(sheet)
    }
}

/// The addresses that an answer does not go to.
fn own(from: &[Mailbox], target: Option<&server::Target>) -> Own {
    let account = target.and_then(|target| target.account.as_ref());
    let account = account.into_iter().flat_map(|account| [&account.from, &account.user]).flatten();
    let login = target.and_then(|target| target.user.as_ref());
    Own::of(account.chain(login).map(String::as_str).chain(from.iter().map(|from| from.address.as_str())))
}

/// What was written, behind an empty line for the answer.
fn quotation(message: &Message<'_>) -> Result<String, Trouble> {
    let text = message.best_text().text;
    if text.len() > MAX_QUOTED {
        let mib = MAX_QUOTED >> 20;
        return Err(Trouble::new(
            Exit::Data,
            said(
                format!("the mail's text has more than {mib} MiB, too much to be quoted"),
                format!("邮件正文超过 {mib} MiB，无法引用"),
            ),
            said("answer it with --no-quote", "请加上 --no-quote"),
        ));
    }
    let language = language_of(&text, Language::of_the_environment());
    Ok(format!("\n{}\n{}", attribution(message, language), quoted(&text)))
}

fn nobody(reach: Reach) -> Trouble {
    match reach {
        Reach::List => Trouble::new(
            Exit::Data,
            said("the mail does not say to which list answers go", "这封邮件没有说明回复应发往哪个邮件列表"),
            said("answer --all, or name somebody with --to", "请用 --all 回复，或用 --to 指定收件人"),
        ),
        _ => Trouble::new(
            Exit::Data,
            said("the mail does not say whom an answer goes to", "这封邮件没有可以回复的地址"),
            said("name somebody with --to", "请用 --to 指定收件人"),
        ),
    }
}
