//! One session.

use std::time::Duration;

use hongyan_net::pop3::{Config, Session, Typed};
use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::pop3::Capabilities;
use hongyan_proto::pop3::Timeouts;
use hongyan_proto::sasl::SERVER_MECHANISMS;

use crate::server::{Kept, config, plain, secured, serve};

/// Messages with everything that dots and line ends can do.
fn mails(count: usize) -> Vec<Vec<u8>> {
    let mail = |at: usize| {
        let mut mail = format!("Subject: {at}\r\n\r\n").into_bytes();
        for line in 0..at % 50 {
            mail.extend_from_slice(&b"....x"[..line % 5]);
            mail.extend(std::iter::repeat_n(b'a' + (line % 26) as u8, line * 7 % 80));
            mail.extend_from_slice(b"\r\n");
        }
        mail
    };
    (1..=count).map(mail).collect()
}

/// The ways to talk: pipelined and a command at a time.
fn ways() -> [Capabilities; 2] {
    let all = hongyan_proto::pop3::server::config::everything();
    [all.clone(), Capabilities { pipelining: false, ..all }]
}

#[tokio::test]
async fn messages_come_as_they_are_and_go_with_quit_by_every_way_in_clear_and_under_tls() {
    let mails = mails(700);
    let numbers: Vec<u32> = (1..=700).collect();
    for offers in ways() {
        for implicit_tls in [None, Some(false), Some(true)] {
            let implicit = implicit_tls == Some(true);
            let mut config = hongyan_proto::pop3::server::Config { offers: offers.clone(), ..config(&[]) };
            config.clear_login = implicit_tls.is_none();
            let server = serve(config, implicit, mails.clone()).await;
            let place = hongyan_net::Server { implicit_tls: implicit, ..server.place() };
            let options = if implicit_tls.is_some() { secured() } else { plain() };
            let mut session = Session::connect(&place, &options).await.unwrap();
            assert_eq!(session.tls().is_some(), implicit_tls.is_some());
            let stat = session.stat().await.unwrap();
            assert_eq!(stat.octets, mails.iter().map(|mail| mail.len() as u64).sum::<u64>());
            let (sizes, uids) = session.survey().await.unwrap();
            let uids = uids.expect("UIDL is offered");
            assert_eq!((sizes.len(), uids.len()), (700, 700));
            assert_eq!(uids.iter().nth(9), Some((10, "uid9")));

            let mut kept = Kept::default();
            assert!(session.fetch(&numbers, &mut kept).await.unwrap().is_empty());
            for (number, ((fetched, content), size)) in numbers.iter().zip(kept.whole.iter().zip(&sizes)) {
                let mail = &mails[*number as usize - 1];
                assert!(number == fetched && content == mail && size.size == mail.len() as u64, "{number}");
            }
            assert_eq!(kept.announced[41], Some(mails[41].len() as u64));

            assert!(session.delete(&numbers[..699]).await.unwrap().is_empty());
            assert_eq!(server.left(), 700, "not before QUIT");
            session.quit().await.unwrap();
            assert_eq!(server.left(), 1);
        }
    }
}

#[tokio::test]
async fn every_way_to_log_in_lets_the_user_in() {
    let mut ways: Vec<Vec<String>> = SERVER_MECHANISMS.map(|name| vec![name.to_string()]).to_vec();
    ways.retain(|way| !["EXTERNAL", "XOAUTH2", "OAUTHBEARER"].contains(&way[0].as_str()));
    ways.push(Vec::new());
    for sasl in ways {
        for user in [true, false] {
            for apop in [true, false] {
                if sasl.is_empty() && !user && !apop {
                    continue;
                }
                let mut config = config(&[]);
                (config.offers.sasl, config.offers.user, config.apop) = (sasl.clone(), user, apop);
                let server = serve(config, false, mails(2)).await;
                // The greeting's timestamp does not count behind STLS.
                let options = if sasl.is_empty() && !user { plain() } else { secured() };
                let mut session = Session::connect(&server.place(), &options)
                    .await
                    .unwrap_or_else(|failure| panic!("{sasl:?} {user} {apop}: {failure}"));
                assert_eq!(session.stat().await.unwrap().messages, 2);
            }
        }
    }
}

#[tokio::test]
async fn a_refused_message_does_not_take_the_others_along() {
    for offers in ways() {
        let mut config = config(&["pop3-retr:1:7=-ERR [SYS/TEMP] not this one", "pop3-dele:1:3=-ERR no"]);
        config.offers = offers;
        config.clear_login = true;
        let server = serve(config, false, mails(20)).await;
        let mut session = Session::connect(&server.place(), &plain()).await.unwrap();
        let numbers: Vec<u32> = (1..=22).collect();
        let mut kept = Kept::default();
        let refused = session.fetch(&numbers, &mut kept).await.unwrap();
        let words: Vec<_> = refused.iter().map(|one| (one.number, one.failure.to_string())).collect();
        let no = "fetching a message: the server said there is no such message".to_string();
        let busy = "fetching a message: the server said [SYS/TEMP] not this one".to_string();
        assert_eq!(words, [(7, busy), (21, no.clone()), (22, no)]);
        assert_eq!(kept.whole.len(), 19);
        let refused = session.delete(&numbers[..5]).await.unwrap();
        assert_eq!(refused.iter().map(|one| one.number).collect::<Vec<_>>(), [3]);
        session.quit().await.unwrap();
        assert_eq!(server.left(), 16);
    }
}

async fn after_quit(fault: &str) -> (Result<(), Failure>, usize) {
    let mut config = config(&[fault]);
    config.clear_login = true;
    let server = serve(config, false, mails(3)).await;
    let mut options = plain();
    options.session.timeouts = Timeouts::all(Duration::from_millis(300));
    let mut session = Session::connect(&server.place(), &options).await.unwrap();
    session.delete(&[1, 2]).await.unwrap();
    let quit = session.quit().await;
    (quit, server.left())
}

/// "Deleted" is only said after `+OK`, whatever the server did.
#[tokio::test]
async fn quit_says_what_the_server_said() {
    for (fault, kind, left) in [
        ("pop3-quit=drop", Kind::Unreachable, 1),
        ("pop3-quit=garbage", Kind::Protocol, 1),
        ("pop3-quit=truncate 3", Kind::Unreachable, 1),
        ("pop3-quit=delay 60000", Kind::Timeout, 1),
        ("pop3-quit=-ERR some deleted messages not removed", Kind::Refused, 3),
    ] {
        let (quit, still) = after_quit(fault).await;
        let failure = quit.expect_err(fault);
        assert_eq!((failure.stage, failure.kind, still), (Stage::Quit, kind, left), "{fault}: {failure}");
    }
    let (quit, left) = after_quit("pop3-quit=extra +OK and more").await;
    assert!(quit.is_ok() && left == 1);
}

/// Dropping the session is not QUIT.
#[tokio::test]
async fn without_quit_nothing_is_deleted() {
    let mut config = config(&[]);
    config.clear_login = true;
    let server = serve(config, false, mails(3)).await;
    let mut session = Session::connect(&server.place(), &plain()).await.unwrap();
    session.delete(&[1, 2, 3]).await.unwrap();
    drop(session);
    let mut session = Session::connect(&server.place(), &plain()).await.unwrap();
    assert_eq!(session.stat().await.unwrap().messages, 3);
    session.delete(&[1]).await.unwrap();
    session.reset().await.unwrap();
    session.quit().await.unwrap();
    assert_eq!(server.left(), 3);
}

#[tokio::test]
async fn a_full_disk_ends_the_session_and_deletes_nothing() {
    let mut config = config(&[]);
    config.clear_login = true;
    let server = serve(config, false, mails(30)).await;
    let mut session = Session::connect(&server.place(), &plain()).await.unwrap();
    let mut kept = Kept { full_at: Some(5), ..Kept::default() };
    let numbers: Vec<u32> = (1..=30).collect();
    let failure = session.fetch(&numbers, &mut kept).await.expect_err("the disk is full");
    assert_eq!((failure.stage, failure.kind, kept.whole.len()), (Stage::Fetch, Kind::Local, 4));
    assert!(!session.is_open() && session.delete(&[1]).await.is_err() && session.quit().await.is_err());
    assert_eq!(server.left(), 30);
}

/// A server that offers PIPELINING and breaks down under it: the login is done once more without, a fetch is not
/// (messages may have other numbers then), but the session says why.
#[tokio::test]
async fn a_server_that_cannot_pipeline_is_served_a_command_at_a_time() {
    let mut config = config(&["pop3-user:1=drop", "pop3-retr:3=drop"]);
    config.clear_login = true;
    config.offers.sasl.clear();
    config.apop = false;
    let server = serve(config, false, mails(5)).await;
    let mut session = Session::connect(&server.place(), &plain()).await.unwrap();
    let numbers = [1, 2, 3, 4, 5];
    let failure = session.fetch(&numbers, &mut Kept::default()).await.expect_err("the connection is lost");
    assert_eq!((failure.kind, session.is_overtaxed()), (Kind::Unreachable, false), "one command at a time");

    let mut session = Session::connect(&server.place(), &plain()).await.unwrap();
    let refused = session.fetch(&numbers, &mut Kept::default()).await.unwrap();
    assert!(refused.is_empty(), "the fault struck once");
}

#[tokio::test]
async fn commands_as_typed_are_answered_with_their_lines() {
    let mut config = config(&[]);
    config.clear_login = true;
    let server = serve(config, false, mails(2)).await;
    let options =
        hongyan_net::pop3::Options { session: Config { credentials: None, ..plain().session }, ..plain() };
    let mut session = Session::connect(&server.place(), &options).await.unwrap();
    struct Lines(Vec<u8>);
    impl hongyan_net::Sink<()> for Lines {
        fn begin(&mut self, _: Option<u64>) -> std::io::Result<()> {
            Ok(())
        }
        fn take(&mut self, piece: &[u8]) -> std::io::Result<()> {
            self.0.extend_from_slice(piece);
            Ok(())
        }
        fn end(&mut self, (): ()) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut lines = Lines(Vec::new());
    for (line, words, content) in [
        ("user mrose", "name taken, say PASS", &b""[..]),
        ("pass tanstaaf", "the maildrop has 2 messages (42 octets)", b""),
        ("list 1", "1 16", b""),
        ("LIST", "2 messages (42 octets)", b"1 16\r\n2 26\r\n"),
    ] {
        let typed = Typed::new(line, line.starts_with("pass").then_some(5)).unwrap();
        let mut heard = String::new();
        let answer = session
            .command(typed, |words| heard = words.into(), &mut lines)
            .await
            .unwrap_or_else(|f| panic!("{line}: {f}"));
        assert_eq!((answer.octets.is_some(), lines.0.as_slice()), (!content.is_empty(), content), "{line}");
        assert_eq!((answer.words.as_str(), heard.as_str()), (words, words));
    }
    let failure =
        session.command(Typed::new("retr 9", None).unwrap(), |_| (), &mut lines).await.expect_err("no");
    assert!(session.is_open() && failure.to_string().contains("there is no such message"), "{failure}");
    for line in ["a\rb", "a\nb", "a\0b", &"x".repeat(254)] {
        assert!(Typed::new(line, None).is_none(), "{line:?}");
    }
}
