//! Which of a maildrop's messages are fetched: those that are not certainly here already.
//!
//! A message is skipped only where its unique-id is known, stands once in the listing, and has the size it had. Ids
//! that are missing, repeated or empty say nothing, so their messages are fetched. One known id with another size
//! means that the server has numbered anew, and then no id of it is believed: everything is fetched, and what turns
//! out to be here already, octet for octet, is not kept twice ([`super::keep`]). A server that numbers anew among
//! messages of one size is found out by a sample ([`Plan::sample`]), which is compared with what was recorded.

use std::collections::HashMap;

/// A message that is not fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Have<'a> {
    pub(super) number: u32,
    pub(super) id: &'a str,
}

/// What to do with a maildrop.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan<'a> {
    /// Here already.
    pub(super) have: Vec<Have<'a>>,
    /// To be fetched, in the listing's order.
    pub(super) fetch: Vec<u32>,
    /// Why ids were not believed, where they were not.
    pub(super) doubt: Option<Doubt>,
}

/// What casts doubt on a server's unique-ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// It gives none (no UIDL).
    None,
    /// Messages have none, an empty one, or one that another message has as well.
    Incomplete,
    /// A known id has another size than it had.
    Renumbered,
    /// A message of the sample has another content than it had.
    Reused,
}

/// How many messages a sample has at most: the ends, and some in between.
const SAMPLE: usize = 4;

impl<'a> Plan<'a> {
    /// Decides. `sizes` are number and size of each message, `ids` number and unique-id; `known` says whether the size
    /// fits what is known by an id, where something is.
    pub(super) fn new(
        sizes: &[(u32, u64)],
        ids: Option<&[(u32, &'a str)]>,
        known: impl Fn(&str, u64) -> Option<bool>,
    ) -> Self {
        let all = || sizes.iter().map(|(number, _)| *number).collect();
        let Some(ids) = ids else {
            return Self { fetch: all(), doubt: Some(Doubt::None), ..Self::default() };
        };
        let mut of_number: HashMap<u32, Option<&str>> = HashMap::with_capacity(ids.len());
        let mut times: HashMap<&str, u32> = HashMap::with_capacity(ids.len());
        for &(number, id) in ids {
            // A number with two ids has none.
            of_number.entry(number).and_modify(|id| *id = None).or_insert(Some(id));
            *times.entry(id).or_default() += 1;
        }
        let mut plan = Self::default();
        for &(number, size) in sizes {
            let id = of_number.get(&number).copied().flatten();
            let Some(id) = id.filter(|id| !id.is_empty() && times.get(id) == Some(&1)) else {
                plan.doubt.get_or_insert(Doubt::Incomplete);
                plan.fetch.push(number);
                continue;
            };
            match known(id, size) {
                Some(true) => plan.have.push(Have { number, id }),
                Some(false) => {
                    return Self { fetch: all(), doubt: Some(Doubt::Renumbered), ..Self::default() };
                }
                None => plan.fetch.push(number),
            }
        }
        plan
    }

    /// The messages of those that would be skipped by which it is found out whether ids are used again: first, last,
    /// and others chosen by `seed`.
    pub(super) fn sample(&self, seed: u64) -> Vec<Have<'a>> {
        let Some(last) = self.have.len().checked_sub(1) else { return Vec::new() };
        let mut places = vec![0, last];
        for turn in 0..SAMPLE as u64 - 2 {
            // Any spread will do; the multiplier is that of a common generator.
            let mixed = (seed + turn + 1).wrapping_mul(6_364_136_223_846_793_005) >> 33;
            places.push((mixed % (last as u64 + 1)) as usize);
        }
        places.sort_unstable();
        places.dedup();
        places.into_iter().map(|place| self.have[place]).collect()
    }

    /// Nothing is believed any more: a message of the sample was another one.
    pub(super) fn believe_nothing(&mut self) {
        self.fetch.extend(self.have.drain(..).map(|have| have.number));
        self.fetch.sort_unstable();
        self.doubt = Some(Doubt::Reused);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[(&str, u64)] = &[("a", 10), ("b", 20), ("c", 20)];

    fn known(id: &str, size: u64) -> Option<bool> {
        KNOWN.iter().find(|(known, _)| *known == id).map(|(_, before)| *before == size)
    }

    #[test]
    fn only_what_is_certainly_here_is_skipped() {
        /// sizes, ids, numbers skipped, numbers fetched, doubt
        type Row<'a> = (&'a [(u32, u64)], Option<&'a [(u32, &'a str)]>, &'a [u32], &'a [u32], Option<Doubt>);
        let rows: &[Row<'_>] = &[
            (&[], Some(&[]), &[], &[], None),
            (&[(1, 10), (2, 20)], Some(&[(1, "a"), (2, "b")]), &[1, 2], &[], None),
            // new ones
            (&[(1, 10), (2, 5)], Some(&[(1, "a"), (2, "new")]), &[1], &[2], None),
            // in another order, with gaps
            (&[(7, 20), (9, 10)], Some(&[(9, "a"), (7, "b")]), &[7, 9], &[], None),
            // no UIDL at all
            (&[(1, 10), (2, 20)], None, &[], &[1, 2], Some(Doubt::None)),
            // emptied, missing, repeated
            (&[(1, 10), (2, 20)], Some(&[(1, "a"), (2, "")]), &[1], &[2], Some(Doubt::Incomplete)),
            (&[(1, 10), (2, 20)], Some(&[(1, "a")]), &[1], &[2], Some(Doubt::Incomplete)),
            (&[(1, 10), (2, 10)], Some(&[(1, "a"), (2, "a")]), &[], &[1, 2], Some(Doubt::Incomplete)),
            (&[(1, 10)], Some(&[(1, "a"), (1, "b")]), &[], &[1], Some(Doubt::Incomplete)),
            // swapped: a known id has another size, so that of the third message is not believed either
            (
                &[(1, 10), (2, 20), (3, 20)],
                Some(&[(1, "b"), (2, "a"), (3, "c")]),
                &[],
                &[1, 2, 3],
                Some(Doubt::Renumbered),
            ),
        ];
        for (sizes, ids, have, fetch, doubt) in rows {
            let plan = Plan::new(sizes, *ids, known);
            let skipped: Vec<u32> = plan.have.iter().map(|have| have.number).collect();
            assert_eq!(
                (&skipped[..], &plan.fetch[..], plan.doubt),
                (*have, *fetch, *doubt),
                "{sizes:?} {ids:?}"
            );
        }
    }

    #[test]
    fn a_sample_has_both_ends_and_is_never_large() {
        for count in [0_u32, 1, 2, 3, 1000] {
            let names: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
            let have = names.iter().zip(1..).map(|(id, number)| Have { number, id }).collect();
            let plan = Plan { have, ..Plan::default() };
            for seed in 0..50 {
                let sample = plan.sample(seed);
                assert!(sample.len() <= SAMPLE && sample.len() >= (count as usize).min(2), "{sample:?}");
                if count > 0 {
                    assert_eq!((sample[0].number, sample[sample.len() - 1].number), (1, count));
                }
            }
        }
    }
}
