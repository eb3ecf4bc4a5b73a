//! What stands twice in a million rows, in 12 octets each: a list of hashes and rows, sorted at the end.
//!
//! 64 bits of SipHash: among a million values the chance that two different ones look alike is 3 in 100 million, and
//! rows that are found are read once more before anybody is told.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Hash (high, low) and row. Three words without padding.
type Item = [u32; 3];

/// The largest row number that fits; sheets end long before.
const LAST: u64 = u32::MAX as u64;

/// Values and the rows that they stand in.
#[derive(Debug, Default)]
pub(super) struct Twice {
    items: Vec<Item>,
    sorted: bool,
}

/// The number that stands for a value. The same in every run.
pub(super) fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Twice {
    /// Notes that a value stands in a row. Rows that do not fit into 32 bits are not noted.
    pub(super) fn add(&mut self, value: u64, row: u64) {
        if row <= LAST {
            self.items.push([(value >> 32) as u32, value as u32, row as u32]);
            self.sorted = false;
        }
    }

    /// Makes it searchable.
    pub(super) fn sort(&mut self) {
        if !self.sorted {
            self.items.sort_unstable();
            self.sorted = true;
        }
    }

    /// Each value that stands in several rows, with those rows in order. To be called when sorted.
    pub(super) fn repeated(&self) -> impl Iterator<Item = Vec<u64>> + '_ {
        let groups = self.items.chunk_by(|a, b| a[..2] == b[..2]);
        groups.filter_map(|group| {
            let mut rows: Vec<u64> = group.iter().map(|item| u64::from(item[2])).collect();
            rows.dedup();
            (rows.len() > 1).then_some(rows)
        })
    }

    /// The rows in which a value stands, in order. To be called when sorted.
    pub(super) fn rows(&self, value: u64) -> impl Iterator<Item = u64> + '_ {
        let key = [(value >> 32) as u32, value as u32];
        let from = self.items.partition_point(|item| item[..2] < key[..]);
        let found = self.items[from..].iter().take_while(move |item| item[..2] == key[..]);
        found.map(|item| u64::from(item[2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_stands_in_several_rows_is_found_with_all_of_them() {
        let mut twice = Twice::default();
        for (row, value) in [(9, "b"), (2, "a"), (3, "b"), (4, "c"), (3, "b"), (5, "b")] {
            twice.add(hash(value), row);
        }
        twice.add(hash("a"), LAST + 1);
        twice.sort();
        assert_eq!(twice.repeated().collect::<Vec<_>>(), [vec![3, 5, 9]]);
        assert_eq!(twice.rows(hash("c")).collect::<Vec<_>>(), [4]);
        assert_eq!(twice.rows(hash("a")).collect::<Vec<_>>(), [2]);
        assert_eq!(twice.rows(hash("d")).count(), 0);
    }

    #[test]
    fn the_same_row_twice_is_no_repetition() {
        let mut twice = Twice::default();
        twice.add(hash("a"), 2);
        twice.add(hash("a"), 2);
        twice.sort();
        assert_eq!(twice.repeated().count(), 0);
    }

    #[test]
    fn a_million_values_take_twelve_octets_each() {
        let mut twice = Twice::default();
        (0..1_000_000_u64).for_each(|row| twice.add(hash(row), row));
        twice.add(hash(7_u64), 2_000_000);
        assert!(twice.items.capacity() * size_of::<Item>() <= 32 * 1024 * 1024);
        assert_eq!(size_of::<Item>(), 12);
        twice.sort();
        assert_eq!(twice.repeated().collect::<Vec<_>>(), [vec![7, 2_000_000]]);
    }
}
