//! CSV and TSV: charsets, delimiters, quotation marks, line numbers.

use encoding_rs::{BIG5, GB18030, UTF_16LE, WINDOWS_1252};
use hongyan_bulk::recipients::{FindingKind, Options, Sheet, SheetErrorKind, letters};
use proptest::prelude::*;

use crate::table::{Folder, fails, kind, read, row};

fn options(charset: Option<&str>, delimiter: Option<char>) -> Options {
    Options { charset: charset.map(str::to_owned), delimiter, ..Options::default() }
}

const LIST: &str = "姓名,邮箱,部门\r\n张三,zhang@example.org,财务部\r\n李四,li@example.org,人事部\r\n";

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let unit = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn every_charset_gives_the_same_names() {
    let folder = Folder::new();
    let gb = GB18030.encode(LIST).0.into_owned();
    type Case = (&'static str, Vec<u8>, Option<&'static str>, Option<&'static str>);
    let cases: Vec<Case> = vec![
        ("utf-8", LIST.into(), None, None),
        ("utf-8 with a mark", format!("\u{feff}{LIST}").into(), None, None),
        ("utf-8, said", LIST.into(), Some("utf-8"), None),
        ("utf-16 little", utf16(&format!("\u{feff}{LIST}"), false), None, None),
        ("utf-16 big", utf16(&format!("\u{feff}{LIST}"), true), None, None),
        ("utf-16 without a mark, said", utf16(LIST, false), Some("utf-16le"), None),
        ("gb18030", gb.clone(), None, Some("GB18030")),
        ("gb18030, said", gb.clone(), Some("gb18030"), None),
        ("gbk, said", gb, Some("GBK"), None),
    ];
    for (name, content, charset, guessed) in cases {
        let path = folder.file("list.csv", content);
        let table = read(&path, &options(charset, None)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(table.names, ["姓名", "邮箱", "部门"], "{name}");
        assert_eq!(table.rows[1], row(3, &["李四", "li@example.org", "人事部"]), "{name}");
        let found: Vec<_> = table.findings.iter().map(|finding| &finding.kind).collect();
        let expected: Vec<_> = guessed.map(FindingKind::Charset).into_iter().collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn a_list_whose_first_thousand_rows_are_ascii_is_read_in_the_charset_of_its_last() {
    let folder = Folder::new();
    let mut content = b"name,email\n".to_vec();
    for number in 0..5000 {
        content.extend(format!("somebody,s{number}@example.org\n").bytes());
    }
    content.extend(GB18030.encode("张三,zhang@example.org\n").0.iter());
    let table = read(&folder.file("list.csv", content), &Options::default()).unwrap();
    assert_eq!(table.rows.last(), Some(&row(5002, &["张三", "zhang@example.org"])));
}

#[test]
fn other_charsets_are_not_taken_for_gb18030() {
    let folder = Folder::new();
    let text = "姓名,電子郵件,部門\r\n陳大文,chan@example.org,財務部與人力資源\r\n李小明,lee@example.org,國際業務發展處\r\n";
    let table = read(&folder.file("list.csv", BIG5.encode(text).0), &Options::default()).unwrap();
    assert_eq!(table.names, ["姓名", "電子郵件", "部門"]);
    assert_eq!(table.rows[0].1[2], "財務部與人力資源");
    let text = "name,email\r\nAndréa,a@example.org\r\nJosé,j@example.org\r\n";
    let table = read(&folder.file("list.csv", WINDOWS_1252.encode(text).0), &Options::default()).unwrap();
    assert_eq!(table.rows[0].1[0], "Andréa");
}

#[test]
fn a_charset_that_is_not_true_is_an_error_with_the_line_and_the_next_step() {
    let folder = Folder::new();
    let mut late = b"name,email\nsomebody,s@example.org\n".to_vec();
    late.extend(GB18030.encode("张三,zhang@example.org\n").0.iter());
    type Case = (Vec<u8>, &'static str, Option<u64>, Option<&'static str>);
    let cases: Vec<Case> = vec![
        (late.clone(), "utf-8", Some(3), Some("GB18030")),
        (LIST.into(), "gb18030", Some(2), Some("UTF-8")),
        // Every octet of this has a meaning in GB18030: 濮撳悕.
        ("姓名,邮箱\n张三,a@example.org\n".into(), "gb18030", None, Some("UTF-8")),
        (format!("\u{feff}{LIST}").into(), "gbk", Some(1), Some("UTF-8")),
        (utf16("a,b\r\nc,d\r\n", false), "utf-8", Some(1), Some("UTF-16LE")),
    ];
    for (content, said, line, like) in cases {
        let error = fails(&folder.file("list.csv", content), &options(Some(said), None));
        assert_eq!(error.place.as_ref().map(|place| place.row), line, "{said}: {error}");
        let SheetErrorKind::NotInCharset { looks_like, .. } = &error.kind else { panic!("{said}: {error}") };
        assert_eq!(*looks_like, like, "{said}");
        let next = error.problem().next;
        let expected = format!("charset = \"{}\"", like.unwrap().to_lowercase());
        assert!(next.en.contains(&expected) && next.zh.contains(&expected), "{next:?}");
    }
    let error = fails(&folder.file("list.csv", LIST), &options(Some("utf-9"), None));
    assert_eq!(error.kind, SheetErrorKind::UnknownCharset("utf-9".into()));
}

#[test]
fn delimiters_are_found_out_and_told() {
    let folder = Folder::new();
    for (delimiter, told) in
        [(',', false), (';', true), ('\t', true), ('|', true), ('，', true), ('；', true)]
    {
        let text = LIST.replace(',', &delimiter.to_string());
        let table = read(&folder.file("list.csv", &text), &Options::default()).unwrap();
        assert_eq!(table.names, ["姓名", "邮箱", "部门"], "{delimiter:?}");
        assert_eq!(
            !table.found(|kind| *kind == FindingKind::Delimiter(delimiter)).is_empty(),
            told,
            "{delimiter:?}"
        );
        let table = read(&folder.file("list.csv", &text), &options(None, Some(delimiter))).unwrap();
        assert!(table.findings.is_empty(), "{delimiter:?}: what is said is not told");
    }
    let table = read(
        &folder.file("list.csv", "sep=;\r\n姓名;邮箱\r\n\"张;三\";a@example.org\r\n"),
        &Options::default(),
    );
    let table = table.unwrap();
    assert_eq!(table.rows, [row(3, &["张;三", "a@example.org"])]);
}

#[test]
fn rows_have_the_numbers_of_their_first_lines() {
    let folder = Folder::new();
    let text = "姓名,地址\r\n张三,\"一行\r\n二行\n三行\"\r\n\r\n\r\n李四,\"a \"\"b\"\" c\"\r王五,d\n,\n\n";
    let table = read(&folder.file("list.csv", text), &Options::default()).unwrap();
    let expected =
        [row(2, &["张三", "一行\r\n二行\n三行"]), row(7, &["李四", "a \"b\" c"]), row(8, &["王五", "d"])];
    assert_eq!(table.rows, expected);
    assert_eq!(table.found(|kind| matches!(kind, FindingKind::EmptyRows { last: 6 })), ["row 5"]);
}

#[test]
fn a_row_that_does_not_fit_is_told_with_its_line() {
    let folder = Folder::new();
    let path = folder.file(
        "list.csv",
        "姓名,邮箱\n张三,a@example.org,\n李,四,b@example.org\n王五\n赵六,\"x\"y\n孙七,c@example.org\n",
    );
    let sheet = Sheet::open(&path, &Options::default()).unwrap();
    let mut rows = sheet.rows();
    let all: Vec<_> = rows.by_ref().collect();
    assert_eq!(
        all[0].as_ref().unwrap().cells,
        ["张三", "a@example.org"],
        "an empty cell too many is nothing"
    );
    let too_many = all[1].as_ref().unwrap_err();
    assert_eq!(too_many.kind, SheetErrorKind::TooManyCells { have: 3, columns: 2 });
    assert_eq!(too_many.place.as_ref().unwrap().row, 3);
    assert_eq!(all[2].as_ref().unwrap().cells, ["王五", ""]);
    assert_eq!(all[3].as_ref().unwrap_err().kind, SheetErrorKind::AfterQuote);
    assert_eq!(all[4].as_ref().unwrap().cells, ["孙七", "c@example.org"], "the next row is read");
    assert_eq!(all.len(), 5);
    assert!(rows.findings().list().iter().any(|finding| {
        finding.kind == FindingKind::CellsMissing { have: 1, columns: 2 }
            && finding.place.as_ref().unwrap().row == 4
    }));
}

#[test]
fn a_quotation_mark_that_is_never_closed_names_the_line_that_opens_it() {
    let folder = Folder::new();
    let error = fails(&folder.file("list.csv", "姓名,邮箱\n张三,a\n李四,\"b\n王五,c\n"), &Options::default());
    assert_eq!((error.kind.clone(), error.place.unwrap().row), (SheetErrorKind::OpenQuote, 3));
    let mut long = "姓名,邮箱\n张三,a\n李四,\"".to_owned();
    long.extend(std::iter::repeat_n("长", 400_000));
    let error = fails(&folder.file("list.csv", &long), &Options::default());
    assert!(matches!(error.kind, SheetErrorKind::TooLarge(_)), "{error}");
    assert_eq!(error.place.unwrap().row, 3);
}

#[test]
fn what_exports_write_to_keep_text_from_excel_is_the_text() {
    let folder = Folder::new();
    let table = read(
        &folder.file("list.csv", "工号,卡号,姓名\n=\"000123\",6222021234567890123\t,\u{200b}张三\u{3000}\n"),
        &Options::default(),
    )
    .unwrap();
    assert_eq!(table.rows, [row(2, &["000123", "6222021234567890123", "张三"])]);
}

#[test]
fn what_is_no_sheet_is_told_with_the_next_step() {
    let folder = Folder::new();
    type Case<'c> = (&'c str, &'c [u8], fn(&SheetErrorKind) -> bool);
    let cases: &[Case<'_>] = &[
        ("a.csv", b"", |kind| *kind == SheetErrorKind::Empty),
        ("a.csv", b"\n \r\n", |kind| *kind == SheetErrorKind::Empty),
        ("a.xls", b"<html><table><tr><td>a</td></tr></table>", |kind| *kind == SheetErrorKind::WebPage),
        ("a.xlsx", b"<?xml version=\"1.0\"?><Workbook/>", |kind| {
            matches!(kind, SheetErrorKind::OtherWorkbook("XML"))
        }),
        ("a.csv", b"%PDF-1.7", |kind| matches!(kind, SheetErrorKind::NotASheet(_))),
        ("a.csv", b"name,mail\na\0b,c\n", |kind| *kind == SheetErrorKind::Nul),
        ("a.json", b"[{\"a\": 1}]", |kind| *kind == SheetErrorKind::JsonArray),
        ("a.csv", b"1,2\n3,4\n", |kind| matches!(kind, SheetErrorKind::NoHeader { .. })),
        ("a.csv", b"a,b,a\n1,2,3\n", |kind| {
            matches!(kind, SheetErrorKind::DoubledName { first: 0, second: 2, .. })
        }),
    ];
    for (name, content, expected) in cases {
        let kind = kind(&folder.file(name, content));
        assert!(expected(&kind), "{name} {content:?}: {kind:?}");
    }
    assert!(matches!(kind(&folder.path().join("missing.csv")), SheetErrorKind::Io(_)));
    assert!(matches!(kind(folder.path()), SheetErrorKind::Io(_)));
}

#[test]
fn text_that_is_called_a_workbook_is_read_and_told() {
    let folder = Folder::new();
    let table = read(&folder.file("list.xls", LIST.replace(',', "\t")), &Options::default()).unwrap();
    assert_eq!(table.rows.len(), 2);
    let named = |kind: &FindingKind| matches!(kind, FindingKind::NamedOtherwise { named: ".xls", is: "CSV" });
    assert_eq!(table.found(named).len(), 1);
}

#[test]
fn a_header_that_was_said_is_believed_and_held_to_be_there() {
    let folder = Folder::new();
    let path = folder.file("list.csv", "a,b\nc,d\nx@example.org,y\n");
    let said = |header| Options { header: Some(header), ..Options::default() };
    assert_eq!(read(&path, &said(2)).unwrap().names, ["c", "d"]);
    assert_eq!(read(&path, &said(3)).unwrap().names, ["x@example.org", "y"]);
    let error = fails(&path, &said(7));
    assert!(matches!(&error.kind, SheetErrorKind::HeaderNotThere { asked: 7, seen } if seen.len() == 3));
    assert!(error.to_string().contains("1: a | b"), "{error}");
}

#[test]
fn a_file_that_changes_after_it_was_opened_is_not_read() {
    let folder = Folder::new();
    let path = folder.file("list.csv", LIST);
    let sheet = Sheet::open(&path, &Options::default()).unwrap();
    folder.file("list.csv", format!("{LIST}王五,w@example.org,\r\n"));
    let first = sheet.rows().next().unwrap();
    assert_eq!(first.unwrap_err().kind, SheetErrorKind::Changed);
}

#[test]
fn a_utf_16_file_is_the_same_sheet_as_ours() {
    // What encoding_rs itself makes of it.
    let text = "姓名,备注\n张三,😀\n";
    let octets = utf16(&format!("\u{feff}{text}"), false);
    assert_eq!(UTF_16LE.decode(&octets).0, text);
    let folder = Folder::new();
    assert_eq!(
        read(&folder.file("a.csv", octets), &Options::default()).unwrap().rows,
        [row(2, &["张三", "😀"])]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever the csv crate writes is read back: every cell, under its row.
    #[test]
    fn what_another_program_writes_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec("[^\\x00]{0,12}", 3), 1..12),
        delimiter in proptest::sample::select(vec![b',', b';', b'\t', b'|']),
    ) {
        let folder = Folder::new();
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        writer.write_record(["one", "two", "three"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let path = folder.file("list.csv", writer.into_inner().unwrap());
        let options = options(Some("utf-8"), Some(char::from(delimiter)));
        let table = read(&path, &options).unwrap();
        let blank = |c: char| c.is_whitespace() || "\u{feff}\u{ad}\u{2060}".contains(c)
            || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c);
        let expected: Vec<Vec<String>> = rows.iter()
            .map(|row| row.iter().map(|cell| cell.trim_matches(blank).to_owned()).collect::<Vec<_>>())
            .filter(|row| row.iter().any(|cell| !cell.is_empty()))
            .collect();
        let found: Vec<Vec<String>> = table.rows.into_iter().map(|(_, cells)| cells).collect();
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn the_widest_row_that_excel_has_is_read_and_a_wider_one_is_not() {
    let folder = Folder::new();
    let names = |count: u32| (0..count).map(letters).collect::<Vec<_>>().join(",");
    let widest = names(16_384);
    let table =
        read(&folder.file("a.csv", format!("{widest}\n{}\n", names(3))), &Options::default()).unwrap();
    assert_eq!(table.names.len(), 16_384);
    let error = fails(&folder.file("a.csv", names(16_385)), &Options::default());
    assert!(matches!(error.kind, SheetErrorKind::TooLarge(_)), "{error}");
}
