//! One campaign for each rule: what is in the folder, and exactly what is found in it.

use hongyan_bulk::preflight::{AccountFacts, Checks, Code, Severity};

use crate::folder::{Folder, NOW, found};

const TOML: &str = r#"
[message]
from = "人事处 <hr@example.org>"
subject = "{{ 姓名 }} 的通知"
text = "letter.txt"

[recipients]
file = "people.csv"
to = "{{ 邮箱 }}"
"#;

const OWN: &str = "\n[attach]\nown = [\"files/{{ 文件 }}\"]\n";
const LETTER: &str = "{{ 姓名 }}，您好！\n";

/// Two rows without any fault.
fn fine() -> Folder {
    sheet("姓名,邮箱\n张三,zhang@example.org\n李四,li@example.org\n")
}

fn sheet(csv: &str) -> Folder {
    Folder::new().with("campaign.toml", TOML).with("letter.txt", LETTER).with("people.csv", csv)
}

fn letter(text: &str) -> Folder {
    fine().with("letter.txt", text)
}

fn settings(more: &str) -> Folder {
    fine().with("campaign.toml", format!("{TOML}{more}"))
}

/// Rows of name, address and file.
fn own(rows: &[(&str, &str)]) -> Folder {
    let mut csv = "姓名,邮箱,文件\n".to_owned();
    for (at, (name, file)) in rows.iter().enumerate() {
        csv += &format!("{name},a{at}@example.org,{file}\n");
    }
    sheet(&csv).with("campaign.toml", format!("{TOML}{OWN}"))
}

/// What is found beside what was found out about the CSV.
fn codes(folder: &Folder) -> Vec<String> {
    found(&folder.checked()).into_iter().filter(|code| !code.starts_with("sheet.guessed")).collect()
}

#[test]
fn rules_about_addresses() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("in order", "张三,zhang@example.org\n李四,li@example.org\n", &[]),
        (
            "missing",
            "张三,\n李四,li@example.org\n王五,  \n",
            &["address.missing 2 邮箱", "address.missing 4 邮箱"],
        ),
        ("not an address", "张三,zhang.example.org\n", &["address.invalid 2 邮箱"]),
        ("an address with a blank", "张三,zhang @example.org\n", &["address.invalid 2 邮箱"]),
        ("doubled", "张三,a@example.org\n李四,a@EXAMPLE.org\n", &["address.doubled 3 邮箱"]),
        (
            "doubled three times",
            "张三,a@example.org\n李四,a@example.org\n王五,b@example.org\n赵六,a@example.org\n",
            &["address.doubled 3 邮箱", "address.doubled 5 邮箱"],
        ),
        ("another case", "张三,Zhang@example.org\n李四,zhang@example.org\n", &["address.case 3 邮箱"]),
        ("two in a cell", "张三,\"a@example.org, b@example.org\"\n", &["address.several 2 邮箱"]),
        ("full-width comma", "张三,\"a@example.org，b@example.org\"\n", &["address.several 2 邮箱"]),
        (
            "twice in a cell",
            "张三,\"a@example.org; a@example.org\"\n",
            &["address.repeated 2 邮箱", "address.several 2 邮箱"],
        ),
        ("with a name", "张三,\"张三 <a@example.org>\"\n", &[]),
        (
            "a typing error",
            "张三,zhang@qq.con\n李四,li@gmial.com\n",
            &["address.typo 2 邮箱", "address.typo 3 邮箱"],
        ),
        ("another script", "张三,zhаng@example.org\n", &["address.lookalike 2 邮箱", "address.utf8 2 邮箱"]),
        ("nobody reads it", "张三,noreply@example.org\n", &["address.role 2 邮箱"]),
        ("an IDN", "张三,zhang@例子.中国\n", &[]),
    ];
    for (rule, rows, expected) in cases {
        let folder = sheet(&format!("姓名,邮箱\n{rows}"));
        let mut codes = codes(&folder);
        codes.sort();
        assert_eq!(codes, *expected, "{rule}");
    }
}

#[test]
fn rules_about_what_a_letter_says() {
    let cases: Vec<(&str, Folder, &[&str])> = vec![
        ("in order", fine(), &[]),
        ("an unknown field", letter("第一行\n{{ 名字 }}\n"), &["template.wrong letter.txt:2"]),
        ("a template that does not end", letter("{% if 姓名 %}\n"), &["template.wrong letter.txt:1"]),
        (
            "an endless loop",
            letter("{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}"),
            &["template.row 2:1", "template.row 3:1"],
        ),
        (
            "a line break in the subject",
            sheet("姓名,邮箱\n\"张\n三\",a@example.org\n"),
            &["template.row 2 姓名"],
        ),
        (
            "an empty subject",
            settings("").with("campaign.toml", TOML.replace("{{ 姓名 }} 的通知", "")),
            &["subject.empty 2", "subject.empty 3"],
        ),
        ("no text", letter("  \n"), &["body.empty 2", "body.empty 3"]),
        (
            "marks of a template in a cell",
            sheet("姓名,邮箱\n{{7*7}},a@example.org\n"),
            &["body.unexpanded 2"],
        ),
        (
            "marks that were written wrongly",
            letter("您好 { { 姓名 }}\n"),
            &["body.unexpanded 2", "body.unexpanded 3"],
        ),
        ("an attachment that is none", letter("请查收附件\n"), &["body.attachment 2", "body.attachment 3"]),
        (
            "an attachment that is one",
            settings("[attach]\nshared = [\"a.txt\"]\n")
                .with("a.txt", "a")
                .with("letter.txt", "请查收附件\n"),
            &[],
        ),
        ("a missing shared file", fine(), &[]),
        (
            "a remote picture",
            fine()
                .with("campaign.toml", TOML.replace("text = \"letter.txt\"", "html = \"a.html\""))
                .with("a.html", "<img src=\"https://example.org/a.png\">您好"),
            &["html.remote 2", "html.remote 3"],
        ),
    ];
    for (rule, folder, expected) in cases {
        assert_eq!(codes(&folder), expected, "{rule}");
    }
}

#[test]
fn rules_about_the_rows_own_files() {
    let pdf = |text: &str| format!("%PDF {text}");
    let cases: Vec<(&str, Folder, &[&str])> = vec![
        (
            "each has its own",
            own(&[("张三", "1.pdf"), ("李四", "2.pdf")])
                .with("files/1.pdf", pdf("1"))
                .with("files/2.pdf", pdf("2")),
            &[],
        ),
        (
            "one is missing",
            own(&[("张三", "1.pdf"), ("李四", "2.pdf")]).with("files/1.pdf", pdf("1")),
            &["file.missing 3 文件"],
        ),
        (
            "one leads out of the folder",
            own(&[("张三", "../../etc/passwd"), ("李四", "2.pdf")]).with("files/2.pdf", pdf("2")),
            &["file.outside 2 文件"],
        ),
        ("one is empty", own(&[("张三", "1.pdf")]).with("files/1.pdf", ""), &["file.empty 2 文件"]),
        (
            "one is a folder",
            own(&[("张三", "1.pdf")]).with("files/1.pdf/x", "x"),
            &["file.unused files/1.pdf/x", "file.none 2 文件"],
        ),
        (
            "two rows name the same",
            own(&[("张三", "1.pdf"), ("李四", "1.pdf")]).with("files/1.pdf", pdf("1")),
            &["file.doubled 3 文件"],
        ),
        (
            "two rows may name the same",
            own(&[("张三", "1.pdf"), ("李四", "1.pdf")])
                .with("campaign.toml", format!("{TOML}{OWN}own-may-repeat = true\n"))
                .with("files/1.pdf", pdf("1")),
            &[],
        ),
        (
            "two files have the same content",
            own(&[("张三", "1.pdf"), ("李四", "2.pdf"), ("王五", "3.pdf")])
                .with("files/1.pdf", pdf("1"))
                .with("files/2.pdf", pdf("2"))
                .with("files/3.pdf", pdf("1")),
            &["file.same 4 文件"],
        ),
        (
            "one names another row's person",
            own(&[("张三", "张三.pdf"), ("李四", "张三-2.pdf"), ("王五", "王五.pdf")])
                .with("files/张三.pdf", pdf("1"))
                .with("files/张三-2.pdf", pdf("2"))
                .with("files/王五.pdf", pdf("3")),
            &["file.other 3 文件"],
        ),
        (
            "one is nobody's",
            own(&[("张三", "1.pdf")])
                .with("files/1.pdf", pdf("1"))
                .with("files/李四.pdf", pdf("2"))
                .with("files/.DS_Store", ""),
            &["file.unused files/李四.pdf"],
        ),
    ];
    for (rule, folder, expected) in cases {
        assert_eq!(codes(&folder), expected, "{rule}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_instead_of_a_file_is_refused() {
    let folder =
        own(&[("张三", "1.pdf"), ("李四", "sub/2.pdf")]).with("files/x", "x").with("elsewhere/2.pdf", "2");
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("files/1.pdf")).unwrap();
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), folder.path().join("files/sub")).unwrap();
    assert_eq!(codes(&folder), ["file.unused files/x", "file.link 2 文件", "file.link 3 文件"]);
}

#[test]
fn rules_about_the_sheet() {
    for (rule, csv, expected) in [
        ("no rows", "姓名,邮箱\n", &["sheet.empty people.csv"][..]),
        ("too many cells", "姓名,邮箱\n张三,a@example.org,x\n李四,b@example.org\n", &["sheet.unreadable 2"]),
        ("too few cells", "姓名,邮箱,x\n张三,a@example.org\n", &["sheet.doubtful 2"]),
    ] {
        assert_eq!(codes(&sheet(csv)), expected, "{rule}");
    }
}

#[test]
fn all_findings_come_at_once_by_row_and_column() {
    let folder = own(&[("张三", "1.pdf"), ("李四", "../x"), ("{{ x }}", "9.pdf")])
        .with("people.csv", "姓名,邮箱,文件\n张三,,1.pdf\n李四,li,../x\n{{ x }},li@qq.con,9.pdf\n");
    assert_eq!(
        codes(&folder),
        [
            "address.missing 2 邮箱",
            "file.missing 2 文件",
            "address.invalid 3 邮箱",
            "file.outside 3 文件",
            "body.unexpanded 4",
            "address.typo 4 邮箱",
            "file.missing 4 文件",
        ]
    );
    let report = folder.checked();
    assert!(!report.may_run());
    assert_eq!((report.rows, report.letters), (3, 0));
    assert_eq!((report.count(Severity::Error), report.count(Severity::Warning)), (5, 2));
}

#[test]
fn a_field_that_is_missing_in_row_900_only_is_found_there() {
    let mut csv = "姓名,邮箱\n".to_owned();
    for row in 2..=1_000 {
        let address = if row == 900 { String::new() } else { format!("a{row}@example.org") };
        csv += &format!("员工{row},{address}\n");
    }
    let report = sheet(&csv).checked();
    let errors: Vec<_> = found(&report).into_iter().filter(|code| !code.starts_with("sheet.")).collect();
    assert_eq!(errors, ["address.missing 900 邮箱"]);
    assert_eq!((report.rows, report.letters), (999, 998));
    assert!(report.findings.iter().any(|finding| !finding.next.zh.is_empty()));
}

#[test]
fn what_the_account_takes_is_held_against_the_letters() {
    let config = fine().campaign().config().clone();
    let qq = AccountFacts::new("default", "smtp.qq.com", Some("1@qq.com"), &config);
    let small = AccountFacts { size: Some(300), ..AccountFacts::new("a", "mail.example.org", None, &config) };
    for (account, expected) in
        [(qq, &["sender.login 2", "sender.login 3"][..]), (small, &["size.over 2", "size.over 3"])]
    {
        let checks = Checks { accounts: &[account], now: NOW, ..Checks::default() };
        let report = fine().checked_as(&checks);
        let codes: Vec<_> = found(&report).into_iter().filter(|code| !code.starts_with("sheet.")).collect();
        assert_eq!(codes, expected);
    }
    let report = fine().checked_as(&Checks { now: NOW, ..Checks::default() });
    assert!(found(&report).contains(&"account.missing campaign.toml".to_owned()));
}

#[test]
fn marketing_needs_a_way_off_the_list() {
    let marketing = |more: &str| {
        let toml = TOML.replace("text = \"letter.txt\"", "text = \"letter.txt\"\nkind = \"marketing\"");
        fine().with("campaign.toml", format!("{toml}{more}"))
    };
    for (more, expected) in [
        ("", &["unsubscribe.missing campaign.toml"][..]),
        ("[unsubscribe]\nmailto = \"leave@example.org\"\n", &[]),
        ("[unsubscribe]\nurl = \"https://example.org/u\"\n", &[]),
        ("[headers]\nList-Unsubscribe = \"<mailto:leave@example.org>\"\n", &[]),
    ] {
        assert_eq!(codes(&marketing(more)), expected, "{more}");
    }
}

#[test]
fn a_quota_that_is_not_enough_for_a_day_is_said_and_one_of_zero_stops() {
    for (more, expected) in [
        ("[pace]\nper-day = 2\n", &[][..]),
        ("[pace]\nper-day = 1\n", &["pace.long campaign.toml"]),
        ("[pace]\nper-day = 0\n", &["pace.never campaign.toml"]),
    ] {
        let folder = settings(more);
        // A zero may be refused already when the campaign is opened.
        if hongyan_bulk::campaign::Campaign::open(folder.path()).is_ok() {
            assert_eq!(codes(&folder), expected, "{more}");
        }
    }
}

#[test]
fn whoever_is_on_the_suppression_list_is_counted_and_named() {
    let gone = |address: &str| (address == "li@example.org").then(|| "hard bounce".to_owned());
    let report = fine().checked_as(&Checks { now: NOW, suppressed: Some(&gone), ..Checks::default() });
    assert!(found(&report).contains(&"address.suppressed 3 邮箱".to_owned()));
    assert_eq!((report.recipients, report.suppressed), (2, 1));
    assert!(report.may_run());
}

#[test]
fn what_a_person_accepts_is_a_warning_and_mail_may_be_sent() {
    let folder = sheet("姓名,邮箱\n张三,a@example.org\n李四,a@example.org\n");
    assert!(!folder.checked().may_run());
    let accepted = [Code::AddressDoubled];
    let report = folder.checked_as(&Checks { now: NOW, accepted: &accepted, ..Checks::default() });
    assert!(report.may_run());
    assert_eq!(report.counts[&Code::AddressDoubled], 1);
}

#[test]
fn one_row_can_be_checked_alone() {
    let folder = sheet("姓名,邮箱\n张三,\n李四,b@example.org\n王五,\n");
    let report = folder.checked_as(&Checks { now: NOW, row: Some(4), ..Checks::default() });
    let codes: Vec<_> = found(&report).into_iter().filter(|code| code.starts_with("address")).collect();
    assert_eq!((codes, report.rows), (vec!["address.missing 4 邮箱".to_owned()], 1));
    let report = folder.checked_as(&Checks { now: NOW, row: Some(9), ..Checks::default() });
    assert!(found(&report).contains(&"sheet.empty people.csv".to_owned()));
}

#[test]
fn the_rows_that_differ_are_held_against_an_ordinary_one() {
    let mut csv = "姓名,邮箱,奖金\n".to_owned();
    for row in 2..=50 {
        csv += &format!("员工{row},a{row}@example.org,{}\n", if row == 33 { "800" } else { "" });
    }
    let folder = sheet(&csv).with(
        "letter.txt",
        "{{ 姓名 }}，您好！\n{% if 奖金 %}\n您的奖金是 {{ 奖金 }} 元。\n{% endif %}\n再见\n",
    );
    let differences = folder.checked().differences.unwrap();
    assert_eq!(differences.rows[0].row, 33);
    let more = hongyan_bulk::preflight::Line::More("您的奖金是 800 元。".into());
    assert!(differences.rows[0].lines.contains(&more), "{differences:?}");
}
