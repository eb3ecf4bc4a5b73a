//! The database goes away: cut off, restarted, swallowed by the network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hongyan_bulk::ledger::postgres::{Keep, Options, Postgres, Recovered};
use hongyan_bulk::ledger::{Filter, Ledger, LedgerError, RecipientId, State, Time};

use super::cluster::{Cluster, at, open, quick};
use super::proxy::Proxy;
use super::{accepted, block_on, ids, load, manifest, pause, recipients};

/// As a run does it, for as long as the test lets it: begun before it counts as sent, settled afterwards.
async fn confirmed(ledger: Arc<Postgres>, until: Instant) -> BTreeMap<RecipientId, bool> {
    let mut confirmed = BTreeMap::new();
    while Instant::now() < until {
        let leased = recipients(&ledger.lease(8, Time::now()).await.expect("leased"));
        if leased.is_empty() {
            pause(5).await;
        }
        for one in &leased {
            let granted = ledger.begin(vec![one.id], Time::now()).await.expect("begun");
            for id in granted {
                confirmed.insert(id, false);
            }
            if let Some(settled) = confirmed.get_mut(&one.id) {
                ledger.settle(vec![accepted(one)]).await.expect("settled");
                *settled = true;
            }
        }
    }
    confirmed
}

/// Everything that was confirmed is there, and nothing is there twice.
async fn assert_kept(ledger: &Postgres, confirmed: &[BTreeMap<RecipientId, bool>]) {
    let entries = ledger.page(RecipientId(0), 1_000_000, Filter::default()).await.expect("a page");
    let begun: usize = confirmed.iter().map(BTreeMap::len).sum();
    let mut all = BTreeMap::new();
    for (id, settled) in confirmed.iter().flatten() {
        assert!(all.insert(*id, *settled).is_none(), "{id:?} was begun by two");
    }
    for entry in &entries {
        match all.get(&entry.id) {
            Some(true) => {
                assert_eq!((entry.state, entry.attempts.len()), (State::Accepted, 1), "{:?}", entry.id)
            }
            Some(false) => assert!(matches!(entry.state, State::InData | State::InDoubt), "{entry:?}"),
            None => assert!(
                matches!(entry.state, State::Pending | State::Leased | State::InData | State::InDoubt),
                "nothing of it was confirmed: {entry:?}"
            ),
        }
    }
    assert!(begun > 50, "{begun} letters are no test");
}

#[test]
fn what_was_confirmed_stays_when_the_database_is_ended_at_any_moment() {
    let Some(mut cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("重启"), 20_000).await;
        let end = Instant::now() + Duration::from_secs(12);
        let mut working = tokio::task::JoinSet::new();
        let mut workers = Vec::new();
        for n in 0..3 {
            let journal = cluster.path(&format!("journal-{n}"));
            let options =
                Options { journal: Keep::File(journal), patience: Duration::from_secs(30), ..quick() };
            let worker = Arc::new(open(&cluster.database(), options).await);
            workers.push(worker.clone());
            working.spawn(confirmed(worker, end));
        }
        for n in 0..5_u64 {
            pause(900 + n * 137).await;
            cluster.crash();
        }
        let mut all = Vec::new();
        while let Some(one) = working.join_next().await {
            all.push(one.expect("no panic"));
        }
        assert!(told(&cluster, 3).await, "the journals were not told to the database");
        assert_kept(&workers[0], &all).await;
    });
}

/// What is in the workers' journals reaches the database soon.
async fn told(cluster: &Cluster, workers: u8) -> bool {
    for _ in 0..100 {
        let length = |n| std::fs::metadata(cluster.path(&format!("journal-{n}"))).expect("a journal").len();
        if (0..workers).all(|n| length(n) < 100) {
            return true; // the header alone
        }
        pause(100).await;
    }
    false
}

#[test]
fn what_was_confirmed_stays_when_connections_break_after_any_octet() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("断线"), 20_000).await;
        let proxy = Proxy::to(cluster.port());
        let place = at(&cluster.url_at(proxy.port()));
        let options =
            |n: u8| Options { journal: Keep::File(cluster.path(&format!("journal-{n}"))), ..quick() };
        let (a, b) = (Arc::new(open(&place, options(0)).await), Arc::new(open(&place, options(1)).await));
        let end = Instant::now() + Duration::from_secs(8);
        let breaking = {
            let proxy = proxy.clone();
            tokio::spawn(async move {
                let mut octets = 17;
                while Instant::now() < end {
                    proxy.break_after(octets);
                    octets = octets * 3 % 4001 + 1;
                    pause(60).await;
                }
                proxy.break_after(0);
            })
        };
        let (of_a, of_b) = tokio::join!(confirmed(a.clone(), end), confirmed(b.clone(), end));
        breaking.await.expect("no panic");
        assert!(told(&cluster, 2).await, "the journals were not told to the database");
        assert_kept(&open(&cluster.database(), quick()).await, &[of_a, of_b]).await;
    });
}

#[test]
fn answers_go_into_the_journal_while_the_database_is_away_and_from_there_into_it() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("日志"), 10).await;
        let proxy = Proxy::to(cluster.port());
        let journal = cluster.path("journal");
        let options =
            Options { journal: Keep::File(journal.clone()), patience: Duration::from_secs(1), ..quick() };
        let worker = open(&at(&cluster.url_at(proxy.port())), options.clone()).await;
        let leased = recipients(&worker.lease(6, Time::now()).await.expect("leased"));
        worker.begin(ids(&leased[..4]), Time::now()).await.expect("begun");
        worker.settle(vec![accepted(&leased[0])]).await.expect("settled");
        let empty = std::fs::metadata(&journal).expect("a journal").len();
        proxy.cut();
        let asked = Instant::now();
        worker.settle(vec![accepted(&leased[1])]).await.expect("by the journal");
        worker.settle(vec![accepted(&leased[2])]).await.expect("by the journal");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        assert!(std::fs::metadata(&journal).expect("a journal").len() > empty);
        // The others wait as long as they were told, and say that it is away.
        for away in [
            worker.begin(ids(&leased[4..]), Time::now()).await.err(),
            worker.lease(1, Time::now()).await.err(),
        ] {
            assert!(matches!(away, Some(LedgerError::Away(_))), "{away:?}");
        }
        assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
        proxy.mend();
        let told =
            crate::process::eventually(|| std::fs::metadata(&journal).expect("a journal").len() == empty);
        assert!(told, "the journal was not told to the database");
        let other = open(&cluster.database(), quick()).await;
        assert_eq!(other.tally().await.expect("a tally").of(State::Accepted), 3);
        // Once more, but the worker ends before the database is back, and its last write was torn.
        proxy.cut();
        worker.settle(vec![accepted(&leased[3])]).await.expect("by the journal");
        drop(worker);
        pause(200).await;
        let mut torn = std::fs::read(&journal).expect("a journal");
        torn.extend_from_slice(&[0, 0, 1, 0, 9, 9, 9]);
        std::fs::write(&journal, torn).expect("ours");
        proxy.mend();
        let worker = open(&cluster.database(), options).await;
        assert_eq!(worker.recovered(), Recovered { answers: 1, torn: 7 });
        assert_eq!(worker.tally().await.expect("a tally").of(State::Accepted), 4);
    });
}

#[test]
fn without_a_journal_answers_wait_for_the_database() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("等待"), 1).await;
        let proxy = Proxy::to(cluster.port());
        let worker = Arc::new(open(&at(&cluster.url_at(proxy.port())), quick()).await);
        let leased = recipients(&worker.lease(1, Time::now()).await.expect("leased"));
        worker.begin(ids(&leased), Time::now()).await.expect("begun");
        proxy.cut();
        let settling = tokio::spawn({
            let (worker, outcome) = (worker.clone(), accepted(&leased[0]));
            async move { worker.settle(vec![outcome]).await }
        });
        pause(1_000).await;
        assert!(!settling.is_finished());
        proxy.mend();
        settling.await.expect("no panic").expect("settled");
        assert_eq!(worker.tally().await.expect("a tally").of(State::Accepted), 1);
    });
}
