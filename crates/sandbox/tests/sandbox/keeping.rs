//! What is kept: octets as received, envelopes, news of them, bounds.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use hongyan_proto::transcript::{Content, Tap, Transcript};
use hongyan_sandbox::{Config, Keep, User};

use crate::client::{Client, Folder, start};

#[tokio::test]
async fn a_message_in_a_folder_is_two_files() {
    let folder = Folder::new("files");
    let users = vec![User::new("ann", "secret")];
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), users, ..Config::default() }).await;
    let mut client = Client::hello(&sandbox).await;
    assert_eq!(client.say("AUTH PLAIN AGFubgBzZWNyZXQ=").await, "235 2.7.0 logged in");
    client.say("MAIL FROM:<a@x.example> SIZE=20 BODY=8BITMIME").await;
    client.say("RCPT TO:<b@y.example> NOTIFY=SUCCESS,DELAY").await;
    client.say("RCPT TO:<\"c d\"@y.example>").await;
    client.say("DATA").await;
    assert_eq!(client.say("Subject: dots\r\n\r\n..\r\n..x\r\n.").await, "250 2.0.0 kept as 1");

    let octets = std::fs::read(folder.0.join("00000001.eml")).expect("it is there");
    assert_eq!(octets, b"Subject: dots\r\n\r\n.\r\n.x\r\n");
    let json = std::fs::read_to_string(folder.0.join("00000001.json")).expect("it is there");
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(json["file"], "00000001.eml");
    assert_eq!(json["from"], "a@x.example");
    assert_eq!(json["params"], serde_json::json!(["SIZE=20", "BODY=8BITMIME"]));
    assert_eq!(
        json["to"],
        serde_json::json!([
            {"address": "b@y.example", "params": ["NOTIFY=SUCCESS,DELAY"]},
            {"address": "\"c d\"@y.example", "params": []}
        ])
    );
    assert_eq!((&json["size"], &json["helo"]), (&24.into(), &"client.example".into()));
    assert_eq!((&json["protocol"], &json["user"]), (&"ESMTPA".into(), &"ann".into()));
    assert!(json["tls"].is_null());
    let peer: SocketAddr = json["peer"].as_str().and_then(|p| p.parse().ok()).expect("an address");
    assert!(peer.ip().is_loopback());
    let time = json["time"].as_str().expect("a time");
    assert!(time.len() == 27 && time.starts_with("20") && time.ends_with('Z'), "{time}");

    let mut names: Vec<_> = std::fs::read_dir(&folder.0)
        .expect("it can be listed")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, [".lock", ".mailboxes", ".tmp", "00000001.eml", "00000001.json", "ca.pem"]);
    assert_eq!(std::fs::read_dir(folder.0.join(".tmp")).expect("it is there").count(), 0);
}

#[tokio::test]
async fn messages_are_listed_read_and_removed_wherever_they_are() {
    let folder = Folder::new("store");
    for keep in [Keep::default(), Keep::Folder(folder.0.clone())] {
        let sandbox = start(Config { keep, ..Config::default() }).await;
        let mut client = Client::hello(&sandbox).await;
        for n in 1..=3 {
            assert_eq!(client.send(&format!("number {n}\r\n")).await, format!("250 2.0.0 kept as {n}"));
        }
        let store = sandbox.store();
        assert_eq!(store.ids().expect("no error"), [1, 2, 3]);
        let second = store.get(2).expect("no error").expect("it is there");
        assert_eq!(&*second.content().expect("it can be read"), b"number 2\r\n");
        assert_eq!((second.id, second.envelope.size), (2, 10));
        assert!(store.remove(2).expect("no error") && !store.remove(2).expect("no error"));
        assert_eq!(store.ids().expect("no error"), [1, 3]);
        assert!(store.get(2).expect("no error").is_none());
        assert_eq!(client.send("number 4\r\n").await, "250 2.0.0 kept as 4", "numbers are not given twice");
    }
}

#[tokio::test]
async fn what_others_have_in_the_folder_stays_as_it_is() {
    let folder = Folder::new("others");
    let config = Config { keep: Keep::Folder(folder.0.clone()), ..Config::default() };
    std::fs::create_dir_all(folder.0.join("tmp")).expect("it can be made");
    let others = ["tmp/00000001.eml", "00000002.eml", "00000003.eml.bak", "x.json"];
    for name in others {
        std::fs::write(folder.0.join(name), "mine").expect("it can be written");
    }
    let sandbox = start(config).await;
    let mut client = Client::hello(&sandbox).await;
    assert_eq!(client.send("x\r\n").await, "250 2.0.0 kept as 3");
    for name in ["00000004.eml", "00000005.eml"] {
        std::fs::write(folder.0.join(name), "mine").expect("it can be written");
    }
    assert_eq!(client.send("y\r\n").await, "250 2.0.0 kept as 6", "small");
    std::fs::write(folder.0.join("00000007.eml"), "mine").expect("it can be written");
    assert_eq!(client.send(&"line of it\r\n".repeat(50_000)).await, "250 2.0.0 kept as 8", "large");
    for name in others.iter().chain(&["00000004.eml", "00000005.eml", "00000007.eml"]) {
        assert_eq!(std::fs::read(folder.0.join(name)).expect("it is there"), b"mine", "{name}");
    }
    assert_eq!(sandbox.store().ids().expect("no error"), [3, 6, 8]);
}

#[tokio::test]
async fn no_number_is_given_twice_and_none_appears_below_one_that_was_seen() {
    let folder = Folder::new("numbers");
    let config = Config { keep: Keep::Folder(folder.0.clone()), ..Config::default() };
    let sandbox = start(config.clone()).await;
    let (mut slow, mut quick) = (Client::hello(&sandbox).await, Client::hello(&sandbox).await);
    slow.say("MAIL FROM:<a@x>").await;
    slow.say("RCPT TO:<b@x>").await;
    slow.say("DATA").await;
    assert_eq!(quick.send("begun later\r\n").await, "250 2.0.0 kept as 1");
    assert_eq!(slow.say("begun first\r\n.").await, "250 2.0.0 kept as 2");
    assert!(sandbox.store().remove(2).expect("no error"));
    drop((slow, quick));
    sandbox.stop().await;
    let sandbox = start(config).await;
    assert_eq!(Client::hello(&sandbox).await.send("x\r\n").await, "250 2.0.0 kept as 3");
}

#[tokio::test]
async fn subscribers_hear_of_each_message_as_it_comes() {
    let sandbox = start(Config::default()).await;
    let (mut first, mut second) = (sandbox.store().subscribe(), sandbox.store().subscribe());
    let mut client = Client::hello(&sandbox).await;
    client.send("one\r\n").await;
    client.send("two\r\n").await;
    for news in [&mut first, &mut second] {
        for (id, content) in [(1, "one\r\n"), (2, "two\r\n")] {
            let message = news.recv().await.expect("it was sent");
            assert_eq!((message.id, &*message.content().expect("it is there")), (id, content.as_bytes()));
        }
    }
}

#[tokio::test]
async fn memory_keeps_what_is_newest_and_counts_the_rest() {
    let keep = Keep::Memory { messages: 3, octets: 30 };
    let sandbox = start(Config { keep, ..Config::default() }).await;
    let mut client = Client::hello(&sandbox).await;
    for _ in 0..5 {
        assert!(client.send("x\r\n").await.starts_with("250"));
    }
    let store = sandbox.store();
    assert_eq!((store.ids().expect("no error"), store.lost()), (vec![3, 4, 5], 2));
    assert!(client.send("twenty-four octets....\r\n").await.starts_with("250"));
    assert_eq!((store.ids().expect("no error"), store.lost()), (vec![4, 5, 6], 3));
    assert!(client.send("twenty-seven octets.......\r\n").await.starts_with("250"));
    assert_eq!((store.ids().expect("no error"), store.lost()), (vec![7], 6), "by octets");
    // What can never fit is put off, and costs nobody else anything.
    let refused = client.send(&format!("{}\r\n", "x".repeat(40))).await;
    assert_eq!(refused, "452 4.3.1 not enough room to keep the message, try again later");
    client.say("MAIL FROM:<a@x> SIZE=31").await;
    client.say("RCPT TO:<b@x>").await;
    assert_eq!(client.say("DATA").await, "452 4.3.1 not enough room to keep the message, try again later");
    assert_eq!(store.ids().expect("no error"), [7]);
    assert!(client.send("and on\r\n").await.starts_with("250"));
    assert_eq!((store.ids().expect("no error"), store.lost()), (vec![8], 7));
    // Octets on their way in count as well: the shelf makes room for them, another message must wait.
    let mut other = Client::hello(&sandbox).await;
    other.say("MAIL FROM:<a@x>").await;
    other.say("RCPT TO:<b@x>").await;
    other.write(b"BDAT 25\r\ntwenty-five octets of it.").await;
    assert!(other.reply().await.starts_with("250"));
    assert_eq!((store.ids().expect("no error"), store.lost()), (vec![], 8));
    assert!(client.send("ten octets\r\n").await.starts_with("452"));
    assert!(other.say("RSET").await.starts_with("250"));
    assert!(client.send("ten octets\r\n").await.starts_with("250"));
}

#[tokio::test]
async fn large_messages_come_whole_by_both_ways() {
    let folder = Folder::new("large");
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), ..Config::default() }).await;
    let mut client = Client::hello(&sandbox).await;
    let content = "0123456789 and so on, line by line by line\r\n".repeat(50_000);
    assert_eq!(client.send(&content).await, "250 2.0.0 kept as 1");
    client.say("MAIL FROM:<a@x> BODY=BINARYMIME").await;
    client.say("RCPT TO:<b@x>").await;
    let octets = content.as_bytes();
    for (at, piece) in octets.chunks(999_999).enumerate() {
        let last = if (at + 1) * 999_999 >= octets.len() { " LAST" } else { "" };
        client.write(format!("BDAT {}{last}\r\n", piece.len()).as_bytes()).await;
        client.write(piece).await;
        assert!(client.reply().await.starts_with("250 2.0.0"));
    }
    for id in [1, 2] {
        let message = sandbox.store().get(id).expect("no error").expect("it is there");
        assert_eq!(&*message.content().expect("it can be read"), octets);
    }
}

#[tokio::test]
async fn what_was_begun_and_not_ended_leaves_nothing_behind() {
    let folder = Folder::new("begun");
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), ..Config::default() }).await;
    let mut client = Client::hello(&sandbox).await;
    client.say("MAIL FROM:<a@x>").await;
    client.say("RCPT TO:<b@x>").await;
    client.write(format!("BDAT 600000\r\n{}", "x".repeat(600_000)).as_bytes()).await;
    assert_eq!(client.reply().await, "250 2.0.0 600000 octets received");
    let tmp = || std::fs::read_dir(folder.0.join(".tmp")).expect("it is there").count();
    assert_eq!(tmp(), 1, "past what is gathered in memory");
    assert_eq!(client.say("RSET").await, "250 2.0.0 forgotten");
    assert_eq!(tmp(), 0);
    assert_eq!(sandbox.store().ids().expect("no error"), Vec::<u64>::new());
}

#[tokio::test]
async fn a_connection_can_be_listened_in_on_and_secrets_are_lengths() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let config = Config {
        users: vec![User::new("ann", "secret")],
        listen_in: Some(Arc::new(move |peer| {
            let (kept, number) = (kept.clone(), peer.number);
            let line = move |_, line: &str| kept.lock().expect("no panic").push(format!("{number} {line}"));
            Some(Box::new(Transcript::new(Content::Length, line)) as Box<dyn Tap>)
        })),
        ..Config::default()
    };
    let sandbox = start(config).await;
    let mut client = Client::hello(&sandbox).await;
    client.say("AUTH LOGIN").await;
    client.say("YW5u").await;
    assert_eq!(client.say("c2VjcmV0").await, "235 2.7.0 logged in");
    client.send("body\r\n").await;
    client.say("QUIT").await;
    drop(client);
    sandbox.stop().await;
    let lines = lines.lock().expect("no panic").join("\n");
    assert!(lines.contains("1 C: AUTH LOGIN\n1 S: 334 VXNlcm5hbWU6\n1 C: {4 secret octets}\n"), "{lines}");
    assert!(lines.contains("1 C: {8 secret octets}\n1 S: 235 2.7.0 logged in\n"), "{lines}");
    assert!(lines.contains("1 C: {content: 6 octets}\n1 S: 250 2.0.0 kept as 1\n1 C: QUIT\n"), "{lines}");
    assert!(!lines.contains("c2VjcmV0") && !lines.contains("YW5u"), "{lines}");
}
