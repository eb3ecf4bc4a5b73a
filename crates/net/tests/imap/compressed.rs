//! COMPRESS=DEFLATE (RFC 4978): what arrives behind the agreement is not lost, and what is written arrives.

use std::io::{Read, Write};
use std::time::Duration;

use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::{Compression, FlushDecompress};
use hongyan_net::imap::{Session, UidSet, What};
use hongyan_net::{Connection, Link};
use hongyan_proto::imap::client::Config;
use hongyan_proto::transcript::Who;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::scripted::{Kept, config, words};

/// What the octets are, compressed, ending on an octet's boundary.
fn deflated(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory");
    encoder.flush().expect("memory");
    encoder.get_ref().clone()
}

fn compressing() -> Config {
    Config { compress: true, ..config() }
}

#[tokio::test]
async fn both_directions_are_compressed_and_nothing_between_is_lost() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    let body = "x".repeat(500_000);
    let server = tokio::spawn(async move {
        theirs.write_all(b"* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi\r\n").await.expect("written");
        let mut seen = [0; 21];
        theirs.read_exact(&mut seen).await.expect("a command");
        assert_eq!(&seen, b"A1 COMPRESS DEFLATE\r\n");
        // The agreement, and compressed data, in one piece: an untagged response that the client did not ask for.
        let answer = format!(
            "* OK [ALERT] behind the agreement\r\n* 1 FETCH (UID 1 BODY[] {{{}}}\r\n{body})\r\nA2 OK done\r\n",
            body.len()
        );
        let stream = deflated(answer.as_bytes());
        let early = stream.len().min(20);
        let first = [b"A1 OK compressing\r\n", &stream[..early]].concat();
        theirs.write_all(&first).await.expect("written");
        // Only now does the client ask, compressed.
        let (mut inflate, mut asked) = (flate2::Decompress::new(false), Vec::with_capacity(1000));
        while !asked.ends_with(b"BODY.PEEK[])\r\n") {
            let mut piece = [0; 1000];
            let n = theirs.read(&mut piece).await.expect("a command");
            inflate.decompress_vec(&piece[..n], &mut asked, FlushDecompress::Sync).expect("DEFLATE");
        }
        assert!(asked.starts_with(b"A2 UID FETCH 1 "), "{}", asked.escape_ascii());
        for octet in stream[early..].chunks(7) {
            theirs.write_all(octet).await.expect("written");
        }
        theirs
    });
    let connection = Connection::new(Link::other(ours), Who::Client);
    let mut session = Session::open(connection, "memory", compressing(), None).await.expect("a session");
    let mut sink = Kept::default();
    let uids = UidSet::parse(b"1").expect("a set");
    assert!(session.fetch(&uids, What::Whole, &mut sink).await.expect("a message").is_empty());
    assert_eq!(sink.whole[0].1.len(), 500_000);
    assert_eq!(session.take_notes().len(), 1);
    let _theirs = server.await.expect("the script was followed");
}

#[tokio::test]
async fn broken_compression_ends_the_session_within_its_patience() {
    for wrong in [&b"\xff\xff\xff\xff"[..], b"A2 OK in clear\r\n"] {
        let (ours, mut theirs) = tokio::io::duplex(1000);
        let server = tokio::spawn(async move {
            theirs
                .write_all(b"* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi\r\n")
                .await
                .expect("written");
            theirs.read_exact(&mut [0; 21]).await.expect("a command");
            theirs.write_all(b"A1 OK\r\n").await.expect("written");
            theirs.write_all(wrong).await.expect("written");
            let _ = theirs.read_to_end(&mut Vec::new()).await;
        });
        let connection = Connection::new(Link::other(ours), Who::Client);
        let mut session = Session::open(connection, "memory", compressing(), None).await.expect("a session");
        let check = tokio::time::timeout(Duration::from_secs(5), session.check()).await.expect("an end");
        let failure = words(check);
        assert!(failure.contains("broken") || failure.contains("in time"), "{failure}");
        drop(session);
        server.await.expect("the server ends");
    }
}

/// A few octets that blow up to gigabytes are read as fast as they are used, and no faster.
#[tokio::test]
async fn a_bomb_is_a_line_that_is_too_long() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    let server = tokio::spawn(async move {
        theirs.write_all(b"* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi\r\n").await.expect("written");
        theirs.read_exact(&mut [0; 21]).await.expect("a command");
        theirs.write_all(b"A1 OK\r\n").await.expect("written");
        let bomb = deflated(&vec![b'x'; 100_000_000]);
        assert!(bomb.len() < 200_000);
        let _ = theirs.write_all(&bomb).await;
        let _ = theirs.read_to_end(&mut Vec::new()).await;
    });
    let connection = Connection::new(Link::other(ours), Who::Client);
    let mut session = Session::open(connection, "memory", compressing(), None).await.expect("a session");
    assert!(words(session.check().await).contains("a line of the server has no end"));
    drop(session);
    server.await.expect("the server ends");
}

/// The streams of both sides are plain RFC 1951.
#[test]
fn the_test_compresses_as_the_standard_says() {
    let mut plain = String::new();
    let read = DeflateDecoder::new(&deflated(b"hello")[..]).take(5).read_to_string(&mut plain);
    assert_eq!((read.expect("DEFLATE"), plain.as_str()), (5, "hello"));
}
