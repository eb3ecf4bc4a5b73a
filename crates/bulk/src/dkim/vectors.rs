//! Signatures that others have made and published, made again: canonical forms, body hash and signature are right if
//! every octet is the same.

use encodify::base64::STANDARD;

use super::fields::{self, Field};
use super::key::PrivateKey;
use super::sign;
use super::{BodyHash, Published};

/// RFC 8463 appendix A.3: what is signed.
const MESSAGE: &str = "\
From: Joe SixPack <joe@football.example.com>\r\n\
To: Suzie Q <suzie@shopping.example.net>\r\n\
Subject: Is dinner ready?\r\n\
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
\r\n\
Hi.\r\n\
\r\n\
We lost the game.  Are you hungry yet?\r\n\
\r\n\
Joe.\r\n";

/// Its Ed25519 signature, up to `b=`.
const UNSIGNED: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
d=football.example.com; i=@football.example.com;\r\n \
q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
subject : date : message-id : from : subject : date;\r\n \
bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
b=";
const SIGNATURE: &str =
    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";

/// Appendix A.1: the seed, as PKCS#8.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
-----END PRIVATE KEY-----\n";
const RECORD: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

#[test]
fn rfc_8463_appendix_a_is_signed_as_published() {
    let (header, body) = MESSAGE.split_once("\r\n\r\n").unwrap();
    let mut hash = BodyHash::new();
    hash.update(body.as_bytes()).unwrap();
    assert_eq!(STANDARD.encode(hash.finish().unwrap()), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");

    let header = format!("{header}\r\n");
    let fields = fields::fields(header.as_bytes()).unwrap();
    let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"];
    let signed: Vec<Field<'_>> = fields::named(&fields, &names);
    let key = PrivateKey::from_pem(KEY).unwrap();
    let signature = key.sign(&sign::canonical(&signed, UNSIGNED).unwrap()).unwrap();
    assert_eq!(STANDARD.encode(signature), SIGNATURE);
    assert_eq!(Published::parse(RECORD).unwrap().differences(key.public()), []);
}

/// Canonical forms as flanker's tests have them: `email.NN` and `relaxed.expected.NN`.
#[test]
fn relaxed_forms_are_those_that_others_publish() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: published canonical forms (set HONGYAN_CORPUS)");
        return;
    };
    let folder = std::path::Path::new(&corpus).join("dkim-auth/mailgun+flanker/dkim");
    let mut compared = 0;
    for number in 0..100 {
        let read = |name: &str| std::fs::read(folder.join(format!("{name}.{number:02}")));
        let (Ok(mail), Ok(expected)) = (read("email"), read("relaxed.expected")) else { continue };
        let mail = String::from_utf8(mail).unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
        let expected = String::from_utf8(expected).unwrap();
        let (header, body) = mail.split_once("\r\n\r\n").unwrap_or((mail.trim_end(), ""));
        let (expected_header, expected_body) = expected.split_once("\r\n\r\n").unwrap();

        let mut canonical = Vec::new();
        let header = format!("{header}\r\n");
        for field in fields::fields(header.as_bytes()).unwrap() {
            fields::relax(field, &mut canonical);
            canonical.extend_from_slice(b"\r\n");
        }
        assert_eq!(String::from_utf8(canonical).unwrap().trim_end(), expected_header, "email.{number:02}");

        let mut hash = BodyHash::new();
        let hashed = hash.update(body.as_bytes()).and_then(|()| hash.finish());
        // A CR within a line does not survive its way: we sign no such body.
        if body.replace("\r\n", "").contains('\r') {
            assert!(hashed.is_err(), "email.{number:02}");
        } else {
            let of = ring::digest::digest(&ring::digest::SHA256, expected_body.as_bytes());
            assert_eq!(hashed.unwrap(), of.as_ref(), "email.{number:02}");
        }
        compared += 1;
    }
    assert!(compared >= 8, "only {compared}");
}
