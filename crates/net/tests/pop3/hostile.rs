//! Servers that mean harm or are broken: each ends in an error of the right kind, soon and in little memory.

use std::time::{Duration, Instant};

use hongyan_net::pop3::Session;
use hongyan_proto::outcome::{Failure, Kind};
use hongyan_proto::pop3::{MAX_MESSAGES, Timeouts};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::server::{Kept, place, plain};

/// A server that answers the nth line it hears, or the connection, with the nth of these texts; then it is silent.
async fn scripted(answers: Vec<Vec<u8>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        for answer in answers {
            if write.write_all(&answer).await.is_err() {
                return;
            }
            if !matches!(lines.next_line().await, Ok(Some(_))) {
                return;
            }
        }
        while let Ok(Some(_)) = lines.next_line().await {}
    });
    port
}

const LOGIN: [&[u8]; 4] = [b"+OK\r\n", b"-ERR\r\n", b"+OK\r\n", b"+OK\r\n"];

/// What becomes of a session to whose nth step the server says this.
async fn against(step: usize, said: &[u8]) -> Failure {
    let mut answers: Vec<Vec<u8>> = LOGIN
        .iter()
        .chain(&[
            &b"+OK 1 9\r\n"[..],
            b"+OK\r\n1 9\r\n.\r\n",
            b"+OK\r\n1 u\r\n.\r\n",
            b"+OK\r\nabc\r\n.\r\n",
            b"+OK\r\n",
            b"+OK\r\n",
        ])
        .map(|a| a.to_vec())
        .collect();
    answers.truncate(step);
    answers.push(said.to_vec());
    let port = scripted(answers).await;
    let mut options = plain();
    options.session.timeouts = Timeouts::all(Duration::from_millis(500));
    let all = async {
        let mut session = Session::connect(&place(port), &options).await?;
        session.stat().await?;
        session.list().await?;
        session.uidl().await?;
        if let Some(refused) = session.fetch(&[1], &mut Kept::default()).await?.pop() {
            return Err(refused.failure);
        }
        session.delete(&[1]).await?;
        session.quit().await
    };
    let before = Instant::now();
    let failure = all.await.expect_err("nothing good can come of this");
    assert!(before.elapsed() < Duration::from_secs(2), "step {step}: {failure}");
    failure
}

#[tokio::test]
async fn garbage_at_every_reply_is_an_error() {
    for step in 0..10 {
        for garbage in [
            &b"\xff\xfe\0\x01\r\n"[..],
            b"hello\r\n",
            b"250 ok\r\n",
            b"\r\n",
            b"* OK\r\n",
            b"+OKAY\r\n",
            b"+ go on\r\n",
        ] {
            let failure = against(step, garbage).await;
            assert_eq!(failure.kind, Kind::Protocol, "step {step}, {}: {failure}", garbage.escape_ascii());
        }
    }
}

#[tokio::test]
async fn a_server_that_stops_in_the_middle_is_given_up() {
    let each = (0..20).map(|at| tokio::spawn(against(at / 2, if at % 2 == 0 { b"" } else { b"+O" })));
    for one in each.collect::<Vec<_>>() {
        let failure = one.await.unwrap();
        assert_eq!(failure.kind, Kind::Timeout, "{failure}");
    }
}

#[tokio::test]
async fn a_line_without_end_is_an_error() {
    for step in 0..10 {
        let failure = against(step, &vec![b'+'; 3_000_000]).await;
        assert_eq!(failure.kind, Kind::Protocol, "step {step}: {failure}");
        assert!(failure.to_string().contains("has no end"), "{failure}");
    }
}

#[tokio::test]
async fn too_many_lines_are_an_error() {
    let capa = [b"+OK\r\n".to_vec(), b"X-A\r\n".repeat(300)].concat();
    assert!(against(1, &capa).await.to_string().contains("more than 256 lines"));
    for (step, line) in [(5, &b"1 9\r\n"[..]), (6, b"1 u\r\n")] {
        let endless = [b"+OK\r\n".to_vec(), line.repeat(MAX_MESSAGES + 1)].concat();
        let failure = against_in(step, &endless, Duration::from_secs(20)).await;
        assert!(failure.to_string().contains("more than 1000000 lines"), "{failure}");
        let long = [b"+OK\r\n1 ".to_vec(), vec![b'u'; 300], b"\r\n.\r\n".to_vec()].concat();
        assert_eq!(against(step, &long).await.kind, Kind::Protocol, "step {step}");
    }
}

/// The same, with more time for a million lines in a build without optimisation.
async fn against_in(step: usize, said: &[u8], patience: Duration) -> Failure {
    let mut answers: Vec<Vec<u8>> = LOGIN.iter().map(|a| a.to_vec()).collect();
    answers.extend([b"+OK 1 9\r\n".to_vec(), b"+OK\r\n.\r\n".to_vec()]);
    answers.truncate(step);
    answers.push(said.to_vec());
    let port = scripted(answers).await;
    let mut options = plain();
    options.session.timeouts = Timeouts::all(patience);
    let mut session = Session::connect(&place(port), &options).await.unwrap();
    session.stat().await.unwrap();
    match session.list().await {
        Err(failure) => failure,
        Ok(_) => session.uidl().await.expect_err("too many lines"),
    }
}

#[tokio::test]
async fn replies_that_nobody_asked_for_end_the_session() {
    for step in 4..9 {
        let normal: &[u8] = match step {
            4 => b"+OK 1 9\r\n",
            5 => b"+OK\r\n1 9\r\n.\r\n",
            6 => b"+OK\r\n1 u\r\n.\r\n",
            7 => b"+OK\r\nabc\r\n.\r\n",
            _ => b"+OK\r\n",
        };
        let failure = against(step, &[normal, b"+OK\r\n+OK\r\n+OK\r\n"].concat()).await;
        assert_eq!(failure.kind, Kind::Protocol, "step {step}: {failure}");
    }
}

#[tokio::test]
async fn counts_that_cannot_be_are_errors() {
    for (step, said) in [
        (4, &b"+OK\r\n"[..]),
        (4, b"+OK seven 9\r\n"),
        (4, b"+OK -1 9\r\n"),
        (4, b"+OK 99999999999999999999999 9\r\n"),
        (5, b"+OK\r\n1\r\n.\r\n"),
        (5, b"+OK\r\n0 9\r\n.\r\n"),
        (5, b"+OK\r\n1 18446744073709551616\r\n.\r\n"),
        (6, b"+OK\r\nx u\r\n.\r\n"),
    ] {
        let failure = against(step, said).await;
        assert_eq!(failure.kind, Kind::Protocol, "{}: {failure}", said.escape_ascii());
    }
}
