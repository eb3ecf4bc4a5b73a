//! Who may run a campaign, what may be done beside a run, and how a campaign is loaded.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{Filter, FrozenFile, Ledger, LedgerError, RecipientId, Resolution, State};
use tokio::runtime::Runtime;

use crate::child;
use crate::conformance::{NOW, begin, entries, later, lease, leased, letters, manifest, one, settle, states};
use crate::folder::Folder;
use crate::load;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn make(path: &Path, recipients: &[usize]) -> Sqlite {
    load(path, manifest(), &BTreeMap::new(), &letters(recipients))
}

#[test]
fn of_200_simultaneous_starts_one_runs() {
    let folder = Folder::new();
    let path = folder.path().join("ledger.sqlite");
    drop(make(&path, &[1; 10]));
    let (barrier, done) = (Barrier::new(200), Barrier::new(200));
    let results: Vec<_> = thread::scope(|scope| {
        let start = || {
            barrier.wait();
            let opened = Sqlite::open(&path);
            done.wait();
            opened.map(drop)
        };
        let starts: Vec<_> = (0..200).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().expect("ended")).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for refused in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(
            matches!(refused, LedgerError::Busy { process: Some(id) } if *id == std::process::id()),
            "{refused:?}"
        );
    }
}

#[test]
fn of_many_processes_one_runs_and_the_others_name_it() {
    if child::is_child() {
        return;
    }
    let folder = Folder::in_memory();
    let path = folder.path().join("ledger.sqlite");
    let ledger = make(&path, &[1]);
    let start = |_| child::start("starting::of_many_processes_one_runs_and_the_others_name_it", &path, &[]);
    let children: Vec<_> = (0..20).map(start).collect();
    for mut child in children {
        let mut confirmed = child::Confirmed::default();
        confirmed.listen(&mut child);
        child.wait().expect("ended");
        let why = confirmed.stopped.expect("it did not run");
        assert!(why.starts_with("busy") && why.contains(&std::process::id().to_string()), "{why}");
    }
    drop(ledger);
    Sqlite::open(&path).expect("free again");
}

#[test]
fn a_run_is_seen_from_beside_and_only_while_it_lasts() {
    let (folder, runtime) = (Folder::new(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let ledger = make(&path, &[1]);
    let beside = Sqlite::read(&path).expect("opened beside");
    let runner = runtime.block_on(beside.runners()).expect("read").remove(0);
    assert_eq!((runner.process, runner.host.as_str()), (Some(std::process::id()), ""));
    assert_eq!(runtime.block_on(ledger.runners()).expect("read").len(), 1);
    drop(ledger);
    assert!(runtime.block_on(beside.runners()).expect("read").is_empty());
    Sqlite::open(&path).expect("looking does not keep others from running");
}

#[test]
fn a_run_that_begins_or_ends_does_not_look_like_damage() {
    let folder = Folder::in_memory();
    let path = folder.path().join("ledger.sqlite");
    drop(make(&path, &[1; 50]));
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let runtime = runtime();
            for _ in 0..100 {
                let beside = Sqlite::read(&path).expect("it can be read at any time");
                assert_eq!(runtime.block_on(beside.tally()).expect("a tally").total(), 50);
            }
        });
        while !looking.is_finished() {
            let ledger = Sqlite::open(&path).expect("looking does not keep anybody from running");
            let runtime = runtime();
            runtime.block_on(ledger.session(NOW, "a", String::new())).expect("a session");
            drop(ledger);
        }
    });
}

#[test]
fn beside_a_run_one_can_read_pause_and_resolve_and_nothing_else() {
    let (folder, runtime) = (Folder::new(), runtime());
    let path = folder.path().join("ledger.sqlite");
    runtime.block_on(async {
        let ledger = make(&path, &[1; 4]);
        lease(&ledger, 3, NOW).await;
        begin(&ledger, &[1, 2, 3], NOW).await;
        settle(&ledger, 1, 1, State::InDoubt, None).await;
        settle(&ledger, 2, 1, State::Deferred, Some(later(9_999))).await;
        assert_eq!(leased(&ledger, 9, NOW).await, [4]);

        let beside = Sqlite::read(&path).expect("opened beside");
        assert_eq!(states(&beside).await, states(&ledger).await);
        beside.pause(true).await.expect("paused");
        assert!(ledger.paused().await.expect("read"), "the run sees it");
        let everybody = (1..=4).map(RecipientId).collect();
        assert_eq!(beside.resolve(everybody, Resolution::Resend, NOW).await.expect("resolved"), 2);
        assert_eq!(ledger.next_due().await.expect("a time"), Some(NOW), "the run sees that, too");
        assert_eq!(leased(&ledger, 9, NOW).await, [1, 2], "and not who is being sent to");
        assert_eq!(one(&ledger, 3).await.0, State::InData);
        let ends = ledger.release(vec![RecipientId(1)], later(50)).await;
        ends.expect("its own changes are not taken for somebody else's");
        assert_eq!(ledger.next_due().await.expect("a time"), Some(later(50)));

        let refusals = [
            beside.lease(1, NOW).await.err(),
            beside.begin(vec![RecipientId(4)], NOW).await.err(),
            beside.settle(Vec::new()).await.err(),
            beside.release(vec![RecipientId(4)], NOW).await.err(),
            beside.session(NOW, "a", String::new()).await.err(),
        ];
        for refused in refusals {
            assert!(matches!(refused, Some(LedgerError::Refused(_))), "{refused:?}");
        }
    });
}

#[test]
fn letters_leased_to_nobody_are_given_back() {
    let (folder, runtime) = (Folder::new(), runtime());
    let path = folder.path().join("ledger.sqlite");
    runtime.block_on(async {
        let ledger = make(&path, &[1; 3]);
        // Asked for, and not waited for.
        let mut asked = Box::pin(ledger.lease(2, NOW));
        std::future::poll_fn(|context| {
            assert!(asked.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        drop(asked);
        let mut got = Vec::new();
        for _ in 0..3 {
            got.extend(leased(&ledger, 1, NOW).await);
        }
        got.sort_unstable();
        assert_eq!(got, [1, 2, 3]);
    });
}

#[test]
fn a_ledger_is_never_loaded_over_another() {
    let folder = Folder::new();
    let path = folder.path().join("ledger.sqlite");
    let ledger = make(&path, &[1]);
    assert!(matches!(Sqlite::create(&path, manifest()), Err(LedgerError::Busy { .. })));
    drop(ledger);
    let before = fs::read(&path).expect("the file");
    assert!(matches!(Sqlite::create(&path, manifest()), Err(LedgerError::Refused(_))));
    // Somebody put one there while it was loaded.
    let other = folder.path().join("other.sqlite");
    let mut loader = Sqlite::create(&other, manifest()).expect("a loader");
    loader.add(&letters(&[1])[0]).expect("added");
    fs::write(&other, "something").expect("written");
    assert!(matches!(loader.finish(), Err(LedgerError::Refused(_))));
    assert_eq!(fs::read(&other).expect("the file"), b"something");
    assert_eq!(fs::read(&path).expect("the file"), before);
}

#[test]
fn what_is_not_finished_leaves_nothing() {
    let folder = Folder::new();
    let path = folder.path().join("ledger.sqlite");
    let mut loader = Sqlite::create(&path, manifest()).expect("a loader");
    loader.add(&letters(&[1])[0]).expect("added");
    drop(loader);
    assert!(!path.exists());
    // As a crash would leave it.
    fs::write(folder.path().join("ledger.sqlite.new"), "half").expect("written");
    fs::write(folder.path().join("ledger.sqlite.new-journal"), "half").expect("written");
    drop(make(&path, &[1]));
    let names = fs::read_dir(folder.path()).expect("the folder").flatten().map(|file| file.file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["ledger.sqlite", "ledger.sqlite.lock"]);
}

#[test]
fn letters_that_cannot_be_are_refused_by_their_row() {
    let folder = Folder::new();
    let good = |row: u64| {
        let mut letter = letters(&[1]).remove(0);
        letter.row.number = row;
        letter
    };
    let nobody = |row| hongyan_bulk::ledger::LetterToLoad { recipients: Vec::new(), ..good(row) };
    let unknown = |row| hongyan_bulk::ledger::LetterToLoad { files: vec!["files/x.pdf".into()], ..good(row) };
    let mut loader = Sqlite::create(&folder.path().join("ledger.sqlite"), manifest()).expect("a loader");
    loader.add(&good(5)).expect("added");
    let cases = [(good(5), "row 5"), (good(4), "row 4"), (nobody(6), "row 6"), (unknown(7), "files/x.pdf")];
    for (letter, named) in cases {
        let refused = loader.add(&letter).expect_err(named);
        assert!(matches!(&refused, LedgerError::Refused(said) if said.en.contains(named)), "{refused:?}");
    }
    let frozen = FrozenFile { sha256: "0f".repeat(32), size: 1 };
    loader.file("files/x.pdf", &frozen).expect("frozen");
    loader.file("files/x.pdf", &frozen).expect("the same once more");
    let other = FrozenFile { size: 2, ..frozen };
    assert!(matches!(loader.file("files/x.pdf", &other), Err(LedgerError::Refused(_))));
    loader.add(&unknown(7)).expect("it is known now");
    let ledger = loader.finish().expect("finished");
    assert_eq!((ledger.manifest().letters, ledger.manifest().recipients), (2, 2));
}

#[test]
fn a_campaign_of_nobody_can_be_opened() {
    let (folder, runtime) = (Folder::new(), runtime());
    let ledger = make(&folder.path().join("ledger.sqlite"), &[]);
    runtime.block_on(async {
        assert!(leased(&ledger, 5, NOW).await.is_empty());
        assert_eq!(ledger.next_due().await.expect("a time"), None);
        assert!(entries(&ledger, Filter::default()).await.is_empty());
    });
}

#[test]
fn only_its_owner_can_read_a_ledger() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.path().join("ledger.sqlite");
    let _ledger = make(&path, &[1]);
    for file in fs::read_dir(folder.path()).expect("the folder").flatten() {
        let mode = file.metadata().expect("its mode").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
}

#[test]
fn a_ledger_that_is_not_there_is_named() {
    let path = Path::new("/nowhere/ledger.sqlite");
    for refused in [Sqlite::open(path).err(), Sqlite::read(path).err()] {
        let refused = refused.expect("there is none");
        assert!(refused.to_string().contains("/nowhere/ledger.sqlite"), "{refused}");
    }
}
