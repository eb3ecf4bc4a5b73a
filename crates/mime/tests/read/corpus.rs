//! The reader over a folder of real mail (`HONGYAN_CORPUS`): nothing panics, nothing is lost, nothing hangs.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use hongyan_mime::read::{inspect, tree};

use crate::fixtures::{assert_lossless, corpus, files_below};

#[test]
fn every_file_of_the_corpus_is_read_whole_and_in_bounded_time() {
    let Some(folder) = corpus("every_file_of_the_corpus_is_read_whole_and_in_bounded_time") else { return };
    let (mut files, mut bytes, mut findings, mut parts, mut slowest) =
        (0, 0, 0, 0, (Duration::ZERO, PathBuf::new()));
    for path in files_below(&folder) {
        let raw = std::fs::read(&path).expect("a corpus file can be read");
        let start = Instant::now();
        let summary = inspect(&raw);
        let taken = start.elapsed();
        let lines = tree(&summary);
        assert_eq!(lines.len(), summary.parts.len(), "{}", path.display());
        assert_lossless(&raw);
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
