//! What a state remembers, and what is left of it after each kind of accident.

use std::fs;
use std::path::PathBuf;

use hongyan_mailbox::maildir::Kept;
use hongyan_mailbox::state::{Change, Id, Key, Known, MAX_ID, State, StateError, WORTHWHILE};
use hongyan_mailbox::{Lock, Maildir};
use proptest::prelude::*;

use crate::scratch::{Scratch, deliver, key, known, lock};

/// A message that nobody delivered.
fn message(n: usize) -> Known {
    let mut head = [7; 32];
    head[..8].copy_from_slice(&(n as u64).to_be_bytes());
    let kept =
        Kept { unique: format!("{n}.host,S={n}"), path: PathBuf::new(), size: n as u64, hash: [9; 32], head };
    known(&format!("id {n}"), &kept)
}

/// A Maildir with a state of so many messages; where its file is, and what it holds.
fn recorded(scratch: &Scratch, messages: usize) -> (Lock, PathBuf, Vec<u8>) {
    let lock = lock(&scratch.maildir()).expect("locks");
    let mut state = State::open(&lock, &key()).expect("opens");
    for n in 0..messages {
        state.record(vec![message(n)]).expect("records");
    }
    let path = state.path().to_owned();
    let content = fs::read(&path).expect("reads");
    (lock, path, content)
}

fn ids(state: &State) -> Vec<Id> {
    state.iter().map(|(id, _)| id).collect()
}

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
    let other = Key { account: key().account, folder: "Sent".into() };
    assert!(State::open(&lock, &other).expect("opens").is_new(), "each folder has its own");
}

#[test]
fn an_end_that_was_cut_off_costs_the_records_in_it_and_no_other() {
    let scratch = Scratch::in_memory("state-cut");
    let (lock, path, content) = recorded(&scratch, 3);
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', &content).map(|end| end + 1).collect();
    for length in ends[0]..content.len() {
        for zeros in [0, 5000] {
            let mut cut = content[..length].to_vec();
            cut.resize(length + zeros, 0);
            fs::write(&path, &cut).expect("writes");
            let whole = ends.iter().filter(|&&end| end <= length).count() - 1;
            let expected: Vec<Id> = (0..whole).map(|n| message(n).id).collect();
            let mut state = State::open(&lock, &key()).expect("opens");
            assert_eq!(ids(&state), expected, "cut at {length}, {zeros} zeros");
            let lost = length + zeros - ends[whole];
            assert_eq!(state.damage().map_or(0, |damage| damage.lost), lost as u64);
            assert!(state.damage().is_none_or(|damage| damage.torn));
            state.record(vec![message(9)]).expect("goes on");
            let state = State::open(&lock, &key()).expect("opens");
            assert_eq!((state.damage(), state.len()), (None, whole + 1), "cut at {length}");
        }
    }
}

#[test]
fn after_a_wrong_octet_no_identifier_is_believed_and_content_still_is() {
    let scratch = Scratch::in_memory("state-flip");
    let (lock, path, content) = recorded(&scratch, 4);
    for at in 0..content.len() {
        let mut wrong = content.clone();
        wrong[at] ^= 1 << (at % 8);
        fs::write(&path, &wrong).expect("writes");
        let mut state = State::open(&lock, &key()).expect("opens");
        let damage = state.damage().expect("is seen").clone();
        let recognised = (0..4).filter(|&n| {
            let found = state.alike(message(n).size, &message(n).head).expect("reads");
            assert!(found.is_empty() || found == [message(n)], "octet {at}");
            !found.is_empty()
        });
        // A wrong line end takes the lines on both sides along.
        assert!(recognised.count() >= 2, "octet {at}");
        if damage.torn {
            assert_eq!(at + 1, content.len(), "only the very end looks torn off");
            assert_eq!(state.len(), 3);
            continue;
        }
        assert_eq!(ids(&state), [], "octet {at}");
        assert_eq!(fs::read(damage.copy.expect("is kept")).expect("reads"), wrong);
        state.record(vec![message(2)]).expect("goes on");
        let mut again = State::open(&lock, &key()).expect("opens");
        assert_eq!((again.damage(), ids(&again)), (None, vec![message(2).id]));
        assert!(!again.alike(0, &message(0).head).expect("reads").is_empty() || at < content.len() / 2);
    }
}

#[test]
fn what_is_no_state_at_all_is_kept_aside_and_nothing_is_known() {
    let scratch = Scratch::in_memory("state-rubbish");
    let (lock, path, _) = recorded(&scratch, 1);
    for rubbish in
        ["", "\n", "rubbish", "\0\0\0\0", "hongyan-state 1\n", &"x".repeat(1_000_000), &"\n".repeat(5000)]
    {
        fs::write(&path, rubbish).expect("writes");
        let state = State::open(&lock, &key()).expect("opens");
        let damage = state.damage().expect("is seen");
        assert_eq!((state.len(), damage.recognised, damage.torn), (0, 0, false));
        assert_eq!(fs::read(damage.copy.as_ref().expect("is kept")).expect("reads"), rubbish.as_bytes());
        assert_eq!(State::open(&lock, &key()).expect("opens").damage(), None, "it is whole again");
    }
    fs::remove_file(&path).expect("removes");
    assert!(State::open(&lock, &key()).expect("opens").is_new(), "lost, it begins anew");
}

/// The checksum of the format (CRC-32 as in zlib), bit by bit.
fn crc(octets: &[u8]) -> u32 {
    !octets.iter().fold(!0u32, |crc, &octet| {
        (0..8).fold(
            crc ^ u32::from(octet),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn a_newer_version_and_another_accounts_file_are_refused_and_left_alone() {
    let scratch = Scratch::in_memory("state-refused");
    let (lock, path, content) = recorded(&scratch, 1);
    let begin = content.split(|&octet| octet == b'\n').next().expect("a line");
    let begin = std::str::from_utf8(&begin[..begin.len() - 9]).expect("text");
    assert_eq!(begin, "hongyan-state 1 王@example.org INBOX");
    let with_header = |header: &str| format!("{header} {:08x}\nwhatever comes\n", crc(header.as_bytes()));
    let newer = with_header("hongyan-state 2 by other rules");
    fs::write(&path, &newer).expect("writes");
    let error = State::open(&lock, &key()).expect_err("refused");
    assert!(matches!(error, StateError::Newer { version: 2, .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("reads"), newer);
    let other = with_header("hongyan-state 1 li@example.net INBOX");
    fs::write(&path, &other).expect("writes");
    let error = State::open(&lock, &key()).expect_err("refused");
    assert!(
        matches!(&error, StateError::OtherKey { found, .. } if found.account == "li@example.net"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).expect("reads"), other);
}

#[test]
fn a_uid_means_something_only_under_its_uidvalidity() {
    let scratch = Scratch::in_memory("state-uid");
    let (lock, _, _) = recorded(&scratch, 0);
    let uid = |validity, uid| Id::Uid { validity, uid };
    let old = Known { id: uid(1, 5), ..message(3) };
    let mut state = State::open(&lock, &key()).expect("opens");
    state.append(&[Change::UidValidity(1), Change::Known(old.clone())]).expect("appends");
    assert!(state.get(&uid(1, 5)).is_some());
    assert!(state.get(&uid(2, 5)).is_none() && state.get(&uid(1, 6)).is_none());
    let new = Known { id: uid(2, 9), ..message(3) };
    assert_eq!(state.alike(new.size, &new.head).expect("reads"), [old]);
    state.append(&[Change::UidValidity(2), Change::Known(new.clone())]).expect("appends");
    state.compact().expect("compacts");
    assert_eq!(state.alike(new.size, &new.head).expect("reads"), [new], "the old name of it is past");
}

#[test]
fn a_log_that_is_mostly_past_is_rewritten_by_itself() {
    let scratch = Scratch::in_memory("state-compact");
    let (lock, path, _) = recorded(&scratch, 0);
    let mut state = State::open(&lock, &key()).expect("opens");
    for round in 0..30 {
        let again = (0..100).map(|n| Known { when: round, ..message(n) });
        state.record(again.collect()).expect("records");
    }
    let length = fs::metadata(&path).expect("is there").len();
    assert!(length <= WORTHWHILE + WORTHWHILE / 4, "{length}");
    state.append(&[Change::Deleted(message(5).id), Change::Forget(message(6).id)]).expect("appends");
    state.compact().expect("compacts");
    for state in [state, State::open(&lock, &key()).expect("opens")] {
        assert_eq!(state.len(), 99);
        assert_eq!(state.known(&message(7).id).expect("reads"), Some(Known { when: 29, ..message(7) }));
        assert!(state.get(&message(5).id).is_some_and(|seen| seen.deleted));
    }
}

#[test]
fn what_cannot_be_recorded_is_refused_and_changes_nothing() {
    let scratch = Scratch::in_memory("state-long");
    let (lock, _, _) = recorded(&scratch, 1);
    let mut state = State::open(&lock, &key()).expect("opens");
    let long = Known { id: Id::Uidl("x".repeat(MAX_ID + 1)), ..message(1) };
    assert!(state.record(vec![message(2), long]).is_err());
    let long = Known { file: "x".repeat(256), ..message(1) };
    assert!(state.record(vec![long]).is_err());
    assert_eq!(ids(&state), [message(0).id]);
    let longest = Known { id: Id::Uidl("\0".repeat(MAX_ID)), ..message(1) };
    state.record(vec![longest.clone()]).expect("records");
    let state = State::open(&lock, &key()).expect("opens");
    assert_eq!(state.known(&longest.id).expect("reads"), Some(longest));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_identifiers_and_names_come_back_as_they_were(
        account in "\\PC{0,20}|[ %\\x00-\\x20]{0,9}",
        folder in "\\PC{0,20}|[ %/\\x00-\\x20]{0,9}",
        uidls in prop::collection::btree_set("[ -~]{1,70}|[ %\\x00-\\x7f鸿]{0,9}", 0..9),
    ) {
        let scratch = Scratch::in_memory("state-any");
        let lock = lock(&scratch.maildir()).expect("locks");
        let key = Key { account, folder };
        let all: Vec<Known> =
            uidls.iter().enumerate().map(|(n, uidl)| Known { id: Id::Uidl(uidl.clone()), ..message(n) }).collect();
        State::open(&lock, &key).expect("opens").record(all.clone()).expect("records");
        let state = State::open(&lock, &key).expect("opens");
        prop_assert_eq!(state.damage(), None);
        prop_assert_eq!(state.len(), all.len());
        for known in all {
            prop_assert_eq!(state.known(&known.id).expect("reads"), Some(known));
        }
    }
}
