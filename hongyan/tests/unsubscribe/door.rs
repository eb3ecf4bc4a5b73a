//! Whoever keeps a connection open, opens too many, or speaks TLS.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hongyan::web::door::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::browser::{Server, assert_status, token};

fn limits(connections: usize, milliseconds: u64) -> Limits {
    Limits { connections, lifetime: Duration::from_millis(milliseconds) }
}

#[test]
fn a_guest_who_says_nothing_or_speaks_too_slowly_has_to_go() {
    let server = Server::start_with(false, limits(4, 300), None);
    for begin in ["", "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let began = Instant::now();
        stream.write_all(begin.as_bytes()).unwrap();
        let mut slow = stream.try_clone().unwrap();
        let drip = std::thread::spawn(move || {
            while slow.write_all(b"x").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(began.elapsed() < Duration::from_secs(5), "{begin:?}: {:?}", began.elapsed());
        drop(stream);
        drip.join().unwrap();
    }
}

#[test]
fn those_who_fill_every_place_hold_others_up_only_as_long_as_they_may_stay() {
    let server = Server::start_with(false, limits(2, 500), None);
    let idle: Vec<TcpStream> = (0..6).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    let began = Instant::now();
    assert_status(&server.get(&format!("/u/{}", token(3, "wangwu@example.com")), "en"), 200);
    assert!(began.elapsed() >= Duration::from_millis(400), "the places were taken: {:?}", began.elapsed());
    drop(idle);
}

#[test]
fn the_page_is_served_under_tls_beside_those_who_never_shake_hands() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let server = Server::start_with(false, limits(8, 5_000), Some(TlsAcceptor::from(Arc::new(config))));
    let silent = TcpStream::connect(server.address).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let answer = server.runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let path = format!("/u/{}", token(3, "wangwu@example.com"));
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    assert_status(&answer, 200);
    assert_eq!(server.raw("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").find("HTTP/1.1 200"), None);
    drop(silent);
}
