//! Folders of a mailbox: any name a server can think of becomes one directory of its own, in the Maildir.

use std::collections::HashSet;

use hongyan_mailbox::maildir::{FolderName, MAX_DIRECTORY, OpenError};
use proptest::prelude::*;

use crate::scratch::{Scratch, deliver, names};

#[test]
fn names_become_directories_by_the_stated_rule() {
    for (name, delimiter, directory) in [
        ("INBOX", Some('/'), ""),
        ("inbox", None, ""),
        ("Work", Some('/'), ".Work"),
        ("Work/Reports", Some('/'), ".Work.Reports"),
        ("Work.Reports", Some('.'), ".Work.Reports"),
        ("Work.Reports", Some('/'), ".Work%2EReports"),
        ("INBOX/Work", Some('/'), ".INBOX.Work"),
        ("归档/二〇二六", Some('/'), ".归档.二〇二六"),
        ("../../x", Some('/'), ".%2E%2E.%2E%2E.x"),
        ("../../x", None, ".%2E%2E%2F%2E%2E%2Fx"),
        ("/etc/passwd", Some('/'), ".%-.etc.passwd"),
        (".hidden", Some('/'), ".%2Ehidden"),
        ("a\0b\r\nc", Some('/'), ".a%00b%0D%0Ac"),
        ("a\\b:2,S", Some('/'), ".a%5Cb%3A2,S"),
        ("100%", Some('/'), ".100%25"),
        ("%2E", Some('/'), ".%252E"),
        ("%-", Some('/'), ".%25-"),
        ("", Some('/'), ".%-"),
        ("a//b", Some('/'), ".a.%-.b"),
        ("a\u{85}b", None, ".a%C2%85b"),
    ] {
        assert_eq!(FolderName::parse(name, delimiter).directory(), directory, "{name:?} {delimiter:?}");
    }
}

#[test]
fn folders_of_hostile_names_are_made_listed_and_opened_inside_the_maildir_only() {
    let scratch = Scratch::new("folders");
    let maildir = scratch.maildir();
    let long = "长".repeat(1400);
    let all: HashSet<FolderName> =
        ["../../x", "a/b", "a\0b", ".", "..", "", "tmp", "cur", &long, "hongyan", "归档"]
            .into_iter()
            .flat_map(|name| [FolderName::parse(name, None), FolderName::parse(name, Some('/'))])
            .collect();
    for name in &all {
        let missing = maildir.folder(name).expect_err("not there yet");
        assert!(matches!(missing, OpenError::NoFolder { .. }), "{missing}");
        let folder = maildir.create_folder(name).expect("a folder");
        assert_eq!(folder.path().parent(), Some(maildir.path()));
        deliver(&folder, b"x");
        assert_eq!(maildir.folder(name).expect("a folder").entries().expect("lists").len(), 1, "{name:?}");
        maildir.create_folder(name).expect("it is there");
    }
    assert_eq!(maildir.folders().expect("lists").into_iter().collect::<HashSet<_>>(), all);
    assert_eq!(names(scratch.path(), "."), ["mail"], "nothing outside the Maildir");
    let reread = maildir.folders().expect("lists").into_iter().find(|name| name.parts() == [long.as_str()]);
    assert_eq!(reread, Some(FolderName::parse(&long, None)), "a long name is read back from the folder");
    assert_eq!(maildir.folder(&FolderName::inbox()).expect("itself").path(), maildir.path());
}

#[test]
fn folders_that_another_program_made_are_taken_as_they_are() {
    let scratch = Scratch::new("folders-foreign");
    let maildir = scratch.maildir();
    for directory in [".Sent Items", ".100%", ".&V4NXPg-", ".a..b", ".%2e", ".%~x"] {
        for part in ["tmp", "new", "cur"] {
            std::fs::create_dir_all(maildir.path().join(directory).join(part)).expect("makes");
        }
    }
    std::fs::create_dir(maildir.path().join(".notmail")).expect("makes");
    std::fs::write(maildir.path().join(".file"), "").expect("writes");
    let folders = maildir.folders().expect("lists");
    let mut listed: Vec<&str> = folders.iter().map(FolderName::directory).collect();
    listed.sort_unstable();
    assert_eq!(listed, [".%2e", ".%~x", ".&V4NXPg-", ".100%", ".Sent Items", ".a..b"]);
    for folder in &folders {
        maildir.folder(folder).expect("opens");
    }
}

proptest! {
    #[test]
    fn no_name_leaves_the_maildir_and_no_two_get_the_same_directory(
        one in prop::collection::vec("[a%./\\\\:\\x00-\\x20鸿-]{0,4}|[a长%.]{0,400}", 1..4),
        other in prop::collection::vec("[a%./\\\\:\\x00-\\x20鸿-]{0,4}|[a长%.]{0,400}", 1..4),
    ) {
        let (first, second) = (FolderName::from_parts(&one), FolderName::from_parts(&other));
        prop_assert_eq!(one == other, first.directory() == second.directory());
        for name in [&first, &second] {
            let directory = name.directory();
            prop_assert!(directory.len() <= MAX_DIRECTORY && directory.starts_with('.') && directory.len() > 1);
            prop_assert!(!directory.contains('/') && !directory.contains("..") && !directory.contains('\0'));
        }
    }
}
