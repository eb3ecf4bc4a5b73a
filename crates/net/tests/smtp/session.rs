//! One session.

use std::io::{self, BufRead, Read};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hongyan_net::smtp::{Body, Mail, Server, Session, Watched};
use hongyan_proto::outcome::{Kind, Stage};
use hongyan_proto::smtp::{self, Capabilities};
use hongyan_proto::transcript::{Content, Transcript};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::server::{Running, config, mail, number, plain, secured, serve, verdicts};

const A: &[&str] = &["a@example.org"];

/// The ways to get a message across: with CHUNKING, pipelined, a command at a time.
fn ways() -> [Capabilities; 3] {
    let all = hongyan_proto::smtp::server::config::everything();
    let pipelined = Capabilities { chunking: false, binary_mime: false, ..all.clone() };
    [all, pipelined.clone(), Capabilities { pipelining: false, ..pipelined }]
}

async fn connect(server: &Running) -> Session {
    Session::connect(&server.place(), &plain()).await.unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_is_by_every_way_in_clear_and_under_tls() {
    for offers in ways() {
        for implicit_tls in [None, Some(false), Some(true)] {
            for size in [100, 3_000, 100_000, 5_000_000] {
                let server = serve(
                    smtp::server::Config { offers: offers.clone(), ..config(&[]) },
                    implicit_tls == Some(true),
                )
                .await;
                let place = Server {
                    host: "localhost".into(),
                    implicit_tls: implicit_tls == Some(true),
                    ..server.place()
                };
                let options = if implicit_tls.is_some() { secured() } else { plain() };
                let mut session = Session::connect(&place, &options).await.unwrap();
                assert_eq!(session.tls().is_some(), implicit_tls.is_some());
                let delivery = session.send(mail(7, &["a@example.org", "b@example.org"], size)).await;
                assert!(delivery.is_accepted(), "{delivery:?}");
                session.check().await.unwrap();
                session.quit().await;
                let kept = server.messages();
                let mut sent = Vec::new();
                std::io::Read::read_to_end(&mut mail(7, A, size).body, &mut sent).unwrap();
                assert_eq!(
                    (kept.len(), &kept[0].to),
                    (1, &vec!["a@example.org".to_string(), "b@example.org".into()])
                );
                assert!(kept[0].content == sent, "{size} octets");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_of_messages_shares_a_connection_and_each_is_settled_once() {
    for offers in ways() {
        let refusing = config(&["rcpt:*:no*=550 5.1.1 nobody"]);
        let server = serve(smtp::server::Config { offers, ..refusing }, false).await;
        let mut session = connect(&server).await;
        let mut next = 0;
        let mut settled = Vec::new();
        let ended = session.send_all(
            |capabilities| {
                assert!(!capabilities.domain.is_empty());
                next += 1;
                let to: &[&str] = if next % 10 == 0 { &["no@example.org", "yes@example.org"] } else { A };
                (next <= 500).then(|| mail(next - 1, to, 500))
            },
            |number, delivery| settled.push((number, verdicts(&delivery))),
        );
        let ended = ended.await;
        assert!(ended.failure.is_none() && ended.unsent.is_empty());
        assert_eq!(settled.len(), 500);
        for (place, (number, verdicts)) in settled.iter().enumerate() {
            assert_eq!(place as u64, *number);
            let expected: &[_] =
                if (number + 1) % 10 == 0 { &["rejected", "accepted"] } else { &["accepted"] };
            assert_eq!(verdicts, expected, "{number}");
        }
        let numbers: Vec<_> = server.messages().iter().map(|kept| number(&kept.content)).collect();
        assert_eq!(numbers, (0..500).collect::<Vec<_>>());
        // The session is still good for more, one at a time or in streams.
        assert!(session.send(mail(500, A, 100)).await.is_accepted());
        let mut more = vec![mail(501, A, 100)];
        assert!(
            session
                .send_all(|_| more.pop(), |_, delivery| assert!(delivery.is_accepted()))
                .await
                .failure
                .is_none()
        );
        assert_eq!((session.submitted(), server.connected()), (502, 1));
        session.quit().await;
    }
}

#[tokio::test]
async fn when_the_session_ends_all_that_was_taken_is_settled_and_the_rest_untouched() {
    let server = serve(config(&["mail:20=421 4.3.2 going down"]), false).await;
    let mut session = connect(&server).await;
    let (mut taken, mut settled) = (0, Vec::new());
    let ended = session.send_all(
        |_| {
            taken += 1;
            Some(mail(taken - 1, A, 500))
        },
        |number, delivery| settled.push((number, verdicts(&delivery)[0])),
    );
    let failure = ended.await.failure.unwrap();
    assert_eq!(failure.reply.unwrap().code.get(), 421);
    assert_eq!(settled.len() as u64, taken);
    for (number, verdict) in &settled {
        assert_eq!(*verdict, if *number < 19 { "accepted" } else { "deferred" }, "{number}");
    }
    assert_eq!(server.messages().len(), 19);
    // A session that has ended settles what it is given nonetheless, and takes nothing from a source.
    assert!(!session.is_open());
    assert_eq!(
        verdicts(&session.send(mail(0, &["a@example.org", "b@example.org"], 100)).await),
        ["deferred"; 2]
    );
    let ended = session.send_all(|_| panic!("not asked"), |_, _| panic!("nothing to settle")).await;
    assert!(ended.failure.is_some());
    assert!(session.check().await.is_err());
    session.quit().await;
}

#[tokio::test]
async fn a_limit_of_messages_gives_the_rest_back() {
    let mut config = config(&[]);
    config.offers.limits.mail_max = Some(3);
    let server = serve(config, false).await;
    let mut session = connect(&server).await;
    let mut next = 0;
    let mut settled = 0;
    let source = |_: &Capabilities| {
        next += 1;
        Some(mail(next - 1, A, 100))
    };
    let ended = session.send_all(source, |_, delivery| settled += u32::from(delivery.is_accepted())).await;
    assert_eq!((settled, ended.failure.is_none()), (3, true));
    assert!(!ended.unsent.is_empty());
    for (place, (number, unsent)) in ended.unsent.iter().enumerate() {
        assert_eq!((*number, unsent.envelope.to[0].address.as_str()), (3 + place as u64, "a@example.org"));
    }
    assert_eq!(verdicts(&session.send(mail(4, A, 100)).await), ["deferred"]);
    session.quit().await;
}

#[tokio::test]
async fn more_recipients_than_the_server_takes_at_once_get_the_same_content() {
    const FIVE: &[&str] =
        &["a@example.org", "b@example.org", "c@example.org", "d@example.org", "e@example.org"];
    for offers in ways() {
        for size in [100, 3_000_000] {
            let mut config = config(&[]);
            config.offers = offers.clone();
            config.offers.limits.rcpt_max = Some(2);
            let server = serve(config, false).await;
            let mut session = connect(&server).await;
            assert_eq!(verdicts(&session.send(mail(1, FIVE, size)).await), ["accepted"; 5]);
            let kept = server.messages();
            assert_eq!(kept.iter().map(|kept| kept.to.len()).collect::<Vec<_>>(), [2, 2, 1]);
            assert!(kept.iter().all(|one| one.content == kept[0].content && number(&one.content) == 1));
            // A content that cannot be read again serves the first of them only.
            let Mail { envelope, body } = mail(2, FIVE, size);
            let once = Mail { envelope, body: Box::new(Once(body)) };
            let delivery = session.send(once).await;
            assert_eq!(verdicts(&delivery)[..2], ["accepted"; 2], "{delivery:?}");
            assert!(verdicts(&delivery)[2..].iter().all(|&verdict| verdict == "rejected"), "{delivery:?}");
            assert_eq!(server.messages().len(), 4);
        }
    }
}

/// Can be read once.
struct Once(Box<dyn Body>);

impl Read for Once {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl BufRead for Once {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }
    fn consume(&mut self, n: usize) {
        self.0.consume(n);
    }
}

impl Body for Once {
    fn restart(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}

#[tokio::test]
async fn what_goes_wrong_before_the_first_message_is_told_by_stage() {
    for (fault, stage, kind) in [
        ("greeting=554 5.7.1 go away", Stage::Greeting, Kind::Refused),
        ("greeting=drop", Stage::Greeting, Kind::Unreachable),
        ("greeting=garbage", Stage::Greeting, Kind::Protocol),
        ("ehlo=421 4.3.2 later", Stage::Hello, Kind::Refused),
        ("starttls=454 4.7.0 not now", Stage::StartTls, Kind::Tls),
        ("starttls=drop", Stage::StartTls, Kind::Unreachable),
        ("connect=drop", Stage::Greeting, Kind::Unreachable),
    ] {
        let server = serve(config(&[fault]), false).await;
        let failure = Session::connect(&server.place(), &secured()).await.unwrap_err();
        assert_eq!((failure.stage, failure.kind), (stage, kind), "{fault}: {failure}");
    }
    // TLS that nobody answers, from the start.
    let server = serve(config(&["greeting=delay 60000"]), false).await;
    let place = Server { implicit_tls: true, ..server.place() };
    let mut options = secured();
    options.session.timeouts = smtp::Timeouts::all(Duration::from_millis(100));
    let failure = Session::connect(&place, &options).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::StartTls, Kind::Timeout), "{failure}");
    // A certificate that nobody vouches for.
    let server = serve(config(&[]), false).await;
    let strict = hongyan_net::smtp::Options { tls: Default::default(), ..secured() };
    let failure = Session::connect(&server.place(), &strict).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::StartTls, Kind::Tls), "{failure}");
    assert!(failure.to_string().contains("certificate") || failure.to_string().contains("CA"), "{failure}");
}

#[tokio::test]
async fn progress_is_told_to_the_last_octet_and_the_transcript_has_it_all() {
    let server = serve(config(&[]), false).await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = lines.clone();
    let mut options = plain();
    options.session.hello = String::new();
    options.tap = Some(Arc::new(move || {
        let kept = kept.clone();
        Box::new(Transcript::new(Content::Length, move |_, line: &str| {
            kept.lock().unwrap().push(line.to_owned())
        }))
    }));
    let mut session = Session::connect(&server.place(), &options).await.unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let mut mail = mail(1, A, 3_000_000);
    let tell = told.clone();
    mail.body = Box::new(Watched::new(mail.body, move |octets| tell.lock().unwrap().push(octets)));
    let size = mail.envelope.size;
    assert!(session.send(mail).await.is_accepted());
    let place = session.place().to_owned();
    session.quit().await;
    let told = told.lock().unwrap();
    assert!(told.len() >= 3 && told.is_sorted() && *told.last().unwrap() == size, "{told:?}");
    let lines = lines.lock().unwrap();
    assert_eq!(lines[0], format!("-- connected to 127.0.0.1:{}", server.port));
    assert_eq!(place, format!("127.0.0.1:{}", server.port));
    assert!(lines.contains(&"C: EHLO [127.0.0.1]".into()), "{lines:?}");
    assert!(lines.contains(&format!("C: MAIL FROM:<from@example.org> SIZE={size}")), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.starts_with("C: BDAT ")) && lines.last().unwrap().starts_with("S: 221")
    );
}

#[tokio::test]
async fn a_session_goes_through_a_proxy_whose_answer_and_the_greeting_come_together() {
    let server = serve(config(&[]), false).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap();
    let relaying = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let place = head.split(' ').nth(1).unwrap().replace("mail.invalid", "127.0.0.1");
        let mut server = TcpStream::connect(place).await.unwrap();
        // The greeting is waited for, so that both go in one segment.
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        server.read_buf(&mut answer).await.unwrap();
        client.write_all(&answer).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    let mut options = plain();
    options.route.proxy = Some(format!("http://{proxy}").parse().unwrap());
    let place = Server { host: "mail.invalid".into(), ..server.place() };
    let mut session = Session::connect(&place, &options).await.unwrap();
    assert!(session.send(mail(0, A, 100_000)).await.is_accepted());
    assert_eq!(session.place(), format!("mail.invalid:{} through http://{proxy}", server.port));
    session.quit().await;
    relaying.await.unwrap();
    assert_eq!(server.messages().len(), 1);
}

#[tokio::test]
async fn sessions_of_tls_are_resumed_within_a_process() {
    let server = serve(config(&[]), false).await;
    let options = secured();
    for _ in 0..3 {
        let mut session = Session::connect(&server.place(), &options).await.unwrap();
        assert!(session.send(mail(0, A, 100)).await.is_accepted());
        session.quit().await;
    }
    assert_eq!(server.resumed.load(std::sync::atomic::Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_server_that_does_not_know_the_bdat_it_offers_is_served_without() {
    let server = serve(config(&["bdat=502 5.5.2 not recognized"]), false).await;
    let mut session = connect(&server).await;
    let delivery = session.send(mail(7, A, 3_000)).await;
    assert!(delivery.is_accepted(), "{delivery:?}");
    assert_eq!(server.messages().len(), 1);
    session.quit().await;
}

/// It offers PIPELINING, and goes away when more than one command comes at a time.
#[tokio::test]
async fn a_server_that_cannot_take_a_flight_gets_a_command_at_a_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place =
        Server { host: "127.0.0.1".into(), port: listener.local_addr().unwrap().port(), implicit_tls: false };
    let serving = tokio::spawn(async move {
        let mut connections = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            connections += 1;
            stream.write_all(b"220 x\r\n").await.unwrap();
            let mut content = false;
            loop {
                let mut piece = [0; 8192];
                let n = stream.read(&mut piece).await.unwrap();
                let said = &piece[..n];
                if n == 0 || !content && said.iter().filter(|&&b| b == b'\n').count() > 1 {
                    break;
                }
                let reply: &[u8] = match said.get(..4).unwrap_or_default() {
                    b"QUIT" => return connections,
                    _ if content && !said.ends_with(b"\r\n.\r\n") => continue,
                    b"EHLO" => b"250-x\r\n250 PIPELINING\r\n",
                    b"DATA" => b"354 go\r\n",
                    _ => b"250 ok\r\n",
                };
                content = reply.starts_with(b"354");
                stream.write_all(reply).await.unwrap();
            }
        }
    });
    let mut session = Session::connect(&place, &plain()).await.unwrap();
    let delivery = session.send(mail(7, A, 3_000)).await;
    assert!(delivery.is_accepted(), "{delivery:?}");
    session.quit().await;
    assert_eq!(serving.await.unwrap(), 2);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again_by_other_means() {
    let server = serve(config(&["mail=451 4.3.0 later"]), false).await;
    let mut session = connect(&server).await;
    assert_eq!(verdicts(&session.send(mail(7, A, 3_000)).await), ["deferred"]);
    assert_eq!(server.connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}
