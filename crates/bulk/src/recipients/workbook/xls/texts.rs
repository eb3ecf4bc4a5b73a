//! Texts in records ([MS-XLS] §2.5.293–294): characters of one octet or two, which may go on in the next record.

use super::super::super::error::SheetErrorKind;
use super::super::super::grid::Fault;
use super::super::super::limits::{Limit, MAX_STRINGS};
use super::super::damaged;

/// The content of a record and of those that continue it.
pub(super) struct Pieces<'s> {
    pieces: Vec<&'s [u8]>,
    piece: usize,
    at: usize,
}

impl<'s> Pieces<'s> {
    pub(super) fn new(pieces: Vec<&'s [u8]>) -> Self {
        Self { pieces, piece: 0, at: 0 }
    }

    /// What is left of the piece at hand; the next one where nothing is.
    fn rest(&mut self) -> Result<&'s [u8], Fault> {
        loop {
            let piece = self.pieces.get(self.piece).ok_or_else(|| damaged("a text is cut off"))?;
            if self.at < piece.len() {
                return Ok(&piece[self.at..]);
            }
            self.piece += 1;
            self.at = 0;
        }
    }

    pub(super) fn octet(&mut self) -> Result<u8, Fault> {
        let octet = self.rest()?[0];
        self.at += 1;
        Ok(octet)
    }

    pub(super) fn short(&mut self) -> Result<u16, Fault> {
        Ok(u16::from_le_bytes([self.octet()?, self.octet()?]))
    }

    pub(super) fn long(&mut self) -> Result<u32, Fault> {
        Ok(u32::from(self.short()?) | u32::from(self.short()?) << 16)
    }

    fn skip(&mut self, mut octets: usize) -> Result<(), Fault> {
        while octets > 0 {
            let step = self.rest()?.len().min(octets);
            self.at += step;
            octets -= step;
        }
        Ok(())
    }

    /// So many characters. Where they go on in another record, that begins by saying how wide they are there.
    pub(super) fn characters(&mut self, count: usize, mut wide: bool) -> Result<String, Fault> {
        let mut units: Vec<u16> = Vec::new();
        while units.len() < count {
            let ended = self.pieces.get(self.piece).is_none_or(|piece| self.at >= piece.len());
            if ended {
                self.piece += 1;
                self.at = 0;
                wide = self.octet()? & 1 == 1;
            }
            let left = count - units.len();
            let rest = self.rest()?;
            if wide {
                let taken = (rest.len() / 2).min(left);
                units
                    .extend(rest.chunks_exact(2).take(taken).map(|two| u16::from_le_bytes([two[0], two[1]])));
                self.at += taken * 2;
                if taken == 0 {
                    return Err(damaged("a character is cut in two"));
                }
            } else {
                let taken = rest.len().min(left);
                units.extend(rest[..taken].iter().map(|octet| u16::from(*octet)));
                self.at += taken;
            }
        }
        Ok(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
    }

    /// A text with its length in two octets; what says how it is set is skipped.
    pub(super) fn text(&mut self) -> Result<String, Fault> {
        let count = usize::from(self.short()?);
        let flags = self.octet()?;
        let runs = if flags & 8 != 0 { usize::from(self.short()?) } else { 0 };
        let extra = if flags & 4 != 0 { self.long()? as usize } else { 0 };
        let text = self.characters(count, flags & 1 == 1)?;
        self.skip(runs * 4)?;
        self.skip(extra)?;
        Ok(text)
    }
}

/// The texts that cells share.
pub(super) fn shared(pieces: Vec<&[u8]>) -> Result<Vec<Box<str>>, Fault> {
    let mut pieces = Pieces::new(pieces);
    let _all = pieces.long()?;
    let different = pieces.long()?;
    let mut texts = Vec::new();
    let mut octets = 0_u64;
    for _ in 0..different {
        let text = pieces.text()?;
        octets += text.len() as u64 + 16;
        if octets > MAX_STRINGS {
            return Err(Fault::of_file(SheetErrorKind::TooLarge(Limit::Strings)));
        }
        texts.push(text.into_boxed_str());
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_on_in_the_next_record_with_another_width() {
        // Five characters: two narrow ones, then three wide ones behind a flag.
        let pieces: Vec<&[u8]> = vec![&[5, 0, 0, b'a', b'b'], &[1, 0x20, 0x5f, 0x09, 0x4e, b'c', 0]];
        assert_eq!(Pieces::new(pieces).text(), Ok("ab张三c".to_owned()));
    }

    #[test]
    fn a_text_that_is_cut_off_is_damage() {
        assert!(Pieces::new(vec![&[5, 0, 0, b'a']]).text().is_err());
        assert!(Pieces::new(vec![&[1, 0, 1, 0x20], &[1]]).text().is_err());
        assert!(shared(vec![&[0, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, b'a']]).is_err());
    }
}
