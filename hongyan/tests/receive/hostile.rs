//! Servers that mean harm or are broken, from the first octet to the Maildir: whatever they say, a fetch ends soon,
//! writes nothing outside its folder, keeps only whole messages, and deletes nothing that is not here.

mod imap;
mod mangled;
mod pop3;
mod program;
mod script;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hongyan::mailbox::maildir::FolderName;
use hongyan::mailbox::{Lock, Maildir};
use hongyan::net::smtp::NewTap;
use hongyan::net::{Server, imap as imap_client, pop3 as pop3_client};
use hongyan::proto::sasl::{Credentials, Proof, Secret};
use hongyan::proto::tls::Tls;
use hongyan::receive::{self, Error, Options, Policy, Report};

use crate::place::{By, PASSWORD, USER};

/// How long the client waits for anything.
const PATIENCE: Duration = Duration::from_millis(400);
/// When every fetch has to be over: far beyond its waits, so that a busy machine is none too slow for it.
const SOON: Duration = Duration::from_secs(15);

/// A folder with a Maildir in it and something beside that, which must stay as it is.
struct Yard {
    folder: PathBuf,
}

/// How a fetch ended.
#[derive(Debug)]
struct Ended {
    report: Report,
    done: Result<(), Error>,
}

impl Yard {
    fn new() -> Self {
        static YARDS: AtomicU64 = AtomicU64::new(0);
        let number = YARDS.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = base.join(format!("hongyan-hostile-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("beside"), "untouched").unwrap();
        Self { folder }
    }

    fn maildir(&self) -> PathBuf {
        self.folder.join("Mail")
    }

    /// Fetches INBOX or the maildrop, in clear.
    async fn fetch(&self, by: By, port: u16, policy: Policy) -> Ended {
        self.fetch_with(by, port, policy, Tls::Never, None, &["INBOX"]).await
    }

    async fn fetch_with(
        &self,
        by: By,
        port: u16,
        policy: Policy,
        tls: Tls,
        tap: Option<NewTap>,
        folders: &[&str],
    ) -> Ended {
        let mut report = Report::default();
        let before = Instant::now();
        let done = self.try_fetch(by, port, policy, tls, tap, folders, &mut report).await;
        let took = before.elapsed();
        assert!(took < SOON, "{took:?}: {report:?} {done:?}");
        self.assert_tidy();
        Ended { report, done }
    }

    #[expect(clippy::too_many_arguments, reason = "all that makes one fetch different from another")]
    async fn try_fetch(
        &self,
        by: By,
        port: u16,
        policy: Policy,
        tls: Tls,
        tap: Option<NewTap>,
        folders: &[&str],
        report: &mut Report,
    ) -> Result<(), Error> {
        let maildir = Maildir::create(self.maildir()).map_err(Error::Maildir)?;
        let lock = Lock::take(&maildir).map_err(Error::Locked)?;
        let server = Server { host: "127.0.0.1".into(), port, implicit_tls: false };
        let proof = Proof::Password(Secret::new(PASSWORD));
        let credentials = Some(Credentials { user: USER.into(), proof });
        let plaintext_auth = tls == Tls::Never;
        let options = Options { policy, ..Options::default() };
        match by {
            By::Pop3 => {
                let timeouts = hongyan::proto::pop3::Timeouts::all(PATIENCE);
                let session =
                    pop3_client::Config { tls, credentials, plaintext_auth, timeouts, ..Default::default() };
                let how = pop3_client::Options { session, tap, ..Default::default() };
                let session = pop3_client::Session::connect(&server, &how).await?;
                receive::maildrop(session, "pop3", &lock, &maildir, &options, report).await
            }
            By::Imap => {
                let timeouts = imap_client::Timeouts::all(PATIENCE);
                let session = hongyan::proto::imap::client::Config {
                    tls,
                    credentials,
                    plaintext_auth,
                    timeouts,
                    ..Default::default()
                };
                let how = imap_client::Options { session, tap, ..Default::default() };
                let mut session = imap_client::Session::connect(&server, &how).await?;
                let mut done = Ok(());
                for folder in folders {
                    let name = FolderName::parse(folder, Some('/'));
                    let maildir = maildir.create_folder(&name).map_err(Error::Maildir)?;
                    done = receive::folder(&mut session, "imap", folder, &lock, &maildir, &options, report)
                        .await;
                    if done.is_err() {
                        break;
                    }
                }
                session.logout().await;
                done
            }
        }
    }

    /// Nothing stands beside the Maildir that was not there, and nothing half in it.
    fn assert_tidy(&self) {
        let mut names: Vec<_> = std::fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert!(names == ["Mail", "beside"] || names == ["beside"], "{names:?}");
        assert_eq!(std::fs::read(self.folder.join("beside")).unwrap(), b"untouched");
        if let Ok(tmp) = std::fs::read_dir(self.maildir().join("tmp")) {
            assert_eq!(tmp.count(), 0, "something is left in tmp");
        }
    }

    /// The messages in the inbox, in any order.
    fn here(&self) -> Vec<Vec<u8>> {
        let mut here: Vec<Vec<u8>> = ["new", "cur"]
            .iter()
            .filter_map(|part| std::fs::read_dir(self.maildir().join(part)).ok())
            .flatten()
            .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
            .collect();
        here.sort();
        here
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Ended {
    /// Why it failed, where the server was to blame.
    #[track_caller]
    fn failure(&self) -> &hongyan::proto::outcome::Failure {
        match &self.done {
            Err(Error::Server(failure)) => failure,
            other => panic!("{other:?} {:?}", self.report),
        }
    }
}

/// Keeps a transcript as people see it.
fn recorded() -> (NewTap, Arc<std::sync::Mutex<String>>) {
    use hongyan::proto::transcript::{Passed, Tap, Who};
    struct Written(Arc<std::sync::Mutex<String>>);
    impl Tap for Written {
        fn passed(&mut self, _: Who, passed: Passed<'_>) {
            self.0.lock().unwrap().push_str(&match passed {
                Passed::Text(text) | Passed::Content(text) => String::from_utf8_lossy(text).into_owned(),
                Passed::EndOfLine => "\n".into(),
                other => format!("{other:?}"),
            });
        }
    }
    let written = Arc::new(std::sync::Mutex::new(String::new()));
    let kept = written.clone();
    (Arc::new(move || Box::new(Written(kept.clone()))), written)
}

/// Whether the password, or the form in which PLAIN sends it, is in this.
fn tells_password(octets: &[u8]) -> bool {
    [PASSWORD.as_bytes(), b"AHdhbmcAdGFuc3RhYWYtNWYxYw", b"dGFuc3RhYWYtNWYxY"]
        .iter()
        .any(|secret| octets.windows(secret.len()).any(|window| window == *secret))
}
