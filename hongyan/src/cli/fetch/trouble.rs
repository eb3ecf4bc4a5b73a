//! What to do about what keeps a fetch from its end.

use std::io::ErrorKind;

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::mailbox::lock::LockError;
use crate::mailbox::maildir::OpenError;
use crate::mailbox::state::StateError;
use crate::receive::KeepError;
use crate::said::{Said, said};

/// The Maildir cannot be used.
pub(super) fn maildir(error: &OpenError) -> Trouble {
    let what = said(error.to_string(), format!("Maildir 无法使用：{error}"));
    let next = match error {
        OpenError::Io { .. } => said(
            "look whether you may write there, and whether the disk is full",
            "请检查写入权限以及磁盘是否已满",
        ),
        _ => said(
            "name another folder with --to: an empty or new one, or a Maildir",
            "请用 --to 指定另一个文件夹：空文件夹、新文件夹或 Maildir",
        ),
    };
    Trouble::new(Exit::CannotCreate, what, next)
}

/// Another fetch is going on.
pub(super) fn locked(error: &LockError) -> Trouble {
    let next = match error {
        LockError::Held { .. } => said(
            "wait until it is done, or fetch into another Maildir; nothing was changed",
            "请等它结束，或收取到另一个 Maildir；没有做任何改动",
        ),
        LockError::Io { .. } => disk(),
    };
    Trouble::new(Exit::TempFail, said(error.to_string(), format!("无法锁定 Maildir：{error}")), next)
}

/// The record of earlier fetches cannot be used.
pub(super) fn state(error: &StateError) -> Trouble {
    let (exit, next) = match error {
        StateError::Newer { .. } => (
            Exit::Config,
            said(
                "use the version of hongyan that wrote it, or a newer one. Nothing was fetched or deleted",
                "请使用写入它的版本或更新版本的 hongyan。没有收取或删除任何邮件",
            ),
        ),
        StateError::OtherKey { path, .. } => (
            Exit::Config,
            said(
                format!(
                    "move {} away: what is here already is then recognised by its content",
                    path.display()
                ),
                format!("请移走 {}：已有的邮件会按内容识别", path.display()),
            ),
        ),
        _ => (Exit::Io, disk()),
    };
    Trouble::new(exit, said(error.to_string(), format!("收取记录无法使用：{error}")), next)
}

/// Messages could not be made safe.
pub(super) fn keep(error: &KeepError) -> Trouble {
    let next = match error.io().kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => said(
            "make room on the disk and fetch again: what is not here is still on the server",
            "请清理磁盘空间后重新收取：尚未保存的邮件仍在服务器上",
        ),
        _ => said(
            "look at the disk and fetch again: what is not here is still on the server",
            "请检查磁盘后重新收取：尚未保存的邮件仍在服务器上",
        ),
    };
    Trouble::new(Exit::Io, said(error.to_string(), format!("邮件无法安全保存：{error}")), next)
}

/// A file of ours.
pub(super) fn io(error: &std::io::Error) -> Trouble {
    Trouble::new(
        Exit::Io,
        said(format!("a file of the Maildir: {error}"), format!("Maildir 中的文件：{error}")),
        disk(),
    )
}

fn disk() -> Said {
    said("look whether you may write there, and whether the disk is full", "请检查写入权限以及磁盘是否已满")
}
