//! Lines in, lines out: order, batching, deadlines.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use hongyan_net::{Connection, Link};
use hongyan_proto::transcript::{Content, Who};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::time::{Instant, sleep};

use crate::toy::{Do, InMemory, Toy, say, send, talk, transcript};
use hongyan_proto::machine::Coding;

#[tokio::test(start_paused = true)]
async fn lines_are_the_same_however_they_arrive() {
    let wire = b"220 hello\r\n250-a\n250 b\r\n";
    for cut in 1..=wire.len() {
        let (ours, mut theirs) = duplex(1024);
        let mut toy = Toy::quiet([]);
        let mut connection = Connection::new(Link::other(ours), Who::Client);
        let peer = async {
            for piece in wire.chunks(cut) {
                theirs.write_all(piece).await.unwrap();
                sleep(Duration::from_millis(1)).await;
            }
            drop(theirs);
        };
        let (event, ()) = tokio::join!(talk(&mut connection, &mut toy), peer);
        assert_eq!(event, None);
        assert_eq!(toy.seen, ["line 220 hello", "line 250-a", "line 250 b", "gone 0"], "pieces of {cut}");
    }
}

/// Counts the writes that reach it.
struct Counted(DuplexStream, Arc<AtomicUsize>);

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        b: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, b)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, b: &[u8]) -> Poll<std::io::Result<usize>> {
        self.1.fetch_add(1, Relaxed);
        Pin::new(&mut self.0).poll_write(cx, b)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[tokio::test(start_paused = true)]
async fn the_answers_to_what_arrived_together_leave_in_one_write() {
    let (ours, mut theirs) = duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let mut toy = Toy::new([], |what| if what.starts_with("line") { vec![say("ok\r\n")] } else { vec![] });
    let mut connection = Connection::new(Link::other(Counted(ours, writes.clone())), Who::Server);
    theirs.write_all(&b"NOOP\r\n".repeat(500)).await.unwrap();
    theirs.shutdown().await.unwrap();
    assert_eq!(talk(&mut connection, &mut toy).await, None);
    let mut answers = Vec::new();
    drop(connection);
    theirs.read_to_end(&mut answers).await.unwrap();
    assert_eq!((answers, writes.load(Relaxed)), (b"ok\r\n".repeat(500), 1));
}

#[tokio::test(start_paused = true)]
async fn small_contents_and_commands_leave_in_one_write() {
    let (ours, mut theirs) = duplex(1 << 20);
    let writes = Arc::new(AtomicUsize::new(0));
    let message = [say("BDAT 3000 LAST\r\n"), send(Coding::Exact(3000), 3000)];
    let mut toy = Toy::new(std::iter::repeat_n(message, 20).flatten(), |_| vec![]);
    let mut connection = Connection::new(Link::other(Counted(ours, writes.clone())), Who::Client);
    let mut contents = InMemory { whole: Some(3000), piece: 512, ..InMemory::new(crate::toy::filler(3000)) };
    theirs.shutdown().await.unwrap();
    assert_eq!(connection.drive(&mut toy, &mut contents).await, None);
    drop(connection);
    let mut wire = Vec::new();
    theirs.read_to_end(&mut wire).await.unwrap();
    assert_eq!((wire.len(), writes.load(Relaxed)), (20 * 3016, 1));
}

#[tokio::test(start_paused = true)]
async fn two_sides_that_both_write_first_do_not_wait_for_each_other() {
    for room in [1, 16, 1000] {
        let (ours, theirs) = duplex(room);
        let lines = 20_000;
        let talker = || {
            Toy::new([say(b"0123456789\r\n".repeat(lines))], {
                let mut heard = 0;
                move |what| {
                    heard += usize::from(what.starts_with("line"));
                    if heard == lines { vec![Do::Event("all heard")] } else { vec![] }
                }
            })
        };
        let (mut a, mut b) = (talker(), talker());
        let mut left = Connection::new(Link::other(ours), Who::Client);
        let mut right = Connection::new(Link::other(theirs), Who::Server);
        let (left, right) = tokio::join!(talk(&mut left, &mut a), talk(&mut right, &mut b));
        assert_eq!((left, right), (Some("all heard"), Some("all heard")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_counts_from_the_last_input() {
    let (ours, mut theirs) = duplex(1024);
    let start = Instant::now();
    let mut toy = Toy { patience: Some(Duration::from_secs(300)), ..Toy::quiet([say("EHLO x\r\n")]) };
    let mut connection = Connection::new(Link::other(ours), Who::Client);
    let peer = async {
        for _ in 0..3 {
            sleep(Duration::from_secs(299)).await;
            theirs.write_all(b"250-x\r\n").await.unwrap();
        }
        sleep(Duration::from_secs(3600)).await;
    };
    tokio::pin!(peer);
    let event = tokio::select! {
        event = talk(&mut connection, &mut toy) => event,
        () = &mut peer => panic!("the deadline was missed"),
    };
    assert_eq!(event, None);
    assert_eq!(toy.seen, ["line 250-x", "line 250-x", "line 250-x", "tick 8"]);
    let took = start.elapsed();
    let due = Duration::from_secs(3 * 299 + 300);
    assert!(took >= due && took < due + Duration::from_millis(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_runs_into_the_deadline_as_well() {
    let (ours, _theirs) = duplex(100);
    let mut toy = Toy { patience: Some(Duration::from_secs(60)), ..Toy::quiet([say(vec![b'x'; 5000])]) };
    let mut connection = Connection::new(Link::other(ours), Who::Client);
    let start = Instant::now();
    assert_eq!(talk(&mut connection, &mut toy).await, None);
    assert_eq!(toy.seen, ["tick 100"]);
    assert!(
        start.elapsed() <= Duration::from_secs(60) + hongyan_net::drive::CLOSING + Duration::from_millis(10)
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_flushes_and_leaves_the_peer_unheard() {
    let (ours, mut theirs) = duplex(1024);
    let mut toy =
        Toy::new([say("220 wait\r\n"), Do::Pause(Duration::from_secs(7)), say("220 go\r\n")], |_| vec![]);
    let mut connection = Connection::new(Link::other(ours), Who::Server);
    let start = Instant::now();
    let peer = async {
        let mut greeting = [0; 10];
        theirs.read_exact(&mut greeting).await.unwrap();
        assert_eq!((&greeting, start.elapsed()), (b"220 wait\r\n", Duration::ZERO));
        theirs.write_all(b"EHLO early\r\n").await.unwrap();
        theirs.read_exact(&mut greeting[..8]).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(7));
        theirs.shutdown().await.unwrap();
        theirs
    };
    let (event, _) = tokio::join!(talk(&mut connection, &mut toy), peer);
    assert_eq!((event, toy.seen), (None, vec!["line EHLO early".to_string(), "gone 18".into()]));
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_is_dropped_again_and_again_loses_nothing() {
    let content = crate::toy::filler(70 * 3000);
    let (ours, theirs) = duplex(700);
    let mut client =
        Toy::new([say("DATA\r\n"), send(Coding::Dot, content.len()), say("QUIT\r\n")], |_| vec![]);
    let mut server = Toy::new([], |what| match what {
        "line DATA" => vec![Do::Receive(Coding::Dot)],
        "line QUIT" => vec![Do::Close],
        _ => vec![],
    });
    let mut ours = Connection::new(Link::other(ours), Who::Client);
    let mut theirs = Connection::new(Link::other(theirs), Who::Server);
    let (mut source, mut sink) =
        (InMemory { piece: 30_000, ..InMemory::new(content.clone()) }, InMemory::new([]));
    let mut rounds = 0;
    loop {
        rounds += 1;
        let once = async {
            tokio::select! {
                biased;
                _ = ours.drive(&mut client, &mut source) => true,
                _ = theirs.drive(&mut server, &mut sink) => true,
                () = tokio::task::yield_now() => false,
            }
        };
        if once.await {
            break;
        }
    }
    assert!(rounds > 100, "{rounds}");
    theirs.drive(&mut server, &mut sink).await;
    assert!(sink.received == content);
    assert_eq!(server.seen[..2], ["line DATA".to_string(), format!("received {}", content.len())]);
}

#[tokio::test(start_paused = true)]
async fn a_content_that_fails_under_a_driver_that_is_dropped_still_gets_no_end() {
    let (ours, mut theirs) = duplex(100);
    let todo = [say("MAIL\r\n"), send(Coding::Exact(2000), 2000)];
    let mut toy = Toy::new(todo, |what| match what {
        "send failed PermissionDenied" => vec![say("QUIT\r\n")],
        _ => vec![],
    });
    let mut ours = Connection::new(Link::other(ours), Who::Client);
    let mut contents =
        InMemory { fails_at: Some(1990), piece: 64, ..InMemory::new(crate::toy::filler(2000)) };
    let mut wire = Vec::new();
    while toy.seen.is_empty() || wire.len() < 1996 {
        tokio::select! {
            biased;
            _ = ours.drive(&mut toy, &mut contents) => {}
            read = theirs.read_buf(&mut wire) => assert!(read.unwrap() > 0),
        }
    }
    theirs.shutdown().await.unwrap();
    assert_eq!(ours.drive(&mut toy, &mut contents).await, None);
    drop(ours);
    theirs.read_to_end(&mut wire).await.unwrap();
    assert_eq!(
        (wire.len(), &toy.seen[..]),
        (1996, &["send failed PermissionDenied".to_string(), "gone 1996".into()][..])
    );
}

#[tokio::test(start_paused = true)]
async fn a_tap_hears_the_wire_in_its_order_and_no_secret() {
    let (ours, mut theirs) = duplex(1 << 20);
    let (tap, lines) = transcript(Content::Whole);
    let todo = [
        say("AUTH PLAIN "),
        Do::Secret("c2VjcmV0"),
        say("\r\nDATA\r\n"),
        send(Coding::Dot, 20),
        say("BDAT 20\r\n"),
        send(Coding::Exact(20), 20),
        say("BDAT 0 LAST\r\n"),
        send(Coding::Exact(0), 0),
        say("QUIT\r\n"),
    ];
    let mut toy = Toy::quiet(todo);
    let mut connection = Connection::new(Link::other(ours), Who::Client).with_tap(tap);
    connection.note("127.0.0.1:25");
    theirs.write_all(b"220 hi\r\nPASS geheim\r\n").await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut contents = InMemory { piece: 4, ..InMemory::new(*b"Subject: x\r\n\r\n.dot\r\n") };
    assert_eq!(connection.drive(&mut toy, &mut contents).await, None);
    assert_eq!(
        *lines.lock().unwrap(),
        [
            "-- 127.0.0.1:25",
            "C: AUTH PLAIN {8 secret octets}",
            "C: DATA",
            "C: Subject: x",
            "C: ",
            "C: .dot",
            "C: {content: 20 octets}",
            "C: BDAT 20",
            "C: Subject: x",
            "C: ",
            "C: .dot",
            "C: {content: 20 octets}",
            "C: BDAT 0 LAST",
            "C: {content: 0 octets}",
            "C: QUIT",
            "S: 220 hi",
            "S: PASS {6 secret octets}",
            "-- the other side closed the connection",
        ]
    );
}
