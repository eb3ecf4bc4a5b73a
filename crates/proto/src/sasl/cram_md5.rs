//! CRAM-MD5 (RFC 2195 §2): the server's challenge, hashed with the password.

use hmac::{Hmac, Mac};
use md5::Md5;

use super::{Reason, Secret, random, same};

const NAME: &str = "CRAM-MD5";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// The client's answer: the name, a space, and the digest in lower-case hexadecimal.
pub(super) fn response(user: &str, password: &Secret, challenge: &[u8]) -> Vec<u8> {
    let mut response = user.as_bytes().to_vec();
    response.push(b' ');
    response.extend(digest(password, challenge));
    response
}

/// A challenge that was never sent before: `<random@host>`.
pub(super) fn challenge(host: &str) -> Result<Vec<u8>, super::SaslError> {
    let mut octets = [0; 16];
    random(NAME, &mut octets)?;
    let number = u128::from_be_bytes(octets);
    Ok(format!("<{number}@{}>", if host.is_empty() { "localhost" } else { host }).into_bytes())
}

/// The name and the digest of a client's answer. The name may hold spaces; the digest does not.
pub(super) fn parse(response: &[u8]) -> Result<(&str, &str), Reason> {
    std::str::from_utf8(response)
        .map_err(|_| Reason::Malformed("it is not UTF-8"))?
        .rsplit_once(' ')
        .filter(|(user, digest)| !user.is_empty() && digest.len() == 32)
        .ok_or(Reason::Malformed("it is not name, space, digest"))
}

/// Whether the digest is the one that this password gives.
pub(super) fn verify(password: &Secret, challenge: &[u8], claimed: &str) -> bool {
    same(&digest(password, challenge), claimed.to_ascii_lowercase().as_bytes())
}

fn digest(password: &Secret, challenge: &[u8]) -> Vec<u8> {
    let mut mac =
        Hmac::<Md5>::new_from_slice(password.reveal().as_bytes()).expect("HMAC takes keys of every length");
    mac.update(challenge);
    let code = mac.finalize().into_bytes();
    code.iter().flat_map(|octet| [octet >> 4, octet & 15]).map(|digit| HEX[usize::from(digit)]).collect()
}
