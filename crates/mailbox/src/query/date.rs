//! Dates in queries: a day, a month or a year, in the time zone of whoever asks.

use chrono::{DateTime, Days, Duration, Months, NaiveDate, TimeZone};

/// Days, the second date not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    from: NaiveDate,
    until: NaiveDate,
}

impl Span {
    /// Reads `2026-01-31`, `2026-01`, `2026` (also with `/` or `.`), `today`, `yesterday`, `7d`, `2w`, `3m`, `1y`.
    pub(super) fn parse(text: &str, today: NaiveDate) -> Option<Self> {
        match text {
            "today" | "今天" => return Self::day(today),
            "yesterday" | "昨天" => return Self::day(today.pred_opt()?),
            _ => {}
        }
        Self::ago(text, today).or_else(|| Self::civil(text))
    }

    fn day(from: NaiveDate) -> Option<Self> {
        Some(Self { from, until: from.succ_opt()? })
    }

    /// The day so long ago.
    fn ago(text: &str, today: NaiveDate) -> Option<Self> {
        let unit = text.chars().next_back()?;
        let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
        Self::day(match unit {
            'd' => today.checked_sub_days(Days::new(number.into()))?,
            'w' => today.checked_sub_days(Days::new(u64::from(number) * 7))?,
            'm' => today.checked_sub_months(Months::new(number))?,
            'y' => today.checked_sub_months(Months::new(number.checked_mul(12)?))?,
            _ => return None,
        })
    }

    fn civil(text: &str) -> Option<Self> {
        let mut pieces = text.split(['-', '/', '.']);
        let year = pieces.next().filter(|year| year.len() == 4)?.parse().ok()?;
        let two = |piece: &str| piece.parse::<u32>().ok().filter(|_| piece.len() <= 2);
        let (month, day) = (pieces.next(), pieces.next());
        if pieces.next().is_some() {
            return None;
        }
        let first = NaiveDate::from_ymd_opt(year, month.map_or(Some(1), two)?, day.map_or(Some(1), two)?)?;
        let until = match (month, day) {
            (Some(_), Some(_)) => first.succ_opt()?,
            (Some(_), None) => first.checked_add_months(Months::new(1))?,
            (None, _) => first.checked_add_months(Months::new(12))?,
        };
        Some(Self { from: first, until })
    }

    /// Its first second and the first one after it, since 1970-01-01T00:00:00Z.
    pub(super) fn seconds<Z: TimeZone>(self, zone: &Z) -> (i64, i64) {
        (midnight(self.from, zone), midnight(self.until, zone))
    }
}

/// When a day begins. Where the clocks skip midnight that is an hour later by the clock.
fn midnight<Z: TimeZone>(day: NaiveDate, zone: &Z) -> i64 {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    let begins = |at| zone.from_local_datetime(&at).earliest().map(|at: DateTime<Z>| at.timestamp());
    begins(midnight)
        .or_else(|| begins(midnight.checked_add_signed(Duration::hours(1))?))
        .unwrap_or_else(|| midnight.and_utc().timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    #[test]
    fn a_date_is_a_day_a_month_or_a_year() {
        let date = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
        let today = date(2026, 3, 31);
        for (text, from, until) in [
            ("2026-01-31", date(2026, 1, 31), date(2026, 2, 1)),
            ("2026/1/2", date(2026, 1, 2), date(2026, 1, 3)),
            ("2026.12.31", date(2026, 12, 31), date(2027, 1, 1)),
            ("2026-02", date(2026, 2, 1), date(2026, 3, 1)),
            ("2024", date(2024, 1, 1), date(2025, 1, 1)),
            ("today", today, date(2026, 4, 1)),
            ("昨天", date(2026, 3, 30), today),
            ("1d", date(2026, 3, 30), today),
            ("2w", date(2026, 3, 17), date(2026, 3, 18)),
            ("1m", date(2026, 2, 28), date(2026, 3, 1)),
            ("1y", date(2025, 3, 31), date(2025, 4, 1)),
        ] {
            assert_eq!(Span::parse(text, today), Some(Span { from, until }), "{text}");
        }
        for text in [
            "",
            "d",
            "-1d",
            "26-01-01",
            "2026-13",
            "2026-02-30",
            "2026-1-1-1",
            "2026-",
            "２０２６",
            "tomorrow",
            "4294967295y",
            "999999999d",
            "2026-001-1",
        ] {
            assert_eq!(Span::parse(text, today), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_by_the_local_clock() {
        let day = Span::parse("2026-01-01", NaiveDate::MIN).unwrap();
        let beijing = FixedOffset::east_opt(8 * 3600).unwrap();
        // 2025-12-31T16:00:00Z
        assert_eq!(day.seconds(&beijing), (1_767_196_800, 1_767_196_800 + 86_400));
        assert_eq!(day.seconds(&chrono::Utc).0, 1_767_225_600);
    }
}
