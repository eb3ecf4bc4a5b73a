//! What is left of an answer when sending or filing it goes wrong, and when the program is killed in between.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use hongyan::mime::read::Message;
use hongyan::sandbox::Config;

use crate::place::{Place, Ran, World};

const ORIGINAL: &str =
    "From: Ann <ann@example.org>\r\nSubject: Lunch\r\nMessage-ID: <1@example.org>\r\n\r\nAt noon?\r\n";

fn place(name: &str, world: &World) -> Place {
    let place = Place::with(name, world);
    place.write("mail.eml", ORIGINAL);
    place
}

/// With the original in a Maildir.
fn maildir(place: &Place) {
    for folder in ["Mail/tmp", "Mail/new", "Mail/cur"] {
        fs::create_dir_all(place.path(folder)).unwrap();
    }
    place.write("Mail/cur/1.M1P1.host:2,S", ORIGINAL);
}

fn drafts(place: &Place, ends: &str) -> Vec<PathBuf> {
    let folder = fs::read_dir(place.path(".local/state/hongyan/drafts"));
    let paths = folder.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.to_str().unwrap().ends_with(ends)).collect();
    paths.sort();
    paths
}

#[test]
fn a_draft_that_was_not_sent_is_kept_and_can_be_sent_later() {
    let world = World::failing(&["rcpt=550 5.1.1 no such user"]);
    let place = place("kept", &world);
    let ran = place.run(&["reply", "mail.eml", "--text", "Yes!"]);
    assert_eq!(ran.code, 69, "{ran:?}");
    let [draft] = &drafts(&place, "")[..] else { panic!("{ran:?}") };
    let draft = draft.to_str().unwrap();
    let text = fs::read_to_string(draft).unwrap();
    assert!(
        text.contains("\nSubject: Re: Lunch\n\nYes!\n\nAnn <ann@example.org> wrote:\n> At noon?\n"),
        "{text}"
    );
    assert!(ran.err.contains(&format!("\n  next: hongyan reply mail.eml --draft {draft}\n")), "{}", ran.err);
    let other = World::start(Config::default());
    let ran = place.run(&["reply", "mail.eml", "--draft", draft, "--server", &other.url()]);
    assert_eq!((ran.code, drafts(&place, "").len()), (0, 0), "{ran:?}");
    let (_, mail) = other.last();
    assert_eq!(Message::parse(&mail).subject().as_deref(), Some("Re: Lunch"));
}

#[test]
fn an_answer_in_doubt_is_kept_with_what_may_have_been_taken() {
    let world = World::failing(&["end=drop"]);
    let place = place("doubt", &world);
    maildir(&place);
    let ran = place.run(&["reply", "Mail/cur/1.M1P1.host:2,S", "--text", "Yes!"]);
    assert_eq!(ran.code, 75, "{ran:?}");
    let (texts, mails) = (drafts(&place, ".txt"), drafts(&place, ".eml"));
    let ([_], [mail]) = (&texts[..], &mails[..]) else { panic!("{ran:?}") };
    assert!(
        ran.err.contains(&format!("the mail that may have been taken is in {}", mail.display())),
        "{}",
        ran.err
    );
    assert!(fs::read_to_string(mail).unwrap().contains("\r\nYes!\r\n"));
    assert!(place.path("Mail/cur/1.M1P1.host:2,S").exists(), "not marked: nobody knows");
    assert!(!place.path("Mail/.Sent").exists());
}

#[test]
fn a_copy_that_cannot_be_filed_leaves_the_mail_sent() {
    let world = World::start(Config::default());
    let place = place("unfiled", &world);
    maildir(&place);
    // A file where the folder would be.
    place.write("Mail/.Sent", "");
    let ran = place.run(&["reply", "Mail/cur/1.M1P1.host:2,S", "--text", "Yes!"]);
    assert_eq!((ran.code, world.count()), (0, 1), "{ran:?}");
    assert!(ran.out.starts_with("Sent to ann@example.org"), "{ran:?}");
    assert!(
        ran.err.starts_with("reply: the mail was sent, but its copy could not be filed: "),
        "{}",
        ran.err
    );
    let [copy] = &drafts(&place, "")[..] else { panic!("{ran:?}") };
    assert!(ran.err.contains(&format!("\n  the copy is in {}\n", copy.display())), "{}", ran.err);
    assert_eq!(fs::read(copy).unwrap(), world.last().1);
    assert!(place.path("Mail/cur/1.M1P1.host:2,RS").exists());
    // As long as it is there, the next run tells of it.
    fs::remove_file(place.path("Mail/.Sent")).unwrap();
    let ran = place.run(&["reply", "Mail/cur/1.M1P1.host:2,RS", "--text", "Yes!"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.err.contains(&format!("a mail was sent, and its copy not filed: {}", copy.display())),
        "{}",
        ran.err
    );
}

#[test]
fn some_recipients_refused_the_copy_is_filed_and_the_draft_kept() {
    let world = World::failing(&["rcpt:bob*=550 5.1.1 no such user"]);
    let place = place("some", &world);
    maildir(&place);
    let ran = place.run(&["reply", "Mail/cur/1.M1P1.host:2,S", "--text", "Yes!", "--cc", "bob@example.org"]);
    assert_eq!((ran.code, world.count()), (69, 1), "{ran:?}");
    assert_eq!((drafts(&place, ".txt").len(), drafts(&place, ".eml").len()), (1, 0), "{ran:?}");
    assert_eq!(fs::read_dir(place.path("Mail/.Sent/cur")).unwrap().count(), 1);
    assert!(ran.err.contains("take those out of it who have the mail already"), "{}", ran.err);
    // The next step can be copied as it is.
    assert!(ran.err.contains("\n  next: hongyan reply Mail/cur/1.M1P1.host:2,S --draft /"), "{}", ran.err);
}

#[test]
fn killed_at_any_moment_the_answer_is_on_disk_or_sent() {
    // The server answers slowly, so that there are moments to be killed in.
    let world = World::failing(&["ehlo=delay 40", "mail=delay 40", "end=delay 40", "quit=delay 40"]);
    let place = place("killed", &world);
    maildir(&place);
    let began = Instant::now();
    let whole = place.run(&["reply", "Mail/cur/1.M1P1.host:2,S", "--text", "whole", "-q"]);
    let whole_time = began.elapsed();
    assert_eq!(whole.code, 0, "{whole:?}");
    let steps = 24;
    for step in 0..steps {
        let (sent, filed) = (world.count(), fs::read_dir(place.path("Mail/.Sent/cur")).unwrap().count());
        let mail = if place.path("Mail/cur/1.M1P1.host:2,RS").exists() { "RS" } else { "S" };
        let which = format!("Mail/cur/1.M1P1.host:2,{mail}");
        let text = format!("step {step}");
        let mut child = place.hongyan(&["reply", &which, "--text", &text, "-q"]).spawn().unwrap();
        // From when the answer is on disk to when the program would have ended.
        let own = format!("-{}-", child.id());
        while !drafts(&place, ".txt").iter().any(|path| path.to_str().unwrap().contains(&own)) {
            assert!(child.try_wait().unwrap().is_none(), "step {step}");
        }
        std::thread::sleep(whole_time * step / (steps - 4));
        let _ = child.kill();
        child.wait().unwrap();
        // The server may still be taking what it has.
        std::thread::sleep(Duration::from_millis(100));
        let has = |path: &PathBuf| fs::read_to_string(path).unwrap_or_default().contains(&text);
        let (draft, leaving, taken) = (
            drafts(&place, ".txt").iter().any(has),
            drafts(&place, ".eml")
                .iter()
                .any(|path| has(path) && !path.to_str().unwrap().ends_with(".sent.eml")),
            drafts(&place, ".sent.eml").iter().any(has),
        );
        let folder = fs::read_dir(place.path("Mail/.Sent/cur")).unwrap();
        let in_sent = folder.map(|entry| entry.unwrap().path()).any(|path| has(&path));
        if world.count() > sent {
            assert!(leaving || taken || in_sent, "step {step}: the sent mail's copy is somewhere");
        }
        if taken || in_sent {
            assert!(world.count() > sent, "step {step}: nothing is called sent that was not");
        }
        let after = fs::read_dir(place.path("Mail/.Sent/cur")).unwrap().count();
        assert!(after <= filed + 1, "step {step}: at most one copy");
        assert_eq!(fs::read_dir(place.path("Mail/.Sent/new")).unwrap().count(), 0);
        assert!(draft || leaving || taken || in_sent, "step {step}: what was written is somewhere");
    }
    // Each that was taken and not filed is told of.
    let waiting = drafts(&place, ".sent.eml").len();
    let ran: Ran = place.run(&["reply", "mail.eml", "--text", "last", "--dry-run"]);
    assert_eq!(ran.err.matches("its copy not filed").count(), waiting, "{}", ran.err);
}
