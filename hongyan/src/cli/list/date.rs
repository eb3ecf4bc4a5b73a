//! Dates as people write them: the time today, the day this year, else the whole date, at most eleven columns wide.

use chrono::{DateTime, Datelike, FixedOffset, TimeZone};

/// The second `timestamp` in the zone of `now`.
pub(super) fn short<Z: TimeZone>(timestamp: i64, now: &DateTime<Z>) -> String {
    let Some(at) = DateTime::from_timestamp(timestamp, 0) else { return "?".to_owned() };
    let (at, now) = (at.with_timezone(&now.timezone()).naive_local(), now.naive_local());
    let format = match at.date() {
        day if day == now.date() => "%H:%M",
        day if day.year() == now.year() => "%m-%d %H:%M",
        _ => "%Y-%m-%d",
    };
    at.format(format).to_string()
}

/// RFC 3339, in the zone that the mail names (`minutes` east of UTC), else in UTC.
pub(super) fn whole(timestamp: i64, minutes: Option<i16>) -> Option<String> {
    let at = DateTime::from_timestamp(timestamp, 0)?;
    match minutes.and_then(|minutes| FixedOffset::east_opt(i32::from(minutes) * 60)) {
        Some(zone) => Some(at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        None => Some(at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_the_day_the_more_of_its_time_is_shown() {
        let beijing = FixedOffset::east_opt(8 * 3600).unwrap();
        let now = beijing.with_ymd_and_hms(2026, 11, 20, 9, 0, 0).unwrap();
        let at = |y, m, d, h| beijing.with_ymd_and_hms(y, m, d, h, 5, 0).unwrap().timestamp();
        for (timestamp, shown) in [
            (at(2026, 11, 20, 0), "00:05"),
            (at(2026, 11, 20, 23), "23:05"),
            (at(2026, 11, 19, 23), "11-19 23:05"),
            (at(2026, 12, 1, 1), "12-01 01:05"),
            (at(2025, 12, 31, 23), "2025-12-31"),
            (i64::MAX, "?"),
        ] {
            assert_eq!(short(timestamp, &now), shown);
        }
    }

    #[test]
    fn a_whole_date_keeps_the_zone_of_the_mail() {
        let cases = [(Some(480), "1970-01-01T08:00:00+08:00"), (None, "1970-01-01T00:00:00Z")];
        for (zone, shown) in cases {
            assert_eq!(whole(0, zone).as_deref(), Some(shown));
        }
        assert_eq!(whole(i64::MAX, None), None);
    }
}
