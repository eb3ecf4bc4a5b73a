//! Whether the write-ahead log beside the file can be trusted, found out before SQLite takes what it likes of it.
//!
//! SQLite reads it up to the first frame whose checksum is wrong and drops the rest without a word. That is right for
//! what a power cut tore: a transaction that nobody was told of, the last one. It is wrong where whole transactions
//! follow, since each was on disk before the next began: then something that was confirmed is damaged.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::lock::beside;
use super::schema::PAGE;
use super::trouble::{Trouble, damaged};

/// What SQLite calls it.
const SUFFIX: &str = "-wal";
/// The header of the file, and that of a frame, in octets.
const HEADER: usize = 32;
const FRAME: usize = 24;
/// How often to look again where a run has begun the log anew meanwhile.
const LOOKS: usize = 5;

/// Whether there is one.
pub(super) fn exists(ledger: &Path) -> io::Result<bool> {
    beside(ledger, SUFFIX).try_exists()
}

/// Refuses one that lost something that was confirmed.
pub(super) fn check(ledger: &Path) -> Result<(), Trouble> {
    let path = beside(ledger, SUFFIX);
    for _ in 0..LOOKS {
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let before = read_header(&mut file)?;
        let Some(header) = before else { return Ok(()) };
        if is_whole(&header, BufReader::with_capacity(1 << 16, &file))? {
            return Ok(());
        }
        file.seek(SeekFrom::Start(0))?;
        if read_header(&mut file)? == before {
            return Err(damaged(
                "its write-ahead log is damaged before the end",
                "其预写日志(-wal 文件)在末尾之前已损坏",
            ));
        }
    }
    // Begun anew each time it was looked at, so somebody is writing, and SQLite has checked it for them.
    Ok(())
}

/// `None` where the log is empty, or was never written to.
fn read_header(file: &mut File) -> io::Result<Option<[u8; HEADER]>> {
    let mut header = [0; HEADER];
    match file.read_exact(&mut header) {
        Ok(()) if header == [0; HEADER] => Ok(None),
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether only the last transaction can be missing.
fn is_whole(header: &[u8; HEADER], mut frames: impl Read) -> io::Result<bool> {
    let magic = word(header, 0, true);
    let big = match magic {
        0x377f_0682 => false,
        0x377f_0683 => true,
        _ => return Ok(false),
    };
    let mut sum = (0, 0);
    add(&mut sum, &header[..24], big);
    if sum != (word(header, 24, true), word(header, 28, true)) || word(header, 8, true) != PAGE as u32 {
        return Ok(false);
    }
    let mut frame = vec![0; FRAME + PAGE];
    let mut torn = false;
    let mut committed = false;
    while read_whole(&mut frames, &mut frame)? {
        // Both numbers change when the log is begun anew, so one that is right is enough to know a frame that is ours.
        let same = frame[8..16] == header[16..24];
        let ours = frame[8..12] == header[16..20] || frame[12..16] == header[20..24];
        if torn && committed && ours {
            return Ok(false);
        }
        if !torn {
            add(&mut sum, &frame[..8], big);
            add(&mut sum, &frame[FRAME..], big);
            torn = !same || sum != (word(&frame, 16, true), word(&frame, 20, true));
        }
        // A frame with the size of the database in it ends a transaction.
        committed |= torn && ours && word(&frame, 4, true) != 0;
    }
    Ok(true)
}

/// `false` where less than that is left.
fn read_whole(from: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// The checksum of the file format (SQLite, "WAL Checksum Algorithm").
fn add(sum: &mut (u32, u32), octets: &[u8], big: bool) {
    for pair in octets.chunks_exact(8) {
        sum.0 = sum.0.wrapping_add(word(pair, 0, big)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(word(pair, 4, big)).wrapping_add(sum.0);
    }
}

fn word(octets: &[u8], at: usize, big: bool) -> u32 {
    let word = [octets[at], octets[at + 1], octets[at + 2], octets[at + 3]];
    if big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}
