//! What proves later which letter was sent, without hashing a megabyte that a million letters share a million times.
//!
//! The fingerprint is SHA-256 over the letter as it is sent, signature and all, but for what is long: in the place of a
//! file that is read while it is sent, of a file in memory above 16 KiB, and of a shared attachment or picture (header,
//! encoding and all) stand the 32 octets of its own SHA-256. A letter that has none of them has the SHA-256 of its octets.
//! The same row, made again from what was frozen, with the same date and offers, has the same fingerprint.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;

use hongyan_mime::compose::{EncodedPart, FileSource, Stretch};
use sha2::{Digest, Sha256};

use super::{Content, Held};

/// The hashes of what all letters share, by where it lies in memory.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<usize, [u8; 32]>);

impl Known {
    pub(super) fn of<'p>(parts: impl Iterator<Item = &'p Arc<EncodedPart>>) -> Self {
        Self(parts.map(|part| (address(part.as_slice()), Sha256::digest(part.as_slice()).into())).collect())
    }

    /// The letter's fingerprint.
    pub(super) fn fingerprint(&self, content: &Content, held: &[Held]) -> io::Result<[u8; 32]> {
        let mut sha256 = Sha256::new();
        for stretch in content.stretches() {
            match stretch {
                Stretch::Written(octets) => sha256.update(octets),
                Stretch::Memory(octets) => match self.0.get(&address(octets)) {
                    Some(known) => sha256.update(known),
                    None => sha256.update(Sha256::digest(octets)),
                },
                Stretch::File(file) => sha256.update(of_file(file, held)?),
            }
        }
        Ok(sha256.finalize().into())
    }
}

fn address(octets: &[u8]) -> usize {
    octets.as_ptr().addr()
}

/// A file's hash: as it was frozen, or read.
fn of_file(file: &FileSource, held: &[Held]) -> io::Result<[u8; 32]> {
    let held = held.iter().find(|held| held.source.path() == file.path());
    if let Some(known) = held.and_then(|held| octets(&held.frozen.as_ref()?.sha256)) {
        return Ok(known);
    }
    const BLOCK: usize = 256 * 1024;
    let mut sha256 = Sha256::new();
    let mut reader = std::fs::File::open(file.path())?;
    let mut block = vec![0; BLOCK];
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(sha256.finalize().into()),
            Ok(read) => sha256.update(&block[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// 64 hexadecimal digits as the octets they stand for.
fn octets(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    let mut octets = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *octet = (digit(0)? << 4 | digit(1)?) as u8;
    }
    Some(octets)
}
