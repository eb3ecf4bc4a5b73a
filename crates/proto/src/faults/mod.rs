//! Faults on request: what a server does wrong, when, and always in the same way for the same seed.
//!
//! [`Faults`] belongs to one server and is shared by its connections; nothing is global to the process.
//! Each connection draws from its own stream of numbers, made of the seed and of how many connections
//! came before it, so that what happens on it does not depend on what happens beside it. Counts without
//! a `c` run over all connections; where connections race, so do they.

mod answer;
mod place;
mod random;
pub mod rule;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub use answer::Answer;
pub(crate) use answer::Spoken;
pub use place::{ImapPlace, Place, Pop3Place};
use random::Random;
pub use rule::{Action, Nth, Rule, RuleError};

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
    pub(crate) fn connection(self: &Arc<Self>) -> Strikes {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let random = Random::new(self.seed, number);
        Strikes { faults: self.clone(), seen: vec![0; self.rules.len()], random }
    }
}

/// The faults of one connection.
#[derive(Debug)]
pub(crate) struct Strikes {
    faults: Arc<Faults>,
    /// How often each rule has fitted on this connection.
    seen: Vec<u64>,
    random: Random,
}

/// What is done to an answer.
#[derive(Debug)]
pub(crate) struct Effect<R> {
    /// It is replaced by this.
    pub(crate) reply: Option<R>,
    /// It waits.
    pub(crate) delay: Duration,
    /// It goes in this way.
    pub(crate) manner: Manner,
    /// These follow it.
    pub(crate) extra: Vec<R>,
    /// It waits for the client.
    pub(crate) late: bool,
}

impl<R> Default for Effect<R> {
    fn default() -> Self {
        let (delay, manner) = (Duration::ZERO, Manner::Whole);
        Self { reply: None, delay, manner, extra: Vec::new(), late: false }
    }
}

/// How an answer goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Manner {
    #[default]
    Whole,
    Drop(u64),
    Truncate(Option<usize>),
    Garbage(Vec<u8>),
    Bytewise(Duration),
}

impl Strikes {
    /// What happens at this place; patterns are held against each of `subjects`.
    pub(crate) fn at<'a, R: Spoken>(
        &mut self,
        place: Place,
        subjects: impl Iterator<Item = &'a str> + Clone,
    ) -> Effect<R> {
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

impl<R: Spoken> Effect<R> {
    fn add(&mut self, action: &Action, random: &mut Random) {
        let manner = match action {
            Action::Reply(answer) => {
                self.reply = self.reply.take().or_else(|| R::spoken(answer));
                return;
            }
            Action::Delay(delay) => {
                self.delay += *delay;
                return;
            }
            Action::Extra(answer) => {
                self.extra.extend(R::spoken(answer));
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
mod tests;
