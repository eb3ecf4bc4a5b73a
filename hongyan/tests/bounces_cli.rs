//! `hongyan bulk bounces` and `hongyan bulk suppress`, run as a person runs them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A folder with a data folder of its own in it.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bounces").join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.current_dir(&self.0).env("LC_ALL", "C").env("HOME", &self.0).env_remove("XDG_CONFIG_HOME");
        command.env("XDG_DATA_HOME", self.0.join("data")).arg("bulk").args(words).output().unwrap()
    }

    /// Runs it with `--json`, and gives the objects.
    fn objects(&self, words: &[&str]) -> Vec<Value> {
        let output = self.run(&[words, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn code(&self, words: &[&str]) -> Option<i32> {
        self.run(words).status.code()
    }
}

/// A report (RFC 3464) about this recipient.
fn report(address: &str, action: &str, status: &str, answer: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.example.net\r\nTo: hr@example.org\r\nSubject: Undelivered\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\n\r\nIt was not delivered.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; {address}\r\nAction: {action}\r\n\
         Status: {status}\r\nDiagnostic-Code: smtp; {answer}\r\n--b--\r\n"
    )
}

#[test]
fn an_address_that_does_not_exist_is_struck_off_once() {
    let place = Place::new("once");
    let mail =
        report("zhang.san@example.com", "failed", "5.1.1", "550 5.1.1 <zhang.san@example.com>: User unknown");
    fs::write(place.0.join("1.eml"), &mail).unwrap();

    let dry = place.objects(&["bounces", "1.eml", "--dry-run"]);
    assert_eq!((dry[0]["done"].as_str(), dry[0]["dry_run"].as_bool()), (Some("suppressed"), Some(true)));
    assert_eq!(
        place.code(&["suppress", "contains", "zhang.san@example.com"]),
        Some(1),
        "nothing was changed"
    );

    let first = &place.objects(&["bounces", "1.eml"])[0];
    assert_eq!(first["address"], "zhang.san@example.com");
    assert_eq!((first["hard"].as_bool(), first["reason"].as_str()), (Some(true), Some("no_such_user")));
    assert_eq!(first["done"], "suppressed");
    assert_eq!(place.code(&["suppress", "contains", "Zhang.San@EXAMPLE.com"]), Some(0));

    assert_eq!(place.code(&["suppress", "remove", "zhang.san@example.com"]), Some(0));
    assert_eq!(place.objects(&["bounces", "1.eml"])[0]["done"], "before");
    assert_eq!(
        place.code(&["suppress", "contains", "zhang.san@example.com"]),
        Some(1),
        "the same mail puts nobody back"
    );
}

#[test]
fn what_is_no_failure_for_good_strikes_nobody_off() {
    let place = Place::new("nobody");
    let mails = [
        report("a@example.com", "delayed", "4.4.1", "connection timed out"),
        report("b@example.com", "delivered", "2.1.5", "250 2.1.5 Ok"),
        report("c@example.com", "failed", "4.1.1", "450 4.1.1 <c@example.com>: User unknown"),
        report("d@example.com", "failed", "5.0.0", "550 Ip frequency limited"),
        report("e@example.com", "failed", "5.2.2", "552 5.2.2 Mailbox full"),
        "From: f@example.com\r\nAuto-Submitted: auto-replied\r\nSubject: user unknown\r\n\r\nI am away.\r\n".into(),
        "From: MAILER-DAEMON@example.com\r\nSubject: Out of office\r\n\r\n<f@example.com>:\r\n550 5.1.1 unknown user\r\n".into(),
        "From: g@example.com\r\nSubject: Hello\r\n\r\nThe mail to <h@example.com> failed: 550 5.1.1 user unknown.\r\n".into(),
        "From: i@example.com\r\nSubject: unsubscribe\r\n\r\n".into(),
    ];
    for (number, mail) in mails.iter().enumerate() {
        fs::write(place.0.join(format!("{number}.eml")), mail).unwrap();
    }
    let objects = place.objects(&["bounces", "."]);
    assert!(objects.iter().all(|one| one["done"] != "suppressed"), "{objects:#?}");
    let output = place.run(&["suppress", "list"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "0 on the list");
}

#[test]
fn a_list_goes_out_and_comes_back() {
    let place = Place::new("list");
    assert_eq!(
        place.code(&["suppress", "add", "=a@example.com", "张三@例子.测试", "--note", "asked by phone"]),
        Some(0)
    );
    assert_eq!(place.code(&["suppress", "export", "out.csv"]), Some(0));
    assert_eq!(place.code(&["suppress", "export", "out.csv"]), Some(73), "never over a file");
    let csv = fs::read_to_string(place.0.join("out.csv")).unwrap();
    assert!(csv.contains("\r\n'=a@example.com,manual,"), "{csv}");
    assert_eq!(place.code(&["suppress", "--list", "other.sqlite", "import", "out.csv"]), Some(0));
    assert_eq!(
        place.code(&["suppress", "--list", "other.sqlite", "contains", "张三@xn--fsqu00a.xn--0zwm56d"]),
        Some(0)
    );

    fs::write(place.0.join("bad.csv"), "address\nx@example.com\nno address\n").unwrap();
    let output = place.run(&["suppress", "import", "bad.csv"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(String::from_utf8_lossy(&output.stderr).contains("line 3"), "{output:?}");
    assert_eq!(place.code(&["suppress", "contains", "x@example.com"]), Some(1), "all or nothing");

    fs::write(place.0.join("damaged.sqlite"), "this is no database at all, and long enough to be none")
        .unwrap();
    assert_eq!(place.code(&["suppress", "--list", "damaged.sqlite", "list"]), Some(65));
}

#[test]
fn nothing_to_read_is_said() {
    let place = Place::new("nothing");
    let output = place.run(&["bounces"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--maildir"), "{output:?}");
}
