//! `hongyan list`: the mails of a folder, the newest first.

mod date;
mod paging;
mod row;
mod table;

use hongyan_mailbox::Query;
use hongyan_mailbox::index::Order;
use hongyan_mailbox::query::State;

use super::exit::Exit;
use super::mailbox;
use super::trouble::Trouble;
pub(crate) use paging::Paging;

/// What the letters of a list mean; `hongyan search` prints the same.
pub(crate) const LEGEND: &str = "\
Columns: number, marks, date, who, subject. Marks: N not read, R replied to, P passed on, D draft,
T to be deleted; F flagged; @ has attachments. In a pipe the columns have tabs between them and
are whole, dates are RFC 3339; --json prints an object a line.";

/// List the mails of a folder
#[derive(Debug, clap::Args)]
#[command(after_help = format!("{LEGEND}

  hongyan list
  hongyan list --unread --limit 20
  hongyan list --folder Sent --page 2"))]
pub(crate) struct Args {
    /// This folder and those below it; without it the inbox
    #[arg(short, long, value_name = "NAME", conflicts_with = "all")]
    folder: Option<String>,

    /// All folders
    #[arg(short, long)]
    all: bool,

    /// Only what was not read yet
    #[arg(short, long)]
    unread: bool,

    #[command(flatten)]
    paging: Paging,

    #[command(flatten)]
    mailbox: mailbox::Options,
}

impl Args {
    /// Prints a page.
    pub(crate) fn run(self) -> Exit {
        match self.list() {
            Ok(()) => Exit::Ok,
            Err(trouble) => trouble.report("list"),
        }
    }

    fn list(&self) -> Result<(), Trouble> {
        let mut query = Vec::new();
        if !self.all {
            query.push(Query::Folder(self.folder.clone().unwrap_or_else(|| "INBOX".to_owned())));
        }
        if self.unread {
            query.push(Query::Is(State::Unread));
        }
        self.paging.print("list", &self.mailbox.path()?, &Query::Every(query), Order::Date)
    }
}
