//! The time of the day in which mail is sent: `09:00` to `18:00`, on some days of the week, in the system's time zone.

use std::fmt;

use chrono::{DateTime, Datelike, Days, Local, NaiveTime, TimeZone, Weekday};

use crate::campaign::Window;
use crate::ledger::Time;

/// A window of the day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    from: NaiveTime,
    to: NaiveTime,
    /// Monday first.
    days: [bool; 7],
}

/// What cannot be understood in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoursError(
    /// As it is written.
    pub String,
);

impl fmt::Display for HoursError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither a time like 09:00 nor a day like mon", self.0)
    }
}

impl std::error::Error for HoursError {}

impl Hours {
    /// Reads a window as it is written.
    ///
    /// # Errors
    /// What is no time or no day of the week.
    pub fn new(window: &Window) -> Result<Self, HoursError> {
        let time = |text: &str| match text {
            "24:00" => Ok(NaiveTime::MIN),
            _ => NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| HoursError(text.to_owned())),
        };
        let mut days = [window.days.is_empty(); 7];
        for day in &window.days {
            let weekday: Weekday = day.parse().map_err(|_| HoursError(day.clone()))?;
            days[weekday.num_days_from_monday() as usize] = true;
        }
        Ok(Self { from: time(&window.from)?, to: time(&window.to)?, days })
    }

    /// `None` while it is open, else when it opens next.
    pub fn opens(&self, now: Time) -> Option<Time> {
        let now = local(now)?;
        self.opens_in(now).map(|then| Time(then.timestamp_millis()))
    }

    /// The day that counts is the one on which the window opened.
    fn opens_in<Z: TimeZone>(&self, now: DateTime<Z>) -> Option<DateTime<Z>> {
        let (today, time) = (now.date_naive(), now.time());
        let open_on = |date: chrono::NaiveDate| self.days[date.weekday().num_days_from_monday() as usize];
        let over_night = self.to <= self.from;
        let open = match over_night {
            false => open_on(today) && (self.from..self.to).contains(&time),
            true => {
                open_on(today) && time >= self.from || today.pred_opt().is_some_and(open_on) && time < self.to
            }
        };
        if open {
            return None;
        }
        (0..=8).find_map(|ahead| {
            let date = today.checked_add_days(Days::new(ahead))?;
            // A time that the change to summer time leaves out: the hour after it.
            let zone = now.timezone();
            let opening = (0..3).find_map(|later| {
                let time = date.and_time(self.from) + chrono::Duration::hours(later);
                zone.from_local_datetime(&time).earliest()
            })?;
            (open_on(date) && opening > now).then_some(opening)
        })
    }
}

fn local(time: Time) -> Option<DateTime<Local>> {
    Local.timestamp_millis_opt(time.0).single()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    fn hours(from: &str, to: &str, days: &[&str]) -> Hours {
        let days = days.iter().map(|day| day.to_string()).collect();
        Hours::new(&Window { from: from.into(), to: to.into(), days }).unwrap()
    }

    #[test]
    fn a_window_is_open_or_opens_at_a_time() {
        const WEEK: &[&str] = &["mon", "tue", "wed", "thu", "fri"];
        // 2026-11-20 is a Friday.
        for (from, to, days, now, opens) in [
            ("09:00", "18:00", &[][..], "2026-11-20 09:00", None),
            ("09:00", "18:00", &[], "2026-11-20 17:59", None),
            ("09:00", "18:00", &[], "2026-11-20 18:00", Some("2026-11-21 09:00")),
            ("09:00", "18:00", WEEK, "2026-11-20 18:00", Some("2026-11-23 09:00")),
            ("09:00", "18:00", &["fri"], "2026-11-20 18:00", Some("2026-11-27 09:00")),
            ("22:00", "06:00", &[], "2026-11-20 23:00", None),
            ("22:00", "06:00", &[], "2026-11-20 05:59", None),
            ("22:00", "06:00", &[], "2026-11-20 06:00", Some("2026-11-20 22:00")),
            // The night of Friday goes on into Saturday; Thursday's night is none of it.
            ("22:00", "06:00", &["fri"], "2026-11-21 05:00", None),
            ("22:00", "06:00", &["fri"], "2026-11-20 05:00", Some("2026-11-20 22:00")),
            ("00:00", "24:00", &["sat"], "2026-11-21 23:59", None),
        ] {
            let zone = FixedOffset::east_opt(8 * 3600).unwrap();
            let at = |text: &str| {
                let naive = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
                zone.from_local_datetime(&naive).unwrap()
            };
            assert_eq!(
                hours(from, to, days).opens_in(at(now)),
                opens.map(at),
                "{from}-{to} {days:?} at {now}"
            );
        }
    }

    #[test]
    fn what_is_no_time_or_day_is_said() {
        for (from, day, wrong) in
            [("9", "mon", "9"), ("25:00", "mon", "25:00"), ("09:00", "someday", "someday")]
        {
            let window = Window { from: from.into(), to: "10:00".into(), days: vec![day.into()] };
            assert_eq!(Hours::new(&window), Err(HoursError(wrong.into())));
        }
    }
}
