//! Real mail, signed by us and verified by mail-auth: whatever people write into headers and bodies.

use std::fs;
use std::path::{Path, PathBuf};

use hongyan_bulk::dkim::SignError;

use crate::verifier::{Verifier, ends_in_blanks};
use crate::{ED25519, TIME, signer};

/// The largest mail that is looked at: enough for every kind, and quick.
const LARGEST: u64 = 512 * 1024;

fn mails(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            mails(&path, found);
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "eml") {
            found.push(path);
        }
    }
}

/// Every line ended by CRLF, as a mail is on its way.
fn with_crlf(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + mail.len() / 32);
    let lines = mail.split_inclusive(|octet| *octet == b'\n');
    for line in lines {
        let text = line.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(text.unwrap_or(line));
        if text.is_some() {
            out.extend_from_slice(b"\r\n");
        }
    }
    out
}

#[test]
fn real_mail_is_signed_and_verified() {
    let Some(corpus) = std::env::var_os("HONGYAN_CORPUS") else {
        eprintln!("SKIPPED: real mail (set HONGYAN_CORPUS)");
        return;
    };
    let mut paths = Vec::new();
    mails(Path::new(&corpus), &mut paths);
    let signer = signer(ED25519);
    let verifier = Verifier::new(&signer.record());
    let (mut passed, mut refused, mut failed) = (0, 0, Vec::new());
    for path in paths {
        if fs::metadata(&path).unwrap().len() > LARGEST {
            continue;
        }
        let mail = with_crlf(&fs::read(&path).unwrap());
        match signer.sign_message(&mail[..], TIME) {
            Ok(field) => {
                let message = [field.as_bytes(), &mail].concat();
                let body = memchr::memmem::find(&mail, b"\r\n\r\n").map_or(&mail[..0], |at| &mail[at + 4..]);
                if verifier.passes(&message) {
                    passed += 1;
                } else if !ends_in_blanks(body) {
                    failed.push(format!("{}: {:?}", path.display(), verifier.results(&message).first()));
                }
            }
            Err(SignError::Io(error)) => panic!("{}: {error}", path.display()),
            Err(_) => refused += 1,
        }
    }
    eprintln!("{passed} verified, {refused} not to be signed, {} not verified", failed.len());
    assert!(passed > 100, "only {passed}");
    assert_eq!(failed, Vec::<String>::new());
}
