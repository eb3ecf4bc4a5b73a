//! A page of mails on a terminal: columns that fit its width, whatever is in them.

use std::io::{self, Write};

use chrono::Local;
use console::{measure_text_width, truncate_str};
use hongyan_mailbox::index::{Mail, Page};
use hongyan_mime::read::safe;

use super::date;
use super::row::{marks, who};
use crate::cli::figures::grouped;
use crate::cli::paint::{Paint, Style};
use crate::cli::terminal::Language;

/// Columns of a date.
const DATE: usize = 11;
/// Columns of who, at least and at most.
const WHO: (usize, usize) = (10, 24);
/// The narrowest window that is written for.
const NARROWEST: usize = 40;

/// A table of mails.
pub(super) struct Table {
    columns: usize,
    paint: Paint,
    language: Language,
}

impl Table {
    pub(super) fn new(columns: usize, paint: Paint, language: Language) -> Self {
        Self { columns: columns.max(NARROWEST), paint, language }
    }

    /// Prints the mails, and below them which of how many they are.
    pub(super) fn print(
        &self,
        out: &mut impl Write,
        page: &Page,
        offset: u64,
        number: u64,
    ) -> io::Result<()> {
        let widest = |of: &dyn Fn(&Mail) -> usize| page.mails.iter().map(of).max().unwrap_or(0);
        let numbers = widest(&|mail| mail.id.to_string().len());
        let people = widest(&|mail| measure_text_width(&safe::line(&who(mail))));
        let people = people.clamp(WHO.0, WHO.1.min(self.columns / 4));
        for mail in &page.mails {
            self.row(out, mail, numbers, people)?;
        }
        self.which(out, page, offset, number)
    }

    fn row(&self, out: &mut impl Write, mail: &Mail, numbers: usize, people: usize) -> io::Result<()> {
        let marks = marks(mail);
        let unread = marks[0] == 'N';
        let who = fitted(&safe::line(&who(mail)), people);
        let date = date::short(mail.date, &Local::now());
        // number, marks, date, who, and two blanks behind each.
        let used = numbers + 1 + marks.len() + 1 + DATE + 2 + people + 2;
        let room = self.columns.saturating_sub(used + 1);
        let folder = match mail.folder.as_str() {
            "INBOX" => String::new(),
            folder => cut(&format!("{} · ", cut(&safe::line(folder), self.columns / 5)), room),
        };
        let room = room - measure_text_width(&folder);
        let subject = match mail.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty()) {
            Some(subject) => safe::line(subject).into_owned(),
            None => self.language.choose("(no subject)", "（无主题）").to_owned(),
        };
        let strong = if unread { Style::Strong } else { Style::Plain };
        let [state, flagged, attached] = marks.map(String::from);
        writeln!(
            out,
            "{} {}{}{} {} {}  {}{}",
            self.paint.the(Style::Name, format!("{:>numbers$}", mail.id)),
            self.paint.the(Style::Good, state),
            self.paint.the(Style::Bad, flagged),
            self.paint.the(Style::Notice, attached),
            self.paint.the(Style::Quiet, format!("{date:>DATE$} ")),
            self.paint.the(strong, who),
            self.paint.the(Style::Quiet, folder),
            self.paint.the(strong, cut(&subject, room)),
        )
    }

    /// Which of how many mails these are.
    fn which(&self, out: &mut impl Write, page: &Page, offset: u64, number: u64) -> io::Result<()> {
        let total = grouped(page.total);
        let text = if page.total == 0 {
            self.language.choose("No mails.", "没有邮件。").to_owned()
        } else if page.mails.is_empty() {
            self.language.choose(format!("There is no page {number}: of {total} mails all were before."), {
                format!("没有第 {number} 页：共 {total} 封邮件，都在前面。")
            })
        } else {
            let (first, last) = (grouped(offset + 1), grouped(offset + page.mails.len() as u64));
            let more = if offset + (page.mails.len() as u64) < page.total {
                self.language.choose(format!("; more: --page {}", number + 1), {
                    format!("；下一页：--page {}", number + 1)
                })
            } else {
                String::new()
            };
            self.language.choose(format!("{first}–{last} of {total}{more}"), {
                format!("第 {first}–{last} 封，共 {total} 封{more}")
            })
        };
        writeln!(out, "{}", self.paint.the(Style::Quiet, text))
    }
}

/// The text in so many columns at most.
fn cut(text: &str, columns: usize) -> String {
    // The sign that something is missing needs a column itself.
    if columns == 0 { String::new() } else { truncate_str(text, columns, "…").into_owned() }
}

/// The text in so many columns, cut or filled up.
fn fitted(text: &str, columns: usize) -> String {
    let cut = cut(text, columns);
    let gap = columns.saturating_sub(measure_text_width(&cut));
    format!("{cut}{}", " ".repeat(gap))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::paint::Color;
    use hongyan_mailbox::index::Who;
    use hongyan_mailbox::maildir::Flags;

    fn mail(id: i64, name: &str, subject: &str) -> Mail {
        Mail {
            id,
            folder: "INBOX".into(),
            path: "/x".into(),
            maildir: "/".into(),
            unique: "x".into(),
            flags: Flags::SEEN,
            size: 1,
            date: 0,
            zone: None,
            subject: Some(subject.into()),
            from: Some(Who { name: Some(name.into()), address: "a@b".into() }),
            to: None,
            recipients: 1,
            attachments: 0,
            message_id: None,
        }
    }

    #[test]
    fn no_line_is_wider_than_the_window_whatever_is_in_it() {
        let long = "很长的主题".repeat(50);
        let mails = vec![
            mail(1, "王", "短"),
            mail(12345, "Somebody With A Very Long Name Indeed", &long),
            mail(7, "\u{1b}[2J\n", "line\r\nbreak \u{202e} \u{1b}]0;title\u{7}"),
            Mail { folder: "很深的/文件夹/名字".into(), ..mail(8, "", "") },
        ];
        let page = Page { mails, total: 4 };
        for columns in [1, 40, 57, 80, 200] {
            let paint = Paint::on(&std::io::stdout(), Color::Never);
            let mut out = Vec::new();
            Table::new(columns, paint, Language::Chinese).print(&mut out, &page, 0, 1).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.lines().count(), 5, "{text}");
            assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
            for line in text.lines() {
                assert!(measure_text_width(line) <= columns.max(NARROWEST), "{columns}: {line}");
            }
        }
    }

    #[test]
    fn what_follows_the_sender_stands_in_one_column() {
        let page = Page { mails: vec![mail(1, "王小明", "s1"), mail(2, "Wang", "s2")], total: 2 };
        let paint = Paint::on(&std::io::stdout(), Color::Never);
        let mut out = Vec::new();
        Table::new(80, paint, Language::English).print(&mut out, &page, 0, 1).unwrap();
        let text = String::from_utf8(out).unwrap();
        let at = |line: &str, subject| measure_text_width(line.split_once(subject).unwrap().0);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(at(lines[0], "s1"), at(lines[1], "s2"), "{text}");
        assert_eq!(lines[2], "1–2 of 2");
    }
}
