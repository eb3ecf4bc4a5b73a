//! What attackers and broken clients send. The rule everywhere: a command is answered once, nothing panics, and
//! nothing is held that the client can make grow.

use std::sync::Arc;
use std::time::Duration;

use hongyan_proto::Machine;
use hongyan_proto::pop3::server::Config;
use proptest::prelude::*;

use crate::harness::{Accounts, Wire};

fn config() -> Config {
    Config { users: Some(Arc::new(Accounts)), clear_login: true, ..Config::default() }
}

fn wire() -> Wire {
    let mut wire = Wire::new(config(), vec![b"Subject: a\r\n\r\n.b\r\n".to_vec(); 3]);
    wire.log.clear();
    wire
}

fn logged_in() -> Wire {
    let mut wire = wire();
    wire.hear(b"USER mrose\r\nPASS tanstaaf\r\n");
    wire.log.clear();
    wire
}

/// What goes wrong in small ways: each row is what a client says after the login, and the answers.
const TABLE: &[(&str, &str, &[&str])] = &[
    ("nothing", "\r\n", &["S: -ERR this command is not known"]),
    (
        "a number past all numbers",
        "RETR 4294967297\r\n",
        &["S: -ERR this command takes other arguments, see RFC 1939"],
    ),
    ("message nought", "RETR 0\r\n", &["S: -ERR there is no such message"]),
    ("a message too many", "RETR 4\r\n", &["S: -ERR there is no such message"]),
    ("a negative message", "DELE -1\r\n", &["S: -ERR this command takes other arguments, see RFC 1939"]),
    ("a second login", "USER mrose\r\n", &["S: -ERR this command has its place before the login"]),
    ("TLS too late", "STLS\r\n", &["S: -ERR this command has its place before the login"]),
    ("UTF8 too late", "UTF8\r\n", &["S: -ERR this command has its place before the login"]),
    (
        "a reply injected by a command",
        "LIST 1\r+OK\r\n",
        &["S: -ERR the line holds control octets or is not UTF-8"],
    ),
    (
        "a TLS hello in clear",
        "\x16\x03\x01\x02\n",
        &["S: -ERR the line holds control octets or is not UTF-8"],
    ),
    ("an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n", &["S: -ERR this command is not known"; 2]),
    ("bare LF", "NOOP\nNOOP\n", &["S: +OK"; 2]),
    (
        "more lines than there are",
        "TOP 1 4294967295\r\n",
        &["S: +OK 18 octets", "S: Subject: a", "S:", "S: ..b", "S: ."],
    ),
    (
        "a message marked twice",
        "DELE 1\r\nDELE 1\r\nRETR 1\r\n",
        &[
            "S: +OK message 1 marked",
            "S: -ERR the message is marked as deleted",
            "S: -ERR the message is marked as deleted",
        ],
    ),
    ("commands behind QUIT", "QUIT\r\nNOOP\r\n", &["E: delete []", "S: +OK goodbye", "-- closed"]),
];

#[test]
fn small_wrongs_have_their_answers() {
    for (name, said, heard) in TABLE {
        let mut wire = logged_in();
        wire.hear(said.as_bytes());
        assert_eq!(wire.log, *heard, "{name}");
    }
}

#[test]
fn lines_without_end_cost_one_answer_and_no_memory() {
    let mut wire = wire();
    wire.hear(&vec![b'x'; 1_000_000]);
    wire.hear(b"\r\nQUIT\r\n");
    assert_eq!(wire.log, ["S: -ERR the line is too long", "S: +OK goodbye", "-- closed"]);
}

/// Nobody learns from the answers which names there are.
#[test]
fn strangers_and_wrong_passwords_are_answered_alike() {
    let mut wire = wire();
    wire.hear(b"USER mrose\r\nPASS no\r\nUSER nobody\r\nPASS no\r\n");
    wire.hear(b"APOP mrose 00\r\nAPOP nobody 00\r\n");
    let (odd, even): (Vec<_>, Vec<_>) = wire.log.iter().enumerate().partition(|(at, _)| at % 2 == 0);
    let texts =
        |half: Vec<(usize, &String)>| half.into_iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
    assert_eq!(
        texts(odd),
        [
            "S: +OK name taken, say PASS",
            "S: +OK name taken, say PASS",
            "S: -ERR [AUTH] no such user or wrong password"
        ]
    );
    assert_eq!(texts(even), ["S: -ERR [AUTH] no such user or wrong password"; 3]);
    assert_eq!(wire.server.session().user, None);
}

#[test]
fn a_login_name_cannot_put_a_line_into_the_answer() {
    let mut wire =
        Wire::new(Config { users: Some(Arc::new(Anybody)), clear_login: true, ..Config::default() }, vec![]);
    wire.log.clear();
    // PLAIN with the name `a CR LF +OK b`.
    wire.hear(b"AUTH PLAIN AGENCitPSyBiAHg=\r\n");
    assert_eq!(wire.log, ["S: -ERR [AUTH] no such user or wrong password"]);
}

struct Anybody;

impl hongyan_proto::sasl::Users for Anybody {
    fn password(&self, _: &str) -> Option<hongyan_proto::sasl::Secret> {
        None
    }

    fn accepts(&self, _: &str, _: &str) -> bool {
        true
    }
}

#[test]
fn anybody_may_log_in_where_the_users_say_so() {
    let mut wire =
        Wire::new(Config { users: Some(Arc::new(Anybody)), clear_login: true, ..Config::default() }, vec![]);
    wire.hear(b"USER whoever\r\nPASS whatever\r\nSTAT\r\n");
    assert_eq!(wire.log.last().map(String::as_str), Some("S: +OK 0 0"));
}

/// RFC 1939 §3: who is silent is left without a word, and nothing is deleted.
#[test]
fn silence_deletes_nothing() {
    let mut wire = logged_in();
    wire.hear(b"DELE 1\r\n");
    wire.now += Duration::from_secs(1);
    wire.silence();
    assert_eq!(wire.log, ["S: +OK message 1 marked", "-- closed"]);
}

#[test]
fn timestamps_are_never_the_same() {
    let greeting = || Wire::new(config(), vec![]).log[0].clone();
    let (one, other) = (greeting(), greeting());
    assert!(one.starts_with("S: +OK localhost POP3 ready <") && one.ends_with("@localhost>"), "{one}");
    assert_ne!(one, other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_octets_make_the_server_panic(pieces in proptest::collection::vec(
        proptest::collection::vec(any::<u8>(), 0..300), 0..8
    )) {
        let mut wire = wire();
        for piece in pieces {
            wire.hear(&piece);
        }
        wire.silence();
        prop_assert!(wire.closed);
    }

    /// Whatever order its own commands come in, each is answered once.
    #[test]
    fn every_command_has_its_answer(commands in proptest::collection::vec(proptest::sample::select(vec![
        "CAPA", "USER mrose", "PASS tanstaaf", "PASS no", "APOP mrose x", "AUTH", "UTF8", "LANG", "LANG en", "LANG xx",
        "STAT", "LIST", "LIST 1", "UIDL", "UIDL 9", "RETR 1", "RETR 2", "TOP 1 0", "DELE 1", "DELE 2", "RSET", "NOOP",
        "FROB", "",
    ]), 0..18)) {
        let mut wire = Wire::new(config(), vec![b"Subject: a\r\n\r\nb\r\n".to_vec(); 2]);
        wire.log.clear();
        for command in &commands {
            wire.hear(format!("{command}\r\n").as_bytes());
        }
        let status = |line: &&String| line.starts_with("S: +OK") || line.starts_with("S: -ERR");
        let ends = wire.log.iter().filter(|line| *line == "S: .").count();
        prop_assert_eq!(wire.log.iter().filter(status).count(), commands.len(), "{:?}", wire.log);
        prop_assert!(ends <= commands.len());
        prop_assert!(wire.server.deadline().is_some());
    }
}
