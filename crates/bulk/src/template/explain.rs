//! What the template language says of a mistake, as people need it: where, what, and what to do next.

use hongyan_proto::said::said;
use minijinja::{Error, ErrorKind};

use super::fields::FormulaError;
use super::{MAX_STEPS, filters};
use crate::campaign::{CampaignError, Place};
use crate::letter::RowError;
use crate::row::Columns;

/// So many columns are named at most.
const NAMED: usize = 30;

pub(super) fn syntax(error: &Error, place: Place) -> CampaignError {
    let detail = error.detail().unwrap_or("the template cannot be read").escape_debug().to_string();
    CampaignError::wrong(
        place,
        said(format!("the template is wrong: {detail}"), format!("模板有误：{detail}")),
        said(
            "each {{ needs its }}, each {% if %} its {% endif %}; a column whose name is no plain word is written {{ row[\"its name\"] }}",
            "每个 {{ 要有 }}，每个 {% if %} 要有 {% endif %}；列名不是普通单词时写作 {{ row[\"列名\"] }}",
        ),
    )
}

pub(super) fn loading(word: &str, place: Place) -> CampaignError {
    CampaignError::wrong(
        place,
        said(
            format!("{{% {word} %}} would need another template, and a campaign's templates load nothing"),
            format!("{{% {word} %}} 需要另一个模板，而活动的模板不加载其他文件"),
        ),
        said("write the text itself in its place", "请直接写出相应的内容"),
    )
}

pub(super) fn no_such_column(name: &str, columns: &Columns, place: Place) -> CampaignError {
    let shown = name.escape_debug();
    let names = columns.names();
    let near = names.iter().filter(|column| alike(name, column)).min_by_key(|column| distance(name, column));
    let listed: Vec<String> = names.iter().take(NAMED).map(|name| name.escape_debug().to_string()).collect();
    let (more, comma) = (if names.len() > NAMED { " …" } else { "" }, listed.join(", "));
    let next = match near {
        Some(near) => {
            let near = near.escape_debug();
            said(
                format!("did you mean `{near}`? The columns are: {comma}{more}"),
                format!("是不是 `{near}`？表格中的列有：{}{more}", listed.join("、")),
            )
        }
        None => said(
            format!("name one of the columns, or add this one to the sheet; there are: {comma}{more}"),
            format!("请改用已有的列，或在表格中加上这一列；已有：{}{more}", listed.join("、")),
        ),
    };
    let what = said(format!("the sheet has no column `{shown}`"), format!("表格中没有 `{shown}` 这一列"));
    CampaignError::wrong(place, what, next)
}

/// Whether one may have been meant for the other.
fn alike(a: &str, b: &str) -> bool {
    let longer = a.chars().count().max(b.chars().count());
    a.trim() == b.trim() || distance(a, b) * 2 <= longer.min(6)
}

/// How many characters differ (Levenshtein), without regard to case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.to_lowercase().chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

pub(super) fn too_long(row: u64, place: Place, limit: usize) -> RowError {
    RowError::new(
        row,
        place,
        None,
        said(format!("what it makes is longer than {limit} octets"), format!("生成的内容超过 {limit} 字节")),
        said(
            "look for a loop that does not end, or a cell that is too long",
            "请检查是否有不会结束的循环，或过长的单元格",
        ),
    )
}

pub(super) fn failed(row: u64, place: &Place, error: &Error) -> RowError {
    let from = place.line.map_or(0, |line| line - 1);
    let place = Place::line(place.file.clone(), error.line().map(|line| line + from).or(place.line));
    if let Some(formula) = formula_error(error) {
        let (column, shown) = (&formula.column, &formula.shown);
        let what = said(
            format!("the cell shows {shown}: its formula failed"),
            format!("单元格显示 {shown}：公式出错"),
        );
        let next = said("correct the formula in the sheet", "请在表格中更正公式");
        return RowError::new(row, place, Some(column.clone()), what, next);
    }
    let detail =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| detail.escape_debug().to_string());
    let (what, next) = match error.kind() {
        ErrorKind::OutOfFuel => (
            said(
                format!("rendering takes more than {MAX_STEPS} steps: a loop that does not end?"),
                format!("渲染超过 {MAX_STEPS} 步：是否有不会结束的循环？"),
            ),
            said("correct the loop in the template", "请更正模板中的循环"),
        ),
        ErrorKind::UndefinedError => (
            said(
                format!("something that does not exist is used: {detail}"),
                format!("使用了不存在的内容：{detail}"),
            ),
            said("look at the names in that line", "请检查该行中的名称"),
        ),
        ErrorKind::UnknownFilter
        | ErrorKind::UnknownFunction
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownMethod => (
            said(detail.clone(), format!("未知的过滤器或函数：{detail}")),
            said(
                format!("correct its name; filters for letters are {}", filters::NAMES),
                format!("请更正名称；信件常用的过滤器有 {}", filters::NAMES),
            ),
        ),
        _ => (
            said(detail.clone(), format!("模板无法渲染：{detail}")),
            said("correct the cell or the template", "请更正单元格或模板"),
        ),
    };
    RowError::new(row, place, None, what, next)
}

/// The formula's error that a rendering met.
fn formula_error(error: &Error) -> Option<&FormulaError> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<FormulaError>() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}
