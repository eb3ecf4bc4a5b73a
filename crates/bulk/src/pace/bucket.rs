//! A token bucket: so many at once, and so many in a time. Pure: the time comes from outside, so that stores can keep
//! buckets and tests can choose the time.

use std::time::Duration;

use crate::ledger::Time;

/// How many tokens there are in which time, spread evenly, and how many may be saved up. Where all of them may be used at once
/// (`burst` is `tokens`), nothing is spread: there are so many in each period, counted from the first use, and
/// never more, as with a quota for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// Tokens in each `period`; at least 1.
    pub tokens: u32,
    /// In this time; at least a millisecond.
    pub period: Duration,
    /// The most that can be saved up; at least 1. A bucket that was never used is full.
    pub burst: u32,
}

/// A bucket between two uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// What is in it. A token is as many as the rate's period has milliseconds, so that nothing is lost by rounding.
    pub level: i64,
    /// As of when.
    pub at: Time,
}

impl Bucket {
    /// A full one.
    pub fn full(rate: Rate, now: Time) -> Self {
        Self { level: clamp(most(rate)), at: now }
    }

    /// Takes up to `want` tokens. Gives how many, and how long to wait for the next one where there are fewer.
    /// A clock that goes back adds nothing and takes nothing away.
    pub fn take(&mut self, rate: Rate, want: u32, now: Time) -> (u32, Duration) {
        let (token, tokens) = (token(rate), i128::from(rate.tokens.max(1)));
        if rate.burst == rate.tokens {
            return self.take_of_a_quota(rate, want, now);
        }
        let elapsed = i128::from(now.0.saturating_sub(self.at.0).max(0));
        let mut level = (i128::from(self.level) + elapsed * tokens).min(most(rate));
        let given = u32::try_from((level / token).max(0)).unwrap_or(u32::MAX).min(want);
        level -= i128::from(given) * token;
        *self = Self { level: clamp(level), at: now };
        if given == want {
            return (given, Duration::ZERO);
        }
        let wait = (token - level + tokens - 1) / tokens;
        (given, Duration::from_millis(u64::try_from(wait.max(1)).unwrap_or(u64::MAX)))
    }
}

impl Bucket {
    /// `at` is when the period began.
    fn take_of_a_quota(&mut self, rate: Rate, want: u32, now: Time) -> (u32, Duration) {
        let is_full = i128::from(self.level) >= most(rate);
        if is_full || now.since(self.at) >= rate.period {
            *self = Self::full(rate, now);
        }
        let left = u32::try_from((i128::from(self.level) / token(rate)).max(0)).unwrap_or(u32::MAX);
        let given = left.min(want);
        self.level -= clamp(i128::from(given) * token(rate));
        let ends = self.at.after(rate.period);
        (given, if given == want { Duration::ZERO } else { ends.since(now).max(Duration::from_millis(1)) })
    }
}

/// How many units a token is.
fn token(rate: Rate) -> i128 {
    i128::try_from(rate.period.as_millis()).unwrap_or(i128::MAX >> 64).max(1)
}

/// How many units the bucket holds.
fn most(rate: Rate) -> i128 {
    i128::from(rate.burst.max(1)) * token(rate)
}

fn clamp(level: i128) -> i64 {
    i64::try_from(level).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWENTY_A_MINUTE: Rate = Rate { tokens: 20, period: Duration::from_secs(60), burst: 5 };

    #[test]
    fn a_full_bucket_gives_its_burst_and_then_one_every_three_seconds() {
        let mut bucket = Bucket::full(TWENTY_A_MINUTE, Time(0));
        assert_eq!(bucket.take(TWENTY_A_MINUTE, 9, Time(0)), (5, Duration::from_secs(3)));
        assert_eq!(bucket.take(TWENTY_A_MINUTE, 1, Time(2_999)).0, 0);
        assert_eq!(bucket.take(TWENTY_A_MINUTE, 1, Time(3_000)), (1, Duration::ZERO));
        assert_eq!(
            bucket.take(TWENTY_A_MINUTE, 9, Time(3_600_000)).0,
            5,
            "no more is saved up than the burst"
        );
    }

    #[test]
    fn asking_often_does_not_lose_what_flows_in_between() {
        let mut bucket = Bucket::full(TWENTY_A_MINUTE, Time(0));
        let given: u32 = (0..=60_000).map(|ms| bucket.take(TWENTY_A_MINUTE, 9, Time(ms)).0).sum();
        assert_eq!(given, 25);
    }

    #[test]
    fn a_quota_is_never_exceeded_in_its_period_and_begins_anew_after_it() {
        const DAY: i64 = 24 * 60 * 60 * 1000;
        let quota = Rate { tokens: 500, period: Duration::from_millis(DAY as u64), burst: 500 };
        let mut bucket = Bucket::full(quota, Time(0));
        let begun = Time(3_600_000);
        assert_eq!(bucket.take(quota, 300, begun), (300, Duration::ZERO));
        let later = Time(begun.0 + DAY - 1000);
        assert_eq!(bucket.take(quota, 300, later), (200, Duration::from_secs(1)));
        assert_eq!(bucket.take(quota, 300, Time(begun.0 + DAY)), (300, Duration::ZERO));
    }

    #[test]
    fn a_clock_that_goes_back_neither_gives_nor_takes() {
        let mut bucket = Bucket::full(TWENTY_A_MINUTE, Time(1_000_000));
        bucket.take(TWENTY_A_MINUTE, 5, Time(1_000_000));
        assert_eq!(bucket.take(TWENTY_A_MINUTE, 1, Time(0)).0, 0);
        assert_eq!(bucket.take(TWENTY_A_MINUTE, 1, Time(3_000)).0, 1);
    }
}
