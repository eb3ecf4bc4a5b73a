//! Why a report cannot be made.

use std::fmt;
use std::io;

use hongyan_proto::said::{Problem, said};
use rust_xlsxwriter::XlsxError;

use crate::ledger::LedgerError;

/// Why a report cannot be made.
#[derive(Debug)]
pub enum ReportError {
    /// The ledger cannot be read.
    Ledger(LedgerError),
    /// The report cannot be written.
    Write(io::Error),
    /// The sheet has more columns than a workbook can.
    TooManyColumns {
        /// So many it would have.
        columns: usize,
    },
}

impl ReportError {
    /// What is wrong and what to do next, where it is not the ledger.
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::Ledger(_) => None,
            Self::Write(error) => {
                let full = matches!(
                    error.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
                );
                let what = if full {
                    said("the disk is full", "磁盘已满")
                } else {
                    said(format!("the report cannot be written: {error}"), format!("无法写入报告：{error}"))
                };
                Some(Problem::new(
                    what,
                    said(
                        "make room, or name another place with -o; nothing partial is left",
                        "请腾出空间，或用 -o 指定其他位置；没有留下残缺的文件",
                    ),
                ))
            }
            Self::TooManyColumns { columns } => Some(Problem::new(
                said(
                    format!(
                        "a sheet of a workbook has at most 16,384 columns, and this would have {columns}"
                    ),
                    format!("工作表最多 16,384 列，而此报告需要 {columns} 列"),
                ),
                said("write it as CSV, HTML or JSON", "请改用 CSV、HTML 或 JSON 格式"),
            )),
        }
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger(error) => error.fmt(f),
            other => other.problem().map_or(Ok(()), |problem| problem.fmt(f)),
        }
    }
}

impl std::error::Error for ReportError {}

impl From<LedgerError> for ReportError {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<io::Error> for ReportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<::csv::Error> for ReportError {
    fn from(error: ::csv::Error) -> Self {
        // Its own way to an I/O error forgets what sort of error it was.
        Self::Write(match error.into_kind() {
            ::csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

impl From<XlsxError> for ReportError {
    fn from(error: XlsxError) -> Self {
        Self::Write(match error {
            XlsxError::IoError(error) => error,
            XlsxError::ZipError(error) => error.into(),
            other => io::Error::other(other.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such_whichever_format_meets_it() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        for error in [
            ReportError::from(full()),
            ReportError::from(::csv::Error::from(full())),
            ReportError::from(serde_json::Error::io(full())),
            ReportError::from(XlsxError::IoError(full())),
        ] {
            assert_eq!(error.problem().unwrap().what.en, "the disk is full", "{error:?}");
        }
    }
}
