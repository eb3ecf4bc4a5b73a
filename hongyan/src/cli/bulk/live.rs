//! The lines that a person sees while a run goes on: a bar with rate and time left, how many are where, what accounts wait
//! for, and the last refusals. They stay where they are, are drawn in one write, and leave nothing behind.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use console::{Term, measure_text_width, truncate_str};
use hongyan_bulk::ledger::{State, Tally};
use hongyan_bulk::run::{Event, Waiting};

use super::watching::{clock, counts, span, waiting, word};
use super::words::left;
use crate::cli::figures::grouped;
use crate::cli::paint::{Color, Paint, Style};
use crate::cli::terminal::{Language, safe, wrapped};
use crate::said::{Said, said};

/// How many of the last refusals are shown.
const LAST: usize = 5;
/// The widest and the narrowest that the bar becomes.
const BAR: (usize, usize) = (40, 8);
/// A wait that is over is shown as long as this: the next one may follow at once.
const OVER: Duration = Duration::from_millis(1500);

/// The lines, and what was drawn of them.
pub(super) struct Live {
    terminal: Term,
    language: Language,
    paint: Paint,
    /// By account: what it waits for, and since when it does no more.
    notes: BTreeMap<String, (String, Option<Instant>)>,
    refusals: VecDeque<Refusal>,
    /// What to do about the last of them.
    remedy: Option<Said>,
    ending: Option<String>,
    /// The widths of the lines that stand on the terminal.
    drawn: Vec<usize>,
}

struct Refusal {
    state: State,
    row: u64,
    address: String,
    words: String,
}

/// How a run stands.
pub(super) struct Seen<'a> {
    pub(super) tally: &'a Tally,
    pub(super) done: u64,
    pub(super) total: u64,
    /// A second.
    pub(super) rate: f64,
}

impl Live {
    /// On standard error.
    pub(super) fn on_the_terminal() -> Self {
        Self::new(Language::of_the_environment(), Paint::on(&io::stderr(), Color::Auto))
    }

    fn new(language: Language, paint: Paint) -> Self {
        Self {
            terminal: Term::stderr(),
            language,
            paint,
            notes: BTreeMap::new(),
            refusals: VecDeque::new(),
            remedy: None,
            ending: None,
            drawn: Vec::new(),
        }
    }

    /// Keeps what is to be shown of an event.
    pub(super) fn see(&mut self, event: &Event<'_>) {
        let language = self.language;
        match event {
            Event::Settled { state: State::Accepted | State::Suppressed | State::Skipped, .. } => {}
            Event::Settled { address, row, state, words, failure, .. } => {
                let remedy = failure.map(|failure| failure.remedy(None));
                self.remedy = remedy.map(|remedy| said(remedy.en, remedy.zh));
                let (address, words) = (safe(address.as_str()), safe(words));
                self.refusals.push_back(Refusal { state: *state, row: *row, address, words });
                if self.refusals.len() > LAST {
                    self.refusals.pop_front();
                }
            }
            Event::Opened { account, .. } | Event::Going { account } => {
                if let Some((_, over)) = self.notes.get_mut(*account) {
                    over.get_or_insert_with(Instant::now);
                }
            }
            Event::Lost { account, failure, again } => {
                let lost = language.choose("no connection", "连接中断");
                let again =
                    again.map(|at| language.choose(", again at ", "，重试时间 ").to_owned() + &clock(at));
                let text = format!("{lost}{}: {}", again.unwrap_or_default(), safe(&failure.to_string()));
                self.note(account, text);
            }
            Event::Waiting { account, why, until } => {
                // The pace is waited for every moment; its clock would only flicker.
                let until = until.filter(|_| *why != Waiting::Pace);
                let until = until.map(|at| language.choose(" until ", "，直到 ").to_owned() + &clock(at));
                let text = format!("{}{}", waiting(*why, language), until.unwrap_or_default());
                self.note(account, text);
            }
            Event::GivenUp { account, failure } => {
                let word = language.choose("not used any more", "不再使用");
                self.note(account, format!("{word}: {}", safe(&failure.to_string())));
            }
        }
    }

    fn note(&mut self, account: &str, text: String) {
        self.notes.insert(safe(account), (text, None));
    }

    /// Somebody has asked the run to end.
    pub(super) fn ending(&mut self, words: &str) {
        self.ending = Some(words.to_owned());
    }

    /// Draws the lines in the place of the last ones.
    pub(super) fn draw(&mut self, seen: &Seen<'_>) {
        let (rows, columns) = self.terminal.size();
        let (rows, columns) = (usize::from(rows).max(4), usize::from(columns).max(20));
        self.notes.retain(|_, (_, over)| over.is_none_or(|since| since.elapsed() < OVER));
        let mut lines = self.lines(seen, columns);
        lines.truncate(rows - 1);
        let mut text = self.back(columns);
        for line in &lines {
            let _ = writeln!(text, "{line}\x1b[K");
        }
        text.push_str("\x1b[J");
        self.drawn = lines.iter().map(|line| measure_text_width(line)).collect();
        put(&text);
    }

    /// Takes the lines away; the last refusals stay, with what to do about the last one if that is wanted.
    pub(super) fn close(&mut self, with_remedy: bool) {
        let columns = usize::from(self.terminal.size().1).max(20);
        let mut text = self.back(columns) + "\x1b[J";
        for line in self.refused(columns) {
            let _ = writeln!(text, "{line}");
        }
        if let Some(remedy) = self.remedy.as_ref().filter(|_| with_remedy) {
            let before = self.language.choose("  next: ", "  下一步：");
            let remedy = wrapped(&safe(self.language.of(remedy)), measure_text_width(before), &self.terminal);
            let _ = writeln!(text, "{before}{remedy}");
        }
        self.drawn.clear();
        put(&text);
    }

    /// To the beginning of the first line; a terminal that became narrower has broken some into several.
    fn back(&self, columns: usize) -> String {
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns).max(1)).sum();
        if rows == 0 { String::new() } else { format!("\x1b[{rows}A\r") }
    }

    fn lines(&self, seen: &Seen<'_>, columns: usize) -> Vec<String> {
        // A line that fills the last column makes some terminals break it.
        let cut = |line: String| truncate_str(&line, columns - 1, "…").into_owned();
        let mut lines =
            vec![cut(self.bar(seen, columns)), cut(counts(seen.tally, self.language, self.paint))];
        for (account, (text, _)) in &self.notes {
            lines.push(cut(format!("{account}: {}", self.paint.the(Style::Notice, text))));
        }
        lines.extend(self.refused(columns));
        lines.extend(self.ending.iter().map(|words| cut(words.clone())));
        lines
    }

    /// The last refusals, a line for each.
    fn refused(&self, columns: usize) -> Vec<String> {
        let word = |refusal: &Refusal| word(refusal.state, self.language);
        let width = |text: &str| measure_text_width(text);
        let words = self.refusals.iter().map(|one| width(word(one))).max().unwrap_or(0);
        let addresses = self.refusals.iter().map(|one| width(&one.address)).max().unwrap_or(0);
        let line = |one: &Refusal| {
            let style = if one.state == State::Rejected { Style::Bad } else { Style::Notice };
            let row = self.language.choose(format!("row {}", one.row), format!("第 {} 行", one.row));
            let line = format!(
                "{}  {}  {}  {}",
                self.paint.the(style, left(word(one), words)),
                left(&row, self.language.choose(8, 10)),
                left(&one.address, addresses.min(32)),
                one.words
            );
            truncate_str(&line, columns - 1, "…").into_owned()
        };
        self.refusals.iter().map(line).collect()
    }

    fn bar(&self, seen: &Seen<'_>, columns: usize) -> String {
        let language = self.language;
        let speed = match seen.rate {
            rate if rate >= 1.0 => language.choose(format!("{rate:.0}/s"), format!("每秒 {rate:.0}")),
            rate => language.choose(format!("{:.1}/min", rate * 60.0), format!("每分钟 {:.1}", rate * 60.0)),
        };
        let open = seen.total - seen.done;
        let mut tail = format!("{}/{}", grouped(seen.done), grouped(seen.total));
        if seen.rate > 0.0 && open > 0 {
            let _ = write!(tail, "  {speed}");
            let time = Duration::from_secs_f64((open as f64 / seen.rate).clamp(1.0, 9e8));
            let _ = write!(tail, "  {}", span(time, language));
        }
        let wide = columns.saturating_sub(measure_text_width(&tail) + 3).clamp(BAR.1, BAR.0);
        let full = (seen.done.saturating_mul(wide as u64) / seen.total.max(1)) as usize;
        let (done, rest) = ("━".repeat(full), "─".repeat(wide - full));
        format!("{}{}  {tail}", self.paint.the(Style::Name, done), self.paint.the(Style::Quiet, rest))
    }
}

/// One write; a terminal that is gone has nobody to look at it.
fn put(text: &str) {
    let mut terminal = io::stderr().lock();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}

#[cfg(test)]
mod tests {
    use hongyan_bulk::ledger::RecipientId;

    use super::*;
    use crate::proto::address::Address;

    fn refused(live: &mut Live, row: u64, address: &str, words: &str) {
        live.see(&Event::Settled {
            id: RecipientId(row as i64),
            row,
            attempt: 1,
            address: &Address::parse(address).unwrap(),
            state: State::Rejected,
            words,
            failure: None,
            due: None,
        });
    }

    #[test]
    fn lines_fit_into_any_terminal_and_say_what_the_tally_says() {
        for language in [Language::English, Language::Chinese] {
            let mut live = Live::new(language, Paint::on(&io::stderr(), Color::Never));
            for row in 2..9 {
                refused(&mut live, row, "zhang@example.org", &"550 5.1.1 没有这个用户 ".repeat(9));
            }
            let mut tally = Tally::default();
            tally.add(State::Accepted, 40);
            tally.add(State::Rejected, 7);
            let seen = Seen { tally: &tally, done: 47, total: 100, rate: 5.0 };
            for columns in [20, 40, 80, 200] {
                let lines = live.lines(&seen, columns);
                assert_eq!(lines.len(), 2 + LAST);
                for line in &lines {
                    assert!(measure_text_width(line) < columns, "{columns}: {line}");
                }
            }
            let lines = live.lines(&seen, 100);
            assert!(lines[0].contains("47/100") && lines[1].contains("40") && lines[1].contains('7'));
            assert!(lines[2].contains('4') && lines[6].contains('8'), "{lines:?}");
        }
    }

    #[test]
    fn a_wait_is_shown_until_it_is_over() {
        let mut live = Live::new(Language::English, Paint::on(&io::stderr(), Color::Never));
        let tally = Tally::default();
        let seen = Seen { tally: &tally, done: 0, total: 3, rate: 0.0 };
        live.see(&Event::Waiting { account: "work", why: Waiting::Paused, until: None });
        assert_eq!(live.lines(&seen, 90)[2], "work: paused; `hongyan bulk resume` goes on");
        live.see(&Event::Going { account: "work" });
        assert!(live.notes["work"].1.is_some());
        live.see(&Event::Waiting { account: "work", why: Waiting::Pace, until: None });
        assert!(live.notes["work"].1.is_none());
    }

    #[test]
    fn what_was_broken_into_several_rows_is_taken_away_whole() {
        let mut live = Live::new(Language::English, Paint::on(&io::stderr(), Color::Never));
        live.drawn = vec![79, 20, 0];
        assert_eq!(live.back(80), "\x1b[3A\r");
        assert_eq!(live.back(40), "\x1b[4A\r");
    }
}
