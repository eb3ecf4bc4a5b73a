//! What an account does when its provider says "slow down": nothing for as long as the provider says, then half as fast as
//! it was, and twice as fast again after each quarter of an hour in which nothing was said.

use std::time::Duration;

use super::{Bucket, Rate};
use crate::ledger::Time;

const MINUTE: Duration = Duration::from_secs(60);
/// After so long without a word it may go twice as fast.
const FORGIVEN: Duration = Duration::from_secs(15 * 60);
/// Faster than this is as fast as can be: nothing is held back any more. In messages a minute.
const FAST: u32 = 6000;

/// How fast an account may go after what its provider said.
#[derive(Clone, Debug, Default)]
pub struct Slower {
    until: Option<Time>,
    said: Option<Time>,
    held: Option<(u32, Bucket)>,
    /// Messages taken in the minute that began then, and in the one before.
    minute: (Time, u32),
    before: u32,
}

impl Slower {
    /// The provider has said it, and for how long.
    pub fn said(&mut self, now: Time, pause: Duration) {
        if self.cooling(now).is_none() {
            let was = self.held.map_or_else(|| self.before.max(self.minute.1), |(rate, _)| rate);
            let rate = (was / 2).max(1);
            self.held = Some((rate, Bucket { level: 0, at: now }));
        }
        self.until = self.until.max(Some(now.after(pause)));
        self.said = Some(now.after(pause));
    }

    /// A message was taken.
    pub fn accepted(&mut self, now: Time) {
        let since = now.since(self.minute.0);
        if since >= MINUTE {
            self.before = if since >= 2 * MINUTE { 0 } else { self.minute.1 };
            self.minute = (now, 0);
        }
        self.minute.1 += 1;
    }

    /// Until when nothing is sent.
    pub fn cooling(&self, now: Time) -> Option<Time> {
        self.until.filter(|until| *until > now)
    }

    /// Up to `want` messages, and how long to wait where there are fewer.
    pub fn take(&mut self, want: u32, now: Time) -> (u32, Duration) {
        let Some((rate, mut bucket)) = self.held else { return (want, Duration::ZERO) };
        let mut rate = rate;
        if self.said.is_some_and(|said| now.since(said) >= FORGIVEN) {
            rate = rate.saturating_mul(2);
            self.said = Some(now);
            if rate >= FAST {
                self.held = None;
                return (want, Duration::ZERO);
            }
        }
        let taken = bucket.take(Rate { tokens: rate, period: MINUTE, burst: 1 }, want, now);
        self.held = Some((rate, bucket));
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1000;

    #[test]
    fn it_waits_then_goes_half_as_fast_and_is_forgiven_in_time() {
        let mut slower = Slower::default();
        assert_eq!(slower.take(100, Time(0)), (100, Duration::ZERO));
        for second in 0..60 {
            slower.accepted(Time(second * SECOND));
        }
        let now = Time(60 * SECOND);
        slower.said(now, MINUTE);
        assert_eq!(slower.cooling(now), Some(Time(120 * SECOND)));
        assert_eq!(slower.cooling(Time(120 * SECOND)), None);
        let sent = |slower: &mut Slower, from: i64| {
            (0..60).map(|second| slower.take(10, Time((from + second) * SECOND)).0).sum::<u32>()
        };
        sent(&mut slower, 120);
        assert_eq!(sent(&mut slower, 180), 30);
        sent(&mut slower, 120 + 15 * 60);
        assert_eq!(sent(&mut slower, 180 + 15 * 60), 60, "forgiven once");
    }

    #[test]
    fn many_words_at_once_count_as_one() {
        let mut slower = Slower::default();
        for second in 0..60 {
            slower.accepted(Time(second * SECOND));
        }
        for _ in 0..20 {
            slower.said(Time(60 * SECOND), MINUTE);
        }
        assert_eq!(slower.held.map(|(rate, _)| rate), Some(30));
    }
}
