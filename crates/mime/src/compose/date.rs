//! The `Date` field (RFC 5322 §3.3).

use super::ComposeError;
use std::time::{SystemTime, UNIX_EPOCH};

/// A moment and the offset of the clock that it is shown by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date {
    /// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
    pub seconds: i64,
    /// Minutes east of UTC: 480 for China.
    pub offset_minutes: i16,
}

const DAY: i64 = 86_400;
const FIRST: i64 = -2_208_988_800; // 1900-01-01
const LAST: i64 = 253_402_300_799; // 9999-12-31
const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Date {
    /// `now`, shown by a clock `offset_minutes` east of UTC.
    pub fn new(now: SystemTime, offset_minutes: i16) -> Self {
        let seconds = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
        };
        Date { seconds, offset_minutes }
    }

    /// Appends `Thu, 20 Nov 2025 03:09:00 +0800`.
    pub(super) fn write(self, out: &mut Vec<u8>) -> Result<(), ComposeError> {
        let offset = i64::from(self.offset_minutes);
        let local = self.seconds.checked_add(offset * 60).ok_or(ComposeError::Date)?;
        if !(FIRST..=LAST).contains(&local) || offset.abs() >= 24 * 60 {
            return Err(ComposeError::Date);
        }
        let (day, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, date) = civil(day);
        out.extend_from_slice(WEEKDAYS[day.rem_euclid(7) as usize].as_bytes());
        out.extend_from_slice(b", ");
        if date >= 10 {
            out.push(b'0' + (date / 10) as u8);
        }
        out.extend_from_slice(&[b'0' + (date % 10) as u8, b' ']);
        out.extend_from_slice(MONTHS[month as usize - 1].as_bytes());
        out.push(b' ');
        two_digits(out, year / 100);
        two_digits(out, year % 100);
        out.push(b' ');
        two_digits(out, second / 3600);
        out.push(b':');
        two_digits(out, second / 60 % 60);
        out.push(b':');
        two_digits(out, second % 60);
        out.extend_from_slice(if offset < 0 { b" -" } else { b" +" });
        two_digits(out, offset.abs() / 60);
        two_digits(out, offset.abs() % 60);
        Ok(())
    }
}

fn two_digits(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(&[b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]);
}

/// Year, month and day of the month of a day since 1970-01-01, in the Gregorian calendar. Years are
/// taken from March, so that the leap day is the last of its year.
fn civil(day: i64) -> (i64, i64, i64) {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    const FROM_YEAR_0_MARCH: i64 = 719_468;
    let day = day + FROM_YEAR_0_MARCH;
    let (era, day) = (day.div_euclid(DAYS_IN_400_YEARS), day.rem_euclid(DAYS_IN_400_YEARS));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_rfc_5322_has_them() {
        let cases = [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (1_763_579_340, 480, "Thu, 20 Nov 2025 03:09:00 +0800"),
            (951_782_400, 0, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (951_782_400, -210, "Mon, 28 Feb 2000 20:30:00 -0330"),
            (-1, 0, "Wed, 31 Dec 1969 23:59:59 +0000"),
            (FIRST, 0, "Mon, 1 Jan 1900 00:00:00 +0000"),
            (LAST, 0, "Fri, 31 Dec 9999 23:59:59 +0000"),
        ];
        for (seconds, offset_minutes, expected) in cases {
            let mut out = Vec::new();
            Date { seconds, offset_minutes }.write(&mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn dates_that_have_no_four_digit_year_are_refused() {
        for date in [(i64::MAX, 0), (i64::MIN, 0), (LAST, 1), (FIRST, -1), (0, 1440), (0, -1440)] {
            let date = Date { seconds: date.0, offset_minutes: date.1 };
            assert!(matches!(date.write(&mut Vec::new()), Err(ComposeError::Date)), "{date:?}");
        }
    }
}
