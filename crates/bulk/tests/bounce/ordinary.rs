//! What is no bounce suppresses nobody: all ordinary mail of the corpus, vacation replies, damaged and hostile mail.

use hongyan_bulk::bounce::{Effect, Kind};

use crate::corpus;

/// Folders in which no mail is a bounce, except where [`BOUNCES`] says so.
const ORDINARY: [&str; 15] = [
    "address",
    "calendar",
    "charset",
    "compose",
    "dkim-auth",
    "eai",
    "encodings",
    "headers",
    "html",
    "malformed",
    "mbox-maildir",
    "mime",
    "protocol",
    "spam-phish",
    "tnef-smime-pgp",
];

/// Bounces that lie among ordinary mail: real ones, of a server, about somebody else's letter.
const BOUNCES: [&str; 4] = [
    "mime/ikvk+imap_tools/multipart_report_emails/report_530.eml",
    "mime/jstedfast+MailKit/Imap/Resources/common/message.20.msg",
    "mime/mjl-+mox/message/message-rfc822-multipart2.eml",
    "mime/python+cpython/msg_16.txt",
];

#[test]
fn ordinary_mail_suppresses_nobody() {
    let mut read = 0;
    let mut wrong = Vec::new();
    for name in ORDINARY {
        let Some(folder) = corpus::folder(name) else { return };
        for path in corpus::files(&folder) {
            let reading = corpus::read(&path);
            read += 1;
            let suppresses = reading.recipients.iter().any(|report| report.effect() != Effect::Never);
            let people =
                matches!(reading.kind, Kind::Complaint | Kind::Unsubscribe) && !reading.people.is_empty();
            if BOUNCES.iter().any(|bounce| path.ends_with(bounce)) {
                assert_eq!(reading.kind, Kind::Bounce, "{}", path.display());
            } else if suppresses || people {
                wrong.push(format!("{}: {:?} {:?}", path.display(), reading.kind, reading.recipients));
            } else if reading.kind != Kind::Other {
                eprintln!("note: {}: {}", path.display(), reading.kind.name());
            }
        }
    }
    eprintln!("{read} files of ordinary mail, {} wrongly taken", wrong.len());
    for wrong in &wrong {
        eprintln!("wrong: {wrong}");
    }
    assert!(read > 1_000);
    assert!(wrong.is_empty());
}

/// The vacation replies and other automatic answers of the collection of bounces.
#[test]
fn automatic_replies_suppress_nobody() {
    let Some(folder) = corpus::folder("bounce") else { return };
    let mut read = 0;
    for path in corpus::files(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !(name.starts_with("rfc3834") || name.starts_with("is-not-bounce")) || name.ends_with(".json") {
            continue;
        }
        let reading = corpus::read(&path);
        read += 1;
        assert!(matches!(reading.kind, Kind::Reply | Kind::Other), "{name}: {:?}", reading.kind);
        assert!(reading.recipients.is_empty() && reading.people.is_empty(), "{name}: {reading:?}");
    }
    assert!(read >= 4, "{read}");
}

/// Feedback reports: a complaint is one of type `abuse`; other types and reports about authentication are none.
#[test]
fn complaints_are_told_from_other_feedback() {
    let Some(folder) = corpus::folder("reports") else { return };
    let mut complaints = 0;
    for path in corpus::files(&folder) {
        let name = path.display().to_string();
        if !(name.ends_with(".eml") || name.ends_with(".txt")) {
            continue;
        }
        let raw = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&raw).to_ascii_lowercase();
        let reading = corpus::read(&path);
        let is_abuse =
            ["abuse", "fraud", "opt-out"].iter().any(|kind| text.contains(&format!("feedback-type: {kind}")));
        let is_report = text.contains("feedback-type:");
        assert!(
            reading.recipients.iter().all(|report| report.effect() == Effect::Never),
            "{name}: {reading:?}"
        );
        match (is_abuse, is_report) {
            (true, _) => assert_eq!(reading.kind, Kind::Complaint, "{name}"),
            (false, true) => assert_eq!((reading.kind, reading.people.len()), (Kind::Feedback, 0), "{name}"),
            (false, false) => {
                let hotmail = text.contains("x-hmxmroriginalrecipient");
                assert_eq!(reading.kind == Kind::Complaint, hotmail, "{name}: {reading:?}");
            }
        }
        complaints += usize::from(reading.kind == Kind::Complaint);
        eprintln!(
            "{}: {} {:?}",
            reading.kind.name(),
            path.file_name().unwrap().to_string_lossy(),
            reading.people
        );
    }
    assert!(complaints >= 10, "{complaints}");
}
