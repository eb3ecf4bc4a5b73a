//! What a person or a script sees of a run while it goes on: a few lines that stay in place on a terminal, a line of JSON
//! for each event otherwise. The lines are drawn by the clock, not by events: they are right also while nothing happens.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{Local, TimeZone};
use hongyan_bulk::ledger::{State, Tally, Time};
use hongyan_bulk::report;
use hongyan_bulk::run::{Event, Tell, Waiting};
use serde_json::{Value, json};

use super::live::{Live, Seen};
use crate::cli::json;
use crate::cli::paint::{Paint, Style};
use crate::cli::terminal::Language;
use crate::proto::outcome::Failure;

/// How often the lines are drawn anew.
const EVERY: Duration = Duration::from_millis(150);
/// The rate is that of at least this time,
const RATE: Duration = Duration::from_secs(10);
/// and of so many recipients,
const ENOUGH: u64 = 20;
/// but of no longer time than this.
const LONGEST: Duration = Duration::from_secs(120);

/// Watches a run.
#[derive(Clone)]
pub(super) struct Watching(Arc<Mutex<Watched>>);

struct Watched {
    tally: Tally,
    /// Settled ones that count as done, with the times at which they were counted.
    marks: VecDeque<(Instant, u64)>,
    done: u64,
    total: u64,
    live: Option<Live>,
}

impl Watching {
    /// Of a run that begins with this tally. Lines where standard error is a terminal and no JSON is wanted.
    pub(super) fn new(tally: Tally, wants_json: bool) -> Self {
        let live = (!wants_json && io::stderr().is_terminal()).then(Live::on_the_terminal);
        let open = [State::Pending, State::Leased, State::InData].map(|state| tally.of(state));
        let (total, mut shown) = (tally.total(), tally);
        // Whoever was deferred is tried again, or was given up: the ledger knows, and events say it.
        let done = total - open.iter().sum::<u64>() - shown.of(State::Deferred);
        for (state, number) in [State::Pending, State::Leased, State::InData].into_iter().zip(open) {
            shown.take(state, number);
        }
        let marks = [(Instant::now(), done)].into();
        Self(Arc::new(Mutex::new(Watched { tally: shown, marks, done, total, live })))
    }

    /// What the run is to call.
    pub(super) fn tell(&self) -> Tell {
        let watched = self.0.clone();
        Arc::new(move |event: Event<'_>| {
            watched.lock().unwrap_or_else(PoisonError::into_inner).see(&event);
        })
    }

    /// Draws the lines again and again, until this is aborted.
    pub(super) async fn draw(self) {
        let mut clock = tokio::time::interval(EVERY);
        loop {
            clock.tick().await;
            self.0.lock().unwrap_or_else(PoisonError::into_inner).draw(Instant::now());
        }
    }

    /// Somebody has asked the run to end.
    pub(super) fn ending(&self, words: &str) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut watched.live {
            Some(live) => live.ending(words),
            None => crate::cli::terminal::tell(words),
        }
    }

    /// Takes the lines away, but for the last refusals; with what to do about the last one, if that is wanted.
    pub(super) fn end(&self, with_remedy: bool) {
        let mut watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut live) = watched.live.take() {
            live.close(with_remedy);
        }
    }
}

impl Watched {
    fn see(&mut self, event: &Event<'_>) {
        if let Event::Settled { state, due, attempt, .. } = event {
            // Who is tried again was deferred before, unless somebody has decided otherwise.
            if *attempt > 1 {
                self.tally.take(State::Deferred, 1);
            }
            self.tally.add(*state, 1);
            self.done += u64::from(!(*state == State::Deferred && due.is_some()));
        }
        match &mut self.live {
            None => print(event),
            Some(live) => live.see(event),
        }
    }

    fn draw(&mut self, now: Instant) {
        self.marks.push_back((now, self.done));
        while let Some((next, before)) = self.marks.get(1).copied() {
            let since = now - next;
            if since < LONGEST && (since < RATE || self.done - before < ENOUGH) {
                break;
            }
            self.marks.pop_front();
        }
        let (since, before) = self.marks[0];
        let seconds = (now - since).as_secs_f64();
        let rate = if seconds > 0.5 { (self.done - before) as f64 / seconds } else { 0.0 };
        if let Some(live) = &mut self.live {
            live.draw(&Seen { tally: &self.tally, done: self.done.min(self.total), total: self.total, rate });
        }
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

pub(super) fn waiting(why: Waiting, language: Language) -> &'static str {
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
pub(super) fn span(time: Duration, language: Language) -> String {
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
        // Events that follow show it.
        Event::Going { .. } => return,
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
