//! A state's file, whatever is in it: it is opened or refused, and once opened it is whole and says the same.
#![no_main]

use std::sync::OnceLock;

use hongyan_mailbox::state::{Id, Key, State, StateError};
use hongyan_mailbox::{Lock, Maildir};
use libfuzzer_sys::fuzz_target;

fn lock() -> &'static Lock {
    static LOCK: OnceLock<Lock> = OnceLock::new();
    LOCK.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("hongyan-fuzz-state-{}", std::process::id()));
        Lock::take(&Maildir::create(path).expect("a Maildir")).expect("its lock")
    })
}

fuzz_target!(|input: &[u8]| {
    let key = Key { account: "a".into(), folder: "b".into() };
    let path = State::open(lock(), &key).map(|state| state.path().to_owned());
    let path = match path {
        Ok(path) => path,
        Err(StateError::Newer { path, .. } | StateError::OtherKey { path, .. }) => path,
        Err(error) => panic!("{error}"),
    };
    std::fs::write(&path, input).expect("writes");
    let state = match State::open(lock(), &key) {
        Ok(state) => state,
        Err(StateError::Newer { .. } | StateError::OtherKey { .. }) => return,
        Err(error) => panic!("{error}"),
    };
    let known: Vec<Id> = state.iter().map(|(id, _)| id).collect();
    for id in &known {
        state.known(id).ok();
    }
    let again = State::open(lock(), &key).expect("opens again");
    assert_eq!(again.damage(), None);
    assert_eq!(again.iter().map(|(id, _)| id).collect::<Vec<_>>(), known);
});
