//! Which mails are to be written: found first, and opened when it is their turn.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use hongyan_mailbox::index::{Mail, Order};
use hongyan_mailbox::maildir::FolderName;
use hongyan_mailbox::{Maildir, Query};

use crate::cli::exit::Exit;
use crate::cli::mailbox::{Options, ask, not_opened};
use crate::cli::trouble::Trouble;
use crate::said::said;

/// How many mails of a search are asked for at once.
const PAGE: u64 = 1_000;

/// The most numbers that a range may name.
const MAX_RANGE: i64 = 1_000_000;

/// Mails, each by its place.
#[derive(Default)]
pub(super) struct Selection {
    folders: Vec<Maildir>,
    /// Of folders by their paths.
    opened: HashMap<PathBuf, usize>,
    chosen: Vec<Chosen>,
}

/// A mail.
pub(super) enum Chosen {
    /// In a Maildir: its folder, what no program changes of its name, its number.
    Held(usize, OsString, Option<i64>),
    /// A file that a person named.
    File(PathBuf),
}

impl Selection {
    /// What a search finds.
    pub(super) fn search(query: &str, options: &Options) -> Result<Self, Trouble> {
        let parsed = Query::parse(query).map_err(|error| {
            Trouble::new(
                Exit::Usage,
                said(format!("--search: {error}"), format!("--search：{error}")),
                said("see `hongyan search --help`", "请参阅 hongyan search --help"),
            )
        })?;
        let (_, found) = ask("export", &options.path()?, |index| {
            let mut found: Vec<Mail> = Vec::new();
            loop {
                let page = index.search(&parsed, Order::Date, found.len() as u64, PAGE)?;
                let last = (page.mails.len() as u64) < PAGE;
                found.extend(page.mails.into_iter().map(bare));
                if last {
                    return Ok(found);
                }
            }
        })?;
        let mut selection = Self::default();
        for mail in found {
            selection.held(mail)?;
        }
        Ok(selection)
    }

    /// Every mail, or every mail of a folder.
    pub(super) fn all(folder: Option<&str>, options: &Options) -> Result<Self, Trouble> {
        let path = options.path()?;
        let mailbox = Maildir::open(&path).map_err(|error| not_opened(&error))?;
        let unreadable = |error: io::Error| {
            let path = path.display();
            Trouble::new(
                Exit::Io,
                said(format!("{path} cannot be read: {error}"), format!("无法读取 {path}：{error}")),
                said("check its permissions", "请检查权限"),
            )
        };
        let names = match folder {
            Some(name) => vec![FolderName::parse(name, Some('/'))],
            None => {
                let mut names = vec![FolderName::inbox()];
                names.extend(mailbox.folders().map_err(unreadable)?);
                names
            }
        };
        let mut selection = Self::default();
        for name in names {
            let folder = mailbox.folder(&name).map_err(|error| not_opened(&error))?;
            let mut found: Vec<OsString> =
                folder.entries().map_err(unreadable)?.iter().map(|entry| entry.unique().to_owned()).collect();
            found.sort();
            let number = selection.folders.len();
            selection.folders.push(folder);
            selection.chosen.extend(found.into_iter().map(|unique| Chosen::Held(number, unique, None)));
        }
        Ok(selection)
    }

    /// What a person names, in this order.
    pub(super) fn named(which: &[String], options: &Options) -> Result<Self, Trouble> {
        let mut selection = Self::default();
        for text in which {
            if let Some((first, last)) = numbers(text) {
                selection.numbers(text, first, last, options)?;
            } else if Path::new(text).exists() || !text.contains('@') {
                File::open(text).map_err(|error| {
                    Trouble::new(
                        Exit::NoInput,
                        said(format!("{text} cannot be read: {error}"), format!("无法读取 {text}：{error}")),
                        said(
                            "name mails by their numbers, Message-IDs or files",
                            "请用编号、Message-ID 或文件名指定邮件",
                        ),
                    )
                })?;
                selection.chosen.push(Chosen::File(PathBuf::from(text)));
            } else {
                let id = text.trim_start_matches('<').trim_end_matches('>');
                let query = Query::Id(id.to_owned());
                let (_, page) =
                    ask("export", &options.path()?, |index| index.search(&query, Order::Date, 0, 1))?;
                let mail = page.mails.into_iter().next().ok_or_else(|| nothing(text))?;
                selection.held(mail)?;
            }
        }
        Ok(selection)
    }

    fn numbers(&mut self, text: &str, first: i64, last: i64, options: &Options) -> Result<(), Trouble> {
        if last - first >= MAX_RANGE {
            return Err(Trouble::new(
                Exit::Usage,
                said(
                    format!("{text} names more than {MAX_RANGE} numbers"),
                    format!("{text} 超过了 {MAX_RANGE} 个编号"),
                ),
                said("use --all, or --search", "请使用 --all 或 --search"),
            ));
        }
        let (_, found) = ask("export", &options.path()?, |index| {
            let mut found = Vec::new();
            for number in first..=last {
                found.extend(index.get(number)?.map(bare));
            }
            Ok(found)
        })?;
        if found.is_empty() {
            return Err(nothing(text));
        }
        found.into_iter().try_for_each(|mail| self.held(mail))
    }

    fn held(&mut self, mail: Mail) -> Result<(), Trouble> {
        let folder = match self.opened.get(&mail.maildir) {
            Some(folder) => *folder,
            None => {
                self.folders.push(Maildir::open(&mail.maildir).map_err(|error| not_opened(&error))?);
                self.opened.insert(mail.maildir, self.folders.len() - 1);
                self.folders.len() - 1
            }
        };
        self.chosen.push(Chosen::Held(folder, mail.unique, Some(mail.id)));
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.chosen.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Chosen> {
        self.chosen.iter()
    }

    /// How it is called in a sentence.
    pub(super) fn label(&self, chosen: &Chosen) -> String {
        match chosen {
            Chosen::Held(_, _, Some(number)) => number.to_string(),
            Chosen::Held(_, unique, None) => unique.to_string_lossy().into_owned(),
            Chosen::File(path) => path.to_string_lossy().into_owned(),
        }
    }

    /// Its file.
    pub(super) fn open(&self, chosen: &Chosen) -> io::Result<File> {
        match chosen {
            Chosen::Held(folder, unique, _) => self.folders[*folder].read(unique).map(|(_, file)| file),
            Chosen::File(path) => File::open(path),
        }
    }
}

/// Without the texts, which are not needed for writing it.
fn bare(mail: Mail) -> Mail {
    Mail { subject: None, from: None, to: None, message_id: None, path: PathBuf::new(), ..mail }
}

/// `12` or `10-20`.
fn numbers(text: &str) -> Option<(i64, i64)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(first) || !digits(last) {
        return None;
    }
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

fn nothing(text: &str) -> Trouble {
    Trouble::new(
        Exit::NoInput,
        said(format!("there is no mail {text}"), format!("没有邮件 {text}")),
        said("see which there are by `hongyan list`", "请用 hongyan list 查看有哪些邮件"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_range_of_them() {
        for (text, expected) in [
            ("12", Some((12, 12))),
            ("10-20", Some((10, 20))),
            ("20-10", None),
            ("-5", None),
            ("5-", None),
            ("1-2-3", None),
            ("a@b", None),
            ("./12", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(numbers(text), expected, "{text}");
        }
    }
}
