//! The copy of a mail that was sent, in a folder for sent mail: which folder, and what is said of it.
//!
//! By the account's `sent`; where that says nothing: nowhere if the provider keeps one by itself, else at the IMAP
//! server where the account has one, else in the Maildir. The mail was sent before any of this begins, so a copy
//! that cannot be filed changes nothing about that: it stays where it is, and that is said.

mod imap;
mod maildir;
mod waiting;

use std::fs;
use std::path::{Path, PathBuf};

use hongyan_mailbox::Maildir;
use serde::Serialize;

use super::exit::Exit;
use super::mailbox;
use super::send::Output;
use super::server::{self, Target};
use super::system::shell_word;
use super::terminal::{Language, safe, say, tell};
use super::trouble::Trouble;
use crate::account::Sent;
use crate::proto::outcome::{Delivery, Verdict};
use crate::proto::provider::Quirk;
use crate::proto::sasl::Credentials;
use crate::said::said;

pub(crate) use imap::for_sent;
pub(crate) use waiting::Waiting;

/// Where the copy goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// The folder for sent mail at this IMAP server, and who logs in there, once that is known.
    Imap(Box<Target>, Option<Result<Option<Credentials>, String>>),
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
    /// Where the copy of a mail goes that is sent by `target`, which `server` found; `near` is the Maildir of the mail
    /// that it answers.
    pub(crate) fn of(
        server: &server::Options,
        target: Option<&Target>,
        near: Option<&Path>,
    ) -> Result<Self, Trouble> {
        let account = target.and_then(|target| target.account.as_ref());
        let imap = match account {
            Some(_) => server.imap()?.map(|target| Self::Imap(Box::new(target), None)),
            None => None,
        };
        let by_provider =
            target.and_then(Target::provider).is_some_and(|provider| provider.has(Quirk::KeepsSent));
        // Whoever fetches with POP3 keeps their mail here.
        let by_pop3 = account.is_some_and(|account| account.imap.is_none() && account.pop3.is_some());
        match account.and_then(|account| account.sent) {
            Some(Sent::None) => Ok(Self::Nowhere),
            Some(Sent::Maildir) => mailbox::choose(None, account, false).map(Self::Maildir),
            Some(Sent::Imap) => imap.ok_or_else(no_imap),
            None if by_provider => Ok(Self::Nowhere),
            None if !by_pop3 && imap.is_some() => Ok(imap.unwrap_or(Self::Nowhere)),
            None => {
                let configured = account.and_then(|account| account.maildir.as_deref());
                Ok(configured.or(near).map_or(Self::Nowhere, |path| Self::Maildir(path.to_owned())))
            }
        }
    }

    /// As [`Way::of`], for a person who asked for a copy: that there is no place for it is an error.
    pub(crate) fn wanted(server: &server::Options, target: &Target) -> Result<Self, Trouble> {
        let account = target.account.as_ref();
        let near = mailbox::choose(None, account, false)?;
        let near = Maildir::open(&near).is_ok().then_some(near);
        let way = Self::of(server, Some(target), near.as_deref())?;
        let said_so = account.is_some_and(|account| account.sent.is_some());
        let by_provider = target.provider().is_some_and(|provider| provider.has(Quirk::KeepsSent));
        if way.is_somewhere() || said_so || by_provider { Ok(way) } else { Err(no_place()) }
    }

    /// Whether a copy is kept at all.
    pub(crate) fn is_somewhere(&self) -> bool {
        !matches!(self, Self::Nowhere)
    }

    /// Gets ready for the copy before the mail is sent by `sender` with these credentials: a person is not asked for a
    /// password twice, and not afterwards.
    pub(crate) fn prepare(&mut self, sender: &mut Target, credentials: Option<&Credentials>) {
        if self.is_somewhere() {
            // A mail that is kept is made of lines: no server is given it in binary.
            sender.chunking = false;
        }
        let Self::Imap(target, login) = self else { return };
        *login = Some(if target.user == sender.user {
            Ok(credentials.cloned())
        } else {
            let language = Language::of_the_environment();
            target.credentials().map_err(|trouble| trouble.parts(language).1.to_owned())
        });
    }

    /// Files the copy that waits if anybody's server took the mail, and tells about it. Where nobody's did, it goes
    /// away; where that is in doubt, it stays.
    pub(crate) fn settle(
        &self,
        waiting: &Waiting,
        delivery: &Delivery,
        command: &str,
        shown: &Output,
    ) -> Option<Filed> {
        if !self.is_somewhere() {
            return None;
        }
        let any = |is: fn(&Verdict) -> bool| delivery.each.iter().any(|(_, verdict)| is(verdict));
        if !any(|verdict| matches!(verdict, Verdict::Accepted(_))) {
            if !any(|verdict| matches!(verdict, Verdict::InDoubt(_))) {
                waiting.not_taken();
            }
            return None;
        }
        let filed = match waiting.taken() {
            Ok(path) => self.file(&path),
            Err(error) => Filed::failed(self, waiting.path(), error.to_string()),
        };
        if !shown.quiet || !filed.is_filed() {
            filed.tell(command, shown.json.is_some());
        }
        Some(filed)
    }

    /// Files the mail that stands in `path`, and removes it there once it is safe.
    fn file(&self, path: &Path) -> Filed {
        let filed = match self {
            Self::Imap(target, login) => {
                login.clone().unwrap_or(Ok(None)).and_then(|login| imap::file(target, login, path))
            }
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
            Self::Imap(..) => "imap",
            Self::Maildir(_) => "maildir",
            Self::Nowhere => "none",
        }
    }
}

/// The command that files a copy that stays in `path`.
pub(crate) fn to_file(path: &Path) -> String {
    safe(&format!("hongyan import --folder Sent {}", shell_word(&path.to_string_lossy())))
}

fn no_place() -> Trouble {
    Trouble::new(
        Exit::Config,
        said("nothing says where sent mail is kept", "没有说明已发送的邮件存到哪里"),
        said(
            "give the account `imap` or `maildir`, or leave out --sent",
            "请为账户设置 imap 或 maildir，或去掉 --sent",
        ),
    )
}

fn no_imap() -> Trouble {
    Trouble::new(
        Exit::Config,
        said(
            "the account's `sent` is \"imap\", and it has no IMAP server",
            "账户的 sent 是 \"imap\"，但没有 IMAP 服务器",
        ),
        said(
            "add imap = \"imaps://…\" to it, or change `sent`",
            "请为它加上 imap = \"imaps://…\"，或修改 sent",
        ),
    )
}

impl Filed {
    /// A copy that stays in `path`.
    fn failed(way: &Way, path: &Path, error: String) -> Self {
        let kept = Some(path.to_string_lossy().into_owned());
        Self { place: way.place(), folder: None, kept, error: Some(error) }
    }

    fn is_filed(&self) -> bool {
        self.folder.is_some()
    }

    /// Says it to a person; `apart` keeps it away from what programs read.
    fn tell(&self, command: &str, apart: bool) {
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
        let next = to_file(Path::new(kept));
        let (kept, error) = (safe(kept), safe(error.unwrap_or_default()));
        tell(&language.choose(
            format!(
                "{command}: the mail was sent, but its copy could not be filed: {error}\n  the copy is in {kept}\n  \
                 next: {next}"
            ),
            format!(
                "{command}：邮件已发送，但副本未能归档：{error}\n  副本在 {kept}\n  下一步：{next}"
            ),
        ));
    }
}
