//! A campaign's status for people: who runs it, a bar, who is where, how fast it goes, what needs somebody.

use std::fmt::Write as _;

use console::measure_text_width;
use hongyan_bulk::ledger::{Entry, Runner, State};
use hongyan_bulk::report;

use super::Told;
use crate::cli::bulk::words::{about, left, moment, right, state};
use crate::cli::figures::grouped;
use crate::cli::outcome::Manner;
use crate::cli::paint::Style;
use crate::cli::terminal::{Language, safe, wrapped};

/// The states in the order in which they are shown.
const SHOWN: [State; 9] = [
    State::Accepted,
    State::Deferred,
    State::Rejected,
    State::InDoubt,
    State::Suppressed,
    State::Skipped,
    State::InData,
    State::Leased,
    State::Pending,
];
/// The widest that the bar becomes.
const BAR: usize = 60;

/// The whole text; its last line is ended.
pub(super) fn of(told: &Told<'_>, manner: Manner, width: usize) -> String {
    let mut text = String::new();
    head(told, manner, &mut text);
    bar(told, manner, width, &mut text);
    states(told, manner, &mut text);
    pace(told, manner, &mut text);
    people(&told.status.refusals, told, manner, width, &mut text);
    doubt(told, manner, width, &mut text);
    next(told, manner, &mut text);
    text
}

fn head(told: &Told<'_>, manner: Manner, text: &mut String) {
    let (status, language) = (&told.status, manner.language);
    let name = manner.paint.the(Style::Title, safe(&told.manifest.name));
    let runner = |runner: &Runner| match (runner.process, runner.host.as_str()) {
        (Some(process), "") => language.choose(format!("process {process}"), format!("进程 {process}")),
        (Some(process), host) => format!("{}:{process}", safe(host)),
        (None, "") => language.choose("this machine", "本机").to_owned(),
        (None, host) => safe(host),
    };
    let runners = status.runners.iter().map(runner).collect::<Vec<_>>().join(", ");
    let (word, style) = match (status.runners.is_empty(), status.paused) {
        (false, false) => {
            (language.choose(format!("running ({runners})"), format!("运行中（{runners}）")), Style::Good)
        }
        (false, true) => (
            language.choose(format!("paused ({runners} waits)"), format!("已暂停（{runners} 等待中）")),
            Style::Notice,
        ),
        (true, true) => (language.choose("paused, not running", "已暂停，未运行").to_owned(), Style::Notice),
        (true, false) if status.open() + status.interrupted() == 0 => {
            (language.choose("done", "已完成").to_owned(), Style::Good)
        }
        (true, false) => (language.choose("not running", "未运行").to_owned(), Style::Notice),
    };
    let _ = writeln!(text, "{name}  {}", manner.paint.the(style, word));
}

/// How much of all is settled: by outcome in colour, without colour as one.
fn bar(told: &Told<'_>, manner: Manner, width: usize, text: &mut String) {
    let tally = &told.status.tally;
    let total = tally.total().max(1);
    let open = told.status.open() + tally.of(State::InData);
    let percent = (tally.total() - open.min(tally.total())) * 100 / total;
    let columns = BAR.min(width.saturating_sub(10)).max(10);
    // Full is only what is done.
    let most = columns - usize::from(open > 0);
    let mut at = 0;
    text.push_str("  ");
    for shown in
        SHOWN.into_iter().filter(|state| !matches!(state, State::InData | State::Leased | State::Pending))
    {
        let mut count = tally.of(shown);
        if shown == State::Deferred {
            count = count.saturating_sub(told.status.again);
        }
        // Whoever there are few of are seen as well.
        let columns_of = ((count * columns as u64).div_ceil(total) as usize).min(most - at);
        let (_, style) = state(shown, manner.language);
        let _ = write!(text, "{}", manner.paint.the(style, "━".repeat(columns_of)));
        at += columns_of;
    }
    let rest = manner.paint.the(Style::Quiet, "─".repeat(columns - at));
    let _ = writeln!(text, "{rest} {percent:>3} %");
}

fn states(told: &Told<'_>, manner: Manner, text: &mut String) {
    let (status, language) = (&told.status, manner.language);
    let shown: Vec<State> = SHOWN
        .into_iter()
        .filter(|shown| status.tally.of(*shown) > 0 || matches!(shown, State::Accepted))
        .collect();
    let total = grouped(status.tally.total());
    let all = language.choose("all", "合计");
    let words = shown.iter().map(|shown| measure_text_width(state(*shown, language).0));
    let widest = words.max().unwrap_or(0).max(measure_text_width(all));
    let numbers = total.len();
    for shown in shown {
        let (word, style) = state(shown, language);
        let count = right(&grouped(status.tally.of(shown)), numbers);
        let note = note(shown, told, language);
        let _ = writeln!(
            text,
            "  {}  {count}{}{}",
            manner.paint.the(style, left(word, widest)),
            if note.is_empty() { "" } else { "  " },
            manner.paint.the(Style::Quiet, note)
        );
    }
    let _ = writeln!(text, "  {}  {}", left(all, widest), right(&total, numbers));
}

/// What there is to say of a state beside its number.
fn note(shown: State, told: &Told<'_>, language: Language) -> String {
    let status = &told.status;
    match (shown, status.again_at) {
        (State::Deferred, _) if status.again == 0 => language.choose("given up", "已放弃").to_owned(),
        (State::Deferred, Some(first)) => {
            let first = moment(first);
            let given_up = status.tally.of(State::Deferred).saturating_sub(status.again);
            let mut note = language.choose(format!("tried again from {first}"), format!("{first} 起重试"));
            if given_up > 0 {
                note += &language.choose(format!("; {given_up} given up"), format!("；{given_up} 位已放弃"));
            }
            note
        }
        (State::InData, _) if status.interrupted() > 0 => language
            .choose(
                "the run was interrupted: they become in doubt when it goes on",
                "运行被中断：再次运行时将列为不确定",
            )
            .to_owned(),
        _ => String::new(),
    }
}

fn pace(told: &Told<'_>, manner: Manner, text: &mut String) {
    let (status, language) = (&told.status, manner.language);
    let Some(rate) = status.rate else { return };
    let per_minute = rate.per_minute();
    let shown =
        if per_minute >= 10.0 { grouped(per_minute.round() as u64) } else { format!("{per_minute:.1}") };
    let within = about(rate.within, language);
    let mut line = language.choose(
        format!("{shown} a minute, over the last {within}"),
        format!("每分钟 {shown} 封（最近 {within}）"),
    );
    if let Some(time) = status.left() {
        let time = about(time, language);
        line.push_str(&language.choose(format!("; about {time} left"), format!("；约剩 {time}")));
    }
    let _ = writeln!(text, "\n  {line}");
}

/// Who was refused last, each with the server's words, and once below what to do.
fn people(entries: &[Entry], told: &Told<'_>, manner: Manner, width: usize, text: &mut String) {
    if entries.is_empty() {
        return;
    }
    let language = manner.language;
    let title = language.choose("Last refusals", "最近的拒收");
    let _ = writeln!(text, "\n{}", manner.paint.the(Style::Title, title));
    let mut said: Vec<String> = Vec::new();
    for entry in entries {
        person(entry, manner, width, text);
        let failure = entry.attempts.last().and_then(|last| report::failure(&last.evidence));
        let Some(remedy) = failure.map(|failure| failure.remedy(told.provider)) else { continue };
        let next = safe(language.choose(&remedy.en, &remedy.zh));
        if !said.contains(&next) {
            said.push(next);
        }
    }
    for next in said {
        let before = language.choose("  next: ", "  下一步：");
        let next = wrapped(&next, measure_text_width(before), &console::Term::stdout());
        let _ = writeln!(text, "{before}{next}");
    }
}

/// A line for somebody: row, address, when, and the server's words or what was seen.
fn person(entry: &Entry, manner: Manner, width: usize, text: &mut String) {
    const ADDRESS: usize = 28;
    let evidence = entry.attempts.last().map(|last| &last.evidence);
    let words = evidence.map_or("", |evidence| match evidence.reply.as_str() {
        "" => evidence.cause.as_str(),
        reply => reply,
    });
    let row =
        manner.language.choose(format!("row {}", entry.row.number), format!("第 {} 行", entry.row.number));
    let row = right(&row, 9);
    let at = evidence.map(|evidence| moment(evidence.ended)).unwrap_or_default();
    let address = left(&safe(entry.address.as_str()), ADDRESS);
    let used = 2 + measure_text_width(&row) + 2 + ADDRESS + 2 + at.len() + 2;
    let words = console::truncate_str(&safe(words), width.saturating_sub(used).max(20), "…").into_owned();
    let (_, style) = state(entry.state, manner.language);
    let _ = writeln!(
        text,
        "  {row}  {address}  {}  {}",
        manner.paint.the(Style::Quiet, at),
        manner.paint.the(style, words)
    );
}

fn doubt(told: &Told<'_>, manner: Manner, width: usize, text: &mut String) {
    let status = &told.status;
    if status.doubt.is_empty() {
        return;
    }
    let language = manner.language;
    let title = language.choose("In doubt: they may have the mail", "不确定：可能已收到");
    let _ = writeln!(text, "\n{}", manner.paint.the(Style::Title, title));
    for entry in &status.doubt {
        person(entry, manner, width, text);
    }
    let more = status.tally.of(State::InDoubt).saturating_sub(status.doubt.len() as u64);
    if more > 0 {
        let more = grouped(more);
        let _ =
            writeln!(text, "  {}", language.choose(format!("and {more} more"), format!("还有 {more} 位")));
    }
}

/// The commands that make sense now.
fn next(told: &Told<'_>, manner: Manner, text: &mut String) {
    let (status, language) = (&told.status, manner.language);
    let (named, go_on) = (safe(&told.called.named), safe(&told.called.go_on));
    let mut steps: Vec<String> = Vec::new();
    let mut step = |command: String, english: &str, chinese: &str| {
        steps.push(format!("{command}  {}", language.choose(english, chinese)));
    };
    let of_bulk = |command: &str| {
        let (command, more) = command
            .split_once(' ')
            .map_or((command, String::new()), |(command, more)| (command, format!(" {more}")));
        format!("hongyan bulk {command} {named}{more}")
    };
    let idle = status.runners.is_empty();
    if status.paused {
        step(of_bulk("resume"), "to let it go on", "继续运行");
    } else if idle && status.open() + status.interrupted() > 0 {
        step(go_on.to_string(), "to go on", "继续发送");
    }
    if status.tally.of(State::InDoubt) > 0 {
        step(of_bulk("resolve"), "to decide about those in doubt", "处理不确定的收件人");
    }
    if idle && status.open() == 0 && status.tally.total() > 0 {
        step(of_bulk("report -o report.xlsx"), "for the proof of who got what", "生成送达证明");
    }
    if steps.is_empty() {
        return;
    }
    text.push('\n');
    for step in steps {
        let _ = writeln!(text, "  {step}");
    }
}
