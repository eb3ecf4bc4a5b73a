//! The maildrop over POP3: what is listed, given and deleted, over a plain socket.

use std::time::Duration;

use hongyan_sandbox::accounts::INBOX;
use hongyan_sandbox::{Config, Keep, Sandbox, User};

use crate::client::{Client, Folder, start};

async fn connect(sandbox: &Sandbox) -> Client {
    let mut client = Client::connect(sandbox.pop3().expect("a port")).await;
    assert!(client.line().await.starts_with("+OK "));
    client
}

async fn logged_in(sandbox: &Sandbox, user: &str) -> Client {
    let mut client = connect(sandbox).await;
    assert!(client.ask(&format!("USER {user}")).await.starts_with("+OK"));
    assert!(client.ask("PASS secret").await.starts_with("+OK"));
    client
}

fn ann() -> Config {
    Config { users: vec![User::new("ann", "secret")], ..Config::default() }
}

#[tokio::test]
async fn mail_is_given_as_lines_whatever_it_is() {
    let folder = Folder::new("pop3");
    for keep in [Keep::default(), Keep::Folder(folder.0.clone())] {
        let sandbox = start(Config { keep, ..ann() }).await;
        let mails: [(&[u8], &str); 5] = [
            (b"Subject: x\r\n\r\n.\r\n..dots\r\nend\r\n", "Subject: x\r\n\r\n.\r\n..dots\r\nend\r\n"),
            (b"Subject: y\n\nbare\nlines", "Subject: y\r\n\r\nbare\r\nlines\r\n"),
            (b"", ""),
            (b"\r\r", "\r\n\r\n"),
            (b"no header\r\n", "no header\r\n"),
        ];
        for (mail, _) in &mails {
            sandbox.store().put("ann", INBOX, mail).await.expect("it is kept");
        }
        let mut client = logged_in(&sandbox, "ann").await;
        let total: usize = mails.iter().map(|(_, said)| said.len()).sum();
        assert_eq!(client.ask("STAT").await, format!("+OK 5 {total}"));
        for (number, (_, said)) in (1..).zip(&mails) {
            assert_eq!(client.ask(&format!("LIST {number}")).await, format!("+OK {number} {}", said.len()));
            assert!(client.ask(&format!("RETR {number}")).await.starts_with("+OK"));
            assert_eq!(client.dotted().await, *said, "{number}");
        }
        assert!(client.ask("TOP 1 2").await.starts_with("+OK"));
        assert_eq!(client.dotted().await, "Subject: x\r\n\r\n.\r\n..dots\r\n");
        assert!(client.ask("TOP 2 0").await.starts_with("+OK"));
        assert_eq!(client.dotted().await, "Subject: y\r\n\r\n");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_after_quit_and_not_without_it() {
    let folder = Folder::new("pop3-dele");
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), ..ann() }).await;
    for n in 1..=3 {
        sandbox.store().put("ann", INBOX, format!("{n}\r\n").as_bytes()).await.expect("it is kept");
    }
    let mut client = logged_in(&sandbox, "ann").await;
    assert!(client.ask("DELE 1").await.starts_with("+OK"));
    drop(client);
    let mut client = again(&sandbox, "ann").await;
    assert_eq!(client.ask("STAT").await, "+OK 3 9");
    assert!(client.ask("DELE 2").await.starts_with("+OK"));
    assert!(client.ask("QUIT").await.starts_with("+OK"));
    assert_eq!(sandbox.store().ids().expect("no error"), [1, 3]);
    let mut client = again(&sandbox, "ann").await;
    assert_eq!(client.ask("STAT").await, "+OK 2 6");
}

/// A session, once the last one's end has been noticed.
async fn again(sandbox: &Sandbox, user: &str) -> Client {
    for _ in 0..100 {
        let mut client = connect(sandbox).await;
        client.ask(&format!("USER {user}")).await;
        if client.ask("PASS secret").await.starts_with("+OK") {
            return client;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the maildrop stays locked");
}

#[tokio::test]
async fn a_maildrop_is_for_one_session_at_a_time() {
    let sandbox =
        start(Config { users: vec![User::new("ann", "secret"), User::new("bob", "secret")], ..ann() }).await;
    let mut first = logged_in(&sandbox, "ann").await;
    let mut second = connect(&sandbox).await;
    assert!(second.ask("USER ann").await.starts_with("+OK"));
    assert_eq!(second.ask("PASS secret").await, "-ERR [IN-USE] another session holds the maildrop");
    logged_in(&sandbox, "bob").await;
    assert!(first.ask("QUIT").await.starts_with("+OK"));
    again(&sandbox, "ann").await;
}

#[tokio::test]
async fn what_another_removed_meanwhile_is_refused_and_the_session_goes_on() {
    let sandbox = start(ann()).await;
    for n in 1..=2 {
        sandbox.store().put("ann", INBOX, format!("{n}\r\n").as_bytes()).await.expect("it is kept");
    }
    let mut client = logged_in(&sandbox, "ann").await;
    sandbox.store().accounts().remove("ann", INBOX, &[1]).expect("no error");
    assert_eq!(client.ask("RETR 1").await, "-ERR the message was removed by another session");
    assert!(client.ask("RETR 2").await.starts_with("+OK"));
    assert_eq!(client.dotted().await, "2\r\n");
    assert!(client.ask("DELE 1").await.starts_with("+OK"));
    assert!(client.ask("QUIT").await.starts_with("+OK"));
}

#[tokio::test]
async fn unique_ids_last_and_can_be_made_to_lie() {
    let folder = Folder::new("pop3-uidl");
    let config = Config { keep: Keep::Folder(folder.0.clone()), ..ann() };
    let sandbox = start(config.clone()).await;
    for n in 1..=3 {
        sandbox.store().put("ann", INBOX, format!("{n}\r\n").as_bytes()).await.expect("it is kept");
    }
    let mut client = logged_in(&sandbox, "ann").await;
    assert!(client.ask("UIDL").await.starts_with("+OK"));
    let before = client.dotted().await;
    let mut unique: Vec<&str> = before.lines().filter_map(|line| line.split(' ').nth(1)).collect();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 3, "{before}");
    drop(client);
    sandbox.stop().await;

    let sandbox = start(config).await;
    let mut client = logged_in(&sandbox, "ann").await;
    client.ask("UIDL").await;
    assert_eq!(client.dotted().await, before, "after a restart");
    client.ask("QUIT").await;
    let accounts = sandbox.store().accounts();
    for uid in [1, 3] {
        accounts.set_unique_id("ann", INBOX, uid, Some("same")).expect("no error");
    }
    let mut client = again(&sandbox, "ann").await;
    client.ask("UIDL").await;
    let lies = client.dotted().await;
    assert!(lies.starts_with("1 same\r\n2 ") && lies.ends_with("\r\n3 same\r\n"), "{lies}");
    client.ask("QUIT").await;
    accounts.set_unique_id("ann", INBOX, 1, None).expect("no error");
    accounts.renumber("ann", INBOX).expect("no error");
    let mut client = again(&sandbox, "ann").await;
    client.ask("UIDL 1").await;
    let first = client.ask("UIDL 1").await;
    assert!(!before.contains(&first[4..]), "{first}");
}

#[tokio::test]
async fn ten_thousand_mails_are_filled_in_fast_and_listed_whole() {
    let sandbox = start(ann()).await;
    let begun = std::time::Instant::now();
    for n in 0..10_000 {
        sandbox
            .store()
            .put("ann", INBOX, format!("Subject: {n}\r\n\r\n").as_bytes())
            .await
            .expect("it is kept");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let mut client = logged_in(&sandbox, "ann").await;
    assert!(client.ask("STAT").await.starts_with("+OK 10000 "));
    client.ask("UIDL").await;
    assert_eq!(client.dotted().await.lines().count(), 10_000);
    for number in [1, 5_000, 10_000] {
        client.ask(&format!("RETR {number}")).await;
        assert_eq!(client.dotted().await, format!("Subject: {}\r\n\r\n", number - 1));
    }
    for number in 1..=10_000 {
        client.write(format!("DELE {number}\r\n").as_bytes()).await;
    }
    for _ in 0..10_000 {
        assert!(client.line().await.starts_with("+OK"));
    }
    assert!(client.ask("QUIT").await.starts_with("+OK"));
    assert_eq!(sandbox.store().ids().expect("no error"), Vec::<u64>::new());
}

#[tokio::test]
async fn without_users_anybody_logs_in_with_any_password() {
    let sandbox = start(Config::default()).await;
    let mut smtp = Client::hello(&sandbox).await;
    assert!(smtp.send("to b\r\n").await.starts_with("250"));
    let mut client = logged_in(&sandbox, "b@y.example").await;
    assert_eq!(client.ask("STAT").await, "+OK 1 6");
    let mut client = logged_in(&sandbox, "somebody").await;
    assert_eq!(client.ask("STAT").await, "+OK 0 0");
}

#[tokio::test]
async fn faults_strike_in_pop3_too() {
    let faults = vec!["pop3-retr:1=-ERR [SYS/TEMP] not now".parse().expect("a rule")];
    let sandbox = start(Config { faults, ..ann() }).await;
    sandbox.store().put("ann", INBOX, b"x\r\n").await.expect("it is kept");
    let mut client = logged_in(&sandbox, "ann").await;
    assert_eq!(client.ask("RETR 1").await, "-ERR [SYS/TEMP] not now");
    assert!(client.ask("RETR 1").await.starts_with("+OK"));
    assert_eq!(client.dotted().await, "x\r\n");
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_in_its_own_words() {
    let limits = hongyan_sandbox::Limits { connections: 0, ..Default::default() };
    let sandbox = start(Config { limits, ..ann() }).await;
    let mut client = Client::connect(sandbox.pop3().expect("a port")).await;
    assert_eq!(client.line().await, "-ERR [SYS/TEMP] too many connections, try again later");
    let mut client = Client::connect(sandbox.imap().expect("a port")).await;
    assert_eq!(client.line().await, "* BYE [UNAVAILABLE] too many connections, try again later");
}
