//! What is known of a connection, and of the message that is being handed over.

use crate::machine::TlsInfo;
use crate::smtp::command::params::{MailParams, RcptParams};
use crate::smtp::command::path::Mailbox;

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// The name that the client gave itself; `None` before EHLO and after STARTTLS.
    pub helo: Option<String>,
    /// It said EHLO, not HELO.
    pub esmtp: bool,
    /// TLS, once it is up.
    pub tls: Option<TlsInfo>,
    /// Who has logged in.
    pub user: Option<String>,
}

/// A message but for its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The reverse-path; `None` is `<>`.
    pub from: Option<Mailbox>,
    /// What MAIL asked for.
    pub params: MailParams,
    /// The forward-paths that were accepted.
    pub to: Vec<Forward>,
    /// The octets of content taken so far; all of them in [`Event::Message`](super::Event::Message).
    pub octets: u64,
    /// It came by BDAT.
    pub chunked: bool,
}

/// A forward-path that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// To whom.
    pub mailbox: Mailbox,
    /// What RCPT asked for.
    pub params: RcptParams,
}

impl Session {
    /// The protocol's name in a Received field (RFC 3848, RFC 6531 §4.3).
    pub fn protocol(&self, transaction: &Transaction) -> &'static str {
        let (tls, login) = (self.tls.is_some(), self.user.is_some());
        match (self.esmtp, transaction.params.utf8, tls, login) {
            (false, ..) => "SMTP",
            (true, false, false, false) => "ESMTP",
            (true, false, true, false) => "ESMTPS",
            (true, false, false, true) => "ESMTPA",
            (true, false, true, true) => "ESMTPSA",
            (true, true, false, false) => "UTF8SMTP",
            (true, true, true, false) => "UTF8SMTPS",
            (true, true, false, true) => "UTF8SMTPA",
            (true, true, true, true) => "UTF8SMTPSA",
        }
    }
}

impl Transaction {
    pub(super) fn new(from: Option<Mailbox>, params: MailParams) -> Self {
        Self { from, params, to: Vec::new(), octets: 0, chunked: false }
    }

    /// Sender and recipients, for a fault's pattern.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> + Clone {
        let from = self.from.as_ref().map_or("", Mailbox::as_str);
        std::iter::once(from).chain(self.to.iter().map(|to| to.mailbox.as_str()))
    }

    /// How many domains there would be among the recipients with this one.
    pub(super) fn domains_with(&self, new: &Mailbox) -> usize {
        let mut domains: Vec<_> = self.to.iter().map(|to| to.mailbox.domain().to_ascii_lowercase()).collect();
        domains.push(new.domain().to_ascii_lowercase());
        domains.sort_unstable();
        domains.dedup();
        domains.len()
    }
}
