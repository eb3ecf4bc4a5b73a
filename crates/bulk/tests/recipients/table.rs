//! What the tests share: a folder that goes away, sheets opened and read whole.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use hongyan_bulk::recipients::{Finding, FindingKind, Options, Sheet, SheetError, SheetErrorKind};
use hongyan_bulk::row::Row;
use serde_json::Value;

/// A folder of a test's own, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("hongyan-sheets-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Names, rows with their numbers, and all findings of a sheet.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) names: Vec<String>,
    pub(crate) rows: Vec<(u64, Vec<String>)>,
    pub(crate) findings: Vec<Finding>,
}

impl Table {
    pub(crate) fn found(&self, wanted: impl Fn(&FindingKind) -> bool) -> Vec<String> {
        let of_kind = self.findings.iter().filter(|finding| wanted(&finding.kind));
        of_kind.map(|finding| finding.place.as_ref().map(ToString::to_string).unwrap_or_default()).collect()
    }
}

pub(crate) fn read(path: &Path, options: &Options) -> Result<Table, SheetError> {
    let sheet = Sheet::open(path, options)?;
    let mut rows = sheet.rows();
    let all: Vec<Row> = rows.by_ref().collect::<Result<_, _>>()?;
    let mut findings = sheet.findings().list().to_vec();
    findings.extend(rows.findings().list().iter().cloned());
    // Read again, it is the same.
    let again: Vec<Row> = sheet.rows().collect::<Result<_, _>>()?;
    assert_eq!(all, again);
    let rows = all.into_iter().map(|row| (row.number, row.cells.iter().map(shown).collect())).collect();
    Ok(Table { names: sheet.columns().names().to_vec(), rows, findings })
}

pub(crate) fn fails(path: &Path, options: &Options) -> SheetError {
    let error = read(path, options).expect_err("it should not be readable");
    let problem = error.problem();
    for text in [&problem.what.en, &problem.what.zh, &problem.next.en, &problem.next.zh] {
        assert!(!text.is_empty());
    }
    error
}

pub(crate) fn kind(path: &Path) -> SheetErrorKind {
    fails(path, &Options::default()).kind
}

pub(crate) fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn row(number: u64, cells: &[&str]) -> (u64, Vec<String>) {
    (number, cells.iter().map(ToString::to_string).collect())
}
