//! What both sides of SCRAM share (RFC 5802 §3, RFC 7677): hashes, keys, names, nonces.

pub(super) mod client;
pub(super) mod server;

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{Reason, SaslError, Secret, prepared, random};

/// The most rounds of PBKDF2 that a server may ask of a client: half a second of work on a processor with
/// SHA instructions, so that a hostile server cannot burn hours. The highest counts advised in 2026 are 1.3
/// million for SHA-1 and 600,000 for SHA-256; RFC 7677 §4 asks for at least 4,096.
///
/// There is no least number: what a low count gives away to a listener or an impostor, CRAM-MD5 gives away
/// too, and PLAIN all of it.
pub const MAX_ITERATIONS: u32 = 2_000_000;

/// The rounds that a server here asks for: the least that RFC 7677 §4 allows, since it keeps no hashes.
const SERVER_ITERATIONS: u32 = 4096;

/// The hash under a SCRAM mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sasl) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// HMAC over the parts, joined (RFC 5802 §2.2).
    fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        match self {
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, parts),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, parts),
        }
    }

    fn digest(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }

    /// `Hi()`: PBKDF2 with one block of output (RFC 5802 §2.2).
    fn salted(self, password: &Secret, salt: &[u8], iterations: u32) -> Vec<u8> {
        let password = prepared(password.reveal());
        match self {
            Self::Sha1 => pbkdf2::<Hmac<Sha1>>(password.as_bytes(), salt, iterations),
            Self::Sha256 => pbkdf2::<Hmac<Sha256>>(password.as_bytes(), salt, iterations),
        }
    }
}

fn keyed<M: Mac + hmac::digest::KeyInit>(key: &[u8]) -> M {
    <M as Mac>::new_from_slice(key).expect("HMAC takes keys of every length")
}

fn hmac<M: Mac + hmac::digest::KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac: M = keyed(key);
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn pbkdf2<M: Mac + hmac::digest::KeyInit + Clone>(password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
    let keyed: M = keyed(password);
    let mut round = keyed.clone().chain_update(salt).chain_update(1u32.to_be_bytes()).finalize().into_bytes();
    let mut salted = round.clone();
    for _ in 1..iterations {
        round = keyed.clone().chain_update(&round).finalize().into_bytes();
        salted.iter_mut().zip(&round).for_each(|(a, b)| *a ^= b);
    }
    salted.to_vec()
}

/// The octets that prove one side to the other (RFC 5802 §3).
struct Proofs {
    client_key: Vec<u8>,
    client_signature: Vec<u8>,
    server_signature: Vec<u8>,
}

impl Proofs {
    fn new(hash: Hash, salted: &[u8], auth_message: &[&[u8]]) -> Self {
        let client_key = hash.hmac(salted, &[b"Client Key"]);
        let server_key = hash.hmac(salted, &[b"Server Key"]);
        Self {
            client_signature: hash.hmac(&hash.digest(&client_key), auth_message),
            server_signature: hash.hmac(&server_key, auth_message),
            client_key,
        }
    }

    fn client_proof(&self) -> Vec<u8> {
        self.client_key.iter().zip(&self.client_signature).map(|(a, b)| a ^ b).collect()
    }
}

/// A name as it stands in a message: `,` and `=` escaped (RFC 5802 §5.1).
pub(super) fn escape_name(name: &str) -> Cow<'_, str> {
    if name.contains([',', '=']) { name.replace('=', "=3D").replace(',', "=2C").into() } else { name.into() }
}

/// The name behind an escaped one, unless the escapes are wrong.
pub(super) fn unescape_name(escaped: &str) -> Option<String> {
    let mut pieces = escaped.split('=');
    let mut name = pieces.next()?.to_string();
    for piece in pieces {
        let (escape, rest) = piece.split_at_checked(2)?;
        name.push(match escape {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        name.push_str(rest);
    }
    Some(name)
}

/// A fresh nonce: 24 letters, 144 bits.
pub(super) fn nonce(mechanism: &'static str) -> Result<String, SaslError> {
    let mut octets = [0; 18];
    random(mechanism, &mut octets)?;
    Ok(encodify::base64::STANDARD.encode(octets))
}

/// Whether a nonce keeps to RFC 5802 §7: printable ASCII without commas, and some.
fn is_nonce(nonce: &str) -> bool {
    !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_graphic() && b != b',')
}

/// The value of the next attribute, which must be `name`.
fn attribute<'a>(attributes: &mut std::str::Split<'a, char>, name: &str) -> Result<&'a str, Reason> {
    attributes
        .next()
        .and_then(|attribute| attribute.strip_prefix(name)?.strip_prefix('='))
        .ok_or(Reason::Malformed("an attribute is missing or out of order"))
}

fn decode(base64: &str) -> Result<Vec<u8>, Reason> {
    encodify::base64::STANDARD
        .decode(base64)
        .ok()
        .filter(|octets| !octets.is_empty())
        .ok_or(Reason::Malformed("its base64 is wrong"))
}
