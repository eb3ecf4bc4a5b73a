//! Every odd server behaviour at every position of the SMTP conversation, with TLS off, from the start and
//! by STARTTLS; a command at a time, pipelined and chunked.
//!
//! The server is a toy that knows its own truth: which recipients it has really taken a message for. Held
//! against that: every recipient settles exactly once, the client comes to an end, what is called accepted
//! was taken, and what is called deferred or rejected was not. Time is virtual.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, BufRead, Cursor};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hongyan_net::link::Link;
use hongyan_net::tls::{Connector, Handshake, Policy, Roots, provider};
use hongyan_net::{Connection, Contents};
use hongyan_proto::TlsInfo;
use hongyan_proto::address::Address;
use hongyan_proto::machine::Ticket;
use hongyan_proto::outcome::Verdict;
use hongyan_proto::smtp::client::Tls;
use hongyan_proto::smtp::{Client, Config, Envelope, Event, Recipient};
use hongyan_proto::transcript::Who;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Odd {
    Nothing,
    Refuse450,
    Refuse550,
    Refuse57509,
    Close421,
    Bad503,
    Say251,
    Say252,
    Say354,
    Say200,
    ManyLines,
    Gbk,
    NoText,
    OtherCodeInside,
    Garbage,
    EmptyLine,
    EndlessLine,
    EndlessReply,
    OctetByOctet,
    Silence,
    Late,
    Twice,
    CloseBefore,
    CloseInside,
    CloseBehind,
    /// A reply to EHLO slipped in behind this one, in clear (CVE-2011-0411); not part of the matrix.
    SlipIn,
}

const ODD: &[Odd] = &[
    Odd::Nothing,
    Odd::Refuse450,
    Odd::Refuse550,
    Odd::Refuse57509,
    Odd::Close421,
    Odd::Bad503,
    Odd::Say251,
    Odd::Say252,
    Odd::Say354,
    Odd::Say200,
    Odd::ManyLines,
    Odd::Gbk,
    Odd::NoText,
    Odd::OtherCodeInside,
    Odd::Garbage,
    Odd::EmptyLine,
    Odd::EndlessLine,
    Odd::EndlessReply,
    Odd::OctetByOctet,
    Odd::Silence,
    Odd::Late,
    Odd::Twice,
    Odd::CloseBefore,
    Odd::CloseInside,
    Odd::CloseBehind,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Serial,
    Pipelined,
    Chunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secured {
    No,
    Implicit,
    StartTls,
}

/// Recipients by message number that the server has taken responsibility for.
type Truth = Arc<Mutex<BTreeSet<(usize, String)>>>;

const MESSAGES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that does one odd thing, at its `at`th reply.
struct Toy {
    mode: Mode,
    odd: Odd,
    at: usize,
    replies: usize,
    truth: Truth,
    recipients: Vec<String>,
    mail: bool,
    offers_tls: bool,
}

/// What a reply's sender does next.
enum Then {
    On,
    Close,
    StartTls,
}

impl Toy {
    async fn serve(mut self, plain: DuplexStream, acceptor: Option<TlsAcceptor>, implicit: bool) {
        if implicit {
            let Some(acceptor) = acceptor else { return };
            let Ok(stream) = acceptor.accept(plain).await else { return };
            let _ = self.session(stream, true).await;
            return;
        }
        let mut plain = plain;
        if let Ok(Then::StartTls) = self.session(&mut plain, true).await {
            let Some(acceptor) = acceptor else { return };
            self.offers_tls = false;
            let Ok(stream) = acceptor.accept(plain).await else { return };
            let _ = self.session(stream, false).await;
        }
    }

    async fn session(&mut self, mut s: impl AsyncRead + AsyncWrite + Unpin, greet: bool) -> io::Result<Then> {
        let mut buf: VecDeque<u8> = VecDeque::new();
        if greet && let Then::Close = self.reply(&mut s, 220, "toy").await? {
            return Ok(Then::Close);
        }
        loop {
            let line = match read_line(&mut s, &mut buf).await? {
                Some(line) => line,
                None => return Ok(Then::Close),
            };
            let upper = line.to_ascii_uppercase();
            let verb = upper.split(' ').next().unwrap_or_default();
            let then = match verb {
                "EHLO" => {
                    let mut text = String::from("toy");
                    if self.mode != Mode::Serial {
                        text += "\nPIPELINING";
                    }
                    if self.mode == Mode::Chunked {
                        text += "\nCHUNKING";
                    }
                    if self.offers_tls {
                        text += "\nSTARTTLS";
                    }
                    self.reply(&mut s, 250, &(text + "\nSIZE")).await?
                }
                "HELO" => {
                    self.mode = Mode::Serial;
                    self.reply(&mut s, 250, "toy").await?
                }
                "STARTTLS" => match self.reply(&mut s, 220, "go").await? {
                    // Whatever came behind it in clear is not looked at.
                    Then::On if self.said(2) => return Ok(Then::StartTls),
                    then => then,
                },
                "MAIL" if self.mail => self.reply(&mut s, 503, "nested").await?,
                "MAIL" => {
                    let then = self.reply(&mut s, 250, "ok").await?;
                    self.mail = self.said(2);
                    self.recipients.clear();
                    then
                }
                "RCPT" if !self.mail => self.reply(&mut s, 503, "no MAIL").await?,
                "RCPT" => {
                    let then = self.reply(&mut s, 250, "ok").await?;
                    if self.said(2) {
                        self.recipients.push(line[9..line.len() - 1].to_string());
                    }
                    then
                }
                "DATA" if self.recipients.is_empty() => self.reply(&mut s, 503, "no recipients").await?,
                "DATA" => {
                    let then = self.reply(&mut s, 354, "go").await?;
                    if !self.said(3) {
                        then
                    } else if let Then::Close = then {
                        then
                    } else {
                        let mut content = Vec::new();
                        loop {
                            match read_line(&mut s, &mut buf).await? {
                                None => return Ok(Then::Close),
                                Some(line) if line == "." => break,
                                Some(line) => content.push(line),
                            }
                        }
                        self.take(&mut s, content.first().map_or("", String::as_str)).await?
                    }
                }
                "BDAT" => {
                    let n: usize = upper.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
                    let mut content = vec![0; n];
                    for octet in &mut content {
                        match next(&mut s, &mut buf).await? {
                            Some(b) => *octet = b,
                            None => return Ok(Then::Close),
                        }
                    }
                    if self.recipients.is_empty() {
                        self.mail = false;
                        self.reply(&mut s, 503, "no recipients").await?
                    } else {
                        let first = String::from_utf8_lossy(&content);
                        self.take(&mut s, first.lines().next().unwrap_or_default()).await?
                    }
                }
                "RSET" => {
                    self.mail = false;
                    self.recipients.clear();
                    self.reply(&mut s, 250, "ok").await?
                }
                "QUIT" => {
                    self.reply(&mut s, 221, "bye").await?;
                    Then::Close
                }
                _ => self.reply(&mut s, 500, "what").await?,
            };
            if let Then::Close = then {
                return Ok(then);
            }
        }
    }

    /// The message is whole: it is taken unless the answer says no. An answer that nobody gets to hear
    /// changes nothing about that.
    async fn take(&mut self, s: &mut (impl AsyncRead + AsyncWrite + Unpin), first: &str) -> io::Result<Then> {
        let number: usize =
            first.strip_prefix("Subject: ").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
        let refuses = self.replies == self.at
            && matches!(
                self.odd,
                Odd::Refuse450 | Odd::Refuse550 | Odd::Refuse57509 | Odd::Close421 | Odd::Bad503
            );
        let recipients = std::mem::take(&mut self.recipients);
        self.mail = false;
        if !refuses {
            let mut truth = self.truth.lock().expect("truth");
            for recipient in recipients {
                assert!(truth.insert((number, recipient.clone())), "{recipient} got message {number} twice");
            }
        }
        self.reply(s, 250, "queued").await
    }

    /// Whether the last reply, as the client heard it, began with this digit.
    fn said(&self, digit: u16) -> bool {
        if self.replies != self.at + 1 {
            return true;
        }
        match self.odd {
            Odd::Refuse450 | Odd::Refuse550 | Odd::Refuse57509 | Odd::Close421 | Odd::Bad503 => false,
            Odd::Say354 => digit == 3,
            Odd::Say251 | Odd::Say252 | Odd::Say200 => digit == 2,
            _ => true,
        }
    }

    async fn reply(&mut self, s: &mut (impl AsyncWrite + Unpin), code: u16, text: &str) -> io::Result<Then> {
        let odd = if self.replies == self.at { self.odd } else { Odd::Nothing };
        self.replies += 1;
        let lines: Vec<&str> = text.split('\n').collect();
        let mut wire = Vec::new();
        for (i, line) in lines.iter().enumerate() {
            let dash = if i + 1 < lines.len() { '-' } else { ' ' };
            wire.extend_from_slice(format!("{code}{dash}{line}\r\n").as_bytes());
        }
        let odd_wire: Vec<u8> = match odd {
            Odd::Refuse450 => b"450 4.2.1 later\r\n".to_vec(),
            Odd::Refuse550 => b"550 5.1.1 no\r\n".to_vec(),
            Odd::Refuse57509 => b"550 5.7.509 Access denied, DMARC\r\n".to_vec(),
            Odd::Close421 => b"421 4.3.2 shutting down\r\n".to_vec(),
            Odd::Bad503 => b"503 5.5.1 bad sequence\r\n".to_vec(),
            Odd::Say251 => b"251 will forward\r\n".to_vec(),
            Odd::Say252 => b"252 cannot verify\r\n".to_vec(),
            Odd::Say354 => b"354 go on\r\n".to_vec(),
            Odd::Say200 => b"200 fine\r\n".to_vec(),
            Odd::ManyLines => {
                format!("{code}-one\r\n{code}-two\r\n").into_bytes().into_iter().chain(wire).collect()
            }
            Odd::Gbk => [format!("{code} ").as_bytes(), b"\xc4\xe3\xba\xc3\r\n"].concat(),
            Odd::NoText => format!("{code}\r\n").into_bytes(),
            Odd::OtherCodeInside => format!("{code}-one\r\n550 two\r\n").into_bytes(),
            Odd::Garbage => b"\x16\x03\x01\x00\xff\r\n".to_vec(),
            Odd::EmptyLine => b"\r\n".to_vec(),
            Odd::EndlessLine => vec![b'x'; 100_000],
            Odd::EndlessReply => format!("{code}-more\r\n").repeat(2000).into_bytes(),
            Odd::Twice => [wire.clone(), wire].concat(),
            Odd::CloseInside => wire[..2].to_vec(),
            Odd::SlipIn => [&wire[..], b"250-evil.example\r\n250 SIZE 1\r\n"].concat(),
            Odd::Silence | Odd::CloseBefore => Vec::new(),
            Odd::Nothing | Odd::OctetByOctet | Odd::Late | Odd::CloseBehind => wire,
        };
        match odd {
            Odd::OctetByOctet => {
                for octet in odd_wire {
                    s.write_all(&[octet]).await?;
                    s.flush().await?;
                    tokio::task::yield_now().await;
                }
            }
            Odd::Late => {
                tokio::time::sleep(PATIENCE * 2).await;
                s.write_all(&odd_wire).await?;
            }
            _ => s.write_all(&odd_wire).await?,
        }
        s.flush().await?;
        match odd {
            Odd::CloseBefore | Odd::CloseInside | Odd::CloseBehind | Odd::Close421 => {
                s.shutdown().await?;
                Ok(Then::Close)
            }
            _ => Ok(Then::On),
        }
    }
}

async fn next(s: &mut (impl AsyncRead + Unpin), buf: &mut VecDeque<u8>) -> io::Result<Option<u8>> {
    if buf.is_empty() {
        let mut piece = [0; 4096];
        let n = s.read(&mut piece).await?;
        buf.extend(&piece[..n]);
    }
    Ok(buf.pop_front())
}

async fn read_line(s: &mut (impl AsyncRead + Unpin), buf: &mut VecDeque<u8>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        match next(s, buf).await? {
            None => return Ok(None),
            Some(b'\n') => break,
            Some(octet) => line.push(octet),
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches('\r').to_string()))
}

fn content(number: usize) -> Vec<u8> {
    format!("Subject: {number}\r\n\r\n.a line\r\nanother\r\n").into_bytes()
}

/// The messages' contents, made anew whenever they are asked for.
struct Bodies {
    current: Option<(Ticket, Cursor<Vec<u8>>)>,
}

impl Contents for Bodies {
    fn open(&mut self, ticket: Ticket, offset: u64) -> io::Result<&mut (dyn BufRead + Send)> {
        if offset == 0 || self.current.as_ref().is_none_or(|(t, _)| *t != ticket) {
            self.current = Some((ticket, Cursor::new(content(ticket.0 as usize))));
        }
        Ok(&mut self.current.as_mut().expect("just made").1)
    }
    fn take(&mut self, _: &[u8]) -> io::Result<()> {
        unreachable!("a client receives no content")
    }
    fn end(&mut self) -> io::Result<()> {
        unreachable!("a client receives no content")
    }
}

fn recipients(number: usize) -> Vec<String> {
    (0..2).map(|i| format!("r{i}@m{number}.example")).collect()
}

/// What each recipient of each message was told to have become of it.
type Settled = BTreeMap<(usize, String), Vec<&'static str>>;

async fn talk(link: DuplexStream, mode: Mode, secured: Secured, connector: Connector) -> Settled {
    let handshake = Handshake::client(connector, "localhost").expect("a name");
    let mut connection = Connection::new(Link::other(link), Who::Client).with_tls(handshake);
    let mut settled = Settled::new();
    let mut tls: Option<TlsInfo> = None;
    if secured == Secured::Implicit {
        tls = Some(connection.start_tls(PATIENCE).await.expect("the toy can do TLS"));
    }
    let config = Config {
        tls: if secured == Secured::StartTls { Tls::Required } else { Tls::Never },
        pipelining: mode != Mode::Serial,
        timeouts: hongyan_proto::smtp::Timeouts::all(PATIENCE),
        ..Config::default()
    };
    let now: Instant = tokio::time::Instant::now().into_std();
    let mut client = Client::new(config, tls, now);
    let mut bodies = Bodies { current: None };
    let mut submitted = 0;
    let mut submit = |client: &mut Client| {
        let to = recipients(submitted)
            .iter()
            .map(|a| Address::parse(a).expect("an address").into())
            .collect::<Vec<Recipient>>();
        let size = content(submitted).len() as u64;
        client.submit(Envelope { from: Address::parse("a@x.example").ok(), to, size, ..Envelope::default() });
        submitted += 1;
        submitted == MESSAGES
    };
    let mut all = false;
    while let Some(event) = connection.drive(&mut client, &mut bodies).await {
        match event {
            Event::Wanting if all => client.quit(),
            Event::Wanting => all = submit(&mut client),
            Event::Settled(ticket, delivery) => {
                for (address, verdict) in delivery.each {
                    let word = match verdict {
                        Verdict::Accepted(_) => "accepted",
                        Verdict::InDoubt(_) => "in doubt",
                        Verdict::Deferred(_) | Verdict::Rejected(_) => "failed",
                    };
                    settled.entry((ticket.0 as usize, address.to_string())).or_default().push(word);
                }
            }
            Event::Failed(_) => {
                while !all {
                    all = submit(&mut client);
                }
            }
            Event::Ready | Event::Alive => {}
            Event::Unsent(..) => panic!("the toy names no limits"),
        }
    }
    settled
}

/// Replies of a whole conversation: greeting, EHLO, perhaps STARTTLS and EHLO again, then for each message
/// MAIL, two RCPT, perhaps DATA, the answer; QUIT.
fn positions(mode: Mode, secured: Secured) -> usize {
    let opening = if secured == Secured::StartTls { 4 } else { 2 };
    opening + MESSAGES * if mode == Mode::Chunked { 4 } else { 5 } + 1
}

/// RFC 3207 §5: what was received in clear behind the agreement on TLS is dropped, here a SIZE that no
/// message could keep to.
#[tokio::test(start_paused = true)]
async fn a_reply_slipped_in_before_tls_does_not_count_after_it() {
    let (client, server) = duplex(64 * 1024);
    let (acceptor, connector) = tls();
    let toy = Toy {
        mode: Mode::Serial,
        odd: Odd::SlipIn,
        at: 2,
        replies: 0,
        truth: Truth::default(),
        recipients: Vec::new(),
        mail: false,
        offers_tls: true,
    };
    tokio::spawn(toy.serve(server, Some(acceptor), false));
    let settled = talk(client, Mode::Serial, Secured::StartTls, connector).await;
    assert_eq!(settled.len(), MESSAGES * 2);
    assert!(settled.values().all(|words| words == &["accepted"]), "{settled:?}");
}

/// With many messages in flight a reply too many passes for the answer to the next command, and only shows
/// at the end: then no verdict before it can be held against the truth.
fn is_beyond_knowing(mode: Mode, odd: Odd) -> bool {
    odd == Odd::Twice && mode == Mode::Chunked
}

async fn one(
    mode: Mode,
    secured: Secured,
    odd: Odd,
    at: usize,
    tls: &(TlsAcceptor, Connector),
) -> Vec<String> {
    let (client, server) = duplex(64 * 1024);
    let truth = Truth::default();
    let toy = Toy {
        mode,
        odd,
        at,
        replies: 0,
        truth: truth.clone(),
        recipients: Vec::new(),
        mail: false,
        offers_tls: secured == Secured::StartTls,
    };
    let acceptor = (secured != Secured::No).then(|| tls.0.clone());
    let serving = tokio::spawn(toy.serve(server, acceptor, secured == Secured::Implicit));
    let here = format!("{odd:?} at {at}, {mode:?}, {secured:?}");
    let talking = talk(client, mode, secured, tls.1.clone());
    let Ok(settled) = tokio::time::timeout(Duration::from_secs(3600), talking).await else {
        return vec![format!("{here}: the client does not come to an end")];
    };
    serving.abort();
    if let Err(error) = serving.await
        && error.is_panic()
    {
        return vec![format!("{here}: a recipient got a message twice")];
    }
    let truth = truth.lock().expect("truth");
    let mut wrong = Vec::new();
    for number in 0..MESSAGES {
        for recipient in recipients(number) {
            let key = (number, recipient.clone());
            let taken = truth.contains(&key);
            let problem = match settled.get(&key).map(Vec::as_slice) {
                Some([_]) if is_beyond_knowing(mode, odd) => None,
                Some(["accepted"]) if !taken => Some("accepted, and the server did not take it"),
                Some(["failed"]) if taken => Some("failed, and the server took it"),
                Some([_]) if odd == Odd::Nothing && !taken => Some("a sound server did not get it"),
                Some(["in doubt"]) if odd == Odd::Nothing => Some("in doubt without a reason"),
                Some([_]) => None,
                Some(_) => Some("settled more than once"),
                None => Some("never settled"),
            };
            wrong.extend(problem.map(|problem| format!("{here}: {recipient}: {problem}")));
        }
    }
    if settled.len() != MESSAGES * 2 {
        wrong.push(format!("{here}: {} recipients settled", settled.len()));
    }
    wrong
}

fn tls() -> (TlsAcceptor, Connector) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_string()]).expect("a certificate");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a key that fits");
    let connector = Connector::new(Policy { roots: Roots::Unchecked, identity: None });
    (TlsAcceptor::from(Arc::new(config)), connector)
}

async fn every_position(mode: Mode) {
    let tls = tls();
    let (mut wrong, mut runs) = (Vec::new(), 0);
    for secured in [Secured::No, Secured::Implicit, Secured::StartTls] {
        for &odd in ODD {
            for at in 0..positions(mode, secured) {
                wrong.extend(one(mode, secured, odd, at, &tls).await);
                runs += 1;
            }
        }
    }
    assert!(runs > 1000, "only {runs} conversations");
    assert!(wrong.is_empty(), "{} of {runs} conversations:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn every_recipient_settles_once_a_command_at_a_time() {
    every_position(Mode::Serial).await;
}

#[tokio::test(start_paused = true)]
async fn every_recipient_settles_once_pipelined() {
    every_position(Mode::Pipelined).await;
}

#[tokio::test(start_paused = true)]
async fn every_recipient_settles_once_chunked() {
    every_position(Mode::Chunked).await;
}
