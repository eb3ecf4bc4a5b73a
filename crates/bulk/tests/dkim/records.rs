//! The record: how it is written for the DNS, and how what stands there is read and compared.

use hongyan_bulk::dkim::{Algorithm, Difference, PrivateKey, Published, Record, RecordError, generate};
use proptest::prelude::*;

use crate::{ED25519, RSA};

fn record(pem: &str) -> Record {
    Record::new("鸿雁.example", "S1", PrivateKey::from_pem(pem).unwrap().public()).unwrap()
}

#[test]
fn a_record_is_written_as_the_dns_takes_it() {
    let short = record(ED25519);
    assert_eq!(short.host(), "s1._domainkey");
    assert_eq!(short.name(), "s1._domainkey.xn--9n5an1m.example");
    assert_eq!(short.strings(), [short.value.as_str()]);
    assert_eq!(
        short.zone_line(),
        format!("s1._domainkey.xn--9n5an1m.example. 3600 IN TXT \"{}\"", short.value)
    );
    let long = record(RSA);
    assert!(long.strings().iter().all(|string| string.len() <= 255));
    assert_eq!(long.strings().concat(), long.value);
    let (first, second) = (long.strings()[0], long.strings()[1]);
    assert!(long.zone_line().ends_with(&format!("TXT ( \"{first}\" \"{second}\" )")));
}

#[test]
fn a_record_is_found_to_fit_its_key_or_why_it_does_not() {
    let (rsa, ed25519) = (PrivateKey::from_pem(RSA).unwrap(), PrivateKey::from_pem(ED25519).unwrap());
    let value = record(RSA).value;
    let p = value.rsplit_once("p=").unwrap().1.to_owned();
    let other = PrivateKey::from_pem(&generate(Algorithm::Ed25519, 0).unwrap()).unwrap();
    for (text, key, expected) in [
        (value.clone(), &rsa, vec![]),
        (format!("p={p}"), &rsa, vec![]),
        (format!(" v = DKIM1 ; k=rsa;p= {} {} ; ", &p[..40], &p[40..]), &rsa, vec![]),
        (format!("v=DKIM1; n=a note; x_tag=1; p={p}"), &rsa, vec![]),
        (format!("v=DKIM1; h=sha1:sha256; s=email; t=s; p={p}"), &rsa, vec![]),
        (format!("v=DKIM1; t=y; p={p}"), &rsa, vec![Difference::Testing]),
        (
            format!("v=DKIM1; h=sha1; s=tlsrpt; p={p}"),
            &rsa,
            vec![Difference::NoSha256, Difference::NotForMail],
        ),
        ("v=DKIM1; p=".to_owned(), &rsa, vec![Difference::Revoked]),
        (value, &ed25519, vec![Difference::OtherKind]),
        (record(ED25519).value, &ed25519, vec![]),
        (record(ED25519).value, &other, vec![Difference::OtherKey]),
    ] {
        assert_eq!(Published::parse(&text).unwrap().differences(key.public()), expected, "{text}");
    }
}

#[test]
fn an_rsa_public_key_alone_is_read_as_well() {
    // RFC 6376 §3.6.1 by its letter: a SubjectPublicKeyInfo without its first 24 octets is an RSAPublicKey.
    let key = PrivateKey::from_pem(RSA).unwrap();
    let bare = encodify::base64::STANDARD.encode(&key.public().octets()[24..]);
    assert_eq!(Published::parse(&format!("p={bare}")).unwrap().differences(key.public()), []);
}

#[test]
fn what_is_no_record_is_told() {
    let p = record(ED25519).value.rsplit_once("p=").unwrap().1.to_owned();
    let long = format!("v=DKIM1; p={}", "A".repeat(20_000));
    for (text, expected) in [
        ("", RecordError::NotTags),
        ("hello", RecordError::NotTags),
        ("v=spf1 -all", RecordError::Version),
        ("v=DKIM1", RecordError::NoKey),
        ("v=DKIM1; k=rsa; k=rsa; p=", RecordError::Twice("k".into())),
        (&format!("k=ed25519; v=DKIM1; p={p}"), RecordError::Version),
        (&format!("v=DKIM1; k=dsa; p={p}"), RecordError::Kind("dsa".into())),
        (&format!("v=DKIM1; k=ed25519; p={}", &p[..20]), RecordError::BadKey),
        (&format!("v=DKIM1; k=ed25519; p=\"{p}\""), RecordError::BadKey),
        (&format!("v=DKIM1; p={p}"), RecordError::BadKey),
        ("v=DKIM1; p=§", RecordError::BadKey),
        (&long, RecordError::TooLong),
    ] {
        assert_eq!(Published::parse(text).unwrap_err(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn no_record_makes_it_panic(text in ".{0,300}", tags in prop::collection::vec("[vkpthsn]=[ -~]{0,20}", 0..6)) {
        let _ = Published::parse(&text);
        let _ = Published::parse(&tags.join(";"));
    }
}
