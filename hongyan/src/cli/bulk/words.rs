//! Words of a campaign for people: its states, lengths of time, and text in columns.

use std::time::Duration;

use chrono::{DateTime, Local};
use console::{measure_text_width, truncate_str};
use hongyan_bulk::ledger::{State, Time};
use hongyan_bulk::report;

use crate::cli::paint::Style;
use crate::cli::terminal::Language;

/// The language of a report.
pub(super) fn of_report(language: Language) -> report::Language {
    language.choose(report::Language::English, report::Language::Chinese)
}

/// A state, and how it looks.
pub(super) fn state(state: State, language: Language) -> (&'static str, Style) {
    let style = match state {
        State::Accepted => Style::Good,
        State::Rejected => Style::Bad,
        State::Deferred | State::InDoubt => Style::Notice,
        State::Suppressed | State::Skipped => Style::Quiet,
        State::Pending | State::Leased | State::InData => Style::Plain,
    };
    (report::state_word(state, of_report(language)), style)
}

/// About so long: `6 minutes`.
pub(super) fn about(duration: Duration, language: Language) -> String {
    let seconds = duration.as_secs();
    let (number, one, many, zh) = match seconds {
        0..=99 => (seconds.max(1), "second", "seconds", "秒"),
        100..=5_399 => (seconds.div_ceil(60), "minute", "minutes", "分钟"),
        5_400..=172_799 => (seconds.div_ceil(3_600), "hour", "hours", "小时"),
        _ => (seconds.div_ceil(86_400), "day", "days", "天"),
    };
    match language {
        Language::English => format!("{number} {}", if number == 1 { one } else { many }),
        Language::Chinese => format!("{number} {zh}"),
    }
}

/// The time today, else with its day.
pub(super) fn moment(time: Time) -> String {
    let Some(at) = DateTime::from_timestamp_millis(time.0) else { return "?".to_owned() };
    let at = at.with_timezone(&Local);
    let format = if at.date_naive() == Local::now().date_naive() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    at.format(format).to_string()
}

/// `2026-11-20 17:15:50 +08:00`, in the system's zone.
pub(super) fn stamp(time: Time) -> String {
    let at = DateTime::from_timestamp_millis(time.0).map(|at| at.with_timezone(&Local));
    at.map(|at| at.format("%Y-%m-%d %H:%M:%S %:z").to_string()).unwrap_or_default()
}

/// RFC 3339, in the system's zone.
pub(super) fn exact(time: Time) -> Option<String> {
    let at = DateTime::from_timestamp_millis(time.0)?.with_timezone(&Local);
    Some(at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
}

/// The text in so many columns, cut or filled up on the right.
pub(super) fn left(text: &str, columns: usize) -> String {
    let cut = truncate_str(text, columns, "…");
    format!("{cut}{}", " ".repeat(columns.saturating_sub(measure_text_width(&cut))))
}

/// The text in so many columns, filled up on the left.
pub(super) fn right(text: &str, columns: usize) -> String {
    format!("{}{text}", " ".repeat(columns.saturating_sub(measure_text_width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_the_unit_that_people_use() {
        for (seconds, english, chinese) in [
            (0, "1 second", "1 秒"),
            (59, "59 seconds", "59 秒"),
            (100, "2 minutes", "2 分钟"),
            (5_400, "2 hours", "2 小时"),
            (86_400 * 3, "3 days", "3 天"),
        ] {
            let duration = Duration::from_secs(seconds);
            assert_eq!(about(duration, Language::English), english);
            assert_eq!(about(duration, Language::Chinese), chinese);
        }
    }

    #[test]
    fn columns_count_wide_characters_twice() {
        assert_eq!((left("已接受", 8), right("已接受", 8)), ("已接受  ".to_owned(), "  已接受".to_owned()));
        assert_eq!(left("一二三四五", 6), "一二…  ".trim_end().to_owned() + " ");
    }
}
