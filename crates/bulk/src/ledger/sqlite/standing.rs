//! Where recipients stand, packed: the records of 448 of them are one blob, which fills a page of the file.
//!
//! This is what changes three times for each letter of a run. As rows it would be three updates in SQL; as a blob, one
//! for all recipients of a group that are neighbours, which they mostly are. A record never grows, one sum guards all of
//! a chunk, and what is due can be told from two times for each chunk ([`Soonest`]) instead of an index.

use crate::ledger::{State, Time};

use super::schema::PAGE;
use super::sum::{SUM, Sum, Table};

/// Recipients in a chunk: as many as fit into a page.
pub(super) const IN_CHUNK: usize = 448;
/// A record: the state, how many attempts, a time.
const WIDTH: usize = 1 + 2 + 6;
const LENGTH: usize = IN_CHUNK * WIDTH;
// A cell of a table stays in its page up to 35 octets less than the page, and its own header takes a few.
const _: () = assert!(LENGTH + SUM + 10 <= PAGE - 35);
/// The time that stands for none.
const NEVER: i64 = (1 << 48) - 1;

/// Where a recipient stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: State,
    /// The attempt that was begun last; 0 before the first.
    pub(super) attempt: u16,
    /// While leased: when the lease ends. In data: since when. Else: not to be sent before; `None` for a deferred one
    /// that was given up. Kept between 1970 and the year 10889.
    pub(super) time: Option<Time>,
}

impl Standing {
    /// As loaded.
    pub(super) const NEW: Self = Self { state: State::Pending, attempt: 0, time: None };

    /// From when on it may be leased without being taken from anybody.
    fn due(self) -> Option<Time> {
        match self.state {
            State::Pending => Some(self.time.unwrap_or_default()),
            State::Deferred => self.time,
            _ => None,
        }
    }

    /// Whether it can be leased now, also because a lease has ended.
    pub(super) fn can_be_leased(self, now: Time) -> bool {
        match self.state {
            State::Leased => self.time.is_none_or(|end| end <= now),
            _ => self.due().is_some_and(|due| due <= now),
        }
    }
}

/// When the first of a chunk can be leased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Soonest {
    /// The first that nobody has.
    pub(super) due: Option<Time>,
    /// The first whose lease ends.
    pub(super) ends: Option<Time>,
}

impl Soonest {
    pub(super) fn by(self, now: Time) -> bool {
        self.due.is_some_and(|due| due <= now) || self.ends.is_some_and(|end| end <= now)
    }
}

/// The standings of [`IN_CHUNK`] recipients.
#[derive(Clone)]
pub(super) struct Chunk {
    number: i64,
    /// How many of its places are recipients.
    used: usize,
    records: Vec<u8>,
}

impl Chunk {
    /// Where a recipient's standing is: the chunk and the place in it.
    pub(super) fn place(id: i64) -> (i64, usize) {
        let index = id - 1;
        (index.div_euclid(IN_CHUNK as i64), index.rem_euclid(IN_CHUNK as i64) as usize)
    }

    /// How many chunks so many recipients need.
    pub(super) fn needed(recipients: i64) -> i64 {
        (recipients + IN_CHUNK as i64 - 1) / IN_CHUNK as i64
    }

    fn used(number: i64, recipients: i64) -> usize {
        usize::try_from(recipients - number * IN_CHUNK as i64).unwrap_or(0).min(IN_CHUNK)
    }

    /// As loaded.
    pub(super) fn new(number: i64, recipients: i64) -> Self {
        let mut chunk = Self { number, used: Self::used(number, recipients), records: vec![0; LENGTH] };
        for place in 0..chunk.used {
            chunk.set(place, Standing::NEW);
        }
        chunk
    }

    /// As kept; `None` where that cannot be.
    pub(super) fn read(number: i64, recipients: i64, body: &[u8]) -> Option<Self> {
        let (records, sum) = body.split_at_checked(LENGTH)?;
        if Self::sum(number, records) != *sum {
            return None;
        }
        let used = Self::used(number, recipients);
        let known = |place: usize| State::from_number(i64::from(records[place * WIDTH])).is_some();
        (0..used).all(known).then(|| Self { number, used, records: records.to_vec() })
    }

    /// To be kept.
    pub(super) fn write(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(LENGTH + SUM);
        body.extend_from_slice(&self.records);
        body.extend_from_slice(&Self::sum(self.number, &self.records));
        body
    }

    fn sum(number: i64, records: &[u8]) -> [u8; SUM] {
        Sum::of(Table::Standing).number(number).octets(records).end()
    }

    /// The id of the first recipient.
    pub(super) fn first(&self) -> i64 {
        self.number * IN_CHUNK as i64 + 1
    }

    pub(super) fn len(&self) -> usize {
        self.used
    }

    pub(super) fn get(&self, place: usize) -> Standing {
        let record = &self.records[place * WIDTH..][..WIDTH];
        let mut time = [0; 8];
        time[..6].copy_from_slice(&record[3..]);
        let time = i64::from_le_bytes(time);
        Standing {
            // `read` has seen that there is one.
            state: State::from_number(i64::from(record[0])).unwrap_or(State::InDoubt),
            attempt: u16::from_le_bytes([record[1], record[2]]),
            time: (time != NEVER).then_some(Time(time)),
        }
    }

    pub(super) fn set(&mut self, place: usize, standing: Standing) {
        let record = &mut self.records[place * WIDTH..][..WIDTH];
        record[0] = standing.state as u8;
        record[1..3].copy_from_slice(&standing.attempt.to_le_bytes());
        let time = standing.time.map_or(NEVER, |time| time.0.clamp(0, NEVER - 1));
        record[3..].copy_from_slice(&time.to_le_bytes()[..6]);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, Standing)> {
        (0..self.used).map(|place| (self.first() + place as i64, self.get(place)))
    }

    pub(super) fn soonest(&self) -> Soonest {
        let mut soonest = Soonest::default();
        let sooner = |known: Option<Time>, new: Time| Some(known.map_or(new, |known| known.min(new)));
        for (_, standing) in self.iter() {
            match (standing.state, standing.due()) {
                (State::Leased, _) => {
                    soonest.ends = sooner(soonest.ends, standing.time.unwrap_or_default());
                }
                (_, Some(due)) => soonest.due = sooner(soonest.due, due),
                _ => {}
            }
        }
        soonest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn standing() -> impl Strategy<Value = Standing> {
        let state = proptest::sample::select(&State::ALL[..]);
        let time = proptest::option::of((0..NEVER).prop_map(Time));
        (state, any::<u16>(), time).prop_map(|(state, attempt, time)| Standing { state, attempt, time })
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_again_and_neighbours_stay(
            place in 1..IN_CHUNK - 1, first in standing(), second in standing()
        ) {
            let mut chunk = Chunk::new(3, 10_000);
            chunk.set(place, first);
            chunk.set(place, second);
            let read = Chunk::read(3, 10_000, &chunk.write()).expect("as written");
            prop_assert_eq!(read.get(place), second);
            prop_assert_eq!(read.get(place - 1), Standing::NEW);
            prop_assert_eq!(read.get(place + 1), Standing::NEW);
        }

        #[test]
        fn one_flipped_bit_is_never_believed(octet in 0..LENGTH + SUM, bit in 0..8u32) {
            let mut body = Chunk::new(0, 448).write();
            body[octet] ^= 1u8 << bit;
            prop_assert!(Chunk::read(0, 448, &body).is_none());
        }
    }

    #[test]
    fn a_chunk_in_another_ones_place_is_not_believed() {
        assert!(Chunk::read(1, 10_000, &Chunk::new(0, 10_000).write()).is_none());
    }

    #[test]
    fn the_last_chunk_holds_only_who_is_left() {
        assert_eq!(Chunk::needed(449), 2);
        assert_eq!(Chunk::new(1, 449).len(), 1);
        assert_eq!(Chunk::place(449), (1, 0));
    }
}
