//! Fault rules and how they are written.
//!
//! ```text
//! rule    = place [ ":" nth ] [ ":" pattern ] [ "%" percent ] "=" action
//! place   = one of the names in `super::place`
//! nth     = "*" | N | N "+" | N "-" M, and "c" behind it to count in each connection anew
//! action  = answer | delay MS | drop [OCTETS] | truncate [OCTETS] | garbage
//!         | bytewise [MS] | extra answer | late
//! ```
//! An answer is written as the place's protocol has it, see [`Answer`]. See [`Place`] and [`Action`] for
//! what the rest means.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::answer::Answer;
use super::place::Place;

/// The longest delay that a rule may ask for.
pub const MAX_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Which of the times that place and pattern fit, from the first to the last, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nth {
    /// The first time.
    pub first: u64,
    /// The last time.
    pub last: u64,
    /// Counted in each connection anew, not since the server started.
    pub per_connection: bool,
}

impl Nth {
    /// Every time.
    pub const ALWAYS: Self = Self { first: 1, last: u64::MAX, per_connection: false };
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// This is the answer. A command refused so has no effect; 421 and
    /// BYE end the connection.
    Reply(Answer),
    /// The answer waits, and with it everything behind it.
    Delay(Duration),
    /// The connection ends without the answer; at [`Place::Content`], after so many octets on the wire.
    /// A message whose answer is dropped has been kept.
    Drop(u64),
    /// So many octets of the answer (half of it, where no number stands), then the end of the connection.
    Truncate(Option<usize>),
    /// A line of random octets takes the answer's place.
    Garbage,
    /// The answer goes octet by octet, each on its own, so far apart.
    Bytewise(Duration),
    /// Another answer follows the right one in the same write.
    Extra(Answer),
    /// The answer is held back until the client speaks again.
    Late,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Where.
    pub place: Place,
    /// Which times.
    pub nth: Nth,
    /// `*` and `?` as in file names, letters in any case; `None` fits everything.
    pub pattern: Option<String>,
    /// In how many of a hundred of those times.
    pub percent: u8,
    /// What happens.
    pub action: Action,
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// What was given.
    pub given: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let example = "write for example `rcpt:2:*@bad.example=550 5.1.1 no such user`";
        write!(f, "`{}` is not a fault rule: {}; {example}", self.given.escape_debug(), self.problem)
    }
}

impl std::error::Error for RuleError {}

impl FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        parse(text).map_err(|problem| RuleError { given: text.to_string(), problem })
    }
}

fn parse(text: &str) -> Result<Rule, &'static str> {
    let (when, action) = text.split_once('=').ok_or("it has no `=`")?;
    let (when, percent) = match when.rsplit_once('%') {
        Some((when, percent)) => (when, hundredths(percent)?),
        None => (when, 100),
    };
    let mut fields = when.splitn(2, ':');
    let name = fields.next().unwrap_or_default().trim();
    let place = Place::named(name).ok_or("it does not begin with a place such as `rcpt`")?;
    let (nth, pattern) = match fields.next() {
        None => (Nth::ALWAYS, None),
        Some(rest) => match rest.split_once(':') {
            Some((count, pattern)) if nth(count).is_some() => {
                (nth(count).unwrap_or(Nth::ALWAYS), Some(pattern))
            }
            _ => nth(rest).map_or((Nth::ALWAYS, Some(rest)), |nth| (nth, None)),
        },
    };
    if nth.first == 0 || nth.last < nth.first {
        return Err("the count begins with 1 and does not fall");
    }
    let action = parse_action(place, action.trim())?;
    let fits = if place.is_connection() {
        matches!(action, Action::Delay(_) | Action::Drop(0))
    } else if place.is_content() {
        matches!(action, Action::Drop(_))
    } else {
        !matches!(action, Action::Drop(1..))
    };
    if !fits {
        return Err("this action cannot happen at this place");
    }
    Ok(Rule { place, nth, pattern: pattern.map(str::to_string), percent, action })
}

fn hundredths(text: &str) -> Result<u8, &'static str> {
    text.parse()
        .ok()
        .filter(|p| (1..=100).contains(p))
        .ok_or("what follows `%` is not a number from 1 to 100")
}

fn nth(text: &str) -> Option<Nth> {
    let (text, per_connection) = match text.strip_suffix('c') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let number = |text: &str| text.parse::<u64>().ok();
    let (first, last) = if text == "*" {
        (1, u64::MAX)
    } else if let Some(first) = text.strip_suffix('+') {
        (number(first)?, u64::MAX)
    } else if let Some((first, last)) = text.split_once('-') {
        (number(first)?, number(last)?)
    } else {
        (number(text)?, number(text)?)
    };
    Some(Nth { first, last, per_connection })
}

fn parse_action(place: Place, text: &str) -> Result<Action, &'static str> {
    let (word, rest) = text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim()));
    Ok(match word {
        "delay" => Action::Delay(milliseconds(rest)?),
        "drop" => Action::Drop(if rest.is_empty() { 0 } else { octets(rest)? }),
        "truncate" if rest.is_empty() => Action::Truncate(None),
        "truncate" => Action::Truncate(Some(usize::try_from(octets(rest)?).unwrap_or(usize::MAX))),
        "garbage" if rest.is_empty() => Action::Garbage,
        "bytewise" if rest.is_empty() => Action::Bytewise(Duration::ZERO),
        "bytewise" => Action::Bytewise(milliseconds(rest)?),
        "extra" => Action::Extra(Answer::parse(place, rest)?),
        "late" if rest.is_empty() => Action::Late,
        _ => Action::Reply(Answer::parse(place, text)?),
    })
}

fn milliseconds(text: &str) -> Result<Duration, &'static str> {
    let delay = text.parse().map(Duration::from_millis).map_err(|_| "a delay is a number of milliseconds")?;
    if delay > MAX_DELAY { Err("a delay of more than a day") } else { Ok(delay) }
}

fn octets(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "this action takes a number of octets or nothing")
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.place, self.nth)?;
        if let Some(pattern) = &self.pattern {
            write!(f, ":{pattern}")?;
        }
        if self.percent < 100 {
            write!(f, "%{}", self.percent)?;
        }
        write!(f, "={}", self.action)
    }
}

impl fmt::Display for Nth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.first, self.last) {
            (1, u64::MAX) => f.write_str("*")?,
            (first, u64::MAX) => write!(f, "{first}+")?,
            (first, last) if first == last => write!(f, "{first}")?,
            (first, last) => write!(f, "{first}-{last}")?,
        }
        f.write_str(if self.per_connection { "c" } else { "" })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(answer) => write!(f, "{answer}"),
            Self::Extra(answer) => write!(f, "extra {answer}"),
            Self::Delay(delay) => write!(f, "delay {}", delay.as_millis()),
            Self::Drop(0) => f.write_str("drop"),
            Self::Drop(octets) => write!(f, "drop {octets}"),
            Self::Truncate(None) => f.write_str("truncate"),
            Self::Truncate(Some(octets)) => write!(f, "truncate {octets}"),
            Self::Garbage => f.write_str("garbage"),
            Self::Bytewise(Duration::ZERO) => f.write_str("bytewise"),
            Self::Bytewise(gap) => write!(f, "bytewise {}", gap.as_millis()),
            Self::Late => f.write_str("late"),
        }
    }
}
