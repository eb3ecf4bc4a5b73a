//! What is left after a crash.

use hongyan_bulk::ledger::{Ledger, State};
use hongyan_bulk::pace::Rate;

use super::*;

pub(crate) async fn what_was_confirmed_is_there_after_a_crash<P: Place>(place: &P) {
    let ledger = campaign(place, &[1; 3]).await;
    let session = ledger.session(NOW, "默认", "S: 220 example.org\n".into()).await.expect("a session");
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[1, 2], NOW).await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    settle(&ledger, 2, 1, State::Deferred, Some(later(9))).await;
    let before = entries(&ledger, Filter::default()).await;
    let ledger = place.reopen(ledger).await;
    let after = entries(&ledger, Filter::default()).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.state, before.due, &before.attempts), (after.state, after.due, &after.attempts));
    }
    assert_eq!(ledger.manifest().recipients, 3);
    let opening = ledger.opening(session).await.expect("read").expect("there");
    assert_eq!((opening.account.as_str(), opening.opened), ("默认", NOW));
    assert_ne!(ledger.session(NOW, "b", String::new()).await.expect("another"), session);
}

pub(crate) async fn who_was_leased_is_pending_after_a_crash<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 2]).await;
    assert_eq!(leased(&ledger, 9, NOW).await, [1, 2, 3]);
    let ledger = place.reopen(ledger).await;
    assert_eq!(states(&ledger).await, [State::Pending; 3]);
    let again = recipients(&lease(&ledger, 9, NOW).await);
    assert_eq!(again.iter().map(|r| (r.id.0, r.attempt)).collect::<Vec<_>>(), [(1, 1), (2, 1), (3, 1)]);
}

pub(crate) async fn who_was_in_data_is_in_doubt_after_a_crash<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1]).await;
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[2], later(3)).await;
    let ledger = place.reopen(ledger).await;
    assert_eq!(states(&ledger).await, [State::Pending, State::InDoubt]);
    let doubt = entries(&ledger, Filter { state: Some(State::InDoubt), row: None }).await.remove(0);
    assert_eq!((doubt.attempts[0].number, doubt.attempts[0].state), (1, State::InDoubt));
    assert_eq!(doubt.attempts[0].evidence.begun, later(3));
    assert!(!doubt.attempts[0].evidence.cause.is_empty(), "it says why");
    assert_eq!(leased(&ledger, 9, later(1 << 30)).await, [1], "never again by itself");
}

pub(crate) async fn late_knowledge_wins_over_doubt_after_a_crash<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1]).await;
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[1, 2], NOW).await;
    let ledger = place.reopen(ledger).await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    settle(&ledger, 2, 1, State::Deferred, Some(NOW)).await;
    assert_eq!(one(&ledger, 1).await, (State::Accepted, vec![(1, State::Accepted)]));
    assert_eq!(one(&ledger, 2).await, (State::Deferred, vec![(1, State::Deferred)]));
}

pub(crate) async fn buckets_survive_a_crash<P: Place>(place: &P) {
    let day = Rate { tokens: 5, period: Duration::from_secs(86_400), burst: 5 };
    let ledger = campaign(place, &[1]).await;
    assert_eq!(ledger.take("账户/day", day, 4, NOW).await.expect("taken").0, 4);
    let ledger = place.reopen(ledger).await;
    assert_eq!(ledger.take("账户/day", day, 4, later(1)).await.expect("taken").0, 1);
}
