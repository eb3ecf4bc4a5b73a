//! A report of many needs no more memory than one of few.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{Ledger as _, LetterToLoad, Role, State};
use hongyan_bulk::row::Row;
use serde_json::Value;

use crate::made::{BEGUN, CAMPAIGN, OPENING, address, manifest, outcome};
use crate::place::{Place, runtime};

/// A ledger of so many, all accepted.
async fn many(path: &Path, count: i64) {
    let mut loader = Sqlite::create(path, manifest(&["姓名", "邮箱"], CAMPAIGN)).unwrap();
    for id in 1..=count {
        let to = format!("row{id}@example.org");
        let row = Row { number: id as u64 + 1, cells: vec![Value::from("张三"), Value::from(to.as_str())] };
        loader
            .add(&LetterToLoad { row, recipients: vec![(Role::To, address(&to))], files: Vec::new() })
            .unwrap();
    }
    let ledger = loader.finish().unwrap();
    loop {
        let letters = ledger.lease(1_000, BEGUN).await.unwrap();
        let ids: Vec<_> =
            letters.iter().flat_map(|letter| letter.recipients.iter().map(|one| one.id)).collect();
        if ids.is_empty() {
            break;
        }
        ledger.begin(ids.clone(), BEGUN).await.unwrap();
        // A connection for each hundred.
        for ids in ids.chunks(100) {
            let session = Some(ledger.session(BEGUN, "default", OPENING.to_owned()).await.unwrap());
            let accepted = |id: &hongyan_bulk::ledger::RecipientId| {
                outcome(id.0, State::Accepted, session, "250 2.0.0 Ok: queued as 4F2", "")
            };
            ledger.settle(ids.iter().map(accepted).collect()).await.unwrap();
        }
    }
    ledger.close().await.unwrap();
}

/// The most memory that making a report took, in KB.
fn peak(place: &Place, format: &str) -> u64 {
    let output = format!("r.{format}");
    let mut child = place.command(&["report", "c", "--force", "-o", &output]).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(peak);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success(), "{format}");
    peak
}

/// How many more there are in the larger one: `HONGYAN_REPORT_ROWS` for more.
fn rows() -> i64 {
    std::env::var("HONGYAN_REPORT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(20_000)
}

#[test]
fn many_recipients_need_no_more_memory_than_few() {
    const MORE: u64 = 12 * 1024;
    let (few, more) = (Place::empty("few"), Place::empty("many"));
    runtime().block_on(async {
        many(&few.path("c/ledger.sqlite"), 2_000).await;
        many(&more.path("c/ledger.sqlite"), rows()).await;
    });
    for format in ["xlsx", "csv", "html", "json", "jsonl"] {
        let begun = std::time::Instant::now();
        let (of_few, of_many) = (peak(&few, format), peak(&more, format));
        let size = fs::metadata(more.path(&format!("r.{format}"))).unwrap().len();
        eprintln!(
            "{format}: {of_few} KB for 2,000 recipients, {of_many} KB for {}, {size} octets, {:?}",
            rows(),
            begun.elapsed()
        );
        assert!(of_many < of_few + MORE, "{format}: {of_few} KB, {of_many} KB");
    }
}
