//! Dates in headers (RFC 5322 §3.3, §4.3), also in the other forms that occur.

mod plain;

use std::fmt;

use crate::read::finding::{Code, Notes};

/// A date with its offset, as it was written; nothing is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    /// Year, four digits.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, within the month.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60: a leap second may be written.
    pub second: u8,
    /// Minutes east of UTC; `None` where it is unknown (`-0000`, or no zone at all).
    pub offset: Option<i16>,
}

impl fmt::Display for DateTime {
    /// RFC 3339; an unknown offset is `-00:00` (§4.3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second, offset } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        match offset {
            None => f.write_str("-00:00"),
            Some(offset) => {
                let sign = if *offset < 0 { '-' } else { '+' };
                let minutes = offset.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

impl DateTime {
    /// Seconds since 1970-01-01T00:00:00Z; an unknown offset counts as UTC.
    pub fn timestamp(&self) -> i64 {
        let (year, month) = (i64::from(self.year), i64::from(self.month));
        // Days since the epoch by the civil calendar, years beginning in March.
        let shifted = if month <= 2 { year - 1 } else { year };
        let era = shifted.div_euclid(400);
        let year_of_era = shifted.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let days =
            era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second);
        days * 86_400 + seconds - i64::from(self.offset.unwrap_or(0)) * 60
    }

    /// Reads a date as mail has it; what is not RFC 5322 §3.3 is noted.
    pub(crate) fn parse(value: &[u8], notes: &mut Notes) -> Option<Self> {
        plain::parse(value).or_else(|| Self::parse_carefully(&String::from_utf8_lossy(value), notes))
    }

    fn parse_carefully(value: &str, notes: &mut Notes) -> Option<Self> {
        let plain = without_comments(value);
        let mut found = Found::default();
        for token in
            plain.split(|c: char| c.is_ascii_whitespace() || c == ',').filter(|token| !token.is_empty())
        {
            found.token(token);
        }
        let date = found.finish();
        match date {
            None if !value.trim().is_empty() => notes.add(Code::BadDate, Some(value.trim())),
            None => notes.add(Code::BadDate, Some("")),
            Some(_) if found.odd => notes.add(Code::OddDate, Some(value.trim())),
            Some(_) => {}
        }
        date
    }
}

/// The value without its comments, nested ones included.
fn without_comments(value: &str) -> String {
    let mut depth = 0usize;
    value
        .chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth > 0 => {
                depth -= 1;
                false
            }
            _ => depth == 0,
        })
        .collect()
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What the tokens have told so far.
#[derive(Default)]
struct Found {
    day: Option<u8>,
    month: Option<u8>,
    year: Option<u16>,
    time: Option<(u8, u8, u8)>,
    offset: Option<Option<i16>>,
    pm: Option<bool>,
    /// Whether something departed from RFC 5322 §3.3.
    odd: bool,
}

impl Found {
    fn token(&mut self, token: &str) {
        if self.time_of_day(token) || self.zone(token) || self.iso_date(token) || self.word(token) {
            return;
        }
        let pieces: Vec<&str> = token.split(['-', '/']).collect();
        if pieces.len() == 3 {
            self.odd = true;
            pieces.into_iter().for_each(|piece| self.number_or_month(piece));
        } else {
            self.number_or_month(token);
        }
    }

    fn number_or_month(&mut self, token: &str) {
        let Ok(number) = token.parse::<u16>() else {
            self.odd |= !self.word(token);
            return;
        };
        match (self.day, self.year) {
            (None, _) if (1..=31).contains(&number) && token.len() <= 2 => self.day = Some(number as u8),
            (_, None) if token.len() >= 4 => self.year = Some(number),
            (_, None) if token.len() >= 2 => {
                // RFC 5322 §4.3: two digits below 50 are 20xx; the rest, and three digits, add 1900.
                self.odd = true;
                self.year = Some(if number < 50 { number + 2000 } else { number + 1900 });
            }
            _ => self.odd = true,
        }
    }

    /// The name of a month or of a day.
    fn word(&mut self, token: &str) -> bool {
        let lower = token.trim_end_matches('.').to_ascii_lowercase();
        let Some(start) = lower.get(..3) else { return false };
        if lower.bytes().any(|byte| !byte.is_ascii_alphabetic()) {
            return false;
        }
        if let Some(month) = MONTHS.iter().position(|month| *month == start) {
            self.odd |= lower.len() != 3 || self.month.is_some();
            self.month = self.month.or(Some(month as u8 + 1));
            return true;
        }
        self.odd |= lower.len() != 3;
        DAYS.contains(&start)
    }

    /// `22:21:22`, `22:21`, also with a fraction or a zone behind, or with dots.
    fn time_of_day(&mut self, token: &str) -> bool {
        if self.time.is_some() {
            return match token.to_ascii_lowercase().as_str() {
                "am" | "pm" => {
                    self.pm = Some(token.eq_ignore_ascii_case("pm"));
                    self.odd = true;
                    true
                }
                _ => false,
            };
        }
        if !token.contains(':') {
            return false;
        }
        // ISO 8601 writes the date before a T.
        let (date, time) = match token.split_once('T') {
            Some((date, time)) if !date.is_empty() => (Some(date), time),
            _ => (None, token),
        };
        let end = time.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(time.len());
        let mut numbers = time[..end].split(':').map(|number| number.parse::<u8>().ok());
        let (Some(Some(hour)), Some(Some(minute))) = (numbers.next(), numbers.next()) else { return false };
        let second = match numbers.next() {
            Some(Some(second)) => second,
            None => 0,
            Some(None) => return false,
        };
        self.time = Some((hour, minute, second));
        let rest = time[end..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        self.odd |= date.is_some() || end < time.len();
        if !rest.is_empty() && !self.zone(rest) {
            self.time_of_day(rest);
        }
        if let Some(date) = date {
            self.iso_date(date);
        }
        true
    }

    fn iso_date(&mut self, token: &str) -> bool {
        let mut pieces = token.split(['-', '/']);
        let (Some(year), Some(month), Some(day), None) =
            (pieces.next(), pieces.next(), pieces.next(), pieces.next())
        else {
            return false;
        };
        let (Ok(number), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else {
            return false;
        };
        if year.len() != 4 {
            return false;
        }
        self.odd = true;
        (self.year, self.month, self.day) = (Some(number), Some(month), Some(day));
        true
    }

    /// `+0800`, `-0000`, `+08:00`, `GMT`, `EST`, `Z`. A number counts as a zone only after the time.
    fn zone(&mut self, token: &str) -> bool {
        let offset = match token.to_ascii_uppercase().as_str() {
            "UT" | "GMT" | "UTC" | "Z" => Some(0),
            "EDT" => Some(-4 * 60),
            "EST" | "CDT" => Some(-5 * 60),
            "CST" | "MDT" => Some(-6 * 60),
            "MST" | "PDT" => Some(-7 * 60),
            "PST" => Some(-8 * 60),
            name => match numeric_zone(name) {
                Some(offset) if self.time.is_some() => offset,
                _ => return false,
            },
        };
        let exact = token.len() == 5 && token.starts_with(['+', '-']);
        self.odd |= !exact
            && !matches!(token, "GMT" | "UT" | "EST" | "EDT" | "CST" | "CDT" | "MST" | "MDT" | "PST" | "PDT");
        if self.offset.is_none() {
            self.offset = Some(offset);
        }
        true
    }

    fn finish(&mut self) -> Option<DateTime> {
        let (day, month, year) = (self.day?, self.month?, self.year?);
        let (mut hour, minute, second) = self.time.unwrap_or_default();
        self.odd |= self.time.is_none() || self.offset.is_none();
        if let Some(pm) = self.pm
            && hour <= 12
        {
            hour = hour % 12 + if pm { 12 } else { 0 };
        }
        let date = DateTime { year, month, day, hour, minute, second, offset: self.offset.flatten() };
        let sound = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        sound.then_some(date)
    }
}

/// Minutes of `+hhmm` or `+hh:mm`; the inner `None` is the unknown offset `-0000`.
fn numeric_zone(token: &str) -> Option<Option<i16>> {
    let digits = token.strip_prefix(['+', '-'])?;
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 || digits.bytes().any(|byte| !byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i16, i16) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    let total = hours * 60 + minutes;
    match (token.starts_with('-'), total) {
        _ if minutes > 59 => None,
        (true, 0) => Some(None),
        (true, total) => Some(Some(-total)),
        (false, total) => Some(Some(total)),
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}
