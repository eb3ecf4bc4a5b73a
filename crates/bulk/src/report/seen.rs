//! Which connections were named, as ranges: a ledger numbers them one after the other, so that a million of them are
//! a few ranges.

use std::collections::BTreeMap;

use crate::ledger::SessionId;

/// A set of numbers that are mostly neighbours.
#[derive(Debug, Default)]
pub(super) struct Seen(BTreeMap<i64, i64>);

impl Seen {
    /// Adds one.
    pub(super) fn add(&mut self, SessionId(id): SessionId) {
        let (mut first, mut last) = (id, id);
        if let Some((&start, &end)) = self.0.range(..=id).next_back() {
            if end >= id {
                return;
            }
            if end.checked_add(1) == Some(id) {
                first = start;
            }
        }
        if let Some(end) = id.checked_add(1).and_then(|next| self.0.remove(&next)) {
            last = end;
        }
        self.0.insert(first, last);
    }

    /// Takes out the smallest.
    pub(super) fn pop(&mut self) -> Option<SessionId> {
        let (first, last) = self.0.pop_first()?;
        if first < last {
            self.0.insert(first + 1, last);
        }
        Some(SessionId(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_become_one_range_and_everybody_comes_out_once_in_order() {
        let mut seen = Seen::default();
        for id in [5, 3, 4, 9, 4, 1, 2, 11, 10, 3, i64::MAX] {
            seen.add(SessionId(id));
        }
        assert_eq!(seen.0, BTreeMap::from([(1, 5), (9, 11), (i64::MAX, i64::MAX)]));
        let out: Vec<i64> = std::iter::from_fn(|| seen.pop()).map(|id| id.0).collect();
        assert_eq!(out, [1, 2, 3, 4, 5, 9, 10, 11, i64::MAX]);
    }
}
