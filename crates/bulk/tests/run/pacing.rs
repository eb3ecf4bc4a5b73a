//! How fast, to whom, and when.

use std::time::Instant;

use hongyan_bulk::campaign::Window;
use hongyan_bulk::ledger::{Ledger, State};
use hongyan_bulk::pace::{Hours, Rate};
use hongyan_bulk::run::{Stop, Why};

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_account_keeps_to_all_of_its_rates() {
    let sandbox = sandbox(&[]).await;
    let ledger = memory(numbered(30));
    let mut route = route(&sandbox);
    route.rates = vec![
        Rate { tokens: 100, period: Duration::from_secs(1), burst: 10 },
        Rate { tokens: 1_000, period: Duration::from_secs(60), burst: 1_000 },
    ];
    let begun = Instant::now();
    let told = Told::default();
    run_and_check(&sandbox, &ledger, vec![route], options(), Stop::default(), &told).await;
    assert!(begun.elapsed() >= Duration::from_millis(195), "20 messages after the burst take 200 ms");
    assert!(told.has("default waits: Pace"));
    assert_eq!(told.count("opened"), 1, "one connection is enough for that");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_has_had_enough_does_not_hold_up_the_others() {
    let sandbox = sandbox(&[]).await;
    let to = (0..40).map(|n| format!("r{n}@{}", if n % 2 == 0 { "Slow.example" } else { "fast.example" }));
    let ledger = memory(letters(to));
    let mut options = options();
    let rate = Rate { tokens: 1, period: Duration::from_secs(3600), burst: 3 };
    options.destinations = BTreeMap::from([("slow.example".into(), vec![rate])]);
    let ended =
        run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options, Stop::default(), &Told::default())
            .await;
    assert_eq!((ended.tally.of(State::Accepted), ended.tally.of(State::Pending)), (23, 17));
}

#[tokio::test(flavor = "multi_thread")]
async fn outside_its_hours_and_while_paused_nothing_is_sent() {
    let sandbox = sandbox(&[]).await;
    let ledger = memory(numbered(5));
    let closed = {
        let today = chrono::Datelike::weekday(&chrono::Local::now().date_naive());
        let day = today.pred().pred().to_string().to_lowercase();
        Hours::new(&Window { from: "09:00".into(), to: "10:00".into(), days: vec![day] }).unwrap()
    };
    for (paused, hours, why) in [(false, Some(closed), "Hours"), (true, None, "Paused")] {
        ledger.pause(paused).await.unwrap();
        let (stop, told) = (Stop::default(), Told::default());
        let (asking, listening) = (stop.clone(), told.clone());
        tokio::spawn(async move {
            while !listening.has("waits") {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            asking.ask(Why::Asked);
        });
        let options = Options { hours, once: false, ..options() };
        let ended = run_and_check(&sandbox, &ledger, vec![route(&sandbox)], options, stop, &told).await;
        assert_eq!(ended.tally.of(State::Pending), 5);
        assert!(told.has(&format!("waits: {why}")));
    }
}
