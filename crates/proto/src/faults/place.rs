//! Where a rule strikes, by protocol. A pattern is held against what is named in brackets.

use std::fmt;

/// Where in a conversation a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Before anything is said, TLS included (nothing).
    Connect,
    /// The greeting (nothing).
    Greeting,
    /// The answer to EHLO (the client's name).
    Ehlo,
    /// The answer to HELO (the client's name).
    Helo,
    /// The answer to STARTTLS (nothing).
    StartTls,
    /// The first answer to AUTH (the mechanism).
    Auth,
    /// The answer to MAIL (the sender, empty for `<>`).
    Mail,
    /// The answer to RCPT (the recipient).
    Rcpt,
    /// The answer to DATA (sender or any recipient).
    Data,
    /// The answer to BDAT, unless it ends the message (sender or any recipient).
    Bdat,
    /// While content comes in (sender or any recipient).
    Content,
    /// The answer to the whole message (sender or any recipient).
    End,
    /// The answer to RSET (nothing).
    Rset,
    /// The answer to NOOP (nothing).
    Noop,
    /// The answer to QUIT (nothing).
    Quit,
    /// In IMAP.
    Imap(ImapPlace),
    /// In POP3.
    Pop3(Pop3Place),
}

/// Where in an IMAP conversation a rule strikes. At a command, the tagged answer is meant: a command
/// answered with NO or BAD has no effect and no untagged answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImapPlace {
    /// Before anything is said, TLS included (nothing).
    Connect,
    /// The greeting (nothing).
    Greeting,
    /// CAPABILITY (nothing).
    Capability,
    /// ID (nothing).
    Id,
    /// STARTTLS (nothing).
    StartTls,
    /// LOGIN and AUTHENTICATE (the mechanism, or `LOGIN`).
    Login,
    /// ENABLE, NAMESPACE, COMPRESS (the command's name).
    Setup,
    /// LIST and LSUB (the pattern).
    List,
    /// SELECT and EXAMINE (the mailbox).
    Select,
    /// CLOSE, UNSELECT, CHECK (the selected mailbox).
    Close,
    /// STATUS (the mailbox).
    Status,
    /// CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (the mailbox).
    Mailbox,
    /// FETCH (the selected mailbox).
    Fetch,
    /// While a message goes out (the selected mailbox).
    Content,
    /// STORE (the selected mailbox).
    Store,
    /// SEARCH (the selected mailbox).
    Search,
    /// COPY (the target).
    Copy,
    /// MOVE (the target).
    Move,
    /// The answer to the whole of an APPEND (the mailbox).
    Append,
    /// EXPUNGE (the selected mailbox).
    Expunge,
    /// IDLE (the selected mailbox).
    Idle,
    /// NOOP (nothing).
    Noop,
    /// LOGOUT (nothing).
    Logout,
}

/// Where in a POP3 conversation a rule strikes. An answer that a rule gives is the whole answer: no list and no
/// message follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pop3Place {
    /// Before anything is said, TLS included (nothing).
    Connect,
    /// The greeting (nothing).
    Greeting,
    /// CAPA (nothing).
    Capa,
    /// STLS (nothing).
    Stls,
    /// The first answer to AUTH (the mechanism).
    Auth,
    /// USER (the name).
    User,
    /// PASS (the name).
    Pass,
    /// APOP (the name).
    Apop,
    /// UTF8 (nothing).
    Utf8,
    /// LANG (the tag).
    Lang,
    /// STAT (nothing).
    Stat,
    /// LIST (the number, if any).
    List,
    /// UIDL (the number, if any).
    Uidl,
    /// RETR (the number).
    Retr,
    /// TOP (the number).
    Top,
    /// While a message goes out (the number).
    Content,
    /// DELE (the number).
    Dele,
    /// RSET (nothing).
    Rset,
    /// NOOP (nothing).
    Noop,
    /// QUIT (nothing). Where the answer is dropped, the messages have been deleted.
    Quit,
}

const PLACES: [(&str, Place); 58] = [
    ("connect", Place::Connect),
    ("greeting", Place::Greeting),
    ("ehlo", Place::Ehlo),
    ("helo", Place::Helo),
    ("starttls", Place::StartTls),
    ("auth", Place::Auth),
    ("mail", Place::Mail),
    ("rcpt", Place::Rcpt),
    ("data", Place::Data),
    ("bdat", Place::Bdat),
    ("content", Place::Content),
    ("end", Place::End),
    ("rset", Place::Rset),
    ("noop", Place::Noop),
    ("quit", Place::Quit),
    ("imap-connect", Place::Imap(ImapPlace::Connect)),
    ("imap-greeting", Place::Imap(ImapPlace::Greeting)),
    ("imap-capability", Place::Imap(ImapPlace::Capability)),
    ("imap-id", Place::Imap(ImapPlace::Id)),
    ("imap-starttls", Place::Imap(ImapPlace::StartTls)),
    ("imap-login", Place::Imap(ImapPlace::Login)),
    ("imap-setup", Place::Imap(ImapPlace::Setup)),
    ("imap-list", Place::Imap(ImapPlace::List)),
    ("imap-select", Place::Imap(ImapPlace::Select)),
    ("imap-close", Place::Imap(ImapPlace::Close)),
    ("imap-status", Place::Imap(ImapPlace::Status)),
    ("imap-mailbox", Place::Imap(ImapPlace::Mailbox)),
    ("imap-fetch", Place::Imap(ImapPlace::Fetch)),
    ("imap-content", Place::Imap(ImapPlace::Content)),
    ("imap-store", Place::Imap(ImapPlace::Store)),
    ("imap-search", Place::Imap(ImapPlace::Search)),
    ("imap-copy", Place::Imap(ImapPlace::Copy)),
    ("imap-move", Place::Imap(ImapPlace::Move)),
    ("imap-append", Place::Imap(ImapPlace::Append)),
    ("imap-expunge", Place::Imap(ImapPlace::Expunge)),
    ("imap-idle", Place::Imap(ImapPlace::Idle)),
    ("imap-noop", Place::Imap(ImapPlace::Noop)),
    ("imap-logout", Place::Imap(ImapPlace::Logout)),
    ("pop3-connect", Place::Pop3(Pop3Place::Connect)),
    ("pop3-greeting", Place::Pop3(Pop3Place::Greeting)),
    ("pop3-capa", Place::Pop3(Pop3Place::Capa)),
    ("pop3-stls", Place::Pop3(Pop3Place::Stls)),
    ("pop3-auth", Place::Pop3(Pop3Place::Auth)),
    ("pop3-user", Place::Pop3(Pop3Place::User)),
    ("pop3-pass", Place::Pop3(Pop3Place::Pass)),
    ("pop3-apop", Place::Pop3(Pop3Place::Apop)),
    ("pop3-utf8", Place::Pop3(Pop3Place::Utf8)),
    ("pop3-lang", Place::Pop3(Pop3Place::Lang)),
    ("pop3-stat", Place::Pop3(Pop3Place::Stat)),
    ("pop3-list", Place::Pop3(Pop3Place::List)),
    ("pop3-uidl", Place::Pop3(Pop3Place::Uidl)),
    ("pop3-retr", Place::Pop3(Pop3Place::Retr)),
    ("pop3-top", Place::Pop3(Pop3Place::Top)),
    ("pop3-content", Place::Pop3(Pop3Place::Content)),
    ("pop3-dele", Place::Pop3(Pop3Place::Dele)),
    ("pop3-rset", Place::Pop3(Pop3Place::Rset)),
    ("pop3-noop", Place::Pop3(Pop3Place::Noop)),
    ("pop3-quit", Place::Pop3(Pop3Place::Quit)),
];

impl Place {
    /// The place of this name, in any case of letters.
    pub(super) fn named(name: &str) -> Option<Self> {
        PLACES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, place)| *place)
    }

    /// Before anything is said.
    pub(super) fn is_connection(self) -> bool {
        matches!(self, Self::Connect | Self::Imap(ImapPlace::Connect) | Self::Pop3(Pop3Place::Connect))
    }

    /// In the middle of a message.
    pub(super) fn is_content(self) -> bool {
        matches!(self, Self::Content | Self::Imap(ImapPlace::Content) | Self::Pop3(Pop3Place::Content))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = PLACES.iter().find(|(_, place)| place == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}
