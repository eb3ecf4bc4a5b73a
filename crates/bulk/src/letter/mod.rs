//! From a row to the octets of its letter.
//!
//! A [`Maker`] is made once: it compiles the templates against the sheet's columns and encodes what all letters share. Then
//! it makes letters of rows, on as many threads as wanted, each costing its personal octets only. The same row, date and
//! server's offers give the same letter, wherever and whenever it is made.

mod addresses;
mod content;
mod error;
mod fingerprint;
mod maker;
mod message_id;
pub(crate) mod pictures;
mod secrets;
mod shared;

use hongyan_mime::address::Mailbox;
use hongyan_mime::compose::{Date, FileSource, Offered};
use hongyan_proto::address::Address;

use crate::ledger::FrozenFile;

pub use content::Content;
pub use error::RowError;
pub use maker::Maker;
pub use message_id::MessageIds;
pub use shared::MAX_SHARED;

/// To whom a letter goes, and from whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Named in `To`.
    pub to: Vec<Mailbox>,
    /// Named in `Cc`.
    pub cc: Vec<Mailbox>,
    /// Named nowhere.
    pub bcc: Vec<Mailbox>,
    /// Where answers go; nobody: to the sender.
    pub reply_to: Vec<Mailbox>,
    /// The sender.
    pub from: Mailbox,
}

/// One of a row's own files, ready to be sent.
#[derive(Clone, Debug)]
pub struct Held {
    /// Its path inside the campaign's folder, as [`Maker::own_files`] gives it.
    pub path: String,
    /// Its content.
    pub source: FileSource,
    /// What it was when the campaign was begun; `None` before that.
    pub frozen: Option<FrozenFile>,
}

/// What a letter depends on beside its row.
#[derive(Clone, Copy, Debug)]
pub struct Sending<'a> {
    /// The account's address: the sender where the campaign names none.
    pub from: Option<&'a Mailbox>,
    /// What stands in `Date`.
    pub date: Date,
    /// What the server takes.
    pub offered: Offered,
}

/// What a row's letter says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: String,
    /// The text; made from the HTML where the campaign has none of its own.
    pub text: Option<String>,
    /// The HTML.
    pub html: Option<String>,
}

/// A letter that has been made.
#[derive(Debug)]
pub struct Made {
    /// Its octets.
    pub content: Content,
    /// The reverse-path.
    pub envelope_from: Address,
    /// Without angle brackets.
    pub message_id: String,
    /// The subject.
    pub subject: String,
}
