//! The copy of a mail that was sent, in a folder for sent mail: which folder, and what is said of it.
//!
//! By the account's `sent`; where that says nothing: nowhere if the provider keeps one by itself, else at the IMAP
//! server where the account has one, else in the Maildir. The mail was sent before any of this begins, so a copy
//! that cannot be filed changes nothing about that: it stays where it is, and that is said.

mod maildir;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::mailbox;
use super::server::Target;
use super::terminal::{Language, safe, say, tell};
use super::trouble::Trouble;
use crate::account::Sent;
use crate::proto::provider::Quirk;

/// Where the copy goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// The folder for sent mail of the Maildir at this path.
    Maildir(PathBuf),
    /// Nowhere.
    Nowhere,
}

/// What became of a copy.
#[derive(Debug, Serialize)]
pub(crate) struct Filed {
    /// `imap` or `maildir`.
    place: &'static str,
    /// The folder that has it.
    folder: Option<String>,
    /// The file that still holds it, where no folder does.
    kept: Option<String>,
    /// Why no folder does.
    error: Option<String>,
}

impl Way {
    /// Where the copy of a mail goes that is sent by `target`; `near` is the Maildir of the mail that it answers.
    pub(crate) fn of(target: Option<&Target>, near: Option<&Path>) -> Result<Self, Trouble> {
        let account = target.and_then(|target| target.account.as_ref());
        let by_provider =
            target.and_then(Target::provider).is_some_and(|provider| provider.has(Quirk::KeepsSent));
        match account.and_then(|account| account.sent) {
            Some(Sent::None) => Ok(Self::Nowhere),
            Some(Sent::Maildir) => mailbox::choose(None, account, false).map(Self::Maildir),
            None if by_provider => Ok(Self::Nowhere),
            _ => {
                let configured = account.and_then(|account| account.maildir.as_deref());
                Ok(configured.or(near).map_or(Self::Nowhere, |path| Self::Maildir(path.to_owned())))
            }
        }
    }

    /// Whether a copy is kept at all.
    pub(crate) fn is_somewhere(&self) -> bool {
        !matches!(self, Self::Nowhere)
    }

    /// Files the mail that stands in `path`, and removes it there once it is safe.
    pub(crate) fn file(&self, path: &Path) -> Filed {
        let filed = match self {
            Self::Maildir(maildir) => maildir::file(maildir, path),
            Self::Nowhere => Err("no folder is named for it".to_owned()),
        };
        match filed {
            Ok(folder) => {
                // A copy too many is told of the next time, and found to be there when it is imported.
                let _ = fs::remove_file(path);
                Filed { place: self.place(), folder: Some(folder), kept: None, error: None }
            }
            Err(error) => Filed::failed(self, path, error),
        }
    }

    fn place(&self) -> &'static str {
        match self {
            Self::Maildir(_) => "maildir",
            Self::Nowhere => "none",
        }
    }
}

impl Filed {
    /// A copy that stays in `path`.
    pub(crate) fn failed(way: &Way, path: &Path, error: String) -> Self {
        let kept = Some(path.to_string_lossy().into_owned());
        Self { place: way.place(), folder: None, kept, error: Some(error) }
    }

    pub(crate) fn is_filed(&self) -> bool {
        self.folder.is_some()
    }

    /// Says it to a person; `apart` keeps it away from what programs read.
    pub(crate) fn tell(&self, command: &str, apart: bool) {
        let language = Language::of_the_environment();
        if let Some(folder) = &self.folder {
            let folder = safe(folder);
            let line = language.choose(format!("A copy is in {folder}"), format!("副本已存入 {folder}"));
            if !apart {
                say(&line);
            }
            return;
        }
        let (kept, error) = (self.kept.as_deref().unwrap_or_default(), self.error.as_deref());
        let (kept, error) = (safe(kept), safe(error.unwrap_or_default()));
        tell(&language.choose(
            format!(
                "{command}: the mail was sent, but its copy could not be filed: {error}\n  the copy is in {kept}\n  \
                 next: hongyan import --folder Sent {kept}"
            ),
            format!(
                "{command}：邮件已发送，但副本未能归档：{error}\n  副本在 {kept}\n  下一步：hongyan import --folder Sent {kept}"
            ),
        ));
    }
}
