//! Rules in and out, chances, counts.

use super::*;
use crate::reply::Reply;

fn at<const N: usize>(strikes: &mut Strikes, subjects: [&str; N]) -> Effect<Reply> {
    strikes.at(Place::Rcpt, subjects.into_iter())
}

fn rule(text: &str) -> Rule {
    text.parse().unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn rules_are_read_and_printed() {
    for (text, printed) in [
        ("rcpt:2:*@bad.example=550 5.1.1 no such user", "rcpt:2:*@bad.example=550 5.1.1 no such user"),
        ("rcpt:*@bad.example=550 no", "rcpt:*:*@bad.example=550 no"),
        ("data=drop", "data:*=drop"),
        ("end=451 4.3.0 later", "end:*=451 4.3.0 later"),
        ("greeting=delay 2000", "greeting:*=delay 2000"),
        ("mail%30=421 busy", "mail:*%30=421 busy"),
        ("MAIL:3+=truncate", "mail:3+=truncate"),
        ("mail:2-4c:a?@*=truncate 3", "mail:2-4c:a?@*=truncate 3"),
        ("ehlo=bytewise", "ehlo:*=bytewise"),
        ("ehlo:1c=bytewise 5", "ehlo:1c=bytewise 5"),
        ("quit=garbage", "quit:*=garbage"),
        ("starttls=extra 250 injected", "starttls:*=extra 250 injected"),
        ("end=late", "end:*=late"),
        ("content=drop 1000", "content:*=drop 1000"),
        ("connect=drop", "connect:*=drop"),
        ("ehlo=250 mx\\nSIZE 10\\nPIPELINING", "ehlo:*=250 mx\\nSIZE 10\\nPIPELINING"),
        ("imap-fetch:2=NO [UNAVAILABLE] later", "imap-fetch:2=NO [UNAVAILABLE] later"),
        ("imap-Select:*:Sent=bad no", "imap-select:*:Sent=BAD no"),
        ("imap-content=drop 1000", "imap-content:*=drop 1000"),
        ("imap-idle=extra * 9 EXISTS", "imap-idle:*=extra * 9 EXISTS"),
        ("mail:a@[ipv6:::1]=550 no", "mail:*:a@[ipv6:::1]=550 no"),
    ] {
        assert_eq!(rule(text).to_string(), printed);
        assert_eq!(rule(printed), rule(text));
    }
}

#[test]
fn what_is_no_rule_is_told() {
    for text in [
        "",
        "rcpt",
        "frob=drop",
        "rcpt=frob",
        "rcpt=",
        "rcpt=99 x",
        "rcpt=600 x",
        "rcpt=+50 x",
        "rcpt:0=drop",
        "rcpt:3-2=drop",
        "rcpt%0=drop",
        "rcpt%101=drop",
        "rcpt%x=drop",
        "rcpt=delay",
        "rcpt=delay -1",
        "rcpt=delay 86400001",
        "rcpt=drop 5",
        "rcpt=late 5",
        "connect=550 no",
        "content=550 no",
        "rcpt=550 a\rb",
        "rcpt=NO no",
        "imap-fetch=550 no",
        "imap-fetch=NO",
        "imap-fetch=NO a\rb",
        "imap-content=NO no",
        "imap-connect=NO no",
    ] {
        assert!(text.parse::<Rule>().is_err(), "{text}");
    }
}

#[test]
fn patterns_fit_as_in_file_names() {
    for (pattern, text, expected) in [
        ("*", "", true),
        ("", "", true),
        ("", "a", false),
        ("*@bad.example", "A@BAD.example", true),
        ("*@bad.example", "a@bad.example.org", false),
        ("a*b*c", "aXbYbZc", true),
        ("a*b*c", "aXbYbZ", false),
        ("??", "ab", true),
        ("??", "abc", false),
        ("a**", "a", true),
        ("*a*a*a*a*a*a*b", &"a".repeat(2000), false),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
    }
}

fn struck(faults: &Arc<Faults>, times: usize) -> Vec<bool> {
    let mut strikes = faults.connection();
    (0..times).map(|_| at(&mut strikes, ["a@b"]).reply.is_some()).collect()
}

#[test]
fn the_nth_time_is_counted_over_the_run_or_in_each_connection() {
    let run = Faults::new([rule("rcpt:2=450 x")], 0);
    assert_eq!((struck(&run, 3), struck(&run, 3)), (vec![false, true, false], vec![false; 3]));
    let each = Faults::new([rule("rcpt:2c=450 x")], 0);
    assert_eq!((struck(&each, 3), struck(&each, 3)), (vec![false, true, false], vec![false, true, false]));
    let only_fitting = Faults::new([rule("rcpt:1:c@*=450 x")], 0);
    assert_eq!(struck(&only_fitting, 2), [false, false]);
    let mut strikes = only_fitting.connection();
    assert!(at(&mut strikes, ["c@d"]).reply.is_some());
}

#[test]
fn the_same_seed_draws_the_same_and_about_as_often_as_asked() {
    let draw = |seed| {
        let faults = Faults::new([rule("rcpt%30=450 x")], seed);
        (struck(&faults, 1000), struck(&faults, 1000))
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
    let (first, second) = draw(7);
    assert_ne!(first, second, "connections differ");
    let hits = first.iter().filter(|&&hit| hit).count();
    assert!((250..350).contains(&hits), "{hits}");
}

#[test]
fn of_several_rules_the_first_reply_counts_and_delays_add_up() {
    let rules = ["rcpt=delay 10", "rcpt=450 a", "rcpt=550 b", "rcpt=delay 5", "rcpt=truncate", "rcpt=drop"];
    let faults = Faults::new(rules.map(rule), 0);
    let effect = at(&mut faults.connection(), [""]);
    assert_eq!(effect.reply.map(|r| r.to_string()).as_deref(), Some("450 a"));
    assert_eq!((effect.delay, effect.manner), (Duration::from_millis(15), Manner::Truncate(None)));
}

#[test]
fn garbage_is_one_line_and_no_reply() {
    let mut random = Random::new(1, 1);
    for _ in 0..1000 {
        let line = garbage(&mut random);
        assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
        assert!(line.ends_with(b"\r\n") && !line[0].is_ascii_digit());
    }
}
