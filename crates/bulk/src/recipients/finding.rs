//! What was found out, repaired or left out while a sheet was read, so that a person can see and contradict it.

use std::collections::HashMap;
use std::mem::Discriminant;

use hongyan_proto::said::{Said, said};

use super::grid::NOT_CALCULATED;
use super::limits::MAX_FINDINGS;
use super::place::Place;

/// Something about a sheet that its owner should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where, if anywhere.
    pub place: Option<Place>,
    /// What.
    pub kind: FindingKind,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// The charset of a text file was found out.
    Charset(&'static str),
    /// The delimiter of a text file was found out.
    Delimiter(char),
    /// The file is called one thing and is another, which it is read as.
    NamedOtherwise {
        /// What its name says.
        named: &'static str,
        /// What it is.
        is: &'static str,
    },
    /// No sheet was named: this one is read, these are not.
    OtherSheets {
        /// The one that is read.
        read: String,
        /// Those that are not.
        others: Vec<String>,
    },
    /// The names of the columns were found below the first row.
    HeaderBelow,
    /// A name was cleaned of line breaks, spaces and invisible characters.
    NameCleaned {
        /// What it is now.
        name: String,
    },
    /// A column without a name has values, which cannot be used.
    WithoutName,
    /// A cell that is merged over several rows counts for all of them.
    FilledDown {
        /// The last row.
        last: u64,
    },
    /// A cell that is merged over several columns counts for the first of them only.
    MergedAcross,
    /// Empty rows between others were skipped.
    EmptyRows {
        /// The last one.
        last: u64,
    },
    /// Hidden or filtered rows are read like all others.
    HiddenRows {
        /// The last one.
        last: u64,
    },
    /// A formula has an error instead of a value, as `#N/A`; using the cell is an error.
    FormulaError {
        /// The error as the sheet shows it.
        shown: String,
    },
    /// A number of 16 digits or more: the sheet itself has lost those after the 15th.
    DigitsLost {
        /// What is left of it.
        shown: String,
    },
    /// A row has fewer cells than the header; the missing ones are empty.
    CellsMissing {
        /// How many it has.
        have: usize,
        /// How many the header has.
        columns: usize,
    },
    /// A line has a key that the first line has not; it cannot be used.
    UnknownKey(String),
    /// A line lacks a key that the first line has; it is null.
    MissingKey(String),
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// Possibly not what was meant.
    Warning,
}

impl Finding {
    /// About the file as a whole.
    pub fn of_file(kind: FindingKind) -> Self {
        Self { place: None, kind }
    }

    /// About a place.
    pub fn at(place: Place, kind: FindingKind) -> Self {
        Self { place: Some(place), kind }
    }

    /// How much it matters.
    pub fn weight(&self) -> Weight {
        match self.kind {
            FindingKind::Charset(_)
            | FindingKind::Delimiter(_)
            | FindingKind::HeaderBelow
            | FindingKind::NameCleaned { .. }
            | FindingKind::FilledDown { .. }
            | FindingKind::EmptyRows { .. } => Weight::Note,
            _ => Weight::Warning,
        }
    }

    /// For people, with the place.
    pub fn said(&self) -> Said {
        let what = self.kind.said();
        match &self.place {
            Some(place) => {
                let place = place.said();
                said(format!("{}: {}", place.en, what.en), format!("{}：{}", place.zh, what.zh))
            }
            None => what,
        }
    }
}

impl FindingKind {
    fn said(&self) -> Said {
        match self {
            Self::Charset(charset) => said(format!("read as {charset}"), format!("按 {charset} 编码读取")),
            Self::Delimiter(delimiter) => {
                let name = delimiter_name(*delimiter);
                said(format!("the cells are separated by {}", name.en), format!("单元格以{}分隔", name.zh))
            }
            Self::NamedOtherwise { named, is } => said(
                format!("the file is called {named} but is {is}, and is read as that; rename it"),
                format!("文件名是 {named}，内容却是 {is}，已按后者读取；建议改名"),
            ),
            Self::OtherSheets { read, others } => said(
                format!("the sheet “{read}” is read; these are not: {}", others.join(", ")),
                format!("读取工作表“{read}”；未读取：{}", others.join("、")),
            ),
            Self::HeaderBelow => said(
                "the names of the columns stand here; what is above is not read",
                "列名在这一行；上方内容不读取",
            ),
            Self::NameCleaned { name } => said(
                format!("the column is called “{name}” without its line breaks and spaces"),
                format!("去掉换行和空格后，该列名为“{name}”"),
            ),
            Self::WithoutName => {
                said("the column has no name, so its values cannot be used", "该列没有列名，其内容无法使用")
            }
            Self::FilledDown { last } => said(
                format!("merged down to row {last}: the value counts for all these rows"),
                format!("合并到第 {last} 行：这些行都使用该值"),
            ),
            Self::MergedAcross => said(
                "merged over several columns: the value counts for the first one only",
                "跨列合并：该值只算在第一列",
            ),
            Self::EmptyRows { last } => {
                said(format!("empty up to row {last}: skipped"), format!("到第 {last} 行为空，已跳过"))
            }
            Self::HiddenRows { last } => said(
                format!(
                    "hidden or filtered up to row {last}: read like all others; delete them if they get no mail"
                ),
                format!("到第 {last} 行被隐藏或筛选，但照常读取；若不应收信请删除"),
            ),
            Self::FormulaError { shown } if shown == NOT_CALCULATED => said(
                "the formula was never calculated: open the sheet in Excel, WPS or LibreOffice and save it",
                "公式没有计算结果：请用 Excel、WPS 或 LibreOffice 打开并保存一次",
            ),
            Self::FormulaError { shown } => said(
                format!("the formula shows {shown}: a letter that uses this cell cannot be made"),
                format!("公式结果为 {shown}：用到此单元格的信无法生成"),
            ),
            Self::DigitsLost { shown } => said(
                format!(
                    "{shown} is kept as a number of 16 digits or more, so its last digits are lost; enter it as text"
                ),
                format!("{shown} 是 16 位以上的数值，末尾数字在表格中已丢失；请按文本格式重新录入"),
            ),
            Self::CellsMissing { have, columns } => said(
                format!("the row has {have} of {columns} cells; the others are empty"),
                format!("这一行只有 {have} 个单元格（应有 {columns} 个），其余为空"),
            ),
            Self::UnknownKey(key) => said(
                format!("“{key}” is not in the first line, so it cannot be used"),
                format!("“{key}”不在首行中，无法使用"),
            ),
            Self::MissingKey(key) => said(format!("“{key}” is missing"), format!("缺少“{key}”")),
        }
    }
}

fn delimiter_name(delimiter: char) -> Said {
    match delimiter {
        ',' => said("commas", "逗号"),
        ';' => said("semicolons", "分号"),
        '\t' => said("tabs", "制表符"),
        '|' => said("|", "竖线"),
        '，' => said("full-width commas", "全角逗号"),
        '；' => said("full-width semicolons", "全角分号"),
        other => said(format!("“{other}”"), format!("“{other}”")),
    }
}

/// Findings in the order they were made, the first [`MAX_FINDINGS`] of each kind one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    list: Vec<Finding>,
    counts: HashMap<Discriminant<FindingKind>, usize>,
    more: u64,
}

impl Findings {
    /// Those that were kept.
    pub fn list(&self) -> &[Finding] {
        &self.list
    }

    /// How many there are beyond those.
    pub fn more(&self) -> u64 {
        self.more
    }

    pub(crate) fn add(&mut self, finding: Finding) {
        let of_kind = self.counts.entry(std::mem::discriminant(&finding.kind)).or_default();
        if *of_kind < MAX_FINDINGS {
            *of_kind += 1;
            self.list.push(finding);
        } else {
            self.more += 1;
        }
    }
}
