//! How connections end, and what has certainly not left by then.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hongyan_net::{Connection, Link};
use hongyan_proto::machine::Coding;
use hongyan_proto::transcript::{Content, Who};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};

use crate::toy::{Do, InMemory, Toy, filler, say, send, talk, transcript};

/// A link that takes so many octets, in small writes, and then is reset; what it has to say before that
/// can be read.
struct Breaks {
    takes: usize,
    says: &'static [u8],
}

impl AsyncRead for Breaks {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.takes > 0 {
            return Poll::Pending;
        }
        if self.says.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let n = self.says.len().min(buf.remaining());
        buf.put_slice(&self.says[..n]);
        self.says = &self.says[n..];
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Breaks {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.takes == 0 {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if self.takes % 3 == 1 {
            self.takes -= 1;
            return Poll::Ready(Ok(1));
        }
        let n = buf.len().min(self.takes).min(self.takes % 3 + 1);
        self.takes -= n;
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(n))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_known_to_the_octet_and_last_words_are_heard() {
    // 6 octets, 34 with the end mark, 6 octets.
    let todo = [say("DATA\r\n"), send(Coding::Dot, 29), say("QUIT\r\n")];
    let total = 6 + 29 + 5 + 6;
    for takes in 0..total {
        let link = Link::other(Breaks { takes, says: b"421 bye\r\n554 and never again\r\n" });
        let mut toy = Toy::new(todo.clone(), |_| vec![say("RSET\r\n")]);
        let mut connection = Connection::new(link, Who::Client);
        let mut contents = InMemory { piece: 10, ..InMemory::new(*b"a quiet little message of 29.") };
        assert_eq!(connection.drive(&mut toy, &mut contents).await, None);
        let seen = toy.seen.iter().map(String::as_str).collect::<Vec<_>>();
        let gone = format!("gone {takes} ConnectionReset");
        assert_eq!(seen, ["sent 40", "line 421 bye", "line 554 and never again", &gone]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_content_that_breaks_is_counted_the_same_way() {
    for takes in [5, 6, 7, 1000, 65_536, 100_000, 130_000] {
        let link = Link::other(Breaks { takes, says: b"452 full\r\n" });
        let mut toy = Toy::quiet([say("DATA\r\n"), send(Coding::Dot, 200_000)]);
        let mut connection = Connection::new(link, Who::Client);
        let mut contents = InMemory { piece: 65_536, ..InMemory::new(filler(200_000)) };
        assert_eq!(connection.drive(&mut toy, &mut contents).await, None);
        assert_eq!(toy.seen, ["line 452 full".to_string(), format!("gone {takes} ConnectionReset")]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_closes_its_half_still_gets_its_answers() {
    let (ours, mut theirs) = duplex(1024);
    let mut toy =
        Toy::new([], |what| if what.starts_with("line") { vec![say("250 ok\r\n")] } else { vec![] });
    let mut connection = Connection::new(Link::other(ours), Who::Server);
    theirs.write_all(b"NOOP\r\nNOOP\r\nno line end").await.unwrap();
    theirs.shutdown().await.unwrap();
    assert_eq!(talk(&mut connection, &mut toy).await, None);
    drop(connection);
    let mut answers = String::new();
    theirs.read_to_string(&mut answers).await.unwrap();
    assert_eq!(answers, "250 ok\r\n250 ok\r\n");
    assert_eq!(toy.seen, ["line NOOP", "line NOOP", "gone 16"]);
}

#[tokio::test(start_paused = true)]
async fn events_come_out_in_their_place_and_still_do_after_the_end() {
    let (ours, mut theirs) = duplex(1024);
    let mut toy = Toy::new([Do::Event("begun"), say("EHLO x\r\n")], |what| match what {
        "line 250 ok" => vec![Do::Event("ready")],
        "gone 8" => vec![Do::Event("settled"), Do::Event("failed")],
        _ => vec![],
    });
    let mut connection = Connection::new(Link::other(ours), Who::Client);
    theirs.write_all(b"250 ok\r\n").await.unwrap();
    drop(theirs);
    let mut events = Vec::new();
    while let Some(event) = talk(&mut connection, &mut toy).await {
        events.push(event);
    }
    assert_eq!(events[..2], ["begun", "ready"]);
    assert_eq!(talk(&mut connection, &mut toy).await, None, "and None for ever");
}

#[tokio::test(start_paused = true)]
async fn the_last_words_leave_before_the_link_is_shut() {
    let (ours, mut theirs) = duplex(16);
    let mut toy = Toy::quiet([say(b"221 bye\r\n".repeat(100)), Do::Close]);
    let mut connection = Connection::new(Link::other(ours), Who::Server);
    let peer = async {
        let mut words = Vec::new();
        theirs.read_to_end(&mut words).await.unwrap();
        words
    };
    let (event, words) = tokio::join!(talk(&mut connection, &mut toy), peer);
    assert_eq!((event, words), (None, b"221 bye\r\n".repeat(100)));
}

#[tokio::test(start_paused = true)]
async fn a_transcript_ends_where_the_wire_did() {
    let (tap, lines) = transcript(Content::Length);
    let link = Link::other(Breaks { takes: 16, says: b"" });
    let mut toy = Toy::quiet([say("MAIL FROM:<>\r\nRCPT TO:<a@b>\r\n")]);
    let mut connection = Connection::new(link, Who::Client).with_tap(tap);
    assert_eq!(talk(&mut connection, &mut toy).await, None);
    let lines = lines.lock().unwrap();
    assert_eq!(lines[..2], ["C: MAIL FROM:<>", "C: RC"]);
    assert!(lines[2].starts_with("-- connection lost: "), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn content_that_breaks_off_is_not_received() {
    for coding in [Coding::Dot, Coding::Exact(100)] {
        let (ours, mut theirs) = duplex(1024);
        let mut toy = Toy::quiet([Do::Receive(coding)]);
        let mut connection = Connection::new(Link::other(ours), Who::Server);
        theirs.write_all(b"half of a mess").await.unwrap();
        drop(theirs);
        let mut contents = InMemory::new([]);
        assert_eq!(connection.drive(&mut toy, &mut contents).await, None);
        assert_eq!(toy.seen, ["gone 0"]);
    }
}
