//! What this worker holds, and under which epoch.
//!
//! An epoch is a row of `hongyan.worker`: whatever is leased bears its number, and the database's clock says when it ends.
//! Once ended it never lives again; a worker that slept too long begins a new one. Beside the database's word stands a
//! local deadline, counted from before the request was sent and a margin shorter, so that a worker that wakes up knows
//! without asking that it may not send.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ledger::Time;

/// An epoch's number.
pub(super) type Epoch = i64;

/// What a worker holds.
#[derive(Default)]
pub(super) struct Held(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    epochs: BTreeMap<Epoch, Lease>,
    /// The one that new letters are leased under.
    current: Option<Epoch>,
    recipients: HashMap<i64, Hold>,
}

struct Lease {
    deadline: Instant,
    recipients: usize,
}

#[derive(Clone, Copy)]
struct Hold {
    epoch: Epoch,
    attempt: u32,
    /// When it was leased, by the clock of whoever asked, and for how long.
    leased: Time,
    length: Duration,
    /// A `begin` has said that it may be sent.
    begun: bool,
}

/// How much earlier than the database the local deadline is.
pub(super) fn margin(lease: Duration) -> Duration {
    (lease / 10).min(Duration::from_secs(10))
}

impl Held {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The epoch to lease under, and its deadline.
    pub(super) fn current(&self) -> Option<(Epoch, Instant)> {
        let inner = self.inner();
        let current = inner.current?;
        inner.epochs.get(&current).map(|lease| (current, lease.deadline))
    }

    /// A new epoch was begun, to lease under.
    pub(super) fn opened(&self, epoch: Epoch, deadline: Instant) {
        let mut inner = self.inner();
        inner.epochs.insert(epoch, Lease { deadline, recipients: 0 });
        inner.current = Some(epoch);
    }

    /// The database has prolonged it.
    pub(super) fn renewed(&self, epoch: Epoch, deadline: Instant) {
        if let Some(lease) = self.inner().epochs.get_mut(&epoch) {
            lease.deadline = deadline;
        }
    }

    /// The database says that it has ended. What was held under it is remembered: what becomes of it counts against doubt.
    pub(super) fn lost(&self, epoch: Epoch) {
        let mut inner = self.inner();
        inner.epochs.remove(&epoch);
        if inner.current == Some(epoch) {
            inner.current = None;
        }
    }

    /// Nothing more is leased under the current epoch: the database may have leased something under it that nobody here
    /// knows of.
    pub(super) fn turn_over(&self) {
        self.inner().current = None;
    }

    /// These were leased until the epoch's deadline.
    pub(super) fn hold(
        &self,
        epoch: Epoch,
        recipients: impl IntoIterator<Item = (i64, u32)>,
        leased: Time,
        until: Instant,
    ) {
        let length = until.saturating_duration_since(Instant::now());
        let mut inner = self.inner();
        let mut count = 0;
        for (id, attempt) in recipients {
            let before = inner.recipients.insert(id, Hold { epoch, attempt, leased, length, begun: false });
            count += 1;
            if let Some(before) = before {
                inner.let_go(before.epoch);
            }
        }
        if let Some(lease) = inner.epochs.get_mut(&epoch) {
            lease.recipients += count;
        }
    }

    /// The epoch that a recipient was leased under, where it is held.
    pub(super) fn epoch_of(&self, id: i64) -> Option<Epoch> {
        self.inner().recipients.get(&id).map(|hold| hold.epoch)
    }

    /// The same, of this attempt alone.
    pub(super) fn epoch_of_attempt(&self, id: i64, attempt: u32) -> Option<Epoch> {
        self.inner().recipients.get(&id).filter(|hold| hold.attempt == attempt).map(|hold| hold.epoch)
    }

    /// These attempts have ended: they are held no more.
    pub(super) fn settled(&self, attempts: impl IntoIterator<Item = (i64, u32)>) {
        let ended =
            attempts.into_iter().filter(|(id, attempt)| self.epoch_of_attempt(*id, *attempt).is_some());
        let ended: Vec<i64> = ended.map(|(id, _)| id).collect();
        self.drop(ended);
    }

    /// The epoch of a recipient that may be begun: held, not begun, and not for too long, by the local deadline and by the
    /// clock of whoever asks.
    pub(super) fn may_begin(&self, id: i64, now: Time) -> Option<Epoch> {
        let inner = self.inner();
        let hold =
            inner.recipients.get(&id).filter(|hold| !hold.begun && now.since(hold.leased) < hold.length)?;
        inner.epochs.get(&hold.epoch).filter(|lease| Instant::now() < lease.deadline)?;
        Some(hold.epoch)
    }

    /// The database has begun it: whether that may be said, for the time may have passed meanwhile.
    pub(super) fn has_begun(&self, id: i64, now: Time) -> bool {
        let may = self.may_begin(id, now).is_some();
        if may && let Some(hold) = self.inner().recipients.get_mut(&id) {
            hold.begun = true;
        }
        may
    }

    /// Whether a `begin` has said that it may be sent.
    pub(super) fn is_begun(&self, id: i64) -> bool {
        self.inner().recipients.get(&id).is_some_and(|hold| hold.begun)
    }

    /// These are held no more.
    pub(super) fn drop(&self, ids: impl IntoIterator<Item = i64>) {
        let mut inner = self.inner();
        for id in ids {
            if let Some(hold) = inner.recipients.remove(&id) {
                inner.let_go(hold.epoch);
            }
        }
    }

    /// All epochs.
    pub(super) fn all(&self) -> Vec<Epoch> {
        self.inner().epochs.keys().copied().collect()
    }

    /// The epochs under which something is held: to be prolonged.
    pub(super) fn in_use(&self) -> Vec<Epoch> {
        self.inner()
            .epochs
            .iter()
            .filter(|(_, lease)| lease.recipients > 0)
            .map(|(epoch, _)| *epoch)
            .collect()
    }

    /// The epochs under which nothing is held or leased any more: to be ended. They are forgotten here.
    pub(super) fn take_empty(&self) -> Vec<Epoch> {
        let mut inner = self.inner();
        let current = inner.current;
        let empty =
            inner.epochs.iter().filter(|(epoch, lease)| lease.recipients == 0 && Some(**epoch) != current);
        let empty: Vec<Epoch> = empty.map(|(epoch, _)| *epoch).collect();
        for epoch in &empty {
            inner.epochs.remove(epoch);
        }
        empty
    }

    /// All epochs; they are forgotten here.
    pub(super) fn take_all(&self) -> Vec<Epoch> {
        let mut inner = self.inner();
        inner.current = None;
        std::mem::take(&mut inner.epochs).into_keys().collect()
    }
}

impl Inner {
    fn let_go(&mut self, epoch: Epoch) {
        if let Some(lease) = self.epochs.get_mut(&epoch) {
            lease.recipients = lease.recipients.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_prolonged_while_something_is_held_and_ended_when_nothing_is() {
        let (held, now) = (Held::default(), Instant::now());
        let later = now + Duration::from_secs(60);
        held.opened(7, later);
        assert_eq!((held.current(), held.in_use()), (Some((7, later)), vec![]));
        held.hold(7, [(1, 1), (2, 1)], Time(0), later);
        assert_eq!(held.in_use(), [7]);
        held.turn_over();
        held.opened(8, later);
        held.hold(8, [(3, 2)], Time(0), later);
        assert_eq!((held.in_use(), held.take_empty()), (vec![7, 8], vec![]));
        held.drop([1, 2, 2]);
        assert_eq!((held.in_use(), held.take_empty()), (vec![8], vec![7]));
        held.settled([(3, 1)]);
        assert_eq!(held.epoch_of_attempt(3, 1), None, "that was another attempt");
        assert_eq!(held.may_begin(3, Time(59_000)), Some(8));
        assert_eq!(held.may_begin(3, Time(60_001)), None, "too late by the clock of whoever asks");
        held.renewed(8, now);
        assert_eq!(held.may_begin(3, Time(0)), None, "the local deadline has come");
        held.renewed(8, later);
        assert!(held.has_begun(3, Time(0)) && held.is_begun(3));
        assert_eq!(held.may_begin(3, Time(0)), None, "nobody begins twice");
        held.lost(8);
        assert_eq!(held.epoch_of(3), Some(8), "what it held is remembered");
    }

    #[test]
    fn the_margin_is_a_tenth_and_ten_seconds_at_most() {
        assert_eq!(margin(Duration::from_secs(2)), Duration::from_millis(200));
        assert_eq!(margin(Duration::from_secs(3600)), Duration::from_secs(10));
    }
}
