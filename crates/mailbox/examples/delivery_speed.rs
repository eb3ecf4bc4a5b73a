//! How fast mail gets safely to disk, and what a state costs: `delivery_speed [FOLDER] [MESSAGES] [OCTETS]`.
//!
//! Delivers and records messages in one group in a new Maildir under FOLDER; then what a state of 100,000 costs.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use hongyan_mailbox::maildir::{Flags, Kept};
use hongyan_mailbox::state::{Id, Key, Known, State};
use hongyan_mailbox::{Lock, Maildir};

/// A message comes in pieces of this size, as from a socket.
const PIECE: usize = 16 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let mut number = |otherwise: usize| -> Result<usize, Box<dyn Error>> {
        match arguments.next() {
            Some(text) => Ok(text.to_string_lossy().parse()?),
            None => Ok(otherwise),
        }
    };
    let (count, size) = (number(5_000)?, number(2_600)?);
    let folder = folder.join(format!("hongyan-delivery-{}", std::process::id()));
    let done =
        deliver(&folder.join("mail"), count, size).and_then(|()| state(&folder.join("state"), 100_000));
    std::fs::remove_dir_all(&folder)?;
    done
}

fn deliver(path: &std::path::Path, count: usize, size: usize) -> Result<(), Box<dyn Error>> {
    let content =
        b"Subject: a message of the measurement\r\n\r\n".iter().copied().chain(std::iter::repeat(b'x'));
    let content: Vec<u8> = content.take(size).collect();
    let maildir = Maildir::create(path)?;
    rustix::fs::sync();

    let lock = Lock::take(&maildir)?;
    let mut state = State::open(&lock, &key())?;

    let begin = Instant::now();
    let mut group = Vec::with_capacity(count);
    for n in 0..count {
        let mut incoming = maildir.begin()?;
        for piece in content.chunks(PIECE) {
            incoming.write_all(piece)?;
        }
        group.push((incoming.finish()?, Flags::NONE, id(n)));
    }
    let written = begin.elapsed();
    state.deliver(&maildir, group, 1_700_000_000)?;
    let recorded = begin.elapsed();
    let octets = (count * size) as f64 / 1e6;
    println!("{count} messages of {size} octets: written {written:.1?}, safe and recorded {recorded:.1?}");
    println!(
        "  {:.0} messages/s, {:.0} MB/s",
        count as f64 / recorded.as_secs_f64(),
        octets / recorded.as_secs_f64()
    );

    let begin = Instant::now();
    let entries = maildir.entries()?.len();
    println!("  listed {entries} in {:.1?}", begin.elapsed());
    drop(state);
    let begin = Instant::now();
    let state = State::open(&lock, &key())?;
    let known = (0..count).filter(|&n| state.get(&id(n)).is_some()).count();
    println!("  opened the state and looked up {known} in {:.1?}", begin.elapsed());
    Ok(())
}

fn state(path: &std::path::Path, count: usize) -> Result<(), Box<dyn Error>> {
    let lock = Lock::take(&Maildir::create(path)?)?;
    let kept = Kept {
        unique: "1700000000.M123456P12345Q12345R0123456789abcdef.mail.example.org,S=2600".into(),
        path: PathBuf::new(),
        size: 2_600,
        hash: [7; 32],
        head: [9; 32],
    };
    let all: Vec<Known> = (0..count).map(|n| known(n, &kept)).collect();
    let mut state = State::open(&lock, &key())?;
    let begin = Instant::now();
    state.record(all)?;
    println!("state: {count} messages recorded in {:.1?}", begin.elapsed());
    let before = resident();
    let begin = Instant::now();
    let opened = State::open(&lock, &key())?;
    let took = begin.elapsed();
    let memory = resident().saturating_sub(before);
    println!("  opened in {took:.1?}, about {} octets a message", memory / count.max(1));
    let begin = Instant::now();
    let found = (0..count).filter(|&n| opened.get(&id(n)).is_some()).count();
    println!("  looked up {found} in {:.1?}", begin.elapsed());
    Ok(())
}

/// The process's resident memory in octets, where the system says it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim_end_matches("kB").trim().parse().map_or(0, |kib: usize| kib * 1024)
}

fn key() -> Key {
    Key { account: "wang@example.org".into(), folder: "INBOX".into() }
}

fn id(n: usize) -> Id {
    Id::Uidl(format!("{n:016x}.M123456P123"))
}

fn known(n: usize, kept: &Kept) -> Known {
    Known {
        id: id(n),
        size: kept.size,
        head: kept.head,
        hash: kept.hash,
        file: kept.unique.clone(),
        when: 1_700_000_000,
        deleted: false,
    }
}
