//! What is wrong with a campaign is said with its line, before a row is looked at.

use hongyan_bulk::campaign::{CampaignError, Changed, PathProblem};
use hongyan_bulk::ledger::Time;

use crate::place::{KEY, Place};

const LEAST: &str = "[message]\nsubject = \"s\"\ntext = \"letter.txt\"\n[recipients]\nfile = \"recipients.csv\"\nto = \"{{ 邮箱 }}\"\n";

fn opened(campaign: &str) -> Result<(), CampaignError> {
    Place::new(campaign).with("letter.txt", "你好").open().map(drop)
}

#[test]
fn what_is_wrong_in_the_file_is_said_with_its_line() {
    assert_eq!(opened(LEAST), Ok(()));
    for (added, line, part) in [
        ("[retry]\nattemps = 3\n", 8, "attemps"),
        ("[retry]\nattempts = 0\n", 8, "retry.attempts: 0"),
        ("[retry]\nfirst = \"5分\"\n", 8, "`5分` is not a duration"),
        ("[retry]\n\nlongest = \"soon\"\n", 9, "retry.longest: `soon`"),
        ("[pace]\nhours = { from = \"9\", to = \"18:00\" }\n", 8, "pace.hours.from: `9`"),
        (
            "[pace]\nhours = { from = \"09:00\", to = \"18:00\", days = [\"lun\"] }\n",
            8,
            "pace.hours.days: `lun`",
        ),
        ("[pace]\nconnections = 0\n", 8, "pace.connections"),
        ("[pace.to.\"qq.com\"]\nper-hour = 0\n", 8, "pace.to.qq.com.per-hour"),
        ("[stop]\npercent = 101\n", 8, "stop.percent"),
        ("[unsubscribe]\n", 7, "neither a mailto nor a url"),
        ("[unsubscribe]\nurl = \"http://example.org\"\n", 8, "https://"),
        ("[unsubscribe]\nmailto = \"nobody\"\n", 8, "unsubscribe.mailto"),
        ("[bounces]\nverp = \"bounces@example.org\"\n", 8, "{token}"),
        ("[bounces]\nverp = \"bounces@{token}.example.org\"\n", 8, "{token}"),
        ("[attach]\nown-names = [\"a\"]\n", 8, "attach.own-names"),
        (
            "[attach]\nshared = [\n  \"letter.txt\",\n  \"../etc/passwd\",\n]\n",
            10,
            "out of the campaign's folder",
        ),
        ("[attach]\nshared = [\"/etc/passwd\"]\n", 8, "not a path inside"),
        ("[attach]\nshared = [\"missing.pdf\"]\n", 8, "there is no file `missing.pdf`"),
        ("[[send.accounts]]\nname = \"a\"\n[[send.accounts]]\nname = \"a\"\n", 9, "twice"),
        ("x = = 1\n", 7, "campaign.toml:7"),
    ] {
        let error = opened(&format!("{LEAST}{added}")).unwrap_err();
        let said = error.to_string();
        assert_eq!((error.place.file.as_str(), error.place.line), ("campaign.toml", Some(line)), "{said}");
        assert!(said.contains(part), "{said}");
        assert!(error.problem.what.zh.contains(&format!("第 {line} 行")), "{}", error.problem.what.zh);
    }
    let neither = opened(&LEAST.replace("text = \"letter.txt\"\n", "")).unwrap_err();
    assert!(neither.to_string().contains("neither `text` nor `html`"), "{neither}");
}

#[test]
fn a_file_that_is_no_text_or_too_long_is_refused() {
    let place = Place::new(LEAST).with("letter.txt", "");
    place.write("campaign.toml", [b"\xef\xbb\xbf", LEAST.as_bytes()].concat());
    assert!(place.open().is_ok());
    place.write("campaign.toml", [LEAST.as_bytes(), b"# \xc4\xe3\n"].concat());
    assert_eq!(place.open().unwrap_err().place.line, Some(7));
    place.write("campaign.toml", [LEAST.as_bytes(), &vec![b'\n'; 300_000]].concat());
    assert!(place.open().unwrap_err().to_string().contains("longer than"));
    let nothing = Place::new("");
    std::fs::remove_file(nothing.path().join("campaign.toml")).unwrap();
    assert!(nothing.open().unwrap_err().to_string().contains("no file `campaign.toml`"));
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let place = Place::new(LEAST).with("letter.txt", "").with("files/1.pdf", "1").with("sub/deep/2.pdf", "2");
    let link =
        |target: &str, path: &str| std::os::unix::fs::symlink(target, place.path().join(path)).unwrap();
    link("/etc/passwd", "files/link.pdf");
    link("1.pdf", "files/beside.pdf");
    link("/etc", "etc");
    link("sub", "sub2");
    rustix_fifo(&place.path().join("files/pipe"));
    let campaign = place.open().unwrap();
    for path in ["files/1.pdf", "./files//1.pdf", "sub/deep/2.pdf", "sub/./deep/2.pdf"] {
        assert!(campaign.source(path, None).is_ok(), "{path}");
    }
    let missing = |path: &str| PathProblem::Missing(path.to_owned());
    let link = |path: &str| PathProblem::Link(path.to_owned());
    for (path, problem) in [
        ("../../etc/passwd", PathProblem::Leaves),
        ("files/../../etc/passwd", PathProblem::Leaves),
        ("files/..\\..\\x", PathProblem::Leaves),
        ("..", PathProblem::Leaves),
        ("/etc/passwd", PathProblem::Absolute),
        ("~/x", PathProblem::Absolute),
        ("C:\\x.pdf", PathProblem::Absolute),
        ("\\\\server\\x", PathProblem::Absolute),
        ("", PathProblem::Empty),
        ("files/", PathProblem::Empty),
        ("files", PathProblem::NoFile),
        ("files/pipe", PathProblem::NoFile),
        ("files/1.pdf\n", PathProblem::Control),
        ("files/1.pdf\0x", PathProblem::Control),
        ("files/2.pdf", missing("files/2.pdf")),
        ("file/1.pdf", missing("file")),
        ("files/1.pdf/x", missing("files/1.pdf")),
        ("files/link.pdf", link("files/link.pdf")),
        ("files/beside.pdf", link("files/beside.pdf")),
        ("etc/passwd", link("etc")),
        ("sub2/deep/2.pdf", link("sub2")),
    ] {
        let error = campaign.source(path, None).unwrap_err();
        assert_eq!(error.problem, problem, "{path}");
        assert_eq!(campaign.path(path).unwrap_err().problem, problem, "{path}");
    }
    assert_eq!(campaign.path(&"x/".repeat(600)).unwrap_err().problem, PathProblem::TooLong);
}

fn rustix_fifo(path: &std::path::Path) {
    let status = std::process::Command::new("mkfifo").arg(path).status().unwrap();
    assert!(status.success());
}

#[test]
fn what_is_edited_added_or_missing_after_the_start_is_named() {
    let place = Place::new(
        &format!("{LEAST}[attach]\nshared = [\"a.pdf\", \"b.pdf\"]\n")
            .replace("text = \"letter.txt\"", "text = \"letter.txt\"\nhtml = \"letter.html\""),
    )
    .with("letter.txt", "你好")
    .with("letter.html", "<img src='a.png'>")
    .with("a.png", "a")
    .with("a.pdf", "a")
    .with("b.pdf", "b");
    let campaign = place.open().unwrap();
    let manifest = campaign.freeze(KEY, Time(1), &["邮箱".to_owned()]).unwrap();
    let files: Vec<&str> = manifest.files.keys().map(String::as_str).collect();
    assert_eq!(files, ["a.pdf", "a.png", "b.pdf", "letter.html", "letter.txt", "recipients.csv"]);
    assert_eq!(manifest.files["a.png"].size, 1);
    assert_eq!(campaign.changed_since(&manifest), []);
    place.write("letter.html", "<img src='a.png'><img src='c.png'>");
    place.write("c.png", "c");
    place.write("b.pdf", "B");
    std::fs::remove_file(place.path().join("a.pdf")).unwrap();
    let changes = campaign.changed_since(&manifest);
    let named: Vec<_> = changes
        .iter()
        .map(|change| match change.how {
            Changed::Edited => format!("edited {}", change.file),
            Changed::Added => format!("added {}", change.file),
            Changed::Missing(_) => format!("missing {}", change.file),
        })
        .collect();
    assert_eq!(named, ["missing a.pdf", "edited b.pdf", "edited letter.html", "added c.png"]);
    place.write("a.pdf", "a");
    place.write("campaign.toml", format!("{}\n# more\n", campaign.text()));
    assert_eq!(place.open().unwrap().changed_since(&manifest)[0].file, "campaign.toml");
}
