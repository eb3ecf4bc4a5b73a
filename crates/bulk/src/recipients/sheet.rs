//! A sheet: opened once, read as often as wanted.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hongyan_proto::said::said;

use crate::row::Columns;

use super::error::{SheetError, SheetErrorKind};
use super::finding::{Finding, FindingKind, Findings};
use super::format::{self, Looks};
use super::grid::{Fault, Grid, Merged};
use super::header::{self, Header};
use super::limits::MAX_HEADER_SEARCH;
use super::rows::Rows;
use super::text::charset::{self, Charset, fill};
use super::text::delimited::Delimited;
use super::text::lines::{self, Lines};
use super::workbook::Chosen;
use super::workbook::archive::Archive;
use super::workbook::ods::Ods;
use super::workbook::xls::Xls;
use super::workbook::xlsx::Xlsx;

/// What is said about a sheet; what is not said is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Which sheet of a workbook; the first visible one with content where this says nothing.
    pub sheet: Option<String>,
    /// Which row holds the names of the columns, as a person counts.
    pub header: Option<u64>,
    /// What separates the cells of a text file.
    pub delimiter: Option<char>,
    /// The charset of a text file: a label of the WHATWG Encoding Standard, as `gb18030`.
    pub charset: Option<String>,
}

/// What a sheet is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Office Open XML (ECMA-376).
    Xlsx,
    /// Excel 97–2003 (BIFF8).
    Xls,
    /// OpenDocument.
    Ods,
    /// Cells between delimiters (RFC 4180): CSV and TSV.
    Delimited,
    /// JSON Lines.
    JsonLines,
}

impl Format {
    /// Its name: `XLSX`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "XLSX",
            Self::Xls => "XLS",
            Self::Ods => "ODS",
            Self::Delimited => "CSV",
            Self::JsonLines => "JSON Lines",
        }
    }
}

/// A sheet that was opened: its columns are known, its rows can be read.
#[derive(Debug)]
pub struct Sheet {
    path: PathBuf,
    /// What was there when it was opened.
    stamp: Stamp,
    pub(crate) source: Source,
    pub(crate) header: Arc<Header>,
    merged: Arc<[Merged]>,
    findings: Findings,
}

/// How the rows are got.
#[derive(Debug)]
pub(crate) enum Source {
    Delimited(Delimited),
    Lines(Charset),
    Xlsx(Xlsx),
    Ods(Ods),
    Xls(Xls),
}

/// By which a change of a file is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Sheet {
    /// Opens a sheet: finds out what is not said, and reads the names of its columns. A text file is read through once
    /// to prove its charset.
    ///
    /// # Errors
    /// The file cannot be read, is no sheet, is damaged, goes beyond a [limit](super::limits), or has no row of names;
    /// the text is not in the charset that was said.
    pub fn open(path: &Path, options: &Options) -> Result<Self, SheetError> {
        open(path, options).map_err(|fault| SheetError {
            file: path.to_owned(),
            place: fault.place,
            kind: fault.kind,
        })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &Columns {
        &self.header.columns
    }

    /// The file, as it was named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is written in.
    pub fn format(&self) -> Format {
        match self.source {
            Source::Delimited(_) => Format::Delimited,
            Source::Lines(_) => Format::JsonLines,
            Source::Xlsx(_) => Format::Xlsx,
            Source::Ods(_) => Format::Ods,
            Source::Xls(_) => Format::Xls,
        }
    }

    /// The row that holds the names, as a person counts; 0 where the format has none (JSON Lines).
    pub fn header_row(&self) -> u64 {
        self.header.row
    }

    /// The rows below the names, from the first one. Rows without content are left out.
    pub fn rows(&self) -> Rows {
        let (file, header) = (self.path.clone(), Arc::clone(&self.header));
        match &self.source {
            Source::Lines(charset) => {
                let lines = self.unchanged().and_then(|()| Lines::open(&self.path, *charset));
                Rows::of_lines(file, header, lines)
            }
            _ => Rows::of_grid(file, header, Arc::clone(&self.merged), self.grid()),
        }
    }

    /// What was found when it was opened. What is found in the rows is at [`Rows::findings`].
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    /// All rows of cells from the first one, the names among them; none for JSON Lines.
    pub(crate) fn grid(&self) -> Result<Grid, Fault> {
        self.unchanged()?;
        grid(&self.path, &self.source)
    }

    /// The file is the one that was opened.
    pub(crate) fn unchanged(&self) -> Result<(), Fault> {
        if Stamp::of(&std::fs::metadata(&self.path)?) == self.stamp {
            Ok(())
        } else {
            Err(Fault::of_file(SheetErrorKind::Changed))
        }
    }
}

fn grid(path: &Path, source: &Source) -> Result<Grid, Fault> {
    match source {
        Source::Delimited(delimited) => delimited.grid(path),
        Source::Lines(_) => Ok(Box::new(std::iter::empty())),
        Source::Xlsx(book) => book.grid(),
        Source::Ods(book) => book.grid(),
        Source::Xls(book) => Ok(book.grid()),
    }
}

fn open(path: &Path, options: &Options) -> Result<Sheet, Fault> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::from(if metadata.is_dir() {
            io::ErrorKind::IsADirectory
        } else {
            io::ErrorKind::Unsupported
        })
        .into());
    }
    let mut start = vec![0; format::SEEN];
    let seen = fill(&mut file, &mut start)?;
    drop(file);
    let mut findings = Findings::default();
    let (source, merged) = source(path, &start[..seen], options, &mut findings)?;
    let header = match &source {
        Source::Lines(charset) => first_line(path, *charset)?,
        _ => {
            let rows = first_rows(path, &source, options.header)?;
            header::find(&rows, &merged, options.header, &mut findings)?
        }
    };
    let stamp = Stamp::of(&metadata);
    Ok(Sheet {
        path: path.to_owned(),
        stamp,
        source,
        header: Arc::new(header),
        merged: merged.into(),
        findings,
    })
}

fn source(
    path: &Path,
    start: &[u8],
    options: &Options,
    findings: &mut Findings,
) -> Result<(Source, Vec<Merged>), Fault> {
    let kind = match format::looks(start, path) {
        Looks::Zip => return archive(path, options, findings),
        Looks::Compound => {
            let (book, chosen) = Xls::open(path, options.sheet.as_deref())?;
            return Ok((Source::Xls(book), of_chosen(chosen, findings)));
        }
        Looks::Text => {
            return delimited(path, options, findings).map(|found| (Source::Delimited(found), Vec::new()));
        }
        Looks::JsonLines => {
            let charset = charset::find(path, options.charset.as_deref())?;
            if charset.guessed {
                findings.add(Finding::of_file(FindingKind::Charset(charset::name(charset.encoding))));
            }
            return Ok((Source::Lines(charset), Vec::new()));
        }
        Looks::Nothing => SheetErrorKind::Empty,
        Looks::OldXls => SheetErrorKind::OtherWorkbook("Excel 2–95"),
        Looks::Xml => SheetErrorKind::OtherWorkbook("XML"),
        Looks::WebPage => SheetErrorKind::WebPage,
        Looks::JsonArray => SheetErrorKind::JsonArray,
        Looks::Other(said) => SheetErrorKind::NotASheet(said),
    };
    Err(Fault::of_file(kind))
}

/// A ZIP archive: a workbook of one sort or the other, or none.
fn archive(path: &Path, options: &Options, findings: &mut Findings) -> Result<(Source, Vec<Merged>), Fault> {
    let archive = Archive::open(path)?;
    let asked = options.sheet.as_deref();
    let (source, chosen) = if archive.has("[Content_Types].xml") || archive.has("xl/workbook.xml") {
        if !archive.has("xl/workbook.xml") && !archive.has("xl/workbook.bin") && !archive.holds("/workbook") {
            return Err(Fault::of_file(SheetErrorKind::NotASheet(said(
                "another Office document",
                "其他 Office 文档",
            ))));
        }
        let (book, chosen) = Xlsx::open(archive, asked)?;
        (Source::Xlsx(book), chosen)
    } else if archive.has("content.xml") {
        let (book, chosen) = Ods::open(archive, asked)?;
        (Source::Ods(book), chosen)
    } else {
        return Err(Fault::of_file(SheetErrorKind::NotASheet(said("a ZIP archive", " ZIP 压缩包"))));
    };
    Ok((source, of_chosen(chosen, findings)))
}

/// Tells of the sheets that are not read, and hands out what is merged in the one that is.
fn of_chosen(chosen: Chosen, findings: &mut Findings) -> Vec<Merged> {
    if !chosen.others.is_empty() {
        let kind = FindingKind::OtherSheets { read: chosen.name, others: chosen.others };
        findings.add(Finding::of_file(kind));
    }
    chosen.merged
}

fn delimited(path: &Path, options: &Options, findings: &mut Findings) -> Result<Delimited, Fault> {
    let found = Delimited::find(path, options.charset.as_deref(), options.delimiter)?;
    if let Some(named) = format::named_as_workbook(path) {
        findings.add(Finding::of_file(FindingKind::NamedOtherwise { named, is: "CSV" }));
    }
    if found.charset.guessed {
        findings.add(Finding::of_file(FindingKind::Charset(charset::name(found.charset.encoding))));
    }
    if found.guessed {
        findings.add(Finding::of_file(FindingKind::Delimiter(found.delimiter)));
    }
    Ok(found)
}

/// The rows in which the names may stand.
fn first_rows(path: &Path, source: &Source, header: Option<u64>) -> Result<Vec<super::grid::RawRow>, Fault> {
    let mut rows = Vec::new();
    for row in grid(path, source)? {
        let row = match row {
            // It is told of when the rows are read.
            Err(fault) if fault.kind == SheetErrorKind::AfterQuote => continue,
            row => row?,
        };
        let number = row.number;
        if header.is_some_and(|header| number > header) {
            break;
        }
        // Of what is above a row that was said, the first rows are enough: they are shown in errors.
        if header.is_none_or(|header| number == header || rows.len() < MAX_HEADER_SEARCH) {
            rows.push(row);
        }
        if header.is_none() && rows.len() == MAX_HEADER_SEARCH {
            break;
        }
    }
    if rows.iter().all(|row| row.cells.is_empty()) && header.is_none() {
        return Err(Fault::of_file(SheetErrorKind::Empty));
    }
    Ok(rows)
}

/// The keys of the first object.
fn first_line(path: &Path, charset: Charset) -> Result<Header, Fault> {
    match lines::first_keys(path, charset)? {
        Some(keys) => Ok(Header { columns: Columns::new(keys), ..Header::default() }),
        None => Err(Fault::of_file(SheetErrorKind::Empty)),
    }
}
