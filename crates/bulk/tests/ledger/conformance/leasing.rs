//! Who gets which letters.

use std::collections::BTreeMap;
use std::time::Instant;

use hongyan_bulk::ledger::{FrozenFile, Ledger, LetterToLoad, RecipientId, Role, State, Time};
use hongyan_bulk::row::Row;
use serde_json::json;

use super::*;

pub(crate) async fn everybody_is_pending_at_first<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 2, 1]).await;
    assert_eq!(states(&ledger).await, [State::Pending; 4]);
    assert_eq!((ledger.manifest().letters, ledger.manifest().recipients), (3, 4));
    assert_eq!(ledger.manifest().name, manifest().name);
}

pub(crate) async fn letters_come_in_the_order_of_the_sheet<P: Place>(place: &P) {
    let ledger = campaign(place, &[1; 5]).await;
    assert_eq!(leased(&ledger, 2, NOW).await, [1, 2]);
    assert_eq!(leased(&ledger, 9, NOW).await, [3, 4, 5]);
    assert!(leased(&ledger, 9, NOW).await.is_empty());
}

pub(crate) async fn a_letter_comes_as_it_was_loaded<P: Place>(place: &P) {
    let cells = vec![
        json!("张三"),
        json!(""),
        json!(null),
        json!(0.1),
        json!({"a": [1, "\u{0}\r\n'"]}),
        json!("007"),
    ];
    let file = "files/E001 工资.pdf".to_owned();
    let letter = LetterToLoad {
        row: Row { number: 900_000, cells: cells.clone() },
        recipients: vec![(Role::Bcc, address("李四@例子.example")), (Role::To, address("a@example.org"))],
        files: vec![file.clone(), "名单.xlsx".into()],
    };
    let frozen = BTreeMap::from([(
        file.clone(),
        FrozenFile { sha256: "ab".repeat(32), size: u64::from(u32::MAX) + 1 },
    )]);
    let ledger = place.load(manifest(), &frozen, &[letter]).await;
    let got = lease(&ledger, 1, NOW).await.remove(0);
    assert_eq!(got.row, Row { number: 900_000, cells });
    assert_eq!(got.files, [file, "名单.xlsx".into()]);
    assert_eq!(got.recipients[0].role, Role::Bcc);
    assert_eq!(got.recipients[0].address, address("李四@例子.example"));
    assert_eq!((got.recipients[1].role, got.recipients[1].attempt), (Role::To, 1));
    assert!(got.until > Instant::now());
}

pub(crate) async fn a_letter_comes_with_all_of_its_recipients<P: Place>(place: &P) {
    let ledger = campaign(place, &[3, 1, 700, 2]).await;
    let count =
        |letters: Vec<_>| letters.iter().map(|letter: &Letter| letter.recipients.len()).collect::<Vec<_>>();
    assert_eq!(count(lease(&ledger, 1, NOW).await), [3]);
    assert_eq!(count(lease(&ledger, 2, NOW).await), [1, 700]);
    assert_eq!(count(lease(&ledger, 2, NOW).await), [2]);
}

pub(crate) async fn a_letter_comes_again_with_those_who_are_due<P: Place>(place: &P) {
    let ledger = campaign(place, &[3, 1]).await;
    assert_eq!(leased(&ledger, 1, NOW).await, [1, 2, 3]);
    begin(&ledger, &[1, 2, 3], NOW).await;
    settle(&ledger, 1, 1, State::Accepted, None).await;
    settle(&ledger, 2, 1, State::Deferred, Some(later(60))).await;
    settle(&ledger, 3, 1, State::Deferred, Some(later(30))).await;
    assert_eq!(leased(&ledger, 9, later(59)).await, [3, 4]);
    let letters = lease(&ledger, 9, later(60)).await;
    assert_eq!((letters[0].row.number, ids(&letters[0].recipients)), (2, vec![2]));
}

pub(crate) async fn leases_never_overlap<P: Place>(place: &P) {
    let ledger = campaign(place, &[2; 300]).await;
    let task = async || {
        let mut mine = Vec::new();
        loop {
            let more = leased(&ledger, 3, NOW).await;
            if more.is_empty() {
                return mine;
            }
            mine.extend(more);
        }
    };
    let (a, b, c, d) = tokio::join!(task(), task(), task(), task());
    let mut all = [a, b, c, d].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=600).collect::<Vec<_>>());
}

pub(crate) async fn nothing_wanted_is_nothing_leased<P: Place>(place: &P) {
    let ledger = campaign(place, &[1]).await;
    assert!(leased(&ledger, 0, NOW).await.is_empty());
    assert_eq!(states(&ledger).await, [State::Pending]);
}

pub(crate) async fn a_lease_that_has_ended_goes_to_somebody_else<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1]).await;
    let letters = lease(&ledger, 2, NOW).await;
    let length = letters[0].until.saturating_duration_since(Instant::now());
    begin(&ledger, &[1], NOW).await;
    let ended = NOW.after(length + Duration::from_secs(5));
    assert!(begin(&ledger, &[2], ended).await.is_empty(), "nobody may begin after the end");
    assert_eq!(leased(&ledger, 2, ended).await, [2], "who is in data is never leased again");
    assert_eq!(begin(&ledger, &[2], ended).await, [2]);
}

pub(crate) async fn what_is_given_back_comes_again_when_it_is_due<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1, 1]).await;
    assert_eq!(leased(&ledger, 3, NOW).await, [1, 2, 3]);
    // One that was begun, but certainly did not leave, can be given back as well.
    assert_eq!(begin(&ledger, &[2], NOW).await, [2]);
    ledger.release(vec![RecipientId(1), RecipientId(2)], later(10)).await.expect("released");
    assert!(leased(&ledger, 3, later(9)).await.is_empty());
    assert!(begin(&ledger, &[1], NOW).await.is_empty(), "what was given back is not held any more");
    let again = recipients(&lease(&ledger, 3, later(10)).await);
    assert_eq!(
        again.iter().map(|r| (r.id.0, r.attempt)).collect::<Vec<_>>(),
        [(1, 1), (2, 1)],
        "no attempt counts"
    );
    assert_eq!(one(&ledger, 2).await, (State::Leased, vec![]));
}

pub(crate) async fn the_next_time_is_the_earliest_of_those_whom_nobody_has<P: Place>(place: &P) {
    let ledger = campaign(place, &[1, 1, 1]).await;
    let next = async || ledger.next_due().await.expect("a time");
    assert!(next().await.is_some_and(|due| due <= NOW), "now");
    lease(&ledger, 2, NOW).await;
    assert!(next().await.is_some_and(|due| due <= NOW), "one is left");
    lease(&ledger, 2, NOW).await;
    assert_eq!(next().await, None, "all are leased");
    begin(&ledger, &[1, 2], NOW).await;
    settle(&ledger, 1, 1, State::Deferred, Some(later(50))).await;
    settle(&ledger, 2, 1, State::Deferred, Some(later(40))).await;
    assert_eq!(next().await, Some(later(40)));
    ledger.release(vec![RecipientId(3)], later(30)).await.expect("released");
    assert_eq!(next().await, Some(later(30)));
    lease(&ledger, 3, later(50)).await;
    begin(&ledger, &[1, 2, 3], later(50)).await;
    settle(&ledger, 1, 2, State::Deferred, None).await;
    settle(&ledger, 2, 2, State::Rejected, None).await;
    settle(&ledger, 3, 1, State::Accepted, None).await;
    assert_eq!(next().await, None::<Time>, "all are settled");
}
