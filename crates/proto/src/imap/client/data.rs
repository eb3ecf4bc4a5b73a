//! What a server tells of mailboxes and messages, as values.

use crate::imap::{Date, Flags, UidSet};

/// What is known of one message. What the server was not asked for, or did not say, is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The message's UID, never 0.
    pub uid: u32,
    /// FLAGS.
    pub flags: Flags,
    /// RFC822.SIZE, in octets.
    pub size: Option<u64>,
    /// INTERNALDATE.
    pub date: Option<Date>,
    /// MODSEQ (RFC 7162).
    pub mod_seq: Option<u64>,
}

/// A mailbox, as LIST names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Its name, decoded; `INBOX` always so.
    pub name: String,
    /// What stands between the levels of the name.
    pub delimiter: Option<char>,
    /// What it is for (RFC 6154), where the server says so.
    pub special: Option<Special>,
    /// False for a name that only holds others (`\Noselect`, `\NonExistent`).
    pub selectable: bool,
    /// Whether there are others below it, where the server says so.
    pub has_children: Option<bool>,
}

/// What a mailbox is for (RFC 6154 §2, RFC 8457).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Special {
    /// `\All`: everything.
    All,
    /// `\Archive`.
    Archive,
    /// `\Drafts`.
    Drafts,
    /// `\Flagged`: what is flagged, wherever it stands.
    Flagged,
    /// `\Important`.
    Important,
    /// `\Junk`, also `\Spam`.
    Junk,
    /// `\Sent`.
    Sent,
    /// `\Trash`.
    Trash,
}

impl Special {
    /// By the name of the attribute, `\Sent`, in any case.
    pub fn named(attribute: &[u8]) -> Option<Self> {
        let name = attribute.strip_prefix(b"\\")?.to_ascii_lowercase();
        Some(match name.as_slice() {
            b"all" | b"allmail" => Self::All,
            b"archive" => Self::Archive,
            b"drafts" => Self::Drafts,
            b"flagged" | b"starred" => Self::Flagged,
            b"important" => Self::Important,
            b"junk" | b"spam" => Self::Junk,
            b"sent" => Self::Sent,
            b"trash" => Self::Trash,
            _ => return None,
        })
    }
}

/// How a mailbox is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// EXAMINE: nothing can be changed, no `\Recent` is taken away.
    #[default]
    Read,
    /// SELECT.
    Write,
}

/// What a mailbox was like when it was last seen (RFC 7162 §3.2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resync {
    /// UIDVALIDITY; where it is another now, the server tells nothing of what changed.
    pub uid_validity: u32,
    /// The HIGHESTMODSEQ up to which everything is known.
    pub mod_seq: u64,
    /// The UIDs that are of interest, where not all are.
    pub known: Option<UidSet>,
}

/// A mailbox that is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selected {
    /// Its name.
    pub name: String,
    /// Nothing can be changed.
    pub read_only: bool,
    /// How many messages there are; kept up to date.
    pub exists: u32,
    /// UIDVALIDITY; a server that names none cannot keep UIDs.
    pub uid_validity: Option<u32>,
    /// UIDNEXT.
    pub uid_next: Option<u32>,
    /// HIGHESTMODSEQ; `None` also where the server says that it keeps none (NOMODSEQ).
    pub highest_mod_seq: Option<u64>,
    /// The flags that can be set for good, where the server said which.
    pub permanent: Option<Flags>,
    /// Keywords of one's own can be set (`\*` in PERMANENTFLAGS).
    pub keywords: bool,
    /// With [`Resync`]: what is gone since then (it may name what was never known).
    pub vanished: UidSet,
    /// With [`Resync`]: what is new or has other flags since then.
    pub changed: Vec<Meta>,
    /// With [`Resync`]: the server did so (QRESYNC is offered, and UIDVALIDITY is still the same).
    pub resynced: bool,
}

/// What STATUS says of a mailbox that need not be open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// MESSAGES.
    pub messages: Option<u32>,
    /// UIDNEXT.
    pub uid_next: Option<u32>,
    /// UIDVALIDITY.
    pub uid_validity: Option<u32>,
    /// UNSEEN.
    pub unseen: Option<u32>,
    /// HIGHESTMODSEQ.
    pub highest_mod_seq: Option<u64>,
    /// SIZE, in octets (RFC 8438).
    pub size: Option<u64>,
}

/// One namespace (RFC 2342).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// What its names begin with.
    pub prefix: String,
    /// What stands between levels.
    pub delimiter: Option<char>,
}

/// Where one's own mailboxes are, those of others, and those that are shared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces {
    /// One's own.
    pub personal: Vec<Namespace>,
    /// Other users'.
    pub others: Vec<Namespace>,
    /// Shared.
    pub shared: Vec<Namespace>,
}

/// What became of an open mailbox while it was open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New messages are there: so many exist now.
    pub exists: Option<u32>,
    /// So many were removed.
    pub expunged: u64,
    /// So many times flags were told to be others.
    pub flags: u64,
}

impl Changes {
    /// True where nothing was heard.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where messages arrived (RFC 4315 APPENDUID, COPYUID).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// UIDVALIDITY of the mailbox they arrived in.
    pub uid_validity: u32,
    /// Their UIDs there.
    pub uids: UidSet,
}

/// What a message is told to be with STORE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `+FLAGS`.
    Add,
    /// `-FLAGS`.
    Remove,
    /// `FLAGS`: these and no others.
    Replace,
}

/// What of a message is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// BODY.PEEK[]: all of it.
    Whole,
    /// `BODY.PEEK[HEADER]`.
    Header,
}

/// What is asked about messages, besides their UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// FLAGS (and MODSEQ).
    Flags,
    /// FLAGS, RFC822.SIZE, INTERNALDATE (and MODSEQ).
    Everything,
}
