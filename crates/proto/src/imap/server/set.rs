//! Sets of messages in commands, and where they lie in a mailbox.

use std::ops::Range;

use imap_codec::imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

use crate::imap::UidSet;

use super::mailboxes::Meta;

/// The set as ranges; `*` is `u32::MAX`.
pub(super) fn set_of(set: &SequenceSet) -> UidSet {
    let number = |n: &SeqOrUid| match n {
        // The highest number that is one; no message has it.
        SeqOrUid::Value(n) => n.get().min(u32::MAX - 1),
        SeqOrUid::Asterisk => u32::MAX,
    };
    let range = |sequence: &Sequence| match sequence {
        Sequence::Single(n) => (number(n), number(n)),
        Sequence::Range(a, b) => (number(a), number(b)),
    };
    set.0.as_ref().iter().map(range).collect()
}

/// The messages that a set of UIDs names, as ranges of indexes; numbers that nothing has are passed over.
pub(super) fn by_uid(messages: &[Meta], set: &UidSet) -> Vec<Range<usize>> {
    let last = messages.last().map_or(0, |meta| meta.uid);
    let found = set.ranges().map(|range| {
        let (from, to) = range.into_inner();
        // `*` is the last message, whatever its UID (RFC 9051 §9, seq-number).
        let (from, to) = if to == u32::MAX { (from.min(last), last) } else { (from, to) };
        let begin = messages.partition_point(|meta| meta.uid < from);
        let end = messages.partition_point(|meta| meta.uid <= to);
        begin..end
    });
    joined(found)
}

/// The messages of these sequence numbers; `None` where there is no such number.
pub(super) fn by_number(messages: &[Meta], set: &UidSet) -> Option<Vec<Range<usize>>> {
    let last = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    let mut found = Vec::new();
    for range in set.ranges() {
        let (from, to) = range.into_inner();
        let (from, to) = if to == u32::MAX { (from.min(last), last) } else { (from, to) };
        if from == 0 || to > last {
            return None;
        }
        found.push(from as usize - 1..to as usize);
    }
    Some(joined(found))
}

/// Without overlaps, which `*` can bring about.
fn joined(ranges: impl IntoIterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut ranges: Vec<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
    ranges.sort_unstable_by_key(|range| range.start);
    let mut all: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match all.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::{Date, Flags};

    fn messages(uids: &[u32]) -> Vec<Meta> {
        let meta =
            |&uid| Meta { uid, size: 1, internal_date: Date::default(), mod_seq: 1, flags: Flags::default() };
        uids.iter().map(meta).collect()
    }

    fn flat(ranges: Vec<Range<usize>>) -> Vec<usize> {
        ranges.into_iter().flatten().collect()
    }

    fn set(text: &str) -> UidSet {
        UidSet::parse(text.as_bytes()).expect("a set")
    }

    #[test]
    fn uids_that_nothing_has_are_passed_over_and_the_star_is_the_last() {
        let all = messages(&[2, 3, 7, 9]);
        for (text, expected) in [
            ("1:3", &[0, 1][..]),
            ("4:6", &[]),
            ("7,2", &[0, 2]),
            ("*", &[3]),
            ("100:*", &[3]),
            ("3,8:*", &[1, 3]),
            ("9,100:*", &[3]),
        ] {
            assert_eq!(flat(by_uid(&all, &set(text))), expected, "{text}");
        }
        assert!(by_uid(&[], &set("1:*")).is_empty());
    }

    #[test]
    fn a_number_that_nothing_has_is_an_error() {
        let all = messages(&[2, 3, 7]);
        for (text, expected) in [("1:2,*", &[0, 1, 2][..]), ("2:*", &[1, 2]), ("5:*", &[2]), ("3,1", &[0, 2])]
        {
            assert_eq!(by_number(&all, &set(text)).map(flat).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(by_number(&all, &set("4")), None);
        assert_eq!(by_number(&all, &set("1:4")), None);
        assert_eq!(by_number(&[], &set("1:*")), None);
        assert_eq!(by_number(&[], &set("*")), None);
    }
}
