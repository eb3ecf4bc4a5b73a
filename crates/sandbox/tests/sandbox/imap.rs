//! Mailboxes over IMAP: what is shown, changed and announced, over plain sockets.

use std::time::{Duration, Instant};

use hongyan_sandbox::accounts::INBOX;
use hongyan_sandbox::{Config, Keep, Sandbox, User};

use crate::client::{Client, Folder, start};

fn ann() -> Config {
    Config { users: vec![User::new("ann", "secret")], ..Config::default() }
}

/// Says a command and hears everything up to its answer, which must be OK.
async fn ok(client: &mut Client, command: &str) -> String {
    let said = heard(client, command).await;
    assert!(said.lines().last().is_some_and(|line| line.starts_with("t OK")), "{command}: {said}");
    said
}

/// Says a command and hears everything up to its answer.
async fn heard(client: &mut Client, command: &str) -> String {
    client.write(format!("t {command}\r\n").as_bytes()).await;
    let mut said = String::new();
    loop {
        let line = client.line().await;
        assert!(!line.is_empty() || said.contains('{'), "the connection ended after: {said}");
        said.push_str(&line);
        said.push_str("\r\n");
        if line.starts_with("t ") {
            return said;
        }
    }
}

async fn logged_in(sandbox: &Sandbox, user: &str) -> Client {
    let mut client = Client::connect(sandbox.imap().expect("a port")).await;
    assert!(client.line().await.starts_with("* OK "));
    ok(&mut client, &format!("LOGIN {user} secret")).await;
    client
}

async fn selected(sandbox: &Sandbox, user: &str) -> Client {
    let mut client = logged_in(sandbox, user).await;
    ok(&mut client, "SELECT INBOX").await;
    client
}

#[tokio::test]
async fn mail_is_shown_as_it_came_and_in_pieces() {
    let folder = Folder::new("imap");
    for keep in [Keep::default(), Keep::Folder(folder.0.clone())] {
        let sandbox = start(Config { keep, ..ann() }).await;
        let mail = "From: \"王\" <wang@example.org>\r\nTo: ann@example.org\r\nSubject: =?utf-8?B?5oql5ZGK?=\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\
            Content-Type: application/pdf; name=\"a b.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n";
        for content in [mail, "bare\nlines and no end", ""] {
            sandbox.store().put("ann", INBOX, content.as_bytes()).await.expect("it is kept");
        }
        let mut client = selected(&sandbox, "ann").await;
        let literal = |section: &str, text: &str| format!("BODY[{section}] {{{}}}\r\n{text}", text.len());
        let said = ok(&mut client, "FETCH 1:3 (BODY.PEEK[])").await;
        for content in [mail, "bare\nlines and no end"] {
            // Lines are read here, so bare LF comes as CRLF.
            let begin = content.replace("\r\n", "\n").replace('\n', "\r\n");
            assert!(said.contains(&format!("BODY[] {{{}}}\r\n{}", content.len(), begin)), "{said}");
        }
        assert!(ok(&mut client, "FETCH 1 BODY.PEEK[1]").await.contains(&literal("1", "one")));
        assert!(ok(&mut client, "FETCH 1 BODY.PEEK[2]<1.2>").await.contains("BODY[2]<1> {2}\r\nAA"));
        let fields = ok(&mut client, "FETCH 1 BODY.PEEK[HEADER.FIELDS (To Nothing)]").await;
        assert!(fields.contains("{23}\r\nTo: ann@example.org\r\n\r\n"), "{fields}");
        let structure = ok(&mut client, "FETCH 1 (BODYSTRUCTURE ENVELOPE FLAGS RFC822.SIZE)").await;
        assert!(
            structure.to_lowercase().contains("\"application\" \"pdf\" (\"name\" \"a b.pdf\")"),
            "{structure}"
        );
        assert!(structure.contains("\"=?utf-8?B?5oql5ZGK?=\""), "{structure}");
        assert!(structure.contains(&format!("RFC822.SIZE {}", mail.len())), "{structure}");
        assert!(!structure.contains("\\Seen"), "PEEK leaves it");
        assert!(
            ok(&mut client, "UID SEARCH CHARSET UTF-8 SUBJECT {6+}\r\n报告").await.contains("* SEARCH 1\r\n")
        );
        assert!(ok(&mut client, "FETCH 1 BODY[TEXT]").await.contains("\\Seen"));
    }
}

#[tokio::test]
async fn what_comes_by_smtp_is_told_at_once_to_who_idles() {
    let folder = Folder::new("imap-idle");
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), ..ann() }).await;
    let mut idle = selected(&sandbox, "ann").await;
    idle.write(b"i IDLE\r\n").await;
    assert!(idle.line().await.starts_with("+ "));
    let mut smtp = Client::hello(&sandbox).await;
    for n in 1..=3 {
        assert!(smtp.send("news\r\n").await.starts_with("250"));
        let begun = Instant::now();
        assert_eq!(idle.line().await, format!("* {n} EXISTS"));
        assert!(begun.elapsed() < Duration::from_secs(2));
        assert_eq!(idle.line().await, format!("* {n} RECENT"));
    }
    // And what others do.
    let mut other = selected(&sandbox, "ann").await;
    ok(&mut other, "STORE 2 +FLAGS (\\Flagged)").await;
    let flags = idle.line().await;
    assert!(flags.starts_with("* 2 FETCH (") && flags.contains("\\Flagged"), "{flags}");
    ok(&mut other, "STORE 1 +FLAGS.SILENT (\\Deleted)").await;
    assert!(idle.line().await.contains("\\Deleted"));
    ok(&mut other, "EXPUNGE").await;
    assert_eq!(idle.line().await, "* 1 EXPUNGE");
    idle.write(b"DONE\r\n").await;
    assert!(idle.line().await.starts_with("i OK"));
    assert_eq!(sandbox.store().ids().expect("no error"), [2, 3]);
}

#[tokio::test]
async fn what_a_client_appends_is_kept_where_and_how_it_said() {
    let folder = Folder::new("imap-append");
    for keep in [Keep::default(), Keep::Folder(folder.0.clone())] {
        let sandbox = start(Config { keep, ..ann() }).await;
        let mut client = logged_in(&sandbox, "ann").await;
        let said = ok(
            &mut client,
            "APPEND Sent (\\Seen $Mine) \"01-Feb-2026 10:00:00 +0800\" {16+}\r\nSubject: x\n\nabc\n",
        )
        .await;
        assert!(said.contains("[APPENDUID "), "{said}");
        assert!(heard(&mut client, "APPEND None {1+}\r\nx").await.contains("NO [TRYCREATE]"));
        assert_eq!(sandbox.store().ids().expect("no error"), [1]);
        let envelope = sandbox.store().get(1).expect("no error").expect("it is there").envelope.clone();
        let put = envelope.put.expect("it was put");
        assert_eq!(
            (&*put.user, &*put.mailbox, &*envelope.protocol, envelope.size),
            ("ann", "Sent", "IMAP", 16)
        );
        ok(&mut client, "SELECT Sent").await;
        let fetched = ok(&mut client, "FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])").await;
        assert!(fetched.contains("$Mine") && fetched.contains(" 1-Feb-2026 10:00:00 +0800"), "{fetched}");
        assert!(fetched.contains("{16}"), "{fetched}");
    }
}

#[tokio::test]
async fn two_clients_that_expunge_the_same_mails_do_not_lose_count() {
    let folder = Folder::new("imap-two");
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), ..ann() }).await;
    for n in 1..=200 {
        sandbox.store().put("ann", INBOX, format!("{n}\r\n").as_bytes()).await.expect("it is kept");
    }
    let (mut first, mut second) = (selected(&sandbox, "ann").await, selected(&sandbox, "ann").await);
    let mut gone = Vec::new();
    for (client, uids) in [(&mut first, "1:120"), (&mut second, "60:150")] {
        ok(client, &format!("UID STORE {uids} +FLAGS.SILENT (\\Deleted)")).await;
    }
    let (one, other) = tokio::join!(ok(&mut first, "UID EXPUNGE 1:120"), ok(&mut second, "EXPUNGE"));
    for (client, said) in [(&mut first, one), (&mut second, other)] {
        let after = ok(client, "NOOP").await;
        let expunged = (said + &after).lines().filter(|line| line.ends_with(" EXPUNGE")).count();
        gone.push(expunged);
        let uids = ok(client, "UID SEARCH ALL").await;
        let expected: Vec<String> = (151..=200).map(|uid| uid.to_string()).collect();
        assert!(uids.contains(&format!("* SEARCH {}\r\n", expected.join(" "))), "{uids}");
        assert!(ok(client, "FETCH 1 (UID)").await.contains("UID 151"));
    }
    assert_eq!(gone, [150, 150]);
    assert_eq!(sandbox.store().ids().expect("no error").len(), 50);
}

#[tokio::test]
async fn a_mail_removed_in_the_middle_of_a_session_is_told_and_nothing_else_suffers() {
    let sandbox = start(ann()).await;
    for n in 1..=3 {
        sandbox.store().put("ann", INBOX, format!("{n}\r\n").as_bytes()).await.expect("it is kept");
    }
    let mut client = selected(&sandbox, "ann").await;
    sandbox.store().accounts().remove("ann", INBOX, &[2]).expect("no error");
    let said = heard(&mut client, "FETCH 1:3 (UID BODY.PEEK[])").await;
    assert!(said.contains("UID 1 ") && said.contains("UID 3 "), "{said}");
    assert!(!said.contains("EXPUNGE\r\n"), "not in FETCH (RFC 9051 §7.5.1): {said}");
    assert!(ok(&mut client, "NOOP").await.contains("* 2 EXPUNGE\r\n"));
    assert!(ok(&mut client, "FETCH 2 (UID)").await.contains("UID 3"));
    // Behind the client's back: flags, and UIDs that mean nothing any more.
    let accounts = sandbox.store().accounts();
    accounts.set_flags("ann", INBOX, &[3], &["\\Answered"].into_iter().collect()).expect("no error");
    assert!(ok(&mut client, "NOOP").await.contains("\\Answered"));
    accounts.renumber("ann", INBOX).expect("no error");
    client.write(b"t NOOP\r\n").await;
    assert!(client.line().await.starts_with("* BYE "));
}

#[tokio::test]
async fn what_changed_since_is_known_after_a_restart() {
    let folder = Folder::new("imap-qresync");
    let config = Config { keep: Keep::Folder(folder.0.clone()), ..ann() };
    let sandbox = start(config.clone()).await;
    for n in 1..=9 {
        sandbox.store().put("ann", INBOX, format!("{n}\r\n").as_bytes()).await.expect("it is kept");
    }
    let mut client = selected(&sandbox, "ann").await;
    let status = ok(&mut client, "STATUS INBOX (UIDVALIDITY HIGHESTMODSEQ)").await;
    let number = |name: &str| {
        let rest = status.split(&format!("{name} ")).nth(1).expect("it is said");
        rest.chars().take_while(char::is_ascii_digit).collect::<String>()
    };
    let (uid_validity, mod_seq) = (number("UIDVALIDITY"), number("HIGHESTMODSEQ"));
    ok(&mut client, "STORE 2,5 +FLAGS.SILENT (\\Deleted)").await;
    ok(&mut client, "EXPUNGE").await;
    ok(&mut client, "UID STORE 7 +FLAGS.SILENT (\\Flagged)").await;
    ok(&mut client, "LOGOUT").await;
    sandbox.stop().await;
    let sandbox = start(config).await;
    let mut client = logged_in(&sandbox, "ann").await;
    ok(&mut client, "ENABLE QRESYNC").await;
    let said = ok(&mut client, &format!("SELECT INBOX (QRESYNC ({uid_validity} {mod_seq}))")).await;
    assert!(said.contains("* VANISHED (EARLIER) 2,5\r\n"), "{said}");
    let changed: Vec<&str> = said.lines().filter(|line| line.contains(" FETCH (")).collect();
    assert!(changed.len() == 1 && changed[0].contains("UID 7") && changed[0].contains("\\Flagged"), "{said}");
}

#[tokio::test]
async fn a_hundred_thousand_mails_are_selected_listed_and_searched() {
    let sandbox = start(ann()).await;
    for n in 1..=100_000 {
        sandbox
            .store()
            .put("ann", INBOX, format!("Subject: {n}\r\n\r\n").as_bytes())
            .await
            .expect("it is kept");
    }
    let begun = Instant::now();
    let mut client = logged_in(&sandbox, "ann").await;
    assert!(ok(&mut client, "SELECT INBOX").await.contains("* 100000 EXISTS\r\n"));
    let listed = ok(&mut client, "UID FETCH 1:* (FLAGS RFC822.SIZE)").await;
    assert_eq!(listed.lines().count(), 100_001);
    assert!(ok(&mut client, "UID STORE 1:* +FLAGS.SILENT (\\Seen)").await.starts_with("t OK"));
    let found = ok(&mut client, "UID SEARCH SUBJECT 77777").await;
    assert!(found.contains("* SEARCH 77777\r\n"), "{found}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_large_mail_is_streamed_from_its_file() {
    let folder = Folder::new("imap-large");
    let sandbox = start(Config { keep: Keep::Folder(folder.0.clone()), ..ann() }).await;
    let mail = format!("Subject: large\r\n\r\n{}", "0123456789 and so on, line by line\r\n".repeat(300_000));
    sandbox.store().put("ann", INBOX, mail.as_bytes()).await.expect("it is kept");
    let mut client = selected(&sandbox, "ann").await;
    let said = ok(&mut client, "FETCH 1 BODY.PEEK[]").await;
    let begin = said.find("}\r\n").expect("a literal") + 3;
    assert_eq!(&said[begin..begin + mail.len()], mail);
}

#[tokio::test]
async fn faults_strike_in_imap_too() {
    let faults = vec!["imap-select:1=NO [UNAVAILABLE] not now".parse().expect("a rule")];
    let sandbox = start(Config { faults, ..ann() }).await;
    let mut client = logged_in(&sandbox, "ann").await;
    assert!(heard(&mut client, "SELECT INBOX").await.ends_with("t NO [UNAVAILABLE] not now\r\n"));
    ok(&mut client, "SELECT INBOX").await;
}

#[tokio::test]
async fn like_163_it_wants_id_first_and_refuses_what_it_offers() {
    let sandbox = start(Config { like: Some("163".parse().expect("known")), ..ann() }).await;
    let mut client = logged_in(&sandbox, "ann").await;
    let refused = heard(&mut client, "SELECT INBOX").await;
    assert!(refused.starts_with("t NO ") && refused.contains("Unsafe Login"), "{refused}");
    ok(&mut client, "ID (\"name\" \"test\")").await;
    ok(&mut client, "SELECT INBOX").await;
    let mut client = Client::connect(sandbox.imap().expect("a port")).await;
    client.line().await;
    let offered = ok(&mut client, "CAPABILITY").await;
    assert!(offered.contains("SASL-IR") && !offered.contains("IDLE"), "{offered}");
    client.write(b"t AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=\r\n").await;
    assert!(!client.line().await.starts_with("t OK"));
    let mut smtp = Client::hello(&sandbox).await;
    assert!(!smtp.say("QUIT").await.starts_with("221"));
}

#[tokio::test]
async fn like_qq_its_texts_are_in_gbk() {
    let faults = vec!["imap-noop=NO 频率限制".parse().expect("a rule")];
    let sandbox = start(Config { like: Some("qq".parse().expect("known")), faults, ..ann() }).await;
    let mut client = logged_in(&sandbox, "ann").await;
    client.write(b"t NOOP\r\n").await;
    let said = client.octets().await;
    assert_eq!(said, b"t NO \xc6\xb5\xc2\xca\xcf\xde\xd6\xc6\r\n");
}

#[tokio::test]
async fn without_users_anybody_logs_in_with_any_password() {
    let sandbox = start(Config::default()).await;
    let mut smtp = Client::hello(&sandbox).await;
    assert!(smtp.send("to b\r\n").await.starts_with("250"));
    let mut client = logged_in(&sandbox, "b@y.example").await;
    assert!(ok(&mut client, "SELECT INBOX").await.contains("* 1 EXISTS\r\n"));
    let mut client = logged_in(&sandbox, "somebody").await;
    assert!(ok(&mut client, "SELECT INBOX").await.contains("* 0 EXISTS\r\n"));
}
