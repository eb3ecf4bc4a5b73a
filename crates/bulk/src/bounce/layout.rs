//! A returned message taken apart: what the report says to people, what it says to programs, and the header of what was sent.
//!
//! Reports that are multipart (RFC 6522) have a part for each. All others have one text, in which what was sent begins
//! behind a line that says so, or where a header begins that only a message can have.

use hongyan_mime::read::Message;

/// Octets of a report's words that are read, over all its parts.
pub const MAX_WORDS: usize = 256 << 10;
/// Octets of a machine-readable report that are read, over all its parts.
pub const MAX_FIELDS: usize = 1 << 20;
/// Octets of the returned header that are read.
pub const MAX_RETURNED: usize = 64 << 10;

/// The pieces.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// What the report says to people, without what was sent.
    pub(super) words: String,
    /// The text of `message/delivery-status` (RFC 3464).
    pub(super) fields: String,
    /// The text of `message/feedback-report` (RFC 5965).
    pub(super) feedback: Option<String>,
    /// Whether it is a receipt (RFC 8098).
    pub(super) receipt: bool,
    /// The header of what was sent, possibly followed by some of its body.
    pub(super) returned: Vec<u8>,
    /// Whether something was longer than is read.
    pub(super) truncated: bool,
}

impl Layout {
    /// Takes a message apart.
    pub(super) fn of(message: &Message<'_>) -> Self {
        let mut layout = Self::default();
        let mut html = String::new();
        let mut inside = vec![false; message.parts().len()];
        for (at, part) in message.parts().iter().enumerate() {
            if part.parent.is_some_and(|parent| inside[parent]) {
                inside[at] = true;
                continue;
            }
            match part.media_type.as_str() {
                "message/delivery-status" | "message/global-delivery-status" | "text/delivery-status" => {
                    layout.add_fields(message, at);
                }
                "message/feedback-report" | "text/feedback-report" => {
                    let (text, more) = message.text_within(at, MAX_FIELDS);
                    layout.truncated |= more;
                    layout.feedback.get_or_insert_with(|| text.into_owned());
                }
                "message/disposition-notification" | "message/global-disposition-notification" => {
                    layout.receipt = true;
                }
                "message/rfc822"
                | "message/global"
                | "message/news"
                | "text/rfc822-headers"
                | "message/rfc822-headers"
                | "text/rfc822"
                | "message/global-headers"
                | "message/partial" => {
                    inside[at] = true;
                    layout.add_returned(message, at);
                }
                "text/html" => layout.add_words(message, at, &mut html),
                kind if part.media_type.is_text() && kind != "text/calendar" => {
                    let mut words = std::mem::take(&mut layout.words);
                    layout.add_words(message, at, &mut words);
                    layout.words = words;
                }
                _ if part.children.is_empty() && at == 0 => {
                    let mut words = std::mem::take(&mut layout.words);
                    layout.add_words(message, at, &mut words);
                    layout.words = words;
                }
                _ => {}
            }
        }
        if layout.words.trim().is_empty() {
            layout.words = html;
        }
        layout.separate();
        layout
    }

    fn add_fields(&mut self, message: &Message<'_>, part: usize) {
        let (text, more) = message.text_within(part, MAX_FIELDS.saturating_sub(self.fields.len()));
        self.truncated |= more;
        push_lines(&mut self.fields, &text);
        self.fields.push('\n');
    }

    fn add_words(&mut self, message: &Message<'_>, part: usize, words: &mut String) {
        let room = MAX_WORDS.saturating_sub(words.len());
        let (text, more) = message.text_within(part, room);
        self.truncated |= more && room == 0;
        push_lines(words, &text);
    }

    fn add_returned(&mut self, message: &Message<'_>, part: usize) {
        if !self.returned.is_empty() {
            return;
        }
        let content = message.decoded(part);
        self.returned = content[..content.len().min(MAX_RETURNED)].to_vec();
    }

    /// Cuts what was sent off the words.
    fn separate(&mut self) {
        let words = std::mem::take(&mut self.words);
        let lines: Vec<&str> = words.lines().collect();
        let mut kept = String::with_capacity(words.len());
        let mut at = 0;
        while at < lines.len() {
            if is_divider(lines[at]) {
                self.take_returned(&lines[at + 1..]);
                break;
            }
            match header_at(&lines[at..]) {
                Some(Header { whole: true, .. }) => {
                    self.take_returned(&lines[at..]);
                    break;
                }
                Some(Header { lines: count, .. }) => {
                    self.take_returned(&lines[at..at + count]);
                    // A recipient named in a summary may be named nowhere else.
                    at += count;
                }
                None => {
                    kept.push_str(lines[at]);
                    kept.push('\n');
                    at += 1;
                }
            }
        }
        self.words = kept;
    }

    fn take_returned(&mut self, lines: &[&str]) {
        if !self.returned.is_empty() {
            return;
        }
        let start = lines.iter().position(|line| field_name(line.trim_start()).is_some()).unwrap_or(0);
        // Some servers indent it or quote it as a whole.
        let lead = lines.get(start).map_or(0, |line| line.len() - line.trim_start().len());
        for line in lines.iter().skip(start) {
            if self.returned.len() > MAX_RETURNED {
                break;
            }
            let blanks = line.len() - line.trim_start().len();
            self.returned.extend_from_slice(&line.as_bytes()[lead.min(blanks)..]);
            self.returned.push(b'\n');
        }
    }
}

/// Adds a text whose lines end in LF, CRLF or CR, with LF.
fn push_lines(to: &mut String, text: &str) {
    for line in text.split('\n') {
        for line in line.strip_suffix('\r').unwrap_or(line).split('\r') {
            to.push_str(line);
            to.push('\n');
        }
    }
}

/// Whether a line says that what was sent follows.
fn is_divider(line: &str) -> bool {
    const WITH_DASHES: [&str; 17] = [
        "copy of",
        "original message",
        "original mail",
        "original header",
        "returned message",
        "unsent message",
        "undelivered message",
        "message header",
        "header of",
        "headers of",
        "message follows",
        "received message",
        "message text",
        "ursprüngliche nachricht",
        "原始邮件",
        "原邮件",
        "元のメッセージ",
    ];
    const ALONE: [&str; 17] = [
        "original message follows",
        "original message headers",
        "original message header",
        "original mail as follows",
        "original message:",
        "original message text",
        "included is a copy",
        "message headers follow",
        "message header follows",
        "headers of the original message",
        "the original message follows",
        "the following is a copy of",
        "a copy of the original message",
        "a copy of your message follows",
        "this is a copy of",
        "ursprüngliche nachricht",
        "原始邮件信息",
    ];
    let line = line.trim();
    if line.len() < 8 || line.len() > 200 {
        return false;
    }
    let lower = line.to_lowercase();
    let dashes = lower.starts_with("--") || lower.starts_with("==") || lower.starts_with("**");
    let bare = lower.trim_matches(['-', '=', '*', ' ', '#']);
    (dashes && WITH_DASHES.iter().any(|said| bare.contains(said)))
        || ALONE.iter().any(|said| bare.starts_with(said))
}

/// A header that stands in the words.
struct Header {
    lines: usize,
    /// Whether it is that of a message, so that a body follows; or a summary in the middle of the words.
    whole: bool,
}

/// The header that begins with the first of these lines.
fn header_at(lines: &[&str]) -> Option<Header> {
    const MOST: usize = 400;
    let known = |line: &str| {
        let name = field_name(line)?;
        NAMES.iter().position(|known| name.eq_ignore_ascii_case(known))
    };
    let first = lines.first()?;
    if first.is_empty() || known(first.trim_start()).is_none() {
        return None;
    }
    let end =
        lines.iter().take(MOST).position(|line| line.trim().is_empty()).unwrap_or(lines.len().min(MOST));
    let mut seen = [false; NAMES.len()];
    for line in &lines[..end] {
        if let Some(name) = known(line.trim_start()) {
            seen[name] = true;
        }
    }
    let count = seen.iter().filter(|seen| **seen).count();
    let transport = seen[..TRANSPORT].iter().any(|seen| *seen);
    match count {
        2.. if transport && (count >= 3 || end >= 3) => Some(Header { lines: end, whole: true }),
        3.. if seen[TRANSPORT] => Some(Header { lines: end, whole: false }),
        _ => None,
    }
}

/// Names that only a header has: first those that a mail gets on its way, then `Message-ID`, then what people write.
const NAMES: [&str; 12] = [
    "Received",
    "Return-Path",
    "DKIM-Signature",
    "MIME-Version",
    "X-Mailer",
    "Message-ID",
    "From",
    "To",
    "Subject",
    "Date",
    "Content-Type",
    "Reply-To",
];

/// How many of [`NAMES`] are of the first kind.
const TRANSPORT: usize = 5;

/// The name of the field that a line begins.
pub(super) fn field_name(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(':')?;
    let name = name.trim_end_matches([' ', '\t']);
    let fits = (2..=60).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    fits.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(body: &str) -> Layout {
        let raw = format!("From: MAILER-DAEMON@example.org\r\nContent-Type: text/plain\r\n\r\n{body}");
        Layout::of(&Message::parse(raw.as_bytes()))
    }

    #[test]
    fn what_was_sent_begins_behind_a_line_that_says_so() {
        let dividers = [
            "--- Below this line is a copy of the message.",
            "------ This is a copy of the message, including all the headers. ------",
            "----- Original message -----",
            "Original message follows.",
            "Message headers follow",
            "------- Returned Message --------",
            "Included is a copy of the message header:",
            "-------original message",
        ];
        for divider in dividers {
            let layout =
                laid_out(&format!("<a@example.org>: no\n\n{divider}\n\nTo: a@example.org\nSubject: x\n"));
            assert_eq!(layout.words.trim(), "<a@example.org>: no", "{divider}");
            assert!(layout.returned.starts_with(b"To: a@example.org\n"), "{divider}");
        }
        let sendmail = "The original message was received at noon\nfrom host\n";
        assert_eq!(laid_out(sendmail).words, format!("{sendmail}\n"));
    }

    #[test]
    fn a_header_that_only_a_message_has_begins_it_too() {
        let layout =
            laid_out("no such user\n\nReceived: from x\n by y\nTo: a@example.org\nSubject: x\n\nthe body\n");
        assert_eq!(layout.words.trim(), "no such user");
        assert!(layout.returned.starts_with(b"Received: from x\n by y\nTo:"));
    }

    #[test]
    fn a_summary_of_the_header_does_not_end_the_words() {
        let layout = laid_out(
            "About this:\n\n  Message-ID: <1@x>\n  To: a@example.org\n  Subject: x\n\nNo mailbox.\n",
        );
        assert!(layout.words.contains("No mailbox."));
        assert!(layout.returned.starts_with(b"Message-ID: <1@x>\nTo: a@example.org\n"));
    }
}
