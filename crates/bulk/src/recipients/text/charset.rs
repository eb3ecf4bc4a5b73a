//! Which charset a text file is in. The whole file is looked at before anything of it is believed: a list in GB18030
//! may well begin with a thousand names in ASCII.
//!
//! A byte order mark decides. Else what is valid UTF-8 is UTF-8: no other charset looks like that by chance. Else a
//! guess that must hold for every octet of the file, GB18030 first among equals. A charset that somebody wrote down is
//! held to the same proof, so that nobody is ever greeted in mojibake.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use super::super::error::SheetErrorKind;
use super::super::grid::Fault;
use super::super::place::Place;

/// How many octets the guesser is given; what it says must then hold for all of the file.
const GUESSED_FROM: usize = 4 << 20;

/// The charset of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charset {
    /// Which one.
    pub(crate) encoding: &'static Encoding,
    /// How many octets of byte order mark stand first.
    pub(crate) mark: usize,
    /// Nobody said so: it was found out, and it is not UTF-8.
    pub(crate) guessed: bool,
}

/// The charset's name for people: `UTF-8`, `GB18030`.
pub(crate) fn name(encoding: &'static Encoding) -> &'static str {
    if encoding == GB18030 { "GB18030" } else { encoding.name() }
}

/// Finds the file's charset, or proves the one that was said.
pub(crate) fn find(path: &Path, said: Option<&str>) -> Result<Charset, Fault> {
    let mut file = File::open(path)?;
    let mut start = [0; 4];
    let seen = fill(&mut file, &mut start)?;
    let marked = Encoding::for_bom(&start[..seen]);
    let said = match said {
        Some(label) => Some(known(label)?),
        None => None,
    };
    match (said, marked) {
        (None, Some((encoding, mark))) => {
            let charset = Charset { encoding, mark, guessed: false };
            prove(&mut file, charset).map(|()| charset)
        }
        (Some(encoding), Some((found, mark))) if encoding == found => {
            let charset = Charset { encoding, mark, guessed: false };
            prove(&mut file, charset).map(|()| charset)
        }
        (Some(encoding), Some((found, _))) => Err(Fault {
            place: Some(Place::row(1)),
            kind: SheetErrorKind::NotInCharset { charset: name(encoding), looks_like: Some(name(found)) },
        }),
        (Some(encoding), None) => {
            let charset = Charset { encoding, mark: 0, guessed: false };
            prove(&mut file, charset)?;
            if encoding != UTF_8 && beyond_ascii_in_utf8(&mut file)? {
                let kind =
                    SheetErrorKind::NotInCharset { charset: name(encoding), looks_like: Some("UTF-8") };
                return Err(Fault::of_file(kind));
            }
            Ok(charset)
        }
        (None, None) => {
            let utf8 = Charset { encoding: UTF_8, mark: 0, guessed: false };
            match malformed(&mut file, utf8)? {
                None => prove(&mut file, utf8).map(|()| utf8),
                Some(_) => guess(&mut file).and_then(|charset| prove(&mut file, charset).map(|()| charset)),
            }
        }
    }
}

fn known(label: &str) -> Result<&'static Encoding, Fault> {
    match Encoding::for_label_no_replacement(label.trim().as_bytes()) {
        // Whoever writes GBK means what Chinese Windows writes, of which GB18030 is the larger form.
        Some(encoding) if encoding == GBK => Ok(GB18030),
        Some(encoding) => Ok(encoding),
        None => Err(Fault::of_file(SheetErrorKind::UnknownCharset(label.to_owned()))),
    }
}

/// Every octet of the file is in the charset, and none is NUL.
fn prove(file: &mut File, charset: Charset) -> Result<(), Fault> {
    let Some(line) = malformed(file, charset)? else { return no_nul(file, charset) };
    let looks_like = if charset.encoding == UTF_8 {
        guess(file).ok().map(|charset| name(charset.encoding))
    } else {
        let utf8 = Charset { encoding: UTF_8, mark: 0, guessed: false };
        malformed(file, utf8)?.is_none().then_some("UTF-8")
    };
    Err(Fault::in_row(line, SheetErrorKind::NotInCharset { charset: name(charset.encoding), looks_like }))
}

/// The charset that the octets are guessed to be in, such that all of them are.
///
/// GB18030 goes first where its pairs of octets are those of everyday Chinese (GB 2312): only then. Western letters and
/// other East Asian charsets fall into its rarer places, and are left to the guesser.
fn guess(file: &mut File) -> Result<Charset, Fault> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let mut pairs = Pairs::default();
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 64 << 10];
    let mut fed = 0;
    loop {
        let count = fill(file, &mut buffer)?;
        // A piece of nothing but ASCII says nothing, so that a file of any length is guessed from its rare names.
        if !buffer[..count].is_ascii() {
            detector.feed(&buffer[..count], false);
            pairs.pass(&buffer[..count]);
            fed += count;
        }
        if count < buffer.len() || fed >= GUESSED_FROM {
            break;
        }
    }
    detector.feed(&[], true);
    let everywhere = detector.guess(None, Utf8Detection::Deny);
    let in_china = detector.guess(Some(b"cn"), Utf8Detection::Deny);
    let candidates =
        if pairs.are_common() { [GB18030, everywhere, in_china] } else { [everywhere, in_china, GB18030] };
    for encoding in candidates {
        let encoding = if encoding == GBK { GB18030 } else { encoding };
        let charset = Charset { encoding, mark: 0, guessed: true };
        if malformed(file, charset)?.is_none() {
            return Ok(charset);
        }
    }
    Err(Fault::of_file(SheetErrorKind::CharsetNotFound))
}

/// Counts the pairs of octets that GB18030 would read, and those of them that GB 2312 has.
#[derive(Debug, Default)]
struct Pairs {
    lead: Option<u8>,
    all: u64,
    common: u64,
}

impl Pairs {
    fn pass(&mut self, octets: &[u8]) {
        for octet in octets {
            match self.lead.take() {
                Some(lead) => {
                    self.all += 1;
                    self.common += u64::from((0xa1..=0xf7).contains(&lead) && *octet >= 0xa1);
                }
                None if *octet >= 0x80 => self.lead = Some(*octet),
                None => {}
            }
        }
    }

    /// Four of five at least.
    fn are_common(&self) -> bool {
        self.common * 5 >= self.all * 4
    }
}

/// The line with the first octets that are not in the charset.
fn malformed(file: &mut File, charset: Charset) -> Result<Option<u64>, Fault> {
    file.seek(SeekFrom::Start(charset.mark as u64))?;
    let mut decoder = charset.encoding.new_decoder_without_bom_handling();
    let mut octets = vec![0; 64 << 10];
    let mut text = vec![0; 256 << 10];
    let mut lines = LineCount::default();
    loop {
        let count = fill(file, &mut octets)?;
        let last = count < octets.len();
        let mut at = 0;
        loop {
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(&octets[at..count], &mut text, last);
            lines.pass(&text[..written]);
            at += read;
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => return Ok(Some(lines.line())),
            }
        }
        if last {
            return Ok(None);
        }
    }
}

/// No NUL octet in a text of bytes. UTF-16 has them by nature; a NUL character there is refused when it is read.
fn no_nul(file: &mut File, charset: Charset) -> Result<(), Fault> {
    if charset.encoding == UTF_16LE || charset.encoding == UTF_16BE {
        return Ok(());
    }
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 64 << 10];
    let mut lines = LineCount::default();
    loop {
        let count = fill(file, &mut buffer)?;
        if let Some(at) = buffer[..count].iter().position(|octet| *octet == 0) {
            lines.pass(&buffer[..at]);
            let around = &buffer[at.saturating_sub(64)..count.min(at + 64)];
            let kind = match utf16_without_mark(around, at.min(64), at) {
                Some(looks_like) => SheetErrorKind::NotInCharset {
                    charset: name(charset.encoding),
                    looks_like: Some(looks_like),
                },
                None => SheetErrorKind::Nul,
            };
            return Err(Fault::in_row(lines.line(), kind));
        }
        lines.pass(&buffer[..count]);
        if count < buffer.len() {
            return Ok(());
        }
    }
}

/// Every second octet is NUL: UTF-16 of Latin letters. `nul` is where the first one stands in `around`, `at` in all.
fn utf16_without_mark(around: &[u8], nul: usize, at: usize) -> Option<&'static str> {
    let of = |parity: usize| {
        around.iter().skip((nul % 2) ^ parity).step_by(2).filter(|octet| **octet == 0).count()
    };
    if around.len() < 8 || of(0) * 4 < around.len() || of(1) > 0 {
        return None;
    }
    Some(if at.is_multiple_of(2) { "UTF-16BE" } else { "UTF-16LE" })
}

/// The file is valid UTF-8 and has characters that are not ASCII.
fn beyond_ascii_in_utf8(file: &mut File) -> Result<bool, Fault> {
    let utf8 = Charset { encoding: UTF_8, mark: 0, guessed: false };
    if malformed(file, utf8)?.is_some() {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = fill(file, &mut buffer)?;
        if !buffer[..count].is_ascii() {
            return Ok(true);
        }
        if count < buffer.len() {
            return Ok(false);
        }
    }
}

/// Reads until the buffer is full or the file ends.
pub(crate) fn fill(file: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Counts lines as editors do: CR LF, LF and a lone CR each end one.
#[derive(Debug, Default)]
pub(crate) struct LineCount {
    ended: u64,
    after_cr: bool,
}

impl LineCount {
    /// Takes what comes next.
    pub(crate) fn pass(&mut self, octets: &[u8]) {
        for octet in octets {
            match octet {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' => self.ended += 1,
                b'\r' => {
                    self.ended += 1;
                    self.after_cr = true;
                }
                _ => self.after_cr = false,
            }
        }
    }

    /// The line of what comes next, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.ended + 1
    }
}
