//! The one form that nearly all dates have (RFC 5322 §3.3), read byte by byte: `Fri, 20 Nov 2026 06:01:24 +0800`,
//! with or without the day's name, the seconds, a comment with the zone's name behind.
//!
//! Anything else is for the careful reading, which gives the same for these: the tests hold them together.

use crate::read::date::{DAYS, DateTime, MONTHS, days_in};

/// Reads a date of that form; `None` where it is of another.
pub(super) fn parse(value: &[u8]) -> Option<DateTime> {
    let mut rest = Rest(value.trim_ascii());
    if rest.0.get(3) == Some(&b',') {
        let name = rest.take(4)?;
        DAYS.iter().find(|day| name[..3].eq_ignore_ascii_case(day.as_bytes()))?;
        rest.blank()?;
    }
    let day = rest.number(1, 2)?;
    rest.blank()?;
    let name = rest.take(3)?;
    let month = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month.as_bytes()))? as u8 + 1;
    rest.blank()?;
    let year = rest.number(4, 4)?;
    rest.blank()?;
    let hour = rest.number(1, 2)?;
    rest.byte(b':')?;
    let minute = rest.number(2, 2)?;
    let second = match rest.byte(b':') {
        Some(()) => rest.number(2, 2)?,
        None => 0,
    };
    rest.blank()?;
    let east = match rest.take(1)? {
        b"+" => true,
        b"-" => false,
        _ => return None,
    };
    let zone = rest.number(4, 4)?;
    if !rest.0.is_empty() && !is_comment(rest.0) {
        return None;
    }
    let sound = year >= 1900
        && (1..=days_in(year, month)).contains(&(day as u8))
        && hour < 24
        && minute < 60
        && second <= 60
        && zone % 100 < 60
        && zone / 100 < 24;
    let minutes = (zone / 100 * 60 + zone % 100) as i16;
    let offset = match (east, minutes) {
        (false, 0) => None,
        (true, _) => Some(minutes),
        (false, _) => Some(-minutes),
    };
    sound.then_some(DateTime {
        year,
        month,
        day: day as u8,
        hour: hour as u8,
        minute: minute as u8,
        second: second as u8,
        offset,
    })
}

/// ` (CST)`: a comment of letters and blanks.
fn is_comment(rest: &[u8]) -> bool {
    let inner = rest.trim_ascii_start().strip_prefix(b"(").and_then(|rest| rest.strip_suffix(b")"));
    rest.first() == Some(&b' ')
        && inner.is_some_and(|inner| inner.iter().all(|byte| byte.is_ascii_alphabetic() || *byte == b' '))
}

struct Rest<'v>(&'v [u8]);

impl<'v> Rest<'v> {
    fn take(&mut self, length: usize) -> Option<&'v [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(())
    }

    fn blank(&mut self) -> Option<()> {
        self.byte(b' ')
    }

    /// A number of so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u16> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(least..=most).contains(&digits) {
            return None;
        }
        let taken = self.take(digits)?;
        Some(taken.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::finding::Notes;

    #[test]
    fn what_most_mail_has_is_plain() {
        for date in [
            "Fri, 20 Nov 2026 06:01:24 +0800",
            "2 Jun 2025 10:00 -0000",
            "Mon, 2 Jun 2025 10:00:00 +0800 (CST)",
        ] {
            assert!(parse(date.as_bytes()).is_some(), "{date}");
        }
    }

    proptest! {
        #[test]
        fn the_plain_reading_is_the_careful_one(
            day in prop::sample::select(vec!["", "Fri, ", "fri, ", "Xyz, ", "Fri "]),
            number in 0..33u8,
            month in prop::sample::select(vec!["Jan", "feb", "SEP", "Septe", "Feb"]),
            year in prop::sample::select(vec!["2025", "2024", "1969", "1850", "25", "20255"]),
            time in prop::sample::select(vec!["06:01:24", "6:01", "23:59:60", "24:00:00", "06:1:2", "6.01"]),
            zone in prop::sample::select(vec!["+0800", "-0000", "+0000", "-1234", "+2400", "+0160", "GMT", "", "+0800 (CST)", "+0800 (a(b))", "+0800(CST)"]),
        ) {
            let date = format!("{day}{number} {month} {year} {time} {zone}");
            if let Some(plain) = parse(date.as_bytes()) {
                let mut notes = Notes::default();
                prop_assert_eq!(Some(plain), DateTime::parse_carefully(&date, &mut notes), "{}", date);
                prop_assert!(notes.iter().next().is_none(), "{}: {:?}", date, notes);
            }
        }
    }
}
