//! What a person or a script sees of a run while it goes on: a few lines that stay in place on a terminal, a line of JSON
//! for each event otherwise.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Local, TimeZone};
use hongyan_bulk::ledger::{State, Tally, Time};
use hongyan_bulk::report;
use hongyan_bulk::run::{Event, Tell, Waiting};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::cli::json;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::terminal::{Language, safe};
use crate::proto::outcome::Failure;

/// How many of the last refusals are shown.
const LAST: usize = 5;
/// How often the lines are drawn anew.
const EVERY: Duration = Duration::from_millis(100);
/// Over which time the rate is taken.
const RATE: Duration = Duration::from_secs(10);

/// Watches a run.
#[derive(Clone)]
pub(super) struct Watching(Arc<Mutex<Seen>>);

struct Seen {
    tally: Tally,
    /// Settled ones that count as done, with the times at which they were counted.
    marks: VecDeque<(Instant, u64)>,
    done: u64,
    drawn: Option<Instant>,
    shown: Shown,
}

enum Shown {
    Lines(Box<Lines>),
    Json,
}

struct Lines {
    all: MultiProgress,
    bar: ProgressBar,
    counts: ProgressBar,
    state: ProgressBar,
    refusals: VecDeque<ProgressBar>,
    language: Language,
    paint: Paint,
}

impl Watching {
    /// Of a run that begins with this tally. Lines where standard error is a terminal and no JSON is wanted.
    pub(super) fn new(tally: Tally, wants_json: bool) -> Self {
        let shown = match wants_json || !io::stderr().is_terminal() {
            true => Shown::Json,
            false => Shown::Lines(Box::new(Lines::new(tally.total()))),
        };
        let open =
            [State::Pending, State::Leased, State::InData, State::Deferred].map(|state| tally.of(state));
        let done = tally.total() - open.iter().sum::<u64>();
        let seen = Seen { tally, marks: VecDeque::new(), done, drawn: None, shown };
        Self(Arc::new(Mutex::new(seen)))
    }

    /// What the run is to call.
    pub(super) fn tell(&self) -> Tell {
        let seen = self.0.clone();
        Arc::new(move |event: Event<'_>| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).see(&event);
        })
    }

    /// Takes the lines away.
    pub(super) fn end(&self) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Shown::Lines(lines) = &mut seen.shown {
            let _ = lines.all.clear();
        }
        seen.shown = Shown::Json;
        seen.drawn = Some(Instant::now() + Duration::from_secs(u32::MAX.into()));
    }
}

impl Seen {
    fn see(&mut self, event: &Event<'_>) {
        if let Event::Settled { state, due, attempt, .. } = event {
            // Who is tried again was deferred before, unless somebody has decided otherwise.
            if *attempt > 1 {
                self.tally.take(State::Deferred, 1);
            }
            self.tally.add(*state, 1);
            self.done += u64::from(!(*state == State::Deferred && due.is_some()));
        }
        match &mut self.shown {
            Shown::Json => print(event),
            Shown::Lines(lines) => lines.see(event),
        }
        let now = Instant::now();
        if matches!(self.shown, Shown::Lines(_)) && self.drawn.is_none_or(|last| now - last >= EVERY) {
            self.drawn = Some(now);
            self.draw(now);
        }
    }

    fn draw(&mut self, now: Instant) {
        self.marks.push_back((now, self.done));
        while self.marks.len() > 2 && now - self.marks[0].0 > RATE {
            self.marks.pop_front();
        }
        let (since, before) = self.marks[0];
        let seconds = (now - since).as_secs_f64();
        let rate = if seconds > 0.2 { (self.done - before) as f64 / seconds } else { 0.0 };
        if let Shown::Lines(lines) = &self.shown {
            lines.draw(&self.tally, self.done, rate);
        }
    }
}

impl Lines {
    fn new(total: u64) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        let line = |template: &str| {
            let line = all.add(ProgressBar::new(total));
            if let Ok(style) = ProgressStyle::with_template(template) {
                line.set_style(style.progress_chars("━━─"));
            }
            line
        };
        let bar = line("{bar:40.cyan/dim} {human_pos}/{human_len} {msg}");
        let (counts, state) = (line("{msg}"), line("{msg}"));
        let (language, paint) = (Language::of_the_environment(), Paint::on(&io::stderr(), Color::Auto));
        Self { all, bar, counts, state, refusals: VecDeque::new(), language, paint }
    }

    fn see(&mut self, event: &Event<'_>) {
        let (language, paint) = (self.language, self.paint);
        let text = match event {
            Event::Settled { state: State::Accepted | State::Suppressed | State::Skipped, .. } => {
                self.state.set_message(String::new());
                return;
            }
            Event::Settled { address, row, state, words, .. } => {
                let style = if *state == State::Rejected { Style::Bad } else { Style::Notice };
                let word = paint.the(style, word(*state, language));
                let row = language.choose(format!("row {row}"), format!("第 {row} 行"));
                let line = format!("{word} {} ({row}): {}", safe(address.as_str()), safe(words));
                self.refusal(line);
                return;
            }
            Event::Opened { .. } => return,
            Event::Lost { account, failure, again } => {
                let again =
                    again.map(|at| language.choose(", again at ", "，重试时间 ").to_owned() + &clock(at));
                let lost = language.choose("connection lost", "连接中断");
                format!(
                    "{}: {lost}: {}{}",
                    safe(account),
                    safe(&failure.to_string()),
                    again.unwrap_or_default()
                )
            }
            Event::Waiting { account, why, until } => {
                let until = until.map(|at| language.choose(" until ", "，直到 ").to_owned() + &clock(at));
                format!("{}: {}{}", safe(account), waiting(*why, language), until.unwrap_or_default())
            }
            Event::GivenUp { account, failure } => {
                let word = language.choose("not used any more", "不再使用");
                format!("{}: {word}: {}", safe(account), safe(&failure.to_string()))
            }
        };
        self.state.set_message(text);
    }

    fn refusal(&mut self, text: String) {
        if self.refusals.len() == LAST
            && let Some(first) = self.refusals.pop_front()
        {
            self.all.remove(&first);
        }
        let line = self.all.add(ProgressBar::new(0));
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            line.set_style(style);
        }
        line.set_message(text);
        self.refusals.push_back(line);
    }

    fn draw(&self, tally: &Tally, done: u64, rate: f64) {
        let language = self.language;
        let total = self.bar.length().unwrap_or(0);
        self.bar.set_position(done);
        let left = total.saturating_sub(done);
        let left = if rate > 0.0 {
            span(Duration::from_secs_f64((left as f64 / rate).min(9e8)), language)
        } else {
            String::new()
        };
        let speed = if rate >= 1.0 {
            language.choose(format!("{rate:.0}/s"), format!("每秒 {rate:.0}"))
        } else {
            language.choose(format!("{:.1}/min", rate * 60.0), format!("每分钟 {:.1}", rate * 60.0))
        };
        self.bar.set_message(format!("  {speed}  {left}"));
        self.counts.set_message(counts(tally, language, self.paint));
    }
}

/// The states that an outcome can be, with how many are in each.
pub(super) fn counts(tally: &Tally, language: Language, paint: Paint) -> String {
    let shown = [
        (State::Accepted, Style::Good),
        (State::Deferred, Style::Notice),
        (State::Rejected, Style::Bad),
        (State::InDoubt, Style::Notice),
        (State::Suppressed, Style::Quiet),
        (State::Skipped, Style::Quiet),
    ];
    let each = shown.into_iter().filter(|(state, _)| *state == State::Accepted || tally.of(*state) > 0);
    let each = each.map(|(state, style)| {
        let number = crate::cli::figures::grouped(tally.of(state));
        format!("{} {number}", paint.the(style, word(state, language)))
    });
    each.collect::<Vec<_>>().join("   ")
}

/// A state in a word.
pub(super) fn word(state: State, language: Language) -> &'static str {
    report::state_word(state, language.choose(report::Language::English, report::Language::Chinese))
}

fn waiting(why: Waiting, language: Language) -> &'static str {
    let (en, zh) = match why {
        Waiting::Pace => ("keeping to the pace", "按设定的速度等待"),
        Waiting::Hours => ("outside the hours in which mail is sent", "不在发送时段内，等待"),
        Waiting::Due => ("waiting for those who are tried again", "等待重试时间"),
        Waiting::Paused => ("paused; `hongyan bulk resume` goes on", "已暂停，用 `hongyan bulk resume` 继续"),
        Waiting::SlowDown => ("the provider says: slow down", "服务商要求放慢速度，等待"),
    };
    language.choose(en, zh)
}

/// A time of today, or of another day.
pub(super) fn clock(time: Time) -> String {
    let Some(at) = Local.timestamp_millis_opt(time.0).single() else { return String::new() };
    let is_today = at.date_naive() == Local::now().date_naive();
    at.format(if is_today { "%H:%M:%S" } else { "%Y-%m-%d %H:%M" }).to_string()
}

/// How long something takes, roughly.
fn span(time: Duration, language: Language) -> String {
    let seconds = time.as_secs();
    let (number, en, zh) = match seconds {
        0..60 => (seconds, "s", "秒"),
        60..7200 => (seconds / 60, "min", "分钟"),
        7200..172_800 => (seconds / 3600, "h", "小时"),
        _ => (seconds / 86_400, "days", "天"),
    };
    language.choose(format!("{number} {en} left"), format!("还需约 {number} {zh}"))
}

/// An event as a line of JSON.
fn print(event: &Event<'_>) {
    let object = match event {
        Event::Settled { id, row, attempt, address, state, words, failure, due } => json!({
            "event": "settled",
            "recipient": id.0,
            "row": row,
            "attempt": attempt,
            "address": address.as_str(),
            "state": state.name(),
            "words": words,
            "remedy": failure.map(remedy),
            "due": due.map(|due| due.0),
        }),
        Event::Opened { account, session } => {
            json!({ "event": "opened", "account": account, "connection": session.0 })
        }
        Event::Lost { account, failure, again } => json!({
            "event": "lost", "account": account, "failure": failure.to_string(), "remedy": remedy(failure),
            "again": again.map(|at| at.0),
        }),
        Event::Waiting { account, why, until } => json!({
            "event": "waiting", "account": account, "why": format!("{why:?}").to_lowercase(),
            "until": until.map(|at| at.0),
        }),
        Event::GivenUp { account, failure } => json!({
            "event": "given_up", "account": account, "failure": failure.to_string(), "remedy": remedy(failure),
        }),
    };
    // Whoever reads may have seen enough; the run goes on.
    let _ = json::line(&mut io::stdout().lock(), &object).and_then(|()| io::stdout().flush());
}

fn remedy(failure: &Failure) -> Value {
    let remedy = failure.remedy(None);
    Value::String(Language::of_the_environment().choose(remedy.en, remedy.zh))
}
