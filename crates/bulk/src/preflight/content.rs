//! What a rendered letter says: its subject, its text, its HTML.

use hongyan_proto::said::said;

use super::code::Code;
use super::finding::{Book, Place};

/// A subject longer than this (in characters) is cut off by nearly every reader.
pub const LONG_SUBJECT: usize = 150;

/// A row's letter before it is encoded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Content<'a> {
    pub(super) subject: &'a str,
    pub(super) text: &'a str,
    pub(super) html: &'a str,
    /// Whether anything is attached, for everybody or for this row.
    pub(super) attached: bool,
}

/// Looks at a row's letter.
pub(super) fn check(book: &mut Book, row: u64, content: &Content<'_>) {
    let Content { subject, text, html, attached } = *content;
    let mut found = |code, what: &dyn Fn() -> _| book.found(code, Place::row(row), what);
    if subject.trim().is_empty() {
        found(Code::SubjectEmpty, &|| said("the subject is empty", "主题为空"));
    }
    let long = subject.chars().count();
    if long > LONG_SUBJECT {
        found(Code::SubjectLong, &|| {
            said(format!("the subject has {long} characters"), format!("主题有 {long} 个字符"))
        });
    }
    if text.trim().is_empty() && html.trim().is_empty() {
        found(Code::BodyEmpty, &|| said("the letter has no text", "邮件没有正文"));
    }
    let parts = [(subject, "subject", "主题"), (text, "text", "正文"), (html, "HTML", "HTML")];
    if let Some((mark, en, zh)) = parts.iter().find_map(|(part, en, zh)| Some((unexpanded(part)?, en, zh))) {
        found(Code::BodyUnexpanded, &|| {
            said(format!("`{mark}` stands in the {en}"), format!("{zh}中还有 {mark}"))
        });
    }
    if let Some((c, en, zh)) = parts.iter().find_map(|(part, en, zh)| Some((control(part)?, en, zh))) {
        let code = u32::from(c);
        found(Code::BodyControl, &|| {
            said(
                format!("the character U+{code:04X} stands in the {en}"),
                format!("{zh}中有字符 U+{code:04X}"),
            )
        });
    }
    if !attached && let Some(word) = speaks_of_attachment(subject).or_else(|| speaks_of_attachment(text)) {
        found(Code::BodyAttachment, &|| {
            said(format!("it says “{word}”, and nothing is attached"), format!("提到“{word}”，但没有附件"))
        });
    }
    if let Some(address) = remote_picture(html) {
        found(Code::HtmlRemote, &|| said(address.clone(), address.clone()));
    }
}

/// A mark of the templates' language that is left, up to its end.
fn unexpanded(text: &str) -> Option<String> {
    /// Longer ones are shown by their beginning.
    const SHOWN: usize = 40;
    let at = ["{{", "{%", "}}", "%}"].iter().filter_map(|mark| text.find(mark)).min()?;
    let rest = &text[at..];
    let end = rest.find(['}', '\n']).map_or(rest.len(), |end| (end + 2).min(rest.len()));
    let shown: String = rest.chars().take(rest[..floor(rest, end)].chars().count().min(SHOWN)).collect();
    Some(shown.trim_end().to_owned())
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A character that belongs in no letter.
fn control(text: &str) -> Option<char> {
    text.chars().find(|&c| c.is_control() && !matches!(c, '\n' | '\r' | '\t') || c == '\u{fffd}')
}

/// Words that promise an attachment.
fn speaks_of_attachment(text: &str) -> Option<&'static str> {
    const CHINESE: &[&str] = &["附件", "附上", "随信附", "随邮件附"];
    const ENGLISH: &[&str] = &["attachment", "attached", "enclosed"];
    if let Some(word) = CHINESE.iter().find(|word| text.contains(**word)) {
        return Some(word);
    }
    let words = || text.split(|c: char| !c.is_ascii_alphabetic());
    ENGLISH.iter().find(|known| words().any(|word| word.eq_ignore_ascii_case(known))).copied()
}

/// The address of a picture that would have to be fetched.
fn remote_picture(html: &str) -> Option<String> {
    /// In characters.
    const SHOWN: usize = 80;
    html.match_indices('<').find_map(|(at, _)| {
        let tag = html[at + 1..].split('>').next()?;
        let is = |name: &str| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        if !(is("img") || is("image") || is("video") || is("audio") || is("source") || is("body") || is("td"))
        {
            return None;
        }
        let lower = tag.to_ascii_lowercase();
        let value = ["src=", "background=", "srcset=", "poster=", "href="].iter().find_map(|name| {
            let from = lower.find(name)? + name.len();
            Some(tag[from..].trim_start_matches(['"', '\'', ' ']))
        })?;
        let remote = ["http://", "https://", "//"];
        let is_remote = remote
            .iter()
            .any(|scheme| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let end = value.find(['"', '\'', ' ', '>']).unwrap_or(value.len());
        is_remote.then(|| value[..end].chars().take(SHOWN).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(content: Content<'_>) -> Vec<&'static str> {
        let mut book = Book::new(&[]);
        check(&mut book, 2, &content);
        book.close().0.iter().map(|finding| finding.code.name()).collect()
    }

    const FINE: Content<'_> =
        Content {
            subject: "工资条", text: "张三，您好", html: "<p>张三，您好</p>", attached: false
        };

    #[test]
    fn each_rule_finds_its_letter_and_leaves_the_others_alone() {
        let long = "长".repeat(LONG_SUBJECT + 1);
        let cases: &[(Content<'_>, &[&str])] = &[
            (FINE, &[]),
            (Content { subject: " ", ..FINE }, &["subject.empty"]),
            (Content { subject: &long, ..FINE }, &["subject.long"]),
            (Content { subject: &long[..LONG_SUBJECT * 3], ..FINE }, &[]),
            (Content { text: "", html: " ", ..FINE }, &["body.empty"]),
            (Content { text: "", ..FINE }, &[]),
            (Content { text: "Dear {{ name }},", ..FINE }, &["body.unexpanded"]),
            (Content { html: "<p>{% if x %}", ..FINE }, &["body.unexpanded"]),
            (Content { text: "{ } { 1 } %", ..FINE }, &[]),
            (Content { text: "a\u{7}b", ..FINE }, &["body.control"]),
            (Content { text: "a\u{0}b", ..FINE }, &["body.control"]),
            (Content { text: "a\tb\r\n", ..FINE }, &[]),
            (Content { text: "请查收附件", ..FINE }, &["body.attachment"]),
            (Content { text: "Please see the attached file", ..FINE }, &["body.attachment"]),
            (Content { text: "请查收附件", attached: true, ..FINE }, &[]),
            (Content { text: "unattached", ..FINE }, &[]),
            (Content { html: "<IMG alt='' SRC='https://example.org/a.png'>", ..FINE }, &["html.remote"]),
            (Content { html: "<td background=\"//example.org/a.png\">", ..FINE }, &["html.remote"]),
            (Content { html: "<img src=\"cid:a\"><a href=\"https://example.org\">x</a>", ..FINE }, &[]),
        ];
        for (content, expected) in cases {
            assert_eq!(codes(*content), *expected, "{content:?}");
        }
    }

    #[test]
    fn the_mark_that_is_left_is_shown() {
        for (text, shown) in [
            ("a {{ 姓名 }} b", "{{ 姓名 }}"),
            ("a {{ 姓名", "{{ 姓名"),
            ("x }} y", "}}"),
            ("{{x}", "{{x}"),
            ("a {%\n", "{%"),
        ] {
            assert_eq!(unexpanded(text).as_deref(), Some(shown), "{text}");
        }
    }
}
