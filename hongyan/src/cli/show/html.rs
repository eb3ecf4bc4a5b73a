//! The HTML of a mail made harmless: a page that runs nothing and loads nothing.
//!
//! Only elements and attributes that lay out text stay (an allowlist); links stay and lead where they led. Pictures
//! that the mail brings along become part of the page; all others are left out, because asking for them would tell
//! the sender that the mail was read. A policy in the page says the same to the browser once more.

mod weight;

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use ammonia::{Builder, UrlRelative};
use encodify::base64::STANDARD;
use hongyan_mime::read::{Message, safe};

use crate::cli::exit::Exit;
use crate::cli::figures::grouped;
use crate::cli::system::{printed, random};
use crate::cli::terminal::{Language, tell};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The longest HTML of a mail, in octets, that is made harmless: a tree of it is held meanwhile.
const MAX_HTML: usize = 16 << 20;
/// Octets of pictures that are put into one page, each as often as it is shown.
const MAX_PICTURES: usize = 32 << 20;
/// Pictures that are shown in one page.
const MAX_SHOWN: usize = 1_000;

/// Properties of style that cannot name anything to be loaded.
const STYLES: [&str; 41] = [
    "background-color",
    "border",
    "border-bottom",
    "border-collapse",
    "border-color",
    "border-left",
    "border-radius",
    "border-right",
    "border-spacing",
    "border-style",
    "border-top",
    "border-width",
    "color",
    "direction",
    "display",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-width",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "text-align",
    "text-decoration",
    "text-indent",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-wrap",
];

/// Attributes of tables and fonts, as mail still has them.
const ATTRIBUTES: [&str; 12] = [
    "align",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "color",
    "dir",
    "face",
    "height",
    "size",
    "valign",
    "width",
];

/// What stands before the content. The policy lets the browser load nothing.
const HEAD: &str = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
                    content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>";

/// Writes the mail's HTML, or its text as HTML.
pub(super) fn write(out: &mut impl Write, message: &Message<'_>, terminal: bool) -> Result<(), Trouble> {
    let mut page = Page { out, message, terminal, room: MAX_PICTURES, shown: 0, left_out: 0 };
    let subject = escaped(message.subject().as_deref().unwrap_or_default());
    page.text(HEAD)?;
    page.text(&format!("{subject}</title></head>\n<body>\n"))?;
    for part in message.bodies().html {
        page.part(part)?;
    }
    page.text("</body></html>\n")?;
    if page.left_out > 0 {
        let number = grouped(page.left_out);
        tell(&Language::of_the_environment().choose(
            format!("show: pictures left out, because they are elsewhere or too large: {number}"),
            format!("show：未包含 {number} 张图片（在邮件之外，或过大）"),
        ));
    }
    Ok(())
}

struct Page<'p, 'a, W> {
    out: &'p mut W,
    message: &'p Message<'a>,
    /// Whether what is written must be safe for a terminal.
    terminal: bool,
    /// Octets of pictures that still may go in.
    room: usize,
    shown: usize,
    left_out: u64,
}

impl<W: Write> Page<'_, '_, W> {
    fn text(&mut self, text: &str) -> Result<(), Trouble> {
        let shown = if self.terminal { safe::text(text) } else { Cow::Borrowed(text) };
        printed(self.out.write_all(shown.as_bytes()))
    }

    fn part(&mut self, part: usize) -> Result<(), Trouble> {
        let length = self.message.body(part).len();
        if length > MAX_HTML {
            return Err(too_long(&self.message.path(part), length));
        }
        let text = self.message.text(part);
        if self.message.parts()[part].media_type.as_str() != "text/html" {
            return self.plain(&text);
        }
        if !weight::is_bearable(&text) {
            tell(Language::of_the_environment().choose(
                "show: the HTML nests too deep to be made harmless: its text is shown",
                "show：HTML 嵌套过深，无法安全处理，改为显示其文字",
            ));
            return self.plain(&self.message.readable_text(part));
        }
        let mark = mark()?;
        let (clean, references) = cleaned(&text, &mark);
        let related = self.message.related(part);
        let mut pieces = clean.split(&*mark);
        self.text(pieces.next().unwrap_or_default())?;
        for piece in pieces {
            // A mark is followed by the number of its reference and a semicolon.
            let (number, rest) = piece.split_once(';').unwrap_or(("", piece));
            let reference = number.parse().ok().and_then(|number: usize| references.get(number));
            let picture = reference.and_then(|reference| related.resolve(reference));
            match picture.and_then(|part| self.picture(part)) {
                Some(picture) => self.text(&picture)?,
                None => {
                    self.left_out += 1;
                    // An empty picture, so that what describes it is shown.
                    self.text("data:,")?;
                }
            }
            self.text(rest)?;
        }
        self.text("\n")
    }

    fn plain(&mut self, text: &str) -> Result<(), Trouble> {
        let text = escaped(text);
        self.text(&format!("<pre style=\"white-space:pre-wrap\">{text}</pre>\n"))
    }

    /// A part as a `data:` URI; none where it is no picture, or there is no room for it.
    fn picture(&mut self, part: usize) -> Option<String> {
        let media_type = self.message.parts()[part].media_type.as_str();
        let length = self.message.body(part).len();
        if !is_picture(media_type) || length > self.room || self.shown >= MAX_SHOWN {
            return None;
        }
        self.room -= length;
        self.shown += 1;
        let content = STANDARD.encode(self.message.decoded(part));
        Some(format!("data:{media_type};base64,{content}"))
    }
}

/// Pictures that are nothing else.
fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/jpg" | "image/gif" | "image/webp" | "image/bmp")
}

/// A text that the mail cannot have in it.
fn mark() -> Result<String, Trouble> {
    let number: [u8; 16] = random()?;
    Ok(format!("data:{:032x}-", u128::from_be_bytes(number)))
}

/// The HTML without what could do something; where it shows a picture, `mark` stands with the number of the reference
/// in the list behind it.
fn cleaned(html: &str, mark: &str) -> (String, Vec<String>) {
    let references = Arc::new(Mutex::new(Vec::new()));
    let (list, mark) = (Arc::clone(&references), mark.to_owned());
    let mut builder = Builder::default();
    builder
        .add_tags(["font", "center", "u", "big"])
        .add_generic_attributes(["style", "title"])
        .add_generic_attributes(ATTRIBUTES)
        .filter_style_properties(HashSet::from(STYLES))
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel", "ftp", "cid", "mid", "data"]))
        // What is relative is looked for in the mail, and goes nowhere else.
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .attribute_filter(move |element, attribute, value| match (element, attribute) {
            ("img", "src") if is_own_picture(value) => Some(Cow::Borrowed(value)),
            ("img", "src") => {
                let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
                list.push(value.to_owned());
                Some(Cow::Owned(format!("{mark}{};", list.len() - 1)))
            }
            (_, "href") if leads_out(value) => Some(Cow::Borrowed(value)),
            (_, "src" | "href" | "cite" | "background" | "srcset") => None,
            _ => Some(Cow::Borrowed(value)),
        });
    let clean = builder.clean(html).to_string();
    drop(builder);
    let references = references.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (clean, references)
}

/// A picture that stands in the page itself.
fn is_own_picture(uri: &str) -> bool {
    let rest = uri.trim().strip_prefix("data:");
    rest.and_then(|rest| rest.split_once([';', ','])).is_some_and(|(media_type, _)| is_picture(media_type))
}

/// A link that a person can follow.
fn leads_out(uri: &str) -> bool {
    let scheme = uri.trim().split(':').next().unwrap_or_default().to_ascii_lowercase();
    matches!(scheme.as_str(), "http" | "https" | "mailto" | "tel" | "ftp")
}

/// Text as HTML.
fn escaped(text: &str) -> String {
    ammonia::clean_text(text)
}

fn too_long(path: &str, length: usize) -> Trouble {
    let (length, limit) = (grouped(length as u64), grouped(MAX_HTML as u64));
    Trouble::new(
        Exit::Data,
        said(
            format!("the HTML in part {path} has {length} bytes; at most {limit} are made harmless"),
            format!("第 {path} 部分的 HTML 有 {length} 字节，超过可处理的 {limit} 字节"),
        ),
        said(
            format!("read its text by `hongyan show`, or take it out as it is by --part {path}"),
            format!("请用 hongyan show 查看文字，或用 --part {path} 原样取出"),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mail: &str) -> String {
        let mut out = Vec::new();
        assert!(write(&mut out, &Message::parse(mail.as_bytes()), false).is_ok());
        String::from_utf8(out).unwrap()
    }

    fn page(html: &str) -> String {
        shown(&format!("Subject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}"))
    }

    #[test]
    fn nothing_that_runs_or_loads_is_left() {
        for (html, gone) in [
            ("<script>alert(1)</script>", "alert"),
            ("<img src=x onerror=alert(1)>", "onerror"),
            ("<img src=https://track.example/1.png>", "track"),
            ("<img srcset='https://track.example/1.png 2x'>", "track"),
            ("<img src=//track.example/1.png>", "track"),
            ("<img src='data:image/svg+xml,<svg onload=alert(1)>'>", "svg"),
            ("<a href='javascript:alert(1)'>x</a>", "javascript"),
            ("<a href='data:text/html,<script>alert(1)</script>'>x</a>", "alert"),
            ("<a href=/etc/passwd>x</a>", "passwd"),
            ("<link rel=stylesheet href=https://track.example/x.css>", "track"),
            ("<style>@import 'https://track.example/x.css'</style>", "track"),
            ("<p style=\"background:url(https://track.example/x.png)\">x</p>", "track"),
            (
                "<p style=\"background-color:url(https://track.example/x.png)\">x</p>",
                "track.example/x.png)\">",
            ),
            ("<table background=https://track.example/x.png>", "track"),
            ("<iframe src=https://track.example></iframe>", "track"),
            ("<form action=https://track.example><input name=x></form>", "track"),
            ("<meta http-equiv=refresh content='0;url=https://track.example'>", "track"),
            ("<base href=https://track.example/><img src=x.png>", "track"),
            ("<svg><image href=https://track.example/x.png></svg>", "track"),
            ("<video src=https://track.example/x.mp4 poster=https://track.example/x.png></video>", "track"),
            ("<blockquote cite=https://track.example>x</blockquote>", "track"),
            ("<q cite=https://track.example>x</q>", "track"),
        ] {
            let page = page(html);
            assert!(!page.contains(gone), "{html}: {page}");
        }
    }

    #[test]
    fn what_lays_out_text_stays() {
        for (html, kept) in [
            ("<p>你好 <b>you</b></p>", "<p>你好 <b>you</b></p>"),
            ("<p style=\"color: red; position: fixed\">x</p>", "style=\"color:red\""),
            (
                "<a href=\"https://example.org/?a=1&amp;b=2\">x</a>",
                "href=\"https://example.org/?a=1&amp;b=2\"",
            ),
            ("<table border=1 bgcolor=#ffffff><tr><td align=right>x</td></tr></table>", "align=\"right\""),
            ("<img alt=logo src=https://example.org/x.png>", "alt=\"logo\""),
            ("<img src=data:image/png;base64,AAAA>", "src=\"data:image/png;base64,AAAA\""),
        ] {
            let page = page(html);
            assert!(page.contains(kept), "{html}: {page}");
        }
        assert!(page("x").contains("default-src 'none'"));
        assert!(shown("Subject: </title><script>\r\n\r\n<b>&").contains("&lt;b&gt;&amp;"));
        assert!(!shown("Subject: </title><script>\r\n\r\nx").contains("<script"));
    }

    const RELATED: &str = "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
        <img src=\"cid:a@b\"><img src='CID:a%40b'><img src=\"pic.gif\"><img src='cid:none'><img src=cid:page@b>\r\n\
        --b\r\nContent-Type: image/png\r\nContent-ID: <a@b>\r\nContent-Transfer-Encoding: base64\r\n\r\nUE5H\r\n\
        --b\r\nContent-Type: image/gif\r\nContent-Location: pic.gif\r\n\r\nGIF\r\n\
        --b\r\nContent-Type: text/html\r\nContent-ID: <page@b>\r\n\r\n<script>\r\n--b--\r\n";

    #[test]
    fn pictures_that_the_mail_brings_along_become_part_of_the_page() {
        let page = shown(RELATED);
        assert_eq!(page.matches("src=\"data:image/png;base64,UE5H\"").count(), 2, "{page}");
        assert_eq!(page.matches("src=\"data:image/gif;base64,R0lG\"").count(), 1, "{page}");
        assert_eq!(page.matches("src=\"data:,\"").count(), 2, "{page}");
    }

    #[test]
    fn pictures_are_bounded_in_size_and_number() {
        let picture = "A".repeat(1 << 20);
        let shows = "<img src=cid:p>".repeat(100);
        let mail = format!(
            "Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n{shows}\r\n\
             --b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\n\r\n{picture}\r\n--b--\r\n"
        );
        let page = shown(&mail);
        assert_eq!(page.matches("data:image/png").count(), MAX_PICTURES / picture.len());
        assert_eq!(page.matches("\"data:,\"").count(), 100 - MAX_PICTURES / picture.len());
    }

    #[test]
    fn deep_and_broken_html_is_no_burden() {
        let begun = std::time::Instant::now();
        page(&"<div>".repeat(5_000));
        page(&"<b><i>".repeat(500));
        page(&"<!--".repeat(100_000));
        // What would be too much is shown as text.
        assert!(page(&"<div>all<table><tr><td>".repeat(100_000)).contains("all"));
        assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    }

    #[test]
    fn on_a_terminal_it_cannot_do_anything() {
        let mail = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>\u{1b}[2J\u{202e}</p>";
        let mut out = Vec::new();
        assert!(write(&mut out, &Message::parse(mail.as_bytes()), true).is_ok());
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}
