//! `hongyan send`, and the program called as `send`: its arguments, and the order in which things happen.
//!
//! Files, addresses and settings are read and checked first, so that bad input is told at once and nobody is
//! spoken to for nothing. Then the connection, since what a server offers decides how the mail is encoded.

pub(super) mod draft;
mod envelope;
mod inline;
pub(super) mod input;
pub(super) mod message;
pub(super) mod output;
pub(crate) mod problem;
mod raw;
pub(super) mod report;
pub(super) mod run;

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};

use super::exit::Exit;
use super::sent::{Waiting, Way};
use super::server;
use super::trouble::Trouble;

const EXAMPLES: &str = "\
Examples (`send` is `hongyan send`):
  A text and a file, through the account called `default`:
    send -s 'Mail subject' -m message.txt -a attachment.zip example@example.org
  Text and HTML with a picture in it (<img src=\"logo.png\">), a copy to somebody:
    send -s News -m news.txt --html news.html --inline logo.png --cc b@example.org a@example.org
  Through a server that is named here; the password is asked for:
    send --server smtps://me@example.org@smtp.example.org -s Hello -m hello.txt a@example.org
  To see the conversation with a server on this machine, explained:
    send --trace --server smtp://127.0.0.1:2525 --text hello a@example.org
  To see the mail without sending it:
    send --dry-run -s Hello --text hello a@example.org

An account, in ~/.config/hongyan/config.toml (or the file that HONGYAN_CONFIG names):
  [account.default]
  from = \"Wang Wei <wang@example.org>\"
  server = \"smtps://smtp.example.org\"
  user = \"wang@example.org\"
  password_command = \"secret-tool lookup mail example\"
Further keys: tls, ca, proxy, token_command, certificate, key, insecure. A password may also
come from HONGYAN_PASSWORD, an OAuth 2.0 token from HONGYAN_TOKEN; else it is asked for.

Exit codes: 0 all accepted; 75 something deferred or in doubt; 64 wrong usage; 65 bad address or
mail; 66 missing file; 68 unknown host; 69 unreachable or refused; 73, 74 files; 76 protocol;
77 login or certificate; 78 configuration.";

/// Write a mail and send it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    message: message::Options,
    #[command(flatten)]
    server: server::Options,
    #[command(flatten)]
    envelope: envelope::Options,
    #[command(flatten)]
    output: Output,
    /// Put a copy into the folder for sent mail, by the account's `sent`; replies do so without being asked
    #[arg(long, conflicts_with = "dry_run", help_heading = "What is shown")]
    sent: bool,
}

/// What is to be seen of it.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "What is shown")]
pub(super) struct Output {
    /// Show the conversation on standard error, each line explained; =full with the mail's content
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "lines", hide_possible_values = true)]
    trace: Option<Trace>,
    /// Print the mail and send nothing
    #[arg(long, conflicts_with_all = ["json", "trace"])]
    pub(super) dry_run: bool,
    /// Print one JSON object about what happened; =transcript with the conversation in it
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "outcome", hide_possible_values = true)]
    pub(super) json: Option<Json>,
    /// Write the mail to this file, too
    #[arg(short, long, value_name = "FILE.eml", value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
    /// Say nothing when all went well, and show no progress
    #[arg(short, long)]
    pub(super) quiet: bool,
}

/// How much of the conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Trace {
    /// Commands and replies
    Lines,
    /// The content too
    Full,
}

/// How much to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Json {
    /// What became of each recipient
    Outcome,
    /// The conversation too
    Transcript,
}

impl Output {
    /// Says why nothing could be done; with --json as an object too.
    pub(super) fn tell(&self, command: &str, trouble: &Trouble) -> Exit {
        let exit = trouble.report(command);
        if self.json.is_some() {
            report::trouble(trouble);
        }
        exit
    }

    /// The file that `-o` names, made sure of.
    pub(super) fn copy(&self) -> Result<Option<output::Copy>, Trouble> {
        self.output.as_deref().map(output::Copy::create).transpose()
    }
}

impl Args {
    /// Sends the mail.
    pub(crate) fn run(self) -> Exit {
        let done = if self.output.dry_run { self.print() } else { self.send() };
        done.unwrap_or_else(|trouble| self.output.tell("send", &trouble))
    }

    /// Prints the mail as every server takes it.
    fn print(&self) -> Result<Exit, Trouble> {
        let target = if self.message.from.is_some() { None } else { self.server.find()? };
        let mail = self.message.mail(&sender(target.as_ref()))?;
        let envelope = self.envelope.envelope(mail.from.clone(), mail.to.clone())?;
        let mut encoder = mail.plainly().map_err(|error| problem::compose(&error))?;
        if let Some(path) = &self.output.output {
            output::Copy::create(path)?.write(&mut encoder)?;
            encoder.restart().map_err(output::reading)?;
        }
        output::print(&mut encoder)?;
        if !self.output.quiet {
            report::envelope("send", &envelope);
        }
        Ok(Exit::Ok)
    }

    fn send(&self) -> Result<Exit, Trouble> {
        let mut target = self.server.target()?;
        let mail = self.message.mail(&sender(Some(&target)))?;
        let envelope = self.envelope.envelope(mail.from.clone(), mail.to.clone())?;
        let mut copies: Vec<_> = self.output.copy()?.into_iter().collect();
        let mut sent = self.sent.then(|| Way::wanted(&self.server, &target)).transpose()?;
        let waiting =
            sent.as_ref().filter(|way| way.is_somewhere()).map(|_| Waiting::alone("send")).transpose()?;
        let credentials = target.credentials()?;
        if let (Some(way), Some(waiting)) = (&mut sent, &waiting) {
            copies.push(output::Copy::create(waiting.path())?);
            way.prepare(&mut target, credentials.as_ref());
        }
        let shown = &self.output;
        let done = run::Run { command: "send", mail, envelope, target, credentials, copies, shown }.run()?;
        let copy =
            sent.zip(waiting).and_then(|(way, waiting)| way.settle(&waiting, &done.delivery, "send", shown));
        if shown.json.is_some() {
            done.report(copy.as_ref());
        }
        Ok(done.exit)
    }
}

/// Who the mail is from where --from does not say it.
pub(super) fn sender(target: Option<&server::Target>) -> message::Sender<'_> {
    let account = target.and_then(|target| target.account.as_ref());
    message::Sender {
        account: account.and_then(|account| account.from.as_deref()),
        login: target.and_then(|target| target.user.as_deref()),
    }
}
