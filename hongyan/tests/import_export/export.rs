//! What goes out, and that nothing is written over.

use std::fs;

use crate::place::{Place, odd_mails};

/// With the odd mails in its mailbox.
fn place(name: &str) -> Place {
    let place = Place::new(name);
    for (number, mail) in odd_mails().iter().enumerate() {
        place.write(&format!("in/{number}.eml"), mail);
    }
    let ran = place.run(&["import", "in"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    place
}

fn sorted() -> Vec<Vec<u8>> {
    let mut mails = odd_mails();
    mails.sort();
    mails
}

#[test]
fn an_mbox_holds_every_mail_byte_for_byte() {
    let place = place("mbox");
    let ran = place.run(&["export", "--all", "--mbox", "out.mbox"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert!(
        ran.text().starts_with("Exported 9 mails, ") && ran.text().ends_with(" to out.mbox\n"),
        "{ran:?}"
    );
    let ran = place.run(&["import", "out.mbox", "--maildir", "Second"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mails: Vec<Vec<u8>> = place.mails("Second").into_iter().map(|(mail, _)| mail).collect();
    assert!(mails == sorted());
    // To standard output goes the same, and nothing else.
    let ran = place.run(&["export", "--all", "--mbox", "-"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out == fs::read(place.path("out.mbox")).unwrap());
    assert!(ran.err.starts_with("Exported 9 mails, "), "{}", ran.err);
    // It is there, and stays what it is.
    let ran = place.run(&["export", "1", "--mbox", "out.mbox"]);
    assert_eq!(ran.code, 73, "{ran:?}");
    assert!(ran.err.contains("export: out.mbox is there already\n"), "{}", ran.err);
    let here: Vec<_> =
        fs::read_dir(place.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(here.iter().all(|name| !name.to_string_lossy().contains(".part")), "{here:?}");
}

#[test]
fn files_are_called_after_day_and_subject_and_write_over_nothing() {
    let place = place("files");
    let ran = place.run(&["export", "--all", "--dir", "out", "--json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let files = place.files("out");
    assert_eq!(files.len(), 9);
    assert!(
        files.contains_key("2025-11-20 报告 a_b.eml") && files.contains_key("crlf.eml"),
        "{:?}",
        files.keys()
    );
    let mut mails: Vec<Vec<u8>> = files.values().cloned().collect();
    mails.sort();
    assert!(mails == sorted());
    let object = ran.json();
    assert_eq!((&object["exported"], object["files"].as_array().unwrap().len()), (&9.into(), 9));
    let ran = place.run(&["export", "--all", "--dir", "out"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let again = place.files("out");
    assert_eq!(again.len(), 18);
    assert!(files.iter().all(|(name, content)| again[name] == *content));
    assert!(again.contains_key("crlf (2).eml"));
}

#[test]
fn mails_are_named_by_number_range_identifier_file_or_search() {
    let place = Place::new("named");
    for number in 1..=5 {
        let mail = format!("Message-ID: <{number}@x.example>\nSubject: mail {number}\n\nword{number}\n");
        place.write(&format!("in/{number}.eml"), mail);
    }
    assert_eq!(place.run(&["import", "in"]).code, 0);
    let subjects = |dir: &str| -> Vec<String> {
        place.files(dir).keys().map(|name| name.trim_end_matches(".eml").to_owned()).collect()
    };
    let ran = place.run(&["export", "2-3", "1@x.example", "in/5.eml", "--dir", "a"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    assert_eq!(subjects("a").len(), 4);
    let ran = place.run(&["export", "--search", "word4 OR subject:5", "--dir", "b"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(subjects("b"), ["mail 4", "mail 5"]);
    for (arguments, code, err) in [
        (&["99"][..], 66, "export: there is no mail 99\n"),
        (&["<none@x.example>"], 66, "export: there is no mail <none@x.example>\n"),
        (&["none.eml"], 66, "export: none.eml cannot be read: "),
        (&["1-99999999"], 64, "export: 1-99999999 names more than 1000000 numbers\n"),
        (&["--search", "from:("], 64, "export: --search: "),
        (&["--all", "--folder", "Nowhere"], 66, "export: this mailbox has no folder `Nowhere`"),
    ] {
        let ran = place.run(&[&["export", "--dir", "c"], arguments].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.err.starts_with(err), "{err}: {}", ran.err);
    }
    for arguments in [
        &["export", "1"][..],
        &["export", "--dir", "c"],
        &["export", "1", "--all", "--dir", "c"],
        &["export", "1", "--dir", "c", "--mbox", "-"],
    ] {
        assert_eq!(place.run(arguments).code, 64, "{arguments:?}");
    }
    assert!(!place.path("c").exists());
}

#[test]
fn a_mailbox_that_is_not_there_is_said_to_be_missing() {
    let place = Place::new("nothing");
    let ran = place.run(&["export", "--all", "--dir", "out"]);
    assert_eq!(ran.code, 66, "{ran:?}");
    assert!(ran.err.starts_with("export: there is no Maildir at "), "{}", ran.err);
    assert!(!place.path("out").exists());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_trouble() {
    let place = place("head");
    let mut child = place.command(&["export", "--all", "--mbox", "-", "--quiet"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = crate::place::Ran::of(child);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
}
