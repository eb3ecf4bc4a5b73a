//! What a state remembers, and what is left of it after each kind of accident.

use hongyan_mailbox::Maildir;
use hongyan_mailbox::state::{Change, Key, Known, State, StateError};

use crate::scratch::{Scratch, deliver, key, known, lock};

#[test]
fn what_was_recorded_is_there_after_opening_again() {
    let scratch = Scratch::new("state-again");
    let maildir = Maildir::create(scratch.path().join("mail")).expect("creates");
    let lock = lock(&maildir).expect("locks");
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
