//! Dates and times: days since an epoch, and what of them a format shows.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Timelike};

use super::Epoch;
use super::code::{Part, Section, Token};

/// The last day that Excel shows: 9999-12-31.
const LAST: f64 = 2_958_466.0;
/// Days between the epochs.
const FROM_1900_TO_1904: f64 = 1462.0;

/// A moment as a calendar and a clock show it.
struct Moment {
    year: i32,
    month: u32,
    day: u32,
    /// From Sunday, 0.
    weekday: usize,
    hour: u64,
    minute: u64,
    second: u64,
    /// In units of the finest decimal shown.
    fraction: u64,
    /// In all, in those units.
    units: u64,
    /// How many units a second has.
    per_second: u64,
}

/// A number under a section that shows dates or times; `None` where it lies outside the calendar.
pub(super) fn show(section: &Section, value: f64, epoch: Epoch) -> Option<String> {
    let decimals = section.tokens.iter().find_map(|token| match token {
        Token::Date(Part::Subsecond(count)) => Some((*count).min(3)),
        _ => None,
    });
    let elapsed = section.tokens.iter().any(|token| matches!(token, Token::Date(Part::Elapsed(..))));
    let negative = elapsed && value < 0.0;
    let moment = moment(if negative { -value } else { value }, decimals.unwrap_or(0), epoch, elapsed)?;
    let twelve = section.tokens.iter().any(|token| matches!(token, Token::Date(Part::Noon(..))));
    let mut out = String::new();
    if negative {
        out.push('-');
    }
    for token in &section.tokens {
        match token {
            Token::Literal(literal) => out.push_str(literal),
            Token::Point => out.push('.'),
            Token::Comma => out.push(','),
            Token::Percent => out.push('%'),
            Token::Slash => out.push('/'),
            Token::Digit(digit) => out.push(*digit),
            Token::Date(part) => out.push_str(&moment.part(*part, twelve, section.chinese)),
            Token::Exponent(_) | Token::General | Token::Text => {}
        }
    }
    Some(out)
}

/// The number of a date in ISO 8601, as `2026-11-20` or `2026-11-20T15:04:05`.
pub(crate) fn serial(text: &str, epoch: Epoch) -> Option<f64> {
    let (date, time) = text.trim_end_matches('Z').split_once('T').unwrap_or((text, "00:00:00"));
    let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
    let time = NaiveTime::parse_from_str(time, "%H:%M:%S%.f").ok()?;
    let days = date.signed_duration_since(NaiveDate::from_ymd_opt(1899, 12, 30)?).num_days();
    let shift = if epoch == Epoch::Y1904 { FROM_1900_TO_1904 } else { 0.0 };
    let before_leap = if days < 60 { 1.0 } else { 0.0 };
    Some(days as f64 - before_leap - shift + f64::from(time.num_seconds_from_midnight()) / 86_400.0)
}

fn moment(value: f64, decimals: usize, epoch: Epoch, elapsed: bool) -> Option<Moment> {
    let value = match epoch {
        Epoch::Y1904 if !elapsed => value + FROM_1900_TO_1904,
        _ => value,
    };
    if !(0.0..LAST).contains(&value) {
        return None;
    }
    let per_second = 10_u64.pow(u32::try_from(decimals).unwrap_or(0));
    let per_day = 86_400 * per_second;
    // Below 2^53: three million days of 86,400,000 milliseconds.
    let units = (value * per_day as f64).round() as u64;
    let (days, within) = (units / per_day, units % per_day);
    let seconds = within / per_second;
    let (year, month, day, weekday) = calendar(days)?;
    Some(Moment {
        year,
        month,
        day,
        weekday,
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        fraction: within % per_second,
        units,
        per_second,
    })
}

/// The date of a day of the 1900 system, with its two that never were: the 0th of January and the 29th of February.
fn calendar(days: u64) -> Option<(i32, u32, u32, usize)> {
    let weekday = usize::try_from((days + 6) % 7).unwrap_or(0);
    match days {
        0 => return Some((1900, 1, 0, weekday)),
        60 => return Some((1900, 2, 29, weekday)),
        _ => {}
    }
    let base = NaiveDate::from_ymd_opt(1899, 12, if days < 60 { 31 } else { 30 })?;
    let date = base.checked_add_days(Days::new(days))?;
    Some((date.year(), date.month(), date.day(), weekday))
}

impl Moment {
    fn part(&self, part: Part, twelve: bool, chinese: bool) -> String {
        const MONTHS: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        const DAYS: [&str; 7] =
            ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
        const ZH_DAYS: [&str; 7] = ["日", "一", "二", "三", "四", "五", "六"];
        let month = usize::try_from(self.month).unwrap_or(1).clamp(1, 12);
        match part {
            Part::Year(count) if count <= 2 => format!("{:02}", self.year.rem_euclid(100)),
            Part::Year(_) => format!("{:04}", self.year),
            Part::Month(1) => self.month.to_string(),
            Part::Month(2) => format!("{:02}", self.month),
            Part::Month(_) if chinese => format!("{month}月"),
            Part::Month(3) => MONTHS[month - 1][..3].to_owned(),
            Part::Month(5) => MONTHS[month - 1][..1].to_owned(),
            Part::Month(_) => MONTHS[month - 1].to_owned(),
            Part::Day(1) => self.day.to_string(),
            Part::Day(2) => format!("{:02}", self.day),
            Part::Day(3) if chinese => format!("周{}", ZH_DAYS[self.weekday]),
            Part::Day(3) => DAYS[self.weekday][..3].to_owned(),
            Part::Day(_) if chinese => format!("星期{}", ZH_DAYS[self.weekday]),
            Part::Day(_) => DAYS[self.weekday].to_owned(),
            Part::Weekday(3) => ZH_DAYS[self.weekday].to_owned(),
            Part::Weekday(_) => format!("星期{}", ZH_DAYS[self.weekday]),
            Part::Hour(count) => {
                let hour = if twelve { (self.hour + 11) % 12 + 1 } else { self.hour };
                padded(hour, count)
            }
            Part::Minute(count) => padded(self.minute, count),
            Part::Second(count) => padded(self.second, count),
            Part::Subsecond(count) => {
                // Finer than is shown of it there are zeros: nobody measures wages in microseconds.
                let shown = count.min(3);
                format!("{:0shown$}{}", self.fraction, "0".repeat(count - shown))
            }
            Part::Elapsed(unit, count) => {
                let seconds = self.units / self.per_second;
                let all = match unit {
                    'h' => seconds / 3600,
                    'm' => seconds / 60,
                    _ => seconds,
                };
                padded(all, count)
            }
            Part::Noon(before, behind) => (if self.hour < 12 { before } else { behind }).to_owned(),
        }
    }
}

fn padded(value: u64, count: usize) -> String {
    if count >= 2 { format!("{value:0width$}", width = count.min(9)) } else { value.to_string() }
}
