//! Workbooks that are made to do harm, or are broken: a typed error, in bounded memory and time.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hongyan_bulk::recipients::limits::Limit;
use hongyan_bulk::recipients::{Options, Sheet, SheetErrorKind};
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::table::{Folder, kind, read};

fn packed(path: &Path, parts: &[(&str, &[u8])]) -> PathBuf {
    let mut zip = ZipWriter::new(std::fs::File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        zip.start_file(*name, options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    path.to_owned()
}

/// What becomes of a part.
type Edit = fn(&str) -> String;

/// The same workbook with one part changed.
pub(crate) fn edited(path: &Path, part: &str, edit: impl Fn(&str) -> String) -> PathBuf {
    let mut zip = ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut parts = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if name == part {
            content = edit(std::str::from_utf8(&content).unwrap()).into_bytes();
        }
        parts.push((name, content));
    }
    let parts: Vec<_> = parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    packed(&path.with_file_name("edited.xlsx"), &parts)
}

fn workbook(folder: &Folder) -> PathBuf {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0..).zip(["姓名", "邮箱"]) {
        sheet.write_string(0, column, name).unwrap();
        for row in 1..50 {
            sheet.write_string(row, column, format!("{name}{row}@example.org")).unwrap();
        }
    }
    let path = folder.path().join("made.xlsx");
    book.save(&path).unwrap();
    path
}

const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";

/// Errors must come soon, also in a debug build on a busy machine.
fn soon(begun: Instant) {
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_sheet_that_claims_to_be_as_large_as_sheets_can_be_costs_nothing() {
    let folder = Folder::new();
    let path = edited(&workbook(&folder), SHEET, |xml| {
        let start = xml.find("<dimension ref=\"").unwrap() + 16;
        let end = start + xml[start..].find('"').unwrap();
        let xml = format!("{}A1:XFD1048576{}", &xml[..start], &xml[end..]);
        xml.replace("</sheetData>", "<row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData>")
    });
    let begun = Instant::now();
    let table = read(&path, &Options::default()).unwrap();
    assert_eq!(table.rows.len(), 50);
    soon(begun);
}

#[test]
fn limits_are_errors_and_not_memory() {
    let folder = Folder::new();
    let base = workbook(&folder);
    let cases: &[(&str, &str, Edit, Limit)] = &[
        ("a row too many", SHEET, |xml| xml.replace("<row r=\"50\"", "<row r=\"1048577\""), Limit::Rows),
        (
            "a text as long as no cell",
            STRINGS,
            |xml| xml.replace("姓名1@", &format!("{}@", "長".repeat(1 << 20))),
            Limit::Cell,
        ),
        (
            "a text of many runs",
            STRINGS,
            |xml| {
                xml.replacen(
                    "<si>",
                    &format!("<si>{}", format!("<r><t>{}</t></r>", "x".repeat(1000)).repeat(1100)),
                    1,
                )
            },
            Limit::Cell,
        ),
        (
            "a value without end",
            SHEET,
            |xml| xml.replacen("<v>", &format!("<v>{}", "1".repeat(2 << 20)), 1),
            Limit::Cell,
        ),
        (
            "an attribute without end",
            SHEET,
            |xml| xml.replacen("<row r=\"2\"", &format!("<row x=\"{}\" r=\"2\"", "1".repeat(2 << 20)), 1),
            Limit::Cell,
        ),
        (
            "merged ranges",
            SHEET,
            |xml| {
                let merged = "<mergeCell ref=\"A1:A2\"/>".repeat(200_001);
                xml.replace("</sheetData>", &format!("</sheetData><mergeCells>{merged}</mergeCells>"))
            },
            Limit::Merged,
        ),
    ];
    for (name, part, edit, limit) in cases {
        let begun = Instant::now();
        assert_eq!(kind(&edited(&base, part, edit)), SheetErrorKind::TooLarge(*limit), "{name}");
        soon(begun);
    }
}

#[test]
fn what_contradicts_itself_is_damage() {
    let folder = Folder::new();
    let base = workbook(&folder);
    let cases: &[(&str, &str, Edit)] = &[
        ("a column beyond the last", SHEET, |xml| xml.replace("r=\"B2\"", "r=\"XFE2\"")),
        ("a row twice", SHEET, |xml| xml.replace("<row r=\"3\"", "<row r=\"2\"")),
        ("a cell twice", SHEET, |xml| xml.replace("r=\"B2\"", "r=\"A2\"")),
        ("a text that is not there", SHEET, |xml| {
            xml.replacen("<v>0</v>", "<v>999999999999999999999</v>", 1)
        }),
        ("cut off in a cell", SHEET, |xml| xml[..xml.len() / 2].to_owned()),
        ("an unknown entity", STRINGS, |xml| xml.replace("姓名1@", "&lol;@")),
        ("no sheet", "xl/_rels/workbook.xml.rels", |xml| xml.replace("sheet1.xml", "sheet9.xml")),
    ];
    for (name, part, edit) in cases {
        let kind = kind(&edited(&base, part, edit));
        assert!(matches!(kind, SheetErrorKind::Damaged(_)), "{name}: {kind:?}");
    }
}

#[test]
fn a_workbook_that_is_cut_off_or_flipped_is_an_error_or_read_and_never_more() {
    let folder = Folder::new();
    for original in [std::fs::read(workbook(&folder)).unwrap(), fixture("xlwt.xls"), fixture("odfpy.ods")] {
        let step = original.len() / 60 + 1;
        for at in (0..original.len()).step_by(step) {
            let path = folder.file("cut", &original[..at]);
            if let Ok(sheet) = Sheet::open(&path, &Options::default()) {
                sheet.rows().for_each(drop);
            }
            let mut flipped = original.clone();
            flipped[at] ^= 0xff;
            let path = folder.file("flipped", &flipped);
            if let Ok(sheet) = Sheet::open(&path, &Options::default()) {
                sheet.rows().for_each(drop);
            }
        }
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

#[test]
fn archives_that_are_no_workbooks_are_told_apart() {
    let folder = Folder::new();
    let path = folder.path().join("a.xlsx");
    assert!(matches!(kind(&packed(&path, &[("a.txt", b"a")])), SheetErrorKind::NotASheet(_)));
    let docx = packed(&path, &[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")]);
    assert!(matches!(kind(&docx), SheetErrorKind::NotASheet(_)));
    let rels = b"<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.bin\"/></Relationships>";
    let xlsb =
        packed(&path, &[("[Content_Types].xml", b"<T/>"), ("_rels/.rels", rels), ("xl/workbook.bin", b"x")]);
    assert_eq!(kind(&xlsb), SheetErrorKind::OtherWorkbook("XLSB"));
    let manifest = b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let locked = packed(&path, &[("META-INF/manifest.xml", manifest), ("content.xml", b"\x01\x02")]);
    assert_eq!(kind(&locked), SheetErrorKind::Encrypted);
}

fn ods(folder: &Folder, rows: &str) -> PathBuf {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"a\">{rows}\
         </table:table></office:spreadsheet></office:body></office:document-content>"
    );
    packed(&folder.path().join("a.ods"), &[("content.xml", content.as_bytes())])
}

const NAMES: &str = "<table:table-row><table:table-cell><text:p>姓名</text:p></table:table-cell>\
                     <table:table-cell><text:p>邮箱</text:p></table:table-cell></table:table-row>";

#[test]
fn repetition_in_an_ods_is_bounded() {
    let folder = Folder::new();
    let cell = "<text:p>x</text:p></table:table-cell></table:table-row>";
    let bomb = format!(
        "{NAMES}<table:table-row table:number-rows-repeated=\"1048570\">\
         <table:table-cell table:number-columns-repeated=\"16384\">{cell}"
    );
    let begun = Instant::now();
    assert_eq!(kind(&ods(&folder, &bomb)), SheetErrorKind::TooLarge(Limit::Repeated));
    let wide = format!(
        "{NAMES}<table:table-row><table:table-cell table:number-columns-repeated=\"4000000000\">{cell}"
    );
    assert_eq!(kind(&ods(&folder, &wide)), SheetErrorKind::TooLarge(Limit::Columns));
    let tall = format!(
        "{NAMES}<table:table-row table:number-rows-repeated=\"18446744073709551615\"><table:table-cell/></table:table-row>\
         <table:table-row><table:table-cell>{cell}"
    );
    assert_eq!(kind(&ods(&folder, &tall)), SheetErrorKind::TooLarge(Limit::Rows));
    let blanks = format!(
        "{NAMES}<table:table-row><table:table-cell><text:p><text:s text:c=\"4000000000\"/></text:p></table:table-cell></table:table-row>"
    );
    assert_eq!(kind(&ods(&folder, &blanks)), SheetErrorKind::TooLarge(Limit::Cell));
    soon(begun);
}

#[test]
fn a_part_that_unpacks_to_gigabytes_ends_at_its_limit() {
    let folder = Folder::new();
    // 200 MB of blanks between tags, in 200 kB: longer than a cell at once.
    let blanks = vec![b' '; 200 << 20];
    let rels = b"<R><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.xml\"/></R>";
    let path = folder.path().join("bomb.xlsx");
    let path = packed(
        &path,
        &[("[Content_Types].xml", b"<T/>"), ("_rels/.rels", rels), ("xl/workbook.xml", &blanks)],
    );
    let begun = Instant::now();
    assert_eq!(kind(&path), SheetErrorKind::TooLarge(Limit::Cell));
    let tags = b"<a/>".repeat(20 << 20);
    let path =
        packed(&path, &[("[Content_Types].xml", b"<T/>"), ("_rels/.rels", rels), ("xl/workbook.xml", &tags)]);
    assert_eq!(kind(&path), SheetErrorKind::TooLarge(Limit::Table));
    soon(begun);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn octets_of_any_sort_end_in_rows_or_an_error(
        start in proptest::sample::select(vec![
            &b""[..], b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"{\"a\":", b"a,b\n",
        ]),
        octets in proptest::collection::vec(any::<u8>(), 0..2000),
        name in proptest::sample::select(vec!["a.xlsx", "a.xls", "a.ods", "a.csv", "a.jsonl"]),
    ) {
        let folder = Folder::new();
        let path = folder.file(name, [start, &octets].concat());
        if let Ok(sheet) = Sheet::open(&path, &Options::default()) {
            sheet.rows().for_each(drop);
        }
    }
}
