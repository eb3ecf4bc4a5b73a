//! Asking the index of a Maildir: brought up to date first, made again where it is damaged.

use std::path::Path;

use hongyan_mailbox::Maildir;
use hongyan_mailbox::index::{Index, IndexError, Refreshed};

use super::trouble::{not_opened, unusable};
use crate::cli::figures::grouped;
use crate::cli::progress::Bar;
use crate::cli::terminal::{Language, safe, tell};
use crate::cli::trouble::Trouble;
use crate::said::{Said, said};

/// Fewer new mails than this are read before a bar could be.
const WORTH_A_BAR: u64 = 2_000;

/// Brings the index of the Maildir at `path` up to date and asks it; gives it back for more questions. What is to be
/// known about that is told on standard error; `command` is who speaks.
pub(crate) fn ask<T>(
    command: &str,
    path: &Path,
    question: impl Fn(&Index) -> Result<T, IndexError>,
) -> Result<(Index, T), Trouble> {
    let maildir = Maildir::open(path).map_err(|error| not_opened(&error))?;
    let answered = Index::open(&maildir).and_then(|index| answer(command, index, &question));
    let answered = match answered {
        // Found out only now; the mails are all there, so there is nothing to ask a person for.
        Err(IndexError::Damaged { .. }) => {
            Index::remake(&maildir).and_then(|index| answer(command, index, &question))
        }
        answered => answered,
    };
    answered.map_err(|error| unusable(&error))
}

fn answer<T>(
    command: &str,
    mut index: Index,
    question: impl Fn(&Index) -> Result<T, IndexError>,
) -> Result<(Index, T), IndexError> {
    let mut bar = None;
    let refreshed = index.refresh(|done, total| {
        if total >= WORTH_A_BAR {
            bar.get_or_insert_with(|| Bar::of_mails(total)).stands_at(done);
        }
    });
    drop(bar);
    if let Some(old) = index.replaces() {
        let old = old.display();
        note(
            command,
            &said(
                format!("the index was damaged and is made again; the old one is {old}"),
                format!("索引已损坏，已重建；旧索引保存为 {old}"),
            ),
        );
    }
    match refreshed {
        Ok(refreshed) => notes(command, &refreshed),
        Err(IndexError::Updating { process }) => note(command, &behind(process)),
        Err(error) => return Err(error),
    }
    let answer = question(&index)?;
    Ok((index, answer))
}

/// What a refresh could not do.
fn notes(command: &str, refreshed: &Refreshed) {
    if refreshed.cut > 0 {
        let number = grouped(refreshed.cut);
        note(
            command,
            &said(
                format!("mails with more text than is searched: {number} (all of it is there to be shown)"),
                format!("有 {number} 封邮件的内容过长，只有开头部分可以搜索（显示时不受影响）"),
            ),
        );
    }
    for unreadable in &refreshed.unreadable {
        let (path, error) = (unreadable.path.display(), &unreadable.error);
        note(command, &said(format!("{path} cannot be read: {error}"), format!("无法读取 {path}：{error}")));
    }
    let more = refreshed.unread - refreshed.unreadable.len() as u64;
    if more > 0 {
        let more = grouped(more);
        note(
            command,
            &said(format!("{more} more mails cannot be read"), format!("另有 {more} 封邮件无法读取")),
        );
    }
}

fn behind(process: Option<u32>) -> Said {
    let (en, zh) = match process {
        Some(process) => (format!("process {process}"), format!("进程 {process} ")),
        None => ("another process".to_owned(), "另一个进程".to_owned()),
    };
    said(
        format!("{en} is bringing the index up to date: the newest mails may be missing here"),
        format!("{zh}正在更新索引：这里可能缺少最新的邮件"),
    )
}

fn note(command: &str, text: &Said) {
    tell(&format!("{command}: {}", safe(Language::of_the_environment().of(text))));
}
