//! Fetches that come to their end: what is fetched, skipped, deleted, and what is kept of flags and records.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use hongyan::mailbox::{Lock, Maildir};
use hongyan::net::imap::Flags;
use hongyan::receive::{Error, Options, Policy};

use crate::place::{BOTH, Bag, By, Place, USER, mails};

fn policy(policy: Policy) -> Options {
    Options { policy, ..Options::default() }
}

#[tokio::test]
async fn everything_is_fetched_once_octet_for_octet() {
    let mails = mails(30);
    let all: Bag = mails.iter().cloned().collect();
    for by in BOTH {
        let place = Place::new(&mails).await;
        let (report, done) = place.fetch(by, &Options::default()).await;
        done.unwrap();
        assert_eq!((report.there, report.fetched, report.skipped), (30, 30, 0), "{by:?}");
        assert_eq!(place.here(), all, "{by:?}");
        let (report, done) = place.fetch(by, &Options::default()).await;
        done.unwrap();
        assert_eq!((report.fetched, report.skipped, report.doubt), (0, 30, None), "{by:?}");
        place.put(b"Subject: one more\r\n\r\nHello.\r\n").await;
        let (report, done) = place.fetch(by, &Options::default()).await;
        done.unwrap();
        assert_eq!((report.fetched, report.skipped), (1, 30), "{by:?}");
        assert_eq!(place.there(), place.here(), "{by:?}");
    }
}

#[tokio::test]
async fn mail_is_deleted_when_it_is_to_be_and_stays_here() {
    let mails = mails(8);
    let all: Bag = mails.iter().cloned().collect();
    for by in BOTH {
        let place = Place::new(&mails).await;
        for (policy_, deleted) in [
            (Policy::Keep, 0),
            (Policy::DeleteAfter(Duration::from_secs(86_400)), 0),
            (Policy::DeleteAfter(Duration::ZERO), 8),
        ] {
            let (report, done) = place.fetch(by, &policy(policy_)).await;
            done.unwrap();
            assert_eq!((report.deleted, report.left), (deleted, vec![]), "{by:?} {policy_:?}");
        }
        assert_eq!((place.there(), place.here()), (Bag::default(), all.clone()), "{by:?}");
    }
}

#[tokio::test]
async fn what_somebody_else_removes_on_the_server_stays_here() {
    let mails = mails(6);
    for by in BOTH {
        let place = Place::new(&mails).await;
        place.fetch(by, &Options::default()).await.1.unwrap();
        let uids: Vec<u32> =
            place.accounts().mails(USER, "INBOX").unwrap().iter().map(|mail| mail.uid).collect();
        place.accounts().remove(USER, "INBOX", &uids[1..4]).unwrap();
        let (report, done) = place.fetch(by, &policy(Policy::Delete)).await;
        done.unwrap();
        assert_eq!((report.fetched, report.deleted), (0, 3), "{by:?}: {report:?}");
        assert_eq!(place.here(), mails.iter().cloned().collect(), "{by:?}");
    }
}

#[tokio::test]
async fn flags_follow_the_server_where_they_change_there_and_only_there() {
    let mails = mails(4);
    let place = Place::new(&mails).await;
    let uids: Vec<u32> = place.accounts().mails(USER, "INBOX").unwrap().iter().map(|mail| mail.uid).collect();
    let set = |uid: u32, flags: &[&str]| {
        let flags: Flags = flags.iter().copied().collect();
        place.accounts().set_flags(USER, "INBOX", &[uid], &flags).unwrap();
    };
    let here = || {
        let maildir = Maildir::open(place.maildir()).unwrap();
        let mut flags: Vec<(u64, String)> = maildir
            .entries()
            .unwrap()
            .iter()
            .map(|entry| (entry.size().unwrap(), entry.flags().to_string()))
            .collect();
        flags.sort();
        flags.into_iter().map(|(_, flags)| flags).collect::<Vec<_>>()
    };
    set(uids[0], &["\\Seen", "\\Flagged"]);
    place.fetch(By::Imap, &Options::default()).await.1.unwrap();
    assert_eq!(here(), ["FS", "", "", ""]);
    // Read here, which the server does not know; changed there, which is to be seen here.
    let maildir = Maildir::open(place.maildir()).unwrap();
    let second =
        maildir.entries().unwrap().into_iter().find(|e| e.size() == Some(mails[1].len() as u64)).unwrap();
    maildir.set_flags(second.unique(), hongyan::mailbox::maildir::Flags::SEEN).unwrap();
    set(uids[0], &["\\Answered"]);
    let (report, done) = place.fetch(By::Imap, &Options::default()).await;
    done.unwrap();
    assert_eq!(report.flags_changed, 1);
    assert_eq!(here(), ["R", "S", "", ""]);
}

#[tokio::test]
async fn a_record_that_is_lost_or_damaged_costs_a_second_look_and_no_second_copy() {
    let mails = mails(10);
    let all: Bag = mails.iter().cloned().collect();
    let record = |place: &Place| {
        let own = fs::read_dir(place.maildir().join("hongyan")).unwrap();
        own.map(|entry| entry.unwrap().path()).find(|p| p.to_string_lossy().contains("fetched-")).unwrap()
    };
    for by in BOTH {
        for damage in ["lost", "flipped", "cut", "zeros"] {
            let place = Place::new(&mails).await;
            place.fetch(by, &Options::default()).await.1.unwrap();
            let path = record(&place);
            let mut octets = fs::read(&path).unwrap();
            let middle = octets.len() / 2;
            match damage {
                "lost" => fs::remove_file(&path).unwrap(),
                "flipped" => octets[middle] ^= 1,
                "cut" => octets.truncate(middle),
                _ => octets.resize(octets.len() + 4096, 0),
            }
            if damage != "lost" {
                fs::write(&path, octets).unwrap();
            }
            let (report, done) = place.fetch(by, &policy(Policy::Delete)).await;
            done.unwrap();
            assert_eq!(report.damage.is_some(), damage != "lost", "{by:?} {damage}: {report:?}");
            assert_eq!(
                (place.there(), place.here()),
                (Bag::default(), all.clone()),
                "{by:?} {damage}: {report:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_second_fetch_at_the_same_time_does_nothing() {
    let place = Place::new(&mails(3)).await;
    place.fetch(By::Pop3, &Options::default()).await.1.unwrap();
    let _lock = Lock::take(&Maildir::open(place.maildir()).unwrap()).unwrap();
    let (_, done) = place.fetch(By::Pop3, &policy(Policy::Delete)).await;
    assert!(matches!(done, Err(Error::Locked(_))), "{done:?}");
    assert_eq!(place.there().len(), 3);
}

#[tokio::test]
async fn what_was_left_half_written_goes_after_two_days_and_not_before() {
    let place = Place::new(&mails(3)).await;
    place.fetch(By::Imap, &Options::default()).await.1.unwrap();
    let left = |name: &str, age: Duration| {
        let path = place.maildir().join("tmp").join(name);
        File::create(&path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        path
    };
    let (old, young) =
        (left("old", Duration::from_secs(48 * 3600)), left("young", Duration::from_secs(3600)));
    place.fetch(By::Imap, &Options::default()).await.1.unwrap();
    assert_eq!((old.exists(), young.exists()), (false, true));
    assert_eq!(place.there(), place.here());
}
