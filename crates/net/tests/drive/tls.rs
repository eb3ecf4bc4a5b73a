//! TLS from the first octet and in the middle of a conversation; which certificates count.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hongyan_net::tls::{self, Acceptor, Connector, Handshake, Identity, Policy, Roots};
use hongyan_net::{Connection, Link};
use hongyan_proto::TlsInfo;
use hongyan_proto::machine::Coding;
use hongyan_proto::transcript::{Content, Who};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::toy::{Do, InMemory, Toy, filler, say, send, talk, transcript};

const PATIENCE: Duration = Duration::from_secs(60);

/// A file that goes away with the test.
struct Pem(PathBuf);

impl Pem {
    fn new(text: &str) -> Self {
        use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("hongyan-net-{}-{}.pem", std::process::id(), COUNT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Pem {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: Pem,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    Authority { pem: Pem::new(&issuer.pem()), issuer }
}

fn params(names: &[&str]) -> CertificateParams {
    CertificateParams::new(names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>()).unwrap()
}

fn config(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> ServerConfig {
    ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap()
}

fn acceptor(certificate: CertificateDer<'static>, key: &KeyPair) -> Acceptor {
    let end_point = tls::end_point(&certificate);
    Acceptor { config: Arc::new(config(vec![certificate], key)), end_point }
}

impl Authority {
    fn server(&self, params: CertificateParams) -> Acceptor {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        acceptor(certificate.der().clone(), &key)
    }

    fn trusting(&self) -> Connector {
        trusting(&self.pem)
    }
}

fn trusting(pem: &Pem) -> Connector {
    Connector::new(Policy { roots: Roots::File(pem.0.clone()), identity: None })
}

/// Both ends of a handshake.
async fn shake(
    connector: &Connector,
    host: &str,
    acceptor: &Acceptor,
) -> (io::Result<TlsInfo>, io::Result<TlsInfo>) {
    let (ours, theirs) = duplex(1 << 16);
    let client = Handshake::client(connector.clone(), host).unwrap();
    let mut ours = Connection::new(Link::other(ours), Who::Client).with_tls(client);
    let mut theirs =
        Connection::new(Link::other(theirs), Who::Server).with_tls(Handshake::Server(acceptor.clone()));
    tokio::join!(ours.start_tls(PATIENCE), theirs.start_tls(PATIENCE))
}

#[tokio::test]
async fn a_good_certificate_is_taken_for_names_and_addresses_and_both_sides_bind_to_it() {
    let ca = authority("Test CA");
    let server = ca.server(params(&["mail.example.org", "127.0.0.1", "::1"]));
    for host in ["mail.example.org", "MAIL.example.org", "127.0.0.1", "::1", "[::1]"] {
        let (ours, theirs) = shake(&ca.trusting(), host, &server).await;
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        assert_eq!((ours.version.as_str(), ours.verified, ours.leftover), ("TLSv1.3", true, 0));
        assert!(ours.cipher.starts_with("TLS13_"), "{}", ours.cipher);
        assert_eq!(ours.exporter.as_ref().map(Vec::len), Some(32));
        assert_eq!(ours.end_point.as_ref().map(Vec::len), Some(32));
        assert_eq!(ours, theirs);
    }
}

#[tokio::test]
async fn before_tls_1_3_there_is_no_exporter_to_bind_to() {
    let ca = authority("Test CA");
    let key = KeyPair::generate().unwrap();
    let certificate = params(&["localhost"]).signed_by(&key, &ca.issuer).unwrap();
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let server = Acceptor { config: Arc::new(config), end_point: None };
    let (ours, _) = shake(&ca.trusting(), "localhost", &server).await;
    let ours = ours.unwrap();
    assert_eq!((ours.version.as_str(), ours.exporter), ("TLSv1.2", None));
    assert_eq!(ours.end_point, tls::end_point(certificate.der()));
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_said() {
    let (ca, other) = (authority("Test CA"), authority("Somebody \u{1b}[31mElse"));
    let mut old = params(&["localhost"]);
    old.not_before = date_time_ymd(2019, 1, 1);
    old.not_after = date_time_ymd(2020, 2, 29);
    let mut early = params(&["localhost"]);
    early.not_before = date_time_ymd(2999, 1, 1);
    early.not_after = date_time_ymd(3000, 1, 1);
    let key = KeyPair::generate().unwrap();
    let own = params(&["localhost"]).self_signed(&key).unwrap();
    let cases = [
        (
            other.server(params(&["localhost"])),
            "it was issued by `Somebody \\u{1b}[31mElse`, which is not trusted here",
        ),
        (acceptor(own.der().clone(), &key), "it is self-signed"),
        (ca.server(old), "it expired on 2020-02-29"),
        (ca.server(early), "it is valid from 2999-01-01 on; is this machine's clock right?"),
        (
            ca.server(params(&["a.example", "b.example"])),
            "it is not for `localhost`, but for `a.example`, `b.example`",
        ),
        (ca.server(params(&[])), "it is not for `localhost`, and names no host at all (no subjectAltName)"),
    ];
    for (server, words) in cases {
        let (ours, theirs) = shake(&ca.trusting(), "localhost", &server).await;
        let error = ours.unwrap_err();
        let said = tls::explain(&error).expect("an error of TLS");
        assert_eq!(said, format!("the server's certificate is not good: {words}"));
        assert_eq!((error.to_string(), error.kind()), (said, io::ErrorKind::InvalidData));
        assert!(theirs.is_err());
        // Whoever asked for it by name gets through, and is told.
        let careless = Connector::new(Policy { roots: Roots::Unchecked, identity: None });
        let (ours, _) = shake(&careless, "localhost", &server).await;
        assert!(!ours.unwrap().verified);
    }
}

#[tokio::test]
async fn a_server_that_shows_the_very_certificate_that_was_named_is_the_one() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let key = KeyPair::generate().unwrap();
        let mut own = params(&["localhost"]);
        own.is_ca = is_ca;
        let own = own.self_signed(&key).unwrap();
        let pem = Pem::new(&own.pem());
        let server = acceptor(own.der().clone(), &key);
        let (ours, _) = shake(&trusting(&pem), "localhost", &server).await;
        assert!(ours.unwrap().verified);
        let (ours, _) = shake(&trusting(&pem), "elsewhere.example", &server).await;
        let said = tls::explain(&ours.unwrap_err()).unwrap();
        assert!(said.contains("it is not for `elsewhere.example`"), "{said}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let ca = authority("Test CA");
    let key = KeyPair::generate().unwrap();
    let client = params(&["client.example"]).signed_by(&key, &ca.issuer).unwrap();
    let (chain, pem) = (Pem::new(&client.pem()), Pem::new(&key.serialize_pem()));
    let mut roots = RootCertStore::empty();
    roots.add(ca.issuer.der().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider()).build().unwrap();
    let server_key = KeyPair::generate().unwrap();
    let certificate = params(&["localhost"]).signed_by(&server_key, &ca.issuer).unwrap();
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(server_key.serialize_der()).unwrap(),
        )
        .unwrap();
    let server = Acceptor { config: Arc::new(config), end_point: None };
    let identity = Some(Identity { chain: chain.0.clone(), key: pem.0.clone() });
    let named = Connector::new(Policy { roots: Roots::File(ca.pem.0.clone()), identity });
    let (_, theirs) = shake(&named, "localhost", &server).await;
    theirs.unwrap();
    let (_, theirs) = shake(&ca.trusting(), "localhost", &server).await;
    theirs.unwrap_err();
}

#[test]
fn files_that_are_no_certificates_are_named() {
    let empty = Pem::new("nothing here\n");
    for (path, words) in [
        (empty.0.clone(), "does not hold a certificate in PEM form"),
        ("/nowhere.pem".into(), "No such file"),
    ] {
        let policy = Policy { roots: Roots::File(path.clone()), identity: None };
        let said = Connector::new(policy).config().unwrap_err().to_string();
        assert!(said.contains(words) && said.contains(path.to_str().unwrap()), "{said}");
    }
    let host = Handshake::client(Connector::new(Policy::default()), "not a host\r\n").unwrap_err();
    assert_eq!(host.to_string(), "`not a host\\r\\n` is not a name that a certificate can have");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_told_from_one_that_hangs_up() {
    let ca = authority("Test CA");
    for (answer, words) in [
        (
            &b"220 mx.example ESMTP\r\n"[..],
            "the server answered in clear: it does not speak TLS on this port",
        ),
        (b"", "the other side closed the connection during the TLS handshake"),
    ] {
        let (ours, mut theirs) = duplex(1 << 16);
        let client = Handshake::client(ca.trusting(), "localhost").unwrap();
        let mut ours = Connection::new(Link::other(ours), Who::Client).with_tls(client);
        let peer = async {
            theirs.write_all(answer).await.unwrap();
            theirs.shutdown().await.unwrap();
            theirs
        };
        let (shaken, _theirs) = tokio::join!(ours.start_tls(PATIENCE), peer);
        assert_eq!(shaken.unwrap_err().to_string(), words);
    }
}

fn upgrading(client: Vec<Do>, server: Vec<Do>) -> (Toy, Toy) {
    let client = Toy::new([say("STARTTLS\r\n")], move |what| match what {
        "line 220 go" => [vec![Do::StartTls], client.clone()].concat(),
        "line 221 bye" => vec![Do::Close],
        _ => vec![],
    });
    let server = Toy::new([], move |what| match what {
        "line STARTTLS" => [vec![say("220 go\r\n"), Do::StartTls], server.clone()].concat(),
        "line QUIT" => vec![say("221 bye\r\n"), Do::Close],
        _ => vec![],
    });
    (client, server)
}

#[tokio::test]
async fn a_conversation_goes_on_under_tls_and_ends_with_close_notify() {
    let ca = authority("Test CA");
    let content = filler(70 * 10_000);
    let len = content.len();
    let (mut client, mut server) = upgrading(
        vec![send(Coding::Exact(len as u64), len), say("QUIT\r\n")],
        vec![Do::Receive(Coding::Exact(len as u64))],
    );
    let (ours, theirs) = duplex(20_000);
    let (tap, lines) = transcript(Content::Length);
    let mut ours = Connection::new(Link::other(ours), Who::Client)
        .with_tls(Handshake::client(ca.trusting(), "localhost").unwrap())
        .with_tap(tap);
    let acceptor = ca.server(params(&["localhost"]));
    let mut theirs = Connection::new(Link::other(theirs), Who::Server).with_tls(Handshake::Server(acceptor));
    let mut source = InMemory { piece: 65_536, ..InMemory::new(content.clone()) };
    let mut sink = InMemory::new([]);
    tokio::join!(ours.drive(&mut client, &mut source), theirs.drive(&mut server, &mut sink));
    assert!(sink.received == content);
    assert_eq!(
        client.seen,
        ["line 220 go", "tls TLSv1.3 leftover 0", &format!("sent {}", len + 10), "line 221 bye"]
    );
    assert_eq!(
        server.seen,
        ["line STARTTLS", "tls TLSv1.3 leftover 0", &format!("received {len}"), "line QUIT"]
    );
    assert_eq!(ours.written(), 10 + len as u64 + 6);
    let lines = lines.lock().unwrap();
    assert_eq!(lines[..2], ["C: STARTTLS", "S: 220 go"]);
    assert!(lines[2].starts_with("-- TLSv1.3, TLS13_"), "{lines:?}");
    assert_eq!(lines[3..], [format!("C: {{content: {len} octets}}"), "C: QUIT".into(), "S: 221 bye".into()]);
}

#[tokio::test]
async fn an_end_without_close_notify_is_told_in_words() {
    let ca = authority("Test CA");
    let acceptor = ca.server(params(&["localhost"]));
    let (ours, theirs) = duplex(20_000);
    let (tap, lines) = transcript(Content::Length);
    let mut ours = Connection::new(Link::other(ours), Who::Client)
        .with_tls(Handshake::client(ca.trusting(), "localhost").unwrap())
        .with_tap(tap);
    let peer = async move {
        let mut theirs =
            Connection::new(Link::other(theirs), Who::Server).with_tls(Handshake::Server(acceptor));
        theirs.start_tls(PATIENCE).await.unwrap();
    };
    let (shaken, ()) = tokio::join!(ours.start_tls(PATIENCE), peer);
    shaken.unwrap();
    let mut toy = Toy::quiet([]);
    assert_eq!(talk(&mut ours, &mut toy).await, None);
    assert_eq!(toy.seen, ["gone 0 UnexpectedEof"]);
    let last = lines.lock().unwrap().last().unwrap().clone();
    assert_eq!(last, "-- connection lost: the other side closed the connection without ending TLS");
}

#[tokio::test]
async fn what_was_received_before_tls_never_counts_after_it() {
    let ca = authority("Test CA");
    let acceptor = ca.server(params(&["localhost"]));
    // Somebody adds replies behind the server's agreement, in the same segment.
    let (ours, mut theirs) = duplex(20_000);
    let (mut client, _) = upgrading(vec![say("EHLO again\r\n")], vec![]);
    let (tap, lines) = transcript(Content::Length);
    let mut ours = Connection::new(Link::other(ours), Who::Client)
        .with_tls(Handshake::client(ca.trusting(), "localhost").unwrap())
        .with_tap(tap);
    let peer = async {
        theirs.read_exact(&mut [0; 10]).await.unwrap();
        theirs.write_all(b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n").await.unwrap();
        let mut theirs =
            Connection::new(Link::other(theirs), Who::Server).with_tls(Handshake::Server(acceptor.clone()));
        theirs.start_tls(PATIENCE).await.unwrap();
        let mut toy = Toy::new([], |what| if what == "line EHLO again" { vec![Do::Close] } else { vec![] });
        talk(&mut theirs, &mut toy).await;
        toy.seen
    };
    let (_, seen) = tokio::join!(talk(&mut ours, &mut client), peer);
    assert_eq!(client.seen, ["line 220 go", "tls TLSv1.3 leftover 26", "gone 22"]);
    assert_eq!(seen[0], "line EHLO again");
    let note = "-- 26 octets received in clear behind the agreement on TLS were dropped";
    assert!(lines.lock().unwrap().iter().any(|line| line == note));
}

#[tokio::test]
async fn commands_sent_in_clear_behind_starttls_never_count_for_the_server() {
    let ca = authority("Test CA");
    let acceptor = ca.server(params(&["localhost"]));
    let (mut ours, theirs) = duplex(20_000);
    let (_, mut server) = upgrading(vec![], vec![]);
    let mut theirs = Connection::new(Link::other(theirs), Who::Server).with_tls(Handshake::Server(acceptor));
    let peer = async {
        ours.write_all(b"STARTTLS\r\nMAIL FROM:<evil@example>\r\n").await.unwrap();
        ours.read_exact(&mut [0; 8]).await.unwrap();
        let client = Handshake::client(ca.trusting(), "localhost").unwrap();
        let mut ours = Connection::new(Link::other(ours), Who::Client).with_tls(client);
        ours.start_tls(PATIENCE).await.unwrap();
        talk(&mut ours, &mut Toy::quiet([say("QUIT\r\n")])).await;
    };
    tokio::join!(talk(&mut theirs, &mut server), peer);
    assert_eq!(server.seen, ["line STARTTLS", "tls TLSv1.3 leftover 26", "line QUIT"]);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_fails_ends_the_connection_and_one_that_hangs_runs_into_the_deadline() {
    let ca = authority("Test CA");
    for (answer, seen) in [(&b"220 go\r\n"[..], "tick 10"), (b"220 go\r\n554 no\r\n", "gone 10 InvalidData")]
    {
        let (ours, mut theirs) = duplex(20_000);
        let (client, _) = upgrading(vec![], vec![]);
        let mut client = Toy { patience: Some(PATIENCE), ..client };
        let handshake = Handshake::client(ca.trusting(), "localhost").unwrap();
        let mut ours = Connection::new(Link::other(ours), Who::Client).with_tls(handshake);
        let peer = async {
            theirs.read_exact(&mut [0; 10]).await.unwrap();
            theirs.write_all(&answer[..8]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            theirs.write_all(&answer[8..]).await.unwrap();
            theirs
        };
        let (event, _theirs) = tokio::join!(talk(&mut ours, &mut client), peer);
        assert_eq!((event, client.seen), (None, vec!["line 220 go".to_string(), seen.into()]));
    }
}

#[test]
fn the_end_point_binding_is_the_certificates_hash_by_its_own_algorithm_but_never_a_weak_one() {
    use sha2::{Digest, Sha256, Sha384};
    let made = |algorithm| {
        let key = KeyPair::generate_for(algorithm).unwrap();
        params(&["localhost"]).self_signed(&key).unwrap().der().clone()
    };
    let p256 = made(&rcgen::PKCS_ECDSA_P256_SHA256);
    assert_eq!(tls::end_point(&p256).unwrap(), Sha256::digest(&p256).to_vec());
    let p384 = made(&rcgen::PKCS_ECDSA_P384_SHA384);
    assert_eq!(tls::end_point(&p384).unwrap(), Sha384::digest(&p384).to_vec());
    assert_eq!(tls::end_point(&made(&rcgen::PKCS_ED25519)), None, "RFC 5929 defines none");
    for cut in 0..20 {
        assert_eq!(tls::end_point(&p256[..cut]), None, "a certificate cut off at {cut}");
    }
}
