//! A compound file ([MS-CFB]): streams in chains of sectors. It is held whole while a stream is taken out of it.
//!
//! A chain that runs in a circle or out of the file is damage; no chain is followed further than the file is long.

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::damaged;

/// Sector numbers from here on are marks: free, end of a chain, part of the tables.
const MARKS: u32 = 0xffff_fffa;
/// Octets of a directory's entry.
const ENTRY: usize = 128;

/// A compound file.
pub(super) struct Compound<'d> {
    data: &'d [u8],
    shift: u32,
    next: Vec<u32>,
    mini_next: Vec<u32>,
    mini: Vec<u8>,
    entries: Vec<Entry>,
}

struct Entry {
    name: String,
    start: u32,
    length: usize,
}

impl<'d> Compound<'d> {
    pub(super) fn read(data: &'d [u8]) -> Result<Self, Fault> {
        let shift = u32::from(short(data, 30)?);
        if !(7..=16).contains(&shift) {
            return Err(damaged("its sectors have no size"));
        }
        let mut file = Self {
            data,
            shift,
            next: Vec::new(),
            mini_next: Vec::new(),
            mini: Vec::new(),
            entries: Vec::new(),
        };
        for sector in file.table_sectors()? {
            let sector = file.sector(sector)?;
            file.next.extend(
                sector.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])),
            );
        }
        let directory = file.chain(long(data, 48)?)?;
        let mut root = None;
        for entry in directory.chunks_exact(ENTRY) {
            let units = usize::from(short(entry, 64)?).saturating_sub(2).min(62) / 2;
            let name = entry[..units * 2].chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]]));
            let name = char::decode_utf16(name).map(|c| c.unwrap_or('?')).collect();
            let length = usize::try_from(long(entry, 120)?).unwrap_or(usize::MAX);
            let entry_read = Entry { name, start: long(entry, 116)?, length };
            match entry[66] {
                5 => root = Some(entry_read),
                2 => file.entries.push(entry_read),
                _ => {}
            }
        }
        if let Some(root) = root.filter(|root| root.start < MARKS) {
            file.mini = file.chain(root.start)?;
            let first = long(data, 60)?;
            if first < MARKS {
                let table = file.chain(first)?;
                file.mini_next = table
                    .chunks_exact(4)
                    .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
                    .collect();
            }
        }
        Ok(file)
    }

    /// There is a stream of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// A stream's octets; `None` where there is none of this name.
    pub(super) fn stream(&self, name: &str) -> Result<Option<Vec<u8>>, Fault> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name)) else {
            return Ok(None);
        };
        let small = usize::try_from(long(self.data, 56)?).unwrap_or(0);
        let mut octets =
            if entry.length < small { self.mini_chain(entry.start)? } else { self.chain(entry.start)? };
        octets.truncate(entry.length);
        Ok(Some(octets))
    }

    /// The sectors that hold the table of chains: 109 are named in the header, the others in a chain of their own.
    fn table_sectors(&self) -> Result<Vec<u32>, Fault> {
        let mut sectors = Vec::new();
        for at in 0..109 {
            sectors.push(long(self.data, 76 + 4 * at)?);
        }
        let mut more = long(self.data, 68)?;
        let mut left = self.data.len() >> self.shift;
        while more < MARKS {
            left = left.checked_sub(1).ok_or_else(|| damaged("its table runs in a circle"))?;
            let sector = self.sector(more)?;
            let (names, last) = sector.split_at(sector.len() - 4);
            sectors.extend(
                names.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])),
            );
            more = long(last, 0)?;
        }
        sectors.retain(|sector| *sector < MARKS);
        if sectors.len() > self.data.len() >> self.shift {
            return Err(damaged("its table is longer than the file"));
        }
        Ok(sectors)
    }

    fn sector(&self, number: u32) -> Result<&'d [u8], Fault> {
        let size = 1_usize << self.shift;
        let start = (number as usize + 1) << self.shift;
        // The last one may be cut short.
        let end = start.saturating_add(size).min(self.data.len());
        self.data
            .get(start..end)
            .filter(|sector| sector.len() >= 4)
            .ok_or_else(|| damaged("a sector lies outside of it"))
    }

    fn chain(&self, start: u32) -> Result<Vec<u8>, Fault> {
        let mut octets = Vec::new();
        let mut sector = start;
        while sector < MARKS {
            if octets.len() > self.data.len() {
                return Err(damaged("a chain runs in a circle"));
            }
            octets.extend_from_slice(self.sector(sector)?);
            sector = *self.next.get(sector as usize).ok_or_else(|| damaged("a chain leads nowhere"))?;
        }
        Ok(octets)
    }

    fn mini_chain(&self, start: u32) -> Result<Vec<u8>, Fault> {
        let mut octets = Vec::new();
        let mut sector = start;
        while sector < MARKS {
            if octets.len() > self.mini.len() {
                return Err(damaged("a chain runs in a circle"));
            }
            let at = sector as usize * 64;
            let piece = self.mini.get(at..at.saturating_add(64).min(self.mini.len()));
            octets.extend_from_slice(piece.ok_or_else(|| damaged("a sector lies outside of it"))?);
            sector = *self.mini_next.get(sector as usize).ok_or_else(|| damaged("a chain leads nowhere"))?;
        }
        Ok(octets)
    }
}

/// A workbook that is protected with a password is a compound file around what is encrypted.
pub(super) fn refuse_encrypted(file: &Compound<'_>) -> Result<(), Fault> {
    match file.has("EncryptedPackage") {
        true => Err(Fault::of_file(SheetErrorKind::Encrypted)),
        false => Ok(()),
    }
}

/// Two octets as a number.
pub(super) fn short(data: &[u8], at: usize) -> Result<u16, Fault> {
    let octets = data.get(at..at + 2).ok_or_else(|| damaged("it is cut off"))?;
    Ok(u16::from_le_bytes([octets[0], octets[1]]))
}

/// Four octets as a number.
pub(super) fn long(data: &[u8], at: usize) -> Result<u32, Fault> {
    let octets = data.get(at..at + 4).ok_or_else(|| damaged("it is cut off"))?;
    Ok(u32::from_le_bytes([octets[0], octets[1], octets[2], octets[3]]))
}
