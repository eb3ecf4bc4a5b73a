//! The reader over a folder of real mail (`HONGYAN_CORPUS`): nothing panics, nothing is lost, nothing hangs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hongyan_mime::read::{Message, inspect, tree};

/// Files below `folder`, in order of path.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("the corpus folder can be listed") {
            let path = entry.expect("its entries can be read").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn every_file_of_the_corpus_is_read_whole_and_in_bounded_time() {
    let Some(folder) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!(
            "SKIPPED: every_file_of_the_corpus_is_read_whole_and_in_bounded_time: HONGYAN_CORPUS is not set"
        );
        return;
    };
    let (mut files, mut bytes, mut findings, mut parts, mut slowest) =
        (0, 0, 0, 0, (Duration::ZERO, PathBuf::new()));
    for path in files_below(Path::new(&folder)) {
        let raw = std::fs::read(&path).expect("a corpus file can be read");
        let start = Instant::now();
        let summary = inspect(&raw);
        let taken = start.elapsed();
        let lines = tree(&summary);
        assert_eq!(lines.len(), summary.parts.len(), "{}", path.display());
        let message = Message::parse(&raw);
        let joined: Vec<u8> =
            message.segments().iter().flat_map(|segment| &raw[segment.range.clone()]).copied().collect();
        assert!(joined == raw, "segments of {} are not its bytes", path.display());
        assert!(taken < Duration::from_secs(20), "{} took {taken:?}", path.display());
        if taken > slowest.0 {
            slowest = (taken, path);
        }
        files += 1;
        bytes += raw.len();
        findings += summary.defects.len();
        parts += summary.parts.len();
    }
    eprintln!(
        "corpus: {files} files, {:.1} MB, {parts} parts, {findings} findings; slowest {:?} {}",
        bytes as f64 / 1e6,
        slowest.0,
        slowest.1.display()
    );
    assert!(files > 0, "the corpus folder holds no file");
}
