//! Peers that say anything at any step: no panic, no endless work, and never a login that was not earned.

use proptest::prelude::*;

use super::*;

fn exchange(mechanism: &str) -> Exchange {
    let info = TlsInfo { exporter: Some(vec![7; 32]), ..TlsInfo::default() };
    let channel = Channel { tls: Some(&info), host: "mx.example", port: 25 };
    let proof = match mechanism {
        "EXTERNAL" => Proof::Certificate,
        "XOAUTH2" | "OAUTHBEARER" => Proof::Token(Secret::new("pencil")),
        _ => Proof::Password(Secret::new("pencil")),
    };
    let credentials = Credentials { user: "user".into(), proof };
    let nonce = |_| Ok("fyko+d2lbbFgONRv9qkxdawL".into());
    Exchange::begin(mechanism, &SERVER_MECHANISMS, &credentials, channel, nonce).expect("a start")
}

fn acceptor(mechanism: &str) -> Acceptor {
    let info = TlsInfo { exporter: Some(vec![7; 32]), ..TlsInfo::default() };
    let channel = Channel { tls: Some(&info), host: "mx.example", port: 25 };
    let mut acceptor =
        Acceptor::new(mechanism, &SERVER_MECHANISMS, channel, one("user", "pencil")).expect("a start");
    acceptor.set_scram("3rfcNHYJY1ZVvWVs7j", b"a salt");
    acceptor
}

/// Whatever the server says, a client says the password at most as often as the mechanism has it.
const MOST_ANSWERS: usize = 2;

fn mechanism() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&SERVER_MECHANISMS[..])
}

/// Pieces that parsers trip over, joined at random.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(
            &[
                "",
                "r=",
                "s=",
                "i=",
                "v=",
                "e=",
                "m=",
                "n=",
                "c=",
                "p=",
                "a=",
                "n,",
                "y,",
                ",",
                ",,",
                "=",
                "==",
                "=2C",
                "=2",
                "\0",
                "\x01",
                "\x01\x01",
                "user=",
                "auth=Bearer ",
                "{\"status\":",
                "\"status\"",
                "<",
                ">",
                "fyko+d2lbbFgONRv9qkxdawL",
                "3rfcNHYJY1ZVvWVs7j",
                "QSXCR+Q6sek8bf92",
                "1",
                "0",
                "4096",
                "user",
                "p=tls-exporter,,",
                "biws",
                " ",
            ][..]
        )
        .prop_map(|piece: &str| piece.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn a_client_survives_any_server(
        mechanism in mechanism(),
        initial in any::<bool>(),
        challenges in proptest::collection::vec(message(), 0..6),
    ) {
        let mut exchange = exchange(mechanism);
        if initial {
            exchange.initial();
        }
        let answers = challenges.iter().filter(|c| exchange.respond(c).is_ok()).count();
        prop_assert!(answers <= MOST_ANSWERS + usize::from(!initial), "{mechanism}: {answers} answers");
        if mechanism.starts_with("SCRAM") {
            prop_assert!(exchange.finish().is_err(), "a server that does not know the password has proved it");
        }
    }

    #[test]
    fn a_server_survives_any_client(
        mechanism in mechanism(),
        messages in proptest::collection::vec(message(), 0..6),
    ) {
        let mut acceptor = acceptor(mechanism);
        let mut over = false;
        for message in &messages {
            match acceptor.step(message) {
                Accept::Challenge(_) => prop_assert!(!over, "{mechanism} went on after its end"),
                Accept::Refused(_) => over = true,
                Accept::Success { user } => {
                    prop_assert!(!over && mechanism == "EXTERNAL", "{mechanism} let {user} in");
                    over = true;
                }
            }
        }
    }

    #[test]
    fn no_altered_octet_of_a_scram_login_goes_unseen(at in any::<prop::sample::Index>(), flip in 1u8.., step in 0..4usize) {
        let (mut client, mut server) = (exchange("SCRAM-SHA-256-PLUS"), acceptor("SCRAM-SHA-256-PLUS"));
        let mut message = client.initial().expect("client first");
        for now in 0..4 {
            if now == step && !message.is_empty() {
                let at = at.index(message.len());
                message[at] ^= flip;
            }
            message = if now % 2 == 0 {
                match server.step(&message) {
                    Accept::Challenge(challenge) => challenge,
                    Accept::Refused(_) => return Ok(()),
                    Accept::Success { .. } => panic!("too early"),
                }
            } else {
                match client.respond(&message) {
                    Ok(response) => response,
                    Err(_) => return Ok(()),
                }
            };
        }
        prop_assert!(false, "both sides are content");
    }
}

#[test]
fn no_message_cut_short_gets_in() {
    // EXTERNAL's message is a name, and a name cut short is a name.
    for mechanism in SERVER_MECHANISMS.into_iter().filter(|mechanism| *mechanism != "EXTERNAL") {
        let whole = exchange(mechanism).initial().unwrap_or_default();
        for cut in 0..whole.len() {
            let accept = acceptor(mechanism).step(&whole[..cut]);
            assert!(!matches!(accept, Accept::Success { .. }), "{mechanism} {cut}");
            let refused = matches!(accept, Accept::Refused(_));
            assert!(refused || mechanism.starts_with("SCRAM"), "{mechanism} {cut}: {accept:?}");
        }
    }
}

#[test]
fn what_a_server_first_message_may_not_be() {
    use Reason::{Iterations, Malformed, Refused};
    const NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
    let order = Malformed("an attribute is missing or out of order");
    let base64 = Malformed("its base64 is wrong");
    let count = Malformed("its iteration count is no number above 0");
    let nonce = Malformed("its nonce does not continue this side's");
    for (message, reason) in [
        ("", order.clone()),
        ("r=", order.clone()),
        ("r={N}x,s", order.clone()),
        ("r={N}x,s=", base64.clone()),
        ("s=QSXCR+Q6sek8bf92,r={N}x,i=1", order.clone()),
        ("r={N}x,s=QSXCR+Q6sek8bf92", order.clone()),
        ("r={N}x,s=QSXCR+Q6sek8bf9,i=4096", base64.clone()),
        ("r={N}x,s=*,i=4096", base64),
        ("r={N}x,s=QSXCR+Q6sek8bf92,i=", count.clone()),
        ("r={N}x,s=QSXCR+Q6sek8bf92,i=0", count.clone()),
        ("r={N}x,s=QSXCR+Q6sek8bf92,i=-1", count.clone()),
        ("r={N}x,s=QSXCR+Q6sek8bf92,i=04096", count),
        ("r={N}x,s=QSXCR+Q6sek8bf92,i=2000001", Iterations),
        ("r={N}x,s=QSXCR+Q6sek8bf92,i=99999999999999999999999", Iterations),
        ("r={N},s=QSXCR+Q6sek8bf92,i=1", nonce.clone()),
        ("r=fyko+d2lbbFgONRv9qkxdaw,s=QSXCR+Q6sek8bf92,i=1", nonce.clone()),
        ("r=x{N},s=QSXCR+Q6sek8bf92,i=1", nonce.clone()),
        ("r={N}\u{7f},s=QSXCR+Q6sek8bf92,i=1", nonce),
        ("m=x,r={N}x,s=QSXCR+Q6sek8bf92,i=1", Malformed("it demands an extension that nobody has defined")),
        ("e=unknown-user", Refused("unknown-user")),
        ("e=pencil-is-not-it,x=y", Refused("other-error")),
    ] {
        let mut exchange = exchange("SCRAM-SHA-256");
        exchange.initial();
        let error = exchange.respond(message.replace("{N}", NONCE).as_bytes()).expect_err(message);
        assert_eq!(error, SaslError::new("SCRAM-SHA-256", reason), "{message}");
        assert_eq!(exchange.respond(b"").map_err(|e| e.reason), Err(Reason::OutOfTurn), "{message}: over");
    }
}

#[test]
fn an_impostor_is_told_from_the_server() {
    for (last, reason) in [
        (None, Reason::Impostor),
        (Some("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="), Reason::Impostor),
        (Some("v="), Reason::Malformed("its base64 is wrong")),
        (Some("e=invalid-proof"), Reason::Refused("invalid-proof")),
    ] {
        let mut exchange = exchange("SCRAM-SHA-256");
        exchange.initial();
        let first = b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1";
        exchange.respond(first).expect("an honest beginning");
        let error = match last {
            Some(last) => exchange.respond(last.as_bytes()).map(|_| ()),
            None => exchange.finish(),
        };
        assert_eq!(error.map_err(|e| e.reason), Err(reason));
        assert!(exchange.finish().is_err(), "it stays unproved");
    }
}

#[test]
fn a_yes_before_the_exchange_is_over_is_no_yes() {
    for mechanism in SERVER_MECHANISMS {
        let mut exchange = exchange(mechanism);
        assert!(exchange.finish().is_err(), "{mechanism}: nothing was said");
    }
    let mut login = exchange("LOGIN");
    login.respond(b"Username:").expect("the name");
    assert_eq!(login.finish().map_err(|e| e.reason), Err(Reason::OutOfTurn));
}

#[test]
fn odd_but_honest_servers_are_understood() {
    for prompts in [
        [&b"Username:"[..], b"Password:"],
        [b"User Name\0", b"Password\0"],
        [b"", b""],
        [b"\xd3\xc3\xbb\xa7\xc3\xfb:", b"\xc3\xdc\xc2\xeb:"],
    ] {
        let mut login = exchange("LOGIN");
        assert_eq!(login.respond(prompts[0]).as_deref(), Ok(&b"user"[..]));
        assert_eq!(login.respond(prompts[1]).as_deref(), Ok(&b"pencil"[..]));
        assert_eq!(login.finish(), Ok(()));
        assert!(login.respond(b"Password:").is_err(), "asked a third time");
    }
    // The initial response was overlooked: once more, and no more.
    let mut plain = exchange("PLAIN");
    let message = plain.initial().expect("client first");
    assert_eq!(plain.respond(b""), Ok(message));
    assert!(plain.respond(b"").is_err());
    // An extension in the server's first message counts in the proofs of both sides.
    let mut scram = exchange("SCRAM-SHA-256");
    scram.initial();
    let first = b"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1,t=extension";
    assert!(scram.respond(first).is_ok());
}

#[test]
fn messages_past_the_limit_are_refused_unread() {
    for mechanism in SERVER_MECHANISMS {
        let long = vec![b'a'; MAX_MESSAGE + 1];
        let said = exchange(mechanism).respond(&long).map_err(|e| e.reason);
        assert_eq!(said, Err(Reason::TooLong(MAX_MESSAGE + 1)), "{mechanism}");
        let accept = acceptor(mechanism).step(&long);
        let error = SaslError::new(acceptor(mechanism).mechanism(), Reason::TooLong(MAX_MESSAGE + 1));
        assert_eq!(accept, Accept::Refused(error));
    }
}
