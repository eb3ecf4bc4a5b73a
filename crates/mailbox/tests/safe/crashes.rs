//! Whatever happens at whatever moment of fetching into a Maildir: nothing partial is ever in place, what was
//! acknowledged is there and known, what is known is there, and the next run brings the rest, each message once.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::SystemTime;

use hongyan_mailbox::disk::{Disk, System};
use hongyan_mailbox::maildir::Flags;
use hongyan_mailbox::state::{Change, Id, Known, State};
use hongyan_mailbox::{Lock, Maildir};

use crate::disks::{Failing, Fate};
use crate::scratch::{Scratch, key, lock, names};

/// How the messages of a run are grouped: few, which are made safe one by one, and many.
const GROUPS: [usize; 10] = [2, 7, 1, 6, 4, 5, 3, 9, 8, 6];
const ALL: usize = 2 + 7 + 1 + 6 + 4 + 5 + 3 + 9 + 8 + 6;
/// Says to a child of a test where to work, when to be killed and how to deliver.
const CHILD: &str = "HONGYAN_TEST_KILLED";
const NO_SPACE: i32 = 28;
const BROKEN: i32 = 5;

/// How a group is delivered and recorded.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// In one call.
    Deliver,
    /// In three.
    Steps,
}

fn id(n: usize) -> Id {
    Id::Uidl(format!("id {n}"))
}

fn content(n: usize) -> Vec<u8> {
    let mut content = format!("Subject: {n}\r\n\r\n").into_bytes();
    content.resize(content.len() + n * 977 % 9000, n as u8);
    content
}

/// Which message this is, whole.
fn whole(found: &[u8]) -> Option<usize> {
    let number = found.strip_prefix(b"Subject: ")?.split(|&octet| octet == b'\r').next()?;
    let n = std::str::from_utf8(number).ok()?.parse().ok()?;
    (found == content(n)).then_some(n)
}

/// What an engine does: settle what an earlier run left, fetch what is not known, tell what is safe, mark some deleted.
fn run(
    path: &Path,
    disk: Arc<dyn Disk>,
    way: Way,
    mut safe: impl FnMut(usize),
) -> Result<(), Box<dyn Error>> {
    let maildir = Maildir::open_on(path, disk)?;
    let lock = lock(&maildir)?;
    let mut state = open_state(&lock, &maildir)?;
    let mut next = 0;
    for size in GROUPS {
        let wanted: Vec<usize> = (next..next + size).filter(|&n| state.get(&id(n)).is_none()).collect();
        next += size;
        let mut group = Vec::new();
        for &n in &wanted {
            let mut incoming = maildir.begin()?;
            content(n).chunks(4000).try_for_each(|piece| incoming.write_all(piece))?;
            let flags = if n.is_multiple_of(3) { Flags::SEEN } else { Flags::NONE };
            group.push((incoming.finish()?, flags, id(n)));
        }
        match way {
            Way::Deliver => drop(state.deliver(&maildir, group, 7)?),
            Way::Steps => {
                let coming = group.iter().map(|(written, _, id)| Known {
                    id: id.clone(),
                    size: written.size,
                    head: written.head,
                    hash: written.hash,
                    file: written.unique(),
                    when: 7,
                    deleted: false,
                });
                state.prepare(coming.collect())?;
                maildir.commit(group.into_iter().map(|(written, flags, _)| (written, flags)).collect())?;
                state.settle(&[])?;
            }
        }
        wanted.iter().for_each(|&n| safe(n));
        state.append(&wanted.iter().take(2).map(|&n| Change::Deleted(id(n))).collect::<Vec<_>>())?;
    }
    state.append(&[Change::UidValidity(1), Change::HighestModSeq(2)])?;
    Ok(state.compact()?)
}

fn open_state(lock: &Lock, maildir: &Maildir) -> Result<State, Box<dyn Error>> {
    let mut state = State::open(lock, &key())?;
    let mut gone = Vec::new();
    for known in state.unsettled()? {
        if maildir.find(&known.file)?.is_none() {
            gone.push(Change::Forget(known.id));
        }
    }
    state.settle(&gone)?;
    Ok(state)
}

/// What must be true whenever somebody looks.
fn check(path: &Path, acknowledged: &BTreeSet<usize>, when: &str) {
    let maildir = Maildir::open(path).expect("opens");
    let mut there = BTreeMap::new();
    for entry in maildir.entries().expect("lists") {
        let found = fs::read(entry.path(&maildir)).expect("reads");
        let n = whole(&found).unwrap_or_else(|| panic!("{when}: {entry:?} is not whole"));
        let twice = there.insert(n, entry.unique().to_owned());
        assert_eq!(twice, None, "{when}: message {n} is there twice");
    }
    let lock = lock(&maildir).expect("locks");
    let state = open_state(&lock, &maildir).expect("opens");
    assert!(state.damage().is_none_or(|damage| damage.torn), "{when}: {:?}", state.damage());
    let mut known = BTreeSet::new();
    for (id, _) in state.iter() {
        let record = state.known(&id).expect("reads").expect("is known");
        let n = (0..ALL).find(|&n| self::id(n) == id).expect("an identifier of ours");
        assert_eq!(
            there.get(&n).and_then(|unique| unique.to_str()),
            Some(record.file.as_str()),
            "{when}: {n}"
        );
        known.insert(n);
    }
    assert!(known.is_superset(acknowledged), "{when}: {acknowledged:?} were safe, {known:?} are known");
    assert_eq!(known, there.into_keys().collect(), "{when}: what is there is known");
}

/// A run that nothing interrupts, after one that something did.
fn finish(path: &Path, when: &str) {
    run(path, Arc::new(System), Way::Deliver, |_| {}).unwrap_or_else(|error| panic!("{when}: {error}"));
    check(path, &(0..ALL).collect(), when);
}

/// A folder in memory where there is one: a kill or a simulated failure needs no real disk, and there are many of them.
fn fresh(scratch: &Scratch) -> PathBuf {
    let path = scratch.path().join("mail");
    let _ = fs::remove_dir_all(&path);
    let _ = fs::remove_dir_all(scratch.path().join("attic"));
    fs::create_dir_all(scratch.path().join("attic")).expect("makes");
    Maildir::create(&path).expect("a Maildir");
    path
}

#[test]
fn killed_at_any_operation() {
    if let Ok(child) = std::env::var(CHILD) {
        return be_killed(&child);
    }
    let scratch = Scratch::in_memory("killed");
    let mut points = 0;
    for way in [Way::Deliver, Way::Steps] {
        for at in 0.. {
            let path = fresh(&scratch);
            let when = format!("{way:?}, killed at operation {at}");
            let child = Command::new(std::env::current_exe().expect("this test"))
                .args(["crashes::killed_at_any_operation", "--exact", "--nocapture"])
                .env(CHILD, format!("{at} {way:?} {}", path.display()))
                .stderr(Stdio::null())
                .output()
                .expect("runs");
            let said = String::from_utf8_lossy(&child.stdout);
            let acknowledged =
                said.lines().filter_map(|line| line.strip_prefix("safe ")?.parse().ok()).collect();
            check(&path, &acknowledged, &when);
            if child.status.success() {
                assert_eq!(acknowledged.len(), ALL, "{when}");
                break;
            }
            points += 1;
            finish(&path, &when);
        }
    }
    assert!(points >= 500, "only {points} operations to be killed at");
    println!("killed at {points} operations");
}

fn be_killed(child: &str) {
    let mut words = child.splitn(3, ' ');
    let at = words.next().and_then(|at| at.parse().ok()).expect("when");
    let way = if words.next() == Some("Deliver") { Way::Deliver } else { Way::Steps };
    let path = Path::new(words.next().expect("where"));
    let disk = Arc::new(Failing::new(Fate::Killed, at, path));
    run(path, disk, way, |n| println!("\nsafe {n}")).expect("no error before it is killed");
}

#[test]
fn the_power_goes_at_any_operation() {
    let scratch = Scratch::in_memory("power");
    let mut points = 0;
    for (way, seed) in [(Way::Deliver, 1), (Way::Steps, 2)] {
        for at in 0.. {
            let path = fresh(&scratch);
            let when = format!("{way:?}, power lost at operation {at}, seed {seed}");
            let disk = Arc::new(Failing::new(Fate::Power, at, &scratch.path().join("attic")));
            let mut acknowledged = BTreeSet::new();
            let done = run(&path, Arc::clone(&disk) as _, way, |n| {
                acknowledged.insert(n);
            });
            disk.lose_power(seed + 1000 * at as u64);
            check(&path, &acknowledged, &when);
            finish(&path, &when);
            if done.is_ok() {
                break;
            }
            points += 1;
        }
    }
    assert!(points >= 500, "only {points} operations to lose power at");
}

#[test]
fn the_disk_is_full_or_broken_at_any_operation() {
    let scratch = Scratch::in_memory("full");
    let mut points = 0;
    for fate in [Fate::Once(NO_SPACE), Fate::FromThen(NO_SPACE), Fate::Once(BROKEN), Fate::FromThen(BROKEN)] {
        for at in 0.. {
            let path = fresh(&scratch);
            let when = format!("{fate:?} at operation {at}");
            let disk = Arc::new(Failing::new(fate, at, &path));
            let mut acknowledged = BTreeSet::new();
            let done = run(&path, Arc::clone(&disk) as _, Way::Deliver, |n| {
                acknowledged.insert(n);
            });
            if disk.done() <= at {
                done.expect("nothing failed");
                break;
            }
            if matches!(fate, Fate::FromThen(_)) {
                assert_eq!(names(&path, "tmp"), [""; 0], "{when}");
            }
            check(&path, &acknowledged, &when);
            // What could not be removed when the disk was broken is swept some day.
            let later = SystemTime::now() + 2 * hongyan_mailbox::maildir::STALE;
            Maildir::open(&path).expect("opens").sweep(later).expect("sweeps");
            finish(&path, &when);
            assert_eq!(names(&path, "tmp"), [""; 0], "{when}");
            points += 1;
        }
    }
    assert!(points >= 500, "only {points} operations to fail at");
}
