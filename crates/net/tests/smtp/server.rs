//! A server that keeps what it is given in memory, and does what it is told to do wrong.

use std::io::{self, BufRead, Cursor};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use hongyan_net::smtp::{Mail, Options, Server as Place};
use hongyan_net::tls::{Acceptor, Connector, Handshake, Policy, Roots, provider};
use hongyan_net::{Connection, Contents};
use hongyan_proto::address::Address;
use hongyan_proto::machine::Ticket;
use hongyan_proto::outcome::Delivery;
use hongyan_proto::smtp::client::Tls;
use hongyan_proto::smtp::server::faults::Faults;
use hongyan_proto::smtp::server::{Config, Event, Server};
use hongyan_proto::smtp::{self, Envelope};
use hongyan_proto::transcript::Who;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::server::StoresServerSessions;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One message as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) to: Vec<String>,
    pub(crate) content: Vec<u8>,
}

pub(crate) struct Running {
    pub(crate) port: u16,
    pub(crate) kept: Arc<Mutex<Vec<Kept>>>,
    /// Connections ever, and now.
    pub(crate) connections: Arc<AtomicUsize>,
    pub(crate) open: Arc<AtomicUsize>,
    /// TLS sessions that were resumed.
    pub(crate) resumed: Arc<AtomicUsize>,
    accepting: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A configuration with these fault rules.
pub(crate) fn config(faults: &[&str]) -> Config {
    let rules = faults.iter().map(|rule| rule.parse().expect("a fault rule"));
    Config { faults: Faults::new(rules, 1), ..Config::default() }
}

fn acceptor(resumed: Arc<AtomicUsize>) -> Acceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".into()]).unwrap().self_signed(&key).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    config.session_storage = Arc::new(Tickets(config.session_storage, resumed));
    Acceptor { config: Arc::new(config), end_point: None }
}

/// Counts what is taken out again.
#[derive(Debug)]
struct Tickets(Arc<dyn StoresServerSessions>, Arc<AtomicUsize>);

impl StoresServerSessions for Tickets {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.0.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let found = self.0.take(key);
        self.1.fetch_add(usize::from(found.is_some()), SeqCst);
        found
    }

    fn can_cache(&self) -> bool {
        true
    }
}

/// Starts a server.
pub(crate) async fn serve(config: Config, implicit_tls: bool) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let kept = Arc::default();
    let [connections, open, resumed] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
    let (config, acceptor) = (Arc::new(config), acceptor(resumed.clone()));
    let accepting = tokio::spawn({
        let (kept, connections, open) = (Arc::clone(&kept), connections.clone(), open.clone());
        async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, SeqCst);
                open.fetch_add(1, SeqCst);
                let server =
                    if implicit_tls { Server::with_implicit_tls } else { Server::new }(config.clone());
                let handshake = Handshake::Server(acceptor.clone());
                let connection = Connection::new(stream, Who::Server).with_tls(handshake);
                let (kept, open) = (Arc::clone(&kept), open.clone());
                tokio::spawn(async move {
                    converse(connection, server, &kept).await;
                    open.fetch_sub(1, SeqCst);
                });
            }
        }
    });
    Running { port, kept, connections, open, resumed, accepting }
}

async fn converse(mut connection: Connection, mut server: Server, kept: &Mutex<Vec<Kept>>) {
    let mut content = Content::default();
    while let Some(event) = connection.drive(&mut server, &mut content).await {
        match event {
            Event::Content { .. } | Event::Abandoned => content.0.clear(),
            Event::Message(transaction) => {
                let to = transaction.to.iter().map(|to| to.mailbox.as_str().to_owned()).collect();
                let mut kept = kept.lock().unwrap();
                kept.push(Kept { to, content: std::mem::take(&mut content.0) });
                server.kept(Ok(format!("kept as {}", kept.len())));
            }
        }
    }
}

#[derive(Default)]
struct Content(Vec<u8>);

impl Contents for Content {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        self.0.extend_from_slice(piece);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Running {
    pub(crate) fn place(&self) -> Place {
        Place { host: "127.0.0.1".into(), port: self.port, implicit_tls: false }
    }

    pub(crate) fn messages(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }

    pub(crate) fn connected(&self) -> usize {
        self.connections.load(SeqCst)
    }

    pub(crate) fn open(&self) -> usize {
        self.open.load(SeqCst)
    }
}

/// In clear.
pub(crate) fn plain() -> Options {
    Options { session: smtp::Config { tls: Tls::Never, ..smtp::Config::default() }, ..Options::default() }
}

/// By STARTTLS, whatever the certificate.
pub(crate) fn secured() -> Options {
    Options {
        tls: Connector::new(Policy { roots: Roots::Unchecked, identity: None }),
        session: smtp::Config { tls: Tls::Required, ..smtp::Config::default() },
        ..Options::default()
    }
}

/// A message to these, whose content begins with its number.
pub(crate) fn mail(number: u64, to: &[&str], size: usize) -> Mail {
    let mut content = format!("Subject: {number}\r\n\r\n").into_bytes();
    while content.len() + 72 <= size {
        content.extend_from_slice(&[b'x'; 70]);
        content.extend_from_slice(b"\r\n");
    }
    let envelope = Envelope {
        from: Some(Address::parse("from@example.org").unwrap()),
        to: to.iter().map(|to| Address::parse(to).unwrap().into()).collect(),
        size: content.len() as u64,
        ..Envelope::default()
    };
    Mail { envelope, body: Box::new(Cursor::new(content)) }
}

/// The number in a content.
pub(crate) fn number(content: &[u8]) -> u64 {
    let text = std::str::from_utf8(content).unwrap();
    text.strip_prefix("Subject: ").unwrap().split("\r\n").next().unwrap().parse().unwrap()
}

/// `accepted` and so on, one for each recipient.
pub(crate) fn verdicts(delivery: &Delivery) -> Vec<&'static str> {
    delivery.each.iter().map(|(_, verdict)| verdict.name()).collect()
}
