//! Why the list cannot do what it was asked, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use hongyan_proto::said::{Problem, said};
use rusqlite::ErrorCode;

/// Faults of an import that are told at once; the rest are counted.
pub const MAX_FAULTS: usize = 20;

/// A row of an import that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: &'static str,
    /// The cell.
    pub text: String,
}

/// Why the list cannot do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SuppressionError {
    /// The file is no list of ours, or is damaged.
    Damaged {
        /// Where.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// A newer version wrote it.
    Newer {
        /// Where.
        path: PathBuf,
    },
    /// Other processes kept it locked for longer than is waited.
    Busy {
        /// Where.
        path: PathBuf,
    },
    /// It cannot be read or written: no rights, disk full, I/O error.
    Failed {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// A text is no address.
    Address {
        /// Its beginning.
        text: String,
    },
    /// A file to be imported has rows that cannot be taken; none was.
    Import {
        /// The first of them, at most [`MAX_FAULTS`].
        faults: Vec<Fault>,
        /// How many there are.
        count: u64,
    },
    /// A file to be imported cannot be read as CSV, or one to be exported cannot be written.
    Csv {
        /// What is wrong, and where.
        cause: String,
    },
}

impl SuppressionError {
    /// From what SQLite says about the file.
    pub(super) fn of(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { path, cause: error.to_string() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            // A value that no version of ours writes.
            None if matches!(
                error,
                rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..)
            ) =>
            {
                Self::Damaged { path, cause: error.to_string() }
            }
            _ => Self::Failed { path, cause: error.to_string() },
        }
    }

    /// What is wrong and what to do next.
    pub fn problem(&self) -> Problem {
        match self {
            Self::Damaged { path, cause } => {
                let path = path.display();
                Problem::new(
                    said(
                        format!("{path}: the suppression list is damaged ({cause})"),
                        format!("{path}：禁发名单已损坏（{cause}）"),
                    ),
                    said(
                        "nothing is sent while nobody knows who is on it. Put a copy back in its place; or move it away, and import your last export with `hongyan bulk suppress import FILE`",
                        "在名单不明时不会发送任何邮件。请恢复备份；或将该文件移走，再用 `hongyan bulk suppress import 文件` 导入最近一次导出的名单",
                    ),
                )
            }
            Self::Newer { path } => {
                let path = path.display();
                Problem::new(
                    said(
                        format!("{path}: a newer version of hongyan wrote this list"),
                        format!("{path}：该名单由更新版本的 hongyan 写入"),
                    ),
                    said(
                        "use that version, or another file with --list FILE",
                        "请使用该版本，或用 --list 文件 指定其他名单",
                    ),
                )
            }
            Self::Busy { path } => {
                let path = path.display();
                Problem::new(
                    said(
                        format!("{path}: other processes keep the list locked"),
                        format!("{path}：名单一直被其他进程占用"),
                    ),
                    said("try again when they have ended", "请等它们结束后再试"),
                )
            }
            Self::Failed { path, cause } => {
                let path = path.display();
                Problem::new(
                    said(format!("{path}: {cause}"), format!("{path}：{cause}")),
                    said(
                        "check that the folder exists, that you may write there and that the disk is not full",
                        "请检查文件夹是否存在、是否有写权限、磁盘是否已满",
                    ),
                )
            }
            Self::Address { text } => Problem::new(
                said(format!("“{text}” is no address"), format!("“{text}”不是邮件地址")),
                said("write it as name@domain", "请写成 名称@域名 的形式"),
            ),
            Self::Import { faults, count } => {
                let lines = |line: &str| {
                    let each = faults
                        .iter()
                        .map(|fault| format!("\n  {line} {}: {}: “{}”", fault.line, fault.what, fault.text));
                    each.collect::<String>()
                };
                Problem::new(
                    said(
                        format!("{count} rows cannot be taken, so none was:{}", lines("line")),
                        format!("有 {count} 行无法导入，因此一行也没有导入：{}", lines("行")),
                    ),
                    said("correct them and import the file again", "请改正后重新导入"),
                )
            }
            Self::Csv { cause } => Problem::new(
                said(
                    format!("the file cannot be read or written as CSV: {cause}"),
                    format!("无法以 CSV 读写该文件：{cause}"),
                ),
                said(
                    "it has to be UTF-8 with a first line of column names, `address` among them",
                    "文件须为 UTF-8，首行为列名，其中须有 address 列",
                ),
            ),
        }
    }
}

impl fmt::Display for SuppressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem().what.en)
    }
}

impl std::error::Error for SuppressionError {}
