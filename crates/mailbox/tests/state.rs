//! What a state remembers, and what is left of it after each kind of accident.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use hongyan_mailbox::maildir::{Flags, Kept};
use hongyan_mailbox::state::{Change, Id, Key, Known, State, StateError};
use hongyan_mailbox::{Lock, Maildir};

/// A folder of a test's own, gone at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hongyan-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a scratch folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key() -> Key {
    Key { account: "王@example.org".into(), folder: "INBOX".into() }
}

fn deliver(maildir: &Maildir, content: &[u8]) -> Kept {
    let mut incoming = maildir.begin().expect("begins");
    incoming.write_all(content).expect("writes");
    let written = incoming.finish().expect("finishes");
    maildir.commit(vec![(written, Flags::NONE)]).expect("commits").remove(0)
}

fn known(id: &str, kept: &Kept) -> Known {
    Known {
        id: Id::Uidl(id.into()),
        size: kept.size,
        head: kept.head,
        hash: kept.hash,
        file: kept.unique.clone(),
        when: 1_700_000_000,
        deleted: false,
    }
}

#[test]
fn what_was_recorded_is_there_after_opening_again() {
    let scratch = Scratch::new("state-again");
    let maildir = Maildir::create(scratch.0.join("mail")).expect("creates");
    let lock = Lock::take(&maildir).expect("locks");
    let one = known("one and %", &deliver(&maildir, b"Subject: 1\r\n\r\none"));
    let two = known("二", &deliver(&maildir, b"Subject: 2\r\n\r\ntwo"));
    {
        let mut state = State::open(&lock, &key()).expect("opens");
        assert!(state.is_new());
        state.record(vec![one.clone(), two.clone()]).expect("records");
        state
            .append(&[Change::UidValidity(7), Change::HighestModSeq(99), Change::Deleted(one.id.clone())])
            .expect("appends");
    }
    let mut state = State::open(&lock, &key()).expect("opens");
    assert_eq!((state.is_new(), state.len(), state.damage()), (false, 2, None));
    assert_eq!((state.uid_validity(), state.highest_mod_seq()), (Some(7), Some(99)));
    assert_eq!(state.known(&one.id).expect("reads"), Some(Known { deleted: true, ..one.clone() }));
    assert_eq!(state.known(&two.id).expect("reads"), Some(two.clone()));
    assert_eq!(state.alike(two.size, &two.head).expect("reads"), vec![two.clone()]);
    state.append(&[Change::Forget(two.id.clone())]).expect("forgets");
    assert_eq!(state.get(&two.id), None);
    assert!(matches!(
        State::open(&lock, &Key { account: "other".into(), folder: String::new() })
            .map(|state| state.is_new()),
        Ok::<bool, StateError>(true)
    ));
}
