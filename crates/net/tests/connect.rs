//! Connecting for real, on the loopback.

use std::time::Duration;

use hongyan_net::connect::{Proxy, Route, connect};
use hongyan_proto::outcome::{Kind, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A port where nobody listens.
async fn closed_port() -> u16 {
    listener().await.1
}

#[tokio::test]
async fn names_and_addresses_lead_to_a_listener_and_nagle_is_off() {
    let (_listener, port) = listener().await;
    for host in ["127.0.0.1", "localhost"] {
        let reached = connect(host, port, &Route::default()).await.unwrap();
        assert_eq!(reached.place, format!("127.0.0.1:{port}"));
        let hongyan_net::Link::Plain(hongyan_net::link::Plain::Tcp(stream)) = reached.stream.into() else {
            panic!("a TCP link");
        };
        assert!(TcpStream::nodelay(&stream).unwrap());
    }
}

#[tokio::test]
async fn what_does_not_answer_is_named_with_its_reason() {
    let port = closed_port().await;
    for (host, place) in [("127.0.0.1", format!("127.0.0.1:{port}")), ("[::1]", format!("[::1]:{port}"))] {
        let failure = connect(host, port, &Route::default()).await.unwrap_err();
        assert_eq!((failure.stage, failure.kind), (Stage::Connect, Kind::Unreachable));
        let text = failure.to_string();
        assert!(text.contains(&place) && !text.contains("os error"), "{text}");
    }
}

#[tokio::test]
async fn what_is_no_host_is_refused_before_anything_is_asked() {
    for host in ["", "[]", "a b", "a\r\nb", "a\0b"] {
        let failure = connect(host, 25, &Route::default()).await.unwrap_err();
        assert_eq!((failure.stage, failure.kind), (Stage::Resolve, Kind::Local), "{host:?}");
    }
    let failure = connect("no-such-host.invalid", 25, &Route::default()).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Resolve, Kind::Unreachable));
    assert!(failure.to_string().contains("no-such-host.invalid"), "{failure}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_says_nothing_is_told_as_the_proxy() {
    let port = closed_port().await;
    let route = |port, total| Route {
        proxy: Some(format!("socks5://127.0.0.1:{port}").parse::<Proxy>().unwrap()),
        total,
        ..Route::default()
    };
    let failure = connect("mx.example", 25, &route(port, Duration::from_secs(20))).await.unwrap_err();
    let text = failure.to_string();
    assert!(text.contains(&format!("the proxy socks5://127.0.0.1:{port}")), "{text}");
    let (_silent, port) = listener().await;
    let failure = connect("mx.example", 25, &route(port, Duration::from_millis(50))).await.unwrap_err();
    assert_eq!((failure.stage, failure.kind), (Stage::Connect, Kind::Timeout));
}

#[tokio::test]
async fn through_a_proxy_the_host_is_never_looked_up_here() {
    let (listener, port) = listener().await;
    let proxy = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n220 hello\r\n").await.unwrap();
        String::from_utf8(head).unwrap()
    };
    let route =
        Route { proxy: Some(format!("http://127.0.0.1:{port}").parse().unwrap()), ..Route::default() };
    let (reached, head) = tokio::join!(connect("bücher.invalid", 25, &route), proxy);
    let mut reached = reached.unwrap();
    assert!(head.starts_with("CONNECT xn--bcher-kva.invalid:25 HTTP/1.1\r\n"), "{head}");
    assert_eq!(reached.place, format!("xn--bcher-kva.invalid:25 through http://127.0.0.1:{port}"));
    let mut greeting = String::new();
    reached.stream.read_to_string(&mut greeting).await.unwrap();
    assert_eq!(greeting, "220 hello\r\n");
}
