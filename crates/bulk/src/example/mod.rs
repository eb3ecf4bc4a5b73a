//! A campaign to begin with: payslips for three people who do not exist, each with a file of their own. It is complete, so
//! that it can be checked, previewed and rehearsed at once, and every setting stands in it with a word of explanation.

mod pdf;
mod png;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::campaign::FILE;

/// In which language it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

/// Why it was not written.
#[derive(Debug)]
pub enum ExampleError {
    /// The folder has something in it.
    NotEmpty(PathBuf),
    /// This could not be written.
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// One of the three.
struct Person {
    id: &'static str,
    name: [&'static str; 2],
    email: &'static str,
    department: [&'static str; 2],
    pay: f64,
}

const MONTH: &str = "2026-10";
const PEOPLE: [Person; 3] = [
    Person {
        id: "00017",
        name: ["Zhang San", "张三"],
        email: "zhang.san@example.org",
        department: ["Research", "研发部"],
        pay: 12_345.6,
    },
    Person {
        id: "00018",
        name: ["Li Si", "李四"],
        email: "li.si@example.org",
        department: ["Sales", "销售部"],
        pay: 9_800.0,
    },
    Person {
        id: "00042",
        name: ["Wang Wu", "王五"],
        email: "wang.wu@example.org",
        department: ["Finance", "财务部"],
        pay: 10_250.05,
    },
];

const COLUMNS: [[&str; 6]; 2] = [
    ["id", "name", "email", "department", "month", "net_pay"],
    ["工号", "姓名", "邮箱", "部门", "月份", "实发工资"],
];
const CAMPAIGN: [&str; 2] = [include_str!("en/campaign.toml"), include_str!("zh/campaign.toml")];
const TEXT: [&str; 2] = [include_str!("en/letter.txt"), include_str!("zh/letter.txt")];
const HTML: [&str; 2] = [include_str!("en/letter.html"), include_str!("zh/letter.html")];

/// Writes the example into a folder, which is made, or empty. Gives the files' paths inside it, in order.
///
/// # Errors
/// [`ExampleError`]: a folder that is in use stays as it is.
pub fn write(folder: &Path, language: Language) -> Result<Vec<String>, ExampleError> {
    let failed = |error| ExampleError::Io { path: folder.to_owned(), error };
    fs::create_dir_all(folder).map_err(failed)?;
    if fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(ExampleError::NotEmpty(folder.to_owned()));
    }
    let at = language as usize;
    let mut files: Vec<(String, Vec<u8>)> = vec![
        (FILE.to_owned(), CAMPAIGN[at].into()),
        ("recipients.xlsx".to_owned(), sheet(at).map_err(|error| failed(io::Error::other(error)))?),
        ("letter.txt".to_owned(), TEXT[at].into()),
        ("letter.html".to_owned(), HTML[at].into()),
        ("pics/logo.png".to_owned(), png::logo()),
    ];
    for person in &PEOPLE {
        let lines = [
            "Payslip".to_owned(),
            format!("Employee   {}", person.id),
            format!("Month      {MONTH}"),
            format!("Net pay    {:.2}", person.pay),
        ];
        files.push((format!("files/{}.pdf", person.id), pdf::page(&lines)));
    }
    for (path, content) in &files {
        let path = folder.join(path);
        new_file(&path, content).map_err(|error| ExampleError::Io { path, error })?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Writes a file that is not there yet.
fn new_file(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::File::create_new(path)?.write_all(content)
}

/// The sheet: identifiers as text, so that their zeros stay; amounts as numbers with two decimals.
fn sheet(language: usize) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let text = Format::new().set_num_format("@");
    let amount = Format::new().set_num_format("0.00");
    let bold = Format::new().set_bold();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(COLUMNS[language]) {
        sheet.write_with_format(0, column, name, &bold)?;
        sheet.set_column_width(column, if column == 2 { 28 } else { 14 })?;
    }
    for (row, person) in (1..).zip(&PEOPLE) {
        let cells = [person.id, person.name[language], person.email, person.department[language], MONTH];
        for (column, cell) in (0..).zip(cells) {
            sheet.write_with_format(row, column, cell, &text)?;
        }
        sheet.write_with_format(row, 5, person.pay, &amount)?;
    }
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{Campaign, Config};
    use crate::letter::Maker;
    use crate::row::Columns;

    #[test]
    fn every_setting_that_is_offered_can_be_taken() {
        for text in CAMPAIGN {
            let offered = |line: &str| line.starts_with('#') && !line.starts_with("# ");
            let taken: Vec<&str> =
                text.lines().map(|line| if offered(line) { &line[1..] } else { line }).collect();
            let config: Config = toml::from_str(&taken.join("\n")).unwrap_or_else(|error| panic!("{error}"));
            assert!(config.pace.hours.is_some() && config.recipients.cc.is_some());
        }
    }

    #[test]
    fn the_example_is_a_campaign_in_both_languages() {
        for (language, columns) in [Language::English, Language::Chinese].into_iter().zip(COLUMNS) {
            let folder =
                std::env::temp_dir().join(format!("hongyan-example-{}-{language:?}", std::process::id()));
            let files = write(&folder, language).unwrap();
            assert_eq!(files.len(), 8, "{files:?}");
            let campaign = Campaign::open(&folder).unwrap();
            let columns = Columns::new(columns.map(str::to_owned));
            Maker::new(&campaign, &columns, "key").unwrap();
            assert!(matches!(write(&folder, language), Err(ExampleError::NotEmpty(_))));
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}
