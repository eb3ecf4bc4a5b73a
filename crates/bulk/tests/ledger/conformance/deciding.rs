//! What people decide, and what workers share.

use hongyan_bulk::ledger::{Ledger, RecipientId, Resolution, State};
use hongyan_bulk::pace::Rate;

use super::*;

pub(crate) async fn decisions_are_taken_only_from_the_states_named<P: Place>(place: &P) {
    use Resolution::{Found, Resend, Skip};
    use State::{Accepted, Deferred, InData, InDoubt, Leased, Pending, Rejected, Skipped, Suppressed};
    let start = [Pending, Leased, InData, Accepted, Deferred, Rejected, InDoubt, Suppressed];
    let table = [
        (Found, [Pending, Leased, InData, Accepted, Deferred, Rejected, Accepted, Suppressed], 1),
        (Resend, [Pending, Leased, InData, Accepted, Pending, Pending, Pending, Suppressed], 3),
        (Skip, [Pending, Leased, InData, Accepted, Deferred, Rejected, Skipped, Suppressed], 1),
    ];
    for (how, end, changed) in table {
        let ledger = campaign(place, &[1; 8]).await;
        lease(&ledger, 8, NOW).await;
        ledger.release(vec![RecipientId(1)], NOW).await.expect("released");
        begin(&ledger, &[3, 4, 5, 6, 7], NOW).await;
        for (id, state) in (1..).zip(start).filter(|(_, state)| !matches!(state, Pending | Leased | InData)) {
            settle(&ledger, id, 1, state, Some(later(60))).await;
        }
        assert_eq!(states(&ledger).await, start);
        let everybody = (0..=9).map(RecipientId).collect();
        assert_eq!(ledger.resolve(everybody, how, NOW).await.expect("resolved"), changed, "{how:?}");
        assert_eq!(states(&ledger).await, end, "{how:?}");
    }
}

pub(crate) async fn who_is_sent_to_again_keeps_what_was_tried<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1]).await;
    lease(&ledger, 1, NOW).await;
    begin(&ledger, &[1], NOW).await;
    settle(&ledger, 1, 1, State::InDoubt, None).await;
    ledger.resolve(vec![RecipientId(1)], Resolution::Resend, later(5)).await.expect("resolved");
    assert_eq!(one(&ledger, 1).await, (State::Pending, vec![(1, State::InDoubt)]));
    assert_eq!(leased(&ledger, 1, later(4)).await, [2], "not before it was decided");
    let again = recipients(&lease(&ledger, 1, later(5)).await);
    assert_eq!((again[0].id.0, again[0].attempt), (1, 2));
    begin(&ledger, &[1], later(5)).await;
    settle(&ledger, 1, 2, State::Accepted, None).await;
    assert_eq!(one(&ledger, 1).await, (State::Accepted, vec![(1, State::InDoubt), (2, State::Accepted)]));
}

pub(crate) async fn buckets_are_shared<P: Place>(place: &P) {
    let rate = Rate { tokens: 60, period: Duration::from_secs(60), burst: 10 };
    let ledger = campaign(place, &[1]).await;
    let take = async |name: &str, want, now| ledger.take(name, rate, want, now).await.expect("taken");
    let (a, b) = tokio::join!(take("a", 7, NOW), take("a", 7, NOW));
    assert_eq!(a.0 + b.0, 10, "no more than there are, whoever asks");
    assert_eq!(take("b", 3, NOW).await, (3, Duration::ZERO), "each name is a bucket of its own");
    assert_eq!(take("a", 1, NOW).await, (0, Duration::from_secs(1)));
    assert_eq!(take("a", 9, later(2)).await.0, 2);
}

pub(crate) async fn a_pause_is_seen_and_kept<P: Place>(place: &P) {
    let ledger = campaign(place, &[1]).await;
    assert!(!ledger.paused().await.expect("read"));
    ledger.pause(true).await.expect("paused");
    ledger.pause(true).await.expect("twice is once");
    assert!(ledger.paused().await.expect("read"));
    let ledger = place.reopen(ledger).await;
    assert!(ledger.paused().await.expect("read"));
    ledger.pause(false).await.expect("resumed");
    assert!(!ledger.paused().await.expect("read"));
}
