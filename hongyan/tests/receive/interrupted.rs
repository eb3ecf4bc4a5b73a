//! `fetch --delete`, interrupted at every point: no message is missing from server and disk together, nothing partial
//! is in place, and the next fetch leaves each message exactly once.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hongyan::mailbox::disk::{Disk, System};
use hongyan::receive::{Options, Policy};

use crate::place::{BOTH, Bag, By, Place, Way, mails};

/// Messages of one maildrop: enough for several groups.
const MAILS: usize = 12;

fn options() -> Options {
    Options { policy: Policy::Delete, group: 5, ..Options::default() }
}

/// What must be true after an interruption, and after the fetch that follows it.
async fn holds(place: &Place, by: By, all: &Bag, what: &str) {
    let (there, here) = (place.there(), place.here());
    assert_eq!(Bag::missing(all, &there, &here), Vec::<String>::new(), "{what}: lost");
    assert_eq!(here.too_many(all), Some(0), "{what}: partial, or twice");
    let (report, done) = place.fetch(by, &options()).await;
    done.unwrap_or_else(|error| panic!("{what}: {error} after {report:?}"));
    assert_eq!(place.there(), Bag::default(), "{what}: left on the server");
    assert_eq!(&place.here(), all, "{what}: not each exactly once");
}

#[tokio::test]
async fn a_connection_that_is_cut_after_any_octet_loses_nothing() {
    let mails = mails(MAILS);
    let mut points = 0;
    for by in BOTH {
        let place = Place::new(&mails).await;
        let way = Way::breaking(place.server(by), u64::MAX, u64::MAX).await;
        place.fetch_over(by, way.address, Arc::new(System), &options()).await.1.unwrap();
        let (from_there, to_there) = way.passed();
        // The two ends are where the conversation is thickest: every octet there, then a step that is no divisor.
        let steps = |total: u64, near: u64, step: usize| {
            let ends = total.saturating_sub(near)..=total;
            (0..total.saturating_sub(near)).step_by(step).chain(ends)
        };
        let from_there = steps(from_there, 60, 211).map(|at| (at, u64::MAX));
        let to_there = steps(to_there, 60, 5).map(|at| (u64::MAX, at));
        let cuts: Vec<(u64, u64)> = from_there.chain(to_there).collect();
        points += cuts.len();
        // Side by side, since most of the time goes by with waiting for ends of connections.
        let part = |n: usize| cut(by, &mails, cuts.iter().skip(n).step_by(8));
        tokio::join!(part(0), part(1), part(2), part(3), part(4), part(5), part(6), part(7));
    }
    assert!(points >= 500, "{points} points are too few");
}

async fn cut(by: By, mails: &[Vec<u8>], cuts: impl Iterator<Item = &(u64, u64)>) {
    let all: Bag = mails.iter().cloned().collect();
    let mut place = Place::new(&[]).await;
    for &(from_there, to_there) in cuts {
        place.again(mails).await;
        let way = Way::breaking(place.server(by), from_there, to_there).await;
        let _ = place.fetch_over(by, way.address, Arc::new(System), &options()).await;
        holds(&place, by, &all, &format!("{by:?}, cut at {from_there}/{to_there}")).await;
    }
}

#[tokio::test]
async fn a_program_that_dies_at_any_operation_of_the_disk_loses_nothing() {
    let mails = mails(MAILS);
    let all: Bag = mails.iter().cloned().collect();
    let mut points = 0;
    for by in BOTH {
        let mut place = Place::new(&[]).await;
        for at in 0.. {
            place.again(&mails).await;
            let disk = Arc::new(Dying { at, done: AtomicU64::new(0) });
            let (_, done) = place.fetch_over(by, place.server(by), disk.clone(), &options()).await;
            if disk.done.load(Ordering::Relaxed) <= at {
                done.unwrap();
                break;
            }
            holds(&place, by, &all, &format!("{by:?}, dead at operation {at}")).await;
            points += 1;
        }
    }
    assert!(points >= 60, "{points} points are too few");
}

/// A disk that does nothing any more from an operation on, as for a program that was killed there.
#[derive(Debug)]
struct Dying {
    at: u64,
    done: AtomicU64,
}

impl Dying {
    fn turn(&self) -> io::Result<()> {
        match self.done.fetch_add(1, Ordering::Relaxed) {
            n if n < self.at => Ok(()),
            _ => Err(io::Error::other("dead")),
        }
    }
}

impl Disk for Dying {
    fn create(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<File> {
        self.turn()?;
        System.create(directory, name)
    }

    fn write(&self, file: &File, octets: &[u8]) -> io::Result<()> {
        if let Err(dead) = self.turn() {
            let _ = System.write(file, &octets[..octets.len() / 2]);
            return Err(dead);
        }
        System.write(file, octets)
    }

    fn sync_file(&self, _: &File) -> io::Result<()> {
        self.turn()
    }

    fn sync_file_system(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        self.turn()
    }

    fn sync_directory(&self, _: BorrowedFd<'_>) -> io::Result<()> {
        self.turn()
    }

    fn rename(&self, from: BorrowedFd<'_>, old: &OsStr, to: BorrowedFd<'_>, new: &OsStr) -> io::Result<()> {
        self.turn()?;
        System.rename(from, old, to, new)
    }

    fn replace(&self, directory: BorrowedFd<'_>, old: &OsStr, new: &OsStr) -> io::Result<()> {
        self.turn()?;
        System.replace(directory, old, new)
    }

    fn cut(&self, file: &File, length: u64) -> io::Result<()> {
        self.turn()?;
        System.cut(file, length)
    }

    fn remove(&self, directory: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
        self.turn()?;
        System.remove(directory, name)
    }
}
