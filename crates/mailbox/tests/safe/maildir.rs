//! Delivering, finding, flagging and removing, alone and with other programs at work.

use std::ffi::OsStr;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use hongyan_mailbox::maildir::{BUFFER, FEW, Flags, Maildir, OpenError, Place, STALE};
use hongyan_mailbox::{Fingerprint, fingerprint::Hash};
use sha2::{Digest, Sha256};

use crate::scratch::{Scratch, deliver, names, write};

#[test]
fn what_is_no_maildir_is_refused_with_what_it_lacks() {
    let scratch = Scratch::new("open");
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir_all(at("half/new")).expect("makes");
    fs::create_dir_all(at("full/documents")).expect("makes");
    fs::create_dir_all(at("empty")).expect("makes");
    fs::write(at("file"), "").expect("writes");
    for (name, expected) in [
        ("missing", "there is no Maildir at"),
        ("file", "is a file, not a Maildir"),
        ("half", "it lacks `tmp`, `cur`"),
        ("empty", "it lacks `tmp`, `new`, `cur`"),
    ] {
        let error = Maildir::open(at(name)).expect_err("refused").to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    let occupied = Maildir::create(at("full")).expect_err("refused");
    assert!(matches!(&occupied, OpenError::Occupied { by, .. } if by == "documents"), "{occupied}");
    assert!(matches!(Maildir::create(at("file")), Err(OpenError::NotAFolder(_))));
    for name in ["missing/deeper", "half", "empty"] {
        Maildir::create(at(name)).expect("is made");
        Maildir::open(at(name)).expect("opens");
        let mode = fs::metadata(at(name).join("cur")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "nobody else may read");
    }
}

#[test]
fn a_message_is_delivered_octet_for_octet_and_hashed_on_the_way() {
    let scratch = Scratch::new("deliver");
    let maildir = scratch.maildir();
    for (content, head) in [
        ("A: 1\r\n\r\nbody\r\n", "A: 1\r\n\r\n"),
        ("A: 1\n\nbody\n\nmore", "A: 1\n\n"),
        ("A: 1\n\r\nbody", "A: 1\n\r\n"),
        ("\r\nA: 1\r\n\r\n", "\r\n"),
        ("\n", "\n"),
        ("A: 1\r\n", "A: 1\r\n"),
        ("A: 1\r\r\n\r\rx\n\n.", "A: 1\r\r\n\r\rx\n\n"),
        ("no end", "no end"),
        ("", ""),
    ] {
        let hash = |text: &str| -> Hash { Sha256::digest(text).into() };
        for step in [1, 2, 3, 1000] {
            let mut incoming = maildir.begin().expect("begins");
            content.as_bytes().chunks(step).for_each(|piece| incoming.write_all(piece).expect("writes"));
            let written = incoming.finish().expect("finishes");
            assert_eq!(
                (written.size, written.hash, written.head),
                (content.len() as u64, hash(content), hash(head))
            );
            let kept = maildir.commit(vec![(written, Flags::NONE)]).expect("commits").remove(0);
            assert_eq!(fs::read_to_string(&kept.path).expect("reads"), content);
            assert!(kept.unique.ends_with(&format!(",S={}", content.len())), "{}", kept.unique);
            assert_eq!(kept.path, maildir.path().join("new").join(&kept.unique));
        }
        let mut fingerprint = Fingerprint::default();
        fingerprint.update(content.as_bytes());
        assert_eq!(fingerprint.finish(), (content.len() as u64, hash(content), hash(head)));
    }
    assert!(names(maildir.path(), "tmp").is_empty());
}

#[test]
fn a_message_of_any_size_passes_through_in_pieces_of_any_size() {
    let scratch = Scratch::new("sizes");
    let maildir = scratch.maildir();
    for size in [BUFFER - 1, BUFFER, BUFFER + 1, 3 * BUFFER + 17] {
        let content: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        for step in [999, BUFFER - 1, BUFFER, 2 * BUFFER] {
            let mut incoming = maildir.begin().expect("begins");
            content.chunks(step).for_each(|piece| incoming.write_all(piece).expect("writes"));
            let kept =
                maildir.commit(vec![(incoming.finish().expect("finishes"), Flags::NONE)]).expect("commits");
            assert!(fs::read(&kept[0].path).expect("reads") == content, "{size} in {step}");
            assert_eq!(kept[0].hash, <Hash>::from(Sha256::digest(&content)));
        }
    }
}

#[test]
fn what_is_not_committed_leaves_nothing_behind() {
    let scratch = Scratch::new("dropped");
    let maildir = scratch.maildir();
    let mut incoming = maildir.begin().expect("begins");
    incoming.write_all(b"half a mess").expect("writes");
    let written: Vec<_> = (0..2 * FEW).map(|n| write(&maildir, &[n as u8])).collect();
    assert_eq!(names(maildir.path(), "tmp").len(), 1 + 2 * FEW);
    drop(incoming);
    drop(written);
    for folder in ["tmp", "new", "cur"] {
        assert!(names(maildir.path(), folder).is_empty(), "{folder}");
    }
}

#[test]
fn a_group_is_delivered_in_its_order_with_flags_where_they_belong() {
    let scratch = Scratch::new("group");
    let maildir = scratch.maildir();
    for count in [0, 1, FEW, FEW + 1, 50] {
        let flags =
            |n: usize| if n.is_multiple_of(2) { Flags::NONE } else { Flags::SEEN | Flags::parse(b"a") };
        let group =
            (0..count).map(|n| (write(&maildir, format!("{n} of {count}").as_bytes()), flags(n))).collect();
        let kept = maildir.commit(group).expect("commits");
        assert_eq!(kept.len(), count);
        for (n, kept) in kept.iter().enumerate() {
            assert_eq!(fs::read_to_string(&kept.path).expect("reads"), format!("{n} of {count}"));
            let entry = maildir.find(&kept.unique).expect("looks").expect("finds");
            assert_eq!((entry.path(&maildir), entry.flags()), (kept.path.clone(), flags(n)));
            assert_eq!(entry.place(), if n.is_multiple_of(2) { Place::New } else { Place::Cur });
            assert_eq!(entry.size(), Some(kept.size));
        }
    }
    let other = Maildir::create(scratch.path().join("other")).expect("creates");
    let error = other.commit(vec![(write(&maildir, b"x"), Flags::NONE)]).expect_err("not its own");
    assert_eq!((error.kept.len(), error.lost), (0, 1));
}

#[test]
fn thousands_of_messages_in_a_group_need_no_file_descriptor_each() {
    let scratch = Scratch::new("descriptors");
    let maildir = scratch.maildir();
    let open = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let group: Vec<_> = (0..3000).map(|_| (write(&maildir, b"x"), Flags::NONE)).collect();
    // Tests beside this one hold a few, too.
    assert!(open() < 1000, "{} descriptors", open());
    assert_eq!(maildir.commit(group).expect("commits").len(), 3000);
}

#[test]
fn many_writers_at_once_do_not_get_in_each_others_way() {
    let scratch = Scratch::new("writers");
    scratch.maildir();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let path = scratch.path().join("mail");
            scope.spawn(move || {
                let maildir = Maildir::open(path).expect("opens");
                for group in 0..5 {
                    let content = |n| format!("{writer} {group} {n}");
                    let all =
                        (0..10).map(|n| (write(&maildir, content(n).as_bytes()), Flags::NONE)).collect();
                    for (n, kept) in maildir.commit(all).expect("commits").iter().enumerate() {
                        assert_eq!(fs::read_to_string(&kept.path).expect("reads"), content(n));
                    }
                }
            });
        }
    });
    assert_eq!(scratch.maildir().entries().expect("lists").len(), 8 * 5 * 10);
}

#[test]
fn flags_are_set_and_letters_of_other_programs_kept() {
    let scratch = Scratch::new("flags");
    let maildir = scratch.maildir();
    let unique = deliver(&maildir, b"x").unique;
    for (flags, name) in [
        (Flags::NONE, ":2,"),
        (Flags::SEEN | Flags::FLAGGED, ":2,FS"),
        (Flags::STANDARD, ":2,DFPRST"),
        (Flags::REPLIED, ":2,R"),
    ] {
        let entry = maildir.set_flags(&unique, flags).expect("sets");
        assert_eq!(entry.name(), OsStr::new(&format!("{unique}{name}")));
        assert_eq!(names(maildir.path(), "cur"), [format!("{unique}{name}")]);
    }
    assert!(names(maildir.path(), "new").is_empty());
    let cur = maildir.path().join("cur");
    fs::rename(cur.join(format!("{unique}:2,R")), cur.join(format!("{unique}:2,RTab"))).expect("renames");
    maildir.set_flags(&unique, Flags::SEEN).expect("sets");
    assert_eq!(names(maildir.path(), "cur"), [format!("{unique}:2,Sab")]);
    assert_eq!(Flags::parse(b"TSF/ \0\xffFa").to_string(), "FSTa");
    assert!(maildir.remove(&unique).expect("removes"));
    assert!(!maildir.remove(&unique).expect("it is gone"));
    assert_eq!(
        maildir.set_flags(&unique, Flags::SEEN).expect_err("gone").kind(),
        std::io::ErrorKind::NotFound
    );
}

#[test]
fn only_messages_are_listed_and_found() {
    let scratch = Scratch::new("entries");
    let maildir = scratch.maildir();
    let unique = deliver(&maildir, b"x").unique;
    fs::write(maildir.path().join("cur/.hidden"), "").expect("writes");
    fs::create_dir(maildir.path().join("cur/folder")).expect("makes");
    fs::write(maildir.path().join("secret"), "").expect("writes");
    let listed = maildir.entries().expect("lists");
    assert_eq!(listed.iter().map(|entry| entry.unique()).collect::<Vec<_>>(), [OsStr::new(&unique)]);
    for name in ["", ".", "..", "../secret", "../new", ".hidden", "nobody", &"n".repeat(300)] {
        assert_eq!(maildir.find(name).expect("looks"), None, "{name:?}");
        assert!(!maildir.remove(name).expect("looks"), "{name:?}");
    }
    assert!(scratch.path().join("mail/secret").exists());
}

/// Another program gives every message new flags all the while, and moves new ones to `cur`.
#[test]
fn messages_are_listed_found_read_and_flagged_while_another_program_renames_them() {
    let scratch = Scratch::new("renamed");
    let maildir = scratch.maildir();
    let group = (0..200).map(|n| (write(&maildir, format!("{n}").as_bytes()), Flags::NONE)).collect();
    let kept = maildir.commit(group).expect("commits");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let other = Maildir::open(maildir.path()).expect("opens");
            for round in 0.. {
                if done.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let flags = [Flags::FLAGGED, Flags::PASSED | Flags::SEEN, Flags::DRAFT][round % 3];
                for entry in other.entries().expect("lists") {
                    // Renamed straight, by the name it has now, as other programs do.
                    let name = format!("{}:2,{flags}", entry.unique().to_string_lossy());
                    let _ = fs::rename(entry.path(&other), other.path().join("cur").join(name));
                }
            }
        });
        for round in 0..20 {
            let mut listed: Vec<_> =
                maildir.entries().expect("lists").iter().map(|entry| entry.unique().to_owned()).collect();
            listed.sort();
            let mut expected: Vec<std::ffi::OsString> =
                kept.iter().map(|kept| kept.unique.clone().into()).collect();
            expected.sort();
            assert_eq!(listed, expected, "round {round}");
            for (n, kept) in kept.iter().enumerate().skip(round).step_by(20) {
                let (_, mut file) = maildir.read(&kept.unique).expect("reads");
                let mut content = String::new();
                file.read_to_string(&mut content).expect("reads");
                assert_eq!(content, n.to_string());
                maildir.set_flags(&kept.unique, Flags::SEEN).expect("sets");
            }
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(maildir.entries().expect("lists").len(), kept.len());
}

#[test]
fn what_was_given_up_long_ago_is_swept_from_tmp_and_nothing_else() {
    let scratch = Scratch::new("sweep");
    let maildir = scratch.maildir();
    let now = SystemTime::now();
    let old = maildir.path().join("tmp/old");
    for (name, age) in
        [("tmp/old", STALE), ("tmp/young", STALE / 2), ("new/old", STALE), ("cur/older:2,", STALE)]
    {
        let file = fs::File::create(maildir.path().join(name)).expect("creates");
        file.set_modified(now - age - Duration::from_secs(60)).expect("sets the time");
    }
    fs::create_dir(maildir.path().join("tmp/folder")).expect("makes");
    assert_eq!(maildir.sweep(now).expect("sweeps"), 1);
    assert!(!old.exists());
    assert_eq!(names(maildir.path(), "tmp"), ["folder", "young"]);
    assert_eq!(maildir.entries().expect("lists").len(), 2);
}
