//! A sandbox with mail, a Maildir to fetch into, and ways between them that can be cut.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hongyan::mailbox::disk::{Disk, System};
use hongyan::mailbox::{Lock, Maildir};
use hongyan::net::{Server, imap, pop3};
use hongyan::proto::sasl::{Credentials, Proof, Secret};
use hongyan::proto::tls::Tls;
use hongyan::receive::{self, Error, Options, Report};
use hongyan::sandbox::{Accounts, Config, Sandbox, User};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const USER: &str = "wang";
/// It must not be seen anywhere.
pub(crate) const PASSWORD: &str = "tanstaaf-5f1c";

/// How mail is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Pop3,
    Imap,
}

pub(crate) const BOTH: [By; 2] = [By::Pop3, By::Imap];

/// A sandbox with one user, and a folder of its own that goes away with it.
pub(crate) struct Place {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: PathBuf,
    turn: u32,
}

impl Place {
    pub(crate) async fn new(mails: &[Vec<u8>]) -> Self {
        static PLACES: AtomicU64 = AtomicU64::new(0);
        let number = PLACES.fetch_add(1, Ordering::Relaxed);
        // Hundreds of fetches, each with its fsyncs: in memory, where the system has such a place.
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("hongyan-receive-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let users = vec![User::new(USER, PASSWORD)];
        let sandbox = Sandbox::start(Config { users, ..Config::default() }).await.unwrap();
        let place = Self { sandbox, folder, turn: 0 };
        for mail in mails {
            place.put(mail).await;
        }
        place
    }

    /// Another turn: the server has these mails and no others, and the Maildir is a new one.
    pub(crate) async fn again(&mut self, mails: &[Vec<u8>]) {
        self.turn += 1;
        let there = self.accounts().mails(USER, "INBOX").unwrap();
        let uids: Vec<u32> = there.iter().map(|mail| mail.uid).collect();
        self.accounts().remove(USER, "INBOX", &uids).unwrap();
        for mail in mails {
            self.put(mail).await;
        }
    }

    pub(crate) async fn put(&self, mail: &[u8]) -> u32 {
        self.sandbox.store().put(USER, "INBOX", mail).await.unwrap()
    }

    pub(crate) fn accounts(&self) -> Accounts {
        self.sandbox.store().accounts()
    }

    pub(crate) fn maildir(&self) -> PathBuf {
        self.folder.join(self.turn.to_string())
    }

    /// What the server has.
    pub(crate) fn there(&self) -> Bag {
        let mails = self.accounts().mails(USER, "INBOX").unwrap();
        let content = |id| self.sandbox.store().get(id).unwrap().unwrap().content().unwrap().into_owned();
        mails.iter().map(|mail| content(mail.id)).collect()
    }

    /// What the Maildir has.
    pub(crate) fn here(&self) -> Bag {
        files(&self.maildir())
    }

    pub(crate) fn server(&self, by: By) -> SocketAddr {
        match by {
            By::Pop3 => self.sandbox.pop3().unwrap(),
            By::Imap => self.sandbox.imap().unwrap(),
        }
    }

    /// Fetches, straight from the sandbox.
    pub(crate) async fn fetch(&self, by: By, options: &Options) -> (Report, Result<(), Error>) {
        self.fetch_over(by, self.server(by), Arc::new(System), options).await
    }

    /// Fetches from this address onto this disk.
    pub(crate) async fn fetch_over(
        &self,
        by: By,
        address: SocketAddr,
        disk: Arc<dyn Disk>,
        options: &Options,
    ) -> (Report, Result<(), Error>) {
        let mut report = Report::default();
        let done = self.try_fetch(by, address, disk, options, &mut report).await;
        (report, done)
    }

    async fn try_fetch(
        &self,
        by: By,
        address: SocketAddr,
        disk: Arc<dyn Disk>,
        options: &Options,
        report: &mut Report,
    ) -> Result<(), Error> {
        let maildir = Maildir::create_on(self.maildir(), disk).map_err(Error::Maildir)?;
        let lock = Lock::take(&maildir).map_err(Error::Locked)?;
        let server = Server { host: address.ip().to_string(), port: address.port(), implicit_tls: false };
        let proof = Proof::Password(Secret::new(PASSWORD));
        let credentials = Some(Credentials { user: USER.into(), proof });
        let (tls, plaintext_auth) = (Tls::Never, true);
        match by {
            By::Pop3 => {
                let session = pop3::Config { tls, credentials, plaintext_auth, ..Default::default() };
                let how = pop3::Options { session, ..Default::default() };
                let session = pop3::Session::connect(&server, &how).await?;
                receive::maildrop(session, "pop3://wang@sandbox", &lock, &maildir, options, report).await
            }
            By::Imap => {
                let how = imap::Options {
                    session: hongyan::proto::imap::client::Config {
                        tls,
                        credentials,
                        plaintext_auth,
                        ..Default::default()
                    },
                    ..Default::default()
                };
                let mut session = imap::Session::connect(&server, &how).await?;
                let account = "imap://wang@sandbox";
                let done =
                    receive::folder(&mut session, account, "INBOX", &lock, &maildir, options, report).await;
                session.logout().await;
                done
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Messages and how often each is there.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Bag(BTreeMap<Vec<u8>, usize>);

/// The first line of each message, and how often it is there.
impl fmt::Debug for Bag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |message: &[u8]| message.split(|&b| b == b'\r').next().unwrap_or_default().to_vec();
        f.debug_map()
            .entries(self.0.iter().map(|(m, times)| (String::from_utf8_lossy(&first(m)).into_owned(), times)))
            .finish()
    }
}

impl FromIterator<Vec<u8>> for Bag {
    fn from_iter<T: IntoIterator<Item = Vec<u8>>>(messages: T) -> Self {
        let mut bag = Self::default();
        messages.into_iter().for_each(|message| *bag.0.entry(message).or_default() += 1);
        bag
    }
}

impl Bag {
    /// How many messages there are, each as often as it is there.
    pub(crate) fn len(&self) -> usize {
        self.0.values().sum()
    }

    /// Each message as often as in the one of the two that has more of it.
    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (message, times) in &other.0 {
            let here = all.0.entry(message.clone()).or_default();
            *here = (*here).max(*times);
        }
        all
    }

    /// What of `all` neither of the two has.
    pub(crate) fn missing(all: &Self, one: &Self, other: &Self) -> Vec<String> {
        let has = |bag: &Self, message: &Vec<u8>| bag.0.get(message).copied().unwrap_or(0);
        all.0
            .iter()
            .filter(|(message, times)| has(one, message) + has(other, message) < **times)
            .map(|(message, _)| String::from_utf8_lossy(&message[..message.len().min(60)]).into_owned())
            .collect()
    }

    /// How many copies there are beyond those of `all`; a message that is none of these is `None`.
    pub(crate) fn too_many(&self, all: &Self) -> Option<usize> {
        self.0
            .iter()
            .try_fold(0, |sum, (message, times)| Some(sum + times.saturating_sub(*all.0.get(message)?)))
    }
}

/// The messages that a Maildir shows.
pub(crate) fn files(maildir: &Path) -> Bag {
    let part = |part: &str| std::fs::read_dir(maildir.join(part)).into_iter().flatten();
    let both = part("new").chain(part("cur"));
    both.map(|entry| std::fs::read(entry.unwrap().path()).unwrap()).collect()
}

/// Mails of many sizes, two of them the same, all with the line ends of the wire.
pub(crate) fn mails(count: usize) -> Vec<Vec<u8>> {
    let mail = |n: usize| {
        let lines = "A line of text.\r\n.\r\n..and another.\r\n".repeat(n * n % 97);
        format!("Subject: mail {n}\r\nMessage-ID: <{n}@example.org>\r\n\r\n{lines}").into_bytes()
    };
    let mut mails: Vec<_> = (0..count.saturating_sub(1)).map(mail).collect();
    mails.extend(mails.last().cloned());
    mails
}

/// A way to a server that breaks after so many octets have come from there, or gone there.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    passed: Arc<[AtomicU64; 2]>,
}

impl Way {
    pub(crate) async fn breaking(server: SocketAddr, from_there: u64, to_there: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self { address: listener.local_addr().unwrap(), passed: Arc::default() };
        let passed = way.passed.clone();
        tokio::spawn(async move {
            let Ok((client, _)) = listener.accept().await else { return };
            let Ok(server) = TcpStream::connect(server).await else { return };
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            // Whichever ends first takes the other with it.
            tokio::select! {
                _ = pass(&mut from_server, &mut to_client, from_there, &passed[0]) => {}
                _ = pass(&mut from_client, &mut to_server, to_there, &passed[1]) => {}
            }
        });
        way
    }

    /// Octets that have come from there and gone there.
    pub(crate) fn passed(&self) -> (u64, u64) {
        (self.passed[0].load(Ordering::Relaxed), self.passed[1].load(Ordering::Relaxed))
    }
}

async fn pass(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    most: u64,
    passed: &AtomicU64,
) -> io::Result<()> {
    let mut piece = [0; 4096];
    let mut left = most;
    while left > 0 {
        let room = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let n = from.read(&mut piece[..room]).await?;
        if n == 0 {
            // What the other side is saying may still be under way.
            tokio::time::sleep(Duration::from_millis(20)).await;
            return Ok(());
        }
        to.write_all(&piece[..n]).await?;
        passed.fetch_add(n as u64, Ordering::Relaxed);
        left -= n as u64;
    }
    to.flush().await
}
