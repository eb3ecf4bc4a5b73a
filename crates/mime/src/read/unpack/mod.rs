//! Files inside a part that is no MIME container: in Outlook's `winmail.dat` (TNEF), or uuencoded within text.
//!
//! They are parts of the message to whoever sent it. Nothing of them is a range of the raw message, so they are
//! given out as files of their own; texts among them (the message's own words in winmail.dat) say so.

mod mapi;
mod rtf;
mod tnef;
mod uuencoded;

use crate::compose::media_type_of;
use crate::read::finding::{Code, Finding, Findings, Notes};
use crate::read::limits::{MAX_DEPTH, MAX_FINDINGS, MAX_UNPACKED, MAX_UNPACKED_BYTES};
use crate::read::message::Message;
use crate::read::text;

/// What a file inside a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnpackedKind {
    /// A file that was attached.
    Attachment,
    /// The message's own words.
    Body,
    /// A message of its own (as winmail.dat has them, a further TNEF stream), whose files follow it.
    Message,
}

/// A file found inside a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnpackedFile {
    /// What it is.
    pub kind: UnpackedKind,
    /// The name that it carries, decoded but not made safe: see [`crate::read::safe::FileNames`].
    pub name: Option<String>,
    /// Its media type in lower case: as it says, else by its name and beginning.
    pub media_type: String,
    /// The charset of its content, where it is text of a known one.
    pub charset: Option<&'static str>,
    /// The Content-ID by which HTML beside it refers to it, without brackets.
    pub content_id: Option<String>,
    /// Levels of messages around it: 0 in the part itself.
    pub depth: usize,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// What is inside one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// The files, in order; what is inside a message among them follows it.
    pub files: Vec<UnpackedFile>,
    /// Of text with uuencoded files in it, the text without them.
    pub text: Option<String>,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

impl Unpacked {
    /// The files with the numbers that follow the part's path: `1`, `2`, and within a message `2.1`.
    pub fn numbered(&self) -> impl Iterator<Item = (String, &UnpackedFile)> {
        let mut numbers: Vec<usize> = Vec::new();
        self.files.iter().map(move |file| {
            numbers.truncate(file.depth + 1);
            numbers.resize(file.depth + 1, 0);
            if let Some(last) = numbers.last_mut() {
                *last += 1;
            }
            let shown = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(".");
            (shown, file)
        })
    }
}

impl UnpackedFile {
    /// Its content as text, in the charset it is of or seems to be in.
    pub fn text(&self) -> String {
        let html = self.media_type == "text/html";
        let bytes = std::borrow::Cow::Borrowed(&self.content[..]);
        text::decode(bytes, self.charset, html, &mut Notes::default()).into_owned()
    }
}

impl Message<'_> {
    /// The files inside a part; `None` where it is no package.
    ///
    /// At most [`MAX_UNPACKED`] files and [`MAX_UNPACKED_BYTES`] bytes of content are given; more is a finding.
    pub fn unpack(&self, part: usize) -> Option<Unpacked> {
        let mut notes = Notes::default();
        let mut unpacked = self.unpack_noted(part, &mut notes)?;
        let mut findings = Findings::bounded(MAX_FINDINGS);
        notes.file(part, self.parts()[part].body.clone(), &mut findings);
        unpacked.findings = findings.finish();
        Some(unpacked)
    }

    pub(crate) fn unpack_noted(&self, part: usize, notes: &mut Notes) -> Option<Unpacked> {
        let of = &self.parts()[part];
        if of.is_container() {
            return None;
        }
        if is_tnef(of.media_type.as_str()) || self.has_tnef_name(part) {
            let content = self.decoded(part);
            let mut packer = Packer::new(notes);
            return tnef::unpack(&content, &mut packer, 0).then(|| packer.done(None));
        }
        if of.media_type.as_str() != "text/plain" || !uuencoded::may_hold(self.body(part)) {
            return None;
        }
        let text = self.text(part);
        let mut packer = Packer::new(notes);
        let rest = uuencoded::unpack(&text, &mut packer)?;
        Some(packer.done(Some(rest)))
    }

    /// Whether a part of no type is called as Outlook calls its packages.
    fn has_tnef_name(&self, part: usize) -> bool {
        self.parts()[part].media_type.as_str() == "application/octet-stream"
            && self.file_name(part).is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"))
    }
}

/// The media types under which TNEF travels.
pub(crate) fn is_tnef(media_type: &str) -> bool {
    matches!(media_type, "application/ms-tnef" | "application/vnd.ms-tnef")
}

/// Collects files within the bounds.
struct Packer<'n> {
    files: Vec<UnpackedFile>,
    bytes: usize,
    full: bool,
    notes: &'n mut Notes,
}

impl<'n> Packer<'n> {
    fn new(notes: &'n mut Notes) -> Self {
        Self { files: Vec::new(), bytes: 0, full: false, notes }
    }

    /// Whether one more file of so many bytes may be made; says so once where not.
    fn room(&mut self, len: usize) -> bool {
        if !self.full && self.files.len() < MAX_UNPACKED && self.bytes + len <= MAX_UNPACKED_BYTES {
            self.bytes += len;
            return true;
        }
        self.full = true;
        self.notes.add(Code::TooMuchUnpacked, Some(&MAX_UNPACKED.to_string()));
        false
    }

    fn add(&mut self, mut file: UnpackedFile) {
        if file.depth > MAX_DEPTH || !self.room(file.content.len()) {
            return;
        }
        if file.media_type.is_empty() {
            let name = file.name.as_deref().unwrap_or_default();
            file.media_type = media_type_of(name, &file.content[..file.content.len().min(512)]).to_owned();
        }
        self.files.push(file);
    }

    fn done(self, text: Option<String>) -> Unpacked {
        Unpacked { files: self.files, text, findings: Vec::new() }
    }
}
