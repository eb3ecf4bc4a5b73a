//! Text in a charset on its way into a file.

use std::io::{self, Write};

use encoding_rs::{Encoder, EncoderResult, UTF_16BE, UTF_16LE};

use crate::recipients::text::charset::Charset;

/// Writes text in a charset.
pub(super) struct Encoded<W> {
    out: W,
    way: Way,
    octets: Vec<u8>,
}

enum Way {
    Utf16 { big: bool },
    Other(Encoder),
}

impl<W: Write> Encoded<W> {
    /// Begins with the byte order mark where the sheet has one.
    pub(super) fn new(out: W, charset: Charset) -> io::Result<Self> {
        let way = match charset.encoding {
            encoding if encoding == UTF_16LE => Way::Utf16 { big: false },
            encoding if encoding == UTF_16BE => Way::Utf16 { big: true },
            encoding => Way::Other(encoding.new_encoder()),
        };
        let mut encoded = Self { out, way, octets: Vec::new() };
        if charset.mark > 0 {
            encoded.write("\u{feff}")?;
        }
        Ok(encoded)
    }

    /// Writes a text. A character that the charset does not have becomes `?`; UTF-8, UTF-16 and GB18030 have them all.
    pub(super) fn write(&mut self, mut text: &str) -> io::Result<()> {
        self.octets.clear();
        match &mut self.way {
            Way::Utf16 { big } => {
                for unit in text.encode_utf16() {
                    self.octets.extend(if *big { unit.to_be_bytes() } else { unit.to_le_bytes() });
                }
            }
            Way::Other(encoder) => loop {
                self.octets.reserve(text.len() * 4 + 16);
                let (result, read) =
                    encoder.encode_from_utf8_to_vec_without_replacement(text, &mut self.octets, false);
                text = &text[read..];
                match result {
                    EncoderResult::InputEmpty => break,
                    EncoderResult::OutputFull => {}
                    EncoderResult::Unmappable(_) => self.octets.push(b'?'),
                }
            },
        }
        self.out.write_all(&self.octets)
    }

    /// Hands everything on.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
