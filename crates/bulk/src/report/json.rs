//! JSON: one object with everybody in it, or an object a line. The names are the same in every language and stay as
//! they are; docs/guide/bulk-report.md lists them. Times are RFC 3339 with milliseconds.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};

use serde::Serialize;
use serde_json::{Map, Value};

use super::record::Record;
use super::table::hex;
use super::words::Voice;
use super::{Head, ReportError, Summary, Writer};
use crate::ledger::{Attempt, FrozenFile, Manifest, Opening, Role, SessionId, State, Time};

/// The version of what is written.
const VERSION: u32 = 1;
/// How much is written at once, in octets.
const BUFFER: usize = 256 * 1024;

#[derive(Serialize)]
struct Campaign<'a> {
    version: u32,
    name: &'a str,
    key: &'a str,
    frozen: String,
    made: String,
    columns: &'a [String],
    letters: u64,
    recipients: u64,
    files: &'a BTreeMap<String, FrozenFile>,
}

#[derive(Serialize)]
struct Recipient<'a> {
    id: i64,
    row: u64,
    address: &'a str,
    role: &'static str,
    outcome: &'static str,
    due: Option<String>,
    columns: Map<String, Value>,
    message_id: Option<&'a str>,
    attachments: Vec<Attachment<'a>>,
    account: Option<&'a str>,
    attempts: Vec<Tried<'a>>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    path: &'a str,
    sha256: Option<&'a str>,
    size: Option<u64>,
}

#[derive(Serialize)]
struct Tried<'a> {
    number: u32,
    outcome: &'static str,
    begun: String,
    answered: Option<String>,
    reply: &'a str,
    cause: &'a str,
    connection: Option<i64>,
    message_sha256: Option<String>,
    message_size: Option<u64>,
    conversation: &'a str,
}

#[derive(Serialize)]
struct Connection<'a> {
    id: i64,
    opened: String,
    account: &'a str,
    opening: &'a str,
}

#[derive(Serialize)]
struct Counted {
    recipients: u64,
    outcomes: BTreeMap<&'static str, u64>,
    attempts: u64,
    connections: u64,
    first_begun: Option<String>,
    last_answered: Option<String>,
}

/// A line that says what it is.
#[derive(Serialize)]
struct Line<'a, T> {
    kind: &'a str,
    #[serde(flatten)]
    value: T,
}

/// One object.
pub(super) struct Object {
    out: BufWriter<File>,
    columns: Vec<String>,
    voice: Voice,
    /// Whether nothing stands in the array that is open.
    empty: bool,
    /// Whether that is the connections', no more the recipients'.
    connections: bool,
}

/// An object a line.
pub(super) struct Lines {
    out: BufWriter<File>,
    columns: Vec<String>,
    voice: Voice,
}

fn voice(head: &Head<'_>) -> Voice {
    Voice { language: head.options.language, zone: head.options.zone }
}

fn campaign<'a>(manifest: &'a Manifest, voice: Voice, now: Time) -> Campaign<'a> {
    Campaign {
        version: VERSION,
        name: &manifest.name,
        key: &manifest.key,
        frozen: voice.exact(Time(manifest.frozen)),
        made: voice.exact(now),
        columns: &manifest.columns,
        letters: manifest.letters,
        recipients: manifest.recipients,
        files: &manifest.files,
    }
}

fn recipient<'a>(record: &'a Record, columns: &[String], voice: Voice) -> Recipient<'a> {
    let entry = &record.entry;
    let cells = columns.iter().cloned().zip(entry.row.cells.iter().cloned());
    let attached = record.files.iter().map(|file| Attachment {
        path: &file.path,
        sha256: file.frozen.as_ref().map(|frozen| frozen.sha256.as_str()),
        size: file.frozen.as_ref().map(|frozen| frozen.size),
    });
    Recipient {
        id: entry.id.0,
        row: entry.row.number,
        address: entry.address.as_str(),
        role: match entry.role {
            Role::To => "to",
            Role::Cc => "cc",
            Role::Bcc => "bcc",
        },
        outcome: entry.state.name(),
        due: entry.due.map(|due| voice.exact(due)),
        columns: cells.collect(),
        message_id: record.message_id.as_deref(),
        attachments: attached.collect(),
        account: record.account.as_deref(),
        attempts: entry.attempts.iter().map(|attempt| tried(attempt, voice)).collect(),
    }
}

fn tried(attempt: &Attempt, voice: Voice) -> Tried<'_> {
    let evidence = &attempt.evidence;
    let under_way = matches!(attempt.state, State::Leased | State::InData);
    Tried {
        number: attempt.number,
        outcome: attempt.state.name(),
        begun: voice.exact(evidence.begun),
        answered: (!under_way).then(|| voice.exact(evidence.ended)),
        reply: &evidence.reply,
        cause: &evidence.cause,
        connection: evidence.session.map(|session| session.0),
        message_sha256: evidence.message.map(|(hash, _)| hex(&hash)),
        message_size: evidence.message.map(|(_, size)| size),
        conversation: &evidence.conversation,
    }
}

fn connection<'a>(id: SessionId, opening: &'a Opening, voice: Voice) -> Connection<'a> {
    Connection {
        id: id.0,
        opened: voice.exact(opening.opened),
        account: &opening.account,
        opening: &opening.transcript,
    }
}

fn counted(summary: &Summary, voice: Voice) -> Counted {
    Counted {
        recipients: summary.tally.total(),
        outcomes: State::ALL.into_iter().map(|state| (state.name(), summary.tally.of(state))).collect(),
        attempts: summary.attempts,
        connections: summary.connections,
        first_begun: summary.begun.map(|time| voice.exact(time)),
        last_answered: summary.ended.map(|time| voice.exact(time)),
    }
}

impl Object {
    pub(super) fn new(head: &Head<'_>, out: File) -> Result<Self, ReportError> {
        let (mut out, voice) = (BufWriter::with_capacity(BUFFER, out), voice(head));
        out.write_all(b"{\"campaign\":")?;
        serde_json::to_writer(&mut out, &campaign(head.manifest, voice, head.options.now))?;
        out.write_all(b",\n\"recipients\":[")?;
        Ok(Self { out, columns: head.manifest.columns.clone(), voice, empty: true, connections: false })
    }

    /// An element of the array that is open.
    fn element(&mut self, value: &impl Serialize) -> Result<(), ReportError> {
        self.out.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        serde_json::to_writer(&mut self.out, value)?;
        Ok(())
    }

    /// Ends the recipients, unless that is done.
    fn begin_connections(&mut self) -> Result<(), ReportError> {
        if !self.connections {
            self.out.write_all(b"\n],\n\"connections\":[")?;
            (self.connections, self.empty) = (true, true);
        }
        Ok(())
    }
}

impl Writer for Object {
    fn record(&mut self, record: &Record) -> Result<(), ReportError> {
        let columns = std::mem::take(&mut self.columns);
        let written = self.element(&recipient(record, &columns, self.voice));
        self.columns = columns;
        written
    }

    fn connection(&mut self, id: SessionId, opening: &Opening) -> Result<(), ReportError> {
        self.begin_connections()?;
        self.element(&connection(id, opening, self.voice))
    }

    fn end(mut self: Box<Self>, summary: &Summary) -> Result<(), ReportError> {
        self.begin_connections()?;
        self.out.write_all(b"\n],\n\"summary\":")?;
        serde_json::to_writer(&mut self.out, &counted(summary, self.voice))?;
        self.out.write_all(b"}\n")?;
        self.out.flush()?;
        Ok(())
    }
}

impl Lines {
    pub(super) fn new(head: &Head<'_>, out: File) -> Result<Self, ReportError> {
        let (out, voice) = (BufWriter::with_capacity(BUFFER, out), voice(head));
        let mut lines = Self { out, columns: head.manifest.columns.clone(), voice };
        lines.line("campaign", &campaign(head.manifest, voice, head.options.now))?;
        Ok(lines)
    }

    fn line(&mut self, kind: &str, value: &impl Serialize) -> Result<(), ReportError> {
        serde_json::to_writer(&mut self.out, &Line { kind, value })?;
        self.out.write_all(b"\n")?;
        Ok(())
    }
}

impl Writer for Lines {
    fn record(&mut self, record: &Record) -> Result<(), ReportError> {
        let columns = std::mem::take(&mut self.columns);
        let written = self.line("recipient", &recipient(record, &columns, self.voice));
        self.columns = columns;
        written
    }

    fn connection(&mut self, id: SessionId, opening: &Opening) -> Result<(), ReportError> {
        self.line("connection", &connection(id, opening, self.voice))
    }

    fn end(mut self: Box<Self>, summary: &Summary) -> Result<(), ReportError> {
        self.line("summary", &counted(summary, self.voice))?;
        self.out.flush()?;
        Ok(())
    }
}
