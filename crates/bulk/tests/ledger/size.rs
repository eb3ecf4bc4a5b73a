//! How large a ledger becomes, and how long things take, which is printed and not judged.
//!
//! `HONGYAN_LEDGER_ROWS=1000000 cargo test --release -p hongyan-bulk --test ledger size -- --nocapture` is the figure in
//! the documents.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{
    Evidence, Filter, Ledger, LetterToLoad, Outcome, RecipientId, Role, SessionId, State, Time,
};
use hongyan_bulk::row::Row;
use serde_json::Value;
use tokio::task::LocalSet;

use crate::conformance::{address, manifest};
use crate::folder::Folder;

/// In octets, for a row with a name, an address, four short fields and a conversation of some 180 octets.
const MOST: u64 = 600;
/// Tasks that send at a time, and letters in each of their groups.
const TASKS: usize = 8;
const GROUP: usize = 32;

fn letter(number: u64) -> LetterToLoad {
    let mail = format!("zhangsan{number}@mail{}.example.org", number % 97);
    let cells = [
        format!("张三{number}"),
        mail.clone(),
        format!("E{number:07}"),
        "研发部".into(),
        "2025-11".into(),
        format!("{}.00", 5_000 + number % 9_000),
    ];
    LetterToLoad {
        row: Row { number, cells: cells.into_iter().map(Value::from).collect() },
        recipients: vec![(Role::To, address(&mail))],
        files: Vec::new(),
    }
}

fn settled(id: RecipientId, attempt: u32, mail: &str, now: Time) -> Outcome {
    let reply = format!("250 2.0.0 Ok: queued as {:010X}", id.0 * 7_919);
    let conversation = format!(
        "C: MAIL FROM:<hr@example.org> SIZE=2048\nC: RCPT TO:<{mail}>\nC: BDAT 2048 LAST\nS: 250 2.1.0 Ok\n\
         S: 250 2.1.5 Ok\nS: {reply}\n"
    );
    let evidence = Evidence {
        begun: now,
        ended: Time(now.0 + 12),
        session: Some(SessionId(1 + id.0 % 1_000)),
        reply,
        cause: String::new(),
        conversation,
        message: Some((std::array::from_fn(|n| (id.0 as u8).wrapping_mul(n as u8 + 7)), 2_048)),
    };
    Outcome { id, attempt, state: State::Accepted, due: None, evidence }
}

async fn send(ledger: Arc<Sqlite>, sent: Arc<AtomicU64>) {
    loop {
        let now = Time::now();
        let letters = ledger.lease(GROUP, now).await.expect("leased");
        if letters.is_empty() {
            return;
        }
        let recipients: Vec<_> = letters.iter().flat_map(|letter| &letter.recipients).collect();
        let ids = recipients.iter().map(|recipient| recipient.id).collect();
        assert_eq!(ledger.begin(ids, now).await.expect("begun").len(), recipients.len());
        let outcomes = recipients.iter().map(|r| settled(r.id, r.attempt, r.address.as_str(), now)).collect();
        ledger.settle(outcomes).await.expect("settled");
        sent.fetch_add(recipients.len() as u64, Ordering::Relaxed);
    }
}

#[test]
fn a_row_takes_no_more_than_600_octets() {
    let rows = std::env::var("HONGYAN_LEDGER_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(20_000);
    let folder = Folder::new();
    let path = folder.path().join("ledger.sqlite");
    let rate = |began: Instant| rows as f64 / began.elapsed().as_secs_f64();

    let began = Instant::now();
    let mut loader = Sqlite::create(&path, manifest()).expect("a new ledger");
    for number in 2..rows + 2 {
        loader.add(&letter(number)).expect("added");
    }
    let ledger = loader.finish().expect("finished");
    let loaded = fs::metadata(&path).expect("the file").len();
    println!("loaded: {:.0} rows/s, {:.1} octets a row", rate(began), loaded as f64 / rows as f64);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let ledger = Arc::new(ledger);
    let began = Instant::now();
    let sent = Arc::new(AtomicU64::new(0));
    runtime.block_on(LocalSet::new().run_until(async {
        let tasks = (0..TASKS).map(|_| tokio::task::spawn_local(send(ledger.clone(), sent.clone())));
        let tasks: Vec<_> = tasks.collect();
        let watch = tokio::task::spawn_local({
            let (ledger, sent) = (ledger.clone(), sent.clone());
            async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    let before = Instant::now();
                    let total = ledger.tally().await.expect("a tally").total();
                    println!(
                        "  {} of {total} sent; a tally took {:?}",
                        sent.load(Ordering::Relaxed),
                        before.elapsed()
                    );
                }
            }
        });
        for task in tasks {
            task.await.expect("sent");
        }
        watch.abort();
    }));
    println!("leased, begun and settled: {:.0} messages/s", rate(began));

    let began = Instant::now();
    let mut after = RecipientId(0);
    loop {
        let page = runtime.block_on(ledger.page(after, 1_000, Filter::default())).expect("a page");
        let Some(last) = page.last() else { break };
        assert!(page.iter().all(|entry| entry.state == State::Accepted && entry.attempts.len() == 1));
        after = last.id;
    }
    assert_eq!(after.0 as u64, rows);
    println!("read: {:.0} entries/s", rate(began));

    let began = Instant::now();
    runtime.block_on(Arc::into_inner(ledger).expect("nobody else").close()).expect("closed");
    println!("closed: {:?}", began.elapsed());
    let began = Instant::now();
    drop(Sqlite::open(&path).expect("opened"));
    println!("opened and closed again: {:?}", began.elapsed());

    let octets = fs::metadata(&path).expect("the file").len() as f64 / rows as f64;
    println!("octets a row: {octets:.1}");
    let left: Vec<_> =
        fs::read_dir(folder.path()).expect("the folder").flatten().map(|file| file.file_name()).collect();
    assert_eq!(left.len(), 2, "the ledger and its lock are all that stays: {left:?}");
    assert!(octets <= MOST as f64, "{octets} octets a row");
}
