//! Content on its way: exact, dotted, broken, stalled.

use std::time::Duration;

use hongyan_net::{Connection, Link};
use hongyan_proto::machine::Coding;
use hongyan_proto::transcript::Who;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

use crate::toy::{Do, InMemory, STALL, Toy, filler, say, send};

/// What stands on the wire after a conversation in which nothing is heard.
async fn wire(todo: Vec<Do>, contents: &mut InMemory) -> (Vec<u8>, Vec<String>) {
    let (ours, mut theirs) = duplex(1 << 24);
    let mut toy =
        Toy::new(todo, |what| if what.starts_with("send failed") { vec![say("QUIT\r\n")] } else { vec![] });
    let mut connection = Connection::new(Link::other(ours), Who::Client);
    theirs.shutdown().await.unwrap();
    while connection.drive(&mut toy, contents).await.is_some() {}
    let written = connection.written();
    drop(connection);
    let mut wire = Vec::new();
    theirs.read_to_end(&mut wire).await.unwrap();
    assert_eq!(written, wire.len() as u64);
    (wire, toy.seen)
}

#[tokio::test(start_paused = true)]
async fn content_comes_out_as_it_went_in_whatever_the_pieces() {
    let long = [filler(70_000), b".\r\n..\r\n.x\r\n".to_vec(), filler(140_000), b"\r\n.".to_vec()].concat();
    for content in [&b""[..], b".", b"\r\n", b"a\r\n.\r\n.\r\n..b", &long, &b".\r\n".repeat(9000)] {
        for piece in [1, 7, 4096, 20_000, 65_536, usize::MAX] {
            for coding in [Coding::Dot, Coding::Exact(content.len() as u64)] {
                let (ours, theirs) = duplex(50_000);
                let mut client =
                    Toy::new([say("GO\r\n"), send(coding, content.len()), say("NOOP\r\n")], |_| vec![]);
                let mut server = Toy::new([], move |what| match what {
                    "line GO" => vec![Do::Receive(coding)],
                    "line NOOP" => vec![Do::Close],
                    _ => vec![],
                });
                let mut source =
                    InMemory { piece, whole: Some(content.len() as u64), ..InMemory::new(content) };
                let mut sink = InMemory::new([]);
                let mut ours = Connection::new(Link::other(ours), Who::Client);
                let mut theirs = Connection::new(Link::other(theirs), Who::Server);
                tokio::join!(ours.drive(&mut client, &mut source), theirs.drive(&mut server, &mut sink));
                let mut expected = content.to_vec();
                if coding == Coding::Dot && !content.is_empty() && !content.ends_with(b"\r\n") {
                    expected.extend_from_slice(b"\r\n");
                }
                assert!(
                    sink.received == expected,
                    "{} octets in pieces of {piece}, {coding:?}",
                    content.len()
                );
                let received = format!("received {}", expected.len());
                assert_eq!(server.seen, ["line GO".to_string(), received, "line NOOP".into()]);
                let end = ours.written() - 6;
                assert_eq!(client.seen[0], format!("sent {end}"));
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_content_that_fails_never_gets_its_end() {
    let text = |len: usize| filler(len);
    let (short, long) = (3_000, 300_000);
    for len in [short, long] {
        for piece in [100, 4096, 65_536, usize::MAX] {
            for coding in [Coding::Dot, Coding::Exact(len as u64)] {
                let base = || InMemory { piece, whole: Some(len as u64), ..InMemory::new(text(len)) };
                let cases = [
                    ("PermissionDenied", InMemory { fails_at: Some(len - 1), ..base() }),
                    ("PermissionDenied", InMemory { fails_at: Some(0), ..base() }),
                    ("PermissionDenied", InMemory { fails_at: Some(len), ..base() }),
                    ("UnexpectedEof", InMemory { content: text(len - 1), ..base() }),
                    ("UnexpectedEof", InMemory { content: vec![], ..base() }),
                    ("InvalidData", InMemory { content: text(len + 1), ..base() }),
                ];
                for (kind, mut contents) in cases {
                    let todo = vec![say("MAIL\r\n"), send(coding, len)];
                    let (wire, seen) = wire(todo, &mut contents).await;
                    let case = format!("{kind}, {len} octets in pieces of {piece}, {coding:?}");
                    assert_eq!(seen[0], format!("send failed {kind}"), "{case}");
                    assert!(wire.starts_with(b"MAIL\r\n"), "{case}");
                    assert!(wire.len() < 6 + len || coding == Coding::Dot, "{case}");
                    assert!(!wire.windows(3).any(|w| w == b"\n.\r"), "{case}");
                    assert!(!wire.windows(4).any(|w| w == b"QUIT"), "{case}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bare_cr_or_lf_is_refused_in_dotted_content() {
    for bare in [&b"\n"[..], b"\r", b"\n.\n", b"\r.\r", b"\r\n.\n", b"\n.\r\n"] {
        for at in [0, 68, 500, 65_535, 65_536, 131_072, 199_990] {
            let mut content = filler(200_000);
            content.splice(at..at, bare.iter().copied());
            let len = content.len();
            let mut contents = InMemory { piece: 65_536, ..InMemory::new(content) };
            let (wire, seen) = wire(vec![send(Coding::Dot, len)], &mut contents).await;
            assert_eq!(seen[0], "send failed InvalidData", "{bare:?} at {at}");
            assert!(wire.len() <= at + bare.len() + 1, "{bare:?} at {at}: {}", wire.len());
            assert!(!wire.windows(3).any(|w| w == b"\n.\r" || w == b"\n.\n"), "{bare:?} at {at}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_piece_of_a_content_does_not_ask_for_its_end() {
    let content = filler(100_000);
    let piece = |offset: usize, len: usize| {
        let Do::Send(outgoing) = send(Coding::Exact(len as u64), len) else { unreachable!() };
        Do::Send(hongyan_proto::machine::Outgoing { offset: offset as u64, ..outgoing })
    };
    let mut contents = InMemory { piece: 30_000, whole: Some(100_000), ..InMemory::new(content.clone()) };
    let todo = vec![piece(0, 50_000), piece(50_000, 40_000), piece(90_000, 10_000), piece(0, 10)];
    let (wire, seen) = wire(todo, &mut contents).await;
    assert!(wire == [&content[..], &content[..10]].concat());
    assert_eq!(seen, ["sent 50000", "sent 90000", "sent 100000", "sent 100010", "gone 100010"]);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_takes_nothing_is_given_up_after_the_stall_time_not_before() {
    let (ours, mut theirs) = duplex(1000);
    let mut toy = Toy::new([send(Coding::Dot, 100_000)], |_| vec![]);
    let mut connection = Connection::new(Link::other(ours), Who::Client);
    let mut contents = InMemory::new(filler(100_000));
    let start = Instant::now();
    let peer = async {
        // Slow, but never slower than the stall time.
        for _ in 0..5 {
            tokio::time::sleep(STALL - Duration::from_secs(1)).await;
            theirs.read_exact(&mut [0; 1000]).await.unwrap();
        }
        theirs.write_all(b"452 full\r\n").await.unwrap();
        theirs
    };
    let (event, _theirs) = tokio::join!(connection.drive(&mut toy, &mut contents), peer);
    assert_eq!(event, None);
    assert_eq!(toy.seen, ["line 452 full", "gone 6000 TimedOut"]);
    let took = start.elapsed();
    let due = 5 * (STALL - Duration::from_secs(1)) + STALL;
    assert!(took >= due && took < due + Duration::from_millis(50), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn content_that_cannot_be_kept_is_still_taken_off_the_wire() {
    let (ours, mut theirs) = duplex(1 << 20);
    let mut toy = Toy::new([Do::Receive(Coding::Dot)], |what| match what {
        "line NOOP" => vec![Do::Receive(Coding::Exact(3))],
        _ => vec![],
    });
    let mut connection = Connection::new(Link::other(ours), Who::Server);
    let mut contents = InMemory { room: 10_000, ..InMemory::new([]) };
    let wire = [filler(100_000), b"\r\n.\r\nNOOP\r\nabcRSET\r\n".to_vec()].concat();
    let peer = async {
        for piece in wire.chunks(997) {
            theirs.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        theirs.shutdown().await.unwrap();
        theirs
    };
    let (event, _theirs) = tokio::join!(connection.drive(&mut toy, &mut contents), peer);
    assert_eq!(event, None);
    assert_eq!(toy.seen, ["receive failed StorageFull", "line NOOP", "received 3", "line RSET", "gone 0"]);
    assert!(contents.received.ends_with(b"abc") && contents.received.len() <= 10_000);
}

#[tokio::test(start_paused = true)]
async fn octets_that_the_machine_wants_to_see_are_handed_over_whole_however_they_arrive() {
    for size in [1, 3, 7, 1000] {
        let (ours, mut theirs) = duplex(1 << 20);
        let mut toy = Toy::new([], |what| match what {
            "line LOGIN {7}" => vec![Do::Take(7)],
            "line  {0}" => vec![Do::Take(0)],
            _ => vec![],
        });
        let mut connection = Connection::new(Link::other(ours), Who::Server);
        let peer = async {
            for piece in b"LOGIN {7}\r\na\r\nb c\n {0}\r\n\r\nLOGIN {7}\r\nabc".chunks(size) {
                theirs.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
            theirs.shutdown().await.unwrap();
        };
        let mut contents = InMemory::new([]);
        let (event, ()) = tokio::join!(connection.drive(&mut toy, &mut contents), peer);
        let seen = [
            "line LOGIN {7}",
            "taken a\\r\\nb c\\n",
            "line  {0}",
            "taken ",
            "line ",
            "line LOGIN {7}",
            "gone 0",
        ];
        assert_eq!((event, toy.seen), (None, seen.map(String::from).to_vec()), "pieces of {size}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_patience_for_content_is_renewed_by_each_octet() {
    let (ours, mut theirs) = duplex(1024);
    let patience = Duration::from_secs(60);
    let mut toy = Toy { patience: Some(patience), ..Toy::quiet([Do::Receive(Coding::Exact(100))]) };
    let mut connection = Connection::new(Link::other(ours), Who::Server);
    let mut contents = InMemory::new([]);
    let start = Instant::now();
    let peer = async {
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_secs(50)).await;
            theirs.write_all(b"x").await.unwrap();
        }
        theirs
    };
    let drive = async {
        let event = connection.drive(&mut toy, &mut contents).await;
        (event, start.elapsed())
    };
    // The peer stays silent, but there: the server's own end of the link waits for it no longer than CLOSING.
    let ((event, took), _theirs) = tokio::join!(drive, peer);
    assert_eq!(event, None);
    assert_eq!(toy.seen, ["tick 0"]);
    let due = Duration::from_secs(500) + patience;
    assert!(took >= due && took < due + hongyan_net::drive::CLOSING + Duration::from_millis(50), "{took:?}");
    assert_eq!(contents.received, b"x".repeat(10));
}
