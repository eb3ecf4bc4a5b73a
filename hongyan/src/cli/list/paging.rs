//! Which part of what was found is printed, and in which form.
//!
//! On a terminal a page is as long as the window, so that nothing scrolls away; elsewhere everything is printed,
//! read piece by piece.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use console::Term;
use hongyan_mailbox::Query;
use hongyan_mailbox::index::{IndexError, Order, Page};

use super::row::Row;
use super::table::Table;
use crate::cli::mailbox::unusable;
use crate::cli::paint::{Color, Paint};
use crate::cli::system::printed;
use crate::cli::terminal::Language;
use crate::cli::trouble::Trouble;
use crate::cli::{json, mailbox};

/// Mails on a page where nothing says how many.
const PAGE: u64 = 50;
/// Mails that are read at once where all are printed.
const PIECE: u64 = 1_000;
/// Lines of a window that are not mails: the last one of the table, and the prompt.
const OTHER_LINES: u64 = 2;
/// Mails on a page, however low the window is.
const FEWEST: u64 = 5;

/// The options about it.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(next_help_heading = "What is printed")]
pub(crate) struct Paging {
    /// So many mails at most; without it as many as the window has lines, in a pipe all
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,

    /// The page of that many mails
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    page: Option<u64>,

    /// Print a JSON object for each mail, a line each
    #[arg(long)]
    json: bool,

    /// When to colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// The part that is printed.
struct Part {
    offset: u64,
    /// None: all there is.
    limit: Option<u64>,
    number: u64,
}

impl Paging {
    /// Prints what `query` finds in the Maildir at `path`; `command` is who speaks.
    pub(crate) fn print(
        &self,
        command: &str,
        path: &Path,
        query: &Query,
        order: Order,
    ) -> Result<(), Trouble> {
        let stdout = io::stdout();
        let window = stdout.is_terminal().then(|| Term::stdout().size());
        let part = self.part(window.map(|(lines, _)| lines.into()));
        let piece = part.limit.unwrap_or(PIECE);
        let (index, page) =
            mailbox::ask(command, path, |index| index.search(query, order, part.offset, piece))?;
        let paint = Paint::on(&stdout, self.color);
        let mut out = BufWriter::new(stdout.lock());
        if let (Some((_, columns)), false) = (window, self.json) {
            let table = Table::new(columns.into(), paint, Language::of_the_environment());
            return printed(
                table.print(&mut out, &page, part.offset, part.number).and_then(|()| out.flush()),
            );
        }
        self.rest(&mut out, page, |offset| index.search(query, order, offset, PIECE), &part)
    }

    /// Prints the page and, where all is wanted, those behind it.
    fn rest(
        &self,
        out: &mut impl Write,
        mut page: Page,
        next: impl Fn(u64) -> Result<Page, IndexError>,
        part: &Part,
    ) -> Result<(), Trouble> {
        let mut offset = part.offset;
        loop {
            let mut rows = page.mails.iter().map(Row::of);
            printed(rows.try_for_each(|row| if self.json { json::line(out, &row) } else { row.print(out) }))?;
            offset += page.mails.len() as u64;
            if part.limit.is_some() || page.mails.is_empty() || offset >= page.total {
                return printed(out.flush());
            }
            page = next(offset).map_err(|error| unusable(&error))?;
        }
    }

    fn part(&self, lines: Option<u64>) -> Part {
        let fitting = lines.map(|lines| lines.saturating_sub(OTHER_LINES).max(FEWEST));
        let limit = self.limit.or(fitting).or(self.page.map(|_| PAGE));
        let number = self.page.unwrap_or(1);
        Part { offset: limit.unwrap_or(0).saturating_mul(number - 1), limit, number }
    }
}
