//! Every letter that we sign is verified, and whatever is changed in it is found out.

use std::io::{self, BufReader, Read};

use hongyan_bulk::dkim::{MAX_HEADER, SignError, Signer};
use proptest::prelude::*;

use crate::verifier::{Verifier, ends_in_blanks};
use crate::{ED25519, RSA, TIME, signer};

const HEADER: &str = "\
From: =?utf-8?B?5byg5LiJ?= <zhang@example.org>\r\n\
To: li@example.com,\r\n wang@example.com\r\n\
Subject: =?utf-8?B?5bel6LWE5p2h?=\r\n\
Date: Fri, 20 Nov 2026 09:00:00 +0800\r\n\
Message-ID: <1.00112233@example.org>\r\n\
List-Unsubscribe: <https://example.org/u/abc>,\r\n\t<mailto:leave@example.org?subject=unsubscribe%20abc>\r\n\
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
MIME-Version: 1.0\r\n\
Content-Type: text/plain; charset=utf-8\r\n";

fn signed(signer: &Signer, header: &str, body: &str) -> String {
    let field = signer.sign(header.as_bytes(), body.as_bytes(), TIME).expect("it can be signed");
    format!("{field}{header}\r\n{body}")
}

#[test]
fn letters_of_every_form_are_verified() {
    let long = format!("{}\r\n", "长".repeat(100_000));
    let many = "a line of the body\r\n".repeat(100_000);
    for pem in [RSA, ED25519] {
        let signer = signer(pem);
        let verifier = Verifier::new(&signer.record());
        for (what, header, body) in [
            ("plain", HEADER, "您好\r\n\r\n工资条在附件里。\r\n"),
            ("no body", HEADER, ""),
            ("an empty line", HEADER, "\r\n"),
            ("empty lines only", HEADER, "\r\n\r\n\r\n"),
            ("empty lines at the end", HEADER, "a\r\n\r\n\r\n"),
            ("blanks at the end", HEADER, "a \t\r\n \r\n\tb\t\r\n"),
            ("no line end at the end", HEADER, "a\r\nb"),
            ("runs of blanks", HEADER, "a  b\t\t c\r\n\t d\r\n"),
            ("dots", HEADER, ".\r\n..\r\n.a\r\n"),
            ("a long line", HEADER, &long),
            ("many lines", HEADER, &many),
            ("raw UTF-8 in the header", "From: 张三 <zhang@example.org>\r\nSubject: 工资条\r\n", "a\r\n"),
            (
                "folded everywhere",
                "From:\r\n \r\n zhang@example.org\r\nSubject:\r\n\ta\r\n \tb  \r\n",
                "a\r\n",
            ),
            ("other case and blanks", "FROM:  zhang@example.org \r\nsubJECT:a\r\n", "a\r\n"),
            ("From alone", "From: zhang@example.org\r\n", "a\r\n"),
            (
                "fields that stand twice",
                "To: a@example.org\r\nFrom: b@example.org\r\nTo: c@example.org\r\n",
                "a\r\n",
            ),
        ] {
            let message = signed(&signer, header, body);
            assert!(
                verifier.passes(message.as_bytes()),
                "{what}: {:?}",
                verifier.results(message.as_bytes())
            );
        }
    }
}

#[test]
fn a_change_of_what_is_signed_is_found_out() {
    for pem in [RSA, ED25519] {
        let signer = signer(pem);
        let verifier = Verifier::new(&signer.record());
        let message = signed(&signer, HEADER, "one\r\ntwo\r\n");
        assert!(verifier.passes(message.as_bytes()));
        for (from, to) in [
            ("zhang@example.org", "chang@example.org"),
            ("li@example.com", "lu@example.com"),
            ("5bel6LWE5p2h", "5bel6LWE5p2i"),
            ("09:00:00", "09:00:01"),
            ("<1.00112233", "<2.00112233"),
            ("/u/abc", "/u/abd"),
            ("One-Click\r\nMIME", "Two-Clicks\r\nMIME"),
            ("text/plain", "text/html"),
            ("MIME-Version: 1.0", "MIME-Version: 1.1"),
            ("one\r\n", "one!\r\n"),
            ("two\r\n", "two\r\nthree\r\n"),
            ("one\r\ntwo", "one two"),
            ("t=1790000000", "t=1790000001"),
            // Nothing can be added, on top or below.
            ("From: ", "From: evil@example.net\r\nFrom: "),
            ("MIME-Version", "From: evil@example.net\r\nMIME-Version"),
            ("Date: ", "Subject: evil\r\nDate: "),
            ("From: ", "Reply-To: evil@example.net\r\nFrom: "),
            ("From: ", "Cc: evil@example.net\r\nFrom: "),
            ("From: ", "Content-Type: text/html\r\nFrom: "),
            ("From: ", "List-Unsubscribe: <https://evil.example>\r\nFrom: "),
        ] {
            let at = message.find("\r\nFrom: ").expect("the signature is on top") + 2;
            let (signature, rest) =
                if from.starts_with("t=") { message.split_at(0) } else { message.split_at(at) };
            let changed = format!("{signature}{}", rest.replacen(from, to, 1));
            assert_ne!(changed, message, "{from:?} stands in it");
            assert!(!verifier.passes(changed.as_bytes()), "{from:?} became {to:?}");
        }
    }
}

#[test]
fn what_servers_on_the_way_may_do_does_no_harm() {
    let signer = signer(RSA);
    let verifier = Verifier::new(&signer.record());
    let message = signed(&signer, HEADER, "one\r\ntwo  three\r\n");
    let signature = &message[..message.find("From: ").expect("the header stands below it")];
    let rest = &message[signature.len()..];
    for (what, from, to) in [
        ("an own field", "MIME-Version", "X-Spam: no\r\nMIME-Version"),
        ("folded anew", "To: li@example.com,\r\n wang", "To: li@example.com,\r\n\t  wang"),
        ("blanks in the body", "two  three\r\n", "two three \r\n"),
        ("empty lines at the end", "three\r\n", "three\r\n\r\n\r\n"),
    ] {
        let changed = format!("Received: from a by b; now\r\n{signature}{}", rest.replacen(from, to, 1));
        assert!(changed.contains(to), "{what}");
        assert!(verifier.passes(changed.as_bytes()), "{what}");
    }
}

#[test]
fn the_field_is_as_mail_wants_it_and_always_the_same() {
    for pem in [RSA, ED25519] {
        let signer = signer(pem);
        let sign = || signer.sign(HEADER.as_bytes(), &b"a\r\n"[..], TIME).unwrap();
        let field = sign();
        assert_eq!(field, sign());
        assert!(field.starts_with("DKIM-Signature: v=1; a=") && field.ends_with("\r\n"));
        assert!(field.lines().all(|line| line.len() <= 78 && !line.trim().is_empty()), "{field}");
        assert!(field.lines().skip(1).all(|line| line.starts_with('\t')), "{field}");
        for tag in [
            "c=relaxed/relaxed;",
            "d=example.org;",
            "s=mail;",
            "t=1790000000;",
            "h=From:From:To:To:Cc:Subject:",
        ] {
            assert!(field.replace("\r\n\t", "").contains(tag) || field.contains(tag), "{tag} in {field}");
        }
        assert!(!field.contains(" l=") && !field.contains("\tl="));
    }
}

#[test]
fn a_whole_message_is_signed_the_same_however_it_is_read() {
    let signer = signer(ED25519);
    let message = format!("{HEADER}\r\nbody\r\n\r\nmore\r\n");
    let expected = signer.sign(HEADER.as_bytes(), &b"body\r\n\r\nmore\r\n"[..], TIME).unwrap();
    for size in [1, 2, 3, 7, 64, 8192] {
        let reader = BufReader::with_capacity(size, message.as_bytes());
        assert_eq!(signer.sign_message(reader, TIME).unwrap(), expected, "{size}");
    }
}

#[test]
fn what_cannot_be_signed_is_told() {
    let signer = signer(ED25519);
    let whole = |message: &str| signer.sign_message(message.as_bytes(), TIME).unwrap_err();
    assert!(matches!(whole("From: a\r\n\r\nbare\nline"), SignError::BareBreak { octet: 4 }));
    assert!(matches!(whole("From: a\r\n\r\nbare\rline"), SignError::BareBreak { octet: 4 }));
    assert!(matches!(whole("From: a\nTo: b\r\n\r\n"), SignError::HeaderLine { line: 1 }));
    assert!(matches!(whole("From: a\r\nTo: b\r\n"), SignError::NoEnd));
    assert!(matches!(whole(""), SignError::NoEnd));
    assert!(matches!(whole("\r\nbody"), SignError::NoFrom));
    assert!(matches!(whole("To: a\r\n\r\n"), SignError::NoFrom));
    let endless = BufReader::new(io::repeat(b'x').take(4 * MAX_HEADER as u64));
    assert!(matches!(signer.sign_message(endless, TIME), Err(SignError::HeaderTooLarge)));
}

#[test]
fn an_error_of_the_reader_is_told() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
    let message = BufReader::new((b"From: a\r\n\r\nbody" as &[u8]).chain(Broken));
    let error = signer(ED25519).sign_message(message, TIME).unwrap_err();
    assert!(matches!(error, SignError::Io(error) if error.kind() == io::ErrorKind::InvalidData));
}

/// A header's field: a name that may be signed or not, and a value with folds and blanks.
fn field() -> impl Strategy<Value = String> {
    let name =
        prop_oneof![Just("To"), Just("subject"), Just("CC"), Just("X-Other"), Just("Date"), Just("Reply-To")];
    let piece = prop_oneof![
        Just(" "),
        Just("\t"),
        Just("\r\n "),
        Just("\r\n\t"),
        Just("a"),
        Just("鸿雁"),
        Just("=;:,")
    ];
    (name, prop::collection::vec(piece, 0..8))
        .prop_map(|(name, pieces)| format!("{name}:{}x\r\n", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_letter_is_verified(
        before in prop::collection::vec(field(), 0..6),
        after in prop::collection::vec(field(), 0..6),
        body in prop::collection::vec(
            prop_oneof![Just(" "), Just("\t"), Just("\r\n"), Just("a"), Just("."), Just("鸿雁"), Just("\r\n\r\n")], 0..60),
    ) {
        let mut body = body.concat();
        if !body.ends_with("\r\n") && !body.is_empty() {
            body.push_str("\r\n");
        }
        prop_assume!(!ends_in_blanks(body.as_bytes()));
        let signer = signer(ED25519);
        let header = format!("{}From: zhang@example.org\r\n{}", before.concat(), after.concat());
        let message = signed(&signer, &header, &body);
        let verifier = Verifier::new(&signer.record());
        prop_assert!(verifier.passes(message.as_bytes()), "{:?}", verifier.results(message.as_bytes()));
    }
}
