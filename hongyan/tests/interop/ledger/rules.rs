//! The rules of every ledger, held by the one in PostgreSQL: each in a cluster of its own.

use std::collections::BTreeMap;

use hongyan_bulk::ledger::postgres::{Options, Postgres};
use hongyan_bulk::ledger::{FrozenFile, Ledger, LetterToLoad, Manifest};

use super::cluster::Cluster;
use crate::conformance::Place;

impl Place for Cluster {
    type Ledger = Postgres;

    async fn load(
        &self,
        manifest: Manifest,
        files: &BTreeMap<String, FrozenFile>,
        letters: &[LetterToLoad],
    ) -> Postgres {
        let manifest = Manifest { key: super::manifest("").key, ..manifest };
        let mut loader = Postgres::create(&self.database(), manifest).await.expect("a loader");
        loader.files(files.clone()).await.expect("files");
        for letter in letters {
            loader.add(letter.clone()).await.expect("added");
        }
        let key = loader.finish().await.expect("loaded").key;
        Postgres::connect(&self.database(), Some(&key), Options::default()).await.expect("opened")
    }

    async fn reopen(&self, ledger: Postgres) -> Postgres {
        // A crash whose lease has ended: nobody waits for that here.
        ledger.leave().await.expect("left");
        let key = ledger.manifest().key.clone();
        drop(ledger);
        Postgres::connect(&self.database(), Some(&key), Options::default()).await.expect("opened")
    }
}

crate::suite!(match Cluster::start() {
    Some(cluster) => cluster,
    None => return,
});
