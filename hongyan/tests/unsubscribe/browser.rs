//! A server with one campaign, and whoever talks to it in plain HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hongyan::bulk::ledger::{LetterToLoad, Manifest, Memory, Role};
use hongyan::bulk::row::Row;
use hongyan::bulk::token::{Key, Purpose};
use hongyan::bulk::unsubscribe::{Desk, List, Reader};
use hongyan::proto::address::Address;
use hongyan::said::{Said, said};
use hongyan::web::door::{Door, Limits};
use hongyan::web::unsubscribe::{Happened, service};

pub(crate) const CAMPAIGN: &str = "00112233445566778899aabbccddeeff";

pub(crate) fn key() -> Key {
    Key::from_octets([7; 32])
}

/// A server of the test's own, for as long as the test lasts.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) off: Arc<Mutex<Vec<String>>>,
    pub(crate) happened: Arc<Mutex<Vec<Happened>>>,
    pub(crate) runtime: tokio::runtime::Runtime,
}

/// A list in memory, or one whose disk is full.
struct Remembered {
    off: Arc<Mutex<Vec<String>>>,
    full: bool,
}

impl List for Remembered {
    fn take_off(&self, reader: &Reader) -> Result<(), Said> {
        if self.full {
            return Err(said("the disk is full", "磁盘已满"));
        }
        self.off.lock().unwrap().push(reader.address.to_string());
        Ok(())
    }
}

/// Row 2 to 张三, with a copy to 李四; row 3 to 王五.
fn ledger() -> Memory {
    let manifest = Manifest {
        version: 1,
        key: CAMPAIGN.into(),
        name: "newsletter".into(),
        frozen: 0,
        campaign: String::new(),
        columns: vec![],
        letters: 2,
        recipients: 3,
        files: Default::default(),
    };
    let letter = |number, recipients: &[(Role, &str)]| LetterToLoad {
        row: Row { number, cells: vec![] },
        recipients: recipients
            .iter()
            .map(|(role, address)| (*role, Address::parse(address).unwrap()))
            .collect(),
        files: vec![],
    };
    let letters = [
        letter(2, &[(Role::To, "Zhang.San@example.org"), (Role::Cc, "lisi@example.org")]),
        letter(3, &[(Role::To, "wangwu@example.com")]),
    ];
    Memory::new(manifest, letters)
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(false, Limits::default(), None)
    }

    pub(crate) fn start_with(full: bool, limits: Limits, tls: Option<tokio_rustls::TlsAcceptor>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (off, happened) = (Arc::default(), Arc::<Mutex<Vec<Happened>>>::default());
        let list = Remembered { off: Arc::clone(&off), full };
        let heard = Arc::clone(&happened);
        let desk = Desk::new(list, vec![(key(), ledger())]);
        let service = service(desk, move |news| heard.lock().unwrap().push(news));
        let door = runtime.block_on(Door::open("127.0.0.1:0".parse().unwrap(), tls, limits)).unwrap();
        let address = door.address();
        runtime.spawn(async move { axum::serve(door, service).await });
        Self { address, off, happened, runtime }
    }

    /// What comes back for these octets, to the end of the connection.
    pub(crate) fn raw(&self, request: &str) -> String {
        exchange(self.address, request)
    }

    pub(crate) fn get(&self, path: &str, language: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Language: {language}\r\n\r\n"))
    }

    pub(crate) fn post(&self, path: &str, kind: &str, body: &str) -> String {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    pub(crate) fn taken_off(&self) -> Vec<String> {
        self.off.lock().unwrap().clone()
    }

    pub(crate) fn told(&self) -> Vec<Happened> {
        self.happened.lock().unwrap().clone()
    }
}

/// What a server answers to these octets, to the end of the connection.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A server that has heard enough resets the connection; what it has said before counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// The token of a letter, as it stands in its link.
pub(crate) fn token(row: u64, address: &str) -> String {
    key().token(Purpose::Unsubscribe, CAMPAIGN, row, address)
}

#[track_caller]
pub(crate) fn assert_status(answer: &str, status: u16) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
}
