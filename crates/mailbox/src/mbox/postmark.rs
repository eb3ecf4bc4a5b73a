//! The line before each message in an mbox: `From sender date`.
//!
//! The date is asctime's, in UTC (RFC 4155, appendix A), and more loosely whatever other programs write: with a zone
//! before or behind the year, without seconds, with day and month the other way round, with words behind it.

use std::fmt;

use hongyan_mime::address::Address;
use hongyan_mime::read::Message;

/// The longest line that can be a postmark, in octets with its end; a longer one is text.
pub const MAX_POSTMARK: usize = 1024;
/// What a postmark written here ends in: UTC, of whatever local time (RFC 5322 §3.3).
const OURS: &[u8] = b" -0000";
/// Who sent what has no sender (RFC 5321 §4.5.5 has such mail).
const NOBODY: &str = "MAILER-DAEMON";
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A postmark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postmark {
    sender: String,
    /// Seconds since 1970; none where the line had no date that can be read.
    time: Option<i64>,
    ours: bool,
}

impl Postmark {
    /// A postmark of this sender and time, in seconds since 1970. A sender that cannot stand in one, because it is
    /// empty or has blanks or control characters, becomes `MAILER-DAEMON`.
    #[must_use]
    pub fn new(sender: &str, time: i64) -> Self {
        let fits = !sender.is_empty()
            && sender.len() <= MAX_POSTMARK / 2
            && !sender.chars().any(|c| c.is_whitespace() || c.is_control());
        Self { sender: if fits { sender } else { NOBODY }.to_owned(), time: Some(time), ours: true }
    }

    /// The postmark for a message, from its head: the address in Return-Path, else in Sender or From; the time in
    /// Date, else this one.
    #[must_use]
    pub fn of_head(head: &[u8], otherwise: i64) -> Self {
        let message = Message::parse(head);
        let path = message.field(0, "Return-Path").map(|field| message.value_text(field));
        let sender = match path.as_deref().map(str::trim) {
            Some(path) => path.trim_start_matches('<').trim_end_matches('>').to_owned(),
            None => {
                let address = |name| {
                    message.address_list(0, name).iter().find_map(|address| match address {
                        Address::Mailbox(mailbox) => Some(mailbox.address.to_string()),
                        Address::Group { .. } => None,
                    })
                };
                address("Sender").or_else(|| address("From")).unwrap_or_default()
            }
        };
        Self::new(&sender, message.date().map_or(otherwise, |date| date.timestamp()))
    }

    /// Who sent the message, as the line has it.
    #[must_use]
    pub fn sender(&self) -> &str {
        &self.sender
    }

    /// When it was delivered, in seconds since 1970; a date without a zone counts as UTC.
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.time
    }

    /// Whether the file was written by these rules, so that every message is exactly what it was.
    pub(super) fn ours(&self) -> bool {
        self.ours
    }

    /// A line that begins with `From `, with or without its end. Octets that are not UTF-8 are replaced in the sender.
    pub(super) fn parse(line: &[u8]) -> Self {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = String::from_utf8_lossy(line.strip_prefix(b"From ").unwrap_or(line)).into_owned();
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let date = Date::find(&words);
        let sender = match &date {
            Some(date) => words[..date.begins].join(" "),
            None => words.join(" "),
        };
        Self { sender, time: date.and_then(|date| date.time), ours: line.ends_with(OURS) }
    }

    /// Whether a line that begins with `From ` looks like a postmark: it has a date, or is only `-` or an address.
    pub(super) fn plausible(line: &[u8]) -> bool {
        if line.len() > MAX_POSTMARK {
            return false;
        }
        let text = String::from_utf8_lossy(line.strip_prefix(b"From ").unwrap_or(line)).into_owned();
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        match words[..] {
            [] => false,
            [only] => only == "-" || only == NOBODY || only.contains('@'),
            _ => Date::find(&words).is_some(),
        }
    }
}

/// The line, without its end.
impl fmt::Display for Postmark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = chrono::DateTime::from_timestamp(self.time.unwrap_or(0), 0)
            .filter(|time| (0..10_000).contains(&chrono::Datelike::year(time)))
            .unwrap_or_default();
        write!(f, "From {} {} -0000", self.sender, time.format("%a %b %e %H:%M:%S %Y"))
    }
}

/// A date among words.
struct Date {
    /// Which word it begins with.
    begins: usize,
    /// What it says, if that is a date that there is.
    time: Option<i64>,
}

impl Date {
    /// A month, a day beside it, and a time of day and a year behind them.
    fn find(words: &[&str]) -> Option<Self> {
        (0..words.len()).find_map(|n| Self::at(words, n))
    }

    fn at(words: &[&str], n: usize) -> Option<Self> {
        let name = words[n].get(..3)?.to_ascii_lowercase();
        let month = MONTHS.iter().position(|month| *month == name && words[n].len() <= 9)? as u32 + 1;
        let day_at = |n: usize| {
            let word = words.get(n)?.trim_end_matches(',');
            word.parse::<u32>().ok().filter(|day| word.len() <= 2 && (1..=31).contains(day))
        };
        let (day, first, last) = match (day_at(n + 1), n.checked_sub(1).and_then(day_at)) {
            (Some(day), _) => (day, n, n + 1),
            (None, Some(day)) => (day, n - 1, n),
            (None, None) => return None,
        };
        let rest = &words[last + 1..];
        let (hour, minute, second) = rest.iter().find_map(|word| clock(word))?;
        let year = rest.iter().find_map(|word| {
            word.parse::<i32>().ok().filter(|year| word.len() == 4 && (1900..=9999).contains(year))
        })?;
        let zone = rest.iter().find_map(|word| zone(word)).unwrap_or(0);
        let time = chrono::NaiveDate::from_ymd_opt(year, month, day)
            .and_then(|date| date.and_hms_opt(hour, minute, second.min(59)))
            .map(|time| time.and_utc().timestamp() - zone);
        let weekday = first.checked_sub(1).filter(|&n| is_weekday(words[n]));
        Some(Self { begins: weekday.unwrap_or(first), time })
    }
}

fn is_weekday(word: &str) -> bool {
    let word = word.trim_end_matches(',');
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().any(|day| word.eq_ignore_ascii_case(day))
}

/// `hh:mm` or `hh:mm:ss`.
fn clock(word: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = word.splitn(3, ':').map(|n| n.parse::<u32>().ok().filter(|_| n.len() <= 2));
    let (hour, minute) = (numbers.next()??, numbers.next()??);
    let second = match numbers.next() {
        None => 0,
        Some(second) => second?,
    };
    (hour < 24 && minute < 60 && second <= 60).then_some((hour, minute, second))
}

/// `+hhmm` or `-hhmm`, in seconds.
fn zone(word: &str) -> Option<i64> {
    let (sign, digits) = match word.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let number = digits.parse::<i64>().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

#[cfg(test)]
mod tests {
    use super::Postmark;

    #[test]
    fn what_other_programs_write_is_told_from_text() {
        for (line, sender, time) in [
            ("From mox Sun Jan 23 20:41:55 2022", "mox", Some(1_642_970_515)),
            ("From a@b.example  Wed May 16 00:40:34 2001", "a@b.example", Some(989_973_634)),
            ("From - Mon Jun  3 12:50:27 1996\r\n", "-", Some(833_806_227)),
            ("From a@b Sun Jan 23 20:41 2022", "a@b", Some(1_642_970_460)),
            ("From a@b Sun Jan 23 20:41:55 MET 2022", "a@b", Some(1_642_970_515)),
            ("From a@b Sun Jan 23 20:41:55 2022 +0100", "a@b", Some(1_642_966_915)),
            ("From a@b Sun, 23 Jan 2022 20:41:55 -0100", "a@b", Some(1_642_974_115)),
            (
                "From wang at example.org  Sun Jan 23 20:41:55 2022",
                "wang at example.org",
                Some(1_642_970_515),
            ),
            ("From a@b Sun Jan 23 20:41:55 2022 remote from c", "a@b", Some(1_642_970_515)),
            ("From a@b Mon Feb 31 20:41:55 2022", "a@b", None),
            ("From -", "-", None),
            ("From - \n", "-", None),
            ("From a@b.example\r\n", "a@b.example", None),
            ("From MAILER-DAEMON", "MAILER-DAEMON", None),
        ] {
            assert!(Postmark::plausible(line.as_bytes()), "{line:?}");
            let postmark = Postmark::parse(line.as_bytes());
            assert_eq!((postmark.sender(), postmark.time()), (sender, time), "{line:?}");
        }
        for line in [
            "From Russia with love",
            "From ",
            "From now on, please write to me",
            "From Monday on we meet at 10:30 in room 2022",
            "From 1 to 31 Jan",
            "From May 2022 on",
            "From here",
        ] {
            assert!(!Postmark::plausible(line.as_bytes()), "{line:?}");
        }
        assert!(!Postmark::plausible(
            format!("From {} Sun Jan 23 20:41:55 2022", "a".repeat(1024)).as_bytes()
        ));
    }

    #[test]
    fn a_head_gives_its_sender_and_date() {
        for (head, line) in [
            (
                "Return-Path: <wang@example.org>\nFrom: li@example.net\nDate: Mon, 2 Jan 2006 15:04:05 +0800\n\n",
                "From wang@example.org Mon Jan  2 07:04:05 2006 -0000",
            ),
            (
                "Return-Path: <>\nFrom: li@example.net\n\n",
                "From MAILER-DAEMON Thu Jan  1 00:00:10 1970 -0000",
            ),
            ("From: 李 <li@example.net>\n\n", "From li@example.net Thu Jan  1 00:00:10 1970 -0000"),
            ("Subject: x\n\n", "From MAILER-DAEMON Thu Jan  1 00:00:10 1970 -0000"),
            ("Return-Path: <a b\rFrom c>\n\n", "From MAILER-DAEMON Thu Jan  1 00:00:10 1970 -0000"),
        ] {
            assert_eq!(Postmark::of_head(head.as_bytes(), 10).to_string(), line, "{head:?}");
        }
        // What no calendar has is the epoch, not a failure.
        assert!(Postmark::new("a@b", i64::MAX).to_string().ends_with("Thu Jan  1 00:00:00 1970 -0000"));
        let read = Postmark::parse(Postmark::new("a@b", 86_400).to_string().as_bytes());
        assert_eq!(read, Postmark::new("a@b", 86_400));
    }
}
