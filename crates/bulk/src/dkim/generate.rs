//! Making a key, as PKCS#8 in PEM: what `openssl` reads as well.

use rsa::RsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding, SecretDocument};
use rsa::rand_core::OsRng;

use super::error::KeyError;
use super::key::Algorithm;

/// The smallest RSA key that signs, in bits (RFC 8301 §3.2).
pub const MIN_BITS: usize = 2048;
/// The largest one: its record just fits what the DNS carries.
pub const MAX_BITS: usize = 4096;
/// The size of an RSA key where none is named.
pub const BITS: usize = 2048;

/// A PrivateKeyInfo of Ed25519 (RFC 8410 §7) before its 32 octets.
const ED25519_INFO: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Makes a key; `bits` counts for RSA only. What comes back is a secret: a PEM text that only a file with mode 0600 may
/// hold. An RSA key takes from a tenth of a second to several seconds.
///
/// # Errors
/// A size outside [`MIN_BITS`] to [`MAX_BITS`], or no random numbers.
pub fn generate(algorithm: Algorithm, bits: usize) -> Result<String, KeyError> {
    let pem = match algorithm {
        Algorithm::Rsa if !(MIN_BITS..=MAX_BITS).contains(&bits) => return Err(KeyError::Size { bits }),
        Algorithm::Rsa => {
            let key = RsaPrivateKey::new(&mut OsRng, bits).map_err(|_| KeyError::Random)?;
            key.to_pkcs8_pem(LineEnding::LF).map_err(|error| KeyError::Damaged { why: error.to_string() })?
        }
        Algorithm::Ed25519 => {
            let mut seed = [0; 32];
            getrandom::getrandom(&mut seed).map_err(|_| KeyError::Random)?;
            let info = [&ED25519_INFO[..], &seed[..]].concat();
            SecretDocument::try_from(info)
                .and_then(|document| document.to_pem("PRIVATE KEY", LineEnding::LF))
                .map_err(|error| KeyError::Damaged { why: error.to_string() })?
        }
    };
    Ok(pem.to_string())
}
