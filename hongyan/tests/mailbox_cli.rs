//! `hongyan list`, `show` and `search`, run as a person runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A Maildir for one test, made anew.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mailbox").join(name);
        let _ = fs::remove_dir_all(&path);
        for part in ["new", "cur", "tmp"] {
            fs::create_dir_all(path.join(part)).unwrap();
        }
        Self(path)
    }

    /// One with three mails: two read, one new and with an attachment.
    fn filled(name: &str) -> Self {
        let place = Self::new(name);
        place.put("cur/1.x:2,S", &mail("季度报告", "王伟 <wang@example.cn>", 5, "附上销售报告，请查收。"));
        place.put("cur/2.x:2,FRS", &mail("Café meeting", "Müller <mueller@example.de>", 10, "At the café."));
        place.put("new/3.x", WITH_FILE.as_bytes());
        place
    }

    fn put(&self, file: &str, mail: &[u8]) {
        fs::write(self.0.join(file), mail).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_in("C", arguments)
    }

    fn run_in(&self, locale: &str, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_hongyan"))
            .args(arguments)
            .env("LC_ALL", locale)
            .env("TZ", "UTC")
            .env("HONGYAN_MAILDIR", &self.0)
            .env("HONGYAN_CONFIG", "/dev/null")
            .current_dir(&self.0)
            .output()
            .unwrap()
    }

    /// What it prints, where all goes well.
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        text(&output.stdout).to_owned()
    }

    /// What it says, where it exits with `code`.
    fn refuses(&self, arguments: &[&str], code: i32) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stderr).to_owned()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("what is printed is UTF-8")
}

fn mail(subject: &str, from: &str, day: u8, body: &str) -> Vec<u8> {
    format!(
        "From: {from}\r\nTo: goose@example.org\r\nSubject: {subject}\r\nDate: {day} Jan 2026 12:00:00 +0800\r\n\
         Message-ID: <{day}@example.org>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    )
    .into_bytes()
}

const WITH_FILE: &str = "From: shop@example.com\r\nTo: Goose <goose@example.org>\r\nSubject: =?gb2312?B?t6LGsQ==?=\r\n\
    Date: Tue, 20 Jan 2026 00:30:00 +0800\r\nMessage-ID: <inv@shop>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Your <b>monthly</b> bill<script>evil()</script></p>\r\n\
    --b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--b--\r\n";

#[test]
fn a_list_in_a_pipe_is_lines_of_columns() {
    let place = Place::filled("list");
    assert_eq!(
        place.says(&["list"]),
        "3\tN@\t2026-01-20T00:30:00+08:00\tshop@example.com\t发票\n\
         2\tRF\t2026-01-10T12:00:00+08:00\tMüller\tCafé meeting\n\
         1\t\t2026-01-05T12:00:00+08:00\t王伟\t季度报告\n"
    );
    assert_eq!(place.says(&["list", "--unread"]).lines().count(), 1);
    assert_eq!(place.says(&["list", "--limit", "1", "--page", "2"]), place.says(&["search", "café"]));
    assert_eq!(place.says(&["list", "--limit", "2", "--page", "3"]), "");
    assert_eq!(place.says(&["list", "--folder", "Nowhere"]), "");
}

#[test]
fn a_list_for_programs_is_an_object_a_line() {
    let place = Place::filled("json");
    let printed = place.says(&["list", "--json"]);
    let mails: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(mails.len(), 3);
    let mail = &mails[0];
    assert_eq!((&mail["id"], &mail["unread"]), (&Value::from(3), &Value::from(true)));
    assert_eq!((&mail["subject"], &mail["attachments"]), (&Value::from("发票"), &Value::from(1)));
    assert_eq!((&mail["message_id"], &mail["folder"]), (&Value::from("inv@shop"), &Value::from("INBOX")));
    assert_eq!(mail["from"]["address"], "shop@example.com");
    assert_eq!(mail["size"], WITH_FILE.len());
    assert!(Path::new(mail["path"].as_str().unwrap()).exists());
    assert_eq!(mails[1]["flags"], serde_json::json!(["seen", "answered", "flagged"]));
}

#[test]
fn a_search_finds_or_says_where_it_makes_no_sense() {
    let place = Place::filled("search");
    let numbers = |query: &[&str]| -> Vec<String> {
        let printed = place.says(&[&["search"], query].concat());
        printed.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers(&["from:王", "报告"]), ["1"]);
    assert_eq!(numbers(&["from:王 OR has:attachment"]), ["3", "1"]);
    assert_eq!(numbers(&["--", "-is:read"]), ["3"]);
    assert_eq!(numbers(&["monthly", "--by", "relevance"]), ["3"]);
    assert_eq!(numbers(&["evil"]), [""; 0]);
    let said = place.refuses(&["search", "报告", "is:green"], 64);
    assert!(
        said.starts_with("  报告 is:green\n          ^^^^^\nsearch: is: has only these values"),
        "{said}"
    );
    let chinese = place.run_in("zh_CN.UTF-8", &["search", "form:x"]);
    assert!(text(&chinese.stderr).contains("没有 form: 这个条件"), "{}", text(&chinese.stderr));
}

#[test]
fn a_mail_is_shown_as_people_read_it_and_is_read_then() {
    let place = Place::filled("show");
    let shown = place.says(&["show", "--peek", "3"]);
    assert_eq!(
        shown,
        "Subject     发票\nFrom        shop@example.com\nTo          Goose <goose@example.org>\n\
         Date        2026-01-20 00:30 +08:00 (2026-01-19 16:30 here)\n\nYour monthly bill\n\n\
         1 attachment:\n  1.2  a.pdf  3 bytes, application/pdf\n"
    );
    assert!(place.0.join("new/3.x").exists(), "--peek leaves it as it was");
    assert_eq!(place.says(&["show", "3"]), shown);
    assert!(place.0.join("cur/3.x:2,S").exists());
    assert_eq!(place.says(&["list", "--unread"]), "");
    // By its Message-ID, and by its file.
    assert_eq!(place.says(&["show", "<inv@shop>"]), shown);
    assert_eq!(place.says(&["show", "cur/3.x:2,S"]), shown);
}

#[test]
fn a_side_of_a_mail_for_programs() {
    let place = Place::filled("sides");
    assert_eq!(place.says(&["show", "3", "--part", "1.2"]), "abc");
    assert_eq!(place.says(&["show", "3", "--source"]), WITH_FILE);
    let all: Value = serde_json::from_str(&place.says(&["show", "3", "--json"])).unwrap();
    assert_eq!(all["subject"], "发票");
    assert_eq!(all["parts"][2]["file"], "a.pdf");
    let html = place.says(&["show", "3", "--html"]);
    assert!(html.contains("<p>Your <b>monthly</b> bill</p>") && !html.contains("evil"), "{html}");
    assert!(place.says(&["show", "1", "--html"]).contains("附上销售报告"));
    assert_eq!(place.says(&["show", "3", "--part", "1.2", "-o", "out.pdf"]), "");
    assert_eq!(fs::read(place.0.join("out.pdf")).unwrap(), b"abc");
    // Nothing is written over.
    place.refuses(&["show", "3", "--part", "1.1", "-o", "out.pdf"], 73);
    assert_eq!(fs::read(place.0.join("out.pdf")).unwrap(), b"abc");
    assert!(place.refuses(&["show", "3", "--part", "1.3"], 65).contains("no part 1.3"));
    assert!(place.refuses(&["show", "3", "--part", "x"], 64).contains("a part's path is like 1.2"));
}

#[test]
fn nothing_of_a_mail_reaches_the_output_raw() {
    let place = Place::new("hostile");
    let hostile = "From: \"\u{1b}[2Jx\" <a@b>\r\nTo: c@d\r\nSubject: a\u{1b}]0;t\u{7}\u{202e}b\r\n\
        Date: 5 Jan 2026 12:00:00 +0000\r\nMessage-ID: <h@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\u{1b}[31mred\u{9b}0m\rover\u{200b}\r\n\
        --b\r\nContent-Type: application/x; name=\"\u{1b}[0m\u{202e}fdp.exe\"\r\n\r\nx\r\n--b--\r\n";
    place.put("new/1.x", hostile.as_bytes());
    for arguments in [&["list"][..], &["list", "--json"], &["search", "red"], &["show", "--peek", "1"]] {
        let printed = place.says(arguments);
        let harmful = |c: char| (c.is_control() && !"\n\t".contains(c)) || "\u{202e}\u{200b}".contains(c);
        assert!(!printed.contains(harmful), "{arguments:?}: {printed:?}");
        assert_eq!(printed.contains("red"), arguments[0] == "show", "{printed}");
    }
}

#[test]
fn what_is_repaired_is_said() {
    let place = Place::new("repaired");
    let mut mail = b"Subject: \xb7\xa2\xc6\xb1\r\nFrom: a@b\r\nDate: 5 Jan 2026 12:00:00 +0000\r\n".to_vec();
    mail.extend_from_slice(b"Content-Type: text/plain; charset=gb2312\r\n\r\n\xb7\xa2\xc6\xb1\r\n");
    place.put("new/1.x", &mail);
    let shown = place.says(&["show", "1"]);
    assert!(shown.starts_with("Subject     发票\n"), "{shown}");
    assert!(shown.contains("\n发票\n") && shown.contains("\n  repair     1  "), "{shown}");
}

#[test]
fn what_another_program_does_meanwhile_is_kept_up_with() {
    let place = Place::filled("meanwhile");
    place.says(&["list"]);
    fs::rename(place.0.join("new/3.x"), place.0.join("cur/3.x:2,FS")).unwrap();
    assert!(place.says(&["show", "3"]).contains("发票"));
    assert!(place.0.join("cur/3.x:2,FS").exists());
    fs::remove_file(place.0.join("cur/3.x:2,FS")).unwrap();
    assert!(place.refuses(&["show", "3"], 66).contains("there is no mail 3"));
    assert!(place.refuses(&["show", "inv@shop"], 66).contains("no mail with that Message-ID"));
}

#[test]
fn what_cannot_be_used_is_said_with_what_to_do() {
    let place = Place::filled("unusable");
    let index = place.0.join("hongyan/index.sqlite");
    for (arguments, code, said) in [
        (&["list", "--maildir", "/nonexistent"][..], 66, "there is no Maildir at /nonexistent"),
        (&["list", "--maildir", "/dev/null"], 66, "/dev/null is a file, not a Maildir"),
        (&["list", "--maildir", "/"], 66, "/ is not a Maildir"),
        (&["list", "--account", "nobody"], 78, "there is no account \"nobody\""),
        (&["show", "99"], 66, "there is no mail 99"),
        (&["show", "none.eml"], 66, "none.eml cannot be read"),
        (&["show", "3", "--html", "--json"], 64, "cannot be used with"),
        (&["list", "--limit", "0"], 64, "0"),
    ] {
        let printed = place.refuses(arguments, code);
        assert!(printed.contains(said), "{arguments:?}: {printed}");
    }
    place.says(&["list"]);
    fs::write(&index, "no database").unwrap();
    let output = place.run(&["list"]);
    assert_eq!(text(&output.stdout).lines().count(), 3);
    assert!(text(&output.stderr).contains("the index was damaged and is made again"));
    assert_eq!(place.says(&["list"]).lines().count(), 3);
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let place = Place::new("pipe");
    for number in 0..3_000 {
        place.put(&format!("new/{number}.x"), &mail("s", "a@b", 1, "x"));
    }
    let line = format!("{} list | head -n 1", env!("CARGO_BIN_EXE_hongyan"));
    let output = Command::new("sh")
        .args(["-c", &line])
        .env("LC_ALL", "C")
        .env("HONGYAN_MAILDIR", &place.0)
        .env("HONGYAN_CONFIG", "/dev/null")
        .output()
        .unwrap();
    assert_eq!((text(&output.stdout).lines().count(), text(&output.stderr)), (1, ""));
    assert_eq!(place.says(&["list"]).lines().count(), 3_000);
}
