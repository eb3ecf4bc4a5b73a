//! Each format as its own reader sees it.

use std::fs;
use std::path::Path;

use calamine::{Data, Reader as _, Xlsx, open_workbook};
use hongyan_bulk::ledger::State;
use hongyan_bulk::report::{Format, Language};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::made::HOSTILE;
use super::{campaign, written};

/// The cells of a sheet, as text; that each is text or a number, never a formula, is seen on the way.
fn sheet(book: &mut Xlsx<std::io::BufReader<fs::File>>, name: &str) -> Vec<Vec<String>> {
    let formulas = book.worksheet_formula(name).unwrap();
    assert!(formulas.used_cells().next().is_none(), "{name}");
    let range = book.worksheet_range(name).unwrap();
    let text = |cell: &Data| match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Float(number) => number.to_string(),
        other => panic!("{name}: {other:?}"),
    };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

fn book(path: &Path) -> Xlsx<std::io::BufReader<fs::File>> {
    open_workbook(path).unwrap()
}

#[tokio::test]
async fn a_workbook_has_a_summary_the_recipients_the_evidence_and_the_connections() {
    let (folder, ledger) = campaign("xlsx").await;
    let (path, summary) = written(&folder, &ledger, Format::Xlsx, Language::English).await;
    assert_eq!((summary.tally.total(), summary.tally.of(State::Accepted), summary.attempts), (10, 2, 7));
    let mut book = book(&path);
    assert_eq!(book.sheet_names(), ["Summary", "Recipients", "Evidence", "Connections"]);
    let rows = sheet(&mut book, "Recipients");
    assert_eq!(
        rows[0],
        [
            "Row",
            "Address 2",
            "As",
            "Outcome",
            "The server said",
            "姓名",
            "邮箱",
            "Address",
            "Stage and cause",
            "Attempts",
            "Begun",
            "Answered",
            "Due again",
            "Message-ID",
            "Attachments (SHA-256)",
            "SHA-256 of the mail",
            "Size of the mail (octets)",
            "Account",
            "Connection"
        ]
    );
    let shared = format!("附件/说明.pdf {}", "a".repeat(64));
    assert_eq!(
        rows[1],
        [
            "2",
            "row2@example.org",
            "To",
            "accepted",
            "250 2.0.0 Ok: queued as 4F2",
            HOSTILE[0],
            "row2@example.org",
            "2",
            "",
            "1",
            "2026-11-20 17:00:01 +08:00",
            "2026-11-20 17:00:01 +08:00",
            "",
            "<2.00112233445566778899aabbccddeeff@example.org>",
            &format!("{shared}\nfiles/1.pdf {}", "c".repeat(64)),
            &"01".repeat(32),
            "2634",
            "default",
            "1",
        ]
    );
    assert_eq!(rows.len(), 11);
    assert_eq!(rows[3][12], "2026-11-20 17:05:00 +08:00", "due again");
    assert_eq!((rows[7][1].as_str(), rows[7][2].as_str()), ("boss@example.org", "Bcc"));
    let names: Vec<&str> = rows[1..].iter().map(|row| row[5].as_str()).collect();
    for hostile in HOSTILE {
        assert!(names.contains(&hostile), "{hostile:?} in {names:?}");
    }
    let evidence = sheet(&mut book, "Evidence");
    assert_eq!(evidence.len(), 1 + 7, "one each, of those that were sent to or suppressed");
    assert_eq!(
        evidence[2],
        [
            "3",
            "row3@example.org",
            "1",
            "rejected",
            "2026-11-20 17:00:02 +08:00",
            "2026-11-20 17:00:02 +08:00",
            "1",
            "1/1",
            "C: RCPT TO:<row2@example.org>\nS: 550 5.1.1 <row3@example.org>: no such user\nC: {content: 2634 octets}\n"
        ]
    );
    let connections = sheet(&mut book, "Connections");
    assert_eq!(connections[1][..3], ["1", "2026-11-20 17:00:00 +08:00", "default"]);
    assert_eq!(connections[1][4], super::made::OPENING);
    let summary = sheet(&mut book, "Summary");
    let of = |name: &str| summary.iter().find(|row| row[0] == name).map(|row| row[1].clone());
    assert_eq!(of("Campaign").as_deref(), Some("工资条 & <十一月>"));
    assert_eq!((of("accepted").as_deref(), of("in doubt").as_deref()), (Some("2"), Some("2")));
    assert_eq!(of("附件/说明.pdf"), Some("a".repeat(64)));
    assert_eq!(of("Last answer").as_deref(), Some("2026-11-20 17:00:07 +08:00"));
}

#[tokio::test]
async fn titles_and_outcomes_are_in_the_language_of_the_reader() {
    let (folder, ledger) = campaign("chinese").await;
    let (path, _) = written(&folder, &ledger, Format::Xlsx, Language::Chinese).await;
    let mut book = book(&path);
    assert_eq!(book.sheet_names(), ["概要", "收件人", "证据", "连接"]);
    let rows = sheet(&mut book, "收件人");
    assert_eq!(rows[0][..5], ["行号", "地址", "身份", "结果", "服务器答复"]);
    assert_eq!(rows[1][3], "已接受");
}

#[tokio::test]
async fn csv_is_utf8_that_excel_knows_and_no_cell_is_a_formula() {
    let (folder, ledger) = campaign("csv").await;
    let (path, _) = written(&folder, &ledger, Format::Csv, Language::Chinese).await;
    let bytes = fs::read(path).unwrap();
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    assert_eq!((rows.len(), rows[0].len()), (11, 20));
    assert_eq!(rows[0][..4], ["行号", "地址", "身份", "结果"]);
    for row in &rows {
        for cell in row {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell:?}");
        }
    }
    let names: Vec<&str> = rows[1..].iter().map(|row| row[5].as_str()).collect();
    for hostile in HOSTILE {
        let guarded = format!("'{hostile}");
        assert!(names.contains(&hostile) != names.contains(&guarded.as_str()), "{hostile:?} in {names:?}");
    }
    assert_eq!(names[0], format!("'{}", HOSTILE[0]));
    assert!(rows[1][19].starts_with("C: RCPT TO:<row1@example.org>\nS: 250 "), "{:?}", rows[1][19]);
}

#[tokio::test]
async fn json_has_everything_of_everybody() {
    let (folder, ledger) = campaign("json").await;
    let (path, _) = written(&folder, &ledger, Format::Json, Language::Chinese).await;
    let object: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(object["campaign"]["columns"], json!(["姓名", "邮箱", "Address"]));
    assert_eq!((&object["campaign"]["recipients"], &object["campaign"]["letters"]), (&json!(10), &json!(9)));
    assert_eq!(
        object["recipients"][1],
        json!({
            "id": 2, "row": 3, "address": "row3@example.org", "role": "to", "outcome": "rejected", "due": null,
            "columns": {"姓名": HOSTILE[1], "邮箱": "row3@example.org", "Address": 3},
            "message_id": "<3.00112233445566778899aabbccddeeff@example.org>",
            "attachments": [{"path": "附件/说明.pdf", "sha256": "a".repeat(64), "size": 1000}],
            "account": "default",
            "attempts": [{
                "number": 1, "outcome": "rejected",
                "begun": "2026-11-20T17:00:02.000+08:00", "answered": "2026-11-20T17:00:02.250+08:00",
                "reply": "550 5.1.1 <row3@example.org>: no such user",
                "cause": "RCPT TO: the server said 550 5.1.1 <row3@example.org>: no such user",
                "connection": 1, "message_sha256": "02".repeat(32), "message_size": 2634,
                "conversation": "C: RCPT TO:<row2@example.org>\nS: 550 5.1.1 <row3@example.org>: no such user\n\
                                 C: {content: 2634 octets}\n",
            }],
        })
    );
    assert_eq!(object["recipients"][9]["attempts"], json!([]));
    assert_eq!(
        object["connections"],
        json!([{"id": 1, "opened": "2026-11-20T17:00:00.000+08:00", "account": "default", "opening": super::made::OPENING}])
    );
    assert_eq!(
        object["summary"]["outcomes"],
        json!({"pending": 3, "leased": 0, "in_data": 0, "accepted": 2, "deferred": 1, "rejected": 1, "in_doubt": 2,
               "suppressed": 1, "skipped": 0})
    );
}

#[tokio::test]
async fn json_lines_say_what_they_are() {
    let (folder, ledger) = campaign("jsonl").await;
    let (path, _) = written(&folder, &ledger, Format::Jsonl, Language::English).await;
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[11], kinds[12], kinds.len()), ("campaign", "connection", "summary", 13));
    assert!(kinds[1..11].iter().all(|kind| *kind == "recipient"));
    assert_eq!(lines[4]["outcome"], "in_doubt");
}

#[tokio::test]
async fn html_holds_no_markup_but_ours_and_runs_nothing_but_its_own_script() {
    let (folder, ledger) = campaign("html").await;
    let (path, _) = written(&folder, &ledger, Format::Html, Language::Chinese).await;
    let page = fs::read_to_string(path).unwrap();
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!((page.matches("<tr class=").count(), page.matches("</tr>").count()), (10, 11));
    assert!(page.contains("<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>"));
    assert!(page.contains("<td>line\nbreak, &quot;quotes&quot; and &#39; &amp; &lt;/td&gt;</td>"));
    assert!(page.contains("<td>👨\u{200d}👩\u{200d}👧 张三</td>"));
    assert!(page.contains("<title>群发报告: 工资条 &amp; &lt;十一月&gt;</title>"));
    assert!(!page.chars().any(|c| c == '\u{202e}' || (c.is_control() && !"\n\t".contains(c))));
    for outside in ["http://", "https://", "src=", "url(", "@import", " style=", "onclick"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // The policy names exactly the style and the script that are there.
    for (tag, directive) in [("style", "style-src"), ("script", "script-src")] {
        let (_, behind) = page.split_once(&format!("<{tag}>")).unwrap();
        let (text, _) = behind.split_once(&format!("</{tag}>")).unwrap();
        let hash = encodify::base64::STANDARD.encode(Sha256::digest(text));
        assert!(page.contains(&format!("{directive} 'sha256-{hash}'")), "{tag}");
    }
}

#[test]
fn the_format_is_told_by_the_name() {
    for (name, format) in [
        ("report.xlsx", Some(Format::Xlsx)),
        ("a.b.CSV", Some(Format::Csv)),
        ("html", Some(Format::Html)),
        ("r.json", Some(Format::Json)),
        ("r.jsonl", Some(Format::Jsonl)),
        ("report.pdf", None),
        ("", None),
    ] {
        assert_eq!(Format::of(name), format, "{name}");
    }
}
