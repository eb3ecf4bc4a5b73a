//! A FETCH response: what it says of a message, in whatever order (RFC 3501 §7.4.2).

use std::borrow::Cow;

use super::data::{Meta, What};
use super::lexer::{Lexer, Value};
use super::response::flags;
use crate::imap::Date;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched<'a> {
    /// Its UID is 0 where none was said.
    pub(super) meta: Meta,
    pub(super) has_flags: bool,
    pub(super) content: Option<Content<'a>>,
    /// What of the message that is; `None` for any part that is never asked for.
    pub(super) part: Option<What>,
}

/// A message's content, or the part of it that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// NIL: there is none.
    Nil,
    /// It went to whoever keeps it: so many octets.
    Streamed(u64),
    /// In the line itself.
    Inline(Cow<'a, [u8]>),
}

/// Reads what is behind `FETCH`.
pub(super) fn parse<'a>(lexer: &mut Lexer<'a>) -> Option<Fetched<'a>> {
    let mut fetched = Fetched::default();
    lexer.list(|inner| item(inner, &mut fetched))?;
    Some(fetched)
}

fn item<'a>(lexer: &mut Lexer<'a>, fetched: &mut Fetched<'a>) -> Option<()> {
    let name = lexer.word();
    let is = |word: &str| name.eq_ignore_ascii_case(word.as_bytes());
    let mut content = is("RFC822") || is("RFC822.HEADER") || is("RFC822.TEXT");
    let mut part = match () {
        () if is("RFC822") => Some(What::Whole),
        () if is("RFC822.HEADER") => Some(What::Header),
        () => None,
    };
    if lexer.eat(b'[') {
        // `BINARY.SIZE[1] 65` has a section as well.
        content = is("BODY") || is("BINARY");
        part = match section(lexer)? {
            b"" => Some(What::Whole),
            name if name.eq_ignore_ascii_case(b"HEADER") => Some(What::Header),
            _ => None,
        };
        if lexer.eat(b'<') {
            // From the beginning is where the whole begins, too.
            part = part.filter(|_| lexer.rest().starts_with(b"0>"));
            lexer.until(|b| b == b'>');
            lexer.eat(b'>');
        }
    }
    lexer.blanks();
    let meta = &mut fetched.meta;
    if content {
        let value = match lexer.value()? {
            Value::Nil => Content::Nil,
            Value::Streamed(octets) => Content::Streamed(octets),
            Value::Text(text) => Content::Inline(text),
        };
        fetched.part = part;
        // Two contents in one response, and nobody could say which is the one that was asked for.
        return fetched.content.replace(value).is_none().then_some(());
    }
    if is("UID") {
        // RFC 3501 §2.3.1.1: never 0.
        meta.uid = lexer.number32().filter(|&uid| uid > 0)?;
    } else if is("FLAGS") {
        meta.flags = flags(lexer)?.0;
        fetched.has_flags = true;
    } else if is("RFC822.SIZE") {
        // Servers that do not know say NIL or a negative number.
        meta.size = lexer.clone().number();
        lexer.skip()?;
    } else if is("INTERNALDATE") {
        meta.date = match lexer.value()? {
            Value::Text(date) => Date::parse(&date),
            Value::Nil | Value::Streamed(_) => None,
        };
    } else if is("MODSEQ") {
        let mut mod_seq = None;
        lexer.list(|inner| {
            mod_seq = inner.number();
            mod_seq.map(drop)
        })?;
        meta.mod_seq = mod_seq;
    } else {
        // What nobody asked for; without a name, too (SmarterMail: `(UID 7 (ENVELOPE (…)) …`).
        lexer.skip()?;
    }
    Some(())
}

/// The rest of a section, to its bracket: `HEADER.FIELDS (Date "]")]`. Returned without that.
fn section<'a>(lexer: &mut Lexer<'a>) -> Option<&'a [u8]> {
    let from = lexer.rest();
    loop {
        lexer.until(|b| matches!(b, b']' | b'"'));
        let len = from.len() - lexer.rest().len();
        if lexer.eat(b']') {
            return Some(&from[..len]);
        }
        // A string in between, or the end of the line.
        lexer.value()?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(text: &str) -> Option<Fetched<'_>> {
        parse(&mut Lexer::new(text.as_bytes()))
    }

    #[test]
    fn items_come_in_any_order_before_and_behind_the_content() {
        let expected = fetched(
            "(UID 34 FLAGS (\\Seen $X) INTERNALDATE \" 7-Feb-1994 21:52:25 -0800\" RFC822.SIZE 2600 MODSEQ (7) BODY[] {2600}\0)",
        )
        .expect("it can be read");
        assert_eq!(expected.meta.uid, 34);
        assert_eq!(expected.meta.size, Some(2600));
        assert_eq!(expected.meta.mod_seq, Some(7));
        assert_eq!(expected.content, Some(Content::Streamed(2600)));
        for other in [
            "(BODY[] {2600}\0 MODSEQ (7) RFC822.SIZE 2600 FLAGS (\\Seen $X) INTERNALDATE \" 7-Feb-1994 21:52:25 -0800\" UID 34)",
            "(X-GM-MSGID 5 flags (\\seen $X) rfc822.size 2600 body[]<0> ~{2600}\0 envelope (NIL (\"a)\")) modseq (7) Uid 34 internaldate \"7-Feb-1994 21:52:25 -0800\" )",
            "(RFC822 {2600}\0UID 34 MODSEQ (7) FLAGS (\\Seen $X) RFC822.SIZE 2600 INTERNALDATE \" 7-Feb-1994 21:52:25 -0800\")",
        ] {
            assert_eq!(fetched(other).as_ref(), Some(&expected), "{other}");
        }
    }

    #[test]
    fn a_content_can_be_nil_or_stand_in_the_line() {
        let content = |text| fetched(text).and_then(|fetched| fetched.content);
        assert_eq!(content("(UID 1 BODY[] NIL)"), Some(Content::Nil));
        assert_eq!(content(r#"(UID 1 BODY[] "a\"b")"#), Some(Content::Inline(b"a\"b".into())));
        assert_eq!(content(r#"(UID 1 BODY[] "")"#), Some(Content::Inline(b"".into())));
        assert_eq!(content("(UID 1 BODY[HEADER.FIELDS (Date \"]\")] {9}\0)"), Some(Content::Streamed(9)),);
        assert_eq!(content("(UID 1 FLAGS ())"), None);
        assert_eq!(content("(UID 1 BINARY.SIZE[1] 65)"), None);
        assert_eq!(content("(UID 1 (ENVELOPE (NIL)) BODY[] {9}\0)"), Some(Content::Streamed(9)));
    }

    #[test]
    fn the_whole_and_the_header_are_told_from_any_other_part() {
        let part = |item: &str| fetched(&format!("(UID 1 {item} {{9}}\0)")).expect("a fetch").part;
        for item in ["BODY[]", "body[]<0>", "RFC822", "BINARY[]"] {
            assert_eq!(part(item), Some(What::Whole), "{item}");
        }
        for item in ["BODY[HEADER]", "body[header]", "RFC822.HEADER"] {
            assert_eq!(part(item), Some(What::Header), "{item}");
        }
        for item in [
            "BODY[]<5>",
            "BODY[]<01>",
            "BODY[TEXT]",
            "BODY[1]",
            "BODY[HEADER.FIELDS (\"]\")]",
            "RFC822.TEXT",
            "BINARY[1]",
        ] {
            assert_eq!(part(item), None, "{item}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_read() {
        for text in [
            "",
            "(",
            "(UID)",
            "(UID 0)",
            "(UID 4294967296)",
            "(UID -1)",
            "(FLAGS \\Seen)",
            "(BODY[ {5}\0)",
            "(UID 1 BODY[] {5}\0",
            "(BODY[] NIL BODY[] {5}\0)",
            "(MODSEQ 5)",
            "(BODY[])",
        ] {
            assert_eq!(fetched(text), None, "{text}");
        }
        assert_eq!(fetched("(RFC822.SIZE -1 UID 5)").expect("a fetch").meta.size, None);
    }
}
