//! What a server knows of its connection.

use crate::machine::TlsInfo;

/// One connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// TLS, once it is up.
    pub tls: Option<TlsInfo>,
    /// Who has logged in.
    pub user: Option<String>,
    /// What the client called itself by ID; the last time counts. Texts as they came.
    pub client: Option<Vec<(String, Option<String>)>>,
    /// The client wants modification sequences (RFC 7162 §3.1).
    pub condstore: bool,
    /// The client wants VANISHED for EXPUNGE (RFC 7162 §3.2).
    pub qresync: bool,
    /// The client takes UTF-8 in quoted strings, mailbox names among them (RFC 6855).
    pub utf8: bool,
    /// Both directions are compressed (RFC 4978).
    pub compressed: bool,
}
