//! Parameters as most mail has them, without taking the field apart: `; name=token; other="text"`.
//!
//! Anything else (comments, escapes, RFC 2231, raw bytes, a name given twice) is for the careful reading, which
//! gives the same for these: the tests hold the two against each other.

use memchr::{memchr, memchr2_iter};

use crate::read::word;

/// What the quick look at a field tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quick<'v> {
    /// The value stands there and needs no decoding.
    Value(&'v [u8]),
    /// There is no such parameter.
    None,
    /// It takes a careful look.
    Unclear,
}

/// The parameter `name` of a field's `value`.
pub(crate) fn find<'v>(value: &'v [u8], name: &str) -> Quick<'v> {
    if !mentions(value, name.as_bytes()) {
        return Quick::None;
    }
    let Some(start) = memchr(b';', value) else {
        // Without a semicolon there may still be one: `text/plain charset=x`.
        return if memchr(b'=', value).is_none() { Quick::None } else { Quick::Unclear };
    };
    // What stands before the first semicolon is no parameter where it is like `text/plain`.
    if !value[..start].iter().all(|byte| TOKEN[usize::from(*byte)] || matches!(byte, b'/' | b' ')) {
        return Quick::Unclear;
    }
    let mut rest = &value[start + 1..];
    let mut found = Quick::None;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return found;
        }
        let length = rest.iter().position(|byte| !TOKEN[usize::from(*byte)]).unwrap_or(rest.len());
        if length == 0 || rest.get(length) != Some(&b'=') {
            return Quick::Unclear;
        }
        let (this, after) = (&rest[..length], &rest[length + 1..]);
        let Some((content, after)) = content(after) else { return Quick::Unclear };
        let alike = this.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
        if alike && (this.len() == name.len() || this[name.len()] == b'*') {
            if this.len() > name.len() || found != Quick::None || word::word_mark(content).is_some() {
                return Quick::Unclear;
            }
            found = Quick::Value(content);
        }
        rest = match after.trim_ascii_start() {
            [] => return found,
            [b';', after @ ..] => after,
            _ => return Quick::Unclear,
        };
    }
}

/// Whether `name` stands anywhere in the field: where it does not, there is no such parameter.
fn mentions(value: &[u8], name: &[u8]) -> bool {
    let Some((first, rest)) = name.split_first() else { return false };
    memchr2_iter(first.to_ascii_lowercase(), first.to_ascii_uppercase(), value)
        .any(|at| value[at + 1..].get(..rest.len()).is_some_and(|found| found.eq_ignore_ascii_case(rest)))
}

/// A token or a quoted string without escapes and line breaks, and what follows it.
fn content(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if let Some(quoted) = text.strip_prefix(b"\"") {
        let end =
            quoted.iter().position(|byte| !(b' '..0x7f).contains(byte) || matches!(byte, b'"' | b'\\'))?;
        return (quoted[end] == b'"').then(|| (&quoted[..end], &quoted[end + 1..]));
    }
    let end = text.iter().position(|byte| !TOKEN[usize::from(*byte)]).unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], &text[end..]))
}

/// Tokens of RFC 2045 §5.1.
const TOKEN: [bool; 256] = {
    let mut token = [false; 256];
    let mut byte = b'!';
    while byte < 0x7f {
        token[byte as usize] = true;
        byte += 1;
    }
    let specials = b"()<>@,;:\\\"/[]?=";
    let mut at = 0;
    while at < specials.len() {
        token[specials[at] as usize] = false;
        at += 1;
    }
    token
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::read::charset::Hint;
    use crate::read::finding::Notes;
    use crate::read::parameter::Parameterized;

    #[test]
    fn what_most_mail_has_is_plain() {
        let value = |text: &'static str| Quick::Value(text.as_bytes());
        for (field, name, found) in [
            (" text/plain; charset=\"utf-8\"; format=flowed", "charset", value("utf-8")),
            (" text/plain;\r\n\tcharset=utf-8", "CHARSET", value("utf-8")),
            (" attachment; filename=\"a b.txt\"", "filename", value("a b.txt")),
            (" attachment; filename=\"a b.txt\"", "name", Quick::None),
            (" inline", "filename", Quick::None),
            (" a; filename*=utf-8''a", "filename", Quick::Unclear),
            (" a; filename=\"=?utf-8?q?a?=\"", "filename", Quick::Unclear),
        ] {
            assert_eq!(find(field.as_bytes(), name), found, "{field}");
        }
    }

    proptest! {
        #[test]
        fn the_plain_reading_is_the_careful_one(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "a", "a/b", ";", "; ", "=", "\"", "\"x y\"", "\"x==y\"", "\"=?utf-8?q?a?=\"", "n", "n=", "n=v", "n*=", "n*0=v", "nn=v", "=?utf-8?q?a?=", " ",
                    "\r\n ", "(c)", "\\", "é", "'", "%", ",", "; n=\"v;w\"", "; m=w", "boundary=x",
                ]),
                0..10,
            ),
        ) {
            let field = pieces.concat();
            let careful = Parameterized::parse(field.as_bytes(), &mut Notes::default())
                .text("n", false, &Hint::default(), &mut Notes::default());
            match find(field.as_bytes(), "n") {
                Quick::Value(value) => prop_assert_eq!(Some(String::from_utf8_lossy(value).into_owned()), careful, "{}", field),
                Quick::None => prop_assert_eq!(None, careful, "{}", field),
                Quick::Unclear => {}
            }
        }
    }
}
