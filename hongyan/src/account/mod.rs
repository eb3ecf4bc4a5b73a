//! Accounts: who sends, through which server, and where the password comes from.
//!
//! They stand in a TOML file ([`config_path`]), one table each:
//! ```toml
//! [account.default]
//! from = "Wang Wei <wang@example.org>"
//! server = "smtps://smtp.example.org"
//! user = "wang@example.org"
//! password_command = "secret-tool lookup mail example"
//! ```
//! No secret stands in it: a password is asked for by a command, an environment variable or a prompt when it
//! is needed.

mod file;
mod secret;
mod server;

use std::path::PathBuf;

use serde::Deserialize;

pub use file::{MAX_CONFIG, config_path, load};
pub use secret::{Asked, credentials};
pub use server::{Protocol, Security, Server, TlsWish};

/// One account. A path that does not begin with `/` or `~/` is relative to the configuration's folder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Who mails are from: an address, with a name or without.
    pub from: Option<String>,
    /// Where mails are sent: `smtp://host:587` or `smtps://host`.
    pub server: Option<String>,
    /// Where mails are fetched with IMAP: `imaps://host`.
    pub imap: Option<String>,
    /// Where mails are fetched with POP3: `pop3s://host`. With both, IMAP is what fetches.
    pub pop3: Option<String>,
    /// The Maildir that fetched mails are kept in.
    pub maildir: Option<PathBuf>,
    /// Where the copy of a mail that was sent goes; by itself where this says nothing.
    pub sent: Option<Sent>,
    /// Whether TLS is demanded or refused; see [`Server::security`].
    pub tls: Option<TlsWish>,
    /// The login name.
    pub user: Option<String>,
    /// What prints the password.
    pub password_command: Option<Command>,
    /// What prints an OAuth 2.0 access token.
    pub token_command: Option<Command>,
    /// A PEM file: only certificates issued by those in it count.
    pub ca: Option<PathBuf>,
    /// A PEM file: our own certificate, for servers that ask for one, then those that lead to its issuer.
    pub certificate: Option<PathBuf>,
    /// A PEM file: the private key of [`certificate`](Self::certificate).
    pub key: Option<PathBuf>,
    /// `socks5://host:port` or `http://host:port`.
    pub proxy: Option<String>,
    /// The name of the one host whose certificate is not checked. It must be the server's.
    pub insecure: Option<String>,
}

/// Where the copy of a mail that was sent goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sent {
    /// Into the folder for sent mail at the IMAP server.
    Imap,
    /// Into the folder for sent mail of the Maildir.
    Maildir,
    /// Nowhere: the provider keeps one by itself, or none is wanted.
    None,
}

/// A command that prints a secret: a line for the shell, or a program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Command {
    /// For `sh -c`.
    Shell(String),
    /// A program and its arguments.
    Program(Vec<String>),
}
