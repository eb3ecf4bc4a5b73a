//! What becomes of whom.

use hongyan_bulk::ledger::{Ledger, LedgerError, RecipientId, Resolution, State};

use super::*;

pub(crate) async fn only_who_is_leased_can_be_begun<P: Place>(place: &P) {
    let ledger = campaign(place, &[1; 4]).await;
    lease(&ledger, 2, NOW).await;
    assert_eq!(begin(&ledger, &[2, 3, 99, -1, 0], NOW).await, [2], "not pending ones, nor unknown ones");
    assert!(begin(&ledger, &[2], NOW).await.is_empty(), "nor twice");
    settle(&ledger, 2, 1, State::Accepted, None).await;
    assert!(begin(&ledger, &[2], NOW).await.is_empty(), "nor what is settled");
    use State::{Accepted, Leased, Pending};
    assert_eq!(states(&ledger).await, [Leased, Accepted, Pending, Pending]);
}

pub(crate) async fn who_is_settled_stays_so<P: Place>(place: &P) {
    for state in [State::Accepted, State::Rejected, State::InDoubt, State::Suppressed] {
        let ledger = campaign(place, &[1]).await;
        lease(&ledger, 1, NOW).await;
        begin(&ledger, &[1], NOW).await;
        settle(&ledger, 1, 1, state, Some(NOW)).await;
        assert!(leased(&ledger, 1, later(1_000_000)).await.is_empty(), "{state}");
        assert_eq!(one(&ledger, 1).await, (state, vec![(1, state)]));
        assert_eq!(entries(&ledger, Filter::default()).await[0].due, None);
    }
}

pub(crate) async fn what_was_deferred_comes_back_when_it_is_due_and_not_before<P: Place>(place: &P) {
    let ledger = campaign(place, &[1]).await;
    for attempt in 1..=3 {
        let now = later(u64::from(attempt) * 1_000);
        let got = recipients(&lease(&ledger, 1, now).await);
        assert_eq!((got[0].id, got[0].attempt), (RecipientId(1), attempt));
        begin(&ledger, &[1], now).await;
        let due = later(u64::from(attempt + 1) * 1_000);
        settle(&ledger, 1, attempt, State::Deferred, Some(due)).await;
        assert_eq!(entries(&ledger, Filter::default()).await[0].due, Some(due));
        assert!(leased(&ledger, 1, Time(due.0 - 1)).await.is_empty());
    }
    let tried = vec![(1, State::Deferred), (2, State::Deferred), (3, State::Deferred)];
    assert_eq!(one(&ledger, 1).await, (State::Deferred, tried));
}

pub(crate) async fn who_was_given_up_never_comes_back<P: Place>(place: &P) {
    let ledger = campaign(place, &[1]).await;
    lease(&ledger, 1, NOW).await;
    begin(&ledger, &[1], NOW).await;
    settle(&ledger, 1, 1, State::Deferred, None).await;
    assert!(leased(&ledger, 1, later(1 << 30)).await.is_empty());
    assert_eq!(ledger.next_due().await.expect("a time"), None);
    assert_eq!(one(&ledger, 1).await.0, State::Deferred);
}

pub(crate) async fn whoever_was_not_begun_can_be_settled_too<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1, 1]).await;
    lease(&ledger, 3, NOW).await;
    settle(&ledger, 1, 1, State::Suppressed, None).await;
    settle(&ledger, 2, 1, State::Rejected, None).await;
    settle(&ledger, 3, 1, State::Deferred, Some(later(5))).await;
    assert_eq!(one(&ledger, 1).await, (State::Suppressed, vec![(1, State::Suppressed)]));
    assert_eq!(one(&ledger, 2).await, (State::Rejected, vec![(1, State::Rejected)]));
    let again = recipients(&lease(&ledger, 3, later(5)).await);
    assert_eq!((again[0].id.0, again[0].attempt, again.len()), (3, 2, 1));
}

pub(crate) async fn late_knowledge_wins_over_doubt<P: Place>(place: &P) {
    for (known, due) in [
        (State::Accepted, None),
        (State::Rejected, None),
        (State::Deferred, Some(later(7))),
        (State::Deferred, None),
    ] {
        let ledger = campaign(place, &[1]).await;
        lease(&ledger, 1, NOW).await;
        begin(&ledger, &[1], NOW).await;
        settle(&ledger, 1, 1, State::InDoubt, None).await;
        settle(&ledger, 1, 1, known, due).await;
        assert_eq!(one(&ledger, 1).await, (known, vec![(1, known)]));
        assert_eq!(leased(&ledger, 1, later(7)).await.len(), usize::from(due.is_some()));
    }
}

pub(crate) async fn an_older_attempt_counts_only_against_doubt<P: Place>(place: &P) {
    let doubted = async || {
        let ledger = campaign(place, &[1]).await;
        lease(&ledger, 1, NOW).await;
        begin(&ledger, &[1], NOW).await;
        settle(&ledger, 1, 1, State::InDoubt, None).await;
        ledger.resolve(vec![RecipientId(1)], Resolution::Resend, NOW).await.expect("resolved");
        ledger
    };
    // It was taken after all: nobody is sent a second copy for nothing.
    let ledger = doubted().await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    assert_eq!(one(&ledger, 1).await, (State::Accepted, vec![(1, State::Accepted)]));
    let ledger = doubted().await;
    lease(&ledger, 1, NOW).await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    assert!(begin(&ledger, &[1], NOW).await.is_empty(), "leased meanwhile, but not begun");
    assert_eq!(one(&ledger, 1).await.0, State::Accepted);
    // It was not taken: then it is sent, as was decided.
    let ledger = doubted().await;
    settle(&ledger, 1, 1, State::Rejected, None).await;
    assert_eq!(one(&ledger, 1).await, (State::Pending, vec![(1, State::Rejected)]));
    // The next attempt has begun: it goes its way.
    let ledger = doubted().await;
    lease(&ledger, 1, NOW).await;
    assert_eq!(begin(&ledger, &[1], NOW).await, [1]);
    settle(&ledger, 1, 1, State::Accepted, None).await;
    assert_eq!(one(&ledger, 1).await, (State::InData, vec![(1, State::Accepted)]));
    settle(&ledger, 1, 2, State::Rejected, None).await;
    assert_eq!(one(&ledger, 1).await, (State::Rejected, vec![(1, State::Accepted), (2, State::Rejected)]));
}

pub(crate) async fn what_was_certain_stays_whatever_is_said_later<P: Place>(place: &P) {
    let ledger = campaign(place, &[1; 3]).await;
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[1, 2], NOW).await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    settle(&ledger, 2, 1, State::Deferred, Some(later(5))).await;
    for state in [State::Rejected, State::InDoubt, State::Deferred] {
        settle(&ledger, 1, 1, state, Some(NOW)).await;
        settle(&ledger, 1, 2, state, Some(NOW)).await;
        settle(&ledger, 3, 1, state, Some(NOW)).await;
    }
    settle(&ledger, 2, 1, State::Accepted, None).await;
    settle(&ledger, 99, 1, State::Accepted, None).await;
    assert_eq!(one(&ledger, 1).await, (State::Accepted, vec![(1, State::Accepted)]));
    assert_eq!(one(&ledger, 2).await, (State::Deferred, vec![(1, State::Deferred)]));
    assert_eq!(one(&ledger, 3).await, (State::Pending, vec![]), "nobody was at work on it");
}

pub(crate) async fn a_state_that_is_no_outcome_is_refused<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1]).await;
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[1, 2], NOW).await;
    for state in [State::Pending, State::Leased, State::InData, State::Skipped] {
        let outcomes = vec![outcome(1, 1, State::Accepted, None), outcome(2, 1, state, None)];
        let refused = ledger.settle(outcomes).await;
        assert!(matches!(refused, Err(LedgerError::Refused(_))), "{state}: {refused:?}");
    }
    assert_eq!(states(&ledger).await, [State::InData; 2], "nothing of it was done");
    settle(&ledger, 1, 1, State::Accepted, None).await;
}
