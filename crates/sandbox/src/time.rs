//! Times as people and programs read them: RFC 3339, UTC, to the microsecond.

use std::time::{SystemTime, UNIX_EPOCH};

use hongyan_proto::imap::date::days_from_civil;

/// `2026-02-15T10:11:12.345678Z`; a clock before 1970 counts as 1970.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, micros) = (since.as_secs(), since.subsec_micros());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// The date of a day counted from 1970-01-01, in the Gregorian calendar: years are counted from March, so
/// that the leap day is a year's last.
fn date(day: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097; // days of 400 years
    let day = day + 719_468; // from 0000-03-01
    let (era, of_era) = (day / ERA, day % ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

/// The seconds since 1970 of a time that [`rfc3339`] wrote; `None` for anything else.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    let marks = text.len() == 27 && text.ends_with('Z') && text.get(10..11) == Some("T");
    let fits =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    let of_day = i64::from(hour * 3600 + minute * 60 + second);
    (marks && fits).then(|| days_from_civil(year.into(), month.into(), day.into()) * 86_400 + of_day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000007Z"),
            (951_782_399, "2000-02-28T23:59:59.000007Z"),
            (951_782_400, "2000-02-29T00:00:00.000007Z"),
            (951_868_800, "2000-03-01T00:00:00.000007Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000007Z"),
            (1_767_225_600, "2026-01-01T00:00:00.000007Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000007Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(7)), text);
            assert_eq!(super::seconds(text), i64::try_from(seconds).ok());
        }
        for text in ["", "yesterday", "2026-13-01T00:00:00.000000Z", "2026-01-01 00:00:00.000000Z"] {
            assert_eq!(super::seconds(text), None, "{text}");
        }
    }
}
