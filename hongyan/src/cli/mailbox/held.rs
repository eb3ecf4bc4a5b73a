//! A mail's place in a Maildir, and its flags there.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use hongyan_mailbox::Maildir;
use hongyan_mailbox::maildir::Flags;

use crate::cli::terminal::{Language, safe, tell};

/// A mail that lies in a Maildir, found by what no program changes of its file's name.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// The folder that it lies in.
    maildir: Maildir,
    unique: OsString,
}

impl Held {
    pub(super) fn new(maildir: Maildir, unique: OsString) -> Self {
        Self { maildir, unique }
    }

    /// By the mail's file, where that lies in the `new` or `cur` of a Maildir.
    pub(super) fn by_file(file: &Path) -> Option<Self> {
        let whole = file.canonicalize().ok()?;
        let place = whole.parent()?;
        let is_place = matches!(place.file_name()?.as_bytes(), b"new" | b"cur");
        let maildir = Maildir::open(place.parent().filter(|_| is_place)?).ok()?;
        let name = whole.file_name()?.as_bytes();
        let unique = name.split(|octet| *octet == b':').next().unwrap_or(name);
        Some(Self { maildir, unique: OsStr::from_bytes(unique).to_owned() })
    }

    /// Its file, opened, whatever it is called by now.
    pub(super) fn open(&self) -> io::Result<(PathBuf, File)> {
        let (entry, file) = self.maildir.read(&self.unique)?;
        Ok((entry.path(&self.maildir), file))
    }

    /// The Maildir's folder that it lies in.
    pub(crate) fn folder(&self) -> &Path {
        self.maildir.path()
    }

    /// Sets a flag. That this failed is told, and changes nothing else; `command` is who speaks.
    pub(crate) fn mark(&self, command: &str, flag: Flags) {
        if let Err(error) = self.set(flag) {
            let error = safe(&error.to_string());
            tell(&Language::of_the_environment().choose(
                format!("{command}: the mail's flags could not be changed: {error}"),
                format!("{command}：未能修改这封邮件的标记：{error}"),
            ));
        }
    }

    fn set(&self, flag: Flags) -> io::Result<()> {
        let entry = self.maildir.find(&self.unique)?.ok_or(io::ErrorKind::NotFound)?;
        if entry.flags().contains(flag) {
            return Ok(());
        }
        self.maildir.set_flags(&self.unique, entry.flags() | flag).map(|_| ())
    }
}
