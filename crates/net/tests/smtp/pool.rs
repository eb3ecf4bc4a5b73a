//! Several sessions with one server.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hongyan_net::smtp::{Limits, Pool, Server};
use hongyan_proto::outcome::{Kind, Stage};
use hongyan_proto::smtp::Capabilities;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::server::{Running, config, mail, number, plain, serve, verdicts};

const A: &[&str] = &["a@example.org"];

fn pool(server: &Running, limits: Limits) -> Pool {
    Pool::new(server.place(), plain(), limits)
}

/// Waits until this many connections are open, as they are a moment later.
async fn open_is(server: &Running, count: usize) {
    for _ in 0..500 {
        if server.open() == count {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{} connections are open, not {count}", server.open());
}

#[tokio::test]
async fn one_message_after_another_goes_over_one_connection() {
    let server = serve(config(&[]), false).await;
    let pool = pool(&server, Limits::default());
    for n in 0..5 {
        assert!(pool.send(|_| mail(n, A, 100)).await.unwrap().is_accepted());
    }
    assert_eq!((server.connected(), server.messages().len()), (1, 5));
    pool.close().await;
    open_is(&server, 0).await;
}

#[tokio::test]
async fn messages_at_the_same_time_share_no_more_connections_than_allowed() {
    let server = serve(config(&["end=delay 20"]), false).await;
    let pool = pool(&server, Limits { connections: 3, ..Limits::default() });
    let sending: Vec<_> = (0..30)
        .map(|n| {
            let pool = pool.clone();
            tokio::spawn(async move { pool.send(|_| mail(n, A, 100)).await.unwrap().is_accepted() })
        })
        .collect();
    for one in sending {
        assert!(one.await.unwrap());
    }
    assert_eq!((server.connected(), server.messages().len()), (3, 30));
}

#[tokio::test]
async fn a_connection_that_has_served_its_messages_or_its_time_is_left() {
    let server = serve(config(&[]), false).await;
    let limits = Limits { messages: 2, idle: Duration::from_millis(800), ..Limits::default() };
    let few = pool(&server, limits);
    for n in 0..5 {
        assert!(few.send(|_| mail(n, A, 100)).await.unwrap().is_accepted());
    }
    assert_eq!(server.connected(), 3);
    // Nobody asks for anything: the idle one is closed all the same.
    open_is(&server, 0).await;
    // And another idle period begins with the next.
    assert!(few.send(|_| mail(5, A, 100)).await.unwrap().is_accepted());
    open_is(&server, 0).await;
    assert_eq!(server.connected(), 4);
}

#[tokio::test]
async fn a_connection_that_died_while_it_was_idle_costs_no_message() {
    // The server leaves after so long: the goodbye has arrived before the next message.
    let mut config = config(&[]);
    config.idle = Duration::from_millis(500);
    let server = serve(config, false).await;
    let kept = pool(&server, Limits::default());
    assert!(kept.send(|_| mail(0, A, 100)).await.unwrap().is_accepted());
    sleep(Duration::from_millis(1_000)).await;
    assert!(kept.send(|_| mail(1, A, 100)).await.unwrap().is_accepted());
    assert_eq!((server.connected(), server.messages().len()), (2, 2));
}

#[tokio::test]
async fn a_connection_that_dies_before_mail_was_answered_is_replaced_once() {
    for fault in ["mail:2=drop", "mail:2=421 4.4.2 timeout", "mail:2=truncate 0"] {
        let server = serve(config(&[fault]), false).await;
        let mut options = plain();
        options.session.chunking = false;
        let pool = Pool::new(server.place(), options, Limits::default());
        assert!(pool.send(|_| mail(0, A, 100)).await.unwrap().is_accepted());
        assert!(pool.send(|_| mail(1, A, 100)).await.unwrap().is_accepted(), "{fault}");
        assert_eq!((server.connected(), server.messages().len()), (2, 2), "{fault}");
    }
    // On a fresh connection there is nothing stale about it.
    let server = serve(config(&["mail=drop"]), false).await;
    let pool = pool(&server, Limits::default());
    assert_eq!(verdicts(&pool.send(|_| mail(0, A, 100)).await.unwrap()).len(), 1);
    assert_eq!(server.connected(), 1);
}

#[tokio::test]
async fn a_message_that_may_have_been_taken_is_never_sent_again() {
    let server = serve(config(&["end:2=drop"]), false).await;
    let pool = pool(&server, Limits::default());
    assert!(pool.send(|_| mail(0, A, 100)).await.unwrap().is_accepted());
    assert_eq!(verdicts(&pool.send(|_| mail(1, A, 100)).await.unwrap()), ["in_doubt"]);
    assert_eq!((server.connected(), server.messages().len()), (1, 2));
}

#[tokio::test]
async fn a_limit_of_messages_in_a_session_only_costs_connections() {
    let limited = |max| {
        let mut config = config(&[]);
        config.offers.limits.mail_max = Some(max);
        config
    };
    let server = serve(limited(2), false).await;
    let one_by_one = pool(&server, Limits::default());
    for n in 0..5 {
        assert!(one_by_one.send(|_| mail(n, A, 100)).await.unwrap().is_accepted());
    }
    assert_eq!((server.connected(), server.messages().len()), (3, 5));
    let server = serve(limited(7), false).await;
    send_all(&pool(&server, Limits::default()), 100).await.unwrap();
    assert_arrived_once(&server, 100);
}

/// Sends so many messages, and holds every settling against the number of its message.
async fn send_all(pool: &Pool, count: u64) -> Result<(), hongyan_proto::outcome::Failure> {
    let next = AtomicU64::new(0);
    let settled = Arc::new(Mutex::new(Vec::new()));
    let kept = settled.clone();
    let source = move |_: &Capabilities| {
        let n = next.fetch_add(1, SeqCst);
        (n < count).then(|| mail(n, A, 2_000))
    };
    let outcome = pool.send_all(source, move |number, _| kept.lock().unwrap().push(number)).await;
    let mut settled = settled.lock().unwrap().clone();
    settled.sort_unstable();
    assert!(settled.windows(2).all(|pair| pair[0] < pair[1]), "settled twice");
    if outcome.is_ok() {
        assert_eq!(settled, (0..count).collect::<Vec<_>>());
    }
    outcome
}

fn assert_arrived_once(server: &Running, count: u64) {
    let mut numbers: Vec<_> = server.messages().iter().map(|kept| number(&kept.content)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_is_spread_over_the_connections_and_a_single_message_takes_one() {
    for flavour in [false, true] {
        let server = serve(config(if flavour { &["end=delay 1"] } else { &[] }), false).await;
        let pool = pool(&server, Limits { connections: 4, messages: 50, ..Limits::default() });
        send_all(&pool, 1).await.unwrap();
        assert_eq!(server.connected(), 1);
        let server = serve(config(&[]), false).await;
        let pool =
            Pool::new(server.place(), plain(), Limits { connections: 4, messages: 50, ..Limits::default() });
        send_all(&pool, 1_000).await.unwrap();
        assert_arrived_once(&server, 1_000);
        assert!(server.connected() >= 20, "{}", server.connected());
        send_all(&pool, 0).await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_outlives_connections_that_die() {
    // Each connection ends with its 30th message, politely; what was in flight is deferred, never lost.
    let server = serve(config(&["mail:30c=421 4.3.2 enough"]), false).await;
    let pool = pool(&server, Limits { connections: 2, ..Limits::default() });
    send_all(&pool, 300).await.unwrap();
    let mut numbers: Vec<_> = server.messages().iter().map(|kept| number(&kept.content)).collect();
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "none arrived twice");
    assert!(server.connected() > 2);
}

#[tokio::test]
async fn without_a_server_nothing_is_taken_from_the_source() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let place = Server { host: "127.0.0.1".into(), port, implicit_tls: false };
    let pool = Pool::new(place, plain(), Limits::default());
    let failure = pool.send(|_| panic!("not made")).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Connect, Kind::Unreachable));
    let outcome = pool.send_all(|_| panic!("not asked"), |_, _| panic!("nothing to settle")).await;
    assert_eq!(outcome.unwrap_err().stage, Stage::Connect);
    // A server whose sessions all end before anything was accepted is given up, too.
    let server = serve(config(&["mail=421 4.3.2 no"]), false).await;
    let pool = Pool::new(server.place(), plain(), Limits { connections: 1, ..Limits::default() });
    let failure = send_all(&pool, 10_000).await.unwrap_err();
    assert_eq!(failure.reply.unwrap().code.get(), 421);
    assert_eq!(server.connected(), 3);
}

#[tokio::test]
async fn a_stream_goes_on_without_bdat_where_the_server_does_not_know_it() {
    let server = serve(config(&["bdat=502 5.5.2 not recognized"]), false).await;
    let pool = Pool::new(server.place(), plain(), Limits::default());
    let settled = Arc::new(Mutex::new(Vec::new()));
    let (mut next, seen) = (0, settled.clone());
    let source = move |_: &Capabilities| {
        next += 1;
        (next <= 200).then(|| mail(next - 1, &["a@example.org"], 500))
    };
    let sent = pool.send_all(source, move |number, delivery| {
        assert!(delivery.is_accepted(), "{delivery:?}");
        seen.lock().unwrap().push(number);
    });
    sent.await.unwrap();
    let mut numbers = settled.lock().unwrap().clone();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    assert_eq!(server.messages().len(), 200);
}
