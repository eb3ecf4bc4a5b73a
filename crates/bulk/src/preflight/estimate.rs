//! When a run will be over at the pace chosen: an estimate without retries, which nobody can know before.
//!
//! Each account sends at the slowest of its rates, at most its quota in 24 hours from the first mail on, only while the
//! window of the day is open. Limits for a destination are followed by the longest of them. A pace that nothing limits
//! has no estimate: mail goes as fast as the servers take it.

use std::time::Duration;

use serde::Serialize;

use crate::campaign::{self, Config};
use crate::ledger::Time;
use crate::pace::{Hours, ProviderPace};

/// The longest run that is estimated: ten years. What takes longer never ends.
pub const LONGEST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

const DAY: i64 = 24 * 60 * 60 * 1000;
const MINUTE: i64 = 60 * 1000;

/// What one account may do: numbers of messages; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// In a second.
    pub per_second: Option<u32>,
    /// In a minute.
    pub per_minute: Option<u32>,
    /// In an hour.
    pub per_hour: Option<u32>,
    /// In 24 hours.
    pub per_day: Option<u32>,
}

impl Limits {
    /// What holds for an account: its own numbers, else the campaign's, else its provider's.
    pub fn of(config: &Config, account: Option<&campaign::Account>, provider: ProviderPace) -> Self {
        let pace = &config.pace;
        let (day, minute) = account.map_or((None, None), |account| (account.per_day, account.per_minute));
        // Whoever names any rate has decided about the rate.
        let rated = pace.per_second.or(pace.per_minute).or(pace.per_hour).or(minute).is_some();
        Self {
            per_second: pace.per_second,
            per_minute: minute.or(pace.per_minute).or(provider.per_minute.filter(|_| !rated)),
            per_hour: pace.per_hour,
            per_day: day.or(pace.per_day).or(provider.per_day),
        }
    }

    /// Messages in a millisecond, but for the quota; `None` is no limit.
    fn rate(&self) -> Option<f64> {
        let each = [(self.per_second, 1_000.0), (self.per_minute, 60_000.0), (self.per_hour, 3_600_000.0)];
        each.into_iter().filter_map(|(most, period)| Some(f64::from(most?) / period)).min_by(f64::total_cmp)
    }
}

/// How long a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// As long as the servers need: nothing limits it.
    AsFast,
    /// Until then.
    Until(Time),
    /// Longer than [`LONGEST`].
    Never,
}

/// The pace, and when a run that begins now will be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// When it would begin.
    pub begins: Time,
    /// How long it takes.
    pub takes: Takes,
    /// How many letters all accounts may send in 24 hours; `None` is no limit.
    pub per_day: Option<u64>,
}

impl Estimate {
    /// For so many letters through these accounts; `destinations` are the numbers of letters to domains with a limit
    /// of their own.
    pub(super) fn new(
        letters: u64,
        accounts: &[Limits],
        destinations: &[(u64, Limits)],
        hours: Option<&Hours>,
        now: Time,
    ) -> Self {
        let whole = takes(letters, accounts, hours, now);
        let each = destinations.iter().map(|(letters, limits)| takes(*letters, &[*limits], hours, now));
        let longest = each.fold(whole, |longest, one| match (longest, one) {
            (Takes::Never, _) | (_, Takes::Never) => Takes::Never,
            (Takes::Until(a), Takes::Until(b)) => Takes::Until(a.max(b)),
            (Takes::AsFast, other) | (other, Takes::AsFast) => other,
        });
        let quotas: Option<Vec<u64>> = accounts.iter().map(|limits| limits.per_day.map(u64::from)).collect();
        let per_day = quotas.filter(|quotas| !quotas.is_empty()).map(|quotas| quotas.iter().sum());
        Self { begins: now, takes: longest, per_day }
    }
}

fn takes(letters: u64, accounts: &[Limits], hours: Option<&Hours>, now: Time) -> Takes {
    let unlimited = |limits: &Limits| limits.rate().is_none() && limits.per_day.is_none();
    if letters == 0 || accounts.is_empty() || accounts.iter().any(unlimited) {
        // In a window it begins when that opens.
        return match hours.and_then(|hours| hours.opens(now)) {
            Some(opens) if letters > 0 => Takes::Until(opens),
            _ => Takes::AsFast,
        };
    }
    let end = now.after(LONGEST);
    let (mut at, mut left) = (now, letters as f64);
    let mut day = Time(i64::MIN);
    let mut quotas = Vec::new();
    while at < end {
        if let Some(opens) = hours.and_then(|hours| hours.opens(at)) {
            at = opens;
            continue;
        }
        if at.0 >= day.0.saturating_add(DAY) {
            day = at;
            quotas = accounts.iter().map(|limits| limits.per_day.map_or(f64::INFINITY, f64::from)).collect();
        }
        let until = closes(hours, at).min(Time(day.0.saturating_add(DAY)));
        let sent = |ms: f64| -> f64 { each(accounts, &quotas, ms).sum() };
        let ms = (until.0 - at.0) as f64;
        if sent(ms) >= left {
            return Takes::Until(Time(at.0 + reached(sent, left, ms)));
        }
        left -= sent(ms);
        let used: Vec<f64> = each(accounts, &quotas, ms).collect();
        quotas.iter_mut().zip(used).for_each(|(quota, used)| *quota -= used);
        at = until;
    }
    Takes::Never
}

/// What each account sends in so many milliseconds.
fn each<'a>(accounts: &'a [Limits], quotas: &'a [f64], ms: f64) -> impl Iterator<Item = f64> + 'a {
    accounts.iter().zip(quotas).map(move |(limits, quota)| match limits.rate() {
        Some(rate) => (rate * ms).min(*quota),
        None => *quota,
    })
}

/// After how many milliseconds, at most `most`, so much is sent.
fn reached(sent: impl Fn(f64) -> f64, wanted: f64, most: f64) -> i64 {
    let (mut low, mut high) = (0.0, most);
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        if sent(middle) >= wanted { high = middle } else { low = middle }
    }
    high.ceil() as i64
}

/// When the window that is open closes, to the minute; a day later at the latest.
fn closes(hours: Option<&Hours>, now: Time) -> Time {
    const STEP: i64 = 30 * MINUTE;
    let Some(hours) = hours else { return Time(now.0.saturating_add(DAY)) };
    let open = |ms: i64| hours.opens(Time(now.0.saturating_add(ms))).is_none();
    let Some(closed) = (1..=DAY / STEP).map(|step| step * STEP).find(|&ms| !open(ms)) else {
        return Time(now.0.saturating_add(DAY));
    };
    let (mut low, mut high) = (closed - STEP, closed);
    while high - low > MINUTE {
        let middle = low.midpoint(high);
        if open(middle) { low = middle } else { high = middle }
    }
    Time(now.0.saturating_add(high))
}

#[cfg(test)]
mod tests {
    use chrono::{Local, TimeZone};

    use super::*;
    use crate::campaign::Window;

    const START: Time = Time(1_795_000_000_000);
    const HOUR: i64 = 3_600_000;

    fn minute(most: u32) -> Limits {
        Limits { per_minute: Some(most), ..Limits::default() }
    }

    fn day(most: u32) -> Limits {
        Limits { per_minute: Some(1), per_day: Some(most), ..Limits::default() }
    }

    #[test]
    fn a_run_is_over_when_the_slowest_limit_is() {
        /// The rule, letters, accounts, destinations, milliseconds.
        type Case<'a> = (&'a str, u64, &'a [Limits], &'a [(u64, Limits)], Option<i64>);
        let cases: &[Case<'_>] = &[
            ("nothing limits it", 1_000_000, &[Limits::default()], &[], None),
            ("no letters", 0, &[minute(1)], &[], None),
            ("600 at 10 a minute", 600, &[minute(10)], &[], Some(HOUR)),
            ("two accounts share", 600, &[minute(10), minute(20)], &[], Some(HOUR / 3)),
            ("the quota lasts", 500, &[day(500)], &[], Some(500 * MINUTE)),
            ("the rest comes a day later", 501, &[day(500)], &[], Some(DAY + MINUTE)),
            ("three days", 1_500, &[day(500)], &[], Some(2 * DAY + 500 * MINUTE)),
            (
                "an account with a quota and one without",
                1_000,
                &[day(100), minute(1)],
                &[],
                Some(900 * MINUTE),
            ),
            (
                "a quota alone goes out at once",
                100,
                &[Limits { per_day: Some(100), ..Limits::default() }],
                &[],
                Some(0),
            ),
            ("a destination is slower", 600, &[minute(600)], &[(60, minute(1))], Some(HOUR)),
            (
                "a destination limits what nothing else does",
                600,
                &[Limits::default()],
                &[(60, minute(1))],
                Some(HOUR),
            ),
        ];
        for (rule, letters, accounts, destinations, expected) in cases {
            let estimate = Estimate::new(*letters, accounts, destinations, None, START);
            let takes = match (estimate.takes, expected) {
                (Takes::Until(then), Some(expected)) => (then.0 - START.0 - expected).abs() <= 1,
                (Takes::AsFast, None) => true,
                _ => false,
            };
            assert!(takes, "{rule}: {estimate:?}");
        }
    }

    #[test]
    fn what_may_send_nothing_never_ends() {
        let none = Limits { per_day: Some(0), ..Limits::default() };
        assert_eq!(Estimate::new(1, &[none], &[], None, START).takes, Takes::Never);
        assert_eq!(Estimate::new(1, &[minute(0)], &[], None, START).takes, Takes::Never);
        let slow = Limits { per_day: Some(1), ..Limits::default() };
        assert_eq!(Estimate::new(3_661, &[slow], &[], None, START).takes, Takes::Never);
    }

    #[test]
    fn outside_of_the_window_nothing_is_sent() {
        let window = Window { from: "09:00".into(), to: "18:00".into(), days: Vec::new() };
        let hours = Hours::new(&window).unwrap();
        let at = |day: u32, hour: u32, minute: u32| {
            Time(Local.with_ymd_and_hms(2026, 11, day, hour, minute, 0).unwrap().timestamp_millis())
        };
        for (letters, now, expected) in [
            (60, at(20, 10, 0), at(20, 11, 0)),
            (60, at(20, 7, 0), at(20, 10, 0)),
            (60, at(20, 17, 30), at(21, 9, 30)),
            (60 * 9 * 2 + 30, at(20, 9, 0), at(22, 9, 30)),
        ] {
            let Takes::Until(then) = Estimate::new(letters, &[minute(1)], &[], Some(&hours), now).takes
            else {
                panic!("{letters} letters");
            };
            assert!((then.0 - expected.0).abs() <= MINUTE, "{letters}: {then:?} {expected:?}");
        }
    }

    #[test]
    fn an_account_has_its_own_numbers_then_the_campaign_s_then_its_provider_s() {
        let qq = ProviderPace::of(hongyan_proto::provider::Provider::of_domain("qq.com"));
        let mut config = Config::default();
        assert_eq!(Limits::of(&config, None, qq).per_minute, qq.per_minute);
        assert_eq!(Limits::of(&config, None, qq).per_day, qq.per_day);
        config.pace.per_second = Some(2);
        config.pace.per_day = Some(70);
        let limits = Limits::of(&config, None, qq);
        assert_eq!((limits.per_second, limits.per_minute, limits.per_day), (Some(2), None, Some(70)));
        let account = campaign::Account { name: "a".into(), per_day: Some(5), per_minute: Some(3) };
        let limits = Limits::of(&config, Some(&account), qq);
        assert_eq!((limits.per_minute, limits.per_day), (Some(3), Some(5)));
    }
}
