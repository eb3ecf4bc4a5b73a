//! The examples of the RFCs, octet for octet.

use super::*;

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).expect("the examples are text")
}

/// RFC 2195 §2, both sides.
#[test]
fn rfc_2195_cram_md5() {
    let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
    let response = "tim b913a602c7eda7a495b4e6e7334d3890";
    let credentials = password("tim", "tanstaaftanstaaf");
    let mut exchange =
        Exchange::start("cram-md5", &["CRAM-MD5"], &credentials, Channel::default()).expect("a start");
    assert_eq!(exchange.initial(), None);
    assert_eq!(text(exchange.respond(challenge).expect("a response")), response);
    assert_eq!(exchange.finish(), Ok(()));

    let (user, digest) = cram_md5::parse(response.as_bytes()).expect("a response");
    assert_eq!(user, "tim");
    assert!(cram_md5::verify(&Secret::new("tanstaaftanstaaf"), challenge, digest));
    assert!(!cram_md5::verify(&Secret::new("tanstaaftanstaa"), challenge, digest));
}

struct Scram {
    mechanism: &'static str,
    client_nonce: &'static str,
    server_nonce: &'static str,
    salt: &'static str,
    messages: [&'static str; 4],
}

/// RFC 5802 §5 and RFC 7677 §3.
const SCRAM: [Scram; 2] = [
    Scram {
        mechanism: "SCRAM-SHA-1",
        client_nonce: "fyko+d2lbbFgONRv9qkxdawL",
        server_nonce: "3rfcNHYJY1ZVvWVs7j",
        salt: "QSXCR+Q6sek8bf92",
        messages: [
            "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    },
    Scram {
        mechanism: "SCRAM-SHA-256",
        client_nonce: "rOprNGfwEbeRWgbNEkqO",
        server_nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
        messages: [
            "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    },
];

#[test]
fn rfc_5802_and_rfc_7677_scram_the_client_s_side() {
    for Scram { mechanism, client_nonce, messages, .. } in SCRAM {
        let credentials = password("user", "pencil");
        let nonce = |_| Ok(client_nonce.to_string());
        let mut exchange = Exchange::begin(mechanism, &[mechanism], &credentials, Channel::default(), nonce)
            .expect("a start");
        assert_eq!(exchange.initial().map(text).as_deref(), Some(messages[0]));
        assert_eq!(exchange.respond(messages[1].as_bytes()).map(text).as_deref(), Ok(messages[2]));
        assert_eq!(exchange.finish().map_err(|e| e.reason), Err(Reason::Impostor));
        assert_eq!(exchange.respond(messages[3].as_bytes()).map(text).as_deref(), Ok(""));
        assert_eq!(exchange.finish(), Ok(()));
    }
}

#[test]
fn rfc_5802_and_rfc_7677_scram_the_server_s_side() {
    for Scram { mechanism, server_nonce, salt, messages, .. } in SCRAM {
        let mut acceptor = Acceptor::new(mechanism, &[mechanism], Channel::default(), one("user", "pencil"))
            .expect("a start");
        acceptor.set_scram(server_nonce, &encodify::base64::STANDARD.decode(salt).expect("base64"));
        assert_eq!(acceptor.first(), b"");
        assert_eq!(acceptor.step(messages[0].as_bytes()), Accept::Challenge(messages[1].into()));
        assert_eq!(acceptor.step(messages[2].as_bytes()), Accept::Challenge(messages[3].into()));
        assert_eq!(acceptor.step(b""), Accept::Success { user: "user".into() });
    }
}

/// What a server of SCRAM does not let pass, once the password is right.
#[test]
fn a_scram_server_holds_the_client_to_the_exchange() {
    let Scram { mechanism, server_nonce, salt, messages, .. } = &SCRAM[0];
    let server = |first: &str| {
        let mut acceptor = Acceptor::new(mechanism, &[*mechanism], Channel::default(), one("user", "pencil"))
            .expect("a start");
        acceptor.set_scram(server_nonce, &encodify::base64::STANDARD.decode(salt).expect("base64"));
        let accept = acceptor.step(first.as_bytes());
        (acceptor, accept)
    };
    let refused = |reason| Accept::Refused(SaslError::new(mechanism, reason));

    let (mut acceptor, _) = server(messages[0]);
    let other_nonce = messages[2].replace("ZVvWVs7j,", "ZVvWVs7k,");
    let reason = Reason::Malformed("its nonce is not the one of this exchange");
    assert_eq!(acceptor.step(other_nonce.as_bytes()), refused(reason));

    let (mut acceptor, _) = server(messages[0]);
    acceptor.step(messages[2].as_bytes());
    assert_eq!(acceptor.step(b"more"), refused(Reason::OutOfTurn));

    let (_, as_another) = server("n,a=root,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(as_another, refused(Reason::WrongCredentials));
    let (_, as_oneself) = server("n,a=user,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(as_oneself, Accept::Challenge(messages[1].into()));
}

/// RFC 4616 §4, and what its server does with an authorization identity.
#[test]
fn rfc_4616_plain() {
    let credentials = password("tim", "tanstaaftanstaaf");
    let mut exchange =
        Exchange::start("PLAIN", &["PLAIN"], &credentials, Channel::default()).expect("a start");
    assert_eq!(exchange.initial().as_deref(), Some(&b"\0tim\0tanstaaftanstaaf"[..]));
    assert_eq!(exchange.finish(), Ok(()));
    let read = plain::parse(b"Ursel\0Kurt\0xipj3plmq").expect("three fields");
    assert_eq!(read, plain::Login { authzid: "Ursel", user: "Kurt", password: "xipj3plmq" });
    for (message, accepted) in [(&b"\0Kurt\0xipj3plmq"[..], true), (b"Ursel\0Kurt\0xipj3plmq", false)] {
        let mut acceptor = Acceptor::new("PLAIN", &["PLAIN"], Channel::default(), one("Kurt", "xipj3plmq"))
            .expect("a start");
        assert_eq!(matches!(acceptor.step(message), Accept::Success { .. }), accepted);
    }
}

/// RFC 7628 §4.1 and §4.3.
#[test]
fn rfc_7628_oauthbearer() {
    let credentials = token("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
    let channel = Channel { tls: None, host: "server.example.com", port: 143 };
    let mut exchange =
        Exchange::start("OAUTHBEARER", &["OAUTHBEARER"], &credentials, channel).expect("a start");
    let message = "n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer \
                   vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
    assert_eq!(exchange.initial().map(text).as_deref(), Some(message));
    let refusal = br#"{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}"#;
    assert_eq!(exchange.respond(refusal).map(text).as_deref(), Ok("\x01"));
    assert_eq!(exchange.token_status(), Some("invalid_token"));
    assert_eq!(exchange.finish().map_err(|e| e.reason), Err(Reason::OutOfTurn));
}

/// Google's description of XOAUTH2.
#[test]
fn xoauth2_as_google_describes_it() {
    let credentials = token("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
    let mut exchange =
        Exchange::start("XOAUTH2", &["XOAUTH2"], &credentials, Channel::default()).expect("a start");
    assert_eq!(
        exchange.initial().map(text).as_deref(),
        Some(
            "user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\x01\x01"
        )
    );
    let refusal = br#"{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}"#;
    assert_eq!(exchange.respond(refusal).map(text).as_deref(), Ok(""));
    assert_eq!(exchange.token_status(), Some("401"));
}
