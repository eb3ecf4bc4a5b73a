//! An index file that is not as it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use hongyan_mailbox::Query;
use hongyan_mailbox::index::{Index, IndexError, Order};

use crate::place::{Place, found, mail};

fn filled(name: &str) -> Place {
    let place = Place::new(name);
    for number in 0..300 {
        place.put(
            &format!("new/{number}.x"),
            &mail(&format!("mail {number}"), "a@b", 1, "some words 电子邮件"),
        );
    }
    place.refreshed();
    place
}

#[test]
fn an_index_is_for_its_owner_alone() {
    let place = filled("mode");
    let (index, _) = place.refreshed();
    for file in fs::read_dir(place.maildir.own_path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
    drop(index);
}

#[test]
fn a_deleted_index_is_made_again() {
    let place = filled("deleted");
    fs::remove_file(place.maildir.own_path().join("index.sqlite")).unwrap();
    let (index, refreshed) = place.refreshed();
    assert_eq!(refreshed.added, 300);
    assert_eq!(found(&index, "电子").len(), 100);
}

#[test]
fn a_damaged_index_is_set_aside_and_made_again() {
    let place = filled("damaged");
    let path = place.maildir.own_path().join("index.sqlite");
    for (what, damage) in [
        ("no database", b"this is no database at all".repeat(1000)),
        ("cut", fs::read(&path).unwrap()[..5000].to_vec()),
        ("somebody else's", somebody_elses(&place)),
    ] {
        fs::write(&path, &damage).unwrap();
        let (index, refreshed) = place.refreshed();
        assert_eq!(refreshed.added, 300, "{what}");
        let aside = index.replaces().expect(what);
        assert_eq!(fs::read(aside).unwrap(), damage, "{what}");
        assert_eq!(index.search(&Query::EVERYTHING, Order::Date, 0, 1).unwrap().total, 300);
    }
}

fn somebody_elses(place: &Place) -> Vec<u8> {
    let path = place.path.join("other.sqlite");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE x (y); PRAGMA user_version = 1;").unwrap();
    drop(other);
    fs::read(path).unwrap()
}

#[test]
fn pages_that_are_overwritten_are_found_out_and_never_answered_from_nothing() {
    let place = filled("overwritten");
    let path = place.maildir.own_path().join("index.sqlite");
    let whole = fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    let mut damaged = 0;
    for page in 1..pages {
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        let mut index = Index::open(&place.maildir).unwrap();
        drop(index);
        fs::write(&path, &bytes).unwrap();
        index = Index::open(&place.maildir).unwrap();
        let query = Query::parse("words 电子 -nothing").unwrap();
        let refreshed = index.refresh(|_, _| {});
        let answer = refreshed.and_then(|_| index.search(&query, Order::Date, 0, 10));
        match answer {
            Ok(page) => assert!(page.total == 300 || index.replaces().is_some(), "{}", page.total),
            Err(IndexError::Damaged { .. }) => {
                damaged += 1;
                drop(index);
                let mut index = Index::remake(&place.maildir).unwrap();
                assert_eq!(index.refresh(|_, _| {}).unwrap().added, 300);
                assert_eq!(index.search(&query, Order::Date, 0, 10).unwrap().total, 300);
            }
            Err(error) => panic!("page {page}: {error}"),
        }
        fs::write(&path, &whole).unwrap();
        let _ = fs::remove_file(place.maildir.own_path().join("index.sqlite-wal"));
        let _ = fs::remove_file(place.maildir.own_path().join("index.sqlite-shm"));
    }
    assert!(damaged > 0, "of {pages} pages");
}

#[test]
fn a_newer_index_is_left_alone_and_an_older_one_replaced() {
    let place = filled("versions");
    let path = place.maildir.own_path().join("index.sqlite");
    let set = |version: i64| {
        let index = rusqlite::Connection::open(&path).unwrap();
        index.pragma_update(None, "user_version", version).unwrap();
    };
    set(99);
    let before = fs::read(&path).unwrap();
    let refused = Index::open(&place.maildir).unwrap_err();
    assert!(matches!(refused, IndexError::Newer { version: 99, .. }), "{refused}");
    assert_eq!(fs::read(&path).unwrap(), before);
    set(0);
    let (index, refreshed) = place.refreshed();
    assert_eq!(refreshed.added, 300);
    // With numbers that go on.
    assert!(index.get(300).unwrap().is_none() && index.get(301).unwrap().is_some());
}

#[test]
fn a_locked_or_read_only_index_is_said_clearly() {
    let place = filled("locked");
    let path = place.maildir.own_path().join("index.sqlite");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    place.put("new/x", &mail("new", "a@b", 1, "x"));
    // WAL lets it be read while it is locked for writing.
    let index = place.open();
    assert_eq!(found(&index, "电子").len(), 100);
    other.execute_batch("COMMIT").unwrap();
    drop((index, other));
    if rustix::process::geteuid().is_root() {
        eprintln!("SKIPPED: a read-only Maildir is no obstacle to root");
        return;
    }
    fs::remove_dir_all(place.maildir.own_path()).unwrap();
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o500)).unwrap();
    let refused = Index::open(&place.maildir).unwrap_err();
    fs::set_permissions(&place.path, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(refused, IndexError::ReadOnly { .. }), "{refused}");
}
