//! What the index keeps of a mail: what a list shows, and the words that are searched.

use std::fs::File;
use std::io;
use std::time::UNIX_EPOCH;

use hongyan_mime::address::Address;
use hongyan_mime::read::Message;
use sha2::{Digest, Sha256};

use crate::index::{Who, words};
use crate::raw::Raw;

/// Octets of a mail's text that are searched, over all its parts. A mail that has more is counted in
/// [`Refreshed::cut`](crate::index::Refreshed::cut).
pub const MAX_INDEXED_TEXT: usize = 256 << 10;
/// Octets of a subject that are searched and listed.
pub const MAX_INDEXED_SUBJECT: usize = 4 << 10;
/// Octets of the names and addresses of one field that are searched.
pub const MAX_INDEXED_PEOPLE: usize = 64 << 10;
/// Octets of the attachments' names of one mail that are searched.
pub const MAX_INDEXED_FILES: usize = 64 << 10;

/// Seconds by which a Date may be ahead of the time at which the mail was written down: clocks differ.
const MAX_AHEAD: i64 = 24 * 60 * 60;

/// One mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) size: u64,
    /// Seconds since 1970-01-01T00:00:00Z: the Date; where there is none, or one that was not yet when the mail was
    /// written down, the time of that.
    pub(crate) date: i64,
    /// Minutes east of UTC in the Date.
    pub(crate) zone: Option<i16>,
    pub(crate) subject: Option<String>,
    /// The first mailbox in From.
    pub(crate) author: Option<Who>,
    /// The first mailbox in To, and how many more there are in To and Cc.
    pub(crate) recipient: Option<Who>,
    pub(crate) recipients: usize,
    pub(crate) attachments: usize,
    pub(crate) message_id: Option<String>,
    /// What the conversation goes by: the first of References, else In-Reply-To, else the Message-ID.
    pub(crate) thread: Option<String>,
    /// The words, by column of the index.
    pub(crate) words: Columns,
    /// Whether more is in it than is searched.
    pub(crate) cut: bool,
}

/// The words of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    pub(crate) subject: String,
    pub(crate) author: String,
    pub(crate) recipient: String,
    pub(crate) copy: String,
    pub(crate) body: String,
    pub(crate) file: String,
    pub(crate) list: String,
}

impl Document {
    /// Reads the mail in a file.
    pub(crate) fn read(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let written = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let written = written.and_then(|since| i64::try_from(since.as_secs()).ok()).unwrap_or(0);
        Ok(Self::of(&Raw::of(file)?, written))
    }

    /// Reads a mail that was written at the second `written`.
    pub(crate) fn of(raw: &[u8], written: i64) -> Self {
        let message = Message::parse(raw);
        // A mail from the future would stand above all others for ever.
        let date = message.date().filter(|date| date.timestamp() <= written.saturating_add(MAX_AHEAD));
        let mut document = Self {
            size: raw.len() as u64,
            date: date.map_or(written, |date| date.timestamp()),
            zone: date.and_then(|date| date.offset),
            cut: message.is_truncated(),
            ..Self::default()
        };
        document.headers(&message);
        document.parts(&message);
        document
    }

    fn headers(&mut self, message: &Message<'_>) {
        if let Some(mut subject) = message.subject() {
            self.cut |= shorten(&mut subject, MAX_INDEXED_SUBJECT);
            words::add(&subject, &mut self.words.subject);
            self.subject = Some(subject);
        }
        let from = message.from();
        self.author = first(&from);
        self.cut |= people(&from, &mut self.words.author);
        let (to, cc) = (message.to(), message.cc());
        self.recipient = first(&to).or_else(|| first(&cc));
        let mailboxes = to.iter().chain(&cc).map(|address| address.mailboxes().len());
        self.recipients = mailboxes.sum();
        self.cut |= people(&to, &mut self.words.recipient);
        self.cut |= people(&cc, &mut self.words.copy);
        if let Some(list) = message.field(0, "List-Id") {
            let mut list = message.value_text(list);
            self.cut |= shorten(&mut list, MAX_INDEXED_SUBJECT);
            words::add(&list, &mut self.words.list);
        }
        self.message_id = message.message_id();
        let field = |name| message.field(0, name).map(|field| message.value_text(field));
        let earliest = |text: Option<String>| first_id(&text?);
        self.thread = earliest(field("References"))
            .or_else(|| earliest(field("In-Reply-To")))
            .or_else(|| self.message_id.clone());
    }

    /// Texts and attachments: what a mail program shows, and what it offers as files.
    fn parts(&mut self, message: &Message<'_>) {
        let mut room = MAX_INDEXED_TEXT;
        // The depth of the mail inside the mail that is being passed: it is one attachment, and its text is searched.
        let mut inside: Option<usize> = None;
        for (index, part) in message.parts().iter().enumerate() {
            inside = inside.filter(|depth| part.depth > *depth);
            let is_message = part.media_type.is_message() && index > 0;
            if part.is_container() && !is_message {
                continue;
            }
            let attached = message.disposition(index).as_deref() == Some("attachment");
            let is_text = part.media_type.is_text() || part.media_type.is_multipart();
            let name = message.file_name(index);
            if inside.is_none() {
                let belongs =
                    !attached && part.parent.is_some_and(|parent| belongs_together(message, parent));
                if attached || (!belongs && (name.is_some() || !is_text)) {
                    self.attachments += 1;
                }
                self.file_name(name.as_deref());
            }
            if is_message {
                inside = inside.or(Some(part.depth));
            } else if is_text && !attached {
                self.text(message, index, &mut room);
            }
        }
    }

    fn file_name(&mut self, name: Option<&str>) {
        let Some(name) = name else { return };
        if self.words.file.len() + name.len() > MAX_INDEXED_FILES {
            self.cut = true;
            return;
        }
        words::add(name, &mut self.words.file);
    }

    fn text(&mut self, message: &Message<'_>, part: usize, room: &mut usize) {
        if *room == 0 {
            self.cut |= !message.body(part).is_empty();
            return;
        }
        let (text, more) = message.text_within(part, *room);
        *room = room.saturating_sub(text.len());
        self.cut |= more;
        words::add(&text, &mut self.words.body);
    }
}

/// Whether the parts of a multipart are one thing to people: a page and its images, a text and its signature.
fn belongs_together(message: &Message<'_>, multipart: usize) -> bool {
    let media_type = message.parts()[multipart].media_type.as_str();
    matches!(media_type, "multipart/related" | "multipart/signed")
}

/// The first mailbox of a list.
fn first(list: &[Address]) -> Option<Who> {
    let mailbox = list.iter().find_map(|address| address.mailboxes().first())?;
    Some(Who { name: mailbox.name.clone(), address: mailbox.address.clone() })
}

/// Adds names and addresses to `out`; whether there were too many.
fn people(list: &[Address], out: &mut String) -> bool {
    for address in list {
        if let Address::Group { name, .. } = address {
            words::add(name, out);
        }
        for mailbox in address.mailboxes() {
            if out.len() > MAX_INDEXED_PEOPLE {
                return true;
            }
            words::add(mailbox.name.as_deref().unwrap_or_default(), out);
            words::add(&mailbox.address, out);
        }
    }
    false
}

/// Cuts a text to `most` octets; whether it was longer.
fn shorten(text: &mut String, most: usize) -> bool {
    let longer = text.len() > most;
    text.truncate(text.floor_char_boundary(most));
    longer
}

/// The first Message-ID in a field's text, without its brackets.
fn first_id(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('<')?;
    let (id, _) = rest.split_once('>')?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
}

/// A number that a Message-ID is found by.
pub(crate) fn key(id: &str) -> i64 {
    let digest = Sha256::digest(id.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}
