//! A server that follows a script: `C: ` a line that must come, `C| n` so many octets of content, `S: ` a line,
//! `S| ` octets without a line end (with `\r`, `\n`), `-- closes`, `-- waits` until the client has gone,
//! `-- rests` for longer than a test that gives up waits.

use std::time::Duration;

use hongyan_net::imap::{Meta, Session, Timeouts};
use hongyan_net::{Connection, Link, Sink};
use hongyan_proto::imap::client::{Config, SendId};
use hongyan_proto::outcome::Failure;
use hongyan_proto::tls::Tls;
use hongyan_proto::transcript::Who;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream, DuplexStream};
use tokio::task::JoinHandle;

/// Follows the script, and panics where the client does not.
async fn follow(link: DuplexStream, script: String) {
    let mut link = BufStream::new(link);
    for line in script.lines().map(str::trim_start).filter(|line| !line.is_empty()) {
        if let Some(expected) = line.strip_prefix("C: ") {
            let mut seen = Vec::new();
            link.read_until(b'\n', &mut seen).await.expect("a line");
            assert_eq!(String::from_utf8_lossy(&seen), format!("{expected}\r\n"));
        } else if let Some(octets) = line.strip_prefix("C| ") {
            let mut content = vec![0; octets.parse().expect("a number")];
            link.read_exact(&mut content).await.expect("content");
        } else if let Some(said) = line.strip_prefix("S: ") {
            link.write_all(format!("{said}\r\n").as_bytes()).await.expect("a client that listens");
            link.flush().await.expect("a client that listens");
        } else if let Some(said) = line.strip_prefix("S| ") {
            let said = said.replace("\\r", "\r").replace("\\n", "\n");
            link.write_all(said.as_bytes()).await.expect("a client that listens");
            link.flush().await.expect("a client that listens");
        } else if line == "-- rests" {
            tokio::time::sleep(Duration::from_millis(300)).await;
        } else if line == "-- waits" {
            let _ = link.read_to_end(&mut Vec::new()).await;
        } else {
            assert_eq!(line, "-- closes");
            return;
        }
    }
}

pub(crate) fn config() -> Config {
    Config {
        tls: Tls::Never,
        id: SendId::Never,
        timeouts: Timeouts::all(Duration::from_secs(2)),
        ..Config::default()
    }
}

/// A session that is logged in by PREAUTH with these capabilities, and its server.
pub(crate) async fn session(capabilities: &str, script: &str) -> (Session, JoinHandle<()>) {
    let (ours, theirs) = tokio::io::duplex(1000);
    let script = format!("S: * PREAUTH [CAPABILITY IMAP4rev1 {capabilities}] hello\n{script}");
    let server = tokio::spawn(follow(theirs, script));
    let connection = Connection::new(Link::other(ours), Who::Client);
    let session = Session::open(connection, "memory", config(), None).await.expect("a session");
    (session, server)
}

/// Keeps what it gets.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) whole: Vec<(u32, String)>,
    pub(crate) begun: Option<String>,
    /// Fails at the message of this number, from 0.
    pub(crate) full: Option<usize>,
}

impl Sink<Meta> for Kept {
    fn begin(&mut self, _: Option<u64>) -> std::io::Result<()> {
        self.begun = Some(String::new());
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> std::io::Result<()> {
        if self.full == Some(self.whole.len()) {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.begun.as_mut().expect("a message that was begun").push_str(&String::from_utf8_lossy(piece));
        Ok(())
    }

    fn end(&mut self, meta: Meta) -> std::io::Result<()> {
        self.whole.push((meta.uid, self.begun.take().expect("a message that was begun")));
        Ok(())
    }
}

/// The failure in words.
pub(crate) fn words<T: std::fmt::Debug>(result: Result<T, Failure>) -> String {
    result.expect_err("a failure").to_string()
}
