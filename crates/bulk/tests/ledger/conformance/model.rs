//! Random operations, and what a simple model of the rules says about them.

use hongyan_bulk::ledger::{Filter, Ledger, RecipientId, Resolution, State, Time};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;

/// Campaigns, and operations on each. Times pass slowly, so that no lease ends.
const CASES: usize = 24;
const OPERATIONS: usize = 40;

#[derive(Clone, Debug)]
enum Operation {
    Lease { want: usize },
    Begin { ids: Vec<i64> },
    Settle { id: i64, older: u32, state: State, due: Option<u64> },
    Release { ids: Vec<i64>, due: u64 },
    Resolve { ids: Vec<i64>, how: Resolution },
    Wait { milliseconds: u64 },
    Reopen,
}

/// A recipient as the model sees it.
#[derive(Clone, Debug)]
struct Simple {
    letter: usize,
    state: State,
    /// Attempts that were begun or settled.
    attempt: u32,
    due: Option<Time>,
    tried: Vec<(u32, State)>,
}

pub(crate) async fn random_operations_do_what_a_simple_model_does<P: Place>(place: &P) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _ in 0..CASES {
        let shape =
            proptest::collection::vec(1..4usize, 1..8).new_tree(&mut runner).expect("a shape").current();
        let people = shape.iter().sum::<usize>() as i64;
        let operations = proptest::collection::vec(operation(people), OPERATIONS);
        let operations = operations.new_tree(&mut runner).expect("operations").current();
        check(place, &shape, &operations).await;
    }
}

fn operation(people: i64) -> impl Strategy<Value = Operation> {
    let ids = || proptest::collection::vec(1..=people + 1, 1..6);
    let states = [
        State::Accepted,
        State::Deferred,
        State::Deferred,
        State::Rejected,
        State::InDoubt,
        State::Suppressed,
    ];
    let how = proptest::sample::select(&[Resolution::Found, Resolution::Resend, Resolution::Skip][..]);
    prop_oneof![
        4 => (1..5usize).prop_map(|want| Operation::Lease { want }),
        4 => ids().prop_map(|ids| Operation::Begin { ids }),
        6 => (1..=people, prop_oneof![4 => Just(0), 1 => Just(1u32)], proptest::sample::select(states.to_vec()),
                proptest::option::of(0..200u64))
            .prop_map(|(id, older, state, due)| Operation::Settle { id, older, state, due }),
        1 => (ids(), 0..200u64).prop_map(|(ids, due)| Operation::Release { ids, due }),
        2 => (ids(), how).prop_map(|(ids, how)| Operation::Resolve { ids, how }),
        2 => (1..200u64).prop_map(|milliseconds| Operation::Wait { milliseconds }),
        1 => Just(Operation::Reopen),
    ]
}

async fn check<P: Place>(place: &P, shape: &[usize], operations: &[Operation]) {
    let mut ledger = campaign(place, shape).await;
    let of_letter = |(letter, count): (usize, &usize)| vec![Simple::new(letter); *count];
    let mut model: Vec<Simple> = shape.iter().enumerate().flat_map(of_letter).collect();
    let mut now = NOW;
    for (step, operation) in operations.iter().enumerate() {
        let so_far = &operations[..=step];
        let place_of = |id: i64| usize::try_from(id - 1).unwrap_or(usize::MAX);
        match operation {
            Operation::Lease { want } => {
                let got: Vec<_> = recipients(&lease(&ledger, *want, now).await)
                    .iter()
                    .map(|r| (r.id.0, r.attempt))
                    .collect();
                assert_eq!(got, model_lease(&mut model, *want, now), "{shape:?} {so_far:?}");
            }
            Operation::Begin { ids } => {
                let mut expected = Vec::new();
                for &id in ids {
                    if let Some(one) = model.get_mut(place_of(id)).filter(|one| one.state == State::Leased) {
                        (one.state, one.due, one.attempt) = (State::InData, None, one.attempt + 1);
                        expected.push(id);
                    }
                }
                assert_eq!(begin(&ledger, ids, now).await, expected, "{shape:?} {so_far:?}");
            }
            Operation::Settle { id, older, state, due } => {
                let one = &mut model[place_of(*id)];
                let next = one.attempt + u32::from(one.state == State::Leased);
                let attempt = next.saturating_sub(*older);
                let due = due.map(|due| now.after(Duration::from_millis(due)));
                settle(&ledger, *id, attempt, *state, due).await;
                one.settle(attempt, *state, due);
            }
            Operation::Release { ids, due } => {
                let due = now.after(Duration::from_millis(*due));
                ledger.release(ids.iter().map(|id| RecipientId(*id)).collect(), due).await.expect("released");
                for &id in ids {
                    model.get_mut(place_of(id)).into_iter().for_each(|one| one.release(due));
                }
            }
            Operation::Resolve { ids, how } => {
                let mut expected = 0;
                for &id in ids {
                    expected +=
                        model.get_mut(place_of(id)).map_or(0, |one| u64::from(one.resolve(*how, now)));
                }
                let ids = ids.iter().map(|id| RecipientId(*id)).collect();
                let changed = ledger.resolve(ids, *how, now).await.expect("resolved");
                assert_eq!(changed, expected, "{shape:?} {so_far:?}");
            }
            Operation::Wait { milliseconds } => now = now.after(Duration::from_millis(*milliseconds)),
            Operation::Reopen => {
                ledger = place.reopen(ledger).await;
                model.iter_mut().for_each(Simple::reopen);
            }
        }
        compare(&ledger, &model, &format!("{shape:?} {so_far:?}")).await;
    }
}

async fn compare<L: Ledger>(ledger: &L, model: &[Simple], context: &str) {
    let mut expected_tally = Tally::default();
    let found = entries(ledger, Filter::default()).await;
    assert_eq!(found.len(), model.len());
    for (entry, one) in found.iter().zip(model) {
        let tried: Vec<_> = entry.attempts.iter().map(|attempt| (attempt.number, attempt.state)).collect();
        assert_eq!((entry.state, &tried), (one.state, &one.tried), "{}: {context}", entry.id.0);
        if one.state == State::Deferred {
            assert_eq!(entry.due, one.due, "{}: {context}", entry.id.0);
        }
        expected_tally.add(one.state, 1);
    }
    assert_eq!(tally(ledger).await, expected_tally, "{context}");
    let soonest = model.iter().filter_map(Simple::becomes_due).min();
    let next = ledger.next_due().await.expect("a time");
    // Whoever was never tried is due now, whatever time a store says for that.
    assert_eq!(next.map(|due| due.max(NOW)), soonest.map(|due| due.max(NOW)), "{context}");
}

fn model_lease(model: &mut [Simple], want: usize, now: Time) -> Vec<(i64, u32)> {
    let mut letters = Vec::new();
    let mut got = Vec::new();
    for (id, one) in (1..).zip(model) {
        if one.becomes_due().is_none_or(|due| due > now) {
            continue;
        }
        if letters.last() != Some(&one.letter) {
            if letters.len() == want {
                break;
            }
            letters.push(one.letter);
        }
        (one.state, one.due) = (State::Leased, None);
        got.push((id, one.attempt + 1));
    }
    got
}

impl Simple {
    fn new(letter: usize) -> Self {
        Self { letter, state: State::Pending, attempt: 0, due: None, tried: Vec::new() }
    }

    fn becomes_due(&self) -> Option<Time> {
        match self.state {
            State::Pending => Some(self.due.unwrap_or(Time(0))),
            State::Deferred => self.due,
            _ => None,
        }
    }

    fn settle(&mut self, attempt: u32, state: State, due: Option<Time>) {
        let awaited = match self.state {
            State::Leased => attempt == self.attempt + 1,
            State::InData | State::InDoubt => attempt == self.attempt,
            _ => false,
        };
        let known = self.tried.iter_mut().find(|(number, _)| *number == attempt);
        if awaited {
            match known {
                Some((_, known)) => *known = state,
                None => self.tried.push((attempt, state)),
            }
            let due = due.filter(|_| state == State::Deferred);
            (self.state, self.attempt, self.due) = (state, attempt, due);
        } else if let Some((_, known)) = known
            && *known == State::InDoubt
            && (state == State::Accepted || self.state != State::Accepted)
        {
            *known = state;
            use State::{Deferred, InDoubt, Leased, Pending, Skipped};
            if state == State::Accepted
                && matches!(self.state, Pending | Leased | Deferred | InDoubt | Skipped)
            {
                (self.state, self.due) = (State::Accepted, None);
            }
        }
    }

    fn release(&mut self, due: Time) {
        match self.state {
            State::Leased => {}
            State::InData => self.attempt -= 1,
            _ => return,
        }
        (self.state, self.due) = (State::Pending, Some(due));
    }

    fn resolve(&mut self, how: Resolution, now: Time) -> bool {
        let (state, due) = match (how, self.state) {
            (Resolution::Found, State::InDoubt) => (State::Accepted, None),
            (Resolution::Skip, State::InDoubt) => (State::Skipped, None),
            (Resolution::Resend, State::InDoubt | State::Deferred | State::Rejected) => {
                (State::Pending, Some(now))
            }
            _ => return false,
        };
        (self.state, self.due) = (state, due);
        true
    }

    fn reopen(&mut self) {
        match self.state {
            State::Leased => (self.state, self.due) = (State::Pending, None),
            State::InData => {
                (self.state, self.due) = (State::InDoubt, None);
                self.tried.push((self.attempt, State::InDoubt));
            }
            _ => {}
        }
    }
}
