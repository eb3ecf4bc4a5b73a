//! `hongyan bulk report --write-back`: a copy of the sheet with what became of each row beside it.

use std::path::{Path, PathBuf};

use chrono::Local;
use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::{Entry, Filter, Ledger};
use hongyan_bulk::load;
use hongyan_bulk::recipients::Sheet;
use hongyan_bulk::report::Entries;
use hongyan_bulk::writeback::{Headings, Outcome, WriteBackError, write_back};
use tokio::runtime::Runtime;

use super::making;
use super::message_id::MessageIds;
use super::words::{self, stamp};
use crate::cli::exit::Exit;
use crate::cli::terminal::Language;
use crate::cli::trouble::Trouble;
use crate::said::{Problem, said};

/// Writes the copy; gives its path.
pub(super) fn write(dir: &Path, ledger: &impl Ledger, runtime: &Runtime) -> Result<PathBuf, Trouble> {
    let campaign = making::campaign(dir)?;
    let sheet = sheet(&campaign, ledger)?;
    let language = Language::of_the_environment();
    let headings = language.choose(Headings::english(), Headings::chinese());
    let ids = MessageIds::of(ledger.manifest());
    let mut entries = Entries::new(ledger, Filter::default());
    // Both come in the order of the sheet; whoever was read too far waits.
    let mut waiting: Option<Entry> = None;
    let outcome_of = |row: u64| {
        let mut of_row: Vec<Entry> = Vec::new();
        loop {
            let next = match waiting.take() {
                Some(entry) => Some(entry),
                None => runtime.block_on(entries.next()).map_err(|error| error.problem())?,
            };
            match next {
                Some(entry) if entry.row.number < row => {}
                Some(entry) if entry.row.number == row => of_row.push(entry),
                later => {
                    waiting = later;
                    break;
                }
            }
        }
        Ok::<_, Problem>((!of_row.is_empty()).then(|| outcome(&of_row, &ids, language)))
    };
    write_back(&sheet, &headings, Local::now().naive_local(), outcome_of).map_err(|error| {
        let exit = match &error {
            WriteBackError::Sheet(_) | WriteBackError::TooLong(_) => Exit::Data,
            WriteBackError::Crowded(_) => Exit::CannotCreate,
            _ => Exit::Io,
        };
        Trouble::from(exit, error.problem())
    })
}

/// The sheet is in the folder, and a database knows no more of it than its hash.
pub(super) fn without_folder() -> Trouble {
    Trouble::new(
        Exit::Usage,
        said(
            "--write-back copies the sheet, and that is in the campaign's folder",
            "--write-back 需要复制活动文件夹中的表格",
        ),
        said(
            "name the folder in place of --ledger: it leads to the database; or write a report with -o",
            "请用活动文件夹代替 --ledger（会自动找到数据库）；或用 -o 生成报告",
        ),
    )
}

/// The sheet, as long as it is what was frozen: of another one the rows would be other people.
fn sheet(campaign: &Campaign, ledger: &impl Ledger) -> Result<Sheet, Trouble> {
    let wanted = &campaign.config().recipients;
    let frozen = ledger.manifest().files.get(&wanted.file);
    let now = campaign.frozen(&wanted.file).map_err(|error| Trouble::from(Exit::NoInput, error.problem()))?;
    if frozen != Some(&now) {
        let file = &wanted.file;
        return Err(Trouble::new(
            Exit::Data,
            said(
                format!(
                    "{file} has been changed since the campaign was started, so its rows may be other people"
                ),
                format!("{file} 在活动开始后被修改，各行可能已不是原来的人"),
            ),
            said(
                "put the file back as it was; or write a report with -o: it holds the rows as they were sent",
                "请恢复原来的文件；或用 -o 生成报告，其中是发送时的各行内容",
            ),
        ));
    }
    load::sheet(campaign).map_err(|error| Trouble::from(Exit::Data, error.problem()))
}

/// What became of those of one row, as one.
fn outcome(entries: &[Entry], ids: &MessageIds, language: Language) -> Outcome {
    let each = |of: &dyn Fn(&Entry) -> String| {
        let mut texts: Vec<String> = Vec::new();
        for entry in entries {
            let text = of(entry);
            if !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join("; ")
    };
    let last = |entry: &Entry| entry.attempts.last().map(|last| last.evidence.clone());
    Outcome {
        outcome: each(&|entry| words::state(entry.state, language).0.to_owned()),
        time: each(&|entry| last(entry).map(|evidence| stamp(evidence.ended)).unwrap_or_default()),
        words: each(&|entry| match last(entry) {
            Some(evidence) if evidence.reply.is_empty() => evidence.cause,
            Some(evidence) => evidence.reply,
            None => String::new(),
        }),
        message_id: each(&|entry| ids.of_entry(entry, None).unwrap_or_default()),
    }
}
