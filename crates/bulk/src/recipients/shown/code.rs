//! A format code taken apart: sections for positive, negative and zero numbers and for text, or with conditions, and what
//! each is made of.

use super::Epoch;
use super::{date, number};

/// A compiled format code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NumberFormat {
    sections: Vec<Section>,
}

/// What a number looks like in one case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Section {
    pub(super) condition: Option<(Comparison, f64)>,
    pub(super) tokens: Vec<Token>,
    /// Names of months and days in Chinese.
    pub(super) chinese: bool,
}

/// How a condition compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    GreaterOrEqual,
    Greater,
}

/// A piece of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Literal(String),
    /// `0`, `#` or `?`.
    Digit(char),
    Point,
    Comma,
    Percent,
    /// `E+` (true) or `E-`.
    Exponent(bool),
    /// `/` between digits.
    Slash,
    General,
    /// `@`.
    Text,
    Date(Part),
}

/// A piece of a date or a time; numbers are how often its letter stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year(usize),
    /// A month, or minutes beside hours or seconds: decided when the section is complete.
    Month(usize),
    Minute(usize),
    Day(usize),
    /// `aaa` (周五) or `aaaa` (星期五).
    Weekday(usize),
    Hour(usize),
    Second(usize),
    /// Decimals of seconds, without the point.
    Subsecond(usize),
    /// Hours, minutes or seconds in all.
    Elapsed(char, usize),
    /// `AM/PM`, `A/P`, `上午/下午`.
    Noon(&'static str, &'static str),
}

impl NumberFormat {
    /// Takes a code apart. There is no wrong one: what has no meaning stands for itself.
    pub(crate) fn parse(code: &str) -> Self {
        let sections = split(code).into_iter().take(4).map(section).collect();
        Self { sections }
    }

    /// What a number looks like.
    pub(crate) fn show(&self, value: f64, epoch: Epoch) -> String {
        let Some((index, section)) = self.choose(value) else { return number::general(value) };
        // The section for negative numbers writes its own sign.
        let own_sign = match section.condition {
            Some((Comparison::Less | Comparison::LessOrEqual, limit)) => limit <= 0.0,
            _ => index == 1 && self.sections[0].condition.is_none(),
        };
        let sign = if value < 0.0 && !own_sign { "-" } else { "" };
        let shown = if section.is_date() {
            date::show(section, value, epoch).unwrap_or_else(|| number::general(value))
        } else {
            format!("{sign}{}", number::show(section, value.abs()))
        };
        shown.trim().to_owned()
    }

    /// What a text looks like: itself, within what its section puts around it.
    pub(crate) fn show_text(&self, text: &str) -> Option<String> {
        let section = match self.sections.as_slice() {
            [_, _, _, text] => text,
            [only] if only.tokens.contains(&Token::Text) => only,
            _ => return None,
        };
        if section.tokens == [Token::Text] {
            return None;
        }
        let pieces = section.tokens.iter().map(|token| match token {
            Token::Text => text,
            Token::Literal(literal) => literal,
            _ => "",
        });
        Some(pieces.collect())
    }

    /// The section for a number; `None` where no condition holds.
    fn choose(&self, value: f64) -> Option<(usize, &Section)> {
        let numbers = &self.sections[..self.sections.len().min(3)];
        if numbers.iter().any(|section| section.condition.is_some()) {
            let fits = |section: &Section| match section.condition {
                Some((comparison, limit)) => comparison.holds(value, limit),
                None => true,
            };
            return numbers.iter().enumerate().find(|(_, section)| fits(section));
        }
        let index = match numbers.len() {
            0 => return None,
            1 => 0,
            2 => usize::from(value < 0.0),
            _ if value > 0.0 => 0,
            _ if value < 0.0 => 1,
            _ => 2,
        };
        Some((index, &numbers[index]))
    }
}

impl Comparison {
    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::Equal => value == limit,
            Self::NotEqual => value != limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Greater => value > limit,
        }
    }
}

impl Section {
    fn is_date(&self) -> bool {
        self.tokens.iter().any(|token| matches!(token, Token::Date(_)))
    }
}

/// Sections between semicolons that are neither quoted nor escaped.
fn split(code: &str) -> Vec<&str> {
    let (mut sections, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in code.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '\\' | '_' | '*' => escaped = true,
            ';' => {
                sections.push(&code[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    sections.push(&code[start..]);
    sections
}

fn section(code: &str) -> Section {
    let mut section = Section::default();
    let mut rest = code;
    while let Some(c) = rest.chars().next() {
        rest = take(&mut section, rest, c);
    }
    if section.is_date() {
        decide_minutes(&mut section.tokens);
    }
    section
}

/// Takes what stands at the beginning, and returns what follows.
fn take<'c>(section: &mut Section, rest: &'c str, c: char) -> &'c str {
    const WORDS: &[(&str, Token)] = &[
        ("General", Token::General),
        ("G/通用格式", Token::General),
        ("AM/PM", Token::Date(Part::Noon("AM", "PM"))),
        ("A/P", Token::Date(Part::Noon("A", "P"))),
        ("上午/下午", Token::Date(Part::Noon("上午", "下午"))),
        ("E+", Token::Exponent(true)),
        ("E-", Token::Exponent(false)),
    ];
    for (word, token) in WORDS {
        if rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)) {
            section.tokens.push(token.clone());
            return &rest[word.len()..];
        }
    }
    let behind = &rest[c.len_utf8()..];
    let second = behind.chars().next();
    let behind_second = || &behind[second.map_or(0, char::len_utf8)..];
    match c {
        '"' => {
            let (literal, behind) = behind.split_once('"').unwrap_or((behind, ""));
            section.literal(literal);
            behind
        }
        '\\' => {
            section.literal(second.map(String::from).unwrap_or_default().as_str());
            behind_second()
        }
        '_' => {
            section.literal(" ");
            behind_second()
        }
        '*' => behind_second(),
        '[' => {
            let (inside, behind) = behind.split_once(']').unwrap_or((behind, ""));
            bracketed(section, inside);
            behind
        }
        '0' | '#' | '?' => {
            let in_time = matches!(
                section.tokens.as_slice(),
                [.., Token::Date(Part::Second(_) | Part::Elapsed('s', _)), Token::Point]
            );
            if c == '0' && in_time {
                let zeros = rest.bytes().take_while(|octet| *octet == b'0').count();
                section.tokens.push(Token::Date(Part::Subsecond(zeros)));
                return &rest[zeros..];
            }
            section.tokens.push(Token::Digit(c));
            behind
        }
        '.' => section.push(Token::Point, behind),
        ',' => section.push(Token::Comma, behind),
        '%' => section.push(Token::Percent, behind),
        '@' => section.push(Token::Text, behind),
        '/' if matches!(section.tokens.last(), Some(Token::Digit(_))) => section.push(Token::Slash, behind),
        'y' | 'Y' | 'e' | 'E' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'a' | 'A' => {
            let count = rest.chars().take_while(|other| other.eq_ignore_ascii_case(&c)).count();
            match date_part(c.to_ascii_lowercase(), count) {
                Some(part) => section.tokens.push(Token::Date(part)),
                None => section.literal(&rest[..count]),
            }
            &rest[count..]
        }
        other => {
            section.literal(other.encode_utf8(&mut [0; 4]));
            behind
        }
    }
}

fn date_part(letter: char, count: usize) -> Option<Part> {
    Some(match letter {
        'y' => Part::Year(count),
        'e' => Part::Year(4),
        'm' => Part::Month(count),
        'd' => Part::Day(count),
        'h' => Part::Hour(count),
        's' => Part::Second(count),
        'a' if count >= 3 => Part::Weekday(count),
        _ => return None,
    })
}

/// What stands in brackets: a colour, a condition, a currency and a language, or a time that goes beyond the day.
fn bracketed(section: &mut Section, inside: &str) {
    if let Some(currency) = inside.strip_prefix('$') {
        let (sign, language) = currency.rsplit_once('-').unwrap_or((currency, ""));
        section.literal(sign);
        let language = u32::from_str_radix(language, 16).unwrap_or(0);
        match language {
            // The system's long date, and its time.
            0xf800 => section.replace("yyyy\"年\"m\"月\"d\"日\""),
            0xf400 => section.replace("h:mm:ss"),
            _ => section.chinese |= matches!(language & 0xffff, 0x0804 | 0x0404 | 0x0c04 | 0x1004 | 0x1404),
        }
        return;
    }
    let lower = inside.to_ascii_lowercase();
    let letter = lower.chars().next().unwrap_or(' ');
    if matches!(letter, 'h' | 'm' | 's') && lower.chars().all(|c| c == letter) {
        section.tokens.push(Token::Date(Part::Elapsed(letter, lower.len())));
        return;
    }
    const SIGNS: &[(&str, Comparison)] = &[
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<>", Comparison::NotEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("=", Comparison::Equal),
    ];
    for (sign, comparison) in SIGNS {
        if let Some(limit) = inside.strip_prefix(sign).and_then(|limit| limit.trim().parse().ok()) {
            section.condition = Some((*comparison, limit));
            return;
        }
    }
}

impl Section {
    fn push<'c>(&mut self, token: Token, behind: &'c str) -> &'c str {
        self.tokens.push(token);
        behind
    }

    fn literal(&mut self, text: &str) {
        match self.tokens.last_mut() {
            Some(Token::Literal(literal)) => literal.push_str(text),
            _ if text.is_empty() => {}
            _ => self.tokens.push(Token::Literal(text.to_owned())),
        }
    }

    /// The region's own format stands for the one that is written behind it.
    fn replace(&mut self, code: &str) {
        self.tokens = section(code).tokens;
        self.tokens.push(Token::Date(Part::Subsecond(0)));
    }
}

/// `m` behind hours or before seconds is minutes. What follows a region's own format is dropped.
fn decide_minutes(tokens: &mut Vec<Token>) {
    if let Some(end) = tokens.iter().position(|token| *token == Token::Date(Part::Subsecond(0))) {
        tokens.truncate(end);
    }
    let parts: Vec<usize> = (0..tokens.len())
        .filter(|at| matches!(tokens[*at], Token::Date(part) if !matches!(part, Part::Noon(..))))
        .collect();
    for (order, at) in parts.iter().enumerate() {
        let Token::Date(Part::Month(count)) = tokens[*at] else { continue };
        let before = order.checked_sub(1).map(|order| &tokens[parts[order]]);
        let behind = parts.get(order + 1).map(|at| &tokens[*at]);
        let hours = matches!(before, Some(Token::Date(Part::Hour(_) | Part::Elapsed('h', _))));
        let seconds = matches!(behind, Some(Token::Date(Part::Second(_) | Part::Elapsed('s', _))));
        if (hours || seconds) && count <= 2 {
            tokens[*at] = Token::Date(Part::Minute(count));
        }
    }
}
