//! What a session makes of many commands, and of servers that lack some.

use std::io::Cursor;
use std::time::Duration;

use hongyan_net::imap::{Change, Criterion, Date, Flags, Mode, UidSet, What};
use hongyan_proto::outcome::Kind;

use super::scripted::{Kept, session, words};

fn set(text: &str) -> UidSet {
    UidSet::parse(text.as_bytes()).expect("a set")
}

fn kept(kept: &Kept) -> Vec<(u32, &str)> {
    kept.whole.iter().map(|(uid, content)| (*uid, content.as_str())).collect()
}

#[tokio::test]
async fn messages_are_streamed_and_those_that_are_gone_are_named() {
    let (mut session, server) = session(
        "",
        r#"
        C: A1 UID FETCH 1:5 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] {7}
        S| a\r\nb\r\nc)\r\n
        S: * 1 FETCH (BODY[] "short" UID 2)
        S: * 1 FETCH (BODY[] NIL UID 3)
        S: * 7 FETCH (UID 7 BODY[] {1}
        S| x)\r\n
        S: * 1 FETCH (BODY[] {0}
        S:  UID 5)
        S: A1 OK done
        C: A2 LOGOUT
        S: * BYE
        S: A2 OK done
        "#,
    )
    .await;
    let mut sink = Kept::default();
    let gone = session.fetch(&set("1:5"), What::Whole, &mut sink).await.expect("messages");
    assert_eq!(kept(&sink), [(1, "a\r\nb\r\nc"), (2, "short"), (5, "")]);
    assert_eq!(gone, set("3:4"));
    session.logout().await;
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn a_large_fetch_is_cut_into_commands_that_are_under_way_together() {
    let script = r#"
        C: A1 UID FETCH 1:256 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        C: A2 UID FETCH 257:512 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        C: A3 UID FETCH 513:768 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        S: * 2 FETCH (UID 600 BODY[] {1}
        S| b)\r\n
        S: * 1 FETCH (UID 1 BODY[] {1}
        S| a)\r\n
        S: A1 OK done
        C: A4 UID FETCH 769:1000 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        S: A2 OK done
        S: A3 OK done
        S: A4 OK done
    "#;
    let (mut session, server) = session("", script).await;
    let mut sink = Kept::default();
    let gone = session.fetch(&set("1:1000"), What::Whole, &mut sink).await.expect("messages");
    assert_eq!(kept(&sink), [(600, "b"), (1, "a")]);
    assert_eq!(gone, set("2:599,601:1000"));
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn a_refusal_leaves_what_came_before_and_the_session() {
    let script = r#"
        C: A1 UID FETCH 1:2 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER])
        S: * 1 FETCH (UID 1 BODY[HEADER] {1}
        S| a)\r\n
        S: A1 NO [LIMIT] too much
        C: A2 NOOP
        S: A2 OK done
    "#;
    let (mut session, server) = session("", script).await;
    let mut sink = Kept::default();
    let failure = words(session.fetch(&set("1:2"), What::Header, &mut sink).await);
    assert_eq!(failure, "fetching a message: the server said [LIMIT] too much");
    assert_eq!(kept(&sink), [(1, "a")]);
    assert!(session.check().await.expect("a session").is_empty());
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn a_sink_that_is_full_ends_the_session() {
    let script = r#"
        C: A1 UID FETCH 1:2 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] {1}
        S| a)\r\n
        S: * 2 FETCH (UID 2 BODY[] {1}
        S| b)\r\n
        -- waits
    "#;
    let (mut session, server) = session("", script).await;
    let mut sink = Kept { full: Some(1), ..Kept::default() };
    let failure = session.fetch(&set("1:2"), What::Whole, &mut sink).await.expect_err("a failure");
    assert_eq!(failure.kind, Kind::Local);
    assert_eq!(kept(&sink), [(1, "a")]);
    assert!(!session.is_open());
    drop(session);
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn a_fetch_that_was_given_up_leaves_a_session_that_can_be_used() {
    let script = r#"
        C: A1 UID FETCH 1 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        S: * 1 FETCH (UID 1 BODY[] {4}
        S| ab
        -- rests
        S| cd)\r\n
        C: A2 UID FETCH 2 (UID FLAGS RFC822.SIZE INTERNALDATE BODY.PEEK[])
        S: A1 OK done
        S: * 2 FETCH (UID 2 BODY[] {2}
        S| ef)\r\n
        S: A2 OK done
    "#;
    let (mut session, server) = session("", script).await;
    let mut sink = Kept::default();
    let (first, second) = (set("1"), set("2"));
    let fetching = session.fetch(&first, What::Whole, &mut sink);
    assert!(tokio::time::timeout(Duration::from_millis(100), fetching).await.is_err());
    let mut sink = Kept::default();
    assert!(session.fetch(&second, What::Whole, &mut sink).await.expect("a message").is_empty());
    assert_eq!(kept(&sink), [(2, "ef")]);
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn without_move_a_message_is_copied_and_only_then_removed() {
    let script = r#"
        C: A1 UID COPY 5 "Archive"
        S: A1 OK [COPYUID 9 5 77] done
        C: A2 UID STORE 5 +FLAGS.SILENT (\Deleted)
        S: A2 OK done
        C: A3 UID EXPUNGE 5
        S: A3 OK done
        C: A4 UID COPY 6 "Archive"
        S: A4 NO [OVERQUOTA] full
    "#;
    let (mut session, server) = session("UIDPLUS", script).await;
    let arrived = session.move_to(&set("5"), "Archive").await.expect("moved").expect("COPYUID");
    assert_eq!((arrived.uid_validity, arrived.uids), (9, set("77")));
    assert!(words(session.move_to(&set("6"), "Archive").await).contains("OVERQUOTA"));
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn without_uidplus_nothing_is_removed_that_was_not_named() {
    let script = r#"
        C: A1 UID SEARCH DELETED
        S: * SEARCH 5 6
        S: A1 OK done
        C: A2 UID SEARCH DELETED
        S: * SEARCH 5
        S: A2 OK done
        C: A3 EXPUNGE
        S: * 1 EXPUNGE
        S: A3 OK done
    "#;
    let (mut session, server) = session("", script).await;
    let failure = session.expunge(&set("5")).await.expect_err("a failure");
    assert_eq!(failure.kind, Kind::Capability);
    session.expunge(&set("5")).await.expect("removed");
    session.expunge(&UidSet::new()).await.expect("nothing to do");
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn a_message_is_streamed_to_a_mailbox() {
    let script = r#"
        C: A1 APPEND "Sent" (\Seen) "17-Jul-1996 02:44:25 -0700" {100000}
        S: + go
        C| 100000
        C: 
        S: A1 OK [APPENDUID 3 4] done
        C: A2 APPEND "Sent" {5}
        S: + go
        -- waits
    "#;
    let (mut session, server) = session("", script).await;
    let date = Date::parse(b"17-Jul-1996 02:44:25 -0700");
    let mut body = Cursor::new(vec![b'x'; 100_000]);
    let arrived = session.append("Sent", &Flags::seen(), date, 100_000, &mut body).await.expect("kept");
    assert_eq!(arrived.expect("APPENDUID").uids, set("4"));
    // Its length changed since it was told: nothing of it may pass for whole.
    let failure = session.append("Sent", &Flags::default(), None, 5, &mut &b"123456"[..]).await;
    assert_eq!(failure.expect_err("a failure").kind, Kind::Local);
    assert!(!session.is_open());
    drop(session);
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn waiting_can_be_given_up() {
    let script = r#"
        C: A1 SELECT "INBOX"
        S: * 1 EXISTS
        S: A1 OK [READ-WRITE] done
        C: A3 IDLE
        S: + idling
        C: DONE
        S: * 2 EXISTS
        S: A3 OK done
        C: A4 UID SEARCH RETURN (ALL) NOT SEEN
        S: * ESEARCH (TAG "A4") UID ALL 7
        S: A4 OK done
        C: A7 IDLE
        S: + idling
        S: * 1 EXPUNGE
        C: DONE
        S: A7 OK done
    "#;
    let (mut session, server) = session("IDLE ESEARCH", script).await;
    session.select("INBOX", Mode::Write, None).await.expect("the INBOX");
    let idling = session.idle(Duration::from_secs(3600));
    assert!(tokio::time::timeout(Duration::from_millis(100), idling).await.is_err());
    let unseen = Criterion::Not(Box::new(Criterion::Flag("\\Seen".into())));
    assert_eq!(session.search(&[unseen]).await.expect("found"), set("7"));
    let changes = session.idle(Duration::from_secs(3600)).await.expect("news");
    assert_eq!((changes.exists, changes.expunged), (Some(2), 0), "heard before");
    let changes = session.idle(Duration::from_secs(3600)).await.expect("news");
    assert_eq!((changes.exists, changes.expunged), (None, 1));
    assert_eq!(session.selected().expect("open").exists, 1);
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn an_empty_mailbox_is_not_asked_about_its_messages() {
    let script = r#"
        C: A1 EXAMINE "INBOX"
        S: * 0 EXISTS
        S: A1 OK [READ-ONLY] done
    "#;
    let (mut session, server) = session("", script).await;
    session.select("INBOX", Mode::Read, None).await.expect("the INBOX");
    assert!(session.list(&UidSet::starting_at(1)).await.expect("a list").is_empty());
    server.await.expect("the script was followed");
}

#[tokio::test]
async fn scattered_sets_are_cut_into_short_commands() {
    let uids: UidSet = (1..1000).filter(|uid| uid % 2 == 1).collect();
    let mut script = String::new();
    for (n, chunk) in uids.chunks(u64::MAX, 800).enumerate() {
        let n = n + 1;
        script.push_str(&format!("C: A{n} UID STORE {chunk} -FLAGS.SILENT (\\Seen)\nS: A{n} OK done\n"));
    }
    let (mut session, server) = session("", &script).await;
    let stayed = session.store(&uids, Change::Remove, &Flags::seen(), None).await.expect("stored");
    assert!(stayed.is_empty());
    server.await.expect("the script was followed");
}
