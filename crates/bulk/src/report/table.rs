//! The columns of a report that is a table: who and what became of it, the sheet's own columns, and the rest.

use serde_json::Value;

use super::record::{Attached, Record};
use super::words::{Voice, role_word, state_word};
use crate::ledger::{Evidence, State};

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Number(u64),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<String>> for Cell {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.unwrap_or_default())
    }
}

/// A column of ours.
pub(super) struct Column {
    english: &'static str,
    chinese: &'static str,
    /// In characters of a workbook's font.
    pub(super) width: u16,
    value: fn(&Record, Voice) -> Cell,
}

const fn column(
    english: &'static str,
    chinese: &'static str,
    width: u16,
    value: fn(&Record, Voice) -> Cell,
) -> Column {
    Column { english, chinese, width, value }
}

/// Before the sheet's own columns.
pub(super) const BEFORE: [Column; 5] = [
    column("Row", "行号", 7, |record, _| Cell::Number(record.entry.row.number)),
    column("Address", "地址", 30, |record, _| record.entry.address.as_str().into()),
    column("As", "身份", 8, |record, voice| role_word(record.entry.role, voice.language).into()),
    column("Outcome", "结果", 10, |record, voice| state_word(record.entry.state, voice.language).into()),
    column("The server said", "服务器答复", 40, |record, _| {
        record.last().map(|last| last.evidence.reply.clone()).into()
    }),
];

/// Behind them.
pub(super) const AFTER: [Column; 11] = [
    column("Stage and cause", "阶段与原因", 30, |record, _| {
        record.last().map(|last| last.evidence.cause.clone()).into()
    }),
    column("Attempts", "尝试次数", 9, |record, _| Cell::Number(record.entry.attempts.len() as u64)),
    column("Begun", "开始时间", 26, |record, voice| {
        record.last().map(|last| voice.time(last.evidence.begun)).into()
    }),
    column("Answered", "答复时间", 26, |record, voice| {
        record.last().and_then(|last| answered(&last.evidence, last.state, voice)).into()
    }),
    column("Due again", "下次尝试", 26, |record, voice| {
        record.entry.due.map(|due| voice.time(due)).into()
    }),
    column("Message-ID", "Message-ID", 40, |record, _| record.message_id.clone().into()),
    column("Attachments (SHA-256)", "附件（SHA-256）", 40, |record, voice| {
        let lines = record.files.iter().map(|file| attached(file, voice));
        lines.collect::<Vec<_>>().join("\n").into()
    }),
    column("SHA-256 of the mail", "邮件 SHA-256", 30, |record, _| {
        record.last().and_then(|last| last.evidence.message).map(|(hash, _)| hex(&hash)).into()
    }),
    column("Size of the mail (octets)", "邮件大小（字节）", 12, |record, _| {
        match record.last().and_then(|last| last.evidence.message) {
            Some((_, size)) => Cell::Number(size),
            None => "".into(),
        }
    }),
    column("Account", "账户", 14, |record, _| record.account.clone().into()),
    column("Connection", "连接", 10, |record, _| {
        match record.last().and_then(|last| last.evidence.session) {
            Some(session) => {
                u64::try_from(session.0).map_or_else(|_| session.0.to_string().into(), Cell::Number)
            }
            None => "".into(),
        }
    }),
];

/// The titles of all columns, the sheet's in the middle; ours that are called like others get a number.
pub(super) fn titles(sheet: &[String], voice: Voice) -> Vec<String> {
    let title = |column: &Column| voice.choose(column.english, column.chinese).to_owned();
    let mut titles: Vec<String> = BEFORE.iter().map(title).collect();
    titles.extend(sheet.iter().cloned());
    titles.extend(AFTER.iter().map(title));
    let own = (0..BEFORE.len()).chain(BEFORE.len() + sheet.len()..titles.len());
    for at in own {
        let plain = titles[at].clone();
        let mut number = 2;
        while titles.iter().enumerate().any(|(other, title)| other != at && *title == titles[at]) {
            titles[at] = format!("{plain} {number}");
            number += 1;
        }
    }
    titles
}

/// The cells of a recipient, as many as there are titles.
pub(super) fn cells(record: &Record, columns: usize, voice: Voice) -> impl Iterator<Item = Cell> + '_ {
    let ours = move |column: &Column| (column.value)(record, voice);
    let sheet = (0..columns).map(|at| record.entry.row.cells.get(at).map(value).into());
    BEFORE.iter().map(ours).chain(sheet).chain(AFTER.iter().map(ours))
}

/// A value of the sheet as text.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// When the answer came; nothing while it is awaited.
pub(super) fn answered(evidence: &Evidence, state: State, voice: Voice) -> Option<String> {
    (!matches!(state, State::Leased | State::InData)).then(|| voice.time(evidence.ended))
}

/// `files/1001.pdf 9f86d0…`.
fn attached(file: &Attached, voice: Voice) -> String {
    match &file.frozen {
        Some(frozen) => format!("{} {}", file.path, frozen.sha256),
        None => format!("{} {}", file.path, voice.choose("(not frozen)", "（未冻结）")),
    }
}

/// Octets as hexadecimal digits.
pub(super) fn hex(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut out, octet| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{octet:02x}");
        out
    })
}
