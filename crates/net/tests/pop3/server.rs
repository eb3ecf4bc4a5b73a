//! A server whose maildrop stands in memory, and which does what it is told to do wrong.

use std::io::{self, BufRead, Cursor};
use std::sync::{Arc, Mutex};

use hongyan_net::pop3::Options;
use hongyan_net::tls::{Acceptor, Connector, Handshake, Policy, Roots, provider};
use hongyan_net::{Connection, Contents, Server as Place, Sink};
use hongyan_proto::faults::Faults;
use hongyan_proto::machine::Ticket;
use hongyan_proto::pop3;
use hongyan_proto::pop3::server::{Config, Entry, Event, Server};
use hongyan_proto::sasl::{Credentials, Proof, Secret, Users};
use hongyan_proto::tls::Tls;
use hongyan_proto::transcript::Who;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) struct Running {
    pub(crate) port: u16,
    /// What is left; `None` where it was deleted.
    mails: Arc<Mutex<Vec<Option<Vec<u8>>>>>,
    accepting: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

struct Accounts;

impl Users for Accounts {
    fn password(&self, user: &str) -> Option<Secret> {
        (user == "mrose").then(|| Secret::new("tanstaaf"))
    }
}

/// A configuration with these fault rules.
pub(crate) fn config(faults: &[&str]) -> Config {
    let rules = faults.iter().map(|rule| rule.parse().expect("a fault rule"));
    Config { users: Some(Arc::new(Accounts)), faults: Faults::new(rules, 1), ..Config::default() }
}

/// Starts a server with these messages.
pub(crate) async fn serve(config: Config, implicit_tls: bool, mails: Vec<Vec<u8>>) -> Running {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".into()]).unwrap().self_signed(&key).unwrap();
    let tls = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let acceptor = Acceptor { config: Arc::new(tls), end_point: None };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails = Arc::new(Mutex::new(mails.into_iter().map(Some).collect::<Vec<_>>()));
    let config = Arc::new(config);
    let accepting = tokio::spawn({
        let mails = mails.clone();
        async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let server =
                    if implicit_tls { Server::with_implicit_tls } else { Server::new }(config.clone());
                let handshake = Handshake::Server(acceptor.clone());
                let connection = Connection::new(stream, Who::Server).with_tls(handshake);
                tokio::spawn(converse(connection, server, mails.clone()));
            }
        }
    });
    Running { port, mails, accepting }
}

async fn converse(mut connection: Connection, mut server: Server, mails: Arc<Mutex<Vec<Option<Vec<u8>>>>>) {
    let mut outgoing = Outgoing::default();
    // Which message of the server's a number of the session's is.
    let mut numbers = Vec::new();
    while let Some(event) = connection.drive(&mut server, &mut outgoing).await {
        match event {
            Event::Login { .. } => {
                let mails = mails.lock().unwrap();
                numbers = (0..mails.len()).filter(|at| mails[*at].is_some()).collect();
                let entry = |at: &usize| {
                    let size = mails[*at].as_ref().map_or(0, Vec::len) as u64;
                    Entry { size, uid: format!("uid{at}") }
                };
                server.opened(Ok(numbers.iter().map(entry).collect()));
            }
            Event::Content { number, lines, .. } => {
                let mails = mails.lock().unwrap();
                let mail = mails[numbers[number as usize - 1]].clone().unwrap_or_default();
                let mail = if lines.is_some() { mail[..mail.len().min(20)].to_vec() } else { mail };
                server.give(Ok(mail.len() as u64));
                outgoing.0 = Cursor::new(mail);
            }
            Event::Commit(marked) => {
                let mut mails = mails.lock().unwrap();
                marked.iter().for_each(|number| mails[numbers[*number as usize - 1]] = None);
                server.committed(Ok(()));
            }
        }
    }
}

#[derive(Default)]
struct Outgoing(Cursor<Vec<u8>>);

impl Contents for Outgoing {
    fn open(&mut self, _: Ticket, _: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        Ok(&mut self.0)
    }

    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Running {
    pub(crate) fn place(&self) -> Place {
        place(self.port)
    }

    /// How many messages are left.
    pub(crate) fn left(&self) -> usize {
        self.mails.lock().unwrap().iter().flatten().count()
    }
}

pub(crate) fn place(port: u16) -> Place {
    Place { host: "127.0.0.1".into(), port, implicit_tls: false }
}

fn options(tls: Tls, user: &str) -> Options {
    let proof = Proof::Password(Secret::new("tanstaaf"));
    Options {
        tls: Connector::new(Policy { roots: Roots::Unchecked, identity: None }),
        session: pop3::Config {
            tls,
            credentials: Some(Credentials { user: user.into(), proof }),
            plaintext_auth: tls == Tls::Never,
            ..pop3::Config::default()
        },
        ..Options::default()
    }
}

/// In clear, as `mrose`.
pub(crate) fn plain() -> Options {
    options(Tls::Never, "mrose")
}

/// By STLS, whatever the certificate.
pub(crate) fn secured() -> Options {
    options(Tls::Required, "mrose")
}

/// Keeps what it is given.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) whole: Vec<(u32, Vec<u8>)>,
    pub(crate) announced: Vec<Option<u64>>,
    pub(crate) coming: Vec<u8>,
    /// The number of the message that there is no room for any more.
    pub(crate) full_at: Option<usize>,
}

impl Sink<u32> for Kept {
    fn begin(&mut self, announced: Option<u64>) -> io::Result<()> {
        self.announced.push(announced);
        self.coming.clear();
        Ok(())
    }

    fn take(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.full_at == Some(self.whole.len() + 1) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.coming.extend_from_slice(piece);
        Ok(())
    }

    fn end(&mut self, message: u32) -> io::Result<()> {
        self.whole.push((message, std::mem::take(&mut self.coming)));
        Ok(())
    }
}
