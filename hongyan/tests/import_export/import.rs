//! What goes in, and what does not.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use hongyan_mailbox::mbox::{Postmark, Writer};

use crate::place::{Place, odd_mails};

fn mbox(mails: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for mail in mails {
        writer.append(&Postmark::new("a@b.example", 0), &mail[..]).unwrap();
    }
    writer.finish().unwrap()
}

fn sorted(mut mails: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    mails.sort();
    mails
}

fn contents(place: &Place, folder: &str) -> Vec<Vec<u8>> {
    place.mails(folder).into_iter().map(|(mail, _)| mail).collect()
}

#[test]
fn files_an_mbox_and_a_pipe_come_in_byte_for_byte() {
    for way in ["files", "mbox", "pipe"] {
        let place = Place::new(&format!("in-{way}"));
        let mails = odd_mails();
        let ran = match way {
            "files" => {
                for (number, mail) in mails.iter().enumerate() {
                    place.write(&format!("in/deep/{number}.eml"), mail);
                }
                place.run(&["import", "in"])
            }
            "mbox" => {
                place.write("in.mbox", mbox(&mails));
                place.run(&["import", "in.mbox"])
            }
            _ => place.run_with_input(&["import", "-"], &mbox(&mails)),
        };
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{way}: {ran:?}");
        let bytes: usize = mails.iter().map(Vec::len).sum();
        assert!(
            ran.text().starts_with(&format!("Imported 9 mails, {} bytes, into ", grouped(bytes))),
            "{ran:?}"
        );
        assert!(contents(&place, "Mail") == sorted(mails), "{way}");
        assert_eq!(fs::read_dir(place.path("Mail/tmp")).unwrap().count(), 0);
    }
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len() - 3);
    format!("{head},{tail}")
}

#[test]
fn what_is_there_already_is_skipped_and_counted() {
    let place = Place::new("again");
    place.write("in.mbox", mbox(&odd_mails()));
    assert_eq!(place.run(&["import", "in.mbox"]).code, 0);
    let ran = place.run(&["import", "in.mbox", "in.mbox", "--json"]);
    let object = ran.json();
    assert_eq!((ran.code, &object["imported"], &object["duplicates"]), (0, &0.into(), &18.into()), "{ran:?}");
    assert_eq!(contents(&place, "Mail").len(), 9);
    let ran = place.run(&["import", "in.mbox", "--duplicates"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(contents(&place, "Mail").len(), 18);
    // Twice in one import is once, also in a folder that is new.
    let ran = place.run(&["import", "in.mbox", "in.mbox", "--folder", "归档/2025", "--quiet"]);
    assert_eq!((ran.code, ran.out.len(), ran.err.as_str()), (0, 0, ""), "{ran:?}");
    assert_eq!(contents(&place, "Mail/.归档.2025").len(), 9);
    assert_eq!(contents(&place, "Mail").len(), 18);
}

#[test]
fn a_maildirs_folders_and_flags_come_along() {
    let place = Place::new("maildir");
    for folder in ["tmp", "new", "cur", ".Sent/tmp", ".Sent/new", ".Sent/cur"] {
        fs::create_dir_all(place.path("other").join(folder)).unwrap();
    }
    place
        .write("other/new/1.a.host", "Subject: new\n\n")
        .write("other/cur/2.a.host:2,FRS", "Subject: answered\n\n")
        .write("other/cur/3.a.host", "no header at all, but it is in a Maildir")
        .write("other/.Sent/cur/4.a.host:2,PS", "Subject: sent\n\n")
        .write("other/tmp/5.a.host", "Subject: half\n\n");
    let ran = place.run(&["import", "other"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{ran:?}");
    let mail = |content: &str, flags: &str| (content.as_bytes().to_vec(), flags.to_owned());
    assert_eq!(
        place.mails("Mail"),
        [
            mail("Subject: answered\n\n", "FRS"),
            mail("Subject: new\n\n", ""),
            mail("no header at all, but it is in a Maildir", "")
        ]
    );
    assert_eq!(place.mails("Mail/.Sent"), [mail("Subject: sent\n\n", "PS")]);
    let ran = place.run(&["import", "other", "--folder", "One"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(place.mails("Mail/.One").len(), 4);
}

#[test]
fn flags_that_are_noted_in_an_mbox_are_set() {
    let place = Place::new("status");
    let mails = [
        b"Subject: seen\nStatus: RO\nX-Status: A\n\nx\n".to_vec(),
        b"Subject: new\nStatus: O\n\nx\n".to_vec(),
    ];
    place.write("in.mbox", mbox(&mails));
    assert_eq!(place.run(&["import", "in.mbox"]).code, 0);
    let flags: Vec<String> = place.mails("Mail").into_iter().map(|(_, flags)| flags).collect();
    assert_eq!(flags, ["", "RS"]);
}

#[test]
fn what_is_no_mail_is_named_and_the_rest_goes_on() {
    let place = Place::new("odd");
    place
        .write("in/1.eml", "Subject: one\n\n")
        .write("in/2.zip", "PK\x03\x04")
        .write("in/3.eml", "")
        .write("in/4.eml.gz", b"\x1f\x8b\x08")
        .write("in/5.eml", "Subject: five\n\n")
        .write("in/.hidden", "Subject: hidden\n\n");
    symlink(place.path("in"), place.path("in/loop")).unwrap();
    let ran = place.run(&["import", "in", "--json"]);
    assert_eq!(ran.code, 65, "{ran:?}");
    let object = ran.json();
    assert_eq!(object["imported"], 2);
    let refused: Vec<(&str, &str)> = object["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| (refused["file"].as_str().unwrap(), refused["why"].as_str().unwrap()))
        .collect();
    assert_eq!(refused[0], ("in/2.zip", "is no mail: it does not begin with a mail's header"));
    assert_eq!(refused[1], ("in/3.eml", "is empty"));
    assert!(refused[2].0 == "in/4.eml.gz" && refused[2].1.starts_with("is compressed"), "{refused:?}");
    assert_eq!(refused.len(), 3);
    assert!(ran.err.contains("import: in/2.zip: is no mail"), "{}", ran.err);
    assert_eq!(contents(&place, "Mail").len(), 2);
    let ran = place.run(&["import", "none.eml", "in/1.eml"]);
    assert_eq!(ran.code, 66, "{ran:?}");
    assert!(ran.err.starts_with("import: none.eml: cannot be read: "), "{}", ran.err);
    let ran = place.run_with_input(&["import", "-"], b"hello");
    assert_eq!(ran.code, 65, "{ran:?}");
    assert!(ran.err.starts_with("import: -: is no mail"), "{}", ran.err);
    assert_eq!(place.run(&["import"]).code, 64);
}

#[test]
fn a_file_that_may_not_be_read_is_named() {
    let place = Place::new("denied");
    place.write("in/1.eml", "Subject: one\n\n").write("in/2.eml", "Subject: two\n\n");
    fs::set_permissions(place.path("in/1.eml"), fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(place.path("in/1.eml")).is_ok() {
        eprintln!("SKIPPED: this user may read everything");
        return;
    }
    let ran = place.run(&["import", "in"]);
    assert_eq!((ran.code, contents(&place, "Mail").len()), (66, 1), "{ran:?}");
}

#[test]
fn nothing_goes_into_what_is_no_maildir() {
    let place = Place::new("no-maildir");
    place.write("in.eml", "Subject: one\n\n").write("Documents/letter.txt", "dear").write("file", "x");
    let ran = place.run(&["import", "in.eml", "--maildir", "Documents"]);
    assert_eq!(ran.code, 73, "{ran:?}");
    assert!(ran.err.contains("Documents is a folder with other things in it"), "{}", ran.err);
    assert_eq!(place.files("Documents").len(), 1);
    let ran = place.run(&["import", "in.eml", "--to", "file"]);
    assert_eq!(ran.code, 66, "{ran:?}");
    // A folder's name leads nowhere else.
    let ran = place.run(&["import", "in.eml", "--folder", "../../outside/./.."]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(!place.path("outside").exists() && !place.path("../outside").exists());
    assert_eq!(fs::read_dir(place.path("Mail")).unwrap().count(), 4, "tmp, new, cur, and one folder");
}
