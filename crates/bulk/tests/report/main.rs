//! Reports, read back by readers that are not ours.

mod made;
mod outcomes;
mod tables;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::FixedOffset;
use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{Entry, Time};
use hongyan_bulk::report::{self, Format, Language, Options, Summary};

use made::KEY;

/// A folder made anew.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A campaign with every outcome, in a folder of its own.
async fn campaign(name: &str) -> (PathBuf, Sqlite) {
    let folder = folder(name);
    let path = folder.join("ledger.sqlite");
    made::campaign(&path).await;
    (folder, Sqlite::read(&path).unwrap())
}

fn message_id(entry: &Entry, _: Option<&str>) -> Option<String> {
    Some(format!("<{}.{KEY}@example.org>", entry.row.number))
}

/// Writes the report and gives its path.
async fn written(folder: &Path, ledger: &Sqlite, format: Format, language: Language) -> (PathBuf, Summary) {
    let path = folder.join(format!("report.{}", format.name()));
    let options = Options {
        language,
        zone: FixedOffset::east_opt(8 * 3600),
        now: Time(made::BEGUN.0 + 600_000),
        message_id: &message_id,
        progress: &|_| {},
        temporary: folder,
    };
    let file = File::create(&path).unwrap();
    let summary = report::write(ledger, format, &options, file).await.unwrap();
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".hongyan")), "{left:?}");
    (path, summary)
}
