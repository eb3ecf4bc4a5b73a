//! Clients that mean harm, or do it: nothing is unbounded, no secret gets out, nothing panics.

use hongyan_proto::imap::Flags;
use hongyan_proto::imap::server::Config;
use hongyan_proto::imap::server::config::{MAX_COMMAND, MAX_EARLY_COMMAND};
use proptest::prelude::*;

use crate::harness::{Wire, open, some_day};
use crate::mail::{NESTED, SHORT, TERRY};
use crate::store::World;

fn full(messages: usize) -> World {
    let world = World::new();
    for n in 0..messages {
        let octets = [SHORT, TERRY, NESTED][n % 3].as_bytes();
        world.lock().put("INBOX", octets, Flags::default(), some_day()).expect("it is kept");
    }
    world
}

/// CVE-2011-0411
#[test]
fn what_comes_in_the_flight_of_starttls_is_dropped() {
    let mut wire = Wire::new(open(), &World::new());
    wire.hear(b"a1 STARTTLS\r\na2 LOGIN mrc secret\r\n");
    assert_eq!(wire.log[1..], ["S: a1 OK begin", "-- TLS, 21 octets dropped"]);
    wire.talk("a3 SELECT INBOX", &["S: a3 BAD log in first"]);
}

#[test]
fn a_line_that_is_too_long_ends_the_connection() {
    for (mut wire, limit) in
        [(Wire::new(open(), &World::new()), MAX_EARLY_COMMAND), (Wire::selected(&World::new()), MAX_COMMAND)]
    {
        let before = wire.log.len();
        wire.hear(format!("a1 SEARCH SUBJECT {}\r\n", "x".repeat(limit - 20)).as_bytes());
        assert_eq!(wire.log.len() - before, if before == 0 { 2 } else { 1 }, "{:?}", &wire.log[before..]);
        wire.hear(&vec![b'x'; limit + 2]);
        wire.hear(b"\r\na2 NOOP\r\n");
        assert_eq!(
            wire.log[wire.log.len() - 3..],
            [
                "S: * BAD the line is too long",
                "S: * BYE [TOOBIG] a line that is too long, closing",
                "-- closed"
            ]
        );
    }
}

#[test]
fn literals_do_not_add_up_beyond_the_limit_of_a_command() {
    let mut wire = Wire::selected(&World::new());
    wire.hear(b"a1 SEARCH");
    let mut sent = 0;
    while !wire.closed {
        wire.hear(format!(" SUBJECT {{1000+}}\r\n{}", "x".repeat(1000)).as_bytes());
        sent += 1000;
        assert!(sent <= MAX_COMMAND + 2000, "the connection should have ended");
    }
    assert_eq!(wire.log[0], "S: a1 BAD [TOOBIG] the command is too long");

    let mut wire = Wire::selected(&World::new());
    wire.hear(b"a1 SEARCH");
    let mut asked = 0;
    while !wire.last().contains("TOOBIG") {
        wire.hear(b" SUBJECT {1000}\r\n");
        if wire.last() == "S: + go ahead" {
            wire.hear("x".repeat(1000).as_bytes());
        }
        asked += 1000;
        assert!(asked <= MAX_COMMAND + 2000, "it should have been refused");
    }
    wire.talk("a2 NOOP", &["S: a2 OK nothing more"]);
}

#[test]
fn keys_nested_however_deep_are_refused_at_once() {
    let mut wire = Wire::selected(&full(3));
    for piece in ["(", "NOT ", "OR ALL "] {
        let command = format!("a1 SEARCH {}ALL\r\n", piece.repeat(9000));
        wire.hear(command.as_bytes());
        assert!(wire.last().starts_with("S: a1 BAD not understood"), "{}", wire.last());
    }
}

#[test]
fn a_part_that_lies_absurdly_deep_is_no_part() {
    let mut wire = Wire::selected(&full(3));
    wire.talk(
        &format!("a1 FETCH 1 BODY.PEEK[{}1]", "1.".repeat(5000)),
        &["S: a1 BAD no message is as deep as that"],
    );
    wire.talk(
        "a2 FETCH 1 BODY.PEEK[4294967295.4294967295]",
        &["S: * 1 FETCH (BODY[4294967295.4294967295] NIL)", "S: a2 OK that is all"],
    );
}

#[test]
fn a_set_of_thousands_of_numbers_is_one_set() {
    let mut wire = Wire::selected(&full(4000));
    let set: Vec<String> = (1..=4000).rev().map(|n| n.to_string()).collect();
    wire.hear(format!("a1 UID SEARCH RETURN (ALL COUNT) UID {}\r\n", set.join(",")).as_bytes());
    assert_eq!(wire.log[0], "S: * ESEARCH (TAG \"a1\") UID ALL 1:4000 COUNT 4000");
}

#[test]
fn answers_about_thousands_of_messages_never_pile_up() {
    let mut wire = Wire::selected(&full(5000));
    wire.hear(b"a1 FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)\r\n");
    // Subjects in UTF-8 are literals, and take a line more.
    assert_eq!(wire.log.len(), 5000 + 5000_usize.div_ceil(3) + 1);
    assert_eq!(wire.last(), "S: a1 OK that is all");
    assert!(wire.most < 40_000, "{} octets waited to be written", wire.most);
}

#[test]
fn nul_and_line_ends_do_not_get_into_names_or_answers() {
    let mut wire = Wire::new(open(), &World::new());
    wire.hear(b"a1 LOGIN mrc secret\r\n");
    wire.log.clear();
    wire.hear(b"a2 CREATE {3+}\r\na\0b\r\n");
    assert_eq!(wire.last(), "S: a2 BAD not understood, write it as CREATE mailbox");
    wire.hear(b"a3 CREATE \"a\rb\"\r\n");
    assert_eq!(wire.last(), "S: a3 BAD not understood, write it as CREATE mailbox");
    wire.hear(b"a4 CREATE {4+}\r\na\r\nb\r\n");
    assert!(wire.last().starts_with("S: a4 BAD a mailbox name is in modified UTF-7"));
    wire.hear(b"a\x005 NOOP\r\n\x00\xff\r\n");
    assert_eq!(wire.log.iter().filter(|line| line.starts_with("S: * BAD")).count(), 2);
}

#[test]
fn secrets_are_only_lengths_in_whatever_form_they_come() {
    for said in [
        "a LOGIN mrc secret\r\n",
        "a LOGIN \"mrc\" \"secret\"\r\n",
        "a LOGIN {3+}\r\nmrc {6+}\r\nsecret\r\n",
        "a LOGIN mrc {6+}\r\nsecret\r\n",
        "a LOGIN {3+}\r\nmrc \"secret\"\r\n",
        "a LOGIN  mrc secret\r\n",
        "LOGIN mrc secret\r\n",
        "a login mrc secret extra\r\n",
        "a AUTHENTICATE PLAIN secret\r\n",
        "a AUTHENTICATE PLAIN\r\nsecret\r\n",
        "a AUTHENTICATE LOGIN\r\nbXJj\r\nsecret\r\n",
    ] {
        let mut wire = Wire::new(open(), &World::new());
        wire.hear(said.as_bytes());
        let hidden = wire.secrets.iter().any(|secret| secret.contains("secret"));
        assert!(hidden, "{said:?}: only {:?} was hidden", wire.secrets);
        assert!(!wire.log.iter().any(|line| line.contains("secret")), "{said:?}: {:?}", wire.log);
    }
}

#[test]
fn guessing_passwords_ends_the_connection() {
    let mut wire = Wire::new(Config { errors: 5, ..open() }, &World::new());
    let mut guesses = 0;
    while !wire.closed {
        wire.hear(format!("a LOGIN mrc guess{guesses}\r\n").as_bytes());
        guesses += 1;
    }
    assert_eq!(guesses, 5);
}

/// Every line that a server says is one of its kinds, whatever it was told.
fn is_well_formed(line: &str) -> bool {
    let Some(text) = line.strip_prefix("S: ") else {
        return line.starts_with("E: ") || line.starts_with("-- ");
    };
    let tagged = |text: &str| {
        text.split_once(' ')
            .is_some_and(|(_, rest)| ["OK ", "NO ", "BAD "].iter().any(|word| rest.starts_with(word)))
    };
    text.starts_with("* ") || text.starts_with("+ ") || tagged(text)
}

const WORDS: [&str; 44] = [
    "a1",
    " ",
    "\r\n",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "\"",
    "\\",
    "*",
    "%",
    ":",
    ",",
    "{3}",
    "{3+}",
    "~{3}",
    "{0}",
    "{99999999999}",
    "1",
    "0",
    "4294967295",
    "LOGIN mrc secret",
    "SELECT INBOX",
    "FETCH",
    "STORE",
    "SEARCH",
    "UID",
    "COPY",
    "MOVE",
    "APPEND INBOX",
    "FLAGS",
    "BODY",
    ".PEEK",
    "HEADER.FIELDS",
    "ENVELOPE",
    "IDLE",
    "DONE",
    "RETURN",
    "LIST",
    "STATUS",
    "ENABLE QRESYNC",
    "CHANGEDSINCE",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nonsense_is_answered_in_good_order(
        words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..60),
        raw in prop::collection::vec(any::<u8>(), 0..40),
        selected in any::<bool>(),
    ) {
        let world = full(2);
        let mut wire = if selected { Wire::selected(&world) } else { Wire::new(open(), &world) };
        wire.hear(words.concat().as_bytes());
        wire.hear(b"\r\n");
        wire.hear(&raw);
        wire.hear(b"\r\n");
        wire.gone();
        // What a FETCH of content says is the message's own.
        let content = words.iter().any(|word| word.contains("BODY") || word.contains("ENVELOPE"));
        for line in wire.log.iter().filter(|_| !content) {
            prop_assert!(is_well_formed(line), "{line}");
        }
        prop_assert!(wire.closed);
    }
}
