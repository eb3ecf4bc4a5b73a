//! What can be asked of an open session, and how that is written.
//!
//! Nothing of the caller's reaches the wire but through [`Pieces`]: strings are quoted, or become literals where
//! they cannot be quoted, and flags must be atoms, so no CR or LF passes into a command.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::data::{About, Change, Mode, Resync, What};
use super::search::Criterion;
use crate::imap::{Date, Flags, UidSet, utf7};
use crate::machine::Ticket;
use crate::outcome::{Failure, Kind, Stage};

/// The most messages that one [`Command::Fetch`] may ask for.
pub const MAX_FETCH: u64 = 10_000;

/// A command on an open session.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// LIST: each mailbox comes as [`Event::Folder`](super::Event::Folder). In the pattern, `*` stands for
    /// anything and `%` for anything on one level.
    List {
        /// As it is written, without decoding.
        pattern: String,
    },
    /// NAMESPACE (RFC 2342).
    Namespace,
    /// SELECT or EXAMINE.
    Select {
        /// The mailbox.
        name: String,
        /// Which of the two.
        mode: Mode,
        /// With QRESYNC, where that is enabled; else without meaning.
        resync: Option<Resync>,
    },
    /// STATUS.
    Status {
        /// The mailbox.
        name: String,
    },
    /// CREATE.
    Create {
        /// The mailbox.
        name: String,
    },
    /// UID FETCH of anything but content: each message comes as [`Event::Meta`](super::Event::Meta).
    About {
        /// Which messages.
        uids: UidSet,
        /// What about them.
        what: About,
        /// Only those with another MODSEQ since then (RFC 7162 CHANGEDSINCE).
        changed_since: Option<u64>,
    },
    /// UID FETCH of content, at most [`MAX_FETCH`] messages. Several of these may be under way.
    Fetch {
        /// Which messages.
        uids: UidSet,
        /// What of them.
        what: What,
    },
    /// UID SEARCH; what fits all of these.
    Search(Vec<Criterion>),
    /// UID STORE.
    Store {
        /// Which messages.
        uids: UidSet,
        /// What happens to the flags.
        change: Change,
        /// These.
        flags: Flags,
        /// Only those with no higher MODSEQ (RFC 7162).
        unchanged_since: Option<u64>,
    },
    /// UID COPY.
    Copy {
        /// Which messages.
        uids: UidSet,
        /// To which mailbox.
        to: String,
    },
    /// UID MOVE (RFC 6851), which must be offered.
    Move {
        /// Which messages.
        uids: UidSet,
        /// To which mailbox.
        to: String,
    },
    /// APPEND; the content is asked for by [`Step::Send`](crate::Step::Send) with this ticket.
    Append {
        /// To which mailbox.
        to: String,
        /// With these flags.
        flags: Flags,
        /// With this internal date; else the server takes its own.
        date: Option<Date>,
        /// How long the message is, in octets.
        len: u64,
        /// Whose content.
        ticket: Ticket,
    },
    /// EXPUNGE: everything that is `\Deleted`.
    Expunge,
    /// UID EXPUNGE (RFC 4315), which must be offered.
    UidExpunge(UidSet),
    /// NOOP.
    Noop,
    /// Waits until something changes in the open mailbox, at most so long: IDLE (RFC 2177) or NOOP from time to
    /// time.
    Idle(Duration),
    /// LOGOUT.
    Logout,
}

impl Command {
    pub(super) fn stage(&self) -> Stage {
        match self {
            Self::List { .. }
            | Self::Namespace
            | Self::Status { .. }
            | Self::About { .. }
            | Self::Search(_) => Stage::List,
            Self::Select { .. } => Stage::Select,
            Self::Fetch { .. } => Stage::Fetch,
            Self::Store { flags, .. } if flags.deleted => Stage::Delete,
            Self::Move { .. } | Self::Expunge | Self::UidExpunge(_) => Stage::Delete,
            Self::Create { .. } | Self::Store { .. } | Self::Copy { .. } | Self::Append { .. } => {
                Stage::Store
            }
            Self::Noop | Self::Idle(_) => Stage::Idle,
            Self::Logout => Stage::Quit,
        }
    }
}

/// What a server agreed on that changes how commands are written.
#[derive(Debug, Default)]
pub(super) struct Dialect {
    /// Names and strings are UTF-8 (UTF8=ACCEPT, or IMAP4rev2 alone).
    pub(super) utf8: bool,
    pub(super) special_use: bool,
    pub(super) esearch: bool,
    pub(super) condstore: bool,
    pub(super) qresync: bool,
    pub(super) status_size: bool,
    /// Names that the server writes otherwise than we would.
    pub(super) odd_names: HashMap<String, Vec<u8>>,
}

/// A piece of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Vec<u8>),
    Secret(Vec<u8>),
    Literal {
        octets: Vec<u8>,
        secret: bool,
    },
    Content {
        ticket: Ticket,
        len: u64,
    },
    /// A content whose literal was announced.
    Announced {
        ticket: Ticket,
        len: u64,
    },
}

/// A command that is being put together.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    pub(super) pieces: Vec<Piece>,
}

impl Pieces {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Text(text.into().into_bytes())] }
    }

    pub(super) fn octets(&mut self, octets: &[u8]) {
        match self.pieces.last_mut() {
            Some(Piece::Text(text)) => text.extend_from_slice(octets),
            _ => self.pieces.push(Piece::Text(octets.to_vec())),
        }
    }

    pub(super) fn text(&mut self, text: &str) {
        self.octets(text.as_bytes());
    }

    pub(super) fn secret(&mut self, text: String) {
        self.pieces.push(Piece::Secret(text.into_bytes()));
    }

    /// A string: quoted, or a literal where it has what quotes cannot hold.
    pub(super) fn string(&mut self, string: &[u8], utf8: bool, secret: bool) {
        let quotable = string.len() < 1000
            && string.iter().all(|&b| matches!(b, 0x20..=0x7e) || (utf8 && b >= 0x80))
            && (string.is_ascii() || std::str::from_utf8(string).is_ok());
        if !quotable {
            return self.pieces.push(Piece::Literal { octets: string.to_vec(), secret });
        }
        let mut quoted = Vec::with_capacity(string.len() + 2);
        quoted.push(b'"');
        for &octet in string {
            if matches!(octet, b'"' | b'\\') {
                quoted.push(b'\\');
            }
            quoted.push(octet);
        }
        quoted.push(b'"');
        if secret { self.pieces.push(Piece::Secret(quoted)) } else { self.octets(&quoted) }
    }

    fn mailbox(&mut self, name: &str, dialect: &Dialect) -> Result<(), Failure> {
        if let Some(wire) = dialect.odd_names.get(name) {
            // As the server wrote it: it knows what it means.
            self.string(wire, true, false);
            return Ok(());
        }
        if name.is_empty() || name.contains(['\0', '\r', '\n']) {
            return Err(local(
                Stage::Prepare,
                format!("`{}` cannot be the name of a mailbox", name.escape_debug()),
            ));
        }
        let wire = if dialect.utf8 { name.to_owned() } else { utf7::encode(name) };
        self.string(wire.as_bytes(), dialect.utf8, false);
        Ok(())
    }

    fn flags(&mut self, flags: &Flags) -> Result<(), Failure> {
        let names: Vec<_> = flags.names().filter(|name| *name != "\\Recent").collect();
        if let Some(bad) = names.iter().find(|name| !Flags::is_name(name)) {
            return Err(local(Stage::Prepare, format!("`{}` cannot be a flag", bad.escape_debug())));
        }
        self.text(&format!("({})", names.join(" ")));
        Ok(())
    }
}

fn local(stage: Stage, why: impl Into<String>) -> Failure {
    Failure::new(stage, Kind::Local, why)
}

fn set(uids: &UidSet) -> Result<String, Failure> {
    if uids.is_empty() {
        return Err(local(Stage::Prepare, "no message was named"));
    }
    Ok(uids.to_string())
}

/// The command without its tag and without its line end.
pub(super) fn write(command: &Command, dialect: &Dialect) -> Result<Vec<Piece>, Failure> {
    let mut out = Pieces::default();
    match command {
        Command::List { pattern } => {
            out.text("LIST \"\" ");
            let wire = if dialect.utf8 { pattern.clone() } else { utf7::encode(pattern) };
            out.string(wire.as_bytes(), dialect.utf8, false);
            if dialect.special_use {
                out.text(" RETURN (SPECIAL-USE)");
            }
        }
        Command::Namespace => out.text("NAMESPACE"),
        Command::Select { name, mode, resync } => {
            out.text(if *mode == Mode::Read { "EXAMINE " } else { "SELECT " });
            out.mailbox(name, dialect)?;
            match resync {
                Some(Resync { uid_validity, mod_seq, known }) if dialect.qresync => {
                    let known = known.as_ref().filter(|known| !known.is_empty());
                    let known = known.map_or(String::new(), |known| format!(" {known}"));
                    out.text(&format!(" (QRESYNC ({uid_validity} {mod_seq}{known}))"));
                }
                _ if dialect.condstore => out.text(" (CONDSTORE)"),
                _ => {}
            }
        }
        Command::Status { name } => {
            out.text("STATUS ");
            out.mailbox(name, dialect)?;
            out.text(" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN");
            out.text(if dialect.condstore { " HIGHESTMODSEQ" } else { "" });
            out.text(if dialect.status_size { " SIZE)" } else { ")" });
        }
        Command::Create { name } => {
            out.text("CREATE ");
            out.mailbox(name, dialect)?;
        }
        Command::About { uids, what, changed_since } => {
            let mut items = String::from(match what {
                About::Flags => "UID FLAGS",
                About::Everything => "UID FLAGS RFC822.SIZE INTERNALDATE",
            });
            if dialect.condstore {
                items.push_str(" MODSEQ");
            }
            out.text(&format!("UID FETCH {} ({items})", set(uids)?));
            if let Some(since) = changed_since.filter(|_| dialect.condstore) {
                out.text(&format!(" (CHANGEDSINCE {since})"));
            }
        }
        Command::Fetch { uids, what } => {
            if uids.len() > MAX_FETCH {
                return Err(local(Stage::Prepare, format!("more than {MAX_FETCH} messages in one command")));
            }
            let section = if *what == What::Whole { "" } else { "HEADER" };
            let mod_seq = if dialect.condstore { " MODSEQ" } else { "" };
            out.text(&format!(
                "UID FETCH {} (UID FLAGS RFC822.SIZE INTERNALDATE{mod_seq} BODY.PEEK[{section}])",
                set(uids)?
            ));
        }
        Command::Search(criteria) => super::search::write(criteria, dialect, &mut out)?,
        Command::Store { uids, change, flags, unchanged_since } => {
            let mut text = format!("UID STORE {} ", set(uids)?);
            if let Some(since) = unchanged_since.filter(|_| dialect.condstore) {
                let _ = write!(text, "(UNCHANGEDSINCE {since}) ");
            }
            text.push_str(match change {
                Change::Add => "+FLAGS.SILENT ",
                Change::Remove => "-FLAGS.SILENT ",
                Change::Replace => "FLAGS.SILENT ",
            });
            out.text(&text);
            out.flags(flags)?;
        }
        Command::Copy { uids, to } => {
            out.text(&format!("UID COPY {} ", set(uids)?));
            out.mailbox(to, dialect)?;
        }
        Command::Move { uids, to } => {
            out.text(&format!("UID MOVE {} ", set(uids)?));
            out.mailbox(to, dialect)?;
        }
        Command::Append { to, flags, date, len, ticket } => {
            out.text("APPEND ");
            out.mailbox(to, dialect)?;
            if flags.names().any(|name| name != "\\Recent") {
                out.text(" ");
                out.flags(flags)?;
            }
            if let Some(date) = date {
                out.text(&format!(" \"{date}\""));
            }
            out.text(" ");
            out.pieces.push(Piece::Content { ticket: *ticket, len: *len });
        }
        Command::Expunge => out.text("EXPUNGE"),
        Command::UidExpunge(uids) => out.text(&format!("UID EXPUNGE {}", set(uids)?)),
        Command::Noop => out.text("NOOP"),
        Command::Idle(_) => out.text("IDLE"),
        Command::Logout => out.text("LOGOUT"),
    }
    Ok(out.pieces)
}
