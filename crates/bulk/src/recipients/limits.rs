//! How much of a sheet is read. A sheet that goes beyond is an error that names the limit, never a shorter list of
//! recipients.

use hongyan_proto::said::{Said, said};

/// Columns of any sheet: what Excel has (`XFD`).
pub const MAX_COLUMNS: u32 = 16_384;
/// Rows of a workbook's sheet: what Excel has. Text files have no limit.
pub const MAX_ROWS: u64 = 1_048_576;
/// Octets of one cell in UTF-8; Excel itself has 32,767 characters. Also the longest tag of a workbook's XML.
pub const MAX_CELL: usize = 1 << 20;
/// Octets of one row of a text file in UTF-8.
pub const MAX_RECORD: usize = 16 << 20;
/// Octets of the shared texts of an XLSX, or of the texts of an XLS: they are kept in memory while it is read.
pub const MAX_STRINGS: u64 = 1 << 30;
/// Octets of a workbook's sheet as XML.
pub const MAX_PART: u64 = 8 << 30;
/// Octets of a workbook's own tables: its list of sheets, its styles.
pub const MAX_TABLE: u64 = 64 << 20;
/// Octets of an XLS: it is kept in memory while it is read. Excel's 65,536 rows of 40 columns take about 40 MB.
pub const MAX_XLS: u64 = 256 << 20;
/// Merged ranges of a sheet.
pub const MAX_MERGED: usize = 200_000;
/// Cells that an ODS leaves out because they are like those before them.
pub const MAX_REPEATED: u64 = 16 << 20;
/// Findings of each kind in each reading that are kept one by one; the others are counted.
pub const MAX_FINDINGS: usize = 200;
/// Rows in which the names of the columns are looked for.
pub const MAX_HEADER_SEARCH: usize = 64;
/// Addresses in one cell.
pub const MAX_ADDRESSES: usize = 1000;

/// A limit that a sheet can reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// [`MAX_COLUMNS`].
    Columns,
    /// [`MAX_ROWS`].
    Rows,
    /// [`MAX_CELL`].
    Cell,
    /// [`MAX_RECORD`].
    Record,
    /// [`MAX_STRINGS`].
    Strings,
    /// [`MAX_PART`].
    Part,
    /// [`MAX_TABLE`].
    Table,
    /// [`MAX_XLS`].
    Xls,
    /// [`MAX_MERGED`].
    Merged,
    /// [`MAX_REPEATED`].
    Repeated,
}

impl Limit {
    /// What there is too much of, with the limit.
    pub fn said(self) -> Said {
        match self {
            Self::Columns => said("there are more than 16,384 columns", "列数超过 16,384"),
            Self::Rows => said("there are more than 1,048,576 rows", "行数超过 1,048,576"),
            Self::Cell => said("a cell is longer than 1 MiB", "单元格内容超过 1 MiB"),
            Self::Record => said("the row is longer than 16 MiB", "这一行超过 16 MiB"),
            Self::Strings => said("the workbook's texts are larger than 1 GiB", "工作簿的文字超过 1 GiB"),
            Self::Part => said("the sheet is larger than 8 GiB", "工作表超过 8 GiB"),
            Self::Table => said("the workbook's styles are larger than 64 MiB", "工作簿的样式表超过 64 MiB"),
            Self::Xls => said("the XLS file is larger than 256 MiB", "XLS 文件超过 256 MiB"),
            Self::Repeated => {
                said("more than 16,777,216 cells are repeated", "重复的单元格超过 16,777,216 个")
            }
            Self::Merged => said("there are more than 200,000 merged ranges", "合并区域超过 200,000 个"),
        }
    }
}
