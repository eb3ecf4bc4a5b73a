//! A message's internal date (RFC 3501 §2.3.3): when the server got it, or was told that it was got.

use std::fmt;
use std::time::{Duration, SystemTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time, and the zone it is told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub unix: i64,
    /// East of UTC, in minutes.
    pub offset: i16,
}

impl Date {
    /// The day in its own zone, time and zone disregarded: days since 1970-01-01.
    pub fn day(self) -> i64 {
        (self.unix + i64::from(self.offset) * 60).div_euclid(86_400)
    }

    /// Reads ` 7-Feb-1994 21:52:25 -0800`; a day of one digit may stand without its blank.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.trim_ascii_start();
        let (date, rest) = text.split_once(' ')?;
        let (time, zone) = rest.split_once(' ')?;
        let mut date = date.splitn(3, '-');
        let day = number(date.next()?, 1..=2)?;
        let month = date.next()?;
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
        let year = number(date.next()?, 4..=4)?;
        let mut time = time.splitn(3, ':');
        let hour = number(time.next()?, 2..=2)?;
        let minute = number(time.next()?, 2..=2)?;
        let second = number(time.next()?, 2..=2)?;
        let (sign, zone) = match zone.as_bytes().first()? {
            b'+' => (1, &zone[1..]),
            b'-' => (-1, &zone[1..]),
            _ => return None,
        };
        let zone = number(zone, 4..=4)?;
        let sound = (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61 && zone % 100 < 60;
        if !sound {
            return None;
        }
        let offset = sign * (zone / 100 * 60 + zone % 100);
        let days = days_from_civil(year, month as i64 + 1, day);
        let unix = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
        Some(Self { unix, offset: i16::try_from(offset).ok()? })
    }
}

/// In UTC, whole seconds.
impl From<SystemTime> for Date {
    fn from(time: SystemTime) -> Self {
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let unix = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => seconds(since),
            Err(before) => -seconds(before.duration()),
        };
        Self { unix, offset: 0 }
    }
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    (digits.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// Days since 1970-01-01 in the Gregorian calendar; months from 1. A year here begins in March, so that the
/// day that comes and goes is its last.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month from 1, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

impl fmt::Display for Date {
    /// ` 7-Feb-1994 21:52:25 -0800`, without quotes (RFC 3501 `date-time`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.unix + i64::from(self.offset) * 60;
        let (days, seconds) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = civil_from_days(days);
        let month = usize::try_from(month - 1).ok().and_then(|n| MONTHS.get(n)).unwrap_or(&"Jan");
        let (sign, offset) = (if self.offset < 0 { '-' } else { '+' }, self.offset.unsigned_abs());
        write!(
            f,
            "{day:>2}-{month}-{year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            offset / 60,
            offset % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (text, unix, offset) in [
            (" 7-Feb-1994 21:52:25 -0800", 760_686_745, -480),
            ("17-Jul-1996 02:44:25 -0700", 837_596_665, -420),
            (" 1-Jan-1970 08:00:00 +0800", 0, 480),
            ("29-Feb-2024 00:00:00 +0000", 1_709_164_800, 0),
            ("31-Dec-1969 23:59:59 +0000", -1, 0),
            (" 1-Mar-2000 12:30:00 +0530", 951_894_000, 330),
        ] {
            let date = Date::parse(text.as_bytes()).expect(text);
            assert_eq!(date, Date { unix, offset }, "{text}");
            assert_eq!(date.to_string(), text);
        }
        assert_eq!(Date::parse(b"7-feb-1994 21:52:25 -0800"), Date::parse(b" 7-Feb-1994 21:52:25 -0800"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            " 7-Feb-1994",
            " 7-Foo-1994 21:52:25 -0800",
            " 7-Feb-94 21:52:25 -0800",
            "32-Jan-2024 00:00:00 +0000",
            " 7-Feb-1994 24:00:00 +0000",
            " 7-Feb-1994 21:52:25 GMT",
            "0-Feb-1994 21:52:25 +0000",
            " 7-Feb-1994 1:2:3 +0000",
        ] {
            assert_eq!(Date::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_that_of_its_own_zone() {
        let date = Date { unix: 0, offset: -1 };
        assert_eq!(
            (date.day(), Date::default().day(), Date::from(SystemTime::UNIX_EPOCH)),
            (-1, 0, Date::default())
        );
    }

    #[test]
    fn every_day_of_eight_centuries_is_its_own() {
        for days in -150_000..150_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days, "{year}-{month}-{day}");
        }
    }
}
