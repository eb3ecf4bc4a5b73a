//! Which messages a FETCH command asked for, and which of them have come.
//!
//! What was not asked for, or comes a second time, is not handed on: whoever keeps messages can rely on getting
//! each at most once.

use crate::imap::UidSet;

#[derive(Debug)]
pub(super) struct Asked {
    ranges: Vec<(u32, u32)>,
    /// How many messages stand before each range.
    before: Vec<u32>,
    came: Vec<u64>,
}

impl Asked {
    /// The set must be small: each message takes a bit.
    pub(super) fn new(uids: &UidSet) -> Self {
        let ranges: Vec<_> = uids.ranges().map(|range| (*range.start(), *range.end())).collect();
        let mut all = 0;
        let before = ranges
            .iter()
            .map(|&(from, to)| {
                let here = all;
                all += to - from + 1;
                here
            })
            .collect();
        Self { ranges, before, came: vec![0; all as usize / 64 + 1] }
    }

    /// True for a message that was asked for, the first time.
    pub(super) fn take(&mut self, uid: u32) -> bool {
        let at = self.ranges.partition_point(|range| range.1 < uid);
        match self.ranges.get(at) {
            Some(&(from, _)) if from <= uid => {
                let rank = self.before[at] + (uid - from);
                let (word, bit) = (&mut self.came[rank as usize / 64], 1 << (rank % 64));
                let first = *word & bit == 0;
                *word |= bit;
                first
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_that_was_asked_for_is_taken_once() {
        let uids = UidSet::parse(b"3,5:200,900").expect("a set");
        let mut asked = Asked::new(&uids);
        for uid in uids.iter() {
            assert!(asked.take(uid), "{uid}");
            assert!(!asked.take(uid), "{uid} again");
        }
        for uid in [1, 2, 4, 201, 899, 901, u32::MAX] {
            assert!(!asked.take(uid), "{uid}");
        }
    }
}
