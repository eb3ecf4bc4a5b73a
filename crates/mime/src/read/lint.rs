//! What a message gets wrong against RFC 5322 and RFC 2045 although it can be read.

use std::collections::HashSet;

use memchr::{memchr_iter, memmem};

use crate::read::finding::{Code, Findings, Notes};
use crate::read::lines::trim_blank_end;
use crate::read::message::Message;
use crate::read::transfer::Encoding;

/// Longest line of RFC 5322 §2.1.1, without its line break.
const MAX_LINE: usize = 998;
/// Longest header line that RFC 5322 §2.1.1 recommends, in characters.
const GOOD_LINE: usize = 78;

/// Fields of which RFC 5322 §3.6 and RFC 2045 §3 allow one. Content-Type and Content-Transfer-Encoding are
/// looked at where they are read.
const SINGLE: [&str; 12] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
    "Date",
    "MIME-Version",
];

/// Adds what is wrong with `message`; `whole` where it is a message by itself, not one inside another.
pub(crate) fn lint(message: &Message<'_>, whole: bool, findings: &mut Findings) {
    for (index, part) in message.parts().iter().enumerate() {
        let is_message = part.parent.is_none_or(|parent| message.parts()[parent].media_type.is_message());
        if is_message {
            header_fields(message, index, findings);
        }
        if whole && part.parent.is_none() {
            required_fields(message, findings);
        }
        raw_header(message, index, findings);
        elsewhere(message, index, findings);
        let body = message.body(index);
        if !part.is_container() && part.encoding == Encoding::SevenBit && !body.is_ascii() {
            findings.add(Code::EightBitIn7Bit, index, part.body.clone(), Some(part.encoding.name()));
        }
    }
    if whole {
        lines(message, findings);
        boundaries_after_cr(message, findings);
    }
}

/// Names content that is not in this message: in its other pieces, or behind an address.
fn elsewhere(message: &Message<'_>, index: usize, findings: &mut Findings) {
    let part = &message.parts()[index];
    let parameters = |names: &[&str]| {
        let given = names.iter().filter_map(|name| {
            let value = message.parameter(index, "Content-Type", name)?;
            Some(format!("{name}={value}"))
        });
        given.collect::<Vec<_>>().join(", ")
    };
    let (code, shown) = match part.media_type.as_str() {
        "message/partial" => (Code::PartialMessage, parameters(&["number", "total", "id"])),
        "message/external-body" => (
            Code::ExternalBody,
            parameters(&["access-type", "url", "server", "site", "directory", "name", "expiration"]),
        ),
        _ => return,
    };
    findings.add(code, index, part.header.clone(), Some(&shown));
}

fn required_fields(message: &Message<'_>, findings: &mut Findings) {
    let header = message.parts()[0].header.clone();
    for (name, code) in
        [("Date", Code::MissingDate), ("From", Code::MissingFrom), ("Message-ID", Code::MissingMessageId)]
    {
        if message.field(0, name).is_none() {
            findings.add(code, 0, header.clone(), None);
        }
    }
    let authors: usize = message.from().iter().map(|address| address.mailboxes().len()).sum();
    if authors > 1 && message.field(0, "Sender").is_none() {
        findings.add(Code::MissingSender, 0, header.clone(), None);
    }
    if let Some(field) = message.field(0, "Bcc") {
        findings.add(Code::BccPresent, 0, field.range(), None);
    }
    let uses_mime = ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
        .iter()
        .find_map(|name| message.field(0, name));
    if let Some(field) = uses_mime
        && message.field(0, "MIME-Version").is_none()
    {
        findings.add(Code::NoMimeVersion, 0, field.range(), None);
    }
    if let Some(field) = message.field(0, "Message-ID") {
        let value = message.value(field).trim_ascii();
        let sound = value.starts_with(b"<")
            && value.ends_with(b">")
            && memchr_iter(b'@', value).count() == 1
            && !value.iter().any(u8::is_ascii_whitespace);
        if !sound {
            findings.add(Code::BadMessageId, 0, field.range(), Some(&String::from_utf8_lossy(value)));
        }
    }
}

/// Fields that stand twice.
fn header_fields(message: &Message<'_>, part: usize, findings: &mut Findings) {
    for name in SINGLE {
        let mut fields = message.fields_named(part, name);
        let (Some(first), Some(last)) = (fields.next(), fields.next_back()) else { continue };
        let range = first.range().start..last.range().end;
        let (a, b) = (message.value(first).trim_ascii(), message.value(last).trim_ascii());
        if a == b {
            findings.add(Code::RepeatedField, part, range, Some(name));
            continue;
        }
        let shown = format!("{name}: {} / {}", String::from_utf8_lossy(a), String::from_utf8_lossy(b));
        findings.add(Code::DuplicateField, part, range, Some(&shown));
    }
}

/// Raw bytes, bare CR and long lines in a header section.
fn raw_header(message: &Message<'_>, part: usize, findings: &mut Findings) {
    for field in message.fields(part) {
        if !message.raw()[field.range()].is_ascii() {
            let name = String::from_utf8_lossy(&message.raw()[field.name()]);
            findings.add(Code::EightBitHeader, part, field.range(), Some(&name));
        }
    }
    let range = message.parts()[part].header.clone();
    let header = &message.raw()[range.clone()];
    let mut long = 0;
    let mut at = 0;
    while at < header.len() {
        let (line, next) = message.line_end().line(header, at);
        if line.len() > GOOD_LINE {
            let characters = header[line].iter().filter(|byte| (**byte & 0xc0) != 0x80).count();
            long += usize::from(characters > GOOD_LINE);
        }
        at = next;
    }
    if long > 0 {
        findings.add(Code::HeaderLineLong, part, range.clone(), Some(&long.to_string()));
    }
    if !message.line_end().is_bare_cr()
        && let Some(at) =
            memchr_iter(b'\r', header).find(|at| header.get(at + 1).is_some_and(|byte| *byte != b'\n'))
    {
        let at = range.start + at;
        findings.add(Code::BareCrInHeader, part, at..at + 1, None);
    }
}

/// Line ends, long lines and NUL bytes of the whole message, but for parts in `binary`, which are not made of
/// lines.
fn lines(message: &Message<'_>, findings: &mut Findings) {
    let raw = message.raw();
    let binary = binary_bodies(message);
    let is_line = |at: usize| {
        let next = binary.partition_point(|body| body.end <= at);
        binary.get(next).is_none_or(|body| at < body.start)
    };
    let mut counts = [(Code::BareLf, 0usize, 0usize), (Code::LineTooLong, 0, 0)];
    let mut note = |which: usize, at: usize| {
        if !is_line(at) {
            return;
        }
        let (_, count, first) = &mut counts[which];
        if *count == 0 {
            *first = at;
        }
        *count += 1;
    };
    let end = message.line_end();
    let mut start = 0;
    for at in memchr_iter(end.byte(), raw).chain(std::iter::once(raw.len())) {
        let content = end.before_break(raw, start, at);
        if content - start > MAX_LINE {
            note(1, start);
        }
        if !end.is_bare_cr() && at < raw.len() && content == at {
            note(0, at);
        }
        start = at + 1;
    }
    for (code, count, first) in counts {
        if count > 0 {
            findings.add(code, 0, first..first, Some(&count.to_string()));
        }
    }
    let mut nuls = memchr_iter(0, raw).filter(|at| is_line(*at));
    if let Some(at) = nuls.next() {
        findings.add(Code::NulByte, 0, at..at + 1, Some(&(nuls.count() + 1).to_string()));
    }
    if !end.is_bare_cr() {
        let mut bare = memchr_iter(b'\r', raw).filter(|at| raw.get(at + 1) != Some(&b'\n') && is_line(*at));
        if let Some(at) = bare.next() {
            findings.add(Code::BareCr, 0, at..at + 1, Some(&(bare.count() + 1).to_string()));
        }
    }
}

/// The bodies of leaf parts in `binary`, ascending.
fn binary_bodies(message: &Message<'_>) -> Vec<std::ops::Range<usize>> {
    let leaves =
        message.parts().iter().filter(|part| !part.is_container() && part.encoding == Encoding::Binary);
    leaves.map(|part| part.body.clone()).collect()
}

/// Boundaries that only a reader sees that takes a bare CR for a line end.
fn boundaries_after_cr(message: &Message<'_>, findings: &mut Findings) {
    if message.line_end().is_bare_cr() {
        return;
    }
    let boundaries: HashSet<&[u8]> =
        message.parts().iter().filter_map(|part| part.boundary.as_deref()).collect();
    if boundaries.is_empty() {
        return;
    }
    let raw = message.raw();
    for at in memmem::find_iter(raw, b"\r--") {
        let rest = &raw[at + 3..];
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
        let line = trim_blank_end(&rest[..end]);
        if boundaries.contains(line) || line.strip_suffix(b"--").is_some_and(|line| boundaries.contains(line))
        {
            findings.add(Code::BoundaryAfterCr, 0, at..at + 3 + end, None);
        }
    }
}

/// Decodes the root's header as a person would see it, for what there is to notice.
pub(crate) fn decode_headers(message: &Message<'_>, part: usize, findings: &mut Findings) {
    const TEXT: [&str; 3] = ["Subject", "Comments", "Keywords"];
    const ADDRESSES: [&str; 6] = ["From", "Sender", "Reply-To", "To", "Cc", "Bcc"];
    for field in message.fields(part) {
        let mut notes = Notes::default();
        if TEXT.iter().any(|name| field.is(message.raw(), name)) {
            message.text_of_field(field, &mut notes);
        } else if ADDRESSES.iter().any(|name| field.is(message.raw(), name)) {
            message.addresses_of_field(field, &mut notes);
        } else if field.is(message.raw(), "Date") {
            message.date_of_field(field, &mut notes);
        }
        notes.file(part, field.range(), findings);
    }
}
