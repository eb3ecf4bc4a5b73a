//! Internal dates: `17-Jul-1996 02:44:25 -0700` (RFC 9051 §9, date-time), and days.

use std::fmt;
use std::time::SystemTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A moment with the zone that it was told in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub seconds: i64,
    /// Minutes east of UTC, less than a day.
    pub zone: i16,
}

impl Moment {
    /// The day where it was told, time and zone disregarded: days since 1970-01-01.
    pub fn day(self) -> i64 {
        (self.seconds + i64::from(self.zone) * 60).div_euclid(86_400)
    }

    /// Made of a date and a time of day in a zone; out of range parts carry over.
    pub fn new(day: i64, second_of_day: i64, zone: i16) -> Self {
        Self { seconds: day * 86_400 + second_of_day - i64::from(zone) * 60, zone }
    }
}

impl From<SystemTime> for Moment {
    /// In UTC; times that do not fit are the nearest that do.
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX / 2),
            Err(before) => -i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX / 2),
        };
        Self { seconds, zone: 0 }
    }
}

/// As in INTERNALDATE, without the quotes.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.seconds + i64::from(self.zone) * 60;
        let (year, month, day) = civil(local.div_euclid(86_400));
        let second = local.rem_euclid(86_400);
        let (sign, zone) = if self.zone < 0 { ('-', -self.zone) } else { ('+', self.zone) };
        write!(
            f,
            "{day:2}-{}-{year:04} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            MONTHS[(month - 1) as usize],
            second / 3600,
            second / 60 % 60,
            second % 60,
            zone / 60,
            zone % 60,
        )
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar, however long ago.
pub fn day_of(year: i64, month: u32, day: u32) -> i64 {
    // Years begin in March here, so that the day that comes and goes is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (i64::from(month) + 9) % 12;
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month from 1, day from 1.
fn civil(day: i64) -> (i64, u32, u32) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_printed_as_rfc_9051_has_them() {
        let day = day_of(1996, 7, 17);
        for (moment, printed) in [
            (Moment::new(day, 2 * 3600 + 44 * 60 + 25, -420), "17-Jul-1996 02:44:25 -0700"),
            (Moment::default(), " 1-Jan-1970 00:00:00 +0000"),
            (Moment { seconds: -1, zone: 0 }, "31-Dec-1969 23:59:59 +0000"),
            (Moment { seconds: 951_782_400, zone: 480 }, "29-Feb-2000 08:00:00 +0800"),
        ] {
            assert_eq!(moment.to_string(), printed);
        }
    }

    #[test]
    fn days_and_dates_are_each_others_inverse_over_the_centuries() {
        for day in (-800_000..800_000).step_by(97) {
            let (year, month, of_month) = civil(day);
            assert_eq!(day_of(year, month, of_month), day);
        }
        assert_eq!(Moment { seconds: 0, zone: -1 }.day(), -1);
    }
}
