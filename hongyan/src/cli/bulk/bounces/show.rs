//! What is shown of the mails: a line for each recipient, and at the end how many of each.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _, stdout};

use hongyan_bulk::bounce::{Action, Kind};
use serde_json::json;

use super::settle::{Done, Settled};
use crate::cli::bulk::words;
use crate::cli::figures::grouped;
use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::system::printed;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::said::Said;

/// Columns of an address, and of a reason.
const ADDRESS: usize = 34;
const REASON: usize = 34;
/// Columns where nobody says how many there are.
const ELSEWHERE: usize = 160;

/// Says that a mail could not be read; the others are.
pub(super) fn refused(name: &str, why: &Said) {
    tell(&format!("bulk bounces: {}: {}", safe(name), safe(Language::of_the_environment().of(why))));
}

/// Where it is shown.
pub(super) struct Screen {
    json: bool,
    dry_run: bool,
    language: Language,
    paint: Paint,
    columns: usize,
    mails: u64,
    counts: BTreeMap<&'static str, u64>,
    suppressed: u64,
    counted: u64,
}

impl Screen {
    pub(super) fn new(json: bool, dry_run: bool) -> Self {
        let columns =
            if stdout().is_terminal() { usize::from(console::Term::stdout().size().1) } else { ELSEWHERE };
        Self {
            json,
            dry_run,
            language: Language::of_the_environment(),
            paint: Paint::on(&stdout(), Color::Auto),
            columns,
            mails: 0,
            counts: BTreeMap::new(),
            suppressed: 0,
            counted: 0,
        }
    }

    /// Shows what a mail is about. Ordinary mail is only counted, except for programs.
    pub(super) fn show(&mut self, name: &str, settled: &[Settled]) -> Result<(), Trouble> {
        self.mails += 1;
        for (at, one) in settled.iter().enumerate() {
            if at == 0 {
                *self.counts.entry(one.kind.name()).or_default() += 1;
            }
            self.suppressed += u64::from(one.done == Done::Suppressed);
            self.counted += u64::from(one.done == Done::Counted);
            if self.json {
                self.object(name, one)?;
            } else if one.kind != Kind::Other {
                self.line(one)?;
            }
        }
        Ok(())
    }

    fn object(&self, name: &str, one: &Settled) -> Result<(), Trouble> {
        let report = one.report.as_ref();
        let failed = report.filter(|report| matches!(report.action, Action::Failed | Action::Delayed));
        let done = match one.done {
            Done::Suppressed => "suppressed",
            Done::Counted => "counted",
            Done::Nothing => "none",
            Done::Before => "before",
        };
        let value = json!({
            "mail": name,
            "kind": one.kind.name(),
            "address": (!one.address.is_empty()).then_some(&one.address),
            "failed": report.map(|report| &report.address),
            "action": report.map(|report| report.action.name()),
            "hard": failed.map(|report| report.hard),
            "temporary": failed.map(|report| report.temporary),
            "reason": failed.map(|report| report.reason.name()),
            "reason_words": failed.map(|report| self.language.of(&report.reason.said()).to_owned()),
            "status": report.and_then(|report| report.status).map(|status| status.to_string()),
            "code": report.and_then(|report| report.code),
            "remote": report.and_then(|report| report.remote.clone()),
            "words": one.words,
            "campaign": one.letter.as_ref().map(|letter| &letter.campaign),
            "campaign_name": one.campaign,
            "row": one.letter.as_ref().map(|letter| letter.row),
            "done": done,
            "dry_run": self.dry_run,
        });
        printed(json::line(&mut stdout().lock(), &value))
    }

    fn line(&self, one: &Settled) -> Result<(), Trouble> {
        let (language, paint) = (self.language, self.paint);
        let (kind, style) = kind(one, language);
        let what = match one
            .report
            .as_ref()
            .filter(|report| matches!(report.action, Action::Failed | Action::Delayed))
        {
            Some(report) => language.of(&report.reason.said()).to_owned(),
            None => String::new(),
        };
        let row = match &one.letter {
            Some(letter) => {
                language.choose(format!("row {}  ", letter.row), format!("第 {} 行  ", letter.row))
            }
            None => String::new(),
        };
        let status = one
            .report
            .as_ref()
            .and_then(|report| report.status)
            .map(|status| format!("{status}  "))
            .unwrap_or_default();
        let done = match one.done {
            Done::Suppressed if self.dry_run => language.choose("would be suppressed  ", "将列入禁发  "),
            Done::Suppressed => language.choose("suppressed  ", "已列入禁发  "),
            Done::Counted => language.choose("counted  ", "已计数  "),
            Done::Before => language.choose("read before  ", "此前已读  "),
            Done::Nothing => "",
        };
        let used = ADDRESS + REASON + 12;
        let words = words::left(&safe(&one.words), self.columns.saturating_sub(used + 2).max(20));
        printed(writeln!(
            stdout().lock(),
            "{} {} {}\n    {}{}{}{}",
            paint.the(style, words::left(kind, 10)),
            paint.the(Style::Name, words::left(&safe(&one.address), ADDRESS)),
            words::left(&what, REASON).trim_end(),
            paint.the(Style::Strong, done),
            row,
            status,
            paint.the(Style::Quiet, words.trim_end()),
        ))
    }

    /// How many of each there were.
    pub(super) fn end(&self) -> Result<(), Trouble> {
        if self.json {
            return Ok(());
        }
        let language = self.language;
        let kinds: Vec<String> =
            self.counts.iter().map(|(kind, count)| format!("{} {kind}", grouped(*count))).collect();
        let (mails, suppressed, counted) =
            (grouped(self.mails), grouped(self.suppressed), grouped(self.counted));
        let text = language.choose(
            format!("{mails} mails read: {}; {suppressed} suppressed, {counted} counted", kinds.join(", ")),
            format!("读取 {mails} 封邮件：{}；列入禁发 {suppressed} 个，计数 {counted} 个", kinds.join("，")),
        );
        let dry = if self.dry_run {
            language.choose(" (nothing was changed)", "（未作任何更改）")
        } else {
            ""
        };
        printed(writeln!(stdout().lock(), "{text}{dry}"))
    }
}

/// What it is, and how that looks.
fn kind(one: &Settled, language: Language) -> (&'static str, Style) {
    match one.kind {
        Kind::Bounce if one.report.as_ref().is_some_and(|report| report.hard) => {
            (language.choose("hard", "永久失败"), Style::Bad)
        }
        Kind::Bounce => (language.choose("soft", "暂时失败"), Style::Notice),
        Kind::Delayed => (language.choose("delayed", "延迟"), Style::Quiet),
        Kind::Delivered => (language.choose("delivered", "已送达"), Style::Good),
        Kind::Reply => (language.choose("reply", "自动回复"), Style::Quiet),
        Kind::Complaint => (language.choose("complaint", "投诉"), Style::Bad),
        Kind::Feedback => (language.choose("feedback", "反馈报告"), Style::Quiet),
        Kind::Unsubscribe => (language.choose("leaves", "退订"), Style::Notice),
        Kind::Other => (language.choose("other", "其他"), Style::Quiet),
    }
}
