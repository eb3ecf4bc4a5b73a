//! Looks whether too much is refused, so that a mistake does not reach everybody.

use std::sync::{Mutex, PoisonError};

/// Of how many messages the share of refusals is looked at.
pub(super) const LAST: u32 = 200;
/// From how many on.
const FROM: u32 = 50;

/// Counts refusals.
pub(super) struct Watch {
    in_a_row: u32,
    percent: u8,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    row: u32,
    /// The last ones, true for a refusal; a ring.
    last: Vec<bool>,
    next: usize,
}

impl Watch {
    pub(super) fn new(in_a_row: u32, percent: u8) -> Self {
        Self { in_a_row, percent, seen: Mutex::default() }
    }

    /// Whether it is too much now: how many of how many.
    pub(super) fn saw(&self, refused: bool) -> Option<(u32, u32)> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.row = if refused { seen.row + 1 } else { 0 };
        let next = seen.next;
        match seen.last.get_mut(next) {
            Some(one) => *one = refused,
            None => seen.last.push(refused),
        }
        seen.next = (next + 1) % LAST as usize;
        if !refused {
            return None;
        }
        if self.in_a_row > 0 && seen.row >= self.in_a_row {
            return Some((seen.row, seen.row));
        }
        let of = seen.last.len() as u32;
        let refused = seen.last.iter().filter(|one| **one).count() as u32;
        let too_many = self.percent > 0 && of >= FROM && refused * 100 >= of * u32::from(self.percent);
        too_many.then_some((refused, of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_in_a_row_are_too_much_and_an_acceptance_ends_the_row() {
        let watch = Watch::new(3, 0);
        let seen = [true, true, false, true, true, true].map(|refused| watch.saw(refused));
        assert_eq!(seen, [None, None, None, None, None, Some((3, 3))]);
    }

    #[test]
    fn a_share_of_the_last_ones_is_too_much_once_there_are_enough() {
        let watch = Watch::new(0, 30);
        let mut first = None;
        for n in 0..100 {
            if let Some(too_many) = watch.saw(n % 3 == 0) {
                first.get_or_insert((n, too_many));
            }
        }
        assert_eq!(first, Some((51, (18, 52))));
        let watch = Watch::new(0, 30);
        assert!(
            (0..10_000).all(|n| watch.saw(n % 4 == 0).is_none()),
            "a quarter is less than thirty percent"
        );
    }
}
