//! What was said about each message, collected from the octets that passed over a connection.
//!
//! Replies come in the order of the commands (RFC 2920), so each reply belongs to the oldest command that has none. What
//! was said before the first message is the connection's opening, kept once. Content is never kept, secrets arrive here
//! as lengths.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hongyan_proto::transcript::{Passed, Tap, Who, escape, prefix};

/// The longest conversation that is kept of a message or an opening, in octets; what is longer ends with a mark.
const LONGEST: usize = 4096;
/// What stands where something was left out.
const CUT: &str = "…\n";

/// Collects what a connection says. Cheap to clone; the clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder(Arc<Mutex<Recorded>>);

#[derive(Debug, Default)]
struct Recorded {
    opening: String,
    /// Messages whose conversation is not fetched yet, oldest first.
    messages: VecDeque<Conversation>,
    /// How many messages were fetched: the number of the first one in `messages`.
    fetched: u64,
    /// Commands without a reply, oldest first: of which message each is; `None` for none.
    awaited: VecDeque<Option<u64>>,
    /// The line that is being said, by each side.
    client: String,
    server: String,
    /// The last chunk's command was BDAT, which has had its place in `awaited`.
    counted: bool,
}

#[derive(Debug, Default)]
struct Conversation {
    text: String,
    recipients: usize,
}

impl Recorder {
    /// One that listens in.
    pub(super) fn tap(&self) -> Box<dyn Tap> {
        Box::new(self.clone())
    }

    /// What was said before the first message.
    pub(super) fn opening(&self) -> String {
        self.lock().opening.clone()
    }

    /// What was said about the oldest message that was not asked for yet; it had so many recipients. A message may have
    /// taken several transactions.
    pub(super) fn next(&self, recipients: usize) -> String {
        let mut recorded = self.lock();
        let mut text = String::new();
        let mut named = 0;
        while let Some(one) = recorded.messages.pop_front() {
            recorded.fetched += 1;
            named += one.recipients;
            text.push_str(&one.text);
            if named >= recipients || one.recipients == 0 {
                break;
            }
        }
        text
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tap for Recorder {
    fn passed(&mut self, who: Who, what: Passed<'_>) {
        let mut recorded = self.lock();
        match (who, what) {
            (Who::Client, Passed::Text(octets)) => escape(octets, &mut recorded.client),
            (Who::Server, Passed::Text(octets)) => escape(octets, &mut recorded.server),
            (Who::Client, Passed::Secret(n)) => recorded.client.push_str(&format!("{{{n} secret octets}}")),
            (Who::Server, Passed::Secret(n)) => recorded.server.push_str(&format!("{{{n} secret octets}}")),
            (Who::Client, Passed::EndOfLine) => recorded.commanded(),
            (Who::Server, Passed::EndOfLine) => recorded.replied(),
            (_, Passed::EndOfContent(_)) => recorded.content_ended(),
            (_, Passed::Content(_) | Passed::Note(_)) => {}
        }
    }
}

impl Recorded {
    fn commanded(&mut self) {
        let line = std::mem::take(&mut self.client);
        let verb = line.split(' ').next().unwrap_or_default();
        match verb {
            "MAIL" => self.messages.push_back(Conversation::default()),
            "RCPT" => {
                if let Some(message) = self.messages.back_mut() {
                    message.recipients += 1;
                }
            }
            _ => {}
        }
        let of = if matches!(verb, "MAIL" | "RCPT" | "DATA" | "BDAT") { self.last() } else { None };
        self.counted = verb == "BDAT";
        self.awaited.push_back(of);
        let place = self.place(of);
        add(place, Who::Client, &line);
        self.client = line;
        self.client.clear();
    }

    /// The content of DATA is answered on its own.
    fn content_ended(&mut self) {
        self.client.clear();
        if !self.counted {
            let of = self.last();
            self.awaited.push_back(of);
        }
        self.counted = false;
    }

    fn replied(&mut self) {
        let line = std::mem::take(&mut self.server);
        let is_last = line.as_bytes().get(3) != Some(&b'-');
        let of = self.awaited.front().copied();
        if is_last && of.is_some() {
            self.awaited.pop_front();
        }
        // What nothing asked for: the greeting, or a goodbye, which concerns whatever is on its way.
        let of = of.unwrap_or_else(|| (!self.messages.is_empty()).then_some(self.fetched));
        let place = self.place(of);
        add(place, Who::Server, &line);
        self.server = line;
        self.server.clear();
    }

    /// The message that was begun last.
    fn last(&self) -> Option<u64> {
        (!self.messages.is_empty()).then(|| self.fetched + self.messages.len() as u64 - 1)
    }

    fn place(&mut self, of: Option<u64>) -> &mut String {
        let index = of.and_then(|number| usize::try_from(number.checked_sub(self.fetched)?).ok());
        match index.and_then(|index| self.messages.get_mut(index)) {
            Some(message) => &mut message.text,
            None => &mut self.opening,
        }
    }
}

fn add(text: &mut String, who: Who, line: &str) {
    if text.len() + line.len() + prefix(who).len() < LONGEST {
        text.push_str(prefix(who));
        text.push_str(line);
        text.push('\n');
    } else if !text.ends_with(CUT) {
        text.push_str(CUT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays lines of a transcript; `C. n` is the end of a content of n octets.
    fn play(recorder: &Recorder, lines: &str) {
        let mut tap = recorder.clone();
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (who, text) = line.split_at(2);
            let who = if who.starts_with('C') { Who::Client } else { Who::Server };
            if line.starts_with("C.") {
                tap.passed(who, Passed::Content(b"Subject: secret\r\n"));
                tap.passed(who, Passed::EndOfContent(17));
            } else {
                tap.passed(who, Passed::Text(text.trim_start().as_bytes()));
                tap.passed(who, Passed::EndOfLine);
            }
        }
    }

    #[test]
    fn replies_of_messages_in_one_flight_go_to_their_messages() {
        let recorder = Recorder::default();
        play(&recorder, "S: 220 hi\nC: EHLO me\nS: 250-here\nS: 250 PIPELINING");
        assert_eq!(recorder.opening(), "S: 220 hi\nC: EHLO me\nS: 250-here\nS: 250 PIPELINING\n");
        play(
            &recorder,
            "C: MAIL FROM:<a@x>\nC: RCPT TO:<b@x>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nC. \n\
             C: MAIL FROM:<a@x>\nC: RCPT TO:<c@x>\nC: DATA\nS: 250 queued 1\nS: 250 ok\nS: 550 no c\nS: 503 none",
        );
        let first = "C: MAIL FROM:<a@x>\nC: RCPT TO:<b@x>\nC: DATA\nS: 250 ok\nS: 250 ok\nS: 354 go\nS: 250 queued 1\n";
        assert_eq!(recorder.next(1), first);
        let second = "C: MAIL FROM:<a@x>\nC: RCPT TO:<c@x>\nC: DATA\nS: 250 ok\nS: 550 no c\nS: 503 none\n";
        assert_eq!(recorder.next(1), second);
        assert_eq!(recorder.next(1), "");
    }

    #[test]
    fn the_answer_to_the_last_chunk_is_the_message_s() {
        let recorder = Recorder::default();
        play(
            &recorder,
            "C: MAIL FROM:<a@x>\nC: RCPT TO:<b@x>\nC: BDAT 17 LAST\nC. \nC: MAIL FROM:<a@x>\nC: RCPT TO:<c@x>",
        );
        play(&recorder, "C: BDAT 17 LAST\nC. \nS: 250 1\nS: 250 2\nS: 250 3\nS: 250 4\nS: 250 5\nS: 250 6");
        assert!(recorder.next(1).ends_with("C: BDAT 17 LAST\nS: 250 1\nS: 250 2\nS: 250 3\n"));
        assert!(recorder.next(1).ends_with("C: BDAT 17 LAST\nS: 250 4\nS: 250 5\nS: 250 6\n"));
    }

    #[test]
    fn a_goodbye_that_nobody_asked_for_concerns_what_is_on_its_way() {
        let recorder = Recorder::default();
        play(&recorder, "C: MAIL FROM:<a@x>\nS: 250 ok\nS: 421 going down");
        assert_eq!(recorder.next(1), "C: MAIL FROM:<a@x>\nS: 250 ok\nS: 421 going down\n");
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let recorder = Recorder::default();
        play(&recorder, "C: MAIL FROM:<a@x>");
        for _ in 0..200 {
            play(&recorder, &format!("S: 250-{}", "x".repeat(60)));
        }
        let text = recorder.next(1);
        assert!(text.len() <= LONGEST + CUT.len() && text.ends_with(CUT), "{}", text.len());
    }
}
