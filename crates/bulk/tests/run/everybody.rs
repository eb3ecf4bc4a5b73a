//! Everybody gets one letter, whatever the connections do.

use hongyan_bulk::ledger::{Ledger, State};
use hongyan_bulk::run::{Stop, Why};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_a_letter_and_the_ledger_can_show_what_was_said() {
    let sandbox = sandbox(&[]).await;
    let (ledger, told) = (memory(numbered(500)), Told::default());
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options(), Stop::default(), &told).await;
    assert!(matches!(ended.why, Why::Done), "{:?}", ended.why);
    assert_eq!(ended.tally.of(State::Accepted), 500);
    assert_eq!(told.count("reader"), 500);
    for entry in entries(&ledger, State::Accepted).await {
        let evidence = &entry.attempts[0].evidence;
        assert!(evidence.reply.starts_with("250 "), "{evidence:?}");
        let said: Vec<_> = evidence.conversation.lines().collect();
        assert_eq!(said[0], "C: MAIL FROM:<sender@example.org> SIZE=33".replace("33", &size(&entry)));
        assert_eq!(said[1], format!("C: RCPT TO:<{}>", entry.address.as_str()));
        assert!(said.last().unwrap().ends_with(&evidence.reply), "{said:?}");
        let opening = ledger.opening(evidence.session.unwrap()).await.unwrap().unwrap();
        assert!(opening.transcript.starts_with("S: 220 ") && opening.transcript.contains("C: EHLO "));
    }
}

fn size(entry: &Entry) -> String {
    format!("Subject: row {}\r\n\r\nHello\r\n", entry.row.number).len().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_extensions_of_the_server_it_is_the_same() {
    for (pipelining, chunking) in [(false, false), (true, false), (false, true)] {
        let sandbox = sandbox(&[]).await;
        let mut route = route(&sandbox);
        (route.options.session.pipelining, route.options.session.chunking) = (pipelining, chunking);
        let ledger = memory(numbered(60));
        let ended =
            run_and_check(&sandbox, &ledger, vec![route], options(), Stop::default(), &Told::default()).await;
        assert_eq!(ended.tally.of(State::Accepted), 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_end_at_any_place_lose_nobody_and_send_nothing_twice() {
    for fault in [
        "greeting:1=drop",
        "ehlo:1=drop",
        "mail:7=drop",
        "rcpt:7=drop",
        "data:7=drop",
        "content:7=drop",
        "mail:7=421 4.3.2 going down",
        "rcpt:7=421 4.3.2 going down",
        "end:7=421 4.3.2 going down",
    ] {
        let sandbox = sandbox(&[fault]).await;
        let ledger = memory(numbered(80));
        let mut options = options();
        options.retry.first = Duration::from_millis(10);
        options.once = false;
        let ended = run_and_check(
            &sandbox,
            &ledger,
            vec![route(&sandbox)],
            options,
            Stop::default(),
            &Told::default(),
        )
        .await;
        assert_eq!(
            ended.tally.of(State::Accepted) + ended.tally.of(State::InDoubt),
            80,
            "{fault}: {:?}",
            ended.tally
        );
        assert!(ended.tally.of(State::InDoubt) <= 4 * 256, "{fault}: {:?}", ended.tally);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_after_the_last_dot_leaves_those_on_it_in_doubt_and_nobody_else() {
    let sandbox = sandbox(&["end:5=drop"]).await;
    let ledger = memory(numbered(40));
    let mut route = route(&sandbox);
    (route.options.session.pipelining, route.options.session.chunking) = (false, false);
    let ended =
        run_and_check(&sandbox, &ledger, vec![route], options(), Stop::default(), &Told::default()).await;
    assert_eq!((ended.tally.of(State::Accepted), ended.tally.of(State::InDoubt)), (39, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_in_the_middle_leaves_the_rest_pending_and_going_on_finishes_it() {
    let sandbox = sandbox(&[]).await;
    let ledger = memory(numbered(2_000));
    let stop = Stop::default();
    let told = Told::default();
    let (asking, listening) = (stop.clone(), told.clone());
    tokio::spawn(async move {
        while listening.count("reader") < 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        asking.ask(Why::Asked);
    });
    let ended = run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options(), stop, &told).await;
    assert!(matches!(ended.why, Why::Asked));
    let left = ended.tally.of(State::Pending);
    assert!(left > 0, "{:?}", ended.tally);
    assert_eq!(ended.tally.of(State::Accepted) + left, 2_000);
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options(), Stop::default(), &Told::default())
            .await;
    assert_eq!(ended.tally.of(State::Accepted), 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_carries_only_so_many_messages() {
    let sandbox = sandbox(&[]).await;
    let ledger = memory(numbered(50));
    let mut route = route(&sandbox);
    (route.per_connection, route.connections) = (7, 1);
    let told = Told::default();
    run_and_check(&sandbox, &ledger, vec![route], options(), Stop::default(), &told).await;
    assert_eq!(told.count("opened"), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readers_of_one_letter_get_it_in_one_transaction_and_a_verdict_each() {
    let sandbox = sandbox(&["rcpt:bad*=550 5.1.1 no such user"]).await;
    let ledger = memory(letters(["a@example.com bad@example.com", "b@example.com c@example.com"]));
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options(), Stop::default(), &Told::default())
            .await;
    assert_eq!((ended.tally.of(State::Accepted), ended.tally.of(State::Rejected)), (3, 1));
    assert_eq!(sandbox.store().ids().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_is_suppressed_and_nothing_without_its_file_is_sent() {
    let sandbox = sandbox(&[]).await;
    let mut rows =
        letters(["a@example.com", "gone@example.com", "b@example.com gone@example.com", "c@example.com"]);
    rows[3].files.push("files/7.pdf".into());
    let ledger = memory(rows);
    let mut options = options();
    options.suppressed =
        Arc::new(|address: &Address| Ok(address.as_str().starts_with("gone").then(|| "complained".into())));
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options, Stop::default(), &Told::default())
            .await;
    assert_eq!(ended.tally.of(State::Suppressed), 2);
    assert_eq!(names(&ledger, State::Accepted).await, ["a@example.com", "b@example.com"]);
    let without = &entries(&ledger, State::Rejected).await[0];
    assert!(without.attempts[0].evidence.cause.contains("files/7.pdf is not there"), "{without:?}");
    assert_eq!(without.attempts[0].evidence.conversation, "");
}
