//! A mail as a person reads it: who and what, the text, what is attached, and what had to be repaired.

use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime as Instant, Local, Offset};
use console::Term;
use hongyan_mime::address::Address;
use hongyan_mime::read::{self, DateTime, Defect, Message, Person, Summary, safe};

use crate::cli::draft::wrap::wrapped;
use crate::cli::extract::select::{Selection, each};
use crate::cli::figures::{counted, grouped};
use crate::cli::inspect::show::{fields, finding, people, shortened};
use crate::cli::paint::{Paint, Style};
use crate::cli::terminal::Language;

/// Findings that are shown; the others are counted, and `hongyan inspect` has them all.
const MAX_FINDINGS: usize = 5;
/// Attachments that are listed; the others are counted.
const MAX_ATTACHMENTS: usize = 100;
/// The widest line of text, in columns, however wide the window is.
const WIDEST: usize = 100;

/// How a mail is shown.
pub(in crate::cli) struct Reading<'r> {
    /// Its file, for lines to be copied.
    pub(in crate::cli) path: Option<&'r Path>,
    pub(in crate::cli) language: Language,
    pub(in crate::cli) paint: Paint,
    /// Whether lines are broken for a window.
    pub(in crate::cli) terminal: bool,
}

impl Reading<'_> {
    pub(in crate::cli) fn write(&self, out: &mut impl Write, message: &Message<'_>) -> io::Result<()> {
        self.header(out, message)?;
        writeln!(out)?;
        self.text(out, &message.best_text().text)?;
        let summary = read::inspect(message.raw());
        self.attachments(out, message, &summary)?;
        self.findings(out, &summary)
    }

    fn header(&self, out: &mut impl Write, message: &Message<'_>) -> io::Result<()> {
        let list = |name| persons(&message.address_list(0, name));
        let (from, reply_to) = (list("From"), list("Reply-To"));
        let differs = !reply_to.iter().map(|one| &one.address).eq(from.iter().map(|one| &one.address));
        let lines = [
            ("Subject     ", "主题        ", shortened(message.subject().as_deref().unwrap_or_default())),
            ("From        ", "发件人      ", people(&from)),
            ("Reply to    ", "回复至      ", if differs { people(&reply_to) } else { String::new() }),
            ("To          ", "收件人      ", people(&list("To"))),
            ("Cc          ", "抄送        ", people(&list("Cc"))),
            ("Date        ", "日期        ", message.date().map(|date| self.date(&date)).unwrap_or_default()),
        ];
        fields(out, &lines, self.language, self.paint)
    }

    /// As the mail has it, and where the zones differ as it is here.
    fn date(&self, date: &DateTime) -> String {
        let DateTime { year, month, day, hour, minute, .. } = date;
        let written = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}");
        let Some(here) = Instant::from_timestamp(date.timestamp(), 0).map(|at| at.with_timezone(&Local))
        else {
            return written;
        };
        let offset = here.offset().fix().local_minus_utc() / 60;
        match date.offset {
            Some(minutes) if i32::from(minutes) == offset => written,
            Some(minutes) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                let here = here.format("%Y-%m-%d %H:%M");
                let zone = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
                self.language.choose(format!("{written} {zone} ({here} here)"), {
                    format!("{written} {zone}（本地时间 {here}）")
                })
            }
            None => written,
        }
    }

    /// The text; quoted lines stand back.
    fn text(&self, out: &mut impl Write, text: &str) -> io::Result<()> {
        let columns = usize::from(Term::stdout().size().1).clamp(20, WIDEST);
        for line in safe::text(text).trim_end().split('\n') {
            let line = line.trim_end_matches('\r');
            let style = if line.starts_with('>') { Style::Quiet } else { Style::Plain };
            let pieces = if self.terminal { wrapped(line, columns) } else { vec![line] };
            for piece in pieces {
                writeln!(out, "{}", self.paint.the(style, piece))?;
            }
        }
        Ok(())
    }

    fn attachments(&self, out: &mut impl Write, message: &Message<'_>, all: &Summary) -> io::Result<()> {
        let mut lines = Vec::new();
        let mut number = 0;
        // What can go wrong here is a limit that is reached.
        let walked = each(message, &Selection::Files, &mut |found| {
            number += 1;
            if number <= MAX_ATTACHMENTS {
                let size = all.parts.iter().find(|part| part.path == found.path).map_or(0, |part| part.len);
                lines.push((found.path.clone(), found.name(), size, found.media_type().to_owned()));
            }
            Ok(())
        });
        if number > 0 {
            let text = match self.language {
                Language::English => format!("{}:", counted(number, "attachment", "attachments")),
                Language::Chinese => format!("附件 {} 个：", grouped(number as u64)),
            };
            writeln!(out, "\n{}", self.paint.the(Style::Title, text))?;
        }
        let width = lines.iter().map(|(path, ..)| path.len()).max().unwrap_or(0);
        let bytes = self.language.choose("bytes", "字节");
        for (path, name, size, media_type) in lines {
            let path = self.paint.the(Style::Name, format!("{path:width$}"));
            let name = name.as_deref().map(|name| shortened(name) + "  ").unwrap_or_default();
            let name = self.paint.the(Style::Strong, name);
            let rest = format!("{} {bytes}, {}", grouped(size), safe::line(&media_type));
            writeln!(out, "  {path}  {name}{}", self.paint.the(Style::Quiet, rest))?;
        }
        if number > MAX_ATTACHMENTS {
            let more = grouped((number - MAX_ATTACHMENTS) as u64);
            writeln!(
                out,
                "  {}",
                self.language.choose(format!("… {more} more"), format!("…… 另有 {more} 个"))
            )?;
        }
        if let Err(trouble) = walked {
            let (_, what, _) = trouble.parts(self.language);
            writeln!(out, "  {}", self.paint.the(Style::Bad, safe::line(what)))?;
        }
        Ok(())
    }

    /// What was repaired, is broken or can be read in two ways; what is merely unusual is not worth a word here.
    fn findings(&self, out: &mut impl Write, all: &Summary) -> io::Result<()> {
        let defects: Vec<&Defect> = all.defects.iter().filter(|defect| defect.severity != "lint").collect();
        if defects.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        let width = defects.iter().map(|defect| defect.part.len()).max().unwrap_or(0);
        for defect in defects.iter().take(MAX_FINDINGS) {
            finding(out, defect, width, self.language, self.paint)?;
        }
        if defects.len() > MAX_FINDINGS {
            let more = grouped((defects.len() - MAX_FINDINGS) as u64);
            let path = self.path.map(|path| safe::line(&path.to_string_lossy()).into_owned());
            let path = path.as_deref().unwrap_or("FILE");
            let text = self.language.choose(
                format!("  … {more} more: hongyan inspect '{path}'"),
                format!("  …… 另有 {more} 项：hongyan inspect '{path}'"),
            );
            writeln!(out, "{}", self.paint.the(Style::Quiet, text))?;
        }
        Ok(())
    }
}

fn persons(list: &[Address]) -> Vec<Person> {
    let mailboxes = list.iter().flat_map(Address::mailboxes);
    mailboxes.map(|one| Person { name: one.name.clone(), address: one.address.clone() }).collect()
}
