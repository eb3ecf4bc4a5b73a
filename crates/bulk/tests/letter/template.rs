//! What templates may say, and that what a cell says is never a template.

use hongyan_bulk::letter::RowError;
use hongyan_bulk::row::Row;
use hongyan_bulk::template::{MAX_BODY, MAX_STEPS};
use hongyan_mime::read::Message;
use serde_json::json;

use crate::place::{Place, letter, octets, row};

const CAMPAIGN: &str = "[message]\nsubject = \"{{ 姓名 }}\"\ntext = \"letter.txt\"\nhtml = \"letter.html\"\n\
[recipients]\nfile = \"recipients.csv\"\nto = \"{{ 邮箱 }}\"\n";
const COLUMNS: &[&str] = &["姓名", "邮箱", "工 号", "Amount", "row"];

fn cells(name: &str) -> Row {
    row(900, &[name, "a@example.org", "007", "12", "r"])
}

/// Text and HTML as a reader sees them.
fn rendered(text: &str, html: &str, row: &Row) -> Result<(String, String), RowError> {
    let place = Place::new(CAMPAIGN).with("letter.txt", text).with("letter.html", html);
    let maker = place.maker(COLUMNS).unwrap_or_else(|error| panic!("{error}"));
    let octets = octets(&mut letter(&maker, row, &[])?);
    let message = Message::parse(&octets);
    let part = |path| message.text(message.part_at(path).unwrap()).replace("\r\n", "\n");
    Ok((part("1.1"), part("1.2")))
}

fn text(template: &str, row: &Row) -> Result<String, RowError> {
    rendered(template, "x", row).map(|(text, _)| text)
}

#[test]
fn what_a_cell_holds_is_never_a_template_and_never_html() {
    let row = cells("{{7*7}}<b onclick='x'>{% include 'a' %}&");
    let (text, html) = rendered("{{ 姓名 }}", "<p title=\"{{ 姓名 }}\">{{ 姓名 }}</p>", &row).unwrap();
    assert_eq!(text, "{{7*7}}<b onclick='x'>{% include 'a' %}&");
    let escaped = "{{7*7}}&lt;b onclick=&#x27;x&#x27;&gt;{% include &#x27;a&#x27; %}&amp;";
    assert_eq!(html, format!("<p title=\"{escaped}\">{escaped}</p>"));
}

#[test]
fn every_column_can_be_named() {
    for (template, expected) in [
        ("{{ 姓名 }}", "张三"),
        ("{{ row[\"工 号\"] }}", "007"),
        ("{{ row['工 号'] ~ row.Amount }}", "00712"),
        ("{{ row[\"row\"] }}", "r"),
        (
            "{% for name in row %}{{ name }}={{ row[name] }};{% endfor %}",
            "姓名=张三;邮箱=a@example.org;工 号=007;Amount=12;row=r;",
        ),
        ("{% set x = 姓名 %}{{ x }}", "张三"),
        ("{% if Amount | int > 10 %}多{% else %}少{% endif %}", "多"),
        ("a\n{% if true %}\nb\n{% endif %}\nc\n", "a\nb\nc\n"),
        ("{% raw %}{{ 姓名 }}{% endraw %}", "{{ 姓名 }}"),
        ("{% macro hi(who) %}你好，{{ who }}{% endmacro %}{{ hi(姓名) }}", "你好，张三"),
        ("{{ Amount | money }}", "12.00"),
    ] {
        assert_eq!(text(template, &cells("张三")).unwrap(), expected, "{template}");
    }
}

#[test]
fn an_empty_cell_is_empty_text_and_json_keeps_its_kinds() {
    let row =
        Row { number: 2, cells: vec![json!(null), json!("a@example.org"), json!(["a", "b"]), json!(12.5)] };
    let place = Place::new(&CAMPAIGN.replace("{{ 姓名 }}", "工资")).with("letter.html", "").with(
        "letter.txt",
        "[{{ 姓名 }}{{ row['row'] }}]{% for x in row['工 号'] %}{{ x }};{% endfor %}{{ Amount * 2 }}{{ 姓名 | default('无') }}",
    );
    let maker = place.maker(COLUMNS).unwrap();
    let octets = octets(&mut letter(&maker, &row, &[]).unwrap());
    let message = Message::parse(&octets);
    assert_eq!(message.text(message.part_at("1.1").unwrap()), "[]a;b;25.0无");
}

#[test]
fn what_no_row_could_have_is_found_before_the_first_row() {
    for (file, template, line, part) in [
        ("letter.txt", "你好\n{{ 姓明 }}", 2, "no column `姓明`"),
        ("letter.txt", "{% if false %}\n{{ 奖金 }}{% endif %}", 2, "no column `奖金`"),
        ("letter.txt", "\n\n{{ row[\"工号\"] }}", 3, "no column `工号`"),
        ("letter.txt", "{{ row.department }}", 1, "no column `department`"),
        ("letter.txt", "{{ 姓名 | default(昵称) }}", 1, "no column `昵称`"),
        ("letter.txt", "{{ debug() }}", 1, "no column `debug`"),
        ("letter.txt", "{{ unsubscribe_link }}", 1, "no column `unsubscribe_link`"),
        ("letter.txt", "x\n{{ 姓名", 2, "the template is wrong"),
        ("letter.txt", "{% if 姓名 %}", 1, "the template is wrong"),
        ("letter.txt", "{{ 工 号 }}", 1, "row[\"its name\"]"),
        ("letter.txt", "\n{% include '/etc/passwd' %}", 2, "load nothing"),
        ("letter.html", "{% extends 'a' %}", 1, "load nothing"),
        ("letter.html", "\n{% import 'a' as b %}", 2, "load nothing"),
        ("letter.html", "{% from 'a' import b %}", 1, "load nothing"),
        ("letter.html", "<p>\n<img src=\"no.png\">", 2, "there is no file `no.png`"),
        ("letter.html", "<img src=\"../x.png\">", 1, "out of the campaign's folder"),
    ] {
        let place = Place::new(CAMPAIGN).with("letter.txt", "").with("letter.html", "").with(file, template);
        let error = place.maker(COLUMNS).unwrap_err();
        assert!(error.to_string().contains(part), "{template}: {error}");
        assert_eq!((error.place.file.as_str(), error.place.line), (file, Some(line)), "{template}: {error}");
    }
    let near = Place::new(CAMPAIGN)
        .with("letter.txt", "{{ 姓明 }}")
        .with("letter.html", "")
        .maker(COLUMNS)
        .unwrap_err();
    assert!(near.problem.next.en.contains("did you mean `姓名`"), "{near}");
    assert!(near.problem.next.zh.contains("是不是 `姓名`"), "{near}");
}

#[test]
fn templates_in_the_settings_are_held_to_the_same() {
    for (written, instead, line) in [
        ("subject = \"{{ 姓名 }}\"", "subject = \"{{ 姓 }}\"", 2),
        ("to = \"{{ 邮箱 }}\"", "to = \"{{ 邮件 }}\"", 7),
        ("to = \"{{ 邮箱 }}\"", "to = \"{{ 邮箱 }}\"\n[attach]\nown = [\n'a',\n'{{ x }}']", 11),
        ("to = \"{{ 邮箱 }}\"", "to = \"{{ 邮箱 }}\"\n[headers]\nX-A = \"{{ x }}\"", 9),
        ("to = \"{{ 邮箱 }}\"", "to = \"{{ 邮箱 }}\"\n[headers]\nBcc = \"x@example.org\"", 9),
        ("to = \"{{ 邮箱 }}\"", "to = \"{{ 邮箱 }}\"\n[headers]\n\"a b\" = \"x\"", 9),
        ("to = \"{{ 邮箱 }}\"", "to = \"{{ 邮箱 }}\"\nbcc = \"{{ 邮箱 \"", 8),
    ] {
        let place =
            Place::new(&CAMPAIGN.replace(written, instead)).with("letter.txt", "").with("letter.html", "");
        let error = place.maker(COLUMNS).unwrap_err();
        assert_eq!(
            (error.place.file.as_str(), error.place.line),
            ("campaign.toml", Some(line)),
            "{instead}: {error}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_row_is_said_with_row_template_line_and_column() {
    let endless = "{% for a in range(99999) %}\n{% for b in range(99999) %}\n{{ a }}{% endfor %}{% endfor %}";
    let long = format!("{{% for a in range(99999) %}}{}{{% endfor %}}", "x".repeat(MAX_BODY / 99_999 + 1));
    for (template, row, line, column, part) in [
        (endless, cells("张三"), None, None, format!("more than {MAX_STEPS} steps")),
        (
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            cells("张三"),
            Some(1),
            None,
            "recursion".to_owned(),
        ),
        (&long, cells("张三"), Some(1), None, format!("longer than {MAX_BODY} octets")),
        (
            "\n{{ Amount | money }}",
            row(900, &["", "a@example.org", "", "一千", ""]),
            Some(2),
            None,
            "`一千` is not a number".to_owned(),
        ),
        ("\n\n{{ row[姓名] }}", cells("部门"), Some(3), None, "does not exist".to_owned()),
        ("{{ 姓名 | nosuch }}", cells("张三"), Some(1), None, "nosuch".to_owned()),
        ("{{ 姓名.first.second }}", cells("张三"), Some(1), None, "does not exist".to_owned()),
        (
            "\n{{ Amount }}",
            row(900, &["", "a@example.org", "", "#N/A", ""]),
            Some(2),
            Some("Amount"),
            "#N/A".to_owned(),
        ),
        (
            "{{ row['工 号'] }}",
            Row {
                number: 900,
                cells: vec![json!(""), json!("a@example.org"), json!({"sheet-error": "#REF!"})],
            },
            Some(1),
            Some("工 号"),
            "#REF!".to_owned(),
        ),
    ] {
        let error = text(template, &row).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(&part), "{template}: {said}");
        assert_eq!((error.row, error.place.file.as_str()), (900, "letter.txt"), "{said}");
        assert_eq!(error.column.as_deref(), column, "{said}");
        assert!(line.is_none() || error.place.line == line, "{said}");
        assert!(said.starts_with("row 900"), "{said}");
        assert!(error.said().what.zh.starts_with("第 900 行"), "{}", error.said().what.zh);
    }
    // What a letter does not use does not keep it from being made.
    assert_eq!(text("{{ 姓名 }}", &row(900, &["张三", "a@example.org", "", "#N/A", ""])).unwrap(), "张三");
}

#[test]
fn a_line_break_from_a_cell_never_reaches_a_header_a_path_or_an_address() {
    let campaign = "[message]\nsubject = \"工资 {{ a }}\"\ntext = \"letter.txt\"\nreply-to = \"{{ c }}\"\n\
        [recipients]\nfile = \"recipients.csv\"\nto = \"{{ b }} <a@example.org>\"\n[headers]\nX-A = \"{{ d }}\"\n\
        [attach]\nown = [\"files/{{ e }}\"]\nown-names = [\"{{ f }}\"]\n";
    let place = Place::new(campaign).with("letter.txt", "{{ a }}").with("files/x.pdf", "");
    let columns = ["a", "b", "c", "d", "e", "f"];
    let (maker, campaign) = (place.maker(&columns).unwrap(), place.open().unwrap());
    let good = ["s", "n", "r@example.org", "x", "x.pdf", "y.pdf"];
    let held = [campaign.hold("files/x.pdf", None).unwrap()];
    assert!(letter(&maker, &row(2, &good), &held).is_ok());
    for (at, column) in columns.iter().enumerate() {
        for bad in ["x\r\nBcc: eve@example.org", "x\ny@example.org", "x\0y", "x\ry"] {
            let mut cells = good;
            cells[at] = bad;
            let error = letter(&maker, &row(2, &cells), &held).unwrap_err();
            assert_eq!((error.row, error.column.as_deref()), (2, Some(*column)), "{bad:?} {error}");
        }
    }
    // At its end it is what an editor leaves behind.
    let mut ended = good;
    ended[0] = "s\n";
    assert_eq!(letter(&maker, &row(2, &ended), &held).unwrap().subject, "工资 s");
}

#[test]
fn own_files_stay_inside_the_folder_and_belong_to_their_row() {
    let campaign = "[message]\nsubject = \"s\"\ntext = \"letter.txt\"\n[recipients]\nfile = \"recipients.csv\"\n\
        to = \"a@example.org\"\n[attach]\nown = [\"files/{{ 工号 }}.pdf\", \"{{ 附件 }}\"]\nown-names = [\"{{ 名称 }}\"]\n";
    let place = Place::new(campaign)
        .with("letter.txt", "")
        .with("files/1.pdf", "1")
        .with("files/2.pdf", "2")
        .with("b.eml", "x");
    let (maker, campaign) = (place.maker(&["工号", "附件", "名称"]).unwrap(), place.open().unwrap());
    let own = |cells: &[&str]| maker.own_files(&row(9, cells));
    assert_eq!(own(&["1", "", ""]).unwrap(), ["files/1.pdf"]);
    assert_eq!(own(&["1", " ./b.eml ", ""]).unwrap(), ["files/1.pdf", "b.eml"]);
    for (cells, column, part) in [
        (["../../etc/passwd", "", ""], "工号", "out of the campaign's folder"),
        (["1", "/etc/passwd", ""], "附件", "not a path inside"),
        (["1", "..", ""], "附件", "out of the campaign's folder"),
    ] {
        let error = own(&cells).unwrap_err();
        assert_eq!(error.column.as_deref(), Some(column), "{error}");
        assert_eq!((error.row, error.place.file.as_str()), (9, "campaign.toml"));
        assert!(error.to_string().contains(part), "{error}");
    }
    let held =
        |paths: &[&str]| paths.iter().map(|path| campaign.hold(path, None).unwrap()).collect::<Vec<_>>();
    let made = |cells: &[&str], paths: &[&str]| letter(&maker, &row(9, cells), &held(paths));
    let mut both = made(&["1", "b.eml", ""], &["files/1.pdf", "b.eml"]).unwrap();
    let octets = octets(&mut both);
    let message = Message::parse(&octets);
    let names: Vec<_> = (0..message.parts().len()).filter_map(|part| message.file_name(part)).collect();
    assert_eq!(names, ["1.pdf", "b.eml"]);
    // Somebody else's file is never taken for one's own.
    assert!(made(&["1", "", ""], &["files/2.pdf"]).unwrap_err().to_string().contains("files/1.pdf"));
    assert!(made(&["1", "", ""], &[]).is_err());
    let slash = made(&["1", "", "2026/10"], &["files/1.pdf"]).unwrap_err();
    assert_eq!(slash.column.as_deref(), Some("名称"), "{slash}");
    let missing = campaign.hold("files/3.pdf", None).unwrap_err();
    let error = maker.own_file_error(&row(9, &["3", "", ""]), "files/3.pdf", &missing);
    assert_eq!((error.row, error.column.as_deref()), (9, Some("工号")));
}
