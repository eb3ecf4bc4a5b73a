//! A header's fields, their `relaxed` form (RFC 6376 §3.4.2), and which of them are signed (§5.4).

use memchr::memmem;

use super::error::SignError;

/// Whether a field's name is listed once more than it stands, so that nobody can add another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// Always: adding one changes what a reader sees.
    Always,
    /// Where it stands: a server on the way may add a missing one.
    Present,
}

/// What is signed, in the order of `h=`. RFC 6376 §5.4.1 recommends these, RFC 8058 §4 wants both fields of
/// unsubscribing. What servers on the way write themselves (`Received`, `Return-Path`) is not.
const SIGNED: &[(&str, Guard)] = &[
    ("From", Guard::Always),
    ("To", Guard::Always),
    ("Cc", Guard::Always),
    ("Subject", Guard::Always),
    ("Reply-To", Guard::Always),
    ("Date", Guard::Present),
    ("Message-ID", Guard::Present),
    ("MIME-Version", Guard::Present),
    ("Content-Type", Guard::Present),
    ("List-Unsubscribe", Guard::Present),
    ("List-Unsubscribe-Post", Guard::Present),
];

/// A field as it stands in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) name: &'a [u8],
    /// What follows the colon, folds and all, without the CRLF that ends it.
    pub(super) value: &'a [u8],
}

/// The fields of a header, with or without the empty line that ends it.
///
/// # Errors
/// A line that is none of a header, or does not end with CRLF.
pub(super) fn fields(header: &[u8]) -> Result<Vec<Field<'_>>, SignError> {
    let mut fields: Vec<Field<'_>> = Vec::with_capacity(24);
    let mut rest = header;
    let mut line = 1;
    while !rest.is_empty() && rest != b"\r\n" {
        let wrong = |line| SignError::HeaderLine { line };
        let (end, lines) = field_end(rest).ok_or_else(|| wrong(line))?;
        let field = &rest[..end];
        let colon = memchr::memchr(b':', field).ok_or_else(|| wrong(line))?;
        let name = field[..colon].trim_ascii_end();
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            return Err(wrong(line));
        }
        fields.push(Field { name, value: &field[colon + 1..] });
        line += lines;
        rest = &rest[end + 2..];
    }
    Ok(fields)
}

/// Where the first field ends, before its CRLF, and how many lines it has. `None` for a bare CR or LF in it.
fn field_end(header: &[u8]) -> Option<(usize, u64)> {
    let mut at = 0;
    let mut lines = 1;
    loop {
        let end = at + memmem::find(&header[at..], b"\r\n")?;
        if memchr::memchr2(b'\r', b'\n', &header[at..end]).is_some() {
            return None;
        }
        if !matches!(header.get(end + 2), Some(b' ' | b'\t')) {
            return Some((end, lines));
        }
        lines += 1;
        at = end + 2;
    }
}

/// Appends a field in its relaxed form, without CRLF.
pub(super) fn relax(field: Field<'_>, out: &mut Vec<u8>) {
    out.extend(field.name.iter().map(u8::to_ascii_lowercase));
    out.push(b':');
    let begin = out.len();
    let mut blank = false;
    for &octet in field.value {
        match octet {
            b' ' | b'\t' | b'\r' | b'\n' => blank = true,
            octet => {
                if std::mem::take(&mut blank) && out.len() > begin {
                    out.push(b' ');
                }
                out.push(octet);
            }
        }
    }
}

/// What is signed of these fields: the names for `h=`, and the fields in that order. Of those that stand more than
/// once the last one comes first (RFC 6376 §5.4.2).
pub(super) fn signed<'a>(fields: &[Field<'a>]) -> (Vec<&'static str>, Vec<Field<'a>>) {
    let (mut names, mut signed) = (Vec::with_capacity(32), Vec::with_capacity(16));
    for &(name, guard) in SIGNED {
        let before = signed.len();
        let here = |field: &&Field<'a>| field.name.eq_ignore_ascii_case(name.as_bytes());
        signed.extend(fields.iter().rev().filter(here));
        let count = signed.len() - before;
        let guarded = guard == Guard::Always || count > 0;
        names.extend(std::iter::repeat_n(name, count + usize::from(guarded)));
    }
    (names, signed)
}

/// The fields that `h=` of a signature names, as a verifier finds them (RFC 6376 §5.4.2): for vectors of others.
#[cfg(test)]
pub(super) fn named<'a>(fields: &[Field<'a>], names: &[&str]) -> Vec<Field<'a>> {
    let mut left: Vec<Field<'a>> = fields.to_vec();
    names
        .iter()
        .filter_map(|name| {
            let at = left.iter().rposition(|field| field.name.eq_ignore_ascii_case(name.as_bytes()))?;
            Some(left.remove(at))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relaxed(header: &str) -> String {
        let mut out = Vec::new();
        for field in fields(header.as_bytes()).unwrap() {
            relax(field, &mut out);
            out.extend_from_slice(b"\r\n");
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_are_relaxed() {
        for (header, expected) in [
            ("", ""),
            ("\r\n", ""),
            // RFC 6376 §3.4.5
            ("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n", "a:X\r\nb:Y Z\r\n"),
            ("SUBJect:\r\n 鸿雁 \r\n\t 来 信\r\n", "subject:鸿雁 来 信\r\n"),
            ("Empty:\r\nBlank: \t \r\n", "empty:\r\nblank:\r\n"),
        ] {
            assert_eq!(relaxed(header), expected, "{header:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_refused_with_its_line() {
        for (header, at) in [
            ("From: a\nTo: b\r\n", 1),
            ("From: a\r\nTo: b", 2),
            ("From: a\r\n b\r\nno colon\r\n", 3),
            ("From: a\r\n\r\nBody: b\r\n", 2),
            (": nameless\r\n", 1),
            ("From: a\r\nTwo words: b\r\n", 2),
            ("From: a\rb\r\n", 1),
        ] {
            let error = fields(header.as_bytes()).unwrap_err();
            assert!(matches!(error, SignError::HeaderLine { line } if line == at), "{header:?}: {error}");
        }
    }

    #[test]
    fn a_name_is_listed_once_more_than_it_stands_so_that_nothing_can_be_added() {
        let header = "Received: by mx\r\nTo: b\r\nFrom: a\r\nto: c\r\nX-Other: x\r\nDate: now\r\n";
        let fields = fields(header.as_bytes()).unwrap();
        let (names, signed) = signed(&fields);
        assert_eq!(names, ["From", "From", "To", "To", "To", "Cc", "Subject", "Reply-To", "Date", "Date"]);
        let values: Vec<&[u8]> = signed.iter().map(|field| field.value).collect();
        assert_eq!(values, [b" a" as &[u8], b" c", b" b", b" now"]);
    }
}
