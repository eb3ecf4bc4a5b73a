//! Why a Maildir or its index cannot be used, and what to do about it.

use std::path::Path;

use hongyan_mailbox::index::IndexError;
use hongyan_mailbox::maildir::OpenError;

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::said::{Said, said};

/// Why a Maildir was not opened.
pub(crate) fn not_opened(error: &OpenError) -> Trouble {
    let name_it = || {
        said(
            "name the Maildir with --maildir, or fetch mail into it first",
            "请用 --maildir 指定 Maildir，或先收信",
        )
    };
    let (exit, zh, next) = match error {
        OpenError::Missing(path) => (Exit::NoInput, format!("{} 处没有 Maildir", path.display()), name_it()),
        OpenError::NotAFolder(path) => (
            Exit::NoInput,
            format!("{} 是文件，不是 Maildir（含有 tmp、new、cur 的文件夹）", path.display()),
            name_it(),
        ),
        OpenError::NotAMaildir { path, lacks } => {
            (Exit::NoInput, format!("{} 不是 Maildir：缺少 {}", path.display(), lacks.join("、")), name_it())
        }
        OpenError::Occupied { path, by } => (
            Exit::CannotCreate,
            format!("文件夹 {} 中有别的内容（{by}），不能用作 Maildir", path.display()),
            said("name a new folder", "请指定一个新文件夹"),
        ),
        OpenError::NoFolder { name, .. } => (
            Exit::NoInput,
            format!("邮箱中没有文件夹 {name}"),
            said("check the folder's name", "请检查文件夹名"),
        ),
        OpenError::Io { path, error } => (
            Exit::Io,
            format!("无法打开 Maildir {}：{error}", path.display()),
            said("check its permissions", "请检查权限"),
        ),
    };
    Trouble::new(exit, said(error.to_string(), zh), next)
}

/// Why an index cannot be used.
pub(crate) fn unusable(error: &IndexError) -> Trouble {
    let shown = |path: &Path| path.display().to_string();
    let (exit, zh, next): (Exit, String, Said) = match error {
        IndexError::Newer { path, version } => (
            Exit::Config,
            format!("索引 {} 由更新版本的程序建立（格式 {version}）", shown(path)),
            said(
                "use that version; or delete the file, and the index is made again from the mails",
                "请使用新版本；或删除该文件，程序会根据邮件重建索引",
            ),
        ),
        IndexError::Damaged { path } => (
            Exit::Io,
            format!("索引 {} 已损坏", shown(path)),
            said("look whether the disk is sound, and run the command again", "请检查磁盘后再运行一次"),
        ),
        IndexError::Updating { process } => {
            let who = process.map_or_else(|| "另一个进程".to_owned(), |process| format!("进程 {process} "));
            (Exit::TempFail, format!("{who}正在更新索引"), said("wait until it is done", "请等它完成"))
        }
        IndexError::Locked { path } => (
            Exit::TempFail,
            format!("索引 {} 被另一个程序锁定", shown(path)),
            said("end that program, or wait until it is done", "请结束该程序，或等它完成"),
        ),
        IndexError::ReadOnly { path } => (
            Exit::CannotCreate,
            format!("无法写入索引：{}", shown(path)),
            said(
                "the index is kept in the Maildir's folder `hongyan`: ask for the right to write there, or copy the Maildir",
                "索引保存在 Maildir 的 hongyan 文件夹中：请取得写入权限，或复制该 Maildir",
            ),
        ),
        IndexError::Full { path } => (
            Exit::Io,
            format!("磁盘没有空间存放索引 {}", shown(path)),
            said("make room on the disk", "请腾出磁盘空间"),
        ),
        other => (
            Exit::Io,
            format!("索引：{other}"),
            said("try again; the disk may have to be looked at", "请重试，或检查磁盘"),
        ),
    };
    Trouble::new(exit, said(error.to_string(), zh), next)
}
