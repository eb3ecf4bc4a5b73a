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
            let people = matches!(reading.kind, Kind::Complaint | Kind::Unsubscribe) && !reading.people.is_empty();
            if suppresses || people {
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
