//! A ledger that was damaged on the disk: refused, or everything that is read of it is right. Never believed otherwise.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{
    Filter, FrozenFile, Ledger, LedgerError, RecipientId, Resolution, SessionId, State, Tally,
};
use hongyan_bulk::pace::Rate;
use tokio::runtime::Runtime;

use crate::conformance::{NOW, begin, later, lease, letters, manifest, outcome, settle};
use crate::folder::Folder;
use crate::load;

/// How long to go on at most, unless `HONGYAN_LEDGER_FLIPS` says how often.
const LONGEST: Duration = Duration::from_secs(6);
const LETTERS: usize = 500;
const PEOPLE: i64 = 600;
const RATE: Rate = Rate { tokens: 1, period: Duration::from_secs(365 * 86_400), burst: 1_000 };

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// All that a ledger says, piece by piece; what it refuses to say is left out.
struct Said {
    /// Entries by their numbers, as text.
    entries: BTreeMap<i64, String>,
    other: BTreeMap<String, String>,
    tally: Option<Tally>,
    refused: bool,
}

async fn read(ledger: &Sqlite) -> Said {
    let mut said = Said { entries: BTreeMap::new(), other: BTreeMap::new(), tally: None, refused: false };
    for from in (0..PEOPLE).step_by(20) {
        match ledger.page(RecipientId(from), 20, Filter::default()).await {
            Ok(page) => {
                assert_eq!(page.len(), 20, "nobody is left out");
                said.entries.extend(page.iter().map(|entry| (entry.id.0, format!("{entry:?}"))));
            }
            Err(error) => said.refused |= is_damage(&error),
        }
    }
    match ledger.tally().await {
        Ok(tally) => said.tally = Some(tally),
        Err(error) => said.refused |= is_damage(&error),
    }
    let mut note = |name: &str, read: Result<String, LedgerError>| match read {
        Ok(read) => drop(said.other.insert(name.into(), read)),
        Err(error) => said.refused |= is_damage(&error),
    };
    for id in 1..=3 {
        note(&format!("session {id}"), ledger.opening(SessionId(id)).await.map(|it| format!("{it:?}")));
    }
    note("file", ledger.frozen("files/5.pdf").await.map(|it| format!("{it:?}")));
    note("latest", ledger.latest(50).await.map(|it| format!("{it:?}")));
    note("paused", ledger.paused().await.map(|it| format!("{it:?}")));
    note(
        "row",
        ledger
            .page(RecipientId(0), 9, Filter { state: None, row: Some(77) })
            .await
            .map(|it| format!("{it:?}")),
    );
    note("manifest", Ok(format!("{:?}", ledger.manifest())));
    said
}

fn is_damage(error: &LedgerError) -> bool {
    assert!(matches!(error, LedgerError::Damaged(_) | LedgerError::Newer(_)), "{error:?}");
    true
}

/// Whether what is said is what was said, as far as anything is said.
fn agree(said: &Said, truth: &Said) -> bool {
    said.entries.iter().all(|(id, entry)| truth.entries.get(id) == Some(entry))
        && said.other.iter().all(|(name, value)| truth.other.get(name) == Some(value))
        && said.tally.is_none_or(|tally| Some(tally) == truth.tally)
        && (said.refused
            || (said.entries.len(), said.other.len()) == (truth.entries.len(), truth.other.len()))
}

/// A campaign in which much has happened, each step a transaction; and what it said after each that changed something.
async fn campaign(path: &Path) -> (Sqlite, Vec<Said>) {
    let counts: Vec<usize> = (0..LETTERS).map(|n| 1 + usize::from(n % 5 == 0)).collect();
    let file = |n: u64| FrozenFile { sha256: format!("{n:064x}"), size: n };
    let files = (0..200).map(|n| (format!("files/{n}.pdf"), file(n))).collect();
    let ledger = load(path, manifest(), &files, &letters(&counts));
    let mut truth = vec![read(&ledger).await];
    for round in 0..6i64 {
        let account = format!("account {round}");
        ledger.session(NOW, &account, "S: 220 ready\n".repeat(30)).await.expect("a session");
        truth.push(read(&ledger).await);
        ledger.take("day", RATE, 100, NOW).await.expect("taken");
        truth.push(read(&ledger).await);
        let ids: Vec<i64> =
            lease(&ledger, 60, NOW).await.iter().flat_map(|l| l.recipients.iter().map(|r| r.id.0)).collect();
        truth.push(read(&ledger).await);
        begin(&ledger, &ids, NOW).await;
        truth.push(read(&ledger).await);
        let outcomes = ids.iter().map(|id| {
            let state =
                [State::Accepted, State::Rejected, State::Deferred, State::InDoubt][(id % 4) as usize];
            let mut outcome = outcome(*id, 1, state, Some(later(1_000_000)));
            outcome.evidence.conversation.push_str(&"S: 250-more\n".repeat(usize::from(id % 50 == 0) * 900));
            outcome
        });
        ledger.settle(outcomes.collect()).await.expect("settled");
        truth.push(read(&ledger).await);
        ledger
            .resolve(vec![RecipientId(4 + round), RecipientId(3)], Resolution::Skip, NOW)
            .await
            .expect("resolved");
        truth.push(read(&ledger).await);
        settle(&ledger, 7, 1, State::Accepted, None).await;
        truth.push(read(&ledger).await);
    }
    truth.dedup_by(|said, before| agree(said, before));
    (ledger, truth)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// Opens what lies in a new folder with these contents, beside a run that is not there, and reads all of it.
fn look(runtime: &Runtime, file: &[u8], log: Option<&[u8]>) -> Result<Said, LedgerError> {
    let folder = Folder::in_memory();
    let path = folder.path().join("ledger.sqlite");
    fs::write(&path, file).expect("written");
    if let Some(log) = log {
        fs::write(beside(&path, "-wal"), log).expect("written");
    }
    let ledger = Sqlite::read(&path)?;
    Ok(runtime.block_on(read(&ledger)))
}

fn random(seed: &mut u64) -> usize {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    (*seed >> 11) as usize
}

/// Octets to damage: the file's header, the beginning of each page, then anywhere.
fn offsets(length: usize, ahead: usize) -> impl Iterator<Item = usize> {
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let header = 0..ahead.min(length);
    let pages = (0..length).step_by(4096).flat_map(|page| [page, page + 3, page + 5, page + 9]);
    header
        .chain(pages.filter(move |at| *at < length))
        .chain(std::iter::repeat_with(move || random(&mut seed) % length))
}

fn limit() -> (usize, Duration) {
    match std::env::var("HONGYAN_LEDGER_FLIPS").ok().and_then(|flips| flips.parse().ok()) {
        Some(flips) => (flips, Duration::MAX),
        None => (usize::MAX, LONGEST),
    }
}

#[test]
fn a_flipped_bit_in_the_file_is_never_believed() {
    let (folder, runtime) = (Folder::in_memory(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let (ledger, mut truth) = runtime.block_on(campaign(&path));
    runtime.block_on(ledger.close()).expect("closed");
    let (file, truth) = (fs::read(&path).expect("the file"), truth.pop().expect("the truth"));
    assert!(look(&runtime, &file, None).is_ok_and(|said| !said.refused && agree(&said, &truth)));
    let (most, longest) = limit();
    let (began, mut flips, mut refused, mut partly) = (Instant::now(), 0, 0, 0);
    let mut seed = 42;
    for at in offsets(file.len(), 120) {
        if flips == most || began.elapsed() > longest {
            break;
        }
        let mut damaged = file.clone();
        let bit = random(&mut seed) % 8;
        damaged[at] ^= 1 << bit;
        match look(&runtime, &damaged, None) {
            Ok(said) => {
                assert!(agree(&said, &truth), "bit {bit} of octet {at} was believed");
                partly += usize::from(said.refused);
            }
            Err(error) => refused += usize::from(is_damage(&error)),
        }
        flips += 1;
    }
    println!("{flips} flipped bits: {refused} refused at once, {partly} when they were come across");
    assert!(flips > 200 && refused > 0 && partly > 0);
}

#[test]
fn a_flipped_bit_in_the_log_takes_at_most_the_last_transaction() {
    let (folder, runtime) = (Folder::in_memory(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let (_ledger, truth) = runtime.block_on(campaign(&path));
    // As a crash leaves it.
    let (file, log) = (fs::read(&path).expect("the file"), fs::read(beside(&path, "-wal")).expect("the log"));
    let right = |said: &Said| truth[truth.len() - 2..].iter().any(|truth| agree(said, truth));
    assert!(look(&runtime, &file, Some(&log)).is_ok_and(|said| !said.refused && right(&said)));
    let (most, longest) = limit();
    let (began, mut flips, mut refused) = (Instant::now(), 0, 0);
    let mut seed = 43;
    for at in offsets(log.len(), 100) {
        if flips == most || began.elapsed() > longest {
            break;
        }
        let mut damaged = log.clone();
        let bit = random(&mut seed) % 8;
        damaged[at] ^= 1 << bit;
        match look(&runtime, &file, Some(&damaged)) {
            Ok(said) => assert!(right(&said), "bit {bit} of octet {at} of {} was believed", log.len()),
            Err(error) => refused += usize::from(is_damage(&error)),
        }
        flips += 1;
    }
    println!("{flips} flipped bits in the log: {refused} refused");
    assert!(flips > 100 && refused > flips / 2);
}

#[test]
fn a_log_that_was_cut_off_is_read_to_its_last_whole_transaction() {
    let (folder, runtime) = (Folder::in_memory(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let (_ledger, truth) = runtime.block_on(campaign(&path));
    let (file, log) = (fs::read(&path).expect("the file"), fs::read(beside(&path, "-wal")).expect("the log"));
    let mut seed = 44;
    let mut seen = std::collections::BTreeSet::new();
    let began = Instant::now();
    while began.elapsed() < LONGEST / 3 {
        let length = random(&mut seed) % (log.len() + 1);
        let said = look(&runtime, &file, Some(&log[..length])).expect("what is whole is read");
        assert!(!said.refused);
        // Every transaction of the campaign ended in one of these, but for a few that only a connection or a decision
        // was noted in.
        let at = truth.iter().position(|truth| said.entries == truth.entries && said.tally == truth.tally);
        seen.insert(at.unwrap_or_else(|| panic!("{length} octets of the log say what never was")));
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn a_file_that_was_cut_off_is_refused() {
    let (folder, runtime) = (Folder::in_memory(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let (ledger, mut truth) = runtime.block_on(campaign(&path));
    runtime.block_on(ledger.close()).expect("closed");
    let (file, truth) = (fs::read(&path).expect("the file"), truth.pop().expect("the truth"));
    let mut seed = 45;
    let lengths = (0..file.len()).step_by(4096).chain((0..60).map(|_| random(&mut seed) % file.len()));
    for length in lengths.collect::<Vec<_>>() {
        match look(&runtime, &file[..length], None) {
            Ok(said) => {
                assert!(said.refused, "{length} of {} octets were taken for the whole", file.len());
                assert!(agree(&said, &truth), "{length} octets were believed");
            }
            Err(error) => assert!(is_damage(&error)),
        }
    }
}

#[test]
fn a_log_that_is_gone_after_a_crash_is_missed() {
    let (folder, runtime) = (Folder::in_memory(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let (_ledger, _) = runtime.block_on(campaign(&path));
    let file = fs::read(&path).expect("the file");
    let refused = look(&runtime, &file, None).err().expect("refused");
    assert!(refused.to_string().contains("-wal"), "{refused}");
}

#[test]
fn a_damaged_ledger_is_not_run_either() {
    let (folder, runtime) = (Folder::in_memory(), runtime());
    let path = folder.path().join("ledger.sqlite");
    let (ledger, _) = runtime.block_on(campaign(&path));
    runtime.block_on(ledger.close()).expect("closed");
    let file = fs::read(&path).expect("the file");
    for (what, at) in
        [("its magic", 3), ("its page size", 16), ("its version", 63), ("its list of tables", 3_000)]
    {
        let mut damaged = file.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, &damaged).expect("written");
        let refused = Sqlite::open(&path).expect_err(what);
        assert!(is_damage(&refused), "{what}");
        assert!(refused.to_string().contains(path.to_str().expect("text")), "{refused}");
        assert_eq!(fs::read(&path).expect("the file"), damaged, "{what}: it is left as it is");
    }
}

#[test]
fn a_ledger_of_a_newer_version_is_left_alone() {
    let folder = Folder::new();
    let path = folder.path().join("ledger.sqlite");
    drop(load(&path, manifest(), &BTreeMap::new(), &letters(&[1])));
    let mut file = fs::read(&path).expect("the file");
    file[63] = 2;
    fs::write(&path, &file).expect("written");
    for refused in [Sqlite::open(&path).err(), Sqlite::read(&path).err()] {
        assert!(matches!(refused, Some(LedgerError::Newer(_))), "{refused:?}");
    }
    assert_eq!(fs::read(&path).expect("the file"), file);
}
