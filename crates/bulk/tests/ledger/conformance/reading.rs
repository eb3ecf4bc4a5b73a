//! What is read, and in which order.

use std::collections::BTreeMap;

use hongyan_bulk::ledger::{Filter, FrozenFile, Ledger, Opening, RecipientId, SessionId, State};

use super::*;

pub(crate) async fn pages_are_in_order_and_complete<P: Place>(place: &P) {
    let ledger = campaign(place, &[2; 500]).await;
    let mut seen = Vec::new();
    let mut after = RecipientId(0);
    loop {
        let page = ledger.page(after, 99, Filter::default()).await.expect("a page");
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 99);
        after = last.id;
        seen.extend(page.iter().map(|entry| (entry.id.0, entry.row.number, entry.address.clone())));
    }
    let expected = |id: i64| {
        let (row, n) = ((id as u64 - 1) / 2 + 2, (id - 1) % 2);
        (id, row, address(&format!("r{row}n{n}@example.org")))
    };
    assert_eq!(seen, (1..=1_000).map(expected).collect::<Vec<_>>());
    assert!(ledger.page(RecipientId(i64::MAX), 9, Filter::default()).await.expect("a page").is_empty());
    assert!(ledger.page(RecipientId(0), 0, Filter::default()).await.expect("a page").is_empty());
    assert_eq!(ledger.page(RecipientId(-5), 1, Filter::default()).await.expect("a page")[0].id.0, 1);
}

pub(crate) async fn pages_are_filtered_by_state_and_row<P: Place>(place: &P) {
    let ledger = campaign(place, &[2, 3, 1]).await;
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[2, 4], NOW).await;
    settle(&ledger, 4, 1, State::Accepted, None).await;
    let ids = async |state, row| {
        let found = entries(&ledger, Filter { state, row }).await;
        found.iter().map(|entry| entry.id.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(Some(State::Leased), None).await, [1, 3, 5]);
    assert_eq!(ids(Some(State::Accepted), None).await, [4]);
    assert_eq!(ids(Some(State::Skipped), None).await, [0; 0]);
    assert_eq!(ids(None, Some(3)).await, [3, 4, 5]);
    assert_eq!(ids(Some(State::Leased), Some(3)).await, [3, 5]);
    assert_eq!(ids(None, Some(1)).await, [0; 0]);
    assert_eq!(ids(None, Some(u64::MAX)).await, [0; 0]);
    let second = ledger.page(RecipientId(3), 1, Filter { state: None, row: Some(3) }).await.expect("a page");
    assert_eq!(second[0].id.0, 4);
}

pub(crate) async fn a_tally_sums_up_to_everybody<P: Place>(place: &P) {
    let ledger = campaign(place, &[1; 20]).await;
    lease(&ledger, 10, NOW).await;
    begin(&ledger, &[1, 2, 3, 4, 5], NOW).await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    settle(&ledger, 2, 1, State::Rejected, None).await;
    settle(&ledger, 3, 1, State::Deferred, None).await;
    let tally = tally(&ledger).await;
    use State::{Accepted, Deferred, InData, Leased, Pending, Rejected};
    let counts = [Pending, Leased, InData, Accepted, Rejected, Deferred].map(|state| tally.of(state));
    assert_eq!((counts, tally.total()), ([10, 5, 2, 1, 1, 1], 20));
}

pub(crate) async fn evidence_is_read_as_it_was_written<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1]).await;
    lease(&ledger, 2, NOW).await;
    begin(&ledger, &[1, 2], NOW).await;
    let full = outcome(1, 1, State::Accepted, None);
    let mut bare = outcome(2, 1, State::Rejected, None);
    bare.evidence = Evidence { cause: "域名不存在 'x' \\ \"".into(), ..Evidence::default() };
    ledger.settle(vec![full.clone(), bare.clone()]).await.expect("settled");
    let found = entries(&ledger, Filter::default()).await;
    assert_eq!(found[0].attempts[0].evidence, full.evidence);
    assert_eq!(found[1].attempts[0].evidence, bare.evidence);
}

pub(crate) async fn a_connection_is_found_by_its_number<P: Place>(place: &P) {
    let ledger = campaign(place, &[1]).await;
    let transcript = "S: 220 邮件\nC: EHLO a\n".to_owned();
    let first = ledger.session(NOW, "a", transcript.clone()).await.expect("a session");
    let second = ledger.session(later(1), "b", String::new()).await.expect("a session");
    let opening = async |id| ledger.opening(id).await.expect("read");
    assert_eq!(opening(first).await, Some(Opening { opened: NOW, account: "a".into(), transcript }));
    assert_eq!(opening(second).await.map(|opening| opening.account), Some("b".into()));
    assert_eq!(opening(SessionId(i64::MAX)).await, None);
}

pub(crate) async fn the_latest_answers_come_newest_first<P: Place>(place: &P) {
    let ledger = campaign(place, &[1; 30]).await;
    assert!(ledger.latest(5).await.expect("read").is_empty());
    lease(&ledger, 30, NOW).await;
    begin(&ledger, &(1..=30).collect::<Vec<_>>(), NOW).await;
    for id in 1..=30 {
        let state = if id % 2 == 0 { State::Accepted } else { State::Rejected };
        let mut answered = outcome(id, 1, state, None);
        answered.evidence.ended = later(id as u64);
        ledger.settle(vec![answered]).await.expect("settled");
    }
    let latest = ledger.latest(3).await.expect("read");
    let seen: Vec<_> = latest.iter().map(|answered| (answered.id.0, answered.state, answered.at)).collect();
    let expected = [
        (30, State::Accepted, later(30)),
        (29, State::Rejected, later(29)),
        (28, State::Accepted, later(28)),
    ];
    assert_eq!(seen, expected);
}

pub(crate) async fn frozen_files_are_found_by_their_path<P: Place>(place: &P) {
    let own = FrozenFile { sha256: "c0".repeat(32), size: 0 };
    let files = BTreeMap::from([("files/张三.pdf".to_owned(), own.clone())]);
    let ledger = place.load(manifest(), &files, &letters(&[1])).await;
    let frozen = async |path: &str| ledger.frozen(path).await.expect("read");
    assert_eq!(frozen("files/张三.pdf").await, Some(own));
    assert_eq!(frozen("名单.xlsx").await, manifest().files.get("名单.xlsx").cloned());
    assert_eq!(frozen("files/李四.pdf").await, None);
}
