//! Why a query makes no sense, and where.

use std::fmt;
use std::ops::Range;

use crate::query::{MAX_CONDITIONS, MAX_NESTING, MAX_QUERY};

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError {
    /// What is wrong.
    pub kind: QueryErrorKind,
    /// The octets of the query that it is about.
    pub at: Range<usize>,
}

/// What can be wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryErrorKind {
    /// No condition is called so.
    UnknownCondition(String),
    /// Nothing follows `name:`.
    NoValue(String),
    /// A value that a condition does not have.
    UnknownValue {
        /// The condition.
        name: String,
        /// The values that it has.
        known: &'static str,
    },
    /// Not a date.
    NotADate,
    /// Not a number of octets.
    NotASize,
    /// Neither a letter nor a digit is in it.
    NothingToFind,
    /// A quotation mark is not closed.
    OpenQuote,
    /// A parenthesis is not closed.
    OpenGroup,
    /// A parenthesis is closed that was not opened.
    StrayParenthesis,
    /// Nothing stands between parentheses, or on one side of `OR`, or behind `-`.
    Empty,
    /// A group cannot stand behind this condition.
    NoGroup(String),
    /// More than [`MAX_QUERY`] octets.
    TooLong,
    /// More than [`MAX_CONDITIONS`] conditions.
    TooMany,
    /// Nested deeper than [`MAX_NESTING`].
    TooDeep,
}

/// The conditions, for a message.
const CONDITIONS: &str =
    "from to cc subject body file list has is after before on larger smaller folder id thread";

impl QueryError {
    /// What is wrong, in English.
    pub fn text(&self) -> String {
        use QueryErrorKind as K;
        match &self.kind {
            K::UnknownCondition(name) => format!(
                "there is no condition {name}: (there are {CONDITIONS}); to look for the text itself, put it in quotation marks"
            ),
            K::NoValue(name) => format!("nothing follows {name}:"),
            K::UnknownValue { name, known } => format!("{name}: has only these values: {known}"),
            K::NotADate => "this is not a date: write 2026-01-31, 2026-01, 2026, today, yesterday, or 7d for seven days ago (w, m, y: weeks, months, years)".into(),
            K::NotASize => "this is not a size: write a number of bytes, or 20K, 1M, 2G".into(),
            K::NothingToFind => "there is no letter and no digit in it to look for".into(),
            K::OpenQuote => "the quotation mark is not closed".into(),
            K::OpenGroup => "the parenthesis is not closed".into(),
            K::StrayParenthesis => "no parenthesis was opened that this could close".into(),
            K::Empty => "a condition is missing here".into(),
            K::NoGroup(name) => format!("{name}: takes one value and no group"),
            K::TooLong => format!("a query may have {MAX_QUERY} bytes"),
            K::TooMany => format!("a query may have {MAX_CONDITIONS} conditions"),
            K::TooDeep => format!("parentheses may be nested {MAX_NESTING} deep"),
        }
    }

    /// What is wrong, in simplified Chinese.
    pub fn zh(&self) -> String {
        use QueryErrorKind as K;
        match &self.kind {
            K::UnknownCondition(name) => {
                format!("没有 {name}: 这个条件（可用的有 {CONDITIONS}）；如果要查找这段文字本身，请加引号")
            }
            K::NoValue(name) => format!("{name}: 后面缺少内容"),
            K::UnknownValue { name, known } => format!("{name}: 只能取以下值：{known}"),
            K::NotADate => "这不是日期：请写成 2026-01-31、2026-01、2026、today、yesterday，或 7d 表示七天前（w、m、y 表示周、月、年）".into(),
            K::NotASize => "这不是大小：请写字节数，或 20K、1M、2G".into(),
            K::NothingToFind => "这里没有可以查找的文字或数字".into(),
            K::OpenQuote => "引号没有闭合".into(),
            K::OpenGroup => "括号没有闭合".into(),
            K::StrayParenthesis => "多余的右括号".into(),
            K::Empty => "这里缺少条件".into(),
            K::NoGroup(name) => format!("{name}: 后面只能写一个值，不能用括号"),
            K::TooLong => format!("查询最长 {MAX_QUERY} 字节"),
            K::TooMany => format!("查询最多 {MAX_CONDITIONS} 个条件"),
            K::TooDeep => format!("括号最多嵌套 {MAX_NESTING} 层"),
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for QueryError {}
