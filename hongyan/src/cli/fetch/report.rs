//! What a fetch did, for people and for programs.

use std::io::{stderr, stdout};
use std::time::Duration;

use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::figures::{counted, grouped};
use crate::cli::json;
use crate::cli::outcome::{self, Manner, octets};
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::server::Target;
use crate::cli::system::printed;
use crate::cli::terminal::{Language, safe, say, tell};
use crate::cli::trouble::Trouble;
use crate::proto::outcome::Failure;
use crate::receive::{Doubt, Error, Report};

/// A fetch that has ended.
pub(super) struct Done<'a> {
    pub(super) target: &'a Target,
    pub(super) reports: &'a [Report],
    pub(super) error: Option<&'a Error>,
    pub(super) took: Duration,
}

impl Done<'_> {
    /// What the command exits with.
    pub(super) fn exit(&self) -> Exit {
        match self.error {
            Some(Error::Server(failure)) => Exit::of_failure(failure),
            Some(_) => Exit::Io,
            None if self.reports.iter().all(|report| report.refused.is_empty()) => Exit::Ok,
            None => Exit::TempFail,
        }
    }
}

/// A line for the folder, or for each of several that there is something to say of and one for all; and what a person
/// should know besides.
pub(super) fn text(done: &Done<'_>) {
    let language = Language::of_the_environment();
    let paint = Paint::on(&stdout(), Color::Auto);
    let several = done.reports.len() > 1;
    for report in done.reports {
        let (notes, counts) = (notes(report, language), Counts::of(report));
        if several && counts.is_quiet() && notes.is_empty() && report.refused.is_empty() {
            continue;
        }
        say(&line(done, report, counts, several, language, paint));
        for note in notes {
            say(&format!("  {}", paint.the(Style::Notice, note)));
        }
        for (number, failure) in &report.refused {
            let why = outcome::why(failure, language);
            say(&format!("  {number}: {why}"));
        }
    }
    if several {
        say(&total(done, language, paint));
    }
}

/// What lines count.
#[derive(Clone, Copy, Default)]
struct Counts {
    fetched: u64,
    octets: u64,
    skipped: u64,
    recognised: u64,
    flags_changed: u64,
    deleted: u64,
}

impl Counts {
    fn of(report: &Report) -> Self {
        let Report { fetched, octets, skipped, recognised, flags_changed, deleted, .. } = *report;
        Self { fetched, octets, skipped, recognised, flags_changed, deleted }
    }

    fn and(self, other: Self) -> Self {
        Self {
            fetched: self.fetched + other.fetched,
            octets: self.octets + other.octets,
            skipped: self.skipped + other.skipped,
            recognised: self.recognised + other.recognised,
            flags_changed: self.flags_changed + other.flags_changed,
            deleted: self.deleted + other.deleted,
        }
    }

    /// Whether nothing was done.
    fn is_quiet(self) -> bool {
        self.fetched + self.recognised + self.flags_changed + self.deleted == 0
    }

    /// What was fetched, as a line begins.
    fn news(self, language: Language, paint: Paint) -> String {
        let (en, zh) = match self.fetched {
            0 => ("nothing new".to_owned(), "没有新邮件".to_owned()),
            n => (
                format!("{} fetched", counted(n as usize, "message", "messages")),
                format!("收取了 {} 封邮件", grouped(n)),
            ),
        };
        let style = if self.fetched == 0 { Style::Plain } else { Style::Good };
        paint.the(style, language.choose(en, zh)).to_string()
    }

    /// How much it was, in what time where that is to be said, and what was done besides, as a line goes on.
    fn rest(self, took: Option<Duration>, language: Language) -> String {
        let mut parts = Vec::new();
        if self.fetched > 0 {
            let size = octets(self.octets, language);
            parts.push(match took.map(|took| took.as_secs_f64()) {
                None => size,
                Some(seconds) => language
                    .choose(format!("{size} in {seconds:.1} s"), format!("{size}，用时 {seconds:.1} 秒")),
            });
        }
        for (count, en, zh) in [
            (self.skipped, "here already", "封已有"),
            (self.recognised, "recognised as here already", "封按内容识别为已有"),
            (self.flags_changed, "with flags changed", "封标记有变"),
            (self.deleted, "deleted on the server", "封已从服务器删除"),
        ] {
            if count > 0 {
                parts.push(format!("{} {}", grouped(count), language.choose(en, zh)));
            }
        }
        let comma = language.choose(", ", "，");
        parts.iter().map(|part| format!("{comma}{part}")).collect()
    }
}

/// A folder. The time is that of all folders, so it is said of one only where there is no other.
fn line(
    done: &Done<'_>,
    report: &Report,
    counts: Counts,
    several: bool,
    language: Language,
    paint: Paint,
) -> String {
    let folder = if report.folder.is_empty() { String::new() } else { format!("{}: ", safe(&report.folder)) };
    let server = safe(&done.target.server.to_string());
    let maildir = safe(&report.maildir.display().to_string());
    let news = counts.news(language, paint);
    let rest = counts.rest((!several).then_some(done.took), language);
    match (language, several) {
        (Language::English, false) => format!("{folder}{news} from {server} into {maildir}{rest}"),
        (Language::English, true) => format!("{folder}{news} into {maildir}{rest}"),
        (Language::Chinese, false) => format!("{folder}{news}（{server} → {maildir}）{rest}"),
        (Language::Chinese, true) => format!("{folder}{news}（→ {maildir}）{rest}"),
    }
}

/// All folders.
fn total(done: &Done<'_>, language: Language, paint: Paint) -> String {
    let server = safe(&done.target.server.to_string());
    let folders = done.reports.len();
    let counts = done.reports.iter().map(Counts::of).fold(Counts::default(), Counts::and);
    let (news, rest) = (counts.news(language, paint), counts.rest(Some(done.took), language));
    language.choose(
        format!("{folders} folders of {server}: {news}{rest}"),
        format!("{server} 的 {folders} 个文件夹：{news}{rest}"),
    )
}

fn notes(report: &Report, language: Language) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(doubt) = report.doubt {
        let (en, zh) = match doubt {
            Doubt::None => (
                "the server gives no ids (UIDL), so every message was looked at again",
                "服务器不提供邮件标识（UIDL），因此每封邮件都重新查看了",
            ),
            Doubt::Incomplete => (
                "some messages have no id of their own, so they were looked at again",
                "有些邮件没有唯一标识，因此重新查看了它们",
            ),
            Doubt::Renumbered | Doubt::Reused => (
                "the server uses its ids for other messages than before, so every message was looked at again",
                "服务器把标识用在了别的邮件上，因此每封邮件都重新查看了",
            ),
        };
        notes.push(language.choose(en, zh).to_owned());
    }
    if let Some(damage) = &report.damage {
        notes.push(language.choose(
            format!("the record of earlier fetches was damaged: {damage}"),
            format!("以前的收取记录有损坏：{damage}"),
        ));
    }
    if report.recovered > 0 {
        let count = report.recovered as usize;
        notes.push(language.choose(
            format!("{} of an interrupted fetch found in place", counted(count, "message", "messages")),
            format!("找到了上次中断的收取所保存的 {count} 封邮件"),
        ));
    }
    if !report.left.is_empty() {
        let count = report.left.len();
        notes.push(language.choose(
            format!(
                "{} left on the server: the content is not what was fetched",
                counted(count, "message", "messages")
            ),
            format!("{count} 封邮件留在服务器上：内容与收取时不同"),
        ));
    }
    notes
}

/// Why the fetch ended early, on standard error.
pub(super) fn failure(done: &Done<'_>, failure: &Failure) {
    let language = Language::of_the_environment();
    let manner = Manner { language, paint: Paint::on(&stderr(), Color::Auto) };
    let what = language.choose("not everything was fetched", "没有收取完");
    let (server, provider) = (done.target.server.to_string(), done.target.provider());
    tell(outcome::failed(what, failure, &server, provider, "fetch", manner).trim_end());
}

#[derive(Serialize)]
struct Fetch<'a> {
    server: String,
    seconds: f64,
    exit: u8,
    folders: Vec<Folder<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

#[derive(Serialize)]
struct Folder<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    maildir: String,
    there: u64,
    skipped: u64,
    fetched: u64,
    octets: u64,
    recognised: u64,
    flags_changed: u64,
    deleted: u64,
    recovered: u64,
    left: &'a [u32],
    refused: Vec<Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    doubt: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
}

#[derive(Serialize)]
struct Refused {
    number: u32,
    why: String,
}

/// One object in one line.
pub(super) fn json(done: &Done<'_>) -> Result<(), Trouble> {
    let language = Language::of_the_environment();
    let remedy = match done.error {
        Some(Error::Server(failure)) => {
            let remedy = failure.remedy(done.target.provider());
            Some(language.choose(remedy.en, remedy.zh))
        }
        _ => None,
    };
    let object = Fetch {
        server: done.target.server.to_string(),
        seconds: (done.took.as_secs_f64() * 1000.0).round() / 1000.0,
        exit: done.exit() as u8,
        folders: done.reports.iter().map(folder).collect(),
        error: done.error.map(ToString::to_string),
        remedy,
    };
    printed(json::line(&mut stdout().lock(), &object))
}

fn folder(report: &Report) -> Folder<'_> {
    Folder {
        name: &report.folder,
        maildir: report.maildir.display().to_string(),
        there: report.there,
        skipped: report.skipped,
        fetched: report.fetched,
        octets: report.octets,
        recognised: report.recognised,
        flags_changed: report.flags_changed,
        deleted: report.deleted,
        recovered: report.recovered,
        left: &report.left,
        refused: report
            .refused
            .iter()
            .map(|(number, failure)| Refused {
                number: *number,
                why: outcome::why(failure, Language::English),
            })
            .collect(),
        doubt: report.doubt.map(|doubt| match doubt {
            Doubt::None => "no-ids",
            Doubt::Incomplete => "incomplete-ids",
            Doubt::Renumbered => "renumbered",
            Doubt::Reused => "reused-ids",
        }),
        damage: report.damage.as_ref().map(ToString::to_string),
    }
}

#[derive(Serialize)]
struct Told<'a> {
    exit: u8,
    error: &'a str,
    next: &'a str,
}

/// Why nothing could be done.
pub(super) fn trouble(trouble: &Trouble) {
    let (exit, error, next) = trouble.parts(Language::of_the_environment());
    // The message stands on standard error as well.
    let _ = json::line(&mut stdout().lock(), &Told { exit: exit as u8, error, next });
}
