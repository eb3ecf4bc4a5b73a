//! POP3 servers that lie about numbers, ids and lengths, or answer what was not asked.

use hongyan::proto::outcome::Kind;
use hongyan::proto::tls::Tls;
use hongyan::receive::Policy;

use super::script::{Instead, MAILS, Say, Scripted, text};
use super::{Ended, Yard, tells_password};
use crate::place::By;

/// A fetch from a server that says this instead, and deletes; what is here afterwards.
async fn against(instead: Instead) -> (Ended, Vec<Vec<u8>>, Scripted) {
    let server = Scripted::pop3(instead).await;
    let yard = Yard::new();
    let ended = yard.fetch(By::Pop3, server.port, Policy::Delete).await;
    let here = yard.here();
    (ended, here, server)
}

#[tokio::test]
async fn a_good_server_is_fetched_from() {
    let (ended, here, server) = against(Instead::default()).await;
    ended.done.unwrap();
    assert_eq!(here, MAILS.map(|mail| mail.as_bytes().to_vec()));
    assert_eq!((ended.report.deleted, server.heard().matches("DELE").count()), (2, 2));
}

#[tokio::test]
async fn what_cannot_be_is_an_error_and_nothing_is_deleted() {
    for (place, said) in [
        ("LIST", "+OK\r\n1 -1\r\n.\r\n"),
        ("LIST", "+OK\r\n4294967296 1\r\n.\r\n"),
        ("LIST", "-ERR no\r\n"),
        ("LIST", "+OK\r\n1 5\r\n"),
        ("UIDL", "+OK\r\nx y\r\n.\r\n"),
        ("UIDL", "-ERR [SYS/TEMP] later\r\n"),
        ("UIDL", "+OK\r\n1 a\r\n"),
        // A message that stops, one whose lines begin with a dot that was not doubled, two yeses.
        ("RETR", "+OK\r\nSubject: x\r\n"),
        ("RETR", "+OK\r\nSubject: x\r\n\r\n.\r\nthe rest\r\n.\r\n"),
        ("RETR", "* 1 FETCH\r\n"),
    ] {
        let (ended, _, server) = against(Instead::of(place, text(said))).await;
        ended.failure();
        assert!(!server.heard().contains("DELE"), "{place}: {said}");
        assert_eq!(ended.report.deleted, 0);
    }
}

/// A line that is only a dot, not doubled, ends a message in the middle. What comes behind it gives that away.
#[tokio::test]
async fn a_message_behind_which_the_server_talks_on_is_not_taken_for_whole() {
    // So large that a second look is only at its head.
    let begin = format!("Subject: x\r\n\r\n{}", "a line of it\r\n".repeat(10_000));
    let one = |retr: String| {
        Instead::of("RETR", text(retr))
            .and("LIST", text(format!("+OK\r\n1 {}\r\n.\r\n", begin.len())))
            .and("UIDL", text("+OK\r\n1 id\r\n.\r\n"))
            .and("TOP", text("+OK\r\nSubject: x\r\n\r\n.\r\n"))
    };
    let broken = Scripted::pop3(one(format!("+OK\r\n{begin}.\r\nthe rest\r\n.\r\n"))).await;
    let yard = Yard::new();
    yard.fetch(By::Pop3, broken.port, Policy::Delete).await.failure();
    let mended = Scripted::pop3(one(format!("+OK\r\n{begin}..\r\nthe rest\r\n.\r\n"))).await;
    let ended = yard.fetch(By::Pop3, mended.port, Policy::Delete).await;
    ended.done.unwrap();
    assert_eq!(ended.report.deleted, 1);
    assert!(yard.here().contains(&format!("{begin}.\r\nthe rest\r\n").into_bytes()));
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_left() {
    let listed =
        vec![Say::Text(b"+OK\r\n".to_vec()), Say::Each("# 9\r\n", 11_000), Say::Text(b".\r\n".to_vec())];
    let ids =
        vec![Say::Text(b"+OK\r\n".to_vec()), Say::Each("# u#\r\n", 11_000), Say::Text(b".\r\n".to_vec())];
    let no = Instead::of("LIST", listed).and("UIDL", ids).and("RETR", text("-ERR never\r\n"));
    let (ended, ..) = against(no.and("CAPA", text("+OK\r\nUIDL\r\nPIPELINING\r\n.\r\n"))).await;
    assert_eq!(ended.failure().kind, Kind::Refused);
    assert_eq!(ended.report.refused.len(), 0);
}

#[tokio::test]
async fn what_the_server_does_not_give_or_mark_is_told_and_the_rest_goes_on() {
    let (ended, here, server) = against(Instead::of("RETR", text("-ERR no such message\r\n"))).await;
    ended.done.unwrap();
    assert_eq!((here.len(), ended.report.refused.len(), ended.report.deleted), (0, 2, 0));
    assert!(!server.heard().contains("DELE"));
    let (ended, here, _) = against(Instead::of("DELE", text("-ERR no\r\n"))).await;
    ended.done.unwrap();
    assert_eq!((here.len(), ended.report.refused.len(), ended.report.deleted), (2, 2, 0));
}

#[tokio::test]
async fn without_a_yes_to_quit_nothing_is_called_deleted() {
    for said in [
        text("-ERR could not delete\r\n"),
        text("hello\r\n"),
        text("* BYE\r\n"),
        text("+"),
        text(""),
        vec![Say::Close],
        vec![Say::Text(b"+O".to_vec()), Say::Close],
        vec![Say::Times(b"x".to_vec(), 10_000_000)],
    ] {
        let server = Scripted::pop3(Instead::of("QUIT", said.clone())).await;
        let yard = Yard::new();
        let ended = yard.fetch(By::Pop3, server.port, Policy::Delete).await;
        ended.failure();
        assert_eq!((ended.report.deleted, yard.here().len()), (0, 2), "{said:?}");
        // They are there still, and known: deleted the next time, and not fetched again.
        let good = Scripted::pop3(Instead::default()).await;
        let ended = yard.fetch(By::Pop3, good.port, Policy::Delete).await;
        ended.done.unwrap();
        assert_eq!((ended.report.fetched, ended.report.deleted, yard.here().len()), (0, 2, 2), "{said:?}");
    }
}

#[tokio::test]
async fn odd_ids_and_sizes_are_no_harm() {
    let all_octets: Vec<u8> =
        [b"+OK\r\n1 ".to_vec(), vec![0xff; 255], b"\r\n2 ".to_vec(), vec![0x1b; 255], b"\r\n.\r\n".to_vec()]
            .concat();
    let huge = "+OK\r\n1 18446744073709551615\r\n2 18446744073709551615\r\n.\r\n";
    for (place, said) in [
        ("UIDL", all_octets),
        ("UIDL", b"+OK\r\n1 same\r\n2 same\r\n.\r\n".to_vec()),
        ("UIDL", b"+OK\r\n1 a\r\n1 b\r\n2 ../../x\r\n.\r\n".to_vec()),
        ("UIDL", b"+OK\r\n.\r\n".to_vec()),
        ("UIDL", b"+OK\r\n1\r\n2 \x1b[2J\r\n99 a\r\n.\r\n".to_vec()),
        ("UIDL", b"-ERR what?\r\n".to_vec()),
        ("LIST", huge.as_bytes().to_vec()),
        ("LIST", b"+OK\r\n1 0\r\n2 0\r\n.\r\n".to_vec()),
        ("LIST", b"+OK\r\n2 1\r\n1 1\r\n".to_vec().into_iter().chain(*b".\r\n").collect()),
        ("STAT", b"+OK 4294967295 18446744073709551615\r\n".to_vec()),
        ("CAPA", b"-ERR\r\n".to_vec()),
    ] {
        let (ended, here, _) = against(Instead::of(place, text(&said))).await;
        let about = format!("{place} {}: {ended:?}", said.escape_ascii());
        ended.done.unwrap();
        assert_eq!(here.len(), 2, "{about}");
        assert_eq!(ended.report.deleted, 2, "{about}");
    }
}

#[tokio::test]
async fn a_message_listed_again_and_again_is_fetched_once() {
    let (ended, here, server) =
        against(Instead::of("LIST", text("+OK\r\n1 9\r\n1 9\r\n2 9\r\n1 7\r\n.\r\n"))).await;
    ended.done.unwrap();
    assert_eq!((here.len(), ended.report.deleted), (2, 2));
    assert_eq!(server.heard().matches("RETR 1").count(), 1);
}

#[tokio::test]
async fn messages_that_nobody_has_are_not_waited_for() {
    let listed = text("+OK\r\n7 9\r\n4294967295 9\r\n.\r\n");
    let (ended, here, _) = against(Instead::of("LIST", listed).and("RETR", text("-ERR\r\n"))).await;
    ended.done.unwrap();
    assert_eq!((here.len(), ended.report.refused.len()), (0, 2));
}

#[tokio::test]
async fn what_has_no_end_is_an_error_in_bounded_time() {
    let long = 1 << 30;
    for (place, said) in [
        ("hello", vec![Say::Times(b"x".to_vec(), long)]),
        ("PASS", vec![Say::Times(b"x".to_vec(), long)]),
        ("LIST", vec![Say::Times(b"x".to_vec(), long)]),
        ("UIDL", vec![Say::Text(b"+OK\r\n1 ".to_vec()), Say::Times(b"x".to_vec(), 1_000_000)]),
        ("RETR", vec![Say::Times(b"x".to_vec(), long)]),
        ("DELE", vec![Say::Times(b"x".to_vec(), long)]),
        ("CAPA", vec![Say::Text(b"+OK\r\n".to_vec()), Say::Times(b"X\r\n".to_vec(), 1_000_000)]),
    ] {
        let (ended, ..) = against(Instead::of(place, said.clone())).await;
        let failure = ended.failure();
        assert_eq!(failure.kind, Kind::Protocol, "{place}, {said:?}: {failure}");
    }
}

/// A bare LF is part of a line or its end, as it stands; no octet is lost or added.
#[tokio::test]
async fn octets_are_kept_as_they_came() {
    for (sent, kept) in [
        (&b"a: b\n\nbare\nlines\r\n.\r\n"[..], &b"a: b\n\nbare\nlines\r\n"[..]),
        (b"a\rb\0c\x80\xff\r\n.\r\n", b"a\rb\0c\x80\xff\r\n"),
        (b"..\r\n...\r\n.x\r\n.\r\n", b".\r\n..\r\nx\r\n"),
        (b".\r\n", b""),
        (b"\n.\n\r\n.\r\n", b"\n.\n\r\n"),
    ] {
        let said = [b"+OK\r\n", sent].concat();
        let one = Instead::of("RETR", text(said)).and("LIST", text("+OK\r\n1 5\r\n.\r\n"));
        let (ended, here, _) = against(one).await;
        ended.done.unwrap();
        assert_eq!(here, [kept], "{}", sent.escape_ascii());
    }
}

#[tokio::test]
async fn a_server_that_offers_no_tls_gets_no_password() {
    for capa in ["+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n", "-ERR\r\n", "+OK\r\nSTLS\r\n.\r\n", "+OK\r\n.\r\n"] {
        for stls in ["-ERR\r\n", "+OK\r\nthis is no TLS\r\n", "hm\r\n"] {
            let instead = Instead::of("CAPA", text(capa)).and("other", text(stls));
            let server = Scripted::pop3(instead).await;
            let yard = Yard::new();
            let ended =
                yard.fetch_with(By::Pop3, server.port, Policy::Delete, Tls::Required, None, &[]).await;
            ended.failure();
            let heard = server.heard();
            assert!(!tells_password(heard.as_bytes()) && !heard.contains("USER"), "{heard}");
        }
    }
}
