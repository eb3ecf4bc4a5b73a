//! The text of a message as a person reads it, whatever parts, charsets and formats it came in.
//!
//! Which parts are words is [`Message::bodies`]; here each is decoded by its charset, flowed lines are joined,
//! HTML is converted, and they are put one behind the other. Showing, searching and answering all use this.

use std::ops::Range;

use crate::read::bodies::Bodies;
use crate::read::finding::{Code, Finding, Findings, Notes, floor_char_boundary};
use crate::read::flowed;
use crate::read::html;
use crate::read::limits::{MAX_DEPTH, MAX_FINDINGS, MAX_TEXT_TOTAL};
use crate::read::message::Message;
use crate::read::unpack::UnpackedKind;

/// In what form the text of one part came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextSource {
    /// As it stands.
    Plain,
    /// With lines broken by the sender (`format=flowed`, RFC 3676), joined again.
    Flowed,
    /// As HTML, converted.
    Html,
}

/// The text that one part contributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPiece {
    /// Index of the part; of the message inside the message that holds it, where it lies in one.
    pub part: usize,
    /// Where it stands in [`Text::text`].
    pub range: Range<usize>,
    /// In what form it came.
    pub source: TextSource,
    /// The charset that the part names, in lower case.
    pub charset: Option<String>,
}

/// The text of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// The text, of all pieces; lines end in LF and are not wrapped. It is data of the message: see
    /// [`crate::read::safe::text`] before it reaches a terminal.
    pub text: String,
    /// Which part gave what, in order.
    pub pieces: Vec<TextPiece>,
    /// What was repaired on the way.
    pub findings: Vec<Finding>,
    /// Whether it is longer than [`MAX_TEXT_TOTAL`] bytes and was cut there, which is a finding too.
    pub is_cut: bool,
}

impl Message<'_> {
    /// The text of the message, preferring plain text to HTML.
    pub fn best_text(&self) -> Text {
        self.text_of(&self.bodies())
    }

    /// The text of the words that `bodies` names, preferring plain text.
    pub fn text_of(&self, bodies: &Bodies) -> Text {
        let mut gather = Gather { text: Text::default(), findings: Findings::bounded(MAX_FINDINGS) };
        gather.bodies(self, bodies, None, 0);
        gather.text.findings = gather.findings.finish();
        gather.text
    }
}

struct Gather {
    text: Text,
    findings: Findings,
}

impl Gather {
    /// Adds the words of `message`, which lies in the part `within` of the whole one if it is not that.
    fn bodies(&mut self, message: &Message<'_>, bodies: &Bodies, within: Option<usize>, depth: usize) {
        for part in bodies.text.iter().copied() {
            self.part(message, part, within);
        }
        if bodies.text.is_empty() {
            self.unpacked(message, bodies, within);
        }
        if self.text.pieces.is_empty() {
            self.inner_message(message, bodies, within, depth);
        }
    }

    /// Where the message has no words, those that Outlook packed into a winmail.dat.
    fn unpacked(&mut self, message: &Message<'_>, bodies: &Bodies, within: Option<usize>) {
        for part in bodies.attachments.iter().copied() {
            let Some(unpacked) = message.unpack(part) else { continue };
            let words = |wanted: &str| {
                let mut own =
                    unpacked.files.iter().filter(|file| file.kind == UnpackedKind::Body && file.depth == 0);
                own.find(|file| file.media_type == wanted)
            };
            let (text, source) = match (words("text/plain"), words("text/html")) {
                (Some(plain), _) => (with_lf(&plain.text()), TextSource::Plain),
                (None, Some(page)) => (html::to_text(&page.text()), TextSource::Html),
                (None, None) => continue,
            };
            self.add(text, source, None, within.unwrap_or(part), 0..0);
            return;
        }
    }

    /// Where the message has no words, those of the first message inside it.
    fn inner_message(&mut self, message: &Message<'_>, bodies: &Bodies, within: Option<usize>, depth: usize) {
        let is_message = |part: &&usize| message.parts()[**part].media_type.is_message();
        let Some(part) = bodies.attachments.iter().find(is_message).copied() else { return };
        if depth >= MAX_DEPTH {
            return;
        }
        let decoded = message.decoded(part);
        let inner = Message::parse(&decoded);
        self.bodies(&inner, &inner.bodies(), Some(within.unwrap_or(part)), depth + 1);
    }

    fn part(&mut self, message: &Message<'_>, part: usize, within: Option<usize>) {
        let mut notes = Notes::default();
        let (text, source) = message.readable(part, &mut notes);
        let (index, range) = match within {
            Some(holder) => (holder, 0..0),
            None => (part, message.parts()[part].body.clone()),
        };
        notes.file(index, range.clone(), &mut self.findings);
        self.add(text, source, message.charset(part), index, range);
    }

    /// Adds the text of the part `index`, behind what there is.
    fn add(
        &mut self,
        text: String,
        source: TextSource,
        charset: Option<String>,
        index: usize,
        range: Range<usize>,
    ) {
        if !self.text.text.is_empty() && !self.text.text.ends_with("\n\n") {
            self.text.text.push('\n');
        }
        let start = self.text.text.len();
        let room = MAX_TEXT_TOTAL.saturating_sub(start);
        let end = floor_char_boundary(&text, room);
        self.text.text.push_str(&text[..end]);
        if end < text.len() && !self.text.is_cut {
            self.text.is_cut = true;
            self.findings.add(Code::TextCut, index, range, Some(&MAX_TEXT_TOTAL.to_string()));
        }
        self.text.pieces.push(TextPiece { part: index, range: start..self.text.text.len(), source, charset });
    }
}

impl Message<'_> {
    /// The text of one part made readable: lines end in LF, flowed ones joined, HTML converted.
    pub fn readable_text(&self, part: usize) -> String {
        self.readable(part, &mut Notes::default()).0
    }

    fn readable(&self, part: usize, notes: &mut Notes) -> (String, TextSource) {
        let text = self.text_noted(part, notes);
        if self.parts()[part].media_type.as_str() == "text/html" {
            return (html::to_text(&text), TextSource::Html);
        }
        let parameter = |name| self.parameter(part, "Content-Type", name);
        let is = |value: Option<String>, wanted: &str| {
            value.is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
        };
        if self.parts()[part].media_type.as_str() == "text/plain" && is(parameter("format"), "flowed") {
            return (flowed::unflow(&text, is(parameter("delsp"), "yes")), TextSource::Flowed);
        }
        // The text without the files that are uuencoded in it.
        match self.unpack_noted(part, notes).and_then(|unpacked| unpacked.text) {
            Some(rest) => (with_lf(&rest), TextSource::Plain),
            None => (with_lf(&text), TextSource::Plain),
        }
    }
}

/// Every line ended by LF, the last one too.
fn with_lf(text: &str) -> String {
    let mut out =
        if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text.to_owned() };
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}
