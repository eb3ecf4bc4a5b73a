//! Why a sheet, or a row of it, cannot be read: what, where, and what to do next.

use std::fmt;
use std::path::PathBuf;

use hongyan_proto::said::{Problem, Said, said};

use super::limits::Limit;
use super::place::{Place, letters};

/// What is wrong with a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetError {
    /// The file, as it was named.
    pub file: PathBuf,
    /// Where in it, if anywhere.
    pub place: Option<Place>,
    /// What.
    pub kind: SheetErrorKind,
}

/// What can be wrong with a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SheetErrorKind {
    /// The file cannot be read: the system's words.
    Io(String),
    /// There is nothing in it.
    Empty,
    /// It is something else, as `a PDF document`.
    NotASheet(Said),
    /// A web page, whatever it is called: what many portals hand out as `.xls`.
    WebPage,
    /// A workbook in a format that is not read, as `XLSB`.
    OtherWorkbook(&'static str),
    /// Protected with a password.
    Encrypted,
    /// A workbook whose content contradicts itself or is cut off.
    Damaged(String),
    /// A limit was reached.
    TooLarge(Limit),
    /// There is no sheet of that name; these are there.
    NoSheet {
        /// The name that was asked for.
        asked: String,
        /// The names that there are.
        have: Vec<String>,
    },
    /// No row looks like the names of columns; the first rows are shown.
    NoHeader {
        /// The first rows, cells joined by ` | `.
        seen: Vec<String>,
    },
    /// The row that was said to hold the names is empty or beyond the end; the first rows are shown.
    HeaderNotThere {
        /// The row that was asked for.
        asked: u64,
        /// The first rows, cells joined by ` | `.
        seen: Vec<String>,
    },
    /// Two columns have the same name.
    DoubledName {
        /// The name.
        name: String,
        /// The first column, from 0.
        first: u32,
        /// The other one.
        second: u32,
    },
    /// No charset is called so.
    UnknownCharset(String),
    /// The text is not in the charset that it is said to be in.
    NotInCharset {
        /// The charset that was said or found out.
        charset: &'static str,
        /// What it looks like.
        looks_like: Option<&'static str>,
    },
    /// The charset could not be found out.
    CharsetNotFound,
    /// A NUL octet: not a text.
    Nul,
    /// A delimiter that cannot separate cells.
    BadDelimiter(char),
    /// A row has more cells than the header.
    TooManyCells {
        /// How many it has.
        have: usize,
        /// How many the header has.
        columns: usize,
    },
    /// Text follows a closing quotation mark.
    AfterQuote,
    /// A quotation mark is not closed until the end of the file.
    OpenQuote,
    /// A line of JSON Lines is not an object.
    NotAnObject,
    /// A line is not JSON: the parser's words.
    NotJson(String),
    /// The file is one JSON array instead of an object on each line.
    JsonArray,
    /// The file was changed after it was opened.
    Changed,
}

impl SheetError {
    /// True where nothing after this can be read; else only this row is lost and the next one can be read.
    pub fn is_fatal(&self) -> bool {
        !matches!(
            self.kind,
            SheetErrorKind::TooManyCells { .. }
                | SheetErrorKind::AfterQuote
                | SheetErrorKind::NotAnObject
                | SheetErrorKind::NotJson(_)
        )
    }

    /// For people: what is wrong and where, and what to do next.
    pub fn problem(&self) -> Problem {
        let what = self.kind.what();
        let file = self.file.display();
        let what = match &self.place {
            Some(place) => {
                let place = place.said();
                said(
                    format!("{file}, {}: {}", place.en, what.en),
                    format!("{file} {}：{}", place.zh, what.zh),
                )
            }
            None => said(format!("{file}: {}", what.en), format!("{file}：{}", what.zh)),
        };
        Problem::new(what, self.kind.next())
    }
}

impl fmt::Display for SheetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem().fmt(f)
    }
}

impl std::error::Error for SheetError {}

impl SheetErrorKind {
    fn what(&self) -> Said {
        match self {
            Self::Io(words) => said(format!("cannot be read ({words})"), format!("无法读取（{words}）")),
            Self::Empty => said("there is nothing in it", "文件是空的"),
            Self::NotASheet(found) => {
                said(format!("this is no sheet but {}", found.en), format!("这不是表格，而是{}", found.zh))
            }
            Self::WebPage => said(
                "this is a web page that is only called a sheet",
                "这其实是一个网页（HTML），只是文件名像表格",
            ),
            Self::OtherWorkbook(format) => said(
                format!("workbooks in the format {format} are not read"),
                format!("不支持 {format} 格式的工作簿"),
            ),
            Self::Encrypted => said("the workbook is protected with a password", "工作簿设有打开密码"),
            Self::Damaged(what) => {
                said(format!("the workbook is damaged ({what})"), format!("工作簿已损坏（{what}）"))
            }
            Self::TooLarge(limit) => limit.said(),
            Self::NoSheet { asked, have } => said(
                format!("there is no sheet called “{asked}”; there are: {}", have.join(", ")),
                format!("没有名为“{asked}”的工作表；现有：{}", have.join("、")),
            ),
            Self::NoHeader { seen } => said(
                format!(
                    "no row looks like the names of the columns. The first rows are:\n{}",
                    seen.join("\n")
                ),
                format!("没有找到写着列名的标题行。前几行是：\n{}", seen.join("\n")),
            ),
            Self::HeaderNotThere { asked, seen } => said(
                format!("row {asked} has no names of columns. The first rows are:\n{}", seen.join("\n")),
                format!("第 {asked} 行没有列名。前几行是：\n{}", seen.join("\n")),
            ),
            Self::DoubledName { name, first, second } => {
                let (first, second) = (letters(*first), letters(*second));
                said(
                    format!("the columns {first} and {second} are both called “{name}”"),
                    format!("{first} 列和 {second} 列都叫“{name}”"),
                )
            }
            Self::UnknownCharset(label) => {
                said(format!("no charset is called “{label}”"), format!("没有名为“{label}”的字符集"))
            }
            Self::NotInCharset { charset, .. } => {
                said(format!("this is not {charset}"), format!("内容不是 {charset} 编码"))
            }
            Self::CharsetNotFound => said("the charset could not be found out", "无法判断文字编码"),
            Self::Nul => said("there is a NUL octet: this is no text", "含有 NUL 字节，不是文本"),
            Self::BadDelimiter(c) => {
                said(format!("{c:?} cannot separate cells"), format!("{c:?} 不能用作分隔符"))
            }
            Self::TooManyCells { have, columns } => said(
                format!("the row has {have} cells, but only {columns} columns have a name"),
                format!("这一行有 {have} 个单元格，而标题行只有 {columns} 列"),
            ),
            Self::AfterQuote => said("text follows a closing quotation mark", "右引号之后还有文字"),
            Self::OpenQuote => {
                said("a quotation mark that opens in this row is not closed", "这一行开始的引号没有结束")
            }
            Self::NotAnObject => said("the line is no JSON object", "这一行不是 JSON 对象"),
            Self::NotJson(words) => {
                said(format!("the line is not JSON ({words})"), format!("这一行不是 JSON（{words}）"))
            }
            Self::JsonArray => said("the file is one JSON array", "整个文件是一个 JSON 数组"),
            Self::Changed => said("the file was changed while it was being read", "读取期间文件被修改"),
        }
    }

    fn next(&self) -> Said {
        match self {
            Self::Io(_) => said("check the name and that you may read it", "请检查文件名和读取权限"),
            Self::Empty | Self::NotASheet(_) => said(
                "name a sheet with a row of column names: XLSX, XLS, ODS, CSV, TSV or JSONL",
                "请指定带标题行的表格：XLSX、XLS、ODS、CSV、TSV 或 JSONL",
            ),
            Self::WebPage | Self::OtherWorkbook(_) => said(
                "open it in Excel, WPS or LibreOffice and save it as XLSX",
                "请用 Excel、WPS 或 LibreOffice 打开后另存为 XLSX",
            ),
            Self::Encrypted => said(
                "open it with the password and save a copy without one",
                "请用密码打开后另存一份不带密码的副本",
            ),
            Self::Damaged(_) => said(
                "open it in Excel, WPS or LibreOffice, let it repair the file, and save it as XLSX",
                "请用 Excel、WPS 或 LibreOffice 打开修复后另存为 XLSX",
            ),
            Self::TooLarge(Limit::Cell | Limit::Record) => said(
                "look whether a quotation mark is not closed; shorten it otherwise",
                "请检查是否有未结束的引号；否则请缩短内容",
            ),
            Self::TooLarge(Limit::Rows | Limit::Strings | Limit::Part | Limit::Xls) => said(
                "save it as CSV, which has no such limit, or divide it",
                "请另存为没有此限制的 CSV，或拆分成多个文件",
            ),
            Self::TooLarge(Limit::Columns | Limit::Table | Limit::Merged | Limit::Repeated) => said(
                "copy the rows and columns that are needed into a new sheet",
                "请把需要的行和列复制到新的工作表",
            ),
            Self::NoSheet { .. } => said("write one of these names as `sheet`", "请把其中一个名称写入 sheet"),
            Self::NoHeader { .. } | Self::HeaderNotThere { .. } => said(
                "write a row of names above the data, or say which row holds them with `header = 3`",
                "请在数据上方写一行列名，或用 header = 3 指定列名所在的行",
            ),
            Self::DoubledName { .. } => said("rename one of them in the sheet", "请在表格中给其中一列改名"),
            Self::UnknownCharset(_) => said(
                "write utf-8 or gb18030, or leave `charset` out",
                "请写 utf-8 或 gb18030，或去掉 charset",
            ),
            Self::NotInCharset { looks_like: Some(charset), .. } => said(
                format!("it looks like {charset}: write charset = \"{}\"", charset.to_lowercase()),
                format!("看起来是 {charset} 编码：请写 charset = \"{}\"", charset.to_lowercase()),
            ),
            Self::NotInCharset { looks_like: None, .. } | Self::CharsetNotFound => said(
                "save it as CSV UTF-8, or name its charset with `charset`",
                "请另存为“CSV UTF-8”，或用 charset 指定编码",
            ),
            Self::Nul => said("save it again as XLSX or as CSV UTF-8", "请重新另存为 XLSX 或“CSV UTF-8”"),
            Self::BadDelimiter(_) => said(
                "name another delimiter, such as `,` or `;`, or leave it out",
                "请换一个分隔符（如 , 或 ;），或不指定",
            ),
            Self::TooManyCells { .. } => said(
                "put a cell that holds the delimiter in quotation marks, or name the further columns",
                "请把含分隔符的单元格用引号括起来，或给多出的列加上列名",
            ),
            Self::AfterQuote => {
                said("double quotation marks within a cell: \"\"", "单元格内的引号要写两个：\"\"")
            }
            Self::OpenQuote => {
                said("close it, or double it if it belongs to the text", "请补上右引号；若属于内容请写两个")
            }
            Self::NotAnObject | Self::NotJson(_) => said(
                "write one object on each line: {\"name\": \"…\", \"email\": \"…\"}",
                "每行写一个对象：{\"姓名\": \"…\", \"邮箱\": \"…\"}",
            ),
            Self::JsonArray => said(
                "write one object on each line instead: jq -c '.[]' file.json > file.jsonl",
                "请改为每行一个对象：jq -c '.[]' file.json > file.jsonl",
            ),
            Self::Changed => said(
                "do not save it while it is being read, and start again",
                "读取期间请勿保存该文件，然后重试",
            ),
        }
    }
}
