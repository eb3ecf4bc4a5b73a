//! JSON Lines.

use hongyan_bulk::recipients::{FindingKind, Options, Sheet, SheetErrorKind};
use serde_json::json;

use crate::table::{Folder, kind};

#[test]
fn values_stay_what_they_are_under_the_keys_of_the_first_line() {
    let folder = Folder::new();
    let text = "\u{feff}{\"to\": \"a@example.org\", \"items\": [{\"n\": 1}], \"b\": 2.50}\r\n\n\
                {\"to\": \"b@example.org\", \"b\": null, \"new\": 1}\n{\"items\": true, \"b\": 110101199001011234, \"to\": \"\"}";
    let sheet = Sheet::open(&folder.file("list.jsonl", text), &Options::default()).unwrap();
    assert_eq!(sheet.columns().names(), ["to", "items", "b"], "in the order of the first line");
    let mut rows = sheet.rows();
    let all: Vec<_> = rows.by_ref().map(Result::unwrap).collect();
    let numbers: Vec<_> = all.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [1, 3, 4]);
    assert_eq!(all[0].cells, [json!("a@example.org"), json!([{"n": 1}]), json!(2.5)]);
    assert_eq!(all[1].cells, [json!("b@example.org"), json!(null), json!(null)]);
    assert_eq!(all[2].cells[2], json!(110101199001011234_u64));
    let kinds: Vec<_> = rows.findings().list().iter().map(|finding| finding.kind.clone()).collect();
    assert_eq!(kinds, [FindingKind::MissingKey("items".into()), FindingKind::UnknownKey("new".into())]);
}

#[test]
fn a_line_that_is_no_object_is_an_error_with_its_number_and_the_next_is_read() {
    let folder = Folder::new();
    let path = folder.file("list.jsonl", "{\"a\": 1}\n[1]\n{\"a\": \n{\"a\": 2}\n");
    let sheet = Sheet::open(&path, &Options::default()).unwrap();
    let all: Vec<_> = sheet.rows().collect();
    assert_eq!(all.len(), 4);
    let wrong: Vec<_> = all.iter().filter_map(|row| row.as_ref().err()).collect();
    assert_eq!(wrong[0].kind, SheetErrorKind::NotAnObject);
    assert_eq!(wrong[0].place.as_ref().unwrap().row, 2);
    assert!(matches!(&wrong[1].kind, SheetErrorKind::NotJson(words) if words.contains("at character")));
    assert_eq!(wrong[1].place.as_ref().unwrap().row, 3);
    assert_eq!(all[3].as_ref().unwrap().cells, [json!(2)]);
}

#[test]
fn nothing_but_objects_on_lines_is_read() {
    let folder = Folder::new();
    assert_eq!(kind(&folder.file("a.jsonl", "[{\"a\": 1}]")), SheetErrorKind::JsonArray);
    assert_eq!(kind(&folder.file("a.jsonl", "\n\n")), SheetErrorKind::Empty);
    assert_eq!(kind(&folder.file("a.jsonl", "3\n")), SheetErrorKind::NotAnObject);
    let deep = format!("{{\"a\": {}1{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(kind(&folder.file("a.jsonl", deep)), SheetErrorKind::NotJson(_)));
    let long = format!("{{\"a\": 1}}\n{{\"a\": \"{}\"}}", "x".repeat(17 << 20));
    assert!(matches!(kind(&folder.file("a.jsonl", long)), SheetErrorKind::TooLarge(_)));
}
