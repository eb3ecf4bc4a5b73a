//! How the HTML names the files that are sent inside the mail with it: `cid:logo.png` as mail has it, or the
//! bare `logo.png` as it was on disk. Both become the `cid:` of the part (RFC 2392).
//!
//! Only places where HTML keeps references are looked at: the values of attributes in tags, and `url(…)` in
//! styles. Text that happens to mention a file stays as it is.

use std::borrow::Cow;

/// A file sent inside the mail: its name, and its `Content-ID`.
pub(super) type Named = (String, String);

/// The HTML with its references to `files` made into `cid:`.
pub(super) fn refer<'h>(html: &'h str, files: &[Named]) -> Cow<'h, str> {
    let mut out = String::new();
    let mut copied = 0;
    for (start, end) in values(html) {
        if let Some((_, id)) = files.iter().find(|(name, _)| names(&html[start..end], name)) {
            out.push_str(&html[copied..start]);
            out.push_str("cid:");
            out.push_str(id);
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(&html[copied..]);
    Cow::Owned(out)
}

/// Whether a reference means the file.
fn names(reference: &str, file: &str) -> bool {
    let name = reference.trim();
    let name = name.strip_prefix("cid:").or_else(|| name.strip_prefix("./")).unwrap_or(name);
    name == file || percent_decoded(name).is_some_and(|decoded| decoded == file.as_bytes())
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    if !text.contains('%') {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
                (digit()? * 16 + digit()?) as u8
            }
            byte => byte,
        });
    }
    Some(out)
}

/// Where references can stand: attribute values in tags, and what `url(…)` holds; in order, without overlaps.
fn values(html: &str) -> Vec<(usize, usize)> {
    let bytes = html.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut in_tag) = (0, false);
    while at < bytes.len() {
        let rest = &bytes[at..];
        if !in_tag && rest.starts_with(b"<!--") {
            at += find(rest, b"-->").map_or(rest.len(), |end| end + 3);
        } else if !in_tag && rest[0] == b'<' && rest.get(1).is_some_and(u8::is_ascii_alphabetic) {
            in_tag = true;
            at += 1;
        } else if in_tag && rest[0] == b'>' {
            in_tag = false;
            at += 1;
        } else if in_tag && rest[0] == b'=' {
            let start = at + 1 + blanks(&rest[1..]);
            let (from, to, next) = value(bytes, start, b">");
            if find(&bytes[from..to], b"url(").is_none() {
                found.push((from, to));
                at = next;
            } else {
                // A style: what it refers to stands further in.
                at = start;
            }
        } else if rest.len() > 4 && rest[..4].eq_ignore_ascii_case(b"url(") {
            let (from, to, next) = value(bytes, at + 4 + blanks(&rest[4..]), b")");
            found.push((from, to));
            at = next;
        } else {
            at += 1;
        }
    }
    found
}

/// A value that begins at `start`, quoted or ended by a blank or one of `ends`: its ends, and where to go on.
fn value(bytes: &[u8], start: usize, ends: &[u8]) -> (usize, usize, usize) {
    let rest = &bytes[start.min(bytes.len())..];
    match rest.first() {
        Some(&quote @ (b'"' | b'\'')) => {
            let len = rest[1..].iter().position(|&b| b == quote).unwrap_or(rest.len() - 1);
            (start + 1, start + 1 + len, (start + 2 + len).min(bytes.len()))
        }
        _ => {
            let ended = |b: &u8| b.is_ascii_whitespace() || ends.contains(b);
            let end = start + rest.iter().position(ended).unwrap_or(rest.len());
            (start, end, end)
        }
    }
}

fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_the_parts_identifier_and_nothing_else_changes() {
        let files = [
            ("logo.png".to_owned(), "logo.png".to_owned()),
            ("图 片.png".to_owned(), "0123@inline".to_owned()),
        ];
        for (html, expected) in [
            (r#"<img src="logo.png">"#, r#"<img src="cid:logo.png">"#),
            (r#"<img src="cid:logo.png">"#, r#"<img src="cid:logo.png">"#),
            (r#"<img src='./logo.png' alt=x>"#, r#"<img src='cid:logo.png' alt=x>"#),
            (r#"<IMG SRC = logo.png>"#, r#"<IMG SRC = cid:logo.png>"#),
            (r#"<img src="图 片.png">"#, r#"<img src="cid:0123@inline">"#),
            (r#"<img src="cid:%E5%9B%BE%20%E7%89%87.png">"#, r#"<img src="cid:0123@inline">"#),
            (r#"<p style="background:url(logo.png)">"#, r#"<p style="background:url(cid:logo.png)">"#),
            (
                r#"<p style="background: URL( 'logo.png' )">"#,
                r#"<p style="background: URL( 'cid:logo.png' )">"#,
            ),
            ("<style>p{background:url(logo.png)}</style>", "<style>p{background:url(cid:logo.png)}</style>"),
            (
                r#"<td background="logo.png"><img src="logo.png"></td>"#,
                r#"<td background="cid:logo.png"><img src="cid:logo.png"></td>"#,
            ),
        ] {
            assert_eq!(refer(html, &files), expected);
        }
        for same in [
            "",
            "<",
            "<a",
            "<a href=",
            "<a href=\"",
            "<a href=\"logo.png/x\">logo.png</a>",
            "<p>see \"logo.png\" or src=\"logo.png\"</p>",
            "a < b = logo.png",
            "<!-- <img src=\"logo.png\"> -->",
            "<img src=\"https://example.org/logo.png\">",
            "url(",
            "<img src=\"%zz\">",
        ] {
            assert_eq!(refer(same, &files), same);
        }
    }
}
