//! Letters read back by the reader of mail: what a person gets to see.

use hongyan_bulk::letter::Held;
use hongyan_mime::read::{Message, inspect, tree};

use crate::place::{KEY, Place, letter, octets, row};

const COLUMNS: &[&str] = &["工号", "姓名", "邮箱", "部 门", "实发工资"];

const CAMPAIGN: &str = r#"
[message]
subject = "{{ 姓名 }}的工资条"
text = "letter.txt"
html = "letter.html"

[recipients]
file = "recipients.csv"
to = "{{ 姓名 }} <{{ 邮箱 }}>"

[attach]
shared = ["说明.pdf"]
own = ["files/{{ 工号 }}.pdf"]
own-names = ["工资条-{{ 姓名 }}.pdf"]

[headers]
X-Department = "{{ row['部 门'] }}"
"#;

fn payslip() -> Place {
    Place::new(CAMPAIGN)
        .with(
            "letter.txt",
            "{{ 姓名 }}：\n{% if 实发工资 %}\n实发 {{ 实发工资 | money }} 元。\n{% endif %}\n",
        )
        .with(
            "letter.html",
            "<p><img src=\"pics/logo.png\" alt=\"logo\"> {{ 姓名 }}：实发 <b>{{ 实发工资 | money }}</b></p>",
        )
        .with("pics/logo.png", b"\x89PNG\r\n\x1a\n")
        .with("说明.pdf", b"%PDF-1.4 shared")
        .with("files/0007.pdf", b"%PDF-1.4 own")
}

#[test]
fn a_payslip_has_its_names_its_picture_and_its_own_file() {
    let place = payslip();
    let (maker, campaign) = (place.maker(COLUMNS).unwrap(), place.open().unwrap());
    let row = row(7, &["0007", "张三", "zhang@example.org", "财务 部", "12345.6"]);
    let paths = maker.own_files(&row).unwrap();
    assert_eq!(paths, ["files/0007.pdf"]);
    let held: Vec<Held> = paths.iter().map(|path| campaign.hold(path, None).unwrap()).collect();
    let mut made = letter(&maker, &row, &held).unwrap();
    assert_eq!(made.message_id, format!("7.{KEY}@example.org"));
    assert_eq!(made.subject, "张三的工资条");
    assert_eq!(made.envelope_from.as_str(), "hr@example.org");
    let octets = octets(&mut made);
    let tree = tree(&inspect(&octets)).join("\n");
    assert_eq!(
        tree,
        "\
1 multipart/mixed, 3 parts, 1.4 KiB
├─ 1.1 multipart/alternative, 2 parts, 774 B
│  ├─ 1.1.1 text/plain; charset=utf-8, base64, 36 B
│  └─ 1.1.2 multipart/related, 2 parts, 460 B
│     ├─ 1.1.2.1 text/html; charset=utf-8, quoted-printable, 77 B
│     └─ 1.1.2.2 image/png, base64, 8 B, inline “logo.png”
├─ 1.2 application/pdf, base64, 12 B, attachment “工资条-张三.pdf”
└─ 1.3 application/pdf, base64, 15 B, attachment “说明.pdf”"
    );
    let message = Message::parse(&octets);
    let part = |path: &str| message.part_at(path).unwrap();
    assert_eq!(message.text(part("1.1.1")), "张三：\r\n实发 12,345.60 元。\r\n");
    let html = message.text(part("1.1.2.1"));
    let id = message.content_id(part("1.1.2.2")).unwrap();
    assert_eq!(html, format!("<p><img src=\"cid:{id}\" alt=\"logo\"> 张三：实发 <b>12,345.60</b></p>"));
    assert_eq!(&*message.decoded(part("1.2")), b"%PDF-1.4 own");
    let field = |name: &str| message.value_text(message.field(0, name).unwrap()).trim().to_owned();
    assert_eq!(field("X-Department"), "财务 部");
    assert_eq!(field("Date"), "Fri, 20 Nov 2026 17:00:00 +0800");
    assert_eq!(message.to()[0].mailboxes()[0].to_string(), "张三 <zhang@example.org>");
    assert_eq!(message.from()[0].mailboxes()[0].to_string(), "人事部 <hr@example.org>");
}
