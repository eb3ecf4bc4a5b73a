//! A client that says exactly what it is told to say.

use std::net::SocketAddr;
use std::time::Duration;

use hongyan_sandbox::{Config, Sandbox};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Nothing in these tests takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Connected, nothing read.
    pub(crate) async fn connect(to: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(to).await.expect("the sandbox listens")))
    }

    /// Connected, greeted and introduced.
    pub(crate) async fn hello(sandbox: &Sandbox) -> Self {
        let mut client = Self::connect(sandbox.smtp().expect("there is a port")).await;
        assert_eq!(client.reply().await, "220 localhost ESMTP ready");
        assert!(client.say("EHLO client.example").await.starts_with("250-localhost"));
        client
    }

    /// Writes octets as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.expect("the sandbox takes it");
    }

    /// Writes octets; whether the sandbox still takes them.
    pub(crate) async fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.0.get_mut().write_all(bytes).await.is_ok()
    }

    /// The next reply, lines joined by LF; empty where the connection ended.
    pub(crate) async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("the sandbox answers");
            if read.unwrap_or(0) == 0 {
                return reply;
            }
            reply.push_str(line.trim_end());
            if line.as_bytes().get(3) != Some(&b'-') {
                return reply;
            }
            reply.push('\n');
        }
    }

    /// Says a line and hears the reply.
    pub(crate) async fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    /// Sends a message; the last reply.
    pub(crate) async fn send(&mut self, content: &str) -> String {
        assert_eq!(self.say("MAIL FROM:<a@x.example>").await, "250 2.1.0 sender ok");
        assert_eq!(self.say("RCPT TO:<b@y.example>").await, "250 2.1.5 recipient ok");
        assert!(self.say("DATA").await.starts_with("354"));
        self.say(&format!("{content}.")).await
    }

    /// The next line, without its end; empty where the connection ended.
    pub(crate) async fn line(&mut self) -> String {
        String::from_utf8_lossy(self.octets().await.trim_ascii_end()).into_owned()
    }

    /// The next line as it is; empty where the connection ended.
    pub(crate) async fn octets(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        let read = timeout(PATIENCE, self.0.read_until(b'\n', &mut line)).await.expect("the sandbox answers");
        // A reset ends it as well.
        let _ = read;
        line
    }

    /// Says a line and hears one.
    pub(crate) async fn ask(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.line().await
    }

    /// Lines up to the one that is a dot, other dots undone, with their ends.
    pub(crate) async fn dotted(&mut self) -> String {
        let mut text = Vec::new();
        loop {
            let begin = text.len();
            let read = timeout(PATIENCE, self.0.read_until(b'\n', &mut text)).await.expect("it goes on");
            assert!(read.is_ok_and(|read| read > 0), "the connection ended in a text");
            if text[begin..] == *b".\r\n" {
                text.truncate(begin);
                return String::from_utf8(text).expect("a test's mails are UTF-8");
            }
            if text[begin] == b'.' {
                text.remove(begin);
            }
        }
    }

    /// Whatever comes until the connection ends.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await.expect("the sandbox closes");
        // A reset ends it as well.
        let _ = read;
        rest
    }
}

pub(crate) async fn start(config: Config) -> Sandbox {
    Sandbox::start(config).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A folder of this test's own, removed with the value.
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hongyan-sandbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
