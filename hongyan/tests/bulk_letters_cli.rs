//! `hongyan bulk new` and `hongyan bulk preview`: from nothing to letters that a mail program opens.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use hongyan_mime::read::{Message, inspect};

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hongyan-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn hongyan(&self, locale: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hongyan"));
        command.current_dir(&self.0).env("LC_ALL", locale).env("TZ", "UTC").args(arguments).output().unwrap()
    }
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", err(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_new_campaign_can_be_looked_at_as_it_is() {
    let folder = Folder::new("letters-new");
    let made = out(&folder.hongyan("zh_CN.UTF-8", &["bulk", "new", "工资条"]));
    assert!(made.contains("files/00042.pdf") && made.contains("bulk preview 工资条"), "{made}");
    let shown = out(&folder.hongyan("zh_CN.UTF-8", &["bulk", "preview", "工资条", "--row", "2"]));
    for part in [
        "2026-10 工资条：张三",
        "张三 <zhang.san@example.org>",
        "12,345.60 元",
        "00017",
        "工资条-2026-10-张三.pdf",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let files = out(&folder.hongyan("C", &["bulk", "preview", "工资条"]));
    assert_eq!(files, "3 letters in 工资条/preview\n");
    for (row, name, pdf) in [(2, "张三", "00017"), (3, "李四", "00018"), (4, "王五", "00042")] {
        let mail = fs::read(folder.0.join(format!("工资条/preview/{row}.eml"))).unwrap();
        let summary = inspect(&mail);
        assert_eq!(summary.defects, [], "{row}");
        assert_eq!(summary.to[0].name.as_deref(), Some(name));
        let message = Message::parse(&mail);
        let part = (0..message.parts().len())
            .find(|part| message.file_name(*part).is_some_and(|f| f.ends_with(".pdf")));
        let own = fs::read(folder.0.join(format!("工资条/files/{pdf}.pdf"))).unwrap();
        assert_eq!(*message.decoded(part.unwrap()), own);
    }
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let folder = Folder::new("letters-there");
    assert!(out(&folder.hongyan("C", &["bulk", "new", "a", "--lang", "en"])).starts_with("Made a:\n"));
    let again = folder.hongyan("C", &["bulk", "new", "a"]);
    assert_eq!(again.status.code(), Some(73));
    assert!(err(&again).contains("the folder a is not empty"), "{}", err(&again));
    out(&folder.hongyan("C", &["bulk", "preview", "a", "-o", "letters"]));
    let again = folder.hongyan("C", &["bulk", "preview", "a", "-o", "letters"]);
    assert_eq!(again.status.code(), Some(73));
    assert!(err(&again).contains("name another one with -o"), "{}", err(&again));
    let one = folder.hongyan("C", &["bulk", "preview", "a", "-o", "letters", "--row", "2"]);
    assert_eq!(one.status.code(), Some(73), "{}", err(&one));
    fs::remove_file(folder.0.join("letters/2.eml")).unwrap();
    assert_eq!(
        out(&folder.hongyan("C", &["bulk", "preview", "a", "-o", "letters", "--row", "2"])),
        "1 letter in letters\n"
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_others_are_made() {
    let folder = Folder::new("letters-wrong");
    out(&folder.hongyan("C", &["bulk", "new", "a", "--lang", "zh"]));
    fs::remove_file(folder.0.join("a/files/00018.pdf")).unwrap();
    let some = folder.hongyan("C", &["bulk", "preview", "a", "-o", "1"]);
    assert_eq!(some.status.code(), Some(65));
    assert!(
        err(&some).contains("row 3, column `工号`") && err(&some).contains("no file `files/00018.pdf`"),
        "{}",
        err(&some)
    );
    assert!(folder.0.join("1/2.eml").exists() && !folder.0.join("1/3.eml").exists());
    let none = folder.hongyan("C", &["bulk", "preview", "a", "--row", "77"]);
    assert_eq!(none.status.code(), Some(65));
    assert!(err(&none).contains("no row 77"), "{}", err(&none));
    let letter = folder.0.join("a/letter.txt");
    let text = fs::read_to_string(&letter).unwrap();
    fs::write(&letter, format!("{text}\n{{{{ 奖金 }}}}\n")).unwrap();
    for (locale, part) in [
        ("C", "letter.txt:13: the sheet has no column `奖金`"),
        ("zh_CN.UTF-8", "letter.txt 第 13 行：表格中没有 `奖金` 这一列"),
    ] {
        let wrong = folder.hongyan(locale, &["bulk", "preview", "a", "-o", "2"]);
        assert_eq!(wrong.status.code(), Some(65));
        assert!(err(&wrong).contains(part), "{}", err(&wrong));
    }
    assert!(!folder.0.join("2").exists());
    let missing = folder.hongyan("C", &["bulk", "preview", "nowhere"]);
    assert!(err(&missing).contains("hongyan bulk new DIR"), "{}", err(&missing));
}
