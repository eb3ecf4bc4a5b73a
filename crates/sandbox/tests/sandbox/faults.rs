//! Faults over real sockets: what reaches the client, and when.

use std::time::{Duration, Instant};

use hongyan_sandbox::Config;

use crate::client::{Client, start};

fn with(rules: &[&str]) -> Config {
    let faults = rules.iter().map(|rule| rule.parse().unwrap_or_else(|error| panic!("{error}"))).collect();
    Config { faults, ..Config::default() }
}

#[tokio::test]
async fn refusals_and_extra_replies_arrive() {
    let sandbox = start(with(&["rcpt:2:*@bad.example=550 5.1.1 no such user", "noop=extra 250 more"])).await;
    let mut client = Client::hello(&sandbox).await;
    client.say("MAIL FROM:<a@x>").await;
    assert_eq!(client.say("RCPT TO:<b@bad.example>").await, "250 2.1.5 recipient ok");
    assert_eq!(client.say("RCPT TO:<c@bad.example>").await, "550 5.1.1 no such user");
    assert_eq!(client.say("RCPT TO:<d@bad.example>").await, "250 2.1.5 recipient ok");
    assert_eq!(client.say("NOOP").await, "250 2.0.0 ok");
    assert_eq!(client.reply().await, "250 more");
}

#[tokio::test]
async fn a_delay_is_one_and_a_bytewise_reply_is_whole_in_the_end() {
    let sandbox = start(with(&["greeting=delay 300", "ehlo=bytewise 2"])).await;
    let begun = Instant::now();
    let mut client = Client::connect(sandbox.smtp().expect("a port")).await;
    assert_eq!(client.reply().await, "220 localhost ESMTP ready");
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let begun = Instant::now();
    assert!(client.say("EHLO c").await.ends_with("FUTURERELEASE 2592000"));
    assert!(begun.elapsed() >= Duration::from_millis(300), "two milliseconds for each of its octets");
}

#[tokio::test]
async fn connections_are_dropped_at_once_before_a_word_and_in_the_middle_of_one() {
    let begun = Instant::now();
    let sandbox = start(with(&["connect:1=drop", "greeting=drop"])).await;
    for _ in 0..2 {
        let mut client = Client::connect(sandbox.smtp().expect("a port")).await;
        assert_eq!(client.rest().await, b"");
    }
    let sandbox = start(with(&["greeting=truncate 6"])).await;
    let mut client = Client::connect(sandbox.smtp().expect("a port")).await;
    assert_eq!(client.rest().await, b"220 lo");
    assert!(begun.elapsed() < Duration::from_secs(3), "nothing waits for the client");
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_was_kept_and_one_cut_off_was_not() {
    let sandbox = start(with(&["end:1=drop", "content:2=drop 3"])).await;
    for _ in 0..2 {
        let mut client = Client::hello(&sandbox).await;
        assert_eq!(client.send("abcdef\r\n").await, "");
    }
    assert_eq!(sandbox.store().ids().expect("no error").len(), 1);
}

#[tokio::test]
async fn two_sandboxes_do_not_know_of_each_others_faults() {
    let (bad, good) = (start(with(&["mail=451 no"])).await, start(with(&[])).await);
    let mut client = Client::hello(&good).await;
    assert_eq!(client.send("x\r\n").await, "250 2.0.0 kept as 1");
    let mut client = Client::hello(&bad).await;
    assert_eq!(client.say("MAIL FROM:<a@x>").await, "451 no");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_run() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let sandbox =
            start(Config { seed, ..with(&["noop%40=450 no", "noop%20=garbage", "noop%5=421 busy"]) }).await;
        let mut heard = Vec::new();
        for _ in 0..10 {
            let mut client = Client::hello(&sandbox).await;
            client.write("NOOP\r\n".repeat(20).as_bytes()).await;
            client.write(b"QUIT\r\n").await;
            heard.push(client.rest().await);
        }
        runs.push(heard);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}
