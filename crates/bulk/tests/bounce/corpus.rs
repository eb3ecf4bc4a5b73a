//! The files of `HONGYAN_CORPUS`.

use std::fs;
use std::path::{Path, PathBuf};

use hongyan_bulk::bounce::{self, Reading};

/// A folder of the corpus; `None`, and a line that says so, where there is none.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: HONGYAN_CORPUS is not set");
        return None;
    };
    Some(Path::new(&corpus).join(name))
}

/// All files below, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Reads a file as a mail that came back, without tokens of ours.
pub(crate) fn read(path: &Path) -> Reading {
    bounce::read(&fs::read(path).unwrap(), None)
}
