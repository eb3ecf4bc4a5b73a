//! Boundaries that cannot occur in the content (RFC 2046 §5.1.1).
//!
//! Each is `=_hy_`, sixteen hex digits that the whole message shares, `_`, and four that count its
//! multiparts. Quoted-printable and base64 never yield `=_`; content that is sent as it is, is searched
//! for such marks, and digits that occur there are not taken. All have one length, so none is the
//! beginning of another.

use super::ComposeError;
use memchr::memmem::Finder;
use std::sync::LazyLock;

const MARK: &[u8] = b"=_hy_";
const DIGITS: usize = 16;
const MARK_LEN: usize = MARK.len() + DIGITS;

/// The most multiparts in one message.
pub const MAX_MULTIPARTS: usize = 0xffff;

/// Content with more marks than this is not sent as it is (it gets a transfer encoding).
const MAX_MARKS: usize = 4096;

static MARK_FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(MARK));

/// The marks in a stream of content, searched chunk by chunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    found: Vec<u64>,
    too_many: bool,
    tail: Vec<u8>,
}

impl Marks {
    /// The marks in a whole content.
    pub(super) fn of(content: &[u8]) -> Self {
        let mut marks = Marks::default();
        marks.search(content);
        marks
    }

    /// Searches the next chunk; a mark may be cut by the end of a chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let border = chunk.len().min(MARK_LEN - 1);
        let mut seam = std::mem::take(&mut self.tail);
        seam.extend_from_slice(&chunk[..border]);
        self.search(&seam);
        if chunk.len() >= MARK_LEN {
            self.search(chunk);
        }
        if chunk.len() > border {
            seam.clear();
            seam.extend_from_slice(&chunk[chunk.len() - (MARK_LEN - 1)..]);
        } else {
            seam.drain(..seam.len().saturating_sub(MARK_LEN - 1));
        }
        self.tail = seam;
    }

    fn search(&mut self, content: &[u8]) {
        for at in MARK_FINDER.find_iter(content) {
            let digits = content.get(at + MARK.len()..at + MARK_LEN);
            if let Some(value) = digits.and_then(hex_value) {
                if self.found.last() == Some(&value) {
                    continue; // the next boundary of the same message
                }
                if self.found.len() == MAX_MARKS {
                    self.too_many = true;
                    return;
                }
                self.found.push(value);
            }
        }
    }

    /// The marks found, or `None` where there are too many to sidestep.
    pub(super) fn found(&self) -> Option<&[u64]> {
        (!self.too_many).then_some(&self.found[..])
    }
}

fn hex_value(digits: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(digits).ok()?;
    if digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return u64::from_str_radix(digits, 16).ok();
    }
    None
}

/// The boundaries of one message, in order.
#[derive(Debug)]
pub(super) struct Boundaries {
    stem: [u8; MARK_LEN],
    used: usize,
}

/// One boundary: `=_hy_0123456789abcdef_0001`.
pub(super) type Boundary = [u8; MARK_LEN + 5];

impl Boundaries {
    /// Boundaries from `seed` that differ from all of `taken`.
    pub(super) fn new(mut seed: u64, taken: &[u64]) -> Self {
        while taken.contains(&seed) {
            seed = seed.wrapping_add(1);
        }
        let mut stem = [0; MARK_LEN];
        stem[..MARK.len()].copy_from_slice(MARK);
        for (i, digit) in stem[MARK.len()..].iter_mut().enumerate() {
            *digit = hex_digit(seed >> (60 - 4 * i));
        }
        Boundaries { stem, used: 0 }
    }

    pub(super) fn next(&mut self) -> Result<Boundary, ComposeError> {
        if self.used == MAX_MULTIPARTS {
            return Err(ComposeError::TooManyMultiparts { limit: MAX_MULTIPARTS });
        }
        self.used += 1;
        let mut boundary = [b'_'; MARK_LEN + 5];
        boundary[..MARK_LEN].copy_from_slice(&self.stem);
        for (i, digit) in boundary[MARK_LEN + 1..].iter_mut().enumerate() {
            *digit = hex_digit(self.used as u64 >> (12 - 4 * i));
        }
        Ok(boundary)
    }
}

fn hex_digit(value: u64) -> u8 {
    b"0123456789abcdef"[(value & 15) as usize]
}

/// A number that a message's fields determine, for boundaries and made-up identifiers. Not
/// cryptographic: what it must not meet is searched for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64);

impl Seed {
    pub(super) fn new() -> Self {
        Seed(0x243f_6a88_85a3_08d3)
    }

    pub(super) fn mix(self, value: u64) -> Self {
        let product = u128::from(self.0 ^ value ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93_u128;
        Seed((product >> 64) as u64 ^ product as u64 ^ self.0.rotate_left(29))
    }

    pub(super) fn mix_bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<8>();
        let seed = words.iter().fold(self, |seed, word| seed.mix(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        seed.mix(u64::from_le_bytes(last)).mix(bytes.len() as u64)
    }

    pub(super) fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boundaries_have_one_length_and_differ() {
        let mut boundaries = Boundaries::new(0x0123_4567_89ab_cdef, &[]);
        assert_eq!(&boundaries.next().unwrap(), b"=_hy_0123456789abcdef_0001");
        assert_eq!(&boundaries.next().unwrap(), b"=_hy_0123456789abcdef_0002");
    }

    #[test]
    fn multiparts_beyond_the_limit_are_an_error() {
        let mut boundaries = Boundaries::new(1, &[]);
        for _ in 0..MAX_MULTIPARTS {
            boundaries.next().unwrap();
        }
        assert!(matches!(boundaries.next(), Err(ComposeError::TooManyMultiparts { .. })));
    }

    #[test]
    fn digits_that_occur_in_the_content_are_not_taken() {
        let content = b"--=_hy_00000000000000ff_0001\r\n--=_hy_0000000000000100_0001";
        let marks = Marks::of(content);
        assert_eq!(marks.found(), Some(&[0xff, 0x100][..]));
        let mut boundaries = Boundaries::new(0xff, marks.found().unwrap());
        assert_eq!(&boundaries.next().unwrap(), b"=_hy_0000000000000101_0001");
    }

    #[test]
    fn too_many_marks_are_told_and_not_kept() {
        let content = |n: usize| (0..n).map(|i| format!("=_hy_{i:016x}")).collect::<String>().into_bytes();
        assert_eq!(Marks::of(&content(MAX_MARKS)).found().map(<[u64]>::len), Some(MAX_MARKS));
        assert_eq!(Marks::of(&content(MAX_MARKS + 1)).found(), None);
    }

    proptest! {
        #[test]
        fn marks_are_found_however_the_content_is_cut(
            values in proptest::collection::vec(any::<u64>(), 0..4),
            filler in "[=_hy0-9a-f-]{0,30}",
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let content: String = values.iter().map(|v| format!("{filler}--=_hy_{v:016x}_0001{filler}")).collect();
            let mut cuts: Vec<usize> = cuts.iter().map(|c| c % (content.len() + 1)).collect();
            cuts.sort_unstable();
            let mut marks = Marks::default();
            let mut start = 0;
            for end in cuts.into_iter().chain([content.len()]) {
                marks.push(&content.as_bytes()[start..end]);
                start = end;
            }
            let mut found = marks.found().unwrap().to_vec();
            let mut whole = Marks::of(content.as_bytes()).found().unwrap().to_vec();
            found.sort_unstable();
            found.dedup();
            whole.sort_unstable();
            whole.dedup();
            prop_assert_eq!(&found, &whole);
            prop_assert!(values.iter().all(|v| found.contains(v)));
        }
    }
}
