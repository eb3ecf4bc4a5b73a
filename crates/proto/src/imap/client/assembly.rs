//! Puts a response together from its lines and literals, and tells content from what stands in a line.
//!
//! Only the content of a message (`BODY[…]`, `RFC822…`, `BINARY[…]` of a FETCH response) may be large: it is
//! streamed past and leaves a mark. Other literals are short and are seen whole. Texts for people have no
//! literals, whatever they end with.

use super::lexer::STREAMED;
use crate::imap::literal::{LiteralError, announced};

/// The longest literal that is no content, in octets.
pub const MAX_TAKEN: usize = 64 * 1024;
/// The longest response of several lines, contents not counted, in octets.
pub const MAX_RESPONSE: usize = 1024 * 1024;

/// What a line led to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Assembled {
    /// The response is whole; see [`Assembly::response`].
    Whole,
    /// A content of this many octets comes next.
    Content(u64),
    /// A literal of this many octets comes next.
    Take(usize),
    /// What cannot be.
    Fault(&'static str),
}

/// The response that is being received.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    text: Vec<u8>,
    /// It goes on with the next line.
    open: bool,
}

impl Assembly {
    /// In the middle of a response.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.open = false;
    }

    /// The response, once it is whole.
    pub(super) fn response(&self) -> &[u8] {
        &self.text
    }

    /// The next line of the server's.
    pub(super) fn line(&mut self, line: &[u8]) -> Assembled {
        if !self.open {
            self.text.clear();
        }
        if self.text.len() + line.len() > MAX_RESPONSE && self.open {
            return Assembled::Fault("a response of the server has no end");
        }
        let from = self.text.len();
        self.text.extend_from_slice(line);
        self.open = false;
        if memchr::memchr(STREAMED, line).is_some() && may_hold_literals(&self.text) {
            return Assembled::Fault("the server sends NUL in the middle of a line");
        }
        if line.last() != Some(&b'}') || !may_hold_literals(&self.text) {
            return Assembled::Whole;
        }
        match announced(line) {
            Ok(None) => Assembled::Whole,
            Ok(Some(literal)) => {
                self.open = true;
                if is_content(&self.text, from + literal.at) {
                    self.text.push(STREAMED);
                    return Assembled::Content(literal.len);
                }
                match usize::try_from(literal.len) {
                    Ok(n) if n <= MAX_TAKEN && self.text.len() + n < MAX_RESPONSE => {
                        self.text.push(b'\n');
                        Assembled::Take(n)
                    }
                    _ => Assembled::Fault(
                        "the server sends a literal that is too long where no content is expected",
                    ),
                }
            }
            Err(LiteralError::Malformed) => {
                Assembled::Fault("the server announces a literal without a length")
            }
            Err(LiteralError::TooLarge) => {
                Assembled::Fault("the server announces a literal of an impossible length")
            }
        }
    }

    /// A literal that was asked for.
    pub(super) fn taken(&mut self, octets: &[u8]) {
        self.text.extend_from_slice(octets);
    }
}

/// Whether the response that begins so is one that can have literals: data, not words for people.
fn may_hold_literals(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"* ") else { return false };
    let word = rest.split(|&b| b == b' ').next().unwrap_or_default();
    !["OK", "NO", "BAD", "BYE", "PREAUTH"].iter().any(|words| word.eq_ignore_ascii_case(words.as_bytes()))
}

/// Whether the literal announced at `at` is the content of a message.
fn is_content(text: &[u8], at: usize) -> bool {
    let Some(rest) = text.strip_prefix(b"* ") else { return false };
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let is_fetch =
        digits > 0 && rest.get(digits..digits + 7).is_some_and(|word| word.eq_ignore_ascii_case(b" FETCH "));
    let before = text[..at].trim_ascii_end();
    let name = before.rsplit(|&b| matches!(b, b' ' | b'(')).next().unwrap_or_default();
    is_fetch
        && (before.ends_with(b"]")
            || (before.ends_with(b">") && name.contains(&b']'))
            || ["RFC822", "RFC822.HEADER", "RFC822.TEXT"]
                .iter()
                .any(|item| name.eq_ignore_ascii_case(item.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(line: &str) -> Assembled {
        Assembly::default().line(line.as_bytes())
    }

    #[test]
    fn contents_are_told_from_short_literals_and_both_from_words() {
        for line in [
            "* 1 FETCH (BODY[] {5}",
            "* 12 FETCH (UID 1 BODY[HEADER] {5}",
            "* 1 fetch (body[1.MIME]<0> {5}",
            "* 1 FETCH (RFC822 {5}",
            "* 1 FETCH (UID 7 RFC822.HEADER {5}",
            "* 1 FETCH (BINARY[1] ~{5}",
            "* 1 FETCH (BODY[HEADER.FIELDS (DATE)] {5}",
        ] {
            assert_eq!(first(line), Assembled::Content(5), "{line}");
        }
        for line in [
            "* LIST () \"/\" {5}",
            "* 1 FETCH (ENVELOPE (NIL {5}",
            "* STATUS {5}",
            "* ID (\"name\" {5}",
            "* LIST () NIL BODY[] {5}",
        ] {
            assert_eq!(first(line), Assembled::Take(5), "{line}");
        }
        for line in [
            "* OK BODY[] {5}",
            "A1 NO {5}",
            "+ {5}",
            "* BYE {5}",
            "* ok {99999999999999999999}",
            "* 1 FETCH (FLAGS ())",
            "* LIST () NIL }",
        ] {
            assert_eq!(first(line), Assembled::Whole, "{line}");
        }
        for line in [
            "* 1 FETCH (BODY[] {-1}",
            "* 1 FETCH (BODY[] {99999999999999999999}",
            "* LIST () \"/\" {65537}",
            "* 1 FETCH (BODY[] {}",
        ] {
            assert!(matches!(first(line), Assembled::Fault(_)), "{line}");
        }
    }

    #[test]
    fn a_response_goes_on_behind_its_literals() {
        let mut assembly = Assembly::default();
        assert_eq!(assembly.line(b"* 1 FETCH (BODY[] {5}"), Assembled::Content(5));
        assert_eq!(assembly.line(b" ENVELOPE ({2}"), Assembled::Take(2));
        assembly.taken(b"a)");
        assert_eq!(assembly.line(b"))"), Assembled::Whole);
        assert_eq!(assembly.response(), b"* 1 FETCH (BODY[] {5}\0 ENVELOPE ({2}\na)))");
        assert_eq!(assembly.line(b"* OK"), Assembled::Whole);
        assert_eq!(assembly.response(), b"* OK");
    }

    #[test]
    fn a_response_without_an_end_is_given_up() {
        let mut assembly = Assembly::default();
        let mut step = assembly.line(b"* LIST () NIL {65536}");
        for _ in 0..16 {
            if step != Assembled::Take(MAX_TAKEN) {
                break;
            }
            assembly.taken(&vec![b'x'; MAX_TAKEN]);
            step = assembly.line(b" {65536}");
        }
        assert!(matches!(step, Assembled::Fault(_)));
    }
}
