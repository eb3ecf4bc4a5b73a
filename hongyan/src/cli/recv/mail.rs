//! A message as a person reads it: who, when, what about, the text, and what is attached.

use std::fmt::Write as _;

use crate::cli::outcome::{Manner, octets};
use crate::cli::paint::Style;
use crate::mime::read::{Message, safe};

/// The longest header line that is shown, in characters.
const MAX_LINE: usize = 500;

/// The message, safe for a terminal. `top` says that only its beginning is there.
pub(super) fn readable(raw: &[u8], top: bool, manner: Manner) -> String {
    let Manner { language, paint } = manner;
    let message = Message::parse(raw);
    let mut out = String::new();
    let addresses = |name| {
        let list = message.address_list(0, name);
        let each = list.iter().flat_map(|address| address.mailboxes()).take(20);
        each.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let date = match message.date() {
        Some(date) => spaced(&date.to_string()),
        None => message.field(0, "Date").map(|field| message.value_text(field)).unwrap_or_default(),
    };
    let rows = [
        (("From", "发件人"), addresses("From")),
        (("To", "收件人"), addresses("To")),
        (("Cc", "抄送"), addresses("Cc")),
        (("Date", "日期"), date),
        (("Subject", "主题"), message.subject().unwrap_or_default()),
    ];
    for ((en, zh), value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        let name = language.choose(format!("{en}:"), format!("{zh}："));
        let value: String = value.chars().take(MAX_LINE).collect();
        let gap = 9_usize.saturating_sub(console::measure_text_width(&name));
        let _ = writeln!(out, "{}{:gap$}{}", paint.the(Style::Name, name), "", safe::line(&value));
    }
    let text = message.best_text();
    let body = safe::text(text.text.trim_end());
    let _ = match body.trim().is_empty() {
        true if top => writeln!(out),
        true => writeln!(out, "\n{}", paint.the(Style::Quiet, language.choose("(no text)", "（没有正文）"))),
        false => writeln!(out, "\n{body}"),
    };
    if text.is_cut {
        let note =
            language.choose("… the text is longer than what is shown here", "……正文过长，以上不是全部");
        let _ = writeln!(out, "{}", paint.the(Style::Notice, note));
    }
    if !top {
        attachments(&message, &mut out, manner);
    }
    out
}

/// `2026-11-20T10:00:00+08:00` as people write it.
fn spaced(date: &str) -> String {
    match (date.split_once('T'), date.rfind(['+', '-'])) {
        (Some((day, _)), Some(offset)) if offset > day.len() => {
            format!("{day} {} {}", &date[day.len() + 1..offset], &date[offset..])
        }
        _ => date.replace('T', " "),
    }
}

fn attachments(message: &Message<'_>, out: &mut String, manner: Manner) {
    let Manner { language, paint } = manner;
    let list = message.bodies().attachments;
    if list.is_empty() {
        return;
    }
    let title = language.choose("Attachments:", "附件：");
    let _ = writeln!(out, "\n{}", paint.the(Style::Title, title));
    for part in list {
        let mut size = 0;
        let _ = message.decode_to(part, |piece| {
            size += piece.len() as u64;
            Ok::<(), ()>(())
        });
        let none = || language.choose("(no name)", "（无文件名）").to_owned();
        let name = message.file_name(part).unwrap_or_else(none);
        let kind = message.parts()[part].media_type.as_str();
        let about = format!("{}, {}", safe::line(kind), octets(size, language));
        let _ = writeln!(out, "  {}  {}", safe::line(&name), paint.the(Style::Quiet, about));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::{Color, Paint};
    use crate::cli::terminal::Language;

    fn shown(raw: &str, language: Language) -> String {
        let manner = Manner { language, paint: Paint::on(&std::io::stderr(), Color::Never) };
        readable(raw.as_bytes(), false, manner)
    }

    #[test]
    fn a_mail_is_shown_as_a_person_reads_it() {
        let raw = "From: =?utf-8?B?5p2O6Zu3?= <lilei@example.org>\r\nTo: wang@example.org\r\n\
                   Subject: =?utf-8?B?5ZGo5oql?=\r\nDate: Fri, 20 Nov 2026 10:00:00 +0800\r\n\
                   MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
                   --b\r\n\r\nhello\x1b[31m\r\n--b\r\nContent-Type: application/pdf\r\n\
                   Content-Disposition: attachment; filename=a.pdf\r\n\r\n12345\r\n--b--\r\n";
        assert_eq!(
            shown(raw, Language::Chinese),
            "发件人： 李雷 <lilei@example.org>\n收件人： wang@example.org\n日期：   2026-11-20 10:00:00 +08:00\n\
             主题：   周报\n\nhello\\x1b[31m\n\n附件：\n  a.pdf  application/pdf, 5 字节\n"
        );
    }

    #[test]
    fn a_mail_without_text_says_so() {
        let text = shown("Subject: a\r\n\r\n", Language::English);
        assert_eq!(text, "Subject: a\n\n(no text)\n");
    }

    #[test]
    fn dates_have_their_blanks() {
        for (date, shown) in [
            ("2026-11-20T10:00:00+08:00", "2026-11-20 10:00:00 +08:00"),
            ("2026-11-20T10:00:00-05:00", "2026-11-20 10:00:00 -05:00"),
            ("2026-11-20T10:00:00Z", "2026-11-20 10:00:00Z"),
        ] {
            assert_eq!(spaced(date), shown);
        }
    }
}
