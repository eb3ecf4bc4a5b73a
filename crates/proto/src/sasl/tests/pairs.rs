//! Client against server, every mechanism: who gets in, who does not, and what each side learns.

use super::*;

/// What the two sides make of each other.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Both are content; the server knows this user.
    In(String),
    /// The client would not even begin, or broke off.
    ClientError(Reason),
    /// The server said no.
    ServerError(Reason),
}

use Outcome::{ClientError, In, ServerError};

/// One side's view of the connection and of what was offered.
#[derive(Clone, Copy)]
struct View<'a> {
    offered: &'a [&'a str],
    channel: Channel<'a>,
}

fn converse(
    mechanism: &str,
    credentials: &Credentials,
    users: Arc<dyn Users>,
    client: View<'_>,
    server: View<'_>,
    initial: bool,
) -> Outcome {
    let mut acceptor = match Acceptor::new(mechanism, server.offered, server.channel, users) {
        Ok(acceptor) => acceptor,
        Err(error) => return ServerError(error.reason),
    };
    let mut exchange = match Exchange::start(mechanism, client.offered, credentials, client.channel) {
        Ok(exchange) => exchange,
        Err(error) => return ClientError(error.reason),
    };
    let first = if initial { exchange.initial() } else { None };
    let mut accept = match first {
        Some(message) => acceptor.step(&message),
        None => Accept::Challenge(acceptor.first()),
    };
    for _ in 0..4 {
        match accept {
            Accept::Challenge(challenge) => match exchange.respond(&challenge) {
                Ok(message) => accept = acceptor.step(&message),
                Err(error) => return ClientError(error.reason),
            },
            Accept::Success { user } => {
                return exchange.finish().map_or_else(|error| ClientError(error.reason), |()| In(user));
            }
            Accept::Refused(error) => return ServerError(error.reason),
        }
    }
    panic!("{mechanism}: no end")
}

fn tls(exporter: Option<&[u8]>, end_point: Option<&[u8]>) -> TlsInfo {
    TlsInfo { exporter: exporter.map(Into::into), end_point: end_point.map(Into::into), ..TlsInfo::default() }
}

/// Both sides see the same, over TLS with everything to bind to.
fn both(mechanism: &str, credentials: &Credentials, users: Arc<dyn Users>, initial: bool) -> Outcome {
    let tls = tls(Some(&[7; 32]), Some(&[9; 32]));
    let view = View {
        offered: &SERVER_MECHANISMS,
        channel: Channel { tls: Some(&tls), host: "mx.example", port: 465 },
    };
    converse(mechanism, credentials, users, view, view, initial)
}

fn proof(mechanism: &str, secret: &str) -> Proof {
    match mechanism {
        "EXTERNAL" => Proof::Certificate,
        "XOAUTH2" | "OAUTHBEARER" => Proof::Token(Secret::new(secret)),
        _ => Proof::Password(Secret::new(secret)),
    }
}

#[test]
fn the_right_secret_gets_in_and_the_wrong_one_does_not_with_and_without_an_initial_response() {
    for mechanism in SERVER_MECHANISMS {
        for initial in [true, false] {
            let run = |user: &str, secret: &str| {
                let credentials = Credentials { user: user.into(), proof: proof(mechanism, secret) };
                both(mechanism, &credentials, one("user@mx.example", "pencil"), initial)
            };
            assert_eq!(run("user@mx.example", "pencil"), In("user@mx.example".into()), "{mechanism}");
            let refused = ServerError(Reason::WrongCredentials);
            assert_eq!(run("other@mx.example", "pencil"), refused, "{mechanism}");
            if mechanism != "EXTERNAL" {
                for wrong in ["pencil2", "penci", "PENCIL", "nobody"] {
                    assert_eq!(run("user@mx.example", wrong), refused, "{mechanism} {wrong}");
                }
                assert_eq!(run("stranger", "nobody"), refused, "{mechanism}: nobody's password");
            }
        }
    }
}

#[test]
fn names_and_passwords_may_be_of_any_script_and_hold_what_the_mechanisms_use_as_marks() {
    for (user, secret) in [
        ("张三", "密码🔑授权码"),
        ("Ærøskøbing", "“ЌύБЇ”"),
        ("a=b,c", "x,y=z,p="),
        ("a b c", " spaces inside "),
        ("=2C=3D", "=2C"),
    ] {
        for mechanism in SERVER_MECHANISMS.into_iter().filter(|m| !matches!(*m, "XOAUTH2" | "OAUTHBEARER")) {
            let credentials = Credentials { user: user.into(), proof: proof(mechanism, secret) };
            assert_eq!(
                both(mechanism, &credentials, one(user, secret), true),
                In(user.into()),
                "{mechanism}"
            );
        }
        for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
            let credentials = Credentials { user: user.into(), proof: proof(mechanism, "a.b-c_d~e+f/g==") };
            let users = one(user, "a.b-c_d~e+f/g==");
            assert_eq!(both(mechanism, &credentials, users, true), In(user.into()), "{mechanism}");
        }
    }
}

/// RFC 4013 §3: the soft hyphen is nothing, the ordinal sign is an `a`.
#[test]
fn scram_passwords_that_saslprep_takes_for_the_same_are_the_same() {
    for (stored, typed) in [("IX", "I\u{ad}X"), ("a", "ª"), ("IX", "Ⅸ"), ("p w", "p\u{a0}w")] {
        for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
            let outcome = both(mechanism, &password("u", typed), one("u", stored), true);
            assert_eq!(outcome, In("u".into()), "{typed}");
        }
    }
}

#[test]
fn credentials_that_a_mechanism_cannot_carry_are_refused_before_anything_is_said() {
    let why = |mechanism: &str, credentials: &Credentials| match both(
        mechanism,
        credentials,
        one("u", "p"),
        true,
    ) {
        ClientError(Reason::Credentials(why)) => why,
        other => panic!("{mechanism}: {other:?}"),
    };
    for mechanism in SERVER_MECHANISMS {
        let with =
            |user: &str, secret: &str| Credentials { user: user.into(), proof: proof(mechanism, secret) };
        assert_eq!(why(mechanism, &with("u\0v", "p")), "the login name holds a control character");
        assert_eq!(why(mechanism, &with("u\r\nv", "p")), "the login name holds a control character");
        assert_eq!(why(mechanism, &with("u\x01auth=", "p")), "the login name holds a control character");
        if mechanism != "EXTERNAL" {
            assert_eq!(why(mechanism, &with("", "p")), "the login name is empty");
            assert_eq!(why(mechanism, &with("u", "")), "the password or token is empty");
            let other = Credentials { user: "u".into(), proof: Proof::Certificate };
            assert_eq!(why(mechanism, &other), "it takes another kind of credentials");
        }
        match with("u", "p").proof {
            Proof::Password(_) => {
                assert_eq!(why(mechanism, &with("u", "p\0q")), "the password holds a line break or NUL");
                assert_eq!(why(mechanism, &with("u", "p\n")), "the password holds a line break or NUL");
            }
            Proof::Token(_) => {
                for wrong in ["t\x01", "t u", "t\n", "密"] {
                    let expected = "the token holds what no token holds (RFC 6750)";
                    assert_eq!(why(mechanism, &with("u", wrong)), expected);
                }
            }
            Proof::Certificate => {
                assert_eq!(why(mechanism, &password("u", "p")), "it takes another kind of credentials");
            }
        }
    }
}

#[test]
fn an_empty_name_with_a_certificate_means_whoever_the_certificate_names() {
    let credentials = Credentials { user: String::new(), proof: Proof::Certificate };
    for initial in [true, false] {
        assert_eq!(both("EXTERNAL", &credentials, one("u", ""), initial), In("u".into()));
    }
}

#[test]
fn channel_binding_holds_only_within_one_tls_session() {
    let (a, b) = (&[1; 32][..], &[2; 32][..]);
    let refused = |value| ServerError(Reason::Refused(value));
    for mechanism in ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"] {
        for (rule, client, server, outcome) in [
            ("the same session", tls(Some(a), Some(b)), tls(Some(a), Some(b)), In("u".into())),
            ("the same certificate", tls(None, Some(b)), tls(None, Some(b)), In("u".into())),
            ("the server can bind more ways", tls(None, Some(b)), tls(Some(a), Some(b)), In("u".into())),
            (
                "somebody between, with a certificate of the same name",
                tls(Some(b), None),
                tls(Some(a), None),
                refused("channel-bindings-dont-match"),
            ),
            (
                "another certificate",
                tls(None, Some(a)),
                tls(None, Some(b)),
                refused("channel-bindings-dont-match"),
            ),
            (
                "the server cannot bind that way",
                tls(Some(a), None),
                tls(None, Some(b)),
                refused("unsupported-channel-binding-type"),
            ),
            ("the client has nothing", tls(None, None), tls(Some(a), None), ClientError(Reason::NoBinding)),
            ("the server has nothing", tls(Some(a), None), tls(None, None), ServerError(Reason::NoBinding)),
        ] {
            let view = |tls| View {
                offered: &SERVER_MECHANISMS,
                channel: Channel { tls: Some(tls), ..Channel::default() },
            };
            let users = one("u", "p");
            let seen = converse(mechanism, &password("u", "p"), users, view(&client), view(&server), true);
            assert_eq!(seen, outcome, "{mechanism}: {rule}");
        }
    }
}

#[test]
fn taking_the_binding_off_the_list_is_seen_by_the_server() {
    let info = tls(Some(&[1; 32]), None);
    let (bound, plain) = (Channel { tls: Some(&info), ..Channel::default() }, Channel::default());
    let (whole, cut) = (&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"][..], &["SCRAM-SHA-256"][..]);
    for (rule, client, server, flag, outcome) in [
        ("nobody can bind", (cut, plain), (cut, plain), "n,,", In("u".into())),
        ("only the client can", (cut, bound), (cut, plain), "y,,", In("u".into())),
        ("only the server can", (whole, plain), (whole, bound), "n,,", In("u".into())),
        ("both can and do without", (whole, bound), (whole, bound), "n,,", In("u".into())),
        (
            "both can, and the client was told otherwise",
            (cut, bound),
            (whole, bound),
            "y,,",
            ServerError(Reason::Refused("server-does-support-channel-binding")),
        ),
    ] {
        let credentials = password("u", "p");
        let mut exchange =
            Exchange::start("SCRAM-SHA-256", client.0, &credentials, client.1).expect("a start");
        assert!(exchange.initial().expect("client first").starts_with(flag.as_bytes()), "{rule}");
        let view = |(offered, channel)| View { offered, channel };
        let seen = converse("SCRAM-SHA-256", &credentials, one("u", "p"), view(client), view(server), true);
        assert_eq!(seen, outcome, "{rule}");
    }
}

#[test]
fn mechanisms_are_tried_strongest_first_and_only_where_they_fit() {
    let info = tls(None, Some(&[1; 32]));
    let bound = Channel { tls: Some(&info), ..Channel::default() };
    let offered = [
        "login",
        "PLAIN",
        "CRAM-MD5",
        "XOAUTH2",
        "scram-sha-256",
        "SCRAM-SHA-1",
        "NTLM",
        "SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-1-PLUS",
        "OAUTHBEARER",
        "EXTERNAL",
    ];
    let certificate = Credentials { user: "u".into(), proof: Proof::Certificate };
    let with_password = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];
    let with_binding = [&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"][..], &with_password].concat();
    for (credentials, channel, expected) in [
        (&password("u", "p"), bound, &with_binding[..]),
        (&password("u", "p"), Channel::default(), &with_password),
        (&token("u", "t"), bound, &["OAUTHBEARER", "XOAUTH2"]),
        (&certificate, bound, &["EXTERNAL"]),
    ] {
        assert_eq!(mechanisms(&offered, credentials, channel), expected);
        for mechanism in expected {
            assert!(Exchange::start(mechanism, &offered, credentials, channel).is_ok(), "{mechanism}");
        }
    }
    assert!(mechanisms(&["NTLM", "GSSAPI", ""], &password("u", "p"), bound).is_empty());
    assert_eq!(server_mechanisms(bound), SERVER_MECHANISMS);
    let unbound: Vec<_> = SERVER_MECHANISMS.into_iter().filter(|m| !m.ends_with("-PLUS")).collect();
    assert_eq!(server_mechanisms(Channel::default()), unbound);
    let plaintext: Vec<_> = SERVER_MECHANISMS.into_iter().filter(|m| is_plaintext(m)).collect();
    assert_eq!(plaintext, ["OAUTHBEARER", "XOAUTH2", "PLAIN", "LOGIN"]);
    assert!(is_plaintext("X-UNKNOWN"), "what is not known is not trusted");
}

#[test]
fn a_server_speaks_only_what_it_offered() {
    let error = |mechanism: &str| {
        Acceptor::new(mechanism, &["PLAIN"], Channel::default(), one("u", "p"))
            .map(|_| ())
            .map_err(|e| e.reason)
    };
    assert_eq!(error("plain"), Ok(()));
    assert_eq!(error("LOGIN"), Err(Reason::Unknown));
    assert_eq!(error("NTLM"), Err(Reason::Unknown));
}

#[test]
fn nothing_shows_a_secret() {
    const SECRET: &str = "pencil-of-the-secret";
    for mechanism in SERVER_MECHANISMS {
        let info = tls(Some(&[7; 32]), None);
        let channel = Channel { tls: Some(&info), host: "mx.example", port: 25 };
        let credentials = Credentials { user: "u".into(), proof: proof(mechanism, SECRET) };
        let mut exchange =
            Exchange::start(mechanism, &SERVER_MECHANISMS, &credentials, channel).expect("a start");
        let mut acceptor =
            Acceptor::new(mechanism, &SERVER_MECHANISMS, channel, one("u", SECRET)).expect("a start");
        let mut shown = format!("{credentials:?} {exchange:?} {acceptor:?}");
        let message = exchange.initial().unwrap_or_default();
        let accept = acceptor.step(&message);
        shown.push_str(&format!("{accept:?} {exchange:?} {acceptor:?}"));
        let garbage = [SECRET.as_bytes(), b"\0,=", SECRET.as_bytes()].concat();
        for _ in 0..3 {
            let (said, accept) =
                (exchange.respond(&garbage).map(|octets| octets.len()), acceptor.step(&garbage));
            shown.push_str(&format!("{said:?} {accept:?} {exchange:?} {acceptor:?} {:?}", exchange.finish()));
            shown.extend(said.err().map(|error| error.to_string()));
        }
        assert!(!shown.contains(SECRET), "{mechanism}: {shown}");
    }
}
