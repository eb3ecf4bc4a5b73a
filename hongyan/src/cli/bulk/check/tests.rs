//! The text as it stands on a terminal, against files in both languages.

use std::fs;
use std::io::stdout;
use std::path::PathBuf;

use hongyan_bulk::campaign::Campaign;
use hongyan_bulk::ledger::Time;
use hongyan_bulk::preflight::{AccountFacts, Checks, Report, check};

use super::object::Object;
use super::text::{SHOWN, Text};
use crate::cli::json;
use crate::cli::paint::{Color, Paint};
use crate::cli::terminal::Language;

const TOML: &str = r#"
[message]
from = "人事处 <hr@example.org>"
subject = "{{ 姓名 }} 的工资条"
text = "letter.txt"

[recipients]
file = "people.csv"
to = "{{ 邮箱 }}"

[attach]
own = ["files/{{ 文件 }}"]
"#;

const LETTER: &str =
    "{{ 姓名 }}，您好！\n\n附件是您的工资条。\n{% if 备注 %}\n备注：{{ 备注 }}\n{% endif %}\n\n人事处\n";

/// A campaign with something of everything.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in /tmp harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn report(name: &str) -> Report {
    let folder = Folder(std::env::temp_dir().join(format!("hongyan-check-{name}-{}", std::process::id())));
    fs::create_dir_all(folder.0.join("files")).unwrap();
    let mut csv = "姓名,邮箱,文件,备注\n".to_owned();
    for row in 2..=30 {
        let name = format!("员工{row:02}");
        let address = match row {
            5 | 8 => String::new(),
            9 => "someone@qq.con".into(),
            11..=20 => "same@example.org".into(),
            _ => format!("a{row}@example.org"),
        };
        let file = if row == 7 { "员工06.pdf".into() } else { format!("{name}.pdf") };
        let note = if row == 23 { "本月含季度奖金。" } else { "" };
        csv += &format!("{name},{address},{file},{note}\n");
        if row != 28 {
            fs::write(folder.0.join("files").join(format!("{name}.pdf")), format!("%PDF {row:02}")).unwrap();
        }
    }
    for (path, text) in [("campaign.toml", TOML), ("letter.txt", LETTER), ("people.csv", &csv)] {
        fs::write(folder.0.join(path), text).unwrap();
    }
    let campaign = Campaign::open(&folder.0).unwrap();
    let account = AccountFacts::new("default", "127.0.0.1", None, campaign.config());
    let checks = Checks { accounts: &[account], now: Time(1_795_139_200_000), ..Checks::default() };
    check(&campaign, &checks, &mut |_| {})
}

fn shown(report: &Report, language: Language) -> String {
    let paint = Paint::on(&stdout(), Color::Never);
    Text { language, paint, columns: 80, dir: "payslips", shown: SHOWN }.whole(report)
}

#[test]
fn the_text_is_as_it_is_written_down_in_both_languages() {
    let report = report("text");
    for (language, expected, name) in [
        (Language::English, include_str!("fixtures/en.txt"), "en"),
        (Language::Chinese, include_str!("fixtures/zh.txt"), "zh"),
    ] {
        let text = shown(&report, language);
        assert!(text == expected, "{name}.txt should be:\n{text}");
        for line in text.lines() {
            assert!(console::measure_text_width(line) <= 80, "{line}");
        }
    }
}

#[test]
fn the_object_names_each_finding_with_its_place() {
    let report = report("object");
    let mut out = Vec::new();
    json::pretty(&mut out, &Object::of("工资条", &report)).unwrap();
    let object: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(object["may_run"], false);
    assert_eq!(object["counts"]["address.doubled"], 9);
    assert_eq!(object["rows"], 29);
    let findings = object["findings"].as_array().unwrap();
    let missing = findings.iter().find(|one| one["code"] == "address.missing").unwrap();
    assert_eq!(missing["place"]["row"], 5);
    assert_eq!(missing["place"]["column"], "邮箱");
    assert!(missing["next"]["zh"].as_str().is_some_and(|next| !next.is_empty()));
    let rows: Vec<u64> = findings.iter().map(|one| one["place"]["row"].as_u64().unwrap_or(0)).collect();
    assert!(rows.is_sorted(), "{rows:?}");
}
