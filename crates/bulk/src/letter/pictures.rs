//! The pictures that an HTML template shows from the campaign's folder: they are sent inside the letter, and the HTML
//! refers to them by `cid:` (RFC 2392).
//!
//! References are looked for where HTML keeps them: `src`, `background` and `poster` of tags, and `url(…)` in styles. What
//! stands on the web (`http:`, `//host`), is in the HTML itself (`data:`), or comes from a cell as a whole stays as it is;
//! comments and `srcset` do, too.

use std::borrow::Cow;
use std::ops::Range;

use crate::campaign::{PathError, PathProblem, normal};

/// A reference to a file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The file's path inside the folder.
    pub(crate) path: Result<String, PathError>,
    /// The line it stands in.
    pub(crate) line: usize,
    /// Where in the HTML.
    at: Range<usize>,
}

/// The references in a template, in order.
pub(crate) fn found(html: &str) -> Vec<Picture> {
    let mut scan = Scan { html, at: 0, found: Vec::new() };
    scan.all();
    scan.found.into_iter().filter_map(|range| picture(html, range)).collect()
}

/// The HTML with each picture's reference made `cid:` and what `id` gives for its path.
pub(crate) fn refer(html: &str, pictures: &[Picture], id: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(html.len() + pictures.len() * 40);
    let mut copied = 0;
    for picture in pictures {
        if let Some(id) = picture.path.as_ref().ok().and_then(|path| id(path)) {
            out.push_str(&html[copied..picture.at.start]);
            out.push_str("cid:");
            out.push_str(&id);
            copied = picture.at.end;
        }
    }
    out.push_str(&html[copied..]);
    out
}

fn picture(html: &str, range: Range<usize>) -> Option<Picture> {
    let written = html[range.clone()].trim();
    let local = local(written)?;
    let line = html.as_bytes()[..range.start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let path = match local.contains("{{") || local.contains("{%") {
        true => Err(PathError { path: written.to_owned(), problem: PathProblem::Differs }),
        false => normal(&decoded(local)),
    };
    Some(Picture { path, line, at: range })
}

/// The reference, where it means a file beside the HTML.
fn local(reference: &str) -> Option<&str> {
    if reference.is_empty() || reference.starts_with(['#', '?']) || reference.starts_with("//") {
        return None;
    }
    // What comes from a cell as a whole is known when the letter is made.
    if reference.starts_with("{{") || reference.starts_with("{%") {
        return None;
    }
    let scheme = reference.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    match scheme {
        // A drive, or a file of one's own computer, is nothing that a reader has.
        Some(scheme) if scheme.len() == 1 => Some(reference),
        Some(scheme) if scheme.eq_ignore_ascii_case("file") => {
            Some(reference.get(scheme.len() + 1..).unwrap_or("/"))
        }
        Some(_) => None,
        None => Some(reference),
    }
}

/// `%20` and `&amp;` undone.
fn decoded(reference: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(reference);
    if text.contains("&amp;") {
        text = Cow::Owned(text.replace("&amp;", "&"));
    }
    if !text.contains('%') {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let pair = match tail {
            [high, low, ..] if *first == b'%' => {
                char::from(*high).to_digit(16).zip(char::from(*low).to_digit(16))
            }
            _ => None,
        };
        out.push(pair.map_or(*first, |(high, low)| (high << 4 | low) as u8));
        rest = if pair.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(out).map_or(text, Cow::Owned)
}

/// Finds the values in which a reference can stand.
struct Scan<'h> {
    html: &'h str,
    at: usize,
    found: Vec<Range<usize>>,
}

impl Scan<'_> {
    fn all(&mut self) {
        while self.at < self.html.len() {
            if self.skipped() {
                continue;
            }
            let rest = &self.html.as_bytes()[self.at..];
            if rest[0] == b'<' && rest.get(1).is_some_and(u8::is_ascii_alphabetic) {
                self.at += 1;
                self.tag();
            } else if !self.style_url() {
                self.at += 1;
            }
        }
    }

    /// Steps over a comment or a part of the template.
    fn skipped(&mut self) -> bool {
        let rest = &self.html.as_bytes()[self.at..];
        for (start, end) in [("<!--", "-->"), ("{{", "}}"), ("{%", "%}"), ("{#", "#}")] {
            if rest.starts_with(start.as_bytes()) {
                self.at += find(rest, end.as_bytes()).map_or(rest.len(), |at| at + end.len());
                return true;
            }
        }
        false
    }

    fn tag(&mut self) {
        let bytes = self.html.as_bytes();
        let mut name = self.at..self.at;
        while self.at < bytes.len() && bytes[self.at] != b'>' {
            if self.skipped() {
                name = self.at..self.at;
                continue;
            }
            match bytes[self.at] {
                b'=' => {
                    self.at += 1 + blanks(&bytes[self.at + 1..]);
                    let (value, next) = value(bytes, self.at, |b| b == b'>' || b.is_ascii_whitespace());
                    self.attribute(&bytes[name.clone()], value);
                    self.at = next;
                    name = self.at..self.at;
                }
                b if b.is_ascii_whitespace() || b == b'/' => {
                    self.at += 1;
                    // `src = "…"` still has its name.
                    if !bytes[self.at.min(bytes.len())..].trim_ascii_start().starts_with(b"=") {
                        name = self.at..self.at;
                    }
                }
                _ => {
                    self.at += 1;
                    name.end = self.at;
                }
            }
        }
    }

    fn attribute(&mut self, name: &[u8], value: Range<usize>) {
        if [&b"src"[..], b"background", b"poster"].iter().any(|known| name.eq_ignore_ascii_case(known)) {
            self.found.push(value);
        } else if name.eq_ignore_ascii_case(b"style") {
            self.at = value.start;
            while self.at < value.end {
                if !self.skipped() && !self.style_url() {
                    self.at += 1;
                }
            }
        }
    }

    /// Takes `url(…)`, where it stands here.
    fn style_url(&mut self) -> bool {
        let bytes = self.html.as_bytes();
        let rest = &bytes[self.at..];
        if !rest.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"url(")) {
            return false;
        }
        let start = self.at + 4 + blanks(&rest[4..]);
        let (mut found, next) = value(bytes, start, |b| b == b')');
        // In an attribute, quotes may be written as entities.
        for quote in ["&quot;", "&#39;", "&apos;"] {
            let inside = &self.html[found.clone()];
            if let Some(bare) = inside.strip_prefix(quote) {
                let end = bare.find(quote).unwrap_or(bare.len());
                found = found.start + quote.len()..found.start + quote.len() + end;
            }
        }
        self.found.push(found);
        self.at = next;
        true
    }
}

/// A value that begins at `start`, in quotes or up to an end; and where to go on.
fn value(bytes: &[u8], start: usize, end: fn(u8) -> bool) -> (Range<usize>, usize) {
    let start = start.min(bytes.len());
    let rest = &bytes[start..];
    match rest.first() {
        Some(&quote @ (b'"' | b'\'')) => {
            let len = quoted(&rest[1..], quote);
            (start + 1..start + 1 + len, (start + 2 + len).min(bytes.len()))
        }
        _ => {
            let len = rest.iter().position(|b| end(*b)).unwrap_or(rest.len());
            (start..start + len, start + len)
        }
    }
}

/// How long it is to the closing quote; quotes inside `{{ }}` are the template's.
fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 0;
    while at < rest.len() && rest[at] != quote {
        let inside =
            [(b"{{", b"}}"), (b"{%", b"%}")].into_iter().find(|(start, _)| rest[at..].starts_with(*start));
        at += match inside {
            Some((_, end)) => find(&rest[at..], end).map_or(1, |len| len + 2),
            None => 1,
        };
    }
    at
}

fn blanks(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(html: &str) -> Vec<String> {
        found(html).into_iter().map(|picture| picture.path.unwrap()).collect()
    }

    #[test]
    fn files_of_the_folder_are_found_where_html_refers_to_them() {
        for (html, expected) in [
            (r#"<img src="logo.png">"#, &["logo.png"][..]),
            (r#"<IMG alt=x SRC = 'pics/./logo.png'/>"#, &["pics/logo.png"]),
            ("<img\n  src=logo.png>", &["logo.png"]),
            (r#"<td background="a.png"><video poster="b.png"></td>"#, &["a.png", "b.png"]),
            (r#"<p style="color:red;background:url(a.png)">"#, &["a.png"]),
            (r#"<p style="background:URL( 'a b.png' )">"#, &["a b.png"]),
            (r#"<p style="background:url(&quot;a.png&quot;)">"#, &["a.png"]),
            ("<style>p{background:url(\"a.png\")}</style>", &["a.png"]),
            (r#"<img src="%E5%9B%BE%20a.png"><img src="a&amp;b.png">"#, &["图 a.png", "a&b.png"]),
            (r#"<img {% if x > 1 %}src="a.png"{% endif %}>"#, &["a.png"]),
            (r#"<img alt="{{ a ~ "b>" }}" src="a.png">"#, &["a.png"]),
            (r#"<img src="">"#, &[]),
            (r#"<img src="https://example.org/a.png"><img src="//example.org/a.png">"#, &[]),
            (r#"<img src="cid:a"><img src="data:image/png;base64,AA=="><img src="{{ 图 }}">"#, &[]),
            (r#"<img srcset="a.png 2x"><a href="a.png">src="a.png"</a>"#, &[]),
            (r#"<!-- <img src="a.png"> -->"#, &[]),
            ("<img src", &[]),
            ("<img src=", &[]),
            ("<img src=\"", &[]),
            ("<", &[]),
            ("url(", &[]),
        ] {
            assert_eq!(paths(html), expected, "{html}");
        }
    }

    #[test]
    fn what_is_no_path_of_the_folder_is_an_error_with_its_line() {
        for (html, problem) in [
            ("\n<img src=\"../a.png\">", PathProblem::Leaves),
            ("\n<img src=\"/a.png\">", PathProblem::Absolute),
            ("\n<img src=\"C:\\a.png\">", PathProblem::Absolute),
            ("\n<img src=\"file:///a.png\">", PathProblem::Absolute),
            ("\n<img src=\"pics/{{ 工号 }}.png\">", PathProblem::Differs),
        ] {
            let found = found(html);
            assert_eq!(found.len(), 1, "{html}");
            assert_eq!((found[0].line, found[0].path.clone().unwrap_err().problem), (2, problem), "{html}");
        }
    }

    #[test]
    fn references_become_identifiers_and_nothing_else_changes() {
        let html =
            "<img src='a.png'><p style='background:url(b.png)'>a.png</p><img src=https://example.org/>";
        let referred = refer(html, &found(html), |path| Some(format!("{path}@x")));
        assert_eq!(
            referred,
            "<img src='cid:a.png@x'><p style='background:url(cid:b.png@x)'>a.png</p><img src=https://example.org/>"
        );
        assert_eq!(refer(html, &found(html), |_| None), html);
    }
}
