//! How a message came: what stands in its `.json`.

use std::time::SystemTime;

use hongyan_proto::machine::TlsInfo;
use hongyan_proto::smtp::command::path::Mailbox;
use hongyan_proto::smtp::server::{Session, Transaction};
use serde::{Deserialize, Serialize};

use crate::sandbox::Peer;
use crate::time::rfc3339;

/// How a message came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The file beside this one that holds the message; absent in memory.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// When it was whole: RFC 3339, UTC.
    pub time: String,
    /// The reverse-path; empty for `<>`.
    pub from: String,
    /// What MAIL asked for, as it would be written: `SIZE=1000`, `BODY=8BITMIME`.
    pub params: Vec<String>,
    /// The forward-paths.
    pub to: Vec<Forward>,
    /// The octets of the message.
    pub size: u64,
    /// The name that the client gave itself.
    pub helo: String,
    /// The client's address and port.
    pub peer: String,
    /// The connection, numbered from 1.
    pub connection: u64,
    /// RFC 3848: `ESMTP`, `ESMTPSA`…
    pub protocol: String,
    /// TLS, where it was up.
    pub tls: Option<Tls>,
    /// Who had logged in.
    pub user: Option<String>,
    /// Where it was put, where it did not come by mail: by IMAP's APPEND, or by
    /// [`Store::put`](super::Store::put).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub put: Option<Put>,
}

/// A mailbox that a message was put into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Put {
    /// Whose.
    pub user: String,
    /// Its name.
    pub mailbox: String,
}

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    /// To whom.
    pub address: String,
    /// What RCPT asked for: `NOTIFY=NEVER`.
    pub params: Vec<String>,
}

/// What is known of a TLS session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// `TLSv1.3`.
    pub version: String,
    /// The cipher suite's IANA name.
    pub cipher: String,
}

impl Envelope {
    pub(crate) fn new(transaction: &Transaction, session: &Session, peer: &Peer) -> Self {
        let words = |printed: String| printed.split_ascii_whitespace().map(str::to_string).collect();
        let forward = |to: &hongyan_proto::smtp::server::Forward| Forward {
            address: to.mailbox.to_string(),
            params: words(to.params.to_string()),
        };
        Self {
            file: None,
            time: rfc3339(SystemTime::now()),
            from: transaction.from.as_ref().map(Mailbox::to_string).unwrap_or_default(),
            params: words(transaction.params.to_string()),
            to: transaction.to.iter().map(forward).collect(),
            size: transaction.octets,
            helo: session.helo.clone().unwrap_or_default(),
            peer: peer.address.to_string(),
            connection: peer.number,
            protocol: session.protocol(transaction).to_string(),
            tls: session.tls.as_ref().map(Tls::of),
            user: session.user.clone(),
            put: None,
        }
    }

    /// Of a message that was put into a mailbox: through a connection, or by this program.
    pub(crate) fn of_put(put: Put, size: u64, by: Option<(&Peer, Option<&TlsInfo>)>) -> Self {
        let (peer, tls) = by.unzip();
        Self {
            time: rfc3339(SystemTime::now()),
            peer: peer.map(|peer| peer.address.to_string()).unwrap_or_default(),
            connection: peer.map_or(0, |peer| peer.number),
            protocol: if peer.is_some() { "IMAP".into() } else { String::new() },
            tls: tls.flatten().map(Tls::of),
            user: peer.is_some().then(|| put.user.clone()),
            put: Some(put),
            ..Self::unknown(size)
        }
    }

    /// Of a message of which nothing is known but its octets.
    pub(super) fn unknown(size: u64) -> Self {
        Self {
            file: None,
            time: String::new(),
            from: String::new(),
            params: Vec::new(),
            to: Vec::new(),
            size,
            helo: String::new(),
            peer: String::new(),
            connection: 0,
            protocol: String::new(),
            tls: None,
            user: None,
            put: None,
        }
    }
}

impl Tls {
    fn of(tls: &TlsInfo) -> Self {
        Self { version: tls.version.clone(), cipher: tls.cipher.clone() }
    }
}
