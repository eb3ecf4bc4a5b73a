//! What a client may cost: too many, too large, too slow, stuck.

use std::time::{Duration, Instant};

use hongyan_sandbox::{Config, Limits};

use crate::client::{Client, start};

fn with(limits: Limits) -> Config {
    Config { limits, ..Config::default() }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_the_next_is_served_again() {
    let sandbox = start(with(Limits { connections: 2, ..Limits::default() })).await;
    let mut first = Client::hello(&sandbox).await;
    let _second = Client::hello(&sandbox).await;
    let mut third = Client::connect(sandbox.smtp().expect("a port")).await;
    assert_eq!(third.reply().await, "421 4.3.2 too many connections, try again later");
    assert_eq!((sandbox.connections(), sandbox.turned_away()), (3, 1));
    first.say("QUIT").await;
    drop(first);
    tokio::time::sleep(Duration::from_millis(200)).await;
    Client::hello(&sandbox).await;
}

#[tokio::test]
async fn a_message_past_the_limit_is_refused_and_the_session_goes_on() {
    let sandbox = start(with(Limits { message: 1000, ..Limits::default() })).await;
    let mut client = Client::hello(&sandbox).await;
    let too_big = "552 5.3.4 the message is larger than this server takes";
    assert_eq!(client.say("MAIL FROM:<a@x> SIZE=1001").await, too_big);
    assert_eq!(client.send(&format!("{}\r\n", "x".repeat(999))).await, too_big);
    assert_eq!(client.send(&format!("{}\r\n", "x".repeat(200_000))).await, too_big);
    assert_eq!(client.send(&format!("{}\r\n", "x".repeat(998))).await, "250 2.0.0 kept as 1");
}

#[tokio::test]
async fn a_silent_client_is_told_421_wherever_it_stopped() {
    let sandbox = start(with(Limits { idle: Duration::from_millis(150), ..Limits::default() })).await;
    let timed_out = "421 4.4.2 nothing heard for too long, closing";

    let mut client = Client::hello(&sandbox).await;
    assert_eq!(client.reply().await, timed_out);
    assert_eq!(client.reply().await, "");

    let mut client = Client::hello(&sandbox).await;
    client.write(b"NO").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.write(b"O").await;
    assert_eq!(client.reply().await, timed_out, "half a line is silence");

    let mut client = Client::hello(&sandbox).await;
    client.say("MAIL FROM:<a@x>").await;
    client.say("RCPT TO:<b@x>").await;
    client.say("DATA").await;
    client.write(b"half a mess").await;
    assert_eq!(client.reply().await, timed_out, "in the middle of a message");
    assert_eq!(sandbox.store().ids().expect("no error"), Vec::<u64>::new());
}

#[tokio::test]
async fn a_content_that_drips_for_too_long_ends_the_connection() {
    let limits = Limits { content: Duration::from_millis(400), ..Limits::default() };
    let sandbox = start(with(limits)).await;
    let mut client = Client::hello(&sandbox).await;
    // A connection as such may last longer.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(client.send("quick\r\n").await.starts_with("250"));
    client.say("MAIL FROM:<a@x>").await;
    client.say("RCPT TO:<b@x>").await;
    client.say("DATA").await;
    let begun = Instant::now();
    let dripping = async {
        loop {
            client.write(b"x").await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            if begun.elapsed() > Duration::from_millis(380) {
                break;
            }
        }
        client.rest().await
    };
    assert_eq!(dripping.await, b"");
    let took = begun.elapsed();
    assert!((Duration::from_millis(390)..Duration::from_secs(3)).contains(&took), "{took:?}");
    assert_eq!(sandbox.store().ids().expect("no error"), [1]);
}

#[tokio::test]
async fn a_client_that_never_reads_does_not_hold_anything_up() {
    let sandbox = start(with(Limits { idle: Duration::from_millis(300), ..Limits::default() })).await;
    let mut deaf = Client::hello(&sandbox).await;
    let shouting = tokio::spawn(async move {
        // More replies than any socket buffers: the sandbox must stop listening, then hang up.
        let flood = "NOOP\r\n".repeat(10_000);
        for _ in 0..1000 {
            if tokio::time::timeout(Duration::from_secs(10), deaf.try_write(flood.as_bytes())).await
                != Ok(true)
            {
                return true;
            }
        }
        false
    });
    let mut other = Client::hello(&sandbox).await;
    assert!(other.send("meanwhile\r\n").await.starts_with("250"));
    assert!(shouting.await.expect("no panic"), "it was hung up on");
}
