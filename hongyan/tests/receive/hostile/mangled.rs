//! A good conversation with the sandbox in which one line of the server's is replaced, cut short or held back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use hongyan::proto::tls::Tls;
use hongyan::receive::Policy;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Yard, recorded, tells_password};
use crate::place::{BOTH, Bag, By, Place};

/// What a line becomes.
const GARBAGE: [&[u8]; 16] = [
    b"",
    b"\r\n",
    b"\n",
    b"\xff\xfe\0\x01\r\n",
    b"hello\r\n",
    b"-ERR [SYS/TEMP] no\r\n",
    b"+\r\n",
    b".\r\n",
    b"* BYE go away\r\n",
    b"* 4294967295 EXISTS\r\n",
    b"* 1 FETCH (UID 1 FLAGS (\\Deleted) BODY[] {4294967295}\r\n",
    b"* 1 FETCH (UID 4294967295 BODY[] {-1}\r\n",
    b"* 2 FETCH (UID 1 BODY[] NIL)\r\n",
    b"A1 NO A2 NO\r\n",
    b"* OK [UIDVALIDITY 0] hm\r\n",
    b"((((((((((((((((((\r\n",
];

/// What is done to one line of the server's.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Instead(&'static [u8]),
    /// Half of it, and the connection is closed.
    Cut,
    /// Nothing comes any more.
    Silence,
}

/// A way to a server on which harm comes to one of its lines.
struct Mangled {
    port: u16,
    /// That line was reached.
    reached: Arc<AtomicBool>,
    /// How many there were.
    lines: Arc<AtomicUsize>,
    /// What that one was.
    line: Arc<Mutex<Vec<u8>>>,
    /// What the client said.
    heard: Arc<Mutex<Vec<u8>>>,
}

/// The lines of these mails are known by their first octet, and so are those that are not of a mail.
fn mails() -> Vec<Vec<u8>> {
    let mail = |n: usize| format!("mail: {n}\r\n\r\nmore of {n}\r\n{}", "m\r\n".repeat(n)).into_bytes();
    (0..3).map(mail).collect()
}

fn is_of_a_mail(line: &[u8]) -> bool {
    line.starts_with(b"m") || line == b"\r\n"
}

impl Mangled {
    async fn new(server: SocketAddr, at: usize, harm: Harm) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (reached, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let lines = Arc::new(AtomicUsize::new(0));
        let count = lines.clone();
        let harmed = Arc::new(Mutex::new(Vec::new()));
        let (told, kept, which) = (reached.clone(), heard.clone(), harmed.clone());
        tokio::spawn(async move {
            let Ok((client, _)) = listener.accept().await else { return };
            // A second connection, made because the first broke, finds nobody.
            drop(listener);
            let Ok(server) = TcpStream::connect(server).await else { return };
            let (mut from_client, mut to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            let hear = async {
                let mut piece = [0; 4096];
                while let Ok(n @ 1..) = from_client.read(&mut piece).await {
                    kept.lock().unwrap().extend_from_slice(&piece[..n]);
                    if to_server.write_all(&piece[..n]).await.is_err() {
                        return;
                    }
                }
            };
            let say = async {
                let mut from_server = BufReader::new(from_server);
                let (mut line, mut number) = (Vec::new(), 0);
                while matches!(from_server.read_until(b'\n', &mut line).await, Ok(1..)) {
                    let ours = is_of_a_mail(&line);
                    if !ours && number == at {
                        told.store(true, Ordering::Relaxed);
                        *which.lock().unwrap() = line.clone();
                        match harm {
                            Harm::Instead(garbage) => line = garbage.to_vec(),
                            Harm::Cut => {
                                let _ = to_client.write_all(&line[..line.len() / 2]).await;
                                return;
                            }
                            Harm::Silence => std::future::pending().await,
                        }
                    }
                    number += usize::from(!ours);
                    count.store(number, Ordering::Relaxed);
                    if to_client.write_all(&line).await.is_err() {
                        return;
                    }
                    line.clear();
                }
            };
            tokio::select! {
                () = hear => {}
                () = say => {}
            }
        });
        Self { port, reached, lines, line: harmed, heard }
    }
}

/// One fetch over which such harm comes, and what must hold after it. False where the conversation has no such line.
async fn harmed(by: By, policy: Policy, at: usize, harm: Harm) -> bool {
    let mails = mails();
    let place = Place::new(&mails).await;
    let way = Mangled::new(place.server(by), at, harm).await;
    let yard = Yard::new();
    let (tap, transcript) = recorded();
    let ended = yard.fetch_with(by, way.port, policy, Tls::Never, Some(tap), &["INBOX"]).await;
    let shown = transcript.lock().unwrap().clone();
    let about = format!("{by:?} {policy:?}, line {at}, {harm:?}: {ended:?}\n{shown}");
    assert!(!tells_password(shown.as_bytes()), "{about}");
    let (all, here): (Bag, Bag) = (mails.iter().cloned().collect(), yard.here().into_iter().collect());
    assert_eq!(Bag::missing(&all, &place.there(), &here), [""; 0], "{about}");
    // Where POP3's "." is taken away, what follows belongs to the message: nobody could tell.
    if *way.line.lock().unwrap() != b".\r\n" {
        assert_eq!(here.too_many(&all), Some(0), "{about}");
    }
    way.reached.load(Ordering::Relaxed)
}

/// How many fetches go on at once: most of their time is waiting.
const AT_ONCE: usize = 12;

async fn all_harms(by: By) {
    let lines = {
        let place = Place::new(&mails()).await;
        let way = Mangled::new(place.server(by), usize::MAX, Harm::Silence).await;
        Yard::new().fetch(by, way.port, Policy::Delete).await.done.unwrap();
        way.lines.load(Ordering::Relaxed)
    };
    assert!(lines > 15, "{lines} lines");
    let harms = GARBAGE.iter().map(|garbage| Harm::Instead(garbage)).chain([Harm::Cut, Harm::Silence]);
    let all: Vec<_> = harms.flat_map(|harm| (0..lines).map(move |at| (at, harm))).collect();
    let runs: Vec<_> = (0..AT_ONCE)
        .map(|turn| {
            let mine: Vec<_> = all.iter().copied().skip(turn).step_by(AT_ONCE).collect();
            tokio::spawn(async move {
                let mut reached = 0;
                for (at, harm) in mine {
                    reached += usize::from(harmed(by, Policy::Delete, at, harm).await);
                }
                reached
            })
        })
        .collect();
    let mut reached = 0;
    for run in runs {
        reached += run.await.unwrap();
    }
    assert!(reached * 10 > all.len() * 9, "{reached} of {}", all.len());
}

#[tokio::test]
async fn garbage_at_every_line_of_pop3_ends_the_fetch_and_harms_no_mail() {
    all_harms(By::Pop3).await;
}

#[tokio::test]
async fn garbage_at_every_line_of_imap_ends_the_fetch_and_harms_no_mail() {
    all_harms(By::Imap).await;
}

/// Where TLS is required, whoever stands in between sees no name and no password, whatever is done to the lines
/// before it; and a server that does not offer it (or from whose offer it was taken out) is not logged in to.
#[tokio::test]
async fn no_harm_to_the_lines_before_tls_brings_out_the_password() {
    let lies: [&[u8]; 8] = [
        b"* PREAUTH hi\r\n",
        b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n",
        b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n",
        b"A1 OK\r\n",
        b"A2 OK\r\n",
        b"+OK\r\n.\r\n",
        b"+OK <1@x>\r\n",
        b"SASL PLAIN\r\n",
    ];
    let harms = || GARBAGE.iter().chain(&lies).map(|garbage| Harm::Instead(garbage)).chain([Harm::Cut]);
    for by in BOTH {
        let place = Arc::new(Place::new(&mails()).await);
        // Greeting, CAPABILITY and STARTTLS; greeting, CAPA and STLS. What comes then is not lines any more.
        let all: Vec<_> = harms().flat_map(|harm| (0..8).map(move |at| (at, harm))).collect();
        let runs: Vec<_> = (0..AT_ONCE)
            .map(|turn| {
                let mine: Vec<_> = all.iter().copied().skip(turn).step_by(AT_ONCE).collect();
                let place = place.clone();
                tokio::spawn(async move {
                    for (at, harm) in mine {
                        let way = Mangled::new(place.server(by), at, harm).await;
                        let ended = Yard::new()
                            .fetch_with(by, way.port, Policy::Keep, Tls::Required, None, &["INBOX"])
                            .await;
                        let heard = way.heard.lock().unwrap().clone();
                        let about = format!("{by:?}, line {at}, {harm:?}: {}", heard.escape_ascii());
                        assert!(!tells_password(&heard), "{about}");
                        assert!(
                            ended.done.is_err(),
                            "the sandbox's certificate is not to be trusted: {about}"
                        );
                    }
                })
            })
            .collect();
        for run in runs {
            run.await.unwrap();
        }
    }
}
