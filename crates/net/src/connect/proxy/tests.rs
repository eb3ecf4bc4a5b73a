//! Proxies' names, and both protocols against scripted proxies.

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;

#[test]
fn proxies_are_read_and_never_show_their_login() {
    for (text, shown, login) in [
        ("socks5://127.0.0.1:9050", "socks5://127.0.0.1:9050", None),
        ("SOCKS5h://tor.example", "socks5://tor.example:1080", None),
        ("http://[::1]:3128/", "http://[::1]:3128", None),
        ("http://[::1]", "http://[::1]:8080", None),
        ("http://me:p%40ss%3A@proxy:1", "http://proxy:1", Some(("me", "p@ss:"))),
        ("socks5://me@proxy:1", "socks5://proxy:1", Some(("me", ""))),
    ] {
        let proxy = text.parse::<Proxy>().unwrap();
        assert_eq!((proxy.to_string(), format!("{proxy:?}")), (shown.into(), shown.into()));
        let found = proxy.login.as_ref().map(|login| (login.user.as_str(), login.password.reveal()));
        assert_eq!(found, login, "{text}");
    }
}

#[test]
fn what_names_no_proxy_is_refused_without_repeating_it() {
    let long = format!("socks5://{}:x@host", "u".repeat(256));
    for text in [
        "",
        "127.0.0.1:1080",
        "https://secret@host",
        "socks4://secret@host",
        "http://",
        "http://host:secret",
        "http://secret:%0d%0a@host",
        "http://secret:%f@host",
        "http://a%3asecret:x@host",
        "http://[::1",
        "http://[::1]secret",
        "http://host/secret",
        &long,
    ] {
        let error = text.parse::<Proxy>().unwrap_err().to_string();
        assert!(error.starts_with("not a proxy: ") && !error.contains("secret"), "{text}: {error}");
    }
}

/// Talks to a proxy that expects the first of each pair and answers with the second, octet by octet and
/// all at once. What came of it, and what was left in the link.
async fn ask(proxy: &str, host: &str, script: &[(&[u8], &[u8])]) -> Result<Vec<u8>, Failure> {
    let mut outcomes = Vec::new();
    for drip in [true, false] {
        let (mut ours, mut theirs) = duplex(1 << 16);
        let proxy = proxy.parse::<Proxy>().unwrap();
        let play = async {
            for (expected, answer) in script {
                let mut got = vec![0; expected.len()];
                theirs.read_exact(&mut got).await.unwrap();
                assert_eq!(got.escape_ascii().to_string(), expected.escape_ascii().to_string());
                for piece in answer.chunks(if drip { 1 } else { 1 << 16 }) {
                    theirs.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            }
            theirs.shutdown().await.unwrap();
            theirs
        };
        let (asked, _theirs) = tokio::join!(proxy.ask(&mut ours, host, 25), play);
        let mut left = Vec::new();
        if asked.is_ok() {
            ours.read_to_end(&mut left).await.unwrap();
        }
        outcomes.push(asked.map(|()| left));
    }
    let last = outcomes.pop().unwrap();
    assert_eq!(format!("{:?}", outcomes[0]), format!("{last:?}"), "dripping or not");
    last
}

const GREETING: &[u8] = b"220 mx.example ESMTP\r\n";

#[tokio::test]
async fn socks5_connects_and_leaves_what_the_host_says_for_whom_it_is_meant() {
    let name = [&[5, 1, 0, 3, 10][..], b"mx.example", &[0, 25]].concat();
    let six = [&[5, 1, 0, 4][..], &[0; 15], &[1, 0, 25]].concat();
    for (host, request) in
        [("mx.example", &name[..]), ("127.0.0.1", &[5, 1, 0, 1, 127, 0, 0, 1, 0, 25]), ("::1", &six)]
    {
        for bound in [&[1, 0, 0, 0, 0, 0, 0][..], &[&[4][..], &[0; 18]].concat(), b"\x03\x04name\0\0"] {
            let answer = [&[5, 0, 0][..], bound, GREETING].concat();
            let script = [(&[5, 1, 0][..], &[5, 0][..]), (request, &answer)];
            assert_eq!(ask("socks5://p", host, &script).await.unwrap(), GREETING);
        }
    }
}

#[tokio::test]
async fn socks5_logs_in_where_it_is_asked_to() {
    let request = [5, 1, 0, 1, 127, 0, 0, 1, 0, 25];
    let answer = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let login: &[u8] = b"\x01\x02me\x06secret";
    let offer: &[u8] = &[5, 2, 0, 2];
    let good = [(offer, &[5, 2][..]), (login, &[1, 0]), (&request, &answer)];
    assert!(ask("socks5://me:secret@p", "127.0.0.1", &good).await.is_ok());
    let not_needed = [(offer, &[5, 0][..]), (&request, &answer)];
    assert!(ask("socks5://me:secret@p", "127.0.0.1", &not_needed).await.is_ok());
}

#[tokio::test]
async fn a_proxys_no_is_told_in_words_and_without_the_password() {
    let hello: &[u8] = &[5, 1, 0];
    let request: &[u8] = &[5, 1, 0, 1, 127, 0, 0, 1, 0, 25];
    let offer: &[u8] = &[5, 2, 0, 2];
    let login: &[u8] = b"\x01\x02me\x06secret";
    let ok: &[u8] = &[5, 0];
    let connect: &[u8] = b"CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: 127.0.0.1:25\r\n\r\n";
    let with_login: &[u8] = b"CONNECT 127.0.0.1:25 HTTP/1.1\r\nHost: 127.0.0.1:25\r\n\
        Proxy-Authorization: Basic bWU6c2VjcmV0\r\n\r\n";
    let (socks, socks_me) = ("socks5://p", "socks5://me:secret@p");
    let (http, http_me) = ("http://p", "http://me:secret@p");
    type Script<'a> = &'a [(&'a [u8], &'a [u8])];
    let cases: &[(&str, Script<'_>, Kind, &str)] = &[
        (socks, &[(hello, ok), (request, &[5, 5, 0, 1])], Kind::Unreachable, "the connection was refused"),
        (
            socks,
            &[(hello, ok), (request, &[5, 4, 0, 1])],
            Kind::Unreachable,
            "the host is unreachable or unknown",
        ),
        (socks, &[(hello, ok), (request, &[5, 99, 0, 1])], Kind::Unreachable, "it answered with code 99"),
        (socks, &[(hello, &[5, 255])], Kind::Auth, "it asks for a user name and password"),
        (socks_me, &[(offer, &[5, 2]), (login, &[1, 1])], Kind::Auth, "user name or password is wrong"),
        (socks, &[(hello, b"HT")], Kind::Protocol, "it answered with version 72"),
        (socks, &[(hello, &[5, 2])], Kind::Protocol, "it chose method 2, which was not offered"),
        (
            socks,
            &[(hello, &[5])],
            Kind::Unreachable,
            "closed the connection instead of connecting to 127.0.0.1:25",
        ),
        (
            http,
            &[(connect, b"HTTP/1.1 403 For\x1bbidden\r\n\r\n")],
            Kind::Unreachable,
            "`HTTP/1.1 403 For\\u{1b}bidden`",
        ),
        (http, &[(connect, b"HTTP/1.1 407 Who\r\n\r\n")], Kind::Auth, "it asks for a user name and password"),
        (http_me, &[(with_login, b"HTTP/1.1 407 Who\r\n\r\n")], Kind::Auth, "`HTTP/1.1 407 Who`"),
        (http, &[(connect, b"220 mx.example ESMTP\r\n")], Kind::Protocol, "`220 m`"),
        (http, &[(connect, b"HTTP/2 200 OK\r\n\r\n")], Kind::Protocol, "`HTTP/2 200 OK`"),
        (http, &[(connect, b"HTTP/1.1 200 OK\r\n")], Kind::Unreachable, "closed the connection"),
    ];
    for (proxy, script, kind, words) in cases {
        let failure = ask(proxy, "127.0.0.1", script).await.unwrap_err();
        let text = failure.to_string();
        assert_eq!((failure.stage, failure.kind), (Stage::Connect, *kind), "{text}");
        assert!(text.contains(words) && !text.contains("secret"), "{text}");
    }
    let endless = vec![b'x'; 1 << 15];
    let endless = [&b"HTTP/1.1 200 "[..], &endless].concat();
    let failure = ask(http, "127.0.0.1", &[(connect, &endless[..20_000])]).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Protocol);
    let interim = b"HTTP/1.1 100 wait\r\n\r\n".repeat(20);
    let failure = ask(http, "127.0.0.1", &[(connect, &interim)]).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Protocol);
}

#[tokio::test]
async fn http_connects_and_leaves_what_the_host_says_for_whom_it_is_meant() {
    let request: &[u8] = b"CONNECT [::1]:25 HTTP/1.1\r\nHost: [::1]:25\r\n\r\n";
    for head in [
        &b"HTTP/1.1 200 Connection established\r\n\r\n"[..],
        b"HTTP/1.0 200\r\nContent-Length: 999\r\nX: y\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 bare line ends\n\n",
    ] {
        let answer = [head, GREETING].concat();
        assert_eq!(ask("http://p", "::1", &[(request, &answer)]).await.unwrap(), GREETING);
    }
}
