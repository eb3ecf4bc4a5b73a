//! Where a server's mail lies: what whoever keeps it must be able to do for one user who has logged in.
//!
//! The server keeps to itself what is protocol (sequence numbers, what a client has been told, parsing,
//! rendering); a [`Mailboxes`] knows messages by mailbox and UID alone. Every call is synchronous and
//! about local storage. Mailbox names are UTF-8 with [`SEPARATOR`] between the levels; they come without
//! control characters, never empty, without an empty level, and `INBOX` is always written so.
//!
//! The server never asks for a whole message: it asks where a piece of it lies ([`Piece`]), and the driver
//! streams that.

use std::fmt;
use std::sync::Arc;

use crate::imap::{Date, Flags};
use crate::machine::Ticket;

use super::structure::{Envelope, Part};

/// What stands between the levels of a mailbox name.
pub const SEPARATOR: char = '/';

/// One user's mailboxes.
pub trait Mailboxes: Send {
    /// All mailboxes and all names that are subscribed to, in any order.
    ///
    /// # Errors
    /// Where they cannot be listed.
    fn list(&mut self) -> Result<Vec<Mailbox>, No>;

    /// Makes a mailbox; the levels above it come into being where they are missing.
    ///
    /// # Errors
    /// Where it exists already or cannot be made.
    fn create(&mut self, name: &str, special: Option<SpecialUse>) -> Result<(), No>;

    /// Removes a mailbox with its messages, not what lies below it. Never asked for INBOX.
    ///
    /// # Errors
    /// Where there is none or it cannot be removed.
    fn delete(&mut self, name: &str) -> Result<(), No>;

    /// Renames a mailbox and what lies below it. From INBOX: its messages move, and it stays, empty
    /// (RFC 3501 §6.3.5).
    ///
    /// # Errors
    /// Where there is none, or the new name is taken.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), No>;

    /// Notes that the user wants to see this name, or no longer; the mailbox need not exist.
    ///
    /// # Errors
    /// Where that cannot be kept.
    fn subscribe(&mut self, name: &str, wanted: bool) -> Result<(), No>;

    /// How a mailbox stands. Asked for after nearly every command: where nothing changed, the same `Arc`
    /// should come back.
    ///
    /// # Errors
    /// Where there is no such mailbox ([`No::nonexistent`]).
    fn snapshot(&mut self, name: &str) -> Result<Arc<Snapshot>, No>;

    /// The lowest UID that no session was told of as recent; from now on all there are count as told.
    /// Without memory for that, nothing is ever recent.
    fn claim_recent(&mut self, name: &str) -> u32 {
        let _ = name;
        u32::MAX
    }

    /// What [`claim_recent`](Self::claim_recent) would answer, without that it counts as told (EXAMINE,
    /// STATUS).
    fn first_recent(&mut self, name: &str) -> u32 {
        let _ = name;
        u32::MAX
    }

    /// Changes flags. Messages whose modification sequence is above `unchanged_since` stay as they are;
    /// their UIDs are returned (RFC 7162 §3.1.3). A message that is gone is passed over. What does not
    /// change by it gets no new modification sequence.
    ///
    /// # Errors
    /// Where nothing was changed.
    fn store(
        &mut self,
        name: &str,
        uids: &[u32],
        change: &Change,
        unchanged_since: Option<u64>,
    ) -> Result<Vec<u32>, No>;

    /// Puts copies of messages into another mailbox (or the same), all or none, with flags and internal
    /// date; with [`Transfer::Move`] they leave the first.
    ///
    /// # Errors
    /// Where the target does not exist ([`No::try_create`]) or they cannot be kept.
    fn transfer(&mut self, from: &str, uids: &[u32], to: &str, how: Transfer) -> Result<Transferred, No>;

    /// Removes those of these messages that carry `\Deleted`.
    ///
    /// # Errors
    /// Where they cannot be removed.
    fn expunge(&mut self, name: &str, uids: &[u32]) -> Result<(), No>;

    /// The UIDs that were removed from a mailbox since it had this modification sequence, ascending;
    /// `None` where that is no longer known. Then the server says of every UID that is not there that it
    /// vanished, as RFC 7162 §3.2.5.1 allows.
    ///
    /// # Errors
    /// Where there is no such mailbox.
    fn vanished(&mut self, name: &str, since: u64) -> Result<Option<Vec<u32>>, No>;

    /// A message's ENVELOPE.
    ///
    /// # Errors
    /// Where it cannot be read, or is gone ([`No::gone`]).
    fn envelope(&mut self, name: &str, uid: u32) -> Result<Envelope, No>;

    /// A message's structure, for BODY and BODYSTRUCTURE.
    ///
    /// # Errors
    /// As for [`envelope`](Self::envelope).
    fn structure(&mut self, name: &str, uid: u32) -> Result<Part, No>;

    /// Where a piece of a message lies. The whole message has as many octets as [`Meta::size`] says.
    ///
    /// # Errors
    /// As for [`envelope`](Self::envelope).
    fn section(&mut self, name: &str, uid: u32, section: &Section) -> Result<Piece, No>;

    /// Whether a text occurs in a message, decoded (RFC 2047, transfer encodings), letters in any case. An
    /// empty text occurs in every field that is there.
    ///
    /// # Errors
    /// As for [`envelope`](Self::envelope).
    fn contains(&mut self, name: &str, uid: u32, place: &Place, text: &str) -> Result<bool, No>;

    /// The day of the message's Date field, time and zone disregarded, as days since 1970-01-01; `None`
    /// where it has no readable one.
    ///
    /// # Errors
    /// As for [`envelope`](Self::envelope).
    fn sent(&mut self, name: &str, uid: u32) -> Result<Option<i64>, No>;
}

/// A mailbox in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// Its whole name.
    pub name: String,
    /// False: only subscribed to, or only a level above others.
    pub exists: bool,
    /// Subscribed to.
    pub subscribed: bool,
    /// What it is for (RFC 6154).
    pub special: Option<SpecialUse>,
}

/// What a mailbox is for (RFC 6154 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// `\All`
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`
    Flagged,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// Every use.
    pub const EVERY: [Self; 7] =
        [Self::All, Self::Archive, Self::Drafts, Self::Flagged, Self::Junk, Self::Sent, Self::Trash];

    /// The attribute in LIST, with its backslash.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }
}

/// A mailbox at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Never 0; another one means that UIDs of before mean nothing any more.
    pub uid_validity: u32,
    /// The next message's UID or less; grows.
    pub uid_next: u32,
    /// Above or at every modification sequence of the mailbox, removals included; never 0.
    pub highest_mod_seq: u64,
    /// The messages by ascending UID.
    pub messages: Vec<Meta>,
}

/// What is known of a message without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its number in the mailbox, never 0, never given again.
    pub uid: u32,
    /// Octets, line ends as they are.
    pub size: u64,
    /// When it came.
    pub internal_date: Date,
    /// When it was last changed, on the mailbox's own scale; never 0.
    pub mod_seq: u64,
    /// Its flags; `\Recent` belongs to a session and is not looked at.
    pub flags: Flags,
}

/// What STORE asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// These flags and no others.
    Replace(Flags),
    /// These as well.
    Add(Flags),
    /// These no longer.
    Remove(Flags),
}

impl Change {
    /// What becomes of these flags.
    pub fn apply(&self, flags: &Flags) -> Flags {
        match self {
            Self::Replace(new) => new.clone(),
            Self::Add(more) => flags.names().chain(more.names()).collect(),
            Self::Remove(less) => {
                let leaves = |name: &&str| !less.names().any(|gone| gone.eq_ignore_ascii_case(name));
                flags.names().filter(leaves).collect()
            }
        }
    }
}

/// Whether messages stay where they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// They do.
    Copy,
    /// They do not (RFC 6851).
    Move,
}

/// What a transfer came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    /// Of the target.
    pub uid_validity: u32,
    /// The old and the new UID of each message, in the order of the old ones.
    pub uids: Vec<(u32, u32)>,
}

/// A piece of a message (RFC 9051 §6.4.5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The way to a part, each number from 1; empty for the message itself.
    pub part: Vec<u32>,
    /// What of it.
    pub text: SectionText,
}

/// What of a message or part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SectionText {
    /// The whole message, or a part's body.
    #[default]
    Whole,
    /// The header of a message (of a part that is one), with the empty line behind it.
    Header,
    /// Of that header, the fields of these names, with an empty line behind them.
    Fields(Vec<String>),
    /// Of that header, all others, with an empty line behind them.
    FieldsNot(Vec<String>),
    /// The body of a message (of a part that is one).
    Text,
    /// A part's own header (never asked for without a part).
    Mime,
}

/// Where a piece of a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// In the content that the driver finds by this ticket: octets `offset..offset + len`.
    Stored {
        /// The content.
        ticket: Ticket,
        /// Where the piece begins.
        offset: u64,
        /// Its octets.
        len: u64,
    },
    /// Here: header fields that were picked out.
    Made(Vec<u8>),
    /// The message has no such part.
    Missing,
}

/// Where to look for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The fields of this name (To, Cc, Bcc, From and Subject, too, are asked for by it).
    Field(String),
    /// The body, headers of parts excluded or not.
    Body,
    /// Header and body.
    Everywhere,
}

/// Why something was not done: the tagged NO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct No {
    /// A response code without its brackets (RFC 5530), where one fits.
    pub code: Option<&'static str>,
    /// For people; control characters are taken out before it is sent.
    pub text: String,
}

impl No {
    /// With a response code.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code: Some(code), text: text.into() }
    }

    /// There is no such mailbox.
    pub fn nonexistent() -> Self {
        Self::new("NONEXISTENT", "there is no such mailbox")
    }

    /// There is no such mailbox to put something into.
    pub fn try_create() -> Self {
        Self::new("TRYCREATE", "there is no such mailbox, create it first")
    }

    /// The name is taken.
    pub fn already_exists() -> Self {
        Self::new("ALREADYEXISTS", "there is such a mailbox already")
    }

    /// The message was removed in the meantime.
    pub fn gone() -> Self {
        Self::new("EXPUNGEISSUED", "the message is gone")
    }

    /// There is no room.
    pub fn over_quota() -> Self {
        Self::new("OVERQUOTA", "there is no room for it")
    }

    /// The message is larger than may be.
    pub fn too_big() -> Self {
        Self::new("TOOBIG", "the message is too big")
    }

    /// Something that has nothing to do with the client.
    pub fn local() -> Self {
        Self::new("SERVERBUG", "that failed here")
    }
}

impl From<&std::io::Error> for No {
    fn from(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::over_quota(),
            ErrorKind::FileTooLarge => Self::too_big(),
            ErrorKind::NotFound => Self::gone(),
            _ => Self::local(),
        }
    }
}

impl fmt::Display for No {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = self.code {
            write!(f, "[{code}] ")?;
        }
        f.write_str(&self.text)
    }
}
