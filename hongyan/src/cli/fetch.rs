//! `hongyan fetch`: its arguments, and the order in which things happen.
//!
//! The Maildir is opened, or made, and locked before anybody is called, so that what is wrong here is told at once and
//! no password is asked for in vain.

mod folders;
mod report;
mod run;
mod trouble;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ValueEnum, ValueHint};

use super::exit::Exit;
use super::trouble::Trouble;
use super::{mailbox, server};
use crate::account::Protocol;
use crate::mailbox::{Lock, Maildir};
use crate::receive::Policy;
use crate::said::said;

const EXAMPLES: &str = "\
Examples:
  What is new in the account called `default`, into its Maildir (or ~/Mail):
    hongyan fetch
  From a server that is named here, by POP3 or IMAP; the password is asked for:
    hongyan fetch --server pop3s://me@example.org@pop.example.org --to ~/Mail
    hongyan fetch --server imaps://me@example.org@imap.example.org --folder INBOX --folder Sent
  Take mail off the server once it is safe here, at once or after a month:
    hongyan fetch --delete
    hongyan fetch --delete-after 30
  Stay, and fetch mail as it comes:
    hongyan fetch --watch
  From a sandbox on this machine, with the conversation explained:
    hongyan fetch --trace --server pop3://me@127.0.0.1:2110 --to /tmp/mail

An account, in ~/.config/hongyan/config.toml (or the file that HONGYAN_CONFIG names):
  [account.default]
  user = \"wang@example.org\"
  imap = \"imaps://imap.example.org\"      # or pop3 = \"pop3s://…\"; known providers need neither
  maildir = \"~/Mail\"
  password_command = \"secret-tool lookup mail example\"

Nothing is deleted on the server before it is safe on disk, and \"deleted\" is what the server has
confirmed. Whatever interrupts a fetch, the next one goes on from there.

Exit codes: 0 all fetched; 75 not now, or another fetch is running; 64 wrong usage; 65 no such
folder; 68 unknown host; 69 unreachable or refused; 73 no Maildir; 74 disk; 76 protocol; 77 login
or certificate; 78 configuration.";

/// Fetch mail into a Maildir, by IMAP or POP3
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    server: server::Receiving,
    #[command(flatten)]
    mail: Mail,
    #[command(flatten)]
    output: Output,
}

/// Which mail, and what becomes of it.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "The mail")]
struct Mail {
    /// A folder to fetch (IMAP); without this, INBOX. Can be given several times
    #[arg(long = "folder", value_name = "NAME", conflicts_with = "all_folders")]
    folders: Vec<String>,
    /// Fetch all folders (IMAP)
    #[arg(long)]
    all_folders: bool,
    /// The Maildir, made if need be; without this, the account's, that of HONGYAN_MAILDIR, or ~/Mail
    #[arg(long, value_name = "MAILDIR", value_hint = ValueHint::DirPath)]
    to: Option<PathBuf>,
    /// Leave the mail on the server (as it is without any of these)
    #[arg(long, group = "policy")]
    keep: bool,
    /// Delete each mail on the server once it is safe here
    #[arg(long, group = "policy")]
    delete: bool,
    /// Delete mail on the server so many days after it was fetched
    #[arg(long, value_name = "DAYS", group = "policy", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    delete_after: Option<u32>,
    /// Stay, and fetch mail as it comes: IMAP tells of it in INBOX; all else is asked for every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "300",
          value_parser = clap::value_parser!(u32).range(5..=86_400))]
    watch: Option<u32>,
}

/// What is to be seen of it.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "What is shown")]
struct Output {
    /// Show the conversation on standard error, each line explained; =full with the mail's content
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "lines", hide_possible_values = true)]
    trace: Option<Trace>,
    /// Print one JSON object for each fetch
    #[arg(long)]
    json: bool,
    /// Say nothing when all went well, and show no progress
    #[arg(short, long)]
    quiet: bool,
}

/// How much of the conversation to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Trace {
    /// Commands and replies
    Lines,
    /// The content too
    Full,
}

impl Args {
    /// Fetches.
    pub(crate) fn run(self) -> Exit {
        self.fetch().unwrap_or_else(|trouble| {
            let exit = trouble.report("fetch");
            if self.output.json {
                report::trouble(&trouble);
            }
            exit
        })
    }

    /// A fetch for another command: into a Maildir of its own, saying nothing, and leaving the server as it is.
    pub(crate) fn into_maildir(server: server::Receiving, mut folders: Vec<String>, to: PathBuf) -> Self {
        if !folders.is_empty() {
            folders.insert(0, "INBOX".to_owned());
        }
        let mail = Mail {
            folders,
            all_folders: false,
            to: Some(to),
            keep: true,
            delete: false,
            delete_after: None,
            watch: None,
        };
        Self { server, mail, output: Output { trace: None, json: false, quiet: true } }
    }

    /// Fetches, with what goes wrong as a problem.
    pub(crate) fn fetch(&self) -> Result<Exit, Trouble> {
        let target = self.server.target()?;
        if target.user.is_none() {
            return Err(nobody(&target));
        }
        if target.server.protocol == Protocol::Pop3
            && (self.mail.all_folders || !self.mail.folders.is_empty())
        {
            return Err(Trouble::new(
                Exit::Usage,
                said("POP3 has no folders", "POP3 没有文件夹"),
                said(
                    "leave out --folder and --all-folders, or fetch by IMAP (imaps://…)",
                    "请去掉 --folder 和 --all-folders，或改用 IMAP（imaps://…）",
                ),
            ));
        }
        let path =
            mailbox::choose(self.mail.to.as_deref(), target.account.as_ref(), self.server.names_account())?;
        let maildir = Maildir::create(&path).map_err(|error| trouble::maildir(&error))?;
        let lock = Lock::take(&maildir).map_err(|error| trouble::locked(&error))?;
        let credentials = target.credentials()?;
        run::Run { args: self, target, credentials, maildir, lock }.run()
    }

    fn policy(&self) -> Policy {
        match (self.mail.delete, self.mail.delete_after) {
            (true, _) => Policy::Delete,
            (_, Some(days)) => Policy::DeleteAfter(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
            _ => Policy::Keep,
        }
    }
}

fn nobody(target: &server::Target) -> Trouble {
    let scheme = target.server.protocol.scheme();
    let place = target.server.place();
    Trouble::new(
        Exit::Config,
        said("nobody is named to log in", "没有指定登录用户"),
        said(
            format!("write {scheme}s://user@{place}, or give the account a `user`"),
            format!("请写成 {scheme}s://用户@{place}，或在账户中设置 user"),
        ),
    )
}
