//! Real failures of the network and of TLS meet the remedy that is written for them: the remedies go by
//! words of this crate, of rustls and of the system.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hongyan_net::connect::{Proxy, Route, connect};
use hongyan_net::tls::{self, Acceptor, Connector, Handshake, Policy, Roots};
use hongyan_net::{Connection, Link};
use hongyan_proto::outcome::{Failure, Kind, Stage};
use hongyan_proto::transcript::Who;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncWriteExt, duplex};
use tokio::net::TcpListener;

const PATIENCE: Duration = Duration::from_secs(10);

fn remedy(failure: &Failure) -> &'static str {
    failure.remedy(None).id
}

async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn hosts_ports_and_proxies() {
    let route = Route::default();
    let port = closed_port().await;
    assert_eq!(remedy(&connect("127.0.0.1", port, &route).await.unwrap_err()), "connect.refused");
    assert_eq!(remedy(&connect("a b", port, &route).await.unwrap_err()), "resolve.not-a-name");
    // Where no name server can be asked, that is said instead.
    let unknown = remedy(&connect("no-such-host.invalid", port, &route).await.unwrap_err());
    assert!(["resolve.unknown", "resolve.failed"].contains(&unknown), "{unknown}");
    let proxy = Some(format!("socks5://127.0.0.1:{port}").parse::<Proxy>().unwrap());
    let through = Route { proxy, ..Route::default() };
    assert_eq!(remedy(&connect("mx.example", 25, &through).await.unwrap_err()), "connect.proxy");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Some(format!("socks5://{}", silent.local_addr().unwrap()).parse::<Proxy>().unwrap());
    let late = Route { proxy, total: Duration::from_millis(50), ..Route::default() };
    assert_eq!(remedy(&connect("mx.example", 25, &late).await.unwrap_err()), "connect.timeout");
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn server(
    issuer: &Issuer,
    names: &[&str],
    years: (i32, i32),
    version: &'static rustls::SupportedProtocolVersion,
) -> Acceptor {
    let mut params = CertificateParams::new(names.iter().map(|&n| n.to_owned()).collect::<Vec<_>>()).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap();
    let config = ServerConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    Acceptor { config: Arc::new(config), end_point: None }
}

/// Trusts the certificates in this file, while it is there.
struct Trusting(PathBuf);

impl Trusting {
    fn new(name: &str, pem: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hongyan-remedies-{}-{name}.pem", std::process::id()));
        std::fs::write(&path, pem).unwrap();
        Self(path)
    }

    fn client(&self) -> Handshake {
        let policy = Policy { roots: Roots::File(self.0.clone()), identity: None };
        Handshake::client(Connector::new(policy), "localhost").unwrap()
    }
}

impl Drop for Trusting {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn tls_failure(error: std::io::Error) -> Failure {
    Failure::io(Stage::StartTls, Kind::Tls, error)
}

#[tokio::test]
async fn certificates() {
    let (ca, other) = (authority("Test CA"), authority("Other CA"));
    let trusting = Trusting::new("ca", &ca.pem());
    for (server, id) in [
        (server(&other, &["localhost"], (2020, 2999), &TLS13), "tls.issuer"),
        (server(&ca, &["localhost"], (2019, 2020), &TLS12), "tls.expired"),
        (server(&ca, &["localhost"], (2998, 2999), &TLS13), "tls.not-yet-valid"),
        (server(&ca, &["mx.example"], (2020, 2999), &TLS13), "tls.name"),
        (server(&ca, &[], (2020, 2999), &TLS12), "tls.name"),
    ] {
        let (ours, theirs) = duplex(1 << 16);
        let mut ours = Connection::new(Link::other(ours), Who::Client).with_tls(trusting.client());
        let mut theirs =
            Connection::new(Link::other(theirs), Who::Server).with_tls(Handshake::Server(server));
        let (shaken, _) = tokio::join!(ours.start_tls(PATIENCE), theirs.start_tls(PATIENCE));
        let failure = tls_failure(shaken.unwrap_err());
        assert_eq!(remedy(&failure), id, "{failure}");
    }
}

#[tokio::test]
async fn what_is_no_tls_and_what_is_no_certificate_file() {
    let trusting = Trusting::new("plain", &authority("Test CA").pem());
    for (answer, patience, id) in [
        (&b"220 mx.example ESMTP\r\n"[..], PATIENCE, "tls.not-tls"),
        (b"", PATIENCE, "tls.cut"),
        (b"\x15\x03\x03\x00\x02\x02\x46", PATIENCE, "tls.version"),
        (b"\x16", Duration::from_millis(50), "tls.cut"),
    ] {
        let (ours, mut theirs) = duplex(1 << 16);
        let mut ours = Connection::new(Link::other(ours), Who::Client).with_tls(trusting.client());
        theirs.write_all(answer).await.unwrap();
        if answer.is_empty() {
            theirs.shutdown().await.unwrap();
        }
        let failure = tls_failure(ours.start_tls(patience).await.unwrap_err());
        assert_eq!(remedy(&failure), id, "{failure}");
    }
    let empty = Trusting::new("empty", "nothing here\n");
    for (path, id) in [(empty.0.clone(), "tls.ca-file"), ("/nowhere.pem".into(), "local.not-found")] {
        let policy = Policy { roots: Roots::File(path), identity: None };
        let failure = tls_failure(Connector::new(policy).config().unwrap_err());
        assert_eq!(remedy(&failure), id, "{failure}");
    }
}
