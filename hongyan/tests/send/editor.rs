//! `reply` and `forward` at a terminal: the editor, the question, what is sent and what is kept.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use hongyan::mime::read::Message;
use hongyan::sandbox::Config;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::place::{Place, Ran, World};

const ORIGINAL: &str =
    "From: Ann <ann@example.org>\r\nSubject: Lunch\r\nMessage-ID: <1@example.org>\r\n\r\nAt noon?\r\n";

fn place(name: &str, world: &World) -> Place {
    let place = Place::with(name, world);
    place.write("mail.eml", ORIGINAL);
    place
}

/// Runs a command at a terminal where somebody types `answers`, with an editor that is this shell script.
fn at_a_terminal(place: &Place, editor: &str, answers: &str, arguments: &[&str]) -> Ran {
    place.write("editor.sh", format!("#!/bin/sh\n{editor}\n"));
    fs::set_permissions(place.path("editor.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let mut command = place.hongyan(arguments);
    command.env("EDITOR", place.path("editor.sh"));
    command.stdin(Stdio::from(side.try_clone().unwrap())).stderr(Stdio::from(side));
    let mut terminal = File::from(terminal);
    terminal.write_all(answers.as_bytes()).unwrap();
    let mut reader = terminal.try_clone().unwrap();
    let child = command.spawn().unwrap();
    drop(command);
    let shown = std::thread::spawn(move || {
        let mut shown = Vec::new();
        let mut piece = [0; 4096];
        // The terminal is gone when the last that holds its other side is.
        while let Ok(length @ 1..) = reader.read(&mut piece) {
            shown.extend_from_slice(&piece[..length]);
        }
        String::from_utf8(shown).unwrap()
    });
    let mut ran = Ran::of(child);
    ran.err = shown.join().unwrap();
    drop(terminal);
    ran
}

fn drafts(place: &Place) -> Vec<std::path::PathBuf> {
    let folder = fs::read_dir(place.path(".local/state/hongyan/drafts"));
    let mut drafts: Vec<_> = folder.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    drafts.sort();
    drafts
}

#[test]
fn what_is_written_in_the_editor_is_sent_when_the_person_says_so() {
    let world = World::start(Config::default());
    let place = place("editor", &world);
    let editor = "cp \"$1\" seen.txt; sed -i 's/^Subject: .*/Subject: Dinner/; s/^Cc:.*/Cc: bob@example.org/; 0,/^$/s//\\nYes!/' \"$1\"";
    let ran = at_a_terminal(&place, editor, "what?\ns\n", &["reply", "mail.eml"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("“Dinner” to Ann <ann@example.org>, bob@example.org"), "{}", ran.err);
    assert_eq!(ran.err.matches("[s]end it, [e]dit it again").count(), 2, "{}", ran.err);
    let seen = fs::read_to_string(place.path("seen.txt")).unwrap();
    assert!(seen.starts_with("From: tester@"), "{seen}");
    assert!(seen.contains("\nTo: Ann <ann@example.org>\nCc:\nSubject: Re: Lunch\n\n\nAnn <ann@example.org> wrote:\n> At noon?\n"), "{seen}");
    let (kept, mail) = world.last();
    assert_eq!(kept.envelope.to.len(), 2);
    let message = Message::parse(&mail);
    assert_eq!(message.subject().as_deref(), Some("Dinner"));
    assert!(message.text(0).contains("Yes!") && message.field(0, "In-Reply-To").is_some());
    assert_eq!(drafts(&place), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_is_not_changed_is_not_sent() {
    let world = World::start(Config::default());
    let place = place("editor-unchanged", &world);
    let ran = at_a_terminal(&place, "true", "s\n", &["reply", "mail.eml"]);
    assert_eq!((ran.code, world.count()), (65, 0), "{ran:?}");
    assert!(ran.err.contains("nothing was written, so nothing was sent"), "{}", ran.err);
    assert!(drafts(&place).is_empty());
    // What is passed on says something without a word being added.
    let ran = at_a_terminal(&place, "true", "s\n", &["forward", "mail.eml", "--to", "b@example.org"]);
    assert_eq!((ran.code, world.count()), (0, 1), "{ran:?}");
}

#[test]
fn a_draft_is_kept_or_discarded_and_can_be_gone_on_with() {
    let world = World::start(Config::default());
    let place = place("editor-kept", &world);
    let ran = at_a_terminal(&place, "echo Yes >> \"$1\"", "d\n", &["reply", "mail.eml"]);
    assert_eq!((ran.code, drafts(&place).len()), (0, 0), "{ran:?}");
    // Hanging up, as much as asking for it, keeps it.
    let ran = at_a_terminal(&place, "echo Yes >> \"$1\"", "k\n", &["reply", "mail.eml"]);
    assert_eq!((ran.code, world.count()), (0, 0), "{ran:?}");
    let kept = drafts(&place);
    let [draft] = &kept[..] else { panic!("{kept:?}") };
    let draft = draft.to_str().unwrap();
    assert!(ran.err.contains(&format!("the draft is kept in {draft}")), "{}", ran.err);
    assert!(ran.err.contains(&format!("hongyan reply mail.eml --draft {draft}")), "{}", ran.err);
    let mode = fs::metadata(draft).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ran = place.run(&["reply", "mail.eml", "--draft", draft]);
    assert_eq!((ran.code, world.count()), (0, 1), "{ran:?}");
    let (_, mail) = world.last();
    let message = Message::parse(&mail);
    assert!(message.text(0).ends_with("Yes\r\n") && message.field(0, "In-Reply-To").is_some());
    assert!(drafts(&place).is_empty());
}

#[test]
fn a_draft_that_is_no_mail_goes_back_to_the_person() {
    let world = World::start(Config::default());
    let place = place("editor-again", &world);
    // Wrong the first time, right the second.
    let editor = "if [ -e once ]; then sed -i 's/^To: .*/To: b@example.org/' \"$1\"; else touch once; \
                  sed -i 's/^To: .*/To: nobody/' \"$1\"; echo Yes >> \"$1\"; fi";
    let ran = at_a_terminal(&place, editor, "s\ne\ns\n", &["reply", "mail.eml"]);
    assert_eq!((ran.code, world.count()), (0, 1), "{ran:?}");
    assert!(ran.err.contains("line 2 of the draft: To: @ and a domain are missing"), "{}", ran.err);
    assert_eq!(world.last().0.envelope.to[0].address, "b@example.org");
}

#[test]
fn an_editor_that_fails_sends_nothing_and_loses_nothing() {
    let world = World::start(Config::default());
    let place = place("editor-fails", &world);
    let ran = at_a_terminal(&place, "exit 3", "s\n", &["reply", "mail.eml"]);
    assert_eq!((ran.code, world.count(), drafts(&place).len()), (78, 0, 0), "{ran:?}");
    assert!(ran.err.contains("editor.sh failed (exit status: 3)"), "{}", ran.err);
    let ran = at_a_terminal(&place, "echo Yes >> \"$1\"; exit 3", "s\n", &["reply", "mail.eml"]);
    assert_eq!((ran.code, world.count(), drafts(&place).len()), (78, 0, 1), "{ran:?}");
    assert!(fs::read_to_string(&drafts(&place)[0]).unwrap().ends_with("Yes\n"));
}
