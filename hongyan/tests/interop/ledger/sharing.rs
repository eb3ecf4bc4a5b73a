//! Many workers at one campaign, and several campaigns in one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hongyan_bulk::ledger::postgres::{Options, Postgres};
use hongyan_bulk::ledger::{Ledger, LedgerError, RecipientId, State, Time};
use hongyan_bulk::pace::Rate;

use super::cluster::{Cluster, open, quick};
use super::{block_on, ids, load, manifest, recipients, work};

#[test]
fn no_two_workers_ever_begin_the_same_recipient() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let letters = 4_000;
        for workers in [1, 4] {
            let key = load(&cluster.database(), manifest("共享"), letters).await.key;
            let open = async || {
                let opened = Postgres::connect(&cluster.database(), Some(&key), Options::default()).await;
                Arc::new(opened.expect("opened"))
            };
            let mut working = tokio::task::JoinSet::new();
            let began = Instant::now();
            for _ in 0..workers {
                working.spawn(work(open().await, 32, 64 / workers));
            }
            let mut seen = BTreeSet::new();
            while let Some(begun) = working.join_next().await {
                for id in begun.expect("no panic") {
                    assert!(seen.insert(id), "{id:?} was begun twice");
                }
            }
            let rate = letters as f64 / began.elapsed().as_secs_f64();
            eprintln!("{workers} workers: {rate:.0} letters begun and settled a second, each by itself");
            assert_eq!(seen.len() as u64, letters);
            let tally = open().await.tally().await.expect("a tally");
            assert_eq!((tally.of(State::Accepted), tally.total()), (letters, letters));
        }
    });
}

#[test]
fn a_bucket_gives_all_workers_together_no_more_than_there_is() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("桶"), 1).await;
        let rate = Rate { tokens: 1, period: Duration::from_secs(3600), burst: 50 };
        let mut working = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let worker = open(&cluster.database(), quick()).await;
            working.spawn(async move {
                let mut taken = 0;
                for _ in 0..30 {
                    taken += worker.take("account/a/0", rate, 1, Time::now()).await.expect("taken").0;
                }
                taken
            });
        }
        let mut taken = 0;
        while let Some(by_one) = working.join_next().await {
            taken += by_one.expect("no panic");
        }
        assert_eq!(taken, 50);
    });
}

#[test]
fn a_clock_that_is_some_seconds_behind_fills_no_bucket_twice() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("时钟"), 1).await;
        let worker = open(&cluster.database(), quick()).await;
        let rate = Rate { tokens: 1, period: Duration::from_secs(1), burst: 5 };
        let start = Time(1_700_000_000_000);
        let mut taken = 0;
        for n in 0..100 {
            // Two workers in turns, one of them five seconds behind; one second passes in all.
            let now = start.after(Duration::from_millis(5_000 + n * 10));
            let now = if n % 2 == 0 { now } else { Time(now.0 - 5_000) };
            taken += worker.take("a", rate, 9, now).await.expect("taken").0;
        }
        assert!((5..=6).contains(&taken), "{taken} tokens");
    });
}

#[test]
fn campaigns_in_one_database_do_not_touch_each_other() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let place = cluster.database();
        let a = load(&place, manifest("十一月"), 3).await;
        let b = load(&place, manifest("十二月"), 2).await;
        let refused = Postgres::connect(&place, None, quick()).await.expect_err("which one?").to_string();
        assert!(refused.contains(&a.key) && refused.contains("十二月"), "{refused}");
        let unknown = Postgres::connect(&place, Some("一月"), quick()).await.expect_err("none").to_string();
        assert!(unknown.contains("十一月"), "{unknown}");
        let by_name = Postgres::connect(&place, Some("十一月"), quick()).await.expect("by name");
        let by_key = Postgres::connect(&place, Some(&b.key), quick()).await.expect("by key");
        assert_eq!((by_name.manifest(), by_key.manifest()), (&a, &b));
        assert_eq!(ids(&recipients(&by_name.lease(9, Time::now()).await.expect("leased"))).len(), 3);
        by_name.pause(true).await.expect("paused");
        assert!(!by_key.paused().await.expect("read"));
        assert_eq!(by_key.tally().await.expect("a tally").of(State::Pending), 2);
        let again = Postgres::create(&place, a.clone()).await.expect_err("it is there");
        assert!(matches!(&again, LedgerError::Refused(said) if said.en.contains(&a.key)), "{again}");
        let names: Vec<String> = Postgres::campaigns(&place)
            .await
            .expect("a list")
            .into_iter()
            .map(|one| one.manifest.name)
            .collect();
        assert_eq!(names, ["十二月", "十一月"]);
        let runners = by_key.runners().await.expect("a list");
        assert!(runners.is_empty(), "who has leased nothing runs nothing: {runners:?}");
        let runners = by_name.runners().await.expect("a list");
        assert_eq!((runners.len(), runners[0].host.as_str()), (1, ""));
        assert_eq!(runners[0].process, Some(std::process::id()));
    });
}

#[test]
fn a_task_that_is_dropped_in_the_middle_leaves_nothing_leased_or_begun() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("取消"), 40).await;
        let worker = Arc::new(open(&cluster.database(), quick()).await);
        for n in 0..40_u64 {
            let dropped =
                tokio::time::timeout(Duration::from_micros(n * 100), worker.lease(1, Time::now())).await;
            if let Ok(leased) = dropped {
                let ids = ids(&recipients(&leased.expect("leased")));
                let begun = worker.begin(ids.clone(), Time::now());
                if tokio::time::timeout(Duration::from_micros(n * 50), begun).await.is_ok() {
                    worker.release(ids, Time::now()).await.expect("released");
                } else {
                    drop::<Vec<RecipientId>>(ids);
                }
            }
        }
        // What nobody took goes back on its own time.
        let mut tally = worker.tally().await.expect("a tally");
        for _ in 0..40 {
            if tally.of(State::Pending) == 40 {
                break;
            }
            super::pause(250).await;
            tally = worker.tally().await.expect("a tally");
        }
        assert_eq!(tally.of(State::Pending), 40, "{tally:?}");
    });
}
