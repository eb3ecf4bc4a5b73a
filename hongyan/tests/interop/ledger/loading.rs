//! A campaign comes into the database wholly or not at all.

use std::time::Instant;

use hongyan_bulk::ledger::postgres::Postgres;
use hongyan_bulk::ledger::{Ledger, LedgerError, State};

use super::cluster::{Cluster, at, open, quick};
use super::proxy::Proxy;
use super::{block_on, letter, load, manifest};

#[test]
fn a_hundred_thousand_letters_are_seen_all_at_once() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        let place = cluster.database();
        load(&place, manifest("先来的"), 1).await;
        let began = Instant::now();
        let mut loader = Postgres::create(&place, manifest("十万")).await.expect("a loader");
        for row in 0..100_000 {
            loader.add(letter(row + 2)).await.expect("added");
            if row == 50_000 {
                let seen = Postgres::campaigns(&place).await.expect("a list").len();
                assert_eq!(
                    (seen, cluster.sql("mail", "SELECT count(*) FROM hongyan.letter").as_str()),
                    (1, "1")
                );
            }
        }
        let manifest = loader.finish().await.expect("loaded");
        eprintln!("{:.0} letters loaded a second", 100_000.0 / began.elapsed().as_secs_f64());
        assert_eq!((manifest.letters, manifest.recipients), (100_000, 100_000));
        let ledger = Postgres::connect(&place, Some("十万"), quick()).await.expect("opened");
        assert_eq!(ledger.manifest(), &manifest);
        assert_eq!(ledger.tally().await.expect("a tally").of(State::Pending), 100_000);
        let octets = cluster.sql(
            "mail",
            "SELECT pg_total_relation_size('hongyan.letter') + pg_total_relation_size('hongyan.recipient')",
        );
        eprintln!("{} octets a letter", octets.parse::<u64>().expect("a number") / 100_000);
    });
}

#[test]
fn what_breaks_off_leaves_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    block_on(async {
        load(&cluster.database(), manifest("在"), 1).await;
        // The program ends.
        let mut loader = Postgres::create(&cluster.database(), manifest("放弃")).await.expect("a loader");
        for row in 0..10_000 {
            loader.add(letter(row + 2)).await.expect("added");
        }
        drop(loader);
        // The connection breaks.
        let proxy = Proxy::to(cluster.port());
        let place = at(&cluster.url_at(proxy.port()));
        let mut loader = Postgres::create(&place, manifest("断了")).await.expect("a loader");
        let mut row = 2;
        let error = loop {
            if row == 6_000 {
                proxy.cut();
            }
            match loader.add(letter(row)).await {
                Ok(()) => row += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LedgerError::Away(_)), "{error}");
        let ledger = open(&cluster.database(), quick()).await;
        assert_eq!(ledger.manifest().name, "在");
        assert_eq!(cluster.sql("mail", "SELECT count(*) FROM hongyan.recipient"), "1");
    });
}
