//! Imports that are cut off: what is in the mailbox is whole, and doing it again completes it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use hongyan_mailbox::mbox::{Postmark, Writer};

use crate::place::Place;

#[test]
fn killed_at_any_moment_only_whole_mails_are_there_and_again_completes_it() {
    let place = Place::new("killed");
    let mails: Vec<Vec<u8>> = (0..3_000)
        .map(|number| format!("Subject: mail {number}\n\n{}\n", "text ".repeat(number % 400)).into_bytes())
        .collect();
    let mut writer = Writer::new(Vec::new());
    for mail in &mails {
        writer.append(&Postmark::new("a@b.example", 0), &mail[..]).unwrap();
    }
    place.write("in.mbox", writer.finish().unwrap());
    let all: HashSet<Vec<u8>> = mails.into_iter().collect();
    let began = Instant::now();
    assert_eq!(place.run(&["import", "in.mbox", "--maildir", "Whole"]).code, 0);
    let whole = began.elapsed();
    let steps = 6;
    for step in 1..=steps {
        let mut child = place.command(&["import", "in.mbox"]).spawn().unwrap();
        std::thread::sleep(whole * step / steps - Duration::from_millis(1));
        let _ = child.kill();
        child.wait().unwrap();
        let there = place.mails("Mail");
        let different: HashSet<&Vec<u8>> = there.iter().map(|(mail, _)| mail).collect();
        assert_eq!(different.len(), there.len(), "step {step}: none twice");
        assert!(different.iter().all(|mail| all.contains(*mail)), "step {step}: none in part");
    }
    let ran = place.run(&["import", "in.mbox", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let object = ran.json();
    let count = |key: &str| object[key].as_u64().unwrap();
    assert_eq!(count("imported") + count("duplicates"), 3_000);
    assert_eq!(place.mails("Mail").len(), 3_000);
}
