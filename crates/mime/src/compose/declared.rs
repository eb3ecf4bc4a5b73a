//! The charset that an HTML text declares in its `<meta>`: a hint when it is read, and wrong once the text
//! has become UTF-8, so it is corrected there.

use encoding_rs::{Encoding, UTF_8};
use memchr::memmem;
use std::borrow::Cow;
use std::ops::Range;

/// Browsers look for the declaration in as many bytes.
const SEARCHED: usize = 1024;

/// The encoding that HTML declares, if it begins as HTML does.
pub(super) fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let label = label_range(bytes)?;
    // UTF-16 could not have been read up to here (HTML, prescan).
    Encoding::for_label_no_replacement(&bytes[label]).filter(|e| e.output_encoding() == *e)
}

/// HTML that is now UTF-8 and should say so.
pub(super) fn corrected(html: &str) -> Cow<'_, str> {
    match label_range(html.as_bytes()) {
        Some(label) if Encoding::for_label(html[label.clone()].as_bytes()) != Some(UTF_8) => {
            Cow::Owned(format!("{}utf-8{}", &html[..label.start], &html[label.end..]))
        }
        _ => Cow::Borrowed(html),
    }
}

/// Where the label stands: `<meta charset=LABEL>`, or `content="text/html; charset=LABEL"`.
fn label_range(bytes: &[u8]) -> Option<Range<usize>> {
    let head = bytes[..bytes.len().min(SEARCHED)].to_ascii_lowercase();
    if head.iter().find(|b| !b.is_ascii_whitespace()) != Some(&b'<') {
        return None;
    }
    for meta in memmem::find_iter(&head, b"<meta") {
        let end = meta + head[meta..].iter().position(|b| *b == b'>').unwrap_or(head.len() - meta);
        let Some(charset) = memmem::find(&head[meta..end], b"charset") else {
            continue;
        };
        let skip = |at: usize, of: &[u8]| at + head[at..end].iter().take_while(|b| of.contains(b)).count();
        let after = meta + charset + b"charset".len();
        let start = skip(after, b" \t\r\n=\"'");
        let label = |b: &&u8| b.is_ascii_alphanumeric() || b"-_:.".contains(b);
        let len = head[start..end].iter().take_while(label).count();
        if head[after..start].contains(&b'=') && len > 0 {
            return Some(start..start + len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::GBK;

    #[test]
    fn the_declared_charset_is_found_and_corrected() {
        let cases = [
            ("<meta charset=gb2312>", Some(GBK), "<meta charset=utf-8>"),
            ("\n<html><META CHARSET = 'GBK' >", Some(GBK), "\n<html><META CHARSET = 'utf-8' >"),
            (
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=gbk\"><p>",
                Some(GBK),
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"><p>",
            ),
            ("<meta name=x><meta charset=\"gbk\"/>", Some(GBK), "<meta name=x><meta charset=\"utf-8\"/>"),
            ("<meta charset=utf-8>", Some(UTF_8), "<meta charset=utf-8>"),
            ("<meta charset=klingon>", None, "<meta charset=utf-8>"),
            ("<meta charset=utf-16le>", None, "<meta charset=utf-8>"),
            ("<p>charset=gbk", None, "<p>charset=gbk"),
            ("<meta name=charset>", None, "<meta name=charset>"),
            ("<meta charset", None, "<meta charset"),
            ("text about <meta charset=gbk>", None, "text about <meta charset=gbk>"),
        ];
        for (html, encoding, expected) in cases {
            assert_eq!(declared(html.as_bytes()), encoding, "{html}");
            assert_eq!(corrected(html), expected, "{html}");
        }
    }
}
