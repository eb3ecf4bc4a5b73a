//! What was found, for people: by code, the worst first, with rows and columns; then the letters that differ, then one line
//! with what would be sent.

use std::fmt::Write as _;

use console::measure_text_width;
use hongyan_bulk::preflight::{Code, Different, Finding, Line, Place, Report, Severity, Takes};

use crate::cli::bulk::words::{about, left, moment};
use crate::cli::figures::{counted, grouped};
use crate::cli::outcome::octets;
use crate::cli::paint::{Paint, Style};
use crate::cli::terminal::{Language, safe, within};
use crate::said::Said;

/// How many findings of a code are shown.
pub(super) const SHOWN: usize = 8;
/// Lines are not wider than this, however wide the terminal is.
pub(super) const WIDEST: usize = 110;
/// Lines of a difference that are shown.
const LINES: usize = 24;
/// The widest that a place is, in columns; longer ones have their line to themselves.
const WIDEST_PLACE: usize = 32;

/// How it is shown.
pub(super) struct Text<'a> {
    pub(super) language: Language,
    pub(super) paint: Paint,
    /// How wide the terminal is.
    pub(super) columns: usize,
    /// The folder, as a person would write it in a shell.
    pub(super) dir: &'a str,
    /// How many findings of each code.
    pub(super) shown: usize,
}

impl Text<'_> {
    /// Everything.
    pub(super) fn whole(&self, report: &Report) -> String {
        let mut out = self.groups(report, &[Severity::Error, Severity::Warning, Severity::Note]);
        self.differences(&mut out, report);
        self.summary(&mut out, report);
        out
    }

    /// The findings of these severities.
    pub(super) fn groups(&self, report: &Report, severities: &[Severity]) -> String {
        let mut out = String::new();
        for severity in severities {
            let mut codes: Vec<Code> = Vec::new();
            for finding in report.findings.iter().filter(|finding| finding.severity == *severity) {
                if !codes.contains(&finding.code) {
                    codes.push(finding.code);
                }
            }
            for code in codes {
                let of_code: Vec<&Finding> =
                    report.findings.iter().filter(|finding| finding.code == code).collect();
                let count = report.counts.get(&code).copied().unwrap_or(0);
                self.group(&mut out, *severity, code, &of_code, count);
            }
        }
        out
    }

    fn group(&self, out: &mut String, severity: Severity, code: Code, findings: &[&Finding], count: u64) {
        let (style, word) = match severity {
            Severity::Error => (Style::Bad, self.language.choose("error", "错误")),
            Severity::Warning => (Style::Notice, self.language.choose("warning", "警告")),
            Severity::Note => (Style::Name, self.language.choose("note", "提示")),
        };
        let title = code.title();
        let number = if count > 1 { format!(" ({})", grouped(count)) } else { String::new() };
        let _ = writeln!(
            out,
            "{}  {}{number}  {}",
            self.paint.the(style, left(word, self.language.choose(7, 4))),
            self.paint.the(Style::Strong, self.language.of(&title)),
            self.paint.the(Style::Quiet, code),
        );
        let places: Vec<String> = findings.iter().map(|finding| self.place(&finding.place)).collect();
        let widths = places.iter().take(self.shown).map(|place| measure_text_width(place));
        let width = widths.filter(|width| *width <= WIDEST_PLACE).max().unwrap_or(0);
        for (finding, place) in findings.iter().zip(&places).take(self.shown) {
            self.finding(out, finding, place, width);
        }
        let more = count.saturating_sub(findings.len().min(self.shown) as u64);
        if more > 0 {
            let rest = self
                .language
                .choose(format!("… and {} more", grouped(more)), format!("……还有 {} 处", grouped(more)));
            let hint = if findings.len() > self.shown { "  (--all)" } else { "" };
            let _ = writeln!(out, "  {}", self.paint.the(Style::Quiet, format!("{rest}{hint}")));
        }
        // Most findings of a code have one advice.
        let mut told: Vec<&Said> = Vec::new();
        for finding in findings.iter().take(self.shown) {
            if !told.contains(&&finding.next) {
                told.push(&finding.next);
                self.next(out, &finding.next);
            }
        }
        out.push('\n');
    }

    fn finding(&self, out: &mut String, finding: &Finding, place: &str, width: usize) {
        let what = safe(self.language.of(&finding.what));
        let what = without_place(&what, &finding.place).to_owned();
        // A finding that is its place needs no words.
        if place == what {
            let _ = writeln!(out, "  {what}");
            return;
        }
        if place.is_empty() {
            let _ = writeln!(out, "  {}", self.wrapped(&what, 2));
            return;
        }
        let _ = write!(
            out,
            "  {}",
            self.paint.the(Style::Name, left(place, width.max(measure_text_width(place))))
        );
        if measure_text_width(place) > width {
            let _ = write!(out, "\n  {}", " ".repeat(width));
        }
        let _ = writeln!(out, "  {}", self.wrapped(&what, width + 4));
    }

    fn next(&self, out: &mut String, next: &Said) {
        let word = self.language.choose("next: ", "下一步：");
        let indent = 2 + measure_text_width(word);
        let text = self.wrapped(&safe(self.language.of(next)), indent);
        let _ = writeln!(out, "  {}{text}", self.paint.the(Style::Quiet, word));
    }

    fn wrapped(&self, text: &str, indent: usize) -> String {
        within(text, indent, self.columns.min(WIDEST).max(indent + 20))
    }

    /// `row 7, 邮箱`, `letter.txt:12`.
    fn place(&self, place: &Place) -> String {
        let row = place.row.map(|row| self.language.choose(format!("row {row}"), format!("第 {row} 行")));
        let column = place.column.as_ref().map(|column| safe(&column.name));
        // The row's own file is named in the words; a template's line is not.
        let file = match (&place.file, place.line) {
            (Some(file), Some(line)) if column.is_none() => Some(format!("{}:{line}", safe(file))),
            (Some(file), None) if row.is_none() => Some(safe(file)),
            _ => None,
        };
        let parts: Vec<String> = [row, column, file].into_iter().flatten().collect();
        parts.join(self.language.choose(", ", " "))
    }

    fn differences(&self, out: &mut String, report: &Report) {
        let Some(differences) = &report.differences else { return };
        let (row, to) = (differences.ordinary, safe(&differences.to));
        let title = self.language.choose(
            format!("The letters that differ most from an ordinary one (row {row}, {to}):"),
            format!("与普通的一封（第 {row} 行，{to}）差别最大的信："),
        );
        let _ = writeln!(out, "{}", self.paint.the(Style::Title, title));
        for different in &differences.rows {
            self.different(out, different);
        }
        out.push('\n');
    }

    fn different(&self, out: &mut String, different: &Different) {
        let (row, to) = (different.row, safe(&different.to));
        let title = self.language.choose(format!("row {row}, {to}"), format!("第 {row} 行，{to}"));
        let _ = writeln!(out, "  {}", self.paint.the(Style::Name, title));
        let room = self.columns.min(WIDEST).saturating_sub(6).max(20);
        let blank = |line: &&Line| matches!(line, Line::Same(text) if text.is_empty());
        for line in different.lines.iter().take(LINES).filter(|line| !blank(line)) {
            let (mark, text, style) = match line {
                Line::Same(text) => (" ", text.clone(), Style::Quiet),
                Line::Less(text) => ("-", text.clone(), Style::Bad),
                Line::More(text) => ("+", text.clone(), Style::Good),
                Line::Skipped(count) => (" ", self.alike(*count), Style::Quiet),
            };
            let text = console::truncate_str(&safe(&text), room, "…").into_owned();
            let _ = writeln!(out, "    {}", self.paint.the(style, format!("{mark} {text}").trim_end()));
        }
        let more = different.lines.len().saturating_sub(LINES);
        if more > 0 {
            let text = self.language.choose(format!("… and {more} more lines"), format!("……还有 {more} 行"));
            let _ = writeln!(out, "      {}", self.paint.the(Style::Quiet, text));
        }
    }

    fn alike(&self, count: usize) -> String {
        let lines = counted(count, "line", "lines");
        self.language.choose(format!("… {lines}"), format!("……{count} 行"))
    }

    /// What would be sent, and whether it may be.
    fn summary(&self, out: &mut String, report: &Report) {
        let (letters, recipients) = (report.letters as usize, report.recipients as usize);
        let mut parts = vec![self.language.choose(
            format!(
                "{} to {}",
                counted(letters, "letter", "letters"),
                counted(recipients, "recipient", "recipients")
            ),
            format!("{} 封信，{} 位收件人", grouped(report.letters), grouped(report.recipients)),
        )];
        if report.suppressed > 0 {
            let left_out = grouped(report.suppressed);
            parts.push(
                self.language
                    .choose(format!("{left_out} of them left out"), format!("其中跳过 {left_out} 位")),
            );
        }
        if let Some(sizes) = &report.sizes {
            let (min, median, max) = (
                octets(sizes.min, self.language),
                octets(sizes.median, self.language),
                octets(sizes.max, self.language),
            );
            parts.push(match min == max {
                true => self.language.choose(format!("{max} each"), format!("每封 {max}")),
                false => self.language.choose(
                    format!("{min} to {max} (median {median})"),
                    format!("{min}～{max}（中位数 {median}）"),
                ),
            });
        }
        parts.push(self.pace(report));
        let _ = writeln!(out, "{}", self.wrapped(&parts.join(" · "), 0));
        let (errors, notes) = (report.count(Severity::Error), report.count(Severity::Note));
        let warnings_found = report.count(Severity::Warning);
        let counts: Vec<String> = [
            (errors, errors_in(self.language, errors)),
            (warnings_found, warnings_in(self.language, warnings_found)),
            (notes, notes_in(self.language, notes)),
        ]
        .into_iter()
        .filter_map(|(count, text)| (count > 0).then_some(text))
        .collect();
        let counts = counts.join(self.language.choose(", ", "，"));
        let dir = self.dir;
        let verdict = match (report.may_run(), counts.is_empty()) {
            (true, true) => self.paint.the(
                Style::Good,
                self.language.choose("Nothing is wrong.".to_owned(), "没有发现问题。".to_owned()),
            ),
            (true, false) => self.paint.the(
                Style::Good,
                self.language.choose(format!("{counts}; no errors."), format!("{counts}；没有错误。")),
            ),
            (false, _) => self.paint.the(
                Style::Bad,
                self.language
                    .choose(format!("{counts}: no mail is sent."), format!("{counts}：不会发送任何邮件。")),
            ),
        };
        let _ = writeln!(out, "{verdict}");
        if report.may_run() {
            let word = self.language.choose("  next: ", "  下一步：");
            let _ = writeln!(out, "{}hongyan bulk rehearse {dir}", self.paint.the(Style::Quiet, word));
        }
    }

    fn pace(&self, report: &Report) -> String {
        match report.estimate.takes {
            Takes::AsFast => {
                self.language.choose("as fast as the server takes them", "按服务器的速度发送").to_owned()
            }
            Takes::Never => {
                self.language.choose("at this pace they never end", "按此速度永远发不完").to_owned()
            }
            Takes::Until(then) => {
                let long = about(then.since(report.estimate.begins), self.language);
                let then = moment(then);
                self.language.choose(format!("about {long}, until {then}"), format!("约 {long}，到 {then}"))
            }
        }
    }
}

/// What was found, without the place in front that is shown beside it: `letter.txt:3: `, `readers.csv, row 2: `.
fn without_place<'a>(what: &'a str, place: &Place) -> &'a str {
    let marks = match (place.line, place.row) {
        (Some(line), None) => [format!(":{line}: "), format!(" 第 {line} 行：")],
        (None, Some(row)) => [format!(", row {row}: "), format!(" 第 {row} 行：")],
        _ => return what,
    };
    let found = marks.iter().find_map(|mark| what.split_once(mark.as_str()));
    // In front of the place stands a file's name and nothing else.
    found.filter(|(file, _)| !file.contains([' ', '：'])).map_or(what, |(_, rest)| rest)
}

/// `1 error`, `2 errors`.
pub(super) fn errors(count: u64) -> String {
    counted(count as usize, "error", "errors")
}

/// `1 warning`, `2 warnings`.
pub(super) fn warnings(count: u64) -> String {
    counted(count as usize, "warning", "warnings")
}

fn errors_in(language: Language, count: u64) -> String {
    language.choose(errors(count), format!("{} 处错误", grouped(count)))
}

fn warnings_in(language: Language, count: u64) -> String {
    language.choose(warnings(count), format!("{} 条警告", grouped(count)))
}

fn notes_in(language: Language, count: u64) -> String {
    language.choose(counted(count as usize, "note", "notes"), format!("{} 条提示", grouped(count)))
}

#[cfg(test)]
mod places {
    use super::*;

    #[test]
    fn a_place_is_told_once() {
        let line = Place { line: Some(3), ..Place::file("letter.txt".to_owned()) };
        for (what, place, expected) in [
            ("letter.txt:3: there is no column", &line, "there is no column"),
            ("letter.txt 第 3 行：没有这一列", &line, "没有这一列"),
            ("readers.csv, row 2: this is not UTF-8", &Place::row(2), "this is not UTF-8"),
            ("as in letter.txt:3: no", &line, "as in letter.txt:3: no"),
            ("there is no address", &Place::row(2), "there is no address"),
        ] {
            assert_eq!(without_place(what, place), expected);
        }
    }
}
