//! What became of each row, written back: a copy of the sheet beside it with columns for the outcome. The sheet itself is
//! never touched.
//!
//! An XLSX, XLS or ODS becomes an XLSX whose cells are texts, as the sheet showed them; a text file keeps its delimiter,
//! its charset and its byte order mark; JSON Lines get further keys. The copy has a name of its own until it is complete
//! and safe on disk, and no file is ever overwritten: `recipients.xlsx` becomes `recipients-结果-20261120-0930.xlsx`,
//! with `-2` and so on behind it where that exists.
//!
//! A cell that a spreadsheet program would take for a formula is kept from it: what comes from a list of strangers, or
//! from somebody's server, must not run on the desk of whoever opens the copy.

mod delimited;
mod encode;
mod guard;
mod lines;
mod place;
mod workbook;

use std::fmt;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;
use hongyan_proto::said::{Problem, said};

use crate::recipients::grid::{Fault, RawRow};
use crate::recipients::sheet::Source;
use crate::recipients::{Place, Sheet, SheetError};

pub use guard::guarded;

/// What is written of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What became of it, as `accepted`.
    pub outcome: String,
    /// When.
    pub time: String,
    /// The server's words, or the cause.
    pub words: String,
    /// The Message-ID.
    pub message_id: String,
}

impl Outcome {
    fn cells(&self) -> [&str; 4] {
        [&self.outcome, &self.time, &self.words, &self.message_id]
    }
}

/// What the copy and its columns are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headings {
    /// In the file's name: `结果`.
    pub file: String,
    /// The columns, in order: outcome, time, words, Message-ID. A name that the sheet has already gets a number.
    pub columns: [String; 4],
}

impl Headings {
    /// In English.
    pub fn english() -> Self {
        Self {
            file: "outcome".into(),
            columns: ["Outcome", "Time", "Server's words", "Message-ID"].map(String::from),
        }
    }

    /// 简体中文.
    pub fn chinese() -> Self {
        Self {
            file: "结果".into(), columns: ["状态", "时间", "服务器回复", "Message-ID"].map(String::from)
        }
    }

    /// The columns with names that the sheet does not have.
    fn columns_beside(&self, sheet: &Sheet) -> [String; 4] {
        self.columns.clone().map(|name| {
            let is_free = |name: &String| sheet.columns().position(name).is_none();
            let others = (2..).map(|number| format!("{name} {number}"));
            std::iter::once(name.clone()).chain(others).find(is_free).unwrap_or(name)
        })
    }
}

/// Why there is no copy.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteBackError {
    /// The sheet cannot be read.
    Sheet(SheetError),
    /// What became of a row is not known: whoever was asked says why.
    Outcome(Problem),
    /// The copy cannot be written: where, and the system's words.
    Io(PathBuf, io::Error),
    /// A cell is longer than the 32,767 characters that an XLSX can hold.
    TooLong(Place),
    /// A hundred copies of this minute are there.
    Crowded(PathBuf),
}

impl WriteBackError {
    /// For people: what is wrong, and what to do next.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Sheet(error) => error.problem(),
            Self::Outcome(problem) => problem.clone(),
            Self::Io(path, error) => Problem::new(
                said(
                    format!("{} cannot be written ({error})", path.display()),
                    format!("无法写入 {}（{error}）", path.display()),
                ),
                said(
                    "look whether there is space and whether you may write into this folder",
                    "请检查磁盘空间和该文件夹的写入权限",
                ),
            ),
            Self::TooLong(place) => {
                let place = place.said();
                Problem::new(
                    said(
                        format!("{}: longer than the 32,767 characters of a cell", place.en),
                        format!("{}：超过单元格 32,767 个字符的上限", place.zh),
                    ),
                    said("save the sheet as CSV, which has no such limit", "请把表格另存为没有此限制的 CSV"),
                )
            }
            Self::Crowded(path) => Problem::new(
                said(
                    format!("{} and 99 more copies of this minute are there", path.display()),
                    format!("{} 等同一分钟的副本已有 100 个", path.display()),
                ),
                said("move them away", "请先移走这些文件"),
            ),
        }
    }
}

impl fmt::Display for WriteBackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl std::error::Error for WriteBackError {}

/// Writes the copy and returns its path. `outcome_of` is asked for each row below the names, in the order of the sheet, by
/// the row's number; rows of which nothing is known keep empty cells. Rows without content are copied as such.
///
/// # Errors
/// [`WriteBackError`]; there is no copy then, not even a part of one.
pub fn write_back(
    sheet: &Sheet,
    headings: &Headings,
    now: NaiveDateTime,
    mut outcome_of: impl FnMut(u64) -> Result<Option<Outcome>, Problem>,
) -> Result<PathBuf, WriteBackError> {
    let target = place::Target::beside(sheet.path(), &headings.file, now, extension(sheet));
    let columns = headings.columns_beside(sheet);
    let draft = target.draft()?;
    let out = BufWriter::with_capacity(64 << 10, draft.file());
    let job = Job { sheet, columns: &columns, target: target.path(), title: &headings.file };
    match &sheet.source {
        Source::Delimited(found) => delimited::write(&job, found, out, &mut outcome_of)?,
        Source::Lines(charset) => lines::write(&job, *charset, out, &mut outcome_of)?,
        Source::Xlsx(_) | Source::Ods(_) | Source::Xls(_) => workbook::write(&job, out, &mut outcome_of)?,
    }
    draft.publish(&target)
}

/// What the ways to write share.
struct Job<'s> {
    sheet: &'s Sheet,
    columns: &'s [String; 4],
    target: &'s Path,
    title: &'s str,
}

impl Job<'_> {
    /// All rows of the sheet, the names among them.
    fn rows(&self) -> Result<impl Iterator<Item = Result<RawRow, WriteBackError>>, WriteBackError> {
        let grid = self.sheet.grid().map_err(|fault| self.fault(fault))?;
        Ok(grid.map(|row| row.map_err(|fault| self.fault(fault))))
    }

    /// The column behind the last one that shows anything in any row.
    fn width(&self) -> Result<u32, WriteBackError> {
        let mut width = 0;
        for row in self.rows()? {
            width = width.max(row?.cells.last().map_or(0, |(column, _)| *column + 1));
        }
        Ok(width)
    }

    fn fault(&self, fault: Fault) -> WriteBackError {
        let file = self.sheet.path().to_owned();
        WriteBackError::Sheet(SheetError { file, place: fault.place, kind: fault.kind })
    }

    fn io(&self, error: io::Error) -> WriteBackError {
        WriteBackError::Io(self.target.to_owned(), error)
    }
}

/// Who knows what became of a row.
type Ask<'a> = &'a mut dyn FnMut(u64) -> Result<Option<Outcome>, Problem>;

/// The copy's extension: the sheet's own where its format stays.
fn extension(sheet: &Sheet) -> String {
    let own = sheet.path().extension().map(|extension| extension.to_string_lossy().into_owned());
    match &sheet.source {
        Source::Delimited(_) => own.filter(|own| !is_workbooks(own)).unwrap_or_else(|| "csv".into()),
        Source::Lines(_) => own.unwrap_or_else(|| "jsonl".into()),
        Source::Xlsx(_) | Source::Ods(_) | Source::Xls(_) => "xlsx".into(),
    }
}

/// A text that is called a workbook is not called so a second time.
fn is_workbooks(extension: &str) -> bool {
    ["xlsx", "xlsm", "xls", "et", "ods"].iter().any(|workbook| extension.eq_ignore_ascii_case(workbook))
}
