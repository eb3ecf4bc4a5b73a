//! The mail that is answered or passed on: which one, the mailbox that it lies in, and the mark that it gets.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hongyan_mailbox::Maildir;
use hongyan_mailbox::maildir::Flags;

use super::options::Options;
use crate::cli::mailbox::{self, Chosen};
use crate::cli::server;
use crate::cli::trouble::Trouble;
use crate::mime::read::Message;

/// A mail, and where it was found.
pub(crate) struct Original(pub(crate) Chosen);

impl Original {
    /// The mail that `which` names: a number, a Message-ID, a file, or `-` for standard input.
    pub(crate) fn find(
        command: &str,
        which: &str,
        options: &Options,
        server: &server::Options,
    ) -> Result<Self, Trouble> {
        let mailbox = mailbox::Options::of(options.maildir.as_deref(), server.account());
        Chosen::find(command, which, || mailbox.path()).map(Self)
    }

    pub(crate) fn message(&self) -> Message<'_> {
        Message::parse(&self.0.raw)
    }

    /// The Maildir that it lies in, not the folder.
    pub(crate) fn maildir(&self) -> Option<PathBuf> {
        let folder = self.0.held.as_ref()?.folder();
        let is_sub = folder.join("maildirfolder").exists()
            || folder.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
        let root = folder.parent().filter(|root| is_sub && Maildir::open(root).is_ok());
        Some(root.map_or_else(|| folder.to_owned(), Path::to_owned))
    }

    /// Gives it a flag, as far as it lies in a Maildir. That this failed is told; what was sent stays sent.
    pub(crate) fn mark(&self, command: &str, flag: Flags) {
        if let Some(held) = &self.0.held {
            // Whoever answers it has seen it.
            held.mark(command, flag | Flags::SEEN);
        }
    }
}
