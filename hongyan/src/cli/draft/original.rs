//! The mail that is answered or passed on: which one, and the mark that it gets.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hongyan_mailbox::maildir::Flags;
use hongyan_mailbox::{Maildir, Raw};

use crate::cli::raw_mail;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::mime::read::Message;

/// A mail, and where it was found.
pub(crate) struct Original {
    pub(crate) raw: Raw,
    /// Its file, unless it came through a pipe.
    pub(crate) path: Option<PathBuf>,
}

impl Original {
    /// The mail that `which` names: a number, a Message-ID, a file, or `-` for standard input.
    pub(crate) fn find(which: &str) -> Result<Self, Trouble> {
        let path = Path::new(which);
        Ok(Self { raw: raw_mail::load(path)?, path: (which != "-").then(|| path.to_owned()) })
    }

    pub(crate) fn message(&self) -> Message<'_> {
        Message::parse(&self.raw)
    }

    /// The Maildir that it lies in, not the folder.
    pub(crate) fn maildir(&self) -> Option<PathBuf> {
        let folder = folder_of(self.path.as_deref()?)?;
        let is_sub = folder.join("maildirfolder").exists()
            || folder.file_name().is_some_and(|name| name.as_bytes().starts_with(b"."));
        let root = folder.parent().filter(|root| is_sub && Maildir::open(root).is_ok());
        Some(root.map_or_else(|| folder.clone(), Path::to_owned))
    }

    /// Gives it a flag, as far as it lies in a Maildir. That this failed is told; what was sent stays sent.
    pub(crate) fn mark(&self, command: &str, flag: Flags) {
        let marked = self.path.as_deref().and_then(|path| Some((folder_of(path)?, path.file_name()?)));
        let Some((folder, name)) = marked else { return };
        if let Err(error) = set(&folder, name, flag) {
            let error = safe(&error.to_string());
            tell(&Language::of_the_environment().choose(
                format!("{command}: the mail is not marked as answered or passed on: {error}"),
                format!("{command}：未能标记这封邮件：{error}"),
            ));
        }
    }
}

/// The Maildir folder whose `new` or `cur` the file lies in.
fn folder_of(path: &Path) -> Option<PathBuf> {
    let whole = path.canonicalize().ok()?;
    let place = whole.parent()?;
    let is_place = matches!(place.file_name()?.as_bytes(), b"new" | b"cur");
    let folder = place.parent().filter(|folder| is_place && Maildir::open(folder).is_ok())?;
    Some(folder.to_owned())
}

fn set(folder: &Path, name: &OsStr, flag: Flags) -> io::Result<()> {
    let maildir = Maildir::open(folder).map_err(io::Error::other)?;
    let name = name.as_bytes();
    let unique = name.split(|&octet| octet == b':').next().unwrap_or(name);
    let unique = OsStr::from_bytes(unique);
    let entry = maildir.find(unique)?.ok_or(io::ErrorKind::NotFound)?;
    // Whoever answers it has seen it.
    maildir.set_flags(unique, entry.flags() | flag | Flags::SEEN).map(|_| ())
}
