//! A disk that fails, and a process that ends, at the n-th write or `fsync`: while a ledger is loaded, opened, written
//! to, put in order and closed.
//!
//! The failing is done by a library of a few lines of C that is loaded before the system's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::child::{self, Confirmed};
use crate::folder::Folder;

/// Points for each kind of failure, unless `HONGYAN_LEDGER_FAULTS` says otherwise; and for how long at most.
const POINTS: usize = 40;
const LONGEST: Duration = Duration::from_secs(12);

/// Where there is no compiler for C there is nothing to fail with.
fn library(folder: &Folder) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ledger/faults.c");
    let library = folder.path().join("faults.so");
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &source])
        .args(["-ldl"])
        .status();
    match made {
        Ok(status) => {
            assert!(status.success(), "the library was not compiled");
            Some(library)
        }
        Err(error) => {
            eprintln!("SKIPPED: no compiler for C (cc): {error}");
            None
        }
    }
}

/// One child that fails at a point; what it said.
fn run(test: &str, library: &Path, ledger: &Path, fault: &str, at: usize, confirmed: &mut Confirmed) -> bool {
    let folder = ledger.parent().expect("a folder").to_str().expect("text");
    let at = at.to_string();
    let environment = [
        ("LD_PRELOAD", library.to_str().expect("text")),
        ("HONGYAN_FAULT_IN", folder),
        ("HONGYAN_FAULT_AT", &at),
        ("HONGYAN_FAULT", fault),
    ];
    let mut child = child::start(test, ledger, &environment);
    confirmed.listen(&mut child);
    child.wait().expect("ended").success()
}

/// How many writes and such a whole run makes.
fn count(test: &str, library: &Path) -> usize {
    let folder = Folder::in_memory();
    let (inner, counted) = (folder.path().join("run"), folder.path().join("count"));
    fs::create_dir(&inner).expect("a folder");
    let environment = [
        ("LD_PRELOAD", library.to_str().expect("text")),
        ("HONGYAN_FAULT_IN", inner.to_str().expect("text")),
        ("HONGYAN_FAULT_COUNT", counted.to_str().expect("text")),
    ];
    let mut child = child::start(test, &inner.join("ledger.sqlite"), &environment);
    let mut confirmed = Confirmed::default();
    confirmed.listen(&mut child);
    assert!(child.wait().expect("ended").success() && confirmed.done, "a run without failures");
    fs::read_to_string(counted).expect("a count").trim().parse().expect("a number")
}

/// Points over all calls, for a share of the time there is; all that are asked for where somebody asks.
fn points(calls: usize, share: u32) -> impl Iterator<Item = usize> {
    let asked = std::env::var("HONGYAN_LEDGER_FAULTS").ok().and_then(|points| points.parse::<usize>().ok());
    let (wanted, longest) = (asked.unwrap_or(POINTS), asked.map_or(LONGEST / share, |_| Duration::MAX));
    let began = Instant::now();
    // A prime, so coprime with any smaller number of points: a run that is cut short has seen points from everywhere.
    let order = move |n: usize| (n * 7_919) % wanted;
    (0..wanted).map(move |n| 1 + order(n) * calls / wanted).take_while(move |_| began.elapsed() < longest)
}

#[test]
fn a_disk_that_fails_stops_the_run_and_what_was_confirmed_stays_true() {
    const TEST: &str = "faults::a_disk_that_fails_stops_the_run_and_what_was_confirmed_stays_true";
    if child::is_child() {
        return;
    }
    let made = Folder::in_memory();
    let Some(library) = library(&made) else { return };
    let calls = count(TEST, &library);
    for fault in ["eio", "enospc", "eio-once"] {
        let (mut tried, mut stopped) = (0, 0);
        for at in points(calls, 3) {
            let folder = Folder::in_memory();
            let path = folder.path().join("ledger.sqlite");
            let mut confirmed = Confirmed::default();
            let ended = run(TEST, &library, &path, fault, at, &mut confirmed);
            assert!(ended, "{fault} at {at}: it ended by itself");
            tried += 1;
            if let Some(why) = &confirmed.stopped {
                stopped += 1;
                assert!(why.starts_with("failed ") && why.contains(path.to_str().expect("text")), "{why}");
                assert!(why.contains("room") && why.contains("run again"), "it says what to do: {why}");
                assert!(
                    confirmed.refused.is_none_or(|refused| refused == 3),
                    "nothing is written after that"
                );
            } else {
                assert!(confirmed.done, "{fault} at {at}");
            }
            confirmed.check(&path);
            // The disk is well again: it goes on where it stopped.
            let mut child = child::start(TEST, &path, &[]);
            confirmed.done = false;
            confirmed.listen(&mut child);
            assert!(child.wait().expect("ended").success() && confirmed.done, "{fault} at {at}");
            confirmed.check(&path);
        }
        println!("{fault}: {tried} of {calls} points, {stopped} stopped the run");
        assert!(stopped > 0, "{fault}: no failure was ever noticed");
    }
}

#[test]
fn a_process_that_ends_at_any_write_leaves_what_was_confirmed() {
    const TEST: &str = "faults::a_process_that_ends_at_any_write_leaves_what_was_confirmed";
    if child::is_child() {
        return;
    }
    let made = Folder::in_memory();
    let Some(library) = library(&made) else { return };
    let calls = count(TEST, &library);
    for fault in ["kill", "torn"] {
        let mut killed = 0;
        for at in points(calls, 2) {
            let folder = Folder::in_memory();
            let path = folder.path().join("ledger.sqlite");
            let mut confirmed = Confirmed::default();
            killed += usize::from(!run(TEST, &library, &path, fault, at, &mut confirmed));
            confirmed.check(&path);
            // And once more at the same point, which is now one of opening and of what is left to do.
            if !confirmed.done {
                killed += usize::from(!run(TEST, &library, &path, fault, at.min(50), &mut confirmed));
                confirmed.check(&path);
            }
        }
        println!("{fault}: {killed} ended at one of {calls} calls");
        assert!(killed > 0);
    }
}
