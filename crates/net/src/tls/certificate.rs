//! The little of X.509 (RFC 5280 §4.1) that is read here: who issued a certificate, to whom, and how it
//! was signed. What counts as valid is decided by the verifier, never here.

use sha2::{Digest, Sha256, Sha384, Sha512};

/// SHA-384 and SHA-512 in the object identifiers of signature algorithms (RFC 5758, RFC 4055); the dotted
/// form stands beside each.
const WITH_SHA384: &[&[u8]] = &[
    b"\x2a\x86\x48\xce\x3d\x04\x03\x03",     // 1.2.840.10045.4.3.3 ecdsa
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", // 1.2.840.113549.1.1.12 RSA
];
const WITH_SHA512: &[&[u8]] = &[
    b"\x2a\x86\x48\xce\x3d\x04\x03\x04",     // 1.2.840.10045.4.3.4 ecdsa
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", // 1.2.840.113549.1.1.13 RSA
];
/// 1.2.840.113549.1.1.10, whose parameters name the hash.
const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02"; // 2.16.840.1.101.3.4.2.2
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03"; // 2.16.840.1.101.3.4.2.3
/// 1.3.101.112 and 1.3.101.113, which sign without hashing first.
const EDDSA: &[&[u8]] = &[b"\x2b\x65\x70", b"\x2b\x65\x71"];
/// 2.5.4.3 and 2.5.4.10.
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const ORGANIZATION: &[u8] = b"\x55\x04\x0a";

const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;

/// The `tls-server-end-point` channel binding of a server with this certificate (RFC 5929 §4.1): its hash
/// by the algorithm that it was signed with, SHA-256 at least. `None` where that is not defined.
pub fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, body, _) = element(certificate)?;
    let (_, _, behind) = element(body)?;
    let (_, algorithm, _) = element(behind)?;
    let (_, oid, parameters) = element(algorithm)?;
    let holds = |hash: &[u8]| parameters.windows(hash.len()).any(|w| w == hash);
    if EDDSA.contains(&oid) {
        None
    } else if WITH_SHA384.contains(&oid) || oid == RSA_PSS && holds(SHA384) {
        Some(Sha384::digest(certificate).to_vec())
    } else if WITH_SHA512.contains(&oid) || oid == RSA_PSS && holds(SHA512) {
        Some(Sha512::digest(certificate).to_vec())
    } else {
        Some(Sha256::digest(certificate).to_vec())
    }
}

/// Who issued a certificate, in words; `None` where it was issued by its own subject.
pub(super) fn issuer(certificate: &[u8]) -> Option<Option<String>> {
    let (_, body, _) = element(certificate)?;
    let (_, mut rest, _) = element(body)?;
    // An optional [0] version, then the serial number, then the signature algorithm.
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    rest = element(element(rest)?.2)?.2;
    let (_, issuer, rest) = element(rest)?;
    let (_, _validity, rest) = element(rest)?;
    let (_, subject, _) = element(rest)?;
    Some((issuer != subject).then(|| name(issuer)))
}

/// The common name in a Name, else the organization, else what can be said without them.
fn name(mut relative_names: &[u8]) -> String {
    let (mut common, mut organization) = (None, None);
    while let Some((_, set, rest)) = element(relative_names) {
        relative_names = rest;
        if let Some((SEQUENCE, attribute, _)) = element(set)
            && let Some((OID, kind, value)) = element(attribute)
            && let Some((_, value, _)) = element(value)
        {
            match kind {
                COMMON_NAME => common = Some(value),
                ORGANIZATION => organization = Some(value),
                _ => {}
            }
        }
    }
    let mut text = String::new();
    match common.or(organization) {
        Some(value) => hongyan_proto::transcript::escape(value, &mut text),
        None => text.push_str("somebody without a name"),
    }
    text
}

/// A DER element: its tag, its value, and what follows it.
fn element(input: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = input.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |len, &octet| len << 8 | usize::from(octet)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(len)?;
    Some((tag, value, rest))
}
