//! Letters read back by the reader of mail: what a person gets to see.

use std::io::Read;

use hongyan_bulk::campaign::{Campaign, CampaignError, CampaignErrorKind, PathProblem};
use hongyan_bulk::dkim::{Algorithm, BITS, PrivateKey, Signer, generate};
use hongyan_bulk::ledger::Time;
use hongyan_bulk::letter::{Held, Maker};
use hongyan_bulk::token::{Key, Purpose, Verp};
use hongyan_mime::read::{Message, inspect, tree};
use hongyan_net::smtp::Body;

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
├─ 1.1 multipart/alternative, 2 parts, 788 B
│  ├─ 1.1.1 text/plain; charset=utf-8, base64, 36 B
│  └─ 1.1.2 multipart/related, 2 parts, 474 B
│     ├─ 1.1.2.1 text/html; charset=utf-8, quoted-printable, 84 B
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

#[test]
fn html_without_a_text_gets_its_text_made_of_each_letter() {
    let campaign =
        CAMPAIGN.replace("text = \"letter.txt\"\n", "").replace("own = [\"files/{{ 工号 }}.pdf\"]\n", "");
    let place = Place::new(&campaign.replace("own-names = [\"工资条-{{ 姓名 }}.pdf\"]\n", ""))
        .with("说明.pdf", "")
        .with(
            "letter.html",
            "<p>{{ 姓名 }}：<a href=\"https://example.org/\">明细</a></p><ul><li>{{ 实发工资 }}</ul>",
        );
    let maker = place.maker(COLUMNS).unwrap();
    let row = row(2, &["1", "李<四>", "li@example.org", "", "9800"]);
    let octets = octets(&mut letter(&maker, &row, &[]).unwrap());
    let message = Message::parse(&octets);
    let text = message.text(message.part_at("1.1.1").unwrap());
    for part in ["李<四>：明细", "9800", "https://example.org/"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn everybodys_letter_shares_what_is_attached_and_has_a_fingerprint_of_its_own() {
    let place = payslip();
    place.write("说明.pdf", vec![b'x'; 300_000]);
    place.write("files/0008.pdf", vec![b'y'; 100_000]);
    let (maker, campaign) = (place.maker(COLUMNS).unwrap(), place.open().unwrap());
    let sent = |id: &str| {
        let row = row(7, &[id, "张三", "zhang@example.org", "", ""]);
        let held = [campaign.hold(&format!("files/{id}.pdf"), None).unwrap()];
        let made = letter(&maker, &row, &held).unwrap();
        (maker.fingerprint(&made, &held).unwrap(), made)
    };
    let (seven, mut made) = sent("0007");
    assert_eq!(seven, sent("0007").0);
    assert_eq!(seven.1, octets(&mut made).len() as u64);
    let eight = sent("0008").0;
    assert_ne!(seven, eight);
    // The row's own file is read as it is sent; another content is another fingerprint.
    place.write("files/0008.pdf", vec![b'z'; 100_000]);
    assert_ne!(eight, sent("0008").0);
    // A letter without anything long has the SHA-256 of its octets.
    let short = Place::new("[message]\nsubject = \"s\"\ntext = \"t\"\n[recipients]\nfile = \"recipients.csv\"\nto = \"{{ a }}\"\n")
        .with("t", "你好");
    let maker = short.maker(&["a"]).unwrap();
    let mut made = letter(&maker, &row(2, &["a@example.org"]), &[]).unwrap();
    let (sha256, _) = maker.fingerprint(&made, &[]).unwrap();
    let digits: String = sha256.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(digits, hongyan_bulk::campaign::sha256_of(&octets(&mut made)));
}

#[test]
fn a_begun_campaign_makes_its_letters_of_what_was_frozen_only() {
    let place = payslip();
    let campaign = place.open().unwrap();
    let columns: Vec<String> = COLUMNS.iter().map(ToString::to_string).collect();
    let manifest = campaign.freeze(KEY, Time(0), &columns).unwrap();
    let own = campaign.frozen("files/0007.pdf").unwrap();
    let row = row(7, &["0007", "张三", "zhang@example.org", "财务 部", "12345.6"]);
    let whole = |campaign: &Campaign| -> Result<Vec<u8>, CampaignError> {
        let maker = Maker::frozen(campaign, &manifest)?;
        let held = [Held { path: "files/0007.pdf".into(), ..campaign_file(&place) }];
        Ok(octets(&mut letter(&maker, &row, &held).unwrap()))
    };
    let here = whole(&campaign).unwrap();
    // On another machine the contents lie by their hashes.
    let contents = Place::new("");
    for (path, frozen) in &manifest.files {
        contents.write(&frozen.sha256, std::fs::read(place.path().join(path)).unwrap());
    }
    let there = Campaign::from_manifest(&manifest, contents.path()).unwrap();
    assert_eq!(whole(&there).unwrap(), here);
    assert_eq!(there.folder(), None);
    // A content that is not what it is called is never used.
    contents.write(&manifest.files["letter.html"].sha256, "<p>another</p>");
    assert_eq!(whole(&there).unwrap_err().kind, CampaignErrorKind::Changed);
    for (path, content) in
        [("letter.txt", "{{ 姓名 }}"), ("letter.html", ""), ("pics/logo.png", "x"), ("说明.pdf", "x")]
    {
        let before = std::fs::read(place.path().join(path)).unwrap();
        place.write(path, content);
        let error = whole(&campaign).unwrap_err();
        assert_eq!(error.kind, CampaignErrorKind::Changed, "{path}: {error}");
        place.write(path, before);
    }
    assert_eq!(whole(&campaign).unwrap(), here);
    place.write("files/0007.pdf", "%PDF-1.4 0wn");
    assert_eq!(campaign.hold("files/0007.pdf", Some(&own)).unwrap_err().problem, PathProblem::Changed);
}

fn campaign_file(place: &Place) -> Held {
    place.open().unwrap().hold("files/0007.pdf", None).unwrap()
}

#[test]
fn a_signed_letter_with_tokens_is_verified_and_says_whose_it_is() {
    let added = "[unsubscribe]\nurl = \"https://example.org/u\"\nmailto = \"leave@example.org\"\n\
        [bounces]\nverp = \"b+{token}@example.org\"\n";
    let place = payslip();
    place.write("campaign.toml", format!("{CAMPAIGN}{added}"));
    place.write("letter.txt", "{{ unsubscribe_link }}");
    let (campaign, key) = (place.open().unwrap(), Key::from_octets([7; 32]));
    let pem = generate(Algorithm::Ed25519, BITS).unwrap();
    let secret = PrivateKey::from_pem(&pem).unwrap();
    let signer = Signer::new("example.org", "s1", secret).unwrap();
    let maker = place.maker(COLUMNS).unwrap().with_tokens(&campaign, &key).with_signer(signer);
    for size in [100, 200_000] {
        place.write("files/0007.pdf", vec![b'x'; size]);
        let held = [campaign.hold("files/0007.pdf", None).unwrap()];
        let row = row(7, &["0007", "张三", "zhang@example.org", "", "1"]);
        let mut made = letter(&maker, &row, &held).unwrap();
        let octets = octets(&mut made);
        made.content.restart().unwrap();
        let mut again = Vec::new();
        made.content.read_to_end(&mut again).unwrap();
        assert_eq!(octets, again);
        assert!(octets.starts_with(b"DKIM-Signature: v=1; "), "{}", String::from_utf8_lossy(&octets[..200]));
        let verp = Verp::parse("b+{token}@example.org").unwrap();
        let token = verp.token(made.envelope_from.as_str()).unwrap();
        assert_eq!(key.read(Purpose::Verp, token).unwrap().row, 7);
        let message = Message::parse(&octets);
        let list = message.value_text(message.field(0, "List-Unsubscribe").unwrap());
        let link = message.text(message.part_at("1.1.1").unwrap()).into_owned();
        assert!(list.contains(&format!("<{link}>")), "{list} {link}");
        let token = link.rsplit('/').next().unwrap();
        assert_eq!(key.read(Purpose::Unsubscribe, token).unwrap().row, 7);
        assert!(message.field(0, "List-Unsubscribe-Post").is_some());
    }
}
