//! Finding the fields of one header section, and where the section ends (RFC 5322 §2.2).
//!
//! Real headers end without a blank line, hold lines that are no fields, and are cut off by a boundary. No
//! line is lost: what is no field stays in the section's bytes and becomes a finding.

use std::ops::Range;

use memchr::memchr;

use crate::read::finding::{Code, Findings};
use crate::read::lines::{LineEnd, is_blank};

/// One header field, as offsets into the raw message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    start: usize,
    name_end: usize,
    value_start: usize,
    end: usize,
}

impl Field {
    /// The name's bytes, without blanks before the colon.
    pub fn name(&self) -> Range<usize> {
        self.start..self.name_end
    }

    /// The value's bytes: all after the colon, folding included, without the last line break.
    pub fn value(&self) -> Range<usize> {
        self.value_start..self.end
    }

    /// Name, colon and value.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    pub(crate) fn is(&self, raw: &[u8], name: &str) -> bool {
        raw[self.name()].eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Why a header section ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderEnd {
    /// At a blank line; the body begins behind it.
    Blank { body: usize },
    /// At a line that belongs to the body although no blank line came before.
    NoBlank,
    /// At a boundary of an enclosing multipart.
    Delimiter,
    /// At the end of the message.
    Eof,
}

/// Scans one header section.
pub(crate) struct HeaderScan<'s> {
    pub(crate) raw: &'s [u8],
    pub(crate) line_end: LineEnd,
    pub(crate) part: usize,
    /// Whether this is the section of a message, which may follow a From_ line.
    pub(crate) message: bool,
    pub(crate) fields: &'s mut Vec<Field>,
    pub(crate) fields_bound: usize,
    pub(crate) findings: &'s mut Findings,
}

impl HeaderScan<'_> {
    /// Collects the fields from `at` on. Returns where the field lines end, why, and whether the bound on
    /// fields was reached. `is_delimiter` tells whether a boundary line of an enclosing part starts there.
    pub(crate) fn run(
        &mut self,
        at: usize,
        is_delimiter: impl Fn(usize) -> bool,
    ) -> (usize, HeaderEnd, bool) {
        let raw = self.raw;
        let first_field = self.fields.len();
        let mut over = false;
        let mut at = at;
        let mut first_line = true;
        // Behind a line that is no field, continuations belong to that line and not to the field before.
        let mut after_junk = false;
        while at < raw.len() {
            let blank = self.line_end.break_at(raw, at);
            if blank > 0 {
                return (at, HeaderEnd::Blank { body: at + blank }, over);
            }
            if raw[at] == b'-' && is_delimiter(at) {
                return (at, HeaderEnd::Delimiter, over);
            }
            let (line, next) = self.line_end.line(raw, at);
            if is_blank(raw[at]) {
                if raw[line.clone()].iter().all(|byte| is_blank(*byte)) {
                    if !self.goes_on(next) {
                        return (at, HeaderEnd::Blank { body: next }, over);
                    }
                    self.findings.add(Code::HeaderBlankish, self.part, line.clone(), None);
                }
                match self.fields[first_field..].last_mut() {
                    Some(field) if !over && !after_junk => field.end = line.end,
                    Some(_) => {}
                    None => {
                        self.findings.add(Code::ContinuationFirst, self.part, line.clone(), None);
                        self.fields.extend(indented_field(raw, line.clone()));
                    }
                }
            } else if let Some(field) = field_at(raw, line.clone()) {
                after_junk = false;
                if self.fields.len() < self.fields_bound {
                    if field.name_end + 1 < field.value_start {
                        let name = String::from_utf8_lossy(&raw[field.name()]);
                        self.findings.add(Code::SpaceBeforeColon, self.part, field.name(), Some(&name));
                    }
                    self.fields.push(field);
                } else {
                    over = true;
                }
            } else if first_line && self.message && is_mbox_from(&raw[line.clone()]) {
                self.findings.add(Code::MboxFromLine, self.part, line.clone(), None);
            } else if is_broken_field(&raw[line.clone()])
                || self.header_goes_on(next, self.fields.len() == first_field)
            {
                after_junk = true;
                let shown = String::from_utf8_lossy(&raw[line.clone()]);
                self.findings.add(Code::HeaderJunkLine, self.part, line.clone(), Some(&shown));
            } else {
                let shown = String::from_utf8_lossy(&raw[line.clone()]);
                self.findings.add(Code::MissingBlankLine, self.part, line.clone(), Some(&shown));
                return (at, HeaderEnd::NoBlank, over);
            }
            first_line = false;
            at = next;
        }
        (at, HeaderEnd::Eof, over)
    }

    /// Whether the line at `at` continues a header: a field or a continuation that is not blank.
    fn goes_on(&self, at: usize) -> bool {
        if at >= self.raw.len() {
            return false;
        }
        let (line, _) = self.line_end.line(self.raw, at);
        match self.raw[line.clone()].first() {
            Some(byte) if is_blank(*byte) => self.raw[line].iter().any(|byte| !is_blank(*byte)),
            _ => field_at(self.raw, line).is_some(),
        }
    }

    /// Whether the header goes on behind a line that is no field: a field that mail is known to use follows.
    /// At the very start of a message it may follow a few such lines (an SMTP envelope, a program's banner).
    fn header_goes_on(&self, at: usize, none_yet: bool) -> bool {
        let ahead = match (none_yet, self.message) {
            (true, true) => BANNER_LINES,
            (true, false) => 0,
            (false, _) => 1,
        };
        let mut at = at;
        for _ in 0..ahead {
            if at >= self.raw.len() || self.line_end.break_at(self.raw, at) > 0 {
                return false;
            }
            let (line, next) = self.line_end.line(self.raw, at);
            if field_at(self.raw, line).is_some_and(|field| is_known(&self.raw[field.name()])) {
                return true;
            }
            at = next;
        }
        false
    }
}

/// Lines before the first field of a message that are passed over as no part of it.
const BANNER_LINES: usize = 8;

/// The known field that a line holds behind blanks.
fn indented_field(raw: &[u8], line: Range<usize>) -> Option<Field> {
    let blanks = raw[line.clone()].iter().take_while(|byte| is_blank(**byte)).count();
    field_at(raw, line.start + blanks..line.end).filter(|field| is_known(&raw[field.name()]))
}

/// The field that the line holds, if it holds one: printable name, optional blanks, colon.
fn field_at(raw: &[u8], line: Range<usize>) -> Option<Field> {
    let bytes = &raw[line.clone()];
    let name = bytes.iter().position(|byte| !(33..=126).contains(byte) || *byte == b':')?;
    let blanks = bytes[name..].iter().position(|byte| !is_blank(*byte))?;
    // A name may begin with dashes, but what does is a boundary whose blank line is missing.
    if name == 0 || bytes[name + blanks] != b':' || bytes.starts_with(b"--") {
        return None;
    }
    Some(Field {
        start: line.start,
        name_end: line.start + name,
        value_start: line.start + name + blanks + 1,
        end: line.end,
    })
}

/// `From someone date`, possibly quoted with `>`: what an mbox puts before a message.
fn is_mbox_from(line: &[u8]) -> bool {
    let line = line.strip_prefix(b">").unwrap_or(line);
    line.starts_with(b"From ") && memchr(b' ', &line[5..]).is_some()
}

/// A field whose name holds what no name may, but begins as names do: `X-Some Name: value`.
fn is_broken_field(line: &[u8]) -> bool {
    has_known_prefix(line) && memchr(b':', line).is_some()
}

/// Names that show that a header is still going on.
fn is_known(name: &[u8]) -> bool {
    const NAMES: [&str; 32] = [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "sender",
        "reply-to",
        "message-id",
        "in-reply-to",
        "references",
        "received",
        "return-path",
        "delivered-to",
        "mime-version",
        "user-agent",
        "importance",
        "priority",
        "precedence",
        "errors-to",
        "organization",
        "envelope-to",
        "auto-submitted",
        "authentication-results",
        "received-spf",
        "domainkey-signature",
        "disposition-notification-to",
        "comments",
        "keywords",
        "status",
        "lines",
        "thread-topic",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())) || has_known_prefix(name)
}

fn has_known_prefix(name: &[u8]) -> bool {
    const PREFIXES: [&str; 6] = ["x-", "content-", "list-", "arc-", "dkim-", "resent-"];
    PREFIXES.iter().any(|prefix| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    })
}
