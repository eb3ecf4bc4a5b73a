//! A mail at a glance, for people: who and what, the tree of its parts, the findings.

use std::io::{self, Write};

use hongyan_mime::read::{Defect, Person, Summary, safe, tree};

use crate::cli::figures::{counted, grouped};
use crate::cli::paint::{Paint, Style};
use crate::cli::terminal::Language;

/// Everything about a mail of `len` bytes.
pub(crate) fn summary(
    out: &mut impl Write,
    summary: &Summary,
    len: u64,
    language: Language,
    paint: Paint,
) -> io::Result<()> {
    headline(out, summary, len, language, paint)?;
    writeln!(out)?;
    parts(out, summary, paint)?;
    if let Some(other) = &summary.other_reading {
        let text = language.choose(
            "A reader who takes the last of what is given twice sees:",
            "重复的字段或参数取最后一个的软件看到的是：",
        );
        writeln!(out, "\n{}", paint.the(Style::Bad, text))?;
        parts(out, &Summary { parts: other.clone(), ..summary.clone() }, paint)?;
    }
    writeln!(out)?;
    findings(out, summary, language, paint)
}

fn headline(
    out: &mut impl Write,
    summary: &Summary,
    len: u64,
    language: Language,
    paint: Paint,
) -> io::Result<()> {
    let unset = |value: &Option<String>| shortened(value.as_deref().unwrap_or(""));
    let bytes = language.choose("bytes", "字节");
    // Chinese characters are two columns wide: both columns of labels are padded by hand.
    let lines = [
        ("Subject     ", "主题        ", unset(&summary.subject)),
        ("From        ", "发件人      ", people(&summary.from)),
        ("To          ", "收件人      ", people(&summary.to)),
        ("Cc          ", "抄送        ", people(&summary.cc)),
        ("Date        ", "日期        ", unset(&summary.date)),
        ("Message-ID  ", "Message-ID  ", unset(&summary.message_id)),
        ("Size        ", "大小        ", format!("{} {bytes}", grouped(len))),
    ];
    fields(out, &lines, language, paint)
}

/// Labels in both languages, padded to one width, and values that are safe to print; empty ones are left out.
pub(crate) fn fields(
    out: &mut impl Write,
    lines: &[(&str, &str, String)],
    language: Language,
    paint: Paint,
) -> io::Result<()> {
    for (english, chinese, value) in lines.iter().filter(|(_, _, value)| !value.is_empty()) {
        writeln!(out, "{}{value}", paint.the(Style::Name, language.choose(*english, *chinese)))?;
    }
    Ok(())
}

/// Shows at most this many characters of a subject, a name or an address; `--json` has all of them.
const MAX_LENGTH: usize = 500;

/// Safe to print, and no longer than anybody reads; a `…` stands for the rest.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_LENGTH) {
        Some((end, _)) => format!("{}…", safe::line(&text[..end])),
        None => safe::line(text).into_owned(),
    }
}

/// Names at most this many mailboxes of one field; the others are counted, and `--json` has them all.
const MAX_SHOWN: usize = 20;

/// Names and addresses, safe to print.
pub(crate) fn people(list: &[Person]) -> String {
    let mut shown: Vec<String> = list.iter().take(MAX_SHOWN).map(person).collect();
    if list.len() > MAX_SHOWN {
        shown.push(format!("… +{}", grouped((list.len() - MAX_SHOWN) as u64)));
    }
    shown.join(", ")
}

fn person(person: &Person) -> String {
    let address = shortened(&person.address);
    match person.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => format!("{} <{address}>", shortened(name)),
        None => address,
    }
}

/// The tree of parts, a line each.
fn parts(out: &mut impl Write, summary: &Summary, paint: Paint) -> io::Result<()> {
    for (line, part) in tree(summary).iter().zip(&summary.parts) {
        let (path, media_type) = (&part.path, &part.media_type);
        match line.split_once(&format!("{path} {media_type}")) {
            Some((branches, rest)) => {
                let branches = paint.the(Style::Quiet, branches);
                let (path, media_type) = (paint.the(Style::Name, path), paint.the(Style::Strong, media_type));
                writeln!(out, "{branches}{path} {media_type}{rest}")?;
            }
            None => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn findings(out: &mut impl Write, summary: &Summary, language: Language, paint: Paint) -> io::Result<()> {
    if summary.defects.is_empty() {
        let text = language.choose("No findings: nothing is broken or unusual.", "没有发现问题。");
        return writeln!(out, "{}", paint.the(Style::Good, text));
    }
    let title = match language {
        Language::English => format!("{}:", counted(summary.defects.len(), "finding", "findings")),
        Language::Chinese => format!("发现 {} 项：", grouped(summary.defects.len() as u64)),
    };
    writeln!(out, "{}", paint.the(Style::Title, title))?;
    let width = summary.defects.iter().map(|defect| defect.part.len()).max().unwrap_or(0);
    for defect in &summary.defects {
        finding(out, defect, width, language, paint)?;
    }
    if summary.truncated {
        let text = language.choose(
            "A limit was reached: this is not everything that is in the mail.",
            "已达到上限：以上不是邮件的全部内容。",
        );
        writeln!(out, "{}", paint.the(Style::Bad, text))?;
    }
    Ok(())
}

/// A finding in a line; `width` is that of the longest path of a part.
pub(crate) fn finding(
    out: &mut impl Write,
    defect: &Defect,
    width: usize,
    language: Language,
    paint: Paint,
) -> io::Result<()> {
    let (style, label) = match (defect.severity, language) {
        ("ambiguity", Language::English) => (Style::Bad, "ambiguity"),
        ("ambiguity", Language::Chinese) => (Style::Bad, "歧义"),
        ("defect", Language::English) => (Style::Bad, "defect   "),
        ("defect", Language::Chinese) => (Style::Bad, "缺陷"),
        ("repair", Language::English) => (Style::Notice, "repair   "),
        ("repair", Language::Chinese) => (Style::Notice, "修复"),
        (_, Language::English) => (Style::Quiet, "lint     "),
        (_, Language::Chinese) => (Style::Quiet, "提示"),
    };
    let text = language.choose(&defect.text, &defect.zh);
    let (label, part) = (paint.the(style, label), paint.the(Style::Name, &defect.part));
    let code = paint.the(Style::Quiet, format!("[{}, {}]", defect.code, defect.at));
    let gap = " ".repeat(width - defect.part.len());
    writeln!(out, "  {label}  {part}{gap}  {} {code}", safe::line(text))
}
