//! When to try again: twice as long after each attempt, up to a limit, with a spread so that those who were deferred
//! together do not come back together.

use std::time::Duration;

/// The waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// How often in all; at least 1.
    pub attempts: u32,
    /// After the first attempt.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Steps {
    /// How long to wait after this attempt (from 1) of this recipient; `None` where it was the last one. The spread, up
    /// to a tenth, follows from the recipient's number: the same run waits the same time.
    pub fn after(&self, attempt: u32, recipient: i64) -> Option<Duration> {
        if attempt >= self.attempts.max(1) {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        let spread = recipient.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        Some(wait + wait.mul_f64(spread as f64 / f64::from(u32::MAX) / 10.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end_with_the_last_attempt() {
        let steps =
            Steps { attempts: 5, first: Duration::from_secs(300), longest: Duration::from_secs(1000) };
        let waits = (1..6).map(|attempt| steps.after(attempt, 0)).collect::<Vec<_>>();
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(waits, [seconds(300), seconds(600), seconds(1000), seconds(1000), None]);
        for recipient in 1..100 {
            let wait = steps.after(1, recipient).unwrap();
            assert!((300..=330).contains(&wait.as_secs()), "{wait:?}");
        }
        assert_ne!(steps.after(1, 1), steps.after(1, 2));
    }
}
