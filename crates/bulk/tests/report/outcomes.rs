//! What becomes of those in doubt and of those who are tried again, and how a campaign stands.

use std::time::{Duration, Instant};

use hongyan_bulk::ledger::sqlite::Sqlite;
use hongyan_bulk::ledger::{Filter, Ledger as _, RecipientId, Resolution, State, Time};
use hongyan_bulk::report::{Entries, Status};
use hongyan_bulk::resolve::{Found, Whom, accepted, decide, sent};
use hongyan_net::Server;
use hongyan_net::imap::{Options, Session};
use hongyan_proto::imap::client::Config;
use hongyan_proto::sasl::{Credentials, Proof, Secret};
use hongyan_proto::tls::Tls;
use hongyan_sandbox::{self as sandbox, Sandbox};

use super::made::{BEGUN, KEY};
use super::{campaign, folder};

#[tokio::test]
async fn a_status_tells_who_is_where_how_fast_it_goes_and_who_was_refused_last() {
    let (_, ledger) = campaign("status").await;
    let status = Status::of(&ledger, Time(BEGUN.0 + 67_000)).await.unwrap();
    assert_eq!((status.tally.total(), status.tally.of(State::Pending), status.open()), (10, 3, 4));
    assert!(status.runners.is_empty() && !status.paused);
    let rate = status.rate.unwrap();
    assert_eq!((rate.answered, rate.within), (7, Duration::from_millis(65_750)), "since the first of them");
    assert_eq!(status.left(), None, "nobody runs it");
    let rows = |entries: &[hongyan_bulk::ledger::Entry]| -> Vec<u64> {
        entries.iter().map(|entry| entry.row.number).collect()
    };
    assert_eq!((rows(&status.refusals), rows(&status.doubt)), (vec![4, 3], vec![5, 7]));
    let later = Status::of(&ledger, Time(BEGUN.0 + 3_600_000)).await.unwrap();
    assert_eq!(later.rate, None, "an hour later nothing is recent");
}

#[tokio::test]
async fn entries_come_page_by_page_each_once() {
    let (_, ledger) = campaign("entries").await;
    let mut entries = Entries::new(&ledger, Filter::default());
    let mut ids = Vec::new();
    while let Some(entry) = entries.next().await.unwrap() {
        ids.push(entry.id.0);
    }
    assert_eq!(ids, (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_decision_is_about_those_of_these_states_and_rows_only() {
    let states = |states: &[State]| states.to_vec();
    for (whom, how, changed, becomes) in [
        (
            Whom { states: states(&[State::Deferred, State::Rejected]), rows: vec![] },
            Resolution::Resend,
            2,
            State::Pending,
        ),
        (Whom { states: states(&[State::Deferred]), rows: vec![] }, Resolution::Resend, 1, State::Pending),
        (
            Whom { states: states(&[State::Deferred]), rows: vec![3, 2, 3] },
            Resolution::Resend,
            0,
            State::Pending,
        ),
        (Whom { states: states(&[State::InDoubt]), rows: vec![7, 7] }, Resolution::Skip, 1, State::Skipped),
        (Whom { states: states(&[State::InDoubt]), rows: vec![] }, Resolution::Found, 2, State::Accepted),
        (Whom { states: states(&[State::InDoubt]), rows: vec![5] }, Resolution::Resend, 1, State::Pending),
    ] {
        let (folder, ledger) = campaign("decisions").await;
        drop(ledger);
        let ledger = Sqlite::open(&folder.join("ledger.sqlite")).unwrap();
        let before = ledger.tally().await.unwrap().of(becomes);
        assert_eq!(decide(&ledger, &whom, how, Time::now()).await.unwrap(), changed, "{whom:?}");
        assert_eq!(ledger.tally().await.unwrap().of(becomes), before + changed, "{whom:?}");
        ledger.close().await.unwrap();
    }
}

#[tokio::test]
async fn who_is_found_among_the_sent_is_accepted_with_where_that_was() {
    let folder = folder("found");
    let path = folder.join("ledger.sqlite");
    super::made::campaign(&path).await;
    let sandbox = Sandbox::start(sandbox::Config::default()).await.unwrap();
    let mail = format!("Message-ID:\r\n <5.{KEY}@example.org>\r\nSubject: x\r\n\r\nsent\r\n");
    // An answer to it names the same identifier, and is not it.
    let answer = format!("Message-ID: <1@x>\r\nIn-Reply-To: <7.{KEY}@example.org>\r\n\r\nre\r\n");
    let store = sandbox.store();
    store.put("me", "Sent", answer.as_bytes()).await.unwrap();
    let uid = store.put("me", "Sent", mail.as_bytes()).await.unwrap();
    let login = Credentials { user: "me".to_owned(), proof: Proof::Password(Secret::new("x")) };
    let config =
        Config { credentials: Some(login), plaintext_auth: true, tls: Tls::Never, ..Config::default() };
    let options = Options { session: config, ..Options::default() };
    let port = sandbox.imap().unwrap().port();
    let server = Server { host: "127.0.0.1".to_owned(), port, implicit_tls: false };
    let mut session = Session::connect(&server, &options).await.unwrap();
    let ids = [format!("5.{KEY}@example.org"), format!("7.{KEY}@example.org")];
    let begun = Instant::now();
    let searched =
        sent::search(&mut session, "Sent", &ids, begun + Duration::from_millis(300)).await.unwrap();
    assert!(
        begun.elapsed() >= Duration::from_millis(300),
        "who is not found is looked for until the deadline"
    );
    assert_eq!(searched.found.into_iter().collect::<Vec<_>>(), [(ids[0].clone(), uid)]);
    let searched =
        sent::search(&mut session, "Sent", &ids[..1], begun + Duration::from_secs(60)).await.unwrap();
    assert_eq!(searched.found.len(), 1, "when all are found nothing is waited for");
    session.logout().await;
    sandbox.stop().await;

    let ledger = Sqlite::open(&path).unwrap();
    let found = Found {
        place: "imap://127.0.0.1".to_owned(),
        folder: "Sent\r\nx".to_owned(),
        validity: Some(9),
        uid,
    };
    let now = Time(BEGUN.0 + 600_000);
    let page = ledger.page(RecipientId(0), 10, Filter::default()).await.unwrap();
    let outcomes: Vec<_> = page.iter().filter_map(|entry| accepted(entry, &found, now)).collect();
    assert_eq!(outcomes.len(), 2, "only those in doubt");
    ledger.settle(outcomes[..1].to_vec()).await.unwrap();
    let entry = &ledger.page(RecipientId(3), 1, Filter::default()).await.unwrap()[0];
    let evidence = &entry.attempts[0].evidence;
    assert_eq!((entry.row.number, entry.state, evidence.ended), (5, State::Accepted, now));
    let words = format!(
        "found in the folder for sent mail: Sent\\r\\nx, UID {uid}, UIDVALIDITY 9, at imap://127.0.0.1"
    );
    assert_eq!(evidence.cause, words);
    assert!(evidence.conversation.ends_with(&format!("C: {{content: 2634 octets}}\n-- {words}\n")));
    assert_eq!(ledger.tally().await.unwrap().of(State::InDoubt), 1);
    ledger.close().await.unwrap();
}
