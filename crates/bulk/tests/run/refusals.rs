//! What is refused: tried again, given up, or a reason to stop.

use hongyan_bulk::ledger::State;
use hongyan_bulk::run::{Stop, Why};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deferred_is_tried_again_and_given_up_after_the_last_attempt() {
    let sandbox =
        sandbox(&["rcpt:1-2:later*=451 4.7.1 greylisted", "rcpt:never*=452 4.2.2 mailbox full"]).await;
    let ledger = memory(letters(["later@example.com", "never@example.com", "at-once@example.com"]));
    let mut options = options();
    (options.once, options.retry.attempts) = (false, 4);
    (options.retry.first, options.retry.longest) = (Duration::from_millis(10), Duration::from_millis(20));
    run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options, Stop::default(), &Told::default()).await;
    let later = &entries(&ledger, State::Accepted).await[0];
    let states: Vec<_> = later.attempts.iter().map(|one| (one.number, one.state)).collect();
    assert_eq!(states, [(1, State::Deferred), (2, State::Deferred), (3, State::Accepted)]);
    let never = &entries(&ledger, State::Deferred).await[0];
    assert_eq!((never.attempts.len(), never.due), (4, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_refusals_in_a_row_stop_the_run_before_everybody_is_refused() {
    let sandbox = sandbox(&["rcpt=550 5.7.1 not from you"]).await;
    let ledger = memory(numbered(3_000));
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options(), Stop::default(), &Told::default())
            .await;
    let Why::TooManyRefused { refused, last, .. } = &ended.why else { panic!("{:?}", ended.why) };
    assert_eq!(*refused, 20);
    assert!(last.to_string().contains("not from you"), "{last}");
    assert!(ended.tally.of(State::Pending) >= 1_500, "{:?}", ended.tally);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_down_pauses_the_account_and_blames_no_address() {
    let sandbox = sandbox(&["end:5+=550 Ip frequency limited"]).await;
    let ledger = memory(numbered(300));
    let told = Told::default();
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options(), Stop::default(), &told).await;
    assert_eq!(ended.tally.of(State::Accepted), 4, "{:?}", ended.tally);
    assert_eq!(ended.tally.of(State::Rejected), 0, "{:?}", ended.tally);
    let deferred = entries(&ledger, State::Deferred).await;
    assert!(!deferred.is_empty() && deferred.iter().all(|one| one.due.is_some()));
    let left = ended.tally.of(State::Pending) as usize;
    assert!(left > 200 && deferred.len() + left == 296, "most were not even tried: {:?}", ended.tally);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_may_not_log_in_is_given_up_and_the_other_one_does_the_work() {
    let sandbox = Sandbox::start(Config {
        users: vec![hongyan_sandbox::User::new("right", "pw")],
        login_required: true,
        ..Config::default()
    })
    .await
    .unwrap();
    let ledger = memory(numbered(100));
    let routes = vec![login(route(&sandbox), "wrong", "pw"), login(route(&sandbox), "right", "pw")];
    let told = Told::default();
    let mut options = options();
    options.once = false;
    let ended = run_and_check(&sandbox, &ledger, routes, options, Stop::default(), &told).await;
    assert_eq!(ended.tally.of(State::Accepted), 100);
    assert!(told.has("lost wrong: AUTH"), "{:?}", told.0.lock());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_account_that_works_nothing_is_begun_and_the_reason_is_told() {
    let sandbox = sandbox(&[]).await;
    let mut nowhere = route(&sandbox);
    sandbox.stop().await;
    nowhere.server.port = 1;
    let (ledger, told) = (memory(numbered(100)), Told::default());
    let running =
        run(ledger.clone(), Arc::new(Plain), vec![nowhere], options(), Stop::default(), told.tell());
    let ended = tokio::time::timeout(Duration::from_secs(30), running).await.unwrap().unwrap();
    let Why::NoAccount { account, failure } = &ended.why else { panic!("{:?}", ended.why) };
    assert_eq!((account.as_str(), failure.kind), ("default", Kind::Unreachable));
    assert_eq!(ended.tally.of(State::Pending), 100);
}
