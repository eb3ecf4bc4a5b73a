//! Everything about a message in one serialisable summary: what `hongyan inspect --json` prints.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::read::finding::{Code, Finding, Findings, Notes, Severity, floor_char_boundary};
use crate::read::limits::{Limits, MAX_DEPTH, MAX_EMBEDDED, MAX_EMBEDDED_BYTES, MAX_TEXT, MAX_TEXT_TOTAL};
use crate::read::message::Message;
use crate::read::part::Duplicates;
use crate::read::unpack::UnpackedKind;
use crate::read::{lint, text};

/// A mailbox as the summary shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Person {
    /// The display name, decoded.
    pub name: Option<String>,
    /// `local@domain`.
    pub address: String,
}

/// One part, its content measured and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartSummary {
    /// Its address in the tree: `1` is the root, `1.2` its second part.
    pub path: String,
    /// Its media type in lower case.
    #[serde(rename = "type")]
    pub media_type: String,
    /// The charset it names.
    pub charset: Option<String>,
    /// `attachment`, `inline` or what else it says.
    pub disposition: Option<String>,
    /// The file name it carries, decoded but not made safe.
    pub file: Option<String>,
    /// Bytes of its content, decoded; of a container's body as it stands.
    pub len: u64,
    /// SHA-256 of its content, decoded, in lower-case hexadecimal; none for a multipart.
    pub sha256: Option<String>,
    /// Its text, for parts of type `text/*` and multiparts without parts.
    pub text: Option<String>,
    /// Its transfer encoding, for the tree.
    #[serde(skip)]
    pub encoding: &'static str,
    /// How many parts it holds.
    #[serde(skip)]
    pub children: usize,
}

/// One finding, as the summary shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// The stable code.
    pub code: &'static str,
    /// `lint`, `repair`, `defect` or `ambiguity`.
    pub severity: &'static str,
    /// Path of the part.
    pub part: String,
    /// What it is, in English.
    pub text: String,
    /// Offset in the raw message, or in the decoded content of the encoded part that holds it.
    pub at: usize,
    /// What it is, in simplified Chinese.
    #[serde(skip)]
    pub zh: String,
}

/// A message at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The Subject, decoded.
    pub subject: Option<String>,
    /// Mailboxes of From; groups give their members.
    pub from: Vec<Person>,
    /// Mailboxes of To.
    pub to: Vec<Person>,
    /// Mailboxes of Cc.
    pub cc: Vec<Person>,
    /// The Date in RFC 3339, with the offset as written.
    pub date: Option<String>,
    /// The Message-ID without its brackets.
    pub message_id: Option<String>,
    /// All parts, those of messages inside encoded parts too.
    pub parts: Vec<PartSummary>,
    /// All findings.
    pub defects: Vec<Defect>,
    /// Whether two readers may see two messages.
    pub ambiguous: bool,
    /// Whether a bound cut something off.
    pub truncated: bool,
    /// The parts that a reader sees who takes the other of two duplicates, where they differ from `parts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_reading: Option<Vec<PartSummary>>,
}

/// Decodes all of `raw` and sums it up.
pub fn inspect(raw: &[u8]) -> Summary {
    let message = Message::parse(raw);
    let mut gather = Gather::default();
    gather.message(&message, "", 0);
    let mut others = [Duplicates::First, Duplicates::Last].into_iter().filter(|_| gather.two_readings);
    let other_reading = others.find_map(|duplicates| {
        let other = Message::parse_with(raw, Limits::default(), duplicates);
        let mut second = Gather::default();
        second.message(&other, "", 0);
        (second.parts != gather.parts).then_some(second.parts)
    });
    Summary {
        subject: message.subject(),
        from: people(&message, "From"),
        to: people(&message, "To"),
        cc: people(&message, "Cc"),
        date: message.date().map(|date| date.to_string()),
        message_id: message.message_id(),
        parts: gather.parts,
        ambiguous: gather.ambiguous,
        truncated: gather.truncated,
        defects: gather.defects,
        other_reading,
    }
}

fn people(message: &Message<'_>, name: &str) -> Vec<Person> {
    let list = message.address_list(0, name);
    let mailboxes = list.iter().flat_map(|address| address.mailboxes());
    mailboxes.map(|mailbox| Person { name: mailbox.name.clone(), address: mailbox.address.clone() }).collect()
}

/// What is gathered over a message and the messages inside its encoded parts.
#[derive(Default)]
struct Gather {
    parts: Vec<PartSummary>,
    defects: Vec<Defect>,
    ambiguous: bool,
    truncated: bool,
    two_readings: bool,
    text: usize,
    embedded: usize,
    embedded_bytes: usize,
}

impl Gather {
    /// Sums up `message`, whose root's path is `prefix` + `1`, inside `depth` encoded parts.
    fn message(&mut self, message: &Message<'_>, prefix: &str, depth: usize) {
        let mut findings = message.structural().clone();
        lint::lint(message, depth == 0, &mut findings);
        for part in 0..message.parts().len() {
            lint::decode_headers(message, part, &mut findings);
            self.part(message, part, prefix, depth, &mut findings);
        }
        self.truncated |= message.is_truncated() || findings.overflowed();
        for finding in findings.finish() {
            self.finding(&finding, format!("{prefix}{}", message.path(finding.part)));
        }
    }

    fn finding(&mut self, finding: &Finding, part: String) {
        self.ambiguous |= finding.severity() == Severity::Ambiguity;
        self.two_readings |=
            matches!(finding.code, Code::TwoContentTypes | Code::TwoEncodings | Code::DuplicateParameter);
        self.defects.push(Defect {
            code: finding.code.name(),
            severity: finding.severity().name(),
            part,
            text: finding.text(),
            at: finding.range.start,
            zh: finding.zh(),
        });
    }

    fn part(
        &mut self,
        message: &Message<'_>,
        index: usize,
        prefix: &str,
        depth: usize,
        findings: &mut Findings,
    ) {
        let part = &message.parts()[index];
        let path = format!("{prefix}{}", message.path(index));
        let mut notes = Notes::default();
        let file = message.file_name_noted(index, &mut notes);
        notes.file(index, part.header.clone(), findings);
        let charset = message.charset(index);
        let has_text =
            part.media_type.is_text() || (part.media_type.is_multipart() && part.children.is_empty());
        let content = Content::of(message, index, has_text, findings);
        let text = content.text.map(|bytes| {
            let mut notes = Notes::default();
            let html = part.media_type.as_str() == "text/html";
            let mut text = text::decode(bytes.into(), charset.as_deref(), html, &mut notes).into_owned();
            notes.file(index, part.body.clone(), findings);
            let room = MAX_TEXT.min(MAX_TEXT_TOTAL - self.text);
            if content.cut || text.len() > room {
                text.truncate(floor_char_boundary(&text, room));
                findings.add(Code::TextCut, index, part.body.clone(), Some(&room.to_string()));
                self.truncated = true;
            }
            self.text += text.len();
            text
        });
        let at = self.parts.len();
        self.parts.push(PartSummary {
            path: path.clone(),
            media_type: part.media_type.as_str().to_owned(),
            charset,
            disposition: message.disposition(index),
            file,
            len: content.len,
            sha256: (!part.media_type.is_multipart()).then_some(content.sha256),
            text,
            encoding: part.encoding.name(),
            children: part.children.len(),
        });
        if part.is_embedded() {
            self.parts[at].children = self.embedded(message, index, &path, depth, findings);
        } else {
            self.parts[at].children += self.unpacked(message, index, &path, findings);
        }
    }

    /// Lists the files inside a part that is no container; returns how many it adds directly.
    fn unpacked(
        &mut self,
        message: &Message<'_>,
        index: usize,
        path: &str,
        findings: &mut Findings,
    ) -> usize {
        let mut notes = Notes::default();
        let Some(unpacked) = message.unpack_noted(index, &mut notes) else { return 0 };
        notes.file(index, message.parts()[index].body.clone(), findings);
        let at = self.parts.len();
        for (numbers, file) in unpacked.numbered() {
            let text = file.media_type.starts_with("text/") && file.kind == UnpackedKind::Body;
            let text = text.then(|| file.text()).map(|text| {
                let room = MAX_TEXT.min(MAX_TEXT_TOTAL - self.text);
                text[..floor_char_boundary(&text, room)].to_owned()
            });
            self.text += text.as_ref().map_or(0, String::len);
            self.parts.push(PartSummary {
                path: format!("{path}.{numbers}"),
                media_type: file.media_type.clone(),
                charset: file.charset.map(str::to_ascii_lowercase),
                disposition: (file.kind != UnpackedKind::Body).then(|| "attachment".to_owned()),
                file: file.name.clone(),
                len: file.content.len() as u64,
                sha256: Some(hex(&Sha256::digest(&file.content))),
                text,
                encoding: "unpacked",
                children: 0,
            });
        }
        let direct = unpacked.files.iter().filter(|file| file.depth == 0).count();
        // A message among them holds those that follow it one level deeper.
        let depths: Vec<usize> = unpacked.files.iter().map(|file| file.depth).collect();
        for (number, depth) in depths.iter().enumerate() {
            let inside = depths[number + 1..].iter().take_while(|other| *other > depth);
            self.parts[at + number].children = inside.filter(|other| **other == depth + 1).count();
        }
        direct
    }

    /// Opens a message inside a transfer encoding; returns how many parts it adds directly.
    fn embedded(
        &mut self,
        message: &Message<'_>,
        index: usize,
        path: &str,
        depth: usize,
        findings: &mut Findings,
    ) -> usize {
        let size = message.body(index).len();
        let room = self.embedded < MAX_EMBEDDED && self.embedded_bytes + size <= MAX_EMBEDDED_BYTES;
        if !room || depth + message.parts()[index].depth >= MAX_DEPTH {
            findings.add(Code::TooManyEmbedded, index, message.parts()[index].body.clone(), None);
            self.truncated = true;
            return 0;
        }
        self.embedded += 1;
        self.embedded_bytes += size;
        let decoded = message.decoded(index);
        let inner = Message::parse(&decoded);
        self.message(&inner, &format!("{path}."), depth + message.parts()[index].depth + 1);
        1
    }
}

/// A part's content, measured in one pass and not held.
struct Content {
    len: u64,
    sha256: String,
    /// Its beginning, where it is text.
    text: Option<Vec<u8>>,
    cut: bool,
}

impl Content {
    fn of(message: &Message<'_>, index: usize, has_text: bool, findings: &mut Findings) -> Self {
        let mut hash = Sha256::new();
        let mut len = 0;
        let mut kept = Vec::new();
        let mut notes = Notes::default();
        let hashed = !message.parts()[index].media_type.is_multipart();
        message
            .decode_noted(index, &mut notes, &mut |piece: &[u8]| {
                if hashed {
                    hash.update(piece);
                }
                len += piece.len() as u64;
                if has_text {
                    let room = (MAX_TEXT - kept.len()).min(piece.len());
                    kept.extend_from_slice(&piece[..room]);
                }
                Ok::<(), std::convert::Infallible>(())
            })
            .unwrap_or_else(|never| match never {});
        notes.file(index, message.parts()[index].body.clone(), findings);
        let cut = has_text && len > kept.len() as u64;
        Self { len, sha256: hex(&hash.finalize()), text: has_text.then_some(kept), cut }
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
