//! Which mail a person means: by the number in a list, by its Message-ID, or by its file.

use std::io;
use std::path::{Path, PathBuf};

use hongyan_mailbox::index::{Mail, Order};
use hongyan_mailbox::{Maildir, Query, Raw};

use super::held::Held;
use super::{ask, not_opened};
use crate::cli::exit::Exit;
use crate::cli::raw_mail;
use crate::cli::trouble::Trouble;
use crate::said::said;

/// The mail that was meant.
pub(crate) struct Chosen {
    /// Its bytes.
    pub(crate) raw: Raw,
    /// Its file; none where it came through standard input.
    pub(crate) path: Option<PathBuf>,
    /// Its place in a Maildir, where it lies in one.
    pub(crate) held: Option<Held>,
}

impl Chosen {
    /// The mail that `which` names: a number, a Message-ID (with `<…>` or without), a file, or `-` for standard
    /// input. Digits alone are a number: a file that is called so is `./12`. `maildir` says in which Maildir, and is
    /// asked only where that matters; `command` is who speaks.
    pub(crate) fn find(
        command: &str,
        which: &str,
        maildir: impl FnOnce() -> Result<PathBuf, Trouble>,
    ) -> Result<Self, Trouble> {
        if let Ok(number) = which.parse::<i64>()
            && which.bytes().all(|octet| octet.is_ascii_digit())
        {
            let maildir = maildir()?;
            let (_, mail) = ask(command, &maildir, |index| index.get(number))?;
            return Self::held(mail.ok_or_else(|| no_number(which, &maildir))?);
        }
        let path = Path::new(which);
        if which == "-" || path.exists() || !which.contains('@') {
            let raw = raw_mail::load(path)?;
            let path = (which != "-").then(|| path.to_owned());
            return Ok(Self { raw, held: path.as_deref().and_then(Held::by_file), path });
        }
        let id = which.trim_start_matches('<').trim_end_matches('>');
        let maildir = maildir()?;
        let query = Query::Id(id.to_owned());
        let (_, mut page) = ask(command, &maildir, |index| index.search(&query, Order::Date, 0, 1))?;
        Self::held(page.mails.pop().ok_or_else(|| no_id(which, &maildir))?)
    }

    fn held(mail: Mail) -> Result<Self, Trouble> {
        let maildir = Maildir::open(&mail.maildir).map_err(|error| not_opened(&error))?;
        let held = Held::new(maildir, mail.unique);
        let name = raw_mail::file_name(&mail.path);
        match held.open() {
            Ok((path, file)) => {
                Ok(Self { raw: raw_mail::open(&file, &name)?, path: Some(path), held: Some(held) })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Trouble::new(
                Exit::NoInput,
                said(
                    format!("mail {} has just been removed by another program", mail.id),
                    format!("邮件 {} 刚刚被另一个程序删除", mail.id),
                ),
                said("list the mailbox again", "请重新列出邮箱内容"),
            )),
            Err(error) => Err(raw_mail::unreadable(&name, &error)),
        }
    }
}

fn no_number(number: &str, maildir: &Path) -> Trouble {
    let maildir = maildir.display();
    Trouble::new(
        Exit::NoInput,
        said(
            format!("there is no mail {number} in {maildir}; it may have been removed"),
            format!("{maildir} 中没有编号为 {number} 的邮件，可能已被删除"),
        ),
        said("see the numbers by `hongyan list`", "请用 hongyan list 查看编号"),
    )
}

fn no_id(id: &str, maildir: &Path) -> Trouble {
    let maildir = maildir.display();
    Trouble::new(
        Exit::NoInput,
        said(
            format!("there is no file {id}, and no mail with that Message-ID in {maildir}"),
            format!("没有文件 {id}，{maildir} 中也没有该 Message-ID 的邮件"),
        ),
        said("look for it by `hongyan search`", "请用 hongyan search 查找"),
    )
}
