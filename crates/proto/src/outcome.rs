//! What became of each recipient, and why.
//!
//! Every recipient of every message ends in exactly one [`Verdict`]. The one that other tools lack is
//! [`Verdict::InDoubt`]: the message left whole and no answer came, so the server may have taken it.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::address::Address;
use crate::reply::{Reply, Severity};

/// Where in a conversation something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Reading the message's own files, or checking what was asked for.
    Prepare,
    /// Looking up the host's addresses.
    Resolve,
    /// TCP, and the proxy before it.
    Connect,
    /// The server's greeting.
    Greeting,
    /// EHLO or HELO.
    Hello,
    /// STARTTLS, and the TLS handshake by whichever way.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA, up to the go-ahead.
    Data,
    /// The content on its way.
    Content,
    /// The answer to the whole message.
    End,
    /// Learning what the server can do: POP3 CAPA, IMAP CAPABILITY, ID, ENABLE and the like.
    Capability,
    /// Opening a mailbox: IMAP SELECT, EXAMINE.
    Select,
    /// Learning what there is: POP3 STAT, LIST, UIDL; IMAP LIST, SEARCH, FETCH of anything but content.
    List,
    /// Fetching a message's content: POP3 RETR and TOP, IMAP FETCH.
    Fetch,
    /// Deleting: POP3 DELE, IMAP STORE of `\\Deleted`, EXPUNGE, MOVE.
    Delete,
    /// Changing a mailbox otherwise: IMAP APPEND, STORE, COPY, CREATE.
    Store,
    /// Between messages.
    Idle,
    /// QUIT.
    Quit,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prepare => "preparing the message",
            Self::Resolve => "looking up the host",
            Self::Connect => "connecting",
            Self::Greeting => "waiting for the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "setting up TLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "sending the content",
            Self::End => "the answer to the message",
            Self::Capability => "asking what the server can do",
            Self::Select => "opening the mailbox",
            Self::List => "listing the messages",
            Self::Fetch => "fetching a message",
            Self::Delete => "deleting",
            Self::Store => "changing the mailbox",
            Self::Idle => "between messages",
            Self::Quit => "QUIT",
        })
    }
}

/// What sort of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// On this machine: a file, a setting, an address.
    Local,
    /// The host is unknown or does not answer, or the connection was lost.
    Unreachable,
    /// An answer took too long.
    Timeout,
    /// Certificates and handshakes.
    Tls,
    /// The login was refused.
    Auth,
    /// The server lacks an extension that is needed.
    Capability,
    /// The server said no.
    Refused,
    /// The server does not keep to the protocol.
    Protocol,
}

/// Why something did not work.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Where it happened.
    pub stage: Stage,
    /// What sort it is.
    pub kind: Kind,
    /// The server's words, if it said any.
    pub reply: Option<Arc<Reply>>,
    /// What was seen on this side.
    pub cause: Option<Cause>,
}

/// What was seen on this side of the connection.
#[derive(Clone, Debug)]
pub enum Cause {
    /// An operating system's or library's error.
    Io(Arc<io::Error>),
    /// A sentence of ours, English, without secrets.
    Text(String),
    /// The server's words, decoded and on one line, where its protocol knows no reply codes: what follows `-ERR`
    /// in POP3, or `NO`, `BAD` and `BYE` in IMAP, response codes (`[AUTH]`, RFC 2449 §8, RFC 5530) included.
    Said(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Said(words) => write!(f, "the server said {words}"),
        }
    }
}

impl Failure {
    /// A failure with a sentence of ours.
    pub fn new(stage: Stage, kind: Kind, cause: impl Into<String>) -> Self {
        Self { stage, kind, reply: None, cause: Some(Cause::Text(cause.into())) }
    }

    /// A failure with an I/O error behind it.
    pub fn io(stage: Stage, kind: Kind, error: io::Error) -> Self {
        Self { stage, kind, reply: None, cause: Some(Cause::Io(Arc::new(error))) }
    }

    /// The server's no.
    pub fn refused(stage: Stage, reply: impl Into<Arc<Reply>>) -> Self {
        let kind = if stage == Stage::Auth { Kind::Auth } else { Kind::Refused };
        Self { stage, kind, reply: Some(reply.into()), cause: None }
    }

    /// The server's no, in a protocol without reply codes.
    pub fn said(stage: Stage, words: impl Into<String>) -> Self {
        let kind = if stage == Stage::Auth { Kind::Auth } else { Kind::Refused };
        Self { stage, kind, reply: None, cause: Some(Cause::Said(words.into())) }
    }

    /// Whether trying the same again later makes no sense. "Slow down" is never permanent, whatever code it
    /// comes with ([`Failure::rate_limit`]).
    pub fn is_permanent(&self) -> bool {
        match (&self.reply, self.kind) {
            (Some(reply), _) => reply.code.severity() == Severity::Permanent && self.rate_limit().is_none(),
            (None, Kind::Local | Kind::Tls | Kind::Auth | Kind::Capability) => true,
            (None, _) => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.stage)?;
        match (&self.reply, &self.cause) {
            (Some(reply), None) => write!(f, "the server said {reply}"),
            (Some(reply), Some(cause)) => write!(f, "{cause} (the server said {reply})"),
            (None, Some(cause)) => cause.fmt(f),
            (None, None) => write!(f, "{:?}", self.kind),
        }
    }
}

impl std::error::Error for Failure {}

/// What became of one recipient.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The server took the message for this recipient.
    Accepted(Arc<Reply>),
    /// Not now; the same may work later. The message was certainly not taken.
    Deferred(Failure),
    /// No, and trying again will not help. The message was certainly not taken.
    Rejected(Failure),
    /// The whole message left and no answer came: it may have been taken.
    InDoubt(Failure),
}

impl Verdict {
    /// Deferred or rejected, as the failure says.
    pub fn failed(failure: Failure) -> Self {
        if failure.is_permanent() { Self::Rejected(failure) } else { Self::Deferred(failure) }
    }

    /// The failure, unless it was accepted.
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Accepted(_) => None,
            Self::Deferred(failure) | Self::Rejected(failure) | Self::InDoubt(failure) => Some(failure),
        }
    }

    /// `accepted`, `deferred`, `rejected`, `in_doubt`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Accepted(_) => "accepted",
            Self::Deferred(_) => "deferred",
            Self::Rejected(_) => "rejected",
            Self::InDoubt(_) => "in_doubt",
        }
    }
}

/// What became of a message: one verdict for each recipient, in the envelope's order.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The recipients with their verdicts; never shorter or longer than the envelope's list.
    pub each: Vec<(Address, Verdict)>,
}

impl Delivery {
    /// The same failure for everyone.
    pub fn failed(recipients: impl IntoIterator<Item = Address>, failure: &Failure) -> Self {
        let verdict = Verdict::failed(failure.clone());
        Self { each: recipients.into_iter().map(|address| (address, verdict.clone())).collect() }
    }

    /// True when every recipient was accepted.
    pub fn is_accepted(&self) -> bool {
        self.each.iter().all(|(_, verdict)| matches!(verdict, Verdict::Accepted(_)))
    }
}
