//! What goes wrong with the file, in words: what happened, to which file, and what to do next.

use std::io;
use std::path::Path;

use hongyan_proto::said::{Said, said};
use rusqlite::ErrorCode;

use crate::ledger::LedgerError;

/// What went wrong, before the file's name is put to it.
#[derive(Debug)]
pub(super) enum Trouble {
    Sqlite(rusqlite::Error),
    Io(io::Error),
    Damaged(Said),
    Newer(i64),
    Refused(Said),
}

pub(super) fn damaged(en: impl Into<String>, zh: impl Into<String>) -> Trouble {
    Trouble::Damaged(said(en, zh))
}

pub(super) fn newer(version: impl Into<i64>) -> Trouble {
    Trouble::Newer(version.into())
}

pub(super) fn refused(en: impl Into<String>, zh: impl Into<String>) -> Trouble {
    Trouble::Refused(said(en, zh))
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<rusqlite::types::FromSqlError> for Trouble {
    fn from(error: rusqlite::types::FromSqlError) -> Self {
        Self::Sqlite(error.into())
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Trouble {
    /// Whether nothing was changed and the ledger can go on.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// With the file's name and the next step.
    pub(super) fn at(self, path: &Path) -> LedgerError {
        let path = path.display();
        match self {
            Self::Sqlite(error) => sqlite(&error, &path.to_string()),
            Self::Io(error) => cannot(&error.to_string(), is_full(&error), &path.to_string()),
            Self::Damaged(what) => LedgerError::Damaged(damage(&what, &path.to_string())),
            Self::Newer(version) => LedgerError::Newer(said(
                format!(
                    "the ledger {path} was written by a newer version of Hongyan (format {version}): \
                     use that version, or a later one"
                ),
                format!("账本 {path} 由更新版本的鸿雁写成(格式 {version}):请使用该版本或更新的版本"),
            )),
            Self::Refused(what) => LedgerError::Refused(said(
                format!("the ledger {path}: {}", what.en),
                format!("账本 {path}:{}", what.zh),
            )),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn sqlite(error: &rusqlite::Error, path: &str) -> LedgerError {
    use rusqlite::Error as E;
    let unexpected = matches!(
        error,
        E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..)
            | E::InvalidColumnType(..)
            | E::QueryReturnedNoRows
    );
    let in_the_way = said(
        format!(
            "another program keeps the ledger {path} locked: end it (a backup, a viewer of databases), then run again"
        ),
        format!("另一个程序一直锁住账本 {path}:请先结束它(备份程序、数据库查看器等),然后重新运行"),
    );
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            LedgerError::Damaged(damage(&said(error.to_string(), error.to_string()), path))
        }
        None if unexpected => LedgerError::Damaged(damage(
            &said("a record is not what it must be", "有一条记录不符合应有的格式"),
            path,
        )),
        Some(ErrorCode::DiskFull) => cannot(&error.to_string(), true, path),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Failed(in_the_way),
        _ => cannot(&error.to_string(), false, path),
    }
}

fn damage(what: &Said, path: &str) -> Said {
    said(
        format!(
            "the ledger {path} is damaged: {}; put a copy of the campaign's folder back from a backup. Do not start \
             the campaign anew before you know from the account's folder for sent mail who has got the letter",
            what.en
        ),
        format!(
            "账本 {path} 已损坏:{};请从备份恢复活动文件夹。在从账户的“已发送”文件夹弄清谁已收到邮件之前,不要重新开始这次活动",
            what.zh
        ),
    )
}

fn cannot(error: &str, full: bool, path: &str) -> LedgerError {
    LedgerError::Failed(if full {
        said(
            format!(
                "the disk of the ledger {path} is full ({error}): make room, then run again; it goes on where it stopped"
            ),
            format!("账本 {path} 所在的磁盘已满({error}):请腾出空间后重新运行,会从中断处继续"),
        )
    } else {
        said(
            format!(
                "the ledger {path} cannot be read or written ({error}): see that the disk is well, has room and lets \
                 you write, then run again; it goes on where it stopped"
            ),
            format!(
                "账本 {path} 无法读写({error}):请检查磁盘是否正常、有空间、可写入,然后重新运行,会从中断处继续"
            ),
        )
    })
}
