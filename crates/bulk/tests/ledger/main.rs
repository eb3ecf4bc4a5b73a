//! The ledger in SQLite: the rules that hold for every ledger, and what only a file can go through.

mod child;
mod conformance;
mod crashes;
mod damage;
mod faults;
mod folder;
mod size;
mod starting;

use std::collections::BTreeMap;
use std::path::Path;

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{FrozenFile, LetterToLoad, Manifest};

use conformance::Place;
use folder::Folder;

impl Place for Folder {
    type Ledger = Sqlite;

    async fn load(
        &self,
        manifest: Manifest,
        files: &BTreeMap<String, FrozenFile>,
        letters: &[LetterToLoad],
    ) -> Sqlite {
        let count = std::fs::read_dir(self.path()).expect("the folder").count();
        let path = self.path().join(format!("{count}.sqlite"));
        load(&path, manifest, files, letters)
    }

    async fn reopen(&self, ledger: Sqlite) -> Sqlite {
        let path = ledger.path().to_owned();
        drop(ledger);
        Sqlite::open(&path).expect("opened again")
    }
}

fn load(
    path: &Path,
    manifest: Manifest,
    files: &BTreeMap<String, FrozenFile>,
    letters: &[LetterToLoad],
) -> Sqlite {
    let mut loader = Sqlite::create(path, manifest).expect("a new ledger");
    for (path, frozen) in files {
        loader.file(path, frozen).expect("frozen");
    }
    for letter in letters {
        loader.add(letter).expect("added");
    }
    loader.finish().expect("finished")
}

suite!(Folder::new());
