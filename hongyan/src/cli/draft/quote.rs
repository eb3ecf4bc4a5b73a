//! What an answer repeats of the mail that it answers, and a forwarded mail shows of its header.
//!
//! Texts of the mail come in as they were decoded. Control characters are made visible marks: the draft goes into
//! an editor and back into a mail.

use super::recipients::usable;
use super::subject::plain;
use super::wrap::{COLUMNS, columns_of, wrapped};
use crate::cli::terminal::Language;
use crate::mime::address::{Address, Mailbox};
use crate::mime::read::{DateTime, Message};

/// The longest text that is quoted, in octets.
pub(crate) const MAX_QUOTED: usize = 1 << 20;

/// The language that a mail is written in, as far as that matters here; `usual` where its text does not show it.
pub(crate) fn language_of(text: &str, usual: Language) -> Language {
    let (mut han, mut other) = (0, 0);
    for c in text.chars().take(4_000) {
        match c {
            // Japanese and Korean mails are answered in English.
            '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}' => return Language::English,
            '\u{4e00}'..='\u{9fff}' => han += 1,
            c if c.is_alphabetic() => other += 1,
            _ => {}
        }
    }
    match (han, other) {
        (0, 0) => usual,
        // A Chinese character says about as much as three letters.
        _ if han * 3 >= other => Language::Chinese,
        _ => Language::English,
    }
}

/// The line that says whose words follow.
pub(crate) fn attribution(message: &Message<'_>, language: Language) -> String {
    let who = message.from().iter().flat_map(Address::mailboxes).find_map(usable);
    let who = who.as_ref().map(Mailbox::to_string);
    let when = message.date().map(|date| time(&date, language));
    match (language, when, who) {
        (Language::English, Some(when), who) => {
            format!("On {when}, {} wrote:", who.as_deref().unwrap_or("somebody"))
        }
        (Language::English, None, who) => format!("{} wrote:", who.as_deref().unwrap_or("Somebody")),
        (Language::Chinese, Some(when), who) => {
            format!("{when}，{} 写道：", who.as_deref().unwrap_or("有人"))
        }
        (Language::Chinese, None, who) => format!("{} 写道：", who.as_deref().unwrap_or("有人")),
    }
}

/// The text with `> ` before each line, within [`COLUMNS`], and without the signature that ends it.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let text = visible(text);
    for line in without_signature(&text).trim_matches('\n').split('\n') {
        let line = line.trim_end();
        // Quotes of quotes keep their depth on each line that they are broken into.
        let depth = line.len() - line.trim_start_matches(['>', ' ']).len();
        let marks: String = line[..depth].chars().filter(|c| *c == '>').collect();
        let (marks, words) = if marks.is_empty() { (marks, line) } else { (marks, &line[depth..]) };
        let before = format!(">{marks} ");
        for piece in wrapped(words, COLUMNS.saturating_sub(columns_of(&before)).max(20)) {
            out.push_str(if piece.is_empty() { before.trim_end() } else { &before });
            out.push_str(piece);
            out.push('\n');
        }
    }
    out
}

/// The header of a mail that is forwarded, as lines of text.
pub(crate) fn heading(message: &Message<'_>, language: Language) -> String {
    let list = |list: &[Address]| {
        let people: Vec<String> =
            list.iter().flat_map(Address::mailboxes).filter_map(usable).map(|who| who.to_string()).collect();
        people.join(", ")
    };
    let title =
        language.choose("---------- Forwarded message ----------", "---------- 转发的邮件 ----------");
    let mut out = format!("{title}\n");
    let rows = [
        (("From", "发件人"), list(&message.from())),
        (("Date", "日期"), message.date().map(|date| time(&date, language)).unwrap_or_default()),
        (("Subject", "主题"), message.subject().as_deref().map(plain).unwrap_or_default()),
        (("To", "收件人"), list(&message.to())),
        (("Cc", "抄送"), list(&message.cc())),
    ];
    for ((en, zh), value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&language.choose(format!("{en}: {value}\n"), format!("{zh}：{value}\n")));
    }
    out
}

/// The text with line ends of one kind, and marks in place of control characters.
pub(crate) fn visible(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}

/// Without what follows the last `-- ` (RFC 3676 §4.3), unless that is most of the text.
fn without_signature(text: &str) -> &str {
    const LONGEST: usize = 2_000;
    match text.rfind("\n-- \n") {
        Some(at) if text.len() - at <= LONGEST => &text[..at],
        _ => text,
    }
}

/// A time as people write it; with its offset where the mail gave one.
fn time(date: &DateTime, language: Language) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let DateTime { year, month, day, hour, minute, offset, .. } = date;
    let zone = offset.map_or(String::new(), |offset| {
        let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
        format!(" {sign}{:02}{:02}", minutes / 60, minutes % 60)
    });
    match language {
        Language::English => {
            let month = MONTHS.get(usize::from(*month).wrapping_sub(1)).unwrap_or(&"");
            format!("{day} {month} {year} at {hour:02}:{minute:02}{zone}")
        }
        Language::Chinese => format!("{year}年{month}月{day}日 {hour:02}:{minute:02}{zone}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_mark_and_none_is_too_wide() {
        let long = "words and ".repeat(20);
        let wide = "服务器不认识这个收件人，".repeat(10);
        for (text, expected) in [
            ("one\ntwo\n", "> one\n> two\n"),
            ("one\r\n\r\ntwo\r\n", "> one\n>\n> two\n"),
            ("> older\n>> oldest\n> > spaced\n", ">> older\n>>> oldest\n>>> spaced\n"),
            ("\n\n one\n\n\n", ">  one\n"),
            ("text\n-- \nAnn\n", "> text\n"),
            ("a\u{1b}[31m\0b\n", "> a\u{fffd}[31m\u{fffd}b\n"),
            ("", ">\n"),
        ] {
            assert_eq!(quoted(text), expected, "{text:?}");
        }
        for text in [&long, &wide, &format!("> {long}")] {
            let quoted = quoted(text);
            assert!(quoted.lines().count() > 2);
            for line in quoted.lines() {
                assert!(line.starts_with('>') && columns_of(line) <= COLUMNS, "{line}");
            }
        }
        assert!(quoted(&format!("> {long}")).lines().all(|line| line.starts_with(">> ")));
    }

    #[test]
    fn the_mail_decides_on_the_language() {
        for (text, expected) in [
            ("Hello there", Language::English),
            ("您好，请查收附件", Language::Chinese),
            ("您好，请查收 report final.pdf", Language::Chinese),
            ("Dear Mr 王, thank you for your letter", Language::English),
            ("ご注文ありがとうございます。商品", Language::English),
            ("12:30", Language::Chinese),
        ] {
            assert_eq!(language_of(text, Language::Chinese), expected, "{text}");
        }
    }

    #[test]
    fn who_wrote_it_and_when_as_far_as_the_mail_says() {
        let from = "From: =?utf-8?B?546L5Lyf?= <w@x.example>\r\n";
        let date = "Date: Thu, 20 Nov 2025 03:09:00 +0800\r\n";
        for (header, en, zh) in [
            (
                format!("{from}{date}"),
                "On 20 November 2025 at 03:09 +0800, 王伟 <w@x.example> wrote:",
                "2025年11月20日 03:09 +0800，王伟 <w@x.example> 写道：",
            ),
            (from.into(), "王伟 <w@x.example> wrote:", "王伟 <w@x.example> 写道："),
            (
                date.into(),
                "On 20 November 2025 at 03:09 +0800, somebody wrote:",
                "2025年11月20日 03:09 +0800，有人 写道：",
            ),
            ("Date: soon\r\n".into(), "Somebody wrote:", "有人 写道："),
        ] {
            let raw = format!("{header}\r\n");
            let message = Message::parse(raw.as_bytes());
            assert_eq!(attribution(&message, Language::English), en);
            assert_eq!(attribution(&message, Language::Chinese), zh);
        }
    }

    #[test]
    fn a_forwarded_mail_shows_its_header_a_field_a_line() {
        let raw = "From: a@x.example\r\nTo: b@x.example, c@x.example\r\nSubject: =?utf-8?Q?a=0D=0ABcc=3A_e?=\r\n\r\n";
        let message = Message::parse(raw.as_bytes());
        assert_eq!(
            heading(&message, Language::English),
            "---------- Forwarded message ----------\nFrom: a@x.example\nSubject: a  Bcc: e\nTo: b@x.example, c@x.example\n"
        );
        assert!(
            heading(&message, Language::Chinese).contains("发件人：a@x.example\n主题：a  Bcc: e\n收件人：")
        );
    }
}
