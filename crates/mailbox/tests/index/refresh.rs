//! Keeping up with a Maildir that other programs change.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use hongyan_mailbox::index::{IndexError, Order};
use hongyan_mailbox::maildir::Flags;
use hongyan_mailbox::{Maildir, Query};

use crate::place::{Place, found, mail, subjects};

#[test]
fn a_mail_keeps_its_number_through_flags_moves_and_folders() {
    let place = Place::new("keeps");
    place.put("new/100.a.host", &mail("one", "a@b", 1, "first"));
    place.put("new/101.b.host", &mail("two", "a@b", 2, "second"));
    let (mut index, refreshed) = place.refreshed();
    assert_eq!((refreshed.added, refreshed.changed, refreshed.gone), (2, 0, 0));
    assert_eq!(index.get(1).unwrap().unwrap().subject.as_deref(), Some("one"));
    assert_eq!(index.get(2).unwrap().unwrap().flags, Flags::NONE);

    // Another program has shown the mail, then moved it to a folder.
    place.maildir.set_flags("101.b.host", Flags::SEEN | Flags::REPLIED).unwrap();
    let refreshed = index.refresh(|_, _| {}).unwrap();
    assert_eq!((refreshed.added, refreshed.changed, refreshed.gone), (0, 1, 0));
    let two = index.get(2).unwrap().unwrap();
    assert_eq!(two.flags, Flags::SEEN | Flags::REPLIED);
    assert!(two.path.exists() && two.unique.as_bytes() == b"101.b.host");

    Maildir::create(place.path.join(".Work.Done")).unwrap();
    fs::rename(&two.path, place.path.join(".Work.Done/cur/101.b.host:2,S")).unwrap();
    let refreshed = index.refresh(|_, _| {}).unwrap();
    assert_eq!((refreshed.added, refreshed.changed, refreshed.gone), (0, 1, 0));
    let two = index.get(2).unwrap().unwrap();
    assert_eq!((two.folder.as_str(), two.flags), ("Work/Done", Flags::SEEN));
    assert!(two.path.exists());
    assert_eq!(found(&index, "second"), ["two"]);
}

#[test]
fn a_number_is_never_given_again() {
    let place = Place::new("never-again");
    place.put("cur/1.x:2,", &mail("one", "a@b", 1, "first"));
    place.put("cur/2.x:2,", &mail("two", "a@b", 2, "second"));
    let (mut index, _) = place.refreshed();
    assert!(place.maildir.remove("2.x").unwrap());
    assert_eq!(index.refresh(|_, _| {}).unwrap().gone, 1);
    assert_eq!(index.get(2).unwrap(), None);
    assert_eq!(found(&index, "second"), [""; 0]);
    place.put("cur/3.x:2,", &mail("three", "a@b", 3, "third"));
    index.refresh(|_, _| {}).unwrap();
    assert_eq!(index.get(3).unwrap().unwrap().subject.as_deref(), Some("three"));
    drop(index);
    // Also not by an index that was made again.
    let mut index = hongyan_mailbox::Index::remake(&place.maildir).unwrap();
    index.refresh(|_, _| {}).unwrap();
    assert_eq!((1..=5).filter(|id| index.get(*id).unwrap().is_some()).collect::<Vec<_>>(), [4, 5]);
    assert!(index.replaces().is_some_and(|old| old.exists()));
}

#[test]
fn numbers_follow_the_time_of_delivery() {
    let place = Place::new("order");
    for number in (100..200).rev() {
        place.put(&format!("new/{number}.x"), &mail(&number.to_string(), "a@b", 1, "x"));
    }
    let (index, refreshed) = place.refreshed();
    assert_eq!(refreshed.added, 100);
    for id in 1..=100 {
        assert_eq!(index.get(id).unwrap().unwrap().subject, Some((id + 99).to_string()));
    }
}

#[test]
fn a_folder_that_was_not_changed_is_not_looked_into() {
    let place = Place::new("unchanged");
    place.put("cur/1.x:2,S", &mail("one", "a@b", 1, "first"));
    let cur = place.path.join("cur");
    let long_ago =
        fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000));
    let set = |path: &std::path::Path| fs::File::open(path).unwrap().set_times(long_ago).unwrap();
    set(&cur);
    set(&place.path.join("new"));
    let (mut index, refreshed) = place.refreshed();
    assert_eq!(refreshed.added, 1);
    // A change that the directory's time hides is not seen: this is how we know that nobody looked.
    fs::remove_file(cur.join("1.x:2,S")).unwrap();
    set(&cur);
    assert_eq!(index.refresh(|_, _| {}).unwrap().gone, 0);
    // One that it shows is.
    fs::write(cur.join("2.x:2,"), mail("two", "a@b", 2, "second")).unwrap();
    let refreshed = index.refresh(|_, _| {}).unwrap();
    assert_eq!((refreshed.added, refreshed.gone), (1, 1));
}

#[test]
fn a_folder_that_is_gone_takes_its_mails_along() {
    let place = Place::new("folder-gone");
    place.put(".Old/cur/1.x:2,S", &mail("old", "a@b", 1, "first"));
    let (mut index, _) = place.refreshed();
    assert_eq!(found(&index, "folder:Old"), ["old"]);
    fs::remove_dir_all(place.path.join(".Old")).unwrap();
    assert_eq!(index.refresh(|_, _| {}).unwrap().gone, 1);
    assert_eq!(found(&index, ""), [""; 0]);
}

#[test]
fn what_cannot_be_read_is_said_and_tried_again() {
    let place = Place::new("unreadable");
    place.put("new/1.x", &mail("one", "a@b", 1, "first"));
    // A link to a folder is no mail; one that leads nowhere is a mail that is gone.
    std::os::unix::fs::symlink("/", place.path.join("cur/2.x:2,")).unwrap();
    std::os::unix::fs::symlink("nowhere", place.path.join("cur/3.x:2,")).unwrap();
    let (mut index, refreshed) = place.refreshed();
    assert_eq!((refreshed.added, refreshed.unread), (1, 1));
    assert!(refreshed.unreadable[0].path.ends_with("cur/2.x:2,"), "{:?}", refreshed.unreadable);
    fs::remove_file(place.path.join("cur/2.x:2,")).unwrap();
    place.put("cur/2.x:2,", &mail("two", "a@b", 2, "second"));
    assert_eq!(index.refresh(|_, _| {}).unwrap().added, 1);
}

#[test]
fn empty_large_and_manifold_mails_are_read() {
    let place = Place::new("sizes");
    place.put("cur/1.empty:2,", b"");
    let mut large = mail("large", "a@b", 2, "beginning");
    for line in 0..200_000 {
        large.extend_from_slice(
            format!("filler{line} and much more of the same, so that it becomes large\r\n").as_bytes(),
        );
    }
    large.extend_from_slice(b"veryend\r\n");
    assert!(large.len() > 10 << 20);
    place.put("cur/2.large:2,", &large);
    let mut parts = b"Subject: manifold\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n".to_vec();
    for part in 0..5_000 {
        parts.extend_from_slice(
            format!("--b\r\nContent-Type: application/pdf; name=file{part}.pdf\r\n\r\nx\r\n").as_bytes(),
        );
    }
    parts.extend_from_slice(b"--b--\r\n");
    place.put("cur/3.parts:2,", &parts);
    let (index, refreshed) = place.refreshed();
    assert_eq!((refreshed.added, refreshed.unread), (3, 0));
    // More text than is searched: said, and not silent.
    assert_eq!(refreshed.cut, 1);
    assert_eq!(found(&index, "beginning larger:10M"), ["large"]);
    assert_eq!(found(&index, "veryend"), [""; 0]);
    assert_eq!(found(&index, "file:file7.pdf"), ["manifold"]);
    let page = index.search(&Query::EVERYTHING, Order::Date, 0, 10).unwrap();
    assert_eq!(page.total, 3);
    let manifold = page.mails.iter().find(|mail| mail.subject.as_deref() == Some("manifold")).unwrap();
    assert_eq!(manifold.attachments, 5_000);
}

#[test]
fn one_refresh_at_a_time_and_the_index_can_be_read_meanwhile() {
    let place = Place::new("twice");
    for number in 0..200 {
        place.put(&format!("new/{number}.x"), &mail("s", "a@b", 1, "x"));
    }
    let (mut index, mut other) = (place.open(), place.open());
    let mut asked = 0;
    index
        .refresh(|_, _| {
            asked += 1;
            let refused = other.refresh(|_, _| {}).unwrap_err();
            let this = Some(std::process::id());
            assert!(matches!(refused, IndexError::Updating { process } if process == this), "{refused}");
            other.search(&Query::EVERYTHING, Order::Date, 0, 10).unwrap();
        })
        .unwrap();
    assert!(asked > 1);
    assert_eq!(other.refresh(|_, _| {}).unwrap().added, 0);
    assert_eq!(subjects(&other.search(&Query::EVERYTHING, Order::Date, 0, 3).unwrap()).len(), 3);
}

#[test]
fn progress_is_told_up_to_the_end() {
    let place = Place::new("progress");
    for number in 0..50 {
        place.put(&format!("new/{number}.x"), &mail("s", "a@b", 1, "x"));
    }
    let mut told = Vec::new();
    place.open().refresh(|done, total| told.push((done, total))).unwrap();
    assert_eq!((told.first(), told.last()), (Some(&(0, 50)), Some(&(50, 50))));
    assert!(told.is_sorted());
    told.clear();
    place.open().refresh(|done, total| told.push((done, total))).unwrap();
    assert_eq!(told, [], "nothing new is no progress");
}
