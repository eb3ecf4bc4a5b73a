//! Faults on request: what a server does wrong, when, and always in the same way for the same seed.
//!
//! [`Faults`] belongs to one server and is shared by its connections; nothing is global to the process.
//! Each connection draws from its own stream of numbers, made of the seed and of how many connections
//! came before it, so that what happens on it does not depend on what happens beside it. Counts without
//! a `c` run over all connections; where connections race, so do they.

mod random;
pub mod rule;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::reply::Reply;
use random::Random;
pub use rule::{Action, Nth, Place, Rule, RuleError};

/// The rules of one server, and how often each has fitted.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Vec<(Rule, AtomicU64)>,
    seed: u64,
    connections: AtomicU64,
}

impl Faults {
    /// A server with these rules. Of several that fit, the first reply, the first way of sending it and
    /// all delays count.
    pub fn new(rules: impl IntoIterator<Item = Rule>, seed: u64) -> Arc<Self> {
        let rules = rules.into_iter().map(|rule| (rule, AtomicU64::new(0))).collect();
        Arc::new(Self { rules, seed, connections: AtomicU64::new(0) })
    }

    /// For the next connection.
    pub(super) fn connection(self: &Arc<Self>) -> Strikes {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let random = Random::new(self.seed, number);
        Strikes { faults: self.clone(), seen: vec![0; self.rules.len()], random }
    }
}

/// The faults of one connection.
#[derive(Debug)]
pub(super) struct Strikes {
    faults: Arc<Faults>,
    /// How often each rule has fitted on this connection.
    seen: Vec<u64>,
    random: Random,
}

/// What is done to an answer.
#[derive(Debug, Default)]
pub(super) struct Effect {
    /// It is replaced by this.
    pub(super) reply: Option<Reply>,
    /// It waits.
    pub(super) delay: Duration,
    /// It goes in this way.
    pub(super) manner: Manner,
    /// These follow it.
    pub(super) extra: Vec<Reply>,
    /// It waits for the client.
    pub(super) late: bool,
}

/// How an answer goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Manner {
    #[default]
    Whole,
    Drop(u64),
    Truncate(Option<usize>),
    Garbage(Vec<u8>),
    Bytewise(Duration),
}

impl Strikes {
    /// What happens at this place; patterns are held against each of `subjects`.
    pub(super) fn at<'a>(&mut self, place: Place, subjects: impl Iterator<Item = &'a str> + Clone) -> Effect {
        let mut effect = Effect::default();
        for ((rule, count), seen) in self.faults.rules.iter().zip(&mut self.seen) {
            if rule.place != place {
                continue;
            }
            if rule.pattern.as_ref().is_some_and(|p| !subjects.clone().any(|subject| fits(p, subject))) {
                continue;
            }
            *seen += 1;
            let since_start = count.fetch_add(1, Ordering::Relaxed) + 1;
            let n = if rule.nth.per_connection { *seen } else { since_start };
            if n < rule.nth.first || n > rule.nth.last {
                continue;
            }
            if rule.percent >= 100 || self.random.percent(rule.percent) {
                effect.add(&rule.action, &mut self.random);
            }
        }
        effect
    }
}

impl Effect {
    fn add(&mut self, action: &Action, random: &mut Random) {
        let manner = match action {
            Action::Reply(reply) => {
                self.reply.get_or_insert_with(|| reply.clone());
                return;
            }
            Action::Delay(delay) => {
                self.delay += *delay;
                return;
            }
            Action::Extra(reply) => {
                self.extra.push(reply.clone());
                return;
            }
            Action::Late => {
                self.late = true;
                return;
            }
            Action::Drop(octets) => Manner::Drop(*octets),
            Action::Truncate(octets) => Manner::Truncate(*octets),
            Action::Garbage => Manner::Garbage(garbage(random)),
            Action::Bytewise(gap) => Manner::Bytewise(*gap),
        };
        if self.manner == Manner::Whole {
            self.manner = manner;
        }
    }
}

/// One line that is no reply: it does not begin with a digit.
fn garbage(random: &mut Random) -> Vec<u8> {
    let length = 1 + random.next() % 64;
    let mut line: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
    line.retain(|&b| b != b'\n');
    line.insert(0, 0x80 | random.next().to_le_bytes()[0]);
    line.extend_from_slice(b"\r\n");
    line
}

/// `*` is any run of characters, `?` any one; ASCII letters in any case.
fn fits(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    // Where to go on when what follows the last `*` does not fit: there, with one more octet eaten.
    let mut retry = None;
    while j < t.len() {
        match p.get(i) {
            Some(b'*') => {
                retry = Some((i + 1, j));
                i += 1;
            }
            Some(&c) if c == b'?' || c.eq_ignore_ascii_case(&t[j]) => (i, j) = (i + 1, j + 1),
            _ => match retry {
                Some((behind, eaten)) => {
                    retry = Some((behind, eaten + 1));
                    (i, j) = (behind, eaten + 1);
                }
                None => return false,
            },
        }
    }
    p[i..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

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
        (0..times).map(|_| strikes.at(Place::Rcpt, ["a@b"].into_iter()).reply.is_some()).collect()
    }

    #[test]
    fn the_nth_time_is_counted_over_the_run_or_in_each_connection() {
        let run = Faults::new([rule("rcpt:2=450 x")], 0);
        assert_eq!((struck(&run, 3), struck(&run, 3)), (vec![false, true, false], vec![false; 3]));
        let each = Faults::new([rule("rcpt:2c=450 x")], 0);
        assert_eq!(
            (struck(&each, 3), struck(&each, 3)),
            (vec![false, true, false], vec![false, true, false])
        );
        let only_fitting = Faults::new([rule("rcpt:1:c@*=450 x")], 0);
        assert_eq!(struck(&only_fitting, 2), [false, false]);
        let mut strikes = only_fitting.connection();
        assert!(strikes.at(Place::Rcpt, ["c@d"].into_iter()).reply.is_some());
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
        let rules =
            ["rcpt=delay 10", "rcpt=450 a", "rcpt=550 b", "rcpt=delay 5", "rcpt=truncate", "rcpt=drop"];
        let faults = Faults::new(rules.map(rule), 0);
        let effect = faults.connection().at(Place::Rcpt, std::iter::empty());
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
}
