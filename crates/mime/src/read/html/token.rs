//! HTML as tags and text between them: one pass, no tree, nothing that a hostile mail can make slow.
//!
//! It follows what browsers do where that decides which text is seen: quoted `>` in attributes, comments,
//! elements whose content is no text (`script`, `style` …). A quote that is never closed ends with its tag
//! instead of swallowing the rest of the mail.

use memchr::{memchr, memchr_iter, memmem};

/// A piece of HTML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'h> {
    /// Text as it stands, character references included.
    Text(&'h str),
    /// A start tag: its name as written and all that follows it in the tag.
    Start { name: &'h str, attributes: &'h str },
    /// An end tag's name as written.
    End(&'h str),
}

/// Walks HTML.
pub(crate) struct Tokens<'h> {
    html: &'h str,
    at: usize,
    /// Whether a quote of that kind occurs behind here: each is searched for in vain only once.
    double: bool,
    single: bool,
    /// The element whose end alone ends what is no text.
    raw: Option<&'static str>,
}

/// Elements whose content is no markup.
const RAW: [&str; 8] = ["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"];

impl<'h> Tokens<'h> {
    pub(crate) fn new(html: &'h str) -> Self {
        Self { html, at: 0, double: true, single: true, raw: None }
    }

    /// A tag that begins at the `<` at `self.at`; `None` where it is none, or only something to pass over.
    fn markup(&mut self) -> Markup<'h> {
        let rest = &self.html[self.at + 1..];
        match rest.as_bytes() {
            [b'!', b'-', b'-', ..] => {
                // `<!-->` and `<!--->` are whole comments.
                let from = if rest[3..].starts_with('>') || rest[3..].starts_with("->") { 1 } else { 3 };
                let end = memmem::find(&rest.as_bytes()[from..], b"-->").map(|end| from + end + 3);
                self.at = end.map_or(self.html.len(), |end| self.at + 1 + end);
                Markup::Nothing
            }
            [b'!' | b'?', ..] => {
                let end = memchr(b'>', rest.as_bytes());
                self.at = end.map_or(self.html.len(), |end| self.at + end + 2);
                Markup::Nothing
            }
            [b'/', first, ..] if first.is_ascii_alphabetic() => {
                let name = name_of(&rest[1..]);
                let start = self.at + 2 + name.len();
                let end = self.end_of_tag(start);
                self.at = end.1;
                Markup::Token(Token::End(name))
            }
            [first, ..] if first.is_ascii_alphabetic() => {
                let name = name_of(rest);
                let start = self.at + 1 + name.len();
                let (end, next) = self.end_of_tag(start);
                self.at = next;
                self.raw = RAW.into_iter().find(|raw| name.eq_ignore_ascii_case(raw));
                Markup::Token(Token::Start { name, attributes: &self.html[start..end] })
            }
            _ => Markup::None,
        }
    }

    /// Where the tag ends whose attributes begin at `from`, and where it goes on behind it.
    fn end_of_tag(&mut self, from: usize) -> (usize, usize) {
        let bytes = self.html.as_bytes();
        let mut at = from;
        loop {
            let Some(found) = memchr::memchr3(b'>', b'"', b'\'', &bytes[at..]) else {
                return (bytes.len(), bytes.len());
            };
            let found = at + found;
            let quote = bytes[found];
            if quote == b'>' {
                return (found, found + 1);
            }
            at = found + 1;
            // A quote counts at the start of a value only: `it's` in a tag is no quote.
            let opens = bytes[from..found].trim_ascii_end().ends_with(b"=");
            let known = if quote == b'"' { &mut self.double } else { &mut self.single };
            if opens && *known {
                match memchr(quote, &bytes[at..]) {
                    Some(end) => at += end + 1,
                    None => *known = false,
                }
            }
        }
    }

    /// The content of an element that is no markup.
    fn raw_text(&mut self, raw: &'static str) -> Option<Token<'h>> {
        let rest = &self.html[self.at..];
        let end = memchr_iter(b'<', rest.as_bytes()).find(|at| {
            let tail = &rest.as_bytes()[*at + 1..];
            tail.first() == Some(&b'/')
                && tail.get(1..=raw.len()).is_some_and(|name| name.eq_ignore_ascii_case(raw.as_bytes()))
        });
        let end = end.unwrap_or(rest.len());
        self.at += end;
        (raw == "textarea" || raw == "xmp").then(|| Token::Text(&rest[..end]))
    }
}

enum Markup<'h> {
    Token(Token<'h>),
    /// Passed over: a comment, a declaration.
    Nothing,
    /// No markup at all, a `<` in the text.
    None,
}

impl<'h> Iterator for Tokens<'h> {
    type Item = Token<'h>;

    fn next(&mut self) -> Option<Token<'h>> {
        loop {
            if let Some(raw) = self.raw.take()
                && let Some(text) = self.raw_text(raw)
            {
                return Some(text);
            }
            if self.at >= self.html.len() {
                return None;
            }
            let start = self.at;
            if self.html.as_bytes()[start] == b'<' {
                match self.markup() {
                    Markup::Token(token) => return Some(token),
                    Markup::Nothing => continue,
                    Markup::None => self.at += 1,
                }
            }
            // A `<` that begins no tag is text, and goes on to the next `<`.
            let end = memchr(b'<', &self.html.as_bytes()[self.at..]).map(|end| self.at + end);
            self.at = end.unwrap_or(self.html.len());
            return Some(Token::Text(&self.html[start..self.at]));
        }
    }
}

/// The tag name at the start of `rest`.
fn name_of(rest: &str) -> &str {
    let end = rest.bytes().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'<'));
    &rest[..end.unwrap_or(rest.len())]
}

/// The value of an attribute in a tag's `attributes`, as written.
pub(crate) fn attribute<'h>(attributes: &'h str, wanted: &str) -> Option<&'h str> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let name_end = rest
            .bytes()
            .skip(1)
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'=' | b'/'))
            .map_or(rest.len(), |end| end + 1);
        // The first character may be longer than a byte, then a name can end only behind it.
        let name_end = (name_end..=rest.len()).find(|end| rest.is_char_boundary(*end)).unwrap_or(rest.len());
        let name = &rest[..name_end];
        let after = rest[name_end..].trim_start();
        let value = match after.strip_prefix('=') {
            None => {
                rest = after;
                ""
            }
            Some(value) => {
                let value = value.trim_start();
                let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
                let unquoted = quote.map_or(value, |_| &value[1..]);
                let end = match quote {
                    Some(quote) => unquoted.find(quote),
                    None => unquoted.find(|c: char| c.is_ascii_whitespace()),
                };
                let end = end.unwrap_or(unquoted.len());
                rest = unquoted[end..].strip_prefix(['"', '\'']).unwrap_or(&unquoted[end..]);
                &unquoted[..end]
            }
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str) -> Vec<String> {
        Tokens::new(html)
            .map(|token| match token {
                Token::Text(text) => text.to_owned(),
                Token::Start { name, attributes } => format!("<{name}|{}>", attributes.trim()),
                Token::End(name) => format!("</{name}>"),
            })
            .collect()
    }

    #[test]
    fn html_is_cut_where_browsers_cut_it() {
        for (rule, html, tokens) in [
            ("tags and text", "a<b>c</b>", vec!["a", "<b|>", "c", "</b>"]),
            ("a quoted >", "<a t=\"x>y\">z", vec!["<a|t=\"x>y\">", "z"]),
            ("a quote within an attribute's name", "<a it's>z", vec!["<a|it's>", "z"]),
            ("a quote never closed", "<a t=\"x>y</a>z", vec!["<a|t=\"x>", "y", "</a>", "z"]),
            ("a comment", "a<!-- <b> -->c", vec!["a", "c"]),
            ("an empty comment", "a<!-->b", vec!["a", "b"]),
            ("a conditional of Outlook's", "<![if !mso]>a<![endif]>", vec!["a"]),
            ("a script", "<script>if (a<b) x()</script>c", vec!["<script|>", "</script>", "c"]),
            ("a style without end", "<style>a{}", vec!["<style|>"]),
            ("a < that is text", "1 < 2", vec!["1 ", "< 2"]),
            ("a tag without end", "a<b", vec!["a", "<b|>"]),
            ("nothing", "", vec![]),
        ] {
            assert_eq!(shown(html), tokens, "{rule}");
        }
    }

    #[test]
    fn attributes_are_found_however_they_are_written() {
        for (attributes, href) in [
            (" href=\"a\"", Some("a")),
            (" HREF='a b' x", Some("a b")),
            (" x href = a/b y", Some("a/b")),
            (" data-href=\"no\" href=yes", Some("yes")),
            (" title=\"href=no\"", None),
            (" é href=a", Some("a")),
            (" href", Some("")),
            (" = href=a", Some("a")),
            ("", None),
        ] {
            assert_eq!(attribute(attributes, "href"), href, "{attributes}");
        }
    }
}
