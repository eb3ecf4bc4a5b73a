//! What goes wrong on request, at the places of IMAP.

use std::time::Duration;

use hongyan_proto::faults::{Faults, Rule};
use hongyan_proto::imap::Flags;
use hongyan_proto::imap::server::Config;

use crate::harness::{Wire, open, some_day};
use crate::mail::SHORT;
use crate::store::World;

fn with(rules: &[&str]) -> Wire {
    let world = World::new();
    for _ in 0..3 {
        world.lock().put("INBOX", SHORT.as_bytes(), Flags::default(), some_day()).expect("it is kept");
    }
    let rules = rules.iter().map(|rule| rule.parse::<Rule>().unwrap_or_else(|error| panic!("{error}")));
    Wire::new(Config { faults: Faults::new(rules, 7), ..open() }, &world)
}

/// With INBOX selected; the log begins there.
fn selected(rules: &[&str]) -> Wire {
    let mut wire = with(rules);
    wire.hear(b"l LOGIN mrc secret\r\ns SELECT INBOX\r\n");
    wire.log.clear();
    wire
}

#[test]
fn a_command_that_is_refused_has_no_effect_and_nothing_untagged() {
    let mut wire = selected(&[
        "imap-fetch:1=NO [UNAVAILABLE] later",
        "imap-store=BAD what",
        "imap-append=NO [OVERQUOTA] full",
        "imap-expunge:2=NO no",
    ]);
    wire.talk("a1 FETCH 1 FLAGS", &["S: a1 NO [UNAVAILABLE] later"]);
    wire.talk("a2 STORE 1:3 +FLAGS (\\Deleted)", &["S: a2 BAD what"]);
    wire.talk("a3 EXPUNGE", &["S: a3 OK removed"]);
    wire.talk("a4 APPEND INBOX {5}", &["S: a4 NO [OVERQUOTA] full"]);
    wire.talk("a5 FETCH 3 FLAGS", &["S: * 3 FETCH (FLAGS (\\Recent))", "S: a5 OK that is all"]);
    wire.talk("a6 EXPUNGE", &["S: a6 NO no"]);
}

#[test]
fn a_pattern_is_held_against_the_mailbox_or_the_mechanism() {
    let mut wire = with(&["imap-select:*:Tra*=NO not that one", "imap-login:*:PLAIN=NO not so"]);
    wire.hear(b"l AUTHENTICATE PLAIN AG1yYwBzZWNyZXQ=\r\n");
    assert_eq!(wire.last(), "S: l NO not so");
    wire.hear(b"l LOGIN mrc secret\r\nc CREATE trash\r\n");
    wire.talk("a1 SELECT trash", &["S: a1 NO not that one"]);
    wire.hear(b"a2 SELECT INBOX\r\n");
    assert_eq!(wire.last(), "S: a2 OK [READ-WRITE] selected");
}

#[test]
fn bye_ends_the_connection() {
    let mut wire = selected(&["imap-noop=BYE [UNAVAILABLE] off"]);
    wire.talk("a1 NOOP", &["S: * BYE [UNAVAILABLE] off", "-- closed"]);
}

#[test]
fn an_answer_that_is_dropped_or_cut_ends_the_connection_after_the_effect() {
    let mut wire = selected(&["imap-store=drop"]);
    wire.talk("a1 STORE 1 FLAGS (\\Seen)", &["S: * 1 FETCH (FLAGS (\\Seen \\Recent))", "-- closed"]);
    assert!(wire.world.lock().snapshot("INBOX").messages[0].flags.seen);

    let mut wire = selected(&["imap-append=truncate 6"]);
    wire.hear(b"a1 APPEND INBOX {5}\r\nhello\r\n");
    assert_eq!(wire.log[wire.log.len() - 2..], ["S: a1 OK  (cut)", "-- closed"]);
    assert_eq!(wire.world.lock().snapshot("INBOX").messages.len(), 4);
}

#[test]
fn content_is_cut_after_so_many_octets() {
    let mut wire = selected(&["imap-content:2=drop 10"]);
    wire.talk(
        "a1 FETCH 1:3 BODY.PEEK[HEADER]<0.18>",
        &[
            "S: * 1 FETCH (BODY[HEADER]<0> {18}",
            "S: Subject: 你好",
            "S: F)",
            "S: * 2 FETCH (BODY[HEADER]<0> {18}",
            "S: Subject: \\xe4 (cut)",
            "-- closed",
        ],
    );
    let mut wire = selected(&["imap-content=drop"]);
    wire.talk("a1 FETCH 1 BODY.PEEK[]", &["S: * 1 FETCH (BODY[] {72}", "-- closed"]);
}

#[test]
fn delays_come_before_the_first_word_and_bytes_one_by_one() {
    let mut wire = selected(&["imap-fetch=delay 2000", "imap-noop=bytewise 5"]);
    wire.talk("a1 FETCH 1 UID", &["S: * 1 FETCH (UID 1)", "S: a1 OK that is all"]);
    assert_eq!(wire.paused, [Duration::from_secs(2)]);
    wire.paused.clear();
    wire.talk("a2 NOOP", &["S: a2 OK nothing more"]);
    assert_eq!(wire.paused, vec![Duration::from_millis(5); "a2 OK nothing more\r\n".len()]);
}

#[test]
fn answers_too_many_answers_too_late_and_garbage() {
    let mut wire = selected(&["imap-noop:1=extra * 999 EXISTS", "imap-noop:2=late", "imap-noop:3=garbage"]);
    wire.talk("a1 NOOP", &["S: a1 OK nothing more", "S: * 999 EXISTS"]);
    wire.talk("a2 NOOP", &[]);
    wire.talk("a3 CHECK", &["S: a2 OK nothing more", "S: a3 OK nothing more"]);
    wire.hear(b"a4 NOOP\r\n");
    assert!(!wire.last().starts_with("S: a4"), "{}", wire.last());
}

#[test]
fn the_first_words_can_fail_as_well() {
    let wire = with(&["imap-connect=drop"]);
    assert_eq!(wire.log, ["-- closed"]);
    let wire = with(&["imap-greeting=BYE too many connections"]);
    assert_eq!(wire.log, ["S: * BYE too many connections", "-- closed"]);
}
