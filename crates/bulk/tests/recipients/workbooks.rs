//! XLSX, ODS and XLS, made by other programs: what the sheet shows is what is read.

use std::path::{Path, PathBuf};

use calamine::Reader;
use hongyan_bulk::recipients::{
    Finding, FindingKind, Format as Kind, Options, Sheet, SheetErrorKind, cell_error,
};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use crate::table::{Folder, Table, fails, read, row};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn named(sheet: &str) -> Options {
    Options { sheet: Some(sheet.to_owned()), ..Options::default() }
}

/// A workbook of one sheet, written and read.
fn made(folder: &Folder, fill: impl FnOnce(&mut Worksheet)) -> Table {
    read(&saved(folder, fill), &Options::default()).unwrap()
}

fn saved(folder: &Folder, fill: impl FnOnce(&mut Worksheet)) -> PathBuf {
    let mut book = Workbook::new();
    fill(book.add_worksheet());
    let path = folder.path().join("made.xlsx");
    book.save(&path).unwrap();
    path
}

fn names(sheet: &mut Worksheet, row: u32, names: &[&str]) {
    for (column, name) in (0..).zip(names) {
        sheet.write_string(row, column, *name).unwrap();
    }
}

#[test]
fn numbers_dates_and_texts_are_as_the_sheet_shows_them() {
    let date = ExcelDateTime::from_ymd(2026, 11, 20).unwrap().and_hms(8, 5, 9).unwrap();
    let cases: &[(&str, f64, &str)] = &[
        ("000000", 123.0, "000123"),
        ("0.00", 12345.675, "12345.68"),
        ("#,##0.00", 1_234_567.8, "1,234,567.80"),
        ("0%", 0.125, "13%"),
        ("0.0%", 0.125, "12.5%"),
        ("¥#,##0.00", 99.9, "¥99.90"),
        ("General", 123_456_789_012.0, "123456789012"),
        ("General", 0.1 + 0.2, "0.3"),
        ("@", 123.0, "123"),
    ];
    let dates: &[(&str, &str)] = &[
        ("yyyy-mm-dd", "2026-11-20"),
        ("yyyy\"年\"m\"月\"d\"日\"", "2026年11月20日"),
        ("yyyy/m/d h:mm", "2026/11/20 8:05"),
        ("hh:mm:ss", "08:05:09"),
        ("[$-804]aaaa", "星期五"),
    ];
    let folder = Folder::new();
    let table = made(&folder, |sheet| {
        names(sheet, 0, &["值", "说明"]);
        for (at, (code, value, _)) in (1..).zip(cases) {
            sheet.write_number_with_format(at, 0, *value, &Format::new().set_num_format(*code)).unwrap();
            sheet.write_string(at, 1, *code).unwrap();
        }
        for (at, (code, _)) in (20..).zip(dates) {
            sheet.write_datetime_with_format(at, 0, &date, &Format::new().set_num_format(*code)).unwrap();
            sheet.write_string(at, 1, *code).unwrap();
        }
        sheet.write_boolean(40, 0, true).unwrap();
        sheet.write_string(41, 0, "110101199001011234").unwrap();
        sheet.write_formula(42, 0, Formula::new("=1+1").set_result("2")).unwrap();
        sheet.write_formula(43, 0, Formula::new("=\"a\"&\"b\"").set_result("ab")).unwrap();
    });
    let expected = cases.iter().map(|(_, _, shown)| *shown).chain(dates.iter().map(|(_, shown)| *shown));
    let expected: Vec<_> = expected.chain(["TRUE", "110101199001011234", "2", "ab"]).collect();
    let found: Vec<_> = table.rows.iter().map(|(_, cells)| cells[0].as_str()).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_number_that_has_lost_its_last_digits_is_told_with_its_cell() {
    let folder = Folder::new();
    let table = made(&folder, |sheet| {
        names(sheet, 0, &["姓名", "身份证号"]);
        names(sheet, 1, &["张三"]);
        sheet.write_number(1, 1, 110_101_199_001_011_234.0).unwrap();
        names(sheet, 2, &["李四", "110101199001011234"]);
        names(sheet, 3, &["王五"]);
        sheet.write_number(3, 1, 999_999_999_999_999.0).unwrap();
    });
    let lost = |kind: &FindingKind| matches!(kind, FindingKind::DigitsLost { .. });
    assert_eq!(table.found(lost), ["row 2, column B (身份证号)"]);
    assert_eq!(table.rows[1].1[1], "110101199001011234");
    assert_eq!(table.rows[2].1[1], "999999999999999");
}

#[test]
fn a_formulas_error_is_an_error_cell_and_told_with_its_place() {
    let folder = Folder::new();
    let path = saved(&folder, |sheet| {
        names(sheet, 0, &["姓名", "部门"]);
        names(sheet, 1, &["张三"]);
        sheet.write_formula(1, 1, Formula::new("=NA()").set_result("#N/A")).unwrap();
        names(sheet, 2, &["李四"]);
        sheet.write_formula(2, 1, Formula::new("=#REF!").set_result("#REF!")).unwrap();
    });
    let sheet = Sheet::open(&path, &Options::default()).unwrap();
    let mut rows = sheet.rows();
    let all: Vec<_> = rows.by_ref().map(Result::unwrap).collect();
    assert_eq!(cell_error(&all[0].cells[1]), Some("#N/A"));
    assert_eq!(cell_error(&all[1].cells[1]), Some("#REF!"));
    assert_eq!(cell_error(&all[0].cells[0]), None);
    let told: Vec<_> = rows.findings().list().iter().map(|finding| finding.said().en).collect();
    assert!(told[0].starts_with("row 2, column B (部门): the formula shows #N/A"), "{told:?}");
    assert_eq!(told.len(), 2);
}

#[test]
fn a_merged_cell_counts_for_all_its_rows_and_for_its_first_column() {
    let folder = Folder::new();
    let table = made(&folder, |sheet| {
        let plain = Format::new();
        sheet.merge_range(0, 0, 0, 3, "2026 年 11 月通讯录", &plain).unwrap();
        names(sheet, 1, &["部门", "姓名", "电话", "分机"]);
        sheet.merge_range(2, 0, 4, 0, "财务部", &plain).unwrap();
        for (at, name) in (2..).zip(["张三", "李四", "王五"]) {
            sheet.write_string(at, 1, name).unwrap();
        }
        sheet.merge_range(3, 2, 3, 3, "12345", &plain).unwrap();
        names(sheet, 5, &["人事部", "赵六", "1", "2"]);
    });
    assert_eq!(table.names, ["部门", "姓名", "电话", "分机"]);
    let expected = [
        row(3, &["财务部", "张三", "", ""]),
        row(4, &["财务部", "李四", "12345", ""]),
        row(5, &["财务部", "王五", "", ""]),
        row(6, &["人事部", "赵六", "1", "2"]),
    ];
    assert_eq!(table.rows, expected);
    assert_eq!(table.found(|kind| *kind == FindingKind::FilledDown { last: 5 }), ["row 3, column A (部门)"]);
    assert_eq!(table.found(|kind| *kind == FindingKind::MergedAcross), ["row 4, column C (电话)"]);
    assert_eq!(table.found(|kind| *kind == FindingKind::HeaderBelow), ["row 2"]);
}

#[test]
fn a_header_in_two_storeys_is_read_by_its_lower_names() {
    let folder = Folder::new();
    let table = made(&folder, |sheet| {
        let plain = Format::new();
        sheet.merge_range(0, 0, 1, 0, "姓名", &plain).unwrap();
        sheet.merge_range(0, 1, 1, 1, "部门\n名称", &plain).unwrap();
        sheet.merge_range(0, 2, 0, 3, "工资", &plain).unwrap();
        sheet.write_string(1, 2, "基本").unwrap();
        sheet.write_string(1, 3, "奖金").unwrap();
        names(sheet, 2, &["张三", "财务部", "1", "2"]);
    });
    assert_eq!(table.names, ["姓名", "部门名称", "基本", "奖金"]);
    assert_eq!(table.rows, [row(3, &["张三", "财务部", "1", "2"])]);
    let cleaned =
        |kind: &FindingKind| matches!(kind, FindingKind::NameCleaned { name } if name == "部门名称");
    assert_eq!(table.found(cleaned).len(), 1);
}

#[test]
fn hidden_and_filtered_rows_are_read_and_told() {
    let folder = Folder::new();
    let table = made(&folder, |sheet| {
        names(sheet, 0, &["姓名", "邮箱"]);
        for at in 1..8 {
            names(sheet, at, &["张三", "a@example.org"]);
        }
        for at in [2, 3, 4, 6] {
            sheet.set_row_hidden(at).unwrap();
        }
    });
    assert_eq!(table.rows.len(), 7);
    assert_eq!(table.found(|kind| *kind == FindingKind::HiddenRows { last: 5 }), ["row 3"]);
    assert_eq!(table.found(|kind| *kind == FindingKind::HiddenRows { last: 7 }), ["row 7"]);
}

#[test]
fn empty_rows_between_are_skipped_and_told_and_those_behind_are_nobodys() {
    let folder = Folder::new();
    let table = made(&folder, |sheet| {
        let grey = Format::new().set_background_color("#EEEEEE");
        names(sheet, 0, &["姓名", "邮箱", "", "备注"]);
        names(sheet, 1, &["张三", "a@example.org", "x"]);
        names(sheet, 5, &["李四", "b@example.org"]);
        for at in 6..100 {
            sheet.write_blank(at, 0, &grey).unwrap();
            sheet.write_string(at, 1, "  ").unwrap();
        }
        sheet.write_blank(0, 200, &grey).unwrap();
    });
    assert_eq!(table.names, ["姓名", "邮箱", "备注"]);
    assert_eq!(table.rows, [row(2, &["张三", "a@example.org", ""]), row(6, &["李四", "b@example.org", ""])]);
    assert_eq!(table.found(|kind| *kind == FindingKind::EmptyRows { last: 5 }), ["row 3"]);
    assert_eq!(table.found(|kind| *kind == FindingKind::WithoutName), ["row 2, column C"]);
}

#[test]
fn the_first_sheet_with_content_is_read_and_the_others_are_told() {
    let folder = Folder::new();
    let mut book = Workbook::new();
    book.add_worksheet().set_name("空").unwrap();
    for (name, hidden) in [("内部", true), ("名单", false), ("旧名单", false)] {
        let sheet = book.add_worksheet().set_name(name).unwrap().set_hidden(hidden);
        names(sheet, 0, &["姓名", "邮箱"]);
        names(sheet, 1, &[name, "a@example.org"]);
    }
    let path = folder.path().join("made.xlsx");
    book.save(&path).unwrap();
    let table = read(&path, &Options::default()).unwrap();
    assert_eq!(table.rows, [row(2, &["名单", "a@example.org"])]);
    let expected = FindingKind::OtherSheets { read: "名单".into(), others: vec!["旧名单".into()] };
    assert_eq!(table.findings, [Finding { place: None, kind: expected }]);
    let table = read(&path, &named("内部")).unwrap();
    assert_eq!((table.rows, table.findings), (vec![row(2, &["内部", "a@example.org"])], vec![]));
    let error = fails(&path, &named("名册"));
    let have = ["空", "内部", "名单", "旧名单"].map(String::from).to_vec();
    assert_eq!(error.kind, SheetErrorKind::NoSheet { asked: "名册".into(), have });
    assert_eq!(fails(&path, &named("空")).kind, SheetErrorKind::Empty);
}

#[test]
fn days_count_from_1904_where_the_workbook_says_so() {
    let folder = Folder::new();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    names(sheet, 0, &["日期", "名称"]);
    sheet.write_number_with_format(1, 0, 44_884, &Format::new().set_num_format("yyyy-mm-dd")).unwrap();
    let path = folder.path().join("made.xlsx");
    book.save(&path).unwrap();
    let path = crate::hostile::edited(&path, "xl/workbook.xml", |xml| {
        xml.replace("<workbookPr ", "<workbookPr date1904=\"1\" ")
    });
    assert_eq!(read(&path, &Options::default()).unwrap().rows, [row(2, &["2026-11-20", ""])]);
}

/// `formats.*` are one workbook, made by openpyxl and saved by LibreOffice 7.4 in each format. In the ODS stands what
/// LibreOffice itself shows; the others hold numbers and formats.
#[test]
fn our_formats_show_what_libreoffice_shows() {
    let shown = read(&fixture("formats.ods"), &Options::default()).unwrap();
    assert_eq!(shown.rows.len(), 46);
    assert!(shown.rows.contains(&row(29, &["[$-804]aaaa", "星期五", ""])));
    for name in ["formats.xlsx", "formats.xls"] {
        let ours = read(&fixture(name), &Options::default()).unwrap();
        assert_eq!(ours.names, shown.names, "{name}");
        assert_eq!(ours.rows, shown.rows, "{name}");
        assert_eq!(ours.findings, shown.findings, "{name}");
    }
}

#[test]
fn a_workbook_of_openpyxl_is_read() {
    let table = read(&fixture("openpyxl.xlsx"), &Options::default()).unwrap();
    assert_eq!(table.names, ["工号", "姓名", "邮箱", "合计"]);
    assert_eq!(table.rows[0].1[..3], ["000123", "张三", "zhang@example.org"]);
    assert_eq!(table.rows[1], row(3, &["000045", "李四", "li@example.org", "3"]));
    assert_eq!(table.rows[2], row(4, &["2026-11-20 8:05:00", "王五", "wang@example.org", "30:00:00"]));
    // It writes formulas without results.
    let error = |kind: &FindingKind| matches!(kind, FindingKind::FormulaError { .. });
    assert_eq!(table.found(error), ["row 2, column D (合计)"]);
    assert_eq!(table.found(|kind| *kind == FindingKind::HiddenRows { last: 3 }), ["row 3"]);
}

#[test]
fn a_workbook_of_xlwt_is_read() {
    let path = fixture("xlwt.xls");
    assert_eq!(Sheet::open(&path, &named("工资")).unwrap().format(), Kind::Xls);
    let table = read(&path, &Options::default()).unwrap();
    assert_eq!(table.names, ["工号", "姓名", "部门", "实发", "日期", "比例", "备注"]);
    let (long, wide) = ("a".repeat(9000), "名".repeat(9000));
    assert_eq!(
        table.rows[0],
        row(3, &["000123", "张三", "财务部", "12,345.68", "2026年11月20日", "12.5%", &long])
    );
    assert_eq!(table.rows[1], row(4, &["000045", "李四", "财务部", "0.50", "2026年3月1日", "100.0%", &wide]));
    assert_eq!(table.rows[2], row(5, &["000007", "王五", "财务部", "2.68", "2024年2月29日", "7.0%", ""]));
    // xlwt writes formulas without calculating them: their value is zero.
    assert_eq!(table.rows[3].1[..2], ["000008", "赵六"]);
    assert_eq!(table.rows[3].1[5], "TRUE");
    assert_eq!(table.rows[4].0, 8);
    let found = |kind: FindingKind| table.found(|other| *other == kind);
    assert_eq!(found(FindingKind::HiddenRows { last: 4 }), ["row 4"]);
    assert_eq!(found(FindingKind::EmptyRows { last: 7 }), ["row 7"]);
    assert_eq!(found(FindingKind::FilledDown { last: 5 }), ["row 3, column C (部门)"]);
    let lost = |kind: &FindingKind| matches!(kind, FindingKind::DigitsLost { .. });
    assert_eq!(table.found(lost), ["row 8, column A (工号)"]);
}

#[test]
fn a_workbook_of_odfpy_is_read() {
    let table = read(&fixture("odfpy.ods"), &Options::default()).unwrap();
    assert_eq!(table.names, ["工号", "姓名", "部门", "实发", "日期"]);
    assert_eq!(table.rows[0], row(2, &["000123", "张三", "财务部", "¥1,234.50", "2026年11月20日"]));
    assert_eq!(table.rows[1].1[..3], ["000045", "李\n四", "财务部"]);
    assert_eq!(table.rows[2], row(7, &["7", "王五", "王五", "1234567890123460000", ""]));
    let found = |kind: FindingKind| table.found(|other| *other == kind);
    assert_eq!(found(FindingKind::FormulaError { shown: "#N/A".into() }), ["row 3, column D (实发)"]);
    assert_eq!(found(FindingKind::HiddenRows { last: 3 }), ["row 3"]);
    assert_eq!(found(FindingKind::EmptyRows { last: 6 }), ["row 4"]);
    assert_eq!(found(FindingKind::FilledDown { last: 3 }), ["row 2, column C (部门)"]);
    let lost = |kind: &FindingKind| matches!(kind, FindingKind::DigitsLost { .. });
    assert_eq!(table.found(lost), ["row 7, column D (实发)"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// Texts that rust_xlsxwriter writes are read as calamine reads them.
    #[test]
    fn another_reader_sees_the_same_texts(
        rows in proptest::collection::vec(proptest::collection::vec("[^\u{0}-\u{1f}\u{7f}-\u{9f}\u{fffe}\u{ffff}]{0,10}", 3), 1..8),
    ) {
        let folder = Folder::new();
        let path = saved(&folder, |sheet| {
            names(sheet, 0, &["one", "two", "three"]);
            for (at, row) in (1..).zip(&rows) {
                for (column, text) in (0..).zip(row) {
                    sheet.write_string(at, column, format!("x{text}x")).unwrap();
                }
            }
        });
        let ours = read(&path, &Options::default()).unwrap();
        let mut book: calamine::Xlsx<_> = calamine::open_workbook(&path).unwrap();
        let theirs = book.worksheet_range("Sheet1").unwrap();
        for (number, cells) in ours.rows {
            for (column, text) in (0..).zip(cells) {
                let at = (u32::try_from(number).unwrap() - 1, column);
                prop_assert_eq!(theirs.get_value(at).map(ToString::to_string), Some(text));
            }
        }
    }
}
