//! DKIM against an independent verifier (mail-auth), with the record given by hand: no DNS is asked.

mod corpus;
mod keys;
mod letters;
mod records;
mod verifier;

use hongyan_bulk::dkim::{PrivateKey, Signer};

/// RSA of 2048 bits, made by openssl, as PKCS#8 and as PKCS#1.
const RSA: &str = include_str!("keys/rsa-2048.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa-2048-pkcs1.pem");
/// Ed25519, made by openssl.
const ED25519: &str = include_str!("keys/ed25519.pem");

/// When everything here is signed, in seconds since 1970.
const TIME: i64 = 1_790_000_000;

fn signer(pem: &str) -> Signer {
    let key = PrivateKey::from_pem(pem).expect("a key of ours");
    Signer::new("example.org", "mail", key).expect("names that the DNS can hold")
}
