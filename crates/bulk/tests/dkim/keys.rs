//! Which keys are taken, and what is said of the others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use hongyan_bulk::campaign;
use hongyan_bulk::dkim::{Algorithm, KeyError, PrivateKey, Record, Signer, generate};

use crate::verifier::Verifier;
use crate::{ED25519, RSA, RSA_PKCS1, TIME};

fn pem(text: &str) -> Result<PrivateKey, KeyError> {
    PrivateKey::from_pem(text)
}

/// The base64 of a PEM file of openssl's.
fn inside(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect()
}

#[test]
fn keys_that_openssl_makes_are_read_and_their_record_is_what_openssl_says() {
    let public = include_str!("keys/rsa-2048.pub.pem");
    for text in [RSA, RSA_PKCS1, &RSA.replace('\n', "\r\n"), &format!("\u{feff}\n{RSA}")] {
        let key = pem(text).unwrap();
        assert_eq!((key.algorithm(), key.public().bits()), (Algorithm::Rsa, 2048));
        let record = Record::new("example.org", "mail", key.public()).unwrap();
        assert_eq!(record.value, format!("v=DKIM1; k=rsa; p={}", inside(public)));
    }
    let key = pem(ED25519).unwrap();
    assert_eq!((key.algorithm(), key.public().bits()), (Algorithm::Ed25519, 256));
    // A SubjectPublicKeyInfo of Ed25519 is 12 octets and the key: 16 characters of base64.
    let public = inside(include_str!("keys/ed25519.pub.pem"));
    let record = Record::new("example.org", "mail", key.public()).unwrap();
    assert_eq!(record.value, format!("v=DKIM1; k=ed25519; p={}", &public[16..]));
}

#[test]
fn other_keys_are_refused_by_what_they_are() {
    let refused = |text: &str| pem(text).unwrap_err();
    assert!(matches!(refused(include_str!("keys/rsa-1024.pem")), KeyError::Size { bits: 1024 }));
    assert!(matches!(refused(include_str!("keys/encrypted.pem")), KeyError::Encrypted));
    assert!(matches!(refused(include_str!("keys/rsa-2048.pub.pem")), KeyError::Public));
    assert!(matches!(refused(include_str!("keys/ec.pem")), KeyError::Kind { .. }));
    assert!(matches!(refused(include_str!("keys/ec-sec1.pem")), KeyError::Kind { .. }));
    for text in ["", "hello", "-----BEGIN PRIVATE KEY-----\n", &RSA[..200]] {
        assert!(matches!(refused(text), KeyError::NotPem), "{text:?}");
    }
    let damaged = RSA_PKCS1.replacen("MIIE", "MIIF", 1);
    assert!(matches!(refused(&damaged), KeyError::Damaged { .. } | KeyError::NotPem));
}

#[test]
fn no_error_and_no_debug_shows_a_key() {
    let key = pem(ED25519).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { algorithm: Ed25519, .. }");
    let secret = inside(RSA);
    for at in (28..1500).step_by(97) {
        let mut text = RSA.to_owned();
        text.replace_range(at + 28..at + 29, "/");
        if let Err(error) = pem(&text) {
            let said = format!("{error:?} {error} {}", error.problem());
            assert!(
                !secret.as_bytes().windows(12).any(|w| said.contains(std::str::from_utf8(w).unwrap())),
                "{said}"
            );
        }
    }
}

#[test]
fn a_key_that_we_make_signs_and_is_ours_alone_to_make() {
    for (algorithm, bits) in [(Algorithm::Rsa, 2048), (Algorithm::Ed25519, 0)] {
        let text = generate(algorithm, bits).unwrap();
        assert_ne!(text, generate(Algorithm::Ed25519, 0).unwrap());
        let signer = Signer::new("example.org", "mail", pem(&text).unwrap()).unwrap();
        let field = signer.sign(b"From: zhang@example.org\r\n", &b"a\r\n"[..], TIME).unwrap();
        let message = format!("{field}From: zhang@example.org\r\n\r\na\r\n");
        assert!(Verifier::new(&signer.record()).passes(message.as_bytes()));
    }
    for bits in [0, 1024, 2047, 4097, usize::MAX] {
        assert!(matches!(generate(Algorithm::Rsa, bits), Err(KeyError::Size { .. })), "{bits}");
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("hongyan-dkim-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_campaign_names_its_key_and_nobody_else_may_read_it() {
    let folder = folder("campaign");
    let path = folder.join("dkim.pem");
    fs::write(&path, ED25519).unwrap();
    let config =
        |key: &str| campaign::Dkim { domain: "Example.org".into(), selector: "mail".into(), key: key.into() };
    for (mode, taken) in [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o602, false)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let signer = Signer::from_config(&config("dkim.pem"), &folder);
        assert_eq!(signer.is_ok(), taken, "{mode:o}");
        match signer {
            Ok(signer) => assert_eq!((signer.domain(), signer.selector()), ("example.org", "mail")),
            Err(error) => assert!(error.problem().next.en.starts_with("chmod 600 "), "{error}"),
        }
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(Signer::from_config(&config(path.to_str().unwrap()), "/nowhere".as_ref()).is_ok());
    let missing = Signer::from_config(&config("missing.pem"), &folder).unwrap_err();
    assert!(missing.problem().next.en.contains("hongyan dkim keygen"), "{missing}");
    fs::remove_dir_all(folder).unwrap();
}
