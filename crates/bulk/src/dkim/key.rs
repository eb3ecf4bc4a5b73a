//! The private key: read from a PEM file, signing over `ring`, and its public half in the forms that the DNS knows.
//!
//! Taken are PKCS#8 (`PRIVATE KEY`: RSA, Ed25519) and PKCS#1 (`RSA PRIVATE KEY`). RFC 8301 forbids signatures of RSA
//! keys below 1024 bits and advises 2048; `ring` makes that a rule. A file that everybody can read is refused.

use std::fmt;
use std::io::Read;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::{DecodePublicKey, EncodePublicKey, ObjectIdentifier, PrivateKeyInfo, SecretDocument};
use rsa::traits::PublicKeyParts;

use super::error::{KeyError, SignError};
use super::generate::{MAX_BITS, MIN_BITS};

/// The longest key file, in octets: a key of 4096 bits has 3.3 KB.
pub const MAX_KEY_FILE: u64 = 64 * 1024;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `rsa-sha256` (RFC 6376 §3.3.1): what every receiver knows.
    Rsa,
    /// `ed25519-sha256` (RFC 8463): short and fast; many receivers do not know it yet.
    Ed25519,
}

impl Algorithm {
    /// `a=` of a signature.
    pub const fn signature(self) -> &'static str {
        match self {
            Self::Rsa => "rsa-sha256",
            Self::Ed25519 => "ed25519-sha256",
        }
    }

    /// `k=` of a record.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// What verifies the signatures of a [`PrivateKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    bits: usize,
    /// What a record says of it: equal keys have equal octets.
    octets: Vec<u8>,
}

impl PublicKey {
    /// How its signatures are made.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its size in bits.
    pub const fn bits(&self) -> usize {
        self.bits
    }

    /// What a record says of it (`p=`, before base64): a SubjectPublicKeyInfo for RSA, the 32 octets for Ed25519.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Reads `p=`. RFC 6376 §3.6.1 speaks of an RSAPublicKey, everybody writes a SubjectPublicKeyInfo: both are read.
    pub(super) fn read(algorithm: Algorithm, octets: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Rsa => {
                let key = RsaPublicKey::from_public_key_der(octets)
                    .ok()
                    .or_else(|| RsaPublicKey::from_pkcs1_der(octets).ok())?;
                let info = key.to_public_key_der().ok()?;
                Some(Self { algorithm, bits: key.n().bits(), octets: info.into_vec() })
            }
            Algorithm::Ed25519 => {
                (octets.len() == 32).then(|| Self { algorithm, bits: 256, octets: octets.to_vec() })
            }
        }
    }
}

/// A private key. What it holds is shown nowhere.
pub struct PrivateKey {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Rsa(Box<RsaKeyPair>, SystemRandom),
    Ed25519(Ed25519KeyPair),
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// See [`KeyError`]. On Unix also for a file that everybody may read or write.
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let unreadable = |error| KeyError::Unreadable { path: path.to_owned(), error };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
            if mode & 0o007 != 0 {
                return Err(KeyError::Exposed { path: path.to_owned(), mode });
            }
        }
        let mut text = String::new();
        file.take(MAX_KEY_FILE).read_to_string(&mut text).map_err(unreadable)?;
        Self::from_pem(&text)
    }

    /// Reads PEM text.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, document) = SecretDocument::from_pem(text.trim_start_matches('\u{feff}').trim_start())
            .map_err(|_| KeyError::NotPem)?;
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(document.as_bytes()),
            "RSA PRIVATE KEY" => {
                Self::rsa(RsaKeyPair::from_der(document.as_bytes()), || bits_of_pkcs1(document.as_bytes()))
            }
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Err(KeyError::Public),
            other => Err(KeyError::Kind { label: other.to_owned() }),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self, KeyError> {
        let info = PrivateKeyInfo::try_from(der).map_err(|error| damaged(&error))?;
        match info.algorithm.oid {
            RSA => Self::rsa(RsaKeyPair::from_pkcs8(der), || bits_of_pkcs1(info.private_key)),
            ED25519 => {
                let pair =
                    Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|error| damaged(&error))?;
                let public = public(Algorithm::Ed25519, pair.public_key().as_ref())?;
                Ok(Self { pair: Pair::Ed25519(pair), public })
            }
            other => Err(KeyError::Kind { label: other.to_string() }),
        }
    }

    fn rsa(
        pair: Result<RsaKeyPair, ring::error::KeyRejected>,
        bits: impl Fn() -> Option<usize>,
    ) -> Result<Self, KeyError> {
        let pair = pair.map_err(|error| match bits() {
            Some(bits) if !(MIN_BITS..=MAX_BITS).contains(&bits) => KeyError::Size { bits },
            _ => damaged(&error),
        })?;
        let public = public(Algorithm::Rsa, pair.public_key().as_ref())?;
        Ok(Self { pair: Pair::Rsa(Box::new(pair), SystemRandom::new()), public })
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm
    }

    /// Its public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The signature of what was canonicalised. The same octets have the same signature.
    pub(super) fn sign(&self, canonical: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.pair {
            Pair::Rsa(pair, random) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, random, canonical, &mut signature)
                    .map_err(|_| SignError::Refused)?;
                Ok(signature)
            }
            // RFC 8463 §3: what is signed is the hash.
            Pair::Ed25519(pair) => {
                let hash = ring::digest::digest(&ring::digest::SHA256, canonical);
                Ok(pair.sign(hash.as_ref()).as_ref().to_vec())
            }
        }
    }
}

/// How large the key in an RSAPrivateKey is, to say why it was refused.
fn bits_of_pkcs1(der: &[u8]) -> Option<usize> {
    use rsa::pkcs1::{RsaPrivateKey, UintRef};
    let modulus: UintRef<'_> = RsaPrivateKey::try_from(der).ok()?.modulus;
    let octets = modulus.as_bytes();
    let first = octets.first()?;
    Some(octets.len() * 8 - first.leading_zeros() as usize)
}

fn public(algorithm: Algorithm, octets: &[u8]) -> Result<PublicKey, KeyError> {
    PublicKey::read(algorithm, octets)
        .ok_or_else(|| KeyError::Damaged { why: "its public half cannot be encoded".to_owned() })
}

fn damaged(error: &dyn fmt::Display) -> KeyError {
    KeyError::Damaged { why: error.to_string() }
}
