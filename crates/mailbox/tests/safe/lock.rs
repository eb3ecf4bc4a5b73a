//! One fetch at a time.

use hongyan_mailbox::Lock;
use hongyan_mailbox::lock::LockError;

use crate::scratch::{Scratch, lock};

#[test]
fn a_second_fetch_is_told_which_process_has_the_maildir() {
    let scratch = Scratch::new("lock");
    let maildir = scratch.maildir();
    let first = lock(&maildir).expect("the lock");
    let error = Lock::take(&maildir).expect_err("it is taken");
    assert!(matches!(error, LockError::Held { process: Some(process), .. } if process == std::process::id()));
    assert!(error.to_string().contains(&format!("process {} ", std::process::id())), "{error}");
    drop(first);
    lock(&maildir).expect("it is free again");
}

#[test]
fn a_lock_file_that_nobody_holds_is_no_lock() {
    let scratch = Scratch::new("lock-stale");
    let maildir = scratch.maildir();
    std::fs::create_dir(maildir.own_path()).expect("a folder");
    std::fs::write(maildir.own_path().join("lock"), "999999999999 rubbish\n\0").expect("writes");
    drop(lock(&maildir).expect("the lock"));
    let content = std::fs::read_to_string(maildir.own_path().join("lock")).expect("reads");
    assert_eq!(content, format!("{}\n", std::process::id()));
}

#[test]
fn a_link_in_the_locks_place_is_not_followed() {
    let scratch = Scratch::new("lock-link");
    let maildir = scratch.maildir();
    std::fs::create_dir(maildir.own_path()).expect("a folder");
    let victim = scratch.path().join("victim");
    std::fs::write(&victim, "precious").expect("writes");
    std::os::unix::fs::symlink(&victim, maildir.own_path().join("lock")).expect("links");
    assert!(matches!(Lock::take(&maildir), Err(LockError::Io { .. })));
    assert_eq!(std::fs::read_to_string(&victim).expect("reads"), "precious");
}
