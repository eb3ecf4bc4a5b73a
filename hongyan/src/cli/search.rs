//! `hongyan search`: mails by what is in them and what is known of them.

use hongyan_mailbox::index::Order;
use hongyan_mailbox::query::{Query, QueryError};

use super::exit::Exit;
use super::list::{LEGEND, Paging};
use super::mailbox;
use super::terminal::{safe, tell};
use super::trouble::Trouble;
use crate::said::said;

/// Search the mails of all folders
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
All conditions must hold; OR stands between alternatives, - before what must not hold, (…) groups.

  报告  \"monthly report\"  repor*    in subject, people, text and attachment names
  subject: from: to: cc: body: file: list:                in that alone (to: with Cc)
  has:attachment  is:unread  is:flagged  is:answered      (also read, forwarded, draft, trashed)
  after:2026-01-01  before:2026-02  on:yesterday  after:7d        days of the local time zone
  larger:1M  smaller:20K  folder:Sent  id:<a@b>  thread:<a@b>

{LEGEND}

  hongyan search from:王 has:attachment after:2026-01-01 报告
  hongyan search '(invoice OR 发票) -from:shop' --by relevance
  hongyan search -- -is:read larger:10M
  hongyan search 'subject:\"monthly report\"' --json"))]
pub(crate) struct Args {
    /// What to look for; without it everything. One that begins with - stands behind --
    #[arg(value_name = "QUERY")]
    query: Vec<String>,

    /// What comes first: the newest, or what says most of the words
    #[arg(long, value_name = "ORDER", default_value = "date")]
    by: By,

    #[command(flatten)]
    paging: Paging,

    #[command(flatten)]
    mailbox: mailbox::Options,
}

/// What comes first.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum By {
    Date,
    Relevance,
}

impl Args {
    /// Prints what is found.
    pub(crate) fn run(self) -> Exit {
        match self.search() {
            Ok(exit) => exit,
            Err(trouble) => trouble.report("search"),
        }
    }

    fn search(&self) -> Result<Exit, Trouble> {
        let text = self.query.join(" ");
        let query = match Query::parse(&text) {
            Ok(query) => query,
            Err(error) => return Ok(refused(&text, &error)),
        };
        let order = match self.by {
            By::Date => Order::Date,
            By::Relevance => Order::Relevance,
        };
        self.paging.print("search", &self.mailbox.path()?, &query, order)?;
        Ok(Exit::Ok)
    }
}

/// Shows the place in the query, and what is wrong there.
fn refused(text: &str, error: &QueryError) -> Exit {
    tell(&format!("  {}", safe(text)));
    tell(&format!("  {}", caret(text, error)));
    Trouble::new(
        Exit::Usage,
        said(error.text(), error.zh()),
        said("see `hongyan search --help`", "请看 hongyan search --help"),
    )
    .report("search")
}

/// Carets below the place.
fn caret(text: &str, error: &QueryError) -> String {
    let width = |text: &str| console::measure_text_width(&safe(text));
    let before = text.get(..error.at.start).unwrap_or_default();
    let place = text.get(error.at.clone()).unwrap_or_default();
    format!("{}{}", " ".repeat(width(before)), "^".repeat(width(place).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_place_also_behind_wide_characters() {
        for (query, below) in [
            ("form:王", "^^^^^"),
            ("报告 is:green", "        ^^^^^"),
            ("(报告", "^"),
            ("报告 OR", "       ^"),
            ("from:王 (", "        ^"),
        ] {
            let error = Query::parse(query).expect_err(query);
            assert_eq!(caret(query, &error), below, "{query}");
        }
    }
}
