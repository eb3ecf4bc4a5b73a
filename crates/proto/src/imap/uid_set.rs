//! Sets of UIDs (or of message numbers), kept as ranges: ascending, none touching another.
//!
//! A set is always written this way, because some servers refuse others that the grammar allows (QQ:
//! `Sequence set is invalid!`), and a mailbox of 100,000 messages is then mostly one range.

use std::fmt;
use std::ops::RangeInclusive;

/// The most ranges that are read from one set of a peer's; a longer one is refused.
pub const MAX_RANGES: usize = 1_000_000;

/// Numbers from 1 on. `u32::MAX` stands for `*` as well: it is written so.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct UidSet {
    ranges: Vec<(u32, u32)>,
}

impl UidSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// All from `first` on: `first:*`. (A server answers at least with its last message to that, even where it
    /// is below `first`.)
    pub fn starting_at(first: u32) -> Self {
        Self { ranges: vec![(first.max(1), u32::MAX)] }
    }

    /// How many numbers.
    pub fn len(&self) -> u64 {
        self.ranges.iter().map(|&(from, to)| u64::from(to - from) + 1).sum()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The lowest.
    pub fn first(&self) -> Option<u32> {
        self.ranges.first().map(|range| range.0)
    }

    /// The highest.
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.1)
    }

    /// The ranges, ascending.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u32>> + '_ {
        self.ranges.iter().map(|&(from, to)| from..=to)
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ranges().flatten()
    }

    /// Whether the number is in it.
    pub fn contains(&self, uid: u32) -> bool {
        self.rank(uid).is_some()
    }

    /// In which range a number stands.
    pub(crate) fn rank(&self, uid: u32) -> Option<usize> {
        let at = self.ranges.partition_point(|range| range.1 < uid);
        self.ranges.get(at).filter(|range| range.0 <= uid).map(|_| at)
    }

    /// Adds a number; 0 is none and is left out.
    pub fn insert(&mut self, uid: u32) {
        self.insert_range(uid..=uid);
    }

    /// Adds all of a range, whichever end comes first.
    pub fn insert_range(&mut self, range: RangeInclusive<u32>) {
        let (a, b) = range.into_inner();
        let (mut from, mut to) = (a.min(b).max(1), a.max(b));
        if to == 0 {
            return;
        }
        // Those that overlap or touch.
        let begin = self.ranges.partition_point(|range| range.1 < from - 1);
        let end = self.ranges.partition_point(|range| range.0 <= to.saturating_add(1));
        if begin < end {
            from = from.min(self.ranges[begin].0);
            to = to.max(self.ranges[end - 1].1);
        }
        if end == begin + 1 {
            self.ranges[begin] = (from, to);
        } else {
            self.ranges.splice(begin..end, [(from, to)]);
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, uid: u32) {
        let Some(at) = self.rank(uid) else { return };
        match self.ranges[at] {
            (from, to) if from == to => {
                self.ranges.remove(at);
            }
            (from, _) if from == uid => self.ranges[at].0 += 1,
            (_, to) if to == uid => self.ranges[at].1 -= 1,
            (from, to) => {
                self.ranges[at].1 = uid - 1;
                debug_assert!(from < uid);
                self.ranges.insert(at + 1, (uid + 1, to));
            }
        }
    }

    /// Adds all of another set.
    pub fn union(&mut self, other: &Self) {
        if self.last().is_none_or(|last| other.first().is_none_or(|first| first > last)) {
            return other.ranges().for_each(|range| self.insert_range(range));
        }
        *self = self.ranges.iter().chain(&other.ranges).copied().collect();
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut others = other.ranges.iter().copied().peekable();
        for &(from, to) in &self.ranges {
            let mut from = from;
            loop {
                while others.next_if(|other| other.1 < from).is_some() {}
                match others.peek() {
                    Some(&(begin, end)) if begin <= to => {
                        if from < begin {
                            left.push((from, begin - 1));
                        }
                        if end >= to {
                            break;
                        }
                        from = end + 1;
                    }
                    _ => {
                        left.push((from, to));
                        break;
                    }
                }
            }
        }
        Self { ranges: left }
    }

    /// Reads a set as a peer writes it (RFC 3501 `sequence-set`): any order, ranges either way round; `*` is
    /// `u32::MAX`.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut ranges = Vec::new();
        for part in text.split(|&b| b == b',') {
            let (a, b) = match part.iter().position(|&b| b == b':') {
                Some(colon) => (number(&part[..colon])?, number(&part[colon + 1..])?),
                None => (number(part)?, number(part)?),
            };
            if ranges.len() == MAX_RANGES {
                return None;
            }
            ranges.push((a.min(b), a.max(b)));
        }
        Some(ranges.into_iter().collect())
    }

    /// Cut into sets of at most `messages` numbers, each written in at most `octets`.
    pub fn chunks(&self, messages: u64, octets: usize) -> Chunks<'_> {
        Chunks {
            set: self,
            at: 0,
            from: self.first().unwrap_or(1),
            messages: messages.max(1),
            octets: octets.max(32),
        }
    }
}

/// See [`UidSet::chunks`].
#[derive(Clone, Debug)]
pub struct Chunks<'a> {
    set: &'a UidSet,
    at: usize,
    /// The first number of the range at `at` that was not given out.
    from: u32,
    messages: u64,
    octets: usize,
}

impl Iterator for Chunks<'_> {
    type Item = UidSet;

    fn next(&mut self) -> Option<UidSet> {
        let (mut messages, mut octets) = (self.messages, self.octets);
        let mut ranges = Vec::new();
        while let Some(&(_, to)) = self.set.ranges.get(self.at) {
            let longest = 2 * to.max(1).ilog10() as usize + 4;
            if messages == 0 || octets < longest {
                break;
            }
            octets -= longest;
            let here = (u64::from(to - self.from) + 1).min(messages);
            messages -= here;
            // `here` is at most the length of the range, so this stays within it.
            let last = self.from + u32::try_from(here - 1).unwrap_or(u32::MAX - self.from);
            ranges.push((self.from, last));
            if last == to {
                self.at += 1;
                self.from = self.set.ranges.get(self.at).map_or(1, |range| range.0);
            } else {
                self.from = last + 1;
            }
        }
        (!ranges.is_empty()).then_some(UidSet { ranges })
    }
}

/// A number of RFC 3501 `seq-number`.
fn number(text: &[u8]) -> Option<u32> {
    if text == b"*" {
        return Some(u32::MAX);
    }
    if text.is_empty() || text.len() > 10 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = text.iter().fold(0_u64, |n, digit| n * 10 + u64::from(digit - b'0'));
    u32::try_from(value).ok().filter(|&n| n > 0)
}

impl FromIterator<(u32, u32)> for UidSet {
    /// Of ranges, both ends included.
    fn from_iter<T: IntoIterator<Item = (u32, u32)>>(ranges: T) -> Self {
        let mut ranges: Vec<_> =
            ranges.into_iter().map(|(a, b)| (a.min(b).max(1), a.max(b))).filter(|r| r.1 > 0).collect();
        ranges.sort_unstable();
        let mut set = Self { ranges: Vec::with_capacity(ranges.len()) };
        for (from, to) in ranges {
            match set.ranges.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => set.ranges.push((from, to)),
            }
        }
        set
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<T: IntoIterator<Item = u32>>(uids: T) -> Self {
        uids.into_iter().map(|uid| (uid, uid)).collect()
    }
}

impl Extend<u32> for UidSet {
    fn extend<T: IntoIterator<Item = u32>>(&mut self, uids: T) {
        uids.into_iter().for_each(|uid| self.insert(uid));
    }
}

impl fmt::Display for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, &(from, to)) in self.ranges.iter().enumerate() {
            if n > 0 {
                f.write_str(",")?;
            }
            match (from, to) {
                (u32::MAX, _) => f.write_str("*")?,
                (_, u32::MAX) => write!(f, "{from}:*")?,
                _ if from == to => write!(f, "{from}")?,
                _ => write!(f, "{from}:{to}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for UidSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn set(text: &str) -> UidSet {
        UidSet::parse(text.as_bytes()).expect("a set")
    }

    #[test]
    fn sets_are_written_normalised_and_ascending() {
        for (read, written) in [
            ("1", "1"),
            ("5,3,4", "3:5"),
            ("9:7,1,2", "1:2,7:9"),
            ("1:3,2:8,10", "1:8,10"),
            ("*", "*"),
            ("7:*", "7:*"),
            ("*:7", "7:*"),
            ("4294967294:4294967295", "4294967294:*"),
        ] {
            assert_eq!(set(read).to_string(), written);
        }
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in
            ["", "0", ",", "1,", ":", "1:", "a", "-1", "1:2:3", "4294967296", "99999999999", "1 ", "0:0"]
        {
            assert_eq!(UidSet::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_set_is_cut_by_messages_and_by_octets() {
        let chunks = |text: &str, messages, octets| -> Vec<String> {
            set(text).chunks(messages, octets).map(|chunk| chunk.to_string()).collect()
        };
        assert_eq!(chunks("1:10,20:22", 4, 1000), ["1:4", "5:8", "9:10,20:21", "22"]);
        assert_eq!(chunks("1:10", 100, 1000), ["1:10"]);
        assert!(chunks("1,3,5,7,9,11,13,15,17,19,21,23", 100, 32).iter().all(|chunk| chunk.len() <= 32));
        assert_eq!(UidSet::new().chunks(1, 100).next(), None);
        assert_eq!(chunks("4294967294:*", 1, 100), ["4294967294", "*"]);
    }

    proptest! {
        #[test]
        fn a_set_is_what_was_put_in_and_not_taken_out(
            puts in prop::collection::vec((1_u32..60, 0_u32..9), 0..20), takes in prop::collection::vec(1_u32..70, 0..20)
        ) {
            let (mut set, mut model) = (UidSet::new(), BTreeSet::new());
            for (from, more) in puts {
                set.insert_range(from + more..=from);
                model.extend(from..=from + more);
            }
            let whole = set.clone();
            let (odd, even): (Vec<_>, Vec<_>) = set.ranges().enumerate().partition(|(n, _)| n % 2 == 1);
            let of = |ranges: Vec<(usize, RangeInclusive<u32>)>| -> UidSet {
                ranges.into_iter().map(|(_, range)| range.into_inner()).collect()
            };
            let mut both = of(odd);
            both.union(&of(even));
            prop_assert_eq!(&both, &whole);
            for uid in &takes {
                set.remove(*uid);
                model.remove(uid);
            }
            prop_assert_eq!(set.iter().collect::<Vec<_>>(), model.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(set.len(), model.len() as u64);
            prop_assert_eq!(&model.iter().copied().collect::<UidSet>(), &set);
            prop_assert_eq!(&whole.without(&takes.iter().copied().collect()), &set);
            prop_assert!(set.ranges.windows(2).all(|two| two[0].1 + 1 < two[1].0), "ranges touch: {:?}", set);
            if !set.is_empty() {
                prop_assert_eq!(UidSet::parse(set.to_string().as_bytes()), Some(set.clone()));
            }
            let chunks: Vec<_> = set.chunks(3, 40).collect();
            prop_assert!(chunks.iter().all(|chunk| chunk.len() <= 3 && chunk.to_string().len() <= 40));
            prop_assert_eq!(chunks.iter().flat_map(UidSet::iter).collect::<Vec<_>>(), set.iter().collect::<Vec<_>>());
        }
    }
}
