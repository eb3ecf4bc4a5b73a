//! The octets of a text file as pieces of text in UTF-8.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult};

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::charset::{Charset, LineCount, fill, name};

/// Octets that are read at a time.
const PIECE: usize = 64 << 10;

/// A text file that is being read.
pub(crate) struct Pieces {
    file: File,
    charset: Charset,
    decoder: Decoder,
    octets: Vec<u8>,
    /// `octets[at..full]` is still to be decoded.
    at: usize,
    full: usize,
    last: bool,
    lines: LineCount,
}

impl Pieces {
    /// From the beginning, without the byte order mark.
    pub(crate) fn open(path: &Path, charset: Charset) -> Result<Self, Fault> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(charset.mark as u64))?;
        Ok(Self {
            file,
            charset,
            decoder: charset.encoding.new_decoder_without_bom_handling(),
            octets: vec![0; PIECE],
            at: 0,
            full: 0,
            last: false,
            lines: LineCount::default(),
        })
    }

    /// Appends the next piece to `text`; false where there is none.
    pub(crate) fn next_into(&mut self, text: &mut String) -> Result<bool, Fault> {
        if self.at == self.full {
            if self.last {
                return Ok(false);
            }
            self.full = fill(&mut self.file, &mut self.octets)?;
            self.at = 0;
            self.last = self.full < self.octets.len();
        }
        let from = text.len();
        text.reserve(3 * PIECE + 16);
        let undecoded = &self.octets[self.at..self.full];
        let (result, read) = self.decoder.decode_to_string_without_replacement(undecoded, text, self.last);
        self.at += read;
        let piece = &text.as_bytes()[from..];
        if let Some(nul) = piece.iter().position(|octet| *octet == 0) {
            self.lines.pass(&piece[..nul]);
            return Err(Fault::in_row(self.lines.line(), SheetErrorKind::Nul));
        }
        self.lines.pass(piece);
        match result {
            DecoderResult::InputEmpty => {
                self.at = self.full;
                Ok(true)
            }
            DecoderResult::OutputFull => Ok(true),
            // The charset was proved when the sheet was opened: somebody writes into the file.
            DecoderResult::Malformed(..) => Err(Fault::in_row(
                self.lines.line(),
                SheetErrorKind::NotInCharset { charset: name(self.charset.encoding), looks_like: None },
            )),
        }
    }
}
