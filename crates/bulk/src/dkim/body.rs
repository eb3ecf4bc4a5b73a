//! The hash of a body in the `relaxed` form (RFC 6376 §3.4.4), as it streams by: constant memory, whatever its length
//! and wherever it is cut into pieces.
//!
//! Blanks at the end of a line go, other runs of blanks become one, empty lines at the end go, and a body that is not
//! empty ends with CRLF. Lines end with CRLF and nothing else: what a bare CR or LF becomes on its way differs from
//! server to server, so a signature over one could not be relied on.

use memchr::memchr2;
use ring::digest::{Context, SHA256};

use super::error::SignError;

/// How much of the canonical form is gathered before it is hashed, in octets.
const PIECE: usize = 8 * 1024;

/// A body's hash in the making.
pub struct BodyHash {
    hash: Context,
    /// Canonical octets that are not hashed yet.
    gathered: Vec<u8>,
    /// Line ends that count only if anything follows.
    breaks: u64,
    /// Blanks that count only if anything follows on the line.
    blank: bool,
    /// The last octet was a CR.
    cr: bool,
    /// Octets taken so far.
    taken: u64,
    /// Anything has been put into the canonical form.
    any: bool,
}

impl Default for BodyHash {
    fn default() -> Self {
        Self::new()
    }
}

impl BodyHash {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            hash: Context::new(&SHA256),
            gathered: Vec::with_capacity(PIECE + 1024),
            breaks: 0,
            blank: false,
            cr: false,
            taken: 0,
            any: false,
        }
    }

    /// Takes the next octets of the body.
    ///
    /// # Errors
    /// [`SignError::BareBreak`] for a CR without LF or a LF without CR.
    pub fn update(&mut self, piece: &[u8]) -> Result<(), SignError> {
        let mut rest = piece;
        if self.cr && !rest.is_empty() {
            rest = self.line_feed(rest, 0)?;
        }
        while !rest.is_empty() {
            let Some(end) = memchr2(b'\r', b'\n', rest) else {
                self.text(rest);
                break;
            };
            self.text(&rest[..end]);
            if rest[end] == b'\n' {
                return Err(self.bare(piece.len() - rest.len() + end));
            }
            self.cr = true;
            rest = &rest[end + 1..];
            if !rest.is_empty() {
                rest = self.line_feed(rest, piece.len() - rest.len())?;
            }
        }
        self.taken += piece.len() as u64;
        Ok(())
    }

    /// The hash of what was taken.
    ///
    /// # Errors
    /// [`SignError::BareBreak`] where the last octet is a CR.
    pub fn finish(mut self) -> Result<[u8; 32], SignError> {
        if self.cr {
            return Err(SignError::BareBreak { octet: self.taken.saturating_sub(1) });
        }
        if self.any {
            self.gathered.extend_from_slice(b"\r\n");
        }
        self.hash.update(&self.gathered);
        let mut hash = [0; 32];
        hash.copy_from_slice(self.hash.finish().as_ref());
        Ok(hash)
    }

    /// The LF after a CR; gives what follows it.
    fn line_feed<'a>(&mut self, rest: &'a [u8], at: usize) -> Result<&'a [u8], SignError> {
        let Some((b'\n', rest)) = rest.split_first() else {
            return Err(SignError::BareBreak { octet: (self.taken + at as u64).saturating_sub(1) });
        };
        self.cr = false;
        self.blank = false;
        self.breaks += 1;
        Ok(rest)
    }

    /// Octets of one line, or of a part of it.
    fn text(&mut self, piece: &[u8]) {
        // Most lines that are long, those of base64, have no blanks at all.
        if memchr2(b' ', b'\t', piece).is_none() {
            return self.words(piece);
        }
        let mut rest = piece;
        while !rest.is_empty() {
            let blanks = rest.iter().take_while(|octet| is_blank(**octet)).count();
            self.blank |= blanks > 0;
            rest = &rest[blanks..];
            let (words, after) = rest.split_at(end_of_words(rest));
            self.words(words);
            rest = after;
        }
    }

    /// Words as they stay; what was held back before them counts now.
    fn words(&mut self, words: &[u8]) {
        if words.is_empty() {
            return;
        }
        while self.breaks > 0 {
            self.breaks -= 1;
            self.gathered.extend_from_slice(b"\r\n");
            self.hash_gathered();
        }
        if std::mem::take(&mut self.blank) {
            self.gathered.push(b' ');
        }
        self.any = true;
        // What is long is hashed where it is.
        if words.len() >= PIECE {
            self.hash.update(&self.gathered);
            self.gathered.clear();
            self.hash.update(words);
        } else {
            self.gathered.extend_from_slice(words);
            self.hash_gathered();
        }
    }

    fn hash_gathered(&mut self) {
        if self.gathered.len() >= PIECE {
            self.hash.update(&self.gathered);
            self.gathered.clear();
        }
    }

    fn bare(&self, at: usize) -> SignError {
        SignError::BareBreak { octet: self.taken + at as u64 }
    }
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// How far the text stays as it is: up to the first blank that is more than one space between two words.
fn end_of_words(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&octet) = text.get(at) {
        if is_blank(octet) && (octet == b'\t' || text.get(at + 1).is_none_or(|next| is_blank(*next))) {
            return at;
        }
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hash(pieces: &[&[u8]]) -> Result<[u8; 32], SignError> {
        let mut hash = BodyHash::new();
        pieces.iter().try_for_each(|piece| hash.update(piece))?;
        hash.finish()
    }

    fn of(canonical: &[u8]) -> [u8; 32] {
        ring::digest::digest(&SHA256, canonical).as_ref().try_into().unwrap()
    }

    #[test]
    fn a_body_is_hashed_in_its_relaxed_form() {
        for (body, canonical) in [
            ("", ""),
            ("\r\n", ""),
            ("\r\n\r\n", ""),
            (" \t\r\n\r\n", ""),
            ("  ", ""),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            ("a\r\n\r\n\r\n", "a\r\n"),
            ("a\r\n \t \r\n", "a\r\n"),
            ("\r\n\r\na\r\n", "\r\n\r\na\r\n"),
            // RFC 6376 §3.4.5
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("a  b\t\tc \t\r\n\t\td", "a b c\r\n d\r\n"),
            ("\u{3000}中文 \t\r\n", "\u{3000}中文\r\n"),
        ] {
            assert_eq!(hash(&[body.as_bytes()]).unwrap(), of(canonical.as_bytes()), "{body:?}");
        }
    }

    #[test]
    fn the_empty_body_has_the_hash_that_everybody_knows() {
        // RFC 6376 §3.4.4
        let known = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(encodify::base64::STANDARD.encode(hash(&[]).unwrap()), known);
    }

    #[test]
    fn a_bare_break_is_refused_with_its_place() {
        for (pieces, at) in [
            (&["a\nb"][..], 1),
            (&["a\rb"], 1),
            (&["a\r", "b"], 1),
            (&["ab", "c\r"], 3),
            (&["a\r\n", "\n"], 3),
            (&["a\r\r\n"], 1),
            (&["\n"], 0),
        ] {
            let pieces: Vec<&[u8]> = pieces.iter().map(|piece| piece.as_bytes()).collect();
            assert!(
                matches!(hash(&pieces), Err(SignError::BareBreak { octet }) if octet == at),
                "{pieces:?}: {:?}",
                hash(&pieces)
            );
        }
    }

    /// The rule said another way: line by line, with everything in memory.
    fn canonical(body: &str) -> String {
        let mut lines: Vec<String> = body
            .split("\r\n")
            .map(|line| {
                let mut out = String::new();
                for c in line.trim_end_matches([' ', '\t']).chars() {
                    let blank = matches!(c, ' ' | '\t');
                    if !blank || !out.ends_with(' ') {
                        out.push(if blank { ' ' } else { c });
                    }
                }
                out
            })
            .collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.iter().map(|line| format!("{line}\r\n")).collect()
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_hash_is_that_of_the_rule(
            parts in prop::collection::vec(
                prop_oneof![Just(" "), Just("\t"), Just("\r\n"), Just("a"), Just("鸿雁"), Just("\r\n\r\n")], 0..40),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let body = parts.concat();
            let expected = of(canonical(&body).as_bytes());
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
            at.extend([0, body.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> =
                at.windows(2).map(|cut| &body.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(hash(&pieces).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_longer_than_the_gathered_piece_is_hashed_the_same() {
        let body = format!("{}{} {}\r\n", "\r\n".repeat(PIECE), "x".repeat(3 * PIECE), "y".repeat(PIECE - 1));
        assert_eq!(hash(&[body.as_bytes()]).unwrap(), of(body.as_bytes()));
    }
}
