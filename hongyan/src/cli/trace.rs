//! The conversation as it passes: when, who, what, and what that means.
//!
//! ```text
//!     1.2 ms  S: 220 mx.example ESMTP        the server is ready
//!     1.3 ms  C: EHLO [127.0.0.1]            who we are; what can you do?
//! ```
//! The lines are those of the one transcript form: secrets are lengths, and nothing of a peer reaches the
//! terminal raw.

mod imap;
mod meaning;
mod pop3;

use std::io::{Write as _, stderr, stdout};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::outcome::Manner;
use super::paint::Style;
use crate::net::smtp::NewTap;
use crate::proto::transcript::{Content, Transcript, Who};
use meaning::Meanings;

/// One line of a conversation that is kept.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Line {
    /// Milliseconds since the beginning.
    pub(crate) at: f64,
    /// With its `C:`, `S:` or `--`.
    pub(crate) line: String,
}

/// Lines that are kept for a report.
pub(crate) type Kept = Arc<Mutex<Vec<Line>>>;

/// Where lines are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    /// On standard error, beside what the command is for.
    Error,
    /// On standard output: they are what the command is for.
    Output,
}

/// What to do with the lines.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// Show them.
    pub(crate) shown: Option<(Manner, Screen)>,
    /// The mail's content too, line by line.
    pub(crate) content: bool,
    /// Keep them.
    pub(crate) kept: Option<Kept>,
    /// What times are counted from.
    pub(crate) began: Instant,
}

impl Wanted {
    /// Makes the listener of a connection, if anything is wanted.
    pub(crate) fn listener(self) -> Option<NewTap> {
        if self.shown.is_none() && self.kept.is_none() {
            return None;
        }
        Some(Arc::new(move || {
            let wanted = self.clone();
            let mut meanings = Meanings::default();
            let content = if wanted.content { Content::Whole } else { Content::Length };
            Box::new(Transcript::new(content, move |who: Who, line: &str| {
                wanted.line(&mut meanings, who, line)
            }))
        }))
    }

    fn line(&self, meanings: &mut Meanings, who: Who, line: &str) {
        let at = self.began.elapsed().as_secs_f64() * 1000.0;
        if let Some((manner, screen)) = self.shown {
            let meaning = meanings.of(who, line).map(|(en, zh)| manner.language.choose(en, zh));
            let text = shown(manner, at, line, meaning);
            // Nobody to tell where it is closed.
            let _ = match screen {
                Screen::Error => stderr().lock().write_all(text.as_bytes()),
                Screen::Output => stdout().lock().write_all(text.as_bytes()),
            };
        }
        if let Some(kept) = &self.kept
            && let Ok(mut kept) = kept.lock()
        {
            kept.push(Line { at: (at * 1000.0).round() / 1000.0, line: line.to_owned() });
        }
    }
}

/// Where meanings begin, in columns, unless the line is longer.
const MARGIN: usize = 44;

fn shown(manner: Manner, at: f64, line: &str, meaning: Option<&str>) -> String {
    let paint = manner.paint;
    let style = match line.get(..3) {
        Some("C: ") => Style::Name,
        Some("-- ") => Style::Seam,
        _ => Style::Plain,
    };
    let at = format!("{at:>8.1} ms");
    let mut text = format!("{}  {}", paint.the(Style::Quiet, at), paint.the(style, line));
    if let Some(meaning) = meaning {
        let gap = MARGIN.saturating_sub(console::measure_text_width(line)).max(3);
        text.push_str(&format!("{:gap$}{}", "", paint.the(Style::Quiet, meaning)));
    }
    text.push('\n');
    text
}
