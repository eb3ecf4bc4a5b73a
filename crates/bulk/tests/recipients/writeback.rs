//! The sheet once more, with what became of each row.

use std::path::Path;

use calamine::Reader;
use chrono::NaiveDate;
use encoding_rs::GB18030;
use hongyan_bulk::recipients::{Options, Sheet};
use hongyan_bulk::writeback::{Headings, Outcome, WriteBackError, write_back};
use hongyan_proto::said::{Problem, said};
use rust_xlsxwriter::{Format, Workbook};

use crate::table::{Folder, read, row};

fn now() -> chrono::NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, 11, 20).unwrap().and_hms_opt(9, 30, 0).unwrap()
}

fn outcome(row: u64) -> Result<Option<Outcome>, Problem> {
    Ok((row != 4).then(|| Outcome {
        outcome: "accepted".into(),
        time: "2026-11-20 09:30:01".into(),
        words: format!("=250 ok, row {row}"),
        message_id: format!("<{row}.k@example.org>"),
    }))
}

fn written(path: &Path) -> std::path::PathBuf {
    let sheet = Sheet::open(path, &Options::default()).unwrap();
    write_back(&sheet, &Headings::chinese(), now(), outcome).unwrap()
}

#[test]
fn a_csv_keeps_its_delimiter_its_charset_and_its_mark() {
    let folder = Folder::new();
    let text = "通讯录\r\n姓名;邮箱;备注\r\n张三;a@example.org;=1+1\r\n\r\n李四;b@example.org;\"x;y\"\r\n";
    for (octets, mark) in [
        (text.as_bytes().to_vec(), false),
        (format!("\u{feff}{text}").into_bytes(), true),
        (GB18030.encode(text).0.into_owned(), false),
    ] {
        let path = folder.file("名单.csv", &octets);
        let copy = written(&path);
        assert_eq!(std::fs::read(&path).unwrap(), octets, "the sheet itself is as it was");
        let written = std::fs::read(&copy).unwrap();
        assert_eq!(written.starts_with(b"\xef\xbb\xbf"), mark);
        let table = read(&copy, &Options::default()).unwrap();
        assert_eq!(table.names, ["姓名", "邮箱", "备注", "状态", "时间", "服务器回复", "Message-ID"]);
        let id = "<3.k@example.org>";
        let expected = row(
            3,
            &["张三", "a@example.org", "'=1+1", "accepted", "2026-11-20 09:30:01", "'=250 ok, row 3", id],
        );
        assert_eq!(table.rows[0], expected);
        assert_eq!(table.rows[1].1[2], "x;y");
    }
    let names = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    let expected = [
        "名单-结果-20261120-0930-2.csv",
        "名单-结果-20261120-0930-3.csv",
        "名单-结果-20261120-0930.csv",
        "名单.csv",
    ];
    assert_eq!(names, expected, "nothing is overwritten, and nothing is left behind");
}

#[test]
fn a_workbook_becomes_a_workbook_of_texts() {
    let folder = Folder::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["工号", "姓名", "状态"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    for at in 1..5 {
        sheet.write_number_with_format(at, 0, at * 7, &Format::new().set_num_format("000000")).unwrap();
        sheet.write_string(at, 1, "=HYPERLINK(\"http://example.org\")").unwrap();
    }
    let path = folder.path().join("名单.xlsx");
    book.save(&path).unwrap();
    let copy = written(&path);
    assert_eq!(copy.file_name().unwrap(), "名单-结果-20261120-0930.xlsx");
    let table = read(&copy, &Options::default()).unwrap();
    assert_eq!(table.names, ["工号", "姓名", "状态", "状态 2", "时间", "服务器回复", "Message-ID"]);
    assert_eq!(table.rows[0].1[0], "000007");
    assert_eq!(table.rows[0].1[5], "=250 ok, row 2");
    assert_eq!(table.rows[2].1[3..], ["", "", "", ""], "nothing is known of row 4");
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(&copy).unwrap();
    let formulas = book.worksheet_formula("结果").unwrap();
    assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()), "no formula is in it");
}

#[test]
fn old_workbooks_become_new_ones() {
    let folder = Folder::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for name in ["xlwt.xls", "odfpy.ods"] {
        let path = folder.path().join(name);
        std::fs::copy(fixtures.join(name), &path).unwrap();
        let before = read(&path, &Options::default()).unwrap();
        let after = read(&written(&path), &Options::default()).unwrap();
        assert_eq!(after.names.len(), before.names.len() + 4, "{name}");
        let numbers =
            |rows: &[(u64, Vec<String>)]| rows.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        assert_eq!(numbers(&after.rows), numbers(&before.rows), "{name}");
        assert_eq!(after.rows[0].1[0], "000123", "{name}");
    }
}

#[test]
fn lines_of_json_get_further_keys() {
    let folder = Folder::new();
    let path = folder.file("list.jsonl", "{\"to\": \"a@example.org\", \"n\": 1.50}\n\n{}\n{\"to\": \"b\"}");
    let copy = std::fs::read_to_string(written(&path)).unwrap();
    let lines: Vec<_> = copy.lines().collect();
    assert!(
        lines[0].starts_with("{\"to\": \"a@example.org\", \"n\": 1.50,\"状态\":\"accepted\","),
        "{}",
        lines[0]
    );
    assert_eq!(lines[1], "");
    for line in [lines[0], lines[2], lines[3]] {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(object.get("Message-ID").is_some());
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn without_an_answer_for_a_row_there_is_no_copy() {
    let folder = Folder::new();
    let path = folder.file("list.csv", "姓名,邮箱\n张三,a@example.org\n李四,b@example.org\n");
    let sheet = Sheet::open(&path, &Options::default()).unwrap();
    let problem = Problem::new(said("the ledger is gone", "账本不见了"), said("x", "x"));
    let result = write_back(&sheet, &Headings::english(), now(), |row| match row {
        2 => outcome(2),
        _ => Err(problem.clone()),
    });
    assert!(matches!(result, Err(WriteBackError::Outcome(said)) if said == problem));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "not even a part of one");
}
