//! Servers of other makers, each started from scratch with a configuration of a few lines.
//!
//! All accept mail for every domain, refuse `refused@…` for good and `later@…` for now, know the user `user` with the
//! password `päss word`, and leave each recipient's copy in a Maildir. The Dovecot of `mailboxes` accepts none: mail is
//! fetched from it.

mod dovecot;
mod exim;
mod mailboxes;
mod opensmtpd;
mod postfix;
mod smtp_server;

pub(crate) use exim::Exim;
pub(crate) use mailboxes::{Digests, Mailboxes, files};
pub(crate) use opensmtpd::OpenSmtpd;
pub(crate) use postfix::Postfix;
pub(crate) use smtp_server::SmtpServer;

/// The user whom every server knows.
pub(crate) const USER: &str = "user";
/// That user's password: not ASCII, and with a space, so that quoting and SASLprep are tried too.
pub(crate) const PASSWORD: &str = "päss word";
